"""What one message teaches: extract, compare with what is known, apply, link. One transaction a message.

Rules decide. Neighbours are found by exact cosine over the current facts about the same subject, so that learning the
same messages in the same order always ends in the same state, whatever interrupted it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

import numpy as np

from chatmem.memory import operations, timeline, update
from chatmem.memory.apply import order
from chatmem.memory.bare_days import moves, read_with, undated
from chatmem.memory.corrections import LONGEST, corrected
from chatmem.memory.extract import command, extract
from chatmem.memory.given import extract_given
from chatmem.memory.keys import Embed, memory_vectors
from chatmem.memory.people import names_in, starters_in, things_in
from chatmem.memory.person import first_person
from chatmem.store import Store
from chatmem.types import Candidate, Link, Memory, Operation, Origin, Turn
from chatmem.words import content_stems, is_question

Propose = Callable[[str, datetime, Sequence[Candidate]], list[Candidate]]
"""What a model finds in a message beyond the candidates known by rule, each checked against the message."""

ANSWERS = 8  # memories that an answer may come from
SAID_AGAIN = 0.6  # share of an answer's words that its memory has
LINKED = 20
COMPARED = 200  # implied updates have low cosines: the rules look at many, and ask for the same person and matter


def learn_turn(store: Store, turn: Turn, embed: Embed | None, embedder: str, *, model_reads: bool = False) -> list[Operation]:
    """Learn by rule from a user's turn and mark it as read; nothing happens the second time.

    Without ``embed`` nothing is compared by meaning: only the same words count as the same. ``model_reads`` leaves the
    turn to ``learn_proposed`` as well.
    """
    candidates: list[Candidate] = []
    ordered = command(turn.content) is not None
    if not ordered:
        candidates = stated(store, turn)
        _, reply = store.round(turn.id)
        if reply is not None and reply.state == "complete":
            candidates += extract_given(reply.content, turn.content, turn.created_at.astimezone())
    return _learn(store, turn, candidates, "rule", embed, embedder, model_reads=model_reads and not ordered)


def learn_proposed(store: Store, turn: Turn, propose: Propose, embed: Embed | None, embedder: str) -> list[Operation]:
    """Learn what a model finds in a turn that the rules have read. Raises what ``propose`` raises, with nothing changed."""
    return _learn(store, turn, propose(turn.content, turn.created_at.astimezone(), stated(store, turn)), "llm", embed, embedder)


def _learn(
    store: Store, turn: Turn, candidates: Sequence[Candidate], origin: Origin, embed: Embed | None, embedder: str, *, model_reads: bool = False
) -> list[Operation]:
    vectors = memory_vectors([candidate.text for candidate in candidates], embed) if embed and candidates else None
    done: list[Operation] = []
    with store.transaction():
        for i, candidate in enumerate(candidates):
            done += learn_candidate(store, candidate, turn, None if vectors is None else vectors[i], embedder, origin, embed)
        store.mark_learned(turn, model_reads=model_reads)
    return done


def stated(store: Store, turn: Turn) -> list[Candidate]:
    """What a user's turn states by rule, names told of before understood, or puts right in the one before it or in its answer; nothing is changed."""
    before = _message_before(store, turn) if len(turn.content) <= LONGEST else None
    if before:
        if right := corrected(turn.content, before.content):
            return _put_right(turn, before, right)
        for memory in _answered_by(store, before):
            if right := corrected(turn.content, first_person(undated(memory.text))):
                return _put_right(turn, before, right, memory.text)
    told = store.memories_naming(list(dict.fromkeys([*names_in(turn.content), *things_in(turn.content), *starters_in(turn.content)])))
    return extract(turn.content, turn.created_at.astimezone(), told, before.content if before else "")


def _put_right(turn: Turn, before: Turn, right: tuple[str, str], memory: str = "") -> list[Candidate]:
    """What a sentence as it was and as it is put right come to: new candidates in place of the old ones, or of this ``memory``."""
    was, now = (extract(text, said.created_at.astimezone()) for text, said in zip(right, (before, turn), strict=True))
    return [
        new.model_copy(update={"span": turn.content.strip(), "corrects": memory or old.text})
        for old, new in zip(was, now, strict=False)
        if old.text != new.text
    ]


def _answered_by(store: Store, question: Turn) -> list[Memory]:
    """The current memories that the answer to a user's question says again; none where nothing was asked: "where do I live?", "You live in Munich."."""
    _, reply = store.round(question.id)
    if reply is None or not is_question(question.content) or len(reply.content) > LONGEST:
        return []
    said = content_stems(reply.content)
    near = store.memories("active", [id_ for id_, _ in store.bm25(reply.content, "memory", ANSWERS)])
    return [memory for memory in near if len(said & content_stems(memory.text)) >= SAID_AGAIN * len(said)]


def _message_before(store: Store, turn: Turn) -> Turn | None:
    """The user's message before this one in the conversation."""
    before = store.turn(turn.parent) if turn.parent else None
    while before and before.role != "user":
        before = store.turn(before.parent) if before.parent else None
    return before


def learn_candidate(
    store: Store, candidate: Candidate, turn: Turn, vector: np.ndarray | None, embedder: str, origin: Origin = "rule", embed: Embed | None = None
) -> list[Operation]:
    """Apply what a candidate means for memory: INSERT, PASS, REPLACE or END, with its links. ``vector`` is its own, ``embed`` for when it is said anew."""
    with store.transaction():
        if any(turn.id in sources for sources in store.source_ids([twin.id for twin in store.memories_saying(candidate.text)]).values()):
            return []
        plain = candidate.text
        candidate, decision, found = _decided(store, candidate, vector, embedder, turn.created_at.astimezone().date())
        if candidate.text != plain:
            vector = memory_vectors([candidate.text], embed)[0] if embed else None
        if decision.op == "PASS" and decision.target:
            _, done = operations.reaffirm(store, decision.target, [turn.id], origin, reason=decision.reason, score=decision.score)
            return [done] if done else []
        memory = operations.new_memory(store, candidate, origin, turn.created_at)
        links = _links(store, memory, turn, found[:LINKED])
        if decision.op in ("REPLACE", "END") and decision.target:
            done = operations.replace(
                store,
                decision.target,
                memory,
                [turn.id],
                ends=decision.op == "END",
                links=links,
                reason=decision.reason,
                score=decision.score,
            )
        else:
            memory, done = operations.insert(
                store, candidate, [turn.id], origin, links=links, reason=decision.reason, score=decision.score, memory=memory
            )
        if done is None:
            return []
        if vector is not None and done.op != "PASS":
            store.put_vectors("memories", embedder, [memory.id], vector[np.newaxis])
        return [done]


def _decided(
    store: Store, candidate: Candidate, vector: np.ndarray | None, embedder: str, said: date
) -> tuple[Candidate, update.Decision, list[tuple[Memory, float]]]:
    """A candidate as it will be remembered (what is moved is read with what is known of it), what it does to memory, and the memories nearest to it."""
    found = closest(store, vector, embedder, COMPARED)
    taken_back = [old for old in store.memories_saying(candidate.corrects) if old.status == "active" and not old.pinned] if candidate.corrects else []
    if taken_back:
        return candidate, update.Decision("REPLACE", taken_back[0].id, "the user put it right", 1.0), found
    near = [update.Neighbour(memory, cosine) for memory, cosine in found if update.is_neighbour(candidate, memory, cosine)]
    decision = update.decide(candidate, near)
    old = next((memory for memory, _ in found if memory.id == decision.target), None) if decision.op == "REPLACE" else None
    return (read_with(candidate, old, said) if old else candidate), decision, found


def as_remembered(store: Store, candidates: Sequence[Candidate], said: date, embed: Embed | None, embedder: str) -> list[Candidate]:
    """Candidates as they will be remembered, so that this can be said back; nothing is changed."""
    texts = [candidate.text for candidate in candidates if moves(candidate)]
    if not texts or embed is None:
        return list(candidates)  # nothing is embedded in vain while somebody waits for the reply
    vectors = iter(memory_vectors(texts, embed))
    return [_decided(store, candidate, next(vectors), embedder, said)[0] if moves(candidate) else candidate for candidate in candidates]


def closest(store: Store, vector: np.ndarray | None, embedder: str, limit: int) -> list[tuple[Memory, float]]:
    """Current memories by exact cosine to a vector, the closest first."""
    if vector is None:
        return []
    ids, matrix = store.vectors("memories", embedder)
    if not ids:
        return []
    cosines = matrix @ np.asarray(vector, np.float32)
    near = sorted(range(len(ids)), key=lambda i: (-float(cosines[i]), ids[i]))[:limit]
    found = {memory.id: memory for memory in store.memories("active", [ids[i] for i in near])}
    return [(found[ids[i]], float(cosines[i])) for i in near if ids[i] in found]


def _links(store: Store, memory: Memory, turn: Turn, found: Sequence[tuple[Memory, float]]) -> list[Link]:
    """Links from older memories of other sessions, as the timeline's policy has it."""
    return timeline.choose_links(memory, _of_other_sessions(store, found, {turn.session_id}), timeline.components(store.links()))


def links_anew(store: Store, memory: Memory, vector: np.ndarray, embedder: str) -> list[Link]:
    """The links of a memory that was given other words by hand: from older ones as when it is learnt, and to newer ones.

    Memories out of recall are looked at too where a link leads to them already.
    """
    known = store.links([memory.id])
    linked = sorted({id_ for link in known for id_ in (link.src, link.dst)} - {memory.id})
    ids, matrix = store.vectors("memories", embedder, linked)
    cosines = {id_: float(matrix[i] @ vector) for i, id_ in enumerate(ids)}
    found = {old.id: (old, cosine) for old, cosine in closest(store, vector, embedder, LINKED + 1)}
    found |= {old.id: (old, cosines[old.id]) for old in store.memories(None, ids) if old.id not in found}
    found.pop(memory.id, None)
    sessions = {turn.rpartition("_")[0] for turn in store.source_ids([memory.id])[memory.id]}
    others = _of_other_sessions(store, list(found.values()), sessions)
    ours = {memory.id}
    links = timeline.choose_links(memory, others, timeline.components(link for link in store.links() if not ours & {link.src, link.dst}))
    newer = sorted(((new, cosine) for new, cosine in others if order(memory) < order(new)), key=lambda pair: (-pair[1], pair[0].id))
    return [*links, *(link for new, cosine in newer[: timeline.NEAREST] for link in timeline.choose_links(new, [(memory, cosine)]))]


def _of_other_sessions(store: Store, found: Sequence[tuple[Memory, float]], sessions: set[str]) -> list[tuple[Memory, float]]:
    sources = store.source_ids([old.id for old, _ in found])
    return [(old, cosine) for old, cosine in found if not any(id_.rpartition("_")[0] in sessions for id_ in sources[old.id])]
