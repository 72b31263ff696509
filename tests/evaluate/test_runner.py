"""Running: results a line at a time, interrupted and resumed, in shards, never mixing runs of two kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chatmem.config import MemorySettings
from chatmem.evaluate.answers import Reader
from chatmem.evaluate.embedding import CachedEmbedder
from chatmem.evaluate.json_stream import DatasetError
from chatmem.evaluate.runner import Progress, Selection, judge_run, run
from chatmem.evaluate.runs import read_runs
from chatmem.evaluate.systems import ablations
from chatmem.memory.context import Skill
from chatmem.prompts import load_prompt
from tests.evaluate.sets import Echo, conversation, embed, job, question, write


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def timeless(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in ("milliseconds", "seconds")} for row in found]


def reader(model: Echo, skill: Skill = "tiny", protocol: str = "chat") -> Reader:
    return Reader(model, 4096, skill, protocol, load_prompt("chat"), load_prompt("reader"))  # type: ignore[arg-type]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "set.json", [question(0), question(1, kind="multi-session"), question(2), question(3, abstention=True)])


def test_every_system_finds_what_it_can(tmp_path: Path, data: Path) -> None:
    run(job(tmp_path, data, systems="chatmem,bm25,dense,last,official-bm25,summary,none,full"))
    by = {(row["id"], row["system"]): row for row in rows(tmp_path / "run")}
    assert len(by) == 4 * 8
    for system in ("chatmem", "bm25", "dense", "official-bm25"):
        row = by["q0", system]
        assert row["ranked"]["sessions"][0] == 1
        assert row["ranked"]["rounds"][0] == [1, 0]
        assert row["metrics"]["session"]["recall_all@1"] == 1
        assert row["metrics"]["round"]["mrr"] == 1
    last = by["q0", "last"]
    assert last["ranked"]["sessions"] == [3, 2, 1, 0]
    assert last["metrics"]["session"]["mrr"] == pytest.approx(1 / 3)
    assert by["q0", "chatmem"]["context"]["1000"]["words"] == 1
    assert "metrics" not in by["q0", "none"]
    assert "metrics" not in by["q3_abs", "chatmem"]  # abstention is not scored in retrieval


def test_a_date_that_the_prompt_puts_into_the_words_takes_no_evidence_away(tmp_path: Path) -> None:
    element = conversation()
    element["conversation"]["session_2"][0]["text"] = "I moved to Oslo yesterday for the tramway museum."
    run(job(tmp_path, write(tmp_path / "talk.json", [element]), systems="chatmem"))
    context = next(row["context"] for row in rows(tmp_path / "run") if row["gold"]["turns"] == [[1, 0]])
    assert context["1500"]["shown"] == context["1500"]["words"] == 1


def test_a_choice_of_nothing_is_said_and_leaves_the_folder_free(tmp_path: Path, data: Path) -> None:
    with pytest.raises(DatasetError) as error:
        run(job(tmp_path, data, systems="bm25", selection=Selection(types=("user",))))
    assert "multi-session" in str(error.value.hint)
    assert run(job(tmp_path, data, systems="bm25")).finished_at


def test_replies_are_evidence_too_and_user_turns_only_leaves_them_out(tmp_path: Path) -> None:
    element = question(0) | {"question": "Who needs company in the morning?"}
    for turn in element["haystack_sessions"][2]:
        turn["has_answer"] = turn["role"] == "assistant"
    data = write(tmp_path / "set.json", [element])
    run(job(tmp_path, data, "both", "chatmem"))
    run(job(tmp_path, data, "users", "chatmem", user_turns_only=True))
    both, users = rows(tmp_path / "both")[0], rows(tmp_path / "users")[0]
    assert both["metrics"]["round"]["recall_all@1"] == 1
    assert users["metrics"]["round"]["recall_all@1"] == 0
    # The official code has no target here: all of nothing is found, and none of it.
    assert not both["user_target"]
    assert both["metrics"]["user turn"]["recall_all@5"] == 1
    assert both["metrics"]["user turn"]["ndcg_any@5"] == 0


def test_an_interrupted_run_goes_on_and_ends_the_same(tmp_path: Path, data: Path) -> None:
    whole = run(job(tmp_path, data, "whole"))
    done = []

    def stop(number: int) -> None:
        done.extend([1] * number)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(job(tmp_path, data, "cut"), progress=Progress(done=stop))
    with (tmp_path / "cut" / "results.jsonl").open("a") as file:
        file.write('{"id": "q2", "sys')  # killed while writing
    assert read_runs([tmp_path / "cut"])[0].complete is False
    with pytest.raises(DatasetError, match="already holds a run"):
        run(job(tmp_path, data, "cut"))
    record = run(job(tmp_path, data, "cut"), resume=True)
    assert timeless(rows(tmp_path / "cut")) == timeless(rows(tmp_path / "whole"))
    assert record.pins == whole.pins
    assert record.finished_at


def test_a_run_of_another_kind_is_not_gone_on_with(tmp_path: Path, data: Path) -> None:
    run(job(tmp_path, data))
    with pytest.raises(DatasetError, match="memory differ"):
        run(job(tmp_path, data, memory=MemorySettings(max_items=3)), resume=True)
    with pytest.raises(DatasetError, match="systems differ"):
        run(job(tmp_path, data, systems="bm25"), resume=True)
    with pytest.raises(DatasetError, match="data_sha256 differ"):
        run(job(tmp_path, write(tmp_path / "other.json", [question(5)])), resume=True)


def test_shards_together_are_the_whole(tmp_path: Path, data: Path) -> None:
    run(job(tmp_path, data, "whole"))
    for i in (1, 2, 3):
        run(job(tmp_path, data, f"part{i}", selection=Selection(shard=(i, 3))))
    (merged,) = read_runs([tmp_path / f"part{i}" for i in (1, 2, 3)])
    assert sorted(row["id"] for row in merged.rows["chatmem"]) == sorted(row["id"] for row in rows(tmp_path / "whole") if row["system"] == "chatmem")


def test_limit_types_and_cases(tmp_path: Path, data: Path) -> None:
    run(job(tmp_path, data, "limit", "bm25", selection=Selection(limit=2)))
    run(job(tmp_path, data, "types", "bm25", selection=Selection(types=("multi-session",))))
    run(job(tmp_path, data, "cases", "bm25", selection=Selection(cases=("q2",))))
    assert [[row["id"] for row in rows(tmp_path / name)] for name in ("limit", "types", "cases")] == [["q0", "q1"], ["q1"], ["q2"]]


def test_locomo_questions_share_one_history(tmp_path: Path) -> None:
    data = write(tmp_path / "locomo.json", [conversation()])
    run(job(tmp_path, data))
    by = {(row["id"], row["system"]): row for row in rows(tmp_path / "run")}
    first = by["conv-1-q0", "bm25"]
    assert first["gold"] == {"sessions": [0], "turns": [[0, 0], [0, 2]]}
    assert first["metrics"]["round"]["share@1"] == 0.5
    assert first["metrics"]["session"]["share@1"] == 1
    assert by["conv-1-q1", "chatmem"]["metrics"]["session"]["share@1"] == 1
    assert "metrics" not in by["conv-1-q3", "chatmem"]


def test_texts_are_embedded_once(tmp_path: Path, data: Path) -> None:
    calls: list[str] = []

    def counting(texts: Any) -> np.ndarray:
        calls.extend(texts)
        return embed(texts)

    cached = CachedEmbedder(tmp_path / "vectors.db", "bags", counting)
    run(job(tmp_path, data, "first", embedder=cached))
    assert len(calls) == len(set(calls))
    before = len(calls)
    run(job(tmp_path, data, "second", embedder=cached))
    assert len(calls) == before
    assert timeless(rows(tmp_path / "first")) == timeless(rows(tmp_path / "second"))
    CachedEmbedder(tmp_path / "vectors.db", "another", counting).vectors(["parrot"])
    assert len(calls) == before + 1


def test_answers_are_written_in_the_official_form_and_scored(tmp_path: Path, data: Path) -> None:
    model = Echo("It is called Coco.")
    run(job(tmp_path, data, systems="chatmem,none", reader=reader(model), answered=("chatmem", "none")))
    lines = [json.loads(line) for line in (tmp_path / "run" / "hypotheses-chatmem.jsonl").read_text().splitlines()]
    assert [set(line) for line in lines] == [{"question_id", "hypothesis"}] * 4
    by = {(row["id"], row["system"]): row for row in rows(tmp_path / "run")}
    assert by["q0", "chatmem"]["rule"] == {"correct": True, "kind": "text", "refused": False}
    assert by["q1", "chatmem"]["rule"]["correct"] is False
    assert by["q3_abs", "chatmem"]["rule"]["correct"] is False
    # Without memory a small model is not asked at all: the app says that it knows nothing.
    assert by["q0", "none"]["rule"]["refused"]
    assert by["q3_abs", "none"]["rule"]["correct"] is True
    assert all("Coco" in prompt or "Zorro" in prompt or "Atlas" in prompt for prompt in model.prompts)


def test_a_limited_number_of_answers_is_spread_over_the_types(tmp_path: Path) -> None:
    kinds = ["single-session-user"] * 6 + ["multi-session"] * 6
    data = write(tmp_path / "set.json", [question(i, kind=kind) for i, kind in enumerate(kinds)])
    run(job(tmp_path, data, systems="chatmem", reader=reader(Echo()), answer_limit=14))
    answered = [row["type"] for row in rows(tmp_path / "run") if "answer" in row]
    assert sorted(answered) == ["multi-session"] * 2 + ["single-session-user"] * 2


def test_full_history_is_left_out_where_it_does_not_fit(tmp_path: Path, data: Path) -> None:
    small = Reader(Echo(), 130, 100, "chat", load_prompt("chat"), load_prompt("reader"))
    run(job(tmp_path, data, "small", "full", reader=small, answered=("full",)))
    run(job(tmp_path, data, "large", "full", reader=reader(Echo(), "full", "direct"), answered=("full",)))
    assert not any(row["fits"] for row in rows(tmp_path / "small"))
    assert all(row["answer_fits"] for row in rows(tmp_path / "large"))
    assert not list((tmp_path / "small").glob("hypotheses*"))


def test_a_judge_reads_the_answers_and_is_resumed(tmp_path: Path, data: Path) -> None:
    run(job(tmp_path, data, systems="chatmem", reader=reader(Echo("Yes."))))
    asked: list[str] = []

    def verdict(gold: Any, _: str, answer: str) -> bool | None:
        asked.append(gold.id)
        return None if gold.id == "q1" else answer == "Yes."

    for _ in range(2):
        path = judge_run(tmp_path / "run", data, verdict, "tester")
    assert asked == ["q0", "q1", "q2", "q3_abs"]
    assert [json.loads(line)["correct"] for line in path.read_text().splitlines()] == [True, None, True, True]
    with pytest.raises(DatasetError, match="is not the data"):
        judge_run(tmp_path / "run", write(tmp_path / "other.json", [question(9)]), verdict, "tester")


def test_ablation_switches_off_one_step_at_a_time() -> None:
    settings = MemorySettings()
    systems = ablations(settings)
    assert systems[0].changes == {}
    assert all(len(system.changes) == 1 for system in systems[1:])
    assert any(system.changes == {"dense_weight": 0.0} for system in systems)
    assert not any("enabled" in system.changes or "write" in system.changes for system in systems)
    for system in systems:
        MemorySettings.model_validate(settings.model_dump() | system.changes)


def test_the_record_pins_everything_that_figures_depend_on(tmp_path: Path, data: Path) -> None:
    record = run(job(tmp_path, data, models={"reader": "m", "reader_sha256": "0"}))
    assert len(record.pins["data_sha256"]) == 64
    assert record.pins["embedder"] == "bags"
    assert record.pins["memory"] == MemorySettings().model_dump()
    assert len(record.pins["code"]["source_sha256"]) == 64
    assert len(record.pins["prompts"]["chat"]) == 64
    assert str(tmp_path) not in record.model_dump_json()
