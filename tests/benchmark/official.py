"""Official state tests on the model and on EELS, the same cases in turn: how much faster is the model in all?

Timed on both sides, in CPU seconds: a transaction that is already decoded is validated (its sender recovered), executed
and settled, and the state root and the hash of the logs are computed. Not timed: reading JSON, making state and block.
Each case runs once on each side, as in a test run. A side that does not give the root and the logs that the case
states is named, and the exit code is 1. Run it as
``python -m tests.benchmark.official --fixtures DIR``.
"""

import json
import lzma
import sys
from collections import defaultdict
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import attrs
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hyperion_conformance.fixtures.source import Case, Kind, cases_under
from tests.benchmark.engines import MODEL, Disagreement, Engine

BAR: Final = 4.0
"""How much faster than EELS the model has to be on all cases together."""
SETS: Final = ("state_cancun.jsonl.xz", "state_prague.jsonl.xz", "state_osaka.jsonl.xz")
EELS: Final = "EELS"

console = Console()


@attrs.frozen
class Timed:
    """A case, and the seconds that it took."""

    id: str
    fork: str
    folder: str
    seconds: dict[str, float]
    wrong: tuple[str, ...] = ()
    """Engines that did not give the root and logs that the case states."""

    @property
    def ratio(self) -> float:
        """How much longer EELS took."""
        return self.seconds[EELS] / self.seconds[MODEL]


def sample(folder: Path, every: int, slow: float) -> tuple[list[Case], int]:
    """Every ``every``-th state test, in the order of the files, so that each topic has its share; and how many are left
    out since EELS is known to take more than ``slow`` seconds for them.
    """
    known = known_seconds(folder / "eels_seconds.tsv.xz")
    chosen: list[Case] = []
    left_out = 0
    for name in SETS:
        for case in islice(cases_under(folder / name), 0, None, every):
            if case.kind is Kind.STATE:
                if known.get((case.id, case.fork), 0.0) > slow:
                    left_out += 1
                else:
                    chosen.append(case)
    return chosen, left_out


def known_seconds(table: Path) -> dict[tuple[str, str], float]:
    """Seconds that EELS takes, by case and fork; nothing where no table is."""
    if not table.exists():
        return {}
    with lzma.open(table, "rt") as lines:
        next(lines)
        rows = (line.rstrip("\n").split("\t") for line in lines)
        return {(id, fork): float(seconds) for id, fork, _, seconds in rows}


def measure(case: Case, engines: list[Engine]) -> Timed:
    """Run ``case`` on each engine, in the order given."""
    test = json.loads(case.raw)
    expected = test["post"][case.fork][case.index]
    request = {"load": {"test": case.raw.decode(), "fork": case.fork, "index": case.index}}
    seconds: dict[str, float] = {}
    wrong: list[str] = []
    for engine in engines:
        engine.ask(request)
        answer = engine.ask({"run": True})
        if (f"0x{answer['root']}", f"0x{answer['logs']}") != (expected["hash"], expected["logs"]):
            wrong.append(engine.name)
        seconds[engine.name] = answer["seconds"]
    return Timed(case.id, case.fork, case.folder, seconds, tuple(wrong))


def table_of(results: list[Timed]) -> Table:
    """By fork and topic: cases, seconds, and ratios."""
    table = Table(title="official state tests", box=None)
    for heading in ("fork", "topic"):
        table.add_column(heading, style="cyan", no_wrap=True)
    for heading in ("cases", f"{MODEL} s", "EELS s", "× in all", "× median"):
        table.add_column(heading, justify="right", no_wrap=True)
    groups: dict[tuple[str, str], list[Timed]] = defaultdict(list)
    for result in results:
        groups[result.fork, result.folder].append(result)
    for (fork, folder), members in sorted(groups.items()):
        table.add_row(fork, folder, *row_of(members))
    table.add_section()
    table.add_row("all", "", *row_of(results), style="bold")
    return table


def row_of(results: list[Timed]) -> list[str]:
    """Cases, seconds and ratios of some results."""
    ours, theirs = (sum(result.seconds[name] for result in results) for name in (MODEL, EELS))
    ratios = median(result.ratio for result in results)
    return [f"{len(results):,}", f"{ours:.2f}", f"{theirs:.2f}", f"{theirs / ours:.1f}", f"{ratios:.1f}"]


def main(
    fixtures: Annotated[Path, typer.Option(help="folder of official cases, with evm/state_*.jsonl.xz")],
    every: Annotated[int, typer.Option(min=1, help="take every n-th case")] = 40,
    slow: Annotated[float, typer.Option(help="leave out cases for which EELS is known to need more seconds")] = 5.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="write each case's figures here too")] = None,
    check: Annotated[bool, typer.Option(help="exit with 1 if the model misses the bar")] = False,
) -> None:
    """Measure the model against EELS on official state tests."""
    folder = fixtures / "evm" if (fixtures / "evm").is_dir() else fixtures
    cases, left_out = sample(folder, every, slow)
    engines = [Engine(MODEL, "model_state"), Engine(EELS, "eels_state")]
    try:
        for engine in engines:  # what is imported when a fork is first used belongs to no case
            for fork in {case.fork: case for case in cases}.values():
                measure(fork, [engine])
        with Progress(console=console, transient=True) as progress:
            results = [
                measure(case, engines if turn % 2 else engines[::-1])
                for turn, case in enumerate(progress.track(cases, description="measuring"))
            ]
    finally:
        for engine in engines:
            engine.close()
    wrong = [result for result in results if result.wrong]
    for result in wrong:
        console.print(f"[red]wrong[/]: {', '.join(result.wrong)} at {result.id}", soft_wrap=True, highlight=False)
    console.print(table_of(results))
    ratio = sum(result.seconds[EELS] for result in results) / sum(result.seconds[MODEL] for result in results)
    held = "held" if ratio >= BAR else "MISSED"
    slowest = min(results, key=lambda result: result.ratio)
    console.print(f"every {every}th case; {left_out} left out, for which EELS needs more than {slow:g} s")
    console.print(f"least ratio: {slowest.ratio:.2f} × at {slowest.id}", soft_wrap=True)
    console.print(f"bar ({BAR:g} × EELS in all): {held}, {ratio:.1f} ×")
    if json_file is not None:
        json_file.write_text(json.dumps([attrs.asdict(result) for result in results], indent=1) + "\n")
    if wrong or (check and ratio < BAR):
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except Disagreement as error:
        console.print(f"[red]disagreement[/]: {error}")
        sys.exit(1)
