"""The command line: parse, call, print; nothing else. Data goes to stdout, narration to stderr.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 cancelled.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatmem import __version__
from chatmem.config import Paths, find_paths, load_settings, save_setting
from chatmem.errors import ChatmemError

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.config import Settings
    from chatmem.store import Store
    from chatmem.types import Recall


def now() -> datetime:
    """The one wall clock: the present in the user's zone."""
    return datetime.now().astimezone()


def main() -> None:
    """Entry point: errors become one sentence and a hint on stderr."""
    os.umask(0o077)  # whatever is written is its owner's alone
    try:
        code = cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ChatmemError as error:
        click.echo(f"chatmem: {error.message}", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _load() -> tuple[Paths, Settings]:
    paths = find_paths()
    return paths.make(), load_settings(paths)


def _note(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def _open_chat() -> Iterator[Chat]:
    from chatmem.chat import Chat

    paths, settings = _load()
    chat = Chat(paths, settings, now, _note)
    try:
        yield chat
    finally:
        chat.close()


@contextmanager
def _open_store() -> Iterator[Store]:
    from chatmem.store import Store

    paths, settings = _load()
    store = Store.open(paths, settings.profile, now)
    try:
        yield store
    finally:
        store.close()


def _table(columns: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(invoke_without_command=True)
@click.version_option(__version__, prog_name="chatmem")
@click.pass_context
def cli(context: click.Context) -> None:
    """A private chat companion that remembers you. Without a command: open the app."""
    if context.invoked_subcommand is None:
        context.invoke(chat_command)


@cli.command("chat")
@click.argument("text", required=False)
@click.option("--plain", is_flag=True, help="One turn in the plain terminal; reads standard input when TEXT is absent.")
@click.option("--session", "session_id", help="Go on with this session.")
@click.option("--temporary", is_flag=True, help="Read memory but write nothing.")
def chat_command(text: str | None, plain: bool, session_id: str | None, temporary: bool) -> int:
    """Open the app, or with --plain run one turn here."""
    if not plain and text is None and sys.stdout.isatty() and sys.stdin.isatty():
        return open_app(session_id, temporary)
    message = text if text is not None else sys.stdin.read()
    if not message.strip():
        raise click.UsageError("There is no message: give TEXT or pipe it in.")
    return _plain(message.strip(), session_id, temporary)


def open_app(session_id: str | None = None, temporary: bool = False) -> int:
    """Open the terminal app."""
    from chatmem.tui.app import ChatmemApp

    paths, settings = _load()

    def open_chat(notice: Callable[[str], None]) -> Chat:
        from chatmem.chat import Chat

        return Chat(paths, settings, now, notice)

    app = ChatmemApp(open_chat, settings, paths, session=session_id, temporary=temporary)
    app.run()
    return app.return_code or 0


def _plain(message: str, session_id: str | None, temporary: bool) -> int:
    from chatmem.types import Cancelled, Failed, Finished, Recalled, Token

    with _open_chat() as chat:
        conversation = chat.open(session_id, temporary=temporary)
        code = 0
        for event in chat.reply(conversation, message):
            if isinstance(event, Recalled) and event.recall.state != "off":
                shown = event.recall.shown
                for item in shown[:3]:
                    _note(f"  · {item.said_at.astimezone():%Y-%m-%d}  {' '.join(item.text.split())[:160]}")
                if not shown:
                    _note("  · nothing remembered about this")
            elif isinstance(event, Token):
                click.echo(event.text, nl=False)
            elif isinstance(event, Failed):
                _note(f"chatmem: {event.message}\n  {event.hint}")
                code = 1
            elif isinstance(event, Finished | Cancelled):
                click.echo()
        chat.settle()
    return code


@cli.command("recall")
@click.argument("question")
@click.option("--limit", type=click.IntRange(1, 100), help="Most items to show.")
@json_option
def recall_command(question: str, limit: int | None, as_json: bool) -> None:
    """Show what would be recalled for QUESTION, with scores."""
    with _open_chat() as chat:
        chat.embedder.wait(60)
        found = chat.recall(question, limit)
    if as_json:
        _json(found.model_dump(mode="json"))
    else:
        _print_recall(found)


def _print_recall(found: Recall) -> None:
    verdict = {"confident": "remembered", "possible": "possibly related", "none": "nothing remembered about this", "off": "memory is off"}
    _note(f"{verdict[found.state]} · {found.milliseconds:.0f} ms")
    rows = [
        [
            f"{item.said_at.astimezone():%Y-%m-%d}",
            item.kind,
            f"{item.score:.2f}",
            " ".join(f"{name} {value:.2f}" for name, value in item.parts.items()),
            " ".join(item.text.split())[:200],
        ]
        for item in found.shown
    ]
    if rows:
        _table(["said", "kind", "score", "parts", "text"], rows)


# ---------------------------------------------------------------------- sessions


@cli.group("session")
def session_group() -> None:
    """List, search, rename, export and delete conversations."""


@session_group.command("list")
@json_option
def session_list(as_json: bool) -> None:
    """All sessions, the newest first."""
    with _open_store() as store:
        sessions = store.sessions()
    if as_json:
        _json([session.model_dump(mode="json") for session in sessions])
    else:
        _table(["id", "started", "state", "title"], [[s.id, f"{s.started_at.astimezone():%Y-%m-%d %H:%M}", s.state, s.title] for s in sessions])


@session_group.command("search")
@click.argument("words")
@json_option
def session_search(words: str, as_json: bool) -> None:
    """Full-text search over every turn."""
    with _open_store() as store:
        found = store.search_turns(words)
    if as_json:
        _json([turn.model_dump(mode="json") | {"score": score} for turn, score in found])
    else:
        _table(
            ["turn", "said", "who", "text"],
            [[t.id, f"{t.created_at.astimezone():%Y-%m-%d}", t.role, " ".join(t.content.split())[:200]] for t, _ in found],
        )


@session_group.command("rename")
@click.argument("session_id")
@click.argument("title")
def session_rename(session_id: str, title: str) -> None:
    """Give a session another title."""
    with _open_store() as store:
        store.rename_session(session_id, title)


@session_group.command("export")
@click.argument("session_id")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; standard output when absent.")
def session_export(session_id: str, output: Path | None) -> None:
    """A session as Markdown."""
    with _open_chat() as chat:
        text = chat.export(session_id)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
        _note(f"Written to {output}.")


@session_group.command("delete")
@click.argument("session_id")
@click.option("--memories", is_flag=True, help="Also erase the memories that came only from it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def session_delete(session_id: str, memories: bool, yes: bool) -> None:
    """Erase a session for good."""
    with _open_chat() as chat:
        session = chat.store.session(session_id)
        if not yes:
            click.confirm(f"Erase {session_id} ({session.title or 'untitled'}) for good?", abort=True, err=True)
        count = chat.delete_session(session_id, memories=memories)
    _note(f"Erased {session_id}" + (f" and {count} memories that came from it." if memories else "; memories that came from it were kept."))


# ---------------------------------------------------------------------- memories


@cli.group("memory")
def memory_group() -> None:
    """What is remembered."""


@memory_group.command("list")
@json_option
def memory_list(as_json: bool) -> None:
    """Current memories, oldest first."""
    with _open_store() as store:
        memories = store.memories("active")
    if as_json:
        _json([memory.model_dump(mode="json") for memory in memories])
    else:
        _table(
            ["id", "since", "kind", "imp", "text"],
            [[m.id, f"{m.created_at.astimezone():%Y-%m-%d}", m.kind, str(m.importance), m.text] for m in memories],
        )


# ---------------------------------------------------------------------- models


@cli.group("model")
def model_group() -> None:
    """Models: list, use, add, pull, info."""


@model_group.command("list")
@json_option
def model_list(as_json: bool) -> None:
    """The catalogue, and which models are on this machine."""
    from chatmem import catalogue

    paths, settings = _load()
    here = {model.name for model in catalogue.installed(paths)}
    rows = [*catalogue.entries(), *(model for model in catalogue.installed(paths) if model.name not in {m.name for m in catalogue.entries()})]
    if as_json:
        _json([model.model_dump(mode="json") | {"installed": model.name in here, "in_use": model.name == settings.model.name} for model in rows])
        return
    _table(
        ["", "name", "size", "memory", "licence", "note"],
        [
            [
                "●" if m.name == settings.model.name else "✓" if m.name in here else "",
                m.name,
                _size(m.size_bytes),
                _size(m.memory_bytes),
                m.licence,
                m.note,
            ]
            for m in rows
        ],
    )


@model_group.command("use")
@click.argument("name")
def model_use(name: str) -> None:
    """Chat with this model from now on (a name of `model list`, or a path to a .gguf file)."""
    from chatmem import catalogue

    paths, _ = _load()
    path = catalogue.find(name, paths)
    save_setting(paths, "model.name", str(path) if Path(name).suffix == ".gguf" else name)
    _note(f"chatmem will use {name}.")


@model_group.command("add")
@click.argument("path", type=click.Path(path_type=Path))
def model_add(path: Path) -> None:
    """Add a local GGUF file by its path."""
    from chatmem import catalogue

    paths, _ = _load()
    model = catalogue.add(path, paths)
    _note(f"Added {model.name}. Use it with: chatmem model use {model.name}")


@model_group.command("pull")
@click.argument("name")
def model_pull(name: str) -> None:
    """Download a catalogue model from its hub (the only command that uses the network)."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from chatmem import catalogue

    paths, _ = _load()
    with Progress(BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=None)
        catalogue.pull(name, paths, lambda done, total: progress.update(task, completed=done, total=total or None))
    _note(f"Ready. Use it with: chatmem model use {name}")


@model_group.command("info")
@json_option
def model_info(as_json: bool) -> None:
    """Load the model in use and say what it is."""
    from chatmem import catalogue
    from chatmem.engine import Engine

    paths, settings = _load()
    engine = Engine(catalogue.find(settings.model.name, paths), "chat", settings.model, paths, _note)
    try:
        engine.start()
        info = engine.wait()
    finally:
        engine.close()
    data: dict[str, Any] = info.model_dump(mode="json")
    if as_json:
        _json(data)
    else:
        _table(["", ""], [[key.replace("_", " "), str(value)] for key, value in data.items()])


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


# ---------------------------------------------------------------------- settings


@cli.command("config")
@click.argument("key", required=False)
@click.argument("value", required=False)
@json_option
def config_command(key: str | None, value: str | None, as_json: bool) -> None:
    """Show every setting, one KEY, or set KEY to VALUE."""
    paths, settings = _load()
    if key and value is not None:
        save_setting(paths, key, value)
        return
    flat: dict[str, object] = {}
    for name, group in settings.model_dump().items():
        flat |= {f"{name}.{inner}": setting for inner, setting in group.items()} if isinstance(group, dict) else {name: group}
    if key:
        if key not in flat:
            raise click.UsageError(f"There is no setting {key}.")
        click.echo(flat[key])
    elif as_json:
        _json({"home": str(paths.home), "settings": flat})
    else:
        _note(f"Everything is under {paths.home}")
        _table(["setting", "value"], [[name, str(setting)] for name, setting in flat.items()])


if __name__ == "__main__":
    main()
