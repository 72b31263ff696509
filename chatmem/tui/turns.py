"""How a message becomes a reply on the screen: sending, streaming, stopping, editing, regenerating."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from textual import work
from textual.message import Message

from chatmem.errors import ChatmemError
from chatmem.tui.background import BackgroundScreen
from chatmem.tui.bubbles import Entry, ReplyMessage
from chatmem.tui.messages import ReplyEnded, ReplyEvent
from chatmem.tui.prompt import Prompt
from chatmem.tui.transcript import Transcript
from chatmem.types import Cancelled, Failed, Finished, Recall, Recalled, Token, Usage

if TYPE_CHECKING:
    from chatmem.chat import Chat, Conversation

BEAT = 0.05
"""Tokens are shown at most this often, in seconds: drawing each one would cost the model its processor."""

log = logging.getLogger(__name__)


class TurnScreen(BackgroundScreen):
    """The part of the chat screen that runs turns."""

    conversation: Conversation | None = None
    usage: Usage | None = None
    cancel: threading.Event | None = None
    reply: ReplyMessage | None = None
    editing: str | None = None
    queued: str | None = None
    next_up: str | None = None
    leaving = False

    def __init__(self) -> None:
        super().__init__()
        self._ticket = 0
        self._question: Entry | None = None
        self._one_turn = threading.Lock()

    @property
    def transcript(self) -> Transcript:
        """The conversation on the screen."""
        return self.query_one(Transcript)

    @property
    def prompt(self) -> Prompt:
        """The input."""
        return self.query_one(Prompt)

    @property
    def busy(self) -> bool:
        """Whether a reply is awaited or running."""
        return self.reply is not None

    @property
    def _on_screen(self) -> bool:
        """False once the app is being taken down: its last messages arrive when widgets are gone."""
        return self.is_attached and self.is_running and not self.leaving

    @property
    def last_reply(self) -> Entry | None:
        """The newest finished reply."""
        return next((entry for entry in reversed(self.transcript.entries) if entry.role == "assistant" and (entry.turn or entry.text)), None)

    async def send(self, text: str) -> None:
        """Show a message and ask for the reply; before the store is open it waits in the queue."""
        edit, self.editing = self.editing, None
        if edit is not None:
            for entry in self.transcript.entries:
                if entry.turn is not None and entry.turn.id == edit:
                    await self.transcript.cut(entry)
                    break
        self._question = Entry("user", text)
        await self.transcript.add(self._question)
        await self._begin(text, edit)

    async def regenerate(self) -> None:
        """Ask for another reply to the last message."""
        entries = self.transcript.entries
        if not entries or self.conversation is None:
            self.notify("There is nothing to reply to yet.", markup=False)
            return
        if entries[-1].role == "assistant":
            await self.transcript.cut(entries[-1])
        self._question = entries[-1]
        self.editing = None
        await self._begin(None, None)

    async def _begin(self, text: str | None, edit: str | None) -> None:
        self._ticket += 1
        self.cancel = threading.Event()
        question = self._question.text if self._question is not None else ""
        widget = await self.transcript.add(Entry("assistant", "", question=question, asked=True), live=True)
        assert isinstance(widget, ReplyMessage)
        self.reply = widget
        self.refresh_bindings()
        if self.chat is None or self.conversation is None:
            self.queued = text
            return
        self._run(self._ticket, self.chat, self.conversation, text, edit, self.cancel)

    def start_queued(self) -> None:
        """Send what was typed before the store was open."""
        text, self.queued = self.queued, None
        if text is not None and self.chat is not None and self.conversation is not None and self.cancel is not None:
            self._run(self._ticket, self.chat, self.conversation, text, None, self.cancel)

    @work(thread=True, exclusive=True, group="reply", exit_on_error=False)
    def _run(self, ticket: int, chat: Chat, conversation: Conversation, text: str | None, edit: str | None, cancel: threading.Event) -> None:
        """The thread of one turn. It touches no widget: events are posted, tokens a few at a time."""
        waiting: list[str] = []
        shown_at = 0.0

        def post(message: Message) -> None:
            self.post_message(message)

        def flush() -> None:
            if waiting:
                post(ReplyEvent(ticket, Token(text="".join(waiting))))
                waiting.clear()

        try:
            with self._one_turn:  # a reply left behind in another conversation stops first
                for event in chat.reply(conversation, text, edit=edit, cancel=cancel):
                    if isinstance(event, Token):
                        waiting.append(event.text)
                        if time.monotonic() - shown_at >= BEAT:
                            flush()
                            shown_at = time.monotonic()
                    else:
                        flush()
                        post(ReplyEvent(ticket, event))
        except ChatmemError as error:
            flush()
            post(ReplyEvent(ticket, Failed(turn=None, message=error.message, hint=error.hint)))
        except Exception as error:
            log.exception("a reply failed")
            flush()
            post(
                ReplyEvent(
                    ticket, Failed(turn=None, message=f"Something went wrong inside chatmem: {error}", hint="The log in the data folder says more.")
                )
            )
        finally:
            post(ReplyEnded(ticket))

    async def on_reply_event(self, message: ReplyEvent) -> None:
        """Show what happens in the running turn; events of a turn left behind, or that come while the app closes, are dropped."""
        if message.ticket != self._ticket or self.reply is None or not self._on_screen or not self.reply.is_attached:
            return
        event, reply = message.event, self.reply
        if isinstance(event, Token):
            await reply.write(event.text)
        elif isinstance(event, Recalled):
            reply.entry.recall = event.recall
            reply.doing = "thinking"
            if self._question is not None:
                self._question.turn = event.turn
            self.recalled(event.recall)
        elif isinstance(event, Finished | Cancelled):
            entry = reply.entry
            entry.turn, entry.text, entry.recall, entry.usage = event.turn, event.turn.content, event.recall, event.usage
            entry.state = "cut" if isinstance(event, Cancelled) else event.turn.state
            self.usage = event.usage
            await reply.finish()
            self._over()
            self._send_next()
        else:
            await self._failed(event)

    async def on_reply_ended(self, message: ReplyEnded) -> None:
        """A turn that ended without saying so (it never should) still gives the input back."""
        if not self._on_screen:
            return
        if message.ticket == self._ticket and self.reply is not None:
            await self._failed(Failed(turn=None, message="The reply ended early.", hint="Press Ctrl+G to try again."))
        self.refresh_sessions()

    async def _failed(self, event: Failed) -> None:
        """Say why, and give the words back: sending them again replaces the failed attempt."""
        assert self.reply is not None
        reply, question = self.reply, self._question
        if reply.said:  # what was said stays, marked as cut; Ctrl+G tries again
            reply.entry.text, reply.entry.state = reply.said, "cut"
            await reply.finish()
            await self.transcript.notice(event.message, event.hint or "Ctrl+G tries again.")
            self._over()
            return
        self.transcript.entries.remove(reply.entry)
        self.transcript.last = len(self.transcript.entries)
        await reply.drop()
        if event.turn is not None and event.turn.role == "user" and question is not None:
            question.turn = event.turn
        await self.transcript.notice(event.message, event.hint)
        if question is not None and not self.prompt.text.strip():
            self.prompt.put(question.text)
            if question.turn is not None:
                self.editing = question.turn.id
            else:
                await self.transcript.cut(question)
                await self.transcript.notice(event.message, event.hint)
        self._over()

    def _over(self) -> None:
        self.reply = self.cancel = None
        self.transcript.anchor()
        self.refresh_bindings()

    def _send_next(self) -> None:
        """Send the message that Enter was pressed on while the reply came; it waited in the input."""
        text, self.next_up = self.next_up, None
        if text is not None:
            self.post_message(Prompt.Submitted(text))

    def stop(self) -> bool:
        """Ask the running reply to stop; False when there is none."""
        if self.cancel is None:
            return False
        self.cancel.set()
        if self.reply is not None:
            self.reply.doing = "stopping"
        return True

    def wait_for_turn(self, seconds: float) -> None:
        """Wait for the reply's thread to be over; for use outside the screen's own thread."""
        if self._one_turn.acquire(timeout=seconds):
            self._one_turn.release()

    def leave(self) -> None:
        """Stop the reply and forget its place on the screen: another conversation is coming."""
        self.stop()
        self._ticket += 1
        self.reply = self.cancel = self.queued = self.next_up = self.editing = self._question = self.usage = None
        self.refresh_bindings()

    def recalled(self, recall: Recall) -> None:
        """Called when memories were found for the running turn."""

    def refresh_sessions(self) -> None:
        """Called when the list of conversations may have changed."""
