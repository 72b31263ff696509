"""``chatmem session``: list, search, rename, export and delete conversations."""

from __future__ import annotations

from pathlib import Path

import click

from chatmem.cli.terminal import json_option, note, open_chat, open_store, print_json, print_table


@click.group("session")
def session_group() -> None:
    """List, search, rename, export and delete conversations."""


@session_group.command("list")
@json_option
def session_list(as_json: bool) -> None:
    """All sessions, the newest first."""
    with open_store(read_only=True) as store:
        sessions = store.sessions()
    if as_json:
        print_json([session.model_dump(mode="json") for session in sessions])
    else:
        print_table(["id", "started", "state", "title"], [[s.id, f"{s.started_at.astimezone():%Y-%m-%d %H:%M}", s.state, s.title] for s in sessions])


@session_group.command("search")
@click.argument("words")
@json_option
def session_search(words: str, as_json: bool) -> None:
    """Full-text search over every turn."""
    with open_store(read_only=True) as store:
        found = store.search_turns(words)
    if as_json:
        print_json([turn.model_dump(mode="json") | {"score": score} for turn, score in found])
    else:
        print_table(
            ["turn", "said", "who", "text"],
            [[t.id, f"{t.created_at.astimezone():%Y-%m-%d}", t.role, " ".join(t.content.split())[:200]] for t, _ in found],
        )


@session_group.command("rename")
@click.argument("session_id")
@click.argument("title")
def session_rename(session_id: str, title: str) -> None:
    """Give a session another title."""
    with open_store() as store:
        store.rename_session(session_id, title)


@session_group.command("export")
@click.argument("session_id")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; standard output when absent.")
def session_export(session_id: str, output: Path | None) -> None:
    """A session as Markdown."""
    with open_chat() as chat:
        text = chat.export(session_id)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
        note(f"Written to {output}.")


@session_group.command("delete")
@click.argument("session_id")
@click.option("--memories", is_flag=True, help="Also erase the memories that came only from it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def session_delete(session_id: str, memories: bool, yes: bool) -> None:
    """Erase a session for good."""
    with open_chat() as chat:
        session = chat.store.session(session_id)
        if not yes:
            click.confirm(f"Erase {session_id} ({session.title or 'untitled'}) for good?", abort=True, err=True)
        count = chat.delete_session(session_id, memories=memories)
    note(f"Erased {session_id}" + (f" and {count} memories that came from it." if memories else "; memories that came from it were kept."))
