"""Answers scored by rule: "rule accuracy". It is not the accuracy of LongMemEval, which needs its judge.

Each answer is of a kind (text, number, list, date, abstain, rubric), given by the question set or read off the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chatmem.evaluate.datasets import Gold
from chatmem.memory.echoes import refuses

AnswerType = Literal["text", "number", "date", "list", "abstain", "rubric"]
F1_ENOUGH = 0.6
_UNITS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen").split()
_TENS = {name: str(20 + 10 * i) for i, name in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())}
_NUMBERS = {name: str(value) for value, name in enumerate(_UNITS)} | _TENS | {"once": "1", "twice": "2", "dozen": "12"}
_ORDINALS = dict(zip("first second third fourth fifth sixth seventh eighth ninth tenth".split(), map(str, range(1, 11)), strict=True))
_MONTHS = "january february march april may june july august september october november december".split()
_SKIP = frozenset("a an the of to in on at for and or is are was were it its i you your my his her their with by from that this".split())
_SPANS = re.compile(r"\b(?:day|week|month|year)s?\b")
_ALTERNATIVES = re.compile(r"\bacceptable\b|\bor\b", re.IGNORECASE)


@dataclass(frozen=True)
class Scored:
    """The verdict on an answer. ``correct`` is None where no rule can tell; ``rule`` names the one that was used."""

    correct: bool | None
    rule: str
    refused: bool


def normalise(text: str) -> list[str]:
    """Words in lower case without articles and punctuation; numbers, ordinals and amounts as digits."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.casefold()).replace("’", "'")
    text = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text)
    text = re.sub(r"\b(\d+)\s*(a|p)\.?m\b\.?", r"\1 \2m", text)
    words: list[str] = []
    for word in re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?", text):
        word = word.removesuffix("'s")
        word = _NUMBERS.get(word, _ORDINALS.get(word, word))
        if words and word.isdigit() and len(word) == 1 and words[-1] in _TENS.values() and word != "0":
            words[-1] = str(int(words[-1]) + int(word))  # twenty five
        elif word not in _SKIP or word == "may":
            words.append(word)
    return words


def answer_type(gold: Gold) -> AnswerType:
    """The kind of answer that is expected."""
    if gold.abstention:
        return "abstain"
    if gold.must_include or gold.type == "single-session-preference":
        return "rubric"
    for kind in ("number", "date", "list", "rubric", "text"):
        if gold.answer_type == kind:
            return kind
    words = normalise(gold.answer)
    if any(month in words for month in _MONTHS) and any(word.isdigit() for word in words):
        return "date"
    if words and re.fullmatch(r"\d+(?:\.\d+)?", words[0]) and (len(words) <= 3 or _ALTERNATIVES.search(gold.answer)):
        return "number"
    return "list" if gold.answer.count(",") >= 2 else "text"


def score_answer(gold: Gold, answer: str) -> Scored:
    """Judge an answer by the rule of its kind."""
    kind = answer_type(gold)
    refused = refuses(answer)
    said = normalise(answer)
    forbidden = any(_holds(said, normalise(words)) for words in gold.must_not_include)
    if kind == "abstain":
        # A correction ("not Rome, it was Lisbon") is as good as a refusal.
        corrected = bool(gold.must_include) and all(any(_holds(said, normalise(w)) for w in group) for group in gold.must_include)
        return Scored((refused or corrected) and not forbidden, "abstain", refused)
    if kind == "rubric":
        if not gold.must_include:
            return Scored(None, "rubric", refused)
        return Scored(all(any(_holds(said, normalise(w)) for w in group) for group in gold.must_include) and not forbidden, "rubric", refused)
    if forbidden:
        return Scored(False, kind, refused)
    if kind == "number":
        return Scored(_number(gold, said), "number", refused)
    if kind == "list":
        items = [normalise(item) for item in re.split(r",|;|\band\b|\n", gold.answer)]
        return Scored(all(_holds(said, item) for item in items if item), "list", refused)
    wanted = normalise(gold.answer)
    return Scored(_holds(said, wanted) or f1(wanted, said) >= F1_ENOUGH, kind, refused)


def _number(gold: Gold, said: list[str]) -> bool:
    wanted = {float(word) for word in normalise(gold.answer) if re.fullmatch(r"\d+(?:\.\d+)?", word)}
    given = [float(word) for word in said if re.fullmatch(r"\d+(?:\.\d+)?", word)]
    # Counting days inclusively or not is no error, as the official criteria have it.
    slack = 1.0 if gold.type.startswith("temporal") and _SPANS.search(gold.answer.casefold()) else 0.0
    found = [any(abs(number - want) <= slack for number in given) for want in wanted]
    return any(found) if _ALTERNATIVES.search(gold.answer) else bool(found) and all(found)


def _holds(said: list[str], words: list[str]) -> bool:
    return bool(words) and set(map(_singular, words)) <= set(map(_singular, said))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def begins(sentence: str, must: Sequence[str]) -> bool:
    """Whether every required word begins a word of the sentence; "a|b" means either."""
    low = sentence.casefold()
    return all(any(re.search(rf"(?<!\w){re.escape(word)}", low) for word in option.split("|")) for option in must)


def f1(wanted: list[str], said: list[str]) -> float:
    """Harmonic mean of the shares of words in common."""
    common = sum(min(wanted.count(word), said.count(word)) for word in set(wanted))
    return 2 * common / (len(wanted) + len(said)) if common else 0.0
