"""One turn of conversation, as a stream of events; no screen in it.

``Chat.reply`` serves send, retry, regenerate and edit alike. The user's words are durable before the model starts;
learning from them happens afterwards, in one background thread that survives being killed (it resumes by cursor).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from chatmem import catalogue
from chatmem.config import Paths, Settings
from chatmem.engine import Engine, EngineInfo
from chatmem.errors import ChatmemError, ModelError, NotFound
from chatmem.memory import operations
from chatmem.memory.context import SMALL_MODEL, build_messages
from chatmem.memory.extract import command, extract, remember_text, secret
from chatmem.memory.recall import recall as recall_memories
from chatmem.memory.summarize import summarize_running, summarize_session
from chatmem.prompts import load_prompt
from chatmem.store import Store
from chatmem.types import Cancelled, Clock, Failed, Finished, Memory, Recall, Recalled, Session, Token, Turn, TurnEvent, Usage
from chatmem.vectors import VectorIndex
from chatmem.words import is_personal, is_question

if TYPE_CHECKING:
    import numpy as np

PROFILE_LINES = 6  # of the running summary in the prompt: the bundled model loses the thread with more
YES = {"yes", "y", "yes please", "ok", "okay", "sure", "do it", "forget it", "forget them"}
NO_MEMORY = "I have no memory of that. Tell me, and I will remember it."
QUERY_WAIT = 2.0  # seconds that a reply waits for the embedder before it recalls by words alone


@dataclass
class Conversation:
    """What is on the screen: a session and its visible branch. Temporary ones are never stored."""

    session: Session | None
    turns: list[Turn] = field(default_factory=list)
    temporary: bool = False
    profile: str = ""
    pending: list[str] = field(default_factory=list)  # memories that a "forget" asked about


class Chat:
    """The companion: store, engines and index of one data folder, and the work done in the background."""

    def __init__(
        self, paths: Paths, settings: Settings, clock: Clock, notice: Callable[[str], None] = lambda _: None, *, store: Store | None = None
    ) -> None:
        """Open the store (raises StoreError) and begin to load both models; nothing waits for them here."""
        self.paths, self.settings, self.clock, self._notice = paths, settings, clock, notice
        self.store = store or Store.open(paths, settings.profile, clock)
        self._prompt = load_prompt("chat", paths.prompts)
        self._queue: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self._doing = ""
        self._closing = threading.Event()
        try:
            self.engine = Engine(catalogue.find(settings.model.name, paths), "chat", settings.model, paths, notice)
            self.embedder = Engine(catalogue.bundled_embedder(paths), "embed", settings.model, paths, notice)
        except BaseException:
            self.store.close()
            raise
        self.embedder_id = catalogue.EMBEDDER_ID
        self.index = VectorIndex(self.store, self.embedder_id, catalogue.EMBEDDER_DIMENSIONS, paths, notice)
        self.engine.start()
        self.embedder.start()
        self.index.start()
        self._worker = threading.Thread(target=self._work, name="chatmem-background", daemon=True)
        self._worker.start()
        self._queue.put(("learning", ""))

    # ------------------------------------------------------------------ conversations

    def open(self, session_id: str | None = None, *, temporary: bool = False) -> Conversation:
        """Resume a session, or begin a conversation (stored at its first message). Raises NotFound."""
        running = self.store.summary("running")
        profile = "\n".join(running.text.splitlines()[:PROFILE_LINES]) if running and self.settings.memory.enabled else ""
        if session_id is None:
            return Conversation(None, temporary=temporary, profile=profile)
        return Conversation(self.store.session(session_id), self.store.turns(session_id), profile=profile)

    def close_conversation(self, conversation: Conversation) -> None:
        """End a session: summaries are made in the background."""
        if conversation.session and conversation.turns and not conversation.temporary:
            self._queue.put(("summarising", conversation.session.id))

    def reply(
        self, conversation: Conversation, text: str | None, *, edit: str | None = None, cancel: threading.Event | None = None
    ) -> Iterator[TurnEvent]:
        """Run one turn; yields Recalled, Token*, then Finished, Cancelled or Failed.

        ``text`` is sent after the visible branch; with ``edit`` (a user turn's id) it takes that turn's place on a new
        branch; None answers the branch's last user turn anew. Cancelling keeps what was said, marked as cut.
        """
        cancel = cancel or threading.Event()
        user: Turn | None = None
        try:
            user = self._user_turn(conversation, text, edit)
            done = self._obey(conversation, user)
            if done is None:
                yield from self._answer(conversation, user, cancel)
            else:
                said, recall = done
                yield Recalled(turn=user, recall=recall)
                yield Token(text=said)
                yield Finished(turn=self._reply_turn(conversation, user, said, "complete", None, recall), recall=recall, usage=Usage())
        except ChatmemError as error:
            yield Failed(turn=user, message=error.message, hint=error.hint)

    def _user_turn(self, conversation: Conversation, text: str | None, edit: str | None) -> Turn:
        turns = conversation.turns
        if text is None:
            while turns and turns[-1].role == "assistant":
                turns.pop()
            if not turns:
                raise NotFound("There is no message to answer yet.", "Write one first.")
            return turns[-1]
        if edit is not None:
            place = next((i for i, turn in enumerate(turns) if turn.id == edit and turn.role == "user"), None)
            if place is None:
                raise NotFound(f"There is no message {edit} in this conversation.")
            del turns[place:]
        elif turns and turns[-1].role == "user":
            # The last message got no answer: two user turns in a row break most templates, so both stay but this one answers.
            pass
        parent = turns[-1].id if turns else None
        if conversation.temporary:
            n = len(turns) + 1
            turn = Turn(id=f"temporary_{n}", session_id="temporary", n=n, parent=parent, role="user", content=text, created_at=self.clock())
        else:
            if conversation.session is None:
                conversation.session = self.store.new_session(_title(text))
            turn = self.store.add_turn(conversation.session.id, "user", text, parent)
        turns.append(turn)
        return turn

    def _reply_turn(
        self, conversation: Conversation, user: Turn, text: str, state: Literal["complete", "cut"], usage: Usage | None, recall: Recall
    ) -> Turn:
        tokens, model = (usage.reply_tokens, self.engine.info.name if self.engine.info else None) if usage else (None, None)
        if conversation.temporary:
            turn = Turn(
                id=f"temporary_{user.n + 1}",
                session_id="temporary",
                n=user.n + 1,
                parent=user.id,
                role="assistant",
                content=text,
                created_at=self.clock(),
                state=state,
                tokens=tokens,
                model=model,
            )
        else:
            with self.store.transaction():
                turn = self.store.add_turn(user.session_id, "assistant", text, user.id, state=state, tokens=tokens, model=model)
                if recall.id:
                    self.store.set_recall_reply(recall.id, turn.id)
                if state == "complete":
                    operations.reinforce(self.store, [item.id for item in recall.shown if item.source == "memory"])
            if self.settings.memory.write:
                self._queue.put(("learning", ""))
        conversation.turns.append(turn)
        return turn

    def _answer(self, conversation: Conversation, user: Turn, cancel: threading.Event) -> Iterator[TurnEvent]:
        seen = {turn.id for turn in conversation.turns}
        found = self.recall(user.content, exclude=seen) if self.settings.memory.enabled else Recall(question=user.content, state="off")
        if not conversation.temporary:
            found = self.store.add_recall(found, user.id)
        yield Recalled(turn=user, recall=found)
        info = self._wait_for_model(cancel)
        if info is None:
            yield Cancelled(turn=user, recall=found, usage=Usage())
            return
        if found.state == "none" and info.parameters < SMALL_MODEL and is_question(user.content) and is_personal(user.content):
            # A model this small invents a name sooner than it admits a gap.
            yield Token(text=NO_MEMORY)
            turn = self._reply_turn(conversation, user, NO_MEMORY, "complete", Usage(context=info.context), found)
            yield Finished(turn=turn, recall=found, usage=Usage(context=info.context))
            return
        reserve = min(self.settings.model.max_reply_tokens, info.context // 2)
        messages = build_messages(
            self._prompt,
            conversation.turns[:-1],
            user.content,
            found,
            profile=conversation.profile,
            now=self.clock(),
            room=info.context - reserve,
            parameters=info.parameters,
            count=self.engine.count,
        )
        pieces: list[str] = []
        usage = Usage(context=info.context)
        failure: ChatmemError | None = None
        try:
            for piece in self.engine.chat(messages, max_tokens=reserve, cancel=cancel):
                if isinstance(piece, Usage):
                    usage = piece
                else:
                    pieces.append(piece)
                    yield Token(text=piece)
        except ModelError as error:
            failure = error
        except GeneratorExit:
            cancel.set()
            if pieces:
                self._reply_turn(conversation, user, "".join(pieces), "cut", usage, found)
            raise
        said = "".join(pieces).strip()
        if failure is not None:
            if said:
                self._reply_turn(conversation, user, said, "cut", usage, found)
            yield Failed(turn=user, message=failure.message, hint=failure.hint)
        elif cancel.is_set():
            yield Cancelled(turn=self._reply_turn(conversation, user, said, "cut", usage, found), recall=found, usage=usage)
        else:
            yield Finished(turn=self._reply_turn(conversation, user, said, "complete", usage, found), recall=found, usage=usage)

    def _wait_for_model(self, cancel: threading.Event) -> EngineInfo | None:
        """The loaded model, or None when the user cancelled first. Raises ModelError."""
        while not cancel.is_set():
            try:
                return self.engine.wait(0.1)
            except TimeoutError:
                continue
        return None

    # ------------------------------------------------------------------ plain-sentence commands

    def _obey(self, conversation: Conversation, user: Turn) -> tuple[str, Recall] | None:
        """Carry out "remember that", "forget that", "what do you know about me"; None for any other message."""
        off = Recall(question=user.content, state="off")
        if conversation.pending:
            ids, conversation.pending = conversation.pending, []
            if user.content.strip().strip(".!").casefold() in YES:
                count = self.forget(ids)
                return f"Done: I have forgotten {_count(count)}. You find {'it' if count == 1 else 'them'} in the trash until purged.", off
        order = command(user.content)
        if order is None:
            return None
        verb, rest = order
        if verb == "known":
            return self.describe_known(), off
        if conversation.temporary:
            return "This is a temporary chat: I can read memories here, but not change them.", off
        if verb == "remember":
            kind = secret(rest)
            if kind:
                return f"That looks like a {kind}. I never keep those as memories; a password manager is the right place.", off
            return f"I will remember: {self.remember(rest, user.id).text}", off
        candidates = self.forget_candidates(rest)
        if not candidates:
            return "I have no memory of that, so there is nothing to forget.", off
        conversation.pending = [memory.id for memory in candidates]
        return "I would forget:\n\n" + "\n".join(
            f"- {memory.text}" for memory in candidates
        ) + "\n\nAnswer **yes** to forget, anything else keeps it.", off

    def describe_known(self) -> str:
        """What is known about the user, as Markdown."""
        known = self.known()
        if not known:
            return "I know nothing about you yet. Tell me something, or use /remember."
        lines = [f"- {memory.text}" for memory in known[:40]]
        more = f"\n\n…and {len(known) - 40} more." if len(known) > 40 else ""
        return f"This is what I know about you ({_count(len(known))}):\n\n" + "\n".join(lines) + more

    # ------------------------------------------------------------------ memory verbs

    def recall(self, question: str, limit: int | None = None, *, exclude: set[str] | None = None) -> Recall:
        """What would be recalled for a question."""
        return recall_memories(
            self.store,
            question,
            settings=self.settings.memory,
            today=self.clock().date(),
            query_vector=self._embed_query(question),
            index=self.index,
            embedder=self.embedder_id,
            exclude=exclude or set(),
            limit=limit,
        )

    def _embed_query(self, question: str) -> np.ndarray | None:
        try:
            self.embedder.wait(QUERY_WAIT)
            vector: np.ndarray = self.embedder.embed([question[:2000]])[0]
        except (ModelError, TimeoutError):
            return None  # recall by words alone
        return vector

    def remember(self, text: str, turn_id: str | None = None) -> Memory:
        """Store words as a memory at the user's request. Raises ChatmemError for secrets and empty text."""
        kind = secret(text)
        candidate = None if kind else remember_text(text, self.clock())
        if candidate is None:
            what = f"That looks like a {kind}: it is never kept as a memory." if kind else "There is nothing to remember in that."
            raise ChatmemError(what, "Write it as a sentence, such as: /remember my sister is called Marta.")
        memory, _ = operations.insert(self.store, candidate, [turn_id] if turn_id else [], "user")
        self._queue.put(("learning", ""))
        return memory

    def forget_candidates(self, words: str) -> list[Memory]:
        """Active memories that these words could mean, best first; nothing is changed."""
        found = self.recall(words, limit=20)
        ids = [item.id for item in found.items if item.source == "memory" and (item.parts["overlap"] >= 0.5 or item.parts["cosine"] >= 0.6)]
        by_id = {memory.id: memory for memory in self.store.memories("active", ids)}
        return [by_id[id_] for id_ in ids if id_ in by_id][:10]

    def forget(self, ids: list[str]) -> int:
        """Archive memories; returns how many really are out of recall."""
        count = operations.forget(self.store, ids)
        self.index.remove("memories", ids)
        return count

    def known(self) -> list[Memory]:
        """Current memories, the most important and newest first."""
        return sorted(self.store.memories("active"), key=lambda memory: (not memory.pinned, -memory.importance, -memory.created_at.timestamp()))

    def export(self, session_id: str) -> str:
        """A session's visible branch as Markdown."""
        session = self.store.session(session_id)
        parts = [f"# {session.title or 'Conversation'}", f"*{session.started_at.astimezone():%Y-%m-%d %H:%M}*"]
        for turn in self.store.turns(session_id):
            who = "You" if turn.role == "user" else "chatmem"
            cut = " (cut)" if turn.state == "cut" else ""
            parts.append(f"**{who}**{cut} · {turn.created_at.astimezone():%H:%M}\n\n{turn.content}")
        return "\n\n".join(parts) + "\n"

    def delete_session(self, session_id: str, *, memories: bool) -> int:
        """Delete a session for good, and its memories if asked; the index is rebuilt so that no trace stays."""
        count = self.store.delete_session(session_id, memories=memories)
        self.index.rebuild()
        return count

    # ------------------------------------------------------------------ models

    def models(self) -> list[tuple[str, str]]:
        """Names and descriptions of the models that can be used now."""
        return [(model.name, model.description) for model in catalogue.installed(self.paths)]

    def use_model(self, name: str) -> None:
        """Load another chat model; the old one is let go. Raises ModelNotFound."""
        path = catalogue.find(name, self.paths)
        self.settings.model.name = name
        self.engine.close()
        self.engine = Engine(path, "chat", self.settings.model, self.paths, self._notice)
        self.engine.start()

    # ------------------------------------------------------------------ background work

    def background(self) -> list[str]:
        """What runs in the background now."""
        doing = [self._doing] if self._doing else []
        return [*doing, "indexing"] if self.index.state == "building" else doing

    def settle(self, timeout: float = 60) -> bool:
        """Wait until the background work is done; False when time ran out."""
        done = threading.Event()

        def join() -> None:
            self._queue.join()
            done.set()

        threading.Thread(target=join, daemon=True).start()
        return done.wait(timeout)

    def close(self) -> None:
        """Stop everything; work left over is resumed at the next start."""
        self._closing.set()
        self._queue.put(None)
        self._worker.join(timeout=3)
        self.engine.close()
        self.embedder.close()
        self.index.close()
        self.store.close()

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            self._doing, session_id = task
            try:
                if session_id:
                    self._learn()
                    self._summarise(session_id)
                elif self._queue.empty() or self._queue.queue[0] != task:  # several requests to learn are one
                    self._learn()
            except ChatmemError as error:
                self._notice(f"Background work stopped: {error.message}")
            finally:
                self._doing = ""
                self._queue.task_done()
        self._queue.task_done()

    def _learn(self) -> None:
        """Extract from every user turn after the cursor, then embed what has no vector yet. Safe to kill and repeat."""
        if self.settings.memory.write:
            for turn in self.store.turns_to_learn():
                if self._closing.is_set():
                    return
                with self.store.transaction():
                    if command(turn.content) is None:
                        for candidate in extract(turn.content, turn.created_at.astimezone()):
                            operations.insert(self.store, candidate, [turn.id])
                    self.store.mark_learned(turn)
        self._embed("memories")
        self._embed("rounds")

    def _embed(self, kind: Literal["memories", "rounds"]) -> None:
        todo = self.store.without_vector(kind, self.embedder_id)
        for start in range(0, len(todo), 16):
            if self._closing.is_set():
                return
            ids = todo[start : start + 16]
            texts = [self.store.recall_item("memory" if kind == "memories" else "round", id_, 0.0, {}).text[:2000] for id_ in ids]
            vectors = self.embedder.embed(texts)
            self.store.put_vectors(kind, self.embedder_id, ids, vectors)
            self.index.add(kind, ids, vectors)

    def _summarise(self, session_id: str) -> None:
        turns = self.store.turns(session_id)
        ids = list(dict.fromkeys(id_ for turn in turns for id_ in self.store.memories_from(turn.id)))
        current = self.store.memories("active")
        text = summarize_session(turns, [memory for memory in current if memory.id in ids])
        running = self.store.summary("running")
        latest = summarize_running(running.text if running else "", current)
        with self.store.transaction():
            previous = self.store.summary("session", session_id)
            if text and (previous is None or previous.text != text):
                self.store.add_summary("session", session_id, text)
            if latest and (running is None or running.text != latest):
                self.store.add_summary("running", None, latest)
            self.store.set_session_state(session_id, "consolidated", self.clock())


def _title(text: str) -> str:
    """A session's first title: the first words of its first message."""
    line = " ".join(text.split())
    return line if len(line) <= 48 else line[:47].rsplit(" ", 1)[0] + "…"


def _count(n: int) -> str:
    return "1 memory" if n == 1 else f"{n} memories"
