"""The memory screen: its views, filter, order, marks, and that changes from elsewhere appear."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from chatmem.config import Paths, Settings
from chatmem.memory import operations
from chatmem.tui.app import ChatmemApp
from chatmem.tui.conversation import ConversationScreen
from chatmem.tui.detail import DetailScreen
from chatmem.tui.dialogs import Ask, Switch
from chatmem.tui.filtering import Narrow
from chatmem.tui.memories import MemoriesScreen, Tabs
from chatmem.tui.text import safe
from chatmem.types import Recall

from .conftest import wait_until
from .fakes import item
from .library import Clock, StoreChat, large_library, open_store
from .snapshots import Screens
from .test_chat import ready, shown


async def opened(pilot: Pilot[None], app: ChatmemApp) -> MemoriesScreen:
    """The memory screen, read."""
    await ready(pilot, app)
    await pilot.press("f3")
    await wait_until(pilot, lambda: isinstance(app.screen, MemoriesScreen) and app.screen.query("#rows") and app.screen.rows.keys)
    assert isinstance(app.screen, MemoriesScreen)
    await wait_until(pilot, lambda: "undo" in str(app.screen.query_one("#standing", Static).render()))
    return app.screen


def texts(screen: MemoriesScreen) -> list[str]:
    """The memories listed, in order."""
    return [safe(screen.read_lines[key].memory.text) for key in screen.rows.keys if key in screen.read_lines]


async def settled(pilot: Pilot[None], screen: MemoriesScreen) -> None:
    """Wait until what is shown is what was asked for."""
    await pilot.pause()
    await wait_until(pilot, lambda: screen.settled)


async def test_the_screen_opens_by_key_command_and_palette(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        assert len(screen.rows.keys) == 9
        assert texts(screen)[0] == "The user takes Biscuit to the vet."
        await pilot.press("escape")
        chat = await ready(pilot, library_app)
        chat.prompt.put("/memories")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, MemoriesScreen))
        titles = [command.title for command in library_app.get_system_commands(library_app.screen)]
        assert any(title.startswith("Edit") for title in titles)
        assert any(title.startswith("Filter") for title in titles)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_the_views_look_as_stored(library_app: ChatmemApp, screens: Screens, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size) as pilot:
        screen = await opened(pilot, library_app)
        for key, name in (("1", "facts"), ("2", "timeline"), ("3", "sessions"), ("4", "trash")):
            await pilot.press(key)
            await settled(pilot, screen)
            await pilot.pause(0.1)
            screens.check(library_app, f"memories-{name}")


async def test_typing_filters_and_escape_clears(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("slash", *"biscu")
        await wait_until(pilot, lambda: screen.settled and len(screen.rows.keys) == 2)
        assert all("Biscuit" in text for text in texts(screen))
        await pilot.press(*"it beag")
        await wait_until(pilot, lambda: texts(screen) == ["The user's dog Biscuit is a beagle."])
        await pilot.press("enter")
        assert screen.rows.has_focus
        await pilot.press("escape")
        await wait_until(pilot, lambda: len(screen.rows.keys) == 9)
        assert screen.query_one("#words", Input).value == ""
        await pilot.press("escape")
        assert not isinstance(library_app.screen, MemoriesScreen)


async def test_an_unfinished_word_finds_what_its_stem_would_miss(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("slash", *"trainin")
        await wait_until(pilot, lambda: texts(screen) == ["The user is training for a marathon in October."])
        await pilot.press(*"g for mar")
        await wait_until(pilot, lambda: screen.look.wanted.words == "training for mar" and screen.settled)
        assert len(screen.rows.keys) == 1


async def test_by_meaning_on_demand(library_app: ChatmemApp, library: StoreChat) -> None:
    found = library.store.memories_saying("The user's dog Biscuit is a beagle")[0]
    library.near = Recall(question="q", state="possible", items=[item(found.text).model_copy(update={"id": found.id})])
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("slash", *"puppy")
        await wait_until(pilot, lambda: screen.settled and not screen.rows.keys)
        assert "F6" in str(screen.query_one("#about", Static).render())
        await pilot.press("f6")
        await wait_until(pilot, lambda: texts(screen) == [found.text])
        assert "by meaning" in str(screen.query_one("#narrowed", Static).render())


async def test_narrowing_by_kind_standing_and_date(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("f")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Narrow) and library_app.screen.focused)
        await pilot.press("enter", "enter")  # kind: facts, then events
        await wait_until(pilot, lambda: library_app.screen.query_one("#kind", Switch).value == "events")
        library_app.screen.query_one("#since", Input).value = "2025-12"
        library_app.screen.query_one("#until", Input).value = "2025-13"
        await pilot.pause()
        assert "no date" in str(library_app.screen.query_one(".form-problem", Static).render())
        library_app.screen.query_one("#until", Input).value = "2025-12"
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: len(screen.rows.keys) == 2 and screen.settled)
        assert texts(screen) == ["The user moved to Lisbon.", "The user got a job at St Mary's."]
        assert screen.look.wanted.since == date(2025, 12, 1)
        assert screen.look.wanted.until == date(2025, 12, 31)
        await pilot.press("escape")
        await wait_until(pilot, lambda: len(screen.rows.keys) == 9)


async def test_ordering_by_key_and_by_a_click_on_a_title(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("o", "o")
        await wait_until(pilot, lambda: screen.look.wanted.order == "importance" and screen.settled)
        assert texts(screen)[0] == "The user works as a nurse."
        await pilot.click("#titles", offset=(8, 0))
        await wait_until(pilot, lambda: screen.look.wanted.order == "text" and screen.settled)
        assert texts(screen) == sorted(texts(screen), key=str.lower)
        await pilot.click("#titles", offset=(8, 0))
        await wait_until(pilot, lambda: screen.settled and texts(screen) == sorted(texts(screen), key=str.lower, reverse=True))


async def test_the_cursor_stays_on_its_memory_while_a_job_changes_others(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("down", "down", "down", "space")
        await pilot.pause()
        here = screen.rows.key
        gone = screen.rows.keys[0]
        operations.forget(library.store, [gone], "job", "faded")
        await wait_until(pilot, lambda: gone not in screen.rows.keys)
        assert screen.rows.key == here
        assert len(screen.rows.marks) == 1
        assert screen.rows.cursor == 3
        await wait_until(pilot, lambda: "a job forgot" in str(screen.query_one("#standing", Static).render()))
        operations.forget(library.store, [here], "job", "faded")
        await wait_until(pilot, lambda: here not in screen.rows.keys)
        assert screen.rows.key


async def test_the_timeline_draws_links_follows_them_and_zooms(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("2")
        await wait_until(pilot, lambda: screen.settled and any("<" in key for key in screen.rows.keys))
        await pilot.press("g")
        await pilot.press(*"2025-12-10", "enter")
        await wait_until(pilot, lambda: screen.settled and screen.rows.key in screen.read_lines)
        assert screen.read_lines[screen.rows.key].memory.text == "The user got a job at St Mary's."
        await pilot.press("down", "enter")  # led to: the user moved to Lisbon
        await pilot.pause()
        assert screen.read_lines[screen.rows.key].memory.text == "The user moved to Lisbon."
        await pilot.press("t")
        await wait_until(pilot, lambda: screen.settled and screen.rows.key == "2025-12")
        await pilot.press("t")
        await wait_until(pilot, lambda: screen.settled and screen.rows.key == "2025")
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.settled and screen.rows.key == "2025-12")
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.settled and screen.look.zoom == "day")
        assert screen.read_lines[screen.rows.key].memory.text == "The user lives in Lisbon."


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_a_session_shows_its_summaries_memories_and_turns(library_app: ChatmemApp, screens: Screens, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("3")
        await wait_until(pilot, lambda: screen.settled and len(screen.rows.keys) == 4)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, ConversationScreen) and library_app.screen._rows)
        await pilot.pause(0.1)
        screens.check(library_app, "conversation")
        await pilot.press("enter")  # the first turn
        chat = await ready(pilot, library_app)
        await wait_until(pilot, lambda: library_app.screen is chat and shown(chat) and shown(chat)[0] == "My beagle is called Biscuit.")


async def test_marks_by_keyboard_and_mouse(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("space", "shift+down")
        assert len(screen.rows.marks) == 3
        await pilot.click("#rows", offset=(10, 5), control=True)
        assert len(screen.rows.marks) == 4
        await pilot.press("escape")
        assert not screen.rows.marks
        await pilot.press("ctrl+a")
        assert len(screen.rows.marks) == 9
        await pilot.click("#tabs", offset=(str(screen.query_one("#tabs", Static).render()).index("Trash") + 1, 0))
        await wait_until(pilot, lambda: screen.settled and len(screen.rows.keys) == 2)
        await pilot.click("#rows", times=2)
        await wait_until(pilot, lambda: isinstance(library_app.screen, DetailScreen))


async def test_an_empty_memory_says_what_to_do(paths: Paths) -> None:
    store = open_store(paths)
    app = ChatmemApp(lambda notice: StoreChat(store), Settings(), paths)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("f3")
        await wait_until(pilot, lambda: isinstance(app.screen, MemoriesScreen) and "press a" in str(app.screen.query_one("#about", Static).render()))
        for key in ("e", "p", "d", "X", "m", "s", "enter", "space", "down", "2", "3", "4", "u", "U"):
            await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, MemoriesScreen)
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (20, 6), (80, 24), (200, 60)])
async def test_any_size_works(library_app: ChatmemApp, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size) as pilot:
        screen = await opened(pilot, library_app)
        for key in ("down", "2", "t", "t", "3", "4", "1", "end", "pageup"):
            await pilot.press(key)
            await settled(pilot, screen)
        assert len(screen.rows.keys) == 9


async def test_without_colour_the_signs_are_still_there(library: StoreChat, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = ChatmemApp(lambda notice: library, Settings(), paths)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("space")
        lines = [screen.rows.render_line(y).text for y in range(3)]
        assert lines[0][1] == "✓"
        assert lines[1][0] == "▌"
        assert "★" in lines[1]


async def test_a_long_list_begins_with_its_first_page_and_is_then_whole(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(paths)
    large_library(store, 400)
    wanted = store.wanted_ids
    asked: list[int] = []
    go_on = threading.Event()

    def slow(*arguments: Any) -> Sequence[str]:
        asked.append(arguments[3] if len(arguments) > 3 else -1)
        if asked[-1] == -1:
            assert go_on.wait(15)
        return wanted(*arguments)

    monkeypatch.setattr(store, "wanted_ids", slow)
    app = ChatmemApp(lambda notice: StoreChat(store), Settings(), paths)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        await pilot.press("f3")
        await wait_until(pilot, lambda: isinstance(app.screen, MemoriesScreen) and app.screen.query("#rows") and app.screen.rows.keys)
        screen = app.screen
        assert isinstance(screen, MemoriesScreen)
        assert not screen.settled
        first = list(screen.rows.keys)
        await pilot.press("down", "down")
        go_on.set()
        await wait_until(pilot, lambda: screen.settled)
        whole = wanted(screen.look.wanted, Settings().memory, store.clock())
        assert list(screen.rows.keys) == list(whole)
        assert first == list(whole[: len(first)])
        assert len(first) < len(whole)
        assert screen.rows.cursor == 2
    store.close()


async def test_what_is_kept_follows_the_settings_and_the_day(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        screen.rows.go_to(library.store.memories_saying("The user works as a nurse.")[0].id)
        about = screen.query_one("#about", Static)

        def kept() -> str:
            return str(about.render()).partition("% kept")[0].rpartition(" ")[2]

        await wait_until(pilot, kept)
        first = kept()
        library.settings.memory.fact_days *= 3
        await wait_until(pilot, lambda: kept() not in ("", first))
        second = kept()
        await pilot.press("escape")
        assert isinstance(library.store.clock, Clock)
        library.store.clock.now += timedelta(days=200)
        await pilot.press("f3")
        await wait_until(pilot, lambda: kept() not in ("", second))


async def test_what_is_no_date_is_given_back(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("2")
        await wait_until(pilot, lambda: screen.settled and screen.check_action("go", ()))
        await pilot.press("g")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Ask) and library_app.screen.focused)
        first = library_app.screen
        await pilot.press(*"nonsense", "enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Ask) and library_app.screen is not first and library_app.screen.focused)
        assert library_app.screen.query_one(Input).value == "nonsense"
        library_app.screen.query_one(Input).value = "December 2025"
        await pilot.press("enter")
        await wait_until(
            pilot, lambda: library_app.screen is screen and screen.settled and screen.read_lines[screen.rows.key].memory.text.endswith("Lisbon.")
        )


async def test_an_emptied_memory_counts_nothing(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, library_app)
        await wait_until(pilot, lambda: "Facts 9" in str(screen.query_one(Tabs).render()))
        operations.purge(library.store, [memory.id for memory in library.store.memories(None)])
        await wait_until(pilot, lambda: not screen.rows.keys)
        await wait_until(pilot, lambda: "Facts 9" not in str(screen.query_one(Tabs).render()))
