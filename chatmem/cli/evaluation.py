"""``chatmem eval``: run a question set, compare runs, and show what each step of recall is worth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmem.cli.terminal import load, note, now, print_json
from chatmem.errors import ConfigError

if TYPE_CHECKING:
    from rich.progress import Progress

    from chatmem.config import Paths, Settings
    from chatmem.engine import EngineInfo
    from chatmem.evaluate.answers import Model, Reader
    from chatmem.evaluate.embedding import CachedEmbedder
    from chatmem.evaluate.runner import Job, Profile
    from chatmem.evaluate.systems import System

DEFAULT_SYSTEMS = "chatmem,bm25,dense,last,summary,none,full"


@click.group("eval")
def evaluation_group() -> None:
    """Measure recall and answers on a question set, offline."""


def _shard(_context: click.Context, _option: click.Parameter, value: str) -> tuple[int, int]:
    try:
        part, _, parts = value.partition("/")
        shard = int(part), int(parts or 1)
    except ValueError:
        shard = (0, 0)
    if not 1 <= shard[0] <= shard[1]:
        raise click.BadParameter("write it as I/N, such as 1/4")
    return shard


def _words(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _settings(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(value.partition("=")[::2] for value in values)
    if not all(key and value for key, value in pairs.items()):
        raise click.BadParameter("write it as KEY=VALUE, such as memory.max_items=10")
    return pairs


def _run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command that runs a set has."""
    for option in (
        click.option("--data", type=click.Path(path_type=Path), help="Question set: a file (.json, .gz, .xz) or a folder; ours when absent."),
        click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results."),
        click.option("--limit", type=click.IntRange(1), help="Only the first N questions."),
        click.option("--types", default="", callback=_words, help="Only questions of these types, by commas."),
        click.option("--cases", default="", callback=_words, help="Only these histories, by commas (LoCoMo: conv-26,conv-30)."),
        click.option("--shard", default="1/1", callback=_shard, help="Only the I-th of N parts, as I/N."),
        click.option("--resume", is_flag=True, help="Go on with the run in the folder."),
        click.option("--user-turns-only", is_flag=True, help="Leave replies out, as the official retrieval code does."),
        click.option("--learn", is_flag=True, help="Draw memories from the history as the app does, and recall them too."),
        click.option("--set", "changes", multiple=True, callback=_settings, help="Change a setting, as KEY=VALUE; repeatable."),
        click.option("--cache", type=click.Path(path_type=Path), help="File of cached vectors; under the data folder when absent."),
    ):
        command = option(command)
    return command


@evaluation_group.command("run")
@_run_options
@click.option("--systems", default=DEFAULT_SYSTEMS, callback=_words, show_default=True, help="What to compare (also: official-bm25).")
@click.option("--no-answer", is_flag=True, help="Retrieval only: no model writes answers.")
@click.option("--answer-systems", default="chatmem,none", callback=_words, show_default=True, help="Systems whose recall is answered from.")
@click.option("--answer-limit", type=click.IntRange(1), help="Answer about N questions, spread over the types.")
@click.option("--model", help="Model that answers; the configured one when absent.")
@click.option("--profile", type=click.Choice(["auto", "basic", "capable"]), default="auto", help="How the model reads: auto goes by its size.")
@click.option("--judge", "judge_model", help="Model that judges the answers afterwards.")
def run_command(
    data: Path | None, out: Path, no_answer: bool, model: str | None, profile: Profile, judge_model: str | None, resume: bool, **options: Any
) -> None:
    """Run a question set, then print the report."""
    from chatmem.evaluate.systems import choose_systems

    systems = choose_systems(options.pop("systems"))
    answered = options.pop("answer_systems")
    with ExitStack() as stack:
        job = _job(stack, data, out, systems, reader=None if no_answer else (model, profile), answered=answered, **options)
        _run(job, resume=resume)
    if judge_model:
        _judge(out, job.data, judge_model)
    _report([out], None, as_json=False)


@evaluation_group.command("ablate")
@_run_options
def ablate_command(data: Path | None, out: Path, resume: bool, **options: Any) -> None:
    """Switch off one step of recall at a time, and print what each is worth."""
    from chatmem.config import load_settings
    from chatmem.evaluate.systems import ablations

    paths, _ = load()
    systems = ablations(load_settings(paths, flags=options["changes"]).memory)
    with ExitStack() as stack:
        job = _job(stack, data, out, systems, reader=None, answered=(), answer_limit=None, **options)
        _run(job, resume=resume)
    _report([out], None, as_json=False)


@evaluation_group.command("report")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder for report.md and report.html; the first run's when absent.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def report_command(folders: tuple[Path, ...], out: Path | None, as_json: bool) -> None:
    """Tables of one or more runs side by side, with paired intervals; also as Markdown and a page."""
    _report(list(folders), out, as_json=as_json)


@evaluation_group.command("judge")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="The question set of that run; ours when absent.")
@click.option("--model", required=True, help="Model that judges.")
def judge_command(folder: Path, data: Path | None, model: str) -> None:
    """Judge the answers of a run with a model, by the official criteria of each type."""
    _judge(folder, data or _own_set(), model)
    _report([folder], None, as_json=False)


@evaluation_group.command("download")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="Folder to put it in.")
def download_command(name: str, out: Path) -> None:
    """Fetch an official set: longmemeval-oracle, longmemeval-s, longmemeval-m, or locomo."""
    from chatmem.evaluate.download import download

    with _progress("bytes") as bar:

        def came(done: int, size: int) -> None:
            bar.total(size)
            bar.advance(done - bar.done)

        path = download(name, out, came)
    note(f"Saved {path}.")


# ---------------------------------------------------------------------- what they share


def _own_set() -> Path:
    from chatmem.prompts import shipped_folder

    return shipped_folder("data") / "questions"


def _job(
    stack: ExitStack,
    data: Path | None,
    out: Path,
    systems: list[System],
    *,
    reader: tuple[str | None, Profile] | None,
    answered: tuple[str, ...],
    answer_limit: int | None,
    limit: int | None,
    types: tuple[str, ...],
    cases: tuple[str, ...],
    shard: tuple[int, int],
    user_turns_only: bool,
    learn: bool,
    changes: dict[str, str],
    cache: Path | None,
) -> Job:
    from chatmem.config import load_settings
    from chatmem.evaluate.runner import Job, Selection
    from chatmem.prompts import load_prompt

    paths, _ = load()
    settings = load_settings(paths, flags=changes)
    models: dict[str, str] = {}
    needs_vectors = any(system.kind in ("chatmem", "dense") for system in systems)
    return Job(
        data=data or _own_set(),
        out=out,
        systems=systems,
        memory=settings.memory,
        chat_prompt=load_prompt("chat", paths.prompts),
        clock=now,
        embedder=open_embedder(stack, paths, settings, cache) if needs_vectors else None,
        reader=_reader(stack, paths, settings, *reader, models) if reader else None,
        answered=answered,
        answer_limit=answer_limit,
        selection=Selection(limit, types, shard, cases),
        user_turns_only=user_turns_only,
        learn=learn,
        models=models,
    )


def open_embedder(stack: ExitStack, paths: Paths, settings: Settings, cache: Path | None) -> CachedEmbedder:
    """The bundled embedder behind a cache of vectors, the file given or one under the data folder; both close with ``stack``."""
    from chatmem import catalogue
    from chatmem.engine import Engine
    from chatmem.evaluate.embedding import CachedEmbedder
    from chatmem.evaluate.record import file_sha256

    file = catalogue.bundled_embedder(paths)
    engine = Engine(file, "embed", settings.model, paths, note)
    stack.callback(engine.close)
    engine.start()
    identity = f"{catalogue.EMBEDDER_ID}:{file_sha256(file)}"
    embedder = CachedEmbedder(cache or paths.home / "evaluation" / "vectors.db", identity, engine.embed)
    stack.callback(embedder.close)
    return embedder


def _chat_engine(stack: ExitStack, paths: Paths, settings: Settings, name: str | None) -> tuple[Model, Path, EngineInfo]:
    """A loaded chat model with its file and what it is."""
    from chatmem import catalogue
    from chatmem.engine import Engine

    file = catalogue.find(name or settings.model.name, paths)
    engine = Engine(file, "chat", settings.model, paths, note)
    stack.callback(engine.close)
    engine.start()
    return engine, file, engine.wait()


def _reader(stack: ExitStack, paths: Paths, settings: Settings, name: str | None, profile: Profile, models: dict[str, str]) -> Reader:
    from chatmem.evaluate.answers import Reader, choose_protocol
    from chatmem.evaluate.record import file_sha256
    from chatmem.memory.context import skill_of
    from chatmem.prompts import load_prompt

    engine, file, info = _chat_engine(stack, paths, settings, name)
    models |= {"reader": file.stem, "reader_sha256": file_sha256(file)} | ({"reader_adapter": info.adapter} if info.adapter else {})
    protocol = choose_protocol(profile, info.parameters)
    return Reader(
        engine,
        info.context,
        skill_of(info.parameters, info.adapter),
        protocol,
        load_prompt("chat", paths.prompts),
        load_prompt("reader", paths.prompts),
    )


class _Bar:
    """A bar on stderr with what is done, rate, and time left."""

    def __init__(self, bar: Progress, what: str) -> None:
        self._bar, self._what, self._task = bar, what, bar.add_task(what, total=None, rate="")
        self._began = time.monotonic()
        self.done = 0
        self.texts = 0

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return max(time.monotonic() - self._began, 1e-9)

    def total(self, number: int) -> None:
        """How much there is to do, if known."""
        self._bar.update(self._task, total=number or None)

    def advance(self, number: int) -> None:
        """So much more is done."""
        self.done += number
        self._bar.update(self._task, completed=self.done, rate=f"{self.done / self.seconds:.1f}/s")

    def embedded(self, number: int) -> None:
        """So many more texts are embedded."""
        self.texts += number
        self._bar.update(self._task, description=f"{self._what}, {self.texts:,} texts embedded ({self.texts / self.seconds:.0f}/s)")


@contextmanager
def _progress(what: str) -> Iterator[_Bar]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar, what)


def _run(job: Job, *, resume: bool) -> None:
    from chatmem.evaluate import runner

    with _progress("questions") as bar:
        try:
            runner.run(job, resume=resume, progress=runner.Progress(bar.total, bar.advance, bar.embedded))
        except KeyboardInterrupt:
            note(f"Interrupted after {bar.done} questions; what is done is kept. Go on with: --resume")
            raise
    note(
        f"{bar.done} questions in {bar.seconds:.0f} s ({bar.done / bar.seconds:.1f} a second); "
        f"{bar.texts} texts embedded ({bar.texts / bar.seconds:.0f} a second)."
    )


def _judge(folder: Path, data: Path, name: str) -> None:
    from chatmem.evaluate.judge import judge
    from chatmem.evaluate.runner import judge_run
    from chatmem.prompts import load_prompt

    paths, settings = load()
    with ExitStack() as stack, _progress("judged") as bar:
        engine, file, _ = _chat_engine(stack, paths, settings, name)
        prompt = load_prompt("judge", paths.prompts)
        judge_run(folder, data, lambda gold, question, answer: judge(engine, prompt, gold, question, answer), file.stem, bar.advance)


def _print_whole(rows: list[list[str]]) -> None:
    """Columns in line; never cut to the terminal's width, because a figure cut off is worse than a wrapped line."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True))))


def _report(folders: list[Path], out: Path | None, *, as_json: bool) -> None:
    from chatmem.evaluate.page import to_page
    from chatmem.evaluate.report import shown, tables, to_markdown
    from chatmem.evaluate.runs import read_runs

    runs = read_runs(folders)
    made = tables(runs)
    target = out or folders[0]
    try:
        target.mkdir(parents=True, exist_ok=True)
        (target / "report.md").write_text(to_markdown(made), "utf-8")
        (target / "report.html").write_text(to_page(runs, made), "utf-8")
    except OSError as error:
        raise ConfigError(f"The report cannot be written to {target}: {error.strerror}.", "Choose another folder by --out.") from error
    if as_json:
        print_json({"runs": [run.record.model_dump() for run in runs], "tables": [table.data() for table in made]})
        return
    for table in made:
        click.echo(click.style(f"\n{table.title}", bold=True))
        if table.note:
            click.echo(table.note)
        _print_whole([table.columns, *([shown(cell) for cell in row] for row in table.rows)])
    note(f"\nAlso in {target / 'report.md'} and {target / 'report.html'}.")
