"""The bottom line: which keys apply now. One widget that draws text, where Textual's footer makes one for each key."""

from __future__ import annotations

from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Static


class Key(NamedTuple):
    """A key on the line."""

    display: str
    title: str
    action: str
    enabled: bool


def fitting(keys: list[Key], width: int) -> tuple[list[Key], int]:
    """As many keys as fit in their order, and the cells between them; the last one always: it opens the palette, which has all."""
    if not keys:
        return [], 2
    words = [len(key.display) + 1 + len(key.title) for key in keys]
    gap = 2 if sum(words) + 2 * (len(keys) - 1) <= width else 1
    room, shown = width - words[-1], 0
    for size in words[:-1]:
        room -= size + gap
        if room < 0:
            break
        shown += 1
    return [*keys[:shown], keys[-1]], gap


class KeyLine(Static):
    """Keys and what they do; a click presses one."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._keys: list[Key] = []
        self._shown: list[Key] = []
        self._gap = 2
        self._owners: dict[str, DOMNode] = {}

    def on_mount(self) -> None:
        """Follow the screen's keys."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        if not self.is_attached or screen is not self.screen or not self.app.app_focus:
            return
        seen: dict[str, Key] = {}
        active = screen.active_bindings  # made anew at each look
        for owner, binding, enabled, _ in active.values():
            if binding.show and binding.action not in seen:
                seen[binding.action] = Key(self.app.get_key_display(binding), binding.description, binding.action, enabled)
                self._owners[binding.action] = owner
        palette = active.get(self.app.COMMAND_PALETTE_BINDING)
        if palette is not None:
            seen["palette"] = Key(self.app.get_key_display(palette.binding), "More", palette.binding.action, palette.enabled)
            self._owners[palette.binding.action] = palette.node
        if (keys := list(seen.values())) != self._keys:
            self._keys = keys
            self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """More or fewer fit."""
        self._draw()

    def _draw(self) -> None:
        self._shown, self._gap = fitting(self._keys, self.size.width)
        parts: list[tuple[str, str]] = []
        for key in self._shown:
            parts += [
                (key.display, "bold $footer-key-foreground"),
                (f" {key.title}{' ' * self._gap}", "$footer-description-foreground" if key.enabled else "$foreground 35%"),
            ]
        self.update(Content.assemble(*parts), layout=False)

    async def on_click(self, event: events.Click) -> None:
        """Press the key under the pointer."""
        left = 1
        for key in self._shown:
            right = left + len(key.display) + 1 + len(key.title) + self._gap
            if left <= event.x < right:
                await self.app.run_action(key.action, self._owners[key.action])
                return
            left = right
