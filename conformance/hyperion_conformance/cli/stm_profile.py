"""``hyperion stm profile``: how much faster a block gets with more workers, in simulated time."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from hyperion.parallel.configuration import outcome
from hyperion.parallel.evm.block import EvmBlock
from hyperion.parallel.program import Outcome
from hyperion_conformance.cli import HOLDS, INCONCLUSIVE, TARGET_WRONG, USAGE
from hyperion_conformance.cli.explore import console_of, table_of
from hyperion_conformance.stm_profile.blocks import BlockError, block_named
from hyperion_conformance.stm_profile.costs import Costs
from hyperion_conformance.stm_profile.metered import MeteredBlock
from hyperion_conformance.stm_profile.picture import picture_of
from hyperion_conformance.stm_profile.profile import Figures, Profile, commits_as_serially, profile_of
from hyperion_conformance.stm_profile.simulation import SimulatedRun
from hyperion_conformance.stm_profile.workloads import WORKLOADS

HEADS: Final = (
    "workers", "µs", "bound µs", "speed-up", "of bound", "begun", "aborted", "stopped", "validated", "over ns",
)  # fmt: skip
MOST_WORKERS: Final = 256
DRAWN: Final = 16
"""The most workers whose rows are legible in one picture."""


def counts_of(text: str) -> list[int]:
    """The numbers of workers. Refused with ``ValueError``: what is no list of numbers from 1 to 256."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= MOST_WORKERS for part in parts):
        raise ValueError(f"--workers {text!r} is no list like 1,2,4 of numbers up to {MOST_WORKERS}")
    return [int(part) for part in parts]


def row_of(found: Figures, transactions: int) -> tuple[str, ...]:
    """A row of the table; counts are for each transaction."""
    return (
        f"{found.workers}",
        f"{found.makespan / 1000:,.0f}",
        f"{found.bound / 1000:,.0f}",
        f"{found.speedup:.2f}",
        f"{100 * found.of_ideal:.1f} %",
        f"{found.executions / transactions:.2f}",
        f"{found.aborted / transactions:.2f}",
        f"{found.waited / transactions:.2f}",
        f"{found.validations / transactions:.2f}",
        f"{found.overhead(transactions):,.0f}",
    )


def show_block(console: Console, name: str, profile: Profile) -> None:
    """What the block is like."""
    bound, size = profile.bound, profile.block.size
    kind = "independent" if bound.is_independent else f"{len(bound.edges):,} dependencies"
    console.print(
        f"{name}: {size} transactions, {kind}\nwork {bound.work / 1000:,.0f} µs, critical path "
        f"{bound.chain / 1000:,.0f} µs, longest transaction {bound.longest / 1000:,.0f} µs",
        highlight=False,
        soft_wrap=True,
    )


def is_serial(block: MeteredBlock, run: SimulatedRun, found: Figures) -> bool:
    """Whether a run ended as the serial execution: in values and results, and as a block of the EVM if it is one."""
    left = outcome(block, run.configuration)
    inner = block.meter.block
    if not found.serial or not isinstance(left, Outcome):
        return False
    return not isinstance(inner, EvmBlock) or commits_as_serially(inner, left)


def draw(run: SimulatedRun, profile: Profile, title: str, file: Path, console: Console) -> None:
    """Write the picture of a run."""
    file.write_text(picture_of(run, profile.bound, title), encoding="utf-8")
    console.print(f"picture of {len(run.configuration.workers)} workers: {file}", highlight=False, soft_wrap=True)


def profile(
    name: Annotated[
        str,
        typer.Argument(
            metavar="BLOCK|WORKLOAD",
            help=f"A file (decision trees, or an official blockchain test) or one of {', '.join(WORKLOADS)}.",
        ),
    ],
    workers: Annotated[str, typer.Option(metavar="LIST", help="Numbers of workers.")] = "1,2,4,8,16,32",
    txs: Annotated[int, typer.Option(min=1, max=10_000, help="Transactions of a workload.")] = 256,
    trees: Annotated[bool, typer.Option("--trees", help="Decision trees instead of EVM transactions.")] = False,
    gas: Annotated[int, typer.Option(metavar="PER_US", min=1, help="Gas that is executed in a microsecond.")] = 1000,
    far: Annotated[int, typer.Option(metavar="NS", min=0, help="Time to get a variable of another worker.")] = 25,
    search: Annotated[int, typer.Option(metavar="NS", min=0, help="Time to find a location in the memory.")] = 25,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"Draw a run: with most workers, up to {DRAWN}.")
    ] = None,
) -> None:
    """Simulate Block-STM on a block with several numbers of workers, against what no schedule can beat.

    Counts are for each transaction: executions begun, executions aborted, executions stopped at an ESTIMATE, and
    validations; "over" is the time beyond the bound, for each transaction. Ends with 0 if every run ended as the serial
    execution, 1 if one did not, 2 for wrong usage, 4 if interrupted.
    """
    console = console_of()
    costs = Costs(gas_per_microsecond=gas, far=far, search=search)
    try:
        counts, block = counts_of(workers), block_named(name, txs, trees)
    except (ValueError, BlockError) as error:
        typer.echo(f"hyperion stm profile: {error}", err=True)
        raise typer.Exit(USAGE) from None
    measured = profile_of(block, costs)
    show_block(console, name, measured)
    drawn = max((count for count in counts if count <= DRAWN), default=min(counts))
    rows: list[tuple[str, ...]] = []
    wrong: list[int] = []
    try:
        for count in counts:
            found, run = measured.measure(count)
            rows.append(row_of(found, block.size))
            wrong += [] if is_serial(block, run, found) else [count]
            show_progress(console, found)
            if count == drawn and svg is not None:
                draw(run, measured, f"{block.size} transactions: {what(name)}", svg, console)
    except KeyboardInterrupt:
        console.print("interrupted", highlight=False)
    console.print(table_of(rows, HEADS, 0))
    if rows:
        console.print(closing_line(name, rows, wrong), highlight=False)
    raise typer.Exit(TARGET_WRONG if wrong else HOLDS if len(rows) == len(counts) else INCONCLUSIVE)


def show_progress(console: Console, found: Figures) -> None:
    """A number of workers is done: a line, or on a terminal the same line again."""
    ends = {"end": "\r"} if console.is_terminal else {}
    console.print(f"  {found.workers} workers done", highlight=False, **ends)  # type: ignore[arg-type]


def what(name: str) -> str:
    """A workload in words, or the name of a file."""
    return WORKLOADS[name].what if name in WORKLOADS else Path(name).name


def closing_line(name: str, rows: list[tuple[str, ...]], wrong: list[int]) -> str:
    """The line to copy."""
    best = max(rows, key=lambda row: float(row[3]))
    verdict = f"not as serially with {', '.join(map(str, wrong))} workers" if wrong else "all runs as serially"
    title = name if name in WORKLOADS else Path(name).name
    return f"stm profile {title}: {best[3]}× with {best[0]} workers, {best[4]} of the bound; {verdict}"


def register(app: typer.Typer) -> None:
    """Add ``profile`` to the commands of ``hyperion stm``."""
    app.command("profile")(profile)
