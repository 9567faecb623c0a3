"""``hyperion bft beside``: random sessions of the model and of a foreign validator, event by event."""

import time
from collections import Counter
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hyperion_conformance.bft.beside import DEGREES, Beside, Degree, Unanswered, beside, random_session
from hyperion_conformance.cli import ADAPTER_BROKE, HOLDS, INCONCLUSIVE, TARGET_WRONG, USAGE
from hyperion_conformance.harness import Adapter
from hyperion_conformance.harness.channel import CannotStart
from hyperion_conformance.vectors.clients import UnknownClient, client

WIDTH = 100
SHOWN = 12


def beside_command(
    peer: Annotated[str, typer.Argument(help="A client by its name, such as malachite, or a command.")],
    sessions: Annotated[int, typer.Option(min=1, help="Random sessions.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Of the random sessions.")] = 1,
    certificates: Annotated[bool, typer.Option(help="Whether certificates are among the events.")] = True,
    liars: Annotated[bool, typer.Option(help="Whether a leader may propose more than once a round.")] = True,
    restarts: Annotated[bool, typer.Option(help="Whether the validator restarts on the way and at the end.")] = False,
) -> None:
    """Random sessions of one validator, of the model and of another implementation: where do they part?"""
    console = Console()
    console = console if console.is_terminal else Console(width=WIDTH)
    try:
        adapter = Adapter(client(peer))
    except UnknownClient as error:
        console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(USAGE) from None
    began, found = time.monotonic(), list[Beside]()
    try:
        for index in range(sessions):
            found.append(beside(adapter, random_session(seed, index, certificates, liars, restarts)))
            if console.is_terminal:
                console.print(f"{index + 1} sessions", end="\r", highlight=False)
    except (Unanswered, CannotStart) as error:
        console.print(f"[magenta]session {len(found)} of seed {seed}: {escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(ADAPTER_BROKE) from None
    finally:
        adapter.close()
    console.print(partings(found))
    declined = Counter(each.declined for each in found if each.declined)
    for why, number in declined.most_common():
        console.print(f"declined in {number} sessions: {escape(why)}", highlight=False)
    told = Counter(each.worst for each in found)
    totals = sum((each.degrees for each in found), Counter[Degree]())
    console.print(f"events: {totals.total():,}, {shares(totals)}; {time.monotonic() - began:.0f} s", highlight=False)
    console.print(f"bft beside: {len(found):,} sessions: {shares(told)}", highlight=False)
    raise typer.Exit(TARGET_WRONG if told["parted"] else HOLDS if totals.total() else INCONCLUSIVE)


def shares(counted: Counter[Degree]) -> str:
    """How many were equal, and how many each worse degree."""
    return ", ".join(f"{counted[degree]:,} {degree}" for degree in DEGREES)


def partings(found: list[Beside]) -> Table:
    """In what they parted, the most frequent first, with a session of each kind."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for name in ("sessions", "e.g.", "event", "the model alone", "the other alone", "state"):
        table.add_column(name, justify="right" if name in {"sessions", "e.g."} else "left")
    counted = Counter(each.parting for each in found if each.parting is not None)
    for parting, number in counted.most_common(SHOWN):
        first = next(index for index, each in enumerate(found) if each.parting == parting)
        alone = (", ".join(parting.lacks), ", ".join(parting.adds), ", ".join(parting.state))
        table.add_row(str(number), str(first), parting.event, *alone)
    return table
