"""How fast the memory screen answers over 50,000 memories: ``python -m tests.tui.bench_memories [COUNT]``.

Each key is timed from the moment it reaches the app until a frame that shows its result was drawn.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import OptionList

import chatmem.jobs  # the app that opens has it already, for its schedule
import chatmem.tui.app
from chatmem.config import Paths, Settings
from chatmem.tui.app import ChatmemApp
from chatmem.tui.memories import MemoriesScreen
from chatmem.tui.views import Reader
from chatmem.types import Recall

from .conftest import send
from .fakes import item
from .library import StoreChat, large_library, open_store
from .test_chat import ready, say
from .test_evaluation import made_up_runs

SIZE = (160, 50)
OTHERS = (("why", "f4", "story"), ("upkeep", "f5", "jobs"), ("settings", "f8", "story"), ("models", "f9", "story"), ("evaluation", "f10", "jobs"))
"""Screens that the chat opens: name, key, and the list in them that is filled."""


class Timed(ChatmemApp):
    """Notes when a frame was drawn."""

    CSS_PATH = Path(chatmem.tui.app.__file__).with_name("chatmem.tcss")
    drawn = 0.0

    def _display(self, screen: Any, renderable: Any) -> None:
        super()._display(screen, renderable)
        self.drawn = time.perf_counter()


Time = tuple[float, float]
"""Milliseconds by the wall clock and of processor time; on a busy machine only the second says something about the app."""


async def answered(app: Timed, done: Callable[[], bool], began: float, spent: float) -> Time:
    """Time until the state is reached and a frame drawn after it."""
    while not done():
        assert time.perf_counter() - began < 20
        await asyncio.sleep(0.001)
    reached = time.perf_counter()
    while app.drawn < reached and time.perf_counter() - reached < 0.05:  # nothing may be left to draw
        await asyncio.sleep(0.001)
    return (max(app.drawn, reached) - began) * 1000, (time.process_time() - spent) * 1000


async def press(app: Timed, key: str, done: Callable[[], bool]) -> Time:
    """Time one key."""
    began, spent = time.perf_counter(), time.process_time()
    send(app, {" ": "space"}.get(key, key), key if len(key) == 1 else None)
    return await answered(app, done, began, spent)


def report(name: str, times: list[Time]) -> None:
    """Print a line."""
    cells = []
    for column in zip(*times, strict=True):
        ordered = sorted(column)
        cells += [f"{ordered[min(len(ordered) - 1, int(len(ordered) * share))]:>7.1f}" for share in (0.5, 0.95, 1)]
    print(f"| {name:<26} | {len(times):>4} | {' | '.join(cells)} |", flush=True)


async def bench(count: int) -> None:
    """Open, scroll, filter, change views and orders."""
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(Path(folder) / "home").make()
        store = open_store(paths)
        large_library(store, count)
        chat = StoreChat(store)
        known = store.memories("active")[:6]
        chat.next_recall = Recall(
            question="", state="confident", items=[item(memory.text, 0.9).model_copy(update={"id": memory.id}) for memory in known]
        )
        made_up_runs(paths.home / "runs")
        app = Timed(lambda _: chat, Settings(), paths)  # type: ignore[arg-type,return-value]
        async with app.run_test(size=SIZE) as pilot:
            await say(pilot, await ready(pilot, app), "Where is the river?")
            await pilot.pause(1)
            print(
                f"{count:,} memories, {SIZE[0]}x{SIZE[1]}, milliseconds\n\n| what | n | p50 | p95 | worst | CPU p50 | CPU p95 | CPU worst |\n|---|---|---|---|---|---|---|---|"
            )
            screen: list[MemoriesScreen] = []

            def settled() -> bool:
                return isinstance(app.screen, MemoriesScreen) and app.screen.is_mounted and bool(app.screen.query("#rows")) and app.screen.settled

            def opened() -> bool:
                """Whether the first page is drawn; the rest of the list is read meanwhile."""
                screen = app.screen
                return (
                    isinstance(screen, MemoriesScreen)
                    and screen.is_mounted
                    and bool(screen.query("#rows"))
                    and bool(screen.rows.keys)
                    and screen.rows.complete
                )

            times = []
            for _ in range(6):
                times.append(await press(app, "f3", opened))
                await pilot.pause(0.3)
                await pilot.press("escape")
                await pilot.pause(0.3)
            report("open, the first time", times[:1])
            report("open again", times[1:])
            await press(app, "f3", opened)
            await pilot.pause(0.5)
            assert isinstance(app.screen, MemoriesScreen)
            screen.append(app.screen)
            rows = app.screen.rows

            async def moving(name: str, key: str, times_: int) -> None:
                taken = []
                for _ in range(times_):
                    before = rows.cursor
                    taken.append(await press(app, key, lambda before=before: rows.cursor != before and settled()))  # type: ignore[misc]
                report(name, taken)

            await moving("down", "down", 120)
            await moving("page down", "pagedown", 60)
            taken = []
            for key in ("end", "home") * 10:
                before = rows.cursor
                taken.append(await press(app, key, lambda before=before: rows.cursor != before and settled()))  # type: ignore[misc]
            report("end, home", taken)
            await pilot.press("slash")
            taken, typed = [], ""
            for words in ("river gar", "the user likes", "number 4999"):
                for letter in words:
                    typed += letter
                    taken.append(await press(app, letter, lambda typed=typed: screen[0].look.wanted.words == typed and settled()))  # type: ignore[misc]
                while typed:
                    typed = typed[:-1]
                    taken.append(await press(app, "backspace", lambda typed=typed: screen[0].look.wanted.words == typed and settled()))  # type: ignore[misc]
            report("a letter of the filter", taken)
            await pilot.press("escape")
            for whole in (False, True):
                app.screen._reader = Reader(store)  # type: ignore[attr-defined]
                for name, keys in (
                    ("another order", "o" * 20),
                    ("another view", "413143" * 4),
                    ("the timeline", "21" * 10),
                    ("months, years", "2ttttttttt"),
                ):
                    await each(app, pilot.pause, name, list(keys), whole=whole)
                await pilot.press("1")
                await pilot.pause(0.5)
            await pilot.press("home")
            await opening(app, pilot, "a memory's life", "enter", "story")
            await pilot.press("3")
            await pilot.pause(0.5)
            await opening(app, pilot, "a conversation", "enter", "story")
            await pilot.press("escape")
            await pilot.pause(0.3)
            for name, key, list_id in OTHERS:
                await opening(app, pilot, name, key, list_id)
        store.close()


async def opening(app: Timed, pilot: Pilot[None], name: str, key: str, list_id: str) -> None:
    """Time a key that opens a screen, until its list has lines and is drawn; it is closed again."""
    below, taken = app.screen, []

    def filled() -> bool:
        found = app.screen.query(f"#{list_id}").results(OptionList) if app.screen is not below and app.screen.is_mounted else ()
        return any(some.option_count for some in found)

    for _ in range(6):
        taken.append(await press(app, key, filled))
        await pilot.pause(0.3)
        await pilot.press("escape")
        await pilot.pause(0.3)
    report(f"open {name}, first", taken[:1])
    report(f"open {name}, again", taken[1:])


async def each(app: Timed, pause: Callable[[float], Awaitable[None]], name: str, keys: list[str], *, whole: bool) -> None:
    """Time keys that read the list anew: until its first page is drawn, or until it is whole."""
    taken = []
    for key in keys:
        screen = app.screen
        assert isinstance(screen, MemoriesScreen)
        before = screen._ticket

        def done(screen: MemoriesScreen = screen, before: int = before) -> bool:
            return screen._ticket != before and (screen.settled if whole else screen.begun)

        taken.append(await press(app, key, done))
        while not screen.settled:
            await pause(0.01)
        await pause(0.05)
    report(f"{name}, whole list" if whole else name, taken)


if __name__ == "__main__":
    asyncio.run(bench(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
