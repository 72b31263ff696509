"""The part of the chat screen that opens the store and the conversations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work

from chatmem.config import Paths, Settings
from chatmem.errors import ChatmemError
from chatmem.tui import messages
from chatmem.tui.changes import Changes
from chatmem.tui.sessions import Sidebar
from chatmem.tui.text import day_label
from chatmem.tui.turns import TurnScreen
from chatmem.types import Recall

if TYPE_CHECKING:
    from chatmem.chat import Chat, Conversation
    from chatmem.jobs import Scheduler

OpenChat = Callable[[Callable[[str], None]], "Chat"]
StartJobs = Callable[["Chat"], "Scheduler"]


class OpeningScreen(TurnScreen):
    """Opens things; the chat screen draws them."""

    def __init__(self, open_chat: OpenChat, settings: Settings, paths: Paths, session: str | None, temporary: bool) -> None:
        super().__init__()
        self._open_chat, self.settings, self.paths = open_chat, settings, paths
        self._session, self.temporary = session, temporary
        self._known = 0
        self._first_run = False
        self._changes: Changes | None = None
        self._erased = 0
        self.start_jobs: StartJobs | None = None
        self.schedule: Scheduler | None = None

    @property
    def changes(self) -> Changes:
        """What the screens do to memory, with one undo for all of them."""
        assert self.chat is not None
        if self._changes is None:
            self._changes = Changes(self.chat)
        return self._changes

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
        self._prepare()
        if self.start_jobs is not None:
            self._schedule_jobs(self.start_jobs)

    @work(thread=True, group="prepare", exit_on_error=False)
    def _prepare(self) -> None:
        """What the most used screen is made of is imported meanwhile, so that it opens at once."""
        import gc

        import chatmem.tui.memories  # noqa: F401

        gc.freeze()  # as in the app's on_ready

    @work(thread=True, group="jobs", exit_on_error=False)
    def _schedule_jobs(self, start: StartJobs) -> None:
        def begin(chat: Chat) -> None:
            self.schedule = start(chat)

        self._guarded(begin, "")

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
            earlier = False
            if session_id is not None and turn_id is not None and all(turn.id != turn_id for turn in conversation.turns):
                conversation.turns = chat.store.turns(session_id, chat.store.newest_after(turn_id))
                earlier = True
            self._known = len(chat.known())
            self._first_run = not self._known and not chat.store.sessions(limit=1)
            self.post_message(messages.ConversationOpened(conversation, turn_id, earlier=earlier))

        self._guarded(load, "")

    async def on_conversation_opened(self, event: messages.ConversationOpened) -> None:
        """Show it."""
        self.conversation = event.conversation
        self.temporary = event.conversation.temporary
        self.show_banner(earlier=event.earlier)
        self.transcript.known = self._known
        self.transcript.home = str(self.paths.home) if self._first_run else ""
        self.prompt.set_history([turn.content for turn in event.conversation.turns if turn.role == "user"])
        if self.queued is not None:
            self.start_queued()
        else:
            found = await self.transcript.load(event.conversation.turns, event.turn_id)
            if event.turn_id is not None and not found:
                self.notify("That message is no longer stored.", markup=False)
            self.show_panel_of_last()
        self.refresh_sessions()
        if event.turn_id is None:
            self.prompt.focus()
        else:
            self.transcript.focus(scroll_visible=False)

    def let_go_of_erased(self) -> None:
        """Once words were erased for good, read the conversation anew: it may show them, or tell them to the model."""
        if self._changes is None or self._changes.erased == self._erased or self.busy or self.conversation is None:
            return
        self._erased = self._changes.erased
        if self.session_id:
            editing = self.editing
            self.open_session(self.session_id, self.conversation.turns[-1].id if self.has_class("-earlier") else None)
            self.editing = editing
        else:
            self.post_message(messages.ConversationOpened(self.conversation))

    def _recall_of(self, turn_id: str) -> Recall | None:
        try:
            return self.chat.store.recall_of(turn_id) if self.chat is not None else None
        except ChatmemError:  # a temporary turn is not in the store
            return None

    # ------------------------------------------------------------------ the list of conversations

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

    def show_banner(self, *, earlier: bool) -> None:
        """Called when a conversation is opened: say what is special about it."""

    def show_panel_of_last(self) -> None:
        """Called when another conversation is on the screen."""
