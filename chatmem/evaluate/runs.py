"""Read runs back: result folders, shards of one run put together, and what may be compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chatmem.evaluate.datasets import Case, read_cases
from chatmem.evaluate.json_stream import DatasetError, fingerprint
from chatmem.evaluate.record import RECORD, RESULTS, RunRecord, differing, read_rows

Row = dict[str, Any]


@dataclass
class Run:
    """The rows of one run by system, in order; ``judged`` holds verdicts by judge, question and system."""

    name: str
    records: list[RunRecord]
    rows: dict[str, list[Row]]
    judged: dict[str, dict[tuple[str, str], bool | None]] = field(default_factory=dict)

    @property
    def record(self) -> RunRecord:
        """The record of the run, or of its first shard."""
        return self.records[0]

    @property
    def layout(self) -> str:
        """Of the data: longmemeval or locomo."""
        return self.record.layout

    @property
    def complete(self) -> bool:
        """Whether every shard came to its end."""
        return all(record.finished_at for record in self.records)


def read_runs(folders: Iterable[Path]) -> list[Run]:
    """Runs of these folders; shards with the same pins become one. Raises DatasetError for a folder without a run."""
    runs: list[Run] = []
    for folder in folders:
        run = read_run(folder)
        whole = run.record.selection["shard"] == [1, 1]
        other = next((known for known in runs if not whole and _shards_of_one(known.record, run.record, known)), None)
        if other is None:
            runs.append(run)
            continue
        other.records.append(run.record)
        for system, rows in run.rows.items():
            other.rows.setdefault(system, []).extend(rows)
        for judge, verdicts in run.judged.items():
            other.judged.setdefault(judge, {}).update(verdicts)
    names: dict[str, int] = {}
    for run in runs:
        names[run.name] = names.get(run.name, 0) + 1
        if names[run.name] > 1:
            run.name += f" ({names[run.name]})"
    return runs


def _shards_of_one(first: RunRecord, second: RunRecord, known: Run) -> bool:
    taken = [record.selection["shard"] for record in known.records]
    return first.pins == second.pins and first.systems == second.systems and second.selection["shard"] not in taken and [1, 1] not in taken


def read_run(folder: Path) -> Run:
    """One folder. Raises DatasetError."""
    try:
        record = RunRecord.model_validate_json((folder / RECORD).read_text("utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"There is no run in {folder}.", "Make one by: chatmem eval run --data FILE --out DIR") from error
    except (OSError, ValidationError) as error:
        raise DatasetError(f"{folder / RECORD} cannot be read.", "Run the evaluation again, into another folder.") from error
    rows: dict[str, list[Row]] = {}
    for row in read_rows(folder / RESULTS):
        rows.setdefault(row["system"], []).append(row)
    judged = {
        path.stem.removeprefix("judged-"): {(v["id"], v["system"]): v["correct"] for v in map(json.loads, path.read_text("utf-8").splitlines())}
        for path in sorted(folder.glob("judged-*.jsonl"))
    }
    return Run(folder.resolve().name, [record], rows, judged)


def same_questions(first: Run, second: Run) -> list[str]:
    """Pins that forbid to compare two runs: the data has to be the same, and what was indexed of it."""
    return differing(first.record.pins, second.record.pins, ["data_sha256", "user_turns_only"])


def paired_values(first: Sequence[Row], second: Sequence[Row], value: Callable[[Row], float | None]) -> tuple[list[float], list[float]]:
    """Values of the questions that both rows have."""
    by_id = {row["id"]: value(row) for row in second}
    pairs = [(a, b) for row in first if (a := value(row)) is not None and (b := by_id.get(row["id"])) is not None]
    return [a for a, _ in pairs], [b for _, b in pairs]


def metric(level: str, name: str) -> Callable[[Row], float | None]:
    """Picks a metric out of a row; None where it was not scored."""
    return lambda row: row.get("metrics", {}).get(level, {}).get(name)


def find_runs(folders: Iterable[Path]) -> list[Path]:
    """Folders with a run: those given, and those right inside them, the newest first."""
    found: dict[Path, float] = {}
    for folder in folders:
        inside = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        for place in (folder, *inside):
            if (record := place / RECORD).is_file():
                found[place.resolve()] = record.stat().st_mtime
    return sorted(found, key=lambda place: -found[place])


def verdict(run: Run, row: Row) -> bool | None:
    """Whether an answer is right: by the first judge when it was judged, else by rule; None when unknown or not answered."""
    for judge in sorted(run.judged):
        if (key := (row["id"], row["system"])) in run.judged[judge]:
            return run.judged[judge][key]
    return row["rule"]["correct"] if row.get("rule") and row.get("answer_fits", True) else None


@dataclass(frozen=True)
class Ability:
    """One type of questions: how many, the mean share whose evidence was found, and of the answers that are right (None: not scored)."""

    name: str
    n: int
    found: float | None
    answered: int
    right: float | None


def abilities(run: Run, system: str, found: Callable[[Row], float | None]) -> list[Ability]:
    """By type, then all together."""
    rows = run.rows.get(system, [])
    made = []
    for name in [*sorted({row["type"] for row in rows}), "all"]:
        chosen = [row for row in rows if name in ("all", row["type"])]
        scores = [value for row in chosen if (value := found(row)) is not None]
        right = [float(value) for row in chosen if (value := verdict(run, row)) is not None]
        made.append(Ability(name, len(chosen), sum(scores) / len(scores) if scores else None, len(right), sum(right) / len(right) if right else None))
    return made


def history_of(record: RunRecord, case_id: str, files: Iterable[Path]) -> Case | None:
    """The history that a question is about, from the first of these files whose content is what the run was made on; else None."""
    for path in files:
        if path.exists() and fingerprint(path)[0] == record.pins["data_sha256"]:
            return next((case for case in read_cases(path) if case.id == case_id), None)
    return None
