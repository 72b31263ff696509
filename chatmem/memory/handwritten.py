"""Words that people write by hand into their memory, made like those that were learnt."""

from __future__ import annotations

import re

from chatmem.memory.clauses import spell
from chatmem.memory.person import base_form
from chatmem.memory.third_person import finite, is_present, third_person

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


_CLAUSE = re.compile(
    r"(?:(?:the user|the user's [\w-]+|his|her|their|its)(?: [A-Z][\w-]+)?|[A-Z][\w-]+|he|she|it|they) (?:\w+ed|\w+s|has|had|was|were|is|are|will|can|went|took|came|drove|got|made|gave|told|met|saw|ran|sent|paid|broke|left|found|lost|won|brought|bought|began|fell|kept)\b"
)
"""What has a subject and a verb of its own."""


def as_written_down(text: str) -> str:
    """Sentences in the first person as sentences about the user ("I like tea" -> "The user likes tea."); others stay."""
    return " ".join(third_person(spell(sentence)) or sentence for sentence in _SENTENCE_END.split(text))


def parts_of(text: str) -> list[str]:
    """A first guess at what a memory splits into: its sentences, or the parts of one that "and" joins, each whole."""
    parts = [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
    match = re.match(r"^(The user(?:'s [\w ]+?)?) ([a-z]\w*) (.+?),? and (.+)$", text)
    if len(parts) > 1 or match is None:
        return parts
    subject, verb, first, second = match.groups()
    word = second.split()[0]
    if _is_verb(word):
        return [f"{subject} {verb} {first}.", f"{subject} {finite(word)}{second.removeprefix(word)}"]
    if _CLAUSE.match(second):
        return [f"{subject} {verb} {first}.", f"{second[:1].upper()}{second[1:]}"]
    return [f"{subject} {verb} {part.rstrip('.')}." for part in [*first.split(", "), second]]


def _is_verb(word: str) -> bool:
    """Whether a word stands as a verb after "the user"."""
    low = word.lower()
    return low.isalpha() and (finite(low) == low or is_present(base_form(low)))
