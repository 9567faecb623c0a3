"""``hyperion prove``: the theorems about the model, proved by executing it, with a ledger."""

import json
import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from time import perf_counter
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hyperion_proofs import cache
from hyperion_proofs.ledger import Line, line_as_json, summary, trouble
from hyperion_proofs.registry import registry
from hyperion_proofs.run import run, silent
from hyperion_proofs.solve import versions

app: Final = typer.Typer(add_completion=False)

HOLDS: Final = 0
FAILS: Final = 1
USAGE: Final = 2

STYLE: Final = {"holds": "green", "refuted": "bold red", "open": "bold yellow", "control missed": "bold yellow"}


def chosen(patterns: list[str]) -> list[str]:
    """Ids that match one of the patterns, in the order of the registry; all if there is no pattern."""
    known = list(registry())
    strange = [pattern for pattern in patterns if not any(fnmatchcase(id, pattern) for id in known)]
    if strange:
        typer.echo(f"hyperion prove: no theorem matches {strange[0]!r} (hyperion prove --list shows all)", err=True)
        raise typer.Exit(USAGE)
    return [id for id in known if not patterns or any(fnmatchcase(id, pattern) for pattern in patterns)]


def deciders(counts: Mapping[str, int]) -> str:
    """Who decided, the most frequent first; intervals are the engine's own."""
    return ", ".join(name for name, _ in sorted(counts.items(), key=lambda item: (item[0] == "intervals", -item[1])))


def table_of(lines: list[Line]) -> Table:
    """The ledger as a table that fits in 100 columns."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("theorem", no_wrap=True, style="cyan")
    table.add_column("kind", no_wrap=True)
    for head in ("paths", "goals", "seconds"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("decided by", ratio=1)
    table.add_column("controls", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for line in lines:
        table.add_row(
            line.theorem.id,
            line.theorem.kind.value,
            f"{line.paths:,}",
            f"{line.goals:,}",
            f"{line.seconds:.1f}",
            deciders(line.deciders),
            f"{line.refuted_controls}/{len(line.controls)}",
            f"[{STYLE[line.status]}]{line.status}[/]",
        )
    return table


def show_one(console: Console, line: Line) -> None:
    """A theorem in full: statement, obligations, functions, and the controls' counterexamples as traces."""
    theorem = line.theorem
    console.print(f"\n[bold cyan]{theorem.id}[/]  {escape(theorem.statement)}", highlight=False)
    for label, text in (("hypotheses", theorem.hypotheses), ("argument", theorem.argument)):
        if text:
            console.print(f"  [bold]{label}[/]  {escape(text)}", highlight=False)
    for assumption in theorem.assumptions:
        console.print(f"  [bold]assumes[/]  {assumption.id}: {escape(assumption.statement)}", highlight=False)
    console.print(f"  [bold]executes[/]  {', '.join(line.functions) or 'nothing'}", highlight=False)
    for control, finding in zip(theorem.controls, line.controls, strict=True):
        console.print(f"  [bold]control[/]  {escape(control.weakening)}: {finding.answer.value}", highlight=False)
        for text in finding.counterexample.lines() if finding.counterexample else ():
            console.print(f"      {escape(text)}", highlight=False)


def list_theorems(console: Console, ids: list[str]) -> None:
    """Ids and statements."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column("theorem", no_wrap=True, style="cyan")
    table.add_column("statement", ratio=1)
    for id in ids:
        table.add_row(id, escape(registry()[id].theorem.statement))
    console.print(table)


@app.command()
def prove(
    theorems: Annotated[list[str] | None, typer.Argument(help="Ids, or patterns such as 'WORD-*'.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    json_output: Annotated[bool, typer.Option("--json", help="The ledger as JSON.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Prove everything anew, and keep nothing.")] = False,
    list_only: Annotated[bool, typer.Option("--list", help="Only show what there is to prove.")] = False,
) -> None:
    """Prove theorems about the model by running its own functions on unknown values over all paths."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 100)  # a file has no width of its own
    ids = chosen(theorems or [])
    if list_only:
        list_theorems(console, ids)
        raise typer.Exit(HOLDS)
    start = perf_counter()
    folder = None if no_cache else cache.default_folder()
    if json_output or not console.is_terminal:
        lines = run(ids, jobs, folder, silent)
    else:
        columns = (TextColumn("{task.description:<24}"), BarColumn(None), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("proving", total=None)
            lines = run(
                ids, jobs, folder, lambda done, all, id: bar.update(task, completed=done, total=all, description=id)
            )
    failed = [line for line in lines if not line.holds]
    if json_output:
        document = {"solvers": dict(versions()), "theorems": [line_as_json(line) for line in lines]}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        console.print(table_of(lines))
        if len(lines) == 1:
            show_one(console, lines[0])
        for line in failed:
            console.print(f"\n[bold red]{line.theorem.id}[/]  {escape(line.theorem.statement)}", highlight=False)
            for text in trouble(line):
                console.print(f"  {escape(text)}", highlight=False)
        console.print(f"{summary(lines)}; {perf_counter() - start:.1f} s", highlight=False, soft_wrap=True)
    raise typer.Exit(FAILS if failed else HOLDS)
