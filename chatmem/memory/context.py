"""The prompt of one turn, within the model's context.

A stable head (system), the session verbatim, and the recalled notes just before the last message, so that the
model's prefix can be reused from turn to turn. The wording was chosen by measuring on the bundled model: facts said to
the user ("Your dog is a beagle."), best first, without dates, then the question. Of twelve questions it then answers
twelve with one fact in the prompt and ten with three; with facts in the user's own words eight and six.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from chatmem.errors import ContextTooSmall
from chatmem.memory.histories import asks_for_history
from chatmem.memory.keys import is_own_statement
from chatmem.memory.person import second_person
from chatmem.memory.recall import ROUND_CHARACTERS
from chatmem.memory.times import written
from chatmem.prompts import Prompt
from chatmem.types import Recall, RecallItem, Turn
from chatmem.words import content_stems, is_question

Message = dict[str, str]
NOTE_CHARACTERS = 600
OWN_STATEMENT = 2  # words of the question that a statement about oneself is worth
SMALL_MODEL = 1_000_000_000
NOTES_FOR_SMALL = 3  # more confuse it; fewer would too often lose the memory itself


def notes_alone(message: str, recall: Recall, parameters: int) -> bool:
    """Whether a model of this size answers from notes, without the conversation: a tiny one that is asked something remembered.

    With both it would give its last answer again: python -m tests.bench.one_session.
    """
    return parameters < SMALL_MODEL and is_question(message) and bool(recall.shown)


def build_messages(
    prompt: Prompt,
    history: Sequence[Turn],
    message: str,
    recall: Recall,
    *,
    profile: str,
    now: datetime,
    room: int,
    parameters: int,
    count: Callable[[list[Message]], int],
) -> list[Message]:
    """Messages that fit in ``room`` tokens as ``count`` measures them: oldest turns go first, in halves, then notes.

    ``parameters`` is the model's size: one under a billion gets few notes, and only when asked something, because
    it would otherwise recite them; with notes it gets no history. Raises ContextTooSmall when the message alone does not fit.
    """
    question = is_question(message)
    small = parameters < SMALL_MODEL
    values = {"question": question, "dates": not small, "nothing": recall.state == "none", "today": written(now.date()), "message": message}
    system = {"role": "system", "content": prompt.render("system", profile="" if small else profile, notes=[], **values)}
    shown = [] if small and not question else recall.shown[: NOTES_FOR_SMALL if small else None]
    notes = [_note(item, message, small=small) for item in shown]
    kept = [] if notes_alone(message, recall, parameters) else _spoken(history) if small else list(history)
    while True:
        last = prompt.render("user", notes=notes, profile=profile, **values)
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


def _note(item: RecallItem, question: str, *, small: bool) -> dict[str, str]:
    """Date and words of one recalled thing, as the prompt gives them."""
    if item.source == "memory":
        line = second_person(item.text)
        if item.history and (not small or asks_for_history(question)):
            line += " Before that: " + " ".join(second_person(past) for past in item.history)
        line = excerpt(line, question, NOTE_CHARACTERS)
    elif small:  # the tiny model takes a reply in a note for its own last words
        line = "I said: " + excerpt(item.text.partition("\n")[0], question, NOTE_CHARACTERS)
    else:
        line = "We talked: " + excerpt(item.text, question, ROUND_CHARACTERS)
    return {"date": written(item.event_start or item.said_at.astimezone().date()), "text": line}


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
