"""With NO_COLOR no screen loses anything: what is under the cursor, marked, ticked or focused is seen by signs and by weight."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, TextArea

from chatmem.config import Paths, Settings
from chatmem.jobs import Step
from chatmem.tui.app import ChatmemApp
from chatmem.tui.conversation import ConversationScreen
from chatmem.tui.detail import DetailScreen
from chatmem.tui.dialogs import Choice, Manual, Pick
from chatmem.tui.editing import EditMemory, MergeMemories, SplitMemory
from chatmem.tui.filtering import Narrow
from chatmem.tui.jobs import JobsScreen, Rehearsal
from chatmem.tui.models import ModelsScreen
from chatmem.tui.questions import QuestionScreen, QuestionsScreen
from chatmem.tui.sessions import Search
from chatmem.tui.settings import SettingsScreen
from chatmem.tui.why import WhyScreen
from chatmem.types import JobRun

from .conftest import wait_until
from .fakes import NOW
from .library import StoreChat
from .test_chat import ready, say
from .test_evaluation import bars, made_up_runs
from .test_evaluation import opened as opened_evaluation
from .test_memories import opened, settled
from .test_screens import recalled

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """As people set it."""
    monkeypatch.setenv("NO_COLOR", "1")


Look = list[tuple[str, tuple[bool | None, ...]]]


def look(app: ChatmemApp) -> Look:
    """What is seen without colour: each character with its weight. Every colour on the screen must be a grey."""
    seen: Look = []
    for strip in app.screen._compositor.render_strips():
        for text, style, _ in strip:
            for colour in (style.color, style.bgcolor) if style else ():
                if colour is not None and colour.triplet is not None:
                    assert len(set(colour.triplet)) == 1, f"{text!r} is {colour.triplet.hex}"
            weight = (style.bold, style.reverse, style.underline, style.strike) if style else ()
            seen += [(character, weight) for character in text]
    return seen


async def changed(pilot: Pilot[None], app: ChatmemApp, *keys: str) -> None:
    """Keys that move or mark something: it is seen without colour."""
    before = look(app)
    for key in keys:
        await pilot.press(key)
    await wait_until(pilot, lambda: look(app) != before, 5)


async def test_the_chat_without_colour(library: StoreChat, paths: Paths) -> None:
    library.next_recall = recalled(library)
    app = ChatmemApp(lambda notice: library, Settings(), paths)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(160, 50)) as pilot:
        chat = await ready(pilot, app)
        await say(pilot, chat, "Where could I take Biscuit?")
        await changed(pilot, app, "shift+tab")
        for part in ("#sessions", "#panel-items"):
            chat.query_one(part).focus()
            await pilot.pause()
            await changed(pilot, app, "down")
        await changed(pilot, app, "f1")
        assert isinstance(app.screen, Manual)
        await pilot.press("escape", "f4")
        await wait_until(pilot, lambda: isinstance(app.screen, WhyScreen) and app.screen.picked)
        await changed(pilot, app, "down")
        await pilot.press("escape", "ctrl+f")
        await wait_until(pilot, lambda: isinstance(app.screen, Search) and app.screen.query(Input))
        await pilot.press(*"live")
        await wait_until(pilot, lambda: app.screen.query_one(OptionList).option_count > 1)
        await changed(pilot, app, "down", "down")
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is chat)
        chat.action_deed("delete")
        await wait_until(pilot, lambda: isinstance(app.screen, Choice) and app.screen.focused)
        await changed(pilot, app, "right")
        await pilot.press("escape", "ctrl+p")
        await wait_until(pilot, lambda: app.screen.query("CommandList") and app.screen.query_one("CommandList", OptionList).option_count > 5)
        await changed(pilot, app, "down")


async def test_the_memory_screens_without_colour(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await changed(pilot, library_app, "down")
        await changed(pilot, library_app, "space")
        assert [screen.rows.render_line(y).text[:2] for y in range(3)] == ["  ", " ✓", "▌ "]
        assert "★" in screen.rows.render_line(2).text + screen.rows.render_line(1).text
        await pilot.press("space")
        await pilot.press("m")
        await wait_until(pilot, lambda: isinstance(library_app.screen, MergeMemories) and library_app.screen.focused)
        await changed(pilot, library_app, "tab")
        await pilot.press("escape", "escape")
        for key in ("2", "3", "4", "1"):
            await changed(pilot, library_app, key)  # which view is open
            await settled(pilot, screen)
            await changed(pilot, library_app, "down" if screen.rows.cursor < len(screen.rows.keys) - 1 else "up")
        for key, form in (("f", Narrow), ("e", EditMemory), ("s", SplitMemory)):
            await pilot.press(key)
            await wait_until(pilot, lambda form=form: isinstance(library_app.screen, form) and library_app.screen.focused)  # type: ignore[misc]
            await changed(pilot, library_app, "tab")
            if form is not Narrow:
                library_app.screen.query_one(TextArea).text = ""
                await wait_until(pilot, lambda: library_app.screen.query_one("#save", Button).disabled)
                assert "✕" in "".join(character for character, _ in look(library_app))
            await pilot.press("escape")
            await wait_until(pilot, lambda: library_app.screen is screen)
        await pilot.press("X")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Choice) and library_app.screen.focused)
        await changed(pilot, library_app, "right")
        await pilot.press("escape", "enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, DetailScreen) and library_app.screen.life)
        await changed(pilot, library_app, "down")
        await pilot.press("escape", "3")
        await settled(pilot, screen)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, ConversationScreen) and library_app.screen._rows)
        await changed(pilot, library_app, "down")


async def test_upkeep_settings_and_models_without_colour(library_app: ChatmemApp, library: StoreChat) -> None:
    for n, state in enumerate(("done", "failed")):
        library.store.put_job(
            JobRun(id=library.store.next_job_id(), kind="consolidate", state=state, started_at=NOW, finished_at=NOW, stats={"x": n})
        )  # type: ignore[arg-type]
    async with library_app.run_test(size=(120, 40)) as pilot:
        chat = await ready(pilot, library_app)
        await pilot.press("f5")
        await wait_until(pilot, lambda: isinstance(library_app.screen, JobsScreen) and library_app.screen._states)
        await wait_until(pilot, lambda: library_app.screen.query_one("#runs", OptionList).option_count == 2)
        seen = "".join(character for character, _ in look(library_app))
        assert "✓ done" in seen
        assert "✕ failed" in seen
        await changed(pilot, library_app, "down")
        library_app.push_screen(Rehearsal("merge", [Step("MERGE", ("m1",), "words", "why"), Step("MERGE", ("m2",), "other words", "why")]))
        await wait_until(pilot, lambda: isinstance(library_app.screen, Rehearsal) and library_app.screen.focused)
        await changed(pilot, library_app, "down")
        await changed(pilot, library_app, "space")
        await pilot.press("escape", "escape", "f8")
        await wait_until(pilot, lambda: isinstance(library_app.screen, SettingsScreen) and library_app.screen._files)
        await changed(pilot, library_app, "down")
        rows = [setting.key if setting else "" for setting in library_app.screen._rows]  # type: ignore[attr-defined]
        library_app.screen.query_one("#story", OptionList).highlighted = rows.index("ui.theme")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Pick) and library_app.screen.focused)
        await changed(pilot, library_app, "down")
        await pilot.press("escape", "escape")
        await wait_until(pilot, lambda: library_app.screen is chat)
        await pilot.press("f9")
        await wait_until(pilot, lambda: isinstance(library_app.screen, ModelsScreen) and library_app.screen._rows and library_app.screen.here)
        await changed(pilot, library_app, "down")


async def test_the_evaluation_without_colour(app: ChatmemApp, paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made_up_runs(paths.home / "runs")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened_evaluation(pilot, app)
        await changed(pilot, app, "down")
        await changed(pilot, app, "space")
        await changed(pilot, app, "up", "space")
        await pilot.press("c")
        await wait_until(pilot, lambda: "against" in bars(screen))
        seen = "".join(character for character, _ in look(app))
        assert "(1st)" in seen
        assert "(2nd)" in seen
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, QuestionsScreen) and app.screen.shown)
        seen = "".join(character for character, _ in look(app))
        assert "✓" in seen
        assert "✕" in seen
        await changed(pilot, app, "down")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await changed(pilot, app, "right")
