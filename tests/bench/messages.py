"""What casual messages teach: facts drawn from messages as people type them, and what a later message does to an earlier one.

Fragments, asides and requests of several writers, harder than ``tests.bench.extraction`` and ``tests.bench.updates``.
The held-out halves were never read; the rules were made after reading the errors of the others. ``--model`` shows besides
what the bundled model would add if it were asked: the labels do not see that two in five of these are garbled, which is why it is not.

    python -m tests.bench.messages [--model] [--errors]     # --errors lists those of the tuning halves
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
from chatmem.memory.extract import extract
from chatmem.memory.keys import Embed
from chatmem.memory.learn import Propose, learn_proposed, learn_turn
from chatmem.memory.propose import Proposer
from chatmem.prompts import load_prompt
from chatmem.store import Store
from chatmem.types import Candidate, Turn
from tests.bench import extraction, updates

DATA = Path(__file__).resolve().parents[1] / "data" / "messages"
FIRST = datetime(2026, 10, 20, 12, tzinfo=UTC)
LATER = timedelta(days=31)


def rows(name: str) -> list[dict[str, Any]]:
    """The lines of tests/data/messages/NAME.jsonl."""
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]


def reader(engine: Engine) -> Propose:
    """What the bundled model finds in a message beyond the rules, checked as in the app."""
    return Proposer(
        lambda messages, schema, most: engine.json(messages, schema, max_tokens=most), load_prompt("extract"), load_prompt("summary")
    ).facts


def outcome(row: dict[str, Any], embed: Embed, folder: Path, propose: Propose | None = None) -> str:
    """What the later message of a pair did, in a store of their own; "unread" where one of the two taught nothing."""
    now = FIRST

    def learn(turn: Turn) -> set[str]:
        done = learn_turn(store, turn, embed, catalogue.EMBEDDER_ID)
        if propose:
            done += learn_proposed(store, turn, propose, embed, catalogue.EMBEDDER_ID)
        return {operation.op for operation in done}

    store = Store.open(Paths(folder), "default", lambda: now)
    try:
        session = store.new_session()
        first = store.add_turn(session.id, "user", row["first"], None)
        parent: str | None = store.add_turn(session.id, "assistant", "I see.", first.id).id
        if not learn(first):
            return "unread"
        if not row["adjacent"]:
            now += LATER
            session, parent = store.new_session(), None
        later = store.add_turn(session.id, "user", row["later"], parent)
        done = learn(later)
    finally:
        store.close()
    if not done:
        return "PASS" if row["label"] == "PASS" else "unread"  # nothing learnt of it: the old fact stands as it should
    return next((op for op in ("REPLACE", "END") if op in done), "APPEND" if "INSERT" in done else "PASS")


def pairs(found: list[dict[str, Any]], embed: Embed, propose: Propose | None = None) -> list[tuple[dict[str, Any], str]]:
    """Each pair with what happened."""
    given = []
    for row in found:
        with tempfile.TemporaryDirectory() as folder:
            given.append((row, outcome(row, embed, Path(folder), propose)))
    return given


def tables(how: str, embed: Embed, propose: Propose | None, *, errors: bool) -> None:
    """Print what is found by rule, or with ``propose`` besides."""

    def read(text: str, said_at: datetime) -> list[Candidate]:
        known = extract(text, said_at)
        return known + (propose(text, said_at, known) if propose else [])

    for name, found in [(name, rows(name)) for name in ("tune", "heldout")] + [("plain, heldout", extraction.rows("heldout"))]:
        result = extraction.score(found, read)
        extraction.show(f"{name}, {how}", result)
        if errors and name == "tune":
            print("\n".join(result.errors))
    for name in ("pairs_tune", "pairs_heldout"):
        given = pairs(rows(name), embed, propose)
        updates.show(f"{name}, {how}", updates.Measure(Counter((row["label"], got) for row, got in given), []), (*updates.LABELS, "unread"))
        if errors and name == "pairs_tune":
            for row, got in given:
                if got != row["label"]:
                    print(f"{row['label']} given {got}: {row['first']} | {row['later']}")


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        paths, settings = Paths(Path(folder)).make(), ModelSettings()
        embedder = Engine(catalogue.bundled_embedder(paths), "embed", settings, paths)
        embedder.start()
        tables("by rule", embedder.embed, None, errors="--errors" in sys.argv)
        if "--model" in sys.argv:
            model = Engine(catalogue.bundled_chat(paths), "chat", settings, paths)
            model.start()
            tables("with the model", embedder.embed, reader(model), errors="--errors" in sys.argv)
            model.close()
        embedder.close()


if __name__ == "__main__":
    main()
