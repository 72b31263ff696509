"""Evaluations: runs with a bar for each ability, and two compared; their questions are in ``questions``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatmem.evaluate.json_stream import DatasetError
from chatmem.evaluate.report import HEADLINES
from chatmem.evaluate.runs import Row, Run, abilities, find_runs, paired_values, read_runs, same_questions, verdict
from chatmem.evaluate.statistics import Paired, compare
from chatmem.tui.background import BackgroundScreen
from chatmem.tui.dialogs import Ask
from chatmem.tui.keys import KeyLine
from chatmem.tui.lines import bar
from chatmem.tui.messages import Done
from chatmem.tui.questions import Parts, QuestionsScreen, found_in
from chatmem.tui.text import one_line, safe

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.config import Paths

DIM = "$foreground 60%"
OWN = "chatmem"


def places(paths: Paths) -> list[Path]:
    """Where runs are looked for."""
    return [paths.home / "runs", Path("build/eval").absolute()]


def read_all(folders: Sequence[Path]) -> tuple[list[Run], list[str]]:
    """Every run in these folders, and what could not be read."""
    runs, problems = [], []
    found = find_runs(folders)
    try:
        runs = read_runs(found)
    except (DatasetError, KeyError, ValueError):
        for folder in found:  # one is damaged: the others are shown all the same
            try:
                runs += read_runs([folder])
            except (DatasetError, KeyError, ValueError) as error:
                problems.append(error.message if isinstance(error, DatasetError) else f"{folder} cannot be read.")
    return [run for run in runs if run.rows], problems


def system_of(run: Run, wanted: str) -> str:
    """The system to show: the one wanted when the run has it."""
    return wanted if wanted in run.rows else OWN if OWN in run.rows else next(iter(run.rows))


def share(value: float | None, width: int = 10) -> Content:
    """A share as a bar with its number; a dash where nothing was scored."""
    return (
        Content.assemble(("".join(bar(value, width)), "$text-accent"), f" {value:>4.0%}")
        if value is not None
        else Content.styled(f"{'–':<{width + 5}}", DIM)
    )


def ability_lines(run: Run, system: str) -> list[Content]:
    """A bar of what was found and one of what was answered, by ability."""
    lines = [Content.styled(f"{'':<25}{'n':>4}  {'evidence found':<18}answered right", DIM)]
    for ability in abilities(run, system, lambda row: found_in(run, row)):
        style = "bold" if ability.name == "all" else ""
        right = Content.assemble(share(ability.right), (f" of {ability.answered}" if ability.answered else "", DIM))
        lines.append(Content.assemble((f"{one_line(ability.name, 24):<25}", style), (f"{ability.n:>4}  ", DIM), share(ability.found), "   ", right))
    return lines


def compared(first: Run, second: Run, system: str) -> list[tuple[str, str, Paired]]:
    """Ability, what was measured, and the paired difference of the first run from the second. Raises DatasetError."""
    if differing := same_questions(first, second):
        raise DatasetError(
            f"{first.name} and {second.name} cannot be compared: {' and '.join(differing)} differ.", "Compare runs over the same questions only."
        )
    mine, theirs = first.rows[system_of(first, system)], second.rows[system_of(second, system)]
    made = []
    for name in ["all", *sorted({row["type"] for row in mine})]:
        rows = [row for row in mine if name in ("all", row["type"])]
        for what, pair in (
            ("found", paired_values(rows, theirs, lambda row: found_in(first, row))),
            ("right", _verdicts(first, second, rows, theirs)),
        ):
            if pair[0]:
                made.append((name, what, compare(*pair)))
    if not made:
        raise DatasetError(f"{first.name} and {second.name} have no question in common.", "Compare runs over the same questions only.")
    return made


def _verdicts(first: Run, second: Run, mine: Sequence[Row], theirs: Sequence[Row]) -> tuple[list[float], list[float]]:
    other = {row["id"]: verdict(second, row) for row in theirs}
    pairs = [(a, b) for row in mine if (a := verdict(first, row)) is not None and (b := other.get(row["id"])) is not None]
    return [float(a) for a, _ in pairs], [float(b) for _, b in pairs]


class EvaluationScreen(BackgroundScreen):
    """Runs above, the abilities of the highlighted one, or the comparison of two, below."""

    HELP = """
# Evaluation

Runs of `chatmem eval run`, and how well each did, by ability.

- **Enter** opens the questions of a run: evidence, recall, answer and verdict of each
- **Space** marks a run; **c** compares the two marked, question by question; **Esc** goes back to the bars
- **s** shows another system of the run · **o** looks in another folder

The interval is a paired bootstrap; p is of an exact sign test on the questions that differ.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        Binding("enter", "open", "Questions", tooltip="Every question of this run"),
        Binding("space", "mark", "Mark", tooltip="For comparing", priority=True),
        Binding("c", "compare", "Compare", tooltip="The two marked runs, on the same questions"),
        Binding("s", "system", "System", tooltip="Another system of the run"),
        Binding("o", "folder", "Folder", tooltip="Look for runs in another folder"),
    ]
    AUTO_FOCUS = "#jobs"

    def __init__(self, chat: Chat, paths: Paths, folders: Sequence[Path] = ()) -> None:
        super().__init__()
        self.chat, self._folders = chat, list(folders) or places(paths)
        self.runs: list[Run] = []
        self._marks: list[Run] = []
        self._system = OWN
        self._comparing = False

    def compose(self) -> ComposeResult:
        """Where it looks, the runs, the bars."""
        yield Static("", classes="screen-title", markup=False)
        yield OptionList(id="jobs", classes="single")
        with VerticalScroll(id="runs", can_focus=True):
            yield Static("Reading…", id="bars", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Look for runs."""
        self._look()

    def _look(self) -> None:
        where = ", ".join(str(folder) for folder in self._folders)
        self.query_one(".screen-title", Static).update(Content.assemble("Evaluation", (f"   runs in {safe(where)}", DIM)))
        self.ask("runs", lambda _: read_all(self._folders))

    def on_done(self, event: Done) -> None:
        """Runs were read, or two were compared."""
        if event.then == "runs":
            self.runs, problems = event.value
            self._marks = []
            for problem in problems:
                self.notify(safe(problem), severity="warning", markup=False)
            self._show()
        elif event.then == "compared":
            self._show_comparison(*event.value)

    @property
    def here(self) -> Run | None:
        """The highlighted run."""
        at = self.query_one("#jobs", OptionList).highlighted
        return self.runs[at] if at is not None and at < len(self.runs) else None

    def _show(self) -> None:
        story = self.query_one("#jobs", OptionList)
        at = story.highlighted
        story.set_options([Option(self._line(run)) for run in self.runs])
        story.highlighted = min(at or 0, len(self.runs) - 1) if self.runs else None
        self._bars()

    def _line(self, run: Run) -> Content:
        total = abilities(run, system_of(run, self._system), lambda row: found_in(run, row))[-1]
        return Content.assemble(
            ("✓ " if run in self._marks else "  ", "$text-accent"), (f"{one_line(run.name, 15):<16}", "bold"), (f"{run.record.started_at[:10]}  ", DIM),
            f"{total.n:>4} ", share(total.found, 8), "  ", share(total.right, 8), (f"  {one_line(run.record.data_name, 40)}", DIM),
            ("" if run.complete else "  not finished", "$text-warning"),
        )  # fmt: skip

    def _bars(self) -> None:
        self._comparing = False
        run = self.here
        if run is None:
            where = "\n".join(f"  {safe(str(folder))}" for folder in self._folders)
            words = Content(
                f"No run was found in\n{where}\n\nMake one by: chatmem eval run --out {safe(str(self._folders[0] / 'first'))}\nor press o to look elsewhere."
            )
        else:
            system = system_of(run, self._system)
            head = Content.assemble(
                (f"{one_line(run.name, 40)} · {system}", "bold $text-primary"),
                (f"  found: {' '.join(HEADLINES[run.layout][0])}  systems: {', '.join(run.rows)}", DIM),
            )
            words = Content("\n").join([head, *ability_lines(run, system)])
        self.query_one("#bars", Static).update(words)

    def on_option_list_option_highlighted(self) -> None:
        """Another run's bars."""
        self._bars()

    def on_option_list_option_selected(self) -> None:
        """A click opens its questions."""
        self.action_open()

    def action_open(self) -> None:
        """The questions of the highlighted run."""
        if (run := self.here) is not None:
            data = self._folders[0] / run.record.data_name
            self.app.push_screen(QuestionsScreen(self.chat, run, system_of(run, self._system), data))  # type: ignore[arg-type]

    def action_mark(self) -> None:
        """Mark a run; of three the oldest mark goes."""
        if (run := self.here) is not None:
            self._marks = [other for other in self._marks if other is not run] if run in self._marks else [*self._marks, run][-2:]
            self._show()

    def action_compare(self) -> None:
        """The two marked runs."""
        if len(self._marks) != 2:
            self.notify("Mark two runs with Space first.", markup=False)
            return
        first, second = self._marks
        self.ask("compared", lambda _: (first, second, compared(first, second, self._system)))

    def _show_comparison(self, first: Run, second: Run, rows: list[tuple[str, str, Paired]]) -> None:
        parts: Parts = [(f"{one_line(first.name, 30)} (1st) against {one_line(second.name, 30)} (2nd), the same questions\n", "bold $text-primary")]
        parts.append((f"{'':<25}{'':<6}{'n':>3} {'1st':>4} {'2nd':>4} {'change':>7} {'95% interval':<16} {'p':<6} better/worse\n", DIM))
        for name, what, pair in rows:
            sure = pair.low > 0 or pair.high < 0
            parts += [
                (f"{one_line(name, 24):<25}", "bold" if name == "all" else ""), (f"{what:<6}{pair.n:>3} ", DIM), f"{pair.first:>4.0%} {pair.second:>4.0%} ",
                (f"{'!' if sure else ' '}{pair.difference:>+6.0%}", "bold" if sure else ""), f" {f'{pair.low:+.1%} to {pair.high:+.1%}':<16} {f'{pair.p:.2g}':<6}",
                (f"  {pair.wins}/{pair.losses}\n", DIM),
            ]  # fmt: skip
        if any(pair.low > 0 or pair.high < 0 for *_, pair in rows):
            parts.append(("! the interval leaves out zero", DIM))
        self._comparing = True
        self.query_one("#bars", Static).update(Content.assemble(*parts))

    def action_system(self) -> None:
        """Another system."""
        if (run := self.here) is not None:
            names = list(run.rows)
            self._system = names[(names.index(system_of(run, self._system)) + 1) % len(names)]
            self._show()

    def action_folder(self) -> None:
        """Look elsewhere."""

        def answered(folder: str | None) -> None:
            if folder:
                self._folders = [Path(folder).expanduser().absolute()]
                self._look()

        self.app.push_screen(
            Ask("Look for runs in", str(self._folders[0]), "/path/to/runs", longest=1000, enter="Enter looks there · Esc leaves"), answered
        )

    def action_back(self) -> None:
        """Out of the comparison, else back to the chat."""
        if self._comparing:
            self._bars()
        else:
            self.dismiss()
