"""Fetching a set from a server of our own."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatmem.errors import DownloadFailed, NotFound
from chatmem.evaluate.download import download
from chatmem.evaluate.json_stream import DatasetError
from tests.evaluate.sets import question, write


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    write(folder / "set.json", [question()])
    (folder / "page.json").write_text("<html>Not here</html>")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_address[1]}"
        found.shutdown()


def test_a_set_is_fetched_once_and_told_about(tmp_path: Path, server: str) -> None:
    told: list[tuple[int, int]] = []
    path = download("x", tmp_path / "sets", lambda done, size: told.append((done, size)), f"{server}/set.json")
    assert path.read_bytes() == (tmp_path / "served" / "set.json").read_bytes()
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    (tmp_path / "served" / "set.json").unlink()
    assert download("x", tmp_path / "sets", lambda *_: None, f"{server}/set.json") == path


def test_what_is_no_question_set_is_not_kept(tmp_path: Path, server: str) -> None:
    with pytest.raises(DatasetError):
        download("x", tmp_path / "sets", lambda *_: None, f"{server}/page.json")
    assert list((tmp_path / "sets").iterdir()) == []


def test_failures_have_words(tmp_path: Path, server: str) -> None:
    with pytest.raises(DownloadFailed, match="could not be fetched"):
        download("x", tmp_path, lambda *_: None, f"{server}/absent.json")
    with pytest.raises(NotFound, match="no question set called lme"):
        download("lme", tmp_path, lambda *_: None)
