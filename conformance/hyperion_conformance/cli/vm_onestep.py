"""``hyperion vm onestep``: every step of official cases, proved from its root and a witness."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hyperion_conformance.cli import HOLDS, TARGET_WRONG, USAGE
from hyperion_conformance.fixtures.campaign import Selection, plan, planned
from hyperion_conformance.fixtures.one_step import Figure, Figures, Proved, prove_all, summed
from hyperion_conformance.fixtures.source import FixtureError
from hyperion_conformance.workers import ClusterError, Workers

PLAIN_EVERY = 10.0
"""Seconds between lines of progress."""


def onestep(
    fixtures: Annotated[Path, typer.Option(help="File or folder of official cases (*.json, *.jsonl, *.jsonl.xz).")],
    sample: Annotated[int | None, typer.Option(min=1, help="Run about so many, spread over all groups.")] = None,
    seed: Annotated[int, typer.Option(help="Which sample.")] = 0,
    filter: Annotated[str, typer.Option(metavar="REGEX", help="Only cases whose id matches.")] = "",
    most_steps: Annotated[int, typer.Option(min=1, help="Prove at most so many steps of a case.")] = 1_000_000,
    jobs: Annotated[int, typer.Option(min=1, help="Processes (default: one a processor).")] = os.cpu_count() or 1,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler whose workers run the cases instead.")
    ] = None,
) -> None:
    """Run official cases and prove each step, whole and in micro steps; show what the proofs need, by instruction.

    Ends with 0 if every proof gives the step's root and every case its outcome, 1 if not, 2 for wrong usage.
    """
    console = Console()
    try:
        chosen = plan(fixtures, Selection(filter, sample, seed))
    except FixtureError as error:
        typer.echo(f"hyperion vm onestep: {error}", err=True)
        raise typer.Exit(USAGE) from None
    total, workers = len(chosen.positions), Workers(jobs, cluster)
    console.print(f"{chosen.found:,} cases found, {total:,} to prove with {workers}", highlight=False)
    started = last = time.monotonic()
    proved: list[Proved] = []
    try:
        for each in prove_all(planned(fixtures, chosen), workers, most_steps):
            proved.append(each)
            if time.monotonic() - last >= PLAIN_EVERY:
                last = time.monotonic()
                console.print(f"{len(proved):,} of {total:,} cases", highlight=False)
    except ClusterError as error:
        typer.echo(f"hyperion vm onestep: {error}", err=True)
        raise typer.Exit(USAGE) from None
    show(console, proved, time.monotonic() - started)
    raise typer.Exit(TARGET_WRONG if any(not each.result.passed for each in proved) else HOLDS)


def show(console: Console, proved: list[Proved], seconds: float) -> None:
    """The table, what failed, and the account in one line."""
    figures = summed(proved)
    console.print(figure_table(figures))
    for each in proved:
        if not each.result.passed:
            console.print(f"[red]failed[/] {escape(each.result.id)}: {escape(str(each.result.mismatch))}")
    total = joined(figures)
    failed = sum(not each.result.passed for each in proved)
    console.print(
        f"vm onestep: {len(proved) - failed:,} cases proved, {failed:,} failed; {total.steps:,} steps, "
        f"{sum(each.whole for each in proved):,} against whole machines, "
        f"{sum(each.unproved for each in proved):,} beyond the most; witness at most {total.witness:,} B, "
        f"of a micro step {total.micro_witness:,} B; {total.nodes / max(total.steps, 1):.1f} new hashes a step; "
        f"{seconds:.1f} s",
        highlight=False,
        soft_wrap=True,
    )


def joined(figures: Figures) -> Figure:
    """All together."""
    total = Figure()
    for figure in figures.values():
        total = total.joined(figure)
    return total


def figure_table(figures: Figures) -> Table:
    """One row an instruction or boundary: steps, new hashes a step, and at most: bytes of a witness, of that of a micro
    step, and micro steps of a step.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("step", no_wrap=True)
    for name in ("steps", "hashes", "witness", "micro", "parts"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, figure in figures.items():
        table.add_row(
            name, f"{figure.steps:,}", f"{figure.nodes / figure.steps:.1f}", f"{figure.witness:,}",
            f"{figure.micro_witness:,}", f"{figure.micro_steps:,}",
        )  # fmt: skip
    return table


def register(app: typer.Typer) -> None:
    """Add ``onestep`` to the commands of ``hyperion vm``."""
    app.command("onestep")(onestep)
