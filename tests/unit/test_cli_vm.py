"""``hyperion vm run``: what it prints, for people and for programs, and what it refuses."""

import json
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner, Result

from hyperion.state.world import EMPTY_WORLD
from hyperion.vm.forks import OSAKA
from hyperion_conformance.cli import vm_run
from hyperion_conformance.cli.vm_run import row_of, show_table, start
from hyperion_conformance.reading import InputError, account_of, integer, octets, world_of
from hyperion_conformance.trace import Line, trace

ADD: Final = "0x6001600201"


def hyperion(*arguments: str, text: str | None = None) -> Result:
    app = Typer()
    vm_run.register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["run", *arguments], input=text)


def lines_of(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("options", [("--trace",), ("--trace", "--json")])
def test_a_piped_trace_is_lines_of_json(options: tuple[str, ...]) -> None:
    *lines, summary = lines_of(hyperion(ADD, *options, "--gas", "100"))
    assert [line["opName"] for line in lines] == ["PUSH1", "PUSH1", "ADD", "STOP"]
    assert [line["gas"] for line in lines] == ["0x64", "0x61", "0x5e", "0x5b"]
    assert lines[2]["stack"] == ["0x1", "0x2"]
    assert summary == {"output": "0x", "gasUsed": "0x9", "pass": True, "fork": "OSAKA"}


def test_the_table_fits_a_terminal_of_100_columns() -> None:
    console = Console(width=100, record=True, force_terminal=True, file=StringIO())
    deep = "5f" * 40 + "7f" + "ff" * 32 + "80" * 20 + "00"
    end = show_table(console, start(bytes.fromhex(deep), EMPTY_WORLD, OSAKA, 10_000, b"", 0, 0xC0DE, 0xCA11))
    assert end.halted
    shown = console.export_text().splitlines()
    assert max(len(line) for line in shown) <= 100
    assert sum("PUSH0" in line for line in shown) == 40


def test_a_row_shows_depth_failure_and_abbreviated_words() -> None:
    machine = start(bytes.fromhex("7f" + "ab" * 32 + "0c"), EMPTY_WORLD, OSAKA, 10_000, b"", 0, 0xC0DE, 0xCA11)
    rows = [row_of(entry, 100).plain for entry in trace(machine) if isinstance(entry, Line)]
    assert "✗ invalid-opcode" in rows[-1]
    assert "0xababa…babab" in rows[-1]


def test_json_says_what_changed() -> None:
    (outcome,) = lines_of(hyperion("600160025560206000a0602a5f5260205ff3", "--json", "--gas", "100000"))
    assert outcome["status"] == "return"
    assert outcome["storage"] == {"0x2": "0x1"}
    assert outcome["output"] == "0x" + "00" * 31 + "2a"
    assert len(outcome["logs"]) == 1
    assert outcome["pass"] is True


def test_nothing_of_a_failed_execution_is_kept() -> None:
    (outcome,) = lines_of(hyperion("6001600255fe", "--json"))
    assert (outcome["status"], outcome["pass"], outcome["storage"]) == ("invalid-opcode", False, {})


def test_without_options_it_says_what_happened_in_words() -> None:
    result = hyperion("6001600255", "--gas", "100000")
    assert "stop  22,106 of 100,000 gas used under OSAKA" in result.stdout
    assert "0x2 = 0x1" in result.stdout


def test_code_comes_from_a_file_or_the_standard_input(tmp_path: Path) -> None:
    text, raw = tmp_path / "code.hex", tmp_path / "code.bin"
    text.write_text(f"{ADD}\n")
    raw.write_bytes(bytes.fromhex(ADD[2:]))
    expected = lines_of(hyperion(ADD, "--trace"))
    assert lines_of(hyperion(str(text), "--trace")) == expected
    assert lines_of(hyperion(str(raw), "--trace")) == expected
    assert lines_of(hyperion("-", "--trace", text=f"{ADD}\n")) == expected


def test_the_context_is_what_options_say(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    account = {"balance": "0x7", "storage": {"0x1": "0x2a"}}
    state.write_text(json.dumps({"0x000000000000000000000000000000000000beef": account}))
    code = "600154345f35333047"  # SLOAD(1) CALLVALUE CALLDATALOAD(0) CALLER ADDRESS SELFBALANCE
    *_, last, _ = lines_of(
        hyperion(
            code, "--trace", f"--state={state}", "--address=0x000000000000000000000000000000000000beef",
            "--caller=0x0000000000000000000000000000000000000abc", "--value=3", "--calldata=0x" + "00" * 31 + "09",
        )
    )  # fmt: skip
    assert last["stack"] == ["0x2a", "0x3", "0x9", "0xabc", "0xbeef", "0x7"]


def test_a_fork_without_the_instruction_refuses_it() -> None:
    assert lines_of(hyperion("5f", "--json", "--fork", "paris"))[0]["status"] == "invalid-opcode"
    assert lines_of(hyperion("5f", "--json", "--fork", "shanghai"))[0]["status"] == "stop"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("0xzz",), "code: not hexadecimal"),
        ((ADD, "--fork", "frontier"), "fork: 'frontier' is none of PARIS"),
        ((ADD, "--calldata", "0x1"), "calldata: not hexadecimal"),
        ((ADD, "--value", "-1"), "value: not in 0 .. 2**256 - 1"),
        ((ADD, "--value", "much"), "value: not a number"),
        ((ADD, "--address", "0x01"), "address: not 20 bytes"),
        ((ADD, "--state", "/nowhere.json"), "state: "),
    ],
)
def test_what_cannot_be_read_is_refused_with_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    result = hyperion(*arguments)
    assert result.exit_code == 2
    assert f"hyperion vm run: {said}" in result.stderr


VALUES: Final = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70) | st.lists(st.integers())


@given(VALUES)
def test_readers_read_or_refuse(value: object) -> None:
    """Numbers, bytes, accounts and worlds: whatever is given is read, or refused with its field and a reason."""
    for read in (integer, octets, account_of, world_of):
        try:
            read("here", value)
        except InputError as error:
            assert error.field.startswith("here")
            assert error.reason


@given(st.dictionaries(st.sampled_from(["nonce", "balance", "code", "storage"]), VALUES))
def test_accounts_are_read_or_refused(entry: dict[str, object]) -> None:
    try:
        account = account_of("here", entry)
    except InputError as error:
        assert error.field.startswith("here")
    else:
        assert 0 <= account.nonce < 2**64
        assert 0 <= account.balance < 2**256
        assert all(word != 0 for word in account.storage.values())


@pytest.mark.parametrize("text", ["", "0x", " 1", "1_0", "0x 1", "0x-1", "١", "1e3", "0b1", "0X1"])
def test_numbers_are_written_in_one_of_two_ways(text: str) -> None:
    with pytest.raises(InputError):
        integer("n", text)


@given(st.integers(0, 2**256 - 1))
def test_a_number_reads_the_same_in_all_notations(number: int) -> None:
    assert integer("n", number) == integer("n", str(number)) == integer("n", hex(number)) == number
