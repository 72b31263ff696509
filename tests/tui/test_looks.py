"""How the rest looks at two sizes: upkeep, settings, forms, search, help, the first welcome."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandList
from textual.containers import VerticalScroll
from textual.widgets import Input, OptionList, Static
from textual.widgets._toast import Toast

from chatmem.config import Paths, Settings
from chatmem.tui.app import ChatmemApp
from chatmem.tui.background import BackgroundScreen
from chatmem.tui.dialogs import Choice, Manual, Pick
from chatmem.tui.editing import EditMemory, SplitMemory
from chatmem.tui.filtering import Narrow
from chatmem.tui.memories import MemoriesScreen
from chatmem.tui.messages import Done
from chatmem.tui.sessions import Search
from chatmem.tui.settings import SettingsScreen
from chatmem.types import JobRun

from .conftest import wait_until
from .fakes import NOW, FakeChat, long_session
from .library import StoreChat, open_store
from .snapshots import Screens
from .test_chat import ready, shown
from .test_correcting import at
from .test_memories import opened
from .test_screens import opened_jobs

pytestmark = pytest.mark.slow
SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 50)])


@SIZES
async def test_upkeep_and_settings(library_app: ChatmemApp, library: StoreChat, screens: Screens, size: tuple[int, int]) -> None:
    run = JobRun(id=library.store.next_job_id(), kind="merge", state="done", started_at=NOW, finished_at=NOW, stats={"planned": 1, "MERGE": 1})
    library.store.put_job(run)
    async with library_app.run_test(size=size) as pilot:
        jobs = await opened_jobs(pilot, library_app, "merge")
        await wait_until(pilot, lambda: jobs.query_one("#runs", OptionList).option_count == 1)
        await pilot.pause(0.1)
        screens.check(library_app, "upkeep")
        await pilot.press("escape", "f8")
        await wait_until(pilot, lambda: isinstance(library_app.screen, SettingsScreen) and library_app.screen._files)
        library_app.screen._files = [("everything you said", Path("/home/you/chatmem.db"), 250_000)]  # type: ignore[attr-defined]
        library_app.screen._show()  # type: ignore[attr-defined]
        await pilot.pause(0.1)
        screens.check(library_app, "settings")


@SIZES
async def test_forms(library_app: ChatmemApp, library: StoreChat, screens: Screens, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size) as pilot:
        screen = await opened(pilot, library_app)
        await at(pilot, screen, library, "The user's dog Biscuit is a beagle.")
        for key, form, name in (("a", EditMemory, "add"), ("s", SplitMemory, "split"), ("f", Narrow, "narrow")):
            await pilot.press(key)
            await wait_until(pilot, lambda form=form: isinstance(library_app.screen, form) and library_app.screen.focused)  # type: ignore[misc]
            await pilot.pause(0.1)
            screens.check(library_app, name)
            await pilot.press("escape")
            await wait_until(pilot, lambda: library_app.screen is screen)


@SIZES
async def test_f1_helps_on_every_screen(library_app: ChatmemApp, screens: Screens, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("f1")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Manual) and library_app.screen.query("MarkdownH1"))
        await pilot.pause(0.3)
        screens.check(library_app, "help")
        scroll = library_app.screen.query_one(VerticalScroll)
        assert scroll.has_focus
        await pilot.press("end")
        await wait_until(pilot, lambda: scroll.is_vertical_scroll_end)
        await pilot.press("f1")
        await wait_until(pilot, lambda: library_app.screen is screen)
        await pilot.press("enter", "f1")  # a memory in full
        await wait_until(pilot, lambda: isinstance(library_app.screen, Manual))
        await pilot.press("escape", "escape", "escape")
        for key in ("f5", "f8", "f9", "f10"):
            await pilot.press(key)
            await wait_until(pilot, lambda: isinstance(library_app.screen, BackgroundScreen) and library_app.screen is not library_app._main)
            here = library_app.screen
            await pilot.press("f1")
            await wait_until(pilot, lambda: isinstance(library_app.screen, Manual) and library_app.screen.query("MarkdownH1"))
            await pilot.press("escape")
            await wait_until(pilot, lambda here=here: library_app.screen is here)  # type: ignore[misc]
            await pilot.press("escape")
            await wait_until(pilot, lambda: library_app.screen is library_app._main)


@SIZES
async def test_the_help_of_the_chat(app: ChatmemApp, chat: FakeChat, screens: Screens, size: tuple[int, int]) -> None:
    long_session(chat.store, 2, "A puppy called Biscuit")  # the welcome names a folder, which is another one each time
    async with app.run_test(size=size) as pilot:
        screen = await ready(pilot, app)
        screen.open_session("s1")
        await wait_until(pilot, lambda: shown(screen))
        await pilot.press("f1")
        await wait_until(pilot, lambda: isinstance(app.screen, Manual) and app.screen.query("MarkdownFence"))
        await pilot.pause(0.3)
        screens.check(app, "chat-help")


@SIZES
async def test_the_palette_and_what_it_opens(app: ChatmemApp, chat: FakeChat, screens: Screens, size: tuple[int, int]) -> None:
    long_session(chat.store, 2, "A puppy [/called] Biscuit")
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = await ready(pilot, app)
        screen.open_session("s1")
        await wait_until(pilot, lambda: shown(screen))
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: app.screen.query(CommandList) and app.screen.query_one(CommandList).option_count > 5)
        app.screen.query_one(Input).cursor_blink = False
        await pilot.pause(0.2)
        screens.check(app, "palette")
        await pilot.press(*"delete the conv")
        await wait_until(pilot, lambda: app.screen.query_one(CommandList).option_count == 1)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, Choice) and app.screen.focused)
        await pilot.pause(0.1)
        screens.check(app, "delete")
        await pilot.press("escape")
        screen.post_message(Done("exported", Path("/home/you/a-puppy-called-biscuit.md")))
        await wait_until(pilot, lambda: screen.query(Toast))
        await pilot.pause(0.1)
        screens.check(app, "exported")


@SIZES
async def test_the_pickers_of_settings(app: ChatmemApp, screens: Screens, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        await ready(pilot, app)
        await pilot.press("f8")
        await wait_until(pilot, lambda: isinstance(app.screen, SettingsScreen) and app.screen._files)
        settings = app.screen
        assert isinstance(settings, SettingsScreen)
        settings._files = [("everything you said", Path("/home/you/chatmem.db"), 250_000)]
        settings._show()
        for key, name in (("model.name", "pick-model"), ("ui.theme", "pick-theme")):
            rows = [setting.key if setting else "" for setting in settings._rows]
            settings.query_one("#story", OptionList).highlighted = rows.index(key)
            await pilot.press("enter")
            await wait_until(pilot, lambda: isinstance(app.screen, Pick) and app.screen.focused)
            await pilot.pause(0.1)
            screens.check(app, name)
            await pilot.press("escape")
            await wait_until(pilot, lambda: app.screen is settings)


@SIZES
async def test_search(library_app: ChatmemApp, screens: Screens, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size) as pilot:
        await ready(pilot, library_app)
        await pilot.press("ctrl+f")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Search) and library_app.screen.query(Input))
        await pilot.press(*"live")
        await wait_until(pilot, lambda: library_app.screen.query_one(OptionList).option_count > 1)
        await pilot.pause(0.1)
        screens.check(library_app, "search")


@SIZES
async def test_the_first_welcome(paths: Paths, screens: Screens, size: tuple[int, int]) -> None:
    store = open_store(paths)
    app = ChatmemApp(lambda notice: StoreChat(store), Settings(), paths)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=size) as pilot:
        chat = await ready(pilot, app)
        await wait_until(pilot, lambda: chat.query("#welcome"))
        welcome = chat.query_one("#welcome", Static)
        await wait_until(pilot, lambda: "To erase it" in str(welcome.render()))
        welcome.update(str(welcome.render()).replace(str(paths.home), "/home/you/.local/share/chatmem"))
        await pilot.pause(0.1)
        screens.check(app, "welcome")
    store.close()


async def test_the_palette_has_every_action_of_the_memory_screen(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("space", "up")
        offered = {command.title.partition(":")[0] for command in library_app.get_system_commands(screen)}
        wanted = {
            "Filter",
            "Narrow",
            "Order",
            "Turn round",
            "Edit",
            "Pin",
            "Forget",
            "Merge",
            "Add",
            "Erase",
            "Undo",
            "Redo",
            *"Facts Timeline Sessions Trash".split(),
        }
        assert wanted <= offered
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: library_app.screen is not screen)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(library_app.screen, MemoriesScreen))
