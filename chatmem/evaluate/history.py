"""A fresh store for one history, filled as the app would have filled it, on the history's own clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from chatmem import catalogue
from chatmem.config import Paths
from chatmem.evaluate.datasets import Case, Place
from chatmem.evaluate.embedding import CachedEmbedder
from chatmem.memory.extract import extract
from chatmem.memory.keys import embed_rounds
from chatmem.memory.summarize import summarize_running
from chatmem.store import Store
from chatmem.types import Memory
from chatmem.vectors import VectorIndex


@dataclass
class History:
    """A case in a store. ``places`` says where in the history a stored turn came from, ``sessions`` likewise."""

    case: Case
    store: Store
    index: VectorIndex | None
    embedder: str
    places: dict[str, Place]
    sessions: dict[str, int]
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def running_summary(self) -> str:
        """The running summary that the app would hold after the history: updated session by session, by rule."""
        known: dict[str, Memory] = {}
        summary = ""
        for past in self.case.sessions:
            for said in past.turns:
                if said.role != "user":
                    continue
                for candidate in extract(said.text, past.at):
                    memory = Memory(id=f"m{len(known) + 1}", created_at=past.at, **candidate.model_dump())
                    known.setdefault(candidate.text.casefold(), memory)
            summary = summarize_running(summary, list(known.values()))
        return summary


@contextmanager
def open_history(
    case: Case,
    embedder: CachedEmbedder | None,
    *,
    user_turns_only: bool = False,
    learn: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[History]:
    """Store a case in a temporary folder that goes when the block ends. Vectors come from the cache; search is exact.

    Sessions get ids of the store's own and no title. ``user_turns_only`` leaves replies out, as the official code does;
    ``learn`` also draws memories from every user turn, as the app does.
    """
    moment = case.sessions[0].at if case.sessions else datetime.now().astimezone()
    clock = [moment]
    with TemporaryDirectory(prefix="chatmem-eval-") as folder:
        started = time.perf_counter()
        paths = Paths(Path(folder))
        store = Store.open(paths, "default", lambda: clock[0])
        try:
            places: dict[str, Place] = {}
            sessions: dict[str, int] = {}
            with store.transaction():
                for number, past in enumerate(case.sessions):
                    clock[0] = past.at
                    session = store.new_session()
                    sessions[session.id] = number
                    parent: str | None = None
                    for position, said in enumerate(past.turns):
                        if user_turns_only and said.role != "user":
                            continue
                        clock[0] = past.at + timedelta(seconds=position)
                        parent = store.add_turn(session.id, said.role, said.text, parent).id
                        places[parent] = (number, position)
            history = History(case, store, None, "", places, sessions, {"store": time.perf_counter() - started})
            if learn:
                from chatmem.memory.learn import learn_turn

                started = time.perf_counter()
                with store.transaction():
                    for turn in store.turns_to_learn():
                        clock[0] = turn.created_at
                        learn_turn(store, turn, embedder.vectors if embedder else None, catalogue.EMBEDDER_ID)
                history.seconds["learn"] = time.perf_counter() - started
            if embedder is not None:
                started = time.perf_counter()
                history.embedder = catalogue.EMBEDDER_ID
                ids = store.rounds()
                if ids:
                    store.put_vectors("rounds", history.embedder, ids, embed_rounds(store, ids, partial(embedder.vectors, progress=progress)))
                # Never started, so that it answers by exact search and no other process is needed.
                history.index = VectorIndex(store, history.embedder, catalogue.EMBEDDER_DIMENSIONS, paths)
                history.seconds["embed"] = time.perf_counter() - started
            yield history
        finally:
            store.close()
