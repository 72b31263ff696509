"""Run a question set: a fresh store for each history, every system on every question, one result line at a time.

A run may be interrupted at any moment: finished lines stay, and ``resume`` goes on after them.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from chatmem.config import MemorySettings
from chatmem.evaluate.answers import Reader, final_answer
from chatmem.evaluate.datasets import Case, Gold, Question, read_cases
from chatmem.evaluate.embedding import CachedEmbedder
from chatmem.evaluate.evidence import BUDGETS, history_tokens, in_context, prompt_text
from chatmem.evaluate.history import History, open_history
from chatmem.evaluate.json_stream import DatasetError, fingerprint
from chatmem.evaluate.okapi import official_bm25
from chatmem.evaluate.record import RECORD, RESULTS, RunRecord, code_identity, differing, prompt_sha256, read_rows, versions, write_record
from chatmem.evaluate.retrieval import score_retrieval, user_evidence
from chatmem.evaluate.scoring import score_answer
from chatmem.evaluate.systems import RETRIEVERS, WITH_CONTEXT, Found, System, find, ranked_rounds, ranked_sessions
from chatmem.prompts import Prompt
from chatmem.types import Clock

Row = dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """Which questions of a set are run. ``shard`` is (i, n): the i-th of n parts, counted from 1, by whole histories."""

    limit: int | None = None
    types: tuple[str, ...] = ()
    shard: tuple[int, int] = (1, 1)
    cases: tuple[str, ...] = ()

    def pick(self, cases: Iterator[Case]) -> Iterator[Case]:
        """The cases to run, each with only the questions to run."""
        left = self.limit if self.limit is not None else -1
        for number, case in enumerate(cases):
            if number % self.shard[1] != self.shard[0] - 1 or (self.cases and case.id not in self.cases):
                continue
            wanted = tuple(pair for pair in case.questions if not self.types or pair[1].type in self.types)
            if left >= 0:
                wanted = wanted[:left]
                left -= len(wanted)
            if wanted:
                yield Case(case.layout, case.id, case.sessions, wanted)
            if left == 0:
                return


@dataclass
class Job:
    """Everything a run needs. Without ``reader`` nothing is answered; ``answer_limit`` questions are, spread over the types."""

    data: Path
    out: Path
    systems: Sequence[System]
    memory: MemorySettings
    chat_prompt: Prompt
    clock: Clock
    embedder: CachedEmbedder | None = None
    reader: Reader | None = None
    answered: tuple[str, ...] = ("chatmem", "none")
    answer_limit: int | None = None
    selection: Selection = field(default_factory=Selection)
    user_turns_only: bool = False
    learn: bool = False
    budgets: tuple[int, ...] = BUDGETS
    models: dict[str, str] = field(default_factory=dict)


@dataclass
class Progress:
    """Told to the caller: about how many questions there are, then how many were done and how many texts embedded since."""

    begin: Callable[[int], None] = lambda _: None
    done: Callable[[int], None] = lambda _: None
    embedded: Callable[[int], None] = lambda _: None


def pins_of(job: Job, data_sha256: str) -> dict[str, Any]:
    """What figures depend on."""
    prompts = {job.chat_prompt.name: prompt_sha256(job.chat_prompt)}
    if job.reader:
        prompts[job.reader.reader_prompt.name] = prompt_sha256(job.reader.reader_prompt)
    return {
        "data_sha256": data_sha256,
        "embedder": job.embedder.identity if job.embedder else "none",
        "models": job.models,
        "reader": job.reader.protocol if job.reader else "none",
        "prompts": prompts,
        "memory": job.memory.model_dump(),
        "user_turns_only": job.user_turns_only,
        "learn": job.learn,
        "budgets": list(job.budgets),
        "code": code_identity(),
    }


def run(job: Job, *, resume: bool = False, progress: Progress | None = None) -> RunRecord:
    """Run, writing ``run.json`` and ``results.jsonl`` under ``job.out``, and one hypothesis file per system that answers.

    Raises DatasetError for bad data, or when the folder holds another run, and ModelError when a model fails.
    """
    progress = progress or Progress()
    sha256, total = fingerprint(job.data)
    record = _begin(job, pins_of(job, sha256), resume)
    done = {(row["id"], row["system"]): row for row in read_rows(job.out / RESULTS)}
    begun = time.monotonic()
    before = (job.embedder.computed, job.embedder.reused) if job.embedder else (0, 0)
    answers_left = _AnswerQuota(job.answer_limit, [row for row in done.values() if row.get("answer") is not None])
    total = -(-total // job.selection.shard[1])
    progress.begin(min(total, job.selection.limit or total))
    try:
        with (job.out / RESULTS).open("a", encoding="utf-8") as results:
            for case in job.selection.pick(read_cases(job.data)):
                if record.layout != case.layout:
                    record.layout = case.layout
                    write_record(job.out, record)  # now, so that a run that is killed can be reported
                todo = [(q, gold) for q, gold in case.questions if any((gold.id, system.name) not in done for system in job.systems)]
                progress.done(len(case.questions) - len(todo))
                if todo:
                    _run_case(job, case, todo, done, answers_left, results, progress)
        if not record.layout:
            raise _nothing_picked(job)
        record.finished_at = job.clock().isoformat(timespec="seconds")
    finally:
        record.seconds += time.monotonic() - begun
        if job.embedder:
            record.embedded += job.embedder.computed - before[0]
            record.reused += job.embedder.reused - before[1]
        if record.layout:
            write_record(job.out, record)
        else:  # nothing was run: the folder may be used again
            (job.out / RESULTS).unlink(missing_ok=True)
            (job.out / RECORD).unlink(missing_ok=True)
    write_hypotheses(job.out)
    return record


def _nothing_picked(job: Job) -> DatasetError:
    types: dict[str, None] = {}
    cases: dict[str, None] = {}
    for case in read_cases(job.data):
        cases[case.id] = None
        types |= dict.fromkeys(gold.type for _, gold in case.questions)
    wanted = [*job.selection.types, *job.selection.cases]
    there = f"Types: {', '.join(types)}." if job.selection.types else f"Cases: {', '.join([*cases][:12])}{', …' if len(cases) > 12 else ''}."
    return DatasetError(f"No question of {job.data.name} is picked by {', '.join(wanted) or 'this shard'}.", f"{there} Choose among them.")


def _begin(job: Job, pins: dict[str, Any], resume: bool) -> RunRecord:
    """The record of a new run, or of the one that is resumed."""
    selection = {"types": list(job.selection.types), "shard": list(job.selection.shard), "cases": list(job.selection.cases)}
    systems = {system.name: {"kind": system.kind, "changes": system.changes} for system in job.systems}
    job.out.mkdir(parents=True, exist_ok=True)
    if (job.out / RECORD).exists():
        if not resume:
            raise DatasetError(f"{job.out} already holds a run.", "Go on with it by --resume, or choose another folder.")
        record = RunRecord.model_validate_json((job.out / RECORD).read_text("utf-8"))
        changed = differing(record.pins, pins)
        if changed or record.selection != selection or record.systems != systems:
            what = ", ".join(changed) or ("selection" if record.selection != selection else "systems")
            raise DatasetError(f"{job.out} holds a run of another kind: {what} differ.", "Choose another folder: lines of two kinds do not mix.")
        record.finished_at = None
        return record
    record = RunRecord(
        data_name=job.data.name,
        pins=pins,
        selection=selection,
        systems=systems,
        versions=versions(),
        machine={"cores": os.cpu_count(), "machine": platform.machine(), "system": platform.system()},
        started_at=job.clock().isoformat(timespec="seconds"),
    )
    write_record(job.out, record)
    return record


class _AnswerQuota:
    """Spreads a limited number of answers evenly over the types of questions."""

    def __init__(self, limit: int | None, done: Sequence[Row]) -> None:
        self.limit = limit
        self.given: dict[str, set[str]] = {}
        for row in done:
            self.given.setdefault(_stratum(row["type"], row["abstention"]), set()).add(row["id"])

    def allows(self, gold: Gold, strata: int = 7) -> bool:
        given = self.given.setdefault(_stratum(gold.type, gold.abstention), set())
        if self.limit is None or gold.id in given or len(given) < -(-self.limit // strata):
            given.add(gold.id)
            return True
        return False


def _stratum(type_: str, abstention: bool) -> str:
    return "abstention" if abstention else type_


def _run_case(
    job: Job,
    case: Case,
    todo: Sequence[tuple[Question, Gold]],
    done: dict[tuple[str, str], Row],
    quota: _AnswerQuota,
    results: IO[str],
    progress: Progress,
) -> None:
    embedder = job.embedder
    with open_history(case, embedder, user_turns_only=job.user_turns_only, learn=job.learn, progress=progress.embedded) as history:
        vectors = embedder.vectors([question.text[:2000] for question, _ in todo]) if embedder else None
        whole = history_tokens(case)
        for index, (question, gold) in enumerate(todo):
            vector = vectors[index] if vectors is not None else None
            answer = job.reader is not None and quota.allows(gold)
            for system in job.systems:
                if (gold.id, system.name) in done:
                    continue
                row = run_question(job, history, system, question, gold, vector, answer=answer and system.name in job.answered)
                row["history_tokens"] = whole
                row["seconds"] = {name: round(value, 4) for name, value in history.seconds.items()}
                results.write(json.dumps(row, ensure_ascii=False) + "\n")
            results.flush()
            os.fsync(results.fileno())
            progress.done(1)


def run_question(job: Job, history: History, system: System, question: Question, gold: Gold, vector: np.ndarray | None, *, answer: bool) -> Row:
    """One system on one question: the result line."""
    case = history.case
    found = find(system, history, question, vector, job.memory, context=job.reader.room if job.reader else 0)
    row: Row = {
        "id": gold.id,
        "case": case.id,
        "type": gold.type,
        "system": system.name,
        "abstention": gold.abstention,
        "recallable": gold.recallable,
        "user_target": bool(user_evidence(case, gold)),
        "state": found.recall.state,
        "top_score": max((item.score for item in found.recall.items), default=0.0),
        "milliseconds": round(found.recall.milliseconds, 3),
        "fits": found.fits,
    }
    if system.kind == "official-bm25":
        sessions, rounds = official_bm25(case, question.text)
    else:
        sessions, rounds = ranked_sessions(history, found), ranked_rounds(history, found)
    row["ranked"] = {"sessions": sessions[:50], "rounds": [list(place) for place in rounds[:50]]}
    row["gold"] = {"sessions": sorted(gold.sessions), "turns": sorted(map(list, gold.turns))}
    if gold.recallable and system.kind in RETRIEVERS:
        scores = score_retrieval(case, gold, rounds, sessions)
        row["metrics"] = {level: {name: round(value, 10) for name, value in values.items()} for level, values in scores.items()}
    if gold.recallable and gold.turns and system.kind in WITH_CONTEXT:
        row["context"] = _contexts(job, history, system, question, gold, vector)
    if answer and job.reader:
        row |= _answered(job.reader, history, found, question, gold)
    return row


def _contexts(job: Job, history: History, system: System, question: Question, gold: Gold, vector: np.ndarray | None) -> dict[str, dict[str, float]]:
    contexts = {}
    for budget in job.budgets:
        found = find(system, history, question, vector, job.memory, budget=budget)
        # What goes over the budget is cut off: the figure is about what fits.
        text = prompt_text(job.chat_prompt, found, question.at, ours=system.kind == "chatmem")[: 4 * budget]
        contexts[str(budget)] = {name: round(value, 6) for name, value in in_context(history, gold, found, text).items()}
    return contexts


def _answered(reader: Reader, history: History, found: Found, question: Question, gold: Gold) -> Row:
    given = reader.answer(history.store, found, question)
    text = final_answer(given.text, reader.protocol)
    scored = score_answer(gold, text)
    return {
        "question": question.text,
        "expected": gold.answer,
        "answer": given.text,
        "rule": {"correct": scored.correct if given.fits else None, "kind": scored.rule, "refused": scored.refused},
        "answer_fits": given.fits,
        "answer_cost": {"prompt_tokens": given.prompt_tokens, "reply_tokens": given.reply_tokens, "seconds": round(given.seconds, 3)},
    }


def write_hypotheses(out: Path) -> list[Path]:
    """The answers in the official form, one file per system: lines of ``question_id`` and ``hypothesis``."""
    by_system: dict[str, list[Row]] = {}
    for row in read_rows(out / RESULTS):
        if row.get("answer") is not None and row.get("answer_fits", True):
            by_system.setdefault(row["system"], []).append({"question_id": row["id"], "hypothesis": row["answer"]})
    paths = []
    for name, rows in by_system.items():
        path = out / f"hypotheses-{name.replace(' ', '-')}.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        paths.append(path)
    return paths


def judge_run(
    out: Path, data: Path, verdict: Callable[[Gold, str, str], bool | None], name: str, told: Callable[[int], None] = lambda _: None
) -> Path:
    """Have a model judge the answers of a run; resumable. Writes ``judged-NAME.jsonl``. Raises DatasetError for other data."""
    record = RunRecord.model_validate_json((out / RECORD).read_text("utf-8"))
    sha256, _ = fingerprint(data)
    if sha256 != record.pins["data_sha256"]:
        raise DatasetError(f"{data.name} is not the data of the run in {out}.", "Judge with the file that was run.")
    path = out / f"judged-{name}.jsonl"
    done = {(row["id"], row["system"]) for row in read_rows(path)}
    rows: dict[str, list[Row]] = {}
    for row in read_rows(out / RESULTS):
        if row.get("answer") is not None and row.get("answer_fits", True) and (row["id"], row["system"]) not in done:
            rows.setdefault(row["id"], []).append(row)
    with path.open("a", encoding="utf-8") as judged:
        for case in read_cases(data):
            for question, gold in case.questions:
                for row in rows.get(gold.id, ()):
                    value = verdict(gold, question.text, row["answer"])
                    judged.write(json.dumps({"id": gold.id, "system": row["system"], "correct": value}) + "\n")
                    judged.flush()
                    told(1)
    return path


Profile = Literal["auto", "basic", "capable"]
