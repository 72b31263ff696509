"""``chatmem memory`` on a real store: what it prints, what it changes, what it returns."""

from __future__ import annotations

import io
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from click.shell_completion import ShellComplete

from chatmem.cli import cli, main
from chatmem.config import Paths
from chatmem.errors import ModelLoadFailed, ModelNotFound
from chatmem.memory import operations
from chatmem.store import Store
from chatmem.types import Candidate, Link, Memory
from tests.conftest import Ticking, lend

HOSTILE = "The user's file is [bold]/tmp/x[/] \x1b[31mred\x1b[0m\x07 👩‍👩‍👧 שלום [/nonsense]"


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command as from a shell; ``answer`` is typed when it asks."""
    umask = os.umask(0o077)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str, answer: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["chatmem", "memory", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    yield call
    os.umask(umask)


@pytest.fixture(autouse=True)
def no_embedder(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No test here loads the embedder, those marked for it apart."""

    def away(paths: Paths) -> Path:
        raise ModelNotFound("The embedder is away.")

    if not request.node.get_closest_marker("model"):
        monkeypatch.setattr("chatmem.catalogue.bundled_embedder", away)


class WordCounter:
    """Stands in for the embedder: texts with like words are alike."""

    closed = 0
    broken = False

    def __init__(self, *_: object) -> None: ...

    def start(self) -> None: ...

    def wait(self, timeout: float | None) -> None:
        assert timeout

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        if self.broken:
            raise ModelLoadFailed("It died.")
        counts = np.zeros((len(texts), 384), np.float32)
        for row, text in zip(counts, texts, strict=True):
            for word in text.lower().strip(".").split():
                row[zlib.crc32(word.encode()) % 384] += 1
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True))

    def close(self) -> None:
        WordCounter.closed += 1


@pytest.fixture
def word_counter(monkeypatch: pytest.MonkeyPatch, no_embedder: None, tmp_path: Path) -> type[WordCounter]:
    monkeypatch.setattr("chatmem.catalogue.bundled_embedder", lambda paths: tmp_path / "embedder.gguf")
    monkeypatch.setattr("chatmem.engine.Engine", WordCounter)
    monkeypatch.setattr(WordCounter, "closed", 0)
    return WordCounter


@pytest.fixture
def life(store: Store, paths: Paths) -> dict[str, str]:
    """A dog, a move from Rome to Oslo, tea, something hostile; the store is closed again. Returns ids by name."""
    session = store.new_session("first")
    one = store.add_turn(session.id, "user", "My beagle Biscuit sleeps; I live in Rome", None)
    two = store.add_turn(session.id, "user", "I moved to Oslo", one.id)

    def remember(text: str, turn: str, **fields: Any) -> Memory:
        memory, _ = operations.insert(store, Candidate(kind=fields.pop("kind", "fact"), text=text, span="", **fields), [turn])
        return memory

    dog = remember("The user's beagle is called Biscuit.", one.id, subject="Biscuit", importance=8)
    rome = remember("The user lives in Rome.", one.id)
    oslo = operations.new_memory(store, Candidate(kind="fact", text="The user lives in Oslo.", span=""))
    operations.replace(store, rome.id, oslo, [two.id])
    tea = remember("The user drinks tea.", two.id)
    odd = remember(HOSTILE, two.id)
    moved = remember("The user moved to Oslo.", two.id, kind="event", event_start="2025-12-14", event_end="2025-12-14", time_source="stated")
    operations.link(store, [Link(src=tea.id, dst=odd.id, relation="SameTopic", created_at=store.clock())])
    store.close()
    paths.index.mkdir(mode=0o700)
    return {"dog": dog.id, "rome": rome.id, "oslo": oslo.id, "tea": tea.id, "odd": odd.id, "moved": moved.id}


def _open(paths: Paths) -> Store:
    return Store.open(paths, "default", Ticking())


def _texts(done: Done) -> list[str]:
    return [row["text"] for row in done.data]


# ---------------------------------------------------------------------- reading


def test_list_shows_what_is_current_and_narrows(run: Run, life: dict[str, str]) -> None:
    assert [row["id"] for row in run("list", "--json").data] == [life[name] for name in ("moved", "odd", "tea", "oslo", "dog")]
    assert [row["id"] for row in run("list", "--kind", "event", "--json").data] == [life["moved"]]
    assert [row["id"] for row in run("list", "--status", "superseded", "--json").data] == [life["rome"]]
    assert len(run("list", "--status", "all", "--json").data) == 6
    assert [row["id"] for row in run("list", "--subject", "biscuit", "--json").data] == [life["dog"]]
    assert [row["id"] for row in run("list", "--until", "2025-12-31", "--json").data] == [life["moved"]]
    assert run("list", "--since", "2027-01-01", "--json").data == []
    assert run("list", "--pinned", "--json").data == []
    short = run("list", "--limit", "2")
    assert "2 of 5" in short.err
    assert len(short.out.splitlines()) == 3
    assert "The user lives in Oslo." in run("list").out
    assert run("list", "--kind", "song").code == 2


@pytest.mark.parametrize("words", [("list",), ("show", "m5"), ("search", "file"), ("history",), ("history", "m5"), ("timeline", "m5"), ("stats",)])
def test_markup_and_escapes_are_shown_as_text(run: Run, life: dict[str, str], words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.code == 0
    assert not {character for character in done.out + done.err if ord(character) < 32 and character != "\n"}
    if words != ("stats",):
        assert "[bold]/tmp/x[/] red" in done.out
    assert run(*words, "--json").code == 0
    assert "\x1b" not in run(*words, "--json").out


def test_show_tells_where_a_memory_comes_from(run: Run, life: dict[str, str]) -> None:
    shown = run("show", life["rome"])
    for part in ("The user lives in Rome.", "superseded", "s1_1", "My beagle Biscuit sleeps", "Changed", "The user lives in Oslo."):
        assert part in shown.out
    data = run("show", life["rome"], "--json").data
    assert [turn["id"] for turn in data["sources"]] == ["s1_1"]
    assert [(one["src"], one["relation"], one["dst"]) for one in data["links"]] == [(life["rome"], "Changed", life["oslo"])]
    assert [entry["op"] for entry in data["operations"]] == ["REPLACE", "INSERT"]
    missing = run("show", "m99")
    assert (missing.code, missing.out) == (1, "")
    assert "There is no memory m99" in missing.err


def test_search_finds_by_stem_and_also_what_is_out_of_recall(run: Run, life: dict[str, str]) -> None:
    assert {row["id"] for row in run("search", "live", "--json").data} == {life["rome"], life["oslo"]}
    assert _texts(run("search", "drinking", "zzz", "--json")) == ["The user drinks tea."], "any of the words, when none has all"
    nothing = run("search", "quokka", "--json")
    assert (nothing.code, nothing.data) == (1, [])


def test_timeline_tells_how_things_came_to_be(run: Run, life: dict[str, str]) -> None:
    for words in ((life["rome"],), ("lives", "Rome"), ()):
        path = run("timeline", *words, "--json").data[0]
        assert [(step["id"], step["relation"]) for step in path] == [(life["rome"], None), (life["oslo"], "Changed")]
    shown = run("timeline", life["oslo"]).out
    assert "→ Changed" in shown
    assert "until 2026-03-02" in shown
    assert run("timeline", life["dog"]).code == 1
    assert run("timeline", "quokka").code == 1


def test_stats_count_and_draw(run: Run, life: dict[str, str]) -> None:
    data = run("stats", "--json").data
    assert data["status"] == {"active": 5, "superseded": 1}
    assert data["kind"] == {"fact": 4, "event": 1}
    assert data["month"]["2025-12"] == {"facts": 0, "events": 1, "ended": 0}
    assert data["operation"]["INSERT"] == 5
    drawn = run("stats").out
    assert "█" in drawn
    assert "5 current memories" in drawn


def test_reading_works_while_the_app_is_open_and_writing_says_why_not(run: Run, life: dict[str, str], paths: Paths) -> None:
    app = _open(paths)
    try:
        for reading in ("list", "show m1", "search tea", "history", "timeline", "stats"):
            assert run(*reading.split()).code == 0
        for writing in ("forget m1", "add jam", "undo", "purge m1 --yes", "pin m1"):
            refused = run(*writing.split())
            assert refused.code == 1
            assert "Another chatmem" in refused.err
            assert "Traceback" not in refused.err
    finally:
        app.close()


def test_an_empty_folder_is_no_error(run: Run) -> None:
    assert run("list", "--json").data == []
    assert "Nothing is remembered yet." in run("list").err
    assert run("history").code == 0
    assert run("stats").code == 0
    assert run("undo").code == 1


# ---------------------------------------------------------------------- changing


def test_add_remembers_and_knows_what_it_knew(run: Run, paths: Paths) -> None:
    added = run("add", "my sister is called Marta")
    assert added.code == 0
    assert "Remembered: m1" in added.err
    assert "Known already: m1" in run("add", "my sister is called Marta").err
    assert "Marta" in run("list").out
    secret = run("add", "my password is hunter2xyz")
    assert secret.code == 1
    assert "never kept" in secret.err
    assert run("add", "  ").code == 1


def test_edit_changes_what_is_given_and_keeps_the_rest(run: Run, life: dict[str, str]) -> None:
    edited = run("edit", life["tea"], "--text", "The user drinks coffee.", "--importance", "9", "--start", "2026-01-02", "--json")
    row = edited.data["memories"][0]
    assert (row["text"], row["importance"], row["event_start"], row["subject"], row["version"]) == (
        "The user drinks coffee.",
        9,
        "2026-01-02",
        "user",
        2,
    )
    assert run("edit", life["tea"], "--start", "none", "--json").data["memories"][0]["event_start"] is None
    assert run("search", "coffee").code == 0
    assert "Nothing was changed" in run("edit", life["tea"], "--importance", "9").err
    for wrong, code in ((("--importance", "11"), 2), (("--start", "tomorrow"), 2), ((), 2), (("--end", "2026-01-01"), 1), (("--text", " "), 1)):
        assert run("edit", life["tea"], *wrong).code == code
    assert run("show", life["tea"], "--json").data["text"] == "The user drinks coffee."


def test_forget_by_id_and_restore(run: Run, life: dict[str, str], paths: Paths) -> None:
    assert [row["status"] for row in run("forget", life["tea"], life["dog"], "--json").data["memories"]] == ["archived", "archived"]
    assert not paths.index.exists(), "the index follows at the next start"
    again = run("forget", life["tea"])
    assert again.code == 1
    assert "out of recall already" in again.err
    assert run("forget", life["oslo"], "m99").code == 1
    assert run("show", life["oslo"], "--json").data["status"] == "active", "all or none"
    assert run("restore", life["tea"], life["dog"], life["rome"]).code == 0
    assert run("show", life["rome"], "--json").data["status"] == "active"
    assert run("restore", life["tea"]).code == 1


def test_forget_by_words_shows_what_would_go_and_asks(run: Run, life: dict[str, str]) -> None:
    cancelled = run("forget", "beagle", answer="n\n")
    assert cancelled.code == 130
    assert "Biscuit" in cancelled.err
    assert run("forget", "beagle").code == 130, "no answer is no"
    assert run("show", life["dog"], "--json").data["status"] == "active"
    assert run("forget", "beagle", answer="y\n").code == 0
    assert run("show", life["dog"], "--json").data["status"] == "archived"
    assert run("forget", "drinks", "tea", "--yes").code == 0
    nothing = run("forget", "quokka", "--yes")
    assert nothing.code == 1
    assert "quokka" in nothing.err


def test_purge_leaves_the_words_in_no_file(run: Run, life: dict[str, str], paths: Paths) -> None:
    (paths.index / "current.json").write_text("{}")
    assert run("purge", life["dog"], answer="n\n").code == 130
    purged = run("purge", life["dog"], answer="y\n")
    assert purged.code == 0
    assert "none left" in purged.err
    assert not paths.index.exists()
    assert run("show", life["dog"]).code == 1
    assert b"beagle is called" not in b"".join(path.read_bytes() for path in paths.home.rglob("*") if path.is_file())
    said = run("purge", "lives", "--words", "--yes", "--json").data
    assert (sorted(said["purged"]), said["turns"], said["still_in"]) == ([life["rome"], life["oslo"]], ["s1_1", "s1_2"], [])
    assert b"Biscuit sleeps" not in paths.database.read_bytes()
    assert run("purge", life["rome"], "--yes").code == 1


def test_merge_and_split(run: Run, life: dict[str, str]) -> None:
    merged = run("merge", life["tea"], life["dog"], "--text", "The user has tea and a beagle.", "--json").data["memories"][0]
    assert run("show", life["tea"], "--json").data["status"] == "merged"
    assert {turn["id"] for turn in run("show", merged["id"], "--json").data["sources"]} == {"s1_1", "s1_2"}
    parts = run("split", merged["id"], "The user has tea.", "The user has a beagle.", "--json").data["memories"]
    assert [part["text"] for part in parts] == ["The user has tea.", "The user has a beagle."]
    assert run("merge", life["oslo"], "--text", "x").code == 1
    assert run("merge", life["oslo"], life["odd"]).code == 2
    assert run("split", life["oslo"], "only one").code == 1


UNLINKED = "Links to other memories stay as they are"


def _links(run: Run, id_: str) -> set[tuple[str, str, str]]:
    return {(one["src"], one["relation"], one["dst"]) for one in run("show", id_, "--json").data["links"] if one["relation"] != "MergedInto"}


def test_words_by_hand_are_linked_anew_in_the_same_operation(run: Run, paths: Paths, word_counter: type[WordCounter]) -> None:
    def add(text: str) -> str:
        return str(run("add", text, "--json").data["memories"][0]["id"])

    violin, puppy, bow = add("I bought a violin"), add("I adopted the puppy Rex"), add("I bought a bow because of the violin")
    before = _links(run, bow)
    assert (violin, "Cause", bow) in before, "what was added before while the app was closed is found too"
    log = len(run("history", "--json").data)
    edited = run("edit", bow, "--text", "The user bought a lead because of the puppy Rex.")
    assert UNLINKED not in edited.err
    after = _links(run, bow)
    assert (puppy, "Cause", bow) in after
    assert (violin, "Cause", bow) not in after
    assert len(run("history", "--json").data) == log + 1
    assert run("undo").code == 0
    assert _links(run, bow) == before

    used = word_counter.closed
    run("edit", bow, "--importance", "9")
    run("edit", bow, "--text", "The user bought a bow because of the violin.")
    run("add", "I bought a violin")
    assert word_counter.closed == used, "nothing is loaded when no words are new"
    assert _links(run, bow) == before

    parts = [
        part["id"] for part in run("split", bow, "The user bought rosin because of the violin.", "The user likes rain.", "--json").data["memories"]
    ]
    assert word_counter.closed == used + 1
    assert (violin, "Cause", parts[0]) in _links(run, parts[0])
    assert not any("Cause" in link for link in _links(run, parts[1]))
    run("undo")
    assert _links(run, bow) == before
    assert not any(link for link in _links(run, violin) if set(link) & {*parts})


@pytest.mark.parametrize("embedder", ["away", "broken"])
def test_without_the_embedder_the_links_stay_and_it_is_said(
    run: Run, life: dict[str, str], embedder: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if embedder == "broken":
        monkeypatch.setattr(request.getfixturevalue("word_counter"), "broken", True)
    before = _links(run, life["tea"])
    assert before
    for words in (("edit", life["tea"], "--text", "The user drinks coffee."), ("add", "I bought a violin"), ("split", life["dog"], "One.", "Two.")):
        done = run(*words)
        assert done.code == 0
        assert UNLINKED in done.err
    assert _links(run, life["tea"]) == before


@pytest.mark.model
def test_the_real_embedder_links_what_is_edited(run: Run, paths: Paths, embed_model: Path) -> None:
    lend(paths, embed_model)
    run("add", "I adopted a puppy called Rex")
    run("add", "I bought a violin")
    edited = run("edit", "m2", "--text", "The user bought a lead because of the puppy Rex.")
    assert UNLINKED not in edited.err
    assert ("m1", "Cause", "m2") in _links(run, "m2")
    run("undo")
    assert ("m1", "Cause", "m2") not in _links(run, "m2")


def test_pin_and_unpin(run: Run, life: dict[str, str]) -> None:
    assert run("pin", life["tea"]).code == 0
    assert [row["id"] for row in run("list", "--pinned", "--json").data] == [life["tea"]]
    assert run("unpin", life["tea"], "--json").data["memories"][0]["pinned"] is False
    assert run("pin", life["rome"]).code == 1


def test_undo_takes_back_and_does_again(run: Run, life: dict[str, str]) -> None:
    run("forget", life["tea"])
    number = run("history", "--json").data[0]["id"]
    undone = run("undo")
    assert undone.code == 0
    assert "forgot" in undone.err
    assert run("show", life["tea"], "--json").data["status"] == "active"
    assert run("undo", str(number)).code == 1
    assert f"undone by {number + 1}" in run("history").out
    assert run("undo", str(number + 1), "--json").data["operations"][0]["op"] == "UNDO"
    assert run("show", life["tea"], "--json").data["status"] == "archived"
    assert run("undo", "9999").code == 1
    assert run("undo", "seven").code == 2


def test_history_of_one_memory(run: Run, life: dict[str, str]) -> None:
    assert [entry["op"] for entry in run("history", life["rome"], "--json").data] == ["REPLACE", "INSERT"]
    assert run("history", "m99").code == 1
    assert len(run("history", "--limit", "2", "--json").data) == 2


# ---------------------------------------------------------------------- completion


def _completed(*words: str) -> list[str]:
    complete = ShellComplete(cli, {}, "chatmem", "_CHATMEM_COMPLETE")
    return [item.value for item in complete.get_completions(["memory", *words[:-1]], words[-1])]


def test_ids_and_commands_are_completed(life: dict[str, str]) -> None:
    assert "forget" in _completed("for")
    assert set(_completed("forget", "m")) == {life[name] for name in ("dog", "oslo", "tea", "odd", "moved")}
    assert _completed("restore", "") == [life["rome"]]
    assert _completed("show", life["rome"]) == [life["rome"]]
    assert _completed("undo", "") == [str(number) for number in range(7, 0, -1)]


def test_completion_makes_no_database(paths: Paths) -> None:
    assert _completed("forget", "m") == []
    assert not paths.database.exists()
