"""The catalogue: finding, adding and pulling models, and the conversion of the embedder."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chatmem import catalogue
from chatmem.config import Paths
from chatmem.errors import DownloadFailed, ModelLoadFailed, ModelNotFound
from tests.conftest import write_gguf

NAME = "qwen3-0.6b"
FILE = "Qwen3-0.6B-Q8_0.gguf"
BODY = b"GGUF" + bytes(range(256)) * 12_000  # three chunks
DIGEST = hashlib.sha256(BODY).hexdigest()


class Hub(ThreadingHTTPServer):
    """A hub in miniature: it states the digest, then redirects to a storage that does not."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = BODY
        self.digest: str | None = DIGEST
        self.status = 302
        self.cut: int | None = None  # send so many bytes, then hang up
        self.ignore_range = False
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        hub, asked = self.server, self.headers.get("Range")
        hub.asked.append((self.path, asked))
        if not self.path.startswith("/storage/"):
            self.send_response(hub.status)
            self.send_header("Location", "/storage/blob")
            self.send_header("Content-Length", "0")
            if hub.digest:
                self.send_header("X-Linked-ETag", f'"{hub.digest}"')
                self.send_header("X-Linked-Size", str(len(hub.body)))
            self.end_headers()
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not hub.ignore_range else 0
        if start and start >= len(hub.body):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(hub.body) - start))
        self.send_header("ETag", '"not-a-digest"')
        self.end_headers()
        self.wfile.write(hub.body[start : start + hub.cut] if hub.cut else hub.body[start:])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.url + "/")
    yield server
    server.shutdown()
    server.server_close()


# ---------------------------------------------------------------- the list


def test_entries_are_sane() -> None:
    entries = catalogue.entries()
    assert entries[0].source == "bundled"
    assert len({entry.name for entry in entries}) == len(entries)
    assert [entry.size_bytes for entry in entries] == sorted(entry.size_bytes for entry in entries)
    for entry in entries:
        assert entry.file.endswith(".gguf")
        assert entry.licence
        assert entry.memory_bytes > entry.size_bytes > 0
        assert bool(entry.repo) == (entry.source == "hub")


# ---------------------------------------------------------------- find


def test_the_bundled_model_is_found_by_name_in_any_case(paths: Paths) -> None:
    assert catalogue.find("SmolLM2-135M", paths).name == "SmolLM2-135M-Instruct.Q4_1.gguf"


def test_a_near_name_is_the_hint(paths: Paths) -> None:
    with pytest.raises(ModelNotFound) as caught:
        catalogue.find("smolm2-135", paths)
    assert "smollm2-135m" in caught.value.hint


def test_a_strange_name_points_to_the_list(paths: Paths) -> None:
    with pytest.raises(ModelNotFound) as caught:
        catalogue.find("zzzz", paths)
    assert "model list" in caught.value.hint


def test_a_model_not_yet_here_says_how_to_get_it(paths: Paths) -> None:
    with pytest.raises(ModelNotFound) as caught:
        catalogue.find("Qwen3-4B", paths)
    assert caught.value.hint.endswith("chatmem model pull qwen3-4b")


def test_paths_are_found(paths: Paths, tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "My Model.gguf")
    assert catalogue.find(str(file), paths) == file
    with pytest.raises(ModelNotFound, match="no file"):
        catalogue.find(str(tmp_path / "other.gguf"), paths)
    with pytest.raises(ModelNotFound, match="no file"):
        catalogue.find(str(tmp_path), paths)


def test_a_file_of_the_models_folder_is_found_by_its_file_name_only(paths: Paths) -> None:
    file = write_gguf(paths.models / "here.gguf")
    assert catalogue.find("here.gguf", paths) == file.resolve()
    with pytest.raises(ModelNotFound):
        catalogue.find("/nowhere/here.gguf", paths)


def test_a_path_to_something_else_is_refused(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(ModelLoadFailed, match="not a GGUF"):
        catalogue.find(str(tmp_path / "text.gguf"), paths)


# ---------------------------------------------------------------- add


def test_add_makes_a_file_known(paths: Paths, tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "Tiny-Chat.gguf")
    assert catalogue.add(file, paths).name == "tiny-chat"
    assert catalogue.find("Tiny-Chat", paths) == file
    assert "tiny-chat" in [model.name for model in catalogue.installed(paths)]


def test_add_knows_a_file_of_the_catalogue(paths: Paths, tmp_path: Path) -> None:
    model = catalogue.add(write_gguf(tmp_path / FILE), paths)
    assert (model.name, model.licence, model.source) == (NAME, "Apache-2.0", "path")
    assert catalogue.find(NAME, paths) == tmp_path / FILE


def test_an_added_file_cannot_take_the_bundled_name(paths: Paths, tmp_path: Path) -> None:
    assert catalogue.add(write_gguf(tmp_path / "smollm2-135m.gguf"), paths).name == "smollm2-135m-local"


@pytest.mark.parametrize("content", [b"", b"GG", b"hello world", b"FUGG...."])
def test_add_refuses_what_is_no_gguf(paths: Paths, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.gguf").write_bytes(content)
    with pytest.raises(ModelLoadFailed, match="not a GGUF"):
        catalogue.add(tmp_path / "a.gguf", paths)
    with pytest.raises(ModelNotFound):
        catalogue.add(tmp_path / "absent.gguf", paths)
    assert [model.source for model in catalogue.installed(paths)] == ["bundled"]


@pytest.mark.parametrize("kept", [8, 40, 100, -1])
def test_add_refuses_a_file_that_was_not_copied_whole(paths: Paths, tmp_path: Path, kept: int) -> None:
    file = write_gguf(tmp_path / "a.gguf")
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ModelLoadFailed, match="not copied whole"):
        catalogue.add(file, paths)
    assert [model.source for model in catalogue.installed(paths)] == ["bundled"]


def test_an_added_file_that_went_away_is_said_so(paths: Paths, tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "gone.gguf")
    catalogue.add(file, paths)
    file.unlink()
    assert "gone" not in [model.name for model in catalogue.installed(paths)]
    with pytest.raises(ModelNotFound, match="no more"):
        catalogue.find("gone", paths)


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"a": {"nope": 1}}'])
def test_a_damaged_register_is_an_error_that_names_it(paths: Paths, content: str) -> None:
    (paths.models / "added.json").write_text(content)
    with pytest.raises(ModelNotFound, match=r"added\.json"):
        catalogue.installed(paths)


# ---------------------------------------------------------------- pull


def test_pull_downloads_checks_and_registers(hub: Hub, paths: Paths) -> None:
    seen: list[tuple[int, int]] = []
    path = catalogue.pull(NAME.upper(), paths, lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == BODY
    assert hub.asked[0] == (f"/Qwen/Qwen3-0.6B-GGUF/resolve/main/{FILE}", None)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) >= 3
    assert seen[-1] == (len(BODY), len(BODY))
    assert {total for _, total in seen} == {len(BODY)}
    kept = json.loads((paths.models / "added.json").read_text())[NAME]
    assert (kept["sha256"], kept["verified"], kept["size_bytes"]) == (DIGEST, "hub", len(BODY))
    assert catalogue.find(NAME, paths) == path
    assert not path.with_name(FILE + ".part").exists()


def test_a_model_that_is_here_is_not_pulled_again(hub: Hub, paths: Paths) -> None:
    first = catalogue.pull(NAME, paths)
    asked = len(hub.asked)
    assert catalogue.pull(NAME, paths) == first
    assert len(hub.asked) == asked


def test_the_catalogues_own_digest_wins(hub: Hub, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [entry.model_copy(update={"sha256": DIGEST}) if entry.name == NAME else entry for entry in catalogue.entries()]
    monkeypatch.setattr(catalogue, "entries", lambda: entries)
    hub.digest = "0" * 64
    catalogue.pull(NAME, paths)
    assert json.loads((paths.models / "added.json").read_text())[NAME]["verified"] == "catalogue"


def test_a_broken_download_is_kept_and_resumed(hub: Hub, paths: Paths) -> None:
    hub.cut = 2_000_000
    with pytest.raises(DownloadFailed, match="ended") as caught:
        catalogue.pull(NAME, paths)
    assert "goes on" in caught.value.hint
    part = paths.models / f"{FILE}.part"
    assert part.stat().st_size == 2_000_000
    hub.cut = None
    seen: list[int] = []
    assert catalogue.pull(NAME, paths, lambda done, total: seen.append(done)).read_bytes() == BODY
    assert hub.asked[-1] == ("/storage/blob", "bytes=2000000-")
    assert min(seen) > 2_000_000


def test_a_whole_part_is_only_checked(hub: Hub, paths: Paths) -> None:
    (paths.models / f"{FILE}.part").write_bytes(BODY)
    assert catalogue.pull(NAME, paths).read_bytes() == BODY


def test_a_server_that_cannot_resume_starts_over(hub: Hub, paths: Paths) -> None:
    (paths.models / f"{FILE}.part").write_bytes(b"old rubbish")
    hub.ignore_range = True
    assert catalogue.pull(NAME, paths).read_bytes() == BODY


def test_other_bytes_than_promised_are_refused_and_removed(hub: Hub, paths: Paths) -> None:
    hub.digest = "0" * 64
    with pytest.raises(DownloadFailed, match="sha256 differs"):
        catalogue.pull(NAME, paths)
    assert not (paths.models / FILE).exists()
    assert not (paths.models / f"{FILE}.part").exists()
    assert [model.source for model in catalogue.installed(paths)] == ["bundled"]


def test_without_a_digest_nothing_is_accepted(hub: Hub, paths: Paths) -> None:
    hub.digest = None
    with pytest.raises(DownloadFailed, match="sha256"):
        catalogue.pull(NAME, paths)
    assert not (paths.models / FILE).exists()


def test_cancel_keeps_the_part(hub: Hub, paths: Paths) -> None:
    cancel = threading.Event()
    with pytest.raises(DownloadFailed, match="cancelled"):
        catalogue.pull(NAME, paths, lambda done, total: cancel.set(), cancel)
    assert 0 < (paths.models / f"{FILE}.part").stat().st_size < len(BODY)
    assert catalogue.pull(NAME, paths).read_bytes() == BODY


def test_offline_is_said_plainly(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(DownloadFailed, match="cannot be reached: Connection refused") as caught:
        catalogue.pull(NAME, paths)
    assert "offline" in caught.value.hint


def test_a_refusal_of_the_hub_is_named(hub: Hub, paths: Paths) -> None:
    hub.status = 404
    with pytest.raises(DownloadFailed, match="404"):
        catalogue.pull(NAME, paths)


def test_a_full_disk_is_told_before_the_download(hub: Hub, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(DownloadFailed, match="disk"):
        catalogue.pull(NAME, paths)
    assert not (paths.models / f"{FILE}.part").exists()


def test_two_pulls_at_once_do_not_mix(hub: Hub, paths: Paths) -> None:
    refused: list[DownloadFailed] = []

    def again(done: int, total: int) -> None:
        try:
            catalogue.pull(NAME, paths)
        except DownloadFailed as error:
            refused.append(error)

    assert catalogue.pull(NAME, paths, again).read_bytes() == BODY
    assert "another chatmem" in refused[0].message


def test_pull_of_an_unknown_or_bundled_name(paths: Paths) -> None:
    with pytest.raises(ModelNotFound, match="to download") as caught:
        catalogue.pull("qwen3-5b", paths)
    assert "qwen3-4b" in caught.value.hint
    with pytest.raises(ModelNotFound):
        catalogue.pull("smollm2-135m", paths)


# ---------------------------------------------------------------- the bundled two


def test_the_conversion_always_gives_the_same_file(paths: Paths) -> None:
    path = catalogue.bundled_embedder(paths)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == catalogue.EMBEDDER_SHA256
    before = path.stat().st_mtime_ns
    assert catalogue.bundled_embedder(paths) == path
    assert path.stat().st_mtime_ns == before
    assert not list(paths.models.glob("*.part"))


def test_a_damaged_embedder_is_made_anew(paths: Paths) -> None:
    (paths.models / f"{catalogue.EMBEDDER_ID}.gguf").write_bytes(b"GGUF rubbish")
    path = catalogue.bundled_embedder(paths)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == catalogue.EMBEDDER_SHA256


def test_the_bundled_chat_model_is_the_right_one(paths: Paths) -> None:
    path = catalogue.bundled_chat(paths)
    assert path.stat().st_size == catalogue.entries()[0].size_bytes
    assert (paths.models / f"{path.name}.checked").is_file()


def test_a_check_that_cannot_be_noted_is_only_made_again(paths: Paths) -> None:
    name = catalogue.entries()[0].file
    (paths.models / f"{name}.checked").mkdir(parents=True)  # writing there fails, as on a full disk
    assert catalogue.bundled_chat(paths).name == name


def test_a_missing_package_says_what_to_do(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.files", lambda name: [])
    with pytest.raises(ModelNotFound) as caught:
        catalogue.bundled_chat(paths)
    assert "make setup" in caught.value.hint


@pytest.mark.model
def test_the_embedder_knows_what_is_alike(embed_model: Path) -> None:
    import llama_cpp
    import numpy as np

    # As in the engine: without the extra buffer types, which crash on some processors.
    defaults = llama_cpp.llama_model_default_params

    def safe() -> object:
        params = defaults()
        params.use_extra_bufts = False
        return params

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(llama_cpp.llama_cpp, "llama_model_default_params", safe)
        model = llama_cpp.Llama(str(embed_model), embedding=True, n_ctx=512, n_batch=512, n_ubatch=512, n_threads=2, verbose=False)
    texts = ["The user has a dog", "The user owns a puppy", "Interest rates rose in March"]
    dog, puppy, rates = (np.array(model.create_embedding(text)["data"][0]["embedding"]) for text in texts)
    model.close()

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert dog.shape == (catalogue.EMBEDDER_DIMENSIONS,)
    assert cosine(dog, puppy) > 0.6
    assert cosine(dog, rates) < 0.2
