"""One turn of conversation, as a stream of events; no screen in it.

``Chat.reply`` serves send, retry, regenerate and edit alike. The user's words are durable before the model starts;
learning from them happens afterwards, in one background thread that survives being killed (it resumes by cursor).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Literal

from chatmem import catalogue
from chatmem.background import Background
from chatmem.capability import Capability, assess
from chatmem.config import Paths, Settings
from chatmem.engine import Engine, EngineInfo
from chatmem.errors import ChatmemError, ModelError, NotFound
from chatmem.learning import Learner, embedding
from chatmem.memory import operations
from chatmem.memory.commands import FORGOTTEN, NOTHING_TO_FORGET, ONLY_IN_THE_TIMELINE, WOULD_FORGET
from chatmem.memory.context import build_messages, nearest_notes, notes_alone, skill_of
from chatmem.memory.extract import command, remember_text, secret
from chatmem.memory.histories import with_histories
from chatmem.memory.learn import as_remembered, stated
from chatmem.memory.people import named
from chatmem.memory.person import second_person
from chatmem.memory.propose import Proposer
from chatmem.memory.recall import Explanation
from chatmem.memory.recall import explain as explain_recall
from chatmem.memory.rule_reply import MAX_REPEATED, may_refuse, now_reply, refused, rule_reply, said_reply
from chatmem.prompts import load_prompt
from chatmem.store import Store
from chatmem.types import Cancelled, Candidate, Clock, Failed, Finished, Memory, Operation, Recall, Recalled, Session, Token, Turn, TurnEvent, Usage
from chatmem.vectors import VectorIndex
from chatmem.words import content_stems

if TYPE_CHECKING:
    import numpy as np

PROFILE_LINES = 6  # of the running summary in the prompt: the bundled model loses the thread with more
YES = {"yes", "y", "yes please", "ok", "okay", "sure", "do it", "forget it", "forget them"}
LOAD_WAIT = 600.0  # seconds that the self-test waits for a model to load
REPEATED = 4  # words of a reply that a small model should not give twice in one conversation
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
        self.paths, self.settings, self.clock, self.notice = paths, settings, clock, notice
        self.store = store or Store.open(paths, settings.profile, clock)
        self._prompt = load_prompt("chat", paths.prompts)
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
        self.background = Background(notice)
        self.learner = Learner(self.store, self.embedder, self.embedder_id, self.index, settings.memory, self.background.closing)
        self.capability: Capability | None = None
        self._talking = threading.Event()  # set while the user waits for a reply: background use of the model gives way
        self._assess_soon()
        # Nothing is open yet: whatever was said before and not summarised is so now.
        self.background.submit("learning", lambda: self.learner.consolidate(timedelta(0)))

    # ------------------------------------------------------------------ conversations

    def open(self, session_id: str | None = None, *, temporary: bool = False) -> Conversation:
        """Resume a session, or begin a conversation (stored at its first message). Raises NotFound."""
        profile = self._profile() if self.settings.memory.enabled else ""
        if session_id is None:
            return Conversation(None, temporary=temporary, profile=profile)
        return Conversation(self.store.session(session_id), self.store.turns(session_id), profile=profile)

    def _profile(self) -> str:
        """The first lines of the running summary that still hold: what was forgotten or replaced since it was made is left out."""
        running = self.store.summary("running")
        lines = running.text.splitlines() if running else []
        holding = (line for line in lines if any(memory.status == "active" for memory in self.store.memories_saying(line)))
        return "\n".join(islice(holding, PROFILE_LINES))

    def close_conversation(self, conversation: Conversation) -> None:
        """End a session: summaries are made in the background."""
        if conversation.session and conversation.turns and not conversation.temporary:
            session_id = conversation.session.id
            self._learn_soon()
            self.background.submit("summarising", lambda: self.learner.summarise(session_id), key=f"summarising {session_id}")

    def reply(
        self, conversation: Conversation, text: str | None, *, edit: str | None = None, cancel: threading.Event | None = None
    ) -> Iterator[TurnEvent]:
        """Run one turn; yields Recalled, Token*, then Finished, Cancelled or Failed.

        ``text`` is sent after the visible branch; with ``edit`` (a user turn's id) it takes that turn's place on a new
        branch; None answers the branch's last user turn anew. Cancelling keeps what was said, marked as cut.
        """
        cancel = cancel or threading.Event()
        user: Turn | None = None
        self._talking.set()
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
        finally:
            self._talking.clear()
            if self.capability is None:
                self._assess_soon()
            elif self.learner.proposer:
                self._learn_soon()  # the model may have been kept from reading until now

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
                self._learn_soon()
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
        last = next((turn.content for turn in reversed(conversation.turns[:-1]) if turn.role == "user"), None)
        plain = now_reply(user.content, self.clock().astimezone()) or said_reply(user.content, last)
        skill = skill_of(info.parameters, info.adapter)
        if plain is None and skill != "full":
            learnt = stated(self.store, user) if self.settings.memory.write and not conversation.temporary else []
            plain = rule_reply(user.content, found, self._as_remembered(learnt[:MAX_REPEATED]), user.n, trained=skill == "trained")
        if plain is not None:
            yield Token(text=plain)
            turn = self._reply_turn(conversation, user, plain, "complete", None, found)
            yield Finished(turn=turn, recall=found, usage=Usage(context=info.context))
            return
        messages = self._messages(conversation, user.content, found, info)
        alone = notes_alone(user.content, found, skill)

        replies = [] if skill == "full" or alone else [turn.content for turn in conversation.turns if turn.role == "assistant"]
        before = {reply for reply in replies if len(reply.split()) >= REPEATED}

        def tries() -> Iterator[list[dict[str, str]]]:
            yield messages
            if alone and (nearest := nearest_notes(user.content, found, skill)):
                yield self._messages(conversation, user.content, nearest, info)
            elif before:  # without what was said before
                yield self._messages(Conversation(None), user.content, found, info)

        pieces: list[str] = []
        usage = Usage(context=info.context)
        failure: ChatmemError | None = None
        try:
            steady = 0.0 if alone and not self._answered(conversation, user) else None
            reword = partial(refused, user.content, found) if skill != "full" else str
            for piece in self._spoken(tries(), self._reserve(info), cancel, steady, reword, before):
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

    def _spoken(
        self,
        tries: Iterable[list[dict[str, str]]],
        most: int,
        cancel: threading.Event,
        temperature: float | None,
        reword: Callable[[str], str],
        not_again: Collection[str],
    ) -> Iterator[str | Usage]:
        """The model's reply to the first prompt that it neither refuses nor answers in words of ``not_again``; else its first refusal, reworded, or its last reply.

        What may become either is held back until it is known to stand.
        """
        kept: list[str | Usage] = []
        for messages in tries:
            held: list[str | Usage] = []
            speaks = False
            for piece in self.engine.chat(messages, max_tokens=most, cancel=cancel, temperature=temperature):
                if speaks:
                    yield piece
                    continue
                held.append(piece)
                said = _words(held)
                if speaks := not may_refuse(said) and not any(old.startswith(said) for old in not_again):
                    yield from held
            if speaks:
                return
            if not may_refuse(_words(held)) and _words(held) not in not_again:  # it only began as one said before
                yield from held
                return
            kept = kept if kept and may_refuse(_words(kept)) else held
            if cancel.is_set():
                break
        if words := _words(kept):
            yield words if cancel.is_set() else reword(words)
        yield from (piece for piece in kept if isinstance(piece, Usage))

    def _as_remembered(self, learnt: Sequence[Candidate]) -> Sequence[Candidate]:
        """What a message teaches, as it will be remembered; as it was said where the embedder is not there."""
        try:
            return as_remembered(self.store, learnt, self.clock().astimezone().date(), embedding(self.embedder, QUERY_WAIT), self.embedder_id)
        except ModelError:
            return learnt

    def _answered(self, conversation: Conversation, user: Turn) -> bool:
        """Whether there is a reply already, so that another one is wanted: the likeliest words would be the same again."""
        return not conversation.temporary and self.store.round(user.id)[1] is not None

    def _reserve(self, info: EngineInfo) -> int:
        """Tokens of the context that are kept for the reply."""
        return min(self.settings.model.max_reply_tokens, info.context // 2)

    def _messages(self, conversation: Conversation, message: str, found: Recall, info: EngineInfo) -> list[dict[str, str]]:
        return build_messages(
            self._prompt,
            conversation.turns[:-1],
            message,
            found,
            profile=conversation.profile,
            now=self.clock(),
            room=info.context - self._reserve(info),
            skill=skill_of(info.parameters, info.adapter),
            count=self.engine.count,
        )

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
                return f"{FORGOTTEN} {_count(count)}. You find {'it' if count == 1 else 'them'} in the trash until purged.", off
        order = command(user.content)
        if order is None:
            return None
        verb, rest = order
        if verb == "known":
            known = self.describe_known(rest)
            return (known, off) if known else None
        if conversation.temporary:
            return "This is a temporary chat: I can read memories here, but not change them.", off
        if verb == "remember":
            kind = secret(rest)
            if kind:
                return f"That looks like a {kind}. I never keep those as memories; a password manager is the right place.", off
            return f"I will remember: {second_person(self.remember(rest, user.id).text)}", off
        candidates = self.forget_candidates(rest)
        if not candidates:
            if (past := self._no_longer(rest)) is not None:
                return f"{ONLY_IN_THE_TIMELINE} {second_person(past.text)} To erase it for good, press X there (F3).", off
            return NOTHING_TO_FORGET, off
        conversation.pending = [memory.id for memory in candidates]
        return f"{WOULD_FORGET}\n\n" + "\n".join(
            f"- {second_person(memory.text)}" for memory in candidates
        ) + "\n\nAnswer **yes** to forget, anything else keeps it.", off

    def describe_known(self, about: str = "") -> str | None:
        """What is known about the user, or about somebody or something of theirs ("my sister"), as Markdown; None where nothing names it."""
        known = named(about, self.known()) if about else self.known()
        if not known:
            return None if about else "I know nothing about you yet. Tell me something, or use /remember."
        lines = [f"- {second_person(memory.text)}" for memory in known[:40]]
        more = f"\n\n…and {len(known) - 40} more." if len(known) > 40 else ""
        whom = re.sub(r"\b(?:my|our)\b", "your", about, flags=re.IGNORECASE) or "you"
        return f"This is what I know about {whom} ({_count(len(known))}):\n\n" + "\n".join(lines) + more

    # ------------------------------------------------------------------ memory verbs

    def recall(self, question: str, limit: int | None = None, *, exclude: set[str] | None = None) -> Recall:
        """What would be recalled for a question."""
        return self.explain(question, limit, exclude=exclude).recall

    def explain(self, question: str, limit: int | None = None, *, exclude: set[str] | None = None) -> Explanation:
        """The same with an account of each step."""
        found = explain_recall(
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
        return replace(found, recall=with_histories(self.store, found.recall))

    def prompt_block(self, recall: Recall) -> tuple[str, int]:
        """What the loaded model would be given with the question, and its tokens. Raises ModelError."""
        info = self.engine.wait(LOAD_WAIT)
        messages = self._messages(Conversation(None), recall.question, recall, info)
        return messages[-1]["content"], self.engine.count(messages[-1:])

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
        self._learn_soon()
        return memory

    def forget_candidates(self, words: str) -> list[Memory]:
        """Active memories that these words could mean, best first; nothing is changed.

        Those that have all the words are meant, if there are any; where only what no longer holds has them, nothing current is.
        """
        found = self.recall(words, limit=20)
        ids = [item.id for item in found.items if item.source == "memory" and (item.parts["overlap"] >= 0.5 or item.parts["cosine"] >= 0.6)]
        by_id = {memory.id: memory for memory in self.store.memories("active", ids)}
        near = [by_id[id_] for id_ in ids if id_ in by_id]
        asked = content_stems(words)
        exact = [memory for memory in near if asked <= content_stems(memory.text)]
        return [] if not exact and self._no_longer(words) else (exact or near)[:10]

    def _no_longer(self, words: str) -> Memory | None:
        """A memory that no longer holds and has all of these words; None where none has."""
        asked = content_stems(words)
        return next((memory for memory in self.store.memories("superseded") if asked <= content_stems(memory.text)), None)

    def forget(self, ids: list[str]) -> int:
        """Archive memories; returns how many really are out of recall."""
        done = operations.forget(self.store, ids)
        self.reindex(done)
        return len(done)

    def reindex(self, done: Sequence[Operation | None]) -> None:
        """Bring the vector index in line with operations just applied; what has no vector yet is embedded in the background."""
        if not self.learner.reindex(done):
            self._learn_soon()

    def _learn_soon(self) -> None:
        self.background.submit("learning", self.learner.learn)

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
        count = operations.delete_session(self.store, session_id, memories=memories)
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
        self.engine = Engine(path, "chat", self.settings.model, self.paths, self.notice)
        self.engine.start()
        self._assess_soon()

    def _assess_soon(self) -> None:
        self.capability, self.learner.proposer = None, None
        self.background.submit("testing the model", self._assess)

    def _assess(self) -> None:
        """Find out what the loaded model may do for memory; once for each model and override."""
        try:
            info = self.engine.wait(LOAD_WAIT)
            override = self.settings.model.capability
            key = f"capability {override} {info.name} {info.size_bytes} {info.adapter}"
            known = self.store.meta(key)
            capability = Capability.model_validate_json(known) if known else assess(self.engine, override, self._talking)
        except (ModelError, TimeoutError):
            return  # no model, or the user talks: it is tested after the reply
        self.store.set_meta(key, capability.model_dump_json())
        self.capability = capability
        if capability.profile == "capable":
            self.learner.proposer = Proposer(
                lambda messages, schema, tokens: self.engine.json(messages, schema, max_tokens=tokens, cancel=self._talking),
                load_prompt("extract", self.paths.prompts),
                load_prompt("summary", self.paths.prompts),
            )
            self._learn_soon()  # what was left to read when the app closed

    # ------------------------------------------------------------------ background work

    def working_on(self) -> list[str]:
        """What runs in the background now."""
        doing = [self.background.doing] if self.background.doing else []
        return [*doing, "indexing"] if self.index.state == "building" else doing

    def settle(self, timeout: float = 60) -> bool:
        """Wait until the background work is done; False when time ran out."""
        return self.background.settle(timeout)

    def close(self) -> None:
        """Stop everything; work left over is resumed at the next start."""
        self._talking.set()  # the model stops in the middle of what it reads
        self.background.close()
        self.engine.close()
        self.embedder.close()
        self.index.close()
        self.store.close()


def _words(pieces: Iterable[str | Usage]) -> str:
    """What was said in these pieces of a reply."""
    return "".join(piece for piece in pieces if isinstance(piece, str)).strip()


def _title(text: str) -> str:
    """A session's first title: the first words of its first message."""
    line = " ".join(text.split())
    return line if len(line) <= 48 else line[:47].rsplit(" ", 1)[0] + "…"


def _count(n: int) -> str:
    return "1 memory" if n == 1 else f"{n} memories"
