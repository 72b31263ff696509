"""Recall: which memories and which rounds bear on a question, with every part of their score.

The steps, each a function of its own and each switched off by a setting: read the question (``query.analyse``); collect
candidates by meaning, by words of the turn, of the turn with the one before, and of the whole session; sum their
shares by weight (``fusion.fuse``); favour the days asked about; compare the best with the question itself (cosine, and
the share of its words found), so that a weak best is still weak and memories and rounds meet on one scale; judge
whether anything bears on the question at all; choose what fits the prompt.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

import numpy as np

from chatmem.config import MemorySettings
from chatmem.memory.fusion import Ranked, best_of, fuse, rank_sessions, spread_out
from chatmem.memory.query import Query, analyse
from chatmem.store import Store, VectorKind
from chatmem.types import Recall, RecallItem
from chatmem.words import content_stems, statements

__all__ = ["Explanation", "Searcher", "Verdict", "explain", "judge", "rank_sessions", "recall"]

CANDIDATES = 100  # of each list
COMPARED = 24  # of the best of each kind: reading more texts costs time and changes nothing that is shown
KEPT, KEPT_FREELY = 50, 30
CLOSENESS = 0.5  # of the score; the other half is the fused share
QUESTION_WEIGHT = 0.6  # of the closeness of a round that mostly asks
READ_CHARACTERS = 4000  # of a text compared with the question

# Below FLOOR with no shared word nothing is remembered.
COSINE_FLOOR = 0.30
COSINE_SURE = 0.55
COSINE_SURE_WITH_WORD = 0.40

State = Literal["confident", "possible", "none"]


class Searcher(Protocol):
    """The vector index, as recall sees it."""

    def search(self, kind: VectorKind, query: np.ndarray, k: int) -> list[tuple[str, float]]:
        """Ids by cosine, best first."""


@dataclass(frozen=True)
class Verdict:
    """What the gate said and why: the item it rests on, the closest by meaning and the largest share of words found."""

    state: State
    item: str = ""
    cosine: float = 0.0
    overlap: float = 0.0


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

    query = analyse(question, today)
    meaning = _Meaning(store, index, embedder, query_vector)
    step("read the question")
    rounds = round_lists(store, query, settings, meaning, exclude)
    step("candidates among rounds")
    memories = memory_lists(store, query, settings, meaning)
    step("candidates among memories")
    items = [
        *_items(store, "rounds", rounds, query, settings),
        *_items(store, "memories", memories, query, settings),
    ]
    items.sort(key=lambda item: (-item.score, item.source, item.id))
    step("score")
    verdict = judge(items) if settings.gate else Verdict("possible" if items else "none")
    step("gate")
    shown = _choose(store, items, limit or settings.max_items, settings.budget, settings.gate) if verdict.state != "none" else []
    chosen = {(item.source, item.id) for item in shown}
    rest = spread_out([item for item in items if (item.source, item.id) not in chosen], KEPT, KEPT_FREELY)
    step("choose")
    found = Recall(question=question, state=verdict.state, items=shown + rest, milliseconds=(clock[-1] - clock[0]) * 1000)
    sizes = {f"{kind}: {name}": len(ranked.scores) for kind, lists in (("rounds", rounds), ("memories", memories)) for name, ranked in lists.items()}
    return Explanation(query, found, verdict, sizes, spent)


@dataclass(frozen=True)
class _Meaning:
    """The question's vector and where the others are; without a vector all of it is empty."""

    store: Store
    index: Searcher | None
    embedder: str
    vector: np.ndarray | None

    def near(self, kind: VectorKind) -> dict[str, float]:
        """The nearest ids and their cosines."""
        if self.vector is None or self.index is None:
            return {}
        return dict(self.index.search(kind, self.vector, CANDIDATES))

    def cosines(self, kind: VectorKind, ids: Sequence[str]) -> dict[str, float]:
        """Exact cosines of these ids, as far as they have a vector."""
        if self.vector is None or not ids:
            return {}
        known, matrix = self.store.vectors(kind, self.embedder, ids)
        return dict(zip(known, (matrix @ self.vector).tolist(), strict=True)) if known else {}


def round_lists(store: Store, query: Query, settings: MemorySettings, meaning: _Meaning, exclude: Collection[str] = ()) -> dict[str, Ranked]:
    """Rounds by words of a turn, of a turn with the one before, of their session, and by meaning; none of ``exclude``.

    A list of weight 0 is not even collected.
    """
    lists: dict[str, Ranked] = {}
    by_words: dict[str, list[tuple[str, float]]] = {}
    if settings.bm25_weight:
        by_words["words"] = store.bm25(query.text, "text", CANDIDATES)
    if settings.window_weight:
        by_words["window"] = store.bm25(query.text, "window", CANDIDATES)
    round_of = store.round_ids(list({turn_id for found in by_words.values() for turn_id, _ in found}))
    weights = {"words": settings.bm25_weight, "window": settings.window_weight}
    for name, found in by_words.items():
        rounds = [(round_of[turn_id], score) for turn_id, score in found if turn_id in round_of and round_of[turn_id] not in exclude]
        lists[name] = Ranked(weights[name], best_of(rounds))
    near = {id_: score for id_, score in meaning.near("rounds").items() if id_ not in exclude} if settings.dense_weight else {}
    pool = list(dict.fromkeys(id_ for ranked in lists.values() for id_ in ranked.scores)) + list(near)
    if settings.dense_weight and meaning.vector is not None:
        lists["meaning"] = Ranked(settings.dense_weight, near | meaning.cosines("rounds", [id_ for id_ in pool if id_ not in near]))
    if settings.session_weight:
        sessions = dict(store.bm25(query.text, "session", CANDIDATES))
        best = max(sessions.values(), default=0.0)
        shares = {id_: sessions[session] / best for id_ in pool if (session := id_.rpartition("_")[0]) in sessions and best > 0}
        lists["session"] = Ranked(settings.session_weight, shares)
    return lists


def memory_lists(store: Store, query: Query, settings: MemorySettings, meaning: _Meaning) -> dict[str, Ranked]:
    """Current memories by words and by meaning."""
    lists: dict[str, Ranked] = {}
    if settings.bm25_weight:
        lists["words"] = Ranked(settings.bm25_weight, dict(store.bm25(query.text, "memory", CANDIDATES)))
    if settings.dense_weight and meaning.vector is not None:
        near = meaning.near("memories")
        more = [id_ for ranked in lists.values() for id_ in ranked.scores if id_ not in near]
        lists["meaning"] = Ranked(settings.dense_weight, near | meaning.cosines("memories", more))
    return lists


def _items(store: Store, kind: VectorKind, lists: dict[str, Ranked], query: Query, settings: MemorySettings) -> list[RecallItem]:
    """The candidates of one kind with their scores, best first."""
    fused = fuse(lists)
    totals = {id_: sum(parts.values()) for id_, parts in fused.items()}
    best = sorted(totals, key=lambda id_: (-totals[id_], id_))[: 2 * CANDIDATES]
    found = store.recall_items("round" if kind == "rounds" else "memory", best)
    cosines = lists["meaning"].scores if "meaning" in lists else {}
    items: list[RecallItem] = []
    for id_ in best:
        item = found.get(id_)
        if item is None:
            continue
        parts = {**fused[id_], "fused": totals[id_], "cosine": cosines.get(id_, 0.0), "overlap": 0.0}
        if settings.time_weight and query.asks_about(item.event_start or item.said_at.astimezone().date()):
            parts["time"] = settings.time_weight
        if len(items) < COMPARED:
            _compare(item, parts, query)
        close = 0.5 * max(0.0, parts["cosine"]) + 0.5 * parts["overlap"]
        score = (1 - CLOSENESS) * parts["fused"] + CLOSENESS * close + parts.get("time", 0.0)
        item.parts = {name: round(value, 4) for name, value in parts.items()}
        item.score = round(min(1.0, max(0.0, score)), 4)
        items.append(item)
    return items


def _compare(item: RecallItem, parts: dict[str, float], query: Query) -> None:
    """The share of the question's words that an item states, and its cosine, less when it mostly asks."""
    # A question holds the words but not the answer: only what a round states counts as found.
    text = item.text[:READ_CHARACTERS]
    stated = statements(text) if item.source == "round" else text
    if query.stems:
        parts["overlap"] = len(query.stems & content_stems(stated)) / len(query.stems)
    if len(stated) <= len(text) / 2:
        parts["cosine"] *= QUESTION_WEIGHT


def judge(items: Sequence[RecallItem]) -> Verdict:
    """How sure recall is that something it found bears on the question, by absolute closeness of the best items."""
    verdict = Verdict("none")
    for item in items[:5]:
        cosine, overlap = item.parts["cosine"], item.parts["overlap"]
        if cosine >= COSINE_SURE or (cosine >= COSINE_SURE_WITH_WORD and overlap > 0) or overlap >= 0.99:
            return Verdict("confident", item.id, cosine, overlap)
        if (cosine >= COSINE_FLOOR or overlap > 0) and verdict.state == "none":
            verdict = Verdict("possible", item.id, cosine, overlap)
    return verdict


def _choose(store: Store, items: Sequence[RecallItem], limit: int, budget: int, gate: bool) -> list[RecallItem]:
    """The items to show within the limits; a round is left out when a memory drawn from it says the same as well."""
    shown: list[RecallItem] = []
    covered: dict[str, float] = {}
    sources = store.source_ids([item.id for item in items if item.source == "memory"])
    spent = 0
    for item in items:
        if item.source == "memory":
            for turn_id in sources[item.id]:
                covered.setdefault(turn_id, item.score)
        cost = math.ceil(len(item.text) / 4)
        if item.source == "round" and covered.get(item.id, 0.0) >= 0.8 * item.score:
            item.reason = "its fact is shown instead"
        elif len(shown) >= limit:
            item.reason = f"beyond the first {limit}"
        elif spent + cost > budget and shown:
            item.reason = "over the token budget"
        elif gate and item.parts["cosine"] < COSINE_FLOOR and not item.parts["overlap"]:
            item.reason = "too far from the question"
        else:
            item.shown = True
            spent += min(cost, budget)
            shown.append(item)
    return shown
