"""The vector index with real Chroma: it agrees with exact search, and survives loss, damage, another embedder and being killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from chatmem.config import Paths
from chatmem.vectors import VectorIndex

pytestmark = pytest.mark.slow
DIMENSIONS = 16


class Source:
    """Vectors in memory, as the store would hold them."""

    def __init__(self, n: int = 300) -> None:
        matrix = np.random.default_rng(7).normal(size=(n, DIMENSIONS)).astype(np.float32)
        self.rows = {f"s1_{i}": row / np.linalg.norm(row) for i, row in enumerate(matrix)}

    def vector_ids(self, kind: str, embedder: str) -> list[str]:
        return sorted(self.rows) if kind == "rounds" and embedder else []

    def vectors(self, kind: str, embedder: str, ids: Sequence[str] | None = None) -> tuple[list[str], np.ndarray]:
        wanted = [id_ for id_ in (self.vector_ids(kind, embedder) if ids is None else ids) if id_ in self.rows]
        return wanted, np.stack([self.rows[id_] for id_ in wanted]) if wanted else np.zeros((0, 0), np.float32)


Make = Callable[..., VectorIndex]


@pytest.fixture
def make(paths: Paths) -> Iterator[Make]:
    made: list[VectorIndex] = []

    def build(source: Source, embedder: str = "e") -> VectorIndex:
        index = VectorIndex(source, embedder, DIMENSIONS, paths)
        made.append(index)
        index.start()
        index.wait()
        return index

    yield build
    for index in made:
        index.close()


def ids(found: list[tuple[str, float]]) -> list[str]:
    return [id_ for id_, _ in found]


def folders(paths: Paths) -> list[str]:
    return sorted(path.name for path in paths.index.glob("index-*"))


def test_it_agrees_with_exact_search(make: Make) -> None:
    source = Source()
    index = make(source)
    assert index.state == "ready"
    queries = np.random.default_rng(1).normal(size=(20, DIMENSIONS)).astype(np.float32)
    same = 0
    for query in queries / np.linalg.norm(queries, axis=1, keepdims=True):
        order = sorted(source.rows, key=lambda id_: -float(source.rows[id_] @ query))[:10]
        found = index.search("rounds", query, 10)
        same += len(set(order) & set(ids(found)))
        assert found[0][1] == pytest.approx(float(source.rows[found[0][0]] @ query), abs=1e-4)
    assert same / 200 >= 0.98
    assert index.search("memories", queries[0], 5) == []


def test_changes_show_and_survive_a_restart(make: Make, paths: Paths) -> None:
    source = Source(20)
    index = make(source)
    new = np.eye(1, DIMENSIONS, dtype=np.float32)[0]
    source.rows["s2_1"] = new
    index.add("rounds", ["s2_1"], new[None])
    assert ids(index.search("rounds", new, 1)) == ["s2_1"]
    del source.rows["s1_3"]
    index.remove("rounds", ["s1_3"])
    assert "s1_3" not in ids(index.search("rounds", new, 50))
    index.close()
    before = folders(paths)
    again = make(source)
    assert again.state == "ready"
    assert folders(paths) == before
    assert ids(again.search("rounds", new, 1)) == ["s2_1"]


def corrupt(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(os.urandom(max(64, path.stat().st_size // 2)))


def remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()


def point_elsewhere(folder: Path) -> None:
    (folder.parent / "current.json").write_text("{")


@pytest.mark.parametrize("harm", [corrupt, remove, point_elsewhere])
def test_a_harmed_index_is_rebuilt_from_the_source(make: Make, paths: Paths, harm: Callable[[Path], None]) -> None:
    source = Source(1001)
    make(source).close()
    harm(paths.index / folders(paths)[0])
    index = make(source)
    assert index.state == "ready"
    assert len(folders(paths)) == 1
    assert ids(index.search("rounds", source.rows["s1_5"], 1)) == ["s1_5"]


def test_another_embedder_means_another_index(make: Make, paths: Paths) -> None:
    make(Source(5)).close()
    make(Source(5), "other").close()
    assert json.loads((paths.index / "current.json").read_text())["embedder"] == "other"
    assert len(folders(paths)) == 1


def test_killed_while_in_use_exact_search_answers_and_it_comes_back(make: Make) -> None:
    source = Source(50)
    index = make(source)
    assert index._child.pid
    os.kill(index._child.pid, signal.SIGKILL)
    assert ids(index.search("rounds", source.rows["s1_9"], 1)) == ["s1_9"]
    assert index.wait() == "ready"
    assert ids(index.search("rounds", source.rows["s1_9"], 1)) == ["s1_9"]


def test_a_rebuild_leaves_no_trace_of_what_was_erased(make: Make, paths: Paths) -> None:
    source = Source(30)
    index = make(source)
    gone = source.rows.pop("s1_7").astype("<f4").tobytes()
    index.rebuild()
    assert index.wait() == "ready"
    index.close()
    for path in paths.index.rglob("*"):
        if path.is_file():
            assert gone[:32] not in path.read_bytes(), path
            assert b"s1_7\x00" not in path.read_bytes(), path


def test_files_are_their_owners_alone(make: Make, paths: Paths) -> None:
    make(Source(3))
    assert paths.index.stat().st_mode & 0o077 == 0
