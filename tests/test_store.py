"""The store: durable turns, branches, search, the lock, and deletion that leaves nothing behind."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatmem.config import Paths
from chatmem.errors import NotFound, StoreDamaged, StoreError, StoreLocked, StoreTooNew
from chatmem.memory import operations
from chatmem.store import Store
from chatmem.store.conversations import asked_words, match_expression
from chatmem.types import Candidate, Recall
from tests.conftest import Ticking


def test_turns_come_back_in_order_with_their_text(store: Store) -> None:
    session = store.new_session("first")
    one = store.add_turn(session.id, "user", "Hello 👋 [bold]x[/] \x1b[31m", None)
    two = store.add_turn(session.id, "assistant", "Hi!", one.id, state="cut")
    assert store.turns(session.id) == [one, two]
    assert store.turn(two.id).state == "cut"
    assert [item.id for item in store.sessions()] == [session.id]


def test_editing_makes_a_branch_and_keeps_the_old_one(store: Store) -> None:
    session = store.new_session()
    one = store.add_turn(session.id, "user", "I live in Rome", None)
    store.add_turn(session.id, "assistant", "Nice", one.id)
    other = store.add_turn(session.id, "user", "I live in Oslo", None)
    assert store.turns(session.id) == [other]
    assert [turn.content for turn in store.turns(session.id, "s1_2")] == ["I live in Rome", "Nice"]


def test_bm25_finds_by_stem_and_by_the_previous_turn(store: Store) -> None:
    session = store.new_session()
    one = store.add_turn(session.id, "user", "I adopted a beagle called Biscuit", None)
    store.add_turn(session.id, "assistant", "What a lovely name!", one.id)
    store.add_turn(store.new_session().id, "user", "The weather is dull", None)
    assert [id_ for id_, _ in store.bm25("which beagles did I adopt?", "text", 5)] == [one.id]
    assert {id_ for id_, _ in store.bm25("beagle", "window", 5)} == {one.id, "s1_2"}
    assert [id_ for id_, _ in store.bm25("beagle", "session", 5)] == [session.id]


@given(st.text(max_size=200))
def test_any_text_makes_a_valid_query_or_no_words(text: str) -> None:
    words = asked_words(text)
    if words:
        database = sqlite3.connect(":memory:")
        database.execute("CREATE VIRTUAL TABLE f USING fts5 (x)")
        database.execute("SELECT * FROM f WHERE f MATCH ?", [match_expression(words)]).fetchall()
        database.close()


def test_search_as_you_type_matches_unfinished_words(store: Store) -> None:
    session = store.new_session()
    store.add_turn(session.id, "user", "my allergy to cashews", None)
    assert [turn.id for turn, _ in store.search_turns("allergy cash")] == ["s1_1"]
    assert store.search_turns('"*(') == []


def test_files_are_their_owners_alone(store: Store, paths: Paths) -> None:
    store.add_turn(store.new_session().id, "user", "x", None)
    for path in paths.home.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_second_instance_is_told_politely(store: Store, paths: Paths, clock: Ticking) -> None:
    with pytest.raises(StoreLocked, match="Another chatmem") as caught:
        Store.open(paths, "default", clock)
    assert "CHATMEM_HOME" in caught.value.hint


def test_a_newer_database_is_refused_and_left_alone(store: Store, paths: Paths, clock: Ticking) -> None:
    store.close()
    with sqlite3.connect(paths.database) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreTooNew):
        Store.open(paths, "default", clock)
    with sqlite3.connect(paths.database) as database:
        database.execute("PRAGMA user_version = 1")
    Store.open(paths, "default", clock).close()


def test_a_file_that_is_no_database_is_a_clear_error(paths: Paths, clock: Ticking) -> None:
    paths.make().database.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreDamaged, match="cannot be read"):
        Store.open(paths, "default", clock)
    paths.database.unlink()
    Store.open(paths, "default", clock).close()  # the lock was given back


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    session = store.new_session()

    def fail() -> None:
        with store.transaction():
            store.add_turn(session.id, "user", "half", None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.turns(session.id) == []
    store.new_session()  # nothing of it is written by the next one
    assert store.words_out_of_step() == []
    assert store.bm25("half", "text", 5) == store.bm25("half", "session", 5) == []


def test_what_happens_to_a_session_in_one_transaction_is_what_it_is_found_by(store: Store) -> None:
    with store.transaction():
        kept, gone = store.new_session().id, store.new_session().id
        first = store.add_turn(kept, "user", "beagle", None)
        answer = store.add_turn(kept, "assistant", "walks", first.id)
        erased = store.add_turn(kept, "user", "secret", answer.id)
        store.erase_round(erased.id)
        store.add_turn(kept, "user", "lisbon", answer.id)
        store.add_turn(gone, "user", "porto", None)
        store.delete_session(gone)
    assert store.words_out_of_step() == []
    assert [store.bm25(word, "session", 5) != [] for word in ("beagle", "walks", "lisbon", "secret", "porto")] == [True, True, True, False, False]
    store.erase_round(first.id)
    assert store.words_out_of_step() == []


def test_profiles_do_not_see_each_other(store: Store, paths: Paths, clock: Ticking) -> None:
    store.add_turn(store.new_session().id, "user", "beagle", None)
    store.close()
    other = Store.open(paths, "work", clock)
    assert other.sessions() == []
    assert other.bm25("beagle", "text", 5) == []
    assert other.turns_to_learn() == []
    other.close()


def _remember(store: Store, text: str, turn_id: str) -> str:
    memory, _ = operations.insert(store, Candidate(kind="fact", text=text, span=text), [turn_id])
    return memory.id


def test_the_same_fact_again_is_one_memory_with_two_sources(store: Store) -> None:
    session = store.new_session()
    one = store.add_turn(session.id, "user", "I love tea", None)
    two = store.add_turn(session.id, "user", "I love tea!", one.id)
    first = _remember(store, "The user loves tea.", one.id)
    assert _remember(store, "the user loves  tea", two.id) == first
    assert _remember(store, "the user loves tea", two.id) == first
    assert [turn.id for turn in store.sources(first)] == [one.id, two.id]
    assert store.memory(first).strength == 2
    assert [entry.op for entry in store.operations(first)] == ["PASS", "INSERT"]


def test_forget_and_restore_change_what_is_current(store: Store) -> None:
    turn = store.add_turn(store.new_session().id, "user", "I love tea", None)
    memory = _remember(store, "The user loves tea.", turn.id)
    store.put_vectors("memories", "e", [memory], np.ones((1, 4), np.float32))
    assert len(operations.forget(store, [memory])) == 1
    assert store.memories() == []
    assert store.vector_ids("memories", "e") == []
    assert store.bm25("tea", "memory", 5) == []
    assert operations.forget(store, [memory]) == []
    assert len(operations.restore(store, [memory])) == 1
    assert store.vector_ids("memories", "e") == [memory]


def test_purge_leaves_no_word_in_any_file(store: Store, paths: Paths) -> None:
    turn = store.add_turn(store.new_session().id, "user", "hello", None)
    memory = _remember(store, "The user hides a zanzibarquokka.", turn.id)
    operations.reinforce(store, [memory])
    assert operations.purge(store, [memory]) == 1
    with pytest.raises(NotFound):
        store.memory(memory)
    store.close()
    assert not [path for path in paths.home.rglob("*") if path.is_file() and b"zanzibarquokka" in path.read_bytes().lower()]


@pytest.mark.parametrize("memories", [True, False])
def test_deleting_a_session_erases_its_words_and_asks_about_memories(store: Store, paths: Paths, memories: bool) -> None:
    session = store.new_session("about quokkas")
    turn = store.add_turn(session.id, "user", "my zanzibarquokka sleeps", None)
    reply = store.add_turn(session.id, "assistant", "It does", turn.id)
    memory = _remember(store, "The user has an animal.", turn.id)
    recall = store.add_recall(Recall(question="q", state="possible", items=[store.recall_item("memory", memory, 0.5, {})]), turn.id)
    store.set_recall_reply(recall.id, reply.id)
    store.add_summary("session", session.id, "zanzibarquokka")
    store.mark_learned(turn)
    assert operations.delete_session(store, session.id, memories=memories) == int(memories)
    assert [item.text for item in store.memories()] == ([] if memories else ["The user has an animal."])
    after = store.add_turn(store.new_session().id, "user", "new", None)
    assert store.turns_to_learn() == [after]
    store.close()
    assert not [path for path in paths.home.rglob("*") if path.is_file() and b"zanzibarquokka" in path.read_bytes()]


def test_a_recall_is_kept_with_its_scores(store: Store) -> None:
    turn = store.add_turn(store.new_session().id, "user", "my dog is a beagle", None)
    reply = store.add_turn(turn.session_id, "assistant", "Yes", turn.id)
    item = store.recall_item("round", turn.id, 0.7, {"cosine": 0.6}, shown=True)
    kept = store.add_recall(Recall(question="dog?", state="confident", items=[item]), turn.id)
    store.set_recall_reply(kept.id, reply.id)
    again = store.recall_of(reply.id)
    assert again is not None
    assert again.shown == [item]
    assert again.state == "confident"


def test_vectors_come_back_as_stored(store: Store) -> None:
    session = store.new_session()
    ids = [store.add_turn(session.id, "user", str(i), None).id for i in range(3)]
    matrix = np.eye(3, 4, dtype=np.float32)
    store.put_vectors("rounds", "e", ids, matrix)
    got, back = store.vectors("rounds", "e")
    assert got == ids
    assert np.array_equal(back, matrix)
    assert store.without_vector("rounds", "e") == []
    assert store.without_vector("rounds", "other") == ids


def test_a_turn_survives_sigkill_right_after_it_was_stored(paths: Paths) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from datetime import UTC, datetime
        from pathlib import Path
        from chatmem.config import Paths
        from chatmem.store import Store
        store = Store.open(Paths(Path(sys.argv[1])), "default", lambda: datetime(2026, 1, 1, tzinfo=UTC))
        store.add_turn(store.new_session().id, "user", "remember the lighthouse", None)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = subprocess.run([sys.executable, "-c", script, str(paths.home)], check=False, cwd=Path(__file__).parent.parent)
    assert done.returncode == -9
    store = Store.open(paths, "default", Ticking())
    assert [turn.content for turn in store.turns("s1")] == ["remember the lighthouse"]
    store.close()


def test_a_full_disk_is_a_clear_error_and_loses_nothing(paths: Paths) -> None:
    script = textwrap.dedent(
        """
        import resource, signal, sys
        from datetime import UTC, datetime
        from pathlib import Path
        from chatmem.config import Paths
        from chatmem.errors import StoreError
        from chatmem.store import Store
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        store = Store.open(Paths(Path(sys.argv[1])), "default", lambda: datetime(2026, 1, 1, tzinfo=UTC))
        session = store.new_session()
        store.add_turn(session.id, "user", "before", None)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        stored = 1
        try:
            while True:
                store.add_turn(session.id, "user", "x" * 50_000, None)
                stored += 1
        except StoreError as error:
            print(stored, error.message, error.hint, sep="|")
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(paths.home)], check=True, cwd=Path(__file__).parent.parent, capture_output=True, text=True
    )
    stored, message, hint = done.stdout.strip().split("|")
    assert "could not be written" in message
    assert "disk space" in hint
    store = Store.open(paths, "default", Ticking())
    assert len(store._rows("SELECT id FROM turn")) == int(stored)
    assert store.turns("s1", "s1_1")[0].content == "before"
    store.close()


def test_one_may_look_while_the_app_is_open(store: Store, paths: Paths) -> None:
    store.add_turn(store.new_session().id, "user", "I live in Oslo", None)
    looking = Store.open(paths, "default", Ticking(), read_only=True)
    assert [turn.content for turn in looking.turns("s1")] == ["I live in Oslo"]
    with pytest.raises(StoreError):
        looking.new_session()
    looking.close()


def test_a_store_opened_in_one_thread_and_closed_in_another_gives_its_lock_back(paths: Paths) -> None:
    opened: list[Store] = []
    thread = threading.Thread(target=lambda: opened.append(Store.open(paths, "default", Ticking())))
    thread.start()
    thread.join()
    opened[0].close()
    Store.open(paths, "default", Ticking()).close()
