"""Answers by rule, the judge's strict parsing, and the reader's prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatmem.evaluate.answers import Reader, choose_protocol, final_answer
from chatmem.evaluate.datasets import Gold, read_cases
from chatmem.evaluate.history import open_history
from chatmem.evaluate.judge import criterion, judge, parse_verdict
from chatmem.evaluate.scoring import answer_type, normalise, score_answer
from chatmem.memory.echoes import refuses
from chatmem.prompts import load_prompt
from tests.evaluate.sets import Echo, question, write


def gold(answer: str, **changes: Any) -> Gold:
    values: dict[str, Any] = {"id": "q", "type": "single-session-user", "abstention": False, "sessions": frozenset(), "turns": frozenset()}
    return Gold(answer=answer, **(values | changes))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The twenty-five dogs", ["25", "dogs"]),
        ("Twenty five", ["25"]),
        ("$1,200.50", ["1200.50"]),
        ("on May 7th", ["may", "7"]),
        ("at 7:30 P.M.", ["7", "30", "pm"]),
        ("my sister's", ["sister"]),
    ],
)
def test_normalising(text: str, words: list[str]) -> None:
    assert normalise(text) == words


@pytest.mark.parametrize(
    ("answer", "said", "right"),
    [
        ("Biscuit", "Your dog is called Biscuit!", True),
        ("Biscuit", "Your dog is called Olive.", False),
        ("3", "You have three cats.", True),
        ("3", "You have 13 cats.", False),
        ("7 May 2023", "In 2023.", False),
        ("1 to 16", "A ratio of 1 to 16.", True),
        ("1 to 16", "A ratio of 1 to 12.", False),
        ("7 days. 8 days (including the last day) is also acceptable.", "It took 8 days.", True),
        ("$1,200", "It was 1200 dollars.", True),
        ("three", "There are 3.", True),
        ("Spanish, Greek, Finnish", "Greek, Spanish and Finnish", True),
        ("Spanish, Greek, Finnish", "Greek and Spanish", False),
        ("7 May 2023", "It was on May 7, 2023.", True),
        ("sage green", "The hallway is in sage green.", True),
        ("the roof was repaired", "The roof was repaired first, then the kitchen came.", True),
        ("a glaciologist", "", False),
    ],
)
def test_plain_answers(answer: str, said: str, right: bool) -> None:
    assert score_answer(gold(answer), said).correct is right


def test_off_by_one_is_no_error_for_spans_of_time_alone() -> None:
    assert score_answer(gold("14 days", type="temporal-reasoning"), "15 days ago").correct
    assert not score_answer(gold("14 days", type="temporal-reasoning"), "16 days ago").correct
    assert not score_answer(gold("14 days"), "15 days").correct
    assert not score_answer(gold("14", type="temporal-reasoning"), "15 times").correct


def test_abstention_in_its_own_right() -> None:
    never = gold("You never mentioned it.", abstention=True)
    assert score_answer(never, "I have no memory of that.").correct
    assert not score_answer(never, "It is called Pip.").correct
    corrected = gold("It was Helena.", abstention=True, must_include=(("Helena",),), must_not_include=("Beatrice said yes",))
    assert score_answer(corrected, "You asked Helena.").correct
    assert not score_answer(corrected, "I do not know, but Beatrice said yes.").correct
    assert score_answer(gold("Oslo"), "I don't know.").refused


def test_rubrics_need_words_to_be_scored_by_rule() -> None:
    assert score_answer(gold("A dish.", type="single-session-preference"), "Soup").correct is None
    with_words = gold("A dish.", type="single-session-preference", must_include=(("vegan", "aubergine"), ("quick",)))
    assert score_answer(with_words, "A quick aubergine curry").correct
    assert not score_answer(with_words, "A quick steak").correct


@pytest.mark.parametrize(
    "said",
    [
        "I don't know.",
        "I have no memory of that. Tell me, and I will remember it.",
        "You did not mention a rabbit.",
        "There is no information about that.",
        "You haven't told me your shoe size.",
        "The information provided is not enough.",
        "That was never mentioned.",
        "I cannot find this in our conversations.",
        "",
    ],
)
def test_refusals_are_seen(said: str) -> None:
    assert refuses(said)


@pytest.mark.parametrize(
    "said", ["Her name is Pip.", "You moved to Oslo, not to Rome.", "No, it is on Friday.", "You know it: Monday.", "There is no doubt: blue."]
)
def test_answers_are_not_taken_for_refusals(said: str) -> None:
    assert not refuses(said)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("yes", True),
        ("Yes.", True),
        ("**No**", False),
        ("no, because", False),
        ("yesterday", None),
        ("It is right: yes", None),
        ("", None),
        ("not", None),
    ],
)
def test_the_judges_first_word_counts(text: str, verdict: bool | None) -> None:
    assert parse_verdict(text) is verdict


def test_each_type_is_judged_by_its_own_criterion() -> None:
    assert criterion(gold("x", abstention=True, type="temporal-reasoning")) == "abstention"
    prompts = {}
    for kind in ("single-session-user", "single-session-preference", "knowledge-update", "temporal-reasoning"):
        model = Echo("Yes")
        assert judge(model, load_prompt("judge"), gold("Oslo", type=kind), "Where?", "In Oslo") is True
        assert all(words in model.prompts[0] for words in ("Where?", "Oslo", "In Oslo"))
        prompts[kind] = model.prompts[0]
    assert "off by one" in prompts["temporal-reasoning"]
    assert "off by one" not in prompts["single-session-user"]
    assert "earlier information" in prompts["knowledge-update"]
    assert "Rubric" in prompts["single-session-preference"]


def test_how_a_model_reads_goes_by_its_size() -> None:
    assert [choose_protocol("auto", size) for size in (135_000_000, 1_500_000_000, 7_000_000_000)] == ["chat", "direct", "notes"]
    assert choose_protocol("basic", 7_000_000_000) == "chat"
    assert choose_protocol("capable", 135_000_000) == "notes"
    assert final_answer("Piece 1: a dog.\nAnswer: Biscuit", "notes") == "Biscuit"
    assert final_answer("Biscuit", "notes") == "Biscuit"


def test_the_reader_gets_dated_json_in_order_of_time(tmp_path: Path) -> None:
    case = next(read_cases(write(tmp_path / "a.json", [question()])))
    with open_history(case, None) as history:
        ids = history.store.rounds()
        items = [history.store.recall_item("round", id_, 1.0, {}, shown=True) for id_ in (ids[3], ids[1])]
        reader = Reader(Echo(), 4096, 8_000_000_000, "notes", load_prompt("chat"), load_prompt("reader"))
        text = reader.messages(history.store, items, "", case.questions[0][0])[-1]["content"]
    assert text.index("parrot") < text.index("rings")
    assert '[{"role": "user", "content": "My parrot is called Coco and sings at dawn."}, {"role": "assistant"' in text
    assert "2 March 2024" in text
    assert text.index("20 March 2024") < text.index("What is my parrot called?") < text.index("Answer:")


def test_kinds_of_answers() -> None:
    assert answer_type(gold("5")) == "number"
    assert answer_type(gold("2 weeks")) == "number"
    assert answer_type(gold("7 May 2023")) == "date"
    assert answer_type(gold("Ana, Ben, and Cy")) == "list"
    assert answer_type(gold("sage green")) == "text"
    assert answer_type(gold("x", abstention=True)) == "abstain"
