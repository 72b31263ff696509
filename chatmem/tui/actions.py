"""Every action of the chat screen in one table: keys, footer, command palette and help all come from it."""

from __future__ import annotations

from typing import NamedTuple

from textual.binding import Binding, BindingType


class Action(NamedTuple):
    """What can be done: action name, key, footer label ("" keeps it out of the footer), palette title, help."""

    name: str
    key: str
    label: str
    title: str
    help: str


ACTIONS = (
    Action("cancel", "escape", "Stop", "Stop the reply", "Cut the running reply; what was said so far stays"),
    Action("new", "ctrl+n", "New", "New conversation", "Begin a new conversation"),
    Action("search", "ctrl+f", "Search", "Search conversations", "Find words in everything that was said"),
    Action("sidebar", "ctrl+b", "Chats", "Show or hide conversations", "The list on the left"),
    Action("panel", "ctrl+r", "Recall", "Show or hide what was remembered", "The panel on the right"),
    Action("memories", "f3", "Memories", "Memories", "See, correct and forget everything that is remembered"),
    Action("why", "f4", "", "Why this reply?", "What was recalled for the last reply, with every score; correct what misled it"),
    Action("jobs", "f5", "", "Upkeep", "The jobs that keep memory tidy: schedule, history, run now, dry run"),
    Action("models", "f9", "", "Models", "What is loaded and what it may do; use, add or download another"),
    Action("evaluation", "f10", "", "Evaluation", "Runs of the evaluation by ability, two compared, every question"),
    Action("settings", "f8", "", "Settings", "Every setting with its meaning, and where your files are"),
    Action("temporary", "ctrl+t", "Temporary", "Temporary conversation", "It may use what is remembered, and leaves nothing behind"),
    Action("regenerate", "ctrl+g", "", "Reply again", "Replace the last reply by another one"),
    Action("edit", "ctrl+e", "", "Edit the last message", "Change what you said last; the old branch is kept"),
    Action("copy", "ctrl+y", "", "Copy the last reply", "Put the last reply on the clipboard"),
    Action("rename", "f2", "", "Rename the conversation", "Give it another title"),
    Action("deed('delete')", "", "", "Delete the conversation", "Erase it, and if you like what was learnt from it"),
    Action("deed('export')", "", "", "Export the conversation", "Write it to a Markdown file"),
    Action("deed('dark')", "", "", "Switch between dark and light", "Change the look; it is kept"),
    Action("help", "f1", "Help", "Help", "What the focused part does, every key and every command"),
    Action("interrupt", "ctrl+c", "", "Copy the selection, or quit", "Copies what is selected; otherwise press it twice to quit"),
    Action("quit", "ctrl+q", "", "Quit", "Leave chatmem"),
)

# Ctrl keys come before the text box's own editing keys; Escape, F-keys and Delete do not need to.
BINDINGS: list[BindingType] = [
    Binding(
        action.key,
        action.name,
        action.label or action.title,
        show=bool(action.label),
        priority=action.key.startswith("ctrl+"),
        id=f"chat.{action.name}",
        tooltip=action.help,
    )
    for action in ACTIONS
    if action.key
]


def keys_text() -> str:
    """Every key with what it does, as a Markdown list."""
    return "\n".join(f"- **{action.key.title()}** {action.title}: {action.help}" for action in ACTIONS if action.key)
