"""What is remembered, on the screen: lines, evidence, panel, and the commands about memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import OptionList, SelectionList, Static

from chatmem.tui.app import ChatmemApp
from chatmem.tui.bubbles import Evidence, RecallLine
from chatmem.tui.dialogs import Manual, Tick
from chatmem.tui.models import ModelsScreen
from chatmem.tui.panel import RecallPanel
from chatmem.types import Recall

from .conftest import wait_until
from .fakes import FakeChat, item, long_session
from .test_chat import ready, say, shown


async def test_a_confident_recall_shows_its_count_and_dated_evidence(app: ChatmemApp, chat: FakeChat) -> None:
    chat.next_recall = Recall(
        question="q",
        state="confident",
        items=[
            item("Which dog?\nNone.", source="round"),
            item("Biscuit is a [/beagle]", kind="event"),
            item("other", 0.4),
            item("no", 0.1, shown=False),
        ],
    )
    async with app.run_test(size=(140, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "which dog?")
        assert "3 memories" in str(screen.query_one(RecallLine).render())
        evidence = str(screen.query_one(Evidence).render())
        assert "Biscuit is a [/beagle]" in evidence
        assert "event · 2 February 2026" in evidence


async def test_nothing_remembered_is_said_only_of_questions(app: ChatmemApp) -> None:
    async with app.run_test(size=(140, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "Good morning")
        assert "nothing remembered" not in str(screen.query(RecallLine).last().render())
        await say(pilot, screen, "Who am I?")
        assert "nothing remembered about this" in str(screen.query(RecallLine).last().render())


async def test_the_line_opens_the_panel_and_an_item_opens_its_source(app: ChatmemApp, chat: FakeChat) -> None:
    old = long_session(chat.store, 60)
    source = chat.store.turns(old.id)[10]
    chat.next_recall = Recall(question="q", state="possible", items=[item("remembered words", session=old.id, turn=source.id)])
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "well?")
        assert not screen.query_one(RecallPanel).display
        screen.query_one(RecallLine).focus()
        await pilot.press("enter")
        items = screen.query_one("#panel-items", OptionList)
        await wait_until(pilot, lambda: screen.query_one(RecallPanel).display and items.has_focus)
        prompt = str(items.get_option_at_index(0).prompt)
        assert "remembered words" in prompt
        assert "0.80" in prompt
        assert "fact" in prompt
        assert "2 February 2026" in prompt
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.session_id == old.id and screen.query(".-found"))
        found = screen.query_one(".-found")
        assert str(found.render()) == "Message number 10"
        assert screen.transcript.region.contains_region(found.region)


async def test_an_item_of_the_same_conversation_scrolls_there(app: ChatmemApp, chat: FakeChat) -> None:
    old = long_session(chat.store, 60)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await ready(pilot, app)
        screen.open_session(old.id)
        await wait_until(pilot, lambda: screen.session_id == old.id)
        from chatmem.tui.messages import OpenTurn

        screen.post_message(OpenTurn(old.id, chat.store.turns(old.id)[2].id))
        await wait_until(pilot, lambda: screen.query(".-found"))
        assert str(screen.query_one(".-found").render()) == "Message number 2"


async def test_remember_recall_and_why(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(140, 36), notifications=True) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "/remember I like [tea] /x")
        await wait_until(pilot, lambda: chat.memories)
        assert chat.memories[0].text == "I like [tea] /x"
        assert not chat.asked
        chat.next_recall = Recall(question="q", state="possible", items=[item("tea")])
        await say(pilot, screen, "/recall what do I drink")
        panel = screen.query_one(RecallPanel)
        await wait_until(pilot, lambda: panel.recall is not None and panel.recall.question == "what do I drink")
        await wait_until(pilot, lambda: screen.query_one("#panel-items").has_focus)
        await pilot.press("escape")
        await say(pilot, screen, "hello")
        await say(pilot, screen, "/why")
        await wait_until(pilot, lambda: screen.query_one("#panel-items").has_focus)


async def test_forget_offers_candidates_to_tick(app: ChatmemApp, chat: FakeChat) -> None:
    chat.remember("tea [/x]")
    chat.remember("tea with milk")
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "/forget tea")
        await wait_until(pilot, lambda: isinstance(app.screen, Tick) and app.screen.query(SelectionList))
        await pilot.press("down", "space", "ctrl+s")
        await wait_until(pilot, lambda: chat.forgotten == ["m2"])


async def test_unknown_and_unfinished_commands_are_given_back(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press(*"/nope", "enter")
        await pilot.pause()
        assert screen.prompt.text == "/nope"
        screen.prompt.put("/rem")
        await pilot.press("tab")
        await wait_until(pilot, lambda: screen.prompt.text == "/remember ")
        await say(pilot, screen, "/tmp/x is full")
        assert chat.asked == [("/tmp/x is full", None)]


async def test_help_and_model(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "/help")
        await wait_until(pilot, lambda: isinstance(app.screen, Manual))
        await pilot.press("escape")
        await say(pilot, screen, "/model")
        await wait_until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        await pilot.press("escape")
        await say(pilot, screen, "/model [/big] model")
        await wait_until(pilot, lambda: chat.used_model == "[/big] model")


async def test_export_says_where(app: ChatmemApp, chat: FakeChat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await say(pilot, screen, "../etc: hi")
        await say(pilot, screen, "/export")
        await wait_until(pilot, lambda: list(tmp_path.glob("*.md")))
        path = next(tmp_path.glob("*.md"))
        assert path.name == "etc-hi.md"
        assert "../etc: hi" in path.read_text()
        assert path.stat().st_mode & 0o077 == 0


async def test_a_temporary_conversation_stores_nothing(app: ChatmemApp, chat: FakeChat) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: screen.temporary and screen.query_one("#banner").display)
        await say(pilot, screen, "secret")
        assert shown(screen) == ["secret", "You said: secret"]
        assert not chat.store.sessions()
        assert "temporary" in str(screen.query_one("#status").render())
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: not screen.temporary and not screen.query_one("#banner").display)


async def test_the_panel_tells_an_order_from_memory_that_is_off(app: ChatmemApp, chat: FakeChat) -> None:
    chat.next_recall = Recall(question="What do you know about me?", state="off")
    async with app.run_test(size=(140, 36)) as pilot:
        screen = await ready(pilot, app)
        heading = screen.query_one("#panel-question", Static)
        await say(pilot, screen, "What do you know about me?")
        assert "answered by rule: nothing had to be recalled" in str(heading.render())
        screen.settings.memory.enabled = False
        await say(pilot, screen, "Hello")
        assert "memory is off" in str(heading.render())


async def test_a_temporary_conversation_too_lets_go_of_what_was_erased(app: ChatmemApp, chat: FakeChat) -> None:
    chat.next_recall = Recall(question="q", state="confident", items=[item("The user takes Biscuit to the vet.")])
    async with app.run_test(size=(140, 36)) as pilot:
        screen = await ready(pilot, app)
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: screen.temporary)
        await say(pilot, screen, "When is the vet?")
        await wait_until(pilot, lambda: screen.query(Evidence))
        chat.store.recalls.clear()  # what is temporary is not in the store
        screen.changes.erased += 1
        await wait_until(pilot, lambda: not screen.query(Evidence) and len(shown(screen)) == 2)
        assert screen.query_one(RecallPanel).recall is None
        assert screen.temporary
