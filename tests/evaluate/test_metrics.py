"""Metrics: values worked out by hand from the official formulas, and what must hold for any ranking."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmem.evaluate.metrics import (
    CUTS,
    dcg,
    evaluate,
    evaluate_turns_as_sessions,
    evidence_shares,
    ndcg_any,
    recall_all,
    recall_any,
    reciprocal_rank,
    share_found,
    widened,
)

EXACT = 1e-9


def test_the_official_discount_counts_the_first_two_places_in_full() -> None:
    assert dcg([1, 0, 0], 5) == pytest.approx(1.0, abs=EXACT)
    assert dcg([0, 1, 0], 5) == pytest.approx(1.0, abs=EXACT)
    assert dcg([0, 0, 1], 5) == pytest.approx(0.6309297535714575, abs=EXACT)
    assert dcg([1, 1, 1, 1], 3) == pytest.approx(2.6309297535714575, abs=EXACT)
    assert dcg([1, 1, 1, 1], 4) == pytest.approx(3.1309297535714575, abs=EXACT)
    assert dcg([], 3) == 0


def test_values_worked_out_by_hand() -> None:
    # Corpus a..h, relevant c and f, ranked b c a f d.
    ranking, correct, corpus = list("bcafd"), {"c", "f"}, list("abcdefgh")
    found = evaluate(ranking, correct, corpus)
    # k=1: nothing. k=3: c at place 2. k=5: c at 2 and f at 4; ideal is 2 whenever k >= 2.
    assert found["recall_any@1"] == 0
    assert found["recall_all@1"] == 0
    assert found["ndcg_any@1"] == 0
    assert found["recall_any@3"] == 1
    assert found["recall_all@3"] == 0
    assert found["ndcg_any@3"] == pytest.approx(1 / 2, abs=EXACT)
    assert found["recall_all@5"] == 1
    assert found["ndcg_any@5"] == pytest.approx((1 + 1 / math.log2(4)) / 2, abs=EXACT)
    assert found["ndcg_any@50"] == pytest.approx(0.75, abs=EXACT)
    assert reciprocal_rank(ranking, correct) == 0.5


def test_without_a_target_the_official_figures_are_vacuous() -> None:
    found = evaluate(["a"], set(), ["a", "b"])
    assert [found[f"{name}@5"] for name in ("recall_any", "recall_all", "ndcg_any")] == [0, 1, 0]
    with pytest.raises(ValueError, match="nothing"):
        share_found(["a"], set(), 5)


def test_turns_become_sessions_by_widening_k() -> None:
    # Six turns of sessions x x y y z z; relevant is z, of which both turns stand in the corpus.
    corpus = list("xxyyzz")
    ranking = list("xxyzyz")
    assert widened(ranking, 1, 6) == 1
    assert widened(ranking, 2, 6) == 3
    assert widened(ranking, 3, 6) == 4
    assert widened(ranking, 5, 6) == 7  # never five sessions: one beyond the corpus, as in the official loop
    found = evaluate_turns_as_sessions(ranking, {"z"}, corpus, cuts=(1, 3, 5))
    assert found["recall_any@1"] == 0
    assert found["recall_all@3"] == 1
    # k=3 widens to 4: gain at place 4 is 1/2; ideal has both turns of z: 1 + 1.
    assert found["ndcg_any@3"] == pytest.approx(0.25, abs=EXACT)
    # k=5 widens to 7: gains at places 4 and 6.
    assert found["ndcg_any@5"] == pytest.approx((1 / 2 + 1 / math.log2(6)) / 2, abs=EXACT)


def test_share_of_evidence() -> None:
    found = evidence_shares([3, 1, 9, 4], {1, 4, 7}, cuts=(1, 3, 5))
    assert found == {"share@1": 0, "share@3": pytest.approx(1 / 3), "share@5": pytest.approx(2 / 3), "mrr": 0.5}


ids = st.integers(0, 30)


@given(st.lists(ids, unique=True, max_size=30), st.sets(ids, min_size=1, max_size=8))
def test_what_holds_for_any_ranking(ranking: list[int], correct: set[int]) -> None:
    corpus = range(31)
    previous = 0.0
    for k in CUTS:
        anyhow, every = recall_any(ranking, correct, k), recall_all(ranking, correct, k)
        share = share_found(ranking, correct, k)
        assert every <= share <= anyhow
        assert (share == 1) == (every == 1)
        assert previous <= share
        assert 0 <= ndcg_any(ranking, correct, corpus, k) <= 1 + EXACT
        previous = share


@given(st.sets(ids, min_size=1, max_size=10))
def test_the_best_order_scores_one(correct: set[int]) -> None:
    ranking = [*correct, *(set(range(31)) - correct)]
    assert all(ndcg_any(ranking, correct, range(31), k) == pytest.approx(1, abs=EXACT) for k in CUTS)
