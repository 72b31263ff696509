"""Reading memories a page at a time, so that a screen over 50,000 of them answers at once.

A list is first read as ids only, in order; the rows of what is in view follow by id. So a row keeps its place while
others come and go, and no page costs more than another. Nothing here writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, overload

import numpy as np

from chatmem.config import MemorySettings
from chatmem.store.database import chunks
from chatmem.store.memories import _memory
from chatmem.store.recalls import Recalls
from chatmem.types import Kind, Memory, Operation, Status

Order = Literal["said", "text", "kind", "since", "importance", "retention", "strength", "recalled", "sources", "changed"]

OUT: tuple[Status, ...] = ("archived", "superseded", "merged", "deleted")
"""What is out of recall: the trash."""

DRAWN = ("Changed", "Cause", "Reason", "HinderedBy", "React", "Want", "MergedInto")
"""Relations that a timeline draws; SameTopic says too little."""


FEW = 500
"""With fewer hits than this, texts are also searched letter by letter."""


class Ids(Sequence[str]):
    """Ids of memories in order, kept as their numbers: one of 50,000 becomes a word only when it is looked at."""

    def __init__(self, numbers: np.ndarray) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        return f"m{self._numbers[at]}" if isinstance(at, int) else [f"m{number}" for number in self._numbers[at].tolist()]

    def __contains__(self, id_: object) -> bool:
        return len(self._places(id_)) > 0

    def index(self, id_: str, start: int = 0, stop: int | None = None) -> int:
        """Where an id is; raises ValueError."""
        for place in self._places(id_).tolist():
            if start <= place < (len(self) if stop is None else stop):
                return int(place)
        raise ValueError(id_)

    def _places(self, id_: object) -> np.ndarray:
        number = int(id_[1:]) if isinstance(id_, str) and re.fullmatch(r"m[0-9]{1,18}", id_) else -1
        return np.flatnonzero(self._numbers == number)

    def among(self, numbers: np.ndarray) -> Ids:
        """Those with one of these numbers, in the same order."""
        if not len(numbers) or not len(self):
            return Ids(self._numbers[:0])
        wanted = np.zeros(max(int(numbers.max()), int(self._numbers.max())) + 1, bool)
        wanted[numbers] = True
        return Ids(self._numbers[wanted[self._numbers]])


@dataclass(frozen=True)
class Wanted:
    """Which memories, in which order. ``since`` and ``until`` bound the day it happened, or was said; both inclusive."""

    words: str = ""
    kind: Kind | None = None
    statuses: tuple[Status, ...] = ("active",)
    pinned: bool | None = None
    since: date | None = None
    until: date | None = None
    order: Order = "said"
    reverse: bool = False
    ids: tuple[str, ...] | None = None

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order and the statuses was asked for."""
        return self != replace(Wanted(), statuses=self.statuses, order=self.order, reverse=self.reverse)


@dataclass(frozen=True)
class MemoryLine:
    """A memory as a list shows it: how many turns it rests on, and the operation that last changed its standing."""

    memory: Memory
    sources: int = 0
    op: str = ""
    actor: str = ""
    reason: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True)
class SessionLine:
    """A session as a list shows it."""

    id: str
    title: str
    started_at: datetime
    state: str
    turns: int
    memories: int
    summary: str


@dataclass(frozen=True)
class Span:
    """A month or a year of the timeline (``label`` is 2026-03 or 2026) with what fell into it."""

    label: str
    facts: int
    events: int
    ended: int


@dataclass(frozen=True)
class Use:
    """A reply that a memory was recalled for; ``turn_id`` is the question, ``reply_id`` None when none was finished."""

    turn_id: str
    reply_id: str | None
    session_id: str
    question: str
    at: datetime
    score: float
    shown: bool
    reason: str


class Pages(Recalls):
    """What the memory screens read."""

    def wanted_ids(self, wanted: Wanted, settings: MemorySettings, now: datetime, limit: int = -1) -> Sequence[str]:
        """Ids of the memories wanted, in order, the first ``limit`` when given; with ``wanted.ids`` only those, in the order given."""
        where, parameters = self._where(wanted, now)
        if wanted.ids is not None:
            found = {
                row["id"]
                for part in chunks(wanted.ids)
                for row in self._rows(f"SELECT m.id FROM memory m WHERE {where} AND m.id IN ({', '.join('?' * len(part))})", [*parameters, *part])
            }
            return [id_ for id_ in wanted.ids if id_ in found]
        order, more = _ORDERS[wanted.order], list[object]()
        if wanted.order == "retention":
            more = [now.isoformat(), f"{_offset(now, ':')}", now.isoformat(), settings.event_days, settings.fact_days]
        down = wanted.reverse != (wanted.order not in ("text", "kind"))
        sql = f"SELECT m.id FROM memory m WHERE {where} ORDER BY {order} {'DESC' if down else 'ASC'}, m.rowid {'DESC' if down else 'ASC'} LIMIT ?"
        return Ids(self._numbers("substr(id, 2)", f"({sql})", [*parameters, *more, limit]))

    def _numbers(self, column: str, source: str, parameters: Sequence[object]) -> np.ndarray:
        """A column of numbers, in one piece: while SQLite works at it, Python is free to answer keys."""
        with self._guard:
            joined = self._connection.execute(f"SELECT group_concat({column}) FROM {source}", tuple(parameters)).fetchone()[0]
        return np.fromstring(joined, np.int64, sep=",") if joined else np.zeros(0, np.int64)

    def matching(self, words: str) -> np.ndarray:
        """Numbers of the memories with all these words as typed, whatever their standing; the last word may be unfinished."""
        found = re.findall(r"\w+", words)[:32]
        stemmed = "memory_fts WHERE memory_fts MATCH ?"
        stems = self._numbers("rowid", stemmed, [typed_expression(words)]) if found else np.zeros(0, np.int64)
        if len(stems) >= FEW:
            return stems
        # A stem misses mere beginnings: "livin" is not the beginning of "live". FTS5's own table of texts is the quickest to walk.
        last = _escaped(found[-1] if found else words.strip())
        letters = self._numbers("id", "memory_fts_content WHERE c1 LIKE ? ESCAPE '\\'", [f"%{last}%"])
        if len(found) > 1:
            letters = np.intersect1d(letters, self._numbers("rowid", stemmed, [" ".join(f'"{word}"' for word in found[:-1])]))
        return np.union1d(stems, letters)

    def memory_lines(self, ids: Sequence[str]) -> dict[str, MemoryLine]:
        """What a list shows of these memories; those that are gone are left out."""
        sources = {id_: len(turns) for id_, turns in self.source_ids(ids).items()}
        standing: dict[str, dict[str, str]] = {}
        for part in chunks(ids):
            sql = (
                "SELECT x.memory_id, o.op, o.actor, o.reason, o.at FROM operation_memory x JOIN operation o ON o.id = x.operation_id "
                f"WHERE x.memory_id IN ({', '.join('?' * len(part))}) AND o.op NOT IN ('REINFORCE', 'LINK', 'PIN') AND o.undone_by IS NULL ORDER BY o.id"
            )
            for row in self._rows(sql, part):
                standing[row["memory_id"]] = row
        lines = {}
        # By id alone: given the profile too, SQLite would rather walk the whole index of the profile.
        found = [row for part in chunks(ids) for row in self._rows(f"SELECT * FROM memory WHERE id IN ({', '.join('?' * len(part))})", part)]
        for memory in map(_memory, found):
            last = standing.get(memory.id)
            lines[memory.id] = (
                MemoryLine(memory, sources.get(memory.id, 0), last["op"], last["actor"], last["reason"], datetime.fromisoformat(last["at"]))
                if last
                else MemoryLine(memory, sources.get(memory.id, 0))
            )
        return lines

    def memory_counts(self) -> dict[str, int]:
        """How many memories of this profile have each status."""
        return {
            row["status"]: row["n"]
            for row in self._rows("SELECT status, count(*) AS n FROM memory WHERE profile = ? GROUP BY status", [self.profile])
        }

    def drawn_links(self, ids: Sequence[str] | None = None) -> list[tuple[str, str, str]]:
        """Source, target and relation of every link that a timeline draws, the first made first; of a few memories when given."""
        sql = f"SELECT rowid, src, dst, relation FROM link WHERE relation IN ({', '.join('?' * len(DRAWN))})"
        ends = [""] if ids is None else [f" AND {end} IN ({', '.join('?' * len(ids))})" for end in ("src", "dst")]
        with self._guard:  # plain tuples
            found = {row[0]: row[1:] for end in ends for row in self._connection.execute(sql + end, [*DRAWN, *(ids or ())])}
        return [found[at] for at in sorted(found)]

    def spans(self, length: Literal["month", "year"], wanted: Wanted, now: datetime) -> list[Span]:
        """The months or years in which something happened or was said, newest first."""
        where, parameters = self._where(wanted, now)
        sql = (
            f"SELECT substr({_DAY.format(offset=_offset(now))}, 1, {7 if length == 'month' else 4}) AS label, "
            "sum(m.kind = 'fact') AS facts, sum(m.kind = 'event') AS events, sum(m.valid_to IS NOT NULL) AS ended "
            f"FROM memory m WHERE {where} GROUP BY label ORDER BY label DESC"
        )
        return [Span(**row) for row in self._rows(sql, parameters)]

    def session_ids(self, words: str = "") -> list[str]:
        """Ids of the sessions of this profile, the one with the newest turn first; those with all these words when given."""
        expression = typed_expression(words)
        where, parameters = "s.profile = ?", [self.profile]
        if expression:
            where += (
                " AND (CAST(substr(s.id, 2) AS INTEGER) IN (SELECT rowid FROM session_fts WHERE session_fts MATCH ?) OR s.title LIKE ? ESCAPE '\\')"
            )
            parameters += [expression, f"%{_escaped(words)}%"]
        sql = (
            f"SELECT s.id FROM session s LEFT JOIN turn t ON t.session_id = s.id WHERE {where} "
            "GROUP BY s.id ORDER BY coalesce(max(t.created_at), s.started_at) DESC, s.rowid DESC"
        )
        return [row["id"] for row in self._rows(sql, parameters)]

    def session_lines(self, ids: Sequence[str]) -> dict[str, SessionLine]:
        """What a list shows of these sessions."""
        lines = {}
        for part in chunks(ids):
            sql = (
                "SELECT s.id, s.title, s.started_at, s.state, (SELECT count(*) FROM turn WHERE session_id = s.id) AS turns, "
                "(SELECT count(DISTINCT x.memory_id) FROM turn t JOIN memory_source x ON x.turn_id = t.id WHERE t.session_id = s.id) AS memories, "
                "coalesce((SELECT y.text FROM summary y WHERE y.session_id = s.id ORDER BY y.rowid DESC LIMIT 1), '') AS summary "
                f"FROM session s WHERE s.id IN ({', '.join('?' * len(part))})"
            )
            for row in self._rows(sql, part):
                lines[row["id"]] = SessionLine(**{**row, "started_at": datetime.fromisoformat(row["started_at"])})
        return lines

    def uses(self, memory_id: str, limit: int = 100) -> list[Use]:
        """For which questions a memory was recalled, newest first."""
        rows = self._rows(
            "SELECT r.turn_id, r.reply_id, t.session_id, t.content AS question, r.created_at AS at, i.score, i.shown, i.reason FROM recall_item i "
            "JOIN recall r ON r.id = i.recall_id JOIN turn t ON t.id = r.turn_id WHERE i.source = 'memory' AND i.ref = ? ORDER BY r.rowid DESC LIMIT ?",
            [memory_id, limit],
        )
        return [Use(**{**row, "at": datetime.fromisoformat(row["at"]), "shown": bool(row["shown"])}) for row in rows]

    def last_change(self) -> int:
        """The number of the newest entry in the log: it grows with every change of memory."""
        return int(self._rows("SELECT coalesce(max(id), 0) AS n FROM operation")[0]["n"])

    def last_undo(self) -> Operation | None:
        """The newest UNDO that a redo would take back: in force, and followed by no other change of the user's. Without rows."""
        rows = self._rows(
            "SELECT o.id, o.at, o.actor, o.op, o.memory_id, o.reason FROM operation o WHERE o.op = 'UNDO' AND o.undone_by IS NULL AND o.profile = ? "
            "AND EXISTS (SELECT 1 FROM operation d WHERE d.undone_by = o.id AND d.op <> 'UNDO') "
            "AND NOT EXISTS (SELECT 1 FROM operation n WHERE n.id > o.id AND n.profile = o.profile AND n.actor = 'user' AND n.op NOT IN ('UNDO', 'REINFORCE') AND n.undone_by IS NULL) "
            "ORDER BY o.id DESC LIMIT 1",
            [self.profile],
        )
        return self._operations([{**rows[0], "before": None, "after": None}])[0] if rows else None

    def newest_after(self, turn_id: str) -> str:
        """The end of the newest branch that goes through a turn."""
        rows = self._rows(
            "WITH RECURSIVE below (id, n) AS (SELECT id, n FROM turn WHERE id = ? UNION ALL SELECT t.id, t.n FROM turn t JOIN below b ON t.parent = b.id) "
            "SELECT id FROM below ORDER BY n DESC LIMIT 1",
            [turn_id],
        )
        return rows[0]["id"] if rows else turn_id

    def _where(self, wanted: Wanted, now: datetime) -> tuple[str, list[object]]:
        where, parameters = ["m.profile = ?"], list[object]([self.profile])
        if wanted.statuses:
            where.append(f"m.status IN ({', '.join('?' * len(wanted.statuses))})")
            parameters += wanted.statuses
        if wanted.kind is not None:
            where.append("m.kind = ?")
            parameters.append(wanted.kind)
        if wanted.pinned is not None:
            where.append("m.pinned = ?")
            parameters.append(int(wanted.pinned))
        day = _DAY.format(offset=_offset(now))
        for bound, sign in ((wanted.since, ">="), (wanted.until, "<=")):
            if bound is not None:
                where.append(f"{day} {sign} ?")
                parameters.append(bound.isoformat())
        if wanted.words.strip() and wanted.ids is None:
            where.append("CAST(substr(m.id, 2) AS INTEGER) IN (SELECT value FROM json_each(?))")
            parameters.append(json.dumps(self.matching(wanted.words).tolist()))
        return " AND ".join(where), parameters


_DAY = "coalesce(m.event_start, date(coalesce(m.valid_from, m.created_at), '{offset}'))"

# The same as decay.retention up to a monotone function: days without use over the time constant.
_FADING = (
    "CASE WHEN m.pinned THEN 0 ELSE -max(0, julianday(?) - max(julianday(m.created_at), coalesce(julianday(m.last_access_at), 0), "
    "coalesce(min(julianday(m.event_end || 'T23:59:59.999' || ?), julianday(?)), 0))) "
    "/ (CASE m.kind WHEN 'event' THEN ? ELSE ? END * (CASE m.status WHEN 'superseded' THEN 0.5 ELSE 1 END) * (0.5 + m.importance / 10.0) * m.strength) END"
)
_ORDERS: dict[Order, str] = {
    "said": "m.created_at",
    "text": "m.text COLLATE NOCASE",
    "kind": "m.kind",
    "since": "coalesce(m.event_start, m.valid_from, m.created_at)",
    "importance": "m.importance",
    "retention": _FADING,
    "strength": "m.strength",
    "recalled": "m.last_access_at",
    "sources": "(SELECT count(*) FROM memory_source x WHERE x.memory_id = m.id)",
    "changed": "(SELECT max(x.operation_id) FROM operation_memory x WHERE x.memory_id = m.id)",
}


def typed_expression(words: str) -> str | None:
    """An FTS5 query for words as typed: all of them, the last may be unfinished; None when there are none."""
    found = re.findall(r"\w+", words)[:32]
    return " ".join([*(f'"{word}"' for word in found[:-1]), f'"{found[-1]}"*']) if found else None


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _offset(now: datetime, style: str = "minutes") -> str:
    """The zone of ``now`` as SQLite takes it: a modifier, or with ":" the end of a time."""
    minutes = round((offset.total_seconds() / 60) if (offset := now.utcoffset()) is not None else 0)
    return f"{minutes:+d} minutes" if style != ":" else f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
