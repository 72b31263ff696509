"""The report as one self-contained HTML page: charts as inline SVG, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from chatmem.evaluate.metrics import CUTS
from chatmem.evaluate.report import Table, gate_curve, shown
from chatmem.evaluate.runs import Row, Run, metric
from chatmem.evaluate.statistics import mean

COLOURS = ("#2b6cb0", "#c05621", "#2f855a", "#805ad5", "#b83280", "#4a5568", "#b7791f", "#0987a0")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 300, 44, 150, 16, 36
_STYLE = """
:root { color-scheme: light dark; --ink: #1a202c; --faint: #718096; --line: #e2e8f0; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #edf2f7; --faint: #a0aec0; --line: #2d3748; --paper: #171923; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem } h2 { font-size: 1.1rem; margin-top: 2.2rem } p { color: var(--faint); margin: .2rem 0 .6rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap } th:first-child, td:first-child { text-align: left }
th { color: var(--faint); font-weight: 600 } .charts { display: flex; flex-wrap: wrap; gap: 1.2rem } figure { margin: 0 }
figcaption { font-weight: 600; margin-bottom: .3rem } svg text { font: 11px system-ui, sans-serif; fill: var(--ink) } .grid { stroke: var(--line) }
"""

Line = tuple[str, list[tuple[float, float]]]


def to_page(runs: Sequence[Run], made: Sequence[Table], title: str = "chatmem evaluation") -> str:
    """The whole page."""
    charts = [chart for run in runs for chart in _charts(run)]
    body = f'<div class="charts">{"".join(charts)}</div>' + "".join(_table(table) for table in made)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(shown(cell))}</td>" for cell in row) + "</tr>" for row in table.rows)
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    return f'<h2>{escape(table.title)}</h2>{note}<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _charts(run: Run) -> list[str]:
    scored: dict[str, list[Row]] = {name: [row for row in rows if row.get("metrics")] for name, rows in run.rows.items()}
    scored = {name: rows for name, rows in scored.items() if rows}
    share = run.layout == "locomo"
    charts = []
    for level in ("session", "round"):
        key = "share" if share else "recall_all"
        cuts = [k for k in CUTS if k <= 30]
        lines: list[Line] = []
        for name, rows in scored.items():
            points = []
            for place, k in enumerate(cuts):
                values = [v for row in rows if (v := metric(level, f"{key}@{k}")(row)) is not None]
                if values:
                    points.append((float(place), sum(values) / len(values)))
            lines.append((name, points))
        if any(points for _, points in lines):
            charts.append(line_chart(f"{run.name}: {level} {key}@k", lines, [f"{k}" for k in cuts], "k"))
    types = sorted({row["type"] for rows in scored.values() for row in rows})
    if types:
        name = "share@10" if share else "recall_all@5"
        groups = {
            kind: [
                (system, mean([v for row in rows if row["type"] == kind and (v := metric("session", name)(row)) is not None]) or 0.0)
                for system, rows in scored.items()
            ]
            for kind in types
        }
        charts.append(bar_chart(f"{run.name}: session {name} by type", groups))
    curve = gate_curve(run)
    if len(curve.rows) > 1:
        points = [(float(row[1] or 0), float(row[2] or 0)) for row in curve.rows]
        top = max(x for x, _ in points) or 1.0
        scaled = [(x / top * 4, y) for x, y in points]
        charts.append(
            line_chart(
                f"{run.name}: refused rightly against wrongly", [("chatmem", scaled)], [f"{top * i / 4:.2f}" for i in range(5)], "false nothing"
            )
        )
    return charts


def _frame(caption: str, inner: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    grid = []
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        grid.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{width - RIGHT}" y2="{y:.1f}"/>')
        grid.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>')
    return (
        f'<figure><figcaption>{escape(caption)}</figcaption><svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(caption, quote=True)}">{"".join(grid)}{inner}</svg></figure>'
    )


def _y(value: float) -> float:
    return TOP + (1 - value) * (HEIGHT - TOP - BOTTOM)


def _legend(names: Sequence[str], width: int = WIDTH) -> str:
    return "".join(
        f'<rect x="{width - RIGHT + 12}" y="{TOP + 18 * i}" width="10" height="10" fill="{COLOURS[i % len(COLOURS)]}"/>'
        f'<text x="{width - RIGHT + 27}" y="{TOP + 9 + 18 * i}">{escape(name)}</text>'
        for i, name in enumerate(names)
    )


def line_chart(caption: str, lines: Sequence[Line], labels: Sequence[str], axis: str) -> str:
    """Shares (0..1) over evenly spaced labels."""
    step = (WIDTH - LEFT - RIGHT) / max(1, len(labels) - 1)
    inner = []
    for i, (_, points) in enumerate(lines):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{LEFT + x * step:.1f},{_y(y):.1f}" for x, y in points)
        inner.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        inner += [f'<circle cx="{LEFT + x * step:.1f}" cy="{_y(y):.1f}" r="3" fill="{colour}"><title>{y:.3f}</title></circle>' for x, y in points]
    for i, label in enumerate(labels):
        inner.append(f'<text x="{LEFT + i * step:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(label)}</text>')
    inner.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 4}" text-anchor="middle">{escape(axis)}</text>')
    return _frame(caption, "".join(inner) + _legend([name for name, _ in lines]))


def bar_chart(caption: str, groups: dict[str, list[tuple[str, float]]]) -> str:
    """Shares (0..1) as bars, grouped."""
    names = [name for name, _ in next(iter(groups.values()))]
    bar = 9
    width = max(WIDTH, LEFT + RIGHT + len(groups) * max(112, bar * len(names) + 24))
    slot = (width - LEFT - RIGHT) / len(groups)
    inner = []
    for g, (group, values) in enumerate(groups.items()):
        start = LEFT + g * slot + (slot - bar * len(names)) / 2
        for i, (name, value) in enumerate(values):
            inner.append(
                f'<rect x="{start + bar * i:.1f}" y="{_y(value):.1f}" width="{bar - 1}" height="{_y(0) - _y(value):.1f}" '
                f'fill="{COLOURS[i % len(COLOURS)]}"><title>{escape(group)}, {escape(name)}: {value:.3f}</title></rect>'
            )
        inner.append(
            f'<text x="{LEFT + (g + 0.5) * slot:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(group.replace("single-session", "single"))}</text>'
        )
    return _frame(caption, "".join(inner) + _legend(names, width), width)
