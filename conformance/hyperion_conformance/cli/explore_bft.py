"""``hyperion explore bft``, ``bft-stable``, ``bft-node``: every state that validators beside a liar can reach."""

import time
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape

from hyperion_conformance.cli import HOLDS, INCONCLUSIVE, TARGET_WRONG, USAGE
from hyperion_conformance.exploration import liveness
from hyperion_conformance.exploration.bft import BftPlan
from hyperion_conformance.exploration.bft_hunting import begun_from, most_rounds
from hyperion_conformance.exploration.bft_node import NodePlan
from hyperion_conformance.exploration.bft_stable import StablePlan
from hyperion_conformance.exploration.search import Search, begin, explore
from hyperion_conformance.workers import ALONE, Workers

PLAIN_EVERY: Final = 10.0
HIDDEN: Final = ("", "polkas", "endings")


def console_of() -> Console:
    """The console, a hundred columns wide where there is no terminal that says otherwise."""
    console = Console()
    return console if console.is_terminal else Console(width=100)


def searched(console: Console, search: Search[Any], limit: int, workers: Workers = ALONE) -> Search[Any]:
    """Explore until it is complete, finds a fault, or has more states than allowed; says now and then how far it is."""
    last = time.monotonic()

    def watch(search: Search[Any]) -> bool:
        nonlocal last
        if time.monotonic() - last >= PLAIN_EVERY:
            last = time.monotonic()
            console.print(f"{len(search.states):,} states so far, {search.expanded:,} expanded", highlight=False)
        return len(search.states) < limit

    return explore(search, workers, watch)


def told(console: Console, what: str, search: Search[Any], endless: bool) -> int:
    """Print the last line of a search. Gives the exit code."""
    found = search.statistics()
    verdict, code = ("holds", HOLDS) if search.is_complete else ("cut", INCONCLUSIVE)
    if search.fault is not None:
        console.print(f"[red]{escape(search.fault.what)}[/] after {len(search.fault.actors)} steps", highlight=False)
        verdict, code = "fault", TARGET_WRONG
    elif endless:
        verdict, code = "a run goes on for ever", TARGET_WRONG
    console.print(
        f"{what}: {found.states:,} states, {found.transitions:,} transitions, depth {found.depth}, "
        f"{found.seconds:.1f} s, {found.rate:,.0f} states/s: {verdict}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    return code


def command(
    honest: Annotated[int, typer.Option(min=1, max=9, help="Honest validators, each of weight 1.")] = 3,
    liar: Annotated[int, typer.Option(min=0, help="Weight of the liar.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, max=4, help="Rounds of the height.")] = 2,
    values: Annotated[int, typer.Option(min=1, max=4, help="Values that may be proposed.")] = 2,
    limit: Annotated[int, typer.Option(min=1, help="Stop after so many states.")] = 2_000_000,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Agreement, locks and polkas in every state that validators can reach, whatever the network and the liar do."""
    console = console_of()
    search = searched(console, begin(BftPlan(honest, liar, rounds, values)), limit, Workers(jobs))
    endless = 0
    if search.is_complete and search.fault is None:
        endless = len(liveness.fair_parts(search, honest))
        decided = search.statistics().finals
        console.print(f"runs that go on for ever: {endless}; states in which all have decided: {decided:,}")
    size = f"{honest} honest, liar {liar}, {rounds} rounds, {values} values"
    raise typer.Exit(told(console, f"explore bft: {size}", search, endless > 0))


def stable_command(
    rounds: Annotated[int, typer.Option(min=0, max=3, help="Rounds before stabilisation; 0 is none.")] = 2,
    values: Annotated[int, typer.Option(min=1, max=3, help="Values that may be proposed.")] = 2,
    every: Annotated[int, typer.Option(min=1, help="Begin in each so many-th of the states before.")] = 1,
    hide: Annotated[str, typer.Option(help="What validators do not send again: polkas or endings.")] = "",
    leading: Annotated[int, typer.Option(min=0, max=3, help="Honest validators that are ever leaders.")] = 3,
    fixed: Annotated[bool, typer.Option("--fixed", help="Leaders in the same order in each turn.")] = False,
    most: Annotated[int, typer.Option(min=1, help="With --count: rounds after which all must have decided.")] = 8,
    count: Annotated[bool, typer.Option(help="Tell states apart by rounds, and stop after --most of them.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Stop after so many states.")] = 2_000_000,
) -> None:
    """Whether all decide once the network is stable, whatever happened before and whatever one liar of four does."""
    console = console_of()
    if hide not in HIDDEN:
        console.print("[red]--hide is polkas or endings[/]")
        raise typer.Exit(USAGE)
    rows = BftPlan(rounds=max(rounds, 1), values=values)
    plan = StablePlan(rows, hide != "polkas", hide != "endings", leading, fixed, count, most)
    before = searched(console, begin(rows), limit) if rounds else begin(rows)
    if not before.is_complete and rounds:
        console.print("[red]the states before stabilisation are too many[/]")
        raise typer.Exit(INCONCLUSIVE)
    search = begun_from(plan, before.states[::every])
    begins = len(search.states)
    searched(console, search, limit)
    endless = False
    if search.is_complete and search.fault is None:
        found, lost = most_rounds(search), len(liveness.stranded(search))
        endless = found is None or lost > 0
        console.print(
            f"rounds for ever: {'yes' if found is None else f'no, at most {found} are entered before all decide'}; "
            f"states from which nobody can decide: {lost}", highlight=False, soft_wrap=True,
        )  # fmt: skip
    size = f"after {rounds} rounds of {len(before.states):,} states, every {every}, {begins:,} beginnings"
    raise typer.Exit(told(console, f"explore bft-stable: {size}", search, endless))


def node_command(
    rounds: Annotated[int, typer.Option(min=1, max=3, help="Rounds of which messages come.")] = 1,
    values: Annotated[int, typer.Option(min=1, max=3, help="Values that are voted for.")] = 1,
    limit: Annotated[int, typer.Option(min=1, help="Stop after so many states.")] = 1_000_000,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Whether each step of one validator, whatever three others send it, is a path of the rows that bft explores."""
    console = console_of()
    search = searched(console, begin(NodePlan(rounds, values)), limit, Workers(jobs))
    raise typer.Exit(told(console, f"explore bft-node: {rounds} rounds, {values} values", search, False))
