"""``hyperion vm stage``: the residual Python of a piece of bytecode, beside the instructions that it comes from."""

from collections.abc import Iterator
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table as Columns

from hyperion.vm.code import analyse
from hyperion.vm.fork import Fork
from hyperion.vm.staging.recording import Code
from hyperion.vm.staging.tracing import Block, trace_block
from hyperion_conformance.cli import USAGE
from hyperion_conformance.cli.vm_run import DEFAULT_FORK, code_of, fork_of
from hyperion_conformance.reading import InputError

WIDE: Final = 120
"""Columns from which on text stands beside the instructions; below them otherwise."""


def listing(code: bytes, fork: Fork) -> Iterator[tuple[int, str]]:
    """The instructions of ``code``: offset, and name with operand."""
    at = 0
    while at < len(code):
        row = fork.instructions[code[at]]
        end = at + 1 + row.immediate
        operand = f" 0x{code[at + 1 : end].hex()}" if row.immediate else ""
        yield at, f"{row.name}{operand}"
        at = end


def shown(code: bytes, fork: Fork, block: Block, width: int) -> Columns:
    """Instructions and text: in two columns where there is room, else one below the other."""
    instructions = "\n".join(
        f"{'▶' if at == block.entry else ' '} {at:5} {name if len(name) < 28 else name[:24] + ' …'}"
        for at, name in listing(code, fork)
    )
    text = Syntax(block.text.rstrip(), "python", background_color="default", word_wrap=True)
    columns = Columns.grid(padding=(0, 2))
    if width >= WIDE:
        columns.add_column(no_wrap=True)
        columns.add_column(ratio=1)
        columns.add_row(instructions, text)
    else:
        columns.add_row(instructions)
        columns.add_row("")
        columns.add_row(text)
    return columns


def stage(
    code: Annotated[str, typer.Argument(help="Bytecode in hexadecimal, a file of it, or - for standard input.")],
    entry: Annotated[
        int | None, typer.Option(min=0, help="Offset of the entry (default: 0 and all JUMPDESTs).")
    ] = None,
    fork: Annotated[str, typer.Option(help="The rules to derive it from.")] = DEFAULT_FORK,
    plain: Annotated[bool, typer.Option("--plain", help="Only the Python, for programs.")] = False,
) -> None:
    """Show what the staged executor derives from the model for a piece of bytecode."""
    console = Console()
    try:
        program, rules = code_of(code), fork_of(fork)
    except InputError as error:
        typer.echo(f"hyperion vm stage: {error}", err=True)
        raise typer.Exit(USAGE) from None
    analysis = analyse(program)
    if entry is not None and entry >= len(program):
        typer.echo(f"hyperion vm stage: --entry {entry} is not within the code of {len(program)} bytes", err=True)
        raise typer.Exit(USAGE)
    known = Code(rules, program, analysis.program, analysis.jump_destinations)
    for at in [entry] if entry is not None else sorted({0, *analysis.jump_destinations}):
        block = trace_block(known, at)
        if plain:
            typer.echo(f"# entry {at}: no block, left to step\n" if block is None else block.text)
        elif block is None:
            console.print(f"[dim]entry {at}: its first instruction is left to step[/]", highlight=False)
        else:
            console.rule(f"entry {at}, {block.instructions} instructions traced, {rules.name}")
            console.print(shown(program, rules, block, console.width))


def register(app: typer.Typer) -> None:
    """Add ``stage`` to the commands of ``hyperion vm``."""
    app.command("stage")(stage)
