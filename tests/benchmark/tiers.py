"""Official state tests with ``run`` and with blocks, the same cases in turn: which group pays more than it gains?

Timed, in CPU seconds, is the executor alone: from the machine at the start of a transaction to the halted one; making
blocks is included. Each round begins with empty caches, which then stay from case to case, as they would in a node.
Executors take turns within a case, after a run that is not timed, and the one that begins changes. What a case does is
the same in each round, so its time is the least of the rounds; sums over a group are compared. Groups that take less
than ``TOO_SHORT`` are put together as "short": a pause of the machine would decide about one of them. ``--sweep``
compares settings of the cache with one another on the same cases. Run it as
``python -m tests.benchmark.tiers --fixtures DIR``.
"""

import gc
import json
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import attrs
import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hyperion.vm.machine import Machine
from hyperion.vm.staging.blocks import Blocks
from hyperion.vm.staging.executing import run_staged
from hyperion.vm.step import Executor, run
from hyperion_conformance.fixtures.source import Case
from hyperion_conformance.fixtures.state_case import run_state_case
from tests.benchmark.official import sample
from tests.benchmark.programs import programs
from tests.benchmark.workers.model import start_of

RUN: Final = "run"
STAGED: Final = "staged"
TOTAL: Final = ("all", "")
SHORT: Final = ("short", "")
PROGRAM: Final = "program"
TOO_SHORT: Final = 0.05
"""Seconds."""
SWEPT: Final = tuple((enough, price) for enough in (1, 4, 16, 64, 256) for price in (500, 2000))
"""Settings: notes before a block, and steps for an instruction."""

Group: TypeAlias = tuple[str, str]
Figures: TypeAlias = dict[str, float]
"""Seconds by executor."""
Seconds: TypeAlias = dict[Group, dict[str, float]]
Job: TypeAlias = "tuple[Group, Callable[[list[tuple[str, Clocked]]], Figures]]"

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


def measure(case: Case, executors: list[tuple[str, Clocked]]) -> Figures:
    """The seconds of each executor on a case, which must end as it states."""
    test = msgspec.json.decode(case.raw)
    seconds: Figures = {}
    run_state_case(test, case.fork, case.index)
    for name, clocked in executors:
        mismatch = run_state_case(test, case.fork, case.index, executor=clocked)
        if mismatch is not None:
            raise typer.BadParameter(f"{name} is wrong at {case.id}: {mismatch}")
        seconds[name] = clocked.taken()
    return seconds


def run_all(machine: Machine, executors: list[tuple[str, Clocked]]) -> Figures:
    """The seconds of each executor from ``machine`` on."""
    for _, clocked in executors:
        clocked(machine)
    return {name: clocked.taken() for name, clocked in executors}


def one_round(jobs: list[Job], makers: dict[str, Callable[[], Executor]], progress: Progress) -> list[Figures]:
    """The seconds of each job by executor, in one round over all jobs."""
    executors = [(name, Clocked(make())) for name, make in makers.items()]
    gc.collect()
    gc.freeze()
    return [
        job(executors[turn % len(executors) :] + executors[: turn % len(executors)])
        for turn, (_, job) in enumerate(progress.track(jobs, description="measuring"))
    ]


def sums_of(jobs: list[Job], rounds: list[list[Figures]]) -> Seconds:
    """The seconds of each group by executor: the groups that are long enough, the others as one, and official ones."""
    sums: Seconds = defaultdict(lambda: defaultdict(float))
    for (group, _), figures in zip(jobs, zip(*rounds, strict=True), strict=True):
        for name in figures[0]:
            sums[group][name] += min(each[name] for each in figures)
    found: Seconds = defaultdict(lambda: defaultdict(float))
    for group, seconds in sums.items():
        program = group[0] == PROGRAM
        for each in (group if program or seconds[RUN] >= TOO_SHORT else SHORT, *(() if program else (TOTAL,))):
            for name, taken in seconds.items():
                found[each][name] += taken
    return found


def jobs_of(cases: list[Case], repeats: int) -> list[Job]:
    """What is run: the cases, and each program of the benchmark so many times in a row."""
    found: list[Job] = [((case.fork, case.folder), partial(measure, case)) for case in cases]
    for program in programs():
        if not program["filler"]:
            machine = start_of({**program})
            found += [((PROGRAM, program["name"]), partial(run_all, machine))] * repeats
    return found


def ratio(seconds: Seconds, group: Group, name: str) -> float:
    """How long the executor takes on the group, where ``run`` takes 1."""
    return seconds[group][name] / seconds[group][RUN]


def groups_of(seconds: Seconds) -> list[Group]:
    """The groups, what is put together at the end."""
    return sorted(seconds, key=lambda group: (group in (SHORT, TOTAL), group))


def table_of(seconds: Seconds) -> Table:
    """By group: seconds of ``run``, and how long the other takes where it takes 1."""
    table = Table(title="CPU time of the executor, where run takes 1", box=None)
    for heading in ("fork", "topic"):
        table.add_column(heading, style="cyan", no_wrap=True)
    for heading in ("run s", "staged"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in groups_of(seconds):
        table.add_row(*group, f"{seconds[group][RUN]:.3f}", f"{ratio(seconds, group, STAGED):.3f}")
    return table


def sweep_of(seconds: Seconds, names: list[str]) -> Table:
    """By setting: what the official cases take in all and in the worst group, and what each program takes."""
    table = Table(title="notes before a block / steps for an instruction: CPU time, where run takes 1", box=None)
    programs_of = [group for group in groups_of(seconds) if group[0] == PROGRAM]
    official = [group for group in groups_of(seconds) if group[0] != PROGRAM]
    for heading in ("setting", "official", "worst", *(topic[:6] for _, topic in programs_of)):
        table.add_column(heading, justify="right", no_wrap=True)
    for name in names:
        worst = max(ratio(seconds, group, name) for group in official)
        figures = (ratio(seconds, TOTAL, name), worst, *(ratio(seconds, group, name) for group in programs_of))
        table.add_row(name, *(f"{figure:.2f}" for figure in figures))
    return table


def main(
    fixtures: Annotated[Path, typer.Option(help="folder of official cases, with evm/state_*.jsonl.xz")],
    every: Annotated[int, typer.Option(min=1, help="take every n-th case")] = 40,
    fork: Annotated[str, typer.Option(help="only the cases of this fork")] = "",
    rounds: Annotated[int, typer.Option(min=1, help="rounds, each with empty caches")] = 3,
    slow: Annotated[float, typer.Option(help="leave out cases for which EELS is known to need more seconds")] = 60.0,
    repeats: Annotated[int, typer.Option(min=0, help="runs of each program of the benchmark in a round")] = 0,
    sweep: Annotated[bool, typer.Option("--sweep", help="compare settings: notes/steps for an instruction")] = False,
    tolerance: Annotated[float, typer.Option(help="what a group may take more, for noise")] = 0.01,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the seconds here too")] = None,
    check: Annotated[bool, typer.Option(help="exit with 1 if a group is slower with blocks")] = False,
) -> None:
    """Measure the executor with blocks against ``run`` on official state tests."""
    folder = fixtures / "evm" if (fixtures / "evm").is_dir() else fixtures
    found_cases, left_out = sample(folder, every, slow)
    cases = [case for case in found_cases if fork in ("", case.fork)]
    jobs, makers = jobs_of(cases, repeats), contenders(sweep)
    names = [name for name in makers if name != RUN]
    with Progress(console=console, transient=True) as progress:
        found = sums_of(jobs, [one_round(jobs, makers, progress) for _ in range(rounds)])
    console.print(sweep_of(found, names) if sweep else table_of(found))
    slower = [
        " ".join(group).strip()
        for group in groups_of(found)
        if group[0] != PROGRAM and any(ratio(found, group, name) > 1 + tolerance for name in names)
    ]
    console.print(f"{len(cases)} cases, every {every}th, {left_out} left out; least of {rounds} rounds for each")
    console.print(f"groups that take more than {1 + tolerance:g} with blocks: {', '.join(slower) or 'none'}")
    if json_file is not None:
        rows = [[*group, seconds] for group, seconds in found.items()]
        json_file.write_text(json.dumps(rows, indent=1) + "\n")
    if check and slower:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
