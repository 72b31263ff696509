"""The run record: everything that a figure depends on. Runs are compared, resumed and merged only inside the same pins."""

from __future__ import annotations

import hashlib
import json
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import chatmem
from chatmem.prompts import Prompt
from chatmem.types import Record

RECORD = "run.json"
RESULTS = "results.jsonl"
PACKAGES = ("llama-cpp-python", "snowballstemmer", "sqlite-utils")


class RunRecord(Record):
    """One run. ``pins`` decides what may be compared with what; the rest says how and when."""

    data_name: str
    layout: str = ""
    pins: dict[str, Any]
    selection: dict[str, Any]
    systems: dict[str, dict[str, Any]]
    versions: dict[str, str]
    machine: dict[str, Any]
    started_at: str
    finished_at: str | None = None
    seconds: float = 0.0
    embedded: int = 0
    reused: int = 0


def file_sha256(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def prompt_sha256(prompt: Prompt) -> str:
    """sha256 of a prompt as it is used (a user's own copy hashes differently)."""
    return hashlib.sha256(prompt.model_dump_json().encode()).hexdigest()


def code_identity() -> dict[str, str]:
    """Hash of chatmem's source, and the commit when it runs from a checkout ("+" when that has changes)."""
    root = Path(chatmem.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return {"commit": _commit(root), "source_sha256": digest.hexdigest()}


def _commit(root: Path) -> str:
    if not (root.parent / ".git").exists():
        return chatmem.__version__

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return chatmem.__version__


def versions() -> dict[str, str]:
    """Versions of what does the counting."""
    found = {"chatmem": chatmem.__version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "numpy": np.__version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def write_record(out: Path, record: RunRecord) -> None:
    """Write the record whole or not at all."""
    part = out / f"{RECORD}.part"
    part.write_text(record.model_dump_json(indent=2) + "\n", "utf-8")
    part.replace(out / RECORD)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file; a last line that was cut off while being written is dropped, from the file too."""
    rows: list[dict[str, Any]] = []
    if not path.exists():
        return rows
    good = 0
    with path.open("rb") as file:
        for line in file:
            try:
                rows.append(json.loads(line))
            except ValueError:
                break
            if not line.endswith(b"\n"):
                rows.pop()
                break
            good += len(line)
    if good < path.stat().st_size:
        with path.open("r+b") as file:
            file.truncate(good)
    return rows


def differing(first: dict[str, Any], second: dict[str, Any], keys: Sequence[str] | None = None) -> list[str]:
    """Names of the pins that differ."""
    return [key for key in (keys or sorted({*first, *second})) if first.get(key) != second.get(key)]
