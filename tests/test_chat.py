"""Whole turns with the real models, SQLite and Chroma: tell it things, close it, ask later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatmem.chat import Chat, Conversation
from chatmem.config import Paths, Settings
from chatmem.errors import ChatmemError
from chatmem.types import Cancelled, Failed, Finished, Recalled, Token, TurnEvent, Usage
from tests.conftest import Ticking, lend

pytestmark = pytest.mark.model
Open = Callable[[], Chat]


@pytest.fixture
def ready_paths(paths: Paths, embed_model: Path, merged_model: Path) -> Paths:
    """A fresh data folder that has the embedder already."""
    lend(paths, embed_model, merged_model)
    return paths


@pytest.fixture
def open_chat(ready_paths: Paths, clock: Ticking) -> Iterator[Open]:
    opened: list[Chat] = []

    def make() -> Chat:
        settings = Settings()
        settings.model.temperature = 0
        settings.model.max_reply_tokens = 24
        chat = Chat(ready_paths, settings, clock)
        opened.append(chat)
        chat.embedder.wait(60)
        return chat

    yield make
    for chat in opened:
        if not chat.background.closing.is_set():
            chat.close()


def send(chat: Chat, conversation: Conversation, text: str | None, **options: str) -> list[TurnEvent]:
    events = list(chat.reply(conversation, text, **options))
    assert not isinstance(events[-1], Failed), events[-1]
    return events


def said(events: list[TurnEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def test_what_was_said_yesterday_answers_today(open_chat: Open, clock: Ticking) -> None:
    chat = open_chat()
    conversation = chat.open()
    events = send(chat, conversation, "My dog Biscuit is a beagle and I'm allergic to cashews.")
    assert isinstance(events[0], Recalled)
    assert isinstance(events[-1], Finished)
    chat.close_conversation(conversation)
    assert chat.settle()
    chat.close()
    clock.advance(days=1)
    chat = open_chat()
    first, *_, last = send(chat, chat.open(), "What breed is my dog?")
    assert isinstance(first, Recalled)
    assert isinstance(last, Finished)
    assert first.recall.state == "confident"
    assert any("beagle" in item.text for item in first.recall.shown[:3])
    assert first.recall.shown[0].session_id == "s1"
    assert "beagle" in last.turn.content.lower()
    kept = chat.store.recall_of(last.turn.id)
    assert kept is not None
    assert [item.id for item in kept.shown] == [item.id for item in first.recall.shown]
    summary = chat.store.summary("running")
    assert summary is not None
    assert "beagle" in summary.text


def test_it_says_that_it_has_no_memory_of_what_was_never_said(open_chat: Open) -> None:
    chat = open_chat()
    send(chat, chat.open(), "I love hiking in the mountains.")
    assert chat.settle()
    first = send(chat, chat.open(), "What is the name of my accountant?")[0]
    assert isinstance(first, Recalled)
    assert first.recall.state == "none"
    assert first.recall.shown == []


def test_what_is_known_of_somebody_is_listed(open_chat: Open) -> None:
    chat = open_chat()
    for text in ("My sister Marta lives in Oslo.", "I play chess.", "Marta plays the cello."):
        send(chat, chat.open(), text)
    assert chat.settle()
    known = said(send(chat, chat.open(), "What do you know about my sister?"))
    assert known == "This is what I know about your sister (2 memories):\n\n- Your sister Marta lives in Oslo.\n- Your sister Marta plays the cello."
    assert "Oslo" in said(send(chat, chat.open(), "what have I told you about Marta"))
    assert "This is what I know" not in said(send(chat, chat.open(), "What do you know about Mexico?"))


def test_plain_sentence_commands(open_chat: Open) -> None:
    chat = open_chat()
    conversation = chat.open()
    assert "nothing about you yet" in said(send(chat, conversation, "What do you know about me?"))
    assert "locker" in said(send(chat, conversation, "Remember that my locker number is 12"))
    assert "locker" in said(send(chat, conversation, "What do you know about me?"))
    assert chat.settle()
    assert "I would forget" in said(send(chat, conversation, "forget my locker number"))
    assert [memory.text for memory in chat.known()] == ["The user's locker number is 12."]
    assert "forgotten 1 memory" in said(send(chat, conversation, "yes"))
    assert chat.known() == []
    assert "never keep those" in said(send(chat, conversation, "remember that my password is hunter2"))
    with pytest.raises(ChatmemError):
        chat.remember("my card is 4111 1111 1111 1111")
    assert chat.known() == []


def test_edit_and_regenerate_branch_and_keep_everything(open_chat: Open) -> None:
    chat = open_chat()
    conversation = chat.open()
    send(chat, conversation, "I live in Rome.")
    send(chat, conversation, None)
    assert [turn.id for turn in conversation.turns] == ["s1_1", "s1_3"]
    send(chat, conversation, "I live in Oslo.", edit="s1_1")
    assert [turn.content for turn in conversation.turns if turn.role == "user"] == ["I live in Oslo."]
    assert chat.store.turn("s1_2").role == "assistant"
    assert chat.store.turns("s1", "s1_2")[0].content == "I live in Rome."
    text = chat.export("s1")
    assert "I live in Oslo." in text
    assert "Rome" not in text.partition("\n\n")[2]


def test_a_temporary_chat_reads_and_writes_nothing(open_chat: Open) -> None:
    chat = open_chat()
    chat.remember("my dog is a beagle")
    assert chat.settle()
    before = chat.store.counts()
    first, *_ = send(chat, chat.open(temporary=True), "What breed is my dog? I live in Rome.")
    assert isinstance(first, Recalled)
    assert any("beagle" in item.text for item in first.recall.shown)
    assert chat.settle()
    assert chat.store.counts() == before


def test_cancel_keeps_what_was_said_marked_as_cut(open_chat: Open) -> None:
    chat = open_chat()
    chat.settings.model.max_reply_tokens = 400
    conversation = chat.open()
    cancel = threading.Event()
    events = []
    for event in chat.reply(conversation, "Count to five hundred.", cancel=cancel):
        events.append(event)
        if isinstance(event, Token):
            cancel.set()
    assert isinstance(events[-1], Cancelled)
    assert chat.store.turn(conversation.turns[-1].id).state == "cut"


def test_the_engine_killed_mid_reply_costs_only_that_reply(open_chat: Open) -> None:
    chat = open_chat()
    conversation = chat.open()
    events = []
    for event in chat.reply(conversation, "Tell me a long story about the sea."):
        if isinstance(event, Token) and chat.engine.pid and not any(isinstance(e, Token) for e in events):
            os.kill(chat.engine.pid, signal.SIGKILL)
        events.append(event)
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert "was killed" in failed.message
    assert chat.store.turn("s1_1").content == "Tell me a long story about the sea."
    assert isinstance(send(chat, conversation, "Hello again")[-1], Finished)


def test_a_late_turn_evaluates_only_what_is_new(open_chat: Open) -> None:
    chat = open_chat()
    chat.settings.memory.enabled = False
    conversation = chat.open()
    usages: list[Usage] = []
    for text in (
        "What a grey day.", "The train was late again.", "Soup for lunch, with bread.", "There is a film on tonight.", "The cat sleeps on the piano.",
        "Somebody sings in the street.", "Rain at last!", "Now the kettle boils.", "The lamp is broken.",
    ):  # fmt: skip
        done = send(chat, conversation, text)[-1]
        assert isinstance(done, Finished)
        usages.append(done.usage)
    # A reply that repeats one is asked for anew by another prompt: the best of the late turns counts.
    late = min(usages[5:], key=lambda usage: usage.evaluated)
    assert late.evaluated < 60
    assert late.reused > 3 * late.evaluated


def test_the_assistants_words_and_recalled_text_never_become_memories(open_chat: Open) -> None:
    chat = open_chat()
    conversation = chat.open()
    send(chat, conversation, "I have a cat called Miso.")
    for question in ("What is my cat called?", "Tell me about my cat.", "Who am I?"):
        send(chat, conversation, question)
    assert chat.settle()
    assert [memory.text for memory in chat.known()] == ["The user has a cat called Miso."]


def test_learning_resumes_after_sigkill(ready_paths: Paths, clock: Ticking) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from datetime import UTC, datetime
        from pathlib import Path
        from chatmem.chat import Chat
        from chatmem.config import Paths, Settings
        from chatmem.types import Recalled
        chat = Chat(Paths(Path(sys.argv[1])), Settings(), lambda: datetime(2026, 3, 2, tzinfo=UTC))
        for event in chat.reply(chat.open(), "My sister Marta lives in Oslo."):
            if isinstance(event, Recalled):
                os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = subprocess.run([sys.executable, "-c", script, str(ready_paths.home)], check=False, cwd=Path(__file__).parent.parent)
    assert done.returncode == -9
    chat = Chat(ready_paths, Settings(), clock)
    chat.embedder.wait(60)
    assert chat.settle()
    assert [memory.text for memory in chat.known()] == ["The user's sister Marta lives in Oslo."]
    assert chat.store.without_vector("rounds", chat.embedder_id) == []
    chat.close()


@pytest.mark.parametrize(
    ("replies", "expected", "asked"),
    [
        (["Oslo, of course."], "Oslo, of course.", 1),
        (["I have no memory of your town.", "You live in Oslo."], "You live in Oslo.", 2),
        (["I have no memory of your town.", "I have no memory of it."], "I have no memory of your town. Nearest to it: You live in Oslo.", 2),
        (["I"], "I", 2),  # cut where a refusal might begin
    ],
)
def test_what_is_not_found_in_all_notes_is_sought_in_the_nearest(
    open_chat: Open, monkeypatch: pytest.MonkeyPatch, replies: list[str], expected: str, asked: int
) -> None:
    chat = open_chat()
    conversation = chat.open()
    for text in ("I live in Oslo.", "I work in Oslo as a nurse.", "My sister Ann lives in Oslo too."):
        send(chat, conversation, text)
    assert chat.settle()
    prompts: list[str] = []

    def scripted(messages: list[dict[str, str]], **_: object) -> Iterator[str | Usage]:
        prompts.append(messages[-1]["content"])
        yield from replies[min(len(prompts), len(replies)) - 1].partition(" ")
        yield Usage(reply_tokens=3)

    monkeypatch.setattr(chat.engine, "chat", scripted)
    events = send(chat, chat.open(), "Which town do I live in?")
    assert said(events) == expected
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.turn.content == expected
    assert last.usage.reply_tokens == 3
    assert len(prompts) == asked
    if asked == 2:
        notes = [prompt.count("\n- ") for prompt in prompts]
        assert notes[0] > notes[1] == 2


def test_advice_that_the_model_refuses_is_answered_by_the_memory_that_bears_on_it(open_chat: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = open_chat()
    send(chat, chat.open(), "I prefer window seats on planes.")
    assert chat.settle()

    def refusing(*_: object, **__: object) -> Iterator[str | Usage]:
        yield from ("I have no memory", " of your seat choice.")
        yield Usage(reply_tokens=3)

    monkeypatch.setattr(chat.engine, "chat", refusing)
    assert said(send(chat, chat.open(), "Which seat should I book for my flight?")) == "What I remember of it: You prefer window seats on planes."
    assert said(send(chat, chat.open(), "Which seat did I book?")) == "I have no memory of your seat choice."


@pytest.mark.parametrize(
    ("second", "expected", "asked"),
    [
        (["Then they ", "operate him soon. ", "Rest well."], "Then they operate him soon. Rest well.", 2),  # begins alike, goes on otherwise
        (["Then they ", "operate him soon."], "Enjoy your tea!", 3),
        (["Good ", "luck!"], "Good luck!", 2),
    ],
)
def test_what_was_said_before_is_not_said_again(
    open_chat: Open, monkeypatch: pytest.MonkeyPatch, second: list[str], expected: str, asked: int
) -> None:
    chat = open_chat()
    conversation = chat.open()
    replies = [["Then they ", "operate him soon."], second, ["Enjoy ", "your tea!"]]
    prompts: list[list[dict[str, str]]] = []

    def scripted(messages: list[dict[str, str]], **_: object) -> Iterator[str | Usage]:
        prompts.append(messages)
        yield from replies[len(prompts) - 1]
        yield Usage()

    monkeypatch.setattr(chat.engine, "chat", scripted)
    assert said(send(chat, conversation, "What a grey day.")) == "Then they operate him soon."
    assert (said(send(chat, conversation, "Tea it is, then.")), len(prompts)) == (expected, asked)
    if asked == 3:
        assert not any("grey day" in message["content"] for message in prompts[-1])  # asked again without what was said before
