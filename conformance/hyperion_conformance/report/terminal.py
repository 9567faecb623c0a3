"""The verdicts on a terminal: causes with one full example each, then the table, then where the files are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.report.summary import (
    SYMBOL,
    Cell,
    by_group,
    by_rule,
    counted,
    ending,
    known_faults,
    matrix,
    replay_line,
    weak_passes,
)
from hyperion_conformance.runner.cause import Cause, causes
from hyperion_conformance.runner.judge import brief
from hyperion_conformance.runner.results import CaseResult, Divergence, Run, exit_code

STYLE = {"pass": "blue", "known": "yellow", "wrong": "bold red", "broke": "magenta", "none": "dim"}


def show_runs(console: Console, runs: Sequence[Run], rules: bool = False, most: int = 12) -> None:
    """All runs: their causes, then the matrix by group (and by rule if asked)."""
    for run in runs:
        show_causes(console, run, most)
    show_known(console, runs)
    console.print(table(runs, "group", matrix(runs, by_group)))
    console.print(LEGEND, style="dim")
    if rules:
        console.print(table(runs, "rule", matrix(runs, by_rule)))
    show_endings(console, runs)


LEGEND = (
    f"{SYMBOL['pass']} all passed   {SYMBOL['known']} known faults only   {SYMBOL['wrong']} wrong   "
    f"{SYMBOL['broke']} no answer   ·n declined   – not claimed"
)


def show_known(console: Console, runs: Sequence[Run]) -> None:
    """The known faults of each implementation, with how many cases show them."""
    if not any(known_faults(run) for run in runs):
        return
    console.print("\n[bold]known faults[/]")
    lines = Table.grid(padding=(0, 1, 0, 0))
    for run in runs:
        for why, results in known_faults(run).items():
            count = counted(len(results), "case")
            # A fault of the client begins with its name; one of the adapter before it is told as the client's column.
            name = "" if why.startswith(run.name) else f"{run.name}: "
            lines.add_row(Text(SYMBOL["known"], "yellow"), Text(f"{name}{why}; {count}"))
    console.print(lines, soft_wrap=False)


def show_endings(console: Console, runs: Sequence[Run]) -> None:
    """A line for each implementation: who it is, and how its run ended."""
    width = max(len(run.name) for run in runs)
    standing = {0: "pass", 1: "wrong", 3: "broke"}
    console.print()
    for run in runs:
        sign = standing.get(exit_code(run), "none")
        about = " ".join(str(run.implementation[key]) for key in ("version", "language") if key in run.implementation)
        name = f"{run.name:<{width}}"
        console.print(
            Text.assemble((f"{SYMBOL[sign]} ", STYLE[sign]), (name, "bold"), f"  {ending(run)}", (f"  {about}", "dim"))
        )
        if weak_passes(run):
            console.print(Text(f"  {'':<{width}}  {weak_passes(run)}", "dim"))


def table(runs: Sequence[Run], title: str, rows: Mapping[str, Sequence[Cell]]) -> RenderableType:
    """Rows by name, one column per implementation."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_footer=True)
    grid.add_column(title, footer="in all", overflow="fold")
    for run in runs:
        good = run.counts.get("pass", 0)
        asked = sum(n for verdict, n in run.counts.items() if verdict not in ("skip", "not-claimed"))
        grid.add_column(escape(run.name), footer=f"{good}/{asked}", overflow="fold")
    for row, cells in rows.items():
        grid.add_row(row, *(Text(item.short, STYLE[item.standing]) for item in cells))
    return grid


def show_causes(console: Console, run: Run, most: int) -> None:
    """Each cause with its smallest example in full; the failures of the baseline are only counted."""
    if run.broken:
        console.print(f"[bold magenta]![/] {escape(run.name)}: {escape(run.broken)}")
        if run.log:
            console.print(Text("  " + run.log.strip().replace("\n", "\n  "), "dim"))
    for problem in run.problems:
        console.print(f"[bold red]✗[/] {escape(run.name)}: {escape(problem)}")
    stale = [result for result in run.results if result.baseline not in ("", "listed")]
    for result in stale:
        console.print(f"[bold red]✗[/] {escape(run.name)}: {escape(result.id)}: baseline: {escape(result.baseline)}")
    groups = causes(result for result in run.results if not result.baseline)
    if groups:
        failing = sum(len(cause.results) for cause in groups)
        many = f"{counted(failing, 'failing case')}, {counted(len(groups), 'cause')}"
        console.print(f"\n[bold]{escape(run.name)}[/]: {many}")
    for number, cause in enumerate(groups[:most], 1):
        console.print(f"\n[bold]cause {number}[/] ({counted(len(cause.results), 'case')}): {escape(cause.title)}")
        console.print(Group(*failure_lines(run, _smallest(cause))))
        others = [result.id for result in cause.results if result is not _smallest(cause)][:3]
        if others:
            rest = len(cause.results) - 1 - len(others)
            console.print(Text("  also " + ", ".join(others) + (f" and {rest} more" if rest > 0 else ""), "dim"))
    if len(groups) > most:
        console.print(f"\n{len(groups) - most} further causes are in the report")


def _smallest(cause: Cause) -> CaseResult:
    """The shortest input among those with a divergence, if any has one."""
    return min(cause.results, key=lambda r: (r.divergence is None, len(str(r.input)), r.id))


def failure_lines(run: Run, result: CaseResult) -> Iterator[Text]:
    """One failure in full; no line is broken by width, so that all can be copied."""

    def line(text: str, style: str = "") -> Text:
        return Text("  " + text, style, no_wrap=True, overflow="ignore")

    yield line(f"{result.verdict.upper()} {result.id}@{result.revision} ({result.fingerprint[:12]})", "bold red")
    yield line(f"{result.level} {', '.join(result.rules)}  tier {result.tier}  {result.fork}")
    yield line(result.why, "italic")
    yield line(result.detail)
    if result.divergence:
        for text in divergence_lines(result.divergence):
            yield line(text)
    for place in result.places:
        yield line(f"rule: {place}")
    for text in result.log.strip().splitlines()[-5:]:
        yield line(f"log: {text}", "dim")
    yield line(replay_line(run, result), "bold")


def divergence_lines(found: Divergence) -> Iterator[str]:
    """The first divergence in words, with only those fields of the two states that differ."""
    where = f"at step {found.step}" if found.exact else f"after step {found.after}, at the latest at step {found.step}"
    opcode = f", after {found.opcode}" if found.opcode else ""
    yield f"first divergence {where} of {found.steps_expected}{opcode}  ({found.questions} trace questions)"
    if found.note:
        yield f"  {found.note}"
    for name, state in (
        (f"step {found.after}, both agree", found.previous),
        (f"step {found.step}, specification", found.expected),
        (f"step {found.step}, implementation", found.got),
    ):
        if state is not None and (found.differing or state is found.previous):
            yield f"  {name:<28} {state_line(state)}"
    for key in found.differing:
        left, right = (found.expected or {}).get(key), (found.got or {}).get(key)
        for name, one, other in _inside(key, left, right):
            yield f"  {name:<14} specification   {brief(one, 80)}"
            yield f"  {'':<14} implementation  {brief(other, 80)}"


def state_line(state: Mapping[str, Json]) -> str:
    """A state before an opcode on one line, its stack as a height: the words that differ follow below it."""
    stack = state.get("stack")
    height = f"stack of {len(stack)}" if isinstance(stack, Sequence) and not isinstance(stack, str) else ""
    named = (f"{key} {state[key]}" for key in ("pc", "op", "gas", "depth", "memory_size") if key in state)
    return "  ".join((*named, height))


def _inside(key: str, left: Json, right: Json) -> Iterator[tuple[str, Json, Json]]:
    if key != "stack" or not isinstance(left, Sequence) or not isinstance(right, Sequence):
        yield key, left, right
        return
    if len(left) != len(right):
        yield "stack height", str(len(left)), str(len(right))
    for i, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            yield f"stack[{i}]", one, other
