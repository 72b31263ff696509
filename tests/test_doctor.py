"""The doctor finds each kind of damage planted here, and repairs what can be repaired; a healthy folder has none."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from chatmem import catalogue, doctor
from chatmem.cli import cli
from chatmem.config import Paths
from chatmem.memory import operations
from chatmem.store import Store
from chatmem.types import Candidate
from chatmem.vectors import VectorIndex
from tests.conftest import Ticking


@pytest.fixture(autouse=True)
def owner_only() -> Iterator[None]:
    """As `chatmem` itself starts: what is written is its owner's alone."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def _live(store: Store) -> None:
    """Two conversations, a fact that was replaced, one that was used, one that is pinned, one in the trash; all have vectors."""
    session = store.new_session("animals")
    one = store.add_turn(session.id, "user", "I have a beagle and live in Rome", None)
    reply = store.add_turn(session.id, "assistant", "Lovely", one.id)
    two = store.add_turn(store.new_session("moving").id, "user", "I live in Oslo now and drink tea", None)

    def remember(text: str, turn_id: str) -> str:
        memory, _ = operations.insert(store, Candidate(kind="fact", text=text, span=""), [turn_id])
        return memory.id

    remember("The user has a beagle.", one.id)
    rome = remember("The user lives in Rome.", one.id)
    operations.pin(store, ["m1"])
    operations.reinforce(store, ["m1"])
    oslo = operations.new_memory(store, Candidate(kind="fact", text="The user lives in Oslo.", span=""))
    operations.replace(store, rome, oslo, [two.id])
    operations.forget(store, [remember("The user drinks tea.", two.id)])
    assert reply.state == "complete"
    vectors = np.eye(4, catalogue.EMBEDDER_DIMENSIONS, dtype=np.float32)
    store.put_vectors("memories", catalogue.EMBEDDER_ID, ["m1", "m2", "m3", "m4"], vectors)
    store.put_vectors("rounds", catalogue.EMBEDDER_ID, [one.id, two.id], vectors[:2])


def _wrong(findings: list[doctor.Finding]) -> dict[str, str]:
    return {finding.name: finding.found for finding in findings if not finding.ok}


def test_a_healthy_folder_has_nothing_wrong(store: Store, paths: Paths) -> None:
    assert _wrong(doctor.checks(store, None, paths)) == {}
    _live(store)
    findings = doctor.checks(store, None, paths)
    assert _wrong(findings) == {}
    assert [finding.name.split()[0] for finding in findings if finding.name[0].isdigit()] == [
        "1",
        "2",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "12",
        "10",
        "11",
        "3",
    ]


@pytest.mark.parametrize(
    ("sql", "name", "found"),
    [
        ("PRAGMA ignore_check_constraints = ON; UPDATE memory SET importance = 99 WHERE id = 'm1'", "database", "CHECK constraint"),
        ("INSERT INTO memory_source VALUES ('m1', 's9_9')", "references", "memory_source"),
        ("UPDATE turn SET content = 'I have a cat' WHERE id = 's1_1'", "1 turns never change", "s1_1 does not say"),
        ("UPDATE turn SET n = 7 WHERE id = 's1_2'", "1 turns never change", "s1_2 is out of its place"),
        ("DELETE FROM memory_source WHERE memory_id = 'm3'", "2 memories have sources", "m3 rests on no turn"),
        ("UPDATE memory SET status = 'active' WHERE id = 'm2'", "4 one current fact a chain", "m2 is current and was replaced"),
        ("INSERT INTO link VALUES ('m2', 'm4', 'Changed', 1, 'rule', '2026-03-02')", "4 one current fact a chain", "m2 was replaced 2 times"),
        ("UPDATE link SET src = dst, dst = src", "5 links go forward in time", "m3 -> m2"),
        ("UPDATE memory SET text = 'The user has a beagle' WHERE id = 'm2'; UPDATE memory SET status = 'active' WHERE id = 'm2'", "6 nothing learnt twice", "m1 and m2"),
        ("PRAGMA ignore_check_constraints = ON; UPDATE memory SET strength = 0 WHERE id = 'm1'", "7 fading changes no row", "m1"),
        ("UPDATE operation SET actor = 'job', before = replace(before, '\"pinned\":false', '\"pinned\":true') WHERE op = 'FORGET'", "8 pinned memories stay", "m4"),
        ("UPDATE memory SET text = 'The user has a horse.' WHERE id = 'm1'", "9 the log can undo", "m1 differs"),
        ("DELETE FROM memory WHERE id = 'm4'", "9 the log can undo", "m4 is gone"),
        ("UPDATE memory SET last_access_at = NULL WHERE id = 'm1'", "12 use is real use", "m1"),
        ("UPDATE turn SET state = 'cut', created_at = (SELECT at FROM operation WHERE op = 'REINFORCE') WHERE id = 's1_2'", "12 use is real use", "not completed"),
        ("UPDATE turn SET created_at = '2099-01-01T00:00:00.000+00:00' WHERE id = 's1_2'", "11 times are possible", "s1_2 is from the future"),
        ("UPDATE memory SET event_start = '2026-02-02', event_end = '2026-01-01' WHERE id = 'm1'", "11 times are possible", "m1 ends before"),
        ("DELETE FROM memory_fts WHERE id = 'm1'", "full text", "m1 is not found by its words"),
        ("INSERT INTO turn_fts VALUES ('s7_7', 'x', 'x')", "full text", "s7_7 is found although"),
        ("UPDATE session_fts SET text = 'nothing' WHERE id = 's1'", "full text", "s1 is found by other words"),
        ("DELETE FROM memory_fts_data WHERE id > 10", "full text", "memory_fts is damaged"),
        ("DELETE FROM vector WHERE id = 'm1'", "vectors", "m1 has none"),
        ("INSERT INTO vector SELECT kind, 'm77', embedder, data FROM vector WHERE id = 'm1'", "left-over vectors", "m77"),
        ("UPDATE vector SET data = x'00' WHERE id = 'm3'", "left-over vectors", "m3"),
    ],
)  # fmt: skip
def test_damage_to_the_database_is_found(store: Store, paths: Paths, clock: Ticking, sql: str, name: str, found: str) -> None:
    _live(store)
    paths.index.mkdir(mode=0o700)
    store.close()
    database = sqlite3.connect(paths.database)
    database.executescript(sql)
    database.close()
    again = Store.open(paths, "default", clock)
    wrong = _wrong(doctor.checks(again, None, paths))
    again.close()
    assert found in wrong.get(name, ""), wrong


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM memory_fts WHERE id = 'm1'",
        "INSERT INTO turn_fts VALUES ('s7_7', 'x', 'x')",
        "UPDATE session_fts SET text = 'nothing' WHERE id = 's1'",
        "DELETE FROM memory_fts_data WHERE id > 10",
    ],
)
def test_full_text_is_repaired(store: Store, paths: Paths, clock: Ticking, sql: str) -> None:
    _live(store)
    store.close()
    database = sqlite3.connect(paths.database)
    database.executescript(sql)
    database.close()
    again = Store.open(paths, "default", clock)
    assert doctor.repair(again, None, paths, ["words"]) == ["The full-text index was made anew."]
    assert _wrong(doctor.checks(again, None, paths)) == {}
    assert [id_ for id_, _ in again.bm25("beagle", "memory", 5)] == ["m1"]
    assert [id_ for id_, _ in again.bm25("beagle", "session", 5)] == ["s1"]
    again.close()


@pytest.fixture
def indexed(store: Store, paths: Paths) -> Path:
    """The folder of a good index."""
    _live(store)
    index = VectorIndex(store, catalogue.EMBEDDER_ID, catalogue.EMBEDDER_DIMENSIONS, paths)
    index.rebuild()
    assert index.wait() == "ready"
    index.close()
    current: dict[str, str] = json.loads((paths.index / "current.json").read_text())
    return paths.index / current["folder"]


def _no_pointer(folder: Path) -> None:
    (folder.parent / "current.json").write_text("[")


def _no_folder(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def _other_embedder(folder: Path) -> None:
    pointer = folder.parent / "current.json"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | {"embedder": "another"}))


def _garbage(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"garbage" * 1000)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "found"),
    [(_no_pointer, "pointer"), (_no_folder, "is gone"), (_other_embedder, "another embedder"), (_garbage, "cannot be opened")],
)
def test_a_damaged_index_is_found_and_made_anew(indexed: Path, store: Store, paths: Paths, damage: Callable[[Path], None], found: str) -> None:
    assert "3 vector index" not in _wrong(doctor.checks(store, None, paths))
    damage(indexed)
    assert found in _wrong(doctor.checks(store, None, paths))["3 vector index"]
    doctor.repair(store, None, paths, ["index"])
    assert _wrong(doctor.checks(store, None, paths)) == {}


@pytest.mark.slow
def test_an_index_that_is_behind_is_found(indexed: Path, store: Store, paths: Paths) -> None:
    operations.forget(store, ["m1"])
    assert _wrong(doctor.checks(store, None, paths)) == {"3 vector index": "it holds 2 memories, the database 1"}
    operations.undo(store)
    store.put_vectors("memories", catalogue.EMBEDDER_ID, ["m1"], -np.eye(1, catalogue.EMBEDDER_DIMENSIONS, dtype=np.float32))
    assert _wrong(doctor.checks(store, None, paths)) == {"3 vector index": "it does not find m1"}


@pytest.mark.slow
def test_left_over_vectors_are_dropped(indexed: Path, store: Store, paths: Paths) -> None:
    store.put_vectors("memories", catalogue.EMBEDDER_ID, ["m77"], np.eye(1, catalogue.EMBEDDER_DIMENSIONS, dtype=np.float32))
    store.put_vectors("rounds", "older-embedder", ["s9_9"], np.eye(1, 8, dtype=np.float32))
    assert set(_wrong(doctor.checks(store, None, paths))) == {"left-over vectors"}
    assert doctor.repair(store, None, paths, ["vectors"])[0] == "2 vectors were dropped."
    assert _wrong(doctor.checks(store, None, paths)) == {}


def test_files_open_to_others_are_closed(store: Store, paths: Paths) -> None:
    paths.config.write_text("")
    paths.config.chmod(0o644)
    paths.logs.chmod(0o755)
    assert "config.toml (644)" in _wrong(doctor.checks(store, None, paths))["permissions"]
    doctor.repair(store, None, paths, ["permissions"])
    assert _wrong(doctor.checks(store, None, paths)) == {}
    assert paths.config.stat().st_mode & 0o777 == 0o600


def test_safe_mode_is_told_and_a_broken_note_is_found(store: Store, paths: Paths) -> None:
    paths.machine.touch(mode=0o600)
    paths.machine.write_text('{"safe_mode": true, "why": "the model process died of SIGSEGV"}')
    findings = doctor.checks(store, None, paths)
    assert _wrong(findings) == {}
    assert next(f.found for f in findings if f.name == "this machine") == "models run in safe mode: the model process died of SIGSEGV"
    paths.machine.write_text("[")
    assert set(_wrong(doctor.checks(store, None, paths))) == {"this machine"}


def test_a_full_disk_is_found(store: Store, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    assert "1.0 kB free" in _wrong(doctor.checks(store, None, paths))["disk"]


def test_a_prompt_that_cannot_fit_is_found(store: Store, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATMEM_MEMORY_BUDGET", "8000")
    monkeypatch.setenv("CHATMEM_MODEL_CONTEXT", "2048")
    assert "8000 tokens" in _wrong(doctor.checks(store, None, paths))["10 prompts fit the model"]


def test_checking_changes_nothing(store: Store, paths: Paths) -> None:
    _live(store)
    before = "\n".join(sqlite3.connect(paths.database).iterdump())
    doctor.checks(store, None, paths)
    assert "\n".join(sqlite3.connect(paths.database).iterdump()) == before


def test_the_command_says_so_by_its_exit_code(store: Store, paths: Paths) -> None:
    _live(store)
    store.close()
    runner = CliRunner()
    healthy = runner.invoke(cli, ["doctor"], standalone_mode=False)
    assert (healthy.return_value, "All" in healthy.stderr) == (0, True)
    database = sqlite3.connect(paths.database)
    database.executescript("DELETE FROM memory_fts WHERE id = 'm1'")
    database.close()
    sick = runner.invoke(cli, ["doctor", "--json"], standalone_mode=False)
    assert sick.return_value == 1
    assert [finding["name"] for finding in json.loads(sick.stdout)["findings"] if not finding["ok"]] == ["full text"]
    assert "m1 is not found by its words" in runner.invoke(cli, ["doctor"], standalone_mode=False).stdout
    repaired = runner.invoke(cli, ["doctor", "--repair", "--json"], standalone_mode=False)
    assert repaired.return_value == 0
    assert json.loads(repaired.stdout)["repaired"] == ["The full-text index was made anew."]


def test_the_doctor_looks_while_the_app_is_open_but_does_not_repair(store: Store, paths: Paths) -> None:
    _live(store)
    runner = CliRunner()
    assert runner.invoke(cli, ["doctor"], standalone_mode=False).return_value == 0
    refused = runner.invoke(cli, ["doctor", "--repair"], standalone_mode=False)
    assert type(refused.exception).__name__ == "StoreLocked"
