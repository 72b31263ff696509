"""Words of English text: tokens, content words (without stop words), and Porter stems."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snowballstemmer.basestemmer import BaseStemmer

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

STOP_WORDS = frozenset(
    """a about above after again against ain all also am an and any anyone anything are aren as at be because been before being below between both but by
    can cannot could couldn d did didn do does doesn doing don done down during each else etc even ever every few for from further get gets getting got had hadn
    has hasn have haven having he her here hers herself hey hi him himself his how i if im in into is isn it its itself ive just know let ll m ma many may me might
    mine more most much must my myself need no nor not now of off ok on once one only or other our ours ourselves out over own please re really remember s same say
    shall she should shouldn so some someone something such t tell than thank thanks that the their theirs them themselves then there these they thing things this those
    through to too under until up us use used user ve very was wasn we were weren what when where which while who whom whose why will with won would wouldn y
    yes you your yours yourself yourselves""".split()
)


def tokens(text: str) -> list[str]:
    """Words in lower case, in order, with possessives and contractions cut at the apostrophe."""
    return [part for word in _WORD.findall(text) for part in re.split(r"['’]", word.casefold()) if part]


def content_words(text: str) -> list[str]:
    """Words that carry meaning, in lower case, in order."""
    return [word for word in tokens(text) if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())]


def keywords(text: str) -> list[str]:
    """The first content words of a memory, each once; at most twelve."""
    return list(dict.fromkeys(content_words(text)))[:12]


@lru_cache(maxsize=1)
def _stemmer() -> BaseStemmer:
    import snowballstemmer

    return snowballstemmer.stemmer("porter")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The Porter stem of a lower-case word."""
    result: str = _stemmer().stemWord(word)
    return result


def content_stems(text: str) -> set[str]:
    """Porter stems of the content words."""
    return {stem(word) for word in content_words(text)}


_ASKS = re.compile(
    r"^\W*(?:and |so |but |ok(?:ay)?,? |hey,? |hi,? )*(?:who|whose|what|which|when|where|why|how|do|does|did|is|are|am|was|were|can|could|will|would|should|have|has|had|tell me|remind me|any idea|name (?:all|every\w*|both)|list (?:all|every\w*|both)|(?:on|in|at|for|to|with|from|by|since|until|about|of) (?:who(?:m|se)?|what|which|how|when|where))\b",
    re.IGNORECASE,
)


def is_question(text: str) -> bool:
    """Whether a message asks something, by its mark or its first words."""
    return "?" in text or bool(_ASKS.match(text))


_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bMrs\.)(?<!\bSt\.)\s+|\n+")


def statements(text: str) -> str:
    """The sentences of a text that are not questions."""
    return " ".join(part for part in _SENTENCE_END.split(text) if not is_question(part))


def is_personal(text: str) -> bool:
    """Whether a question is about the user: "my dog", "where did I go"; not "tell me a story", "what should I cook" or "how do I boil rice"."""
    return re.search(r"\b(?:my|mine|our|ours|(?:am|was|(?<!how )do|did|have|had) (?:i|we))\b", text, re.IGNORECASE) is not None


_SELF = re.compile(
    r"\b(?:i|im|ive|my|mine|we|our|ours|(?<!\btell )(?<!\bgive )(?<!\bshow )(?<!\bhelp )(?<!\blet )(?<!\bwrite )(?<!\bmake )(?:me|us))\b",
    re.IGNORECASE,
)


def speaks_of_self(text: str) -> bool:
    """Whether somebody speaks of themselves, alone or with others: "who teaches me?", "where do we live"; not "tell me a joke"."""
    return _SELF.search(text) is not None
