"""Draws the pictures of the memory screens, over a made-up life: ``python -m tests.tui.shots docs/images``.

The picture of the chat itself is a real conversation: see ``real_chat``.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Static

from chatmem.config import Paths, Settings
from chatmem.memory import operations
from chatmem.tui.app import ChatmemApp
from chatmem.tui.evaluation import EvaluationScreen
from chatmem.tui.memories import MemoriesScreen
from chatmem.tui.models import ModelsScreen
from chatmem.types import JobRun, Memory, Recall, RecallItem

from .conftest import wait_until
from .fakes import NOW, item
from .library import Clock, StoreChat, open_store, small_library
from .test_chat import ready, say
from .test_evaluation import made_up_runs

SIZE = (120, 36)
QUESTION = "Where could I take Biscuit on Saturday?"
ANSWER = [
    "Since Biscuit is a beagle who follows his nose, I would go where he can be let loose:\n\n",
    "- **Monsanto** in the morning: 900 hectares of wood, quiet before ten\n- **Praia da Cresmina**, which takes dogs out of season\n\n",
    "You run three times a week, so he may keep up with you. The vet is on Friday: ask about ticks.",
]


def example(chat: StoreChat) -> None:
    """A life in a dozen memories without its hostile text, some use, some upkeep, and an answer ready."""
    store = chat.store
    hostile = next(memory for memory in store.memories() if "[bold]" in memory.text)
    operations.purge(store, [hostile.id])
    for key, value in (("The user works as a nurse", 4), ("The user lives in Lisbon", 2), ("The user's dog Biscuit is a beagle", 3)):
        for _ in range(value):
            operations.reinforce(store, [store.memories_saying(key)[0].id])
    for days, merged in ((9, 1), (8, 0), (7, 2), (6, 0), (5, 1), (4, 3), (3, 0), (2, 1), (1, 2)):
        for kind, count in (("merge", merged), ("decay", merged // 2), ("consolidate", 1 + days % 3)):
            began = NOW - timedelta(days=days)
            stats: dict[str, int | float | str] = {"planned": count, "MERGE" if kind == "merge" else "FORGET" if kind == "decay" else "LEARN": count}
            done = JobRun(
                id=store.next_job_id(), kind=kind, state="done", started_at=began, finished_at=began + timedelta(seconds=1 + count), stats=stats
            )
            store.put_job(done)
    assert isinstance(store.clock, Clock)
    store.clock.now = NOW

    def recalled(words: str, score: float, *, shown: bool = True, reason: str = "") -> RecallItem:
        memory: Memory = store.memories_saying(words)[0]
        source = store.sources(memory.id)[0]
        parts = {"fused": min(1.0, score + 0.06), "cosine": score - 0.2, "overlap": round(score / 2, 2)}
        told = {"id": memory.id, "said_at": memory.created_at, "event_start": memory.event_start, "parts": parts, "reason": reason}
        return item(memory.text, score, shown=shown, kind=memory.kind, session=source.session_id, turn=source.id).model_copy(update=told)

    chat.next_recall = Recall(
        question=QUESTION,
        state="confident",
        milliseconds=14,
        items=[
            recalled("The user's dog Biscuit is a beagle", 0.91),
            recalled("The user takes Biscuit to the vet", 0.78),
            recalled("The user lives in Lisbon", 0.62),
            recalled("The user runs three times a week", 0.44),
            recalled("The user is training for a marathon in October", 0.31, shown=False, reason="beyond the first 4"),
            recalled("The user works as a nurse", 0.18, shown=False, reason="too far from the question"),
        ],
    )
    chat.script = [ANSWER]


@asynccontextmanager
async def opened(theme: str, size: tuple[int, int]) -> AsyncIterator[tuple[ChatmemApp, Pilot[None]]]:
    """The app over the example, its conversation begun."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings()
        settings.ui.theme = theme
        paths = Paths(Path(home)).make()
        store = open_store(paths)
        small_library(store)
        chat = StoreChat(store)
        example(chat)
        app = ChatmemApp(lambda notice: chat, settings, paths)  # type: ignore[arg-type,return-value]
        async with app.run_test(size=size) as pilot:
            screen = await ready(pilot, app)
            await say(pilot, screen, QUESTION)
            await pilot.pause(0.3)
            yield app, pilot
        store.close()


def save(app: ChatmemApp, folder: Path, name: str) -> None:
    """Write a picture. Its fonts are those of the reader: a picture of a private app asks no server for any."""
    picture = re.sub(r"@font-face\s*{.*?}", "", app.export_screenshot(title="chatmem"), flags=re.DOTALL)
    (folder / f"{name}.svg").write_text("\n".join(line.rstrip() for line in picture.splitlines()) + "\n", "utf-8")


async def memories(app: ChatmemApp, pilot: Pilot[None], key: str) -> None:
    """A view of the memory screen."""
    if not isinstance(app.screen, MemoriesScreen):
        await pilot.press("f3")
        await wait_until(pilot, lambda: isinstance(app.screen, MemoriesScreen) and app.screen.query("#rows") and app.screen.rows.keys)
    await pilot.press(key)
    await pilot.pause()
    await wait_until(pilot, lambda: isinstance(app.screen, MemoriesScreen) and app.screen.settled)
    await pilot.pause(0.3)


async def evaluation(app: ChatmemApp, pilot: Pilot[None], folder: Path) -> None:
    """Runs, and two compared; they are made up, and so are their figures."""
    with tempfile.TemporaryDirectory() as place:
        runs = Path(place) / "runs"
        made_up_runs(runs)
        assert app.chat is not None
        screen = EvaluationScreen(app.chat, app._paths, [runs])
        await app.push_screen(screen)
        await wait_until(pilot, lambda: len(screen.runs) == 2)
        screen.query_one(".screen-title", Static).update("Evaluation")
        await pilot.press("space", "down", "space")
        await pilot.pause(0.5)
        save(app, folder, "evaluation")
        await pilot.press("c")
        await pilot.pause(0.8)
        save(app, folder, "evaluation-compared")
        await pilot.press("escape", "escape")


async def draw(folder: Path) -> None:
    """All pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TZ"] = "UTC"
    time.tzset()
    async with opened("chatmem-dark", (80, 24)) as (app, pilot):
        await memories(app, pilot, "1")
        save(app, folder, "memories-80x24")
    async with opened("chatmem-dark", SIZE) as (app, pilot):
        await pilot.press("f4")
        await pilot.pause(0.5)
        save(app, folder, "why")
        await pilot.press("escape", "f5")
        await pilot.pause(0.5)
        await pilot.press("down")
        await pilot.pause(0.5)
        save(app, folder, "upkeep")
        await pilot.press("escape", "f8")
        await pilot.pause(0.5)
        save(app, folder, "settings")
        await pilot.press("escape", "f9")
        await wait_until(pilot, lambda: isinstance(app.screen, ModelsScreen) and app.screen._rows)
        await pilot.pause(0.5)
        save(app, folder, "models")
        await pilot.press("escape")
        await evaluation(app, pilot, folder)
        for key, name in (("1", "memories"), ("2", "timeline"), ("4", "trash")):
            await memories(app, pilot, key)
            save(app, folder, name)
        await memories(app, pilot, "1")
        screen = app.screen
        assert isinstance(screen, MemoriesScreen)
        assert screen.chat is not None
        lisbon, run = (
            screen.chat.store.memories_saying(words)[0].id for words in ("The user lives in Lisbon", "The user is training for a marathon in October")
        )
        screen.rows.go_to(lisbon)
        await pilot.press("enter")
        await pilot.pause(0.5)
        save(app, folder, "memory")
        await pilot.press("escape")
        screen.rows.go_to(run)
        await pilot.press("shift+down", "m")
        await pilot.pause(0.8)
        save(app, folder, "merge")


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")))
