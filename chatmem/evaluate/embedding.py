"""Vectors that are never computed twice: a cache keyed by sha256 of embedder and text, in one SQLite file.

It holds no text, and several runs (shards) may share it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

Embed = Callable[[Sequence[str]], np.ndarray]
"""Texts to vectors (n, dim), float32, normalised."""

BATCH = 64


class CachedEmbedder:
    """``embed`` behind a cache. ``identity`` names the embedder and the hash of its file."""

    def __init__(self, path: Path, identity: str, embed: Embed) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=120)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID")
        self._embed, self.identity = embed, identity
        self.computed = 0
        self.reused = 0

    def close(self) -> None:
        """Close the cache file."""
        self._db.close()

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self.identity}\0{text}".encode("utf-8", "surrogatepass")).digest()

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        found: dict[bytes, np.ndarray] = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            rows = self._db.execute(f"SELECT key, data FROM vector WHERE key IN ({', '.join('?' * len(part))})", part)
            found.update((key, np.frombuffer(data, "<f4")) for key, data in rows)
        return found

    def vectors(self, texts: Sequence[str], progress: Callable[[int], None] = lambda _: None) -> np.ndarray:
        """Vectors (n, dim) of the texts; ``progress`` is told how many were computed since it was last called."""
        if not texts:
            return np.zeros((0, 0), np.float32)
        by_key = {self._key(text): text for text in texts}
        found = self._read(list(by_key))
        missing = [key for key in by_key if key not in found]
        # Like lengths together: an embedder that pads its batches then wastes little.
        missing.sort(key=lambda key: len(by_key[key]))
        for start in range(0, len(missing), BATCH):
            part = missing[start : start + BATCH]
            vectors = np.asarray(self._embed([by_key[key] for key in part]), "<f4")
            with self._db:
                self._db.executemany("INSERT OR IGNORE INTO vector VALUES (?, ?)", [(k, v.tobytes()) for k, v in zip(part, vectors, strict=True)])
            found.update(zip(part, vectors, strict=True))
            progress(len(part))
        self.computed += len(missing)
        self.reused += len(texts) - len(missing)
        return np.stack([found[self._key(text)] for text in texts])
