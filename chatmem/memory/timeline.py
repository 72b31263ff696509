"""Timelines: how one memory led to another, and the path through them (after THEANINE, Ong et al. 2025).

Links go from the memory that was formed earlier to the one formed later (equal times: the smaller id first), so a
cycle cannot be made. What a path shows is when things happened, which `time_of` tells.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from chatmem.memory.apply import order
from chatmem.memory.claims import read
from chatmem.memory.update import compare
from chatmem.types import Link, Memory, Relation
from chatmem.words import content_stems

GATE = 0.35
NEAREST = 3
SAME_TOPIC = 0.42
COMPONENT_CAP = 200
PATHS = 3
NODES = 6

_BECAUSE = re.compile(r"\b(?:because of|because|due to|thanks to|as a result of|since (?!\d|last|then|january|february|march|april|may|june|july|august|september|october|november|december)|owing to)\b", re.I)  # fmt: skip
_THEREFORE = re.compile(r"(?:,|\band) so\b(?! that)|\b(?:therefore|that's why|that is why|which is why|as a result|consequently|so now)\b", re.I)
_FEELING = re.compile(
    r"\b(?:happy|sad|proud|glad|excited|relieved|upset|angry|annoyed|worried|anxious|nervous|stressed|afraid|scared|disappointed|frustrated|lonely|grateful|thankful|thrilled|"
    r"heartbroken|ashamed|embarrassed|jealous|surprised|shocked|guilty|overwhelmed|depressed|delighted|regrets?|misses|hopeful|devastated|furious|touched|bored)\b",
    re.I,
)
_WISH = re.compile(
    r"\b(?:wants?|hopes?|plans?|planning|wishes|would like|would love|dreams? of|intends?|looking forward|going to|aims?|considering|thinking (?:about|of))\b",
    re.I,
)
_OBSTACLE = re.compile(
    r"\b(?:cannot|can't|can not|couldn't|unable|unless|blocked|prevents?|prevented|stuck|has to wait|had to (?:cancel|postpone|skip|miss)|too (?:busy|tired|expensive|ill|sick)|doesn't have (?:the )?(?:time|money)|"
    r"not (?:able|allowed)|hasn't been able)\b",
    re.I,
)
_WEIGHT: dict[Relation, float] = {"Changed": 1.0, "Cause": 0.2, "Reason": 0.2, "HinderedBy": 0.1, "React": 0.1, "Want": 0.1, "SameTopic": 0.0}
"""Added to the cosine: a relation that says more is followed first."""


def time_of(memory: Memory) -> date:
    """When it happened; when it was mentioned if that is all that is known."""
    return memory.event_start or memory.created_at.date()


def relate(new: Memory, old: Memory, cosine: float) -> tuple[Relation, float] | None:
    """How an older memory bears on a newer one, with a weight 0..1; None when they only look alike.

    Changed: old became new. Cause: old caused new. Reason: old is so because of new. HinderedBy: one stands in the
    way of the other. React: a feeling about old. Want: a wish that follows from old. SameTopic: about the same thing.
    """
    found = _relation(new, old, cosine)
    return None if found is None else (found, round(max(0.0, min(1.0, _WEIGHT[found] + (0.0 if found == "Changed" else cosine))), 4))


def _relation(new: Memory, old: Memory, cosine: float) -> Relation | None:
    if cosine < GATE:
        return None
    if compare(new, old, cosine)[0] in ("REPLACE", "END"):
        return "Changed"
    shared = _words(new.text) & _words(old.text)
    if shared:
        if cause := _causal(new, old):
            return cause
        for pattern, relation in _CUED:
            # the cue itself is no reference: two wishes need not be about one thing
            if pattern.search(new.text) and shared - _words(" ".join(found[0] for found in pattern.finditer(new.text))):
                return relation
    names = read(new.text, new.subject).names & read(old.text, old.subject).names
    return "SameTopic" if cosine >= SAME_TOPIC or (len(shared) >= 2 and names) else None


_CUED: tuple[tuple[re.Pattern[str], Relation], ...] = ((_OBSTACLE, "HinderedBy"), (_FEELING, "React"), (_WISH, "Want"))


def _words(text: str) -> set[str]:
    return content_stems(text) - {"user"}


def _causal(new: Memory, old: Memory) -> Relation | None:
    """A causal word, and which of its two clauses the older memory matches."""
    if match := _BECAUSE.search(new.text):
        effect, cause = new.text[: match.start()], new.text[match.end() :]
    elif match := _THEREFORE.search(new.text):
        cause, effect = new.text[: match.start()], new.text[match.end() :]
    else:
        return None
    by_cause, by_effect = len(_words(cause) & _words(old.text)), len(_words(effect) & _words(old.text))
    if by_cause == by_effect == 0:
        return None
    return "Cause" if by_cause >= by_effect else "Reason"


def components(links: Iterable[Link]) -> dict[str, frozenset[str]]:
    """The connected component of every linked memory."""
    parent: dict[str, str] = {}

    def root(id_: str) -> str:
        parent.setdefault(id_, id_)
        while parent[id_] != id_:
            parent[id_] = parent[parent[id_]]
            id_ = parent[id_]
        return id_

    for link in links:
        parent[root(link.src)] = root(link.dst)
    members: dict[str, set[str]] = defaultdict(set)
    for id_ in parent:
        members[root(id_)].add(id_)
    whole = {top: frozenset(ids) for top, ids in members.items()}
    return {id_: whole[root(id_)] for id_ in parent}


def choose_links(new: Memory, candidates: Sequence[tuple[Memory, float]], components: Mapping[str, frozenset[str]] | None = None) -> list[Link]:
    """Links to a new memory from the nearest older ones: at most three by cosine, above the gate, that bear on it.

    With ``components`` each component that is reached gets one more link, from its most recent candidate, unless it has
    200 memories. Changed links are not made here: the operation that supersedes a memory writes its own, and a memory
    that the new one contradicts but did not supersede (a pinned one) is still current.
    """
    older = sorted(
        ((old, cosine) for old, cosine in candidates if cosine >= GATE and order(old) < order(new)), key=lambda pair: (-pair[1], pair[0].id)
    )
    related = [(old, *_unchanged(found, cosine)) for old, cosine in older if (found := relate(new, old, cosine))]
    nearest = {old.id for old, _ in older[:NEAREST]}
    chosen = {old.id: (relation, weight) for old, relation, weight in related if old.id in nearest}
    if components:
        chosen = {id_: found for id_, found in chosen.items() if len(components.get(id_, ())) < COMPONENT_CAP}
        for component in {components[id_] for id_ in chosen if id_ in components}:
            old, relation, weight = max((one for one in related if one[0].id in component), key=lambda one: order(one[0]))
            chosen[old.id] = (relation, weight)
    return [
        Link(src=id_, dst=new.id, relation=relation, weight=weight, created_at=new.created_at) for id_, (relation, weight) in sorted(chosen.items())
    ]


def _unchanged(found: tuple[Relation, float], cosine: float) -> tuple[Relation, float]:
    return ("SameTopic", round(max(0.0, min(1.0, cosine)), 4)) if found[0] == "Changed" else found


# ---------------------------------------------------------------- reading


def paths(links: Iterable[Link], memories: Mapping[str, Memory], hit: str, limit: int = PATHS, nodes: int = NODES) -> list[list[str]]:
    """Timelines through a memory: oldest ancestor, ..., hit, ..., newest descendant; the most telling first.

    Backwards the strongest link is followed, forwards Changed before the others. A path longer than ``nodes`` (at least
    3) keeps its start, the hit, its end, and those nearest to the hit. Links whose ends are unknown or out of order are
    ignored, so every path ends and visits a memory once. A memory without links has no timeline.
    """
    if hit not in memories or limit < 1:
        return []
    before, after = _edges(links, memories)
    if hit not in before and hit not in after:
        return []
    back = [[first, *_walk(first, before)] for first in before.get(hit, [])[:limit]] or [[]]
    ahead = [[first, *_walk(first, after)] for first in after.get(hit, [])[:limit]] or [[]]
    pairs = sorted((i + j, i, j) for i in range(len(back)) for j in range(len(ahead)))
    found: list[list[str]] = []
    for _, i, j in pairs:
        path = _shorten([*reversed(back[i]), hit, *ahead[j]], hit, max(3, nodes))
        if not any(set(path) <= set(other) for other in found):
            found.append(path)
        if len(found) == limit:
            break
    return found


def _edges(links: Iterable[Link], memories: Mapping[str, Memory]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """For each memory the ids before it and after it, the most telling first; merged memories are stood for by what they became."""
    found = list(links)
    merged: dict[str, str] = {}
    for link in found:
        if link.relation == "MergedInto":
            merged[link.src] = "" if link.src in merged else link.dst  # split into several: it stands for itself

    def stands_for(id_: str) -> str:
        seen = {id_}
        while (into := merged.get(id_, "")) and into not in seen and into in memories:
            id_ = into
            seen.add(id_)
        return id_

    best: dict[tuple[str, str], tuple[bool, float]] = {}
    for link in found:
        src, dst = stands_for(link.src), stands_for(link.dst)
        if src in memories and dst in memories and order(memories[src]) < order(memories[dst]):
            rank = (link.relation == "Changed", link.weight)
            best[src, dst] = max(rank, best.get((src, dst), (False, -1.0)))
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for (src, dst), _ in sorted(best.items(), key=lambda item: (not item[1][0], -item[1][1], item[0])):
        before[dst].append(src)
        after[src].append(dst)
    return dict(before), dict(after)


def _walk(start: str, following: Mapping[str, list[str]]) -> list[str]:
    steps: list[str] = []
    while start in following:
        start = following[start][0]
        steps.append(start)
    return steps


def _shorten(path: list[str], hit: str, nodes: int) -> list[str]:
    if len(path) <= nodes:
        return path
    place = path.index(hit)
    must = {0, place, len(path) - 1}
    near = sorted((i for i in range(len(path)) if i not in must), key=lambda i: (abs(i - place), i))
    keep = must | set(near[: nodes - len(must)])
    return [id_ for i, id_ in enumerate(path) if i in keep]


_STAMP = re.compile(r"\s*\((?:on |from )?[^()]*\d{4}[^()]*\)")


def describe(path: Sequence[str], memories: Mapping[str, Memory], links: Iterable[Link] = ()) -> str:
    """A path in words: "2024-03 moved to Lisbon -> (Changed) 2024-09 moved to Porto". Days are given where months would be the same."""
    told = {(link.src, link.dst): link.relation for link in sorted(links, key=lambda link: (link.relation == "Changed", link.weight))}
    dates = [time_of(memories[id_]) for id_ in path]
    daily = len({(day.year, day.month) for day in dates}) < len(dates)
    parts: list[str] = []
    for i, (id_, day) in enumerate(zip(path, dates, strict=True)):
        memory = memories[id_]
        text = re.sub(r"^The user(?:'s)? ", "", _STAMP.sub("", memory.text)).rstrip(". ")
        following = told.get((id_, path[i + 1])) if i + 1 < len(path) else None
        if memory.valid_to and following != "Changed":
            text += f" (until {memory.valid_to:%Y-%m-%d})"
        relation = told.get((path[i - 1], id_)) if i else None
        parts.append(
            (f"({relation}) " if relation else "") + f"{day:%Y-%m-%d} {text}"
            if daily
            else (f"({relation}) " if relation else "") + f"{day:%Y-%m} {text}"
        )
    return " -> ".join(parts)
