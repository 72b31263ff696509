"""The main screen: conversations, transcript, input, what was remembered."""

from __future__ import annotations

import time
from inspect import cleandoc
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from chatmem.config import Paths, Settings
from chatmem.tui import actions, messages
from chatmem.tui.commands import help_text, matching, parse
from chatmem.tui.keys import KeyLine
from chatmem.tui.opening import OpenChat, OpeningScreen
from chatmem.tui.panel import RecallPanel
from chatmem.tui.prompt import Prompt
from chatmem.tui.sessions import Sidebar
from chatmem.tui.status import StatusLine
from chatmem.tui.text import safe
from chatmem.tui.transcript import Transcript
from chatmem.types import Recall

SIDEBAR_FROM, PANEL_FROM = 100, 120


class ChatScreen(OpeningScreen):
    """Talks with the user; all slow work is in thread workers that post messages."""

    BINDINGS: ClassVar[list[BindingType]] = actions.BINDINGS
    AUTO_FOCUS = "#prompt"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (SIDEBAR_FROM, "-wide")]  # noqa: RUF012

    def __init__(self, open_chat: OpenChat, settings: Settings, paths: Paths, session: str | None, temporary: bool) -> None:
        super().__init__(open_chat, settings, paths, session, temporary)
        self._asked_quit = 0.0
        self._sides: dict[str, bool] = {}  # what the user chose to show or hide; the width decides otherwise

    def compose(self) -> ComposeResult:
        """Three columns over a footer."""
        with Horizontal(id="body"):
            yield Sidebar()
            with Vertical(id="centre"):
                yield Static("", id="banner", markup=False)
                yield Transcript()
                with Vertical(id="composer"):
                    yield Static("", id="hints", markup=False)
                    yield Prompt()
            yield RecallPanel()
        yield StatusLine()
        yield KeyLine()

    def on_mount(self) -> None:
        """Paint first, then open the store."""
        self._layout(self.app.size.width)
        self.set_interval(0.15, self._tick)
        self._tick()
        self.call_after_refresh(self.connect)

    # ------------------------------------------------------------------ state

    def _tick(self) -> None:
        self.let_go_of_erased()
        memory = self.settings.memory
        self.query_one(StatusLine).show(self.chat, self.usage, temporary=self.temporary, memory=memory.enabled, writes=memory.write)
        if self.reply is not None and self.cancel is not None and not self.cancel.is_set() and self.reply.entry.recall is None:
            state = self.chat.engine.state if self.chat is not None else "opening"
            self.reply.doing = {"opening": "opening your memory", "loading": "waiting for the model to load", "stopped": "starting the model"}.get(
                state, "remembering"
            )

    # ------------------------------------------------------------------ input

    async def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """A command, or a message."""
        if (command := parse(event.text)) is not None:
            from chatmem.tui import deeds

            self.prompt.remember(event.text)
            self.prompt.put("")
            deeds.command(self, *command, event.text)
        elif self.busy:
            self.next_up = event.text
            self.notify("This goes out when the reply is done. Esc stops the reply.", markup=False)
        else:
            self.prompt.remember(event.text)
            self.prompt.put("")
            await self.send(event.text)

    def on_prompt_too_long(self, event: Prompt.TooLong) -> None:
        """Say that a paste was cut."""
        self.notify(f"That is {event.length:,} characters, too long for one message. The beginning was kept.", severity="warning", markup=False)

    @on(TextArea.Changed, "#prompt")
    def hint(self, event: TextArea.Changed) -> None:
        """While a command is typed, show which there are; a message that waits and is changed waits no more."""
        if event.text_area.text.strip("\n") != self.next_up:
            self.next_up = None
        found = matching(event.text_area.text) if event.text_area.document.line_count == 1 else []
        hints = self.query_one("#hints", Static)
        hints.display = bool(found)
        width = max((len(f"/{command.name} {command.takes}") for command in found), default=0)
        rows = [
            Content.assemble((f"/{command.name} {command.takes}".ljust(width), "$text-accent"), (f"   {command.help}", "$foreground 60%"))
            for command in found
        ]
        hints.update(Content("\n").join(rows))

    def on_prompt_paged(self, event: Prompt.Paged) -> None:
        """The conversation has a use for it."""
        self.transcript.page(event.step)

    def on_prompt_complete(self) -> None:
        """Tab completes a command when only one is meant."""
        if found := matching(self.prompt.text):
            self.prompt.put(f"/{found[0].name} ")

    # ------------------------------------------------------------------ panel and sides

    def show_banner(self, *, earlier: bool) -> None:
        """A temporary conversation, and an earlier version of one, say so above the words."""
        self.set_class(self.temporary, "-temporary")
        self.set_class(earlier, "-earlier")
        self.query_one("#banner", Static).update(
            "Temporary: uses what is remembered, leaves nothing behind · Ctrl+T ends it"
            if self.temporary
            else "An earlier version of this conversation · writing goes on from here · Esc shows the newest"
        )

    def recalled(self, recall: Recall) -> None:
        """What was found for the running reply shows at once; an earlier version that is written on becomes the newest."""
        self.remove_class("-earlier")
        self._show_recall(recall)

    def _show_recall(self, recall: Recall | None) -> None:
        self.query_one(RecallPanel).show(recall, memory=self.settings.memory.enabled)

    def show_panel_of_last(self) -> None:
        """Show what the last reply drew on."""
        last = self.last_reply
        self._show_recall(last.recall if last is not None else None)

    def on_show_recall(self, event: messages.ShowRecall) -> None:
        """Open the panel at exactly these items."""
        self._show_recall(event.recall)
        self.show_side("panel", True)
        self.query_one("#panel-items").focus()

    async def on_open_turn(self, event: messages.OpenTurn) -> None:
        """Go to where something was said."""
        if self.size.width < PANEL_FROM:
            self.show_side("panel", False)
        if event.session_id == self.session_id and await self.transcript.go_to(event.turn_id):
            self.transcript.focus(scroll_visible=False)
        else:
            self.open_session(event.session_id, event.turn_id)

    def on_sidebar_chosen(self, event: Sidebar.Chosen) -> None:
        """Resume, rename or delete a conversation of the list."""
        from chatmem.tui import deeds

        if event.deed == "open":
            if self.size.width < SIDEBAR_FROM:
                self.show_side("sidebar", False)
            self.open_session(event.session_id)
        else:
            deeds.session(self, event.deed, event.session_id)

    def show_side(self, side: str, shown: bool) -> None:
        """Show or hide a side; the user's choice holds until changed."""
        self._sides[side] = shown
        self._layout(self.app.size.width)

    def _layout(self, width: int) -> None:
        defaults = {"sidebar": width >= SIDEBAR_FROM, "panel": width >= PANEL_FROM and self.settings.ui.panel}
        for side, default in defaults.items():
            self.query_one(f"#{side}").display = self._sides.get(side, default)

    def on_resize(self, event: events.Resize) -> None:
        """Make room."""
        self._layout(event.size.width)

    def on_markdown_link_clicked(self, event: Any) -> None:
        """A link in a reply is never opened by itself: the model may have made it up."""
        event.stop()
        self.app.copy_to_clipboard(safe(event.href))
        self.notify("Link copied. chatmem opens nothing by itself.", markup=False)

    # ------------------------------------------------------------------ actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Stop shows only while there is something to stop."""
        leavable = self.busy or self.editing is not None or self.has_class("-earlier") or self.focused is not self.prompt
        return leavable if action == "cancel" else True

    def do(self, name: str) -> None:
        """Run an action of the table by name, for the palette and slash commands."""
        self.call_later(self.run_action, name)

    async def action_cancel(self) -> None:
        """Esc: stop the reply, else leave what is open, else go back to the input."""
        if self.queued is not None:
            words, entries = self.queued, self.transcript.entries
            self.leave()
            await self.transcript.cut(entries[-2])
            self.prompt.put(words)
        elif self.stop():
            return
        elif self.editing is not None:
            self.editing = None
            self.prompt.put("")
            self.notify("Left as it was.", markup=False)
        elif self.has_class("-earlier") and self.focused in (self.prompt, self.transcript) and not self.prompt.text:
            self.open_session(self.session_id)
        else:
            for side, least in (("panel", PANEL_FROM), ("sidebar", SIDEBAR_FROM)):
                if self.size.width < least and self.query_one(f"#{side}").display:
                    self.show_side(side, False)
            self.prompt.focus()

    def action_new(self) -> None:
        """A new conversation."""
        self.open_session(None)

    def action_temporary(self) -> None:
        """Begin or end a temporary conversation."""
        self.open_session(None, temporary=not self.temporary)

    def action_sidebar(self) -> None:
        """Show or hide the conversations."""
        shown = not self.query_one("#sidebar").display
        self.show_side("sidebar", shown)
        (self.query_one("#sessions") if shown else self.prompt).focus()

    def action_panel(self) -> None:
        """Show or hide what was remembered."""
        shown = not self.query_one("#panel").display
        self.show_side("panel", shown)
        if shown and self.query_one(RecallPanel).recall is None:
            self.show_panel_of_last()
        if not shown:
            self.prompt.focus()

    async def action_regenerate(self) -> None:
        """Another reply to the last message."""
        if self.busy:
            self.notify("A reply is still coming. Esc stops it.", markup=False)
        else:
            await self.regenerate()

    def action_edit(self) -> None:
        """Bring the last message back to change it."""
        asked = next((entry for entry in reversed(self.transcript.entries) if entry.role == "user"), None)
        if self.busy or asked is None or asked.turn is None:
            self.notify("A reply is still coming. Esc stops it." if self.busy else "There is nothing to edit yet.", markup=False)
            return
        self.editing = asked.turn.id
        self.prompt.put(asked.text)
        self.prompt.focus()
        self.notify("Change your message and press Enter. The old version is kept. Esc leaves it.", markup=False)

    def action_copy(self) -> None:
        """Copy the last reply."""
        last = self.last_reply
        if last is not None:
            self.app.copy_to_clipboard(safe(last.text))
        self.notify("Copied the last reply." if last is not None else "There is no reply yet.", markup=False)

    def action_interrupt(self) -> None:
        """Ctrl+C: copy what is selected; otherwise two presses quit."""
        selected = self.prompt.selected_text or self.get_selected_text()
        if selected:
            self.app.copy_to_clipboard(safe(selected))
            self.notify("Copied.", timeout=2, markup=False)
        elif time.monotonic() - self._asked_quit < 3:
            self.action_quit()
        else:
            self._asked_quit = time.monotonic()
            self.notify("Press Ctrl+C again to quit.", timeout=3, markup=False)

    def action_quit(self) -> None:
        """Leave; a running reply is cut and kept."""
        self.leaving = True
        self.stop()
        self.app.exit()

    def manual(self) -> str:
        """What the focused part does comes first: it is what was being done."""
        parts = self.focused.ancestors_with_self if self.focused is not None else []
        here = [cleandoc(part.HELP) for part in parts if part.HELP]
        keys = f"## Keys\n\n{actions.keys_text()}"
        return "\n\n".join(["# chatmem", *here[:1], keys, f"## Commands\n\n```\n{help_text()}\n```"])

    def open_screen(self, name: str) -> None:
        """Memories, upkeep, models, evaluation or settings, once the store is open."""
        if self.chat is None:
            self.notify("Your memory is still opening.", markup=False)
        elif name == "memories":
            from chatmem.tui.memories import MemoriesScreen

            if not self.app.is_screen_installed("memories"):  # kept once made: it opens at once, where it was left
                self.app.install_screen(MemoriesScreen(self.chat, self.changes, self.paths), "memories")
            self.app.push_screen("memories")
        elif name == "jobs":
            from chatmem.tui.jobs import JobsScreen

            self.app.push_screen(JobsScreen(self.chat, self.schedule))
        elif name == "evaluation":
            from chatmem.tui.evaluation import EvaluationScreen

            self.app.push_screen(EvaluationScreen(self.chat, self.paths))
        elif name == "models":
            from chatmem.tui.models import ModelsScreen

            self.app.push_screen(ModelsScreen(self.chat, self.paths, lambda: self.busy))
        else:
            from chatmem.tui.settings import SettingsScreen

            self.app.push_screen(SettingsScreen(self.chat, self.settings, self.paths))

    def action_memories(self) -> None:
        """Everything that is remembered."""
        self.open_screen("memories")

    def action_jobs(self) -> None:
        """The upkeep of memory."""
        self.open_screen("jobs")

    def action_models(self) -> None:
        """What is loaded, and which models there are."""
        self.open_screen("models")

    def action_evaluation(self) -> None:
        """How well memory did on question sets."""
        self.open_screen("evaluation")

    def action_settings(self) -> None:
        """Every setting."""
        self.open_screen("settings")

    def action_why(self) -> None:
        """What was recalled for the last reply, with every score."""
        last = self.last_reply
        if last is None or last.recall is None or not last.recall.items:
            self.notify("There is no reply yet." if last is None else "Nothing was remembered for the last reply.", markup=False)
        else:
            self.post_message(messages.PutRight(last.recall, ""))

    def on_put_right(self, event: messages.PutRight) -> None:
        """Show why something was recalled, and do what was asked about it."""
        from chatmem.tui.why import WhyScreen

        if self.chat is not None:
            self.app.push_screen(WhyScreen(self.chat, self.changes, self.paths, event.recall, event.item_id, event.action))

    def action_search(self) -> None:
        """Search all conversations."""
        from chatmem.tui.sessions import Search

        if self.chat is not None:
            self.app.push_screen(Search(self.chat), self._open_found)

    def _open_found(self, found: tuple[str, str] | None) -> None:
        if found is not None:
            self.post_message(messages.OpenTurn(*found))

    def on_done(self, event: messages.Done) -> None:
        """A side task is over."""
        from chatmem.tui import deeds

        deeds.done(self, event.then, event.value)

    def action_deed(self, name: str) -> None:
        """The rarer actions: see deeds.py."""
        from chatmem.tui import deeds

        deeds.act(self, name)

    def action_rename(self) -> None:
        """Rename the highlighted conversation, or the one on the screen."""
        self.action_deed("rename")

    @property
    def selected_session(self) -> str:
        """The conversation highlighted in the focused list, else the one on the screen."""
        return self.query_one(Sidebar).selected or self.session_id

    def gone(self, session_id: str) -> None:
        """A conversation was deleted: leave it when it is the one on the screen."""
        if session_id == self.session_id:
            self.leave()
            self.conversation = None
            self.open_session(None)
        self.refresh_sessions()
