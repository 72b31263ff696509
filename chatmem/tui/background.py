"""Screens that ask the store for things away from the screen: tasks run in threads, what came of them arrives as a message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from textual import work
from textual.screen import Screen

from chatmem.errors import ChatmemError
from chatmem.tui import messages
from chatmem.tui.text import safe

if TYPE_CHECKING:
    from chatmem.chat import Chat

log = logging.getLogger(__name__)
SOON = 0.1  # seconds: what can wait for a screen's first frame comes after them; what it shows is waited for no longer


class BackgroundScreen(Screen[None]):
    """A screen with a chat, whose slow work never holds up a key."""

    chat: Chat | None = None

    def _outcome(self, task: Callable[[Chat], Any], then: str) -> messages.Done | messages.Noticed:
        """Run a task in this worker thread; its value or its error as a message."""
        assert self.chat is not None
        try:
            return messages.Done(then, task(self.chat))
        except ChatmemError as error:
            return messages.Noticed(error.message, error.hint, problem=True)
        except Exception as error:
            log.exception("a task failed: %s", then)
            return messages.Noticed(f"Something went wrong inside chatmem: {error}", problem=True)

    def _guarded(self, task: Callable[[Chat], Any], then: str) -> None:
        """Run a task in this worker thread; its value or its error comes back as a message."""
        outcome = self._outcome(task, then)
        if then or isinstance(outcome, messages.Noticed):
            self.post_message(outcome)

    @work(thread=True, group="side", exit_on_error=False)
    def ask(self, then: str, task: Callable[[Chat], Any]) -> None:
        """Do something with the store away from the screen; ``Done(then, value)`` follows."""
        self._guarded(task, then)

    async def ask_first(self, then: str, task: Callable[[Chat], Any]) -> None:
        """As ``ask``, awaited while the screen is mounted: its first frame already shows what is read within ``SOON``."""
        asked = asyncio.create_task(asyncio.to_thread(self._outcome, task, then))
        await asyncio.wait({asked}, timeout=SOON)
        if asked.done() and isinstance(outcome := asked.result(), messages.Done):
            self.on_done(outcome)
        else:
            asked.add_done_callback(lambda late: self.post_message(late.result()))

    def on_done(self, event: messages.Done) -> None:
        """Called when a task is over."""

    def on_noticed(self, event: messages.Noticed) -> None:
        """Show a notice as a toast."""
        text = safe(f"{event.text}\n{event.hint}" if event.hint else event.text)
        self.notify(text, severity="error" if event.problem else "information", timeout=8 if event.problem else 5, markup=False)

    def offered(self) -> Iterator[tuple[str, str, str]]:
        """Every action with a key that applies now, for the palette: action, key, title."""
        first = {found[0].action: found[0] for found in reversed(self._bindings.key_to_bindings.values())}  # some have several keys
        for one in reversed(first.values()):
            if self.check_action(one.action.partition("(")[0], ()):
                yield one.action, self.app.get_key_display(one), f"{one.description}: {one.tooltip}" if one.tooltip else one.description

    def manual(self) -> str:
        """The help of this screen, in Markdown."""
        return cleandoc(self.HELP or "")

    def action_help(self) -> None:
        """Show the help of this screen."""
        from chatmem.tui.dialogs import Manual

        self.app.push_screen(Manual(self.manual()))
