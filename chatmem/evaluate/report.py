"""The report of one or more runs as tables: for the terminal, as Markdown, as a page, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chatmem.evaluate.retrieval import LEVELS
from chatmem.evaluate.runs import Row, Run, metric, paired_values, same_questions
from chatmem.evaluate.statistics import compare, mean, percentile

Cell = str | float | int | None
HEADLINES = {
    "longmemeval": [("session", "recall_all@5"), ("session", "recall_all@10"), ("round", "recall_all@10")],
    "locomo": [("session", "share@5"), ("session", "share@10"), ("round", "share@10"), ("session", "recall_all@5")],
}
# Official BM25 on the whole of LongMemEval_S as published: recall_all@5, ndcg_any@5, recall_all@10, ndcg_any@10.
PUBLISHED_BM25 = {"n=470": (0.7638, 0.6839, 0.8426, 0.7062), "n=419": (0.7351, 0.7671, 0.8234, 0.7922)}
OFFICIAL = ("recall_all@5", "ndcg_any@5", "recall_all@10", "ndcg_any@10")


@dataclass
class Table:
    """A titled table; cells are text or numbers. ``note`` says what the numbers are."""

    title: str
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    note: str = ""

    def data(self) -> dict[str, Any]:
        """For JSON: rows as objects."""
        return {"title": self.title, "note": self.note, "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows]}


def shown(cell: Cell) -> str:
    """A cell as text: shares without the leading zero, as the literature prints them."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        text = f"{cell:.3f}" if abs(cell) <= 1 else f"{cell:,.1f}"
        return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
    return f"{cell:,}" if isinstance(cell, int) else cell


def tables(runs: Sequence[Run]) -> list[Table]:
    """Every table that these runs have numbers for."""
    made = [run_table(runs)]
    for run in runs:
        made += retrieval_tables(run)
        made += [context_table(run), gate_table(run), gate_curve(run), answer_table(run), answer_types(run), cost_table(run)]
    made.append(comparison(runs))
    return [table for table in made if table.rows]


def run_table(runs: Sequence[Run]) -> Table:
    """What was run on what."""
    table = Table("Runs", ["run", "data", "sha256", "questions", "embedder", "reader", "code", "complete"])
    for run in runs:
        pins = run.record.pins
        questions = max((len(rows) for rows in run.rows.values()), default=0)
        code = pins["code"]["commit"][:9] + ("+" if pins["code"]["commit"].endswith("+") else "")
        reader = pins["reader"] if pins["reader"] == "none" else f"{pins['models'].get('reader', '')} ({pins['reader']})"
        table.rows.append(
            [
                run.name,
                run.record.data_name,
                pins["data_sha256"][:12],
                questions,
                pins["embedder"].partition(":")[0],
                reader,
                code,
                "yes" if run.complete else "no",
            ]
        )
    return table


def _over(rows: Iterable[Row], value: Callable[[Row], float | None]) -> float | None:
    return mean([found for row in rows if (found := value(row)) is not None])


def retrieval_tables(run: Run) -> list[Table]:
    """Ranking by system, by type, and in the official manner."""
    scored = {name: [row for row in rows if row.get("metrics")] for name, rows in run.rows.items()}
    scored = {name: rows for name, rows in scored.items() if rows}
    if not scored:
        return []
    made = []
    share = run.layout == "locomo"
    names = (
        ["share@1", "share@5", "share@10", "recall_all@5", "recall_all@10", "recall_any@5", "mrr"]
        if share
        else ["recall_all@5", "recall_all@10", "recall_any@1", "recall_any@5", "share@10", "mrr", "ndcg_any@10"]
    )
    for level in ("session", "round"):
        note = f"{LEVELS[level].capitalize()}. " + (
            "share: mean part of the evidence found." if share else "Abstention questions are skipped; recall_all is the strict figure."
        )
        table = Table(f"{run.name}: {level} retrieval", ["system", "n", *names], note=note)
        for name, rows in scored.items():
            with_level = [row for row in rows if level in row["metrics"]]
            table.rows.append([name, len(with_level), *(_over(with_level, metric(level, key)) for key in names)])
        made.append(table)
    types = sorted({row["type"] for rows in scored.values() for row in rows})
    for level, key in HEADLINES[run.layout]:
        table = Table(f"{run.name}: {level} {key} by type", ["system", *types, "all"])
        for name, rows in scored.items():
            by_type = [_over([row for row in rows if row["type"] == kind], metric(level, key)) for kind in types]
            table.rows.append([name, *by_type, _over(rows, metric(level, key))])
        counts = {kind: sum(row["type"] == kind for row in next(iter(scored.values()))) for kind in types}
        table.note = "n: " + ", ".join(f"{kind} {count}" for kind, count in counts.items())
        made.append(table)
    if not share:
        made.append(_official(run, scored))
    return made


def _official(run: Run, scored: dict[str, list[Row]]) -> Table:
    table = Table(
        f"{run.name}: official metrics, user turns as evidence",
        ["system", "level", "average", "n", *OFFICIAL],
        note="Both official averages: over every answerable question (470 in the whole set; one without a user target scores recall_all 1, "
        "ndcg 0) and over those with a user target (419).",
    )
    for name, rows in scored.items():
        for level in ("user session", "user turn", "user turn to session"):
            for average, chosen in (("all answerable", rows), ("with user target", [row for row in rows if row["user_target"]])):
                table.rows.append([name, level, average, len(chosen), *(_over(chosen, metric(level, key)) for key in OFFICIAL)])
    if "official-bm25" in scored:
        for average, values in PUBLISHED_BM25.items():
            table.rows.append(["published BM25, all of S", "user session", average, int(average[2:]), *values])
    return table


def context_table(run: Run) -> Table:
    """Does the prompt contain the evidence, within so many tokens?"""
    table = Table(
        f"{run.name}: evidence in context",
        ["system", "budget", "n", "rounds shown", "words there", "all words there", "prompt tokens", "history tokens"],
        note="Shares of evidence rounds shown, and of evidence turns whose words stand in the prompt; tokens are estimated (four characters).",
    )
    for name, rows in run.rows.items():
        with_context = [row for row in rows if row.get("context")]
        for budget in with_context[0]["context"] if with_context else ():
            cells = [row["context"][budget] for row in with_context if budget in row["context"]]
            tokens = mean([cell["tokens"] for cell in cells])
            table.rows.append(
                [
                    name,
                    budget,
                    len(cells),
                    mean([cell["shown"] for cell in cells]),
                    mean([cell["words"] for cell in cells]),
                    mean([float(cell["words"] == 1) for cell in cells]),
                    round(tokens or 0),
                    round(mean([row["history_tokens"] for row in with_context]) or 0),
                ]
            )
    return table


def gate_table(run: Run) -> Table:
    """How often recall says that nothing is remembered, where it should and where it should not."""
    table = Table(
        f"{run.name}: the gate",
        ["system", "answerable", "false nothing", "abstention", "right nothing"],
        note='"Nothing remembered" on answerable questions is wrong; on questions about things never mentioned it is right.',
    )
    for name, rows in run.rows.items():
        if run.record.systems[name]["kind"] != "chatmem":
            continue
        answerable = [row for row in rows if not row["abstention"]]
        without = [row for row in rows if row["abstention"]]
        table.rows.append(
            [
                name,
                len(answerable),
                mean([float(row["state"] == "none") for row in answerable]),
                len(without),
                mean([float(row["state"] == "none") for row in without]),
            ]
        )
    return table


def gate_curve(run: Run) -> Table:
    """What a threshold on the best score would do: the share refused rightly at a given share refused wrongly."""
    table = Table(f"{run.name}: gate by best score", ["threshold", "false nothing", "right nothing"], note="Of the chatmem system.")
    rows = run.rows.get("chatmem", [])
    answerable = sorted(row["top_score"] for row in rows if not row["abstention"])
    without = [row["top_score"] for row in rows if row["abstention"]]
    if not answerable or not without:
        return table
    for share in (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2):
        threshold = answerable[min(len(answerable) - 1, int(share * len(answerable)))]
        false = mean([float(score < threshold) for score in answerable])
        table.rows.append([round(threshold, 4), false, mean([float(score < threshold) for score in without])])
    return table


def answer_table(run: Run) -> Table:
    """Answers by rule and by judges; abstention apart."""
    judges = sorted(run.judged)
    table = Table(
        f"{run.name}: answers",
        [
            "system",
            "answered",
            "rule accuracy",
            "false refusals",
            "abstention n",
            "abstention by rule",
            *(f"judge {name}" for name in judges),
            *(f"unreadable {name}" for name in judges),
        ],
        note="Rule accuracy is not LongMemEval accuracy. It leaves abstention out, which is scored in its own right.",
    )
    for name, rows in run.rows.items():
        answered = [row for row in rows if row.get("rule") and row.get("answer_fits", True)]
        if not answered:
            continue
        plain = [row for row in answered if not row["abstention"]]
        without = [row for row in answered if row["abstention"]]
        verdicts = [[run.judged[judge].get((row["id"], name), "none") for row in answered] for judge in judges]
        table.rows.append(
            [
                name,
                len(answered),
                mean([float(row["rule"]["correct"]) for row in plain if row["rule"]["correct"] is not None]),
                mean([float(row["rule"]["refused"]) for row in plain]),
                len(without),
                mean([float(row["rule"]["correct"]) for row in without]),
                *(mean([float(v is True) for v in given if v != "none"]) for given in verdicts),
                *(mean([float(v is None) for v in given if v != "none"]) for given in verdicts),
            ]
        )
    return table


def answer_types(run: Run) -> Table:
    """Rule accuracy (or a judge's, when there is one) by type, with the mean of the types."""
    judge = min(run.judged) if run.judged else None
    types = sorted({row["type"] for rows in run.rows.values() for row in rows if row.get("rule")})
    table = Table(f"{run.name}: {'judged by ' + judge if judge else 'rule accuracy'} by type", ["system", *types, "mean of types"])
    for name, rows in run.rows.items():
        cells: list[Cell] = []
        for kind in types:
            chosen = [row for row in rows if row.get("rule") and row["type"] == kind and row.get("answer_fits", True)]
            if judge:
                values = [float(run.judged[judge][row["id"], name] is True) for row in chosen if (row["id"], name) in run.judged[judge]]
            else:
                values = [float(row["rule"]["correct"]) for row in chosen if row["rule"]["correct"] is not None]
            cells.append(mean(values))
        numbers = [cell for cell in cells if isinstance(cell, float)]
        if numbers:
            table.rows.append([name, *cells, mean(numbers)])
    return table


def cost_table(run: Run) -> Table:
    """Time of one recall, without embedding the question."""
    table = Table(f"{run.name}: cost of one recall", ["system", "n", "p50 ms", "p95 ms", "seconds a reply"])
    for name, rows in run.rows.items():
        if run.record.systems[name]["kind"] in ("none", "full", "summary", "official-bm25"):
            continue
        times = [float(row["milliseconds"]) for row in rows]
        replies = [row["answer_cost"]["seconds"] for row in rows if row.get("answer_cost", {}).get("seconds")]
        table.rows.append([name, len(times), percentile(times, 50), percentile(times, 95), mean(replies)])
    return table


def comparison(runs: Sequence[Run]) -> Table:
    """Differences with paired 95% bootstrap intervals: chatmem against every other system, and against other runs' chatmem."""
    table = Table(
        "Paired comparison",
        ["metric", "first", "second", "n", "first is", "second is", "difference", "95% interval", "wins/losses", "p"],
        note="The same questions only. The interval is a paired bootstrap of the difference; p is of an exact sign test on the questions that differ.",
    )
    several = len(runs) > 1
    for position, run in enumerate(runs):
        own = "chatmem" if "chatmem" in run.rows else next(iter(run.rows), "")
        mine = run.rows.get(own, [])
        label = f"{run.name}/{own}" if several else own
        others = [(f"{run.name}/{name}" if several else name, rows) for name, rows in run.rows.items() if rows is not mine]
        others += [(f"{other.name}/{own}", other.rows[own]) for other in runs[:position] if own in other.rows and not same_questions(run, other)]
        for level, key in HEADLINES[run.layout]:
            for name, rows in others:
                first, second = paired_values(mine, rows, metric(level, key))
                if first:
                    c = compare(first, second)
                    interval = f"{shown(c.low)} to {shown(c.high)}"
                    table.rows.append(
                        [f"{level} {key}", label, name, c.n, c.first, c.second, c.difference, interval, f"{c.wins}/{c.losses}", f"{c.p:.2g}"]
                    )
    return table


def to_markdown(made: Sequence[Table], title: str = "chatmem evaluation") -> str:
    """The tables as Markdown."""
    parts = [f"# {title}"]
    for table in made:
        head = f"| {' | '.join(table.columns)} |\n|{'|'.join('---' if i == 0 else '---:' for i in range(len(table.columns)))}|"
        body = "\n".join("| " + " | ".join(shown(cell).replace("|", "\\|") for cell in row) + " |" for row in table.rows)
        parts.append(f"## {table.title}\n\n" + (f"{table.note}\n\n" if table.note else "") + f"{head}\n{body}")
    return "\n\n".join(parts) + "\n"
