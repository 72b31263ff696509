"""What remembering costs besides embedding: the speed of ingesting rounds against the raw embedder on the same texts.

Rounds are stored (a session of ten at a time), embedded, written to SQLite and to Chroma as the app does when it
catches up on talk; the raw embedder gets the very statements that these rounds are found by, in one go. Both are
measured in alternating slices of one run, so that other work on the machine hurts both.

    python -m tests.bench.ingest [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

import numpy as np

from chatmem import catalogue
from chatmem.config import Paths, Settings
from chatmem.engine import Engine
from chatmem.evaluate.datasets import read_cases
from chatmem.learning import Learner
from chatmem.memory.keys import statements_of
from chatmem.store import Store
from chatmem.vectors import VectorIndex

QUESTIONS = Path("data/questions/chatmem-questions.json.xz")
SLICES = 8


def said(count: int) -> list[tuple[str, str]]:
    """So many rounds (message, reply) of the product's own histories, all different."""
    found: dict[str, str] = {}
    for case in read_cases(QUESTIONS):
        for session in case.sessions:
            for before, after in zip(session.turns, session.turns[1:], strict=False):
                if before.role == "user" and after.role == "assistant":
                    found.setdefault(before.text, after.text)
        if len(found) >= count:
            break
    return list(found.items())[:count]


def main() -> int:
    """Measure, and print texts per second of each and their ratio."""
    rounds = said(int(sys.argv[1]) if len(sys.argv) > 1 else 1600)
    with tempfile.TemporaryDirectory(prefix="chatmem-ingest-") as folder:
        paths = Paths(Path(folder)).make()
        engine = Engine(catalogue.bundled_embedder(paths), "embed", Settings().model, paths)
        engine.start()
        engine.wait()
        store = Store.open(paths, "default", lambda: datetime.now().astimezone())
        index = VectorIndex(store, catalogue.EMBEDDER_ID, catalogue.EMBEDDER_DIMENSIONS, paths)
        index.start()
        index.wait()
        learner = Learner(store, engine, catalogue.EMBEDDER_ID, index, Settings().memory, threading.Event())
        raw: list[float] = []
        ingest: list[float] = []
        texts = 0
        try:
            engine.embed(["warm up"])
            for part in np.array_split(np.arange(len(rounds)), SLICES):
                mine = [rounds[i] for i in part]
                statements = [text for message, _ in mine for text, _ in statements_of(message)]
                began = time.perf_counter()
                engine.embed(statements)
                raw.append(time.perf_counter() - began)
                began = time.perf_counter()
                for first in range(0, len(mine), 10):
                    with store.transaction():
                        session, parent = store.new_session(), None
                        for message, reply in mine[first : first + 10]:
                            parent = store.add_turn(session.id, "user", message, parent).id
                            parent = store.add_turn(session.id, "assistant", reply, parent).id
                learner.embed_missing()
                ingest.append(time.perf_counter() - began)
                texts += len(statements)
            assert index.state == "ready", "Chroma did not keep up"
            assert len(store.vector_ids("rounds", catalogue.EMBEDDER_ID)) == len(rounds)
        finally:
            index.close()
            store.close()
            engine.close()
    print(f"{len(rounds)} rounds, {texts} statements: raw embedder {texts / sum(raw):.0f} a second, ingest {texts / sum(ingest):.0f} a second")
    ratios = sorted(one / other for one, other in zip(raw, ingest, strict=True))
    print(f"ratio {sum(raw) / sum(ingest):.2f}; of the {SLICES} slices {ratios[0]:.2f} to {ratios[-1]:.2f}, median {statistics.median(ratios):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
