"""Settings (defaults < config.toml < CHATMEM_* < flags) and where files live.

Nothing here touches the disk at import; ``Paths.make`` creates the folders, owner-only.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chatmem.errors import ConfigError


class Group(BaseModel):
    """A table of config.toml."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class ModelSettings(Group):
    """The chat model and how it is run."""

    name: str = Field("smollm2-135m", description="model to chat with: a catalogue name or a path to a .gguf file")
    context: int = Field(8192, ge=512, le=1_048_576, description="context size in tokens, capped by the model's own")
    threads: int = Field(0, ge=0, le=512, description="CPU threads; 0 uses every core")
    gpu_layers: int = Field(0, ge=-1, le=999, description="layers to put on the GPU; -1 puts all")
    temperature: float = Field(0.3, ge=0, le=2, description="0 always takes the likeliest word")
    top_p: float = Field(0.9, gt=0, le=1, description="nucleus sampling: share of probability kept")
    top_k: int = Field(40, ge=0, le=1000, description="likeliest words considered; 0 is all")
    min_p: float = Field(0.05, ge=0, le=1, description="words below this share of the best are dropped")
    repeat_penalty: float = Field(1.1, ge=0.5, le=2, description="above 1 discourages repetition")
    seed: int = Field(-1, ge=-1, description="-1 is random")
    capability: Literal["auto", "basic", "capable"] = Field("auto", description="what the model may do for memory; auto tests it")
    max_reply_tokens: int = Field(400, ge=16, le=8192, description="longest reply, in tokens")


class MemorySettings(Group):
    """What is remembered, recalled and shown to the model."""

    enabled: bool = Field(True, description="recall memories for each message")
    write: bool = Field(True, description="learn facts and events from what you say")
    max_items: int = Field(6, ge=1, le=50, description="most items recalled for one reply")
    budget: int = Field(600, ge=50, le=8000, description="most tokens of recalled text in one prompt")
    dense_weight: float = Field(1.3, ge=0, le=2, description="weight of meaning (embeddings)")
    bm25_weight: float = Field(0.67, ge=0, le=2, description="weight of words in the turn, and less in the one before")
    session_weight: float = Field(0.15, ge=0, le=2, description="weight of words in the whole session")
    support_weight: float = Field(0.3, ge=0, le=1, description="how far a round is lifted by the best of its session")
    time_weight: float = Field(0.1, ge=0, le=1, description="bonus for what was said or happened in the days asked about")
    diet_weight: float = Field(0.67, ge=0, le=2, description="weight of allergies and diets where advice on food is asked for")
    gate: bool = Field(True, description="say that nothing is remembered when nothing close is found")
    event_days: float = Field(30, gt=0, le=36_500, description="days in which an event of middling importance fades to a third")
    fact_days: float = Field(365, gt=0, le=36_500, description="the same for a fact")
    archive_below: float = Field(0.05, ge=0, lt=1, description="retention below which a memory goes to the trash; 0 keeps all")
    keep_importance: int = Field(8, ge=1, le=11, description="memories of this importance and more never fade away; 11 spares none")
    idle_minutes: int = Field(30, ge=1, le=1440, description="a session this long without a message is summarised")


class UiSettings(Group):
    """How the app looks."""

    theme: str = Field("chatmem-dark", description="chatmem-dark, chatmem-light, or any Textual theme")
    panel: bool = Field(True, description="show the recall panel beside the chat")


class Settings(Group):
    """All settings; each group is a table in config.toml."""

    profile: str = Field("default", pattern=r"^[A-Za-z0-9_-]{1,40}$", description="whose memory this is")
    model: ModelSettings = Field(default_factory=ModelSettings)
    memory: MemorySettings = Field(default_factory=MemorySettings)
    ui: UiSettings = Field(default_factory=UiSettings)


@dataclass(frozen=True)
class Paths:
    """Every place chatmem writes, all under ``home``."""

    home: Path

    @property
    def database(self) -> Path:
        """The SQLite file: the truth."""
        return self.home / "chatmem.db"

    @property
    def lock(self) -> Path:
        """Held while an instance has the store open."""
        return self.home / "chatmem.lock"

    @property
    def index(self) -> Path:
        """Chroma's folders; always rebuildable."""
        return self.home / "index"

    @property
    def schedule(self) -> Path:
        """When each job runs next: APScheduler's own file, with no word of the user's in it."""
        return self.home / "schedule.db"

    @property
    def models(self) -> Path:
        """GGUF files prepared or downloaded."""
        return self.home / "models"

    @property
    def logs(self) -> Path:
        """Logs of the app and its child processes."""
        return self.home / "logs"

    @property
    def config(self) -> Path:
        """The user's settings."""
        return self.home / "config.toml"

    @property
    def prompts(self) -> Path:
        """The user's own prompt files, which win over the shipped ones."""
        return self.home / "prompts"

    @property
    def machine(self) -> Path:
        """What was learnt about this machine (such as the need for safe mode)."""
        return self.home / "machine.json"

    def make(self) -> Paths:
        """Create the folders, readable by their owner only. Raises ConfigError when that is impossible.

        From here on whatever this process and its children write is its owner's alone.
        """
        os.umask(0o077)
        try:
            for folder in (self.home, self.models, self.logs):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                folder.chmod(0o700)
        except OSError as error:
            raise ConfigError(
                f"The data folder {self.home} cannot be used: {error.strerror}.",
                "Set CHATMEM_HOME to a folder that you can write to.",
            ) from error
        return self


def find_paths(environ: Mapping[str, str] = os.environ) -> Paths:
    """The data folder: CHATMEM_HOME when set, else the platform's user data folder."""
    if home := environ.get("CHATMEM_HOME"):
        return Paths(Path(home).expanduser().resolve())
    import platformdirs

    return Paths(Path(platformdirs.user_data_path("chatmem")))


def load_settings(paths: Paths, environ: Mapping[str, str] = os.environ, flags: Mapping[str, Any] | None = None) -> Settings:
    """Read settings: defaults, then config.toml, then CHATMEM_GROUP_KEY variables, then ``flags`` ("group.key": value).

    Raises ConfigError that names the file and the nearest valid key.
    """
    data: dict[str, Any] = {}
    try:
        data = tomllib.loads(paths.config.read_text("utf-8"))
    except FileNotFoundError:
        pass
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{paths.config} is not valid TOML: {error}", "Correct that line, or delete the file to use the defaults.") from error
    except OSError as error:
        raise ConfigError(f"{paths.config} cannot be read: {error.strerror}.", "Check who owns the file.") from error
    for key, value in _from_environment(environ):
        _put(data, key, value)
    for key, value in (flags or {}).items():
        if value is not None:
            _put(data, key, value)
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise _explain(error, paths.config) from error


def setting_keys() -> list[str]:
    """Every setting as ``group.key``."""
    keys = []
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, Group):
            keys += [f"{name}.{key}" for key in group.model_fields]
        else:
            keys.append(name)
    return keys


def save_setting(paths: Paths, key: str, value: str | float | bool) -> None:
    """Write one setting into config.toml, keeping the rest; atomic. Raises ConfigError on an invalid value."""
    settings = load_settings(paths, environ={})
    data = settings.model_dump()
    _put(data, key, value)
    try:
        changed = Settings.model_validate(data)
    except ValidationError as error:
        raise _explain(error, paths.config) from error
    _write_toml(paths, changed)


def _write_toml(paths: Paths, settings: Settings) -> None:
    default = Settings().model_dump()
    lines: list[str] = []
    tables: list[str] = []
    for key, value in settings.model_dump().items():
        if isinstance(value, dict):
            changed = [f"{k} = {_toml(v)}" for k, v in value.items() if v != default[key][k]]
            if changed:
                tables += ["", f"[{key}]", *changed]
        elif value != default[key]:
            lines.append(f"{key} = {_toml(value)}")
    part = paths.config.with_suffix(".part")
    try:
        part.write_text("\n".join(lines + tables).lstrip("\n") + "\n", "utf-8")
        part.chmod(0o600)
        part.replace(paths.config)
    except OSError as error:
        raise ConfigError(f"{paths.config} cannot be written: {error.strerror}.", "Check the disk and who owns the folder.") from error


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        import json

        return json.dumps(value)
    return str(value)


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    known = {"CHATMEM_" + key.replace(".", "_").upper(): key for key in setting_keys()}
    return [(known[name], value) for name, value in environ.items() if name in known]


def _put(data: dict[str, Any], key: str, value: object) -> None:
    *groups, last = key.split(".")
    for group in groups:
        data = data.setdefault(group, {})
    data[last] = value


def _explain(error: ValidationError, source: Path) -> ConfigError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, setting_keys(), n=1)
        hint = f"Did you mean {near[0]}?" if near else "Run `chatmem config` to see every setting."
        return ConfigError(f"Unknown setting {key} in {source} or CHATMEM_*.", hint)
    return ConfigError(f"Setting {key}: {first['msg'].lower()} (got {first.get('input')!r}).", f"Correct it in {source} or in CHATMEM_*.")
