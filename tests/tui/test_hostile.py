"""Text from models and users is only text, on every screen: markup, escapes, right-to-left, emoji, and far too much of it."""

from __future__ import annotations

import re

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TextArea

from chatmem.config import Paths, Settings
from chatmem.jobs import Step
from chatmem.memory import operations
from chatmem.tui.app import ChatmemApp
from chatmem.tui.conversation import ConversationScreen
from chatmem.tui.detail import DetailScreen
from chatmem.tui.editing import EditMemory
from chatmem.tui.evaluation import EvaluationScreen
from chatmem.tui.jobs import JobsScreen, Rehearsal
from chatmem.tui.memories import MemoriesScreen
from chatmem.tui.models import ModelsScreen
from chatmem.tui.sessions import Search
from chatmem.tui.settings import SettingsScreen
from chatmem.tui.why import WhyScreen
from chatmem.types import Candidate, JobRun, Recall

from .conftest import wait_until
from .library import StoreChat, open_store
from .snapshots import text_of
from .test_chat import ready, say
from .test_memories import opened, settled

pytestmark = pytest.mark.slow

HOSTILE = "[bold]x[/] [/tmp/x] [@click=app.quit]go[/] \x1b[31mred\x1b]0;title\x07\x9b2J \u202eevil שלום 👩‍👩‍👧 "
LONG = "line of a reply that never ends\n" * 10_000


@pytest.fixture
def hostile(paths: Paths) -> StoreChat:
    """A store where everything that can be text is hostile."""
    store = open_store(paths)
    session = store.new_session(HOSTILE)
    turn = store.add_turn(session.id, "user", HOSTILE * 3, None)
    store.add_turn(session.id, "assistant", LONG + HOSTILE, turn.id)
    huge = store.add_turn(session.id, "user", "word " * 200_000, session.head)
    for text in (HOSTILE, "[/]", "a" * 900):
        operations.insert(
            store, Candidate(kind="fact", text=text, span=HOSTILE * 20, subject=HOSTILE, keywords=[HOSTILE]), [turn.id, huge.id], reason=HOSTILE
        )
    first, second, _ = store.memories()
    operations.link(store, [operations.Link(src=first.id, dst=second.id, relation="Cause", created_at=store.clock())], reason=HOSTILE)
    operations.forget(store, [second.id], reason=HOSTILE)
    store.add_summary("session", session.id, HOSTILE)
    store.add_summary("running", None, HOSTILE)
    store.mark_learned(turn)
    now = store.clock()
    failed = JobRun(id=store.next_job_id(), kind="merge", state="failed", started_at=now, finished_at=now, stats={"error": HOSTILE, HOSTILE: 3})
    store.put_job(failed)
    chat = StoreChat(store)
    chat.settings.model.name = HOSTILE
    found = [store.recall_item("memory", first.id, 0.9, {HOSTILE: 0.5}, True, HOSTILE), store.recall_item("round", turn.id, 0.2, {}, False, HOSTILE)]
    chat.next_recall = Recall(question=HOSTILE, state="confident", items=found)
    chat.script = [[LONG[:2000], HOSTILE]]
    return chat


def clean(app: ChatmemApp) -> str:
    """The screen's text; nothing in it acts on a terminal."""
    seen = text_of(app)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", seen)
    return seen


async def walk(pilot: Pilot[None], app: ChatmemApp) -> set[str]:
    """Through every screen; returns the names of those seen."""
    seen = set()
    chat = await ready(pilot, app)
    await say(pilot, chat, HOSTILE)
    clean(app)
    await pilot.press("ctrl+r")
    await pilot.pause(0.1)
    clean(app)
    seen.add("panel")
    await pilot.press("escape", "ctrl+f")
    await wait_until(pilot, lambda: isinstance(app.screen, Search) and app.screen.query(Input))
    await pilot.press(*"quit")
    await wait_until(pilot, lambda: app.screen.query_one(OptionList).option_count)
    assert "[bold]x[/]" in clean(app)
    seen.add("search")
    await pilot.press("escape", "f5")
    await wait_until(pilot, lambda: isinstance(app.screen, JobsScreen) and app.screen._states)
    jobs = app.screen.query_one("#jobs", OptionList)
    jobs.highlighted = next(place for place, state in enumerate(app.screen._states) if state.runs)  # type: ignore[attr-defined]
    await wait_until(pilot, lambda: "[bold]x[/]" in clean(app))
    app.push_screen(Rehearsal(HOSTILE, [Step(HOSTILE, ("m1",), HOSTILE, HOSTILE)]))
    await wait_until(pilot, lambda: isinstance(app.screen, Rehearsal) and "[bold]x[/]" in clean(app))
    seen.add("jobs")
    await pilot.press("escape", "escape", "f8")
    await wait_until(pilot, lambda: isinstance(app.screen, SettingsScreen) and app.screen._files)
    clean(app)
    seen.add("settings")
    await pilot.press("escape", "f9")
    await wait_until(pilot, lambda: isinstance(app.screen, ModelsScreen) and app.screen._rows)
    clean(app)
    seen.add("models")
    await pilot.press("escape", "f10")
    await wait_until(pilot, lambda: isinstance(app.screen, EvaluationScreen))
    clean(app)
    seen.add("evaluation")
    await pilot.press("escape", "f4")
    await wait_until(pilot, lambda: isinstance(app.screen, WhyScreen) and app.screen.picked)
    assert "[bold]x[/]" in clean(app)
    seen.add("why")
    await pilot.press("escape")
    screen = await opened(pilot, app)
    for key, name in (("1", "facts"), ("2", "timeline"), ("4", "trash"), ("3", "sessions")):
        await pilot.press(key)
        await settled(pilot, screen)
        assert "[bold]x" in clean(app) or name == "trash"
        seen.add(name)
    await pilot.press("enter")
    await wait_until(pilot, lambda: isinstance(app.screen, ConversationScreen) and app.screen._rows)
    clean(app)
    seen.add("conversation")
    await pilot.press("escape", "1")
    await settled(pilot, screen)
    await pilot.press("end", "enter")
    await wait_until(pilot, lambda: isinstance(app.screen, DetailScreen) and app.screen.life)
    assert "[bold]x[/] [/tmp/x]" in clean(app)
    seen.add("detail")
    await pilot.press("e")
    await wait_until(pilot, lambda: isinstance(app.screen, EditMemory) and app.screen.focused)
    app.screen.query_one(TextArea).text = "word " * 200_000
    await wait_until(pilot, lambda: "at most 1,000" in clean(app))
    seen.add("edit")
    await pilot.press("escape", "X")
    await wait_until(pilot, lambda: app.screen.query("#words"))
    clean(app)
    seen.add("purge")
    await pilot.press("escape", "escape")
    await wait_until(pilot, lambda: isinstance(app.screen, MemoriesScreen))
    screen.query_one("#words", Input).value = HOSTILE + '" OR * NEAR(' + "x" * 5000
    await settled(pilot, screen)
    clean(app)
    seen.add("filter")
    return seen


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_hostile_text_is_shown_as_text_everywhere(hostile: StoreChat, paths: Paths, size: tuple[int, int]) -> None:
    app = ChatmemApp(lambda notice: hostile, Settings(), paths)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=size) as pilot:
        assert len(await walk(pilot, app)) == 16
    hostile.store.close()
