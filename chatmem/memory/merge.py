"""Which current facts may be folded into one, and the sentence that stands for them; nothing is made up and nothing lost."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from chatmem.memory.claims import Claim, read
from chatmem.types import Memory
from chatmem.words import content_words

NEAR_SAME = 0.91
MAX_WORDS = 30

# A verb that takes several objects at once: "plays the guitar" and "plays the piano" make one list.
_LISTED = re.compile(
    r"^(?P<head>(?:The )?[Uu]ser(?:'s [a-z]+(?: [A-Z]\w+)?)? (?:speaks|can speak|plays|likes|loves|enjoys|does not like|doesn't like|hates|is allergic to|collects|is afraid of|knits|grows|has visited)) "
    r"(?P<object>(?:[\w'-]+ ){0,3}[\w'-]+(?:(?:, (?:[\w'-]+ ){0,3}[\w'-]+)*,? and (?:[\w'-]+ ){0,3}[\w'-]+)?)[.!]?$"
)
_NOT_AN_OBJECT = re.compile(r"\b(?:to|with|on|at|in|for|from|when|while|because|but|or|than|not|now|every|about|that|who|as|if|after|before|\w*\d\w*|monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?\b", re.I)  # fmt: skip


def merge_groups(memories: Sequence[Memory], vectors: np.ndarray) -> list[list[str]]:
    """Groups of ids to fold together, each of two or more, in the order of the memories; a memory is in one group at most.

    ``vectors`` is float32 (n, dim), normalised, a row for each memory. Near the same (cosine >= .91 between all members) only
    when subject, numbers, names, times and polarity are equal; or one list of objects of the same verb, up to 30 words.
    Only current facts that are not pinned are folded.
    """
    places = [i for i, memory in enumerate(memories) if memory.kind == "fact" and memory.status == "active" and not memory.pinned]
    claims = {i: read(memories[i].text, memories[i].subject) for i in places}
    groups: list[list[int]] = []
    taken: set[int] = set()
    for i in places:
        if i in taken:
            continue
        group = [i]
        for j in places:
            if j > i and j not in taken and all(_says_the_same(claims[j], claims[k]) and float(vectors[j] @ vectors[k]) >= NEAR_SAME for k in group):
                group.append(j)
        if len(group) > 1:
            groups.append(group)
            taken.update(group)
    lists: dict[tuple[str, str], list[int]] = {}
    for i in places:
        if i not in taken and (parts := listed(memories[i].text)) and not claims[i].numbers:
            lists.setdefault((memories[i].subject, parts[0].casefold()), []).append(i)
    for members in lists.values():
        group = []
        for i in members:
            if len(merge_text([memories[k].text for k in [*group, i]]).split()) <= MAX_WORDS:
                group.append(i)
        if len(group) > 1:
            groups.append(group)
    return [[memories[i].id for i in group] for group in sorted(groups)]


def merge_text(texts: Sequence[str]) -> str:
    """One sentence for several: their list when all have one verb with its objects, else the one that says most (the first of equals)."""
    parts = [listed(text) for text in texts]
    if all(parts) and len({part[0].casefold() for part in parts if part}) == 1:
        head = next(part[0] for part in parts if part)
        objects = list(dict.fromkeys(item for part in parts if part for item in part[1]))
        if len(objects) > 1:
            return f"{head} {', '.join(objects[:-1])} and {objects[-1]}."
    return max(texts, key=lambda text: len(content_words(text)))


def listed(text: str) -> tuple[str, list[str]] | None:
    """A sentence of a verb that takes several objects, as its head and its objects; None for others."""
    match = _LISTED.match(" ".join(text.replace("’", "'").split()))
    if match is None or _NOT_AN_OBJECT.search(match["object"]):
        return None
    return match["head"], [item for item in re.split(r", (?:and )?| and ", match["object"]) if item]


def _says_the_same(a: Claim, b: Claim) -> bool:
    """Equal in everything that a paraphrase keeps."""
    return (
        (a.subject, a.numbers, a.names, a.days, a.parts, a.dates, a.negative, a.over, a.past, a.status)
        == (b.subject, b.numbers, b.names, b.days, b.parts, b.dates, b.negative, b.over, b.past, b.status)
        and (a.relation == b.relation or None in (a.relation, b.relation))
        and (a.value == b.value or a.relation is None or b.relation is None)
        and not ((a.stems - b.stems - {a.verb}) and (b.stems - a.stems - {b.verb}))
    )
