"""Question sets: what is read, how places are counted, and that nothing which gives the answer away gets through."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from chatmem.evaluate.answers import Reader
from chatmem.evaluate.datasets import DatasetError, parse_date, read_cases
from chatmem.evaluate.history import open_history
from chatmem.evaluate.runner import run
from chatmem.prompts import load_prompt
from tests.evaluate.sets import Echo, conversation, job, question, write


def test_sessions_are_put_in_order_of_time_and_evidence_keeps_its_place(tmp_path: Path) -> None:
    (case,) = read_cases(write(tmp_path / "a.json", [question()]))
    assert [past.at.day for past in case.sessions] == [1, 2, 5, 10]
    ((asked, gold),) = case.questions
    assert asked.at.date().isoformat() == "2024-03-20"
    assert gold.sessions == {1}
    assert gold.turns == {(1, 0)}
    assert "parrot" in case.sessions[1].turns[0].text
    assert case.rounds() == [(0, 0), (1, 0), (2, 0), (2, 2), (3, 0)]
    assert case.round_of((1, 1)) == (1, 0)


def test_integer_answers_and_abstention(tmp_path: Path) -> None:
    element = question(1, abstention=True) | {"answer": 3}
    ((_, gold),) = next(read_cases(write(tmp_path / "a.json", [element]))).questions
    assert gold.answer == "3"
    assert gold.abstention
    assert not gold.recallable


def test_locomo_in_one_file_and_in_one_file_each(tmp_path: Path) -> None:
    one = write(tmp_path / "all.json", [conversation("conv-1"), conversation("conv-2")])
    folder = tmp_path / "each"
    folder.mkdir()
    for name in ("conv-1", "conv-2"):
        (folder / f"{name}.json").write_text(json.dumps(conversation(name)))
    assert list(read_cases(one)) == list(read_cases(folder))
    case = next(read_cases(one))
    assert case.layout == "locomo"
    assert len(case.sessions) == 2  # the third has no turns
    assert case.sessions[0].turns[1].text == "Ben: How lovely, what is it called? [shares a photo: a thin dog on a sofa]"
    assert {said.role for past in case.sessions for said in past.turns} == {"user"}
    golds = [gold for _, gold in case.questions]
    assert golds[0].turns == {(0, 0), (0, 2)}
    assert golds[1].turns == {(1, 0)}
    assert [gold.abstention for gold in golds] == [False, False, True, False]
    assert [gold.recallable for gold in golds] == [True, True, True, False]
    assert golds[2].must_not_include == ("work",)
    assert case.questions[0][0].at.date().isoformat() == "2023-06-03"


def test_dates() -> None:
    assert parse_date("2023/07/01 (Sat) 23:13").replace(tzinfo=None) == datetime(2023, 7, 1, 23, 13)
    assert parse_date("12:10 am on 2 June, 2023").replace(tzinfo=None) == datetime(2023, 6, 2, 0, 10)
    assert parse_date("12:09 pm on 13 September, 2023").replace(tzinfo=None) == datetime(2023, 9, 13, 12, 9)
    with pytest.raises(ValueError, match="not a date"):
        parse_date("soon")


@pytest.mark.parametrize(
    "change",
    [{"haystack_dates": []}, {"haystack_sessions": 4}, {"question_date": "?"}, {"haystack_sessions": [[{"role": "system", "content": ""}]] * 4}],
)
def test_an_element_of_another_shape_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    path = write(tmp_path / "odd.json", [question(), question(1) | change])
    with pytest.raises(DatasetError, match=r"odd\.json: element 2"):
        list(read_cases(path))
    with pytest.raises(DatasetError, match="element 1"):
        list(read_cases(write(tmp_path / "odd.json", [{"rows": []}])))


def test_no_id_title_or_mark_reaches_the_store(tmp_path: Path) -> None:
    case = next(read_cases(write(tmp_path / "a.json", [question(7, prefix="answer_secret")])))
    with open_history(case, None) as history:
        connection: sqlite3.Connection = history.store._connection  # everything that ranking can read
        dump = "\n".join(connection.iterdump())
        assert "parrot" in dump or "ferret" in dump
        for secret in ("answer_secret", "sharegpt", "ultrachat", "has_answer", "q7"):
            assert secret not in dump
        assert all(session.title == "" for session in history.store.sessions())


def test_renaming_sessions_and_dropping_marks_changes_no_ranking_and_no_prompt(tmp_path: Path) -> None:
    """The proof that labels do not leak: with and without them everything before the scoring is the same."""
    results = []
    for name, elements in {
        "plain": [question(i) for i in range(3)],
        "blind": [question(i, prefix="zebra", marks=False) | {"answer": "x", "question_id": f"q{i}"} for i in range(3)],
    }.items():
        model = Echo()
        prompts = load_prompt("chat"), load_prompt("reader")
        out = job(
            tmp_path,
            write(tmp_path / f"{name}.json", elements),
            name,
            "chatmem,bm25,dense,last,summary,full",
            reader=Reader(model, 8192, 8_000_000_000, "notes", *prompts),
            answered=("chatmem", "bm25", "dense", "last", "summary", "full"),
        )
        run(out)
        rows = [json.loads(line) for line in (out.out / "results.jsonl").read_text().splitlines()]
        results.append(([(row["id"], row["system"], row["ranked"], row["state"], row["top_score"]) for row in rows], model.prompts))
    assert results[0] == results[1]
    assert results[0][1]
    assert not any("answer_" in prompt or "has_answer" in prompt for prompt in results[0][1])
