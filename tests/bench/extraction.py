"""How well facts and dated events are found: precision, recall and exact dates on labelled messages, and on real talk.

python -m tests.bench.extraction                     the tuning set and the frozen held-out set
python -m tests.bench.extraction --errors            with each error of the tuning set (never of the held-out set)
python -m tests.bench.extraction --locomo FILE       coverage of LoCoMo's observations; --sample FILE writes 200 drawn facts

A label is a list of words that must all begin a word of one extracted sentence ("a|b" means either). A sentence is right
when it holds the words of one label, or of one listed under "also" (true but not asked for), and its grammar is sound.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dateutil.parser import parse as parse_date

from chatmem.evaluate.scoring import begins
from chatmem.memory.extract import extract
from chatmem.types import Candidate
from chatmem.words import content_stems

HERE = Path(__file__).parent.parent / "data" / "extraction"
COVERED = 0.6
_BROKEN = re.compile(
    r"\b(?:I|my|me|I'm|myself)\b(?![.\d])|\bThe user (?:am|are|have|do|were|don't|haven't)\b|\buser (?:haves|ares|ams|weres|doed|dos)\b|  | ,|\bthe user the user\b"
)


@dataclass
class Score:
    """Counts over labelled messages. ``sentences``/``wrong``: extracted ones; ``labels``/``found``; the same for dated events."""

    sentences: int = 0
    wrong: int = 0
    labels: int = 0
    found: int = 0
    events: int = 0
    events_found: int = 0
    events_said: int = 0
    events_wrong: int = 0
    dates_right: int = 0
    messages: int = 0
    errors: list[str] = field(default_factory=list)


def score(rows: list[dict[str, Any]], read: Callable[[str, datetime], list[Candidate]] = extract) -> Score:
    """Extract from each row and compare with its labels; ``read`` gives the candidates of a message said at a time."""
    total = Score()
    for row in rows:
        said = datetime.combine(date.fromisoformat(row["said"]), datetime.min.time(), UTC).replace(hour=12)
        got = read(row["text"], said)
        total.messages += 1
        _sentences(row, got, total)
        for label in row["expect"]:
            best = [candidate for candidate in got if begins(candidate.text, label["must"])]
            total.labels += 1
            total.found += bool(best)
            if label["kind"] == "event":
                exact = any(c.event_start and (str(c.event_start), str(c.event_end)) == (label["start"], label["end"]) for c in best)
                total.events += 1
                total.events_found += bool(best)
                total.dates_right += exact
                if best and not exact:
                    total.errors.append(
                        f"{row['id']} DATE   {label['start']}..{label['end']} got {best[0].event_start}..{best[0].event_end}: {best[0].text}"
                    )
            if not best:
                total.errors.append(f"{row['id']} MISSED {label['must']}: {row['text'][:150]!r}")
    return total


def _sentences(row: dict[str, Any], got: list[Candidate], total: Score) -> None:
    labels = [(label["must"], label["kind"]) for label in row["expect"]] + [(must, "also") for must in row.get("also", [])]
    for candidate in got:
        kinds = {kind for must, kind in labels if begins(candidate.text, must)}
        wrong = not kinds or bool(_BROKEN.search(candidate.text))
        total.sentences += 1
        total.wrong += wrong
        if candidate.kind == "event":
            total.events_said += 1
            total.events_wrong += wrong
        if wrong:
            total.errors.append(f"{row['id']} WRONG  {candidate.text}  <- {candidate.span!r}")


def rows(name: str) -> list[dict[str, Any]]:
    """The labelled messages of tests/data/extraction/NAME.jsonl."""
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def share(part: int, whole: int) -> str:
    """A percentage with its counts."""
    return f"{100 * part / whole:5.1f}% ({part}/{whole})" if whole else "    -"


def show(name: str, result: Score) -> None:
    """Print one table."""
    print(f"{name}: {result.messages} messages, {result.labels} labels of which {result.events} dated events")
    print(f"  precision of sentences       {share(result.sentences - result.wrong, result.sentences)}")
    print(f"  recall of labels             {share(result.found, result.labels)}")
    print(f"  precision of dated events    {share(result.events_said - result.events_wrong, result.events_said)}")
    print(f"  recall of dated events       {share(result.events_found, result.events)}")
    print(f"  date exactly right, of found {share(result.dates_right, result.events_found)}")
    print(f"  date exactly right, of all   {share(result.dates_right, result.events)}")


def turns(path: Path) -> Iterator[tuple[str, str, datetime, list[dict[str, Any]], list[Any]]]:
    """Each speaker in turn as the user: (conversation, speaker, session time, their turns in it, observations of them)."""
    for sample in json.loads(path.read_text(encoding="utf-8")):
        talk = sample["conversation"]
        for who in ("speaker_a", "speaker_b"):
            for key in talk:
                if match := re.fullmatch(r"session_(\d+)", key):
                    when = parse_date(talk[f"{key}_date_time"].replace(" on ", " ")).replace(tzinfo=UTC)
                    seen = sample["observation"].get(f"session_{match[1]}_observation", {}).get(talk[who], [])
                    yield sample["sample_id"], talk[who], when, [t for t in talk[key] if t["speaker"] == talk[who]], seen


def locomo(path: Path, seed: int, sample: Path | None) -> None:
    """Print coverage of the observations, and write 200 drawn facts with their source."""
    observed = in_text = in_turn = in_session = touched = said = facts = 0
    drawn: list[tuple[str, str, Candidate]] = []
    for name, speaker, when, own, seen in turns(path):
        by_turn = {turn["dia_id"]: extract(turn["text"], when) for turn in own}
        text = {turn["dia_id"]: " ".join(turn["text"].split()) for turn in own}
        session = [one for found in by_turn.values() for one in found]
        said += len(own)
        facts += len(session)
        drawn += [(f"{name} {turn} {speaker} {when:%Y-%m-%d %a}", text[turn], one) for turn, found in by_turn.items() for one in found]
        for sentence, evidence in seen:
            stems = content_stems(sentence) - content_stems(speaker)
            here = [one for turn in (evidence if isinstance(evidence, list) else [evidence]) for one in by_turn.get(turn, [])]
            observed += 1
            in_text += _covered(stems, [one.text for one in here])
            in_turn += _covered(stems, [f"{one.text} {one.span}" for one in here])
            in_session += _covered(stems, [f"{one.text} {one.span}" for one in session])
            touched += bool(here)
    print(f"LoCoMo {path.name}: {said} turns, {facts} facts ({100 * facts / said:.1f} per 100 turns), {observed} observations")
    print(f"  covered: at least {COVERED:.0%} of the observation's content stems, without the speaker's name, stand in")
    print(f"    one fact of the observation's turn             {share(in_text, observed)}")
    print(f"    one fact or its span, of the same turn         {share(in_turn, observed)}")
    print(f"    one fact or its span, of the same session      {share(in_session, observed)}")
    print(f"  a fact was taken from the observation's turn     {share(touched, observed)}")
    if sample:
        random.Random(seed).shuffle(drawn)
        with sample.open("w", encoding="utf-8") as out:
            for n, (where, source, one) in enumerate(drawn[:200], 1):
                when_said = f" [{one.event_start}..{one.event_end}]" if one.event_start else ""
                out.write(f"{n}. {one.kind}: {one.text}{when_said}\n   from {where}: {source}\n")
        print(f"  200 facts drawn with seed {seed}: {sample}")


def _covered(stems: set[str], texts: list[str]) -> bool:
    return any(len(stems & content_stems(text)) >= COVERED * len(stems) for text in texts)


def main() -> None:
    """Parse the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="list each error of the tuning set")
    parser.add_argument("--locomo", type=Path, help="a LoCoMo file")
    parser.add_argument("--seed", type=int, default=0, help="of the drawn sample")
    parser.add_argument("--sample", type=Path, help="where to write 200 drawn facts with their sources")
    options = parser.parse_args()
    if options.locomo:
        locomo(options.locomo, options.seed, options.sample)
        return
    for name in ("tune", "heldout"):
        result = score(rows(name))
        show(name, result)
        if options.errors and name == "tune":
            print("\n".join(result.errors))


if __name__ == "__main__":
    main()
