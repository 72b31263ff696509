"""The memory adapter: what its training data promises, and what the bundled model does with it."""

from __future__ import annotations

import errno
import random
import re
import shutil
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader, dequantize
from hypothesis import given, settings
from hypothesis import strategies as st

from chatmem import catalogue
from chatmem.adapter import families, packing, tasks, weeks
from chatmem.adapter.blending import blend
from chatmem.adapter.cases import write_case
from chatmem.adapter.measure import Model, judge, natural_trees, tokenizer
from chatmem.config import ModelSettings, Paths
from chatmem.engine import Engine
from chatmem.errors import ModelLoadFailed
from chatmem.evaluate.embedding import CachedEmbedder
from chatmem.memory.context import with_dates
from tests.conftest import lend
from tests.evaluate.sets import embed

SEEDS = st.integers(0, 10_000)
SPLITS = st.sampled_from(["train", "test"])


@given(SEEDS, SPLITS)
@settings(max_examples=60, deadline=None)
def test_a_case_is_filled_in_and_its_answers_hold_their_keys(seed: int, split: families.Split) -> None:
    case = write_case(random.Random(seed), split, ["hm"])
    text = " ".join([note.text for note in case.notes] + [q.asked + q.answer for q in case.questions])
    assert case.notes
    assert not re.search(r"[{}|]|\bThe user\b", text)
    for question in case.questions:
        assert judge(question, question.answer), question
        if question.kind not in ("absent", "near miss"):
            assert not judge(question, "I have no memory of that.")


def test_what_tests_ask_about_was_never_in_training() -> None:
    train, test = families.grammar("train"), families.grammar("test")
    assert not {family.name for family in train.facts} & {family.name for family in test.facts}
    assert not {event.did for event in train.events} & {event.did for event in test.events}
    assert not set(train.grids["person"]) & set(test.grids["person"])
    shared = set(families.load("banks")["shared"])
    for name, values in families.banks("train").items():
        assert name in shared or not set(values) & set(families.banks("test")[name])
    assert not {" ".join(line["notes"]) for line in tasks.natural("grounded_train")} & {
        " ".join(line["notes"]) for line in tasks.natural("grounded_test")
    }


def test_the_made_up_weeks_hold_what_their_questions_ask() -> None:
    lines: set[str] = set()
    for file in weeks.weeks():
        case, asked, _ = weeks.read_week(file)
        said = [turn.text for past in case.sessions for turn in past.turns if turn.role == "user"]
        assert len(said) >= 25
        assert sum(not one.key for one in asked) >= 5
        for one in asked:
            assert not one.key or (weeks.holds(one.key, one.answer) and not weeks.holds(one.key, one.question)), (file.name, one)
        lines.update(said)
    tested = [line for file in Path("tests/data/weeks").rglob("*.txt") for line in file.read_text("utf-8").splitlines()]
    assert not [line for line in tested if len(line) > 40 and line in lines]


def test_what_is_recalled_becomes_notes_with_what_they_answer_and_what_they_do_not(tmp_path: Path) -> None:
    file = tmp_path / "ana.txt"
    file.write_text(
        "# Ana\nmy dog Rex is a beagle\n+2\ni work at the harbour\n? what breed is my dog => beagle => Rex is a beagle.\n? how old is my dog => -\n"
        "? where is my work => harbour => You work at the harbour in Genoa.\n"
    )
    with closing(CachedEmbedder(tmp_path / "vectors.db", "bags", embed)) as embedder:
        found = weeks.sets_of(file, embedder, lambda question: f"I have no memory of {question}.")
    assert found
    assert all(re.search(r"\(9 November 2026, 2 days ago\)|\(11 November 2026, today\)$", note) for line in found for note in line["notes"])
    answers = {one["q"]: one["a"] for line in found for one in line["qa"]}
    assert answers["what breed is my dog"] == "Rex is a beagle."
    assert answers["how old is my dog"] == "I have no memory of how old is my dog."
    assert "where is my work" not in answers  # no note says Genoa


def test_a_blend_lies_between_two_adapters(tmp_path: Path) -> None:
    shipped = Path("data/adapter") / families.load("adapter")["file"]
    blend(shipped, shipped, 0.7, tmp_path / "same.gguf")
    for was, now in zip(GGUFReader(shipped).tensors, GGUFReader(tmp_path / "same.gguf").tensors, strict=True):
        assert np.allclose(was.data, now.data, atol=1e-3)


def test_the_same_seed_gives_the_same_examples() -> None:
    first, again = (list(zip(range(60), tasks.examples(7, "train"), strict=False)) for _ in range(2))
    assert first == again
    assert {tree.task for _, tree in first} >= {"answer", "extraction", "chat"}


def test_a_branch_does_not_see_another_one_and_goes_on_from_the_prefix() -> None:
    tree = tasks.Tree("t", "ab", (tasks.Branch("c", "de\n"), tasks.Branch("f", "g\n")))
    packed = packing.pack([tree], lambda text: [ord(letter) for letter in text], 1)
    batch = next(packing.batches(packed, 0, 64))
    assert batch.positions[0, :7].tolist() == [0, 1, 2, 3, 4, 2, 3]
    assert batch.segments[0, :7].tolist() == [0, 0, 1, 1, 1, 2, 2]
    learnt = {(chr(batch.tokens[0, i]), chr(t)) for i, t in enumerate(batch.targets[0]) if t >= 0}
    assert learnt == {("c", "d"), ("d", "e"), ("f", "g")}
    assert np.array_equal(packed.ends, [7])


def test_words_said_on_a_day_get_the_dates_they_mean() -> None:
    day = date(2023, 5, 8)
    assert with_dates("I went there yesterday.", day) == "I went there yesterday [7 May 2023]."
    assert with_dates("We met in June 2021, and last month again.", day) == "We met in June 2021, and last month [April 2023] again."
    assert with_dates("Nothing to see here.", day) == "Nothing to see here."


@pytest.fixture
def own(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "home").make()


def test_the_adapter_belongs_to_the_bundled_model_alone(own: Paths, tmp_path: Path) -> None:
    base = catalogue.bundled_chat(own)
    size = base.stat().st_size
    assert catalogue.adapter_for(base, size, own) is not None
    other = tmp_path / "other.gguf"
    shutil.copyfile(base, other)
    assert catalogue.adapter_for(other, size, own) is not None  # the same bytes under another name
    with other.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\0\1\2\3")
    assert catalogue.adapter_for(other, size, own) is None
    assert catalogue.adapter_for(other, size - 1, own) is None


@pytest.mark.slow
def test_a_damaged_adapter_is_told_and_left_out(own: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    shutil.copytree(families.shipped_folder("data"), data)
    with next((data / "adapter").glob("*.gguf")).open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    base = catalogue.bundled_chat(own)
    monkeypatch.setattr(catalogue, "shipped_folder", lambda _: data)
    with pytest.raises(ModelLoadFailed, match="damaged"):
        catalogue.adapter_for(base, base.stat().st_size, own)
    said: list[str] = []
    with closing(Engine(base, "chat", ModelSettings(context=512), own, said.append)) as engine:
        engine.start()
        assert engine.wait(60).adapter is None
    assert "runs without its adapter" in said[0]


def weights(file: Path) -> dict[str, np.ndarray]:
    """Every tensor of a GGUF as float32."""
    return {tensor.name: dequantize(tensor.data, tensor.tensor_type) for tensor in GGUFReader(file).tensors}


@pytest.mark.model
def test_the_merged_file_is_the_base_with_what_the_adapter_adds(chat_model: Path, merged_model: Path, model_paths: Paths) -> None:
    adapter = catalogue.adapter_for(chat_model, chat_model.stat().st_size, model_paths)
    assert adapter is not None
    base, lora, merged = weights(chat_model), weights(adapter), weights(merged_model)
    assert merged.keys() == base.keys()
    for name in ("blk.0.attn_q.weight", "blk.13.ffn_down.weight", "blk.29.attn_output.weight"):
        added = (64 / 32) * lora[f"{name}.lora_b"] @ lora[f"{name}.lora_a"]
        step = np.abs(base[name] + added).reshape(len(added), -1, 32).max(-1, keepdims=True) / 127  # of Q8_0, a block of 32; kept in F16
        assert np.all(np.abs(merged[name] - base[name] - added).reshape(len(added), -1, 32) <= 0.6 * step)
    assert np.array_equal(merged["token_embd.weight"], base["token_embd.weight"])


@pytest.mark.model
def test_the_merged_file_is_made_once_and_again_when_it_was_changed(chat_model: Path, merged_model: Path, model_paths: Paths, own: Paths) -> None:
    adapter = catalogue.adapter_for(chat_model, chat_model.stat().st_size, model_paths)
    assert adapter is not None
    said: list[str] = []
    assert catalogue.merged(chat_model, adapter, model_paths, said.append) == merged_model
    assert not said
    own_file = own.models / merged_model.name
    for file in model_paths.models.glob(f"{merged_model.name}*"):
        shutil.copy2(file, own.models / file.name)
    assert catalogue.merged(chat_model, adapter, own, said.append) == own_file
    assert not said
    with own_file.open("r+b") as handle:
        handle.truncate(1000)
    own_file.with_suffix(".part").write_bytes(b"cut off")
    assert catalogue.merged(chat_model, adapter, own, said.append) == own_file
    assert len(said) == 1
    assert own_file.read_bytes() == merged_model.read_bytes()
    assert not own_file.with_suffix(".part").exists()


@pytest.mark.slow
def test_without_room_for_the_merged_file_the_bare_model_runs(chat_model: Path, own: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(catalogue.subprocess, "run", full)
    said: list[str] = []
    with closing(Engine(chat_model, "chat", ModelSettings(context=512), own, said.append)) as engine:
        engine.start()
        assert engine.wait(60).adapter is None
    assert "No space left on device" in said[-1]
    assert "runs without its adapter" in said[-1]


def test_an_adapter_of_another_base_is_not_merged(embed_model: Path, own: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_check_once", lambda path, *_: path)
    adapter = catalogue.adapter_for(embed_model, families.load("adapter")["base_bytes"], own)
    assert adapter is not None
    with pytest.raises(ModelLoadFailed, match="the base has no blk"):
        catalogue.merged(embed_model, adapter, own)
    assert not list(own.models.glob("*.part"))


@pytest.fixture(scope="module")
def adapted(merged_model: Path) -> Model:
    return Model(merged_model)


def test_parts_of_an_example_tokenize_as_the_whole(tmp_path: Path) -> None:
    tokenize = tokenizer(catalogue.bundled_chat(Paths(tmp_path).make()))
    for tree, _ in zip(tasks.examples(3, "train"), range(150), strict=False):
        for branch in tree.branches[:2]:
            parts = [*tokenize(tree.prefix), *(tokenize(branch.context) if branch.context else []), *tokenize(branch.reply)]
            assert parts == tokenize(tree.prefix + branch.context + branch.reply)


@pytest.mark.model
def test_it_answers_from_notes_it_never_saw_and_refuses_what_they_do_not_hold(adapted: Model) -> None:
    there, absent = [], []
    for tree in natural_trees()[:8]:
        for branch in tree.branches:
            assert branch.question is not None
            right = judge(branch.question, adapted.reply(tree.prefix + branch.context, 48).text)
            (absent if branch.question.kind == "absent" else there).append(right)
    # Measured over all of them: python -m chatmem.adapter eval. Here a sample, with room for another processor's rounding.
    assert np.mean(there) > 0.5
    assert np.mean(absent) > 0.7


@pytest.mark.model
def test_the_engine_says_which_adapter_it_runs(own: Paths, merged_model: Path) -> None:
    lend(own, merged_model)
    with closing(Engine(catalogue.bundled_chat(own), "chat", ModelSettings(context=1024), own)) as engine:
        engine.start()
        assert engine.wait(60).adapter == families.load("adapter")["file"]
        notes = "What you know about me, today is 14 June 2024:\n- Your dog is a beagle. (2 March 2024, 3 months ago)\n\nWhat breed is my dog?"
        said = "".join(piece for piece in engine.chat([{"role": "user", "content": notes}], max_tokens=30, temperature=0.0) if isinstance(piece, str))
        assert "beagle" in said
