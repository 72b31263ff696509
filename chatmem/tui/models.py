"""The models: what is loaded and what it may do, which are here or can be had; use one, add a file, download one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from chatmem import catalogue
from chatmem.config import Paths, save_setting
from chatmem.engine import memory_available
from chatmem.errors import ChatmemError, DownloadFailed, ModelError, ModelLoadFailed
from chatmem.tui.background import BackgroundScreen
from chatmem.tui.dialogs import Ask
from chatmem.tui.keys import KeyLine
from chatmem.tui.lines import bar
from chatmem.tui.messages import Done, Noticed
from chatmem.tui.status import SPINNER
from chatmem.tui.text import one_line, thousands

if TYPE_CHECKING:
    from chatmem.chat import Chat

DIM = "$foreground 60%"
LOAD_WAIT = 600.0
"""How long a model may take to load, in seconds."""
WORK = {
    "basic": "it talks; memory is kept by rule",
    "capable": "it also proposes facts and summaries, each checked against what was said",
}


class Entry(NamedTuple):
    """A model of the list, and whether its file is on this machine."""

    model: catalogue.Model
    here: bool


class Arriving(Message):
    """Part of a download is here: bytes done and total, 0 when unknown."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__()
        self.done, self.total = done, total


class Settled(Message):
    """A switch or a download is over; ``problem`` when it failed."""

    def __init__(self, text: str, hint: str = "", *, problem: bool = False) -> None:
        super().__init__()
        self.text, self.hint, self.problem = text, hint, problem


def listed(paths: Paths, current: str) -> list[Entry]:
    """The catalogue, what was added, and the model in use when it is a mere path. Raises ModelNotFound."""
    here = {model.name: model for model in catalogue.installed(paths)}
    known = {model.name: model for model in catalogue.entries()}
    rows = [Entry(here.get(name, model), name in here) for name, model in known.items()]
    rows += [Entry(model, True) for name, model in here.items() if name not in known]
    if current not in {row.model.name for row in rows}:
        path = Path(current).expanduser()
        size = path.stat().st_size if path.is_file() else 0
        rows.append(Entry(catalogue.Model(name=current, file=current, size_bytes=size, source="path", note="used by its path"), size > 0))
    return rows


def switch(chat: Chat, paths: Paths, name: str) -> str:
    """Load another model and keep the choice; gives the sentence to show.

    When it does not load, the one before is loaded again. Raises ModelNotFound or ModelLoadFailed, which says why.
    """
    before = chat.settings.model.name
    chat.use_model(name)
    try:
        chat.engine.wait(LOAD_WAIT)
    except (ModelError, TimeoutError) as error:
        why, hint = (error.message, error.hint) if isinstance(error, ModelError) else (str(error), "Choose a smaller one.")
        try:
            chat.use_model(before)
        except ModelError:
            raise ModelLoadFailed(f"{name} could not be loaded, and {before} is there no more. {why}", hint) from error
        raise ModelLoadFailed(f"{name} could not be loaded, so {before} is back. {why}", hint) from error
    save_setting(paths, "model.name", name)
    return f"Now using {name}."


def size(count: int) -> str:
    """Bytes in few characters; "" when unknown."""
    return "" if not count else f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def arriving(done: int, total: int) -> str:
    """How far a download is."""
    if not total:
        return f"{size(done) or '0 MB'} so far"
    return f"{''.join(bar(done / total, 12))} {done / total:>4.0%}  {size(done) or '0 MB'} of {size(total)}"


class ModelsScreen(BackgroundScreen):
    """What is loaded above, all models below."""

    HELP = """
# Models

Above: what is loaded, and what it may do for memory. Below: the models that are here, and those that can be had.

- **Enter** uses the highlighted model; when it does not load, the one before comes back
- **a** adds a GGUF file by its path
- **g** gets the highlighted model from its hub (only this uses the network); **Esc** stops that, and **g** goes on later

● in use · ✓ on this machine · ↓ can be had
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f1", "help", "Help"),
        Binding("enter", "use", "Use", tooltip="Load this model and talk with it from now on"),
        Binding("g", "get", "Get", tooltip="Download this model from its hub"),
        Binding("a", "add", "Add a file", tooltip="A GGUF file that is on this machine, by its path"),
    ]
    AUTO_FOCUS = "#story"

    def __init__(self, chat: Chat, paths: Paths, busy: Callable[[], bool] = lambda: False) -> None:
        super().__init__()
        self.chat, self._paths, self._busy = chat, paths, busy
        self._rows: list[Entry] = []
        self._switching = self._pulling = self._added = ""
        self._since = 0.0
        self._got = (0, 0)
        self._cancel = threading.Event()
        self._frame = 0

    def compose(self) -> ComposeResult:
        """Title, what is loaded, the list, the highlighted one in full."""
        yield Static("Models", classes="screen-title", markup=False)
        yield Static("", id="loaded", markup=False)
        yield OptionList(id="story", classes="single")
        yield Static("", id="about", markup=False)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Read the list; keep saying how the loaded one is."""
        self._say()
        await self.ask_first("listed", self._list)
        self.set_interval(0.25, self._say)

    def on_unmount(self) -> None:
        """A download that nobody watches is stopped; it can go on later."""
        self._cancel.set()

    def _read(self) -> None:
        self.ask("listed", self._list)

    def _list(self, chat: Chat) -> list[Entry]:
        return listed(self._paths, chat.settings.model.name)

    def on_done(self, event: Done) -> None:
        """The list was read, or a file was added."""
        if event.then == "listed":
            self._rows = event.value
            self._show()
            self._go_to_added()
        elif event.then == "added":
            self._added = event.value
            self.post_message(Noticed(f"Added {event.value}. Enter uses it."))
            self._read()

    def _go_to_added(self) -> None:
        """Enter uses what was just added."""
        for place, row in enumerate(self._rows, 1):
            if row.model.name == self._added:
                self.query_one("#story", OptionList).highlighted, self._added = place, ""

    # ------------------------------------------------------------------ drawing

    def _say(self) -> None:
        """What is loaded, and what it may do."""
        assert self.chat is not None
        self._frame = (self._frame + 1) % len(SPINNER)
        engine, name = self.chat.engine, one_line(self.chat.settings.model.name, 60)
        if engine.state == "ready" and engine.info is not None:
            info, found = engine.info, self.chat.capability
            facts = [f"{info.parameters / 1e6:,.0f} million parameters", size(info.size_bytes), f"context {thousands(info.context)}"]
            facts += ["with its memory adapter"] if info.adapter else []
            facts += ["safe mode"] if info.safe_mode else []
            able = (found.profile, f": {WORK[found.profile]} ({found.reason})") if found else ("being tested", ": what it may do for memory")
            tests = [f"{'✓' if passed else '✕'} {test}" for test, passed in found.tests.items()] if found else []
            words = Content.assemble(
                ("●", "$text-success"), (f" {name}", "bold"), (f"  {' · '.join(facts)}\n", DIM), (f"  {able[0]}", "bold"), able[1],
                (f"\n  {'  '.join(tests)}" if tests else "", DIM),
            )  # fmt: skip
        elif engine.state == "failed":
            why = engine.error.message if engine.error is not None else "see the log"
            words = Content.assemble(("✕", "$text-error"), (f" {name}", "bold"), (f" is not loaded: {one_line(why, 200)}", "$text-error"))
        else:
            waited = f" {time.monotonic() - self._since:.0f} s" if self._switching else ""
            words = Content.assemble((SPINNER[self._frame], "$text-accent"), (f" {name}", "bold"), (f" loading…{waited}", DIM))
        self.query_one("#loaded", Static).update(words)

    def _line(self, row: Entry) -> Content:
        assert self.chat is not None
        model = row.model
        used = model.name == self.chat.settings.model.name
        sign, words = ("●", "in use") if used else ("✓", "here") if row.here else ("↓", "can be had")
        if model.name == self._switching:
            words = "loading…"
        elif model.name == self._pulling:
            words = arriving(*self._got)
        shown = one_line(Path(model.name).name, 24)
        return Content.assemble(
            (f"{sign} ", "$text-accent" if used else ""), (f"{shown:<25}", "bold" if row.here else ""),
            (f"{size(model.size_bytes):>7}  {size(model.memory_bytes):>7}  {one_line(model.licence, 13):<14}", DIM), words,
        )  # fmt: skip

    def _show(self) -> None:
        story = self.query_one("#story", OptionList)
        lines = [self._line(row) for row in self._rows]
        if story.option_count == len(lines) + 1:
            for place, line in enumerate(lines, 1):
                story.replace_option_prompt_at_index(place, line)
        else:
            at = story.highlighted
            head = Option(Content.styled(f"  {'model':<25}{'size':>7}  {'memory':>7}  {'licence':<14}", DIM), disabled=True)
            story.set_options([head, *(Option(line) for line in lines)])
            story.highlighted = at or next((place for place, row in enumerate(self._rows, 1) if self._used(row)), 1)
        self._about()

    def _used(self, row: Entry) -> bool:
        return self.chat is not None and row.model.name == self.chat.settings.model.name

    @property
    def here(self) -> Entry | None:
        """The highlighted one."""
        at = self.query_one("#story", OptionList).highlighted
        return self._rows[at - 1] if at is not None and 0 < at <= len(self._rows) else None

    def _about(self) -> None:
        row = self.here
        about = self.query_one("#about", Static)
        if row is None:
            about.update("")
            return
        model, free = row.model, memory_available()
        facts = [
            f"{model.parameters / 1e6:,.0f} million parameters" if model.parameters else "",
            f"context {thousands(model.context)}" if model.context else "",
        ]
        facts += [f"from {model.repo}" if model.repo else "", f"checked against the {model.verified}" if model.verified else ""]
        short = free is not None and model.memory_bytes > free and not self._used(row)
        lines: list[str | tuple[str, str]] = [
            f"{one_line(model.name, 60)}{f': {model.note}' if model.note else ''}\n",
            (" · ".join(fact for fact in facts if fact), DIM),
        ]
        if short and free is not None:
            lines.append((f"\n! it takes {size(model.memory_bytes)} of memory, and less is free now", "$text-warning"))
        about.update(Content.assemble(*lines), layout=False)
        self.refresh_bindings()

    def on_option_list_option_highlighted(self) -> None:
        """Say more about it."""
        self._about()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Only what can be done with the highlighted one is offered."""
        if not self.is_mounted or not self._rows or action not in ("use", "get"):
            return True
        row = self.here
        if row is None:
            return False
        return row.here and not self._used(row) if action == "use" else not row.here and row.model.source == "hub"

    # ------------------------------------------------------------------ use

    def on_option_list_option_selected(self) -> None:
        """A click, or Enter: use it, or get it first."""
        if (row := self.here) is not None:
            if row.here:
                self.action_use()
            else:
                self.notify(f"{one_line(row.model.name)} is not on this machine yet. Press g to get it.", markup=False)

    def action_use(self) -> None:
        """Load the highlighted model."""
        row = self.here
        if row is None or not row.here or self._used(row):
            return
        if self._switching or self._busy():
            self.notify("Another model is still loading." if self._switching else "A reply is still coming. Stop it first, or wait.", markup=False)
            return
        self._switching, self._since = row.model.name, time.monotonic()
        self._show()
        self._switch(row.model.name)

    @work(thread=True, group="switch", exit_on_error=False)
    def _switch(self, name: str) -> None:
        assert self.chat is not None
        try:
            self.post_message(Settled(switch(self.chat, self._paths, name)))
        except ChatmemError as error:
            self.post_message(Settled(error.message, error.hint, problem=True))

    def on_settled(self, event: Settled) -> None:
        """The switch or the download is over."""
        self._switching = self._pulling = ""
        self.on_noticed(Noticed(event.text, event.hint, problem=event.problem))
        self._say()
        self._read()

    # ------------------------------------------------------------------ add and get

    def action_add(self) -> None:
        """Add a file by its path."""

        def answered(path: str | None) -> None:
            if path:
                self.ask("added", lambda _: catalogue.add(Path(path), self._paths).name)

        self.app.push_screen(Ask("Add a GGUF file", "", "/path/to/model.gguf", longest=1000, enter="Enter adds it · Esc leaves"), answered)

    def action_get(self) -> None:
        """Download the highlighted model."""
        row = self.here
        if row is None or row.here or row.model.source != "hub":
            return
        if self._pulling:
            self.notify(f"{self._pulling} is still arriving. Esc stops it.", markup=False)
            return
        self._pulling, self._got = row.model.name, (0, 0)
        self._cancel.clear()
        self._show()
        self._pull(row.model.name)

    @work(thread=True, group="pull", exit_on_error=False)
    def _pull(self, name: str) -> None:
        said = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal said
            if time.monotonic() - said > 0.1 or done == total:
                said = time.monotonic()
                self.post_message(Arriving(done, total))

        try:
            catalogue.pull(name, self._paths, progress, self._cancel)
        except ChatmemError as error:
            if self._cancel.is_set() and isinstance(error, DownloadFailed):
                self.post_message(Settled(f"{name} was stopped; g goes on where it was."))
            else:
                self.post_message(Settled(error.message, error.hint, problem=True))
        else:
            self.post_message(Settled(f"{name} is here. Enter uses it."))

    def on_arriving(self, event: Arriving) -> None:
        """Draw how far it is."""
        self._got = (event.done, event.total)
        self._show()

    def action_back(self) -> None:
        """Stop a download; else back."""
        if self._pulling and not self._cancel.is_set():
            self._cancel.set()
            self.notify(f"Stopping {self._pulling}…", markup=False)
        else:
            self.dismiss()
