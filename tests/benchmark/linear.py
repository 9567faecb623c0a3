"""Does the time grow as the steps do? Each program at rounds that double, each time with an empty cache of blocks.

Tracing is paid for by steps taken, so the time for a run is at most proportional to its steps, whatever the code: with
blocks it grows more slowly where they gain. Shown are CPU time (the least of some repeats, which go around the sizes),
what a step takes, and that as a ratio to the size before. The exit code is 1 if a step takes more than ``MOST`` times
as long as at half of the rounds. Run it as ``python -m tests.benchmark.linear``.
"""

import time
from collections.abc import Callable
from typing import Annotated, Final

import attrs
import typer
from rich.console import Console
from rich.table import Table

from hyperion.vm.machine import Machine
from hyperion.vm.staging.blocks import Blocks
from hyperion.vm.staging.executing import run_staged
from tests.benchmark.programs import Program, arithmetic, collatz, loop, program, storage, transfers
from tests.benchmark.workers.model import start_of

MOST: Final = 1.4
"""A step may take so many times as long as at half of the rounds: noise, and the first blocks."""
SHORTEST: Final = 0.01
"""Seconds below which a ratio says nothing."""


def destinations(count: int) -> str:
    """A loop over a row of jump destinations: entries enough, and little to gain."""
    return loop(count, "JUMPDEST " * 300)


PROGRAMS: Final[dict[str, Callable[[int], Program]]] = {
    "arithmetic": lambda count: program("arithmetic", "", arithmetic(500 * count)),
    "storage": lambda count: program("storage", "", storage(300 * count)),
    "collatz": lambda count: program("collatz", "", collatz(20 * count)),
    "jumpdests": lambda count: program("jumpdests", "", destinations(20 * count)),
    "erc20": lambda count: transfers(80 * count),
}

console = Console(width=None if Console().is_terminal else 100)


@attrs.frozen
class Run:
    """One run with an empty cache."""

    steps: int
    seconds: float
    traced: int

    @property
    def each(self) -> float:
        """Seconds for a step."""
        return self.seconds / self.steps


def timed(machine: Machine) -> Run:
    """The run from ``machine`` on."""
    blocks = Blocks()
    began = time.process_time()
    end = run_staged(machine, blocks)
    return Run(end.steps, time.process_time() - began, blocks.instructions)


def doublings(make: Callable[[int], Program], most: int, repeats: int) -> list[Run]:
    """The fastest run of each size: 1, 2, 4 … times the rounds."""
    machines = [start_of({**make(2**power)}) for power in range(most)]
    found = [[timed(machine) for machine in machines] for _ in range(repeats)]
    return [min(runs, key=lambda run: run.seconds) for runs in zip(*found, strict=True)]


def main(
    most: Annotated[int, typer.Option(min=2, help="sizes: 1, 2, 4 … so many")] = 8,
    repeats: Annotated[int, typer.Option(min=1, help="runs of each size")] = 3,
    check: Annotated[bool, typer.Option(help="exit with 1 if a doubling takes too long")] = False,
) -> None:
    """Measure how the time of the staged executor grows with the steps."""
    table = Table(title="staged executor, empty cache: CPU time as the rounds double", box=None)
    for heading in ("program", "steps", "ms", "ns a step", "× half", "traced"):
        table.add_column(heading, justify="left" if heading == "program" else "right", no_wrap=True)
    worst = 0.0
    for name, make in PROGRAMS.items():
        before: Run | None = None
        for run in doublings(make, most, repeats):
            ratio = None if before is None or before.seconds < SHORTEST else run.each / before.each
            worst = max(worst, ratio or 0.0)
            told = "" if ratio is None else f"{ratio:.2f}"
            figures = (f"{1e3 * run.seconds:,.1f}", f"{1e9 * run.each:,.0f}", told, str(run.traced))
            table.add_row(name, f"{run.steps:,}", *figures)
            before = run
        table.add_section()
    console.print(table)
    console.print(f"a step took at most {worst:.2f} × as long as at half of the rounds, bar {MOST:g}")
    if check and worst > MOST:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
