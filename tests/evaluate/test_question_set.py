"""Our own question set: the shipped file is what the generator makes, and its labels hold."""

from __future__ import annotations

import lzma
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from chatmem.evaluate.datasets import read_cases
from chatmem.evaluate.question_set import NAME, QuestionSetError, generate, packed
from chatmem.evaluate.scoring import normalise
from chatmem.prompts import shipped_folder

FOLDER = shipped_folder("data") / "questions"


@pytest.fixture(scope="module")
def made() -> list[dict[str, object]]:
    return generate(FOLDER / "source")


def test_the_shipped_file_is_what_the_generator_makes(made: list[dict[str, object]]) -> None:
    assert lzma.decompress((FOLDER / NAME).read_bytes()) == lzma.decompress(packed(made))
    assert generate(FOLDER / "source", seed=21) != made


def test_size_and_spread(made: list[dict[str, object]]) -> None:
    assert len(made) >= 120
    types = Counter(str(question["question_type"]) for question in made)
    assert len(types) == 6
    assert min(types.values()) >= 12
    assert sum(str(question["question_id"]).endswith("_abs") for question in made) >= 15
    assert len({question["question_id"] for question in made}) == len(made)
    assert len({question["question"] for question in made}) >= 0.95 * len(made)
    assert (FOLDER / NAME).stat().st_size < 3_000_000


def test_every_history_is_sound() -> None:
    for case in read_cases(FOLDER):
        assert 20 <= len(case.sessions) <= 50
        ((asked, gold),) = case.questions
        assert all(past.at < asked.at for past in case.sessions)
        assert [past.at for past in case.sessions] == sorted(past.at for past in case.sessions)
        texts = ["".join(said.text for said in past.turns) for past in case.sessions]
        assert len(set(texts)) == len(texts)
        assert gold.sessions == {session for session, _ in gold.turns}
        assert gold.sessions or gold.abstention
        for past in case.sessions:
            assert [said.role for said in past.turns] == ["user", "assistant"] * (len(past.turns) // 2)
            assert not any("{" in said.text for said in past.turns)


def test_the_answer_stands_in_the_evidence() -> None:
    """For what can be read off one place; sums, spans and orders are checked below."""
    for case in read_cases(FOLDER):
        ((_, gold),) = case.questions
        evidence = {word for session, turn in gold.turns for word in normalise(case.sessions[session].turns[turn].text)}
        if (
            gold.abstention
            or gold.type in ("temporal-reasoning", "single-session-preference")
            or (gold.type == "multi-session" and gold.answer_type == "number")
        ):
            continue
        missing = set(normalise(gold.answer)) - evidence - {"my", "from"}
        assert not missing, (gold.id, missing)


def test_sums_and_spans_are_right() -> None:
    for case in read_cases(FOLDER):
        ((asked, gold),) = case.questions
        days = [case.sessions[session].at.date() for session in sorted(gold.sessions)]
        if gold.type == "temporal-reasoning" and not gold.abstention and gold.answer_type == "number":
            number = int(gold.answer.split()[0])
            span = (days[-1] - days[0]).days if len(days) > 1 else (asked.at.date() - days[0]).days
            assert number in (span, span // 7), gold.id


def test_a_wrong_scenario_is_named(tmp_path: Path) -> None:
    (tmp_path / "filler.toml").write_text((FOLDER / "source" / "filler.toml").read_text())
    scenario = 'type = "multi-session"\n[[scenario]]\nslots = { a = ["x"] }\nask = ["{b}?"]\nanswer = "{a}"\nsession = []\n'
    (tmp_path / "odd.toml").write_text(scenario)
    with pytest.raises(QuestionSetError, match=r"odd\.toml, scenario 1"):
        generate(tmp_path)
    (tmp_path / "odd.toml").write_text("[[scenario")
    with pytest.raises(QuestionSetError, match=r"odd\.toml cannot be read"):
        generate(tmp_path)


def test_dates_are_of_the_official_form(made: list[dict[str, object]]) -> None:
    for question in made:
        text = str(question["question_date"])
        assert datetime.strptime(text, "%Y/%m/%d (%a) %H:%M")
