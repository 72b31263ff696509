"""The app: themes, command palette, and one chat screen."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import App, SystemCommand
from textual.notifications import Notification, Notify, SeverityLevel
from textual.screen import Screen
from textual.theme import Theme

from chatmem.config import Paths, Settings, save_setting
from chatmem.errors import ConfigError
from chatmem.tui.actions import ACTIONS
from chatmem.tui.background import BackgroundScreen
from chatmem.tui.chat import ChatScreen
from chatmem.tui.messages import OpenTurn
from chatmem.tui.opening import OpenChat, StartJobs

if TYPE_CHECKING:
    from chatmem.chat import Chat

DARK = Theme(
    name="chatmem-dark", dark=True, primary="#8fb4d9", secondary="#6f8fb0", accent="#d9a66b", foreground="#d8dce3", background="#14171c",
    surface="#1a1e25", panel="#20252e", success="#8cb98a", warning="#d9a66b", error="#d97b7b",
    variables={"footer-key-foreground": "#d9a66b", "footer-background": "#14171c", "block-cursor-blurred-background": "#20252e", "border-blurred": "#2a303a"},
)  # fmt: skip
LIGHT = Theme(
    name="chatmem-light", dark=False, primary="#2f5f8f", secondary="#587a9c", accent="#a3601c", foreground="#2a2d33", background="#faf8f4",
    surface="#f3f0ea", panel="#e9e5dc", success="#3f7a45", warning="#a3601c", error="#b03a3a",
    variables={"footer-key-foreground": "#a3601c", "footer-background": "#faf8f4", "block-cursor-blurred-background": "#e9e5dc", "border-blurred": "#dcd6ca"},
)  # fmt: skip


class Note(Notification):
    """A notification with some time left at every look: a toast's timer of no time, or less, would never let go of the processor."""

    @property
    def time_left(self) -> float:
        """Seconds left, 0.1 at least."""
        return max(0.1, super().time_left)

    @property
    def has_expired(self) -> bool:
        """Whether its time is over."""
        return super().time_left <= 0


class ChatmemApp(App[None]):
    """chatmem in the terminal.

    ``open_chat`` is called once, in a thread, after the first paint; what it returns is closed when the app ends.
    ``start_jobs`` then starts the upkeep of that chat; without it nothing runs by itself.
    """

    TITLE = "chatmem"
    CSS_PATH = "chatmem.tcss"
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        open_chat: OpenChat,
        settings: Settings,
        paths: Paths,
        session: str | None = None,
        temporary: bool = False,
        *,
        start_jobs: StartJobs | None = None,
    ) -> None:
        super().__init__()
        self._paths = paths
        self._main = ChatScreen(open_chat, settings, paths, session, temporary)
        self._main.start_jobs = start_jobs
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = settings.ui.theme if settings.ui.theme in self.available_themes else DARK.name

    @property
    def chat(self) -> Chat | None:
        """The open chat, for whoever started the app."""
        return self._main.chat

    def get_default_screen(self) -> Screen[None]:
        """The chat is the first screen."""
        return self._main

    def on_mount(self) -> None:
        """Keep the theme whenever it is changed from now on."""
        self.theme_changed_signal.subscribe(self, self._keep_theme)

    def on_ready(self) -> None:
        """Garbage is collected less often: a full collection, of all that was imported and shown, holds up a key by 100 ms.

        What was imported lives as long as the app and is left out; by these thresholds a full one comes 36 times as seldom.
        """
        gc.freeze()
        gc.set_threshold(10_000, 5, 50)

    def notify(
        self, message: str, *, title: str = "", severity: SeverityLevel = "information", timeout: float | None = None, markup: bool = True
    ) -> None:
        """Show a toast."""
        self.post_message(Notify(Note(message, title, severity, self.NOTIFICATION_TIMEOUT if timeout is None else timeout, markup)))

    def _keep_theme(self, theme: Theme) -> None:
        try:
            save_setting(self._paths, "ui.theme", theme.name)
        except ConfigError as error:
            self.notify(f"The theme could not be kept: {error.message}", severity="warning", markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the screen, then those Textual brings; the help is ours."""
        if isinstance(screen, ChatScreen):
            for action in ACTIONS:
                if action.name not in ("quit", "interrupt"):
                    keys = f"  ({action.key})" if action.key else ""
                    yield SystemCommand(action.title, action.help + keys, lambda name=action.name: screen.do(name))
        elif isinstance(screen, BackgroundScreen):
            for name, key, title in screen.offered():
                yield SystemCommand(title, f"({key})", lambda name=name: screen.call_later(screen.run_action, name))
        yield from (command for command in super().get_system_commands(screen) if command.title != "Keys")

    def open_turn(self, session_id: str, turn_id: str) -> None:
        """Back to the chat, at the place where something was said."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self._main.post_message(OpenTurn(session_id, turn_id))

    async def action_quit(self) -> None:
        """Leave; a running reply is cut and kept."""
        self._main.action_quit()

    async def on_unmount(self) -> None:
        """Close the chat, once the reply's thread had a moment to store what was said."""
        import asyncio

        self._main.leaving = True
        self._main.stop()
        if (chat := self._main.chat) is not None:
            if self._main.schedule is not None:
                await asyncio.to_thread(self._main.schedule.stop)
            await asyncio.to_thread(self._main.wait_for_turn, 2.0)
            await asyncio.to_thread(chat.close)
