"""``hyperion explore bft``: every state that honest validators beside a liar can reach."""

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from hyperion_conformance.cli import HOLDS, INCONCLUSIVE, TARGET_WRONG
from hyperion_conformance.exploration import liveness
from hyperion_conformance.exploration.bft import BftPlan
from hyperion_conformance.exploration.search import Search, begin, explore
from hyperion_conformance.workers import Workers

PLAIN_EVERY = 10.0


def command(
    honest: Annotated[int, typer.Option(min=1, max=9, help="Honest validators, each of weight 1.")] = 3,
    liar: Annotated[int, typer.Option(min=0, help="Weight of the liar.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, max=4, help="Rounds of the height.")] = 2,
    values: Annotated[int, typer.Option(min=1, max=4, help="Values that may be proposed.")] = 2,
    limit: Annotated[int, typer.Option(min=1, help="Stop after so many states.")] = 2_000_000,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Agreement, locks and polkas in every state that validators can reach, whatever the network and the liar do."""
    console = Console()
    console = console if console.is_terminal else Console(width=100)
    plan = BftPlan(honest, liar, rounds, values)
    last = time.monotonic()

    def watch(search: Search[object]) -> bool:
        nonlocal last
        if time.monotonic() - last >= PLAIN_EVERY:
            last = time.monotonic()
            console.print(f"{len(search.states):,} states so far", highlight=False)
        return len(search.states) < limit

    search = explore(begin(plan), Workers(jobs), watch)
    found = search.statistics()
    verdict, code = ("holds", HOLDS) if search.is_complete else ("cut", INCONCLUSIVE)
    if search.fault is not None:
        console.print(f"[red]{escape(search.fault.what)}[/] after {len(search.fault.actors)} steps", highlight=False)
        verdict, code = "fault", TARGET_WRONG
    elif search.is_complete:
        endless = len(liveness.fair_parts(search, honest))
        console.print(f"runs that go on for ever: {endless}; states in which all have decided: {found.finals:,}")
        code = TARGET_WRONG if endless else code
    console.print(
        f"explore bft: {honest} honest, liar {liar}, {rounds} rounds, {values} values: {found.states:,} states, "
        f"{found.transitions:,} transitions, depth {found.depth}, {found.seconds:.1f} s, "
        f"{found.rate:,.0f} states/s: {verdict}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    raise typer.Exit(code)
