"""The line under the input: model, context, speed, background work, memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from chatmem.tui.text import one_line, thousands
from chatmem.types import Usage

if TYPE_CHECKING:
    from chatmem.chat import Chat

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class StatusLine(Static):
    """One quiet line; the screen tells it what there is to say."""

    def __init__(self) -> None:
        super().__init__("", id="status", markup=False)
        self._frame = 0
        self._shown: Content | None = None

    def show(self, chat: Chat | None, usage: Usage | None, *, temporary: bool, memory: bool, writes: bool) -> None:
        """Draw the state as it is now; cheap enough to call several times a second."""
        self._frame = (self._frame + 1) % len(SPINNER)
        parts: list[Content] = [self._model(chat)]
        info = chat.engine.info if chat is not None else None
        total = usage.context if usage is not None and usage.context else info.context if info is not None else 0
        if total:
            used = usage.prompt_tokens + usage.reply_tokens if usage is not None else 0
            parts.append(
                Content.styled(f"context {thousands(used)}/{thousands(total)}", "$text-warning" if used > total * 0.85 else "$foreground 60%")
            )
        if usage is not None and usage.tokens_per_second:
            parts.append(Content.styled(f"{usage.tokens_per_second:.0f} tok/s", "$foreground 60%"))
        if chat is not None and (work := chat.working_on()):
            parts.append(Content.styled(f"{SPINNER[self._frame]} {one_line(', '.join(work), 40)}", "$foreground 60%"))
        if temporary:
            parts.append(Content.styled("memory: reads only (temporary)", "$text-warning"))
        elif not memory:
            parts.append(Content.styled("memory off", "$text-warning"))
        else:
            parts.append(Content.styled("memory on" if writes else "memory: reads only", "$foreground 60%"))
        content = Content.styled("   ", "").join(parts)
        if self._shown is None or content != self._shown:
            self._shown = content
            self.update(content)

    def _model(self, chat: Chat | None) -> Content:
        if chat is None:
            return Content.assemble((SPINNER[self._frame], "$text-accent"), ("  opening…", "$foreground 60%"))
        engine = chat.engine
        name = one_line(Path(chat.settings.model.name).name.removesuffix(".gguf"), 28)
        if engine.state == "ready":
            safe_mode = " (safe mode)" if engine.info is not None and engine.info.safe_mode else ""
            return Content.assemble(("●", "$text-success"), f" {name}", (f" ready{safe_mode}", "$foreground 60%"))
        if engine.state == "failed":
            reason = one_line(engine.error.message, 60) if engine.error is not None else "see the log"
            return Content.assemble(("✕", "$text-error"), f" {name}", (f" failed: {reason}", "$text-error"))
        return Content.assemble((SPINNER[self._frame], "$text-accent"), f" {name}", (" loading…", "$foreground 60%"))
