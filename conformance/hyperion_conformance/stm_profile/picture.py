"""A run as a drawing (SVG): a row for each worker, time from left to right, light or dark as the reader's page is."""

from collections.abc import Iterator, Mapping
from html import escape
from itertools import pairwise
from typing import Final

import attrs

from hyperion.parallel.version import Version
from hyperion_conformance.stm_profile.bound import Bound
from hyperion_conformance.stm_profile.simulation import SimulatedRun
from hyperion_conformance.stm_profile.spans import Doing, Fate, Span, aborted_versions, fate_of, spans_of

WIDTH: Final = 1200
LEFT: Final = 104
RIGHT: Final = 24
TOP: Final = 120
ROW: Final = 44
BAR: Final = 30
LETTER: Final = 7.8
"""Width of a digit in a bar."""
LEAST: Final = 1.6
"""What is shorter than this is drawn this wide."""

LIGHT: Final = {
    "ink": "#17212b", "soft": "#5c6873", "track": "#eef2f5", "line": "#d5dce2", "paper": "#ffffff", "kept": "#1f8a7d",
    "aborted": "#d3543f", "blocked": "#bf8312", "valid": "#3f77c9", "failed": "#8e44ad", "sched": "#8b96a1",
}  # fmt: skip
DARK: Final = {
    "ink": "#e6ebf0", "soft": "#9aa7b4", "track": "#20282f", "line": "#38444f", "paper": "#131416", "kept": "#2a9d8f",
    "aborted": "#e0634e", "blocked": "#c98f22", "valid": "#5b93e6", "failed": "#b07cd0", "sched": "#76828e",
}  # fmt: skip
FILLS: Final = ("paper", "track", "kept", "aborted", "blocked", "valid", "failed", "sched")
FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


def variables(colours: Mapping[str, str]) -> str:
    """Colours as variables of a style."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


STYLE: Final = "\n".join(
    [
        f".stm-run {{ {variables(LIGHT)} font-family: {FONT}; width: 100%; height: auto; }}",
        f"@media (prefers-color-scheme: dark) {{ .stm-run {{ {variables(DARK)} }} }}",
        f'body[data-theme="light"] .stm-run {{ {variables(LIGHT)} }}',
        f'body[data-theme="dark"] .stm-run {{ {variables(DARK)} }}',
        *(f".stm-run .{name} {{ fill: var(--{name}); }}" for name in FILLS),
        ".stm-run text { fill: var(--ink); font-size: 14px; }",
        ".stm-run .soft { fill: var(--soft); font-size: 13px; }",
        ".stm-run .title { font-size: 18px; font-weight: 600; }",
        ".stm-run .in-bar { fill: #ffffff; font-size: 13px; font-weight: 600; }",
        ".stm-run .in-bar { paint-order: stroke; stroke-width: 4px; }",
        *(f".stm-run .on-{fate.value} {{ stroke: var(--{fate.value}); }}" for fate in Fate),
        ".stm-run .grid { stroke: var(--line); }",
        ".stm-run .ideal { stroke: var(--ink); stroke-width: 1.4; stroke-dasharray: 5 4; }",
        ".stm-run .again { fill: none; stroke-width: 1.5; opacity: 0.7; }",
        ".stm-run .after-abort { stroke: var(--aborted); }",
        ".stm-run .after-wait { stroke: var(--blocked); }",
    ]
)
"""Colours are variables: the theme of the page decides where there is one, else the reader's system."""


@attrs.frozen
class Drawing:
    """A run, laid out."""

    run: SimulatedRun
    bound: Bound
    workers: int
    title: str
    spans: tuple[Span, ...]
    aborted: frozenset[Version]

    @property
    def height(self) -> int:
        """Pixels."""
        return self.floor + 46

    @property
    def floor(self) -> int:
        """Where the rows end."""
        return TOP + ROW * self.workers

    def x(self, time: float) -> float:
        """Where a time is (ns)."""
        return LEFT + (WIDTH - LEFT - RIGHT) * time / max(self.run.makespan, 1)

    def y(self, worker: int) -> float:
        """The upper edge of the bars of a worker."""
        return TOP + ROW * worker + (ROW - BAR) / 2

    def executions(self) -> tuple[Span, ...]:
        """The spans of executions."""
        return tuple(span for span in self.spans if span.doing is Doing.EXECUTING)


def picture_of(run: SimulatedRun, bound: Bound, title: str) -> str:
    """The drawing of a run, as an SVG document."""
    workers = len(run.configuration.workers)
    drawing = Drawing(run, bound, workers, title, spans_of(run), aborted_versions(run))
    parts = [
        *header(drawing), *legend(), *rows(drawing), *grid(drawing), *bars(drawing), *repetitions(drawing),
        *ideal(drawing), *labels(drawing),
    ]  # fmt: skip
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="stm-run" viewBox="0 0 {WIDTH} {drawing.height}" '
            f'role="img" aria-label="{escape(title)}">',
            f"<style>{STYLE}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{drawing.height}" rx="6"/>',
            *parts,
            "</svg>",
        ]
    )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    """Words at a place."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def microseconds(time: float) -> str:
    """A time in short."""
    return f"{time / 1000:,.0f} µs"


def header(drawing: Drawing) -> Iterator[str]:
    """The title, and how long the run took against what."""
    run, bound = drawing.run, drawing.bound
    ideal = bound.of(drawing.workers)
    yield text(24, 32, drawing.title, "title")
    yield text(
        24, 54,
        f"{drawing.workers} workers: {microseconds(run.makespan)}; one worker without overhead: "
        f"{microseconds(bound.work)}; no schedule is faster than {microseconds(ideal)}",
        "soft",
    )  # fmt: skip


def tick_of(makespan: int) -> int:
    """The distance of the marks on the axis: 1, 2 or 5 times a power of ten, for about ten marks."""
    wanted, unit = makespan / 10, 1
    while unit * 10 <= wanted:
        unit *= 10
    return next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= wanted)


def grid(drawing: Drawing) -> Iterator[str]:
    """The axis of time."""
    tick = tick_of(drawing.run.makespan)
    for time in range(0, drawing.run.makespan + 1, tick):
        x = drawing.x(time)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{drawing.floor + 6}"/>'
        yield text(x, drawing.floor + 22, f"{time / 1000:,g}", "soft", "middle")
    yield text(WIDTH - RIGHT, drawing.floor + 40, "µs", "soft", "end")


def ideal(drawing: Drawing) -> Iterator[str]:
    """The bound, across all rows."""
    x = drawing.x(drawing.bound.of(drawing.workers))
    yield f'<line class="ideal" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{drawing.floor + 6}"/>'
    yield text(x, TOP - 13, "bound", "soft", "middle")


def rows(drawing: Drawing) -> Iterator[str]:
    """A row for each worker: where nothing is drawn in it, the worker finds nothing to do."""
    for worker in range(drawing.workers):
        y = drawing.y(worker)
        yield text(LEFT - 12, y + BAR / 2 + 4.5, f"worker {worker}", "", "end")
        yield f'<rect class="track" x="{LEFT}" y="{y:.1f}" width="{WIDTH - LEFT - RIGHT}" height="{BAR}" rx="3"/>'


def bars(drawing: Drawing) -> Iterator[str]:
    """What workers did: executions are as high as the row, the rest lower."""
    for span in sorted(drawing.spans, key=lambda span: span.doing is Doing.EXECUTING):
        left, right = drawing.x(span.begins), drawing.x(span.ends)
        kind, share = look(drawing, span)
        height = BAR * share
        y = drawing.y(span.worker) + (BAR - height) / 2
        width = max(right - left, LEAST)
        yield (
            f'<rect class="{kind}" x="{left:.2f}" y="{y:.1f}" width="{width:.2f}" height="{height:.1f}" '
            f'rx="{min(3.0, width / 3):.1f}"><title>{escape(told(drawing, span))}</title></rect>'
        )


def look(drawing: Drawing, span: Span) -> tuple[str, float]:
    """Colour and height of a span."""
    if span.doing is Doing.EXECUTING:
        return fate_of(span, drawing.aborted).value, 1.0
    if span.doing is Doing.SCHEDULING:
        return "sched", 0.34
    return ("valid" if span.doing is Doing.VALIDATING else "failed"), 0.72


def told(drawing: Drawing, span: Span) -> str:
    """A span in words, for who points at it."""
    what = "" if span.version is None else f" {span.version.transaction}.{span.version.incarnation}"
    fate = f", {fate_of(span, drawing.aborted).value}" if span.doing is Doing.EXECUTING else ""
    return f"{span.doing.value}{what}{fate}: {span.begins / 1000:,.2f} to {span.ends / 1000:,.2f} µs"


def labels(drawing: Drawing) -> Iterator[str]:
    """The names of executions, above all else: each clears its surroundings of lines."""
    for span in drawing.executions():
        left, right = drawing.x(span.begins), drawing.x(span.ends)
        words = name_of(span, right - left)
        if words is not None:
            kind = f"in-bar on-{fate_of(span, drawing.aborted).value}"
            yield text((left + right) / 2, drawing.y(span.worker) + BAR / 2 + 4.3, words, kind, "middle")


def name_of(span: Span, width: float) -> str | None:
    """Transaction and incarnation if there is room for both, or the transaction if there is room for that."""
    if span.version is None:
        return None
    alone = f"{span.version.transaction}"
    whole = f"{alone}.{span.version.incarnation}" if span.version.incarnation else alone
    return next((words for words in (whole, alone) if width >= LETTER * len(words) + 5), None)


def repetitions(drawing: Drawing) -> Iterator[str]:
    """From the end of each execution that was in vain to the beginning of the next of the same transaction."""
    runs: dict[int, list[Span]] = {}
    for span in drawing.executions():
        if span.version is not None:
            runs.setdefault(span.version.transaction, []).append(span)
    for spans in runs.values():
        for before, after in pairwise(spans):
            kind = "after-wait" if fate_of(before, drawing.aborted) is Fate.BLOCKED else "after-abort"
            yield thread(drawing, before, after, kind)


def thread(drawing: Drawing, before: Span, after: Span, kind: str) -> str:
    """A curve between two spans, along the gap below the row that it starts from."""
    x1, y1 = drawing.x(before.ends), drawing.y(before.worker) + BAR
    x2, y2 = drawing.x(after.begins), drawing.y(after.worker) + (BAR if after.worker == before.worker else 0)
    if after.worker < before.worker:
        y1, y2 = drawing.y(before.worker), drawing.y(after.worker) + BAR
    bend = 7 if after.worker == before.worker else (y2 - y1) / 2
    low1, low2 = (y1 + bend, y2 + bend) if after.worker == before.worker else (y1 + bend, y2 - bend)
    path = f"M{x1:.1f} {y1:.1f} C{x1:.1f} {low1:.1f} {x2:.1f} {low2:.1f} {x2:.1f} {y2:.1f}"
    return f'<path class="again {kind}" d="{path}"/>'


LEGEND: Final = (
    ("kept", "execution that counts", 188),
    ("aborted", "aborted afterwards", 172),
    ("blocked", "stopped at an ESTIMATE", 204),
    ("valid", "validation", 114),
    ("failed", "aborting", 104),
    ("sched", "looking for work", 154),
    ("track", "nothing to do", 0),
)
"""Kind, words, and the distance to the next."""


def legend() -> Iterator[str]:
    """What the colours and the names mean."""
    x = 24
    for kind, words, width in LEGEND:
        yield f'<rect class="{kind}" x="{x}" y="73" width="14" height="14" rx="3"/>'
        yield text(x + 20, 85, words, "soft")
        x += width
    yield text(WIDTH - RIGHT, 32, "7.1: transaction 7, incarnation 1", "soft", "end")
