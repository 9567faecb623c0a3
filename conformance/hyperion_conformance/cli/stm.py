"""``hyperion stm``: engines of Block-STM held against the model, and which mutant is killed by what."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from hyperion_conformance import stm as stm_package
from hyperion_conformance.cli import ADAPTER_BROKE, HOLDS, INCONCLUSIVE, TARGET_WRONG, USAGE, stm_profile
from hyperion_conformance.cli.explore import table_of
from hyperion_conformance.exploration.mutants import UNSOUND
from hyperion_conformance.harness import parse_address
from hyperion_conformance.harness.address import BadAddress
from hyperion_conformance.harness.channel import CannotStart
from hyperion_conformance.stm.check import LEVELS, Share, Task, checked
from hyperion_conformance.stm.kills import FILE, encoded, hunted, kills
from hyperion_conformance.stm.table import Row, rows
from hyperion_conformance.workers import ClusterError, Workers, over

app = typer.Typer(
    help="Hold engines of Block-STM against the model.", no_args_is_help=True, add_completion=False
)
stm_profile.register(app)

HEADS: Final = ("mutant", "of", "invariant", "wrong end", "vectors", "control of")
SHOWN: Final = 10
"""Faults that are shown of a check."""


def numbers(option: str, text: str) -> tuple[int, ...]:
    """The numbers of a list with commas. Refused with the exit code of usage: anything else."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and 0 < int(part) <= 64 for part in parts):
        typer.echo(f"hyperion stm: {option} {text!r} is no list like 1,2,4 of numbers up to 64", err=True)
        raise typer.Exit(USAGE)
    return tuple(map(int, parts))


@app.command(context_settings={"ignore_unknown_options": True})
def check(
    adapter: Annotated[list[str], typer.Argument(metavar="-- ADAPTER...", help="Its command, or tcp:HOST:PORT.")],
    levels: Annotated[str, typer.Option(help="Which levels; without it, all that the adapter offers.")] = "",
    threads: Annotated[str, typer.Option(help="Numbers of threads.")] = "1,2,4",
    seeds: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many seeds, from --first on.")] = 3,
    first: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    txs: Annotated[str, typer.Option(help="Transactions of the blocks.")] = "2,4,16",
    patience: Annotated[float, typer.Option(min=0.1, help="Seconds until silence is a hang.")] = 10.0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes, each with its own adapter.")] = 1,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler instead.")] = None,
) -> None:
    """Check an engine: L0 results, L1 certificates, L2 logs, L3 access by access.

    Ends with 0 if all holds, 1 if the engine is wrong or hangs, 2 for wrong usage, 3 if the adapter broke, 4 if it
    offers none of the levels.
    """
    wanted = tuple(levels.split(",")) if levels else LEVELS
    if not set(wanted) <= set(LEVELS):
        typer.echo(f"hyperion stm check: --levels {levels!r}; there are {', '.join(LEVELS)}", err=True)
        raise typer.Exit(USAGE)
    try:
        address = parse_address(adapter)
    except BadAddress as error:
        typer.echo(f"hyperion stm check: {error}", err=True)
        raise typer.Exit(USAGE) from None
    sizes = numbers("--txs", txs)
    tasks = [
        Task(address, wanted, sizes, count, seed, patience)
        for seed in range(first, first + seeds) for count in numbers("--threads", threads)
    ]  # fmt: skip
    try:
        shares = watched(Console(), tasks, Workers(jobs, cluster))
    except (CannotStart, ClusterError) as error:
        typer.echo(f"hyperion stm check: {error}", err=True)
        raise typer.Exit(USAGE) from None
    raise typer.Exit(concluded(Console(), shares))


def watched(console: Console, tasks: list[Task], hands: Workers) -> list[Share]:
    """All shares, with a line for every tenth of them."""
    shares = []
    step = max(1, len(tasks) // 10)
    for place, share in enumerate(over(hands, checked, tasks, 1), 1):
        shares.append(share)
        if place % step == 0:
            found = sum(len(one.found) for one in shares)
            console.print(f"  {place} of {len(tasks)} shares, {found} faults", highlight=False)
    return shares


def concluded(console: Console, shares: list[Share]) -> int:
    """Show what was found. Gives the exit code."""
    asked: Counter[str] = Counter()
    for share in shares:
        asked.update(share.asked)
    found = [finding for share in shares for finding in share.found]
    broken = [share.broken for share in shares if share.broken]
    absent = sorted({level for share in shares for level in share.absent})
    for finding in found[:SHOWN]:
        console.print(f"[red]{escape(str(finding))}[/]", highlight=False)
    if len(found) > SHOWN:
        console.print(f"  and {len(found) - SHOWN} more", highlight=False)
    for text in broken[:3]:
        console.print(f"[yellow]broken off: {escape(text)}[/]", highlight=False)
    by_level = Counter(finding.level for finding in found)
    runs = ", ".join(f"{level} {asked[level]:,} asked {by_level[level]} wrong" for level in LEVELS if asked[level])
    missing = f"; not offered: {', '.join(absent)}" if absent else ""
    verdict = "wrong" if found else "adapter broke" if broken else "holds" if runs else "nothing could be asked"
    console.print(f"stm check: {verdict}: {runs or 'no runs'}{missing}", highlight=False, soft_wrap=True)
    if found:
        return TARGET_WRONG
    return ADAPTER_BROKE if broken else HOLDS if runs else INCONCLUSIVE


@app.command()
def mutants(
    hunt: Annotated[bool, typer.Option("--hunt", help="Search for the schedules anew, and keep them.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Show for each mutant of scheduler, memory and EVM part what kills it, and that what is no mistake lives.

    Every kill is made again: the schedule is run by the variant, the block by its rules. Ends with 0 if every mutant is
    killed and no sound variant is, with 1 if not.
    """
    console = Console()
    if hunt:
        names = [variant.name for variant in UNSOUND]
        found = [kill for both in over(Workers(jobs), hunted, names, 1) for kill in both]
        kept = Path(stm_package.__file__).with_name(FILE)
        kept.write_text(encoded(found), "utf-8")
        console.print(f"kept {len(found)} schedules in {kept.name}", highlight=False)
        kills.cache_clear()
    table = list(rows())
    console.print(table_of([row.cells for row in table], HEADS, len(HEADS)))
    raise typer.Exit(judged(console, table))


def judged(console: Console, table: list[Row]) -> int:
    """The last line of the table. Gives the exit code."""
    wrong = [row.name for row in table if not row.as_expected]
    unsound = [row for row in table if not row.sound]
    killed = sum(row.as_expected for row in unsound)
    tail = f"; unexpected: {', '.join(wrong)}" if wrong else ""
    live = len(table) - len(unsound)
    line = f"stm mutants: {killed} of {len(unsound)} mutants killed, {live} sound variants live{tail}"
    console.print(line, highlight=False, soft_wrap=True)
    return TARGET_WRONG if wrong else HOLDS
