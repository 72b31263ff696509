"""What is compared: chatmem, chatmem with one step switched off, and the baselines. Each gives one Recall for a question.

A system sees the store and the question, never the gold. Baselines show their best rounds within the same token budget.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chatmem.config import MemorySettings
from chatmem.errors import ConfigError
from chatmem.evaluate.datasets import Place, Question
from chatmem.evaluate.history import History
from chatmem.memory.recall import rank_sessions, recall
from chatmem.types import Recall, RecallItem

Kind = Literal["chatmem", "bm25", "dense", "last", "official-bm25", "summary", "none", "full"]
RETRIEVERS: tuple[Kind, ...] = ("chatmem", "bm25", "dense", "last", "official-bm25")
ALL: tuple[Kind, ...] = (*RETRIEVERS, "summary", "none", "full")
WITH_CONTEXT: tuple[Kind, ...] = ("chatmem", "bm25", "dense", "last", "summary")
DEPTH = 50
NOT_STEPS = {"enabled", "write"}


@dataclass(frozen=True)
class System:
    """A named way to recall. ``changes`` are memory settings that differ from the run's."""

    name: str
    kind: Kind
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a system recalled: the Recall (best first), the ranked sessions, and a profile if it works by one.

    ``fits`` is False where the system cannot work, such as a full history beyond the reader's context.
    """

    recall: Recall
    sessions: list[str]
    profile: str = ""
    fits: bool = True


def choose_systems(names: Iterable[str]) -> list[System]:
    """Systems by name. Raises ConfigError for an unknown one."""
    systems = []
    for name in names:
        kind = next((kind for kind in ALL if kind == name), None)
        if kind is None:
            raise ConfigError(f"There is no system called {name}.", f"Choose among: {', '.join(ALL)}.")
        systems.append(System(name, kind))
    return systems


def ablations(settings: MemorySettings) -> list[System]:
    """The whole chatmem, and once more without each step: every weight at 0 and every switch off, one at a time."""
    systems = [System("chatmem", "chatmem")]
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name in NOT_STEPS:
            continue
        if isinstance(value, bool) and value:
            systems.append(System(f"without {name}", "chatmem", {name: False}))
        elif name.endswith("_weight") and value:
            systems.append(System(f"without {name}", "chatmem", {name: 0.0}))
    return systems


def estimate_tokens(text: str) -> int:
    """Tokens by the rule of four characters each, as recall counts its budget."""
    return math.ceil(len(text) / 4)


def find(
    system: System,
    history: History,
    question: Question,
    vector: np.ndarray | None,
    settings: MemorySettings,
    *,
    budget: int | None = None,
    context: int = 8192,
) -> Found:
    """Recall for one question; with ``budget`` tokens the number of items shown is not limited otherwise.

    ``context`` is what the reader can take, in tokens: the full history is used only when it fits.
    """
    if system.kind == "chatmem":
        return _chatmem(system, history, question, vector, settings, budget)
    started = time.perf_counter()
    room, most = (budget, DEPTH) if budget else (settings.budget, settings.max_items)
    profile, fits = "", True
    ranked: list[tuple[str, float]] = []
    sessions: list[str] = []
    if system.kind == "bm25":
        ranked = _best_rounds(history, history.store.bm25(question.text, "text", 4 * DEPTH))
        sessions = [id_ for id_, _ in history.store.bm25(question.text, "session", len(history.sessions))]
    elif system.kind == "dense" and vector is not None and history.index is not None:
        ranked = history.index.search("rounds", vector, len(history.places))
        sessions = _sessions_of([id_ for id_, _ in ranked])
    elif system.kind == "last":
        ranked = [(id_, 1.0) for id_ in reversed(history.store.rounds())]
        sessions = _sessions_of([id_ for id_, _ in ranked])
    elif system.kind == "full":
        room = context
        fits = sum(estimate_tokens(said.text) for past in history.case.sessions for said in past.turns) <= room
        ranked = [(id_, 1.0) for id_ in history.store.rounds()] if fits else []
        most = len(ranked)
    elif system.kind == "summary":
        profile = history.running_summary
    items = _show(history, ranked[: max(DEPTH, most)], most, room)
    state: Literal["possible", "none"] = "possible" if items or profile else "none"
    return Found(
        Recall(question=question.text, state=state, items=items, milliseconds=(time.perf_counter() - started) * 1000), sessions, profile, fits
    )


def _chatmem(system: System, history: History, question: Question, vector: np.ndarray | None, settings: MemorySettings, budget: int | None) -> Found:
    changes = dict(system.changes) | ({"budget": budget, "max_items": DEPTH} if budget else {})
    used = settings.model_copy(update=changes)
    found = recall(
        history.store,
        question.text,
        settings=used,
        today=question.at.date(),
        query_vector=vector,
        index=history.index,
        embedder=history.embedder,
        limit=DEPTH if budget else None,
    )
    return Found(found, [session_id for session_id, _ in rank_sessions(found.items)])


def _sessions_of(turn_ids: Sequence[str]) -> list[str]:
    """Sessions in the order in which their turns first appear."""
    return list(dict.fromkeys(id_.rpartition("_")[0] for id_ in turn_ids))


def _best_rounds(history: History, scored: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Scores of turns as scores of rounds, each by its best turn."""
    best: dict[str, float] = {}
    for turn_id, score in scored:
        user, _ = history.store.round(turn_id)
        best[user.id] = max(best.get(user.id, 0.0), score)
    return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))


def _show(history: History, ranked: Sequence[tuple[str, float]], most: int, room: int) -> list[RecallItem]:
    items, spent, shown = [], 0, 0
    for id_, score in ranked:
        item = history.store.recall_item("round", id_, score, {})
        cost = estimate_tokens(item.text)
        if shown < most and spent + cost <= room:
            item.shown = True
            spent, shown = spent + cost, shown + 1
        items.append(item)
    return items


def ranked_rounds(history: History, found: Found) -> list[Place]:
    """Where the recalled rounds stand in the history, best first; a memory stands for the round it was drawn from."""
    best = sorted(found.recall.items, key=lambda item: -item.score)
    places = (history.case.round_of(history.places[item.turn_id]) for item in best if item.turn_id in history.places)
    return list(dict.fromkeys(places))


def ranked_sessions(history: History, found: Found) -> list[int]:
    """Positions of the ranked sessions in the history, best first."""
    return [history.sessions[id_] for id_ in found.sessions if id_ in history.sessions]
