"""A scripted chat with an in-memory store: the contract of the real one, without models or disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chatmem.capability import Capability
from chatmem.config import Settings
from chatmem.errors import ModelLoadFailed, NotFound
from chatmem.types import Cancelled, Failed, Finished, Memory, Recall, Recalled, RecallItem, Session, Token, Turn, TurnEvent, Usage

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@dataclass
class Info:
    """What the engine says about its model."""

    name: str = "SmolLM2-135M"
    context: int = 8192
    safe_mode: bool = False
    parameters: int = 134_515_008
    size_bytes: int = 98_362_432
    adapter: str | None = None


class FakeEngine:
    """An engine whose state the test sets."""

    def __init__(self) -> None:
        self.state = "ready"
        self.error: ModelLoadFailed | None = None
        self.info: Info | None = Info()

    def wait(self, timeout: float | None = None) -> Info:
        """What is loaded; the error when it failed."""
        del timeout
        if self.error is not None:
            raise self.error
        assert self.info is not None
        return self.info


class FakeStore:
    """Sessions and turns in dictionaries."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._turns: dict[str, Turn] = {}
        self.recalls: dict[str, Recall] = {}
        self.deleted: list[tuple[str, bool]] = []
        self.now = NOW

    def clock(self) -> datetime:
        """The present of the test."""
        return self.now

    def new_session(self, title: str = "") -> Session:
        """Begin a session."""
        session = Session(id=f"s{len(self._sessions) + 1}", title=title, started_at=self.now)
        self._sessions[session.id] = session
        return session

    def session(self, session_id: str) -> Session:
        """One session."""
        if session_id not in self._sessions:
            raise NotFound(f"There is no session {session_id}.")
        return self._sessions[session_id]

    def sessions(self, limit: int = 200) -> list[Session]:
        """All, newest first."""
        return list(self._sessions.values())[::-1][:limit]

    def rename_session(self, session_id: str, title: str) -> None:
        """Change the title."""
        self._sessions[session_id].title = title

    def delete_session(self, session_id: str, *, memories: bool) -> int:
        """Erase."""
        self.deleted.append((session_id, memories))
        del self._sessions[session_id]
        return 2 if memories else 0

    def add_turn(self, session_id: str, role: Any, content: str, parent: str | None, *, state: Any = "complete", at: datetime | None = None) -> Turn:
        """Append a turn and make it the head."""
        n = len(self._turns) + 1
        turn = Turn(id=f"t{n}", session_id=session_id, n=n, parent=parent, role=role, content=content, created_at=at or self.now, state=state)
        self._turns[turn.id] = turn
        self.session(session_id).head = turn.id
        return turn

    def turn(self, turn_id: str) -> Turn:
        """One turn."""
        if turn_id not in self._turns:
            raise NotFound(f"There is no turn {turn_id}.")
        return self._turns[turn_id]

    def turns(self, session_id: str, head: str | None = None) -> list[Turn]:
        """The visible branch."""
        branch, at = [], head or self.session(session_id).head
        while at is not None:
            branch.append(self._turns[at])
            at = self._turns[at].parent
        return branch[::-1]

    def newest_after(self, turn_id: str) -> str:
        """The end of the newest branch through a turn."""
        found = turn_id
        for turn in self._turns.values():  # oldest first
            if turn.parent == found:
                found = turn.id
        return found

    def search_turns(self, query: str, limit: int = 50) -> list[tuple[Turn, float]]:
        """Turns with all the words."""
        words = query.lower().split()
        return [(turn, 1.0) for turn in self._turns.values() if all(word in turn.content.lower() for word in words)][:limit]

    def recall_of(self, turn_id: str) -> Recall | None:
        """What was recalled for a reply."""
        return self.recalls.get(turn_id)


@dataclass
class FakeConversation:
    """What is on the screen."""

    session: Session | None
    turns: list[Turn] = field(default_factory=list)
    temporary: bool = False


class FakeChat:
    """Answers from ``script``; ``gate`` holds each token back until the test releases it."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.settings = Settings()
        self.engine = FakeEngine()
        self.embedder = FakeEngine()
        self.script: list[list[Any] | Failed] = []
        self.next_recall: Recall | None = None
        self.gate: threading.Event | None = None
        self.asked: list[tuple[str | None, str | None]] = []
        self.memories: list[Memory] = []
        self.forgotten: list[str] = []
        self.closed = False
        self.used_model = ""
        self.capability: Capability | None = Capability(profile="basic", reason="fewer than a billion parameters")

    def open(self, session_id: str | None = None, temporary: bool = False) -> FakeConversation:
        """A stored conversation or a new one."""
        if session_id is None:
            return FakeConversation(None, temporary=temporary)
        return FakeConversation(self.store.session(session_id), self.store.turns(session_id), temporary)

    def _add(self, conversation: FakeConversation, role: Any, content: str, state: Any = "complete") -> Turn:
        parent = conversation.turns[-1].id if conversation.turns else None
        if conversation.temporary:
            n = len(conversation.turns) + 1
            turn = Turn(id=f"temp{n}", session_id="", n=n, parent=parent, role=role, content=content, created_at=self.store.now, state=state)
        else:
            assert conversation.session is not None
            turn = self.store.add_turn(conversation.session.id, role, content, parent, state=state)
        conversation.turns.append(turn)
        return turn

    def _keep(self, user: Turn, turn: Turn, recall: Recall) -> None:
        """Keep what was recalled for a reply."""
        del user
        self.store.recalls[turn.id] = recall

    def reply(
        self, conversation: FakeConversation, text: str | None, *, edit: str | None = None, cancel: threading.Event | None = None
    ) -> Iterator[TurnEvent]:
        """Play the next part of the script."""
        self.asked.append((text, edit))
        if conversation.session is None and not conversation.temporary:
            conversation.session = self.store.new_session((text or "")[:40])
        if edit is not None:
            at = next(i for i, turn in enumerate(conversation.turns) if turn.id == edit)
            del conversation.turns[at:]
        if text is None:
            if conversation.turns[-1].role == "assistant":
                conversation.turns.pop()
            user = conversation.turns[-1]
        else:
            user = self._add(conversation, "user", text)
        recall = self.next_recall or Recall(question=user.content, state="none")
        while self.engine.state == "loading" and not (cancel and cancel.is_set()):
            threading.Event().wait(0.01)
        yield Recalled(turn=user, recall=recall)
        play = self.script.pop(0) if self.script else ["You said: ", user.content]
        if self.engine.state == "failed" and self.engine.error is not None:
            play = Failed(turn=user, message=self.engine.error.message, hint=self.engine.error.hint)
        if isinstance(play, Failed):
            yield play if play.turn is None else play.model_copy(update={"turn": user})
            return
        said = ""
        usage = Usage(prompt_tokens=900, reply_tokens=40, seconds_to_first_token=1, seconds=4.25, context=8192)
        for piece in play:
            while self.gate is not None and not self.gate.wait(0.01):
                if cancel is not None and cancel.is_set():
                    yield Cancelled(turn=self._add(conversation, "assistant", said, "cut"), recall=recall, usage=usage)
                    return
            if isinstance(piece, Failed):
                self._add(conversation, "assistant", said, "cut")
                yield piece.model_copy(update={"turn": user})
                return
            said += piece
            yield Token(text=piece)
            if self.gate is not None:
                self.gate.clear()
        turn = self._add(conversation, "assistant", said)
        self._keep(user, turn, recall)
        yield Finished(turn=turn, recall=recall, usage=usage)

    def recall(self, question: str, limit: int | None = None) -> Recall:  # noqa: ARG002
        """The scripted recall for another question."""
        return (self.next_recall or Recall(question=question, state="none")).model_copy(update={"question": question})

    def remember(self, text: str) -> Memory:
        """Keep a memory."""
        memory = Memory(id=f"m{len(self.memories) + 1}", kind="fact", text=text, created_at=self.store.now, origin="user")
        self.memories.append(memory)
        return memory

    def forget_candidates(self, words: str) -> list[Memory]:
        """Memories with the words."""
        return [memory for memory in self.memories if words.lower() in memory.text.lower()]

    def forget(self, ids: Sequence[str]) -> int:
        """Forget them."""
        self.forgotten += ids
        return len(ids)

    def known(self) -> list[Memory]:
        """All memories."""
        return self.memories

    def export(self, session_id: str) -> str:
        """Markdown of a session."""
        return "\n\n".join(f"**{turn.role}**: {turn.content}" for turn in self.store.turns(session_id))

    def delete_session(self, session_id: str, *, memories: bool) -> int:
        """Erase a session."""
        return self.store.delete_session(session_id, memories=memories)

    def models(self) -> list[tuple[str, str]]:
        """Two models."""
        return [("smollm2-135m", "small and quick"), ("[/big] model", "hostile name")]

    def use_model(self, name: str) -> None:
        """Change."""
        self.used_model = self.settings.model.name = name

    def close_conversation(self, conversation: FakeConversation) -> None:
        """Nothing to do."""

    def working_on(self) -> list[str]:
        """No work."""
        return []

    def close(self) -> None:
        """Remember that it was called."""
        self.closed = True


def item(
    text: str,
    score: float = 0.8,
    *,
    shown: bool = True,
    source: Any = "memory",
    kind: str = "fact",
    session: str | None = None,
    turn: str | None = None,
) -> RecallItem:
    """A recalled item."""
    return RecallItem(
        source=source, id="m1", kind=kind, text=text, said_at=NOW - timedelta(days=40), event_start=date(2026, 2, 2) if kind == "event" else None, score=score,
        parts={"dense": 0.61, "words": 0.42}, shown=shown, reason="names the same thing", session_id=session, turn_id=turn,
    )  # fmt: skip


def long_session(store: FakeStore, turns: int, title: str = "A long one") -> Session:
    """A session with many turns."""
    session = store.new_session(title)
    parent = None
    for n in range(turns):
        parent = store.add_turn(session.id, "assistant" if n % 2 else "user", f"Message number {n}", parent).id
    return session
