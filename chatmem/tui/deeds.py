"""The rarer deeds of the chat screen: slash commands, rename, delete, export, models, forgetting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmem.errors import ChatmemError, TransferError
from chatmem.tui.commands import Command
from chatmem.tui.dialogs import Ask, Choice, Tick
from chatmem.tui.messages import Noticed, ShowRecall
from chatmem.tui.text import one_line, safe, slug
from chatmem.types import Memory, Recall

if TYPE_CHECKING:
    from chatmem.chat import Chat
    from chatmem.tui.chat import ChatScreen


def act(screen: ChatScreen, name: str) -> None:
    """Run one of the actions kept here."""
    if name in ("rename", "delete"):
        session(screen, name, screen.selected_session)
    elif name == "export":
        export(screen)
    elif name == "dark":
        screen.app.theme = "chatmem-light" if screen.app.current_theme.dark else "chatmem-dark"


def command(screen: ChatScreen, found: Command | None, rest: str, line: str) -> None:
    """Run a slash command; its line is given back when something is missing."""
    if found is None or (found.takes and not found.takes.startswith("[") and not rest):
        name = line.split(maxsplit=1)[0]
        screen.prompt.put(line if found is None else f"/{found.name} ")
        say(screen, f"{name} needs {found.takes}." if found else f"There is no command {name}.", "" if found else "/help shows them all.")
        return
    if screen.chat is None:
        screen.prompt.put(line)
        say(screen, "Your memory is still opening.")
        return
    if screen.temporary and found.name in ("remember", "forget"):
        say(screen, "This is a temporary conversation: memory can be read here, not changed.", "Ctrl+T ends it.")
        return
    match found.name:
        case "remember":
            screen.ask("remembered", lambda chat: chat.remember(rest))
        case "forget":
            screen.ask("candidates", lambda chat: chat.forget_candidates(rest))
        case "recall":
            screen.ask("recalled", lambda chat: chat.recall(rest))
        case "why":
            why(screen)
        case "memories" | "jobs" | "evaluation" | "settings":
            screen.do(found.name)
        case "new":
            screen.action_new()
        case "temp":
            screen.action_temporary()
        case "sessions":
            screen.show_side("sidebar", True)
            screen.query_one("#sessions").focus()
        case "model":
            model(screen, rest)
        case "export":
            export(screen)
        case _:
            screen.action_help()


def done(screen: ChatScreen, then: str, value: Any) -> None:
    """A side task asked for here is over."""
    match then:
        case "remembered":
            say(screen, f"Remembered: {one_line(value.text, 120)}")
        case "recalled":
            recall: Recall = value
            screen.post_message(ShowRecall(recall))
        case "candidates":
            _offer_to_forget(screen, value)
        case "forgotten":
            say(screen, f"Forgot {value} {'memory' if value == 1 else 'memories'}.")
        case "renamed":
            screen.refresh_sessions()
        case "deleted":
            session_id, count = value
            say(screen, "Deleted." if not count else f"Deleted, and forgot {count} {'memory' if count == 1 else 'memories'}.")
            screen.gone(session_id)
        case "exported":
            say(screen, f"Written to {value}")
        case "model":
            say(screen, value)


def say(screen: ChatScreen, text: str, hint: str = "") -> None:
    """A toast."""
    screen.post_message(Noticed(text, hint))


def why(screen: ChatScreen) -> None:
    """The panel, at the last reply's items."""
    last = screen.last_reply
    if last is None:
        say(screen, "There is no reply yet.")
    elif last.recall is None or not last.recall.items:
        say(screen, "Nothing was remembered for the last reply.")
    else:
        screen.post_message(ShowRecall(last.recall))


def session(screen: ChatScreen, deed: str, session_id: str) -> None:
    """Rename or delete a conversation, after asking."""
    if screen.chat is None or not session_id:
        say(screen, "This conversation is not stored.")
        return
    try:
        found = screen.chat.store.session(session_id)
    except ChatmemError:
        say(screen, "This conversation is still empty.")
        return

    def renamed(title: str | None) -> None:
        if title:
            screen.ask("renamed", lambda chat: chat.store.rename_session(session_id, title))

    def answered(answer: str | None) -> None:
        if answer not in ("keep", "forget"):
            return
        if session_id == screen.session_id:
            screen.stop()
        screen.ask("deleted", lambda chat: (session_id, chat.delete_session(session_id, memories=answer == "forget")))

    title = one_line(found.title, 60) or "New conversation"
    if deed == "rename":
        screen.app.push_screen(Ask("Rename the conversation", found.title, "Title"), renamed)
    else:
        body = f"“{title}” and every word in it will be erased. This cannot be undone.\n\nWhat about the memories that came from it?"
        choices = [("cancel", "Cancel"), ("keep", "Keep them"), ("forget", "Forget them too")]
        screen.app.push_screen(Choice("Delete this conversation?", body, choices, dangerous="forget"), answered)


def export(screen: ChatScreen) -> None:
    """Write the conversation to a Markdown file in the current folder, or in the data folder when that is read-only."""
    if not screen.session_id or not screen.transcript.entries:
        say(screen, "There is nothing stored to export.")
        return
    session_id, home = screen.session_id, screen.paths.home

    def write(chat: Chat) -> Path:
        text = chat.export(session_id)
        title = chat.store.session(session_id).title
        reason = ""
        for folder in (Path.cwd(), home / "exports"):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                return _write_new(folder, slug(title), text)
            except OSError as error:
                reason = error.strerror or str(error)
        raise TransferError(f"The conversation could not be written: {reason}.", "Start chatmem in a folder that you can write to.")

    screen.ask("exported", write)


def _write_new(folder: Path, name: str, text: str) -> Path:
    """Write to a name not yet taken, readable by the owner only."""
    number = 1
    while True:
        path = folder / (f"{name}.md" if number == 1 else f"{name}-{number}.md")
        try:
            with path.open("x", encoding="utf-8") as file:
                path.chmod(0o600)
                file.write(text)
            return path
        except FileExistsError:
            number += 1


def model(screen: ChatScreen, name: str) -> None:
    """Change to a model; without a name, show which there are."""
    if not name:
        screen.do("models")
    elif screen.busy:
        say(screen, "A reply is still coming. Esc stops it.")
    else:
        from chatmem.tui.models import switch

        say(screen, f"Loading {one_line(name, 60)}…")
        screen.ask("model", lambda chat: switch(chat, screen.paths, name))


def _offer_to_forget(screen: ChatScreen, memories: list[Memory]) -> None:
    if not memories:
        say(screen, "Nothing like that is remembered.")
        return

    def ticked(ids: list[str] | None) -> None:
        if ids:
            screen.ask("forgotten", lambda chat: chat.forget(ids))

    rows = [(memory.id, safe(memory.text)) for memory in memories]
    screen.app.push_screen(Tick("What should be forgotten?", rows, "Forget", ticked=len(rows) == 1), ticked)
