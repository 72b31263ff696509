"""Settings: their order of precedence, clear errors, and safe writing."""

from __future__ import annotations

import stat

import pytest

from chatmem.config import Paths, find_paths, load_settings, save_setting, setting_keys
from chatmem.errors import ConfigError


def test_order_is_defaults_file_environment_flags(paths: Paths) -> None:
    assert load_settings(paths, {}).model.temperature == 0.3
    paths.config.write_text("[model]\ntemperature = 0.5\ncontext = 2048\n")
    assert load_settings(paths, {}).model.temperature == 0.5
    environ = {"CHATMEM_MODEL_TEMPERATURE": "0.7", "CHATMEM_HOME": "x"}
    assert load_settings(paths, environ).model.temperature == 0.7
    settings = load_settings(paths, environ, {"model.temperature": 0.9, "model.name": None})
    assert (settings.model.temperature, settings.model.context) == (0.9, 2048)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[model]\ntemprature = 1", "Unknown setting model.temprature", "model.temperature"),
        ("[model]\ntemperature = 9", "model.temperature", "Correct it"),
        ("[model\n", "not valid TOML", "delete the file"),
        ('profile = "../x"', "profile", "Correct it"),
    ],
)
def test_a_wrong_file_is_named_with_a_remedy(paths: Paths, text: str, message: str, hint: str) -> None:
    paths.config.write_text(text)
    with pytest.raises(ConfigError, match=r"config\.toml|Setting") as caught:
        load_settings(paths, {})
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_saving_keeps_the_rest_and_is_private(paths: Paths) -> None:
    save_setting(paths, "ui.theme", 'a "quoted" theme')
    save_setting(paths, "model.threads", 3)
    save_setting(paths, "ui.panel", False)
    settings = load_settings(paths, {})
    assert (settings.ui.theme, settings.model.threads, settings.ui.panel) == ('a "quoted" theme', 3, False)
    assert stat.S_IMODE(paths.config.stat().st_mode) == 0o600
    with pytest.raises(ConfigError):
        save_setting(paths, "model.threads", -4)
    assert load_settings(paths, {}) == settings


def test_home_moves_everything(home: object) -> None:
    paths = find_paths({"CHATMEM_HOME": str(home)})
    assert str(paths.home) == str(home)
    assert all(str(place).startswith(str(home)) for place in (paths.database, paths.index, paths.models, paths.logs, paths.config))


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: object) -> None:
    from pathlib import Path

    blocker = Path(str(tmp_path)) / "file"
    blocker.write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        Paths(blocker / "home").make()


def test_every_setting_is_described() -> None:
    from chatmem.config import Settings

    for key in setting_keys():
        group, _, name = key.rpartition(".")
        fields = Settings.model_fields if not group else type(getattr(Settings(), group)).model_fields
        assert fields[name].description, key
