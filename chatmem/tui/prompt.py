"""The input: Enter sends, Ctrl+J makes a new line, Up and Down walk through what was sent before."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from chatmem.tui.text import safe

PASTE_LIMIT = 60_000
"""Longest text accepted, in characters: already beyond what most local models can read at once."""


class Prompt(TextArea):
    """A growing text box that sends on Enter."""

    HELP = """
    ## Your message

    - **Enter** sends; while a reply comes, the message waits for its end
    - **Ctrl+J** starts a new line
    - **Up / Down** bring back what you sent before
    - **Page Up / Page Down** scroll the conversation
    - **/** begins a command, **Tab** completes it
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j,shift+enter,alt+enter", "newline", "New line", show=False, id="prompt.newline"),
    ]

    class Submitted(Message):
        """Enter was pressed; ``text`` is not blank."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class TooLong(Message):
        """A paste was cut at the limit."""

        def __init__(self, length: int) -> None:
            super().__init__()
            self.length = length

    class Paged(Message):
        """Page Up (-1) or Page Down (1) was pressed, and all of the text is in view."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Complete(Message):
        """Tab was pressed on a command."""

    def __init__(self) -> None:
        super().__init__(
            id="prompt", soft_wrap=True, compact=True, show_line_numbers=False, tab_behavior="focus", highlight_cursor_line=False,
            placeholder="Enter sends · Ctrl+J new line · / commands", max_checkpoints=50,
        )  # fmt: skip
        self.sent: list[str] = []
        self._place = 0
        self._draft = ""

    def put(self, text: str) -> None:
        """Replace the text and go to its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def remember(self, text: str) -> None:
        """Add to what Up brings back."""
        if not self.sent or self.sent[-1] != text:
            self.sent.append(text)
        self._place = len(self.sent)

    def set_history(self, texts: list[str]) -> None:
        """Start over with the messages of a conversation."""
        self.sent = texts
        self._place = len(texts)

    def action_newline(self) -> None:
        """Start a new line."""
        self.insert("\n")

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            if self.text.strip():
                self.post_message(self.Submitted(self.text.strip("\n")))
        elif event.key in ("pageup", "pagedown") and not self.max_scroll_y:
            event.stop()
            event.prevent_default()
            self.post_message(self.Paged(-1 if event.key == "pageup" else 1))
        elif event.key == "tab" and self.text.startswith("/"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Complete())
        elif (event.key == "up" and self.cursor_at_first_line and self._walk(-1)) or (
            event.key == "down" and self.cursor_at_last_line and self._walk(1)
        ):
            event.stop()
            event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        """Cut what is too long before the text box lays it out; the base class then inserts it."""
        room = max(0, PASTE_LIMIT - len(self.text))
        if len(event.text) > room:
            self.post_message(self.TooLong(len(event.text)))
            event.text = event.text[:room]
        event.text = safe(event.text)

    def _walk(self, step: int) -> bool:
        if not self.sent or (self.document.line_count > 1 and self._place == len(self.sent) and step > 0):
            return False
        place = self._place + step
        if not 0 <= place <= len(self.sent):
            return False
        if self._place == len(self.sent):
            self._draft = self.text
        self._place = place
        self.put(self._draft if place == len(self.sent) else self.sent[place])
        return True
