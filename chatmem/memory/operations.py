"""The one place where memories change: each operation is one transaction with one entry in the log, and can be undone.

| operation | effect |
|---|---|
| INSERT | a new current memory |
| PASS | the same again: sources join, strength grows |
| REPLACE, END | a newer fact takes the place of an older one, or ends it; the older stays in the timeline with "until" |
| MERGE, SPLIT | several memories become one, or one several; the originals stay, out of recall |
| FORGET, RESTORE | out of recall and back |
| REINFORCE | strength grows with real use |
| EDIT, PIN | the user's own corrections |
| LINK | how memories led to one another |
| PURGE | the words are erased everywhere; it alone cannot be undone |
| UNDO | the rows as they were before another operation; undoing an UNDO does it again |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from chatmem.errors import ChatmemError
from chatmem.memory.apply import MAX_STRENGTH, apply, order
from chatmem.memory.undo import CannotUndo, last_undoable, undo
from chatmem.store import Store
from chatmem.store.conversations import ERASED
from chatmem.types import Actor, Candidate, Link, Memory, Operation, Origin, Turn
from chatmem.words import content_stems

__all__ = [
    "EDITABLE", "CannotUndo", "Reach", "check_dates", "delete_session", "edit", "forget", "insert", "last_undoable", "link", "merge", "new_memory", "order", "pin",
    "purge", "reach", "reaffirm", "reinforce", "replace", "restore", "sentence", "split", "undo",
]  # fmt: skip

EDITABLE = ("text", "kind", "importance", "subject", "event_start", "event_end")
_MADE_ELSEWHERE = ("Changed", "MergedInto")

LinksOf = Callable[[Memory], Sequence[Link]]
"""The links that a memory with new words should have, to and from; those that operations make apart."""


def new_memory(store: Store, candidate: Candidate, origin: Origin = "rule", at: datetime | None = None) -> Memory:
    """A memory that is not stored yet, said at ``at`` (now when None). Its id is taken for good."""
    at = at or store.clock()
    fields = candidate.model_dump() | {"text": " ".join(candidate.text.split())}
    return Memory(id=store.next_memory_id(), profile=store.profile, created_at=at, valid_from=at, origin=origin, **fields)


# ---------------------------------------------------------------------- what learning does


def insert(
    store: Store,
    candidate: Candidate,
    sources: Sequence[str],
    origin: Origin = "rule",
    *,
    at: datetime | None = None,
    links: Sequence[Link] = (),
    reason: str = "",
    score: float | None = None,
    memory: Memory | None = None,
) -> tuple[Memory, Operation | None]:
    """Remember a candidate, or PASS when a current memory says the same; no operation when these turns gave it already.

    ``memory`` is the candidate made by `new_memory` before, when links already name it.
    """
    with store.transaction():
        _refuse(links)
        same = store.memories_saying(" ".join(candidate.text.split()))
        known = store.source_ids([twin.id for twin in same])
        for twin in same:  # also one superseded, merged or forgotten since: the same session applied twice changes nothing
            if sources and all(source in known[twin.id] for source in sources):
                return twin, None
        if sources and (rewritten := _rewritten(store, candidate.text, sources)):
            return rewritten, None
        current = [twin for twin in same if twin.status == "active"]
        if current:
            return reaffirm(store, current[0].id, sources, origin, reason="said again", score=score)
        memory = memory or new_memory(store, candidate, origin, at)
        done = apply(
            store,
            "INSERT",
            origin,
            {memory.id: None},
            {memory.id: memory},
            about=memory.id,
            sources={memory.id: sources},
            add=links,
            reason=reason,
            score=score,
        )
    return memory, done


def _rewritten(store: Store, text: str, sources: Sequence[str]) -> Memory | None:
    """The memory that these turns gave in these words before the user edited it: the turns do not say it a second time."""
    wanted = " ".join(text.split()).rstrip(".!").casefold()
    for memory in store.memories(None, sorted({id_ for source in sources for id_ in store.memories_from(source)})):
        if memory.version == 1 or not set(sources) <= set(store.source_ids([memory.id])[memory.id]):
            continue
        for done in store.operations(memory.id):
            old = done.before.memories.get(memory.id) if done.op == "EDIT" and done.before else None
            if old is not None and old.text.rstrip(".!").casefold() == wanted:
                return memory
    return None


def reaffirm(
    store: Store, memory_id: str, sources: Sequence[str], origin: Origin = "rule", *, reason: str = "", score: float | None = None
) -> tuple[Memory, Operation | None]:
    """PASS: the user said the same again, in these turns. No operation when all of them are known."""
    with store.transaction():
        before = _current(store, memory_id)
        known = store.source_ids([memory_id])[memory_id]
        if all(source in known for source in sources) and sources:
            return before, None
        after = before.model_copy(update={"strength": min(before.strength + 1, MAX_STRENGTH)})
        done = apply(
            store,
            "PASS",
            origin,
            {memory_id: before},
            {memory_id: after},
            about=memory_id,
            sources={memory_id: [*known, *sources]},
            reason=reason,
            score=score,
        )
    return after, done


def replace(
    store: Store,
    old_id: str,
    memory: Memory,
    sources: Sequence[str],
    *,
    ends: bool = False,
    links: Sequence[Link] = (),
    reason: str = "",
    score: float | None = None,
) -> Operation:
    """A newer fact takes the place of a current one; with ``ends`` it only says that the old one is over, and is an event.

    Said earlier than the old one, it takes its place in the past instead: it is superseded by the old one, or stands
    beside it as an event. Raises ChatmemError when the old one is pinned and ``memory`` is not the user's own: insert it then.
    """
    with store.transaction():
        _refuse(links)
        old = _current(store, old_id)
        if old.pinned and memory.origin != "user":
            raise ChatmemError(f"{old_id} is pinned: only its owner replaces it.", "Unpin it first.")
        since = memory.valid_from or memory.created_at
        if ends:
            day = memory.event_start or since.astimezone().date()
            source = memory.time_source if memory.event_start else "session"
            memory = memory.model_copy(update={"kind": "event", "event_start": day, "event_end": memory.event_end or day, "time_source": source})
        before: dict[str, Memory | None] = {memory.id: None}
        after: dict[str, Memory | None] = {memory.id: memory}
        late = order(memory) < order(old)
        first, then = (memory.id, old_id) if late else (old_id, memory.id)
        changed = [Link(src=first, dst=then, relation="Changed", weight=1.0, origin=memory.origin, created_at=max(memory.created_at, old.created_at))]
        if late and ends:
            changed = []
        elif late:
            after[memory.id] = memory.model_copy(update={"status": "superseded", "valid_to": old.valid_from or old.created_at})
        else:
            before[old_id] = old
            after[old_id] = old.model_copy(update={"status": "superseded", "valid_to": since})
        return apply(
            store,
            "END" if ends else "REPLACE",
            memory.origin,
            before,
            after,
            about=memory.id,
            sources={memory.id: sources},
            add=[*changed, *links],
            reason=reason,
            score=score,
        )


def link(store: Store, links: Sequence[Link], actor: Actor = "rule", reason: str = "") -> Operation | None:
    """Add links between stored memories, from the earlier to the later; None when all are there. Raises ChatmemError."""
    with store.transaction():
        _refuse(links)
        known = {(found.src, found.dst, found.relation) for found in store.links({new.src for new in links})}
        new = [one for one in links if (one.src, one.dst, one.relation) not in known]
        if not new:
            return None
        return apply(store, "LINK", actor, {}, {}, about=new[0].dst, add=new, reason=reason)


def reinforce(store: Store, ids: Sequence[str]) -> Operation | None:
    """Strengthen current memories that were placed in the prompt of a completed reply; None when there are none."""
    with store.transaction():
        found = store.memories("active", ids)
        now = store.clock()
        after = {
            memory.id: memory.model_copy(
                update={"strength": min(memory.strength + 1, MAX_STRENGTH), "access_count": memory.access_count + 1, "last_access_at": now}
            )
            for memory in found
        }
        return apply(store, "REINFORCE", "job", {memory.id: memory for memory in found}, after, about=found[0].id) if found else None


# ---------------------------------------------------------------------- what the user and the jobs do


def merge(
    store: Store, ids: Sequence[str], text: str, actor: Actor = "user", reason: str = "", score: float | None = None
) -> tuple[Memory, Operation]:
    """Several current memories become one with all their sources and the greatest importance. Raises ChatmemError."""
    with store.transaction():
        members = sorted((_current(store, id_) for id_ in dict.fromkeys(ids)), key=lambda memory: (memory.created_at, memory.id))
        if len(members) < 2:
            raise ChatmemError("Merging takes at least two memories.", "Select the ones that say the same.")
        if actor != "user" and any(memory.pinned for memory in members):
            raise ChatmemError("A pinned memory is merged only by its owner.")
        newest = members[-1]
        starts = [memory.event_start for memory in members if memory.event_start]
        ends = [memory.event_end for memory in members if memory.event_end]
        merged = newest.model_copy(
            update={
                "id": store.next_memory_id(),
                "text": sentence(text),
                "span": "\n".join(dict.fromkeys(memory.span for memory in members if memory.span)),
                "keywords": list(dict.fromkeys(word for memory in members for word in memory.keywords)),
                "importance": max(memory.importance for memory in members),
                "pinned": any(memory.pinned for memory in members),
                "event_start": min(starts, default=None),
                "event_end": max(ends, default=None),
                "valid_from": min((memory.valid_from or memory.created_at) for memory in members),
                "strength": min(MAX_STRENGTH, sum(memory.strength - 1 for memory in members) + 1),
                "access_count": sum(memory.access_count for memory in members),
                "version": 1,
                "origin": "user" if actor == "user" else newest.origin,
            }
        )
        sources = store.source_ids([memory.id for memory in members])
        links = [
            Link(src=memory.id, dst=merged.id, relation="MergedInto", origin="user" if actor == "user" else "rule", created_at=newest.created_at)
            for memory in members
        ]
        done = apply(
            store,
            "MERGE",
            actor,
            {**{memory.id: memory for memory in members}, merged.id: None},
            {**{memory.id: memory.model_copy(update={"status": "merged"}) for memory in members}, merged.id: merged},
            about=merged.id,
            sources={merged.id: [turn for turns in sources.values() for turn in turns]},
            add=links,
            reason=reason,
            score=score,
        )
    return merged, done


def split(store: Store, memory_id: str, texts: Sequence[str], reason: str = "", *, links_of: LinksOf | None = None) -> tuple[list[Memory], Operation]:
    """One current memory becomes several, each with its sources and links; the original stays, out of recall. Raises ChatmemError."""
    with store.transaction():
        whole = _current(store, memory_id)
        parts = [sentence(text) for text in texts]
        if len(set(parts)) < 2:
            raise ChatmemError("Splitting takes at least two different sentences.", "Write one on each line.")
        made = [whole.model_copy(update={"id": store.next_memory_id(), "text": text, "version": 1, "origin": "user"}) for text in parts]
        sources = store.source_ids([memory_id])[memory_id]
        links = [Link(src=memory_id, dst=memory.id, relation="MergedInto", origin="user", created_at=whole.created_at) for memory in made]
        if links_of is not None:
            links += [link for memory in made for link in links_of(memory) if memory_id not in (link.src, link.dst)]
        done = apply(
            store,
            "SPLIT",
            "user",
            {memory_id: whole, **{memory.id: None for memory in made}},
            {memory_id: whole.model_copy(update={"status": "merged"}), **{memory.id: memory for memory in made}},
            about=memory_id,
            sources={memory.id: sources for memory in made},
            add=links,
            reason=reason,
        )
    return made, done


def forget(store: Store, ids: Sequence[str], actor: Actor = "user", reason: str = "", score: float | None = None) -> list[Operation]:
    """Archive current memories: out of recall, kept in the trash. One operation each; others are passed over."""
    with store.transaction():
        return [
            apply(
                store,
                "FORGET",
                actor,
                {memory.id: memory},
                {memory.id: memory.model_copy(update={"status": "archived"})},
                about=memory.id,
                reason=reason,
                score=score,
            )
            for memory in store.memories("active", ids)
            if actor == "user" or not memory.pinned
        ]


def restore(store: Store, ids: Sequence[str], actor: Actor = "user") -> list[Operation]:
    """Bring back what is out of recall: forgotten, superseded or merged. What took its place stays too."""
    with store.transaction():
        now = store.clock()
        return [
            apply(
                store,
                "RESTORE",
                actor,
                {memory.id: memory},
                {memory.id: memory.model_copy(update={"status": "active", "valid_to": None, "last_access_at": now})},
                about=memory.id,
                drop=[found for found in store.links([memory.id]) if found.src == memory.id and found.relation in ("Changed", "MergedInto")],
            )
            for memory in store.memories(None, ids)
            if memory.status in ("archived", "superseded", "merged")
        ]


def edit(store: Store, memory_id: str, *, links_of: LinksOf | None = None, **changes: Any) -> tuple[Memory, Operation | None]:
    """Change text, kind, importance, subject or dates by the user's hand. Raises ChatmemError for wrong values.

    With ``links_of`` other words get other links, in the same operation; without it the links stay.
    """
    unknown = [name for name in changes if name not in EDITABLE]
    if unknown:
        raise ChatmemError(f"{unknown[0]} cannot be edited.", f"These can: {', '.join(EDITABLE)}.")
    with store.transaction():
        before = store.memory(memory_id)
        if "text" in changes:
            changes["text"] = sentence(str(changes["text"]))
        if "subject" in changes:
            changes["subject"] = " ".join(str(changes["subject"]).split()) or "user"
        try:
            after = Memory.model_validate({**before.model_dump(), **changes})
        except ValidationError as error:
            problem = error.errors()[0]
            raise ChatmemError(f"{problem['loc'][0]}: {problem['msg']}.", "Nothing was changed.") from error
        check_dates(after.event_start, after.event_end)
        if not 1 <= after.importance <= 10:
            raise ChatmemError("Importance goes from 1 to 10.", "Nothing was changed.")
        if after == before:
            return before, None
        if after.event_start != before.event_start:
            after.time_source = "stated" if after.event_start else "none"
        after.version += 1
        after.origin = "user"
        add, drop = list[Link](), list[Link]()
        if links_of is not None and after.text != before.text:
            add, drop = _renewed(store.links([memory_id]), links_of(after))
        reason = ", ".join(sorted(changes))
        return after, apply(store, "EDIT", "user", {memory_id: before}, {memory_id: after}, about=memory_id, add=add, drop=drop, reason=reason)


def _renewed(old: Sequence[Link], new: Sequence[Link]) -> tuple[list[Link], list[Link]]:
    """What to add and what to drop so that the new links take the place of the old; those made elsewhere or by hand stay."""
    had, has = ({(link.src, link.dst, link.relation): link for link in links} for links in (old, new))
    loose = {key: link for key, link in had.items() if link.relation not in _MADE_ELSEWHERE and link.origin != "user"}
    return [link for key, link in has.items() if key not in had], [link for key, link in loose.items() if key not in has]


def check_dates(start: date | None, end: date | None) -> None:
    """Raise ChatmemError when an event would end before it begins."""
    if end and (start is None or end < start):
        raise ChatmemError("An event cannot end before it begins.", "Give its first day, then its last.")


def pin(store: Store, ids: Sequence[str], pinned: bool = True) -> list[Operation]:
    """Pin current memories, so that no rule or job takes them out; or let them go."""
    with store.transaction():
        return [
            apply(
                store,
                "PIN",
                "user",
                {memory.id: memory},
                {memory.id: memory.model_copy(update={"pinned": pinned})},
                about=memory.id,
                reason="pinned" if pinned else "unpinned",
            )
            for memory in store.memories("active", ids)
            if memory.pinned != pinned
        ]


@dataclass(frozen=True)
class Reach:
    """What a purge erases.

    The ``memories``, with the copies in the trash that became them by merging or splitting; and, where words go too, the
    ``turns`` they came from with their replies, and later ``replies`` that said them again.
    """

    memories: list[Memory]
    turns: list[Turn]
    replies: list[Turn]


def reach(store: Store, ids: Sequence[str]) -> Reach:
    """What purging these memories would erase; nothing is changed."""
    copies = store.memories(None, sorted(store.family(ids) - {*ids}))
    memories = [*store.memories(None, ids), *(memory for memory in copies if memory.status == "merged")]
    sources = store.source_ids([memory.id for memory in memories])
    turns = [store.turn(id_) for id_ in sorted({turn for turns in sources.values() for turn in turns})]
    replies = []
    for reply in store.replies_shown([memory.id for memory in memories]):
        told = content_stems(reply.content) - content_stems(store.turn(reply.parent).content if reply.parent else "")
        if reply.parent not in {turn.id for turn in turns} and any(told & content_stems(memory.text) for memory in memories):
            replies.append(reply)
    return Reach(memories, [turn for turn in turns if turn.content != ERASED], replies)


def purge(store: Store, ids: Sequence[str], *, words: bool = False) -> int:
    """Erase memories for good, and with ``words`` what was said of them: all that ``reach`` names. Returns how many memories.

    Also one that an undo took away, whose words are still in the log. The log keeps that it happened, no word of it.
    The vector index is to be rebuilt afterwards.
    """
    with store.transaction():
        reached = reach(store, ids)
        found = {memory.id: memory for memory in reached.memories}
        gone = [id_ for id_ in dict.fromkeys([*ids, *found]) if id_ in found or store.is_logged(id_)]
        turns = {turn.id for turn in (*reached.turns, *reached.replies)} if words else set[str]()
        others = store.family(gone).union(*(store.ever_from(turn_id) for turn_id in turns)) - {*gone}
        for id_ in gone:
            _purge(store, id_)
        for turn_id in sorted(turns):
            store.erase_round(turn_id)
        keywords = {word for memory in found.values() for word in memory.keywords}
        for id_ in sorted(others):
            store.detach(id_, keywords)
    store.scrub()
    return len(gone)


def _purge(store: Store, memory_id: str) -> None:
    store.purge_memory(memory_id)
    store.log(Operation(at=store.clock(), actor="user", op="PURGE", memory_id=memory_id, memories=[memory_id]))


def delete_session(store: Store, session_id: str, *, memories: bool) -> int:
    """Erase a session's words; ``memories`` erases those that came from it alone, else they become the user's own.

    What else came from it can no longer be undone: its log held the words. Returns how many memories went. The vector
    index is to be rebuilt afterwards.
    """
    with store.transaction():
        store.session(session_id)
        only = store.memories_only_from(session_id) if memories else []
        keywords = {word for memory in store.memories(None, only) for word in memory.keywords}
        others = (store.ever_from(session_id) | store.family(only)) - {*only}
        for memory_id in only:
            _purge(store, memory_id)
        store.delete_session(session_id)
        for memory_id in sorted(others):
            store.detach(memory_id, keywords)
    store.scrub()
    return len(only)


def _refuse(links: Sequence[Link]) -> None:
    for one in links:
        if one.relation in _MADE_ELSEWHERE:
            raise ChatmemError(f"A link cannot be made {one.relation} by hand.", "Replacing and merging make these.")


def _current(store: Store, memory_id: str) -> Memory:
    memory = store.memory(memory_id)
    if memory.status != "active":
        raise ChatmemError(f"{memory_id} is {memory.status}, not current.", f"Bring it back first: chatmem memory restore {memory_id}")
    return memory


def sentence(text: str) -> str:
    """Words as a memory keeps them: on one line. Raises ChatmemError when there are none, or too many."""
    text = " ".join(text.replace("\x00", "").split())
    if not text:
        raise ChatmemError("A memory needs words.", "Nothing was changed.")
    if len(text) > 1000:
        raise ChatmemError("A memory is one sentence, 1,000 characters at most.", "Split it into several.")
    return text
