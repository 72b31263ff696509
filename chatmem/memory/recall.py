"""Recall: which memories and which rounds bear on a question, with every part of their score.

Rounds are ranked by score fusion (not rank fusion) of meaning, words, words with the previous turn, and words of the
whole session; on LoCoMo these weights found .76 of the evidence turns in ten where plain rank fusion found .56.
Memories are ranked by meaning and words. Both then meet on one scale: half the fused score, half the absolute
closeness (cosine and the share of the question's words found), so that a weak best is still weak.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, Protocol

import numpy as np

from chatmem.config import MemorySettings
from chatmem.memory.times import question_range
from chatmem.store import Store, VectorKind
from chatmem.types import Recall, RecallItem
from chatmem.words import content_stems, statements

CANDIDATES = 50
TIME_SLACK = timedelta(days=2)
TIME_BOOST = 0.1
QUESTION_WEIGHT = 0.6  # of the closeness of a round that mostly asks

# Set on the question set in tests/recall_cases.py: below FLOOR with no shared word nothing is remembered.
COSINE_FLOOR = 0.30
COSINE_SURE = 0.55
COSINE_SURE_WITH_WORD = 0.40


class Searcher(Protocol):
    """The vector index, as recall sees it."""

    def search(self, kind: VectorKind, query: np.ndarray, k: int) -> list[tuple[str, float]]:
        """Ids by cosine, best first."""


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
    started = time.perf_counter()
    stems = content_stems(question)
    span = question_range(question, today)
    items = [
        *_rank(store, "rounds", _round_lists(store, question, settings, query_vector, index, exclude), stems, span, query_vector, embedder),
        *_rank(store, "memories", _memory_lists(store, question, settings, query_vector, index), stems, span, query_vector, embedder),
    ]
    items.sort(key=lambda item: (-item.score, item.source, item.id))
    state = judge(items)
    shown = _choose(store, items, limit or settings.max_items, settings.budget) if state != "none" else items[:0]
    chosen = {item.id for item in shown}
    rest = [item for item in items if item.id not in chosen][:CANDIDATES]
    return Recall(question=question, state=state, items=shown + rest, milliseconds=(time.perf_counter() - started) * 1000)


Lists = Mapping[str, tuple[float, Mapping[str, float]]]


def _round_lists(
    store: Store, question: str, settings: MemorySettings, query_vector: np.ndarray | None, index: Searcher | None, exclude: Collection[str]
) -> dict[str, tuple[float, dict[str, float]]]:
    lists: dict[str, tuple[float, dict[str, float]]] = {}
    for name, column, weight in (("words", "text", settings.bm25_weight), ("window", "window", settings.window_weight)):
        found: dict[str, float] = {}
        for turn_id, score in store.bm25(question, column, CANDIDATES):  # type: ignore[arg-type]
            user, _ = store.round(turn_id)
            if user.id not in exclude:
                found[user.id] = max(found.get(user.id, 0.0), score)
        lists[name] = (weight, found)
    if query_vector is not None and index is not None:
        near = {id_: score for id_, score in index.search("rounds", query_vector, CANDIDATES) if id_ not in exclude}
        lists["meaning"] = (settings.dense_weight, near)
    sessions = dict(store.bm25(question, "session", CANDIDATES))
    every = {id_ for _, found in lists.values() for id_ in found}
    lists["session"] = (settings.session_weight, {id_: sessions[session] for id_ in every if (session := id_.rpartition("_")[0]) in sessions})
    return lists


def _memory_lists(
    store: Store, question: str, settings: MemorySettings, query_vector: np.ndarray | None, index: Searcher | None
) -> dict[str, tuple[float, dict[str, float]]]:
    lists = {"words": (1 - settings.dense_weight, dict(store.bm25(question, "memory", CANDIDATES)))}
    if query_vector is not None and index is not None:
        lists["meaning"] = (settings.dense_weight, dict(index.search("memories", query_vector, CANDIDATES)))
    return lists


def fuse(lists: Lists) -> dict[str, float]:
    """Weighted sum of min-max normalised scores in 0..1; an id that a list lacks gets that list's 0."""
    total = sum(weight for weight, _ in lists.values()) or 1.0
    fused: dict[str, float] = {}
    for weight, found in lists.values():
        if not found:
            continue
        low = min(0.0, *found.values())
        high = max(found.values())
        for id_, score in found.items():
            share = (score - low) / (high - low) if high > low else 0.0
            fused[id_] = fused.get(id_, 0.0) + weight * share / total
    return fused


def _rank(
    store: Store, kind: VectorKind, lists: Lists, stems: set[str], span: tuple[date, date] | None, query_vector: np.ndarray | None, embedder: str
) -> list[RecallItem]:
    fused = fuse(lists)
    best = sorted(fused, key=lambda id_: (-fused[id_], id_))[:CANDIDATES]
    cosines: dict[str, float] = {}
    if query_vector is not None:
        ids, matrix = store.vectors(kind, embedder, best)
        if ids:
            cosines = dict(zip(ids, (matrix @ query_vector).tolist(), strict=True))
    items = []
    for id_ in best:
        item = store.recall_item("round" if kind == "rounds" else "memory", id_, 0.0, {})
        # A question holds the words but not the answer: only what a round states counts as found.
        stated = statements(item.text) if item.kind == "round" else item.text
        overlap = len(stems & content_stems(stated)) / len(stems) if stems else 0.0
        cosine = cosines.get(id_, 0.0) * (1.0 if len(stated) > len(item.text) / 2 else QUESTION_WEIGHT)
        parts = {"fused": fused[id_], "cosine": cosine, "overlap": overlap}
        close = 0.5 * max(0.0, cosine) + 0.5 * overlap
        if span and _inside(item, span):
            parts["time"] = TIME_BOOST
        item.parts = {name: round(value, 4) for name, value in parts.items()}
        item.score = round(min(1.0, 0.5 * fused[id_] + 0.5 * close + parts.get("time", 0.0)), 4)
        items.append(item)
    return items


def _inside(item: RecallItem, span: tuple[date, date]) -> bool:
    when = item.event_start or item.said_at.astimezone().date()
    return span[0] - TIME_SLACK <= when <= span[1] + TIME_SLACK


def judge(items: Sequence[RecallItem]) -> Literal["confident", "possible", "none"]:
    """How sure recall is that something it found bears on the question, by absolute closeness of the best items."""
    state: Literal["confident", "possible", "none"] = "none"
    for item in items[:5]:
        cosine, overlap = item.parts["cosine"], item.parts["overlap"]
        if cosine >= COSINE_SURE or (cosine >= COSINE_SURE_WITH_WORD and overlap > 0) or overlap >= 0.99:
            return "confident"
        if cosine >= COSINE_FLOOR or overlap > 0:
            state = "possible"
    return state


def _choose(store: Store, items: Sequence[RecallItem], limit: int, budget: int) -> list[RecallItem]:
    """The items to show within the limits; a round is left out when a memory drawn from it says the same as well."""
    shown: list[RecallItem] = []
    covered: dict[str, float] = {}
    spent = 0
    for item in items:
        if item.source == "memory":
            for turn in store.sources(item.id):
                covered.setdefault(turn.id, item.score)
        cost = math.ceil(len(item.text) / 4)
        if item.source == "round" and covered.get(item.id, 0.0) >= 0.8 * item.score:
            item.reason = "its fact is shown instead"
        elif len(shown) >= limit:
            item.reason = f"beyond the first {limit}"
        elif spent + cost > budget and shown:
            item.reason = "over the token budget"
        elif item.parts["cosine"] < COSINE_FLOOR and not item.parts["overlap"]:
            item.reason = "too far from the question"
        else:
            item.shown = True
            spent += min(cost, budget)
            shown.append(item)
    return shown
