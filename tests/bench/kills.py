"""Kill consolidation and jobs at random points: ``python -m tests.bench.kills [--kills N] [--seed N]``.

The same messages are learnt twice: once in peace, and once by a process that is killed again and again (SIGKILL) while it
learns, summarises, merges and decays. Both must end with the same memories, sources, links, log and summaries.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from chatmem import jobs
from chatmem.chat import Chat
from chatmem.config import Paths, Settings
from chatmem.errors import ModelError
from tests.bench.life import START, year

MESSAGES = 240
LATER = START + timedelta(days=400)
TABLES = {
    "memory": "SELECT * FROM memory ORDER BY id",
    "memory_source": "SELECT * FROM memory_source ORDER BY memory_id, turn_id",
    "link": "SELECT * FROM link ORDER BY src, dst, relation",
    "operation": "SELECT op, memory_id, actor, reason, before, after FROM operation ORDER BY id",
    "summary": "SELECT kind, session_id, version, text FROM summary ORDER BY rowid",
    "learned": "SELECT * FROM learned ORDER BY turn_id",
    "turn": "SELECT * FROM turn ORDER BY id",
}


def prepare(paths: Paths, seed: int) -> None:
    """Store the messages, as if they had been said and the app killed before it learnt from any."""
    from chatmem.store import Store

    lines = [line for line in year(seed) if line.kind != "talk"][:MESSAGES]
    now = START
    store = Store.open(paths, "default", lambda: now)
    session, parent = store.new_session("life"), None
    for number, line in enumerate(lines):
        if number % 12 == 0:
            session, parent = store.new_session("life"), None
        now = line.at
        turn = store.add_turn(session.id, "user", line.text, parent)
        parent = store.add_turn(session.id, "assistant", "I see.", turn.id).id
    store.close()


def work(paths: Paths) -> None:
    """Do all the upkeep there is, then say so. Runs in a process of its own."""
    settings = Settings()
    chat = Chat(paths, settings, lambda: LATER, lambda _: None)
    chat.engine.close()
    chat.embedder.wait(60)
    print("begun", flush=True)
    chat.settle(600)
    for name in ("consolidate", "merge", "decay"):
        jobs.run(name, chat)
    chat.index.wait()
    wanted = {kind: len(chat.store.vector_ids(kind, chat.embedder_id)) for kind in ("memories", "rounds")}
    missing = len(chat.store.without_vector("memories", chat.embedder_id)) + len(chat.store.without_vector("rounds", chat.embedder_id))
    ids, vectors = chat.store.vectors("memories", chat.embedder_id)
    found = sum(chat.index.search("memories", vector, 1)[0][1] > 0.999 for vector in vectors)
    print(json.dumps({"index": chat.index.state, "vectors": wanted, "missing": missing, "found": found, "of": len(ids)}), flush=True)
    chat.close()


def dump(paths: Paths) -> dict[str, list[tuple[object, ...]]]:
    """The rows that must not depend on what interrupted the work."""
    with sqlite3.connect(paths.database) as connection:
        return {name: connection.execute(sql).fetchall() for name, sql in TABLES.items()}


def start(paths: Paths) -> subprocess.Popen[str]:
    """Begin the work in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.kills", "--work", str(paths.home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent.parent)


def finish(paths: Paths) -> str:
    """Let the work end; returns what it said about the index."""
    process = start(paths)
    out, _ = process.communicate(timeout=1800)
    if process.returncode:
        raise SystemExit(f"the work failed with {process.returncode}")
    return out.strip().splitlines()[-1]


def main() -> int:
    """Compare the two ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    if arguments.work:
        try:
            work(Paths(arguments.work))
        except ModelError as error:
            raise SystemExit(error.message) from error
        return 0
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        calm, rough = Paths(Path(folder) / "calm").make(), Paths(Path(folder) / "rough").make()
        for paths in (calm, rough):
            prepare(paths, arguments.seed)
        began = time.perf_counter()
        print(f"in peace: {finish(calm)}")
        longest = time.perf_counter() - began
        kills = 0
        turns: set[int] = set()
        while kills < arguments.kills:
            process = start(rough)
            assert process.stdout is not None
            process.stdout.readline()
            # Short lives: each gets a little further, so that the kills fall over the whole of the work.
            time.sleep(rng.uniform(0, 3 * longest / arguments.kills))
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
            process.wait()
            turns.add(len(dump(rough)["learned"]))
        print(f"killed {kills} times, at {len(turns)} different points of learning: {finish(rough)}")
        one, other = dump(calm), dump(rough)
    differ = [name for name in TABLES if one[name] != other[name]]
    for name in TABLES:
        print(f"{name:14} {len(one[name]):5} rows in peace, {len(other[name]):5} after the kills: {'DIFFER' if name in differ else 'the same'}")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
