"""The transition tool against that of EELS on the same input (``t8n/eels.py`` says how), and its edges."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer import Typer
from typer.testing import CliRunner

from hyperion.execution.block import transaction_bytes
from hyperion.primitives.rlp import decode, decode_list
from hyperion.state.commitment import ordered_root
from hyperion.vm.fork import Fork
from hyperion.vm.forks import fork_named
from hyperion_conformance.cli import vm_t8n
from hyperion_conformance.reading import InputError
from hyperion_conformance.t8n import Answer, Request, Tracing, transition, with_blob_parameters

Json: TypeAlias = dict[str, Any]

FOLDER: Final = Path(__file__).parent / "t8n"
INPUT: Final[Json] = json.loads((FOLDER / "input.json").read_text())
EELS: Final[Json] = json.loads((FOLDER / "eels.json").read_text())
VALID: Final[Json] = {**INPUT, "txs": INPUT["txs"][:-1]}
FORKS: Final = ("Cancun", "Prague", "Osaka")


def fork_of(name: str) -> Fork:
    fork = fork_named(name)
    assert fork is not None
    return fork


def answer(given: Json, fork: str = "Prague", **options: Any) -> Answer:
    return transition(Request(fork_of(fork), 1, given["alloc"], given["env"], given["txs"], **options))


def comparable(result: Json) -> Json:
    """A result without what EELS leaves out (blob gas used), and with rejections by index: each words them its way."""
    shown = {key: value for key, value in result.items() if key != "blobGasUsed"}
    return {**shown, "rejected": [entry["index"] for entry in shown["rejected"]]}


@pytest.mark.rule("EXE-block", "EXE-receipt-encoding", "EXE-transactions-root", "EXE-requests", "EXE-system-calls")
@pytest.mark.parametrize("fork", FORKS)
def test_the_answer_is_that_of_eels(fork: str) -> None:
    ours, expected = answer(VALID, fork), EELS[fork]
    assert comparable(ours.result) == comparable(expected["result"])
    assert ours.alloc == expected["alloc"]
    assert len(ours.result["receipts"]) == len(VALID["txs"])
    # EELS writes typed transactions into the body without their type; the body here is held against its txRoot.
    items = decode_list(decode(bytes.fromhex(ours.body[2:])), None, "body")
    root = ordered_root(transaction_bytes(item) for item in items)
    assert f"0x{root.hex()}" == expected["result"]["txRoot"]


def test_a_rejected_transaction_is_left_out_and_the_state_is_that_of_eels() -> None:
    ours, expected = answer(INPUT), EELS["rejected"]
    assert ours.result["rejected"] == [{"index": 4, "error": "EXE-nonce-too-high 9 != 4"}]
    assert [entry["index"] for entry in expected["result"]["rejected"]] == [4]
    assert ours.alloc == expected["alloc"]
    # EELS keeps the rejected transaction in txRoot; here the rest is as if it had not been there.
    assert {**ours.result, "rejected": []} == answer(VALID).result
    assert ours.body == answer(VALID).body


@pytest.mark.parametrize(
    ("document", "path", "value"),
    [
        ("alloc", ("0x000000000000000000000000000000000000c0de", "balance"), "0x2"),
        ("env", ("parentBaseFee",), "0x3b9aca01"),
        ("env", ("parentBeaconBlockRoot",), "0x" + "33" * 32),
        ("txs", (0, "value"), "0x6"),
    ],
)
def test_control_another_input_has_another_answer(document: str, path: tuple[Any, ...], value: str) -> None:
    changed = deepcopy(VALID)
    at = changed[document]
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    assert comparable(answer(changed).result) != comparable(EELS["Prague"]["result"])


def test_transactions_may_be_given_as_rlp() -> None:
    body = answer(VALID).body
    again = answer({**VALID, "txs": body})
    assert (again.body, again.result, again.alloc) == (body, answer(VALID).result, answer(VALID).alloc)


def test_a_state_test_runs_the_first_transaction_and_nothing_of_the_protocol() -> None:
    alone = answer(VALID, state_test=True)
    assert len(alone.result["receipts"]) == 1
    assert alone.result["requests"] == []
    assert "0x00000000000000000000000000000000000fab1e" not in alone.alloc


def test_a_missing_system_contract_makes_the_block_invalid() -> None:
    missing = {name: entry for name, entry in VALID["alloc"].items() if not name.startswith("0x00000961")}
    ours = answer({**VALID, "alloc": missing})
    assert "EXE" in ours.result["blockException"] or "contract" in ours.result["blockException"]
    assert "blockException" not in answer(VALID).result


def test_traces_are_named_by_index_and_hash_and_show_what_is_asked_for() -> None:
    ours = answer(VALID, tracing=Tracing(memory=True, stack=False, return_data=True))
    hashes = [receipt["transactionHash"] for receipt in ours.result["receipts"]]
    assert sorted(ours.traces) == sorted(f"trace-{index}-{name}.jsonl" for index, name in enumerate(hashes))
    first = ours.traces[f"trace-0-{hashes[0]}.jsonl"]
    assert all("stack" not in line for line in first)
    assert all("memory" in line and "returnData" in line for line in first[:-1])
    assert set(first[-1]) == {"output", "gasUsed", "pass", "fork"}
    assert ours.result == answer(VALID).result


def test_a_blob_schedule_may_be_given() -> None:
    fork = with_blob_parameters(fork_of("Prague"), {"target": "0x1", "max": "0x2", "baseFeeUpdateFraction": "0x100000"})
    request = Request(fork, 1, VALID["alloc"], VALID["env"], VALID["txs"])
    assert transition(request).result["currentExcessBlobGas"] != answer(VALID).result["currentExcessBlobGas"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"alloc": []}, "alloc"),
        ({"alloc": {"0x12": {}}}, "alloc"),
        ({"env": {}}, "env.currentNumber"),
        ({"env": None}, "env"),
        ({"txs": 5}, "txs"),
        ({"txs": "0xc1"}, "txs"),
    ],
)
def test_input_that_cannot_be_read_is_refused_with_its_place(changes: Json, field: str) -> None:
    with pytest.raises(InputError) as caught:
        answer({**VALID, **changes})
    assert caught.value.field == field


JSON_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["0x", "0x1", "0xzz", "-1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.data())
def test_whatever_stands_in_a_place_is_read_or_refused(data: st.DataObject) -> None:
    """No value at any place of the three documents makes the tool raise anything but ``InputError``."""
    changed = deepcopy(VALID)
    document = data.draw(st.sampled_from(["alloc", "env", "txs"]))
    at = changed[document]
    if document == "txs":
        at = at[data.draw(st.integers(0, len(at) - 1))]
    elif document == "alloc":
        at = at[data.draw(st.sampled_from(sorted(at)))]
    at[data.draw(st.sampled_from(sorted(at)))] = data.draw(JSON_VALUES)
    try:
        ours = answer(changed)
    except InputError as error:
        assert error.field
        assert error.reason
    else:
        assert len(ours.result["receipts"]) + len(ours.result["rejected"]) == len(changed["txs"])


def command_line() -> Typer:
    app = Typer()
    vm_t8n.register(app)
    app.callback()(lambda: None)
    return app


STREAMS: Final = ("--input.alloc=stdin", "--input.env=stdin", "--input.txs=stdin", "--state.fork=Prague")


def test_the_command_reads_and_writes_streams(tmp_path: Path) -> None:
    outputs = [
        "--output.alloc=stdout",
        "--output.result=stdout",
        "--output.body=stdout",
        f"--output.basedir={tmp_path}",
    ]
    done = CliRunner().invoke(command_line(), ["t8n", *STREAMS, *outputs], input=json.dumps(VALID))
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed["alloc"] == EELS["Prague"]["alloc"]
    assert printed["body"] == answer(VALID).body
    assert comparable(printed["result"]) == comparable(EELS["Prague"]["result"])
    assert list(tmp_path.iterdir()) == []


def test_the_command_reads_and_writes_files(tmp_path: Path) -> None:
    names = {}
    for name in ("alloc", "env", "txs"):
        (tmp_path / f"{name}.json").write_text(json.dumps(VALID[name]))
        names[name] = f"--input.{name}={tmp_path}/{name}.json"
    out = tmp_path / "out"
    done = CliRunner().invoke(
        command_line(), ["t8n", *names.values(), f"--output.basedir={out}", "--state.fork=Prague", "--trace"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads((out / "alloc.json").read_text()) == EELS["Prague"]["alloc"]
    assert comparable(json.loads((out / "result.json").read_text())) == comparable(EELS["Prague"]["result"])
    assert len(list(out.glob("trace-*.jsonl"))) == len(VALID["txs"])


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        (STREAMS, "not json", "standard input"),
        (STREAMS, "[]", "standard input"),
        (STREAMS, "{}", "alloc"),
        ((*STREAMS[:3], "--state.fork=Frontier"), json.dumps(VALID), "state.fork"),
        ((*STREAMS, "--state.reward=2"), json.dumps(VALID), "state.reward"),
        (("--input.alloc=/nowhere.json",), "", "alloc"),
    ],
)
def test_the_command_says_what_it_cannot_read(arguments: tuple[str, ...], text: str, said: str) -> None:
    done = CliRunner().invoke(command_line(), ["t8n", *arguments], input=text)
    assert done.exit_code == 2
    assert f"hyperion vm t8n: {said}" in done.stderr
