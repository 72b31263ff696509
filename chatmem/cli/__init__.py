"""The command line: parse, call, print; nothing else. Data goes to stdout, narration to stderr.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 cancelled.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from chatmem import __version__
from chatmem.cli.doctor import doctor_command
from chatmem.cli.evaluation import evaluation_group
from chatmem.cli.jobs import jobs_group
from chatmem.cli.memory import memory_group
from chatmem.cli.models import model_group
from chatmem.cli.recall import recall_command
from chatmem.cli.serve import serve_command
from chatmem.cli.sessions import session_group
from chatmem.cli.terminal import end_with_terminal, json_option, load, note, now, open_chat, print_json, print_table
from chatmem.config import save_setting
from chatmem.errors import ChatmemError

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.jobs import Scheduler


def main() -> None:
    """Entry point: errors become one sentence and a hint on stderr."""
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

    paths, settings = load()
    end_with_terminal()

    def open_chat(notice: Callable[[str], None]) -> Chat:
        from chatmem.chat import Chat

        return Chat(paths, settings, now, notice)

    def start_jobs(chat: Chat) -> Scheduler:
        from chatmem.jobs import Scheduler

        scheduler = Scheduler(chat)
        scheduler.start()
        return scheduler

    app = ChatmemApp(open_chat, settings, paths, session=session_id, temporary=temporary, start_jobs=start_jobs)
    app.run()
    return app.return_code or 0


def _plain(message: str, session_id: str | None, temporary: bool) -> int:
    from chatmem.tui.text import safe
    from chatmem.types import Cancelled, Failed, Finished, Recalled, Token

    with open_chat() as chat:
        conversation = chat.open(session_id, temporary=temporary)
        code = 0
        for event in chat.reply(conversation, message):
            if isinstance(event, Recalled) and event.recall.state != "off":
                shown = event.recall.shown
                for item in shown[:3]:
                    note(f"  · {item.said_at.astimezone():%Y-%m-%d}  {' '.join(safe(item.text).split())[:160]}")
                if not shown:
                    note("  · nothing remembered about this")
            elif isinstance(event, Token):
                click.echo(safe(event.text), nl=False)
            elif isinstance(event, Failed):
                note(f"chatmem: {event.message}\n  {event.hint}")
                code = 1
            elif isinstance(event, Finished | Cancelled):
                click.echo()
        chat.settle()
    return code


@cli.command("config")
@click.argument("key", required=False)
@click.argument("value", required=False)
@json_option
def config_command(key: str | None, value: str | None, as_json: bool) -> None:
    """Show every setting, one KEY, or set KEY to VALUE."""
    paths, settings = load()
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
        print_json({"home": str(paths.home), "settings": flat})
    else:
        note(f"Everything is under {paths.home}")
        print_table(["setting", "value"], [[name, str(setting)] for name, setting in flat.items()])


for group in (session_group, memory_group, jobs_group, model_group, doctor_command, evaluation_group, recall_command, serve_command):
    cli.add_command(group)
