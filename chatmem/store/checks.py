"""What the doctor asks of the database, over all profiles. Each check returns what it found, in words; nothing is repaired unasked."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from chatmem.errors import StoreDamaged
from chatmem.store.conversations import ERASED
from chatmem.store.database import utc
from chatmem.store.pages import Pages

WORDS = ("turn_fts", "session_fts", "memory_fts")
MOST = 20  # findings that one check names
SOON = 2.0  # seconds between a reply and the use of memory that it is logged with


class Checks(Pages):
    """The invariants of memory as questions to the tables."""

    @property
    def read_only(self) -> bool:
        """Whether this store only looks: another chatmem may have the data folder open."""
        return self._lock is None

    def damage(self) -> list[str]:
        """What SQLite finds wrong with its file."""
        try:
            return [text for row in self._rows(f"PRAGMA integrity_check({MOST})") if (text := str(next(iter(row.values())))) != "ok"]
        except sqlite3.DatabaseError as error:
            return [str(error)]

    def broken_references(self) -> list[str]:
        """Rows that point to rows that are not there."""
        return [f"{row['table']} row {row['rowid']} names a {row['parent']} that is gone" for row in self._rows("PRAGMA foreign_key_check")]

    def changed_turns(self) -> list[str]:
        """Turns out of place, or whose words differ from those that were indexed when they were said."""
        rows = self._rows(
            "SELECT t.id FROM turn t LEFT JOIN turn p ON p.id = t.parent WHERE t.id <> t.session_id || '_' || t.n "
            "OR (t.parent IS NOT NULL AND (p.session_id IS NOT t.session_id OR p.n >= t.n))"
        )
        words = self._rows(
            f"SELECT t.id FROM turn t JOIN turn_fts f ON f.id = t.id WHERE replace(t.content, '{ERASED}', '') <> replace(f.text, '{ERASED}', '')"
        )
        return [f"{row['id']} is out of its place" for row in rows] + [f"{row['id']} does not say what was indexed" for row in words]

    def unfounded(self) -> list[str]:
        """Memories that no turn supports and that the user did not write."""
        rows = self._rows("SELECT id FROM memory m WHERE origin <> 'user' AND NOT EXISTS (SELECT 1 FROM memory_source x WHERE x.memory_id = m.id)")
        return [f"{row['id']} rests on no turn" for row in rows]

    def broken_chains(self) -> list[str]:
        """Memories that are current although another took their place, or that several replaced."""
        rows = self._rows(
            "SELECT l.src AS id, count(*) AS n, max(m.status) AS status FROM link l JOIN memory m ON m.id = l.src "
            "WHERE l.relation = 'Changed' GROUP BY l.src HAVING n > 1 OR status = 'active'"
        )
        return [
            f"{row['id']} is current and was replaced" if row["status"] == "active" else f"{row['id']} was replaced {row['n']} times" for row in rows
        ]

    def broken_links(self) -> list[str]:
        """Links from a later memory to an earlier one (so links can have no cycle), and links between profiles."""
        number = "CAST(substr({}.id, 2) AS INTEGER)"
        rows = self._rows(
            "SELECT l.src, l.dst, a.profile <> b.profile AS strange FROM link l JOIN memory a ON a.id = l.src JOIN memory b ON b.id = l.dst "
            f"WHERE a.created_at > b.created_at OR (a.created_at = b.created_at AND {number.format('a')} >= {number.format('b')}) OR a.profile <> b.profile"
        )
        return [f"{row['src']} -> {row['dst']} {'joins two profiles' if row['strange'] else 'goes back in time'}" for row in rows]

    def learnt_twice(self) -> list[str]:
        """Current memories with the same words that rest on the same turn: it was learnt from twice."""
        rows = self._rows(
            "SELECT a.id AS a, b.id AS b FROM memory a JOIN memory b ON lower(rtrim(b.text, '.!')) = lower(rtrim(a.text, '.!')) AND b.rowid > a.rowid "
            "JOIN memory_source x ON x.memory_id = a.id JOIN memory_source y ON y.memory_id = b.id AND y.turn_id = x.turn_id "
            "WHERE a.status = 'active' AND b.status = 'active' AND a.profile = b.profile AND a.origin <> 'user' AND b.origin <> 'user' GROUP BY a.id, b.id"
        )
        return [f"{row['a']} and {row['b']} say the same from the same turn" for row in rows]

    def wrong_strengths(self) -> list[str]:
        """Memories whose strength, importance or use is out of its range: fading changes no row, use changes them by one."""
        sql = "SELECT id FROM memory WHERE strength NOT BETWEEN 1 AND 10 OR importance NOT BETWEEN 1 AND 10 OR access_count < 0"
        return [f"{row['id']} has a strength, importance or use out of range" for row in self._rows(sql)]

    def pinned_taken_out(self) -> list[str]:
        """Operations in force by which a rule or a job took out a memory that was pinned."""
        found = []
        for row in self._rows(
            "SELECT id, op, actor, before, after FROM operation WHERE actor <> 'user' AND undone_by IS NULL AND before IS NOT NULL "
            "AND op IN ('FORGET', 'MERGE', 'REPLACE', 'END') AND instr(before, '\"pinned\":true')"
        ):
            before, after = json.loads(row["before"])["memories"], json.loads(row["after"])["memories"]
            out = [id_ for id_, old in before.items() if old and old["pinned"] and old["status"] == "active" and after[id_]["status"] != "active"]
            found += [f"operation {row['id']} ({row['op']} by {row['actor']}) took out the pinned {id_}" for id_ in out]
        return found

    def log_disagrees(self) -> list[str]:
        """Memories whose row is not what the log's last entry about them left: an undo would not restore them."""
        rows = {row["id"]: row for row in self._rows("SELECT * FROM memory")}
        last: dict[str, Any] = {}
        for entry in self._rows("SELECT after FROM operation ORDER BY id"):
            if entry["after"] is None:
                continue
            last |= json.loads(entry["after"])["memories"]
        newest = "SELECT memory_id, max(operation_id) AS id FROM operation_memory GROUP BY memory_id"
        emptied = {
            row["memory_id"] for row in self._rows(f"SELECT n.memory_id FROM ({newest}) n JOIN operation o ON o.id = n.id WHERE o.after IS NULL")
        }
        found = []
        for id_, left in last.items():
            row = rows.get(id_)
            if id_ in emptied:
                continue
            if (left is None) != (row is None):
                found.append(f"{id_} is {'there' if row else 'gone'}, against the log")
            elif left and row and _standing(left) != _standing(row):
                found.append(f"{id_} differs from the log")
        return found

    def unexplained_use(self) -> list[str]:
        """Memories said to be used at no known time."""
        rows = self._rows("SELECT id FROM memory WHERE access_count > 0 AND last_access_at IS NULL")
        return [f"{row['id']} was used at no known time" for row in rows]

    def used_without_reply(self) -> list[str]:
        """Uses logged right after a reply that was cut or failed: only what a complete reply was given grows stronger."""
        turns = self._rows("SELECT julianday(created_at) AS day, role, state FROM turn WHERE created_at IS NOT NULL ORDER BY day, rowid")
        days = [turn["day"] for turn in turns]
        found = []
        for row in self._rows("SELECT id, julianday(at) AS day FROM operation WHERE op = 'REINFORCE' AND undone_by IS NULL"):
            place = bisect_right(days, row["day"]) - 1
            if (
                place >= 0
                and (row["day"] - days[place]) * 86_400 < SOON
                and turns[place]["role"] == "assistant"
                and turns[place]["state"] != "complete"
            ):
                found.append(f"operation {row['id']} strengthened memories for a reply that was not completed")
        return found

    def wrong_times(self, now: datetime) -> list[str]:
        """Rows from the future, and turns said before their conversation began. ``now`` may be off by a day."""
        limit = utc(now)
        rows = self._rows(
            "SELECT id FROM turn WHERE julianday(created_at) > julianday(?1) + 1 UNION ALL SELECT id FROM memory WHERE julianday(created_at) > julianday(?1) + 1 "
            "UNION ALL SELECT id FROM session WHERE julianday(started_at) > julianday(?1) + 1",
            [limit],
        )
        ends = self._rows("SELECT id FROM memory WHERE event_end < event_start OR (event_end IS NOT NULL AND event_start IS NULL)")
        return [f"{row['id']} is from the future" for row in rows] + [f"{row['id']} ends before it begins" for row in ends]

    # ------------------------------------------------------------------ full text

    def words_out_of_step(self) -> list[str]:
        """Turns, sessions and memories whose words are missing from full-text search, or are others there."""
        found = []
        if not self.read_only:
            for table in WORDS:
                try:
                    self._write(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
                except (sqlite3.DatabaseError, StoreDamaged) as error:
                    found.append(f"{table} is damaged: {error}")
        for name, expected in (("memory", self._memory_words()), ("turn", self._turn_words()), ("session", self._session_words())):
            columns = "text, window" if name == "turn" else "text"
            try:
                stored: dict[str, list[tuple[str, ...]]] = defaultdict(list)
                for row in self._rows(f"SELECT id, {columns} FROM {name}_fts"):
                    stored[row["id"]].append(tuple(str(value).replace(ERASED, "") for key, value in row.items() if key != "id"))
            except sqlite3.DatabaseError as error:
                found.append(f"{name}_fts cannot be read: {error}")
                continue
            wanted = dict(expected)
            found += [f"{id_} is not found by its words" for id_ in wanted.keys() - stored.keys()]
            found += [f"{id_} is found although it is gone" for id_ in stored.keys() - wanted.keys()]
            found += [f"{id_} is found by other words" for id_, words in wanted.items() if id_ in stored and stored[id_] != [words]]
        return sorted(found)

    def _memory_words(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for row in self._rows("SELECT id, text FROM memory"):
            yield row["id"], (row["text"].replace(ERASED, ""),)

    def _turn_words(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for row in self._rows("SELECT t.id, t.content, coalesce(p.content, '') AS before FROM turn t LEFT JOIN turn p ON p.id = t.parent"):
            yield row["id"], (row["content"].replace(ERASED, ""), f"{row['before']}\n{row['content']}".replace(ERASED, ""))

    def _session_words(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        texts: dict[str, list[str]] = {}
        for row in self._rows("SELECT session_id, content FROM turn ORDER BY session_id, n"):
            texts.setdefault(row["session_id"], []).extend([row["content"]] if row["content"] != ERASED else [])
        for session_id, contents in texts.items():
            yield session_id, ("\n".join(contents).replace(ERASED, ""),)

    def rebuild_words(self) -> None:
        """Make the full-text indexes anew from what they index."""
        with self.transaction():
            for table in WORDS:
                sql = self._rows("SELECT sql FROM sqlite_master WHERE name = ?", [table])[0]["sql"]
                self._write(f"DROP TABLE {table}")
                self._write(sql)
            for row in self._rows("SELECT DISTINCT session_id AS id FROM turn"):
                self._index_session(row["id"])
            self._write("INSERT INTO memory_fts (rowid, id, text) SELECT CAST(substr(id, 2) AS INTEGER), id, text FROM memory")

    # ------------------------------------------------------------------ vectors

    def orphan_vectors(self, bytes_each: int) -> list[tuple[str, str, str]]:
        """Kind, embedder and id of vectors of things that are gone, or of another size than the embedder's (``bytes_each``)."""
        rows = self._rows(
            "SELECT v.kind, v.embedder, v.id FROM vector v WHERE length(v.data) <> ? OR CASE v.kind WHEN 'memories' THEN NOT EXISTS "
            "(SELECT 1 FROM memory m WHERE m.id = v.id) ELSE NOT EXISTS (SELECT 1 FROM turn t WHERE t.id = v.id AND t.content <> ?) END",
            [bytes_each, ERASED],
        )
        return [(row["kind"], row["embedder"], row["id"]) for row in rows]

    def drop_vectors(self, keys: list[tuple[str, str, str]]) -> None:
        """Take vectors out; those of things that exist are made again at the next start."""
        with self.transaction():
            for kind, embedder, id_ in keys:
                self._write("DELETE FROM vector WHERE kind = ? AND embedder = ? AND id = ?", [kind, embedder, id_])

    def totals(self) -> dict[str, int]:
        """How many rows each table has, over all profiles."""
        tables = ("session", "turn", "memory", "link", "operation", "summary", "recall", "job", "vector")
        return {table: int(self._rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]) for table in tables}


def _standing(row: dict[str, Any]) -> tuple[object, ...]:
    """What the log and a row must agree on; a time to the millisecond."""
    until = utc(datetime.fromisoformat(row["valid_to"])) if row["valid_to"] else None
    return row["text"], row["status"], bool(row["pinned"]), row["importance"], row["strength"], row["access_count"], until
