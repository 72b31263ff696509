"""Why, upkeep, settings, the first welcome, the chat at its two sizes; and the pure functions behind the screens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, SelectionList, Static

from chatmem.config import MemorySettings, Paths, Settings, load_settings
from chatmem.memory import operations
from chatmem.memory.decay import retention
from chatmem.store.pages import Ids, MemoryLine, Wanted
from chatmem.tui import lines, views
from chatmem.tui.app import ChatmemApp
from chatmem.tui.bubbles import RecallLine
from chatmem.tui.changes import describe, differences
from chatmem.tui.jobs import JobsScreen, Rehearsal, every, moment, sparkline
from chatmem.tui.keys import Key, KeyLine, fitting
from chatmem.tui.memories import MemoriesScreen
from chatmem.tui.settings import Change, SettingsScreen, checked, described
from chatmem.tui.text import safe
from chatmem.tui.why import WhyScreen, steps
from chatmem.types import Memory, Recall

from .conftest import wait_until
from .fakes import NOW, FakeChat, item, long_session
from .library import StoreChat, open_store
from .snapshots import Screens
from .test_chat import ready, say, shown
from .test_memories import opened


def recalled(chat: StoreChat) -> Recall:
    """A recall of two memories and a conversation, one of them misleading."""
    porto, dog = chat.store.memories_saying("The user lives in Lisbon")[0], chat.store.memories_saying("The user's dog Biscuit is a beagle")[0]
    source = chat.store.sources(dog.id)[0]
    return Recall(
        question="Where could I take Biscuit?",
        state="confident",
        milliseconds=12,
        items=[
            item(dog.text, 0.91, session=source.session_id, turn=source.id).model_copy(update={"id": dog.id}),
            item(porto.text, 0.7).model_copy(update={"id": porto.id}),
            item("I train for a marathon.\nGood luck!", 0.2, shown=False, source="round").model_copy(
                update={"id": "s3_1", "reason": "beyond the first 2"}
            ),
        ],
    )


@pytest.fixture
def talking(library: StoreChat, library_app: ChatmemApp) -> ChatmemApp:
    """The app, whose last reply drew on the library."""
    library.next_recall = recalled(library)
    return library_app


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_why_shows_steps_scores_and_what_was_cut(talking: ChatmemApp, library: StoreChat, screens: Screens, size: tuple[int, int]) -> None:
    async with talking.run_test(size=size) as pilot:
        chat = await ready(pilot, talking)
        await say(pilot, chat, "Where could I take Biscuit?")
        await pilot.press("f4")
        await wait_until(pilot, lambda: isinstance(talking.screen, WhyScreen) and talking.screen.picked)
        why = talking.screen
        assert isinstance(why, WhyScreen)
        await pilot.pause(0.1)
        screens.check(talking, "why")
        assert "1 beyond the first 2" in str(why.query_one("#steps", Static).render())
        dog = why.picked[0]
        await pilot.press("p")
        await wait_until(pilot, lambda: not library.store.memory(dog).pinned)  # it was pinned before
        await pilot.press("down", "d")
        await wait_until(pilot, lambda: library.store.memories_saying("The user lives in Lisbon")[0].status == "archived")
        prompts = why.query_one("#story", OptionList)
        await wait_until(pilot, lambda: "forgotten" in str(prompts.get_option_at_index(1).prompt))
        assert prompts.highlighted == 1
        await pilot.press("u")
        await wait_until(pilot, lambda: library.store.memories_saying("The user lives in Lisbon")[0].status == "active")
        await pilot.press("escape")
        assert talking.screen is chat


async def test_a_memory_is_put_right_from_the_panel(talking: ChatmemApp, library: StoreChat) -> None:
    async with talking.run_test(size=(140, 40)) as pilot:
        chat = await ready(pilot, talking)
        await say(pilot, chat, "Where could I take Biscuit?")
        chat.query(RecallLine).last().action_open()
        await wait_until(pilot, lambda: chat.query_one("#panel-items").has_focus)
        await pilot.press("down", "d")
        await wait_until(pilot, lambda: library.store.memories_saying("The user lives in Lisbon")[0].status == "archived")
        assert isinstance(talking.screen, WhyScreen)


async def test_a_memory_edited_since_is_marked_with_its_words_now(talking: ChatmemApp, library: StoreChat) -> None:
    async with talking.run_test(size=(160, 40)) as pilot:
        chat = await ready(pilot, talking)
        await say(pilot, chat, "Where could I take Biscuit?")
        await pilot.press("f4")
        await wait_until(pilot, lambda: isinstance(talking.screen, WhyScreen) and talking.screen.picked)
        story = talking.screen.query_one("#story", OptionList)
        assert "since then" not in str(story.get_option_at_index(0).prompt)
        operations.edit(library.store, library.store.memories_saying("The user's dog Biscuit is a beagle")[0].id, text="Biscuit is a [poodle].")
        await wait_until(pilot, lambda: "since then changed to: Biscuit is a [poodle]." in str(story.get_option_at_index(0).prompt))


async def test_an_action_of_several_keys_is_offered_once(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        offered = list(screen.offered())
        names = [name for name, _, _ in offered]
        assert len(set(names)) == len(names)
        assert ("forget", "d", "Forget: Out of recall, into the trash") in offered


async def opened_jobs(pilot: Pilot[None], app: ChatmemApp, job: str) -> JobsScreen:
    """The upkeep screen with a job highlighted."""
    await ready(pilot, app)
    await pilot.press("f5")
    await wait_until(pilot, lambda: isinstance(app.screen, JobsScreen) and app.screen._states)
    assert isinstance(app.screen, JobsScreen)
    app.screen.query_one("#jobs", OptionList).highlighted = next(at for at, state in enumerate(app.screen._states) if state.job.name == job)
    return app.screen


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_jobs_run_rehearse_and_pause(library_app: ChatmemApp, library: StoreChat, screens: Screens, size: tuple[int, int]) -> None:
    library.settings.memory.archive_below = 0.2  # two events faded to 8 %
    async with library_app.run_test(size=size, notifications=True) as pilot:
        jobs = await opened_jobs(pilot, library_app, "decay")
        await pilot.press("y")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Rehearsal) and library_app.screen.focused)
        before = {memory.id for memory in library.store.memories()}
        planned = library_app.screen.query_one(SelectionList)
        assert planned.option_count == 2
        screens.check(library_app, "rehearsal")
        await pilot.press("space", "ctrl+s")  # the first is rejected
        await wait_until(pilot, lambda: len(library.store.memories()) == len(before) - 1)
        await wait_until(pilot, lambda: jobs._states and any(state.runs for state in jobs._states))
        await wait_until(pilot, lambda: "✓ done" in str(jobs.query_one("#runs", OptionList).get_option_at_index(0).prompt))
        assert str(jobs.query_one("#spark", Static).render()).endswith("  1 run")
        await pilot.press("n")
        await wait_until(pilot, lambda: len(library.store.memories()) == len(before) - 2)
        await wait_until(pilot, lambda: "2 runs, oldest first" in str(jobs.query_one("#spark", Static).render()))
        await pilot.press("space")
        await wait_until(pilot, lambda: any("schedule is not running" in note.message for note in library_app._notifications))


async def test_a_schedule_is_started_shown_paused_and_stopped(library: StoreChat, paths: Paths) -> None:
    class Schedule:
        paused = stopped = False

        def next_run(self, name: str) -> datetime | None:
            return None if self.paused or not name else library.store.clock() + timedelta(hours=2)

        def pause(self, name: str) -> None:
            self.paused = bool(name)

        def resume(self, name: str) -> None:
            self.paused = not name

        def stop(self) -> None:
            self.stopped = True

    schedule = Schedule()
    app = ChatmemApp(lambda notice: library, Settings(), paths, start_jobs=lambda chat: schedule)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(120, 40)) as pilot:
        chat = await ready(pilot, app)
        await wait_until(pilot, lambda: chat.schedule is schedule)
        await pilot.press("f5")
        await wait_until(pilot, lambda: isinstance(app.screen, JobsScreen) and app.screen._states)
        jobs = app.screen.query_one("#jobs", OptionList)
        await wait_until(pilot, lambda: "next in 2 h" in str(jobs.get_option_at_index(0).prompt))
        await pilot.press("space")
        await wait_until(pilot, lambda: "paused" in str(jobs.get_option_at_index(0).prompt))
        await pilot.press("space")
        await wait_until(pilot, lambda: "next in" in str(jobs.get_option_at_index(0).prompt))
    assert schedule.stopped


async def test_settings_are_checked_kept_and_set_back(library_app: ChatmemApp, library: StoreChat, paths: Paths, screens: Screens) -> None:
    async with library_app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, library_app)
        await pilot.press("f8")
        await wait_until(pilot, lambda: isinstance(library_app.screen, SettingsScreen) and library_app.screen._files)
        settings = library_app.screen
        assert isinstance(settings, SettingsScreen)

        def go(key: str) -> None:
            settings.query_one("#story", OptionList).highlighted = next(
                at for at, setting in enumerate(settings._rows) if setting and setting.key == key
            )

        go("memory.max_items")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Change) and library_app.screen.focused)
        for wrong in ("0", "many", "51"):
            library_app.screen.query_one(Input).value = wrong
            await wait_until(pilot, lambda: "✕" in str(library_app.screen.query_one(".form-problem", Static).render()))
            await pilot.press("enter")
            assert isinstance(library_app.screen, Change)
        library_app.screen.query_one(Input).value = "9"
        await pilot.press("enter")
        await wait_until(pilot, lambda: paths.config.exists() and load_settings(paths, {}).memory.max_items == 9)
        await wait_until(pilot, lambda: library.settings.memory.max_items == 9)
        go("memory.write")
        await pilot.press("enter")
        await wait_until(pilot, lambda: load_settings(paths, {}).memory.write is False)
        go("memory.max_items")
        await pilot.press("r")
        await wait_until(pilot, lambda: load_settings(paths, {}).memory.max_items == 6)
        assert any(what.startswith("everything") and size > 0 for what, _, size in settings._files)
        assert {setting.key for setting in settings._rows if setting} == {setting.key for setting in described(Settings())}


async def test_the_first_start_says_what_is_kept_where_and_how_to_erase_it(paths: Paths) -> None:
    store = open_store(paths)
    app = ChatmemApp(lambda notice: StoreChat(store), Settings(), paths)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(80, 24)) as pilot:
        chat = await ready(pilot, app)
        await wait_until(pilot, lambda: chat.query("#welcome"))
        words = str(chat.query_one("#welcome").render())
        assert str(paths.home) in words
        assert "To erase it" in words
        assert "F3" in words
        assert chat.prompt.has_focus  # nothing to answer first
    store.close()


async def test_it_is_not_said_again_once_something_is_stored(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(80, 24)) as pilot:
        chat = await ready(pilot, library_app)
        await wait_until(pilot, lambda: chat.query("#welcome"))
        assert "I remember 9 things" in str(chat.query_one("#welcome").render())


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_the_chat_looks_as_stored(app: ChatmemApp, chat: FakeChat, screens: Screens, size: tuple[int, int]) -> None:
    long_session(chat.store, 2, "An older [/one]")
    chat.next_recall = Recall(question="q", state="confident", items=[item("The user's dog is a beagle.", 0.9), item("other", 0.2, shown=False)])
    chat.script = [["A **beagle**, you said.\n\n- one\n- two"]]
    async with app.run_test(size=size) as pilot:
        screen = await ready(pilot, app)
        await pilot.pause(0.2)
        screens.check(app, "chat-empty")
        await say(pilot, screen, "What dog have I?")
        await wait_until(pilot, lambda: len(chat.store.sessions()) == 2 and len(shown(screen)) == 2)
        await pilot.pause(0.3)
        screens.check(app, "chat")


async def test_a_click_on_the_key_line_presses_the_key(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        line = str(screen.query_one(KeyLine).render())
        await pilot.click(KeyLine, offset=(line.index("Filter") + 1, 0))
        await wait_until(pilot, lambda: screen.query_one("#words").has_focus)
        await pilot.press("escape")
        await pilot.click(KeyLine, offset=(line.index("Back") + 1, 0))
        await wait_until(pilot, lambda: not isinstance(library_app.screen, MemoriesScreen))


# ---------------------------------------------------------------------- pure functions


@given(st.text(max_size=60), st.integers(0, 40))
def test_text_fits_exactly(text: str, width: int) -> None:
    assert cell_len(lines.fit(text, width)) == width


@given(st.text(min_size=1, max_size=80), st.integers(20, 200), st.booleans(), st.floats(0, 1))
def test_a_line_fills_its_width(text: str, width: int, pinned: bool, left: float) -> None:
    memory = Memory(id="m1", kind="fact", text=text, created_at=NOW, pinned=pinned)
    for pieces in (
        lines.fact(MemoryLine(memory, 2), width, NOW, left),
        lines.trash(MemoryLine(memory, 2), width),
        lines.header(lines.FACTS, width, "said", False),
    ):
        assert sum(cell_len(part) for part, _ in pieces) >= min(width, 40) - 1
        assert width < 40 or sum(cell_len(part) for part, _ in pieces) == width
        assert all(safe(part) == part for part, _ in pieces)


def test_short_words_for_times() -> None:
    assert [lines.ago(NOW - timedelta(days=days), NOW) for days in (0, 3, 90, 800)] == ["today", "3 d", "3 mo", "2 y"]
    assert lines.ago(None, NOW) == "never"
    assert moment(NOW + timedelta(minutes=5), NOW) == "in 5 min"
    assert moment(NOW - timedelta(hours=5), NOW) == "5 h ago"
    assert [every(hours) for hours in (0.25, 24, 720)] == ["every 15 min", "every 24 h", "every 30 d"]
    assert sparkline([0, 1, 2]) == "▁▅█" or sparkline([0, 1, 2]) == "▁▄█"
    assert views.parse_day("2025-12", NOW.date())[1].isoformat() == "2025-12-31"
    assert views.parse_day("March 2025", NOW.date()) == views.parse_day(" mar. 2025", NOW.date()) == views.parse_day("2025-03", NOW.date())
    with pytest.raises(ValueError, match="marble"):
        views.parse_day("Marble 2025", NOW.date())
    assert views.parse_day("yesterday", NOW.date())[0].isoformat() == "2026-03-13"


def test_what_is_said_of_a_recall() -> None:
    assert steps(Recall(question="q", state="off"))[-1].startswith("Memory is off")
    said = steps(Recall(question="q", state="none", items=[item("x", shown=False)]))
    assert "Found 1 memory" in said[1]


def test_operations_in_words(library: StoreChat) -> None:
    found = library.store.operations(library.store.memories_saying("The user drinks green tea")[0].id)
    assert describe(found[0]) == "a job forgot “The user drinks green tea.”"
    before, after = (rows.memories[found[0].memory_id] for rows in (found[0].before, found[0].after) if rows)
    assert differences(before, after) == [("status", "active", "archived")]


def test_settings_are_described_with_their_limits() -> None:
    found = {setting.key: setting for setting in described(Settings())}
    assert found["memory.max_items"].limits == "1 to 50"
    assert found["model.temperature"].limits == "0 to 2"
    assert all(setting.meaning for setting in found.values())
    with pytest.raises(ValueError, match="50"):
        checked(Settings(), "memory.max_items", "51")
    for key, words in (("memory.fact_days", "A number is wanted."), ("memory.max_items", "A whole number is wanted.")):
        with pytest.raises(ValueError, match=words):
            checked(Settings(), key, "many")
    assert checked(Settings(), "memory.enabled", "no") is False


def test_keys_that_do_not_fit_are_left_out_the_last_one_never() -> None:
    keys = [Key("a", "Add", "add", True), Key("b", "Back", "back", True), Key("^p", "More", "palette", True)]
    assert fitting(keys, 100) == (keys, 2)
    assert fitting(keys, 22) == (keys, 2)
    assert fitting(keys, 21) == (keys, 1)
    assert fitting(keys, 19) == ([keys[0], keys[2]], 1)
    assert fitting(keys, 3) == ([keys[2]], 1)
    assert fitting([], 80) == ([], 2)


# ---------------------------------------------------------------------- what the store reads for them


def test_pages_keep_the_order_of_retention(library: StoreChat) -> None:
    settings, now = MemorySettings(), datetime(2026, 9, 1, tzinfo=UTC)
    every_status = ("active", "superseded", "archived")
    ids = library.store.wanted_ids(Wanted(order="retention", statuses=every_status), settings, now)  # type: ignore[arg-type]
    found = {memory.id: memory for memory in library.store.memories(None, ids)}
    kept = [retention(found[id_], now, settings) for id_ in ids]
    assert kept == sorted(kept, reverse=True)
    assert len(set(kept)) > 5


def test_ids_are_a_sequence_of_words() -> None:
    ids = Ids(np.array([12, 3, 7]))
    assert list(ids) == ids[:] == ["m12", "m3", "m7"]
    assert (ids[0], ids[-1], ids[1:], len(ids)) == ("m12", "m7", ["m3", "m7"], 3)
    assert "m3" in ids
    assert ids.index("m7") == 2
    assert "" not in ids
    for absent in ("m4", "s3", "m3x"):
        assert absent not in ids
        with pytest.raises(ValueError, match=absent):
            ids.index(absent)
    assert list(ids.among(np.array([7, 12, 99]))) == ["m12", "m7"]
    assert list(ids.among(np.array([], np.int64))) == list(Ids(np.zeros(0, np.int64)).among(np.array([1]))) == []


def test_matching_is_by_stems_beginnings_and_letters(library: StoreChat) -> None:
    def texts(words: str) -> set[str]:
        return {memory.text for memory in library.store.memories(None, [f"m{number}" for number in library.store.matching(words)])}

    assert texts("lives porto") == {"The user lives in Porto."}
    assert texts("living por") == {"The user lives in Porto."}
    assert texts("bisc") == texts("BISCUIT") == {"The user's dog Biscuit is a beagle.", "The user takes Biscuit to the vet."}
    assert texts("100%") == set()
    assert texts("שלום")
    assert texts('"') == set()


def test_redo_is_only_of_what_was_undone_last(library: StoreChat) -> None:
    store = library.store
    nurse = store.memories_saying("The user works as a nurse")[0].id
    assert store.last_undo() is None
    operations.pin(store, [nurse])
    operations.edit(store, nurse, importance=1)
    second = operations.undo(store)
    first = operations.undo(store)
    found = store.last_undo()
    assert found is not None
    assert found.id == first.id
    operations.undo(store, first.id)
    found = store.last_undo()
    assert found is not None
    assert found.id == second.id
    operations.edit(store, nurse, importance=2)
    assert store.last_undo() is None


def test_the_newest_branch_is_found(library: StoreChat, tmp_path: Path) -> None:
    store = library.store
    session = store.new_session("branches")
    first = store.add_turn(session.id, "user", "one", None)
    old = store.add_turn(session.id, "assistant", "two", first.id)
    store.add_turn(session.id, "assistant", "another two", first.id)
    assert store.newest_after(old.id) == old.id
    assert store.turns(session.id, store.newest_after(first.id))[-1].content == "another two"
