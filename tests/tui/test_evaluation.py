"""The evaluation screens: runs with bars, two compared, the questions of one, and one question in full."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from chatmem.config import Paths
from chatmem.evaluate.json_stream import DatasetError, fingerprint
from chatmem.evaluate.record import RunRecord, write_record
from chatmem.evaluate.runs import abilities, find_runs, history_of, read_run, verdict
from chatmem.tui.app import ChatmemApp
from chatmem.tui.dialogs import Ask
from chatmem.tui.evaluation import EvaluationScreen, compared
from chatmem.tui.questions import QuestionScreen, QuestionsScreen, found_in

from .conftest import wait_until
from .snapshots import Screens
from .test_chat import ready, say

TYPES = ("knowledge-update", "multi-session", "temporal-reasoning", "single-session-user")


def question_set(path: Path) -> str:
    """Eight small histories; returns the sha256."""
    elements = [
        {
            "question_id": f"q{n}",
            "question_type": TYPES[n % 4],
            "question": f"What is the colour of [bold]boat[/] {n}?",
            "question_date": "2024/03/02 (Sat) 10:00",
            "answer": f"colour {n}",
            "answer_session_ids": ["b"],
            "haystack_session_ids": ["a", "b"],
            "haystack_dates": ["2024/01/01 (Mon) 09:00", "2024/02/01 (Thu) 09:00"],
            "haystack_sessions": [
                [{"role": "user", "content": "How is the weather?"}, {"role": "assistant", "content": "Fine."}],
                [{"role": "user", "content": f"I painted boat {n} in colour {n}.", "has_answer": True}, {"role": "assistant", "content": "Good."}],
            ],
        }
        for n in range(8)
    ]
    path.write_text(json.dumps(elements))
    return fingerprint(path)[0]


def row(n: int, *, found: float, right: bool | None, system: str = "chatmem") -> dict[str, Any]:
    """A result line."""
    made: dict[str, Any] = {
        "id": f"q{n}", "case": f"q{n}", "type": TYPES[n % 4], "system": system, "abstention": False, "recallable": True, "user_target": True,
        "state": "confident", "top_score": 0.8, "milliseconds": 12.0, "fits": True, "gold": {"sessions": [1], "turns": [[1, 0]]},
        "ranked": {"sessions": [1, 0] if found else [0], "rounds": [[1, 0], [0, 0]] if found else [[0, 0]]},
        "metrics": {"session": {"recall_all@5": found}},
    }  # fmt: skip
    if right is not None:
        made |= {
            "question": f"What is the colour of [bold]boat[/] {n}?",
            "expected": f"colour {n}",
            "answer": f"It is \x1b[31mcolour\x1b[0m {n}.",
            "rule": {"correct": right, "kind": "contains", "refused": False},
            "answer_fits": True,
        }
    return made


def write_run(folder: Path, sha256: str, rows: Sequence[dict[str, Any]], day: int = 1) -> Path:
    """A finished run."""
    folder.mkdir(parents=True)
    systems = {line["system"]: {"kind": line["system"], "changes": {}} for line in rows}
    record = RunRecord(
        data_name="boats.json", layout="longmemeval", pins={"data_sha256": sha256, "user_turns_only": False, "memory": day},
        selection={"types": [], "shard": [1, 1], "cases": []}, systems=systems, versions={}, machine={}, started_at=f"2026-03-0{day}T10:00:00+00:00",
        finished_at=f"2026-03-0{day}T10:05:00+00:00",
    )  # fmt: skip
    write_record(folder, record)
    (folder / "results.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rows))
    return folder


def made_up_runs(runs: Path) -> None:
    """Two runs over the eight histories, which are beside them; their figures are made up."""
    runs.mkdir()
    sha256 = question_set(runs / "boats.json")
    first = [row(n, found=float(n % 3 > 0), right=n > 3) for n in range(8)]
    second = [row(n, found=1.0, right=n != 0) for n in range(8)] + [row(n, found=0.0, right=None, system="bm25") for n in range(8)]
    write_run(runs / "before", sha256, first)
    write_run(runs / "after", sha256, second, 2)


@pytest.fixture
def two_runs(tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs in the data folder, with their question set beside them."""
    monkeypatch.chdir(tmp_path)
    runs = paths.home / "runs"
    made_up_runs(runs)
    return runs


async def opened(pilot: Pilot[None], app: ChatmemApp) -> EvaluationScreen:
    """The screen, its runs read."""
    await ready(pilot, app)
    await pilot.press("f10")
    await wait_until(pilot, lambda: isinstance(app.screen, EvaluationScreen) and "Reading" not in bars(app.screen))
    assert isinstance(app.screen, EvaluationScreen)
    return app.screen


def bars(screen: EvaluationScreen) -> str:
    """The lower half."""
    return str(screen.query_one("#bars", Static).render())


def go(screen: EvaluationScreen, name: str) -> None:
    """Highlight a run."""
    screen.query_one("#jobs", OptionList).highlighted = [run.name for run in screen.runs].index(name)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_runs_questions_and_comparison_look_as_stored(app: ChatmemApp, two_runs: Path, screens: Screens, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, app)
        screen.query_one(".screen-title", Static).update("Evaluation")  # the folder is the test's own
        go(screen, "before")
        await pilot.pause(0.1)
        screens.check(app, "evaluation")
        for name in ("before", "after"):
            go(screen, name)
            await pilot.press("space")
        await pilot.press("c")
        await wait_until(pilot, lambda: "before (1st) against after (2nd)" in bars(screen))
        await pilot.pause(0.1)
        screens.check(app, "evaluation-compared")
        assert "leaves out zero" in bars(screen)
        await pilot.press("escape")
        assert app.screen is screen
        assert "against" not in bars(screen)
        screen._show_comparison(screen.runs[0], screen.runs[0], compared(screen.runs[0], screen.runs[0], "chatmem"))
        assert "leaves out zero" not in bars(screen)  # no row does
        go(screen, "before")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, QuestionsScreen) and app.screen.shown)
        await pilot.press("w", "enter")
        await wait_until(
            pilot, lambda: isinstance(app.screen, QuestionScreen) and "Verdict" in str(app.screen.query_one("#question", Static).render())
        )
        await pilot.pause(0.1)
        screens.check(app, "evaluation-question")


async def test_a_question_shows_evidence_recall_answer_and_verdict(app: ChatmemApp, two_runs: Path) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        go(screen, "before")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, QuestionsScreen))
        questions = app.screen
        assert isinstance(questions, QuestionsScreen)
        assert [line["id"] for line in questions.shown] == [f"q{n}" for n in range(8)]
        await pilot.press("w")
        assert [line["id"] for line in questions.shown] == ["q0", "q1", "q2", "q3", "q6"]
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, QuestionScreen))
        story = app.screen.query_one("#question", Static)
        await wait_until(pilot, lambda: "I painted boat 1 in colour 1." in str(story.render()))
        words = str(story.render())
        assert "[bold]boat[/] 1" in words
        assert "found as number 1" in words
        assert "✕ wrong by rule: contains" in words
        assert "It is colour 1." in words
        await pilot.press("left")
        await wait_until(pilot, lambda: "✕ not found · 2024-02-01 user: I painted boat 0" in str(story.render()))
        await pilot.press("escape", "escape")
        assert app.screen is screen


async def test_other_systems_other_folders_and_none(app: ChatmemApp, two_runs: Path, tmp_path: Path) -> None:
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot, app)
        go(screen, "after")
        await pilot.press("s")
        await wait_until(pilot, lambda: "after · bm25" in bars(screen))
        await pilot.press("c")
        await wait_until(pilot, lambda: any("Mark two runs" in note.message for note in app._notifications))
        (two_runs / "torn").mkdir()
        (two_runs / "torn" / "run.json").write_text("{")
        for folder, count in ((tmp_path / "nothing", 0), (two_runs, 2)):
            await pilot.press("o")
            await wait_until(pilot, lambda: isinstance(app.screen, Ask) and app.screen.focused)
            app.screen.query_one(Input).value = str(folder)
            await pilot.press("enter")
            await wait_until(pilot, lambda count=count: app.screen is screen and len(screen.runs) == count)  # type: ignore[misc]
            await wait_until(pilot, lambda count=count: ("No run was found" in bars(screen)) == (count == 0))  # type: ignore[misc]
        await wait_until(pilot, lambda: any("torn" in note.message for note in app._notifications))


async def test_the_command_opens_it_where_there_is_no_run(app: ChatmemApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await say(pilot, await ready(pilot, app), "/evaluation")
        await wait_until(pilot, lambda: isinstance(app.screen, EvaluationScreen) and "No run was found" in bars(app.screen))
        for key in ("space", "c", "s", "enter", "down"):
            await pilot.press(key)
        assert isinstance(app.screen, EvaluationScreen)


def test_figures_by_ability(two_runs: Path) -> None:
    run = read_run(two_runs / "before")
    found = {ability.name: ability for ability in abilities(run, "chatmem", lambda line: found_in(run, line))}
    assert list(found) == [*sorted(TYPES), "all"]
    assert (found["all"].n, found["all"].found, found["all"].answered, found["all"].right) == (8, 5 / 8, 8, 0.5)
    assert (found["multi-session"].found, found["multi-session"].right) == (1.0, 0.5)
    run.judged["big"] = {("q0", "chatmem"): True, ("q1", "chatmem"): None}
    assert [verdict(run, line) for line in run.rows["chatmem"][:3]] == [True, None, False]


def test_only_the_same_questions_are_compared(two_runs: Path, tmp_path: Path) -> None:
    first, second = read_run(two_runs / "before"), read_run(two_runs / "after")
    rows = {(name, what): pair for name, what, pair in compared(first, second, "chatmem")}
    assert (rows["all", "found"].wins, rows["all", "found"].losses, rows["all", "found"].n) == (0, 3, 8)
    assert rows["all", "right"].difference == pytest.approx(-3 / 8)
    other = read_run(write_run(tmp_path / "other", "0" * 64, [row(0, found=1.0, right=None)]))
    with pytest.raises(DatasetError, match="data_sha256 differ"):
        compared(first, other, "chatmem")


def test_a_history_is_taken_from_the_very_same_file_only(two_runs: Path, tmp_path: Path) -> None:
    record = read_run(two_runs / "before").record
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")
    assert history_of(record, "q3", [wrong, tmp_path / "absent.json"]) is None
    case = history_of(record, "q3", [wrong, two_runs / "boats.json"])
    assert case is not None
    assert case.sessions[1].turns[0].text == "I painted boat 3 in colour 3."
    assert [path.name for path in find_runs([two_runs])] in (["after", "before"], ["before", "after"])
