"""Talking: send, stream, stop, regenerate, edit, failures."""

from __future__ import annotations

import threading

import pytest
from textual.pilot import Pilot
from textual.widgets import Markdown
from textual.widgets._toast import Toast

from chatmem.config import Paths, Settings
from chatmem.errors import ModelLoadFailed, StoreLocked
from chatmem.tui.app import ChatmemApp
from chatmem.tui.bubbles import Notice, RecallLine, ReplyMessage
from chatmem.tui.chat import ChatScreen
from chatmem.types import Failed, Turn

from .conftest import wait_until
from .fakes import NOW, FakeChat, long_session


def screen_of(app: ChatmemApp) -> ChatScreen:
    """The chat screen, whatever lies above it."""
    screen = app.screen_stack[0]
    assert isinstance(screen, ChatScreen)
    return screen


async def ready(pilot: Pilot[None], app: ChatmemApp) -> ChatScreen:
    """Wait for the conversation to be open."""
    screen = screen_of(app)
    await wait_until(pilot, lambda: screen.conversation is not None)
    return screen


async def say(pilot: Pilot[None], screen: ChatScreen, text: str) -> None:
    """Send a message and wait for the reply to end."""
    screen.prompt.put(text)
    await pilot.press("enter")
    await wait_until(pilot, lambda: screen.prompt.text != text)
    await wait_until(pilot, lambda: not screen.busy)


def shown(screen: ChatScreen) -> list[str]:
    """The conversation as it is on the screen."""
    texts = []
    for widget in screen.transcript.live:
        if isinstance(widget, ReplyMessage):
            texts.append("".join(markdown.source for markdown in widget.query(Markdown)))
        else:
            texts.append(str(widget.render()))
    return texts


async def test_a_sent_message_gets_a_streamed_reply(app: ChatmemApp, chat: FakeChat) -> None:
    chat.script = [["Hello", " **there**", "\n\n- one\n- two"]]
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: not screen.busy and len(screen.transcript.entries) == 2)
        assert shown(screen) == ["hi", "Hello **there**\n\n- one\n- two"]
        assert screen.prompt.text == ""
        assert "12 tok/s" in str(screen.query_one(RecallLine).render())


async def test_ctrl_j_makes_a_new_line_and_enter_sends_it(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press("a", "ctrl+j", "b")
        assert screen.prompt.text == "a\nb"
        await pilot.press("enter")
        await wait_until(pilot, lambda: not screen.busy and chat.asked)
        assert chat.asked == [("a\nb", None)]


async def test_escape_keeps_what_was_said_marked_as_cut(app: ChatmemApp, chat: FakeChat) -> None:
    chat.script, chat.gate = [["first", "second"]], threading.Event()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press(*"hi", "enter")
        chat.gate.set()
        await wait_until(pilot, lambda: "first" in "".join(shown(screen)))
        await pilot.press("escape")
        await wait_until(pilot, lambda: not screen.busy)
        assert shown(screen)[-1] == "first"
        assert "stopped here" in str(screen.query_one(RecallLine).render())
        assert screen.transcript.entries[-1].state == "cut"


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_second_message_waits_for_the_end_of_a_reply_and_goes_out(app: ChatmemApp, chat: FakeChat, stopped: bool) -> None:
    chat.gate = threading.Event()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press(*"hi", "enter", *"more", "enter")
        assert screen.prompt.text == "more"
        assert len(screen.transcript.entries) == 2
        if stopped:
            await pilot.press("escape")
        chat.gate = None
        await wait_until(pilot, lambda: not screen.busy and len(screen.transcript.entries) == 4)
        assert chat.asked == [("hi", None), ("more", None)]
        assert screen.prompt.text == ""


async def test_a_waiting_message_that_is_changed_waits_no_more(app: ChatmemApp, chat: FakeChat) -> None:
    chat.gate = threading.Event()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press(*"hi", "enter", *"more", "enter", "x")
        chat.gate = None
        await wait_until(pilot, lambda: not screen.busy)
        assert chat.asked == [("hi", None)]
        assert screen.prompt.text == "morex"


async def test_regenerate_replaces_the_last_reply(app: ChatmemApp, chat: FakeChat) -> None:
    chat.script = [["one"], ["two"]]
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "hi")
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: not screen.busy and shown(screen) == ["hi", "two"])
        assert chat.asked[-1] == (None, None)


async def test_editing_the_last_message_branches(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "first")
        await say(pilot, screen, "secnd")
        await pilot.press("ctrl+e")
        assert screen.prompt.text == "secnd"
        await say(pilot, screen, "second")
        assert chat.asked[-1] == ("second", "t3")
        assert shown(screen) == ["first", "You said: first", "second", "You said: second"]


async def test_a_failed_reply_says_why_and_gives_the_words_back(app: ChatmemApp, chat: FakeChat) -> None:
    turn = Turn(id="x", session_id="s", n=1, parent=None, role="user", content="", created_at=NOW)
    chat.script = [Failed(turn=turn, message="The model [/died]", hint="Try [again]"), ["fine"]]
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press(*"hello", "enter")
        await wait_until(pilot, lambda: screen.query(Notice))
        assert "The model [/died]" in str(screen.query_one(Notice).render())
        assert screen.prompt.text == "hello"
        assert not screen.busy
        await pilot.press("enter")  # again: takes the place of the failed attempt
        await wait_until(pilot, lambda: not screen.busy and len(screen.transcript.entries) == 2)
        assert chat.asked == [("hello", None), ("hello", "t1")]
        assert shown(screen) == ["hello", "fine"]
        assert not screen.query(Notice)


async def test_a_reply_that_breaks_off_keeps_what_was_said(app: ChatmemApp, chat: FakeChat) -> None:
    chat.script = [["half", Failed(turn=None, message="The model process died")], ["whole"]]
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "hi")
        assert shown(screen) == ["hi", "half"]
        assert "died" in str(screen.query_one(Notice).render())
        assert screen.prompt.text == ""
        chat.store.turn("t2")
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: not screen.busy and shown(screen) == ["hi", "whole"])


async def test_a_failed_engine_shows_its_reason(app: ChatmemApp, chat: FakeChat) -> None:
    chat.engine.state, chat.engine.error, chat.engine.info = "failed", ModelLoadFailed("The file is not a model", "Choose another with /model"), None
    async with app.run_test(size=(140, 36)) as pilot:
        screen = await ready(pilot, app)
        await wait_until(pilot, lambda: "failed: The file is not a model" in str(screen.query_one("#status").render()))
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: screen.query(Notice))
        assert "Choose another" in str(screen.query_one(Notice).render())


async def test_a_message_sent_while_the_store_opens_is_answered(chat: FakeChat, paths: Paths) -> None:
    opened = threading.Event()

    def open_chat(notice: object) -> FakeChat:
        opened.wait(10)
        return chat

    app = ChatmemApp(open_chat, Settings(), paths)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 36)) as pilot:
        screen = screen_of(app)
        await pilot.press(*"early", "enter")
        await wait_until(pilot, lambda: screen.queued == "early")
        opened.set()
        await wait_until(pilot, lambda: shown(screen) == ["early", "You said: early"] and not screen.busy)


async def test_a_loading_model_is_waited_for_visibly(app: ChatmemApp, chat: FakeChat) -> None:
    chat.engine.state = "loading"
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: screen.query(".pending") and "model to load" in str(screen.query(".pending").first().render()))
        chat.engine.state = "ready"
        await wait_until(pilot, lambda: not screen.busy)


async def test_a_store_that_cannot_be_opened_is_explained(chat: FakeChat, paths: Paths) -> None:
    tries: list[int] = []

    def open_chat(notice: object) -> FakeChat:
        tries.append(1)
        if len(tries) == 1:
            raise StoreLocked("Another chatmem has [/this] open.", "Close it first.")
        return chat

    app = ChatmemApp(open_chat, Settings(), paths)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("enter")
        await ready(pilot, app)


async def test_quitting_during_a_reply_is_quick_and_closes(app: ChatmemApp, chat: FakeChat) -> None:
    chat.gate = threading.Event()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: screen.busy and chat.asked)
        await pilot.press("ctrl+q")
    assert chat.closed
    assert chat.store.turn("t2").state == "cut"


async def test_history_and_ctrl_c(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "one")
        await say(pilot, screen, "two")
        await pilot.press(*"draft", "up")
        assert screen.prompt.text == "two"
        await pilot.press("up", "down", "down")
        assert screen.prompt.text == "draft"
        await pilot.press("ctrl+c", "ctrl+c")
    assert chat.closed


async def test_hostile_text_is_only_text(app: ChatmemApp, chat: FakeChat) -> None:
    hostile = "[bold]x[/] [/tmp/x] \x1b[31mred\x1b]0;title\x07 👩‍👩‍👧 שלום \u202eevil [link=file:///etc]"
    chat.script = [[hostile, "\n\n```\n[/x]\n"]]
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, hostile)
        user, reply = shown(screen)
        for text in (user, reply):
            assert "[bold]x[/] [/tmp/x] red" in text
            assert "שלום" in text
            assert "👩‍👩‍👧" in text
            assert "\x1b" not in text
            assert "\u202e" not in text


async def test_a_huge_paste_is_cut_with_a_notice(app: ChatmemApp) -> None:
    from textual import events

    from chatmem.tui.prompt import PASTE_LIMIT

    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = await ready(pilot, app)
        screen.prompt.post_message(events.Paste("word " * 1_000_000))
        await wait_until(pilot, lambda: len(screen.prompt.text) == PASTE_LIMIT and len(app._notifications) == 1)
        assert screen.prompt.size.height <= 10


async def test_page_up_and_down_scroll_the_conversation_while_one_writes(app: ChatmemApp, chat: FakeChat) -> None:
    old = long_session(chat.store, 16)
    async with app.run_test(size=(100, 24)) as pilot:
        screen = await ready(pilot, app)
        screen.open_session(old.id)
        await wait_until(pilot, lambda: screen.session_id == old.id and screen.transcript.max_scroll_y and screen.transcript.scroll_y)
        screen.prompt.put("a few\nlines")
        await wait_until(pilot, lambda: screen.prompt.has_focus)
        await pilot.press("pageup")
        await wait_until(pilot, lambda: screen.transcript.scroll_y < 5)
        await pilot.press("pagedown", "pagedown", "pagedown")
        await wait_until(pilot, lambda: screen.transcript.scroll_y == screen.transcript.max_scroll_y)
        screen.prompt.put("many lines\n" * 40)
        await wait_until(pilot, lambda: screen.prompt.max_scroll_y)
        before = screen.transcript.scroll_y
        await pilot.press("pageup")
        await wait_until(pilot, lambda: screen.prompt.cursor_location[0] < 40)
        assert screen.transcript.scroll_y >= before


async def test_a_toast_whose_time_is_over_when_it_is_drawn_goes_away(app: ChatmemApp) -> None:
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await ready(pilot, app)
        screen.notify("late", timeout=60, markup=False)
        await wait_until(pilot, lambda: len(app._notifications))
        note = next(iter(app._notifications))
        note.timeout = -1
        assert note.has_expired
        toast = Toast(note)
        assert toast._timeout > 0  # or its timer would hold up the app for good
        await screen.mount(toast)
        await wait_until(pilot, lambda: not toast.is_attached)
