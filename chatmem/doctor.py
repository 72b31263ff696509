"""Checks on real data, and the repairs of what can be repaired. Checking changes nothing; each repair is asked for by its name.

The invariants of memory (seeds of the design: turns never change, every memory has a source, ...) are questions that the
store answers over all profiles; the rest is about files, the vector index, the disk and this machine.
"""

from __future__ import annotations

import base64
import json
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from chatmem import catalogue
from chatmem.child import Child, ChildDied, ChildError
from chatmem.config import Paths, load_settings
from chatmem.errors import ConfigError
from chatmem.store import Store
from chatmem.types import Record
from chatmem.vectors import KINDS, OPEN_TIMEOUT, VectorIndex

if TYPE_CHECKING:
    from chatmem.config import Settings

Repair = Literal["words", "index", "vectors", "permissions"]
REPAIRS: dict[Repair, str] = {
    "words": "make the full-text index anew from the turns and memories",
    "index": "make the vector index anew from the vectors in the database",
    "vectors": "drop vectors of things that are gone; missing ones are made at the next start",
    "permissions": "make every file readable by its owner only",
}
NAMED = 5  # things that a finding names before it says how many more there are
ROOM = 200_000_000  # bytes of disk that should be free
INDEX_FACTOR = 20  # an index this many times as large as its vectors has gone wrong
INDEX_BASE = 50_000_000  # bytes that an index may take however little it holds
SAMPLE = 8  # vectors that are looked up in the index


class Finding(Record):
    """One thing that was checked: ``found`` says how it is, ``remedy`` what to do when not ``ok``, ``repair`` which repair rights it."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    repair: Repair | None = None


def checks(store: Store, index: VectorIndex | None, paths: Paths) -> list[Finding]:
    """Look at everything; changes nothing.

    ``index`` is the one in use by an open app; when None, the index on disk is looked at, unless another chatmem may
    have it open (the store is then read-only).
    """
    return [
        *_database(store),
        *_invariants(store, paths),
        *_vectors(store, paths),
        _index(store, index, paths),
        *_files(store, paths),
        *_machine(paths),
    ]


def repair(store: Store, index: VectorIndex | None, paths: Paths, wanted: Iterable[Repair]) -> list[str]:
    """Carry out repairs; returns what was done, in words. Without an ``index`` in use one is opened for the time it takes."""
    done = []
    names = set(wanted)
    if "words" in names:
        store.rebuild_words()
        done.append("The full-text index was made anew.")
    if "vectors" in names:
        orphans = store.orphan_vectors(_vector_bytes())
        store.drop_vectors(orphans)
        done.append(f"{len(orphans)} vectors were dropped.")
    if "index" in names or "vectors" in names:
        ours = index or VectorIndex(store, catalogue.EMBEDDER_ID, catalogue.EMBEDDER_DIMENSIONS, paths)
        try:
            ours.rebuild()
            state = ours.wait()
        finally:
            if index is None:
                ours.close()
        done.append("The vector index was made anew." if state == "ready" else "The vector index cannot be made here; exact search is used instead.")
    if "permissions" in names:
        open_to_others = list(_open_to_others(paths))
        for path in open_to_others:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)
        done.append(f"{len(open_to_others)} files are now readable by their owner only.")
    return done


# ---------------------------------------------------------------------- the database


def _finding(name: str, problems: Sequence[str], fine: str, remedy: str, repair: Repair | None = None) -> Finding:
    if not problems:
        return Finding(name=name, ok=True, found=fine)
    more = f" and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
    return Finding(name=name, ok=False, found="; ".join(problems[:NAMED]) + more, remedy=remedy, repair=repair)


def _database(store: Store) -> Iterator[Finding]:
    backup = "Move chatmem.db aside and restore a copy; `sqlite3 chatmem.db .recover` saves what can be read."
    yield _finding("database", store.damage(), "SQLite finds its file whole", backup)
    yield _finding("references", store.broken_references(), "every row refers to rows that exist", backup)
    yield _finding("full text", store.words_out_of_step(), "all is found by its words", "Run `chatmem doctor --repair`.", "words")


_UNDO = "See `chatmem memory history` for what led to it; undo or edit by hand."
_RULES: tuple[tuple[str, Callable[[Store], list[str]], str, str], ...] = (
    ("1 turns never change", Store.changed_turns, "every turn says what was said", "Something else wrote to the database: restore a copy."),
    ("2 memories have sources", Store.unfounded, "every memory that you did not write rests on a turn", "Purge it, or edit it to make it your own."),
    ("4 one current fact a chain", Store.broken_chains, "what was replaced is not current", "Forget the one that is over: chatmem memory forget ID."),
    ("5 links go forward in time", Store.broken_links, "no link goes back, so there is no cycle", _UNDO),
    ("6 nothing learnt twice", Store.learnt_twice, "no turn taught the same twice", "Merge them: chatmem memory merge."),
    ("7 fading changes no row", Store.wrong_strengths, "every strength and importance is in its range", _UNDO),
    ("8 pinned memories stay", Store.pinned_taken_out, "no rule or job took out a pinned memory", "Undo that operation: chatmem memory undo ID."),
    (
        "9 the log can undo",
        Store.log_disagrees,
        "the log agrees with every memory",
        "Something else wrote to the database; these cannot be undone exactly.",
    ),
    (
        "12 use is real use",
        lambda store: [*store.unexplained_use(), *store.used_without_reply()],
        "only complete replies strengthened memories",
        _UNDO,
    ),
)


def _invariants(store: Store, paths: Paths) -> Iterator[Finding]:
    for name, check, fine, remedy in _RULES:
        yield _finding(name, check(store), fine, remedy)
    yield _room_for_prompt(paths)
    yield _finding(
        "11 times are possible",
        store.wrong_times(store.clock()),
        "nothing is from the future",
        "Set this machine's clock, then correct the dates by hand.",
    )


def _room_for_prompt(paths: Paths) -> Finding:
    name = "10 prompts fit the model"
    try:
        settings: Settings = load_settings(paths)
    except ConfigError as error:
        return Finding(name=name, ok=False, found=error.message, remedy=error.hint)
    room = settings.model.context - min(settings.model.max_reply_tokens, settings.model.context // 2)
    found = f"{settings.memory.budget} tokens of memories in a prompt of at most {room}"
    if settings.memory.budget <= room:
        return Finding(name=name, ok=True, found=found)
    return Finding(name=name, ok=False, found=found, remedy="Lower memory.budget, or raise model.context.")


# ---------------------------------------------------------------------- vectors and their index


def _vector_bytes() -> int:
    return catalogue.EMBEDDER_DIMENSIONS * 4  # float32


def _vectors(store: Store, paths: Paths) -> Iterator[Finding]:
    missing = [id_ for kind in KINDS for id_ in store.without_vector(kind, catalogue.EMBEDDER_ID)]
    if missing and not paths.index.exists():  # changed from the command line since the app was open
        yield Finding(name="vectors", ok=True, found=f"{len(missing)} are made at the next start")
    else:
        yield _finding(
            "vectors",
            [f"{id_} has none" for id_ in missing],
            "every current memory and round has its vector",
            "Open chatmem: they are made by itself.",
        )
    orphans = [f"{kind} {id_} of {embedder}" for kind, embedder, id_ in store.orphan_vectors(_vector_bytes())]
    yield _finding("left-over vectors", orphans, "no vector is of something that is gone", "Run `chatmem doctor --repair`.", "vectors")


def _index(store: Store, index: VectorIndex | None, paths: Paths) -> Finding:
    name, remedy = "3 vector index", "Run `chatmem doctor --repair`; until then exact search is used."
    if index is not None:
        if index.state == "off":
            return Finding(name=name, ok=False, found="Chroma does not work here: exact search is used", remedy=remedy, repair="index")
        return Finding(name=name, ok=True, found={"exact": "opening", "building": "being made anew", "ready": "in use"}[index.state])
    if not paths.index.exists():
        return Finding(name=name, ok=True, found="not there; it is made at the next start")
    if (size := _size(paths.index)) > INDEX_BASE + INDEX_FACTOR * _vector_bytes() * store.totals()["vector"]:
        return Finding(name=name, ok=False, found=f"it takes {_bytes(size)}, far more than it holds", remedy=remedy, repair="index")
    try:
        current = json.loads((paths.index / "current.json").read_text("utf-8"))
        folder = paths.index / current["folder"]
        if current["embedder"] != catalogue.EMBEDDER_ID:
            return Finding(name=name, ok=False, found=f"made by another embedder, {current['embedder']}", remedy=remedy, repair="index")
    except (OSError, ValueError, KeyError, TypeError):
        return Finding(name=name, ok=False, found="its pointer cannot be read", remedy=remedy, repair="index")
    if not folder.is_dir():
        return Finding(name=name, ok=False, found=f"its folder {folder.name} is gone", remedy=remedy, repair="index")
    if store.read_only:
        return Finding(name=name, ok=True, found=f"{_bytes(size)}; its content is looked at when no other chatmem has it open")
    problem = _disagreement(store, folder, paths)
    if problem:
        return Finding(name=name, ok=False, found=problem, remedy=remedy, repair="index")
    return Finding(name=name, ok=True, found="it holds exactly the current memories and all rounds")


def _disagreement(store: Store, folder: Path, paths: Paths) -> str:
    """How an index on disk differs from the database, "" when it does not. Opened in a process of its own: it may crash."""
    child = Child("chatmem.vectors_process", paths.logs / "index.log")
    try:
        child.start()
        held = child.call("open", timeout=OPEN_TIMEOUT, path=str(folder), dimensions=catalogue.EMBEDDER_DIMENSIONS)
        for kind in KINDS:
            ids = store.vector_ids(kind, catalogue.EMBEDDER_ID)
            if held[kind] != len(ids):
                return f"it holds {held[kind]} {kind}, the database {len(ids)}"
            for id_, vector in zip(*store.vectors(kind, catalogue.EMBEDDER_ID, ids[:: max(1, len(ids) // SAMPLE)]), strict=True):
                found = child.call("search", timeout=OPEN_TIMEOUT, kind=kind, data=base64.b64encode(vector.tobytes()).decode(), k=1)
                if not found or found[0][1] < 0.999:
                    return f"it does not find {id_}"
    except (ChildDied, ChildError, TimeoutError) as error:
        return f"it cannot be opened ({error})"
    finally:
        child.kill()
    return ""


# ---------------------------------------------------------------------- files, disk, machine


def _files(store: Store, paths: Paths) -> Iterator[Finding]:
    others = [f"{path.relative_to(paths.home)} ({stat.S_IMODE(path.stat().st_mode):o})" for path in _open_to_others(paths)]
    yield _finding("permissions", others, "every file is readable by its owner only", "Run `chatmem doctor --repair`.", "permissions")
    free, needed = shutil.disk_usage(paths.home).free, ROOM + 2 * _size(paths.database)
    yield Finding(
        name="disk",
        ok=free >= needed,
        found=f"{_bytes(free)} free, {_bytes(needed)} wanted",
        remedy="" if free >= needed else "Free some disk space: erasing rewrites the database beside itself.",
    )
    places = {"database": paths.database, "index": paths.index, "models": paths.models, "logs": paths.logs, "everything": paths.home}
    yield Finding(name="sizes", ok=True, found=", ".join(f"{name} {_bytes(_size(path))}" for name, path in places.items()))
    yield Finding(name="rows", ok=True, found=", ".join(f"{name} {count}" for name, count in store.totals().items()))


def _open_to_others(paths: Paths) -> Iterator[Path]:
    """Files and folders that others may read. The index and the models hold no words: their folders being closed is enough."""
    closed = (paths.index, paths.models)
    for path in [paths.home, *sorted(paths.home.rglob("*"))]:
        if not path.is_symlink() and not any(folder in path.parents for folder in closed) and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield path


def _machine(paths: Paths) -> Iterator[Finding]:
    name = "this machine"
    try:
        data = json.loads(paths.machine.read_text("utf-8"))
        safe, why = bool(data.get("safe_mode")), str(data.get("why", ""))
    except FileNotFoundError:
        safe, why = False, ""
    except (OSError, ValueError, AttributeError):
        yield Finding(name=name, ok=False, found="machine.json cannot be read", remedy=f"Delete {paths.machine}: it is written again when needed.")
        return
    found = f"models run in safe mode{f': {why}' if why else ''}" if safe else "models run at full speed"
    yield Finding(name=name, ok=True, found=found, remedy=f"Delete {paths.machine} to try without." if safe else "")


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    return path.stat().st_size if path.exists() else 0


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
