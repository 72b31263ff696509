"""The vector index: Chroma in a process of its own, beside SQLite, never instead of it.

It may be lost, damaged, stale or of another embedder at any moment: it is then rebuilt from SQLite's vectors under a
new folder name (nothing is embedded again) while exact search serves. Chroma keeps what was deleted inside its
files, so erasing is a rebuild too.
"""

from __future__ import annotations

import base64
import json
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from chatmem.child import Child, ChildDied, ChildError
from chatmem.config import Paths

VectorKind = Literal["rounds", "memories"]
IndexState = Literal["exact", "building", "ready", "off"]
KINDS: tuple[VectorKind, ...] = ("rounds", "memories")
SEARCH_TIMEOUT = 1.0  # seconds a search waits for Chroma before exact search answers
OPEN_TIMEOUT = 60.0
# One rebuild rights a damaged index; a second failure in a row means that Chroma does not work here.
TRIES = 2


class VectorSource(Protocol):
    """Where the truth is: the store."""

    def vector_ids(self, kind: str, embedder: str) -> list[str]:
        """Ids that the index should hold."""

    def vectors(self, kind: str, embedder: str, ids: Sequence[str] | None = None) -> tuple[list[str], np.ndarray]:
        """Ids and their vectors (n, dim)."""


class VectorIndex:
    """Search by cosine over what the source holds; every failure of Chroma falls back to exact search."""

    def __init__(self, source: VectorSource, embedder: str, dimensions: int, paths: Paths, notice: Callable[[str], None] = lambda _: None) -> None:
        self._source, self._embedder, self._dimensions, self._paths, self._notice = source, embedder, dimensions, paths, notice
        self._child = Child("chatmem.vectors_process", paths.logs / "index.log")
        self._exact: dict[str, tuple[list[str], np.ndarray]] = {}
        self._building = threading.Lock()
        self._failures = 0
        self._closed = False
        self._doubted = False
        self.state: IndexState = "exact"

    def start(self) -> None:
        """Open the index, or rebuild it; returns at once."""
        self._in_background(self._open)

    def search(self, kind: VectorKind, query: np.ndarray, k: int) -> list[tuple[str, float]]:
        """Ids and cosines, best first. Never raises: exact search answers when Chroma cannot."""
        if self.state == "ready":
            try:
                found = self._child.call("search", timeout=SEARCH_TIMEOUT, kind=kind, data=_pack(query), k=k)
                return [(id_, float(score)) for id_, score in found]
            except (ChildDied, ChildError, TimeoutError):
                self._doubt()
        return self._search_exactly(kind, query, k)

    def _search_exactly(self, kind: VectorKind, query: np.ndarray, k: int) -> list[tuple[str, float]]:
        if kind not in self._exact:
            self._exact[kind] = self._source.vectors(kind, self._embedder)
        ids, matrix = self._exact[kind]
        if not ids:
            return []
        scores = matrix @ np.asarray(query, np.float32)
        k = min(k, len(ids))
        some = np.argpartition(-scores, k - 1)[:k] if k else np.zeros(0, np.intp)
        best = some[np.lexsort((some, -scores[some]))]
        return [(ids[i], float(scores[i])) for i in best]

    def add(self, kind: VectorKind, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Index vectors that the source already holds."""
        self._change(kind, "add", ids=list(ids), data=_pack(vectors))

    def remove(self, kind: VectorKind, ids: Sequence[str]) -> None:
        """Take ids out of the index."""
        self._change(kind, "remove", ids=list(ids))

    def _change(self, kind: VectorKind, method: str, **args: object) -> None:
        self._exact.pop(kind, None)
        if self.state == "building":
            self._doubted = True  # the rebuild may have read the source before this change
        elif self.state == "ready":
            try:
                self._child.call(method, timeout=OPEN_TIMEOUT, kind=kind, **args)
            except (ChildDied, ChildError, TimeoutError):
                self._doubt()

    def rebuild(self) -> None:
        """Build anew from the source under a new folder name and erase every older folder; exact search serves meanwhile."""
        self._exact.clear()
        if self.state == "building":
            self._doubted = True
        elif self.state != "off":
            self.state = "building"
            self._in_background(self._build)

    def wait(self, timeout: float = 60.0) -> IndexState:
        """Wait until no build is running."""
        if self._building.acquire(timeout=timeout):
            self._building.release()
        return self.state

    def close(self) -> None:
        """Stop the process. What it had not written is found missing, and rebuilt, at the next start."""
        self._closed = True
        self._child.end()

    # ------------------------------------------------------------------ building

    def _in_background(self, work: Callable[[], None]) -> None:
        started = threading.Event()

        def run() -> None:
            with self._building:
                started.set()
                try:
                    work()
                except (ChildDied, ChildError, TimeoutError, OSError, ValueError) as error:
                    self._fail(error)

        threading.Thread(target=run, name="vector-index", daemon=True).start()

    def _doubt(self) -> None:
        if not self._closed and self.state == "ready":
            self.state = "building"
            self._in_background(self._build)

    def _fail(self, error: Exception) -> None:
        if self._closed:
            return
        self._failures += 1
        if self._failures < TRIES:
            try:
                self._build()
                return
            except (ChildDied, ChildError, TimeoutError, OSError, ValueError) as again:
                error = again
        self.state = "off"
        self._child.kill()
        self._notice(f"The vector index does not work here ({error}); exact search is used instead.")

    @property
    def _pointer(self) -> Path:
        return self._paths.index / "current.json"

    def _open(self) -> None:
        try:
            current: dict[str, Any] = json.loads(self._pointer.read_text("utf-8"))
            folder = self._paths.index / current["folder"]
            known = current["embedder"] == self._embedder and current["dimensions"] == self._dimensions and folder.is_dir()
        except (OSError, ValueError, KeyError, TypeError):
            known = False
        if not known:
            self._build()
            return
        try:
            self._child.start()
            counts = self._child.call("open", timeout=OPEN_TIMEOUT, path=str(folder), dimensions=self._dimensions)
            wanted = {kind: len(self._source.vector_ids(kind, self._embedder)) for kind in KINDS}
            if counts == wanted and all(self._agrees(kind) for kind in KINDS):
                self.state = "ready"
                return
        except (ChildDied, ChildError, TimeoutError):
            pass
        self._build()

    def _agrees(self, kind: VectorKind) -> bool:
        """Whether the index finds a few known vectors: the same count of other vectors would not do."""
        ids = self._source.vector_ids(kind, self._embedder)
        sample = ids[:: max(1, len(ids) // 8)]
        _, vectors = self._source.vectors(kind, self._embedder, sample)
        for vector in vectors:
            exact = self._search_exactly(kind, vector, 1)
            found = self._child.call("search", timeout=OPEN_TIMEOUT, kind=kind, data=_pack(vector), k=1)
            if not found or abs(found[0][1] - exact[0][1]) > 1e-3:
                return False
        return True

    def _build(self) -> None:
        self.state = "building"
        self._doubted = False
        self._child.kill()
        self._paths.index.mkdir(parents=True, exist_ok=True, mode=0o700)
        numbers = [int(path.name.rpartition("-")[2]) for path in self._paths.index.glob("index-*") if path.name.rpartition("-")[2].isdigit()]
        folder = self._paths.index / f"index-{max(numbers, default=0) + 1}"
        folder.mkdir(mode=0o700)
        self._child.start()
        self._child.call("open", timeout=OPEN_TIMEOUT, path=str(folder), dimensions=self._dimensions)
        for kind in KINDS:
            ids, vectors = self._source.vectors(kind, self._embedder)
            if ids:
                self._child.call("add", kind=kind, ids=ids, data=_pack(vectors))
        part = self._pointer.with_suffix(".part")
        part.write_text(json.dumps({"folder": folder.name, "embedder": self._embedder, "dimensions": self._dimensions}), "utf-8")
        part.replace(self._pointer)
        for path in self._paths.index.glob("index-*"):
            if path != folder:
                shutil.rmtree(path, ignore_errors=True)
        if self._closed:
            self._child.kill()
        elif self._doubted:
            self._build()
        else:
            self._failures = 0
            self.state = "ready"


def _pack(vectors: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(vectors, "<f4").tobytes()).decode()
