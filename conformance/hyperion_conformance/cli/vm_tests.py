"""``hyperion vm tests``: the official cases against the model."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from hyperion_conformance.cli import HOLDS, INCONCLUSIVE, TARGET_WRONG, USAGE
from hyperion_conformance.fixtures.campaign import (
    Plan,
    Result,
    Selection,
    Tally,
    Which,
    plan,
    planned,
    run_all,
    tallies,
)
from hyperion_conformance.fixtures.faults import FAULTS
from hyperion_conformance.fixtures.junit import write_junit
from hyperion_conformance.fixtures.side_by_side import run_all_side_by_side
from hyperion_conformance.fixtures.source import Case, FixtureError
from hyperion_conformance.fixtures.staged import run_all_staged
from hyperion_conformance.fixtures.stitched import run_all_stitched
from hyperion_conformance.workers import ClusterError, Workers

MOST_FAILURES: Final = 20
"""Failures that are shown in full; all are in the JUnit file."""
SLOWEST: Final = 5
PLAIN_EVERY: Final = 10.0
"""Seconds between lines of progress where there is no terminal."""


def shard_of(text: str) -> tuple[int, int]:
    """Part and number of parts in ``i/n``. Refuses others with ``typer.BadParameter``."""
    part, _, parts = text.partition("/")
    if part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts):
        return int(part), int(parts)
    raise typer.BadParameter(f"{text!r} is not i/n with 1 ≤ i ≤ n", param_hint="--shard")


def watched(results: Iterator[Result], total: int, console: Console, collected: list[Result]) -> None:
    """Collect ``results`` while showing how far they are; an interrupt leaves what has been collected."""
    if not console.is_terminal:
        watch_plainly(results, total, console, collected)
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[failed]}"),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("official cases", total=total, failed="")
        failed = 0
        for result in results:
            collected.append(result)
            failed += not result.passed
            progress.update(task, advance=1, failed=f"[red]{failed} failed[/]" if failed else "")


def watch_plainly(results: Iterator[Result], total: int, console: Console, collected: list[Result]) -> None:
    """As ``watched``, a line now and then."""
    last = time.monotonic()
    for result in results:
        collected.append(result)
        if time.monotonic() - last >= PLAIN_EVERY:
            last = time.monotonic()
            failed = sum(not each.passed for each in collected)
            console.print(f"{len(collected):,} of {total:,} cases, {failed} failed", highlight=False)


def group_table(results: Sequence[Result]) -> Table:
    """Figures by fork, kind and folder, and their sum."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("fork", "kind", "folder"):
        table.add_column(name, no_wrap=True)
    for name in ("cases", "failed", "CPU s"):
        table.add_column(name, justify="right", no_wrap=True)
    found = tallies(results)
    for (fork, kind, folder), tally in found.items():
        table.add_row(fork, kind, folder, *figures(tally))
    table.add_section()
    total = Tally(
        sum(tally.cases for tally in found.values()),
        sum(tally.failed for tally in found.values()),
        sum(tally.seconds for tally in found.values()),
    )
    table.add_row("all", "", "", *figures(total), style="bold")
    return table


def figures(tally: Tally) -> tuple[str, str, str]:
    """The columns of figures of a row."""
    return f"{tally.cases:,}", f"[red]{tally.failed:,}[/]" if tally.failed else "0", f"{tally.seconds:,.1f}"


def show_failures(console: Console, results: Sequence[Result]) -> None:
    """The failed cases, each with the first field that differs."""
    failed = [result for result in results if not result.passed]
    for result in failed[:MOST_FAILURES]:
        console.print(f"[red]failed[/] {escape(result.id)}", highlight=False, soft_wrap=True)
        console.print(f"       {escape(str(result.mismatch))}", highlight=False, soft_wrap=True)
    if len(failed) > MOST_FAILURES:
        console.print(f"and {len(failed) - MOST_FAILURES} more (all of them: --junit FILE)")


def show_omitted(console: Console, chosen: Plan) -> None:
    """What the source holds and the model does not run, by reason: it must not pass unseen."""
    for why, count in sorted(chosen.omitted.items()):
        console.print(f"[yellow]left out[/] {count:,} tests: {escape(why)}", highlight=False)


def closing_line(results: Sequence[Result], total: int, seconds: float) -> str:
    """The account in one line."""
    failed = sum(not result.passed for result in results)
    unfinished = f", {total - len(results):,} not run" if len(results) < total else ""
    return f"vm tests: {len(results) - failed:,} passed, {failed:,} failed{unfinished}, in {seconds:.1f} s"


def tests(
    fixtures: Annotated[Path, typer.Option(help="File or folder of official cases (*.json, *.jsonl, *.jsonl.xz).")],
    jobs: Annotated[int, typer.Option(min=1, help="Processes (default: one a processor).")] = os.cpu_count() or 1,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler whose workers run the cases instead.")
    ] = None,
    shard: Annotated[str, typer.Option(metavar="I/N", help="Run only part I of N.")] = "1/1",
    sample: Annotated[int | None, typer.Option(min=1, help="Run about so many, spread over all groups.")] = None,
    seed: Annotated[int, typer.Option(help="Which sample.")] = 0,
    filter: Annotated[str, typer.Option(metavar="REGEX", help="Only cases whose id matches.")] = "",
    staged: Annotated[
        bool, typer.Option("--staged", help="Run the machine with the staged executor, blocks made at once.")
    ] = False,
    parallel: Annotated[
        int, typer.Option(metavar="SEEDS", min=0, help="Run blocks of several transactions under so many schedules.")
    ] = 0,
    stitch: Annotated[
        bool, typer.Option("--stitch", help="With --parallel: state tests, each made a block of four transactions.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write results as JUnit XML.")] = None,
    break_rule: Annotated[
        str | None,
        typer.Option("--break", metavar="RULE", help=f"Seed a fault, which must fail cases: {', '.join(FAULTS)}."),
    ] = None,
) -> None:
    """Run official state, block and transaction tests, compare every outcome, and count by group.

    Ends with 0 if the model agrees with all of them, 1 if not, 2 for wrong usage, 4 if interrupted before a failure.
    """
    console = Console()
    if break_rule is not None and break_rule not in FAULTS:
        raise typer.BadParameter(f"no such fault: {break_rule}; there are {', '.join(FAULTS)}", param_hint="--break")
    if staged and parallel:
        raise typer.BadParameter("the machine runs step by step when transactions wait", param_hint="--parallel")
    if stitch and not parallel:
        raise typer.BadParameter("say under how many schedules: --parallel SEEDS", param_hint="--stitch")
    which = (Which.STITCHABLE if stitch else Which.SEVERAL) if parallel else None
    selection = Selection(filter, sample, seed, shard_of(shard), which)
    try:
        chosen = plan(fixtures, selection)
    except FixtureError as error:
        typer.echo(f"hyperion vm tests: {error}", err=True)
        raise typer.Exit(USAGE) from None
    total = len(chosen.positions)
    workers = Workers(jobs, cluster)
    console.print(f"{chosen.found:,} cases found, {total:,} to run with {workers}", highlight=False)
    if break_rule is not None:
        console.print(f"[yellow]with a fault: {FAULTS[break_rule].what}[/]")
    if total == 0:
        show_omitted(console, chosen)
        typer.echo("hyperion vm tests: nothing to run", err=True)
        raise typer.Exit(USAGE)
    results: list[Result] = []
    started = time.monotonic()
    interrupted = False
    try:
        cases = planned(fixtures, chosen)
        watched(running(cases, workers, break_rule, staged, parallel, stitch), total, console, results)
    except KeyboardInterrupt:
        interrupted = True
    except ClusterError as error:
        typer.echo(f"hyperion vm tests: {error}", err=True)
        raise typer.Exit(USAGE) from None
    finish(console, results, chosen, time.monotonic() - started, junit)
    failed = any(not result.passed for result in results)
    raise typer.Exit(TARGET_WRONG if failed else INCONCLUSIVE if interrupted else HOLDS)


def running(
    cases: Iterator[Case], workers: Workers, break_rule: str | None, staged: bool, parallel: int, stitch: bool
) -> Iterator[Result]:
    """The results of the cases, by the way of execution that was asked for."""
    if parallel:
        side_by_side = run_all_stitched if stitch else run_all_side_by_side
        return side_by_side(cases, workers, break_rule, parallel)
    return run_all_staged(cases, workers, break_rule, True) if staged else run_all(cases, workers, break_rule)


def finish(console: Console, results: Sequence[Result], chosen: Plan, seconds: float, junit: Path | None) -> None:
    """Show the summary of a run, and write it where asked."""
    console.print(group_table(results))
    for result in sorted(results, key=lambda result: -result.seconds)[:SLOWEST]:
        console.print(f"slowest {result.seconds:7.2f} s  {escape(result.id)}", highlight=False, soft_wrap=True)
    show_failures(console, results)
    show_omitted(console, chosen)
    if junit is not None:
        write_junit(results, junit)
        console.print(f"JUnit: {junit}", highlight=False)
    console.print(closing_line(results, len(chosen.positions), seconds), highlight=False)


def register(app: typer.Typer) -> None:
    """Add ``tests`` to the commands of ``hyperion vm``."""
    app.command("tests")(tests)
