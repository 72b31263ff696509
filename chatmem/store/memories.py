"""Memories with their sources, links and log of operations; summaries, and the runs of jobs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

from chatmem.errors import NotFound
from chatmem.store.conversations import Conversations
from chatmem.store.database import chunks, utc
from chatmem.types import JobRun, Kind, Link, Memory, Operation, Rows, Status, Summary, Turn


class Memories(Conversations):
    """What was learnt from the turns."""

    def next_memory_id(self) -> str:
        """A new memory id (``m12``)."""
        return self._next("m")

    def memory(self, memory_id: str) -> Memory:
        """One memory; raises NotFound."""
        rows = self._rows("SELECT * FROM memory WHERE id = ? AND profile = ?", [memory_id, self.profile])
        if not rows:
            raise NotFound(f"There is no memory {memory_id}.", "`chatmem memory list` shows them all.")
        return _memory(rows[0])

    def memories(
        self, status: Status | None = "active", ids: Sequence[str] | None = None, *, subject: str | None = None, kind: Kind | None = None
    ) -> list[Memory]:
        """Memories of this profile, oldest first; only ``ids`` when given; every status when None."""
        by_id = "" if ids is None else "+"  # given ids, SQLite would else rather walk the whole index of the profile
        where, parameters = [f"{by_id}profile = ?"], [self.profile]
        for column, value in (("status", status), ("subject", subject), ("kind", kind)):
            if value is not None:
                where.append(f"{by_id}{column} = ?")
                parameters.append(value)
        query = f"SELECT * FROM memory WHERE {' AND '.join(where)}"
        if ids is None:
            return [_memory(row) for row in self._rows(f"{query} ORDER BY rowid", parameters)]
        ids = list(dict.fromkeys(ids))  # a part at a time: one given twice would come twice
        found = [row for part in chunks(ids) for row in self._rows(f"{query} AND id IN ({', '.join('?' * len(part))})", [*parameters, *part])]
        return [_memory(row) for row in found]

    def current_ids(self) -> list[str]:
        """Ids of the current memories, oldest first."""
        return [row["id"] for row in self._rows("SELECT id FROM memory WHERE profile = ? AND status = 'active' ORDER BY rowid", [self.profile])]

    def memories_saying(self, text: str) -> list[Memory]:
        """Memories of any status with these words, apart from case and the full stop."""
        rows = self._rows("SELECT * FROM memory WHERE lower(rtrim(text, '.!')) = lower(rtrim(?, '.!')) AND profile = ?", [text, self.profile])
        return [_memory(row) for row in rows]

    def memories_naming(self, names: Sequence[str]) -> list[str]:
        """The texts of current memories that have one of these names or words, the oldest of each name first, at most twenty a name."""
        texts: dict[str, None] = {}
        for name in names:
            sql = (
                "SELECT m.text FROM memory_fts f JOIN memory m ON m.id = f.id WHERE memory_fts MATCH ? AND m.status = 'active' AND m.profile = ?"
                " ORDER BY f.rowid LIMIT 20"
            )
            texts |= dict.fromkeys(row["text"] for row in self._rows(sql, [f'"{name}"', self.profile]) if name.casefold() in row["text"].casefold())
        return list(texts)

    def put_memory(self, memory: Memory) -> None:
        """Insert or replace a memory's row and its words in the index; a vector of other words is dropped. Called by operations only."""
        row = memory.model_dump()
        row |= {
            "keywords": json.dumps(memory.keywords, ensure_ascii=False),
            "pinned": int(memory.pinned),
            **{name: utc(getattr(memory, name)) for name in ("created_at", "valid_from", "valid_to", "last_access_at")},
            **{name: value.isoformat() if value else None for name, value in (("event_start", memory.event_start), ("event_end", memory.event_end))},
        }
        changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != "id")
        with self.transaction():
            old = self._rows("SELECT text FROM memory WHERE id = ?", [memory.id])
            self._write(
                f"INSERT INTO memory ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT (id) DO UPDATE SET {changes}",
                list(row.values()),
            )
            if old and old[0]["text"] == memory.text:
                return
            if old:
                self._write("DELETE FROM vector WHERE kind = 'memories' AND id = ?", [memory.id])
            self._write("INSERT OR REPLACE INTO memory_fts (rowid, id, text) VALUES (?, ?, ?)", [_number(memory.id), memory.id, memory.text])

    def drop_memory(self, memory_id: str) -> None:
        """Take a memory out with its sources, links and vectors, as if it had never been. Called by operations only."""
        with self.transaction():
            self._write("DELETE FROM memory_fts WHERE rowid = ?", [_number(memory_id)])
            self._write("DELETE FROM vector WHERE kind = 'memories' AND id = ?", [memory_id])
            self._write("DELETE FROM memory WHERE id = ?", [memory_id])

    # ------------------------------------------------------------------ sources and links

    def sources(self, memory_id: str) -> list[Turn]:
        """The turns a memory rests on, oldest first."""
        rows = self._rows(
            "SELECT t.* FROM memory_source x JOIN turn t ON t.id = x.turn_id WHERE x.memory_id = ? ORDER BY t.created_at, t.rowid", [memory_id]
        )
        return [Turn.model_validate(row) for row in rows]

    def source_ids(self, memory_ids: Sequence[str]) -> dict[str, list[str]]:
        """For each memory the ids of its turns, sorted."""
        found: dict[str, list[str]] = {memory_id: [] for memory_id in memory_ids}
        for part in chunks(memory_ids):
            sql = f"SELECT memory_id, turn_id FROM memory_source WHERE memory_id IN ({', '.join('?' * len(part))}) ORDER BY memory_id, turn_id"
            for row in self._rows(sql, part):
                found[row["memory_id"]].append(row["turn_id"])
        return found

    def set_sources(self, memory_id: str, turn_ids: Iterable[str]) -> None:
        """Make these the turns a memory rests on; those erased since are left out. Called by operations only."""
        with self.transaction():
            self._write("DELETE FROM memory_source WHERE memory_id = ?", [memory_id])
            for turn_id in turn_ids:
                self._write("INSERT OR IGNORE INTO memory_source SELECT ?, id FROM turn WHERE id = ?", [memory_id, turn_id])

    def memories_from(self, turn_id: str) -> list[str]:
        """Ids of the memories that rest on a turn."""
        return [row["memory_id"] for row in self._rows("SELECT memory_id FROM memory_source WHERE turn_id = ? ORDER BY memory_id", [turn_id])]

    def outdated_rounds(self, turn_ids: Sequence[str]) -> set[str]:
        """Those of these user turns from which memories were drawn that have all been superseded since."""
        found: set[str] = set()
        for part in chunks(turn_ids):
            sql = (
                "SELECT x.turn_id AS id FROM memory_source x JOIN memory m ON m.id = x.memory_id "
                f"WHERE x.turn_id IN ({', '.join('?' * len(part))}) GROUP BY x.turn_id HAVING min(m.status = 'superseded') = 1"
            )
            found.update(row["id"] for row in self._rows(sql, part))
        return found

    def memories_only_from(self, session_id: str) -> list[str]:
        """Ids of the memories that rest on this session and no other."""
        rows = self._rows(
            "SELECT DISTINCT m.id FROM memory m JOIN memory_source x ON x.memory_id = m.id JOIN turn t ON t.id = x.turn_id "
            "WHERE t.session_id = ? AND NOT EXISTS (SELECT 1 FROM memory_source y JOIN turn u ON u.id = y.turn_id "
            "WHERE y.memory_id = m.id AND u.session_id <> ?) ORDER BY m.rowid",
            [session_id, session_id],
        )
        return [row["id"] for row in rows]

    def memories_of_session(self, session_id: str) -> list[str]:
        """Ids of the memories that rest on any turn of a session."""
        sql = "SELECT DISTINCT x.memory_id AS id FROM memory_source x JOIN turn t ON t.id = x.turn_id WHERE t.session_id = ? ORDER BY x.memory_id"
        return [row["id"] for row in self._rows(sql, [session_id])]

    def links(self, ids: Collection[str] | None = None) -> list[Link]:
        """Links that begin or end at one of ``ids``; all of this profile when None."""
        if ids is None:
            rows = self._rows("SELECT l.* FROM link l JOIN memory m ON m.id = l.src WHERE m.profile = ? ORDER BY l.rowid", [self.profile])
        else:
            found = {}
            for part in chunks(list(ids)):
                marks = ", ".join("?" * len(part))
                for row in self._rows(f"SELECT rowid AS at, * FROM link WHERE src IN ({marks}) OR dst IN ({marks})", [*part, *part]):
                    found[row.pop("at")] = row
            rows = [found[key] for key in sorted(found)]
        return [Link.model_validate(row) for row in rows]

    def changed_heads(self) -> list[str]:
        """Ids of the current memories that took the place of an older one."""
        sql = "SELECT DISTINCT l.dst AS id FROM link l JOIN memory m ON m.id = l.dst WHERE l.relation = 'Changed' AND m.status = 'active' AND m.profile = ?"
        return [row["id"] for row in self._rows(sql, [self.profile])]

    def put_links(self, links: Iterable[Link]) -> None:
        """Add links; one that is there keeps its weight. Called by operations only."""
        with self.transaction():
            for link in links:
                row = link.model_dump() | {"created_at": utc(link.created_at)}
                self._write(f"INSERT OR IGNORE INTO link ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def drop_links(self, links: Iterable[Link]) -> None:
        """Take links out. Called by operations only."""
        with self.transaction():
            for link in links:
                self._write("DELETE FROM link WHERE src = ? AND dst = ? AND relation = ?", [link.src, link.dst, link.relation])

    # ------------------------------------------------------------------ the log

    def log(self, operation: Operation, undoes: int | None = None) -> Operation:
        """Append to the operation log; returns it with its id. ``undoes`` is what an UNDO took back. Called by operations only."""
        row = operation.model_dump(exclude={"id", "memories", "before", "after"}) | {
            "profile": self.profile,
            "undoes": undoes,
            "at": utc(operation.at),
            "before": operation.before.model_dump_json() if operation.before else None,
            "after": operation.after.model_dump_json() if operation.after else None,
        }
        with self.transaction():
            self._insert("operation", row)
            number = int(self._rows("SELECT last_insert_rowid() AS id")[0]["id"])
            for memory_id in operation.memories:
                self._write("INSERT INTO operation_memory VALUES (?, ?)", [number, memory_id])
        return operation.model_copy(update={"id": number})

    def operation(self, operation_id: int) -> Operation:
        """One entry of the log; raises NotFound."""
        rows = self._rows("SELECT * FROM operation WHERE id = ? AND profile = ?", [operation_id, self.profile])
        if not rows:
            raise NotFound(f"There is no operation {operation_id}.", "`chatmem memory history` shows them.")
        return self._operations(rows)[0]

    def operations(self, memory_id: str | None = None, limit: int = 1000) -> list[Operation]:
        """The log, newest first; of one memory when given."""
        if memory_id:
            rows = self._rows(
                "SELECT o.* FROM operation_memory x JOIN operation o ON o.id = x.operation_id WHERE x.memory_id = ? AND o.profile = ? "
                "ORDER BY o.id DESC LIMIT ?",
                [memory_id, self.profile, limit],
            )
        else:
            rows = self._rows("SELECT * FROM operation WHERE profile = ? ORDER BY id DESC LIMIT ?", [self.profile, limit])
        return self._operations(rows)

    def operation_counts(self) -> dict[str, int]:
        """How often each kind of operation was logged, the most frequent first."""
        rows = self._rows("SELECT op, count(*) AS n FROM operation WHERE profile = ? GROUP BY op ORDER BY n DESC, op", [self.profile])
        return {row["op"]: row["n"] for row in rows}

    def undoable_operations(self, below: int | None = None, limit: int = 20) -> list[Operation]:
        """Operations in force whose rows are kept, the newest first: use of a memory and UNDO apart; older than ``below`` when given."""
        rows = self._rows(
            "SELECT * FROM operation WHERE profile = ? AND id < ? AND undone_by IS NULL AND before IS NOT NULL "
            "AND op NOT IN ('UNDO', 'REINFORCE', 'PURGE') ORDER BY id DESC LIMIT ?",
            [self.profile, 2**62 if below is None else below, limit],
        )
        return self._operations(rows)

    def later_operations(self, operation_id: int) -> list[Operation]:
        """Operations after this one, still in force, that touched one of its memories; newest first."""
        rows = self._rows(
            "SELECT DISTINCT o.* FROM operation_memory x JOIN operation_memory y ON y.memory_id = x.memory_id JOIN operation o ON o.id = y.operation_id "
            "WHERE x.operation_id = ? AND y.operation_id > ? AND o.undone_by IS NULL ORDER BY o.id DESC",
            [operation_id, operation_id],
        )
        return self._operations(rows)

    def mark_undone(self, operation_id: int, undo_id: int | None) -> None:
        """Say which UNDO took an operation back; None when that UNDO was itself undone."""
        self._write("UPDATE operation SET undone_by = ? WHERE id = ?", [undo_id, operation_id])

    def undone_by(self, undo_id: int) -> int | None:
        """The operation that this UNDO took back."""
        rows = self._rows("SELECT undoes FROM operation WHERE id = ?", [undo_id])
        return None if not rows or rows[0]["undoes"] is None else int(rows[0]["undoes"])

    def _operations(self, rows: Sequence[dict[str, Any]]) -> list[Operation]:
        touched: dict[int, list[str]] = {}
        for part in chunks([str(row["id"]) for row in rows]):
            sql = f"SELECT operation_id, memory_id FROM operation_memory WHERE operation_id IN ({', '.join('?' * len(part))}) ORDER BY memory_id"
            for row in self._rows(sql, [int(id_) for id_ in part]):
                touched.setdefault(row["operation_id"], []).append(row["memory_id"])
        return [
            Operation.model_validate(
                {
                    **{name: value for name, value in row.items() if name not in ("profile", "undoes")},
                    "memories": touched.get(row["id"], []),
                    "before": Rows.model_validate_json(row["before"]) if row["before"] else None,
                    "after": Rows.model_validate_json(row["after"]) if row["after"] else None,
                }
            )
            for row in rows
        ]

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
            self._insert("summary", {**summary.model_dump(), "created_at": utc(summary.created_at)})
        return summary

    def summary(self, kind: Literal["session", "running"], session_id: str | None = None) -> Summary | None:
        """The newest version of a session's summary, or of the running summary."""
        return next(iter(self.summaries(kind, session_id, limit=1)), None)

    def summaries(self, kind: Literal["session", "running"], session_id: str | None = None, limit: int = 1000) -> list[Summary]:
        """The versions of a session's summary, or of the running summary; newest first."""
        where, parameters = ("session_id = ?", [kind, self.profile, session_id]) if kind == "session" else ("1", [kind, self.profile])
        rows = self._rows(f"SELECT * FROM summary WHERE kind = ? AND profile = ? AND {where} ORDER BY rowid DESC LIMIT ?", [*parameters, limit])
        return [Summary.model_validate(row) for row in rows]

    # ------------------------------------------------------------------ jobs

    def put_job(self, run: JobRun) -> None:
        """Insert or replace a run of a job."""
        row = run.model_dump() | {
            "scope": self.profile,
            "stats": json.dumps(run.stats),
            "started_at": utc(run.started_at),
            "finished_at": utc(run.finished_at),
        }
        self._write(f"INSERT OR REPLACE INTO job ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def next_job_id(self) -> str:
        """A new id of a job's run (``j7``)."""
        return self._next("j")

    def jobs(self, kind: str | None = None, limit: int = 100) -> list[JobRun]:
        """Runs of jobs, newest first."""
        where, parameters = ("kind = ? AND ", [kind]) if kind else ("", [])
        rows = self._rows(
            f"SELECT * FROM job WHERE {where}scope = ? ORDER BY started_at DESC, rowid DESC LIMIT ?", [*parameters, self.profile, limit]
        )
        return [
            JobRun.model_validate({key: value for key, value in row.items() if key != "scope"} | {"stats": json.loads(row["stats"])}) for row in rows
        ]


def _memory(row: dict[str, Any]) -> Memory:
    return Memory.model_validate({**row, "keywords": json.loads(row["keywords"]), "pinned": bool(row["pinned"])})


def _number(memory_id: str) -> int:
    return int(memory_id[1:])
