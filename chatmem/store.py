"""SQLite, the truth: every word said and everything derived from it. One writer, one lock, one connection.

Turns are never changed. Full-text rows are written in the same transaction as what they index.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chatmem.errors import NotFound, StoreDamaged, StoreLocked, StoreTooNew
from chatmem.types import Memory, Operation, Recall, RecallItem, Session, Status, Summary, Turn
from chatmem.words import content_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from filelock import FileLock
    from sqlite_utils import Database

    from chatmem.config import Paths
    from chatmem.types import Clock, Role, SessionState, TurnState

VectorKind = Literal["rounds", "memories"]


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _chunks(ids: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def match_expression(text: str) -> str | None:
    """An FTS5 query: the OR of the content words, quoted, at most 64; None when there are none."""
    words = list(dict.fromkeys(content_words(text)))[:64]
    return " OR ".join(f'"{word}"' for word in words) if words else None


class Store:
    """The database of one data folder, open for one profile. Safe to call from several threads."""

    def __init__(self, db: Database, lock: FileLock, profile: str, clock: Clock) -> None:
        self._db = db
        self._lock = lock
        self._guard = threading.RLock()
        self._depth = 0
        self.profile = profile
        self.clock = clock

    @classmethod
    def open(cls, paths: Paths, profile: str, clock: Clock) -> Store:
        """Open or create the database, take the lock, and bring the tables up to date.

        Raises StoreLocked when another chatmem has it, StoreTooNew, or StoreDamaged.
        """
        from filelock import FileLock, Timeout
        from sqlite_utils import Database

        paths.make()
        lock = FileLock(paths.lock, timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout as error:
            raise StoreLocked(
                f"Another chatmem has {paths.home} open.", "Close it first, or set CHATMEM_HOME to another folder for a second, separate memory."
            ) from error
        try:
            fresh = not paths.database.exists()
            if fresh:
                os.close(os.open(paths.database, os.O_CREAT | os.O_RDWR, 0o600))
            paths.database.chmod(0o600)
            connection = sqlite3.connect(paths.database, check_same_thread=False, timeout=10)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA synchronous = FULL")  # a turn is durable before the model starts on it
            db = Database(connection)
            _migrate(db, paths)
            connection.isolation_level = None  # transactions are begun and ended here, by `transaction` alone
        except sqlite3.DatabaseError as error:
            lock.release()
            raise StoreDamaged(
                f"The database {paths.database} cannot be read: {error}.",
                "Move the file aside and restore a copy; `sqlite3 chatmem.db .recover` can save what is left.",
            ) from error
        except BaseException:
            lock.release()
            raise
        return cls(db, lock, profile, clock)

    def close(self) -> None:
        """Close the database and give the lock back."""
        with self._guard:
            self._db.close()
            self._lock.release()

    # ------------------------------------------------------------------ plumbing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are applied together or not at all. Nests. Raises StoreDamaged when the disk refuses."""
        with self._guard:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            connection = self._connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                self._depth = 1
                yield
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise StoreDamaged(
                        f"The database could not be written: {error}.", "Free some disk space and try again; nothing stored was lost."
                    ) from error
                raise
            finally:
                self._depth = 0

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._db.conn
        return connection

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        with self._guard:
            cursor = self._connection.execute(sql, tuple(parameters))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _write(self, sql: str, parameters: Sequence[object] = ()) -> int:
        with self.transaction():
            return self._connection.execute(sql, tuple(parameters)).rowcount

    def _insert(self, table: str, row: dict[str, object]) -> None:
        self._write(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def meta(self, key: str) -> str | None:
        """A value of the meta table."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", [key])
        return rows[0]["value"] if rows else None

    def set_meta(self, key: str, value: str) -> None:
        """Write a value of the meta table."""
        self._write("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", [key, value])

    def _next(self, prefix: str) -> str:
        """The next id with this prefix; never reused, so that an id names one thing for ever."""
        with self.transaction():
            number = int(self.meta(f"next_{prefix}") or 1)
            self.set_meta(f"next_{prefix}", str(number + 1))
        return f"{prefix}{number}"

    # ------------------------------------------------------------------ sessions

    def new_session(self, title: str = "") -> Session:
        """Begin a session."""
        with self.transaction():
            session = Session(id=self._next("s"), profile=self.profile, title=title, started_at=self.clock())
            self._insert("session", {**session.model_dump(), "started_at": _utc(session.started_at), "ended_at": None})
        return session

    def session(self, session_id: str) -> Session:
        """One session; raises NotFound."""
        rows = self._rows("SELECT * FROM session WHERE id = ?", [session_id])
        if not rows:
            raise NotFound(f"There is no session {session_id}.", "`chatmem session list` shows them all.")
        return Session.model_validate(rows[0])

    def sessions(self, limit: int = 200) -> list[Session]:
        """Sessions of this profile, the one with the newest turn first."""
        return [
            Session.model_validate(row)
            for row in self._rows(
                "SELECT s.* FROM session s WHERE s.profile = ? ORDER BY "
                "coalesce((SELECT max(created_at) FROM turn WHERE session_id = s.id), s.started_at) DESC, s.rowid DESC LIMIT ?",
                [self.profile, limit],
            )
        ]

    def rename_session(self, session_id: str, title: str) -> None:
        """Change a session's title (one line, at most 120 characters)."""
        self.session(session_id)
        self._write("UPDATE session SET title = ? WHERE id = ?", [" ".join(title.split())[:120], session_id])

    def set_session_state(self, session_id: str, state: SessionState, ended_at: datetime | None = None) -> None:
        """Open, close, or mark a session as consolidated."""
        self._write("UPDATE session SET state = ?, ended_at = ? WHERE id = ?", [state, _utc(ended_at), session_id])

    def delete_session(self, session_id: str, *, memories: bool) -> int:
        """Erase a session and its turns; with ``memories`` also those that came only from it. Returns how many memories went."""
        with self.transaction():
            self.session(session_id)
            only = [
                row["id"]
                for row in self._rows(
                    "SELECT DISTINCT m.id FROM memory m JOIN memory_source x ON x.memory_id = m.id JOIN turn t ON t.id = x.turn_id "
                    "WHERE t.session_id = ? AND NOT EXISTS (SELECT 1 FROM memory_source y JOIN turn u ON u.id = y.turn_id "
                    "WHERE y.memory_id = m.id AND u.session_id <> ?)",
                    [session_id, session_id],
                )
            ]
            if memories:
                for memory_id in only:
                    self.purge_memory(memory_id)
            else:  # what stays is the user's own from now on: its words no longer exist
                for memory_id in only:
                    self._write("UPDATE memory SET origin = 'user' WHERE id = ?", [memory_id])
            self._write("DELETE FROM memory_source WHERE turn_id IN (SELECT id FROM turn WHERE session_id = ?)", [session_id])
            self._write("DELETE FROM vector WHERE kind = 'rounds' AND id IN (SELECT id FROM turn WHERE session_id = ?)", [session_id])
            self._write("DELETE FROM turn_fts WHERE id IN (SELECT id FROM turn WHERE session_id = ?)", [session_id])
            self._write("DELETE FROM session_fts WHERE id = ?", [session_id])
            self._write("DELETE FROM recall_item WHERE source = 'round' AND ref IN (SELECT id FROM turn WHERE session_id = ?)", [session_id])
            self._write("UPDATE session SET head = NULL WHERE id = ?", [session_id])
            self._connection.execute("PRAGMA defer_foreign_keys = ON")
            self._write("DELETE FROM turn WHERE session_id = ?", [session_id])
            self._write("DELETE FROM summary WHERE session_id = ?", [session_id])
            self._write("DELETE FROM session WHERE id = ?", [session_id])
            # SQLite may give the freed rowids to new turns: the cursor must not be ahead of them.
            last = self._rows("SELECT coalesce(max(rowid), 0) AS last FROM turn")[0]["last"]
            if int(self.meta(f"learned_{self.profile}") or 0) > last:
                self.set_meta(f"learned_{self.profile}", str(last))
        self.scrub()
        return len(only) if memories else 0

    # ------------------------------------------------------------------ turns

    def add_turn(
        self,
        session_id: str,
        role: Role,
        content: str,
        parent: str | None,
        *,
        state: TurnState = "complete",
        tokens: int | None = None,
        model: str | None = None,
    ) -> Turn:
        """Store a turn after ``parent`` and make it the session's head. Durable when this returns."""
        content = content.replace("\x00", "")
        with self.transaction():
            n = self._rows("SELECT coalesce(max(n), 0) + 1 AS n FROM turn WHERE session_id = ?", [session_id])[0]["n"]
            turn = Turn(
                id=f"{session_id}_{n}",
                session_id=session_id,
                n=n,
                parent=parent,
                role=role,
                content=content,
                created_at=self.clock(),
                state=state,
                tokens=tokens,
                model=model,
            )
            self._insert("turn", {**turn.model_dump(), "created_at": _utc(turn.created_at)})
            self._write("UPDATE session SET head = ?, state = 'open', ended_at = NULL WHERE id = ?", [turn.id, session_id])
            before = self.turn(parent).content if parent else ""
            self._insert("turn_fts", {"id": turn.id, "text": content, "window": f"{before}\n{content}"})
            old = self._rows("SELECT rowid, text FROM session_fts WHERE id = ?", [session_id])
            if old:
                self._write("UPDATE session_fts SET text = ? WHERE rowid = ?", [f"{old[0]['text']}\n{content}", old[0]["rowid"]])
            else:
                self._insert("session_fts", {"id": session_id, "text": content})
        return turn

    def set_head(self, session_id: str, turn_id: str | None) -> None:
        """Show another branch of the session."""
        self._write("UPDATE session SET head = ? WHERE id = ?", [turn_id, session_id])

    def turn(self, turn_id: str) -> Turn:
        """One turn; raises NotFound."""
        rows = self._rows("SELECT * FROM turn WHERE id = ?", [turn_id])
        if not rows:
            raise NotFound(f"There is no turn {turn_id}.")
        return Turn.model_validate(rows[0])

    def turns(self, session_id: str, head: str | None = None) -> list[Turn]:
        """The branch that ends in ``head`` (the session's own when None), oldest first."""
        head = head or self.session(session_id).head
        rows = self._rows("SELECT * FROM turn WHERE session_id = ?", [session_id])
        by_id = {row["id"]: row for row in rows}
        branch = []
        while head is not None and head in by_id:
            branch.append(Turn.model_validate(by_id[head]))
            head = by_id[head]["parent"]
        return branch[::-1]

    def round(self, turn_id: str) -> tuple[Turn, Turn | None]:
        """The round a turn belongs to: the user's turn, and its newest reply if there is one."""
        turn = self.turn(turn_id)
        if turn.role == "assistant" and turn.parent:
            return self.turn(turn.parent), turn
        rows = self._rows("SELECT * FROM turn WHERE parent = ? AND role = 'assistant' ORDER BY n DESC LIMIT 1", [turn.id])
        return turn, Turn.model_validate(rows[0]) if rows else None

    def rounds(self) -> list[str]:
        """Ids of the user turns of this profile, oldest first: one per round."""
        rows = self._rows(
            "SELECT t.id FROM turn t JOIN session s ON s.id = t.session_id WHERE t.role = 'user' AND s.profile = ? ORDER BY t.rowid", [self.profile]
        )
        return [row["id"] for row in rows]

    def turns_to_learn(self) -> list[Turn]:
        """User turns of this profile that extraction has not seen yet, oldest first."""
        rows = self._rows(
            "SELECT t.* FROM turn t JOIN session s ON s.id = t.session_id WHERE t.role = 'user' AND s.profile = ? AND t.rowid > ? ORDER BY t.rowid",
            [self.profile, int(self.meta(f"learned_{self.profile}") or 0)],
        )
        return [Turn.model_validate(row) for row in rows]

    def mark_learned(self, turn: Turn) -> None:
        """Move the cursor of extraction past this turn."""
        rowid = self._rows("SELECT rowid FROM turn WHERE id = ?", [turn.id])[0]["rowid"]
        self.set_meta(f"learned_{self.profile}", str(rowid))

    # ------------------------------------------------------------------ search

    def bm25(self, query: str, column: Literal["text", "window", "session", "memory"], limit: int) -> list[tuple[str, float]]:
        """Ids by BM25, best first, higher is better: of turns (own text or window), sessions, or memories of this profile."""
        expression = match_expression(query)
        if expression is None:
            return []
        if column in ("text", "window"):
            sql = (
                "SELECT f.id, -bm25(turn_fts) AS score FROM turn_fts f JOIN turn t ON t.id = f.id JOIN session s ON s.id = t.session_id "
                "WHERE turn_fts MATCH ? AND s.profile = ? ORDER BY rank LIMIT ?"
            )
            expression = f"{column} : ({expression})"
        elif column == "session":
            sql = "SELECT f.id, -bm25(session_fts) AS score FROM session_fts f JOIN session s ON s.id = f.id WHERE session_fts MATCH ? AND s.profile = ? ORDER BY rank LIMIT ?"
        else:
            sql = "SELECT f.id, -bm25(memory_fts) AS score FROM memory_fts f JOIN memory m ON m.id = f.id WHERE memory_fts MATCH ? AND m.profile = ? AND m.status = 'active' ORDER BY rank LIMIT ?"
        return [(row["id"], row["score"]) for row in self._rows(sql, [expression, self.profile, limit])]

    def search_turns(self, query: str, limit: int = 50) -> list[tuple[Turn, float]]:
        """Turns of all sessions that match the words as typed (the last word may be unfinished), best first."""
        words = re.findall(r"\w+", query)[:32]
        if not words:
            return []
        expression = " ".join([*(f'"{word}"' for word in words[:-1]), f'"{words[-1]}"*'])
        rows = self._rows(
            "SELECT t.*, -bm25(turn_fts) AS score FROM turn_fts f JOIN turn t ON t.id = f.id JOIN session s ON s.id = t.session_id "
            "WHERE turn_fts MATCH ? AND s.profile = ? ORDER BY rank LIMIT ?",
            [f"text : ({expression})", self.profile, limit],
        )
        return [(Turn.model_validate({key: value for key, value in row.items() if key != "score"}), row["score"]) for row in rows]

    # ------------------------------------------------------------------ memories

    def next_memory_id(self) -> str:
        """A new memory id (``m12``)."""
        return self._next("m")

    def memory(self, memory_id: str) -> Memory:
        """One memory; raises NotFound."""
        rows = self._rows("SELECT * FROM memory WHERE id = ?", [memory_id])
        if not rows:
            raise NotFound(f"There is no memory {memory_id}.", "`chatmem memory list` shows them all.")
        return _memory(rows[0])

    def memories(self, status: Status | None = "active", ids: Sequence[str] | None = None) -> list[Memory]:
        """Memories of this profile, oldest first; only ``ids`` when given; every status when None."""
        if ids is not None:
            rows = [row for part in _chunks(ids) for row in self._rows(f"SELECT * FROM memory WHERE id IN ({', '.join('?' * len(part))})", part)]
        else:
            rows = self._rows("SELECT * FROM memory WHERE profile = ? ORDER BY rowid", [self.profile])
        return [_memory(row) for row in rows if status is None or row["status"] == status]

    def put_memory(self, memory: Memory, sources: Iterable[str] = ()) -> None:
        """Insert or replace a memory row with its full-text row, and add source turns. Called by operations only."""
        row = memory.model_dump()
        row |= {
            "keywords": json.dumps(memory.keywords, ensure_ascii=False),
            "pinned": int(memory.pinned),
            **{name: _utc(getattr(memory, name)) for name in ("created_at", "valid_from", "valid_to", "last_access_at")},
            **{name: value.isoformat() if value else None for name, value in (("event_start", memory.event_start), ("event_end", memory.event_end))},
        }
        changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != "id")
        with self.transaction():
            self._write(
                f"INSERT INTO memory ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT (id) DO UPDATE SET {changes}",
                list(row.values()),
            )
            self._write("DELETE FROM memory_fts WHERE id = ?", [memory.id])
            self._insert("memory_fts", {"id": memory.id, "text": memory.text})
            for turn_id in sources:
                self._write("INSERT OR IGNORE INTO memory_source VALUES (?, ?)", [memory.id, turn_id])

    def log(self, operation: Operation) -> int:
        """Append to the operation log; returns its id. Called by operations only."""
        row = operation.model_dump(exclude={"id"}) | {"at": _utc(operation.at)}
        with self.transaction():
            self._insert("operation", row)
            return int(self._rows("SELECT last_insert_rowid() AS id")[0]["id"])

    def operations(self, memory_id: str | None = None, limit: int = 1000) -> list[Operation]:
        """The log, newest first; of one memory when given."""
        rows = (
            self._rows("SELECT * FROM operation WHERE memory_id = ? ORDER BY id DESC LIMIT ?", [memory_id, limit])
            if memory_id
            else self._rows("SELECT * FROM operation ORDER BY id DESC LIMIT ?", [limit])
        )
        return [Operation.model_validate(row) for row in rows]

    def sources(self, memory_id: str) -> list[Turn]:
        """The turns a memory rests on, oldest first."""
        rows = self._rows("SELECT t.* FROM memory_source x JOIN turn t ON t.id = x.turn_id WHERE x.memory_id = ? ORDER BY t.rowid", [memory_id])
        return [Turn.model_validate(row) for row in rows]

    def memories_from(self, turn_id: str) -> list[str]:
        """Ids of the memories that rest on a turn."""
        return [row["memory_id"] for row in self._rows("SELECT memory_id FROM memory_source WHERE turn_id = ? ORDER BY memory_id", [turn_id])]

    def purge_memory(self, memory_id: str) -> None:
        """Erase a memory's words everywhere in the database: row, index, log. The id is never used again."""
        with self.transaction():
            self._write("DELETE FROM memory_fts WHERE id = ?", [memory_id])
            self._write("DELETE FROM vector WHERE kind = 'memories' AND id = ?", [memory_id])
            self._write("UPDATE operation SET before = NULL, after = NULL, reason = '' WHERE memory_id = ?", [memory_id])
            self._write("DELETE FROM recall_item WHERE source = 'memory' AND ref = ?", [memory_id])
            self._write("DELETE FROM memory WHERE id = ?", [memory_id])

    def scrub(self) -> None:
        """After erasing: rewrite the full-text indexes and the file, so that no deleted word is left in a page or the log."""
        with self._guard:
            for table in ("turn_fts", "session_fts", "memory_fts"):
                self._write(f"INSERT INTO {table} ({table}) VALUES ('rebuild')")
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # ------------------------------------------------------------------ summaries

    def add_summary(self, kind: Literal["session", "running"], session_id: str | None, text: str) -> Summary:
        """Store a new version; older versions are kept."""
        with self.transaction():
            previous = self.summary(kind, session_id)
            summary = Summary(
                id=self._next("y"),
                profile=self.profile,
                kind=kind,
                session_id=session_id,
                version=previous.version + 1 if previous else 1,
                text=text,
                created_at=self.clock(),
            )
            self._insert("summary", {**summary.model_dump(), "created_at": _utc(summary.created_at)})
        return summary

    def summary(self, kind: Literal["session", "running"], session_id: str | None = None) -> Summary | None:
        """The newest version of a session's summary, or of the running summary."""
        where, parameters = ("session_id = ?", [kind, self.profile, session_id]) if kind == "session" else ("1", [kind, self.profile])
        rows = self._rows(f"SELECT * FROM summary WHERE kind = ? AND profile = ? AND {where} ORDER BY rowid DESC LIMIT 1", parameters)
        return Summary.model_validate(rows[0]) if rows else None

    # ------------------------------------------------------------------ recalls

    def add_recall(self, recall: Recall, turn_id: str) -> Recall:
        """Keep what was recalled for a user turn; words stay where they are, only references and scores are kept."""
        with self.transaction():
            kept = recall.model_copy(update={"id": self._next("r")})
            self._insert(
                "recall",
                {
                    "id": kept.id,
                    "turn_id": turn_id,
                    "reply_id": None,
                    "state": kept.state,
                    "milliseconds": kept.milliseconds,
                    "created_at": _utc(self.clock()),
                },
            )
            for position, item in enumerate(kept.items):
                self._insert(
                    "recall_item",
                    {
                        "recall_id": kept.id,
                        "position": position,
                        "source": item.source,
                        "ref": item.id,
                        "score": item.score,
                        "parts": json.dumps(item.parts),
                        "shown": int(item.shown),
                        "reason": item.reason,
                    },
                )
        return kept

    def set_recall_reply(self, recall_id: str, reply_id: str) -> None:
        """Say which reply a recall was made for."""
        self._write("UPDATE recall SET reply_id = ? WHERE id = ?", [reply_id, recall_id])

    def recall_of(self, turn_id: str) -> Recall | None:
        """What was recalled for a reply (or for a user turn: the newest), with today's words of each item."""
        rows = self._rows("SELECT * FROM recall WHERE reply_id = ? OR turn_id = ? ORDER BY rowid DESC LIMIT 1", [turn_id, turn_id])
        if not rows:
            return None
        row = rows[0]
        items = []
        for entry in self._rows("SELECT * FROM recall_item WHERE recall_id = ? ORDER BY position", [row["id"]]):
            try:
                items.append(
                    self.recall_item(entry["source"], entry["ref"], entry["score"], json.loads(entry["parts"]), bool(entry["shown"]), entry["reason"])
                )
            except NotFound:  # purged since
                continue
        return Recall(id=row["id"], question=self.turn(row["turn_id"]).content, state=row["state"], items=items, milliseconds=row["milliseconds"])

    def recall_item(
        self, source: Literal["memory", "round"], ref: str, score: float, parts: dict[str, float], shown: bool = False, reason: str = ""
    ) -> RecallItem:
        """Describe a memory or a round as it stands now."""
        if source == "memory":
            memory = self.memory(ref)
            turns = self.sources(ref)
            return RecallItem(
                source=source,
                id=ref,
                kind=memory.kind,
                text=memory.text,
                said_at=memory.created_at,
                event_start=memory.event_start,
                valid_to=memory.valid_to,
                score=score,
                parts=parts,
                shown=shown,
                reason=reason,
                session_id=turns[-1].session_id if turns else None,
                turn_id=turns[-1].id if turns else None,
            )
        user, reply = self.round(ref)
        text = user.content if reply is None else f"{user.content}\n{reply.content}"
        return RecallItem(
            source=source,
            id=ref,
            kind="round",
            text=text,
            said_at=user.created_at,
            score=score,
            parts=parts,
            shown=shown,
            reason=reason,
            session_id=user.session_id,
            turn_id=user.id,
        )

    # ------------------------------------------------------------------ vectors

    def put_vectors(self, kind: VectorKind, embedder: str, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Store float32 vectors (n, dim), so that the index can be rebuilt without embedding again."""
        with self.transaction():
            for id_, vector in zip(ids, vectors, strict=True):
                self._write("INSERT OR REPLACE INTO vector VALUES (?, ?, ?, ?)", [kind, id_, embedder, np.asarray(vector, "<f4").tobytes()])

    def _current(self, kind: str) -> str:
        # Superseded, archived and merged memories keep their vectors in SQLite but are not searched.
        if kind == "memories":
            return "id IN (SELECT id FROM memory WHERE status = 'active' AND profile = ?)"
        return "id IN (SELECT t.id FROM turn t JOIN session s ON s.id = t.session_id WHERE s.profile = ?)"

    def vector_ids(self, kind: str, embedder: str) -> list[str]:
        """Ids that the index should hold, sorted."""
        return [
            row["id"]
            for row in self._rows(
                f"SELECT id FROM vector WHERE kind = ? AND embedder = ? AND {self._current(kind)} ORDER BY id", [kind, embedder, self.profile]
            )
        ]

    def vectors(self, kind: str, embedder: str, ids: Sequence[str] | None = None) -> tuple[list[str], np.ndarray]:
        """Ids and their vectors (n, dim), float32 and normalised; all that the index should hold when ``ids`` is None."""
        if ids is None:
            rows = self._rows(
                f"SELECT id, data FROM vector WHERE kind = ? AND embedder = ? AND {self._current(kind)} ORDER BY id", [kind, embedder, self.profile]
            )
        else:
            rows = [
                row
                for part in _chunks(ids)
                for row in self._rows(
                    f"SELECT id, data FROM vector WHERE kind = ? AND embedder = ? AND id IN ({', '.join('?' * len(part))})", [kind, embedder, *part]
                )
            ]
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        return [row["id"] for row in rows], np.stack([np.frombuffer(row["data"], "<f4") for row in rows])

    def without_vector(self, kind: VectorKind, embedder: str) -> list[str]:
        """Ids of rounds or active memories that have no vector by this embedder yet."""
        have = set(self.vector_ids(kind, embedder))
        wanted = self.rounds() if kind == "rounds" else [memory.id for memory in self.memories("active")]
        return [id_ for id_ in wanted if id_ not in have]

    def counts(self) -> dict[str, int]:
        """How many sessions, turns and active memories this profile has."""
        row = self._rows(
            "SELECT (SELECT count(*) FROM session WHERE profile = ?1) AS sessions, "
            "(SELECT count(*) FROM turn t JOIN session s ON s.id = t.session_id WHERE s.profile = ?1) AS turns, "
            "(SELECT count(*) FROM memory WHERE profile = ?1 AND status = 'active') AS memories",
            [self.profile],
        )[0]
        return dict(row)


def _migrate(db: Database, paths: Paths) -> None:
    from chatmem.schema import SCHEMA_VERSION, migrations

    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreTooNew(f"{paths.database} was written by a newer chatmem (schema {version}, this one knows {SCHEMA_VERSION}).", "Update chatmem.")
    if version < SCHEMA_VERSION:
        migrations.apply(db)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _memory(row: dict[str, Any]) -> Memory:
    return Memory.model_validate({**row, "keywords": json.loads(row["keywords"]), "pinned": bool(row["pinned"])})
