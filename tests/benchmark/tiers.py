"""Official state tests with ``run`` and with blocks, the same cases in turn: which group pays more than it gains?

Timed, in CPU seconds, is the executor alone: from the machine at the start of a transaction to the halted one; making
blocks is included. Each round begins with empty caches, which then stay from case to case, as they would in a node.
Executors take turns within a case, and the one that begins changes; sums over a group are compared, and the median over
the rounds is shown. ``--sweep`` compares settings of the cache with one another on the same cases. Run it as
``python -m tests.benchmark.tiers --fixtures DIR``.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated, Final, TypeAlias

import attrs
import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hyperion.vm.machine import Machine
from hyperion.vm.staging.executing import Blocks, run_staged
from hyperion.vm.step import Executor, run
from hyperion_conformance.fixtures.source import Case
from hyperion_conformance.fixtures.state_case import run_state_case
from tests.benchmark.official import sample

RUN: Final = "run"
STAGED: Final = "staged"
TOTAL: Final = ("all", "")
SWEPT: Final = tuple((enough, price) for enough in (1, 4, 16, 64) for price in (100, 400, 1600))
"""Settings: notes before a block, and steps for an instruction."""

Group: TypeAlias = tuple[str, str]
Seconds: TypeAlias = dict[Group, dict[str, float]]

console = Console(width=None if Console().is_terminal else 100)


@attrs.define
class Clocked:
    """An executor and the CPU seconds that it has taken."""

    executor: Executor
    seconds: float = 0.0

    def __call__(self, machine: Machine) -> Machine:
        began = time.process_time()
        end = self.executor(machine)
        self.seconds += time.process_time() - began
        return end

    def taken(self) -> float:
        """The seconds since it was asked last."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds


def staged(make: Callable[[], Blocks]) -> Executor:
    """An executor with an empty cache."""
    return partial(run_staged, blocks=make())


def contenders(sweep: bool) -> dict[str, Callable[[], Executor]]:
    """What is compared, by name; each makes a new executor for a round."""
    found: dict[str, Callable[[], Executor]] = {RUN: lambda: run, STAGED: lambda: staged(Blocks)}
    if sweep:
        del found[STAGED]
        for enough, price in SWEPT:
            found[f"{enough}/{price}"] = partial(staged, partial(Blocks, enough, price=price))
    return found


def measure(case: Case, executors: list[tuple[str, Clocked]]) -> dict[str, float]:
    """The seconds of each executor on a case, which must end as it states."""
    test = msgspec.json.decode(case.raw)
    seconds: dict[str, float] = {}
    for name, clocked in executors:
        mismatch = run_state_case(test, case.fork, case.index, executor=clocked)
        if mismatch is not None:
            raise typer.BadParameter(f"{name} is wrong at {case.id}: {mismatch}")
        seconds[name] = clocked.taken()
    return seconds


def one_round(cases: list[Case], makers: dict[str, Callable[[], Executor]], progress: Progress) -> Seconds:
    """The seconds of each group by executor, in one round over all cases."""
    executors = [(name, Clocked(make())) for name, make in makers.items()]
    sums: Seconds = defaultdict(lambda: defaultdict(float))
    for turn, case in enumerate(progress.track(cases, description="measuring")):
        first = turn % len(executors)
        for name, seconds in measure(case, executors[first:] + executors[:first]).items():
            sums[case.fork, case.folder][name] += seconds
            sums[TOTAL][name] += seconds
    return sums


def ratio(rounds: list[Seconds], group: Group, name: str) -> float:
    """How long the executor takes on the group, where ``run`` takes 1: the median of the rounds."""
    return median(one[group][name] / one[group][RUN] for one in rounds)


def table_of(rounds: list[Seconds], cases: list[Case], names: list[str]) -> Table:
    """By group: cases, seconds of ``run``, and how long the others take where it takes 1."""
    table = Table(title="CPU time of the executor, where run takes 1: medians of the rounds", box=None)
    for heading in ("fork", "topic"):
        table.add_column(heading, style="cyan", no_wrap=True)
    for heading in ("cases", "run s", *names):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in (*sorted(set(rounds[0]) - {TOTAL}), TOTAL):
        count = sum(group in (TOTAL, (case.fork, case.folder)) for case in cases)
        seconds = median(one[group][RUN] for one in rounds)
        figures = [f"{ratio(rounds, group, name):.3f}" for name in names]
        table.add_row(*group, f"{count:,}", f"{seconds:.2f}", *figures, style="bold" if group == TOTAL else None)
    return table


def main(
    fixtures: Annotated[Path, typer.Option(help="folder of official cases, with evm/state_*.jsonl.xz")],
    every: Annotated[int, typer.Option(min=1, help="take every n-th case")] = 40,
    rounds: Annotated[int, typer.Option(min=1, help="rounds, each with empty caches")] = 3,
    slow: Annotated[float, typer.Option(help="leave out cases for which EELS is known to need more seconds")] = 60.0,
    sweep: Annotated[bool, typer.Option("--sweep", help="compare settings: notes/steps for an instruction")] = False,
    tolerance: Annotated[float, typer.Option(help="what a group may take more, for noise")] = 0.01,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the seconds here too")] = None,
    check: Annotated[bool, typer.Option(help="exit with 1 if a group is slower with blocks")] = False,
) -> None:
    """Measure the executor with blocks against ``run`` on official state tests."""
    folder = fixtures / "evm" if (fixtures / "evm").is_dir() else fixtures
    cases, left_out = sample(folder, every, slow)
    makers = contenders(sweep)
    names = [name for name in makers if name != RUN]
    with Progress(console=console, transient=True) as progress:
        found = [one_round(cases, makers, progress) for _ in range(rounds)]
    console.print(table_of(found, cases, names))
    slower = [group for group in found[0] for name in names if ratio(found, group, name) > 1 + tolerance]
    console.print(f"every {every}th case, {left_out} left out; {rounds} rounds")
    told = ", ".join(f"{fork} {topic}".strip() for fork, topic in dict.fromkeys(slower)) or "none"
    console.print(f"groups that take more than {1 + tolerance:g} with blocks: {told}")
    if json_file is not None:
        rows = [[[*group, seconds] for group, seconds in one.items()] for one in found]
        json_file.write_text(json.dumps(rows, indent=1) + "\n")
    if check and slower:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
