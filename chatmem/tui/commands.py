"""Slash commands: what can be typed instead of a message."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A slash command: its name, what follows it, what it does."""

    name: str
    takes: str
    help: str


COMMANDS = (
    Command("remember", "TEXT", "keep this, in your words"),
    Command("forget", "WORDS", "choose what to forget"),
    Command("recall", "QUESTION", "see what is remembered about it"),
    Command("why", "", "what the last reply drew on"),
    Command("memories", "", "see and correct everything remembered"),
    Command("jobs", "", "the upkeep of memory"),
    Command("evaluation", "", "how well memory did on question sets"),
    Command("settings", "", "every setting, and where your files are"),
    Command("new", "", "begin a new conversation"),
    Command("temp", "", "a conversation that leaves nothing behind"),
    Command("sessions", "", "show all conversations"),
    Command("model", "[NAME]", "choose the model"),
    Command("export", "", "write this conversation to a file"),
    Command("help", "", "keys and commands"),
)


def parse(line: str) -> tuple[Command | None, str] | None:
    """Read a line: None when it is a message, else the command (None when unknown) and what follows it.

    Something like ``/etc/hosts is empty`` is a message: a command's first word has one slash only.
    """
    head, _, rest = line.strip().partition(" ")
    if not head.startswith("/") or "/" in head[1:] or not head[1:].isalpha():
        return None
    return next((command for command in COMMANDS if command.name == head[1:].lower()), None), rest.strip()


def matching(line: str) -> list[Command]:
    """The commands that a line being typed may become."""
    if not line.startswith("/") or "\n" in line:
        return []
    head, space, _ = line[1:].partition(" ")
    return [command for command in COMMANDS if command.name == head or (not space and command.name.startswith(head))]


def help_text() -> str:
    """All commands, one per line."""
    width = max(len(f"/{command.name} {command.takes}") for command in COMMANDS)
    return "\n".join(f"{f'/{command.name} {command.takes}':<{width}}  {command.help}" for command in COMMANDS)
