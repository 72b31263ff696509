"""Compares the screen with a stored picture of it as text: ``pytest tests/tui --update-screens`` writes them anew."""

from __future__ import annotations

import difflib
import io
from pathlib import Path

from rich.console import Console
from textual.app import App

FOLDER = Path(__file__).parent / "screens"


def text_of(app: App[None]) -> str:
    """The screen as lines of text, what lies under a dialog included."""
    width, height = app.size
    console = Console(
        width=width, height=height, file=io.StringIO(), force_terminal=True, color_system="truecolor", record=True, legacy_windows=False
    )
    console.print(app.screen._compositor.render_update(full=True, screen_stack=app._background_screens))
    lines = [line.rstrip() for line in console.export_text(styles=False).splitlines()]
    return "\n".join(lines[:height]).rstrip("\n") + "\n"


class Screens:
    """Checks screens against the stored ones, or stores them."""

    def __init__(self, update: bool) -> None:
        self._update = update

    def check(self, app: App[None], name: str) -> None:
        """Fail with a difference unless the screen looks as stored under this name and size."""
        width, height = app.size
        path = FOLDER / f"{name}-{width}x{height}.txt"
        seen = text_of(app)
        if self._update:
            path.parent.mkdir(exist_ok=True)
            path.write_text(seen, "utf-8")
            return
        assert path.exists(), f"{path.name} is not stored yet: pytest {Path(__file__).parent.name} --update-screens"
        stored = path.read_text("utf-8")
        changes = "\n".join(difflib.unified_diff(stored.splitlines(), seen.splitlines(), "stored", "seen", lineterm="", n=1))
        assert not changes, f"{path.name} has changed (--update-screens stores it anew):\n{changes}"
