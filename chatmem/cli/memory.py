"""``chatmem memory``: see and change what is remembered. Reading is in `memory_reading`; here is what changes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from chatmem.cli.memory_reading import (
    ANY,
    IDS,
    OUT_OF_RECALL,
    as_data,
    found_by_words,
    memory_rows,
    operation_data,
    operation_ids,
    reading_commands,
)
from chatmem.cli.terminal import json_option, load, note, now, print_json, print_table
from chatmem.errors import ChatmemError, NotFound

if TYPE_CHECKING:
    from chatmem.config import Paths
    from chatmem.memory.operations import LinksOf
    from chatmem.store import Store
    from chatmem.types import Memory, Operation, Status


@click.group(
    "memory",
    epilog='Completion of commands and ids: eval "$(_CHATMEM_COMPLETE=bash_source chatmem)" (or zsh_source, fish_source).',
)
def memory_group() -> None:
    """What is remembered: see it, change it, take it back.

    Reading works while the app is open. Exit codes: 0 done, 1 nothing found or failed, 2 wrong usage, 130 cancelled.
    """


for command in reading_commands:
    memory_group.add_command(command)

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@contextmanager
def _writing() -> Iterator[tuple[Store, Paths]]:
    """The store to write to. The index on disk is dropped: it is made anew, as the database then is, at the next start."""
    from chatmem.store import Store

    paths, settings = load()
    store = Store.open(paths, settings.profile, now)
    before = store.last_change()
    try:
        yield store, paths
    finally:
        if store.last_change() != before:
            shutil.rmtree(paths.index, ignore_errors=True)
        store.close()


def _linking(store: Store, texts: Sequence[str]) -> LinksOf | None:
    """How memories that get these words are linked, as in the app; None, and said so, when they cannot be embedded here."""
    from chatmem import catalogue
    from chatmem.engine import Engine
    from chatmem.errors import ModelError
    from chatmem.learning import WRITTEN, embedding, linking
    from chatmem.memory.keys import memory_vectors

    paths, settings = load()
    links_of: LinksOf | None = None
    try:
        embedder = Engine(catalogue.bundled_embedder(paths), "embed", settings.model, paths)
        embedder.start()
        try:
            embed = embedding(embedder)
            # What was written by hand while the app was closed is linked too; many are left to the app.
            new = store.without_vector("memories", catalogue.EMBEDDER_ID)[-WRITTEN:]
            if embed is not None and new:
                store.put_vectors("memories", catalogue.EMBEDDER_ID, new, memory_vectors([store.memory(id_).text for id_ in new], embed))
            links_of = linking(store, embed, catalogue.EMBEDDER_ID, texts)
        finally:
            embedder.close()
    except ModelError:
        pass
    if links_of is None:
        note("Links to other memories stay as they are: the embedder cannot run here. `chatmem doctor` tells why.")
    return links_of


def _chosen(store: Store, given: Sequence[str], statuses: tuple[Status, ...]) -> tuple[list[Memory], bool]:
    """The memories that ids or words mean, and whether they were found by words. Raises NotFound."""
    if all(re.fullmatch(r"m\d+", one) for one in given):
        by_id = {memory.id: memory for memory in store.memories(None, given)}
        for one in given:
            if one not in by_id:
                raise NotFound(f"There is no memory {one}.", "`chatmem memory list --status all` shows them all.")
        wrong = [memory for memory in by_id.values() if statuses and memory.status not in statuses]
        if wrong:
            state = "current" if wrong[0].status == "active" else f"out of recall already ({wrong[0].status})"
            raise ChatmemError(f"{wrong[0].id} is {state}.", "`chatmem memory history` tells why.")
        return [by_id[one] for one in dict.fromkeys(given)], False
    words = " ".join(given)
    memories = found_by_words(store, words, statuses, 50)
    if not memories:
        raise NotFound(f"Nothing remembered has all of these words: {words}.", "Use fewer, or give ids: `chatmem memory search` finds them.")
    return memories, True


def _ask(question: str, memories: Sequence[Memory], *, yes: bool) -> None:
    """Show on stderr what would change, and ask."""
    for cells in memory_rows(memories):
        note("  " + "  ".join(cells))
    if not yes:
        click.confirm(question, abort=True, err=True)


def _verified(good: bool, what: str) -> None:
    """Nothing is reported as done before the database was read again."""
    if not good:
        raise ChatmemError(f"{what} did not happen as asked.", "Run `chatmem doctor`.")


def _told(memories: Sequence[Memory], done: Sequence[Operation], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"memories": [as_data(memory) for memory in memories], "operations": [operation_data(operation) for operation in done]})
    else:
        note(sentence)


def _count(memories: Sequence[object]) -> str:
    return "1 memory" if len(memories) == 1 else f"{len(memories)} memories"


class Day(click.ParamType[Any]):
    """A date as 2026-03-31, or "none" to clear it."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | str:
        """A date, or "" for none."""
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        if value == "none":
            return ""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date such as 2026-03-31.", param, ctx)


@memory_group.command("add")
@click.argument("text")
@json_option
def memory_add(text: str, as_json: bool) -> int:
    """Remember TEXT, written as you would say it ("my sister is called Marta")."""
    from chatmem.memory import operations
    from chatmem.memory.extract import remember_text
    from chatmem.memory.secrets import secret

    if kind := secret(text):
        raise ChatmemError(f"That looks like a {kind}: it is never kept as a memory.", "A password manager is the right place.")
    candidate = remember_text(text, now())
    if candidate is None:
        raise ChatmemError("There is nothing to remember in that.", "Write it as a sentence, such as: my sister is called Marta.")
    with _writing() as (store, _):
        said = any(memory.status == "active" for memory in store.memories_saying(candidate.text))
        links_of = None if said else _linking(store, [candidate.text])
        made = operations.new_memory(store, candidate, "user")
        links = links_of(made) if links_of else ()
        memory, done = operations.insert(store, candidate, [], "user", links=links, reason="added by hand", memory=made)
        kept = store.memory(memory.id)
        _verified(kept.status == "active", "Adding it")
    known = done is None or done.op == "PASS"
    _told([kept], [done] if done else [], f"{'Known already' if known else 'Remembered'}: {' '.join(memory_rows([kept])[0])}", as_json=as_json)
    return 0


@memory_group.command("edit")
@click.argument("memory_id", metavar="ID", shell_complete=ANY)
@click.option("--text", help="What it says.")
@click.option("--importance", type=click.IntRange(1, 10), help="1 to 10.")
@click.option("--kind", type=click.Choice(["fact", "event"]), help="A lasting fact, or something that happened.")
@click.option("--start", "event_start", type=Day(), help='First day, such as 2026-03-31, or "none".')
@click.option("--end", "event_end", type=Day(), help='Last day, or "none".')
@click.option("--subject", help="Whom it is about.")
@json_option
def memory_edit(memory_id: str, as_json: bool, **given: Any) -> int:
    """Change a memory; what it said before stays in its history."""
    from chatmem.memory import operations

    changes = {name: None if value == "" and name.startswith("event") else value for name, value in given.items() if value is not None}
    if not changes:
        raise click.UsageError("There is nothing to change: give --text, --importance, --kind, --start, --end or --subject.")
    with _writing() as (store, _):
        words = [operations.sentence(str(changes["text"]))] if "text" in changes else []
        links_of = _linking(store, words) if words and words != [store.memory(memory_id).text] else None
        after, done = operations.edit(store, memory_id, links_of=links_of, **changes)
        kept = store.memory(memory_id)
        _verified(all(getattr(kept, name) == getattr(after, name) for name in changes), "The change")
    _told([kept], [done] if done else [], f"{'Changed' if done else 'Nothing was changed'}: {' '.join(memory_rows([kept])[0])}", as_json=as_json)
    return 0


@memory_group.command("forget")
@click.argument("given", metavar="IDS-OR-WORDS", nargs=-1, required=True, shell_complete=IDS)
@yes_option
@json_option
def memory_forget(given: tuple[str, ...], yes: bool, as_json: bool) -> int:
    """Take memories out of recall, into the trash; words show what would go and ask."""
    from chatmem.memory import operations

    with _writing() as (store, _):
        chosen, by_words = _chosen(store, given, ("active",))
        if by_words:
            _ask(f"Forget {_count(chosen)}?", chosen, yes=yes)
        ids = [memory.id for memory in chosen]
        done = operations.forget(store, ids, reason="forgotten by hand")
        left = store.memories(None, ids)
        _verified(all(memory.status == "archived" for memory in left) and len(left) == len(ids), "Forgetting")
    _told(left, done, f"Forgot {_count(left)}; in the trash until purged. To take it back: chatmem memory undo", as_json=as_json)
    return 0


@memory_group.command("restore")
@click.argument("ids", nargs=-1, required=True, shell_complete=OUT_OF_RECALL)
@json_option
def memory_restore(ids: tuple[str, ...], as_json: bool) -> int:
    """Bring memories back: forgotten, replaced or merged ones."""
    from chatmem.memory import operations

    with _writing() as (store, _):
        chosen, _words = _chosen(store, ids, ("archived", "superseded", "merged"))
        done = operations.restore(store, [memory.id for memory in chosen])
        back = store.memories("active", [memory.id for memory in chosen])
        _verified(len(back) == len(chosen), "Restoring")
    _told(back, done, f"Restored {_count(back)}.", as_json=as_json)
    return 0


@memory_group.command("purge")
@click.argument("given", metavar="IDS-OR-WORDS", nargs=-1, required=True, shell_complete=ANY)
@click.option("--words", is_flag=True, help="Also erase what was said in the turns they came from.")
@yes_option
@json_option
def memory_purge(given: tuple[str, ...], words: bool, yes: bool, as_json: bool) -> int:
    """Erase memories for good, from every file; shows what would go and asks. This cannot be undone."""
    from chatmem.memory import operations
    from chatmem.tui.changes import find_words

    with _writing() as (store, paths):
        chosen, _by_words = _chosen(store, given, ())
        ids = [memory.id for memory in chosen]
        reached = operations.reach(store, ids)
        turns = [turn.id for turn in reached.turns] if words else []
        replies = reached.replies if words else []
        said = [turn.content for id_ in turns for turn in store.round(id_) if turn is not None] + [reply.content for reply in replies]
        also = f" and what was said in {len(turns)} messages" if turns else ""
        also += f" and {len(replies)} replies that told it again" if replies else ""
        _ask(f"Erase {_count(chosen)}{also} for good?", reached.memories, yes=yes)
        operations.purge(store, ids, words=words)
        shutil.rmtree(paths.index, ignore_errors=True)  # Chroma keeps what was deleted inside its files
        _verified(not store.memories(None, ids) and not paths.index.exists(), "Erasing")
        files, size, left = find_words(paths.home, [*(memory.text for memory in reached.memories), *said])
    if as_json:
        print_json(
            {
                "purged": ids,
                "turns": turns,
                "replies": [reply.id for reply in replies],
                "files_searched": files,
                "bytes_searched": size,
                "still_in": left,
            }
        )
    else:
        where = f"still in {', '.join(left)}; what was said in a conversation stays until it is erased too (--words)" if left else "none left"
        note(f"Erased {_count(ids)}{also}. Searched {files} files ({size / 1e6:.1f} MB) for these sentences: {where}.")
    return 0


@memory_group.command("merge")
@click.argument("ids", nargs=-1, required=True, shell_complete=IDS)
@click.option("--text", required=True, help="What the one memory says.")
@json_option
def memory_merge(ids: tuple[str, ...], text: str, as_json: bool) -> int:
    """Make one memory of several, with all their sources; they stay in its history."""
    from chatmem.memory import operations

    with _writing() as (store, _):
        merged, done = operations.merge(store, ids, text, reason="merged by hand")
        kept = store.memory(merged.id)
        _verified(kept.status == "active" and all(memory.status == "merged" for memory in store.memories(None, ids)), "Merging")
    _told([kept], [done], f"Merged {_count(list(dict.fromkeys(ids)))} into one: {' '.join(memory_rows([kept])[0])}", as_json=as_json)
    return 0


@memory_group.command("split")
@click.argument("memory_id", metavar="ID", shell_complete=IDS)
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@json_option
def memory_split(memory_id: str, texts: tuple[str, ...], as_json: bool) -> int:
    """Make several memories of one, each TEXT a sentence."""
    from chatmem.memory import operations

    with _writing() as (store, _):
        words = [operations.sentence(text) for text in texts]
        made, done = operations.split(store, memory_id, words, "split by hand", links_of=_linking(store, words))
        kept = store.memories("active", [memory.id for memory in made])
        _verified(len(kept) == len(made) and store.memory(memory_id).status == "merged", "Splitting")
    if not as_json:
        print_table(["id", "kind", "imp", "text"], memory_rows(kept))
    _told(kept, [done], f"Split {memory_id} into {len(kept)}.", as_json=as_json)
    return 0


def _pin(ids: Sequence[str], pinned: bool, as_json: bool) -> int:
    from chatmem.memory import operations

    with _writing() as (store, _):
        chosen, _words = _chosen(store, ids, ("active",))
        done = operations.pin(store, [memory.id for memory in chosen], pinned)
        kept = store.memories("active", [memory.id for memory in chosen])
        _verified(all(memory.pinned is pinned for memory in kept), "Pinning")
    _told(kept, done, f"{'Pinned' if pinned else 'Unpinned'} {_count(kept)}.", as_json=as_json)
    return 0


@memory_group.command("pin")
@click.argument("ids", nargs=-1, required=True, shell_complete=IDS)
@json_option
def memory_pin(ids: tuple[str, ...], as_json: bool) -> int:
    """Pin memories: no rule or job takes them out, and they never fade."""
    return _pin(ids, True, as_json)


@memory_group.command("unpin")
@click.argument("ids", nargs=-1, required=True, shell_complete=IDS)
@json_option
def memory_unpin(ids: tuple[str, ...], as_json: bool) -> int:
    """Let pinned memories go."""
    return _pin(ids, False, as_json)


@memory_group.command("undo")
@click.argument("operation_id", metavar="[OP]", required=False, type=int, shell_complete=operation_ids)
@json_option
def memory_undo(operation_id: int | None, as_json: bool) -> int:
    """Take back the last change, or operation OP of `chatmem memory history`. Undoing an UNDO does it again."""
    from chatmem.memory import operations
    from chatmem.tui.changes import describe
    from chatmem.tui.text import safe

    with _writing() as (store, _):
        last = store.operation(operation_id) if operation_id is not None else operations.last_undoable(store)
        entry = operations.undo(store, operation_id)
        touched = store.memories(None, entry.memories)
        rows = entry.after.memories if entry.after else {}
        _verified({id_ for id_, row in rows.items() if row} == {memory.id for memory in touched if memory.id in rows}, "Undoing")
    _told(
        touched, [entry], f"Undone: {safe(describe(last)) if last else entry.reason}. To do it again: chatmem memory undo {entry.id}", as_json=as_json
    )
    return 0
