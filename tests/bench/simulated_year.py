"""A simulated year through the real pipeline: ``python -m tests.bench.simulated_year [--seed N] [--days N]``.

Every message is stored, learnt from with the real embedder and index, and the jobs run when they are due; the clock is
the only thing that is not real. At the end the memory is held against the truth, and every operation is undone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from chatmem import jobs
from chatmem.chat import Chat
from chatmem.config import Paths, Settings
from chatmem.memory import operations
from chatmem.memory.decay import faded
from chatmem.types import Memory
from chatmem.words import content_stems, tokens
from tests.bench.life import START, Said, year

JOBS = ("consolidate", "merge", "decay")


class Hands:
    """A clock moved by hand."""

    now = START

    def __call__(self) -> datetime:
        """A millisecond later at each look, so that no two things happen at once."""
        self.now += timedelta(milliseconds=1)
        return self.now


def live(chat: Chat, clock: Hands, lines: list[Said]) -> tuple[dict[str, Said], list[tuple[int, int]]]:
    """Say all of it, a session a day; returns what each user turn was, and the curve of (day, current memories)."""
    said: dict[str, Said] = {}
    curve = []
    parent = session = None
    day = -1
    for line in lines:
        today = (line.at - START).days
        if today != day:
            for past in range(day + 1, today + 1):
                clock.now = max(clock.now, START + timedelta(days=past, hours=-1))
                for name in JOBS:
                    if name == "consolidate" or past % 7 == 0:
                        jobs.run(name, chat)
            if today // 30 != day // 30:
                curve.append((today, len(chat.store.current_ids())))
            session, parent, day = chat.store.new_session(f"day {today}"), None, today
        clock.now = max(clock.now, line.at)
        assert session is not None
        turn = chat.store.add_turn(session.id, "user", line.text, parent)
        parent = chat.store.add_turn(session.id, "assistant", "I see.", turn.id).id
        said[turn.id] = line
        chat.learner.learn()
    clock.now = START + timedelta(days=365)
    for name in JOBS:
        jobs.run(name, chat)
    curve.append((365, len(chat.store.current_ids())))
    return said, curve


def holds(memory: Memory, words: str) -> bool:
    """Whether a memory has all these words, inflections apart."""
    return set(tokens(words)) <= set(tokens(memory.text)) or content_stems(words) <= content_stems(memory.text)


def judge(chat: Chat, said: dict[str, Said]) -> bool:
    """Print how memory stands against the truth; True when every bar is met."""
    current = chat.store.memories("active")
    every = chat.store.memories(None)
    by_key: dict[str, list[Said]] = defaultdict(list)
    for line in said.values():
        if line.key:
            by_key[line.key].append(line)
    sources = chat.store.source_ids([memory.id for memory in every])
    about: dict[str, list[Memory]] = defaultdict(list)
    for memory in every:
        for key in {said[turn].key for turn in sources[memory.id] if turn in said}:
            about[key].append(memory)
    true = stale_hidden = stale = stale_found = 0
    missing, shown, doubles = [], [], 0
    keys = [key for key in by_key if not key.startswith("event")]
    links = chat.store.links()
    for key in keys:
        lines = sorted(by_key[key], key=lambda line: line.at)
        mine = [memory for memory in about[key] if memory.status == "active"]
        good = [memory for memory in mine if holds(memory, lines[-1].value)]
        if good:
            true += 1
        else:
            missing.append(f"{lines[-1].text}  ->  {[(memory.status, memory.text) for memory in about[key]]}")
        doubles += max(0, len(good) - 1)
        for old in {line.value for line in lines} - {lines[-1].value}:
            stale += 1
            bad = [memory for memory in mine if holds(memory, old) and not holds(memory, lines[-1].value) and memory.kind == "fact"]
            if bad:
                shown.append(f"{old} of {lines[-1].text}  ->  {[memory.text for memory in bad]}")
            else:
                stale_hidden += 1
            gone = {memory.id for memory in about[key] if holds(memory, old)}
            stale_found += any(link.src in gone and link.relation == "Changed" for link in links)
    junk = [memory for memory in every if all(said[turn].kind == "talk" for turn in sources[memory.id])]
    events = [key for key in by_key if key.startswith("event")]
    caught = sum(any(holds(memory, by_key[key][0].value) for memory in about[key]) for key in events)
    print(f"true facts that are current:              {true} of {len(keys)}")
    print(f"superseded values not presented as current: {stale_hidden} of {stale}")
    print(f"superseded values in the timeline:          {stale_found} of {stale}")
    print(f"one-off events remembered:                  {caught} of {len(events)}")
    print(f"duplicates per 100 current memories:        {100 * doubles / max(1, len(current)):.1f}")
    print(f"junk (from small talk alone):               {len(junk)}")
    for title, rows in (("missing", missing), ("stale shown", shown), ("junk", [memory.text for memory in junk])):
        for row in rows[:25]:
            print(f"  {title}: {row}")
    return true == len(keys) and stale_hidden >= 0.97 * stale and stale_found >= 0.97 * stale and doubles * 100 <= 2 * len(current) and not junk


def cost(chat: Chat, clock: Hands, said: dict[str, Said]) -> None:
    """Print the forgetting cost: the share of what is current now that would be in the trash after so many idle days."""
    current = chat.store.memories("active")
    sources = chat.store.source_ids([memory.id for memory in current])
    kinds = {memory.id: next((said[turn].kind for turn in sources[memory.id] if turn in said), "") for memory in current}
    heads = chat.store.changed_heads()
    for kind in ("stable", "changing", "event"):
        mine = [memory for memory in current if kinds[memory.id] == kind]
        gone = {idle: len(faded(mine, clock.now + timedelta(days=idle), chat.settings.memory, heads)) for idle in (0, 30, 90, 365)}
        print(
            f"forgetting cost, {kind:8} of {len(mine):3}: "
            + ", ".join(f"{idle} idle days {count / max(1, len(mine)):.1%}" for idle, count in gone.items())
        )


def undo_all(chat: Chat) -> tuple[int, int]:
    """Undo every operation in reverse; returns how many, and how many rows of memory are left."""
    count = 0
    while (last := next((op for op in chat.store.operations(limit=10_000_000) if op.op != "UNDO" and op.undone_by is None), None)) is not None:
        for op in [op for op in chat.store.operations(limit=10_000_000) if op.op != "UNDO" and op.undone_by is None and op.id <= last.id]:
            operations.undo(chat.store, op.id)
            count += 1
    return count, len(chat.store.memories(None)) + len(chat.store.links())


def main() -> int:
    """Run it and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=365)
    arguments = parser.parse_args()
    lines = [line for line in year(arguments.seed) if (line.at - START).days < arguments.days]
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        clock = Hands()
        chat = Chat(Paths(Path(folder)), Settings(), clock, print)
        try:
            chat.engine.close()  # nobody answers in this life
            chat.embedder.wait(60)
            said, curve = live(chat, clock, lines)
            print(f"{len(lines)} messages, {len(chat.store.operations(limit=10_000_000))} operations, {time.perf_counter() - started:.0f} s")
            print("current memories by day: " + ", ".join(f"{day}: {count}" for day, count in curve))
            good = judge(chat, said)
            cost(chat, clock, said)
            count, left = undo_all(chat)
            print(f"undone {count} operations in reverse: {left} rows of memory left")
        finally:
            chat.close()
    return 0 if good and not left else 1


if __name__ == "__main__":
    sys.exit(main())
