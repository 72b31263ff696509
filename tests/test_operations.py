"""Operations on memory, over random sequences of them: whatever happens, the invariants of memory hold.

The machine works on a real database with two profiles. Every word is made up and used once, so that what must be gone
after a purge can be looked for.
"""

from __future__ import annotations

import sqlite3
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chatmem.config import Paths
from chatmem.errors import ChatmemError, NotFound
from chatmem.memory import operations
from chatmem.store import Store
from chatmem.types import Candidate, Link, Memory, Recall, RecallItem, Turn
from tests.conftest import Ticking

Dump = dict[str, list[tuple[Any, ...]]]
MEMORY_DISK = Path("/dev/shm")  # every operation waits for the disk: thousands of them would take minutes
KEYS = {"memory": "id", "memory_source": "memory_id, turn_id", "link": "src, dst, relation"}


def dump(path: Path) -> Dump:
    """Every row that operations write, in the order of its key."""
    database = sqlite3.connect(path)
    try:
        return {table: database.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall() for table, key in KEYS.items()}
    finally:
        database.close()


def everything(path: Path) -> str:
    """Every value of every table, full-text ones included."""
    database = sqlite3.connect(path)
    try:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return "\n".join(str(row) for table in tables for row in database.execute(f'SELECT * FROM "{table}"'))
    finally:
        database.close()


class Life(RuleBasedStateMachine):
    """A store, and what was done to it."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None)
        self.paths = Paths(Path(self.folder.name)).make()
        self.clock = Ticking()
        self.store = Store.open(self.paths, "work", self.clock)
        self.words = 0
        self.said: dict[str, Turn] = {}
        self.spoken: dict[str, str] = {}  # words of a turn
        self.written: dict[str, set[str]] = {}  # words that a memory ever had, apart from those of its turns
        self.gone: set[str] = set()
        self.seen: set[str] = set()
        self.taught: list[tuple[Candidate, str]] = []
        self.last: Dump | None = None  # the rows before the last operation, when it can be undone
        turn = self.store.add_turn(self.store.new_session("theirs").id, "user", "quokka", None)
        kept, _ = operations.insert(self.store, Candidate(kind="fact", text="The user keeps a quokka.", span="quokka"), [turn.id])
        operations.edit(self.store, kept.id, importance=7)
        self.theirs = kept.id
        self.their_operation = self.store.operations()[0].id
        self.store.profile = "default"
        self.other = self._of("work")

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        if not self.gone:
            self._undo_everything()
        self.store.close()
        self.folder.cleanup()

    def _undo_everything(self) -> None:
        while (last := operations.last_undoable(self.store)) is not None:
            operations.undo(self.store, last.id)
        if not any(op.before is None for op in self.store.operations(limit=10_000)):
            assert self.store.memories(None) == []
            assert self.store.links() == []

    # ------------------------------------------------------------------ help

    def _of(self, profile: str) -> list[tuple[Any, ...]]:
        return [row for row in dump(self.paths.database)["memory"] if profile in row]

    def _word(self) -> str:
        self.words += 1
        return f"zq{self.words}k"

    def _pick(self, data: st.DataObject, *statuses: str, least: int = 1) -> list[Memory]:
        memories = [memory for memory in self.store.memories(None) if memory.status in (statuses or ("active",))]
        return data.draw(st.lists(st.sampled_from(memories), min_size=least, max_size=3, unique_by=lambda memory: memory.id), "memories")

    def _has(self, *statuses: str, least: int = 1) -> bool:
        return hasattr(self, "store") and sum(memory.status in (statuses or ("active",)) for memory in self.store.memories(None)) >= least

    def _candidate(self, span: str) -> Candidate:
        word, keyword = self._word(), self._word()
        return Candidate(kind="fact", text=f"The user has {word}.", span=span, keywords=[keyword])

    def _remember_words(self, memory: Memory) -> None:
        words = {word.strip(".") for word in memory.text.split()} | set(memory.keywords) | set(memory.span.split())
        taken = {*self.spoken.values()}.union(*(found for id_, found in self.written.items() if id_ != memory.id))  # merged from, or split
        self.written.setdefault(memory.id, set()).update(word for word in words - taken if word.startswith("zq"))

    def _do(self, work: Any) -> Any:
        """Do something, and remember the rows before it if an undo must bring them back."""
        before, top = dump(self.paths.database), self.store.last_change()
        try:
            done = work()
        finally:
            new = [op for op in self.store.operations(limit=50) if op.id > top]
            self.last = before if len(new) == 1 and new[0].before is not None else None
            for memory in self.store.memories(None):
                self._remember_words(memory)
        return done

    # ------------------------------------------------------------------ what is said and learnt

    @rule(new=st.booleans(), earlier=st.booleans())
    def say(self, new: bool, earlier: bool) -> None:
        sessions = self.store.sessions()
        session = self.store.new_session("mine") if new or not sessions else sessions[0]
        word = self._word()
        if earlier:  # an old conversation is imported after newer ones
            self.clock.advance(days=-30)
        turn = self.store.add_turn(session.id, "user", f"I said {word}", session.head)
        if earlier:
            self.clock.advance(days=30)
        self.said[turn.id], self.spoken[turn.id] = turn, word

    @precondition(lambda self: hasattr(self, "store") and self.said)
    @rule(data=st.data(), pinned=st.booleans())
    def insert(self, data: st.DataObject, pinned: bool) -> None:
        turn = self.said[data.draw(st.sampled_from(sorted(self.said)), "turn")]
        candidate = self._candidate(self.spoken[turn.id])
        memory, _ = self._do(lambda: operations.insert(self.store, candidate, [turn.id], at=turn.created_at))
        self.taught.append((candidate, turn.id))
        if pinned:
            self._do(lambda: operations.pin(self.store, [memory.id]))

    @rule()
    def write_down(self) -> None:
        candidate = self._candidate(self._word())
        self._do(lambda: operations.insert(self.store, candidate, [], "user"))

    @precondition(lambda self: self._has() and self.said)
    @rule(data=st.data())
    def say_again(self, data: st.DataObject) -> None:
        memory = self._pick(data)[0]
        turn = data.draw(st.sampled_from(sorted(self.said)), "turn")
        self._do(lambda: operations.reaffirm(self.store, memory.id, [turn]))

    @precondition(lambda self: self._has() and self.said)
    @rule(data=st.data(), ends=st.booleans(), old_turn=st.booleans())
    def replace(self, data: st.DataObject, ends: bool, old_turn: bool) -> None:
        old = self._pick(data)[0]
        turn = self.said[data.draw(st.sampled_from(sorted(self.said)), "turn")]
        candidate = self._candidate(self.spoken[turn.id])
        memory = operations.new_memory(self.store, candidate, at=turn.created_at if old_turn else None)
        if old.pinned:
            with pytest.raises(ChatmemError, match="pinned"):
                operations.replace(self.store, old.id, memory, [turn.id], ends=ends)
            return
        self._do(lambda: operations.replace(self.store, old.id, memory, [turn.id], ends=ends))
        self.taught.append((candidate, turn.id))
        assert self.store.memory(old.id).status == ("superseded" if operations.order(old) < operations.order(memory) else "active")

    @precondition(lambda self: self._has("active", "superseded", "archived", "merged", least=2))
    @rule(data=st.data(), relation=st.sampled_from(["Cause", "SameTopic", "Want"]))
    def link(self, data: st.DataObject, relation: Any) -> None:
        first, second = self._pick(data, "active", "superseded", "archived", "merged", least=2)[:2]
        made = Link(src=first.id, dst=second.id, relation=relation, weight=0.5, created_at=self.clock())
        if operations.order(first) > operations.order(second):
            with pytest.raises(ChatmemError, match="earlier"):
                operations.link(self.store, [made])
        else:
            self._do(lambda: operations.link(self.store, [made]))

    @precondition(lambda self: self._has())
    @rule(data=st.data())
    def reinforce(self, data: st.DataObject) -> None:
        self._do(lambda: operations.reinforce(self.store, [memory.id for memory in self._pick(data)]))

    # ------------------------------------------------------------------ what the user and the jobs do

    @precondition(lambda self: self._has(least=2))
    @rule(data=st.data(), by_job=st.booleans())
    def merge(self, data: st.DataObject, by_job: bool) -> None:
        members = self._pick(data, least=2)
        ids, text = [memory.id for memory in members], f"The user has both {self._word()}."
        if by_job and any(memory.pinned for memory in members):
            with pytest.raises(ChatmemError, match="pinned"):
                operations.merge(self.store, ids, text, "job")
            return
        merged, _ = self._do(lambda: operations.merge(self.store, ids, text, "job" if by_job else "user"))
        sources = self.store.source_ids([*ids, merged.id])
        assert sources[merged.id] == sorted({turn for id_ in ids for turn in sources[id_]})

    @precondition(lambda self: self._has())
    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        whole = self._pick(data)[0]
        self._do(lambda: operations.split(self.store, whole.id, [f"One is {self._word()}.", f"Two is {self._word()}."]))

    @precondition(lambda self: self._has())
    @rule(data=st.data(), by_job=st.booleans())
    def forget(self, data: st.DataObject, by_job: bool) -> None:
        chosen = self._pick(data)
        self._do(lambda: operations.forget(self.store, [memory.id for memory in chosen], "job" if by_job else "user"))
        for memory in chosen:
            assert self.store.memory(memory.id).status == ("active" if by_job and memory.pinned else "archived")

    @precondition(lambda self: self._has("superseded", "archived", "merged"))
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        chosen = self._pick(data, "superseded", "archived", "merged")
        self._do(lambda: operations.restore(self.store, [memory.id for memory in chosen]))
        assert {memory.id for memory in chosen} <= {memory.id for memory in self.store.memories()}

    @precondition(lambda self: self._has("active", "superseded", "archived", "merged"))
    @rule(data=st.data(), what=st.sampled_from(["text", "importance", "event_start", "kind"]))
    def edit(self, data: st.DataObject, what: str) -> None:
        memory = self._pick(data, "active", "superseded", "archived", "merged")[0]
        self._summarise()
        new = {"text": f"The user has {self._word()}.", "importance": 11 - memory.importance, "event_start": date(2026, 1, 2), "kind": "event"}
        self._do(lambda: operations.edit(self.store, memory.id, **{what: new[what]}))

    @precondition(lambda self: self._has())
    @rule(data=st.data(), pinned=st.booleans())
    def pin(self, data: st.DataObject, pinned: bool) -> None:
        self._do(lambda: operations.pin(self.store, [memory.id for memory in self._pick(data)], pinned))

    def _summarise(self) -> None:
        self.store.add_summary("running", None, "\n".join(memory.text for memory in self.store.memories()))
        for session in self.store.sessions()[:1]:
            self.store.add_summary("session", session.id, "\n".join(turn.content for turn in self.store.turns(session.id)))

    # ------------------------------------------------------------------ erasing

    @precondition(lambda self: self._has("active", "superseded", "archived", "merged"))
    @rule(data=st.data(), words=st.booleans(), undone=st.booleans())
    def purge(self, data: st.DataObject, words: bool, undone: bool) -> None:
        away = sorted(self.written.keys() - {memory.id for memory in self.store.memories(None)} - self.seen)
        chosen = away[:1] if undone and away else [memory.id for memory in self._pick(data, "active", "superseded", "archived", "merged")]
        reached = operations.reach(self.store, chosen)  # what was merged with a chosen one goes too, and what was said of it
        turns = {turn.id for turn in reached.turns} if words else set()
        assert not words or {turn for sources in self.store.source_ids(chosen).values() for turn in sources} & self.said.keys() <= turns
        operations.purge(self.store, chosen, words=words)
        self._forget_words(chosen, turns)
        assert self.store.memories(None, chosen) == []

    @precondition(lambda self: hasattr(self, "store") and self.store.sessions())
    @rule(data=st.data(), memories=st.booleans())
    def delete_session(self, data: st.DataObject, memories: bool) -> None:
        session = data.draw(st.sampled_from(self.store.sessions()), "session").id
        only = self.store.memories_only_from(session)
        operations.delete_session(self.store, session, memories=memories)
        turns = {turn for turn in self.said if turn.startswith(f"{session}_")}
        self._forget_words(only if memories else [], turns)
        assert session not in {found.id for found in self.store.sessions()}
        left = {memory.id for memory in self.store.memories(None)}
        assert not {*only} & left if memories else {*only} <= left

    def _forget_words(self, memories: list[str], turns: set[str]) -> None:
        self.seen |= {*memories}
        for id_ in memories:
            self.gone |= self.written.pop(id_, set())
        for turn in turns & self.said.keys():
            self.gone.add(self.spoken.pop(turn))
            del self.said[turn]
        self.taught = [(candidate, turn) for candidate, turn in self.taught if turn in self.said]
        self.last = None
        left = everything(self.paths.database)
        assert not [word for word in self.gone if word in left]
        raw = self.paths.database.read_bytes() + (wal.read_bytes() if (wal := Path(f"{self.paths.database}-wal")).exists() else b"")
        assert not [word for word in self.gone if f"{word}".encode() in raw]

    # ------------------------------------------------------------------ taking back

    @rule(by_redo=st.booleans())
    def undo(self, by_redo: bool) -> None:
        before, last = self.last, operations.last_undoable(self.store)
        if last is None:
            with pytest.raises(NotFound):
                operations.undo(self.store)
            return
        is_newest = self.store.operations(limit=1)[0].id == last.id
        now, uses = dump(self.paths.database), {memory.id: memory.access_count for memory in self.store.memories(None)}
        entry = self._do(lambda: operations.undo(self.store))
        after = dump(self.paths.database)
        if before is not None and is_newest:
            assert after == before
        for memory in self.store.memories(None):  # using a memory is not taken back with what else was done to it
            assert memory.access_count == uses.get(memory.id, memory.access_count)
        again = self._do(lambda: operations.undo(self.store, entry.id))
        assert dump(self.paths.database) == now
        self._do(lambda: operations.undo(self.store, again.id if by_redo else last.id))
        assert dump(self.paths.database) == after

    @rule(data=st.data())
    def undo_any(self, data: st.DataObject) -> None:
        log = self.store.operations(limit=20)
        if not log:
            return
        chosen = data.draw(st.sampled_from(log), "operation")
        before = dump(self.paths.database)
        try:
            self._do(lambda: operations.undo(self.store, chosen.id))
        except operations.CannotUndo:
            assert dump(self.paths.database) == before

    # ------------------------------------------------------------------ what always holds

    @invariant()
    def turns_never_change(self) -> None:
        for turn in getattr(self, "said", {}).values():
            assert self.store.turn(turn.id) == turn

    @invariant()
    def the_same_session_again_changes_nothing(self) -> None:
        if not getattr(self, "taught", []):
            return
        stored = {memory.id for memory in self.store.memories(None)}
        log = {op.memory_id: op for op in reversed(self.store.operations(limit=10_000)) if op.op in ("INSERT", "REPLACE", "END")}
        before, last = dump(self.paths.database), self.store.last_change()
        for candidate, turn in self.taught[-5:]:
            origin = next((id_ for id_, op in log.items() if op.after and (row := op.after.memories.get(id_)) and row.text == candidate.text), None)
            if origin in stored:  # one that was undone may be learnt again, and the log of what was merged with purged words is empty
                operations.insert(self.store, candidate, [turn])
        assert dump(self.paths.database) == before
        assert self.store.last_change() == last

    @invariant()
    def memories_have_sources_and_words(self) -> None:
        if not hasattr(self, "store"):
            return
        memories = self.store.memories(None)
        sources = self.store.source_ids([memory.id for memory in memories])
        for memory in memories:
            assert memory.origin == "user" or sources[memory.id], memory
        current = {memory.id for memory in memories if memory.status == "active"}
        for memory in memories:
            word = memory.text.rstrip(".").split()[-1]
            assert [id_ for id_, _ in self.store.bm25(word, "memory", 5)] == ([memory.id] if memory.id in current else []), memory
        database = sqlite3.connect(self.paths.database)
        try:
            rows = database.execute("SELECT id, text FROM memory ORDER BY id").fetchall()
            assert rows == database.execute("SELECT id, text FROM memory_fts ORDER BY id").fetchall()
        finally:
            database.close()

    @invariant()
    def chains_and_links_hold(self) -> None:
        if not hasattr(self, "store"):
            return
        memories = {memory.id: memory for memory in self.store.memories(None)}
        links = self.store.links()
        following: dict[str, list[str]] = {}
        for one in links:
            assert operations.order(memories[one.src]) < operations.order(memories[one.dst]), one  # a strict order has no cycle
            if one.relation == "Changed":
                following.setdefault(one.src, []).append(one.dst)
        for src, targets in following.items():
            assert len(targets) == 1, "one memory takes the place of another"
            assert memories[src].status != "active", "only the last of a chain is current"

    @invariant()
    def profiles_are_apart(self) -> None:
        if not hasattr(self, "store"):
            return
        assert self._of("work") == self.other
        assert self.theirs not in {memory.id for memory in self.store.memories(None)}
        with pytest.raises(NotFound):
            self.store.memory(self.theirs)
        with pytest.raises(NotFound):
            operations.undo(self.store, self.their_operation)
        assert all(op.memory_id != self.theirs for op in self.store.operations(limit=10_000))
        assert self.store.bm25("quokka", "memory", 5) == []


TestLife = pytest.mark.slow(Life.TestCase)
TestLife.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


# ---------------------------------------------------------------------- one case each, of what the machine seldom meets


def _told(store: Store, words: str) -> Turn:
    sessions = store.sessions()
    session = sessions[0] if sessions else store.new_session()
    return store.add_turn(session.id, "user", words, session.head)


def _fact(store: Store, text: str, turn: Turn | None = None, **fields: Any) -> Memory:
    memory, _ = operations.insert(store, Candidate(kind="fact", text=text, span="", **fields), [turn.id] if turn else [], "rule" if turn else "user")
    return store.memory(memory.id)


def test_what_later_operations_rest_on_is_not_undone(store: Store) -> None:
    memory = _fact(store, "The user likes tea.", _told(store, "I like tea"))
    insert = store.operations()[0]
    operations.edit(store, memory.id, text="The user likes coffee.")
    with pytest.raises(operations.CannotUndo, match="1 later") as caught:
        operations.undo(store, insert.id)
    assert caught.value.hint == "Undo operation 2 (EDIT) first."
    operations.undo(store)
    operations.undo(store, insert.id)
    assert store.memories(None) == []


def test_undo_passes_over_what_can_no_longer_be_undone(store: Store) -> None:
    other = _fact(store, "The user likes tea.")
    rome = _fact(store, "The user lives in Rome.", _told(store, "I live in Rome"))
    oslo = operations.new_memory(store, Candidate(kind="fact", text="The user lives in Oslo.", span=""))
    operations.replace(store, rome.id, oslo, [_told(store, "I live in Oslo").id])
    operations.purge(store, [oslo.id])
    assert operations.undo(store).memory_id == other.id
    with pytest.raises(NotFound, match="nothing to undo"):
        operations.undo(store)


def test_undoing_keeps_what_use_added_since(store: Store) -> None:
    memory = _fact(store, "The user likes tea.")
    operations.edit(store, memory.id, text="The user likes coffee.")
    operations.reinforce(store, [memory.id])
    used = store.memory(memory.id)
    operations.undo(store)
    back = store.memory(memory.id)
    assert (back.text, back.strength, back.access_count, back.last_access_at) == ("The user likes tea.", 2, 1, used.last_access_at)


def test_undo_and_redo_go_on_for_ever(store: Store) -> None:
    memory = _fact(store, "The user likes tea.")
    operations.edit(store, memory.id, importance=9)
    last = store.operations()[0].id
    for _ in range(3):
        last = operations.undo(store, last).id
        assert store.memory(memory.id).importance == 3
        last = operations.undo(store, last).id
        assert store.memory(memory.id).importance == 9
    operations.undo(store)
    assert store.memory(memory.id).importance == 3


def test_a_hundred_undone_operations_do_not_hide_the_first(store: Store) -> None:
    memory = _fact(store, "The user likes tea.")
    for importance in range(100):
        operations.edit(store, memory.id, importance=importance % 10 + 1)
    while operations.last_undoable(store):
        operations.undo(store)
    assert store.memories(None) == []


def test_links_taken_back_are_in_nobodys_way(store: Store) -> None:
    one, two = _fact(store, "The user likes tea."), _fact(store, "The user likes coffee.")
    made = operations.link(store, [Link(src=one.id, dst=two.id, relation="SameTopic", created_at=store.clock())])
    assert made is not None
    operations.edit(store, one.id, importance=9)
    with pytest.raises(operations.CannotUndo, match="2 later"):
        operations.undo(store, 1)
    operations.undo(store, made.id)
    assert store.links() == []
    operations.undo(store)
    assert store.memory(one.id).importance == 3
    operations.undo(store, 1)
    assert [memory.id for memory in store.memories()] == [two.id]


def test_purging_erases_what_a_memory_said_before_it_was_edited(store: Store) -> None:
    memory = _fact(store, "The user keeps a quokka.")
    store.add_summary("running", None, "The user keeps a quokka.\nThe user likes tea.")
    operations.edit(store, memory.id, text="The user keeps a wombat.")
    operations.purge(store, [memory.id])
    summary = store.summary("running")
    assert summary is not None
    assert summary.text == "The user likes tea."


def test_purging_reaches_the_copies_and_the_replies_that_told_it_again(store: Store, paths: Paths) -> None:
    said = _told(store, "My code word is quokka")
    first, second = _fact(store, "The user's code word is quokka.", said), _fact(store, "The user has a quokka code word.")
    kept, _ = operations.merge(store, [first.id, second.id], "The user's code word is quokka.")
    shown = [RecallItem(source="memory", id=kept.id, kind="fact", text=kept.text, said_at=kept.created_at, score=1.0, shown=True)]
    replies = {}
    for question, words in (("What is my code word?", "Your code word is quokka."), ("Do I have a code word?", "Yes, you have a code word.")):
        asked = store.add_turn(said.session_id, "user", question, None)
        recall = store.add_recall(Recall(question=question, state="confident", items=shown, milliseconds=1), asked.id)
        replies[words] = store.add_turn(said.session_id, "assistant", words, asked.id)
        assert recall.id
        store.set_recall_reply(recall.id, replies[words].id)
    reached = operations.reach(store, [kept.id])
    assert {memory.id for memory in reached.memories} == {kept.id, first.id, second.id}
    assert [turn.id for turn in reached.turns] == [said.id]
    assert [reply.content for reply in reached.replies] == ["Your code word is quokka."]
    operations.purge(store, [kept.id], words=True)
    assert store.memories(None) == []
    assert "quokka" not in everything(paths.database)
    assert store.turn(replies["Yes, you have a code word."].id).content == "Yes, you have a code word."


def test_purging_what_an_undo_took_away_empties_the_log(store: Store, paths: Paths) -> None:
    memory = _fact(store, "The user keeps a quokka.")
    operations.undo(store)
    assert "quokka" in everything(paths.database)
    assert operations.purge(store, [memory.id]) == 1
    assert "quokka" not in everything(paths.database)
    assert operations.purge(store, [memory.id]) == 0


def test_purging_words_leaves_none_in_memories_of_the_same_turn(store: Store, paths: Paths) -> None:
    turn = _told(store, "My quokka sleeps and I like tea")
    first = _fact(store, "The user has a pet.", turn)
    second, _ = operations.insert(store, Candidate(kind="fact", text="The user likes tea.", span="My quokka sleeps and I like tea"), [turn.id])
    operations.purge(store, [first.id], words=True)
    assert store.memory(second.id).text == "The user likes tea."
    assert "quokka" not in everything(paths.database)


def test_words_said_in_another_conversation_stay_when_one_is_deleted(store: Store) -> None:
    one = _told(store, "I like tea")
    memory, _ = operations.insert(store, Candidate(kind="fact", text="The user likes tea.", span="I like tea"), [one.id])
    two = store.add_turn(store.new_session().id, "user", "As I said, I like tea", None)
    operations.reaffirm(store, memory.id, [two.id])
    operations.delete_session(store, one.session_id, memories=True)
    kept = store.memory(memory.id)
    assert (kept.span, kept.origin) == ("I like tea", "rule")
    operations.delete_session(store, two.session_id, memories=False)
    kept = store.memory(memory.id)
    assert (kept.span, kept.origin) == ("", "user")


def test_what_was_said_earlier_takes_its_place_in_the_past(store: Store, clock: Ticking) -> None:
    new = _fact(store, "The user lives in Oslo.", _told(store, "I live in Oslo"))
    clock.advance(days=-30)
    turn = _told(store, "I live in Rome")
    old = operations.new_memory(store, Candidate(kind="fact", text="The user lives in Rome.", span=""), at=turn.created_at)
    operations.replace(store, new.id, old, [turn.id])
    assert [memory.text for memory in store.memories()] == ["The user lives in Oslo."]
    assert store.memory(old.id).valid_to == new.valid_from
    assert [(link.src, link.dst, link.relation) for link in store.links()] == [(old.id, new.id, "Changed")]
    over = operations.new_memory(store, Candidate(kind="fact", text="The user left Oslo.", span=""), at=turn.created_at)
    operations.replace(store, new.id, over, [turn.id], ends=True)
    assert store.memory(over.id).kind == "event"
    assert store.memory(new.id).status == "active"


def test_a_fact_that_is_over_becomes_an_event_of_that_day(store: Store) -> None:
    job = _fact(store, "The user works at Acme.", _told(store, "I work at Acme"))
    turn = _told(store, "I quit my job at Acme")
    quit_ = operations.new_memory(store, Candidate(kind="fact", text="The user quit the job at Acme.", span=""), at=turn.created_at)
    operations.replace(store, job.id, quit_, [turn.id], ends=True)
    end = store.memory(quit_.id)
    assert (end.kind, end.event_start, end.time_source) == ("event", turn.created_at.astimezone().date(), "session")
    assert [memory.id for memory in store.memories(kind="fact")] == []


def test_an_edit_is_not_learnt_again_from_its_turn(store: Store) -> None:
    turn = _told(store, "I like tea")
    memory = _fact(store, "The user likes tea.", turn)
    operations.edit(store, memory.id, text="The user likes green tea.")
    assert _fact(store, "The user likes tea.", turn).id == memory.id
    assert len(store.memories(None)) == 1


@pytest.mark.parametrize("relation", ["Changed", "MergedInto"])
def test_links_of_replacing_and_merging_are_not_made_by_hand(store: Store, relation: Any) -> None:
    one, two = _fact(store, "The user likes tea."), _fact(store, "The user likes coffee.")
    with pytest.raises(ChatmemError, match="by hand"):
        operations.link(store, [Link(src=one.id, dst=two.id, relation=relation, created_at=store.clock())])


def test_restoring_what_was_replaced_leaves_both_current_and_apart(store: Store) -> None:
    rome = _fact(store, "The user lives in Rome.", _told(store, "I live in Rome"))
    oslo = operations.new_memory(store, Candidate(kind="fact", text="The user lives in Oslo.", span=""))
    operations.replace(store, rome.id, oslo, [_told(store, "I live in Oslo").id])
    operations.restore(store, [rome.id])
    assert [memory.id for memory in store.memories()] == [rome.id, oslo.id]
    assert store.links() == []
    operations.undo(store)
    assert [memory.id for memory in store.memories()] == [oslo.id]
    assert [link.relation for link in store.links()] == ["Changed"]


@pytest.mark.parametrize("changes", [{"status": "deleted"}, {"importance": 11}, {"text": " "}, {"kind": "song"}, {"event_end": date(2026, 1, 1)}])
def test_wrong_edits_are_refused_and_change_nothing(store: Store, changes: dict[str, Any]) -> None:
    memory = _fact(store, "The user likes tea.")
    with pytest.raises(ChatmemError):
        operations.edit(store, memory.id, **changes)
    assert store.memory(memory.id) == memory
    assert len(store.operations()) == 1
