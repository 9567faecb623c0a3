"""``hyperion dispute mutants``: seeded mistakes of games, settlement and proofs, and what kills each of them."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hyperion_conformance.cli import HOLDS, TARGET_WRONG, USAGE
from hyperion_conformance.dispute.mutants.kills import PARTS, Kill, kills
from hyperion_conformance.registry import project_root
from hyperion_conformance.vectors.record import VectorError

WIDTH = 100


def line_of(kill: Kill) -> str:
    """A mutant in at most 100 columns: its name, and the case or else the test that kills it."""
    killer = kill.case or kill.test.rpartition(".")[2].replace(":test_", ": ").replace("_", " ")
    return f"{kill.mutant:<36} {killer}"[:WIDTH]


def mutants(
    folder: Annotated[Path | None, typer.Option(help="Released vectors; without it, those of this checkout.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="Only this part (may be repeated).")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Only this mutant (may be repeated).")] = None,
) -> None:
    """Put each seeded mistake into the model, and say which released case notices; else, which test does.

    Tests are named, not run: make test runs them, each with its mutant. Ends with 1 if a mutant of a part with
    vectors is noticed by neither.
    """
    console = Console(highlight=False, width=WIDTH)
    known = {one.name: one for one in PARTS}
    unknown = [wanted for wanted in part or () if wanted not in known]
    if unknown:
        typer.echo(f"hyperion dispute mutants: no part {unknown[0]!r}; there are {', '.join(known)}", err=True)
        raise typer.Exit(USAGE)
    chosen = [known[wanted] for wanted in part] if part else PARTS
    found: Counter[str] = Counter()
    try:
        for kill in kills(folder or project_root() / "conformance" / "vectors", chosen, name or ()):
            if found[kill.part] == 0:
                console.print(f"[bold]{kill.part}[/]")
            console.print(line_of(kill), soft_wrap=True)
            found[kill.part] += 1
            found["vectors" if kill.case else "tests" if kill.test else "nothing"] += 1
    except VectorError as error:
        typer.echo(f"hyperion dispute mutants: {error}", err=True)
        raise typer.Exit(USAGE) from None
    total = found["vectors"] + found["tests"] + found["nothing"]
    typer.echo(
        f"{total} mutants: {found['vectors']} killed by vectors, {found['tests']} by tests alone, "
        f"{found['nothing']} survive"
    )
    raise typer.Exit(TARGET_WRONG if found["nothing"] or not total else HOLDS)
