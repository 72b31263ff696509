"""Databases of earlier releases are brought up to date without losing a row."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import sqlite_utils

from chatmem.config import Paths
from chatmem.memory import operations
from chatmem.store import Store
from chatmem.store.schema import SCHEMA_VERSION, migrations
from tests.conftest import Ticking

AT = "2026-01-0{}T09:00:00.000+00:00"


def _memory(id_: str, profile: str, text: str, status: str = "active", strength: int = 1) -> dict[str, Any]:
    return {
        "id": id_,
        "profile": profile,
        "kind": "fact",
        "text": text,
        "span": text,
        "subject": "user",
        "polarity": "positive",
        "keywords": [],
        "importance": 5,
        "pinned": False,
        "event_start": None,
        "event_end": None,
        "time_source": "none",
        "created_at": AT.format(1),
        "valid_from": AT.format(1),
        "valid_to": None,
        "status": status,
        "version": 1,
        "strength": strength,
        "access_count": 0,
        "last_access_at": None,
        "confidence": 1.0,
        "origin": "rule",
    }


def _first_release(paths: Paths) -> None:
    """A database as the first release left it: three sessions in two profiles, the last turn of each not read yet."""
    db = sqlite_utils.Database(paths.database)
    migrations.apply(db, stop_before="m002_reversible_operations")
    db.execute("PRAGMA user_version = 1")
    rows: dict[str, list[dict[str, Any]]] = {
        "meta": [{"key": "next_s", "value": "4"}, {"key": "next_m", "value": "13"}, {"key": "learned_default", "value": "3"}],
        "session": [
            {"id": f"s{n}", "profile": profile, "title": title, "started_at": AT.format(n), "ended_at": None, "state": "open", "head": None}
            for n, profile, title in ((1, "default", "animals"), (2, "work", "office"), (3, "default", "later"))
        ],
        "turn": [
            {
                "id": id_,
                "session_id": id_[:2],
                "n": int(id_[3:]),
                "parent": parent,
                "role": role,
                "content": content,
                "created_at": AT.format(n),
                "state": "complete",
                "tokens": None,
                "model": None,
            }
            for n, (id_, parent, role, content) in enumerate(
                [
                    ("s1_1", None, "user", "I have a beagle"),
                    ("s1_2", "s1_1", "assistant", "Lovely"),
                    ("s1_3", "s1_2", "user", "He is called Biscuit"),
                    ("s2_1", None, "user", "My office is in Oslo"),
                    ("s3_1", None, "user", "I bought a kayak"),
                ],
                1,
            )
        ],
        "memory": [
            {**row, "keywords": json.dumps(row["keywords"]), "pinned": 0}
            for row in (
                _memory("m1", "default", "The user has a beagle.", strength=2),
                _memory("m12", "default", "The user likes tea.", "archived"),
                _memory("m3", "work", "The user's office is in Oslo."),
            )
        ],
        "memory_source": [{"memory_id": "m1", "turn_id": "s1_1"}, {"memory_id": "m1", "turn_id": "s1_3"}, {"memory_id": "m3", "turn_id": "s2_1"}],
        "summary": [
            {"id": "y1", "profile": "default", "kind": "running", "session_id": None, "version": 1, "text": "A beagle.", "created_at": AT.format(2)}
        ],
    }
    for table, items in rows.items():
        for item in items:
            db.execute(f"INSERT INTO {table} ({', '.join(item)}) VALUES ({', '.join('?' * len(item))})", list(item.values()))
    first, passed = _memory("m1", "default", "The user has a beagle."), _memory("m1", "default", "The user has a beagle.", strength=2)
    archived = (_memory("m12", "default", "The user likes tea."), _memory("m12", "default", "The user likes tea.", "archived"))
    for op, memory_id, before, after in (
        ("INSERT", "m1", None, first),
        ("PASS", "m1", first, passed),
        ("INSERT", "m3", None, _memory("m3", "work", "The user's office is in Oslo.")),
        ("FORGET", "m12", *archived),
    ):
        sides = [json.dumps(side) if side else None for side in (before, after)]
        db.execute(
            "INSERT INTO operation (at, actor, op, memory_id, reason, before, after, score) VALUES (?, 'rule', ?, ?, 'why', ?, ?, 0.5)",
            [AT.format(3), op, memory_id, *sides],
        )
    for id_, text in (("m3", "The user's office is in Oslo."), ("m1", "The user has a beagle."), ("m12", "The user likes tea.")):
        db.execute("INSERT INTO memory_fts (id, text) VALUES (?, ?)", [id_, text])
    for session, text in (("s3", "I bought a kayak"), ("s1", "I have a beagle\nLovely\nHe is called Biscuit"), ("s2", "My office is in Oslo")):
        db.execute("INSERT INTO session_fts (id, text) VALUES (?, ?)", [session, text])
    for id_, text in (("s1_1", "I have a beagle"), ("s1_3", "He is called Biscuit"), ("s2_1", "My office is in Oslo"), ("s3_1", "I bought a kayak")):
        db.execute("INSERT INTO turn_fts (id, text, window) VALUES (?, ?, ?)", [id_, text, text])
    db.execute("INSERT INTO vector VALUES ('memories', 'm1', 'e', ?)", [b"\0\0\x80\x3f"])
    db.conn.commit()
    db.close()


def _tables(paths: Paths) -> dict[str, list[Any]]:
    with sqlite3.connect(paths.database) as database:
        kept = ("session", "turn", "memory", "memory_source", "link", "summary", "recall", "recall_item", "vector")
        return {table: database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in kept}


def test_nothing_is_lost_from_the_first_release(paths: Paths, clock: Ticking) -> None:
    _first_release(paths)
    before = _tables(paths)
    store = Store.open(paths, "default", clock)
    assert _tables(paths) == {**before, "vector": []}, "memories are embedded anew"
    assert [memory.id for memory in store.memories(None)] == ["m1", "m12"]
    assert store.memory("m1").strength == 2
    assert [turn.id for turn in store.sources("m1")] == ["s1_1", "s1_3"]
    assert [turn.id for turn in store.turns_to_learn()] == ["s3_1"], "what was read stays read, what was not is still to be read"
    assert store.next_memory_id() == "m13"
    store.close()
    work = Store.open(paths, "work", clock)
    assert [turn.id for turn in work.turns_to_learn()] == ["s2_1"]
    assert [op.memory_id for op in work.operations()] == ["m3"]
    work.close()


def test_words_are_found_after_migrating(paths: Paths, clock: Ticking) -> None:
    _first_release(paths)
    store = Store.open(paths, "default", clock)
    assert [id_ for id_, _ in store.bm25("beagles", "memory", 5)] == ["m1"]
    assert [id_ for id_, _ in store.bm25("kayak", "text", 5)] == ["s3_1"]
    assert {id_ for id_, _ in store.bm25("Biscuit kayak", "session", 5)} == {"s1", "s3"}
    turn = store.add_turn("s3", "user", "It is a red one", "s3_1")
    operations.edit(store, "m1", text="The user has a poodle.")
    assert store.bm25("beagle", "memory", 5) == []
    assert [id_ for id_, _ in store.bm25("poodle", "memory", 5)] == ["m1"]
    assert [id_ for id_, _ in store.bm25("red kayak", "session", 5)] == ["s3"], "the row of the session grew, there is not a second one"
    assert [turn.id for turn in store.turns_to_learn()] == ["s3_1", turn.id]
    store.close()


def test_operations_of_the_first_release_are_read_and_undone(paths: Paths, clock: Ticking) -> None:
    _first_release(paths)
    store = Store.open(paths, "default", clock)
    assert [(op.op, op.memory_id, op.memories, op.reason, op.score) for op in store.operations()] == [
        ("FORGET", "m12", ["m12"], "why", 0.5),
        ("PASS", "m1", ["m1"], "why", 0.5),
        ("INSERT", "m1", ["m1"], "why", 0.5),
    ]
    assert [op.op for op in store.operations("m1")] == ["PASS", "INSERT"]
    assert operations.undo(store).reason.endswith("(FORGET)")
    assert store.memory("m12").status == "active"
    again = operations.undo(store)
    assert store.memory("m1").strength == 1
    operations.undo(store, again.id)
    assert store.memory("m1").strength == 2
    store.close()


def test_migrating_twice_is_migrating_once(paths: Paths, clock: Ticking) -> None:
    _first_release(paths)
    Store.open(paths, "default", clock).close()
    once = _tables(paths)
    Store.open(paths, "default", clock).close()
    assert _tables(paths) == once
    with sqlite3.connect(paths.database) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_newest_memories_are_read_without_sorting(paths: Paths, clock: Ticking) -> None:
    _first_release(paths)
    Store.open(paths, "default", clock).close()
    with sqlite3.connect(paths.database) as database:
        sql = "SELECT id FROM memory m WHERE m.profile = ? AND m.status IN (?) ORDER BY m.created_at DESC, m.rowid DESC LIMIT 9"
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", ["default", "active"])]
    assert plan == ["SEARCH m USING INDEX memory_said (profile=? AND status=?)"]
