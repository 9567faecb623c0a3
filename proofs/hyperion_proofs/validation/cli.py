"""``hyperion prove-blocks``: the text of blocks and iterated ``step`` are proved to be one.

A command of its own beside ``hyperion prove``: its subjects are blocks of the code that is given, not theorems.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from hyperion_proofs.cli import FAILS, HOLDS, USAGE
from hyperion_proofs.solve import Answer
from hyperion_proofs.validation.campaign import Result, run_tasks, tasks_of
from hyperion_proofs.validation.corpus import Contract, own_contracts, packaged_contracts

app: Final = typer.Typer(add_completion=False)

OPEN: Final = 4


def contracts_of(codes: Sequence[str], corpus: bool, packages: Sequence[str], only: Sequence[str]) -> list[Contract]:
    """The contracts that are asked for."""
    found = [Contract(f"code {index}", bytes.fromhex(code.removeprefix("0x"))) for index, code in enumerate(codes)]
    found += own_contracts() if corpus else []
    for package in packages:
        found += packaged_contracts(package)
    return [contract for contract in found if not only or contract.name in only]


def show(console: Console, result: Result) -> None:
    """A line for a block; a counterexample, or why there is none, where it is not as it should be."""
    finding = result.finding
    console.print(
        f"{result.name:<58} {finding.answer.value:<8} {finding.paths:>6} paths {finding.goals:>8,} goals "
        f"{finding.seconds:>7.1f} s",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if not result.holds:
        console.print(f"    {escape(finding.reason[:90])}", highlight=False)
    if finding.counterexample is not None and not result.fault:
        for line in finding.counterexample.lines():
            console.print(f"    {escape(line)}", highlight=False, soft_wrap=True)


def report(results: Sequence[Result]) -> list[str]:
    """A line for each contract: how many blocks there are of it, and what is known of them."""
    blocks = [result for result in results if not result.fault]
    lines = [f"{'contract':<28} {'blocks':>6} {'proved':>6} {'open':>5} {'refuted':>7} {'paths':>7} {'CPU s':>8}"]
    for contract in dict.fromkeys(result.contract for result in blocks):
        findings = [result.finding for result in blocks if result.contract == contract]
        counts = Counter(finding.answer for finding in findings)
        paths, seconds = sum(finding.paths for finding in findings), sum(finding.seconds for finding in findings)
        lines.append(
            f"{contract:<28} {len(findings):>6} {counts[Answer.PROVED]:>6} {counts[Answer.OPEN]:>5} "
            f"{counts[Answer.REFUTED]:>7} {paths:>7,} {seconds:>8.0f}"
        )
    return lines


def summary(results: Sequence[Result], seconds: float) -> str:
    """The last line."""
    blocks = [result for result in results if not result.fault]
    mutants = [result for result in results if result.fault]
    proved = sum(result.holds for result in blocks)
    distinct = len({result.text for result in blocks if result.holds})
    told = f"{proved} of {len(blocks)} blocks proved equal to iterated step, {distinct} distinct"
    if mutants:
        told += f", {sum(result.holds for result in mutants)} of {len(mutants)} mutants refuted"
    paths, goals = (sum(getattr(result.finding, name) for result in results) for name in ("paths", "goals"))
    spent = sum(result.finding.seconds for result in results)
    return f"{told}; {paths:,} paths, {goals:,} goals, {spent:.0f} s of processors, {seconds:.0f} s in all"


@app.command()
def prove_blocks(
    codes: Annotated[list[str] | None, typer.Argument(metavar="[CODE]...", help="Runtime code in hexadecimal.")] = None,
    corpus: Annotated[bool, typer.Option("--corpus", help="The contracts that come with this package.")] = False,
    package: Annotated[list[str] | None, typer.Option(help="Contracts of an npm package, fetched by npm.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only the contract of this name; may be repeated.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="About so many blocks, spread over all.")] = None,
    mutants: Annotated[bool, typer.Option("--mutants", help="Also blocks with a fault each: they must fail.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
) -> None:
    """Prove of each block that its text gives the machine that iterating `step` gives, on every path."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 100)
    try:
        contracts = contracts_of(codes or [], corpus, package or [], only or [])
    except ValueError:
        typer.echo("hyperion prove-blocks: code is given in hexadecimal digits", err=True)
        raise typer.Exit(USAGE) from None
    if not contracts:
        typer.echo("hyperion prove-blocks: nothing to prove: give CODE, --corpus or --package", err=True)
        raise typer.Exit(USAGE)
    start = perf_counter()
    tasks = tasks_of(contracts, sample, mutants)
    results = run_tasks(tasks, jobs, lambda result: show(console, result))
    for line in report(results):
        console.print(line, highlight=False)
    console.print(summary(results, perf_counter() - start), highlight=False, soft_wrap=True)
    wrong = [result for result in results if not result.holds]
    refuted = any(result.finding.counterexample is not None for result in wrong if not result.fault)
    raise typer.Exit((FAILS if refuted else OPEN) if wrong else HOLDS)
