"""What people do to memory on the screens: each key changes the store, says so, and can be undone."""

from __future__ import annotations

from datetime import date

import pytest
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, Static, TextArea

from chatmem.memory import operations
from chatmem.tui.app import ChatmemApp
from chatmem.tui.bubbles import Evidence
from chatmem.tui.changes import Changes
from chatmem.tui.conversation import ConversationScreen
from chatmem.tui.detail import DetailScreen
from chatmem.tui.dialogs import Choice, Switch
from chatmem.tui.editing import EditMemory, MergeMemories, SplitMemory, read_form
from chatmem.tui.memories import MemoriesScreen
from chatmem.tui.panel import RecallPanel
from chatmem.tui.why import WhyScreen
from chatmem.types import Candidate, Memory, Recall

from .conftest import send, wait_until
from .library import StoreChat
from .snapshots import Screens
from .test_chat import ready, say, shown
from .test_memories import opened


def by_text(chat: StoreChat, text: str) -> Memory:
    """The memory with these words."""
    return chat.store.memories_saying(text)[0]


async def at(pilot: Pilot[None], screen: MemoriesScreen, chat: StoreChat, text: str) -> str:
    """Put the cursor on a memory; returns its id."""
    id_ = by_text(chat, text).id
    assert screen.rows.go_to(id_) or screen.rows.key == id_
    await pilot.pause()
    return id_


def standing(app: ChatmemApp) -> str:
    """The line that says what undo would do."""
    return str(app.screen.query_one("#standing", Static).render())


async def test_pin_forget_restore_undo_and_redo(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        nurse = await at(pilot, screen, library, "The user works as a nurse.")
        await pilot.press("p")
        await wait_until(pilot, lambda: library.store.memory(nurse).pinned and "pinned “The user works as a nurse.”" in standing(library_app))
        await pilot.press("p")
        await wait_until(pilot, lambda: not library.store.memory(nurse).pinned)
        await at(pilot, screen, library, "The user works as a nurse.")
        await pilot.press("d")
        await wait_until(pilot, lambda: library.store.memory(nurse).status == "archived" and nurse not in screen.rows.keys)
        assert nurse in library.reindexed
        await wait_until(pilot, lambda: "undo: forgot “The user works as a nurse.”" in standing(library_app))
        await pilot.press("u")
        await wait_until(pilot, lambda: library.store.memory(nurse).status == "active" and "redo: forgot" in standing(library_app))
        await pilot.press("U")
        await wait_until(pilot, lambda: library.store.memory(nurse).status == "archived")
        await pilot.press("4")
        await wait_until(pilot, lambda: screen.settled and nurse in screen.rows.keys)
        screen.rows.go_to(nurse)
        await pilot.press("r")
        await wait_until(pilot, lambda: library.store.memory(nurse).status == "active" and nurse not in screen.rows.keys)


async def test_several_are_forgotten_and_brought_back_as_one(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        ids = list(screen.rows.keys[:3])
        await pilot.press("space", "space", "space", "d")
        await wait_until(pilot, lambda: "undo: forgot 3 memories" in standing(library_app) and len(screen.rows.keys) == 6)
        assert not screen.rows.marks
        await pilot.press("u")
        await wait_until(pilot, lambda: all(library.store.memory(id_).status == "active" for id_ in ids))
        await wait_until(pilot, lambda: "redo: 3 changes" in standing(library_app))
        await pilot.press("U")
        await wait_until(pilot, lambda: all(library.store.memory(id_).status == "archived" for id_ in ids))


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_edit_checks_as_it_is_written_and_saves(library_app: ChatmemApp, library: StoreChat, screens: Screens, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size) as pilot:
        screen = await opened(pilot, library_app)
        nurse = await at(pilot, screen, library, "The user works as a nurse.")
        await pilot.press("e")
        await wait_until(pilot, lambda: isinstance(library_app.screen, EditMemory) and library_app.screen.focused)
        form = library_app.screen
        form.query_one("#importance", Input).value = "11"
        await wait_until(pilot, lambda: "1 to 10" in str(form.query_one(".form-problem", Static).render()))
        screens.check(library_app, "edit")
        assert form.query_one("#save", Button).disabled
        form.query_one("#importance", Input).value = "9"
        form.query_one(TextArea).text = "The user works as a [bold]midwife[/]."
        form.query_one("#kind", Switch).action_turn(1)
        form.query_one("#start", Input).value = "2026-01-02"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: library.store.memory(nurse).importance == 9)
        after = library.store.memory(nurse)
        assert (after.text, after.kind, after.event_start, after.event_end) == (
            "The user works as a [bold]midwife[/].",
            "event",
            date(2026, 1, 2),
            date(2026, 1, 2),
        )
        await wait_until(pilot, lambda: "edited" in standing(library_app))
        await pilot.press("u")
        await wait_until(pilot, lambda: library.store.memory(nurse).text == "The user works as a nurse.")


async def test_saving_a_form_unchanged_changes_nothing(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        hostile = next(memory for memory in library.store.memories() if "[bold]" in memory.text)
        screen.rows.go_to(hostile.id)
        await pilot.press("e")
        await wait_until(pilot, lambda: isinstance(library_app.screen, EditMemory) and library_app.screen.focused)
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: library_app.screen is screen)
        assert library.store.memory(hostile.id) == hostile


async def test_what_is_added_by_hand_is_about_the_user_and_no_secret(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot, library_app)
        for words, count in (("My password is hunter2", 9), ("I play the cello", 10)):
            await pilot.press("a")
            await wait_until(pilot, lambda: isinstance(library_app.screen, EditMemory) and library_app.screen.focused)
            library_app.screen.query_one(TextArea).text = words
            await pilot.press("ctrl+s")
            await wait_until(pilot, lambda count=count: library_app.screen is screen and len(library.store.memories()) == count)  # type: ignore[misc]
        assert by_text(library, "The user plays the cello.").origin == "user"
        await wait_until(pilot, lambda: any("password" in note.message for note in library_app._notifications))


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_merge_shows_the_result_first(library_app: ChatmemApp, library: StoreChat, screens: Screens, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size) as pilot:
        screen = await opened(pilot, library_app)
        runs, run = by_text(library, "The user runs three times a week."), by_text(library, "The user is training for a marathon in October.")
        before = library.store.last_change()
        screen.rows.marks = {runs.id, run.id}
        screen.show_head()
        await pilot.press("m")
        await wait_until(pilot, lambda: isinstance(library_app.screen, MergeMemories) and library_app.screen.focused)
        preview = library_app.screen.query_one("#preview", Static)
        await wait_until(pilot, lambda: "2 sources" in str(preview.render()))
        assert "importance 6" in str(preview.render())
        assert library.store.last_change() == before  # looking changed nothing
        screens.check(library_app, "merge")
        library_app.screen.query_one(TextArea).text = "The user runs, for a marathon in October."
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: library.store.memory(run.id).status == "merged")
        merged = by_text(library, "The user runs, for a marathon in October.")
        assert merged.importance == 6
        assert merged.id in library.reindexed
        await wait_until(pilot, lambda: screen.settled and merged.id in screen.rows.keys)
        await pilot.press("u")
        await wait_until(pilot, lambda: library.store.memory(run.id).status == "active" and not library.store.memories(None, [merged.id]))


async def test_merge_says_how_to_mark(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("m")
        await wait_until(pilot, lambda: any("Space marks" in note.message for note in library_app._notifications))
        await pilot.press("space", "space", "m")
        await wait_until(pilot, lambda: isinstance(library_app.screen, MergeMemories))
        await pilot.press("escape")
        await wait_until(pilot, lambda: library_app.screen is screen)


async def test_split_into_lines(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        dog = await at(pilot, screen, library, "The user's dog Biscuit is a beagle.")
        await pilot.press("s")
        await wait_until(pilot, lambda: isinstance(library_app.screen, SplitMemory) and library_app.screen.focused)
        await pilot.press("ctrl+s")  # one line only: refused
        assert isinstance(library_app.screen, SplitMemory)
        library_app.screen.query_one(TextArea).text = "The user has a dog.\nBiscuit is a beagle.\n"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: library.store.memory(dog).status == "merged")
        assert by_text(library, "Biscuit is a beagle.").status == "active"


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_purge_says_what_goes_and_proves_it(library_app: ChatmemApp, library: StoreChat, screens: Screens, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size, notifications=True) as pilot:
        screen = await opened(pilot, library_app)
        vet = await at(pilot, screen, library, "The user takes Biscuit to the vet.")
        turn = library.store.sources(vet)[0]
        await pilot.press("X")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Choice) and library_app.screen.focused)
        screens.check(library_app, "purge")
        await pilot.press("enter")  # Cancel has the focus
        await wait_until(pilot, lambda: library_app.screen is screen)
        assert library.store.memory(vet)
        await pilot.press("X")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Choice) and library_app.screen.focused)
        await pilot.click("#words")
        await wait_until(pilot, lambda: not library.store.memories(None, [vet]))
        await wait_until(pilot, lambda: any("none left" in note.message for note in library_app._notifications))
        assert library.store.turn(turn.id).content == "(erased)"
        assert library.rebuilt == 1
        for path in screen.paths.home.rglob("*"):
            if path.is_file():
                assert b"takes Biscuit to the vet" not in path.read_bytes()


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_detail_tells_the_whole_life(library_app: ChatmemApp, library: StoreChat, screens: Screens, size: tuple[int, int]) -> None:
    async with library_app.run_test(size=size) as pilot:
        screen = await opened(pilot, library_app)
        await at(pilot, screen, library, "The user lives in Lisbon.")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, DetailScreen) and library_app.screen.life)
        detail = library_app.screen
        assert isinstance(detail, DetailScreen)
        await pilot.pause(0.1)
        screens.check(library_app, "detail")
        kinds = [opens for opens, _, _ in detail._rows if opens]
        assert kinds == ["turn", "memory", "memory", "operation", "operation"]
        story = detail.query_one("#story", OptionList)
        story.highlighted = next(i for i, (opens, *_) in enumerate(detail._rows) if opens == "memory")
        await pilot.press("enter")
        await wait_until(pilot, lambda: library_app.screen is not detail and isinstance(library_app.screen, DetailScreen) and library_app.screen.life)
        assert library_app.screen.life.memory.text == "The user lives in Porto."  # type: ignore[union-attr]
        await pilot.press("escape")
        await wait_until(pilot, lambda: library_app.screen is detail)
        story.highlighted = next(i for i, (opens, *_) in enumerate(detail._rows) if opens == "turn")
        await pilot.press("enter")
        chat = await ready(pilot, library_app)
        await wait_until(pilot, lambda: library_app.screen is chat and "So I live in Lisbon now." in shown(chat))


async def test_one_change_is_undone_from_the_detail(library_app: ChatmemApp, library: StoreChat) -> None:
    nurse = by_text(library, "The user works as a nurse.")
    operations.edit(library.store, nurse.id, text="The user works as a midwife.")
    operations.pin(library.store, [by_text(library, "The user runs three times a week.").id])
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        screen.rows.go_to(nurse.id)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, DetailScreen) and library_app.screen.life)
        detail = library_app.screen
        assert isinstance(detail, DetailScreen)
        detail.query_one("#story", OptionList).highlighted = next(i for i, (opens, *_) in enumerate(detail._rows) if opens == "operation")
        await pilot.pause()
        await pilot.press("z")
        await wait_until(pilot, lambda: library.store.memory(nurse.id).text == "The user works as a nurse.")
        assert by_text(library, "The user runs three times a week.").pinned  # the later pin stands
        await pilot.press("d")
        await wait_until(pilot, lambda: library.store.memory(nurse.id).status == "archived")
        await wait_until(pilot, lambda: detail.check_action("restore", ()) is True)
        await pilot.press("r")
        await wait_until(pilot, lambda: library.store.memory(nurse.id).status == "active")


def test_forms_say_what_is_wrong() -> None:
    assert read_form("a", "fact", "5", "", "").event_start is None
    for text, kind, importance, start, end in (
        (" ", "fact", "5", "", ""),
        ("a" * 1001, "fact", "5", "", ""),
        ("a", "fact", "0", "", ""),
        ("a", "event", "5", "14.3.2026", ""),
        ("a", "event", "5", "2025-02-30", ""),
        ("a", "event", "5", "2026-03-14", "2026-03-13"),
        ("a", "event", "5", "", "2026-03-13"),
    ):
        with pytest.raises(ValueError, match=r"\."):
            read_form(text, kind, importance, start, end)


def in_view(app: ChatmemApp, selector: str) -> bool:
    """Whether a widget of the top screen is drawn whole."""
    region = app.screen.query_one(selector).region
    return bool(region) and app.screen.region.contains_region(region)


async def test_however_long_the_words_the_buttons_stay_in_view(library_app: ChatmemApp, library: StoreChat) -> None:
    words = "The user " + "likes long walks and longer stories " * 25
    ids = [operations.insert(library.store, Candidate(kind="fact", text=f"{words}{n}.", span=words), [], "user")[0].id for n in range(4)]
    async with library_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, library_app)
        await wait_until(pilot, lambda: set(ids) <= set(screen.rows.keys))
        screen.rows.marks = set(ids)
        for key, form in (("m", MergeMemories), ("X", Choice)):
            await pilot.press(key)
            await wait_until(pilot, lambda form=form: isinstance(library_app.screen, form) and library_app.screen.focused)  # type: ignore[misc]
            await pilot.pause()
            assert all(in_view(library_app, f"#{button.id}") for button in library_app.screen.query(Button)), key
            if form is Choice:
                body = library_app.screen.query_one(".dialog-body", VerticalScroll)
                await pilot.press("pagedown")
                await wait_until(pilot, lambda body=body: body.scroll_y > 0)  # type: ignore[misc]
                await pilot.press("pageup")
                await wait_until(pilot, lambda body=body: body.scroll_y == 0)  # type: ignore[misc]
            await pilot.press("escape")
            await wait_until(pilot, lambda: library_app.screen is screen)


async def test_what_was_typed_before_ctrl_s_is_saved_and_goes_nowhere_else(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("a")
        await wait_until(pilot, lambda: isinstance(library_app.screen, EditMemory) and library_app.screen.focused)
        for letter in "Bread dough dries in paper":  # d, p and r are keys of the list below
            send(library_app, "space" if letter == " " else letter, letter)
        send(library_app, "ctrl+s")
        await wait_until(pilot, lambda: library_app.screen is screen and len(library.store.memories()) == 10)
        assert by_text(library, "Bread dough dries in paper")
        assert [memory.text for memory in library.store.memories() if memory.pinned] == ["The user's dog Biscuit is a beagle."]


async def test_the_cursor_goes_to_what_was_made_or_brought_back(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        nurse = await at(pilot, screen, library, "The user works as a nurse.")
        await pilot.press("a")
        await wait_until(pilot, lambda: isinstance(library_app.screen, EditMemory) and library_app.screen.focused)
        library_app.screen.query_one(TextArea).text = "I play the cello"
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: library.store.memories_saying("The user plays the cello."))
        await wait_until(pilot, lambda: screen.rows.key == by_text(library, "The user plays the cello.").id)
        await at(pilot, screen, library, "The user's dog Biscuit is a beagle.")
        await pilot.press("s")
        await wait_until(pilot, lambda: isinstance(library_app.screen, SplitMemory) and library_app.screen.focused)
        library_app.screen.query_one(TextArea).text = "I have a dog.\nBiscuit is a beagle."
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: library.store.memories_saying("The user has a dog."))
        await wait_until(pilot, lambda: screen.rows.key == by_text(library, "The user has a dog.").id)
        screen.rows.go_to(nurse)
        await pilot.press("d")
        await wait_until(pilot, lambda: nurse not in screen.rows.keys)
        screen.rows.action_end(-1)
        await pilot.press("u")
        await wait_until(pilot, lambda: screen.rows.key == nurse)


async def test_edit_is_of_the_row_under_the_cursor_or_not_offered(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("space")  # marks the first, goes on to the second
        await wait_until(pilot, lambda: screen.check_action("edit", ()) is False)
        await pilot.press("e")
        await pilot.pause()
        assert library_app.screen is screen
        await pilot.press("up")
        await wait_until(pilot, lambda: screen.check_action("edit", ()) is True)
        await pilot.press("e")
        await wait_until(pilot, lambda: isinstance(library_app.screen, EditMemory) and library_app.screen.query(TextArea))
        assert library_app.screen.query_one(TextArea).text == "The user takes Biscuit to the vet."


async def test_edited_and_merged_words_are_written_down_like_added_ones(library: StoreChat) -> None:
    changes = Changes(library)  # type: ignore[arg-type]
    runs, run = by_text(library, "The user runs three times a week."), by_text(library, "The user is training for a marathon in October.")
    assert changes.preview_merge([runs.id, run.id], "I run, my dog too.")[0].text == "The user runs, the user's dog too."
    changes.merge([runs.id, run.id], "I run, my dog too.")
    merged = by_text(library, "The user runs, the user's dog too.")
    changes.edit(merged.id, {"text": "My dog runs."})
    assert library.store.memory(merged.id).text == "The user's dog runs."


async def test_at_60_columns_the_hint_of_a_form_stays_on_its_line(library_app: ChatmemApp) -> None:
    async with library_app.run_test(size=(60, 20)) as pilot:
        await opened(pilot, library_app)
        await pilot.press("a")
        await wait_until(pilot, lambda: isinstance(library_app.screen, EditMemory) and library_app.screen.query(".dialog-hint"))
        await wait_until(pilot, lambda: library_app.screen.query_one(".dialog-hint").size.height == 1)


async def test_what_was_erased_is_gone_from_the_open_conversation(library_app: ChatmemApp, library: StoreChat) -> None:
    vet = by_text(library, "The user takes Biscuit to the vet.")
    turn = library.store.sources(vet.id)[0]
    library.next_recall = Recall(question="q", state="confident", items=[library.store.recall_item("memory", vet.id, 0.9, {}, True)])
    async with library_app.run_test(size=(140, 40)) as pilot:
        chat = await ready(pilot, library_app)
        chat.open_session(turn.session_id)
        await wait_until(pilot, lambda: chat.session_id == turn.session_id)
        await say(pilot, chat, "When is the vet?")
        assert "Vet on Friday." in shown(chat)
        await pilot.press("f4")
        await wait_until(pilot, lambda: isinstance(library_app.screen, WhyScreen) and library_app.screen.picked)
        why = library_app.screen
        await pilot.press("X")
        await wait_until(pilot, lambda: isinstance(library_app.screen, Choice) and library_app.screen.focused)
        await pilot.click("#words")
        await wait_until(pilot, lambda: library_app.screen is why and not why.query_one("#story", OptionList).option_count)
        await pilot.press("escape")
        await wait_until(pilot, lambda: library_app.screen is chat and "Vet on Friday." not in shown(chat))
        assert "(erased)" in shown(chat)
        assert chat.conversation is not None
        assert all("Vet" not in turn.content for turn in chat.conversation.turns)
        assert not chat.query(Evidence)
        assert chat.query_one(RecallPanel).recall is None or not chat.query_one(RecallPanel).recall.items  # type: ignore[union-attr]


async def test_a_conversation_is_read_anew_when_one_returns_to_it(library_app: ChatmemApp, library: StoreChat) -> None:
    async with library_app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, library_app)
        await pilot.press("3")
        await wait_until(pilot, lambda: screen.settled and len(screen.rows.keys) == 4)
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, ConversationScreen) and library_app.screen._rows)
        conversation = library_app.screen
        assert isinstance(conversation, ConversationScreen)
        story = conversation.query_one("#story", OptionList)
        place = next(at for at, (opens, *_) in enumerate(conversation._rows) if opens == "memory")
        memory = conversation._rows[place][1]
        story.highlighted = place
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(library_app.screen, DetailScreen) and library_app.screen.life)
        await pilot.press("d")
        await wait_until(pilot, lambda: library.store.memory(memory).status == "archived")
        await pilot.press("escape")
        await wait_until(pilot, lambda: library_app.screen is conversation and "forgotten" in str(story.get_option_at_index(place).prompt))
        assert story.highlighted == place
