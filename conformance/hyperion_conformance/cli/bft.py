"""``hyperion bft``: finality beside the published specification, and networks of validators."""

import json
import resource
import time
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hyperion.sequencer.finality.votes import validators_of
from hyperion_conformance.bft import scenario
from hyperion_conformance.bft.itf import ItfError, trace_of
from hyperion_conformance.bft.leaves import NONE, survey
from hyperion_conformance.bft.network import (
    Delay,
    hiding,
    network_of,
    parted,
    prompt,
    run,
    stabilising,
    two_faced,
    world_of,
)
from hyperion_conformance.bft.picture import picture_of
from hyperion_conformance.bft.replay import Replayed, replay
from hyperion_conformance.bft.sources import SourceError, documents
from hyperion_conformance.cli import HOLDS, INCONCLUSIVE, TARGET_WRONG, USAGE
from hyperion_conformance.cli.bft_beside import beside_command
from hyperion_conformance.vectors.input import InputError

app = typer.Typer(help="Finality beside the published specification.", no_args_is_help=True, add_completion=False)
app.command("beside")(beside_command)

WIDTH = 100
STABLE = 20_000
"""Milliseconds until the network is stable."""


def console_of() -> Console:
    """The console, a hundred columns wide where there is no terminal that says otherwise."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


@app.command("replay")
def replay_command(
    places: Annotated[
        list[Path], typer.Argument(help="Traces (*.json), or folders and archives with some (tar, tar.xz, zip).")
    ],
) -> None:
    """Replay traces of the published specification: after every step the model's state must be the trace's.

    A trace of another specification is refused, and the others are replayed all the same.
    """
    console = console_of()
    began, results = time.process_time(), []
    try:
        for name, data in (found for place in places for found in documents(place)):
            results.append(replayed(name, data))
            if console.is_terminal:
                console.print(f"{len(results)} traces", end="\r", highlight=False)
    except SourceError as error:
        console.print(f"[red]{escape(str(error))}[/]", highlight=False, soft_wrap=True)
        raise typer.Exit(USAGE) from None
    if not results:
        console.print(f"[red]no *.json in {escape(', '.join(map(str, places)))}[/]", soft_wrap=True)
        raise typer.Exit(USAGE)
    console.print(table_of(results))
    wrong = [result for result in results if result.difference is not None]
    refused = [result for result in results if result.refusal is not None]
    for result in wrong:
        console.print(f"[red]{escape(result.name)}[/] {escape(str(result.difference))}", highlight=False)
    for result in refused:
        console.print(f"[yellow]{escape(result.name)}[/] refused: {escape(str(result.refusal))}", highlight=False)
    for name in sorted({name for result in results for name in result.unread}):
        number = sum(name in result.unread for result in results)
        console.print(f"not compared in {number} traces: {escape(name)}, no variable of the model", highlight=False)
    told = [result for result in results if result.kind not in {"empty", "refused"}]
    console.print(
        f"bft replay: {len(told) - len(wrong)} of {len(told)} traces equal, {sum(r.steps for r in told):,} steps, "
        f"{sum(r.acts for r in told):,} acts of the model, {len(results) - len(told) - len(refused)} traces without "
        f"variables, {len(refused)} refused, {time.process_time() - began:.1f} s",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    raise typer.Exit(TARGET_WRONG if wrong else USAGE if refused else HOLDS)


def replayed(name: str, data: bytes) -> Replayed:
    """How a document was replayed, or why it is no trace."""
    try:
        return replay(trace_of(name, data))
    except ItfError as error:
        return Replayed(name, "refused", 0, 0, None, str(error))


@app.command("leaves")
def leaves_command(
    places: Annotated[list[Path], typer.Argument(help="Traces, or folders and archives with some.")],
    number: Annotated[int, typer.Option(min=1, help="Leaves of each trace that are changed, chosen at random.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice.")] = 1,
) -> None:
    """Control of ``replay``: change one number, string or boolean of a state at a time; the replay must notice."""
    console, began, surveys, left_out = console_of(), time.process_time(), [], 0
    try:
        for name, data in (found for place in places for found in documents(place)):
            try:
                surveys.append(survey(name, data, number, Random(seed)))
            except ItfError:
                left_out += 1
    except SourceError as error:
        console.print(f"[red]{escape(str(error))}[/]", highlight=False, soft_wrap=True)
        raise typer.Exit(USAGE) from None
    changed = sum(each.changed for each in surveys)
    if not changed:
        console.print("[red]no trace with variables that is equal[/]")
        raise typer.Exit(USAGE)
    unnoticed = [found for each in surveys for found in each.unnoticed]
    for why in sorted({why for _, why in unnoticed}):
        places_of = [where for where, reason in unnoticed if reason == why]
        console.print(f"{len(places_of):6} not noticed: {why}\n       e.g. {escape(places_of[0])}", highlight=False)
    console.print(
        f"bft leaves: {changed - len(unnoticed):,} of {changed:,} changes noticed "
        f"({1 - len(unnoticed) / changed:.2%}), {sum(why == NONE for _, why in unnoticed)} without a reason, in "
        f"{len(surveys)} traces with {sum(each.leaves for each in surveys):,} leaves, of which "
        f"{sum(each.foreign for each in surveys):,} are of variables not compared; {left_out} traces without any, "
        f"or not equal, left out; {time.process_time() - began:.1f} s",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    raise typer.Exit(TARGET_WRONG if any(why == NONE for _, why in unnoticed) else HOLDS)


@app.command("run")
def run_command(
    paths: Annotated[list[Path] | None, typer.Argument(help="Scenarios; if none is named, the project's.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the one scenario that is named, as SVG.")] = None,
) -> None:
    """Play scenarios of several validators, and tell what is not as they say."""
    console, wrong = console_of(), 0
    if picture is not None and len(paths or ()) != 1:
        console.print("[red]--picture needs one scenario[/]")
        raise typer.Exit(USAGE)
    chosen = paths or sorted((Path(scenario.__file__).parent / "scenarios").glob("*.json"))
    for path in chosen:
        try:
            document = json.loads(path.read_bytes())
            _, failures = scenario.played(document)
            if picture is not None:
                picture.write_text(picture_of(document), encoding="utf-8")
        except (OSError, ValueError, InputError) as error:
            console.print(f"[red]{escape(str(path))}[/]: {escape(str(error))}", highlight=False)
            raise typer.Exit(USAGE) from None
        wrong += bool(failures)
        console.print(f"{'[red]differs' if failures else '[green]as said'}[/]  {escape(path.stem)}", highlight=False)
        for failure in failures:
            console.print(f"  {escape(failure)}", highlight=False)
    console.print(f"bft run: {len(chosen) - wrong} of {len(chosen)} scenarios as they say", highlight=False)
    raise typer.Exit(TARGET_WRONG if wrong else HOLDS)


@app.command("simulate")
def simulate_command(
    validators: Annotated[int, typer.Option(min=1, max=200, help="Validators of equal weight.")] = 21,
    heights: Annotated[int, typer.Option(min=1, help="Heights to decide.")] = 1_000,
    adversary: Annotated[str, typer.Option(help="prompt, lossy, parted or hiding, until 20 seconds.")] = "prompt",
    liars: Annotated[int, typer.Option(min=0, help="How many of them tell everybody something else.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the random choices.")] = 1,
    check: Annotated[bool, typer.Option(help="Check the invariants after every step.")] = False,
) -> None:
    """Run a network of validators until all honest ones have decided all heights; time is simulated."""
    console = console_of()
    names = [b"v%03d" % number for number in range(validators)]
    halves = (frozenset(names[: validators // 2]), frozenset(names[validators // 2 :]))
    delays: dict[str, Delay] = {
        "prompt": prompt, "lossy": stabilising(STABLE), "parted": parted(STABLE, halves), "hiding": hiding(STABLE),
    }  # fmt: skip
    if adversary not in delays or liars >= validators:
        console.print("[red]an adversary is prompt, lossy, parted or hiding; not all validators can lie[/]")
        raise typer.Exit(USAGE)
    world = world_of(
        validators_of(dict.fromkeys(names, 1)), delays[adversary], heights=heights, checks=check,
        liars=dict.fromkeys(names[validators - liars:], two_faced),
    )  # fmt: skip
    network, began = network_of(world, seed), time.process_time()
    decided = run(network, STABLE + heights * 120_000)
    seconds = time.process_time() - began
    for fault in network.faults[:10]:
        console.print(f"[red]{escape(fault)}[/]", highlight=False)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    console.print(
        f"bft simulate: {validators} validators, {liars} liars, {adversary}, {heights} heights: "
        f"{'decided' if decided else 'not decided'} after {network.now / 1000:,.1f} simulated s, "
        f"highest round {max(network.rounds.values(), default=-1)}, {network.steps:,} transitions, {seconds:.1f} s, "
        f"{network.steps / max(seconds, 1e-9):,.0f} transitions/s, {memory} MB",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    raise typer.Exit(TARGET_WRONG if network.faults else HOLDS if decided else INCONCLUSIVE)


def table_of(results: list[Replayed]) -> Table:
    """Figures by what the traces are of."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("traces of", "number", "steps", "acts", "different"):
        table.add_column(name, justify="left" if name == "traces of" else "right")
    for kind in sorted({result.kind for result in results}):
        these = [result for result in results if result.kind == kind]
        table.add_row(
            kind, str(len(these)), f"{sum(r.steps for r in these):,}", f"{sum(r.acts for r in these):,}",
            str(sum(r.difference is not None for r in these)),
        )  # fmt: skip
    return table
