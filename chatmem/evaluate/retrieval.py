"""The retrieval scores of one question: what was ranked against where the evidence stands."""

from __future__ import annotations

from collections.abc import Sequence

from chatmem.evaluate.datasets import Case, Gold, Place
from chatmem.evaluate.metrics import evaluate, evaluate_turns_as_sessions, evidence_shares

LEVELS = {
    "session": "sessions, evidence as labelled",
    "round": "rounds, a round counts when either of its turns is evidence",
    "user session": "official: sessions with an evidence turn by the user",
    "user turn": "official: user turns that are evidence",
    "user turn to session": "official: ranked user turns turned into sessions",
}
Scores = dict[str, dict[str, float]]


def user_evidence(case: Case, gold: Gold) -> frozenset[Place]:
    """Evidence turns by the user: all that the official code can find."""
    return frozenset((session, turn) for session, turn in gold.turns if case.sessions[session].turns[turn].role == "user")


def score_retrieval(case: Case, gold: Gold, rounds: Sequence[Place], sessions: Sequence[int]) -> Scores:
    """Every metric at every level; at the official levels a question without user evidence scores as the official code has it."""
    corpus = case.rounds()
    targets = {case.round_of(place) for place in gold.turns}
    scores: Scores = {"session": evaluate(sessions, gold.sessions, range(len(case.sessions)))}
    if gold.sessions:
        scores["session"] |= evidence_shares(sessions, gold.sessions)
    if targets:
        scores["round"] = evaluate(rounds, targets, corpus) | evidence_shares(rounds, targets)
    if case.layout == "longmemeval":
        marked = user_evidence(case, gold)
        marked_sessions = {session for session, _ in marked}
        scores["user session"] = evaluate(sessions, marked_sessions, range(len(case.sessions)))
        scores["user turn"] = evaluate(rounds, marked, corpus)

        def name(place: Place) -> tuple[int, bool]:
            # The official ids rename unmarked turns of evidence sessions, which makes them a session of their own.
            return place[0], place[0] not in gold.sessions or place in marked

        scores["user turn to session"] = evaluate_turns_as_sessions(
            [name(place) for place in rounds], {name(place) for place in marked}, [name(place) for place in corpus]
        )
    return scores
