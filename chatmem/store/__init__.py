"""SQLite, the truth: every word said and everything derived from it. One writer, one lock, one connection that writes.

Turns are never changed. Full-text rows are written in the same transaction as what they index. The class is built in
layers, each on the tables below it: Database, Conversations, Memories, Erasing, Recalls, Pages, Checks, Store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from chatmem.store.checks import Checks
from chatmem.store.database import chunks

VectorKind = Literal["rounds", "memories"]


class Store(Checks):
    """The database of one data folder, open for one profile. Safe to call from several threads."""

    def put_vectors(self, kind: VectorKind, embedder: str, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Store float32 vectors (n, dim), so that the index can be rebuilt without embedding again."""
        with self.transaction():
            for id_, vector in zip(ids, vectors, strict=True):
                self._write("INSERT OR REPLACE INTO vector VALUES (?, ?, ?, ?)", [kind, id_, embedder, np.asarray(vector, "<f4").tobytes()])

    def _current(self, kind: str) -> str:
        # Superseded, archived and merged memories keep their vectors in SQLite but are not searched.
        if kind == "memories":
            return "id IN (SELECT id FROM memory WHERE status = 'active' AND profile = ?)"
        return "id IN (SELECT t.id FROM turn t JOIN session s ON s.id = t.session_id WHERE s.profile = ?)"

    def vector_ids(self, kind: str, embedder: str) -> list[str]:
        """Ids that the index should hold, sorted."""
        return [
            row["id"]
            for row in self._rows(
                f"SELECT id FROM vector WHERE kind = ? AND embedder = ? AND {self._current(kind)} ORDER BY id", [kind, embedder, self.profile]
            )
        ]

    def vectors(self, kind: str, embedder: str, ids: Sequence[str] | None = None) -> tuple[list[str], np.ndarray]:
        """Ids and their vectors (n, dim), float32 and normalised; all that the index should hold when ``ids`` is None."""
        if ids is None:
            rows = self._rows(
                f"SELECT id, data FROM vector WHERE kind = ? AND embedder = ? AND {self._current(kind)} ORDER BY id", [kind, embedder, self.profile]
            )
        else:
            rows = [
                row
                for part in chunks(ids)
                for row in self._rows(
                    f"SELECT id, data FROM vector WHERE kind = ? AND embedder = ? AND id IN ({', '.join('?' * len(part))})", [kind, embedder, *part]
                )
            ]
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        return [row["id"] for row in rows], np.stack([np.frombuffer(row["data"], "<f4") for row in rows])

    def without_vector(self, kind: VectorKind, embedder: str) -> list[str]:
        """Ids of rounds or active memories that have no vector by this embedder yet."""
        have = set(self.vector_ids(kind, embedder))
        wanted = self.rounds() if kind == "rounds" else [memory.id for memory in self.memories("active")]
        return [id_ for id_ in wanted if id_ not in have]

    def counts(self) -> dict[str, int]:
        """How many sessions, turns and active memories this profile has."""
        row = self._rows(
            "SELECT (SELECT count(*) FROM session WHERE profile = ?1) AS sessions, "
            "(SELECT count(*) FROM turn t JOIN session s ON s.id = t.session_id WHERE s.profile = ?1) AS turns, "
            "(SELECT count(*) FROM memory WHERE profile = ?1 AND status = 'active') AS memories",
            [self.profile],
        )[0]
        return dict(row)
