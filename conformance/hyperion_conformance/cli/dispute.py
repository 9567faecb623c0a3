"""``hyperion dispute``: disputes about real blocks played to their end, and the gallery of attacks."""

import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hyperion.settlement.finality.parameters import DEFAULT
from hyperion_conformance.cli import HOLDS, INCONCLUSIVE, TARGET_WRONG, USAGE
from hyperion_conformance.cli.dispute_mutants import mutants
from hyperion_conformance.dispute import descent, gallery
from hyperion_conformance.dispute.execution import Execution, NoFault, Task, executed, spoiling
from hyperion_conformance.dispute.fixture_block import block_case, fixture_block, is_as_stated
from hyperion_conformance.dispute.lies import BETWEEN, OUTPUT, told_of
from hyperion_conformance.dispute.match import ALICE, EVE, NAMES, Match, Undecided, first_of, played
from hyperion_conformance.dispute.official import prove_blocks, summed
from hyperion_conformance.dispute.token_block import WITHDRAWAL, Withdrawal, token_block
from hyperion_conformance.fixtures.source import FixtureError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Play disputes: one about a real block, or the gallery of attacks."
)
app.command("mutants")(mutants)

DAY: Final = 86_400
ACCEPT: Final = "accept"
KINDS: Final = (
    f"What is false once: the result of an instruction, by its name; a lie between runs: {', '.join(BETWEEN)} or "
    f"{OUTPUT}; 'between' for one of these; 'any' for whatever."
)


def task_of(fixtures: Path | None, case: str, block: int, fault: str) -> tuple[Task, bytes | None]:
    """The block to dispute about, and the hash that its source states. Exits with 2 if there is none.

    Who accepts what may not be in a block needs one that has such a thing.
    """
    if fixtures is None:
        return token_block(invalid=fault == ACCEPT), None
    try:
        return fixture_block(fixtures, block_case(fixtures, case), block)
    except FixtureError as error:
        typer.echo(f"hyperion dispute play: {error}", err=True)
        raise typer.Exit(USAGE) from None


@app.command()
def play(
    fault: Annotated[str, typer.Option(help=KINDS)] = "any",
    seed: Annotated[int, typer.Option(help="Which step of the block.")] = 0,
    fixtures: Annotated[
        Path | None, typer.Option(help="Official block tests; without it, a block of token transfers.")
    ] = None,
    case: Annotated[str, typer.Option(metavar="REGEX", help="Which test: the first whose id matches.")] = "",
    block: Annotated[int, typer.Option(min=1, help="Which block of the test.")] = 1,
    svg: Annotated[Path | None, typer.Option(help="Write a picture of the descent here.")] = None,
    every_move: Annotated[bool, typer.Option("--moves", help="Print every move.")] = False,
    repeat: Annotated[int, typer.Option(min=1, help="So many disputes, each with the next seed, a line for each.")] = 1,
) -> None:
    """Let a faulty executor assert a false outcome of a block, and play the dispute to the paid withdrawal.

    Ends with 0 if the truth wins, 1 if not, 2 for wrong usage, 4 if no false result changes the outcome.
    """
    console = Console(highlight=False)
    task, stated = task_of(fixtures, case, block, fault)
    truth = executed(task)
    if stated is not None and not is_as_stated(truth, stated):
        console.print(f"dispute play: {escape(task.name)}: the model does not give the stated block")
        raise typer.Exit(TARGET_WRONG)
    console.print(f"{escape(task.name)}: {truth.runs} runs, {len(truth.points):,} points")
    withdrawal = WITHDRAWAL if fixtures is None and fault != ACCEPT else None
    for each in range(seed, seed + repeat):
        began = time.monotonic()
        match, name = one(console, task, truth, fault, each, withdrawal)
        lie = match.ground.lie
        told = f"{told_of(name)} at point {lie.fault:,} of {len(truth.points):,}"
        if repeat == 1:
            console.print(f"{told}; asserted: block {lie.places[-1].number} is {lie.ended.standing.name.lower()}")
            show(console, match, every_move)
        if svg is not None:
            svg.write_text(descent.picture(match, told), encoding="utf-8")
        console.print(account(match, name, lie.fault, time.monotonic() - began), soft_wrap=repeat == 1)
    if repeat > 1:
        console.print(f"dispute play: the truth wins {repeat:,} of {repeat:,} disputes")
    raise typer.Exit(HOLDS)


def one(
    console: Console, task: Task, truth: Execution, fault: str, seed: int, withdrawal: Withdrawal | None
) -> tuple[Match, str]:
    """A dispute that the truth wins, and the instruction that was false. Exits with 1 or 4 where there is none."""
    try:
        lie, name = spoiling(task, truth, fault, seed)
        return played(task, truth, lie, DEFAULT, withdrawal), name
    except NoFault as error:
        console.print(f"dispute play: {error}")
        raise typer.Exit(INCONCLUSIVE) from None
    except Undecided as error:
        console.print(f"[red]dispute play: the truth has not won[/]: seed {seed}: {escape(str(error))}")
        raise typer.Exit(TARGET_WRONG) from None


@app.command("points")
def prove_points(
    fixtures: Annotated[Path, typer.Option(help="Official block tests.")],
    blocks: Annotated[int, typer.Option(min=1, help="So many blocks with two transactions or more.")] = 100,
    case: Annotated[str, typer.Option(help="Only of tests whose id has this in it.")] = "",
    seed: Annotated[int, typer.Option(help="Which blocks: every one has the same chance.")] = 0,
) -> None:
    """Prove every point of official blocks, from the output before to the output after, whole and in micro steps.

    Ends with 0 if all hold, 1 if one does not, 2 for wrong usage, 4 if there is no such block.
    """
    console = Console(highlight=False)
    try:
        done = list(prove_blocks(fixtures, blocks, case, seed))
    except FixtureError as error:
        typer.echo(f"hyperion dispute points: {error}", err=True)
        raise typer.Exit(USAGE) from None
    proved = [each for each in done if each is not None]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("at", no_wrap=True)
    for name in ("points", "bytes", "bytes of a micro step", "micro steps"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind, seen in sorted(summed(proved).items()):
        micro = ("-", "-") if kind == "machine" else (f"{seen.micro:,}", f"{seen.micro_steps:,}")
        table.add_row(kind, f"{seen.points:,}", f"{seen.whole:,}", *micro)
    console.print(table)
    failed = [each for each in proved if each.mismatch is not None]
    for each in failed:
        console.print(f"[red]{escape(each.name)}: {escape(each.mismatch or '')}[/]")
    points, sent = sum(seen.points for seen in summed(proved).values()), sum(each.transactions for each in proved)
    console.print(
        f"dispute points: {len(proved):,} blocks, {sum(each.valid for each in proved):,} of them valid, {sent:,} "
        f"transactions, {points:,} points: {len(failed):,} fail; {len(done) - len(proved):,} too long", soft_wrap=True
    )
    raise typer.Exit(TARGET_WRONG if failed else HOLDS if proved else INCONCLUSIVE)


def move_table(match: Match) -> Table:
    """Every accepted move."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("second", "who", "move", "level", "steps", "bytes", "ms"):
        table.add_column(name, justify="right" if name in ("second", "level", "bytes", "ms") else "left", no_wrap=True)
    first = first_of(match, "Propose")
    for move in match.moves:
        edge = move.edge
        place = ("", "") if edge is None else (str(edge.level), f"{edge.start_height:,}–{edge.end_height:,}")
        table.add_row(
            f"{move.at.time - first:,}", NAMES[move.who], move.name, *place, f"{move.posted:,}",
            f"{1000 * move.seconds:.2f}",
        )  # fmt: skip
    return table


def show(console: Console, match: Match, every_move: bool) -> None:
    """What each kind of move took, and when what was reached."""
    if every_move:
        console.print(move_table(match))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("move", no_wrap=True)
    for name in ("watcher", "liar", "bytes", "most", "ms", "most ms"):
        table.add_column(name, justify="right", no_wrap=True)
    names = list(dict.fromkeys(move.name for move in match.moves))
    for name in names:
        those = [move for move in match.moves if move.name == name]
        who = Counter(move.who for move in those)
        sizes, times = [move.posted for move in those], [1000 * move.seconds for move in those]
        table.add_row(
            name, f"{who[ALICE]:,}", f"{who[EVE]:,}", f"{sum(sizes):,}", f"{max(sizes):,}", f"{sum(times):.1f}",
            f"{max(times):.2f}",
        )  # fmt: skip
    console.print(table)
    first = first_of(match, "Propose")
    for name in ("ConfirmByOneStepProof", "Decide", "Finalize", "Pay"):
        at = next((move.at.time for move in match.moves if move.name == name), None)
        if at is not None:
            console.print(f"{MILESTONES[name]}: {at - first:,} s ({(at - first) / DAY:.2f} days) after the assertion")


MILESTONES: Final = {
    "ConfirmByOneStepProof": "the step is proved",
    "Decide": "the contest is decided",
    "Finalize": "the true assertion is final",
    "Pay": "the withdrawal is paid",
}


def account(match: Match, name: str, fault: int | None, seconds: float) -> str:
    """The line to copy."""
    rounds = sum(each.cut is not None for each in descent.rounds_of(match))
    mine = [move for move in match.moves if move.who == ALICE]
    return (
        f"dispute play: the truth wins against '{told_of(name)}' at point {fault}: {rounds} rounds, {len(mine)} honest "
        f"moves of {sum(move.posted for move in mine):,} bytes, {sum(move.seconds for move in mine):.2f} s of work; "
        f"{match.now.time - first_of(match, 'Propose'):,} s of the L1; {seconds:.1f} s in all"
    )


@app.command("gallery")
def show_gallery(
    folder: Annotated[Path, typer.Argument(help="Where the pictures go, one a game.")],
    attack: Annotated[list[str] | None, typer.Option(help="Only these.")] = None,
    seed: Annotated[int, typer.Option(help="What varies the attacks.")] = gallery.SEED,
) -> None:
    """Play the game against every adversary of the gallery, over an abstract machine; write a picture of each.

    Ends with 0 if the truth wins every game in time, 1 if not, 2 for wrong usage.
    """
    console = Console(highlight=False)
    names = attack or list(gallery.GALLERY)
    unknown = [name for name in names if name not in gallery.GALLERY]
    if unknown:
        typer.echo(f"hyperion dispute gallery: no attack named {', '.join(unknown)}", err=True)
        raise typer.Exit(USAGE)
    folder.mkdir(parents=True, exist_ok=True)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("attack", no_wrap=True)
    for title in ("edges", "decided", "T + late", "lost", "refused"):
        table.add_column(title, justify="right", no_wrap=True)
    for name in names:
        try:
            game = gallery.played(name, seed=seed)
        except (AssertionError, gallery.NotWon) as error:
            console.print(f"[red]dispute gallery: {escape(name)}: {escape(str(error))}[/]")
            raise typer.Exit(TARGET_WRONG) from None
        (folder / f"{name}.svg").write_text(gallery.picture(game), encoding="utf-8")
        arena = game.arena
        table.add_row(
            name, f"{len(arena.game.edges):,}", f"{game.late} s", f"{arena.game.parameters.longest} s",
            f"{game.lost:,} wei", f"{sum(arena.refused.values()):,}",
        )  # fmt: skip
    console.print(table)
    console.print(f"dispute gallery: the truth wins {len(names)} games; pictures in {folder}", soft_wrap=True)
    raise typer.Exit(HOLDS)
