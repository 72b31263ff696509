"""Is the evidence in the prompt? The share of evidence rounds shown, and of evidence turns whose words are really there."""

from __future__ import annotations

import re
from datetime import datetime

from chatmem.evaluate.datasets import Case, Gold
from chatmem.evaluate.history import History
from chatmem.evaluate.systems import Found, estimate_tokens
from chatmem.memory.context import build_messages
from chatmem.prompts import Prompt

BUDGETS = (1000, 1500, 3000)
ENOUGH = 0.8  # of a turn's words, by sentences found whole


def prompt_text(prompt: Prompt, found: Found, now: datetime, *, ours: bool) -> str:
    """What a capable model is given besides the fixed instructions: chatmem's own prompt, or a baseline's plain text."""
    if not ours:
        return "\n".join([found.profile, *(item.text for item in found.recall.shown)])
    messages = build_messages(
        prompt, [], found.recall.question, found.recall, profile=found.profile, now=now, room=1, skill="full", count=lambda _: 0
    )
    return messages[-1]["content"]


def in_context(history: History, gold: Gold, found: Found, text: str) -> dict[str, float]:
    """``shown``: share of evidence rounds among the items shown; ``words``: share of evidence turns whose words the text holds."""
    case = history.case
    shown = {case.round_of(history.places[item.turn_id]) for item in found.recall.shown if item.turn_id in history.places}
    targets = {case.round_of(place) for place in gold.turns}
    words = _plain(text)
    held = sum(_holds(words, case.sessions[session].turns[turn].text) for session, turn in gold.turns)
    return {"shown": len(shown & targets) / len(targets), "words": held / len(gold.turns), "tokens": float(estimate_tokens(text))}


def history_tokens(case: Case) -> int:
    """Estimated tokens of the whole history."""
    return sum(estimate_tokens(said.text) for past in case.sessions for said in past.turns)


_DATE_MEANT = re.compile(r" \[[^\[\]\n]{0,40}\d{4}\]")  # put into the words by the prompt: "yesterday [7 May 2023]"


def _plain(text: str) -> str:
    """Words alone, one space between, so that layout, quotes, JSON escapes and dates put in by the prompt do not matter."""
    return " " + " ".join(re.findall(r"\w+", re.sub(r"\\[nrt\"]", " ", _DATE_MEANT.sub("", text)).casefold())) + " "


def _holds(words: str, turn: str) -> bool:
    parts = [_plain(part) for part in re.split(r"(?<=[.!?])\s+|\n+", turn)]
    total = sum(len(part.split()) for part in parts)
    return total > 0 and sum(len(part.split()) for part in parts if part in words) >= ENOUGH * total
