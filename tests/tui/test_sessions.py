"""Conversations: list, search, rename, delete, long ones, looks."""

from __future__ import annotations

import time

import pytest
from textual.widgets import Input, Markdown, OptionList

from chatmem.config import Paths, Settings, load_settings
from chatmem.tui.actions import ACTIONS
from chatmem.tui.app import ChatmemApp
from chatmem.tui.commands import COMMANDS
from chatmem.tui.dialogs import Ask, Choice, Manual
from chatmem.tui.sessions import Search, Sidebar
from chatmem.tui.text import day_label, is_question, one_line, safe, slug
from chatmem.types import Turn

from .conftest import wait_until
from .fakes import NOW, FakeChat, long_session
from .test_chat import ready, say, screen_of, shown


def titles(app: ChatmemApp) -> list[str]:
    """The rows of the sidebar."""
    return [str(option.prompt).strip(" ▎\n") for option in screen_of(app).query_one("#sessions", OptionList).options]


async def test_enter_in_the_sidebar_resumes(app: ChatmemApp, chat: FakeChat) -> None:
    long_session(chat.store, 4, "Old [/one]")
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await wait_until(pilot, lambda: titles(app) == ["Today", "Old [/one]"])
        assert screen.query_one(Sidebar).region.width == 28
        await pilot.press("ctrl+b", "ctrl+b")
        assert screen.query_one("#sessions").has_focus
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: len(shown(screen)) == 4)
        await say(pilot, screen, "go on")
        assert [turn.content for turn in chat.store.turns("s1")][-2] == "go on"


async def test_new_conversation(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "one")
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: not screen.transcript.entries)
        await say(pilot, screen, "two")
        assert len(chat.store.sessions()) == 2


async def test_a_thousand_turns_open_with_few_widgets(chat: FakeChat, paths: Paths) -> None:
    session = long_session(chat.store, 1000)
    app = ChatmemApp(lambda notice: chat, Settings(), paths, session=session.id)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        began = time.monotonic()
        await wait_until(pilot, lambda: len(screen.transcript.entries) == 1000 and shown(screen))
        assert time.monotonic() - began < 5
        transcript = screen.transcript
        assert len(transcript.live) == 16
        assert shown(screen)[-1:] == ["Message number 999"]
        await wait_until(pilot, lambda: transcript.max_scroll_y > 0 and transcript.is_vertical_scroll_end)
        for _ in range(3):
            first = transcript.first
            transcript.scroll_home(animate=False)
            await wait_until(pilot, lambda first=first: transcript.first < first and not transcript._moving)
        assert len(transcript.live) <= 32
        assert transcript.last < 1000
        assert transcript.scroll_y > 0  # what was at the top is still in view, the older ones are above
        await say(pilot, screen, "back at the end")
        assert shown(screen)[-2:] == ["back at the end", "You said: back at the end"]


async def test_search_finds_and_opens_at_the_turn(app: ChatmemApp, chat: FakeChat) -> None:
    long_session(chat.store, 100)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press("ctrl+f")
        await wait_until(pilot, lambda: isinstance(app.screen, Search) and app.screen.query(Input))
        await pilot.press(*"number 42")
        await wait_until(pilot, lambda: app.screen.query_one(OptionList).option_count == 1)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.query(".-found"))
        assert str(screen.query_one(".-found").render()) == "Message number 42"


async def test_a_hit_on_an_old_branch_opens_that_branch(app: ChatmemApp, chat: FakeChat) -> None:
    session = long_session(chat.store, 4)
    lost = chat.store.add_turn(session.id, "user", "the old branch", "t2")
    chat.store.add_turn(session.id, "assistant", "its answer", lost.id)
    session.head = "t4"
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        screen.open_session(session.id, lost.id)
        await wait_until(pilot, lambda: shown(screen) == ["Message number 0", "Message number 1", "the old branch", "its answer"])
        assert "earlier version" in str(screen.query_one("#banner").render())
        assert session.head == "t4"  # looking changes nothing
        await pilot.press("escape")
        await wait_until(pilot, lambda: shown(screen)[-1:] == ["Message number 3"])
        assert not screen.query_one("#banner").display
        screen.open_session(session.id, lost.id)
        await wait_until(pilot, lambda: shown(screen)[-1:] == ["its answer"])
        screen.prompt.focus()
        await say(pilot, screen, "go on from here")
        assert [turn.content for turn in chat.store.turns(session.id)][-3:] == ["its answer", "go on from here", "You said: go on from here"]


async def test_a_message_that_is_gone_is_said_to_be_gone(app: ChatmemApp, chat: FakeChat) -> None:
    session = long_session(chat.store, 4)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = await ready(pilot, app)
        chat.store.turns = lambda session_id, head=None: []  # type: ignore[method-assign]
        screen.open_session(session.id, "t99")
        await wait_until(pilot, lambda: any("no longer stored" in note.message for note in app._notifications))


async def test_rename(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "hello")
        await pilot.press("f2")
        await wait_until(pilot, lambda: isinstance(app.screen, Ask) and app.screen.query(Input))
        app.screen.query_one(Input).value = "A [/better] title"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "A [/better] title" in titles(app))


@pytest.mark.parametrize(
    ("presses", "expected"), [(["enter"], []), (["tab", "enter"], [("s1", False)]), (["tab", "tab", "enter"], [("s1", True)]), (["escape"], [])]
)
async def test_delete_asks_about_memories(app: ChatmemApp, chat: FakeChat, presses: list[str], expected: list[tuple[str, bool]]) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "hello")
        screen.query_one("#sessions").focus()
        await wait_until(pilot, lambda: screen.query_one(Sidebar).selected == "s1")
        await pilot.press("delete")
        await wait_until(pilot, lambda: isinstance(app.screen, Choice))
        await pilot.press(*presses)
        await wait_until(pilot, lambda: not isinstance(app.screen, Choice) and chat.store.deleted == expected)
        if expected:
            await wait_until(pilot, lambda: not screen.transcript.entries and titles(app) == [])


async def test_narrow_terminals_hide_the_sides_and_lay_them_over(app: ChatmemApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await ready(pilot, app)
        width = screen.transcript.region.width
        assert not screen.query_one("#sidebar").display
        assert not screen.query_one("#panel").display
        await pilot.press("ctrl+b")
        await pilot.pause()
        assert screen.query_one("#sidebar").region.width == 34
        assert screen.transcript.region.width == width
        await pilot.press("escape")
        assert not screen.query_one("#sidebar").display
        assert screen.prompt.has_focus


async def test_the_theme_is_kept(app: ChatmemApp, paths: Paths) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        screen.action_deed("dark")
        await wait_until(pilot, lambda: paths.config.exists())
        assert load_settings(paths, {}).ui.theme == app.theme


async def test_the_palette_has_every_action(app: ChatmemApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        offered = [command.title for command in app.get_system_commands(screen)]
        assert {action.title for action in ACTIONS if action.name not in ("quit", "interrupt")} <= set(offered)
        assert "Keys" not in offered  # Textual's own help: there is one already


@pytest.mark.slow
async def test_f1_helps_with_what_is_being_done(app: ChatmemApp, chat: FakeChat) -> None:
    long_session(chat.store, 1, "An older one")
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)

        async def told() -> str:
            await pilot.press("f1")
            await wait_until(pilot, lambda: isinstance(app.screen, Manual) and app.screen.query("MarkdownH1"))
            words = app.screen.query_one(Markdown).source
            await pilot.press("f1")
            await wait_until(pilot, lambda: app.screen is screen)
            return words

        written = await told()
        assert screen.prompt.has_focus
        assert "Your message" in written
        assert all(action.help in written for action in ACTIONS if action.key)
        assert all(f"/{command.name}" in written for command in COMMANDS)
        screen.query_one("#sessions").focus()
        assert "## Conversations" in await told()
        assert screen.query_one("#sessions").has_focus


def test_text_is_made_safe() -> None:
    assert safe("a\x1b[1;31mb\x1b]8;;http://x\x07c\x00\x9b\r\nd\te") == "abc\nd    e"
    assert one_line("a\nb" * 100, 10) == "a ba ba b…"
    assert slug("../../[x] Öl & Brot!") == "x-öl-brot"
    assert slug("///") == "conversation"
    assert is_question("واقعا؟")
    assert is_question("本当？")
    assert not is_question("Yes!")
    assert day_label(NOW, NOW) == "Today"
    assert day_label(NOW.replace(year=2024), NOW) == "March 2024"
    assert Turn.model_fields["state"].default == "complete"


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (8, 4), (40, 10), (220, 60)])
async def test_any_terminal_size_works(app: ChatmemApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "hi")
        await pilot.press("ctrl+b", "ctrl+r", "f1")
        await pilot.pause()
        assert shown(screen) == ["hi", "You said: hi"]
