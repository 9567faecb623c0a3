"""``hyperion seq``: what faulty rules of stake and schedule cause, and figures of both."""

from collections.abc import Callable
from time import process_time
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Column, Table

from hyperion.sequencer.parameters import HYPERION, METIS
from hyperion.sequencer.schedule.leaders import Schedule, leader, schedule
from hyperion.sequencer.stake.rules import genesis, run
from hyperion.sequencer.stake.types import Deposit, EndEpoch, Stake
from hyperion_conformance.cli import HOLDS, TARGET_WRONG
from hyperion_conformance.seq.faults import killed
from hyperion_conformance.seq.installing import REFUTED
from hyperion_conformance.seq.search import farthest
from hyperion_conformance.seq.variants import VARIANTS

app = typer.Typer(help="Stake and schedule of the sequencers.", no_args_is_help=True, add_completion=False)
SIZES: Final = (3, 5, 8, 13, 21)


@app.command()
def faults() -> None:
    """Put each faulty rule to the case that should notice it, or to its witness."""
    console = Console()
    table = Table(Column("faulty rule", no_wrap=True), "breaks", "noticed by", box=None)
    lost = 0
    for variant in VARIANTS:
        seen = killed(variant)
        lost += not seen
        table.add_row(variant.name, variant.rule, variant.killer if seen else "[red]nothing[/]")
    for refuted in REFUTED:
        seen = refuted.witness()
        lost += not seen
        table.add_row(refuted.name, "no rule here", "its witness" if seen else "[red]nothing[/]")
    console.print(table)
    whole = len(VARIANTS) + len(REFUTED)
    console.print(f"seq faults: {whole - lost} of {whole} noticed", highlight=False)
    raise typer.Exit(TARGET_WRONG if lost else HOLDS)


@app.command()
def reach(
    seed: Annotated[int, typer.Option(min=0, help="Of the random sets.")] = 7,
    sets: Annotated[int, typer.Option(min=1, help="Random sets of each size.")] = 20,
) -> None:
    """Search for the weights that drive priorities farthest, beside the bound that is proved."""
    console = Console()
    table = Table("validators", "highest / P", "proved", "distance / P", "proved", box=None)
    for size in SIZES:
        best, wide = farthest(seed, size, sets)
        bound = sum(1 / index for index in range(1, size + 1))
        found, proved = (best.highest / 10_000, wide.distance / 10_000), (bound - 1, bound)
        table.add_row(
            str(size), f"{found[0]:.2f}", f"{proved[0]:.2f}", f"{found[1]:.2f}", f"{proved[1]:.2f}"
        )  # fmt: skip
    console.print(table)
    console.print(f"seq reach --seed {seed} --sets {sets}: {sets} sets of each size", highlight=False)


def seconds(action: Callable[[], object]) -> float:
    """The least processor time of three runs."""
    found = []
    for _ in range(3):
        start = process_time()
        action()
        found.append(process_time() - start)
    return min(found)


def schedule_of(size: int) -> Schedule:
    """A schedule of validators whose stakes have no common divisor."""
    made = schedule(0, [(bytes([index]) * 20, 20_000 * METIS + index) for index in range(size)], HYPERION.most_slots)
    if not isinstance(made, Schedule):
        raise TypeError(made.reason)
    return made


@app.command()
def measure() -> None:
    """How long schedules, leaders and steps of the stake take."""
    console = Console()
    for size in (4, 21, 100):
        made = schedule_of(size)
        took = seconds(lambda size=size: schedule_of(size))  # type: ignore[misc]
        each = seconds(lambda made=made: [leader(made, height, 1) for height in range(100_000)])  # type: ignore[misc]
        text = f"{size} validators: schedule {took * 1_000:.1f} ms, a leader {each * 10_000:.0f} ns"
        console.print(text, highlight=False)
    state = genesis(HYPERION, 0, {bytes([index]) * 20: 20_000 * METIS for index in range(1, 22)})
    if not isinstance(state, Stake):
        raise TypeError(state.reason.value)
    deposits = tuple((time, Deposit(b"\x01" * 20, 1)) for time in range(10_000))
    ends = tuple((time, EndEpoch(1_000)) for time in range(300))
    console.print(f"stake: {10_000 / seconds(lambda: run(HYPERION, state, deposits)):,.0f} deposits/s", highlight=False)
    console.print(
        f"seq measure: {300 / seconds(lambda: run(HYPERION, state, ends)):,.0f} ends of epochs/s with 21 validators",
        highlight=False,
    )
