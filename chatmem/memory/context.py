"""The prompt of one turn, within the model's context.

A stable head (system), the session verbatim, and the recalled notes just before the last message, so that the
model's prefix can be reused from turn to turn. The wording was chosen by measuring on the bundled model: facts said to
the user ("Your dog is a beagle."), best first, without dates, then the question. Of twelve questions it then answers
twelve with one fact in the prompt and ten with three; with facts in the user's own words eight and six.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Literal

from chatmem.errors import ContextTooSmall
from chatmem.memory.histories import asks_for_history
from chatmem.memory.keys import is_own_statement
from chatmem.memory.person import second_person
from chatmem.memory.query import asks_what_was_answered
from chatmem.memory.recall import ROUND_CHARACTERS, nearness
from chatmem.memory.times import age, resolve, written, written_range
from chatmem.prompts import Prompt
from chatmem.types import Recall, RecallItem, Turn
from chatmem.words import content_stems, is_question, statements

Message = dict[str, str]
NOTE_CHARACTERS = 600
OWN_STATEMENT = 2  # words of the question that a statement about oneself is worth
SMALL_MODEL = 1_000_000_000
NEAREST = 2  # notes of the second try
Skill = Literal["tiny", "trained", "full"]
"""How a model reads notes: a tiny one gets the least, one trained on them (the bundled one with its adapter) more, in order of time."""
NOTES: dict[Skill, int | None] = {"tiny": 3, "trained": 8, "full": None}
"""Most notes in a prompt: more than three confuse a tiny model, fewer lose the memory itself; the adapter was trained on one to eight."""


def skill_of(parameters: int, adapter: str | None) -> Skill:
    """The skill of a model of this size, with the adapter that was loaded with it."""
    return "full" if parameters >= SMALL_MODEL else "trained" if adapter else "tiny"


def notes_alone(message: str, recall: Recall, skill: Skill) -> bool:
    """Whether such a model answers from notes, without the conversation: a small one that is asked something remembered.

    With both, a tiny one would give its last answer again: python -m tests.bench.one_session.
    """
    return skill != "full" and is_question(message) and bool(_notable(message, recall, skill))


def _notable(message: str, recall: Recall, skill: Skill) -> list[RecallItem]:
    """What is shown of the recalled: a small model is not told replies unless asked for them, and a question alone tells it nothing."""
    if skill == "full" or asks_what_was_answered(message):
        return recall.shown
    return [item for item in recall.shown if item.source == "memory" or statements(item.text.partition("\n")[0]).strip()]


def notes_of(message: str, recall: Recall, today: date, skill: Skill) -> list[tuple[date, dict[str, str]]]:
    """What such a model is shown of the recalled, best first: of each the day, and the line of the prompt."""
    return [_note(item, message, today, skill) for item in _notable(message, recall, skill)[: NOTES[skill]]]


def nearest_notes(message: str, recall: Recall, skill: Skill) -> Recall | None:
    """The recall with the two nearest of its notes alone, for a trained model that did not find the answer in all; None where it had no more.

    Of what made-up people had told it the bundled model then answers 52% instead of 48%, and of what was never told it refuses 90% instead of
    92% (254 and 59 questions of the tuning half of tests.bench.weeks).
    """
    notes = _notable(message, recall, skill)[: NOTES[skill]]
    if skill != "trained" or len(notes) <= NEAREST:
        return None
    return recall.model_copy(update={"items": sorted(notes, key=nearness, reverse=True)[:NEAREST]})


def build_messages(
    prompt: Prompt,
    history: Sequence[Turn],
    message: str,
    recall: Recall,
    *,
    profile: str,
    now: datetime,
    room: int,
    skill: Skill,
    count: Callable[[list[Message]], int],
) -> list[Message]:
    """Messages that fit in ``room`` tokens as ``count`` measures them: oldest turns go first, in halves, then notes.

    A small model gets notes only when asked something, because it would otherwise recite them; with notes it gets no
    history. The trained one gets them oldest first, as it learnt to take the last for the newest. Raises ContextTooSmall
    when the message alone does not fit.
    """
    question = is_question(message)
    small, today = skill != "full", now.date()
    values = {
        "question": question and skill == "tiny",
        "dates": skill != "tiny",
        "nothing": recall.state == "none",
        "today": written(today),
        "message": message,
    }
    system = {"role": "system", "content": prompt.render("system", profile="" if small else profile, notes=[], **values)}
    notes = [] if small and not question else notes_of(message, recall, today, skill)
    kept = [] if notes_alone(message, recall, skill) else _spoken(history) if small else list(history)
    while True:
        ordered = [note for _, note in (sorted(notes, key=lambda dated: dated[0]) if skill == "trained" else notes)]
        last = prompt.render("user", notes=ordered, profile=profile, **values)
        messages = [system, *({"role": turn.role, "content": turn.content} for turn in kept), {"role": "user", "content": last}]
        if count(messages) <= room:
            return messages
        if kept:
            # Half at once: the head then stays the same for many turns, and its evaluation is reused.
            kept = kept[(len(kept) + 1) // 2 :]
            while kept and kept[0].role == "assistant":
                kept = kept[1:]
        elif notes:
            notes.pop()
        else:
            raise ContextTooSmall("This message is longer than the model's context.", "Send a shorter one, or raise model.context in the settings.")


def _spoken(history: Sequence[Turn]) -> list[Turn]:
    """The history without exchanges that a rule answered: the tiny model would only repeat their wording."""
    by_rule = {turn.parent for turn in history if turn.role == "assistant" and turn.model is None}
    return [turn for turn in history if turn.id not in by_rule and not (turn.role == "assistant" and turn.model is None)]


def note_line(text: str, day: date, today: date) -> dict[str, str]:
    """One note of the prompt: its words, its date and how long ago that was."""
    return {"text": text, "date": f"{written(day)}, {age(day, today)}"}


def with_dates(text: str, said: date) -> str:
    """Words said on a day, their relative times with the date meant: "yesterday [7 May 2023]". Models cannot reckon it."""
    parts: list[str] = []
    place = 0
    for span in resolve(text, said):
        if re.search(r"\d{4}", span.text) or span.end < span.start:
            continue
        parts += [text[place : span.finish], f" [{written_range(span.start, span.end)}]"]
        place = span.finish
    return "".join(parts) + text[place:]


def _note(item: RecallItem, question: str, today: date, skill: Skill) -> tuple[date, dict[str, str]]:
    """One recalled thing: its day, and the line of the prompt."""
    said = item.said_at.astimezone().date()
    if item.source == "memory":
        line = second_person(item.text)
        if item.history and (skill != "tiny" or asks_for_history(question)):
            line += " Before that: " + " ".join(second_person(past) for past in item.history)
        line = excerpt(line, question, NOTE_CHARACTERS)
    elif skill == "full":
        line = "We talked: " + with_dates(excerpt(item.text, question, ROUND_CHARACTERS), said)
    else:  # a tiny model takes a reply in a note for its own last words
        words, _, reply = item.text.partition("\n")
        line = "I said: " + with_dates(excerpt(words, question, NOTE_CHARACTERS), said)
        if skill == "trained" and asks_what_was_answered(question) and reply:
            line += " You answered: " + excerpt(reply, question, NOTE_CHARACTERS)
    day = item.event_start or said
    return day, note_line(line, day, today)


def excerpt(text: str, question: str, room: int) -> str:
    """A text of at most ``room`` characters: whole, or else the sentences nearest to the question, in their order.

    What somebody says about themselves goes before what was answered to it: that is where evidence mostly is.
    """
    whole = " ".join(text.split())
    if len(whole) <= room:
        return whole
    parts = [" ".join(part.split()) for part in re.split(r"(?<=[.!?])\s+|\n+", text) if part.strip()]
    stems = content_stems(question)
    chosen: set[int] = set()
    left = room
    worth = [len(stems & content_stems(part)) + OWN_STATEMENT * is_own_statement(part) for part in parts]
    for i in sorted(range(len(parts)), key=lambda i: (-worth[i], i)):
        if len(parts[i]) + 3 <= left:
            chosen.add(i)
            left -= len(parts[i]) + 3
    return " … ".join(parts[i] for i in sorted(chosen)) or whole[: room - 1] + "…"
