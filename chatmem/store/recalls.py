"""What was recalled for each reply."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from chatmem.errors import NotFound
from chatmem.store.conversations import ERASED
from chatmem.store.database import chunks, utc
from chatmem.store.erasing import Erasing
from chatmem.types import Recall, RecallItem, Turn


class Recalls(Erasing):
    """References and scores; the words stay where they are."""

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
                    "created_at": utc(self.clock()),
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

    def answered_from_memory(self, round_ids: Sequence[str]) -> list[tuple[str, str, str, bool]]:
        """Those of these rounds whose reply memory was looked into for: id, message, reply, and whether anything was remembered."""
        found: dict[str, tuple[str, str, str, bool]] = {}
        for part in chunks(round_ids):
            sql = (
                "SELECT u.id, u.content AS said, coalesce(a.content, '') AS reply, r.state FROM recall r JOIN turn u ON u.id = r.turn_id"
                f" LEFT JOIN turn a ON a.id = r.reply_id WHERE r.turn_id IN ({', '.join('?' * len(part))}) AND r.state <> 'off' ORDER BY r.rowid"
            )
            found.update((row["id"], (row["id"], row["said"], row["reply"], row["state"] != "none")) for row in self._rows(sql, part))
        return list(found.values())

    def rounds_forgotten(self, round_ids: Sequence[str]) -> set[str]:
        """Those of these rounds that taught what the user has since forgotten on purpose, or what that took the place of."""
        found: set[str] = set()
        for part in chunks(round_ids):
            sql = (
                f"WITH RECURSIVE taught (turn_id, id) AS (SELECT turn_id, memory_id FROM memory_source WHERE turn_id IN ({', '.join('?' * len(part))})"
                " UNION SELECT t.turn_id, l.dst FROM taught t JOIN link l ON l.src = t.id AND l.relation = 'Changed')"
                " SELECT DISTINCT t.turn_id FROM taught t JOIN memory m ON m.id = t.id WHERE m.status = 'archived' AND"
                " (SELECT o.actor FROM operation o WHERE o.memory_id = m.id AND o.op = 'FORGET' ORDER BY o.id DESC LIMIT 1) = 'user'"
            )
            found.update(row["turn_id"] for row in self._rows(sql, part))
        return found

    def replies_shown(self, memory_ids: Sequence[str]) -> list[Turn]:
        """The replies for which one of these memories stood in the prompt, oldest first."""
        found: dict[str, Turn] = {}
        for part in chunks(memory_ids):
            sql = (
                "SELECT DISTINCT t.* FROM recall_item i JOIN recall r ON r.id = i.recall_id JOIN turn t ON t.id = r.reply_id"
                f" WHERE i.source = 'memory' AND i.shown = 1 AND t.content <> ? AND i.ref IN ({', '.join('?' * len(part))}) ORDER BY t.created_at"
            )
            found |= {row["id"]: Turn.model_validate(row) for row in self._rows(sql, [ERASED, *part])}
        return list(found.values())

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

    def recall_items(self, source: Literal["memory", "round"], refs: Sequence[str]) -> dict[str, RecallItem]:
        """Many at once, as they stand now, without scores; those that are gone, or no longer current, are left out."""
        return self._memory_items(refs) if source == "memory" else self._round_items(refs)

    def _memory_items(self, refs: Sequence[str]) -> dict[str, RecallItem]:
        last: dict[str, tuple[str, str]] = {}
        for part in chunks(refs):
            sql = (
                "SELECT x.memory_id, t.id, t.session_id FROM memory_source x JOIN turn t ON t.id = x.turn_id "
                f"WHERE x.memory_id IN ({', '.join('?' * len(part))}) ORDER BY t.created_at, t.rowid"
            )
            last.update((row["memory_id"], (row["id"], row["session_id"])) for row in self._rows(sql, part))
        items = {}
        for part in chunks(refs):
            # Profile and status are looked at here: in the query they would make SQLite walk through every active memory.
            sql = f"SELECT id, profile, status, kind, text, created_at, event_start, valid_to FROM memory WHERE id IN ({', '.join('?' * len(part))})"
            for row in self._rows(sql, part):
                if row["profile"] != self.profile or row["status"] != "active":
                    continue
                turn_id, session_id = last.get(row["id"], (None, None))
                items[row["id"]] = RecallItem(
                    source="memory",
                    id=row["id"],
                    kind=row["kind"],
                    text=row["text"],
                    said_at=row["created_at"],
                    event_start=row["event_start"],
                    valid_to=row["valid_to"],
                    score=0.0,
                    session_id=session_id,
                    turn_id=turn_id,
                )
        return items

    def _round_items(self, refs: Sequence[str]) -> dict[str, RecallItem]:
        said: dict[str, Turn] = {}
        replies: dict[str, str] = {}
        for part in chunks(refs):
            marks = ", ".join("?" * len(part))
            said.update((row["id"], Turn.model_validate(row)) for row in self._rows(f"SELECT * FROM turn WHERE id IN ({marks})", part))
            sql = f"SELECT parent, content FROM turn WHERE parent IN ({marks}) AND role = 'assistant' ORDER BY n"
            replies.update((row["parent"], row["content"]) for row in self._rows(sql, part))  # the newest reply stays
        return {
            ref: RecallItem(
                source="round",
                id=ref,
                kind="round",
                text=turn.content if ref not in replies else f"{turn.content}\n{replies[ref]}",
                said_at=turn.created_at,
                score=0.0,
                session_id=turn.session_id,
                turn_id=turn.id,
            )
            for ref in refs
            if (turn := said.get(ref)) is not None and turn.content != ERASED
        }
