"""The tables of the truth, as ordered migrations; each runs once, in a transaction, and is recorded.

``turn_fts`` has one row per turn: its own text, and a window (the previous turn, then this one).
``session_fts`` has one row per session. All use Porter stems. Full-text rows are derived and can be rebuilt.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

SCHEMA_VERSION = 6

migrations = Migrations("chatmem")

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE session (
    id TEXT PRIMARY KEY, profile TEXT NOT NULL, title TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'consolidated')), head TEXT
) STRICT;
CREATE TABLE turn (
    id TEXT PRIMARY KEY, session_id TEXT NOT NULL REFERENCES session (id), n INTEGER NOT NULL,
    parent TEXT REFERENCES turn (id), role TEXT NOT NULL CHECK (role IN ('user', 'assistant')), content TEXT NOT NULL,
    created_at TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('complete', 'cut', 'failed')), tokens INTEGER, model TEXT,
    UNIQUE (session_id, n)
) STRICT;
CREATE INDEX turn_parent ON turn (parent);
CREATE TABLE memory (
    id TEXT PRIMARY KEY, profile TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('fact', 'event')), text TEXT NOT NULL,
    span TEXT NOT NULL, subject TEXT NOT NULL, polarity TEXT NOT NULL, keywords TEXT NOT NULL,
    importance INTEGER NOT NULL CHECK (importance BETWEEN 1 AND 10), pinned INTEGER NOT NULL, event_start TEXT, event_end TEXT,
    time_source TEXT NOT NULL, created_at TEXT NOT NULL, valid_from TEXT, valid_to TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'superseded', 'merged', 'archived', 'deleted')),
    version INTEGER NOT NULL, strength INTEGER NOT NULL, access_count INTEGER NOT NULL, last_access_at TEXT,
    confidence REAL NOT NULL, origin TEXT NOT NULL CHECK (origin IN ('rule', 'llm', 'user'))
) STRICT;
CREATE INDEX memory_status ON memory (profile, status, kind);
CREATE TABLE memory_source (
    memory_id TEXT NOT NULL REFERENCES memory (id) ON DELETE CASCADE, turn_id TEXT NOT NULL REFERENCES turn (id),
    PRIMARY KEY (memory_id, turn_id)
) STRICT;
CREATE INDEX memory_source_turn ON memory_source (turn_id);
CREATE TABLE link (
    src TEXT NOT NULL REFERENCES memory (id) ON DELETE CASCADE, dst TEXT NOT NULL REFERENCES memory (id) ON DELETE CASCADE,
    relation TEXT NOT NULL, weight REAL NOT NULL, origin TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (src, dst, relation)
) STRICT;
CREATE TABLE operation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL, op TEXT NOT NULL, memory_id TEXT NOT NULL,
    reason TEXT NOT NULL, before TEXT, after TEXT, score REAL
) STRICT;
CREATE INDEX operation_memory ON operation (memory_id);
CREATE TABLE summary (
    id TEXT PRIMARY KEY, profile TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('session', 'running')),
    session_id TEXT REFERENCES session (id) ON DELETE CASCADE, version INTEGER NOT NULL, text TEXT NOT NULL, created_at TEXT NOT NULL
) STRICT;
CREATE TABLE recall (
    id TEXT PRIMARY KEY, turn_id TEXT NOT NULL REFERENCES turn (id) ON DELETE CASCADE, reply_id TEXT REFERENCES turn (id) ON DELETE SET NULL,
    state TEXT NOT NULL, milliseconds REAL NOT NULL, created_at TEXT NOT NULL
) STRICT;
CREATE INDEX recall_turn ON recall (turn_id);
CREATE INDEX recall_reply ON recall (reply_id);
CREATE TABLE recall_item (
    recall_id TEXT NOT NULL REFERENCES recall (id) ON DELETE CASCADE, position INTEGER NOT NULL, source TEXT NOT NULL,
    ref TEXT NOT NULL, score REAL NOT NULL, parts TEXT NOT NULL, shown INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (recall_id, position)
) STRICT;
CREATE TABLE job (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, scope TEXT NOT NULL, state TEXT NOT NULL, cursor TEXT, started_at TEXT NOT NULL,
    finished_at TEXT, stats TEXT NOT NULL
) STRICT;
CREATE TABLE vector (
    kind TEXT NOT NULL CHECK (kind IN ('rounds', 'memories')), id TEXT NOT NULL, embedder TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (kind, embedder, id)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE turn_fts USING fts5 (id UNINDEXED, text, window, tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE session_fts USING fts5 (id UNINDEXED, text, tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE memory_fts USING fts5 (id UNINDEXED, text, tokenize = 'porter unicode61 remove_diacritics 2');
"""


@migrations()
def m001_first(db: Database) -> None:
    """Everything the first release stores."""
    for statement in _FIRST.split(";\n"):
        if statement.strip():
            db.execute(statement)


_SECOND = """
DROP INDEX operation_memory;
CREATE TABLE learned (turn_id TEXT PRIMARY KEY REFERENCES turn (id) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
ALTER TABLE operation ADD COLUMN undone_by INTEGER;
ALTER TABLE operation ADD COLUMN undoes INTEGER;
ALTER TABLE operation ADD COLUMN profile TEXT NOT NULL DEFAULT 'default';
UPDATE operation SET profile = coalesce((SELECT m.profile FROM memory m WHERE m.id = memory_id), 'default');
CREATE TABLE operation_memory (
    operation_id INTEGER NOT NULL REFERENCES operation (id) ON DELETE CASCADE, memory_id TEXT NOT NULL, PRIMARY KEY (memory_id, operation_id)
) STRICT, WITHOUT ROWID;
INSERT INTO operation_memory SELECT id, memory_id FROM operation;
CREATE INDEX link_dst ON link (dst);
CREATE INDEX memory_text ON memory (lower(rtrim(text, '.!')));
CREATE INDEX memory_subject ON memory (profile, subject, status);
CREATE INDEX turn_session ON turn (session_id);
CREATE INDEX job_kind ON job (kind, started_at);
DELETE FROM memory_fts;
INSERT INTO memory_fts (rowid, id, text) SELECT CAST(substr(id, 2) AS INTEGER), id, text FROM memory;
CREATE TEMP TABLE words AS SELECT id, text FROM session_fts;
DELETE FROM session_fts;
INSERT INTO session_fts (rowid, id, text) SELECT CAST(substr(id, 2) AS INTEGER), id, text FROM words;
DROP TABLE words;
"""


@migrations()
def m002_reversible_operations(db: Database) -> None:
    """Operations over several memories that can be undone; turns are marked as read one by one.

    The rows of a memory's and a session's words have the number in its id, so that changing them needs no scan.
    """
    for statement in _SECOND.split(";\n"):
        if statement.strip():
            db.execute(statement)
    for profile, last in db.execute("SELECT substr(key, 9), CAST(value AS INTEGER) FROM meta WHERE key LIKE 'learned\\_%' ESCAPE '\\'").fetchall():
        db.execute(
            "INSERT INTO learned SELECT t.id FROM turn t JOIN session s ON s.id = t.session_id WHERE t.role = 'user' AND s.profile = ? AND t.rowid <= ?",
            [profile, last],
        )
    db.execute("DELETE FROM meta WHERE key LIKE 'learned\\_%' ESCAPE '\\'")
    for id_, memory, before, after in db.execute("SELECT id, memory_id, before, after FROM operation").fetchall():
        rows = [json.dumps({"memories": {memory: json.loads(text) if text else None}, "sources": {}, "links": []}) for text in (before, after)]
        db.execute("UPDATE operation SET before = ?, after = ? WHERE id = ?", [*rows, id_])


@migrations()
def m003_order_of_saying(db: Database) -> None:
    """Memories in the order in which they were said are read off an index: the first page of 50,000 needs no sorting."""
    db.execute("CREATE INDEX memory_said ON memory (profile, status, created_at)")


@migrations()
def m004_order_of_time(db: Database) -> None:
    """The same along time, whatever their standing: the timeline."""
    db.execute("CREATE INDEX memory_since ON memory (profile, coalesce(event_start, valid_from, created_at), status, id)")


@migrations()
def m005_turns_for_the_model(db: Database) -> None:
    """Which turns the rules have read and a model has not; those of before are not gone back to."""
    db.execute("ALTER TABLE learned ADD COLUMN model_reads INTEGER NOT NULL DEFAULT 0")
    db.execute("CREATE INDEX learned_open ON learned (turn_id) WHERE model_reads")


@migrations()
def m006_vectors_of_two_sentences(db: Database) -> None:
    """Memories are found by their sentence and the same as the user would say it; their vectors of before go, and are made anew when the app is next open."""
    db.execute("DELETE FROM vector WHERE kind = 'memories'")
