"""``chatmem jobs``: see and run the upkeep of memory."""

from __future__ import annotations

import click

from chatmem.cli.terminal import json_option, note, open_chat, open_store, print_json, print_table


@click.group("jobs")
def jobs_group() -> None:
    """Upkeep of memory: what runs by itself, and run it now."""


@jobs_group.command("list")
@json_option
def jobs_list(as_json: bool) -> None:
    """The jobs and their last runs."""
    from chatmem import jobs

    with open_store(read_only=True) as store:
        last = {name: next(iter(store.jobs(name, 1)), None) for name in jobs.JOBS}
    if as_json:
        runs = {name: run.model_dump(mode="json") if run else None for name, run in last.items()}
        print_json([{"name": job.name, "hours": job.hours, "description": job.description, "last": runs[job.name]} for job in jobs.JOBS.values()])
        return
    rows = []
    for job in jobs.JOBS.values():
        run = last[job.name]
        when, state = (f"{run.started_at.astimezone():%Y-%m-%d %H:%M}", run.state) if run else ("never", "")
        rows.append([job.name, _every(job.hours), when, state, job.description])
    print_table(["job", "every", "last run", "", "what it does"], rows)


@jobs_group.command("run")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only show what it would do.")
@json_option
def jobs_run(name: str, dry_run: bool, as_json: bool) -> None:
    """Run the job NAME now."""
    from rich.console import Console
    from rich.progress import Progress

    from chatmem import jobs

    jobs.find(name)
    with open_chat() as chat:
        chat.settle(600)
        if dry_run:
            steps = jobs.plan(name, chat)
            if as_json:
                print_json([{"op": step.op, "ids": step.ids, "text": step.text, "reason": step.reason, "score": step.score} for step in steps])
            else:
                print_table(["op", "ids", "text", "why"], [[step.op, " ".join(step.ids), step.text, step.reason] for step in steps])
                note(f"{len(steps)} steps; nothing was changed.")
            return
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(name, total=None)
            run = jobs.run(name, chat, progress=lambda done, total: progress.update(task, completed=done, total=total))
        if as_json:
            print_json(run.model_dump(mode="json"))
        else:
            note(f"{name}: {run.state}. " + ", ".join(f"{key} {value}" for key, value in run.stats.items()))


@jobs_group.command("history")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Most runs to show.")
@json_option
def jobs_history(name: str | None, limit: int, as_json: bool) -> None:
    """Past runs, the newest first."""
    with open_store(read_only=True) as store:
        runs = store.jobs(name, limit)
    if as_json:
        print_json([run.model_dump(mode="json") for run in runs])
        return
    rows = []
    for run in runs:
        took = f"{(run.finished_at - run.started_at).total_seconds():.1f} s" if run.finished_at else ""
        rows.append(
            [run.id, run.kind, f"{run.started_at.astimezone():%Y-%m-%d %H:%M}", run.state, took, ", ".join(f"{k} {v}" for k, v in run.stats.items())]
        )
    print_table(["run", "job", "started", "state", "took", "did"], rows)


def _every(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.0f} minutes"
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
