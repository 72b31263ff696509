"""How long recall takes as memory grows: stores of 1,000, 10,000 and 100,000 rounds of made-up talk.

Words follow Zipf's law over 30,000 made-up words (so that common ones stand in most rounds, as in speech), vectors lie
in 400 clusters. Memory was looked into for every message, as in the chat, and one in ten only asks. Milliseconds beside the query embedding, p50 and p95, for the first question after opening the store
(cold: the file's pages are dropped from the cache where the system allows it) and for those that follow (warm).

    python -m tests.bench.recall_scale [ROUNDS ...] [--index chroma]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from chatmem.config import MemorySettings, Paths
from chatmem.memory.recall import recall
from chatmem.store import Store
from chatmem.vectors import VectorIndex

WORDS, CLUSTERS, DIMENSIONS, EMBEDDER = 30_000, 400, 384, "made-up"
ASKS = 10  # of so many messages one is a question
QUESTIONS = 60
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


class World:
    """Made-up words, texts and vectors, the same for the same seed."""

    def __init__(self, seed: int = 7) -> None:
        self.random = np.random.default_rng(seed)
        self.words = np.array([self._word(i) for i in range(WORDS)])
        self.chances = (
            1 / np.arange(30, WORDS + 30) ** 1.05
        )  # stop words are left out of a question: those that stay stand in a third of all turns at most
        self.chances /= self.chances.sum()
        self.centres = self.random.standard_normal((CLUSTERS, DIMENSIONS)).astype(np.float32)

    def _word(self, number: int) -> str:
        text = ""
        while True:
            number, rest = divmod(number, len(SYLLABLES))
            text += SYLLABLES[rest]
            if not number:
                return text + SYLLABLES[len(text) * 7 % len(SYLLABLES)]

    def texts(self, count: int, length: int) -> list[str]:
        """Texts of about so many words."""
        lengths = self.random.integers(length // 2, length * 3 // 2, count)
        drawn = self.words[self.random.choice(WORDS, int(lengths.sum()), p=self.chances)]
        return [" ".join(part) for part in np.split(drawn, np.cumsum(lengths)[:-1])]

    def vectors(self, count: int) -> np.ndarray:
        """Unit vectors (count, 384), float32, about a cosine of .5 within a cluster."""
        found = self.centres[self.random.integers(0, CLUSTERS, count)] + self.random.standard_normal((count, DIMENSIONS)).astype(np.float32)
        normalised: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
        return normalised


def build(world: World, paths: Paths, rounds: int) -> list[str]:
    """Fill a store with rounds of five a session, and a memory for every other; returns the questions to ask it.

    Rows are written in bulk, as the store would have written them one by one in an hour.
    """
    store = Store.open(paths, "default", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    asked: list[str] = []
    with store.transaction():
        db = store._connection
        for start in range(0, rounds, 1000):
            users, replies, facts = world.texts(1000, 30), world.texts(1000, 80), world.texts(500, 9)
            users = [text + "?" * (i % ASKS == ASKS - 1) for i, text in enumerate(users)]
            sessions, turns, words, talks, memories, recalls = [], [], [], [], [], []
            for first in range(0, 1000, 5):
                number = (start + first) // 5 + 1
                at = (datetime(2020, 1, 1, 9, tzinfo=UTC) + timedelta(hours=number)).isoformat(timespec="milliseconds")
                before = ""
                parent: str | None = None
                for i in range(first, first + 5):
                    for role, text in (("user", users[i]), ("assistant", replies[i])):
                        n = 2 * (i - first) + (1 if role == "user" else 2)
                        turns.append((f"s{number}_{n}", f"s{number}", n, parent, role, text, at))
                        words.append((f"s{number}_{n}", text, f"{before}\n{text}"))
                        before, parent = text, f"s{number}_{n}"
                    recalls.append((f"r{start + i + 1}", f"s{number}_{n - 1}", f"s{number}_{n}", at))
                sessions.append((f"s{number}", at, parent))
                talks.append(
                    (
                        number,
                        f"s{number}",
                        "\n".join(text for pair in zip(users[first : first + 5], replies[first : first + 5], strict=True) for text in pair),
                    )
                )
            said = [row[0] for row in turns if row[4] == "user"]
            for i, fact in enumerate(facts):
                memories.append((start // 2 + i + 1, f"m{start // 2 + i + 1}", f"The user {fact}.", fact, said[2 * i]))
            db.executemany("INSERT INTO session VALUES (?, 'default', '', ?, NULL, 'consolidated', ?)", sessions)
            db.executemany("INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?, ?, 'complete', NULL, NULL)", turns)
            db.executemany("INSERT INTO recall VALUES (?, ?, ?, 'confident', 20, ?)", recalls)
            db.executemany("INSERT INTO turn_fts (id, text, window) VALUES (?, ?, ?)", words)
            db.executemany("INSERT INTO session_fts (rowid, id, text) VALUES (?, ?, ?)", talks)
            db.executemany(
                "INSERT INTO memory (id, profile, kind, text, span, subject, polarity, keywords, importance, pinned, time_source, created_at, status, version, "
                "strength, access_count, confidence, origin) VALUES (?, 'default', 'fact', ?, ?, 'user', 'positive', '[]', 3, 0, 'none', "
                "'2026-01-01T00:00:00.000+00:00', 'active', 1, 1, 0, 1.0, 'rule')",
                [(id_, text, span) for _, id_, text, span, _ in memories],
            )
            db.executemany("INSERT INTO memory_fts (rowid, id, text) VALUES (?, ?, ?)", [(number, id_, text) for number, id_, text, _, _ in memories])
            db.executemany("INSERT INTO memory_source VALUES (?, ?)", [(id_, turn) for _, id_, _, _, turn in memories])
            for kind, ids in (("rounds", said), ("memories", [row[1] for row in memories])):
                db.executemany(
                    "INSERT INTO vector VALUES (?, ?, ?, ?)",
                    [(kind, id_, EMBEDDER, v.tobytes()) for id_, v in zip(ids, world.vectors(len(ids)), strict=True)],
                )
            asked += users[:: max(1, rounds // QUESTIONS)][: QUESTIONS * 1000 // rounds + 1]
    store.close()
    return [" ".join(text.split()[: 6 + i % 8]) + "?" for i, text in enumerate(asked[:QUESTIONS])]


def drop_cache(path: Path) -> None:
    """Ask the system to forget the file's pages; where it cannot, cold is merely the first question."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(world: World, paths: Paths, questions: list[str], *, chroma: bool) -> tuple[list[float], list[float]]:
    """Milliseconds of the first question after opening (a few times over), and of every one once warm."""
    cold: list[float] = []
    warm: list[float] = []
    queries = world.vectors(len(questions))

    def ask(store: Store, index: VectorIndex, i: int) -> float:
        began = time.perf_counter()
        recall(store, questions[i], settings=MemorySettings(), today=date(2026, 1, 1), query_vector=queries[i], index=index, embedder=EMBEDDER)
        return (time.perf_counter() - began) * 1000

    for attempt in range(4):
        drop_cache(paths.database)
        store = Store.open(paths, "default", lambda: datetime(2026, 1, 1, tzinfo=UTC))
        index = VectorIndex(store, EMBEDDER, DIMENSIONS, paths)
        if chroma:
            index.start()
            index.wait(3600)
        else:
            index.search("rounds", queries[0], 1)  # the matrices are read once, before the first question of a day
            index.search("memories", queries[0], 1)
        cold.append(ask(store, index, attempt))
        if attempt == 3:
            warm = [ask(store, index, i) for _ in range(2) for i in range(len(questions))][len(questions) :]
        index.close()
        store.close()
    return cold, warm


def main() -> None:
    """Build each size and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("rounds", nargs="*", type=int, default=[1000, 10_000, 100_000])
    parser.add_argument("--index", choices=["exact", "chroma"], default="exact")
    options = parser.parse_args()
    print(
        f"{'rounds':>8} {'build s':>8} {'file MB':>8} {'cold max':>9} {'warm p50':>9} {'warm p95':>9}   (ms, {options.index} search, query embedding not counted)"
    )
    for rounds in options.rounds:
        with tempfile.TemporaryDirectory(prefix="chatmem-scale-") as folder:
            world, paths = World(), Paths(Path(folder))
            began = time.perf_counter()
            questions = build(world, paths, rounds)
            built = time.perf_counter() - began
            cold, warm = measure(world, paths, questions, chroma=options.index == "chroma")
            size = paths.database.stat().st_size / 1e6
            p50, p95 = np.percentile(warm, [50, 95])
            print(f"{rounds:>8} {built:>8.0f} {size:>8.0f} {max(cold):>9.1f} {p50:>9.1f} {p95:>9.1f}", flush=True)


if __name__ == "__main__":
    main()
