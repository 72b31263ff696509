"""What casual messages teach: facts drawn from messages as people type them, and what a later message does to an earlier one.

Fragments, asides and requests of several writers, harder than ``tests.bench.extraction`` and ``tests.bench.updates``.
The held-out halves were never read; the rules were made after reading the errors of the others.

    python -m tests.bench.messages [--errors]     # --errors lists those of the tuning halves
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chatmem import catalogue
from chatmem.config import ModelSettings, Paths
from chatmem.engine import Engine
from chatmem.memory.learn import Embed, learn_turn
from chatmem.store import Store
from tests.bench import extraction, updates

DATA = Path(__file__).resolve().parents[1] / "data" / "messages"
FIRST = datetime(2026, 10, 20, 12, tzinfo=UTC)
LATER = timedelta(days=31)


def rows(name: str) -> list[dict[str, Any]]:
    """The lines of tests/data/messages/NAME.jsonl."""
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]


def outcome(row: dict[str, Any], embed: Embed, folder: Path) -> str:
    """What the later message of a pair did, in a store of their own; "unread" where one of the two taught nothing."""
    now = FIRST
    store = Store.open(Paths(folder), "default", lambda: now)
    try:
        session = store.new_session()
        first = store.add_turn(session.id, "user", row["first"], None)
        parent: str | None = store.add_turn(session.id, "assistant", "I see.", first.id).id
        if not learn_turn(store, first, embed, catalogue.EMBEDDER_ID):
            return "unread"
        if not row["adjacent"]:
            now += LATER
            session, parent = store.new_session(), None
        later = store.add_turn(session.id, "user", row["later"], parent)
        done = {operation.op for operation in learn_turn(store, later, embed, catalogue.EMBEDDER_ID)}
    finally:
        store.close()
    if not done:
        return "PASS" if row["label"] == "PASS" else "unread"  # nothing learnt of it: the old fact stands as it should
    return next((op for op in ("REPLACE", "END") if op in done), "APPEND" if "INSERT" in done else "PASS")


def pairs(found: list[dict[str, Any]], embed: Embed) -> list[tuple[dict[str, Any], str]]:
    """Each pair with what happened."""
    given = []
    for row in found:
        with tempfile.TemporaryDirectory() as folder:
            given.append((row, outcome(row, embed, Path(folder))))
    return given


def main() -> None:
    """Print the tables."""
    for name in ("tune", "heldout"):
        result = extraction.score(rows(name))
        extraction.show(name, result)
        if "--errors" in sys.argv and name == "tune":
            print("\n".join(result.errors))
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(catalogue.bundled_embedder(Paths(Path(folder)).make()), "embed", ModelSettings(), Paths(Path(folder)))
        engine.start()
        for name in ("pairs_tune", "pairs_heldout"):
            given = pairs(rows(name), engine.embed)
            updates.show(name, updates.Measure(Counter((row["label"], got) for row, got in given), []), (*updates.LABELS, "unread"))
            if "--errors" in sys.argv and name == "pairs_tune":
                for row, got in given:
                    if got != row["label"]:
                        print(f"{row['label']} given {got}: {row['first']} | {row['later']}")
        engine.close()


if __name__ == "__main__":
    main()
