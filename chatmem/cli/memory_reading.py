"""The commands of ``chatmem memory`` that only look; they work while the app is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from chatmem.cli.terminal import json_option, load, note, now, open_store, print_json, print_table
from chatmem.errors import ChatmemError, NotFound

if TYPE_CHECKING:
    from chatmem.store import Store
    from chatmem.types import Kind, Memory, Operation, Status

BARS = "▁▂▃▄▅▆▇█"
COMPLETIONS = 50
TRASH: tuple[Status, ...] = ("archived", "superseded", "merged")
STATUSES: dict[str, tuple[Status, ...]] = {
    "current": ("active",),
    "archived": ("archived",),
    "superseded": ("superseded",),
    "merged": ("merged",),
    "trash": TRASH,
    "all": (),
}


# ---------------------------------------------------------------------- completion

Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _ids(*statuses: Status) -> Completion:
    """Completes ids of memories of these statuses (all when none); an empty or closed store completes nothing."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from chatmem.config import find_paths

        if not find_paths().database.exists():
            return []
        try:
            with open_store(read_only=True) as store:
                memories = [memory for memory in store.memories(None) if not statuses or memory.status in statuses]
        except ChatmemError:
            return []
        return [CompletionItem(memory.id, help=line(memory.text, 60)) for memory in memories[::-1] if memory.id.startswith(incomplete)][:COMPLETIONS]

    return complete


IDS, OUT_OF_RECALL, ANY = _ids("active"), _ids(*TRASH), _ids()


def operation_ids(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes ids of operations that can be undone."""
    from chatmem.config import find_paths

    if not find_paths().database.exists():
        return []
    try:
        with open_store(read_only=True) as store:
            log = [op for op in store.operations(limit=COMPLETIONS) if op.undone_by is None and op.before is not None]
    except ChatmemError:
        return []
    return [CompletionItem(str(op.id), help=f"{op.op} {op.memory_id}") for op in log if str(op.id).startswith(incomplete)]


# ---------------------------------------------------------------------- what is shown of a memory


def line(text: str, limit: int = 200) -> str:
    """Text on one line without anything that a terminal could act on."""
    from chatmem.tui.text import one_line

    return one_line(text, limit)


def as_data(memory: Memory) -> dict[str, Any]:
    """A memory for --json."""
    return memory.model_dump(mode="json")


def operation_data(operation: Operation) -> dict[str, Any]:
    """An entry of the log for --json."""
    return operation.model_dump(mode="json")


def memory_rows(memories: Iterable[Memory]) -> list[list[str]]:
    """Id, kind, importance and text; what is out of recall says so."""
    marks = {"active": "", "archived": "(forgotten) ", "superseded": "(replaced) ", "merged": "(merged) ", "deleted": "(deleted) "}
    return [[m.id, m.kind, f"{'★' if m.pinned else ' '}{m.importance}", marks[m.status] + line(m.text)] for m in memories]


def day_of(memory: Memory) -> str:
    """When it happened, or when it was said."""
    moment = memory.event_start or (memory.valid_from or memory.created_at).astimezone().date()
    return moment.isoformat()


def found_by_words(store: Store, words: str, statuses: tuple[Status, ...], limit: int) -> list[Memory]:
    """Memories with all of these words (the last may be unfinished), the newest first."""
    from chatmem.store.pages import Wanted

    ids = store.wanted_ids(Wanted(words=words, statuses=statuses), load()[1].memory, now())[:limit]
    by_id = {memory.id: memory for memory in store.memories(None, ids)}
    return [by_id[id_] for id_ in ids]


def _show(memories: Sequence[Memory], *, as_json: bool, nothing: str) -> None:
    if as_json:
        print_json([as_data(memory) for memory in memories])
    elif memories:
        print_table(
            ["id", "since", "kind", "imp", "text"], [[row[0], day_of(m), *row[1:]] for m, row in zip(memories, memory_rows(memories), strict=True)]
        )
    else:
        note(nothing)


# ---------------------------------------------------------------------- commands


@click.command("list")
@click.option("--status", type=click.Choice(list(STATUSES)), default="current", show_default=True, help="Which ones.")
@click.option("--kind", type=click.Choice(["fact", "event"]), help="Only facts, or only events.")
@click.option("--subject", help="Only about this person or thing.")
@click.option("--pinned", is_flag=True, help="Only pinned ones.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Happened or said on this day or later.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Happened or said on this day or earlier.")
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help="Most to show; 0 shows all.")
@json_option
def memory_list(
    status: str, kind: Kind | None, subject: str | None, pinned: bool, since: datetime | None, until: datetime | None, limit: int, as_json: bool
) -> int:
    """What is remembered, the newest first."""
    from chatmem.store.pages import Wanted

    _, settings = load()
    wanted = Wanted(kind=kind, statuses=STATUSES[status], pinned=True if pinned else None, since=_day(since), until=_day(until))
    with open_store(read_only=True) as store:
        ids = store.wanted_ids(wanted, settings.memory, now())
        if subject is not None:
            about = {memory.id for memory in store.memories(None, ids) if memory.subject.casefold() == subject.casefold()}
            ids = [id_ for id_ in ids if id_ in about]
        shown = ids[:limit] if limit else ids
        by_id = {memory.id: memory for memory in store.memories(None, shown)}
    _show([by_id[id_] for id_ in shown], as_json=as_json, nothing="Nothing is remembered yet." if wanted == Wanted() else "Nothing here.")
    if len(shown) < len(ids):
        note(f"{len(shown)} of {len(ids)}; --limit 0 shows all.")
    return 0


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most to show.")
@json_option
def memory_search(words: tuple[str, ...], limit: int, as_json: bool) -> int:
    """Memories with all of these WORDS, also those out of recall; if there are none, those with any of them."""
    with open_store(read_only=True) as store:
        found = found_by_words(store, " ".join(words), (), limit)
        if not found:
            ranked = [id_ for id_, _ in store.bm25(" ".join(words), "memory", limit)]
            by_id = {memory.id: memory for memory in store.memories(None, ranked)}
            found = [by_id[id_] for id_ in ranked]
    _show(found, as_json=as_json, nothing=f"Nothing remembered has these words: {line(' '.join(words))}.")
    return 0 if found else 1


@click.command("show")
@click.argument("memory_id", metavar="ID", shell_complete=ANY)
@json_option
def memory_show(memory_id: str, as_json: bool) -> int:
    """One memory: what it says, the words it rests on, its links, its history and its use."""
    from chatmem.memory.decay import retention
    from chatmem.tui.changes import describe

    _, settings = load()
    with open_store(read_only=True) as store:
        memory = store.memory(memory_id)
        sources, links = store.sources(memory_id), store.links([memory_id])
        log, uses = store.operations(memory_id), store.uses(memory_id)
        others = {other.id: other for other in store.memories(None, [id_ for one in links for id_ in (one.src, one.dst)])}
    left = retention(memory, now(), settings.memory)
    if as_json:
        more = {
            "retention": left,
            "sources": [turn.model_dump(mode="json") for turn in sources],
            "links": [one.model_dump(mode="json") for one in links],
            "operations": [operation_data(operation) for operation in log],
            "uses": [{"turn_id": use.turn_id, "reply_id": use.reply_id, "at": use.at, "score": use.score, "shown": use.shown} for use in uses],
        }
        print_json(as_data(memory) | more)
        return 0
    skipped = {"id", "profile", "keywords", "confidence", "version"}
    rows = [[name.replace("_", " "), _value(value)] for name, value in memory.model_dump(exclude=skipped).items() if value not in (None, "")]
    print_table([memory.id, ""], [*rows, ["retention", f"{left:.0%}"]])
    _section("rests on", [[turn.id, f"{turn.created_at.astimezone():%Y-%m-%d}", line(turn.content)] for turn in sources])
    _section("linked", [[one.src, one.relation, one.dst, line(others[one.src if one.dst == memory_id else one.dst].text, 100)] for one in links])
    _section("history", [[str(op.id), f"{op.at.astimezone():%Y-%m-%d %H:%M}", line(describe(op)), line(op.reason, 80)] for op in log])
    _section("recalled for", [[f"{use.at.astimezone():%Y-%m-%d}", "shown" if use.shown else "not shown", line(use.question, 100)] for use in uses])
    return 0


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value.astimezone():%Y-%m-%d %H:%M}" if isinstance(value, datetime) else line(str(value), 1000)


def _section(title: str, rows: list[list[str]]) -> None:
    if rows:
        click.echo()
        print_table([title, *[""] * (len(rows[0]) - 1)], rows)


@click.command("history")
@click.argument("memory_id", metavar="[ID]", required=False, shell_complete=ANY)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most to show.")
@json_option
def memory_history(memory_id: str | None, limit: int, as_json: bool) -> int:
    """What changed memory, the newest first; of one memory when its ID is given."""
    from chatmem.tui.changes import describe

    with open_store(read_only=True) as store:
        log = store.operations(memory_id, limit)
    if as_json:
        print_json([operation_data(operation) for operation in log])
    elif log:
        rows = [
            [str(op.id), f"{op.at.astimezone():%Y-%m-%d %H:%M}", op.op, f"undone by {op.undone_by}" if op.undone_by else "", line(describe(op)), line(op.reason, 80)]
            for op in log
        ]  # fmt: skip
        print_table(["op", "when", "", "", "what", "why"], rows)
    else:
        note(f"Nothing is known of {memory_id}." if memory_id else "Nothing has happened yet.")
    return 0 if log or memory_id is None else 1


@click.command("timeline")
@click.argument("given", metavar="[ID|WORDS]", nargs=-1, shell_complete=ANY)
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Most timelines to show.")
@json_option
def memory_timeline(given: tuple[str, ...], limit: int, as_json: bool) -> int:
    """How things came to be: timelines through a memory, through those with these words, or the newest that changed."""
    from chatmem.memory import timeline

    with open_store(read_only=True) as store:
        links = store.links()
        memories = {memory.id: memory for memory in store.memories(None)}
        hits = [given[0]] if len(given) == 1 and given[0] in memories else []
        if given and not hits:
            hits = [memory.id for memory in found_by_words(store, " ".join(given), (), 20)]
            if not hits:
                raise NotFound(f"Nothing remembered has all of these words: {line(' '.join(given))}.", "`chatmem memory list` shows what there is.")
        hits = hits or sorted(store.changed_heads(), key=lambda id_: memories[id_].created_at, reverse=True)
    paths: list[list[str]] = []
    for hit in hits:
        paths += [path for path in timeline.paths(links, memories, hit) if not any(set(path) <= set(other) for other in paths)]
    told: dict[tuple[str, str], str] = {}
    for one in sorted(links, key=lambda one: (one.relation == "Changed", one.weight)):
        told[one.src, one.dst] = one.relation
    if as_json:
        print_json(
            [
                [as_data(memories[id_]) | {"relation": told.get((path[i - 1], id_)) if i else None} for i, id_ in enumerate(path)]
                for path in paths[:limit]
            ]
        )
    elif paths:
        for path in paths[:limit]:
            rows = []
            for i, id_ in enumerate(path):
                memory = memories[id_]
                until = f"until {memory.valid_to.astimezone():%Y-%m-%d}" if memory.valid_to else ""
                rows.append([f"{timeline.time_of(memory)}", f"→ {told.get((path[i - 1], id_), '')}" if i else "", id_, line(memory.text), until])
            print_table(["", "", "", "", ""], rows)
    else:
        note("Nothing led to anything else yet." if not given else "It is not linked to anything.")
    return 0 if paths or not given else 1


# ---------------------------------------------------------------------- figures


@click.command("stats")
@json_option
def memory_stats(as_json: bool) -> int:
    """Figures: how many of each kind and status, by month, and how strong they are."""
    from chatmem.store.pages import Wanted

    with open_store(read_only=True) as store:
        memories, statuses = store.memories(None), store.memory_counts()
        spans = store.spans("month", Wanted(statuses=()), now())[::-1]
        log = store.operation_counts()
        totals = store.counts()
    current = [memory for memory in memories if memory.status == "active"]
    kinds = Counter(memory.kind for memory in current)
    importance = Counter(memory.importance for memory in current)
    data = {
        "sessions": totals["sessions"],
        "turns": totals["turns"],
        "status": statuses,
        "kind": dict(kinds),
        "pinned": sum(memory.pinned for memory in current),
        "used": sum(memory.access_count > 0 for memory in current),
        "importance": {value: importance[value] for value in range(1, 11)},
        "subject": dict(Counter(memory.subject for memory in current).most_common(10)),
        "month": {span.label: {"facts": span.facts, "events": span.events, "ended": span.ended} for span in spans},
        "operation": log,
    }
    if as_json:
        print_json(data)
        return 0
    click.echo(
        f"{totals['sessions']} sessions, {totals['turns']} turns, {len(current)} current memories ({data['pinned']} pinned, {data['used']} used in replies)"
    )
    names = {"active": "current", "archived": "forgotten", "superseded": "replaced"}
    _bars("status", {names.get(name, name): count for name, count in statuses.items()})
    _bars("kind", {f"{name}s": count for name, count in kinds.items()})
    _bars("about", {line(name, 30): count for name, count in Counter(memory.subject for memory in current).most_common(5)})
    click.echo(f"\nimportance 1 to 10   {_sparkline([importance[value] for value in range(1, 11)])}")
    if spans:
        recent = spans[-24:]
        click.echo(f"by month, {recent[0].label} to {recent[-1].label}   {_sparkline([span.facts + span.events for span in recent])}")
        _bars("month", {span.label: span.facts + span.events for span in recent[-12:]})
    return 0


def _bars(title: str, counts: dict[str, int]) -> None:
    """Counts as bars of the same scale."""
    from rich.bar import Bar
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not counts:
        return
    table = Table(title, "", "", box=None, pad_edge=False, header_style="bold")
    most = max(counts.values())
    for name, count in counts.items():
        table.add_row(Text(name), Text(str(count), justify="right"), Bar(most, 0, count, width=30))
    click.echo()
    Console().print(table)


def _sparkline(values: Sequence[int]) -> str:
    most = max(values, default=0) or 1
    return "".join(BARS[round(value / most * (len(BARS) - 1))] for value in values)


reading_commands: list[click.Command] = [memory_list, memory_show, memory_search, memory_history, memory_timeline, memory_stats]
