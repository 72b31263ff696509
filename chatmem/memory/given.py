"""What chatmem gave that the user may ask about again: recommendations, lists and names that they had asked for."""

from __future__ import annotations

import re
from datetime import datetime

from chatmem.memory.secrets import secret
from chatmem.memory.third_person import possessive
from chatmem.types import Candidate
from chatmem.words import content_words, keywords

MAX_GIVEN = 3
NAMES_EACH = 8
MAX_SPAN = 1_200

_WANTED = re.compile(
    r"\b(?:recommend\w*|suggest\w*|ideas?|names?|options|alternatives|list|top \d+|some (?:good |nice |great )?\w+s\b|any (?:good |nice |great )?\w+s\b|"
    r"(?:where|what|which(?: \w+){1,3}) (?:can|should|could|might) (?:i|we)|what are (?:some|the|good)|best|good (?:place|book|film|movie|restaurant|gift|name)s?)\b",
    re.IGNORECASE,
)
_NOT_WANTED = re.compile(
    r"\b(?:how (?:do|can|should|to)|steps?|instructions|explain|why|code|function|script|error|translate|summar\w+|rewrite|proofread|essay|story|poem|email)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^[ \t]*(?:[-*•–]|\d{1,2}[.)])[ \t]+(?P<item>\S[^\n]{1,300})$", re.MULTILINE)
_BOLD = re.compile(r"^(?:\*\*|__)(?P<name>[^*_\n]{2,60}?)(?:\*\*|__)")
_CUT = re.compile(r"\s+[-–—]\s+|:\s|\s\(|,\s|\.\s|\.$|\s[-–—]$|;|:$")
_INLINE = re.compile(
    r"\b(?:recommend|suggest|try|consider|check out|visit|go to|read|watch|such as|like|are|is|would be)(?: either| both)?:? (?P<names>(?:the )?[A-ZÀ-Þ][^\n.;:!?]{2,200}(?:(?:, )[A-ZÀ-Þ][^\n.;:!?]{1,60})*)"
)
_REFUSAL = re.compile(
    r"\b(?:i (?:don't|do not|can't|cannot) (?:know|have|remember|recommend|help)|no (?:memory|information)|i'm not able)\b", re.IGNORECASE
)
_ASKED_WHAT = re.compile(r"\b(?P<word>where|what|which(?: [\w-]+){1,4}?) (?:can|should|could|might) (?:i|we) (?P<rest>[^?!.]+)", re.IGNORECASE)
_ASKED_FOR = re.compile(
    r"\b(?:recommend|suggest|give|list|name|tell|find|need|want|know|are|is|have|got|me|some|any|for|of)\b(?: me| us| of)*(?: some| any| a few| a| an| the| \d+| two| three| five| ten| good| nice| great| best| list of| few| other)* (?P<topic>(?!me\b|you\b|i\b)[a-z][^?!.]+)",
    re.IGNORECASE,
)


def extract_given(reply: str, asked: str, said_at: datetime) -> list[Candidate]:
    """At most three memories of what a reply recommended or listed; none unless ``asked``, the user's message, wanted such a thing.

    Subject "assistant"; ``span`` is verbatim from the reply. ``said_at`` is kept for the caller's order of arguments: nothing is dated.
    """
    del said_at
    question = " ".join(asked.split())[-300:]
    if not _WANTED.search(question) or _NOT_WANTED.search(question) or _REFUSAL.search(reply[:400]):
        return []
    reply = reply[:20_000]
    names = _listed(reply) or _inline(reply)
    topic = _topic(question)
    if not names or not topic:
        return []
    found: list[Candidate] = []
    for first in range(0, min(len(names), MAX_GIVEN * NAMES_EACH), NAMES_EACH):
        part = names[first : first + NAMES_EACH]
        span = reply[part[0][1] : part[-1][2]].strip()
        if len(span) > MAX_SPAN or secret(span):
            continue
        text = f"chatmem recommended {_joined([name for name, _, _ in part])} when the user asked {topic}."
        found.append(Candidate(kind="fact", text=text, span=span, subject="assistant", keywords=keywords(text), importance=4))
    return found


def _listed(reply: str) -> list[tuple[str, int, int]]:
    """The names that head the items of a list: (name, begin, end of the item); none when the items are sentences or steps."""
    reply = re.sub(r"```.*?(?:```|\Z)", lambda m: "\n" * len(m[0]), reply, flags=re.DOTALL)
    found = []
    items = list(_ITEM.finditer(reply))
    for match in items:
        item = match["item"].strip()
        bold = _BOLD.match(item)
        name = bold["name"].strip(" :.,") if bold else _CUT.split(item, maxsplit=1)[0].strip(" *_:.,")
        if 1 <= len(name.split()) <= (8 if bold else 6) and re.search(r"\w", name) and "?" not in name:
            found.append((name, match.start(), match.end()))
    return found if len(found) >= 2 and len(found) >= 0.6 * len(items) else []


def _inline(reply: str) -> list[tuple[str, int, int]]:
    """Names in a row in a sentence: "try Café Lund, Bar Tolv or Nisse"."""
    for match in _INLINE.finditer(reply):
        parts = re.split(r",\s+(?:and |or )?|\s+(?:and|or)\s+", match["names"])
        names = []
        for part in parts:
            name = re.match(
                r"(?:the |The )?[A-ZÀ-Þ][\w'’&-]*(?: (?:of|the|de|la|le|and|in|at|for|[A-ZÀ-Þ\d][\w'’&-]*))*(?<! of)(?<! the)(?<! in)(?<! at)(?<! for)",
                part.strip(),
            )
            if not name:
                break
            names.append(name[0].strip())
        if len(names) >= 2 or (len(names) == 1 and len(names[0].split()) >= 2):
            return [(name, match.start("names"), match.end("names")) for name in names]
    return []


def _topic(question: str) -> str:
    """What was asked, as it stands after "when the user asked": "for restaurants in Malmö", "where to eat in Malmö"."""
    if match := _ASKED_WHAT.search(question):
        words = f"{match['word'].lower()} to {match['rest'].strip()}"
    elif match := _ASKED_FOR.search(question):
        words = f"for {match['topic'].strip()}"
    else:
        return ""
    words = re.sub(r"\b(?:please|today|right now|as well|thanks)\b", "", words)
    cut = " ".join(possessive(" ".join(words.split())).split()[:14]).strip(" ,.-")
    return cut if content_words(cut) and not secret(cut) else ""


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
