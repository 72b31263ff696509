"""Upkeep of memory: what runs by itself, when, and what each would do.

A job first plans and then applies its plan step by step, so that a dry run is the plan and nothing else. A step that
was applied is no longer in the next plan: a job that was killed is resumed by running it again, with no step twice.
All jobs run in the chat's one background thread, one at a time. APScheduler keeps the times in a file of its own,
so that what fell due while the laptop slept runs once when it wakes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chatmem import doctor
from chatmem.chat import Chat
from chatmem.errors import ChatmemError, NotFound
from chatmem.memory import decay, operations, update
from chatmem.memory.extract import command
from chatmem.memory.learn import stated
from chatmem.types import JobRun

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

Progress = Callable[[int, int], None]
"""Called with steps done and steps in all."""


@dataclass(frozen=True)
class Step:
    """One thing that a job would do: an operation on memories, or another piece of upkeep (``LEARN``, ``SUMMARISE``, …)."""

    op: str
    ids: tuple[str, ...]
    text: str
    reason: str = ""
    score: float | None = None


@dataclass(frozen=True)
class Job:
    """A kind of upkeep. ``hours`` is how often it runs by itself."""

    name: str
    description: str
    hours: float
    plan: Callable[[Chat], list[Step]]
    apply: Callable[[Chat, Step], None]


# ---------------------------------------------------------------------- consolidate


def _plan_consolidate(chat: Chat) -> list[Step]:
    store = chat.store
    unread = [
        Step("LEARN", (turn.id,), " ".join(turn.content.split())[:200], f"{len(stated(store, turn))} candidates")
        for turn in store.turns_to_learn()
        if not command(turn.content)
    ]
    idle = store.idle_sessions(chat.clock() - timedelta(minutes=chat.settings.memory.idle_minutes))
    return [*unread, *(Step("SUMMARISE", (id_,), store.session(id_).title, "its conversation is over") for id_ in idle)]


def _apply_consolidate(chat: Chat, step: Step) -> None:
    if step.op == "LEARN":
        chat.learner.learn()  # reads all that is unread, in order; the later LEARN steps then find nothing left
    else:
        chat.learner.summarise(step.ids[0])


# ---------------------------------------------------------------------- merge


def _plan_merge(chat: Chat) -> list[Step]:
    memories = {memory.id: memory for memory in chat.store.memories("active") if not memory.pinned}
    ids, matrix = chat.store.vectors("memories", chat.embedder_id, list(memories))
    groups = update.merge_groups([memories[id_] for id_ in ids], matrix) if ids else []
    steps = []
    for group in groups:
        texts = [memories[id_].text for id_ in group]
        steps.append(Step("MERGE", tuple(group), update.merge_text(texts), " + ".join(texts)))
    return steps


def _apply_merge(chat: Chat, step: Step) -> None:
    _, done = operations.merge(chat.store, step.ids, step.text, "job", "they say the same")
    chat.reindex([done])


# ---------------------------------------------------------------------- decay


def _plan_decay(chat: Chat) -> list[Step]:
    gone = decay.faded(chat.store.memories("active"), chat.clock(), chat.settings.memory, chat.store.changed_heads())
    return [Step("FORGET", (memory.id,), memory.text, f"faded: {left:.0%} left", left) for memory, left in gone]


def _apply_decay(chat: Chat, step: Step) -> None:
    chat.reindex(operations.forget(chat.store, step.ids, "job", step.reason, step.score))


# ---------------------------------------------------------------------- verify


def _plan_verify(chat: Chat) -> list[Step]:
    found = doctor.checks(chat.store, chat.index, chat.paths)
    return [Step("CHECK" if finding.ok else "PROBLEM", (), f"{finding.name}: {finding.found}", finding.remedy) for finding in found]


def _apply_verify(chat: Chat, step: Step) -> None:
    if step.op == "PROBLEM":  # told, never repaired by itself
        chat.notice(f"{step.text} {step.reason}")


# ---------------------------------------------------------------------- reindex


def _plan_reindex(chat: Chat) -> list[Step]:
    counts = chat.store.counts()
    return [Step("REINDEX", (), f"{counts['memories']} memories and {counts['turns']} turns", "a fresh index, nothing is embedded again")]


def _apply_reindex(chat: Chat, _: Step) -> None:
    chat.learner.embed_missing()
    chat.index.rebuild()


JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job(
            "consolidate", "learn from what was not read yet, and summarise conversations that are over", 0.25, _plan_consolidate, _apply_consolidate
        ),
        Job("merge", "make one memory of several that say the same", 24, _plan_merge, _apply_merge),
        Job("decay", "move memories that faded to the trash", 24, _plan_decay, _apply_decay),
        Job("verify", "check that everything stored is sound; nothing is repaired", 24 * 7, _plan_verify, _apply_verify),
        Job("reindex", "build the vector index anew", 24 * 30, _plan_reindex, _apply_reindex),
    )
}


def find(name: str) -> Job:
    """A job by its name; raises NotFound."""
    if name not in JOBS:
        raise NotFound(f"There is no job {name}.", f"These exist: {', '.join(JOBS)}.")
    return JOBS[name]


def plan(name: str, chat: Chat) -> list[Step]:
    """What a job would do now; nothing is changed."""
    return find(name).plan(chat)


def run(
    name: str, chat: Chat, *, only: Sequence[Step] | None = None, cancel: threading.Event | None = None, progress: Progress | None = None
) -> JobRun:
    """Run a job now, in this thread, and keep a record of the run; ``only`` applies just these steps of its plan.

    Cancelling stops between two steps. A failure is recorded, then raised.
    """
    job = find(name)
    cancel = cancel or threading.Event()
    store = chat.store
    record = JobRun(id=store.next_job_id(), kind=name, state="running", started_at=chat.clock())
    store.put_job(record)
    stats: dict[str, int | float | str] = {}
    try:
        steps = list(only) if only is not None else job.plan(chat)
        stats["planned"] = len(steps)
        for number, step in enumerate(steps, 1):
            if cancel.is_set() or chat.background.closing.is_set():
                return _finish(chat, record, "cancelled", stats)
            job.apply(chat, step)
            stats[step.op] = int(stats.get(step.op, 0)) + 1
            store.put_job(record.model_copy(update={"cursor": step.ids[-1] if step.ids else step.op, "stats": stats}))
            if progress:
                progress(number, len(steps))
    except ChatmemError as error:
        _finish(chat, record, "failed", {**stats, "error": error.message})
        raise
    return _finish(chat, record, "done", stats)


def _finish(chat: Chat, record: JobRun, state: str, stats: dict[str, int | float | str]) -> JobRun:
    done = JobRun.model_validate({**record.model_dump(), "state": state, "finished_at": chat.clock(), "stats": stats})
    chat.store.put_job(done)
    return done


# ---------------------------------------------------------------------- the schedule


class Scheduler:
    """Runs the jobs of one open chat at their times. One a process: APScheduler's job store names functions, not objects."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._scheduler: BackgroundScheduler | None = None

    def start(self) -> None:
        """Begin; what fell due while nothing ran is run once now."""
        global _present
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
        from apscheduler.schedulers.background import BackgroundScheduler

        path = self._chat.paths.schedule
        path.touch(mode=0o600)
        for unfinished in self._chat.store.jobs():
            if unfinished.state == "running":  # the app was killed in the middle; the next run does the rest
                _finish(self._chat, unfinished, "cancelled", unfinished.stats)
        scheduler = BackgroundScheduler(
            jobstores={"default": SQLAlchemyJobStore(url=f"sqlite:///{path}")},
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        _present = self
        scheduler.start(paused=True)
        known = {entry.id for entry in scheduler.get_jobs()}
        for job in JOBS.values():
            if job.name not in known:
                scheduler.add_job(_due, "interval", hours=job.hours, id=job.name, args=[job.name])
        for gone in known - JOBS.keys():
            scheduler.remove_job(gone)
        self._scheduler = scheduler
        scheduler.resume()

    def stop(self) -> None:
        """End; a job that is running stops after its step."""
        global _present
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
        if _present is self:
            _present = None

    def next_run(self, name: str) -> datetime | None:
        """When a job runs next; None while it is paused."""
        found = self._running().get_job(find(name).name)
        when: datetime | None = found.next_run_time if found else None
        return when

    def pause(self, name: str) -> None:
        """Do not run a job by itself until resumed, after a restart too."""
        self._running().pause_job(find(name).name)

    def resume(self, name: str) -> None:
        """Run a job by itself again."""
        self._running().resume_job(find(name).name)

    def run_now(self, name: str, only: Sequence[Step] | None = None) -> None:
        """Run a job as soon as the work in hand is done."""
        find(name)
        self._chat.background.submit(name, lambda: run(name, self._chat, only=only), key=f"job {name}")

    def _running(self) -> BackgroundScheduler:
        if self._scheduler is None:
            raise ChatmemError("The schedule is not running.")
        return self._scheduler


_present: Scheduler | None = None


def _due(name: str) -> None:
    """What APScheduler calls; named in its file, so its name must stay."""
    if _present is not None and name in JOBS:
        _present.run_now(name)
