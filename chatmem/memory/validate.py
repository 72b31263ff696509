"""The check that a memory proposed by a model must pass: everything it says is in the words it was made from."""

from __future__ import annotations

import re
from datetime import date, datetime

from chatmem.memory.clauses import spell
from chatmem.memory.secrets import secret
from chatmem.memory.sentences import HOLE, sentences
from chatmem.memory.third_person import begins_with_verb
from chatmem.memory.time_words import DAYS, MONTHS, NUMBERS
from chatmem.memory.times import resolve
from chatmem.memory.worth import LAUGHTER, has_verb, joking, states
from chatmem.words import content_stems, content_words, is_question, stem, tokens

MAX_WORDS = 30
MIN_SUPPORT = 0.6
"""Share of the content stems that must occur in the source."""

_SECOND = re.compile(r"\b(?:you|your|yours|yourself)\b", re.IGNORECASE)
_FIRST = re.compile(r"\b(?:I|I'm|I've|my|mine|myself)\b")
_TIME_WORDS = frozenset([*MONTHS, *DAYS])
_NUMBER_WORDS = {word: str(value) for word, value in NUMBERS.items() if " " not in word and word not in ("a", "an")}


def validate(candidate_text: str, source: str, said_at: datetime) -> str | None:
    """Why a proposed sentence is refused; None when it may be kept.

    ``source`` is the user's message it was drawn from, ``said_at`` when they were said: a date in the proposal must be one
    that a time expression of the source means, or stand there as written.
    """
    text = " ".join(candidate_text.split())
    if not re.match(r"The user(?:'s)? \w", text):
        return "does not begin with The user"
    own = re.match(r"The user(?P<s>'s)? (?!and\b)(?P<rest>.+)", text)
    if own and not (has_verb(f"my {own['rest']}") if own["s"] else begins_with_verb(own["rest"])):
        return "is no sentence"
    if len(text.split()) > MAX_WORDS:
        return f"longer than {MAX_WORDS} words"
    if "?" in text or is_question(text):
        return "is a question"
    if _SECOND.search(text):
        return "speaks to the reader"
    if _FIRST.search(text):
        return "speaks in the first person"
    if secret(text):
        return f"holds a {secret(text)}"
    dates = _dates(source, said_at)
    if missing := _unknown_dates(text, source, said_at.date(), dates):
        return f"date not in the source: {missing}"
    if missing := next((number for number in _numbers(text) if number not in _numbers(source) | _parts(dates)), ""):
        return f"number not in the source: {missing}"
    have = set(tokens(source))
    if missing := next((name for name in _names(text) if not all(part in have or part in _TIME_WORDS for part in tokens(name))), ""):
        return f"name not in the source: {missing}"
    stems = {stem(word) for word in content_words(text) if not word.isdigit() and word not in _TIME_WORDS}
    if not stems:
        return "says nothing"
    known = {stem(word) for word in have}
    if len(stems & known) < MIN_SUPPORT * len(stems):
        return "not supported by the source"
    return _unstated(text, stems, source)


_SUPPOSED = re.compile(
    r"^(?:(?:ok|okay|so|well|and|but|like|hey|hmm) )*(?:if|say|suppose|imagine|let's say|lets say|pretend|what if)\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"(?:,|;|:| -| but| and| so| because| which)\s")
_LAUGHS = re.compile(rf"\W*\b(?:{LAUGHTER})\W*$", re.IGNORECASE)


def _unstated(text: str, stems: set[str], message: str) -> str | None:
    """Why a sentence with these stems is nothing that the user states: quoted, supposed, joked, heard or denied; None when it may be."""
    own = [_LAUGHS.sub("", words.strip().rstrip("?")) for _, _, words in sentences(message)]

    def shared(words: str) -> int:
        return len(stems & content_stems(f"{words} {spell(words)}"))

    if shared(" ".join(own)) < MIN_SUPPORT * len(stems):
        return "not in the user's own words"
    said = max(own, key=shared)
    if HOLE in said:
        return "quoted"
    if _SUPPOSED.match(said):
        return "supposed"
    if joking(said):
        return "not meant"
    clauses = sorted(_CLAUSE.split(said), key=shared, reverse=True)
    if not states(clauses[0]):
        return "not a statement"
    rests_on = [clauses[0], *(clause for clause in clauses[1:] if shared(clause) > 1)]
    return None if _negated(text) == any(_negated(spell(clause)) for clause in rests_on) else "says the opposite of the source"


def _dates(source: str, said_at: datetime) -> set[tuple[date, date]]:
    return {(span.start, span.end) for span in resolve(source, said_at.date())}


def _unknown_dates(text: str, source: str, today: date, dates: set[tuple[date, date]]) -> str:
    """The first time expression whose dates the source does not give and whose words it does not hold."""
    for span in resolve(text, today):
        within = any((start <= span.start and span.end <= end) or (span.start <= start and end <= span.end) for start, end in dates)
        if not within and span.text.casefold() not in source.casefold():
            return span.text
    return ""


def _parts(dates: set[tuple[date, date]]) -> set[str]:
    return {str(part) for pair in dates for day in pair for part in (day.year, day.month, day.day)}


def _numbers(text: str) -> set[str]:
    """Numbers in figures, and number words as figures."""
    figures = {re.sub(r"[.,](?=\d{3}\b)", "", number).rstrip(".,") for number in re.findall(r"\d[\d.,]*", text)}
    return figures | {_NUMBER_WORDS[word] for word in tokens(text) if word in _NUMBER_WORDS}


def _names(text: str) -> list[str]:
    """Capitalised words after the first."""
    return re.findall(r"(?<=[\w,;:('\"] )(?<![.!?] )[A-ZÀ-Þ][\w'’-]*", text.removeprefix("The user"))


def _negated(text: str) -> bool:
    return re.search(r"\b(?:not|never|no longer|no|cannot|nor)\b|n't\b", text, re.IGNORECASE) is not None
