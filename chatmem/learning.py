"""Keeps memory, summaries and the vector index in step with what was said. Each step is safe to kill and to repeat."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import numpy as np

from chatmem.config import MemorySettings
from chatmem.engine import Engine
from chatmem.errors import Interrupted, ModelError
from chatmem.memory.keys import Embed, embed_rounds, memory_vectors
from chatmem.memory.learn import learn_proposed, learn_turn, links_anew
from chatmem.memory.operations import LinksOf
from chatmem.memory.propose import Proposer, may_state
from chatmem.memory.summarize import summarize_running, summarize_session
from chatmem.store import Store, VectorKind
from chatmem.types import Operation
from chatmem.vectors import VectorIndex

LEARN_WAIT = 60.0  # seconds that learning waits for the embedder before it compares by words alone
EDIT_WAIT = 5.0  # the same for somebody who waits for it, while the app loads it anyway
BATCH = 16  # rounds embedded at once: a question waits no longer than for these
MODEL_READS = timedelta(days=1)  # turns of so long ago a model reads; an imported chat of years would keep it busy for hours
WRITTEN = 128  # vectors written and indexed at once: each write costs as much as embedding several texts


def embedding(embedder: Engine, seconds: float = LEARN_WAIT) -> Embed | None:
    """How to embed now; None when the embedder cannot run here, so that work goes on by words alone."""
    try:
        embedder.wait(seconds)
    except (ModelError, TimeoutError):
        return None
    return embedder.embed


def linking(store: Store, embed: Embed | None, embedder_id: str, texts: Sequence[str]) -> LinksOf | None:
    """How memories that get these words by hand are linked; None when they cannot be embedded now."""
    if embed is None:
        return None
    try:
        vectors = dict(zip(texts, memory_vectors(texts, embed), strict=True))
    except ModelError:
        return None
    return lambda memory: links_anew(store, memory, vectors[memory.text], embedder_id)


class Learner:
    """Reads turns, embeds, summarises. ``closing`` stops it between two items."""

    def __init__(
        self, store: Store, embedder: Engine, embedder_id: str, index: VectorIndex, settings: MemorySettings, closing: threading.Event
    ) -> None:
        self._store, self._embedder, self._embedder_id, self._index = store, embedder, embedder_id, index
        self._settings, self._closing = settings, closing
        self.proposer: Proposer | None = None
        """Set while a capable model is loaded; without it all is by rule."""

    def learn(self) -> list[Operation]:
        """Learn by rule from every user turn not read yet, embed what has no vector yet, then let the model read as well."""
        done: list[Operation] = []
        if self._settings.write:
            recent = self._store.clock() - MODEL_READS
            for turn in self._store.turns_to_learn():
                if self._closing.is_set():
                    return done
                model_reads = self.proposer is not None and turn.created_at > recent and may_state(turn.content)
                new = learn_turn(self._store, turn, embedding(self._embedder), self._embedder_id, model_reads=model_reads)
                self.reindex(new)
                done += new
        self.embed_missing()
        return done + self._learn_proposed()

    def _learn_proposed(self) -> list[Operation]:
        """What the model finds in turns that the rules have read. It stops when the user needs the model, and goes on the next time."""
        done: list[Operation] = []
        if not self._settings.write or self.proposer is None:
            return done
        for turn in self._store.turns_for_model():
            if self._closing.is_set():
                break
            try:
                new = learn_proposed(self._store, turn, self.proposer.facts, embedding(self._embedder), self._embedder_id)
            except Interrupted:
                break
            self.reindex(new)
            done += new
        return done

    def linking(self, texts: Sequence[str]) -> LinksOf | None:
        """How memories that get these words by hand are linked; None when they cannot be embedded now."""
        return linking(self._store, embedding(self._embedder, EDIT_WAIT), self._embedder_id, texts)

    def embed_missing(self) -> None:
        """Embed and index the memories and rounds that have no vector yet."""
        for kind in ("memories", "rounds"):
            self._embed(kind)

    def _embed(self, kind: VectorKind) -> None:
        todo = self._store.without_vector(kind, self._embedder_id)
        for start in range(0, len(todo), WRITTEN):
            ids, parts = todo[start : start + WRITTEN], []
            for first in range(0, len(ids), BATCH):
                if self._closing.is_set():
                    return
                some = ids[first : first + BATCH]
                if kind == "rounds":
                    parts.append(embed_rounds(self._store, some, self._embedder.embed))
                else:
                    parts.append(memory_vectors([self._store.memory(id_).text for id_ in some], self._embedder.embed))
            vectors = np.concatenate(parts)
            self._store.put_vectors(kind, self._embedder_id, ids, vectors)
            self._index.add(kind, ids, vectors)

    def reindex(self, done: Sequence[Operation | None]) -> bool:
        """Bring the vector index in line with operations just applied; False when a memory still has to be embedded."""
        touched = sorted({id_ for operation in done if operation for id_ in operation.memories})
        if not touched:
            return True
        current = [memory.id for memory in self._store.memories("active", touched)]
        gone = [id_ for id_ in touched if id_ not in current]
        if gone:
            self._index.remove("memories", gone)
        ids, vectors = self._store.vectors("memories", self._embedder_id, current)
        if ids:
            self._index.add("memories", ids, vectors)
        return len(ids) == len(current)

    def consolidate(self, idle: timedelta) -> int:
        """Learn, then summarise each session without a message for so long; returns how many were summarised."""
        self.learn()
        count = 0
        for session_id in self._store.idle_sessions(self._store.clock() - idle):
            if self._closing.is_set():
                break
            try:
                self.summarise(session_id)
            except Interrupted:
                break
            count += 1
        return count

    def summarise(self, session_id: str) -> None:
        """Write a session's summary and the next running summary; a text that did not change makes no new version.

        Raises Interrupted when the user needs the model first.
        """
        turns = self._store.turns(session_id)
        ids = {id_ for turn in turns for id_ in self._store.memories_from(turn.id)}
        current = self._store.memories("active")
        running = self._store.summary("running")
        sentences = self.proposer.summary(turns) if self.proposer else []
        texts: list[tuple[Literal["session", "running"], str | None, str]] = [
            ("session", session_id, "\n".join(sentences) or summarize_session(turns, [memory for memory in current if memory.id in ids])),
            ("running", None, summarize_running(running.text if running else "", current)),
        ]
        with self._store.transaction():
            for kind, about, text in texts:
                previous = self._store.summary(kind, about)
                if text and (previous is None or previous.text != text):
                    self._store.add_summary(kind, about, text)
            self._store.set_session_state(session_id, "consolidated", self._store.clock())
