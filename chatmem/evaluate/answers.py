"""From what was recalled to an answer: the reader.

Under a billion parameters the app's own prompt is used, which was chosen for such models by measuring. Larger ones read
the recalled rounds as dated JSON in order of time (LongMemEval's protocol); capable ones take notes before they answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from chatmem.errors import ContextTooSmall
from chatmem.evaluate.datasets import Question
from chatmem.evaluate.systems import Found, estimate_tokens
from chatmem.memory.context import SMALL_MODEL, Skill, build_messages
from chatmem.memory.rule_reply import rule_reply
from chatmem.memory.times import written
from chatmem.prompts import Prompt
from chatmem.store import Store
from chatmem.types import RecallItem, Usage

Messages = list[dict[str, str]]
Reading = Literal["chat", "direct", "notes"]
CAPABLE_MODEL = 2_500_000_000  # parameters; notes before the answer brought 11 points at 3B, and 1 point at 1B
ANSWER_TOKENS = {"chat": 120, "direct": 500, "notes": 800}


class Model(Protocol):
    """A chat model, as the reader and the judge see it: the engine."""

    def chat(self, messages: Sequence[dict[str, str]], *, max_tokens: int, temperature: float | None = None) -> Iterator[str | Usage]:
        """A reply in pieces, and its cost."""

    def count(self, messages: Sequence[dict[str, str]]) -> int:
        """Tokens of a prompt."""


@dataclass(frozen=True)
class Answer:
    """A reply and what it cost; ``fits`` is False when the system's context was larger than the model's."""

    text: str
    prompt_tokens: int = 0
    reply_tokens: int = 0
    seconds: float = 0.0
    fits: bool = True


@dataclass(frozen=True)
class Reader:
    """A model that answers, by one of the protocols. ``context`` is in tokens."""

    model: Model
    context: int
    skill: Skill
    protocol: Reading
    chat_prompt: Prompt
    reader_prompt: Prompt

    @property
    def room(self) -> int:
        """Tokens that a prompt may have."""
        return self.context - ANSWER_TOKENS[self.protocol]

    def answer(self, store: Store, found: Found, question: Question) -> Answer:
        """Answer a question from what a system recalled. Raises ModelError."""
        if not found.fits:
            return Answer("", fits=False)
        try:
            if self.protocol == "chat":
                if (
                    self.skill != "full"
                    and not found.profile
                    and (plain := rule_reply(question.text, found.recall, [], 0, trained=self.skill == "trained"))
                ):
                    return Answer(plain)  # as the app answers with a model this small
                messages = build_messages(
                    self.chat_prompt,
                    [],
                    question.text,
                    found.recall,
                    profile=found.profile,
                    now=question.at,
                    room=self.room,
                    skill=self.skill,
                    count=self.model.count,
                )
            else:
                messages = self._with_history(store, found, question)
        except ContextTooSmall:
            return Answer("", fits=False)
        return generate(self.model, messages, ANSWER_TOKENS[self.protocol])

    def _with_history(self, store: Store, found: Found, question: Question) -> Messages:
        shown = list(found.recall.shown)
        while True:
            messages = self.messages(store, shown, found.profile, question)
            if self.model.count(messages) <= self.room:
                return messages
            if not shown:
                raise ContextTooSmall("The question alone is longer than the model's context.")
            shown.pop()  # the least relevant goes first

    def messages(self, store: Store, shown: Sequence[RecallItem], profile: str, question: Question) -> Messages:
        """The reader's prompt: always in order of time, whatever the rank."""
        blocks = [block(store, item) for item in sorted(shown, key=lambda item: item.said_at)]
        values = {
            "blocks": blocks,
            "profile": profile,
            "today": _day(question.at),
            "question": question.text,
            "notes_first": self.protocol == "notes",
        }
        return [{"role": part, "content": self.reader_prompt.render(part, **values)} for part in ("system", "user")]


def choose_protocol(profile: Literal["auto", "basic", "capable"], parameters: int) -> Reading:
    """How a model of this size reads, unless ``profile`` says otherwise."""
    if profile == "capable":
        return "notes"
    if profile == "basic" or parameters < SMALL_MODEL:
        return "chat"
    return "notes" if parameters >= CAPABLE_MODEL else "direct"


def block(store: Store, item: RecallItem) -> dict[str, str]:
    """One recalled thing for the reader: its date, and its content as JSON."""
    content: Any
    if item.source == "memory":
        content = {"fact": item.text}
    else:
        user, reply = store.round(item.id)
        content = [{"role": turn.role, "content": turn.content} for turn in (user, reply) if turn is not None]
    return {"date": _day(item.said_at.astimezone()), "json": json.dumps(content, ensure_ascii=False)}


def _day(moment: datetime) -> str:
    return written(moment.date(), weekday=True)


def generate(model: Model, messages: Messages, max_tokens: int) -> Answer:
    """Run a model once, always taking the likeliest word."""
    pieces: list[str] = []
    usage = Usage(prompt_tokens=sum(estimate_tokens(message["content"]) for message in messages))
    for piece in model.chat(messages, max_tokens=max_tokens, temperature=0.0):
        if isinstance(piece, Usage):
            usage = piece
        else:
            pieces.append(piece)
    return Answer("".join(pieces).strip(), usage.prompt_tokens, usage.reply_tokens, usage.seconds)


def final_answer(text: str, protocol: Reading) -> str:
    """What counts as the answer: with notes, the words after the last "Answer:"."""
    if protocol == "notes":
        _, mark, answer = text.rpartition("Answer:")
        return answer.strip() if mark and answer.strip() else text
    return text
