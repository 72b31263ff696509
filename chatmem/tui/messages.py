"""Messages of the app. Thread workers post them; only their handlers touch widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.message import Message

from chatmem.types import Memory, Recall, Session, Turn, TurnEvent

if TYPE_CHECKING:
    from chatmem.chat import Chat, Conversation


class ChatOpened(Message):
    """The store is open; the model may still be loading."""

    def __init__(self, chat: Chat) -> None:
        super().__init__()
        self.chat = chat


class OpenFailed(Message):
    """The store could not be opened."""

    def __init__(self, error: str, hint: str) -> None:
        super().__init__()
        self.error, self.hint = error, hint


class Noticed(Message):
    """Something to tell the user, from any thread."""

    def __init__(self, text: str, hint: str = "", *, problem: bool = False) -> None:
        super().__init__()
        self.text, self.hint, self.problem = text, hint, problem


class ConversationOpened(Message):
    """A conversation is loaded; ``turn_id`` is where to look at it, None for its end; ``earlier`` when not its newest branch."""

    def __init__(self, conversation: Conversation, turn_id: str | None = None, *, earlier: bool = False) -> None:
        super().__init__()
        self.conversation, self.turn_id, self.earlier = conversation, turn_id, earlier


class SessionsListed(Message):
    """The sessions for the sidebar, newest activity first, each with its group."""

    def __init__(self, rows: list[tuple[str, Session]]) -> None:
        super().__init__()
        self.rows = rows


class ReplyEvent(Message):
    """An event of the running reply."""

    def __init__(self, ticket: int, event: TurnEvent) -> None:
        super().__init__()
        self.ticket, self.event = ticket, event


class ReplyEnded(Message):
    """The reply's thread is over, whatever came of it."""

    def __init__(self, ticket: int) -> None:
        super().__init__()
        self.ticket = ticket


class Done(Message):
    """A side task is over; ``then`` says which, ``value`` what came of it."""

    def __init__(self, then: str, value: Any) -> None:
        super().__init__()
        self.then, self.value = then, value


class FoundTurns(Message):
    """Results of a search across sessions: session title, turn."""

    def __init__(self, query: str, rows: list[tuple[str, Turn]]) -> None:
        super().__init__()
        self.query, self.rows = query, rows


class ForgetOffered(Message):
    """Memories that match what the user wants forgotten."""

    def __init__(self, words: str, memories: list[Memory]) -> None:
        super().__init__()
        self.words, self.memories = words, memories


class ShowRecall(Message):
    """Show exactly these recalled items in the panel."""

    def __init__(self, recall: Recall) -> None:
        super().__init__()
        self.recall = recall


class OpenTurn(Message):
    """Go to the turn something came from."""

    def __init__(self, session_id: str, turn_id: str) -> None:
        super().__init__()
        self.session_id, self.turn_id = session_id, turn_id


class PutRight(Message):
    """Something is to be done about an item of the panel: "" only shows all about the recall, else an action's name."""

    def __init__(self, recall: Recall, item_id: str, action: str = "") -> None:
        super().__init__()
        self.recall, self.item_id, self.action = recall, item_id, action
