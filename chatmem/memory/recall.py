"""Recall: which memories and which rounds bear on a question, with every part of their score.

The steps, each a function of its own and each switched off by a setting: read the question (``query.analyse``); collect
candidates by meaning, by words of the turn and the one before, and by words of the whole session; sum their shares by
weight (``fusion.fuse``); lift rounds of a session that has much to say; favour the days asked about; compare the best
with the question itself (cosine, and the share of its words found), so that a weak best is still weak and memories and
rounds meet on one scale; judge whether anything bears on the question at all; choose what fits the prompt.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

import numpy as np

from chatmem.config import MemorySettings
from chatmem.memory.commands import is_forgetting
from chatmem.memory.cues import ASKED_AS
from chatmem.memory.echoes import echoes
from chatmem.memory.fusion import Ranked, best_of, fuse, rank_sessions, spread_out
from chatmem.memory.histories import asks_for_history
from chatmem.memory.query import DIET, Query, analyse, asks_for_advice, asks_for_food, bears_on_food
from chatmem.store import Store, VectorKind
from chatmem.types import Recall, RecallItem
from chatmem.words import content_stems, is_personal, is_question, speaks_of_self, statements, stem

__all__ = ["Explanation", "Searcher", "Verdict", "explain", "judge", "rank_sessions", "recall"]

CANDIDATES = 100  # of each list
COMPARED = 16  # of the best rounds are read, or as many as may be shown: more costs time and changes nothing
COMPARED_MEMORIES = 30
JUDGED = 5
KEPT, KEPT_FREELY = 50, 30
CLOSENESS = 0.5  # of a round's score; the other half is the fused share
NEARNESS, SHARE = 0.7, 0.2  # of a memory's score: its own nearness, and its fused share
QUESTION_WEIGHT = 0.6  # of the closeness of a round that mostly asks
READ_CHARACTERS = 3000  # of a text compared with the question
ROUND_CHARACTERS = 900  # of a round are shown: what the user says, and the part of a long reply that bears on the question
TELLING_CHARACTERS = 20_000  # of a text in which the telling words are sought: a long reply may hold the answer at its end

# Set on answerable questions of LongMemEval_S and the same with their evidence taken away: python -m tests.bench.gate_haystack
EVIDENCE = 0.78  # twice the cosine and the telling share of words, less what chance brings: below, nothing is remembered
CHANCE = 0.6  # of the mean evidence of the rounds read after the first JUDGED: the more was said, the nearer the nearest is by chance
IN_TIME = 0.5  # added for what lies in the days asked about
# Set on the adapter's families of facts in stores of 5 to 150; checked on others: python -m tests.bench.gate
MEMORY_EVIDENCE = 0.25  # a cosine, a fifth of the telling share, less what chance brings
SELF_EVIDENCE = 0.15  # the same where the user has a part in what is asked, and has most likely told it: python -m tests.bench.weeks --recall
OWN_EVIDENCE = 0.0  # and where they ask about their own: a floor would refuse as much of what was told as of what was not
TELLING_WEIGHT = 0.2
UNTOLD = 0.35  # of the words of a message: when memories lack more of them, it is shown beside them
MEMORY_FLOOR = 0.33  # a memory below it that shares no word is not shown
WORDS_ALONE = 0.3  # the share needed where meaning is left out
COSINE_FLOOR = 0.30  # an item below it that shares no word is not shown
FEWEST = 4  # items are shown for a question all the same: what is asked in other words than it was said lies far from the question
COSINE_SURE = 0.55
COSINE_SURE_WITH_WORD = 0.40

_WORD = re.compile(r"[^\W_]+")
State = Literal["confident", "possible", "none"]
Words = Literal["session", "memory", "diet"]
Scored = Future[list[tuple[str, float]]]


class Searcher(Protocol):
    """The vector index, as recall sees it."""

    def search(self, kind: VectorKind, query: np.ndarray, k: int) -> list[tuple[str, float]]:
        """Ids by cosine, best first."""


@dataclass(frozen=True)
class Verdict:
    """What the gate said and why.

    Of the best items, each by itself: the closest by meaning, the largest share of the question's telling words, and the
    most ``evidence`` above ``by_chance``.
    """

    state: State
    cosine: float = 0.0
    telling: float = 0.0
    evidence: float = 0.0


@dataclass(frozen=True)
class Explanation:
    """Everything recall did: the question as read, how many candidates each list gave, the verdict, milliseconds by step."""

    query: Query
    recall: Recall
    verdict: Verdict
    candidates: dict[str, int] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)


def recall(
    store: Store,
    question: str,
    *,
    settings: MemorySettings,
    today: date,
    query_vector: np.ndarray | None,
    index: Searcher | None,
    embedder: str,
    exclude: Collection[str] = (),
    limit: int | None = None,
) -> Recall:
    """Rank memories and rounds for a question; the first ``limit`` are marked as shown.

    ``query_vector`` is float32 (dim,), normalised; None leaves meaning out (the embedder is not ready).
    ``exclude`` holds ids of rounds that the prompt shows anyway.
    """
    return explain(
        store,
        question,
        settings=settings,
        today=today,
        query_vector=query_vector,
        index=index,
        embedder=embedder,
        exclude=exclude,
        limit=limit,
    ).recall


def explain(
    store: Store,
    question: str,
    *,
    settings: MemorySettings,
    today: date,
    query_vector: np.ndarray | None,
    index: Searcher | None,
    embedder: str,
    exclude: Collection[str] = (),
    limit: int | None = None,
) -> Explanation:
    """``recall`` with an account of each step."""
    clock = [time.perf_counter()]
    spent: dict[str, float] = {}

    def step(name: str) -> None:
        clock.append(time.perf_counter())
        spent[name] = round((clock[-1] - clock[-2]) * 1000, 2)

    query = analyse(question, today, store.rarity)
    step("read the question")
    with ThreadPoolExecutor(2) as threads:
        searches = Searches(store, embedder, query_vector if settings.dense_weight else None)
        searches.begin(threads, index, query, settings)
        rounds = round_lists(store, query, settings, searches, exclude)
        step("candidates among rounds")
        memories = memory_lists(settings, searches)
        step("candidates among memories")
    most = limit or settings.max_items
    items = [*_round_items(store, rounds, query, settings, most), *_memory_items(store, memories, query, settings, most)]
    items.sort(key=lambda item: (-item.score, item.source, item.id))
    step("score")
    asks, advice = is_question(question), asks_for_advice(question)
    verdict = (
        judge(
            items,
            by_words_alone=query_vector is None or not settings.dense_weight,
            advice=advice,
            floor=_floor(question) if asks else MEMORY_EVIDENCE,
        )
        if settings.gate
        else Verdict("possible" if items else "none")
    )
    step("gate")
    fewest = FEWEST if asks and not advice else 0
    shown = (
        _choose(store, items, most, settings.budget, gate=settings.gate, fewest=fewest, past=asks_for_history(question))
        if verdict.state != "none"
        else []
    )
    chosen = {(item.source, item.id) for item in shown}
    rest = [item for item in items if (item.source, item.id) not in chosen][:KEPT]
    step("choose")
    found = Recall(question=question, state=verdict.state, items=shown + rest, milliseconds=(clock[-1] - clock[0]) * 1000)
    sizes = {f"{kind}: {name}": len(ranked.scores) for kind, lists in (("rounds", rounds), ("memories", memories)) for name, ranked in lists.items()}
    return Explanation(query, found, verdict, sizes, spent)


@dataclass(frozen=True)
class Searches:
    """What other threads search for while the words of turns are looked up: ids and scores, none where a setting leaves them out."""

    store: Store
    embedder: str
    vector: np.ndarray | None
    near: dict[VectorKind, Scored] = field(default_factory=dict)
    having: dict[Words, Scored] = field(default_factory=dict)

    def begin(self, threads: Executor, index: Searcher | None, query: Query, settings: MemorySettings) -> None:
        """Search for the nearest vectors and for words, first for what is needed first."""
        if index is not None and self.vector is not None:
            self.near["rounds"] = threads.submit(index.search, "rounds", self.vector, CANDIDATES)
        if settings.session_weight:
            self.having["session"] = threads.submit(self.store.reader.bm25, query.text, "session", CANDIDATES)
        if settings.bm25_weight:
            self.having["memory"] = threads.submit(self.store.reader.bm25, query.text, "memory", CANDIDATES)
        if settings.diet_weight and asks_for_food(query.text):
            self.having["diet"] = threads.submit(self.store.reader.bm25, DIET, "memory", CANDIDATES)
        if index is not None and self.vector is not None:
            self.near["memories"] = threads.submit(index.search, "memories", self.vector, CANDIDATES)

    def by_words(self, words: Words) -> dict[str, float]:
        """Sessions or memories by the question's words, or memories by those of diets where they are to be minded."""
        return dict(self.having[words].result()) if words in self.having else {}

    def by_meaning(self, kind: VectorKind, others: Collection[str]) -> dict[str, float]:
        """The cosines of the nearest, and of these others as far as they have a vector."""
        if self.vector is None:
            return {}
        near = dict(self.near[kind].result()) if kind in self.near else {}
        known, matrix = self.store.vectors(kind, self.embedder, [id_ for id_ in others if id_ not in near])
        return near | (dict(zip(known, (matrix @ self.vector).tolist(), strict=True)) if known else {})


def round_lists(store: Store, query: Query, settings: MemorySettings, searches: Searches, exclude: Collection[str] = ()) -> dict[str, Ranked]:
    """Rounds by their words (those of the turn before count too), by the words of their session, and by meaning; none of ``exclude``, no echoes, nothing that was forgotten.

    A list of weight 0 is not even collected.
    """
    lists: dict[str, Ranked] = {}
    if settings.bm25_weight:
        turns = store.bm25(query.text, "in_context", CANDIDATES)
        round_of = store.round_ids([turn_id for turn_id, _ in turns])
        rounds = [(round_of[turn_id], score) for turn_id, score in turns if round_of.get(turn_id, "") not in {"", *exclude}]
        lists["words"] = Ranked(settings.bm25_weight, best_of(rounds))
    if searches.vector is not None:
        near = searches.by_meaning("rounds", [id_ for ranked in lists.values() for id_ in ranked.scores])
        lists["meaning"] = Ranked(settings.dense_weight, {id_: score for id_, score in near.items() if id_ not in exclude})
    if settings.session_weight:
        sessions = searches.by_words("session")
        pool = dict.fromkeys(id_ for ranked in lists.values() for id_ in ranked.scores)
        lists["session"] = Ranked(settings.session_weight, {id_: sessions[session] for id_ in pool if (session := _session(id_)) in sessions})
    all_ids = list(dict.fromkeys(id_ for ranked in lists.values() for id_ in ranked.scores))
    silent = echoes(store, all_ids, query.text) | store.rounds_forgotten(all_ids)
    return {name: ranked.without(silent) for name, ranked in lists.items()} if silent else lists


def memory_lists(settings: MemorySettings, searches: Searches) -> dict[str, Ranked]:
    """Current memories by words and by meaning, and those of diets where advice on food is asked for."""
    lists: dict[str, Ranked] = {}
    if settings.bm25_weight:
        lists["words"] = Ranked(settings.bm25_weight, searches.by_words("memory"))
    if diet := searches.by_words("diet"):
        minded = {memory.id for memory in searches.store.memories("active", list(diet)) if bears_on_food(memory.text)}
        lists["diet"] = Ranked(settings.diet_weight, {id_: score for id_, score in diet.items() if id_ in minded})
    if searches.vector is not None:
        lists["meaning"] = Ranked(settings.dense_weight, searches.by_meaning("memories", [id_ for ranked in lists.values() for id_ in ranked.scores]))
    return lists


def _session(round_id: str) -> str:
    return round_id.rpartition("_")[0]


def lift_by_session(fused: dict[str, dict[str, float]], weight: float) -> None:
    """Add "support" to the parts of each round: the best of every part in its session, of which ``weight`` replaces its own."""
    best: dict[str, dict[str, float]] = {}
    for id_, parts in fused.items():
        known = best.setdefault(_session(id_), {})
        for name, value in parts.items():
            known[name] = max(known.get(name, 0.0), value)
    for id_, parts in fused.items():
        parts["support"] = weight * (sum(best[_session(id_)].values()) - sum(parts.values()))


def _round_items(store: Store, lists: dict[str, Ranked], query: Query, settings: MemorySettings, most: int) -> list[RecallItem]:
    """The candidate rounds with their scores, best first; how close the best of them come to the question scales all."""
    fused = fuse(lists)
    if settings.support_weight:
        lift_by_session(fused, settings.support_weight)
    totals = {id_: sum(parts.values()) for id_, parts in fused.items()}
    ranked = sorted(totals, key=lambda id_: (-totals[id_], id_))
    items = _fetch(store, "rounds", spread_out(ranked, KEPT, KEPT_FREELY, _session), fused, lists, query, settings, max(COMPARED, most))
    closest = max((_closeness(item) for item in items[:JUDGED]), default=0.0)
    for item in items:
        item.score = _bounded(item.parts["fused"] * (1 - CLOSENESS + CLOSENESS * closest) + item.parts.get("time", 0.0))
    return items


def _memory_items(store: Store, lists: dict[str, Ranked], query: Query, settings: MemorySettings, most: int) -> list[RecallItem]:
    """The candidate memories with their scores: each is one short sentence, so that its own nearness tells more than its share of the best."""
    fused = fuse(lists)
    totals = {id_: sum(parts.values()) for id_, parts in fused.items()}
    best = sorted(totals, key=lambda id_: (-totals[id_], id_))[:KEPT]
    items = _fetch(store, "memories", best, fused, lists, query, settings, max(COMPARED_MEMORIES, most))
    for item in items:
        item.score = _bounded(NEARNESS * nearness(item) + SHARE * item.parts["fused"] + item.parts.get("time", 0.0) + item.parts.get("diet", 0.0))
    return items


def _fetch(
    store: Store,
    kind: VectorKind,
    ids: Sequence[str],
    fused: dict[str, dict[str, float]],
    lists: dict[str, Ranked],
    query: Query,
    settings: MemorySettings,
    compared: int,
) -> list[RecallItem]:
    """These items with the parts of their scores, the first ``compared`` read in full; those that are gone are left out."""
    found = store.recall_items("round" if kind == "rounds" else "memory", ids)
    cosines = lists["meaning"].scores if "meaning" in lists else {}
    items = [found[id_] for id_ in ids if id_ in found and not (kind == "rounds" and is_forgetting(found[id_].text))]
    for place, item in enumerate(items):
        parts = {**fused[item.id], "fused": sum(fused[item.id].values()), "cosine": cosines.get(item.id, 0.0), "overlap": 0.0, "telling": 0.0}
        if settings.time_weight and query.asks_about(item.event_start or item.said_at.astimezone().date()):
            parts["time"] = settings.time_weight
        if place < compared:
            _compare(item, parts, query)
        item.parts = {name: round(value, 4) for name, value in parts.items()}
    return items


def _compare(item: RecallItem, parts: dict[str, float], query: Query) -> None:
    """The share of the question's words that an item states, or holds at all, and its cosine, less when it mostly asks."""
    # A question holds the words but not the answer: only what a round states counts as found.
    text = item.text[:READ_CHARACTERS]
    stated = statements(text) if item.source == "round" else text
    said = _stems(stated)
    if item.source == "memory":
        said |= set().union(*(ASKED_AS.get(word, frozenset()) for word in said))
    parts["overlap"] = query.share(said)
    parts["telling"] = query.telling_share(said if stated == item.text else _stems(item.text[:TELLING_CHARACTERS]))
    if len(stated) <= len(text) / 2:
        parts["cosine"] *= QUESTION_WEIGHT


def _stems(text: str) -> set[str]:
    return {stem(word) for word in set(_WORD.findall(text.casefold()))}


def _closeness(item: RecallItem) -> float:
    return 0.5 * max(0.0, item.parts["cosine"]) + 0.5 * item.parts["overlap"]


def nearness(item: RecallItem) -> float:
    """How near an item by itself is to the question, about 0..1.7: by meaning, and by the share of the question's words that it holds."""
    return item.parts.get("cosine", 0.0) + 0.5 * item.parts.get("overlap", 0.0) + TELLING_WEIGHT * item.parts.get("telling", 0.0)


def near_by_both(item: RecallItem) -> bool:
    """Whether an item is near by meaning and shares a word with the question as well."""
    return item.parts.get("cosine", 0.0) >= COSINE_SURE_WITH_WORD and item.parts.get("overlap", 0.0) > 0


def _bounded(score: float) -> float:
    return round(min(1.0, max(0.0, score)), 4)


def _floor(question: str) -> float:
    """The evidence that a memory needs for a question, by how likely it is that the user has told the answer."""
    return OWN_EVIDENCE if is_personal(question) else SELF_EVIDENCE if speaks_of_self(question) else MEMORY_EVIDENCE


def judge(items: Sequence[RecallItem], *, by_words_alone: bool = False, advice: bool = False, floor: float = MEMORY_EVIDENCE) -> Verdict:
    """How sure recall is that something it found bears on the question, by absolute closeness of the best items.

    Nothing is remembered when no item by itself has enough ``evidence`` above ``by_chance`` (where there are no cosines, enough of the
    question's words). A memory is one short sentence, so that less is asked of it: the ``floor``. Where ``advice`` is asked for, whatever
    may be shown is enough.
    """
    best = items[:JUDGED]
    if not best:
        return Verdict("none")
    cosine = max(item.parts["cosine"] for item in best)
    telling = max(item.parts["telling"] for item in best)
    most = max(map(evidence, best)) - by_chance(items)
    found = max(telling, *(item.parts["overlap"] for item in best)) >= WORDS_ALONE if by_words_alone else most >= EVIDENCE
    near = memory_evidence(items) >= floor
    sure = any(item.parts["cosine"] >= COSINE_SURE or item.parts["overlap"] >= 0.99 for item in best)
    if not (sure or found or near or (advice and any(map(_near_enough, items)))):
        return Verdict("none", cosine, telling, round(most, 4))
    sure = sure or any(map(near_by_both, best))
    return Verdict("confident" if sure else "possible", cosine, telling, round(most, 4))


def evidence(item: RecallItem) -> float:
    """How much an item by itself speaks for there being an answer, about 0..3."""
    return 2 * max(0.0, item.parts["cosine"]) + item.parts["telling"] + IN_TIME * (item.parts.get("time", 0.0) > 0)


def by_chance(items: Sequence[RecallItem]) -> float:
    """The evidence that rounds have without answering anything, by those behind the best: much in a store of much talk, none in a new one.

    On LongMemEval_S cut to 5, 15 and all sessions the evidence of what was never said has its 70th percentile at .70, .92 and 1.17.
    """
    read = [evidence(item) for item in items if item.source == "round"][:COMPARED]
    rest = sorted(read, reverse=True)[JUDGED:]
    return CHANCE * sum(rest) / len(rest) if rest else 0.0


def memory_evidence(items: Sequence[RecallItem]) -> float:
    """How much the best memory by itself speaks for there being an answer, about -0.1..1, less a share of what those ranked behind have by chance; -1 without memories."""
    read = sorted((item.parts["cosine"] + TELLING_WEIGHT * item.parts["telling"] for item in items if item.source == "memory"), reverse=True)
    rest = read[JUDGED:COMPARED]
    return read[0] - (CHANCE * sum(rest) / len(rest) if rest else 0.0) if read else -1.0


def _near_enough(item: RecallItem) -> bool:
    """Whether an item may be shown at all: it shares a word with the question, has to be minded, or is not too far from it."""
    return (
        item.parts["overlap"] > 0
        or item.parts.get("diet", 0.0) > 0
        or item.parts["cosine"] >= (MEMORY_FLOOR if item.source == "memory" else COSINE_FLOOR)
    )


def _choose(store: Store, items: Sequence[RecallItem], limit: int, budget: int, *, gate: bool, fewest: int, past: bool) -> list[RecallItem]:
    """The items to show within the limits: those that are near enough, and any others while they are not yet ``fewest``.

    A round is left out when memories drawn from it say the same as well, and when all it taught has changed since,
    unless the question is about the ``past``.
    """
    shown: list[RecallItem] = []
    covered: dict[str, float] = {}
    told: dict[str, set[str]] = {}
    sources = store.source_ids([item.id for item in items if item.source == "memory"])
    outdated = set() if past else store.outdated_rounds([item.id for item in items if item.source == "round"])
    spent = 0
    for item in filter(_near_enough, items) if gate else items:
        for turn_id in sources.get(item.id, []):
            covered[turn_id] = max(covered.get(turn_id, 0.0), item.score)
            told.setdefault(turn_id, set()).update(content_stems(item.text))
    for item in items:
        cost = math.ceil(min(len(item.text), ROUND_CHARACTERS) / 4)
        if item.source == "round" and covered.get(item.id, 0.0) >= 0.8 * item.score and not _says_more(store, item, told.get(item.id, set())):
            item.reason = "its fact is shown instead"
        elif item.id in outdated:
            item.reason = "what was said there has changed since"
        elif len(shown) >= limit:
            item.reason = f"beyond the first {limit}"
        elif spent + cost > budget and shown:
            item.reason = "over the token budget"
        elif gate and len(shown) >= fewest and not _near_enough(item):
            item.reason = "too far from the question"
        else:
            item.shown = True
            spent += min(cost, budget)
            shown.append(item)
    return shown


def _says_more(store: Store, item: RecallItem, told: set[str]) -> bool:
    """Whether the message of a round states a number, or many words, that the memories drawn from it do not hold."""
    said = content_stems(statements(store.turn(item.id).content))
    return any(word.isdigit() for word in said - told) or len(said - told) > UNTOLD * len(said)
