"""The upkeep of memory: what runs when, what it did, what it would do, and running it now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

from chatmem.tui.background import BackgroundScreen
from chatmem.tui.dialogs import Ticks
from chatmem.tui.keys import KeyLine
from chatmem.tui.messages import Done, Noticed
from chatmem.tui.text import one_line
from chatmem.types import JobRun

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.jobs import Job, Scheduler, Step

DIM = "$foreground 60%"
SPARKS = "▁▂▃▄▅▆▇█"
RUNS = 60
STATES = {
    "running": ("… running", "$text-accent"),
    "done": ("✓ done", "$text-success"),
    "failed": ("✕ failed", "$text-error"),
    "cancelled": ("■ stopped", "$text-warning"),
}


class State(NamedTuple):
    """A job with its runs, newest first, and when it runs next (None while paused or not scheduled)."""

    job: Job
    runs: list[JobRun]
    next_run: datetime | None
    paused: bool


def seconds(run: JobRun) -> float:
    """How long a run took; 0 while it runs."""
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0


def changes(run: JobRun) -> int:
    """How many steps a run applied."""
    return sum(value for name, value in run.stats.items() if name != "planned" and isinstance(value, int))


def sparkline(values: Sequence[float], width: int = 24) -> str:
    """The last ``width`` values as heights, oldest first; "" when there are none."""
    shown = list(values)[-width:]
    top = max(shown, default=0) or 1
    return "".join(SPARKS[min(len(SPARKS) - 1, round(value / top * (len(SPARKS) - 1)))] for value in shown)


def moment(when: datetime, now: datetime) -> str:
    """A moment near the present: "in 12 min", "3 h ago", else its date."""
    minutes = round((when - now).total_seconds() / 60)
    size = abs(minutes)
    if size < 1:
        return "now"
    text = f"{size} min" if size < 90 else f"{round(size / 60)} h" if size < 60 * 36 else f"{round(size / 60 / 24)} d"
    return f"in {text}" if minutes > 0 else f"{text} ago"


def every(hours: float) -> str:
    """How often, in words."""
    if hours < 1:
        return f"every {round(hours * 60)} min"
    return f"every {round(hours)} h" if hours < 48 else f"every {round(hours / 24)} d"


def job_line(state: State, now: datetime) -> Content:
    """A job: its name, schedule and last run; what it is for below."""
    last = state.runs[0] if state.runs else None
    due = "paused" if state.paused else f"next {moment(state.next_run, now)}" if state.next_run else "when asked"
    words, style = STATES[last.state] if last else ("never ran", DIM)
    ran = f" {moment(last.started_at, now)}" if last else ""
    return Content.assemble(
        (f"{state.job.name:<13}", "bold"), (f"{every(state.job.hours):<13}", DIM), (f"{due:<16}", "$text-warning" if state.paused else ""), (words, style), (ran, DIM),
        "\n  ", (one_line(state.job.description, 120), DIM),
    )  # fmt: skip


def run_line(run: JobRun, now: datetime) -> Content:
    """A run: when, how it ended, how long it took, what it did."""
    words, style = STATES[run.state]
    did = ", ".join(
        f"{one_line(str(value), 80)} {one_line(name, 40).lower()}" if name != "error" else one_line(str(value), 120)
        for name, value in run.stats.items()
        if value != 0
    )
    return Content.assemble(
        (f"{moment(run.started_at, now):<12}", DIM), (f"{words:<11}", style), (f"{seconds(run):>6.1f} s  ", DIM), did or "nothing to do"
    )


class Rehearsal(ModalScreen[list[int] | None]):
    """What a job would do, each step to accept or reject; gives the numbers of the accepted ones."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel"), Binding("ctrl+s", "apply", "Apply")]

    def __init__(self, name: str, planned: Sequence[Step]) -> None:
        super().__init__()
        self._job, self._planned = name, planned

    def compose(self) -> ComposeResult:
        """The steps, ticked."""
        from textual.containers import Horizontal, Vertical

        with Vertical(classes="dialog wide"):
            yield Static(f"What {one_line(self._job, 40)} would do now: {len(self._planned)} steps", classes="dialog-title", markup=False)
            yield Ticks[int](
                *[
                    Selection(
                        Content.assemble(
                            (f"{one_line(step.op, 10):<10}", "$text-accent"),
                            one_line(step.text, 160),
                            (f"  {one_line(step.reason, 200)}" if step.reason else "", DIM),
                        ),
                        place,
                        True,
                    )
                    for place, step in enumerate(self._planned)
                ],
                classes="dialog-list single",
            )
            yield Static("Space accepts or rejects · Ctrl+S applies what is ticked · Esc leaves", classes="dialog-hint", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="cancel", flat=True)
                yield Button("Apply", id="apply", flat=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Apply or leave."""
        if event.button.id == "apply":
            self.action_apply()
        else:
            self.action_leave()

    def action_apply(self) -> None:
        """Answer with what is ticked."""
        self.dismiss(sorted(self.query_one(SelectionList).selected))

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class JobsScreen(BackgroundScreen):
    """Jobs above, the runs of the highlighted one below."""

    HELP = """
# Upkeep

What keeps memory tidy by itself, when each job runs next, and what its runs did.

- **n** runs the highlighted job now
- **y** shows what it would do; you accept or reject each step
- **Space** pauses it, or lets it go on

Everything a job does can be undone in Memories (F3).
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        Binding("n", "run", "Run now", tooltip="As soon as the work in hand is done"),
        Binding("y", "rehearse", "What would it do?", tooltip="A dry run, to accept or reject step by step"),
        Binding("space", "pause", "Pause", tooltip="Do not run it by itself; again to go on", priority=True),
    ]
    AUTO_FOCUS = "#jobs"

    def __init__(self, chat: Chat, schedule: Scheduler | None) -> None:
        super().__init__()
        self.chat, self._schedule = chat, schedule
        self._states: list[State] = []

    def compose(self) -> ComposeResult:
        """Jobs, the sparkline, runs."""
        yield Static("Upkeep", classes="screen-title", markup=False)
        yield OptionList(id="jobs", classes="single")
        yield Static("", id="spark", markup=False)
        yield OptionList(id="runs", classes="single")
        yield KeyLine()

    async def on_mount(self) -> None:
        """Read, and keep reading."""
        await self.ask_first("states", self._states_of)
        self.set_interval(1.0, self._read)

    def _read(self) -> None:
        self.ask("states", self._states_of)

    def _states_of(self, chat: Chat) -> list[State]:
        from chatmem.jobs import JOBS

        states = []
        for name, job in JOBS.items():
            due = self._schedule.next_run(name) if self._schedule is not None else None
            states.append(State(job, chat.store.jobs(name, RUNS), due, self._schedule is not None and due is None))
        return states

    def on_done(self, event: Done) -> None:
        """States were read, or a rehearsal is ready."""
        if event.then == "states":
            self._show(event.value)
        elif event.then == "planned":
            self._offer(*event.value)
        elif event.then == "asked":
            self.post_message(Noticed(event.value))
            self._read()

    def _show(self, states: list[State]) -> None:
        assert self.chat is not None
        now = self.chat.clock()
        jobs = self.query_one("#jobs", OptionList)
        at = jobs.highlighted or 0
        self._states = states
        if jobs.option_count == len(states):
            for place, state in enumerate(states):
                jobs.replace_option_prompt_at_index(place, job_line(state, now))
        else:
            jobs.set_options([Option(job_line(state, now), id=state.job.name) for state in states])
            jobs.highlighted = at if states else None
        self._runs()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The runs of another job."""
        if event.option_list.id == "jobs":
            self._runs()

    @property
    def _here(self) -> State | None:
        at = self.query_one("#jobs", OptionList).highlighted
        return self._states[at] if at is not None and at < len(self._states) else None

    def _runs(self) -> None:
        state = self._here
        if state is None or self.chat is None:
            return
        now = self.chat.clock()
        done = [run for run in reversed(state.runs) if run.state != "running"]
        ran = "1 run" if len(state.runs) == 1 else f"{len(state.runs)} runs, oldest first"
        spark = sparkline([changes(run) for run in done])
        self.query_one("#spark", Static).update(
            Content.assemble(("steps a run  ", DIM), (spark, "$text-accent"), (f"  {ran}", DIM)) if spark else Content.styled("No run yet.", DIM)
        )
        runs = self.query_one("#runs", OptionList)
        kept = runs.highlighted
        runs.set_options([Option(run_line(run, now)) for run in state.runs])
        if kept is not None and kept < len(state.runs):
            runs.highlighted = kept

    def action_run(self) -> None:
        """Run the highlighted job as soon as the work in hand is done."""
        if (state := self._here) is not None:
            self._start(state.job.name, None)

    def _start(self, name: str, only: list[Step] | None) -> None:
        def start(chat: Chat) -> str:
            from chatmem import jobs

            if self._schedule is not None:
                self._schedule.run_now(name, only)
            else:
                chat.background.submit(name, lambda: jobs.run(name, chat, only=only), key=f"job {name}")
            return f"{name} will run as soon as the work in hand is done."

        self.ask("asked", start)

    def action_rehearse(self) -> None:
        """What would it do?"""
        if (state := self._here) is not None:
            name = state.job.name

            def rehearse(chat: Chat) -> tuple[str, list[Step]]:
                from chatmem import jobs

                return name, jobs.plan(name, chat)

            self.ask("planned", rehearse)

    def _offer(self, name: str, planned: list[Step]) -> None:
        if not planned:
            self.notify(f"{name} would do nothing now.", markup=False)
            return

        def answered(accepted: list[int] | None) -> None:
            if accepted:
                self._start(name, [planned[place] for place in accepted])
            elif accepted is not None:
                self.notify("Nothing was accepted, so nothing is done.", markup=False)

        self.app.push_screen(Rehearsal(name, planned), answered)

    def action_pause(self) -> None:
        """Do not run it by itself, or do again."""
        state, schedule = self._here, self._schedule
        if state is None:
            return
        if schedule is None:
            self.notify("Nothing runs by itself here: the schedule is not running.", markup=False)
            return

        def turn(_: Chat) -> str:
            (schedule.resume if state.paused else schedule.pause)(state.job.name)
            return f"{state.job.name} {'runs by itself again' if state.paused else 'is paused'}."

        self.ask("asked", turn)

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss()
