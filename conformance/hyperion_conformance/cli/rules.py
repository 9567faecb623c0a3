"""``hyperion rules``: the map of the protocol, each rule with its function, its checks and its chapter."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hyperion.rules import Level
from hyperion_conformance.cli import HOLDS, TARGET_WRONG, USAGE
from hyperion_conformance.registry import Entry, Pointer, Problem, Registry, gather, project_root

app: Final = typer.Typer(add_completion=False)

CODE: Final = re.compile(r"``([^`]+)``")

PROBLEM_MEANING: Final = {
    "unchecked": "MUST rules that no test and no vector names",
    "unknown": "ids that are named, but that no function of the model has",
    "duplicate": "ids that several functions have",
    "malformed": "ids or statements that are not well formed",
}


def as_json(entry: Entry) -> dict[str, object]:
    """An entry for programs; the keys are stable."""

    def places(pointers: tuple[Pointer, ...]) -> list[str]:
        return [f"{pointer.place}::{pointer.name}" for pointer in pointers]

    return {
        "id": entry.rule.id,
        "level": entry.rule.level.value,
        "statement": entry.rule.statement,
        "function": entry.source.name,
        "file": entry.source.file,
        "lines": [entry.source.first, entry.source.last],
        "tests": places(entry.tests),
        "vectors": places(entry.vectors),
        "chapters": places(entry.chapters),
    }


def shown(statement: str) -> str:
    """A statement in rich's markup, with what docstrings mark as code in bold."""
    return CODE.sub(r"[bold]\1[/]", escape(statement))


def table_of(entries: list[Entry]) -> Table:
    """Rules as a table that fits in 100 columns: one row a rule, counts of what points at it."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("rule", no_wrap=True, style="cyan")
    table.add_column("level", no_wrap=True)
    table.add_column("statement", ratio=1)
    table.add_column("tests", justify="right", no_wrap=True)
    table.add_column("vectors", justify="right", no_wrap=True)
    table.add_column("chapter", no_wrap=True)
    for entry in entries:
        table.add_row(
            entry.rule.id,
            entry.rule.level.value,
            shown(entry.rule.statement) if entry.is_checked else f"[yellow]{shown(entry.rule.statement)}[/]",
            str(len(entry.tests) or "–"),
            str(len(entry.vectors) or "–"),
            Path(entry.chapters[0].place).stem if entry.chapters else "–",
        )
    return table


def show_entry(console: Console, entry: Entry) -> None:
    """One rule in full."""
    console.print(f"[bold cyan]{entry.rule.id}[/]  {entry.rule.level.value}")
    console.print(f"  {shown(entry.rule.statement)}", highlight=False)
    console.print(f"  [bold]function[/]  {entry.source.name}")
    console.print(f"            {entry.source.file}:{entry.source.first}–{entry.source.last}", highlight=False)
    for label, pointers in (("tests", entry.tests), ("vectors", entry.vectors), ("chapters", entry.chapters)):
        console.print(f"  [bold]{label:<8}[/]  {len(pointers) or 'none'}")
        for pointer in pointers[:10]:
            console.print(f"            {pointer.place}::{pointer.name}", highlight=False)
        if len(pointers) > 10:
            console.print(f"            and {len(pointers) - 10} more (all of them: --json)", highlight=False)


def show_problems(console: Console, problems: tuple[Problem, ...]) -> None:
    """Problems by kind, each on a line."""
    for kind, meaning in PROBLEM_MEANING.items():
        found = [problem for problem in problems if problem.kind == kind]
        if found:
            console.print(f"[bold red]{kind}[/]: {len(found)} {meaning}")
            for problem in found:
                console.print(f"  [cyan]{escape(problem.rule)}[/]  {escape(problem.detail)}", highlight=False)


def closing_line(registry: Registry) -> str:
    """The account in one line."""
    entries = list(registry.entries.values())
    must = [entry for entry in entries if entry.rule.level is Level.MUST]
    checked = sum(entry.is_checked for entry in must)
    return (
        f"rules: {len(entries)} rules, {len(must)} of them MUST, {checked} of these checked; "
        f"{len(registry.problems)} problem{'' if len(registry.problems) == 1 else 's'}"
    )


@app.command()
def rules(
    pattern: Annotated[str, typer.Argument(help="An id, or a pattern such as 'VM-*'.")] = "*",
    level: Annotated[Level | None, typer.Option(help="Only rules of this level.")] = None,
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Only rules that nothing checks.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when the registry has a gap.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="All that is known, as JSON.")] = False,
    root: Annotated[Path | None, typer.Option(help="The checkout to read (default: the one around you).")] = None,
) -> None:
    """Show every rule: its statement, the function that is the rule, and what checks it."""
    console = Console()
    try:
        registry = gather(project_root(root))
    except FileNotFoundError as error:
        typer.echo(f"hyperion rules: {error}", err=True)
        raise typer.Exit(USAGE) from None
    entries = [
        entry
        for id, entry in registry.entries.items()
        if fnmatchcase(id, pattern)
        and (level is None or entry.rule.level is level)
        and not (unchecked and entry.is_checked)
    ]
    if json_output:
        document = {"rules": [as_json(entry) for entry in entries]}
        if check:
            document["problems"] = [{"kind": p.kind, "rule": p.rule, "detail": p.detail} for p in registry.problems]
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif check:
        show_problems(console, registry.problems)
        console.print(closing_line(registry), highlight=False)
    elif not entries:
        typer.echo(f"hyperion rules: no rule matches {pattern!r}", err=True)
        raise typer.Exit(USAGE)
    elif len(entries) == 1:
        show_entry(console, entries[0])
    else:
        console.print(table_of(entries))
        console.print(closing_line(registry), highlight=False)
    raise typer.Exit(TARGET_WRONG if check and registry.problems else HOLDS)
