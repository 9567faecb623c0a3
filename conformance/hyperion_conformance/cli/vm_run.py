"""``hyperion vm run``: execute a piece of bytecode, and show what it did or every instruction on the way."""

import json
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer
from rich.console import Console
from rich.text import Text

from hyperion.primitives.word import Address, Word
from hyperion.state.world import EMPTY_ACCOUNT, EMPTY_WORLD, World
from hyperion.vm.call import Message, enter_call
from hyperion.vm.fork import Fork
from hyperion.vm.forks import FORKS, fork_named
from hyperion.vm.machine import EMPTY_SUBSTATE, Block, Environment, Machine
from hyperion.vm.step import run
from hyperion_conformance.cli import USAGE
from hyperion_conformance.reading import InputError, address_of, integer, octets, world_of
from hyperion_conformance.trace import Line, Summary, line_of, machines, summary_of, trace

Json: TypeAlias = dict[str, Any]

DEFAULT_FORK: Final = "OSAKA"
DEFAULT_GAS: Final = 10_000_000
DEFAULT_ADDRESS: Final = "0x000000000000000000000000000000000000c0de"
DEFAULT_CALLER: Final = "0x000000000000000000000000000000000000ca11"
COINBASE: Final = 0xC014
BLOCK: Final = Block(
    COINBASE, number=1, timestamp=1000, gas_limit=30_000_000, prevrandao=0, base_fee=0, blob_base_fee=1
)
"""The block that code runs in: it has no history."""


# --- reading ---------------------------------------------------------------------------------------------------------


def code_of(text: str) -> bytes:
    """The code that is ``text`` itself, or in the file of that name; ``-`` is the standard input."""
    if text == "-":
        return octets("code", sys.stdin.read())
    path = Path(text)
    try:
        found = len(text) < 256 and path.is_file()
    except OSError:
        found = False
    if not found:
        return octets("code", text)
    raw = path.read_bytes()
    try:
        return octets("code", raw.decode("ascii"))
    except (UnicodeDecodeError, InputError):
        return raw


def state_file(path: Path | None) -> World:
    """The world in a file; the empty one without."""
    if path is None:
        return EMPTY_WORLD
    try:
        accounts = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError("state", str(error)) from error
    return world_of("state", accounts)


def fork_of(name: str) -> Fork:
    """The fork called ``name``."""
    fork = fork_named(name)
    if fork is None:
        raise InputError("fork", f"{name!r} is none of {', '.join(known.name for known in FORKS)}")
    return fork


# --- running ---------------------------------------------------------------------------------------------------------


def start(
    code: bytes, world: World, fork: Fork, gas: int, calldata: bytes, value: Word, address: Address, caller: Address
) -> Machine:
    """The machine at the start of ``code``, on the account at ``address``, with what a transaction makes warm.

    The value is shown to the code and not moved: the caller needs no funds.
    """
    world = world.with_account(address, world.accounts.get(address, EMPTY_ACCOUNT).with_code(code))
    substate = EMPTY_SUBSTATE
    for warm in (caller, address, COINBASE, *fork.precompiles):
        substate = substate.with_accessed_address(warm)
    environment = Environment(fork, 1, BLOCK, caller, 0, initial_world=world)
    message = Message(caller, address, code, gas, value, calldata, transfers=False)
    return enter_call(message, world, substate, environment)


# --- showing ---------------------------------------------------------------------------------------------------------


def result_json(start: Machine, end: Machine) -> Json:
    """What the execution did, for programs."""
    summary = summary_of(start, end)
    kept = summary.succeeds
    address = start.frame.address
    return {
        "fork": summary.fork,
        "status": summary.status.value,
        "pass": kept,
        "gasUsed": hex(summary.gas_used),
        "refund": end.substate.refund if kept else 0,
        "steps": end.steps,
        "output": "0x" + summary.output.hex(),
        "logs": [
            {
                "address": f"0x{log.address:040x}",
                "topics": [f"0x{topic:064x}" for topic in log.topics],
                "data": "0x" + log.data.hex(),
            }
            for log in (end.substate.logs if kept else ())
        ],
        "storage": {hex(key): hex(word) for key, word in changed_words(start, end, address)},
    }


def changed_words(start: Machine, end: Machine, address: Address) -> list[tuple[Word, Word]]:
    """The storage words of ``address`` that the execution changed, if it succeeded: key and new word, by key."""
    if not summary_of(start, end).succeeds:
        return []
    before, after = start.world.account(address).storage, end.world.account(address).storage
    keys = sorted({*before, *after})
    return [(key, after.get(key, 0)) for key in keys if before.get(key, 0) != after.get(key, 0)]


def short(word: Word) -> str:
    """A word in at most 13 characters."""
    text = hex(word)
    return text if len(text) <= 13 else f"{text[:7]}…{text[-5:]}"


HEADING: Final = f"{'pc':>5}  {'instruction':<18} {'gas':>11} {'cost':>9} {'memory':>7}  stack, topmost first"


def row_of(line: Line, width: int) -> Text:
    """A line of the trace as a row of a table of ``width`` columns; deeper frames are indented."""
    name = "│ " * min(line.depth - 1, 4) + line.name
    row = Text(f"{line.pc:>5}  ", style="dim")
    row.append(f"{name:<18} ", style="red" if line.error else "cyan")
    row.append(f"{line.gas:>11,} ", style="default")
    row.append(f"{line.cost:>9,} {line.memory_size or '':>7}  ", style="default")
    words = [short(word) for word in reversed(line.stack[-8:])]
    row.append(f"✗ {line.error}  " if line.error else "", style="bold red")
    row.append(" ".join(words) + (f" +{len(line.stack) - 8}" if len(line.stack) > 8 else ""), style="default")
    row.truncate(width, overflow="ellipsis")
    return row


def show_table(console: Console, start: Machine) -> Machine:
    """The trace for a person; gives the halted machine."""
    console.print(Text(HEADING, style="bold"))
    end = start
    for before, after in pairwise(machines(start)):
        line = line_of(before, after)
        if line is not None:
            console.print(row_of(line, console.width), highlight=False)
        end = after
    return end


def show_result(console: Console, start: Machine, end: Machine) -> None:
    """What the execution did, for a person."""
    summary = summary_of(start, end)
    style = "green" if summary.succeeds else "red"
    closing = f"{summary.gas_used:,} of {start.gas:,} gas used under {summary.fork}, {end.steps:,} steps"
    console.print(Text.assemble((summary.status.value, f"bold {style}"), f"  {closing}"), highlight=False)
    if summary.output:
        console.print(
            Text.assemble(("output   ", "bold"), "0x" + summary.output.hex()), highlight=False, soft_wrap=True
        )
    for key, word in changed_words(start, end, start.frame.address):
        console.print(
            Text.assemble(("storage  ", "bold"), f"{hex(key)} = {hex(word)}"), highlight=False, soft_wrap=True
        )
    for log in end.substate.logs if summary.succeeds else ():
        topics = " ".join(hex(topic) for topic in log.topics)
        console.print(
            Text.assemble(("log      ", "bold"), f"0x{log.data.hex()}  {topics}"), highlight=False, soft_wrap=True
        )


def write_lines(lines: Iterable[Line | Summary]) -> None:
    """The trace for programs, a line of JSON each."""
    for line in lines:
        sys.stdout.write(json.dumps(line.to_json()) + "\n")


def run_code(
    code: Annotated[str, typer.Argument(help="Bytecode in hexadecimal, or a file of it; - reads the standard input.")],
    fork: Annotated[str, typer.Option(help="Rules in force.")] = DEFAULT_FORK,
    gas: Annotated[int, typer.Option(min=0, help="Gas for the execution.")] = DEFAULT_GAS,
    calldata: Annotated[str, typer.Option(help="Call data in hexadecimal.")] = "0x",
    value: Annotated[str, typer.Option(help="Wei that came with the call.")] = "0",
    address: Annotated[str, typer.Option(help="The account that the code works on.")] = DEFAULT_ADDRESS,
    caller: Annotated[str, typer.Option(help="Who calls.")] = DEFAULT_CALLER,
    state: Annotated[Path | None, typer.Option(help="Accounts by address, JSON as in a genesis file.")] = None,
    with_trace: Annotated[bool, typer.Option("--trace", help="Show every instruction (EIP-3155).")] = False,
    memory: Annotated[bool, typer.Option("--memory", help="With the memory in each line of JSON.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, which a trace also is when piped.")] = False,
) -> None:
    """Execute bytecode on the model: what it does, or with --trace every instruction of it."""
    try:
        machine = start(
            code_of(code),
            state_file(state),
            fork_of(fork),
            gas,
            octets("calldata", calldata),
            integer("value", value),
            address_of("address", address),
            address_of("caller", caller),
        )
    except InputError as error:
        typer.echo(f"hyperion vm run: {error}", err=True)
        raise typer.Exit(USAGE) from None
    console = Console()
    if with_trace and (as_json or not console.is_terminal):
        write_lines(trace(machine, memory))
        return
    end = show_table(console, machine) if with_trace else run(machine)
    if as_json:
        typer.echo(json.dumps(result_json(machine, end)))
    else:
        show_result(console, machine, end)


def register(app: typer.Typer) -> None:
    """Add ``run`` to the commands of ``hyperion vm``."""
    app.command("run")(run_code)
