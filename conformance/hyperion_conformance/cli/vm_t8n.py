"""``hyperion vm t8n``: the transition tool, with the options that clients' harnesses call it with."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from hyperion.vm.fork import Fork
from hyperion_conformance.cli import USAGE
from hyperion_conformance.fixtures.networks import UnknownNetworkError, one_fork
from hyperion_conformance.reading import InputError
from hyperion_conformance.t8n import Answer, Request, Tracing, transition, with_blob_parameters

Json: TypeAlias = dict[str, Any]

STDIN: Final = "stdin"
STDOUT: Final = "stdout"


class Inputs:
    """Documents by the names of options: each from a file, or from the one object on the standard input."""

    def __init__(self) -> None:
        self.piped: Json | None = None

    def standard_input(self) -> Json:
        """The object on the standard input, read once."""
        if self.piped is None:
            try:
                given = json.load(sys.stdin)
            except ValueError as error:
                raise InputError("standard input", str(error)) from error
            if not isinstance(given, dict):
                raise InputError("standard input", "not an object")
            self.piped = given
        return self.piped

    def document(self, name: str, source: str) -> object:
        """The document called ``name`` from ``source``."""
        if source == STDIN:
            given = self.standard_input()
            if name not in given:
                raise InputError(name, "not on the standard input")
            return given[name]
        try:
            return json.loads(Path(source).read_text())
        except (OSError, ValueError) as error:
            raise InputError(name, str(error)) from error


def fork_of(name: str) -> Fork:
    """The fork that a harness names."""
    try:
        return one_fork(name)
    except UnknownNetworkError as error:
        raise InputError("state.fork", str(error)) from error


def write(answer: Answer, folder: Path, alloc: str, result: str, body: str | None) -> None:
    """Each part to its file in ``folder``, or, all that go there, as one object to the standard output."""
    folder.mkdir(parents=True, exist_ok=True)
    printed: Json = {}
    for name, target, document in (
        ("alloc", alloc, answer.alloc),
        ("result", result, answer.result),
        ("body", body, answer.body),
    ):
        if target == STDOUT:
            printed[name] = document
        elif target:
            (folder / target).write_text(json.dumps(document, indent=1) + "\n")
    for file, lines in answer.traces.items():
        (folder / file).write_text("".join(json.dumps(line) + "\n" for line in lines))
    if printed:
        sys.stdout.write(json.dumps(printed, indent=1) + "\n")


def t8n(
    input_alloc: Annotated[str, typer.Option("--input.alloc", help="Accounts: a file, or stdin.")] = "alloc.json",
    input_env: Annotated[str, typer.Option("--input.env", help="The block: a file, or stdin.")] = "env.json",
    input_txs: Annotated[str, typer.Option("--input.txs", help="Transactions: a file, or stdin.")] = "txs.json",
    input_blobs: Annotated[
        str | None, typer.Option("--input.blobParams", help="Blob schedule: a file, or stdin.")
    ] = None,
    output_basedir: Annotated[Path, typer.Option("--output.basedir", help="Folder of what is written.")] = Path("."),
    output_alloc: Annotated[
        str, typer.Option("--output.alloc", help="File of the accounts, or stdout.")
    ] = "alloc.json",
    output_result: Annotated[
        str, typer.Option("--output.result", help="File of the result, or stdout.")
    ] = "result.json",
    output_body: Annotated[str | None, typer.Option("--output.body", help="File of the transactions' RLP.")] = None,
    state_fork: Annotated[str, typer.Option("--state.fork", help="Rules, such as Cancun, Prague, Osaka.")] = "Osaka",
    state_chainid: Annotated[int, typer.Option("--state.chainid", help="Chain id.")] = 1,
    state_reward: Annotated[int, typer.Option("--state.reward", help="Not paid by any fork here; 0 or -1.")] = 0,
    state_test: Annotated[bool, typer.Option("--state-test", help="One transaction, no block around it.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Write trace-<index>-<hash>.jsonl (EIP-3155).")] = False,
    trace_memory: Annotated[bool, typer.Option("--trace.memory", help="With memory.")] = False,
    trace_nomemory: Annotated[bool, typer.Option("--trace.nomemory", help="Without memory, the default.")] = False,
    trace_nostack: Annotated[bool, typer.Option("--trace.nostack", help="Without the stack.")] = False,
    trace_returndata: Annotated[bool, typer.Option("--trace.returndata", help="With return data.")] = False,
    trace_noreturndata: Annotated[bool, typer.Option("--trace.noreturndata", help="Without, the default.")] = False,
) -> None:
    """Execute the transactions of a block on a given state (compatible with `evm t8n`)."""
    inputs = Inputs()
    memory, returned = trace_memory and not trace_nomemory, trace_returndata and not trace_noreturndata
    try:
        if state_reward > 0:
            raise InputError("state.reward", "no fork here pays a reward")
        fork = fork_of(state_fork)
        if input_blobs is not None:
            fork = with_blob_parameters(fork, inputs.document("blobParams", input_blobs))
        request = Request(
            fork,
            state_chainid,
            inputs.document("alloc", input_alloc),
            inputs.document("env", input_env),
            inputs.document("txs", input_txs),
            state_test,
            Tracing(memory, not trace_nostack, returned) if trace else None,
        )
        write(transition(request), output_basedir, output_alloc, output_result, output_body)
    except InputError as error:
        typer.echo(f"hyperion vm t8n: {error}", err=True)
        raise typer.Exit(USAGE) from None


def register(app: typer.Typer) -> None:
    """Add ``t8n`` to the commands of ``hyperion vm``."""
    app.command("t8n")(t8n)
