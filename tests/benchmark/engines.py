"""The same bytecode on the model and on other EVMs, interleaved in one run: medians and ratios.

Each engine lives in a process of its own and times itself in CPU seconds, so a busy machine slows all alike; the rounds
go around the engines, so a change of the machine's pace meets all of them. All must use the same gas, or nothing is
printed. Run it as ``python -m tests.benchmark.engines``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final, TypeAlias

import attrs
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.benchmark.programs import Program, programs

PROJECT: Final = Path(__file__).resolve().parents[2]
MODEL: Final = "hyperion"
STAGED: Final = "staged"
OURS: Final = (MODEL, STAGED)
MODULES: Final = {MODEL: "model", STAGED: "staged", "EELS": "eels", "py-evm": "pyevm", "revm": "revm"}
"""Engines, in the order of the columns, with the modules of their workers."""

BARS: Final = {"EELS": 6.0, "py-evm": 1.3}
"""How much faster than these the model has to be on ``BARRED``."""
BARRED: Final = ("arithmetic", "storage", "memory")
STAGED_BARS: Final = {
    "arithmetic": {"EELS": 100.0, "py-evm": 20.0},
    "storage": {"EELS": 100.0, "py-evm": 20.0},
    "collatz": {"EELS": 60.0},
    "sort": {"EELS": 60.0},
}
"""How much faster than these the staged executor has to be, by program."""

Json: TypeAlias = dict[str, Any]
console = Console(width=None if sys.stdout.isatty() else 110)


class Disagreement(Exception):
    """Engines that do not end alike cannot be compared."""


def peers_python() -> str:
    """The interpreter of the environment in which the foreign engines are installed."""
    return os.environ.get("PEERS_PYTHON") or str(PROJECT / ".peers" / "python" / "bin" / "python")


class Engine:
    """A worker process; it waits while others run."""

    def __init__(self, name: str, module: str | None = None) -> None:
        self.name = name
        interpreter = sys.executable if name in OURS else peers_python()
        path = os.pathsep.join(str(PROJECT / folder) for folder in ("reference", "conformance", "."))
        environment = {**os.environ, "PYTHONPATH": path if name in OURS else str(PROJECT)}
        self.process = subprocess.Popen(
            [interpreter, "-m", f"tests.benchmark.workers.{module or MODULES[name]}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=environment,
        )  # fmt: skip

    def ask(self, request: Json) -> Json:
        """The answer to ``request``."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Disagreement(f"{self.name} ended without an answer (exit code {self.process.wait()})")
        answer: Json = json.loads(line)
        return answer

    def close(self) -> None:
        """Let the worker end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@attrs.frozen
class Measured:
    """What a program took on each engine."""

    program: str
    what: str
    gas: int
    instructions: int
    seconds: dict[str, float]
    """Median CPU seconds by engine."""
    spread: dict[str, float]
    """Slowest by fastest run, by engine."""
    first: float = 0.0
    """CPU seconds of the staged executor's first run, with an empty cache."""
    cold: float = 0.0
    """CPU seconds for making the blocks that it has in the end."""
    traced: int = 0
    """Instructions in its blocks."""

    def ratio(self, engine: str, ours: str = MODEL) -> float:
        """How much longer ``engine`` takes than the model, or than the staged executor."""
        return self.seconds[engine] / self.seconds[ours]

    @property
    def missed(self) -> list[str]:
        """The bars that the model or its staged executor misses on this program."""
        bars = {MODEL: BARS if self.program in BARRED else {}, STAGED: STAGED_BARS.get(self.program, {})}
        return [
            f"{self.program}: {ours} {self.ratio(engine, ours):.2f} × {engine}, not {bar}"
            for ours in OURS
            for engine, bar in bars[ours].items()
            if ours in self.seconds and engine in self.seconds and self.ratio(engine, ours) < bar
        ]


def measure(program: Program, engines: list[Engine], repeats: int) -> Measured:
    """Run ``program`` ``repeats`` times on each engine, in rounds, each round beginning with another one."""
    for engine in engines:
        engine.ask({"load": program})
    answers: dict[str, list[Json]] = {engine.name: [] for engine in engines}
    for turn in range(repeats):
        first = turn % len(engines)
        for engine in engines[first:] + engines[:first]:
            answers[engine.name].append(engine.ask({"run": True}))
    gas = {name: {answer["gas"] for answer in given} for name, given in answers.items()}
    if len(set().union(*gas.values())) != 1:
        raise Disagreement(f"{program['name']}: gas used differs: {gas}")
    if not all(answer["succeeds"] for given in answers.values() for answer in given):
        raise Disagreement(f"{program['name']}: does not succeed everywhere")
    seconds = {name: [answer["seconds"] for answer in given] for name, given in answers.items()}
    return Measured(
        program["name"],
        program["what"],
        answers[engines[0].name][0]["gas"],
        next((given[0]["instructions"] for given in answers.values() if "instructions" in given[0]), 0),
        {name: median(times) for name, times in seconds.items()},
        {name: max(times) / min(times) for name, times in seconds.items()},
        *((answers[STAGED][0][what] for what in ("first", "cold", "traced")) if STAGED in answers else ()),
    )


def short(ratio: float) -> str:
    """A ratio with two digits that mean something."""
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2g}"


def table_of(results: list[Measured], versions: dict[str, str]) -> Table:
    """Thousands of instructions a second, and how much slower the others are."""
    table = Table(title="thousand instructions a second; × how much faster the model is", box=None)
    table.add_column("program", style="cyan", no_wrap=True)
    table.add_column("gas", justify="right", no_wrap=True)
    for name, version in versions.items():
        table.add_column(f"{name}\n{version}", justify="right", no_wrap=True)
    for name in versions:
        if name != MODEL:
            table.add_column(f"×\n{name}", justify="right", style="bold", no_wrap=True)
    for result in results:
        speeds = [f"{result.instructions / result.seconds[name] / 1e3:,.0f}" for name in versions]
        ratios = [short(result.ratio(name)) for name in versions if name != MODEL]
        table.add_row(result.program, f"{result.gas:,}", *speeds, *ratios)
    return table


def staged_table_of(results: list[Measured]) -> Table:
    """The staged executor: how much slower the others are, how long the first run takes, and making the blocks."""
    others = [name for name in MODULES if name != STAGED and name in results[0].seconds]
    table = Table(title="staged executor: × how much faster it is when its blocks are made", box=None)
    table.add_column("program", style="cyan", no_wrap=True)
    table.add_column("k instr/s", justify="right", no_wrap=True)
    for name in others:
        table.add_column(f"×\n{name}", justify="right", style="bold", no_wrap=True)
    for heading in ("first run\nms", "blocks\nms", "instr.", "µs each"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        speed = result.instructions / result.seconds[STAGED] / 1e3
        ratios = [short(result.ratio(name, STAGED)) for name in others]
        making = (f"{1e3 * result.cold:,.1f}", str(result.traced), f"{1e6 * result.cold / max(1, result.traced):,.0f}")
        table.add_row(result.program, f"{speed:,.0f}", *ratios, f"{1e3 * result.first:,.1f}", *making)
    return table


def start(wanted: list[str]) -> list[Engine]:
    """The engines, started; a foreign one needs the environment that ``make peers`` makes."""
    if any(name not in OURS for name in wanted) and not Path(peers_python()).exists():
        raise typer.BadParameter(f"no foreign engines at {peers_python()}: `make peers`, or set PEERS_PYTHON")
    return [Engine(name) for name in wanted]


def main(
    only: Annotated[list[str] | None, typer.Argument(help="programs to measure; all without")] = None,
    engine: Annotated[list[str] | None, typer.Option(help=f"engines beside the model: {', '.join(MODULES)}")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="runs of each program on each engine")] = 7,
    scale: Annotated[float, typer.Option(help="multiply the rounds of each program")] = 1.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here too")] = None,
    check: Annotated[bool, typer.Option(help="exit with 1 if the model misses a bar")] = False,
) -> None:
    """Measure the model against other EVMs."""
    chosen = [program for program in programs(scale) if not only or program["name"] in only]
    names = [name for name in MODULES if name == MODEL or not engine or name in engine]
    engines = start(names)
    try:
        versions = {one.name: one.ask({"load": chosen[0]})["version"] for one in engines}
        results = []
        with Progress(console=console, transient=True) as progress:
            for program in progress.track(chosen, description="measuring"):
                results.append(measure(program, engines, repeats))
    finally:
        for one in engines:
            one.close()
    console.print(table_of(results, versions))
    if STAGED in versions:
        console.print(staged_table_of(results))
    missed = [line for result in results for line in result.missed]
    bars = " and ".join(f"{bar} × {name}" for name, bar in BARS.items())
    console.print(
        f"bars ({bars} on {', '.join(BARRED)}; staged as in STAGED_BARS): {'; '.join(missed) if missed else 'held'}"
    )
    if json_file is not None:
        figures = {"versions": versions, "repeats": repeats, "programs": [attrs.asdict(result) for result in results]}
        json_file.write_text(json.dumps(figures, indent=1) + "\n")
    if check and missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except Disagreement as error:
        console.print(f"[red]disagreement[/]: {error}")
        sys.exit(1)
