"""The questions of an evaluation: all of a run, and one with its evidence, what was recalled, the answer and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatmem.evaluate.datasets import Case
from chatmem.evaluate.record import RunRecord
from chatmem.evaluate.report import HEADLINES
from chatmem.evaluate.runs import Row, Run, history_of, metric, verdict
from chatmem.prompts import shipped_folder
from chatmem.tui.background import BackgroundScreen
from chatmem.tui.keys import KeyLine
from chatmem.tui.messages import Done
from chatmem.tui.text import one_line, safe

if TYPE_CHECKING:
    from chatmem.chat import Chat

DIM = "$foreground 60%"
Parts = list[str | tuple[str, str]]


def found_in(run: Run, row: Row) -> float | None:
    """The headline metric of retrieval for a question."""
    return metric(*HEADLINES[run.layout][0])(row)


@lru_cache(maxsize=8)
def _case(data: str, case_id: str, record: str) -> Case | None:
    return history_of(RunRecord.model_validate_json(record), case_id, [shipped_folder("data") / "questions", Path(data)])


def question_parts(run: Run, row: Row, case: Case | None) -> Parts:
    """A question in full; without its history only the places are known."""
    title = "bold $text-primary"
    asked, expected = row.get("question", ""), row.get("expected", "")
    if case is not None:
        question, gold = next(((q, g) for q, g in case.questions if g.id == row["id"]), (None, None))
        asked, expected = (question.text if question else asked), (gold.answer if gold else expected)
    parts: Parts = [("Asked\n", title), f"{safe(str(asked)) or '(only in the question set)'}\n"]
    parts += [(f"{row['id']} · {row['type']} · {row['system']}{' · the answer is not in the history' if row['abstention'] else ''}\n", DIM)]
    gold_turns = [tuple(place) for place in row["gold"]["turns"]]
    sessions = row["gold"]["sessions"]
    ranked = [tuple(place) for place in row["ranked"]["rounds"]]
    parts.append(("\nEvidence\n", title))
    for place in gold_turns:
        at = case.round_of(place) if case is not None and place[0] < len(case.sessions) else place
        rank = ranked.index(at) + 1 if at in ranked else 0
        parts += [("✓ " if rank else "✕ ", ""), (f"{f'found as number {rank}' if rank else 'not found'} · ", DIM), f"{_said(case, place)}\n"]
    if not gold_turns:
        parts.append(f"In {len(sessions)} sessions: {', '.join(str(number + 1) for number in sessions)}\n" if sessions else "None is stated.\n")
    parts += [("\nRecalled", title), (f"  {row['state']} · best score {row['top_score']:.2f} · {row['milliseconds']:.0f} ms\n", DIM)]
    rounds_of_gold = {case.round_of(place) for place in gold_turns if place[0] < len(case.sessions)} if case is not None else set(gold_turns)
    for rank, place in enumerate(ranked[:10], 1):
        parts.append(f"{rank:>3} {'✓' if place in rounds_of_gold else ' '} {_said(case, place)}\n")
    if not ranked:
        parts.append("Nothing.\n")
    parts.append(("\nExpected\n", title))
    parts.append(f"{safe(str(expected)) or '–'}\n")
    if "answer" in row:
        right = verdict(run, row)
        word = {True: "✓ right", False: "✕ wrong", None: "? not decided"}[right]
        judged = next((judge for judge in sorted(run.judged) if (row["id"], row["system"]) in run.judged[judge]), "")
        how = f"judged by {judged}" if judged else f"by rule: {row['rule']['kind']}"
        parts += [("\nAnswered\n", title), f"{safe(str(row['answer'])[:4000])}\n", ("\nVerdict\n", title), f"{word} ", (f"{how}", DIM)]
    else:
        parts += [("\nVerdict\n", title), ("This question was not answered, only recalled for.", DIM)]
    return parts


def _said(case: Case | None, place: tuple[int, ...]) -> str:
    session, turn = place[0], place[1]
    if case is None or session >= len(case.sessions) or turn >= len(case.sessions[session].turns):
        return f"session {session + 1}, turn {turn + 1}"
    said = case.sessions[session].turns[turn]
    return f"{case.sessions[session].at:%Y-%m-%d} {said.role}: {one_line(said.text, 200)}"


class QuestionScreen(BackgroundScreen):
    """One question: evidence, recall, answer, verdict."""

    HELP = "# A question\n\nIts evidence, what was recalled (✓: evidence), the answer and the verdict. **←** **→** go to the one before or after."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        Binding("right,n", "step(1)", "Next", key_display="→", tooltip="The next question"),
        Binding("left,p", "step(-1)", "Before", key_display="←", tooltip="The question before"),
    ]

    def __init__(self, chat: Chat, run: Run, rows: Sequence[Row], at: int, data: Path) -> None:
        super().__init__()
        self.chat, self._run, self._rows, self._at, self._data = chat, run, rows, at, data

    def compose(self) -> ComposeResult:
        """Title and everything about it."""
        yield Static("", classes="screen-title", markup=False)
        with VerticalScroll(id="story"):
            yield Static("", id="question", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Find its history."""
        self._load()

    def _load(self) -> None:
        row, run = self._rows[self._at], self._run
        self.query_one(".screen-title", Static).update(Content(f"Question {self._at + 1} of {len(self._rows)} · {one_line(run.name, 40)}"))
        self.ask("case", lambda _: (row["id"], _case(str(self._data), row["case"], run.record.model_dump_json())))

    def on_done(self, event: Done) -> None:
        """Its history was looked for."""
        id_, case = event.value
        row = self._rows[self._at]
        if event.then == "case" and id_ == row["id"]:
            self.query_one("#question", Static).update(Content.assemble(*question_parts(self._run, row, case)))
            self.query_one("#story", VerticalScroll).scroll_home(animate=False)

    def action_step(self, step: int) -> None:
        """Another question."""
        self._at = (self._at + step) % len(self._rows)
        self._load()

    def action_back(self) -> None:
        """Back to the list."""
        self.dismiss()


class QuestionsScreen(BackgroundScreen):
    """The questions of a run."""

    HELP = "# Questions\n\n**Enter** opens one. **w** shows only those that went wrong: evidence not found, or a wrong answer.\n\n✓ right · ✕ wrong · – not answered"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        Binding("enter", "open", "Open", tooltip="Evidence, recall, answer and verdict"),
        Binding("w", "wrong", "Only wrong", tooltip="Only those that went wrong; again for all"),
    ]
    AUTO_FOCUS = "#story"

    def __init__(self, chat: Chat, run: Run, system: str, data: Path) -> None:
        super().__init__()
        self.chat, self._run, self._system, self._data = chat, run, system, data
        self._wrong = False
        self.shown: list[Row] = []

    def compose(self) -> ComposeResult:
        """Title and list."""
        yield Static("", classes="screen-title", markup=False)
        yield OptionList(id="story", classes="single")
        yield KeyLine()

    def on_mount(self) -> None:
        """Show them."""
        self._show()

    def _show(self) -> None:
        rows = self._run.rows[self._system]
        self.shown = [row for row in rows if self._went_wrong(row)] if self._wrong else rows
        what = f"{len(self.shown):,} that went wrong" if self._wrong else f"{len(rows):,} questions"
        self.query_one(".screen-title", Static).update(Content(f"{one_line(self._run.name, 40)} · {self._system} · {what}"))
        story = self.query_one("#story", OptionList)
        story.set_options([Option(self._line(row)) for row in self.shown])
        story.highlighted = 0 if self.shown else None

    def _went_wrong(self, row: Row) -> bool:
        found = found_in(self._run, row)
        return (found is not None and found < 1) or verdict(self._run, row) is False

    def _line(self, row: Row) -> Content:
        found = found_in(self._run, row)
        evidence = "–" if found is None else "✓" if found == 1 else "✕"
        answer = {True: "✓", False: "✕", None: "–"}[verdict(self._run, row)]
        words = one_line(row.get("question", "") or row["id"], 120)
        return Content.assemble((f"found {evidence}  answer {answer}  ", "bold"), (f"{one_line(row['type'], 25):<26}", DIM), words)

    def on_option_list_option_selected(self) -> None:
        """A click opens one."""
        self.action_open()

    def action_open(self) -> None:
        """Open the highlighted one."""
        at = self.query_one("#story", OptionList).highlighted
        if at is not None and self.shown:
            self.app.push_screen(QuestionScreen(self.chat, self._run, self.shown, at, self._data))  # type: ignore[arg-type]

    def action_wrong(self) -> None:
        """Only those that went wrong, or all."""
        self._wrong = not self._wrong
        self._show()

    def action_back(self) -> None:
        """Back to the runs."""
        self.dismiss()
