"""Chroma's own process: ids and vectors in one collection a kind, nothing else. Run by ``chatmem.vectors`` only."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from chatmem.child import serve

BATCH = 500  # well below Chroma's own limit, and it keeps a cancelled build short
KINDS = ("rounds", "memories")


def _unpack(data: str, dimensions: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(data), "<f4").reshape(-1, dimensions)


class Index:
    """An open Chroma folder."""

    def __init__(self) -> None:
        self._collections: dict[str, Any] = {}
        self._dimensions = 0

    def begin(self, id_: int) -> None:
        """A request starts; nothing to prepare."""

    def cancel(self, id_: int) -> None:
        """Requests are short: none is cancelled."""

    def open(self, path: str, dimensions: int) -> dict[str, int]:
        """Open or create the folder; returns how many vectors each kind has."""
        import chromadb
        from chromadb.config import Settings

        client = chromadb.PersistentClient(path=path, settings=Settings(anonymized_telemetry=False))
        self._dimensions = dimensions
        # Chroma's own ef of 10 found 36% of the true neighbours of hard vectors; 200 finds nearly all.
        configuration: Any = {"hnsw": {"space": "cosine", "ef_search": 200, "ef_construction": 200}}
        for kind in KINDS:
            self._collections[kind] = client.get_or_create_collection(kind, embedding_function=None, configuration=configuration)
        return {kind: collection.count() for kind, collection in self._collections.items()}

    def add(self, kind: str, ids: list[str], data: str) -> None:
        """Insert or replace vectors."""
        vectors = _unpack(data, self._dimensions)
        for start in range(0, len(ids), BATCH):
            self._collections[kind].upsert(ids=ids[start : start + BATCH], embeddings=vectors[start : start + BATCH])

    def remove(self, kind: str, ids: list[str]) -> None:
        """Delete vectors."""
        for start in range(0, len(ids), BATCH):
            self._collections[kind].delete(ids=ids[start : start + BATCH])

    def search(self, kind: str, data: str, k: int) -> list[tuple[str, float]]:
        """Nearest ids by cosine, best first."""
        collection = self._collections[kind]
        k = min(k, collection.count())
        if not k:
            return []
        found = collection.query(query_embeddings=_unpack(data, self._dimensions), n_results=k, include=["distances"])
        return [(id_, 1.0 - float(distance)) for id_, distance in zip(found["ids"][0], found["distances"][0], strict=True)]


def main() -> None:
    """Serve one index."""
    index = Index()
    serve({name: getattr(index, name) for name in ("begin", "cancel", "open", "add", "remove", "search")})


if __name__ == "__main__":
    main()
