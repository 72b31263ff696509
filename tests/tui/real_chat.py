"""The picture in the README: a real conversation with the bundled model. ``python -m tests.tui.real_chat docs/images``.

Nothing is scripted but what the user types: two days of it, with the app closed between them.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock

from chatmem.chat import Chat
from chatmem.config import Paths, Settings
from chatmem.tui.app import ChatmemApp
from tests.tui.conftest import wait_until
from tests.tui.shots import SIZE, save
from tests.tui.test_chat import screen_of

YESTERDAY = ["My dog Biscuit is a beagle and I'm allergic to cashews.", "My sister Marta lives in Oslo.", "I started a pottery course last Saturday."]
TODAY = ["My sister Marta moved to Bergen.", "What is the name of my accountant?", "What breed is my dog?", "Where does my sister live?"]


async def talk(paths: Paths, clock: Callable[[], datetime], lines: list[str], folder: Path | None) -> None:
    """One day with the app."""
    settings = Settings()
    settings.model.temperature = 0

    def open_chat(notice: Callable[[str], None]) -> Chat:
        return Chat(paths, settings, clock, notice)

    app = ChatmemApp(open_chat, settings, paths)
    async with app.run_test(size=SIZE) as pilot:
        screen = screen_of(app)
        await wait_until(pilot, lambda: screen.conversation is not None, 120)
        assert screen.chat is not None
        screen.chat.embedder.wait(120)
        screen.chat.engine.wait(120)
        for line in lines:
            screen.prompt.put(line)
            await pilot.press("enter")
            await wait_until(pilot, lambda: not screen.prompt.text)
            await wait_until(pilot, lambda: not screen.busy, 120)
            await asyncio.to_thread(screen.chat.settle, 60)
        await pilot.pause(1)
        if folder:
            save(app, folder, "chat")
            app.theme = "chatmem-light"
            await pilot.pause(0.5)
            save(app, folder, "chat-light")


async def closed(paths: Paths) -> None:
    """Wait until the app has let its data folder go."""
    lock = FileLock(paths.lock, timeout=60, thread_local=False)
    await asyncio.to_thread(lock.acquire)
    lock.release()


async def main(folder: Path) -> None:
    """Two days, the second with a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        paths = Paths(Path(home)).make()
        now = datetime.now().astimezone()
        await talk(paths, lambda: now - timedelta(days=1), YESTERDAY, None)
        await closed(paths)
        await talk(paths, lambda: now, TODAY, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")))
