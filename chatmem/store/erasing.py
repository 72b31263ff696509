"""Erasing: words go from the rows, the full-text index, the vectors, the log and every summary; then from the file itself."""

from __future__ import annotations

import json
from collections.abc import Iterable

from chatmem.store.conversations import ERASED
from chatmem.store.database import chunks
from chatmem.store.memories import Memories


class Erasing(Memories):
    """What PURGE and the deletion of a session are made of. All of it is called by operations only."""

    def family(self, memory_ids: Iterable[str]) -> set[str]:
        """These memories and all that were ever merged with them or split from them: words of one may be in the rows of another."""
        found, new = set[str](), set(memory_ids)
        while new:
            found |= new
            rows = [
                row["memory_id"]
                for part in chunks(sorted(new))
                for row in self._rows(
                    "SELECT DISTINCT y.memory_id FROM operation_memory x JOIN operation o ON o.id = x.operation_id "
                    "JOIN operation_memory y ON y.operation_id = o.id "
                    f"WHERE o.op IN ('MERGE', 'SPLIT') AND x.memory_id IN ({', '.join('?' * len(part))})",
                    part,
                )
            ]
            new = set(rows) - found
        return found

    def ever_from(self, origin: str) -> set[str]:
        """Ids of memories that ever rested on a turn, or on any turn of a session; also those that an undo took away."""
        turns, quoted = (
            ("turn_id = ?2", f'"{origin}"') if "_" in origin else ("turn_id IN (SELECT id FROM turn WHERE session_id = ?2)", f'"{origin}_')
        )
        sql = (
            "SELECT x.memory_id AS id FROM operation o JOIN operation_memory x ON x.operation_id = o.id "
            f"WHERE instr(o.before, ?1) OR instr(o.after, ?1) UNION SELECT memory_id FROM memory_source WHERE {turns}"
        )
        return {row["id"] for row in self._rows(sql, [quoted, origin])}

    def is_logged(self, memory_id: str) -> bool:
        """Whether the log still holds rows of a memory of this profile."""
        sql = (
            "SELECT 1 FROM operation_memory x JOIN operation o ON o.id = x.operation_id "
            "WHERE x.memory_id = ? AND o.profile = ? AND o.before IS NOT NULL LIMIT 1"
        )
        return bool(self._rows(sql, [memory_id, self.profile]))

    def purge_memory(self, memory_id: str) -> None:
        """Erase a memory's words: row, index, log, summaries. Its id is never used again. It may be gone already, by an undo."""
        with self.transaction():
            self._write("DELETE FROM recall_item WHERE source = 'memory' AND ref = ?", [memory_id])
            self._erase_log(memory_id, keep=None)
            self.drop_memory(memory_id)

    def detach(self, memory_id: str, keywords: Iterable[str] = ()) -> None:
        """After words were erased: keep of a memory's verbatim span only what its turns still say, and empty its log.

        ``keywords`` go unless its own text has them. A memory that no turn is left for is the user's own from now on.
        """
        with self.transaction():
            row = next(iter(self._rows("SELECT text, span, keywords FROM memory WHERE id = ?", [memory_id])), None)
            self._erase_log(memory_id, keep=row["text"] if row else None)
            if row is None:
                return
            said = [turn.content for turn in self.sources(memory_id)]
            span = "\n".join(line for line in row["span"].splitlines() if any(line in content for content in said))
            gone = {word for word in keywords if word.casefold() not in row["text"].casefold()}
            kept = json.dumps([word for word in json.loads(row["keywords"]) if word not in gone], ensure_ascii=False)
            self._write(
                "UPDATE memory SET span = ?, keywords = ?, origin = CASE WHEN ? THEN origin ELSE 'user' END WHERE id = ?",
                [span, kept, bool(said), memory_id],
            )

    def _erase_log(self, memory_id: str, *, keep: str | None) -> None:
        """Empty the log of a memory; the texts that it had, but not ``keep``, go from the summaries too."""
        rows = self._rows(
            "SELECT o.id, o.before, o.after FROM operation_memory x JOIN operation o ON o.id = x.operation_id WHERE x.memory_id = ?", [memory_id]
        )
        texts = {row["text"] for row in self._rows("SELECT text FROM memory WHERE id = ?", [memory_id])}
        for row in rows:
            for side in (row["before"], row["after"]):
                memory = json.loads(side)["memories"].get(memory_id) if side else None
                texts |= {memory["text"]} if memory else set()
        for text in texts - {keep}:
            self._erase_from_summaries(text)
        for part in chunks([str(row["id"]) for row in rows]):
            marks = ", ".join("?" * len(part))
            self._write(f"UPDATE operation SET before = NULL, after = NULL, reason = '' WHERE id IN ({marks})", [int(id_) for id_ in part])

    def _erase_from_summaries(self, text: str) -> None:
        for row in self._rows("SELECT id, text FROM summary WHERE instr(text, ?)", [text]):
            lines = [line for line in row["text"].splitlines() if text not in line]
            self._write("UPDATE summary SET text = ? WHERE id = ?", ["\n".join(lines), row["id"]])

    def erase_round(self, turn_id: str) -> list[str]:
        """Erase the words of a user's turn and of its replies, or of one reply, everywhere; the places stay. Returns the ids."""
        with self.transaction():
            turn = self.turn(turn_id)
            session_id = turn.session_id
            if turn.parent is None:  # the title is made of the first words
                self._write("UPDATE session SET title = ? WHERE id = ?", [ERASED, session_id])
            ids = [row["id"] for row in self._rows("SELECT id FROM turn WHERE id = ? OR (parent = ? AND role = 'assistant')", [turn_id, turn_id])]
            for id_ in ids:
                self._write("UPDATE turn SET content = ?, tokens = NULL WHERE id = ?", [ERASED, id_])
            # The message before counts in the vector of one that follows it without a reply.
            following = [row["id"] for row in self._rows("SELECT id FROM turn WHERE parent = ? AND role = 'user'", [turn_id])]
            for id_ in [*ids, *following]:
                self._write("DELETE FROM vector WHERE kind = 'rounds' AND id = ?", [id_])
            self.mark_learned(turn)
            self._write("DELETE FROM summary WHERE session_id = ?", [session_id])
            self._index_session(session_id)
        return ids

    def delete_session(self, session_id: str) -> None:
        """Erase a session with its turns and summaries. What rested on it is dealt with by `operations.delete_session`."""
        turns = "(SELECT id FROM turn WHERE session_id = ?)"
        with self.transaction():
            self.session(session_id)
            self._write(f"DELETE FROM memory_source WHERE turn_id IN {turns}", [session_id])
            self._write(f"DELETE FROM vector WHERE kind = 'rounds' AND id IN {turns}", [session_id])
            self._write(f"DELETE FROM turn_fts WHERE id IN {turns}", [session_id])
            self._write("DELETE FROM session_fts WHERE id = ?", [session_id])
            self._write(f"DELETE FROM recall_item WHERE source = 'round' AND ref IN {turns}", [session_id])
            self._write("UPDATE session SET head = NULL WHERE id = ?", [session_id])
            self._connection.execute("PRAGMA defer_foreign_keys = ON")
            self._write("DELETE FROM turn WHERE session_id = ?", [session_id])
            self._write("DELETE FROM summary WHERE session_id = ?", [session_id])
            self._write("DELETE FROM session WHERE id = ?", [session_id])

    def scrub(self) -> None:
        """After erasing: rewrite the full-text indexes and the file, so that no deleted word is left in a page or the log."""
        with self._guard:
            for table in ("turn_fts", "session_fts", "memory_fts"):
                self._write(f"INSERT INTO {table} ({table}) VALUES ('rebuild')")
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
