"""The part of the chat screen that opens the store and the conversations, and runs side tasks in threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import work

from chatmem.config import Paths, Settings
from chatmem.errors import ChatmemError
from chatmem.tui import messages
from chatmem.tui.sessions import Sidebar
from chatmem.tui.text import day_label, safe
from chatmem.tui.turns import TurnScreen
from chatmem.types import Recall

if TYPE_CHECKING:
    from chatmem.chat import Chat, Conversation

OpenChat = Callable[[Callable[[str], None]], "Chat"]


class OpeningScreen(TurnScreen):
    """Opens things; the chat screen draws them."""

    def __init__(self, open_chat: OpenChat, settings: Settings, paths: Paths, session: str | None, temporary: bool) -> None:
        super().__init__()
        self._open_chat, self.settings, self.paths = open_chat, settings, paths
        self._session, self.temporary = session, temporary
        self._known = 0

    # ------------------------------------------------------------------ opening

    @work(thread=True, exclusive=True, group="open", exit_on_error=False)
    def connect(self) -> None:
        """Open the store and start the models, away from the screen."""
        try:
            chat = self._open_chat(lambda text: (self.post_message(messages.Noticed(text)), None)[1])
        except ChatmemError as error:
            self.post_message(messages.OpenFailed(error.message, error.hint))
        except Exception as error:
            self.post_message(messages.OpenFailed(f"chatmem could not start: {error}", "Run `chatmem doctor` to find out why."))
        else:
            if not self.is_running or not self.post_message(messages.ChatOpened(chat)):
                chat.close()  # the app was quit meanwhile

    def on_chat_opened(self, event: messages.ChatOpened) -> None:
        """The store is there: load the conversation."""
        self.chat = event.chat
        self.transcript.recall_of = self._recall_of
        self.open_session(self._session, temporary=self.temporary)
        self.refresh_sessions()

    async def on_open_failed(self, event: messages.OpenFailed) -> None:
        """Say why, give the words back, offer to try again."""
        from chatmem.tui.dialogs import Choice

        if self.queued is not None:
            words = self.queued
            self.leave()
            await self.transcript.load([])
            self.prompt.put(words)

        def answered(answer: str | None) -> None:
            if answer == "again":
                self.connect()
            else:
                self.app.exit(return_code=1)

        body = f"{event.error}\n\n{event.hint}" if event.hint else event.error
        self.app.push_screen(Choice("chatmem cannot open your memory", body, [("again", "Try again"), ("quit", "Quit")]), answered)

    def open_session(self, session_id: str | None, turn_id: str | None = None, *, temporary: bool = False) -> None:
        """Change to a conversation, or begin one."""
        if self.chat is None:
            return
        before = self.conversation
        # Words sent before the store was open belong to the conversation that opens now.
        if before is not None:
            self.leave()
            if before.turns and not before.temporary and (before.session is None or before.session.id != session_id):
                self._close(before)
        self._load(session_id, turn_id, temporary)

    @work(thread=True, group="close", exit_on_error=False)
    def _close(self, conversation: Conversation) -> None:
        assert self.chat is not None
        self._guarded(lambda chat: chat.close_conversation(conversation), "")

    @work(thread=True, exclusive=True, group="load", exit_on_error=False)
    def _load(self, session_id: str | None, turn_id: str | None, temporary: bool) -> None:
        def load(chat: Chat) -> None:
            conversation = chat.open(session_id, temporary=temporary)
            self._known = len(chat.known())
            self.post_message(messages.ConversationOpened(conversation, turn_id))

        self._guarded(load, "")

    async def on_conversation_opened(self, event: messages.ConversationOpened) -> None:
        """Show it."""
        self.conversation = event.conversation
        self.temporary = event.conversation.temporary
        self.set_class(self.temporary, "-temporary")
        self.transcript.known = self._known
        self.prompt.set_history([turn.content for turn in event.conversation.turns if turn.role == "user"])
        if self.queued is not None:
            self.start_queued()
        else:
            found = await self.transcript.load(event.conversation.turns, event.turn_id)
            if event.turn_id is not None and not found:
                self._other_branch(event.turn_id)
            self.show_panel_of_last()
        self.refresh_sessions()
        if event.turn_id is None:
            self.prompt.focus()
        else:
            self.transcript.focus(scroll_visible=False)

    def _other_branch(self, turn_id: str) -> None:
        from chatmem.tui.dialogs import Choice

        assert self.chat is not None
        try:
            turn = self.chat.store.turn(turn_id)
        except ChatmemError as error:
            self.notify(error.message, markup=False)
            return
        self.app.push_screen(Choice("From an earlier version of this conversation", turn.content, [("cancel", "Close")]))

    def _recall_of(self, turn_id: str) -> Recall | None:
        try:
            return self.chat.store.recall_of(turn_id) if self.chat is not None else None
        except ChatmemError:  # a temporary turn is not in the store
            return None

    # ------------------------------------------------------------------ background

    def _guarded(self, task: Callable[[Chat], Any], then: str) -> None:
        """Run a side task in this worker thread; its value or its error comes back as a message."""
        assert self.chat is not None
        try:
            value = task(self.chat)
        except ChatmemError as error:
            self.post_message(messages.Noticed(error.message, error.hint, problem=True))
        except Exception as error:
            self.post_message(messages.Noticed(f"Something went wrong inside chatmem: {error}", problem=True))
        else:
            if then:
                self.post_message(messages.Done(then, value))

    @work(thread=True, group="side", exit_on_error=False)
    def ask(self, then: str, task: Callable[[Chat], Any]) -> None:
        """Do something with the store away from the screen; ``Done(then, value)`` follows."""
        self._guarded(task, then)

    def on_noticed(self, event: messages.Noticed) -> None:
        """Show a notice as a toast."""
        text = safe(f"{event.text}\n{event.hint}" if event.hint else event.text)
        self.notify(text, severity="error" if event.problem else "information", timeout=8 if event.problem else 5, markup=False)

    def refresh_sessions(self) -> None:
        """Read the list of conversations again."""
        if self.chat is not None:
            self._list_sessions()

    @work(thread=True, exclusive=True, group="sessions", exit_on_error=False)
    def _list_sessions(self) -> None:
        def read(chat: Chat) -> None:
            now = chat.store.clock()
            rows = []
            for session in chat.store.sessions():
                moment = chat.store.turn(session.head).created_at if session.head else session.started_at
                rows.append((day_label(moment, now), session))
            self.post_message(messages.SessionsListed(rows))

        self._guarded(read, "")

    def on_sessions_listed(self, event: messages.SessionsListed) -> None:
        """Fill the sidebar."""
        self.query_one(Sidebar).show(event.rows, self.session_id)

    @property
    def session_id(self) -> str:
        """The stored conversation on the screen, "" when it is temporary or still empty."""
        if self.conversation is None or self.conversation.temporary or self.conversation.session is None:
            return ""
        return self.conversation.session.id

    def show_panel_of_last(self) -> None:
        """Called when another conversation is on the screen."""
