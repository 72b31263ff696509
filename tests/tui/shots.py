"""Draws the pictures of the app for the documentation: ``python -m tests.tui.shots FOLDER``."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from chatmem.config import Paths, Settings
from chatmem.tui.app import ChatmemApp
from chatmem.types import Recall

from .conftest import wait_until
from .fakes import NOW, FakeChat, item
from .test_chat import ready, say


def example() -> FakeChat:
    """A chat with a little history."""
    chat = FakeChat()
    for days, title in ((90, "Moving to Lisbon"), (20, "Marathon plan"), (4, "A name for the puppy"), (1, "Sourdough, again"), (0, "Weekend")):
        session = chat.store.new_session(title)
        chat.store.add_turn(session.id, "user", f"Let us talk about {title.lower()}.", None, at=NOW - timedelta(days=days))
        chat.store.add_turn(session.id, "assistant", "Gladly.", session.head, at=NOW - timedelta(days=days))
    chat.remember("The user lives in Lisbon.")
    chat.next_recall = Recall(
        question="Where could I take Biscuit on Saturday?",
        state="confident",
        milliseconds=14,
        items=[
            item("The user has a dog called Biscuit, a two-year-old beagle.", 0.91, session="s3", turn="t5"),
            item("The user moved to Lisbon.", 0.74, kind="event", session="s1", turn="t1"),
            item("I would rather walk than drive at weekends.", 0.52, source="round", session="s2", turn="t3"),
            item("The user's sister has a cat.", 0.18, shown=False),
        ],
    )
    chat.script = [
        [
            "Since Biscuit is a beagle who follows his nose, I would go where he can be let loose:\n\n",
            "- **Monsanto** in the morning: 900 hectares of wood, quiet before ten\n- **Praia da Cresmina**, which takes dogs out of season\n\n",
            "You said you would rather walk than drive, so Monsanto it is. `Bus 711` goes there.",
        ],
        ["Nothing I know of. Tell me and I will remember."],
    ]
    return chat


async def draw(folder: Path, theme: str, size: tuple[int, int], name: str) -> None:
    """One picture."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings()
        settings.ui.theme = theme
        chat = example()
        app = ChatmemApp(lambda notice: chat, settings, Paths(Path(home)))  # type: ignore[arg-type,return-value]
        async with app.run_test(size=size) as pilot:
            screen = await ready(pilot, app)
            app.save_screenshot(f"{name}-empty.svg", str(folder))
            await say(pilot, screen, "Where could I take Biscuit on Saturday?")
            app.save_screenshot(f"{name}.svg", str(folder))
            await pilot.press("ctrl+f", *"lisbon")
            await wait_until(pilot, lambda: app.screen.query("#search-results"))
            await pilot.pause(0.3)
            app.save_screenshot(f"{name}-search.svg", str(folder))
            await pilot.press("escape", "/")
            await pilot.pause(0.1)
            app.save_screenshot(f"{name}-slash.svg", str(folder))
            screen.prompt.put("")
            screen.action_deed("delete")
            await pilot.pause(0.2)
            app.save_screenshot(f"{name}-delete.svg", str(folder))


async def main(folder: Path) -> None:
    """All pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    await draw(folder, "chatmem-dark", (120, 36), "dark")
    await draw(folder, "chatmem-light", (120, 36), "light")
    await draw(folder, "chatmem-dark", (80, 24), "narrow")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
