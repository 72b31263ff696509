"""The official BM25 baseline of LongMemEval, rebuilt: Okapi BM25 over words cut at single spaces, user turns only.

Its purpose is to land on published figures, so nothing is improved: case and punctuation stay on the words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from chatmem.evaluate.datasets import Case, Place

K1, B, EPSILON = 1.5, 0.75, 0.25


def okapi_ranking(documents: Sequence[str], query: str) -> list[int]:
    """Indices of the documents, best first. A word in more than half of them weighs EPSILON times the mean weight."""
    bags = [Counter(document.split(" ")) for document in documents]
    lengths = np.array([sum(bag.values()) for bag in bags], float)
    holders = Counter(word for bag in bags for word in bag)
    idf = {word: math.log(len(bags) - n + 0.5) - math.log(n + 0.5) for word, n in holders.items()}
    floor = EPSILON * sum(idf.values()) / len(idf)
    scores = np.zeros(len(bags))
    for word in query.split(" "):
        if word not in idf:
            continue
        weight = idf[word] if idf[word] >= 0 else floor
        counts = np.array([bag[word] for bag in bags], float)
        scores += weight * counts * (K1 + 1) / (counts + K1 * (1 - B + B * lengths / lengths.mean()))
    return [int(index) for index in np.argsort(scores)[::-1]]


def official_bm25(case: Case, question: str) -> tuple[list[int], list[Place]]:
    """Ranked sessions (user turns joined by a space) and ranked user turns: the two granularities of the official script."""
    sessions = [" ".join(said.text for said in past.turns if said.role == "user") for past in case.sessions]
    places = case.rounds()
    turns = [case.sessions[session].turns[turn].text for session, turn in places]
    return okapi_ranking(sessions, question), [places[index] for index in okapi_ranking(turns, question)]
