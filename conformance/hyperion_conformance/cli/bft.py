"""``hyperion bft``: finality beside the published specification, and networks of validators."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hyperion_conformance.bft.itf import ItfError, read
from hyperion_conformance.bft.replay import Replayed, replay
from hyperion_conformance.cli import HOLDS, TARGET_WRONG, USAGE

app = typer.Typer(help="Finality beside the published specification.", no_args_is_help=True, add_completion=False)

WIDTH = 100


@app.callback()
def root() -> None:
    """Keep sub-commands sub-commands."""


def console_of() -> Console:
    """The console, a hundred columns wide where there is no terminal that says otherwise."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


@app.command("replay")
def replay_command(
    folder: Annotated[Path, typer.Argument(help="Folder with traces (*.itf.json), searched with its sub-folders.")],
) -> None:
    """Replay traces of the published specification: after every step the model's state must be the trace's."""
    console = console_of()
    paths = sorted(folder.rglob("*.itf.json")) if folder.is_dir() else []
    if not paths:
        console.print(f"[red]no *.itf.json in {escape(str(folder))}[/]")
        raise typer.Exit(USAGE)
    began, results = time.process_time(), []
    for path in paths:
        try:
            results.append(replay(read(path)))
        except ItfError as error:
            results.append(Replayed(path.name, "unreadable", 0, 0, str(error)))
        if console.is_terminal:
            console.print(f"{len(results)} of {len(paths)} traces", end="\r", highlight=False)
    console.print(table_of(results))
    wrong = [result for result in results if result.difference is not None]
    for result in wrong:
        console.print(f"[red]{escape(result.name)}[/] {escape(result.difference or '')}", highlight=False)
    told = [result for result in results if result.kind != "empty"]
    console.print(
        f"bft replay: {len(told) - len(wrong)} of {len(told)} traces equal, {sum(r.steps for r in told):,} steps, "
        f"{sum(r.acts for r in told):,} acts of the model, {len(results) - len(told)} traces without variables, "
        f"{time.process_time() - began:.1f} s",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    raise typer.Exit(TARGET_WRONG if wrong else HOLDS)


def table_of(results: list[Replayed]) -> Table:
    """Figures by what the traces are of."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("traces of", "number", "steps", "acts", "different"):
        table.add_column(name, justify="left" if name == "traces of" else "right")
    for kind in sorted({result.kind for result in results}):
        these = [result for result in results if result.kind == kind]
        table.add_row(
            kind, str(len(these)), f"{sum(r.steps for r in these):,}", f"{sum(r.acts for r in these):,}",
            str(sum(r.difference is not None for r in these)),
        )  # fmt: skip
    return table
