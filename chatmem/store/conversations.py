"""Sessions and their turns, and full-text search over them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Literal

import numpy as np

from chatmem.errors import NotFound
from chatmem.store.database import Database, chunks, utc
from chatmem.types import Role, Session, SessionState, Turn, TurnState
from chatmem.words import content_words

ERASED = "(erased)"
"""What stands in place of words that the user purged."""


MOST_ROWS = 20_000
"""Rows of a full-text index that one question may read: beyond, its commonest words, which tell least, are left out."""
MOST_RANKED = 400
"""Rows whose BM25 is worked out: those that have the most telling words. FTS5 finds 10 rows in the time in which it ranks one.

Both by LongMemEval_S in one store (122,784 turns): 4,000 rows, all ranked, bring all evidence among the first 100 rows for .51
of the questions in 24 ms; 20,000 read and 400 ranked for .61 in 25 ms; all rows, all ranked, for .64 in 180 ms.
"""

Column = Literal["text", "window", "in_context", "session", "memory"]


def match_expression(words: Sequence[str]) -> str:
    """An FTS5 query: the OR of these words, quoted."""
    return " OR ".join(f'"{word}"' for word in words)


def asked_words(text: str) -> list[str]:
    """The content words of a text, each once, at most 64."""
    return list(dict.fromkeys(content_words(text)))[:64]


class Conversations(Database):
    """Sessions, turns, and the words in them."""

    def new_session(self, title: str = "") -> Session:
        """Begin a session."""
        with self.transaction():
            session = Session(id=self._next("s"), profile=self.profile, title=title, started_at=self.clock())
            self._insert("session", {**session.model_dump(), "started_at": utc(session.started_at), "ended_at": None})
        return session

    def session(self, session_id: str) -> Session:
        """One session; raises NotFound."""
        rows = self._rows("SELECT * FROM session WHERE id = ? AND profile = ?", [session_id, self.profile])
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

    def idle_sessions(self, since: datetime) -> list[str]:
        """Ids of sessions that are not summarised and had no turn after ``since``; oldest first."""
        rows = self._rows(
            "SELECT s.id FROM session s JOIN turn t ON t.session_id = s.id WHERE s.profile = ? AND s.state <> 'consolidated' "
            "GROUP BY s.id HAVING max(t.created_at) <= ? ORDER BY s.rowid",
            [self.profile, utc(since)],
        )
        return [row["id"] for row in rows]

    def rename_session(self, session_id: str, title: str) -> None:
        """Change a session's title (one line, at most 120 characters)."""
        self.session(session_id)
        self._write("UPDATE session SET title = ? WHERE id = ?", [" ".join(title.split())[:120], session_id])

    def set_session_state(self, session_id: str, state: SessionState, ended_at: datetime | None = None) -> None:
        """Open, close, or mark a session as consolidated."""
        self._write("UPDATE session SET state = ?, ended_at = ? WHERE id = ?", [state, utc(ended_at), session_id])

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
            self._insert("turn", {**turn.model_dump(), "created_at": utc(turn.created_at)})
            self._write("UPDATE session SET head = ?, state = 'open', ended_at = NULL WHERE id = ?", [turn.id, session_id])
            self._insert("turn_fts", self._words(turn))
            self._at_commit(session_id, self._index_session_words)
        return turn

    def _words(self, turn: Turn) -> dict[str, object]:
        before = self.turn(turn.parent).content if turn.parent else ""
        return {"id": turn.id, "text": turn.content, "window": f"{before}\n{turn.content}"}

    def _index_session(self, session_id: str) -> None:
        """Index the words of a session anew, leaving out those that were erased."""
        turns = [Turn.model_validate(row) for row in self._rows("SELECT * FROM turn WHERE session_id = ? ORDER BY n", [session_id])]
        self._write("DELETE FROM turn_fts WHERE id IN (SELECT id FROM turn WHERE session_id = ?)", [session_id])
        for turn in turns:
            self._insert("turn_fts", {name: str(text).replace(ERASED, "") for name, text in self._words(turn).items()})
        self._at_commit(session_id, self._index_session_words)

    def _index_session_words(self, session_id: str) -> None:
        said = "SELECT content FROM turn WHERE session_id = :id AND content != :erased ORDER BY n"
        self._connection.execute(
            "INSERT OR REPLACE INTO session_fts (rowid, id, text)"
            f" SELECT :rowid, id, coalesce((SELECT group_concat(content, char(10)) FROM ({said})), '') FROM session WHERE id = :id",
            {"rowid": _number(session_id), "id": session_id, "erased": ERASED},
        )

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
            "SELECT t.id FROM turn t JOIN session s ON s.id = t.session_id WHERE t.role = 'user' AND t.content <> ? AND s.profile = ? ORDER BY t.rowid",
            [ERASED, self.profile],
        )
        return [row["id"] for row in rows]

    def turns_to_learn(self) -> list[Turn]:
        """User turns of this profile that extraction has not read yet, oldest first."""
        rows = self._rows(
            "SELECT t.* FROM turn t JOIN session s ON s.id = t.session_id WHERE t.role = 'user' AND s.profile = ? "
            "AND NOT EXISTS (SELECT 1 FROM learned l WHERE l.turn_id = t.id) ORDER BY t.created_at, t.rowid",
            [self.profile],
        )
        return [Turn.model_validate(row) for row in rows]

    def turns_for_model(self) -> list[Turn]:
        """User turns of this profile that the rules have read and a model is still to read, oldest first."""
        rows = self._rows(
            "SELECT t.* FROM learned l JOIN turn t ON t.id = l.turn_id JOIN session s ON s.id = t.session_id WHERE l.model_reads AND s.profile = ? "
            "ORDER BY t.created_at, t.rowid",
            [self.profile],
        )
        return [Turn.model_validate(row) for row in rows]

    def mark_learned(self, turn: Turn, *, model_reads: bool = False) -> None:
        """Extraction has read this turn; ``model_reads`` says that a model is to read it as well."""
        self._write(
            "INSERT INTO learned VALUES (?, ?) ON CONFLICT (turn_id) DO UPDATE SET model_reads = excluded.model_reads", [turn.id, int(model_reads)]
        )

    def bm25(self, query: str, column: Column, limit: int) -> list[tuple[str, float]]:
        """Ids by BM25, best first, higher is better, of this profile: turns, sessions, or memories.

        Turns by their own ``text``, by their ``window`` (with the turn before), or ``in_context`` (both at once, so that a
        turn's own words count twice). In a large store the commonest words are left out while rarer ones are asked for.
        """
        table, owner, mine = _RANKED[column]
        words = self._rare_enough(table, owner, asked_words(query))
        if not words:
            return []
        scope = f"{column} : " if column in ("text", "window") else ""
        expression = f"{scope}({match_expression(words)})"
        most_telling = self._most_telling(table, owner, words, scope)
        sql = (
            f"SELECT f.id, -bm25({table}) AS score, {mine} AS mine FROM {table} f CROSS JOIN {owner} o ON o.id = f.id "
            f"WHERE f.{table} MATCH ? AND +f.rowid IN (SELECT value FROM json_each(?)) ORDER BY score DESC, o.rowid"
        )
        ranked = MOST_RANKED
        while True:  # more are ranked when other profiles hold the first ones
            rows = self._rows(sql, [self.profile, expression, json.dumps(most_telling[:ranked].tolist())])
            found = [(row["id"], row["score"]) for row in rows if row["mine"]]
            if len(found) >= limit or ranked >= len(most_telling):
                return found[:limit]
            ranked *= 8

    def _most_telling(self, table: str, owner: str, words: Sequence[str], scope: str) -> np.ndarray:
        """Numbers of the rows that have some of the words, those first whose words tell most."""
        total, count = self._rows_with(table, owner)
        numbers: list[np.ndarray] = []
        for word in words:
            having = self._rows(f"SELECT group_concat(rowid) AS numbers FROM {table} WHERE {table} MATCH ?", [f'{scope}"{word}"'])[0]["numbers"]
            numbers.append(np.fromstring(having or "", np.int64, sep=","))
        tells = [np.full(len(some), _tells(total, count(word))) for word, some in zip(words, numbers, strict=True)]
        every, place = np.unique(np.concatenate(numbers), return_inverse=True)
        return every[np.argsort(-np.bincount(place, np.concatenate(tells)), kind="stable")]

    def _rows_with(self, table: str, owner: str) -> tuple[int, Callable[[str], int]]:
        """How many rows ``owner`` has (at least), and a function that counts those of ``table`` with a word; counts are kept while they hold."""
        total = int(self._rows(f"SELECT coalesce(max(rowid), 0) AS n FROM {owner}")[0]["n"])

        def count(word: str) -> int:
            known = self._row_counts.get((table, word))
            if known is None or not 0.9 * total <= known[1] <= total:
                rows = self._rows(f"SELECT count(*) AS n FROM {table} WHERE {table} MATCH ?", [f'"{word}"'])
                if len(self._row_counts) > 20_000:
                    self._row_counts.clear()
                known = self._row_counts[table, word] = (int(rows[0]["n"]), total)
            return known[0]

        return total, count

    def _rare_enough(self, table: str, owner: str, words: list[str]) -> list[str]:
        """These words without the commonest, as far as the rest still read ``MOST_ROWS`` rows of the index."""
        _, count = self._rows_with(table, owner)
        by_count = sorted(words, key=count)
        read = accumulate(count(word) for word in by_count)
        kept = {word for word, so_far in zip(by_count, read, strict=True) if so_far <= MOST_ROWS} or set(by_count[:1])
        return [word for word in words if word in kept]

    def rarity(self, words: Sequence[str]) -> dict[str, float]:
        """For each word how much it tells, above 0: the fewer turns have it (or follow one that has it), the more."""
        total, count = self._rows_with("turn_fts", "turn")
        return {word: _tells(total, count(word)) for word in words}

    def round_ids(self, turn_ids: Sequence[str]) -> dict[str, str]:
        """For each turn the round it belongs to, by the id of its user turn (a reply to nothing is a round by itself)."""
        found: dict[str, str] = {}
        for part in chunks(turn_ids):
            sql = f"SELECT id, CASE WHEN role = 'assistant' THEN coalesce(parent, id) ELSE id END AS round FROM turn WHERE id IN ({', '.join('?' * len(part))})"
            found.update((row["id"], row["round"]) for row in self._rows(sql, part))
        return found

    def messages_before(self, turn_ids: Sequence[str]) -> dict[str, str]:
        """What each of these turns follows, where that is a message too and no reply: people talk with each other."""
        found: dict[str, str] = {}
        for part in chunks(turn_ids):
            sql = f"SELECT t.id, p.content FROM turn t JOIN turn p ON p.id = t.parent WHERE t.id IN ({', '.join('?' * len(part))})"
            found.update((row["id"], row["content"]) for row in self._rows(f"{sql} AND p.role = 'user' AND p.content <> ?", [*part, ERASED]))
        return found

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


_OF_PROFILE = "EXISTS (SELECT 1 FROM session s WHERE s.id = o.session_id AND s.profile = ?)"
_RANKED: dict[Column, tuple[str, str, str]] = {
    "text": ("turn_fts", "turn", _OF_PROFILE),
    "window": ("turn_fts", "turn", _OF_PROFILE),
    "in_context": ("turn_fts", "turn", _OF_PROFILE),
    "session": ("session_fts", "session", "o.profile = ?"),
    "memory": ("memory_fts", "memory", "o.status = 'active' AND o.profile = ?"),
}
"""For each column that is ranked: the index, the table of its owners, and which of them count."""


def _tells(total: int, having: int) -> float:
    """How much a word tells that so many of all rows have."""
    return math.log1p((max(0, total - having) + 0.5) / (having + 0.5))


def _number(session_id: str) -> int:
    return int(session_id[1:])
