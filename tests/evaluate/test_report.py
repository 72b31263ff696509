"""The report: paired statistics, both official averages, and the forms it comes in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from chatmem.cli.evaluation import evaluation_group
from chatmem.evaluate.json_stream import DatasetError
from chatmem.evaluate.page import to_page
from chatmem.evaluate.report import shown, tables, to_markdown
from chatmem.evaluate.runner import Progress, run
from chatmem.evaluate.runs import read_runs
from chatmem.evaluate.statistics import compare, percentile, sign_test
from tests.evaluate.sets import conversation, job, question, write


def test_sign_test_against_exact_values() -> None:
    assert sign_test(0, 0) == 1
    assert sign_test(5, 0) == pytest.approx(2 / 32)
    assert sign_test(1, 4) == pytest.approx(2 * 6 / 32)
    assert sign_test(3, 3) == 1
    assert sign_test(2000, 1000) < 1e-9


def test_an_interval_covers_a_real_difference_and_not_a_missing_one() -> None:
    better = compare([1.0] * 60 + [0.0] * 40, [1.0] * 40 + [0.0] * 60)
    assert better.difference == pytest.approx(0.2)
    assert 0 < better.low < 0.2 < better.high
    assert (better.wins, better.losses) == (20, 0)
    same = compare([1.0, 0.0] * 50, [0.0, 1.0] * 50)
    assert same.low < 0 < same.high
    assert same.p == 1
    with pytest.raises(ValueError, match="pairs"):
        compare([1.0], [1.0, 0.0])


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60))
def test_the_interval_holds_the_mean_and_turns_with_the_sides(pairs: list[tuple[int, int]]) -> None:
    first, second = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    there, back = compare(first, second), compare(second, first)
    assert there.low <= there.difference + 1e-9
    assert there.difference <= there.high + 1e-9
    assert there.difference == -back.difference
    assert there.p == back.p


def test_percentiles() -> None:
    assert percentile([], 50) is None
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.5
    assert percentile([1.0, 2.0, 3.0, 4.0], 100) == 4


def test_how_numbers_are_printed() -> None:
    assert [shown(value) for value in (0.857, 1.0, -0.0321, 12.34, 1234, None, "x")] == [".857", "1.000", "-.032", "12.3", "1,234", "–", "x"]


def test_both_official_averages_and_which_is_which(tmp_path: Path) -> None:
    elements = [question(0), question(1), question(2)]
    for turn in elements[2]["haystack_sessions"][2]:
        turn["has_answer"] = turn["role"] == "assistant"  # no user target: in one average, not in the other
    run(job(tmp_path, write(tmp_path / "set.json", elements), systems="bm25,official-bm25"))
    made = {table.title: table for table in tables(read_runs([tmp_path / "run"]))}
    official = made["run: official metrics, user turns as evidence"]
    found = {(row[0], row[1], row[2]): row[3:] for row in official.rows}
    every, targets = found["bm25", "user session", "all answerable"], found["bm25", "user session", "with user target"]
    assert every[0] == 3
    assert targets[0] == 2
    assert targets[1] == 1  # recall_all@5: four sessions, all within five
    assert every[1] == 1  # the third is vacuous
    assert every[2] == pytest.approx(2 / 3 * float(targets[2] or 0))  # and scores 0 in ndcg
    assert any(row[0] == "published BM25, all of S" for row in official.rows)


def test_runs_side_by_side_only_on_the_same_data(tmp_path: Path) -> None:
    data = write(tmp_path / "set.json", [question(i) for i in range(4)])
    run(job(tmp_path, data, "one", "chatmem,last"))
    run(job(tmp_path, data, "two", "chatmem"))
    run(job(tmp_path, write(tmp_path / "other.json", [question(9)]), "three", "chatmem"))
    made = {table.title: table for table in tables(read_runs([tmp_path / name for name in ("one", "two", "three")]))}
    pairs = {(row[1], row[2]) for row in made["Paired comparison"].rows}
    assert pairs == {("one/chatmem", "one/last"), ("two/chatmem", "one/chatmem")}
    row = next(row for row in made["Paired comparison"].rows if row[2] == "one/chatmem")
    assert row[6] == 0


def test_forms_of_the_report(tmp_path: Path) -> None:
    run(job(tmp_path, write(tmp_path / "locomo.json", [conversation("<b>|x")])))
    runs = read_runs([tmp_path / "run"])
    made = tables(runs)
    assert any("share@10" in table.columns for table in made)
    page = to_page(runs, made)
    assert page.count("<svg") >= 3
    assert "http" not in page
    assert "<script" not in page
    markdown = to_markdown(made)
    assert all(line.count("|") >= 2 for line in markdown.splitlines() if line.startswith("|"))
    assert all(table.title in markdown for table in made)


def test_a_run_that_was_killed_is_reported_as_far_as_it_went(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(done: int) -> None:
        if done:
            # What a kill leaves: nothing of the run's own ending is written.
            monkey.setattr("chatmem.evaluate.runner.write_record", lambda *_: None)
            raise Killed

    data = write(tmp_path / "set.json", [question(i) for i in range(3)])
    with pytest.MonkeyPatch.context() as monkey, pytest.raises(Killed):
        run(job(tmp_path, data), progress=Progress(done=kill))
    made = {table.title: table for table in tables(read_runs([tmp_path / "run"]))}
    assert made["Runs"].rows[0][-1] == "no"
    assert made["run: session retrieval"].rows[0][1] == 1


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no run in"):
        read_runs([tmp_path])


def test_the_commands_from_run_to_report_without_any_model(tmp_path: Path) -> None:
    data = write(tmp_path / "set.json", [question(i) for i in range(3)])
    out = tmp_path / "out"
    words = ["run", "--data", str(data), "--out", str(out), "--no-answer", "--systems", "bm25,last,none"]
    done = CliRunner().invoke(evaluation_group, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert "out: session retrieval" in done.output
    assert "recall_all@5" in done.output
    assert (out / "report.md").is_file()
    assert (out / "report.html").is_file()
    printed = CliRunner().invoke(evaluation_group, ["report", str(out), "--json"], catch_exceptions=False)
    report = json.loads(printed.stdout)
    assert report["runs"][0]["data_name"] == "set.json"
    assert {"title", "note", "rows"} == set(report["tables"][0])
    again = CliRunner().invoke(evaluation_group, words)
    assert isinstance(again.exception, DatasetError)
    assert CliRunner().invoke(evaluation_group, [*words, "--resume"], catch_exceptions=False).exit_code == 0


@pytest.mark.parametrize("words", [["--shard", "3/2"], ["--shard", "x"], ["--set", "memory.max_items"], ["--limit", "0"]])
def test_wrong_usage_is_told(tmp_path: Path, words: list[str]) -> None:
    done = CliRunner().invoke(evaluation_group, ["run", "--out", str(tmp_path), *words])
    assert done.exit_code == 2
