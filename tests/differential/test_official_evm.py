"""A stratified sample of the official state and block tests; the command that runs all of them; and its controls.

The sample is drawn over fork, kind and topmost folder by a fixed seed. ``OFFICIAL_SAMPLE`` in the environment says how
many (default: 3,000); ``hyperion vm tests`` runs all.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from hyperion_conformance.cli.vm import app
from hyperion_conformance.fixtures.campaign import Selection, draw, plan, planned, quotas, run_all, tallies
from hyperion_conformance.fixtures.faults import FAULTS
from hyperion_conformance.fixtures.networks import UnknownNetworkError, modelled, network_named
from hyperion_conformance.fixtures.source import Case, FixtureError, Kind, cases_under
from hyperion_conformance.workers import ALONE

Count = Callable[[str, int], None]

SAMPLE: Final = int(os.environ.get("OFFICIAL_SAMPLE", "3000"))
SEED: Final = 1


@pytest.fixture(scope="module")
def evm(fixtures_dir: Path) -> Path:
    folder = fixtures_dir / "evm"
    if not folder.is_dir():
        pytest.skip("no folder evm among the official cases")
    return folder


@pytest.mark.official
@pytest.mark.slow
def test_a_sample_of_the_official_cases(evm: Path, count_official: Count) -> None:
    chosen = plan(evm, Selection(sample=SAMPLE, seed=SEED))
    results = list(run_all(planned(evm, chosen), ALONE))
    failed = [f"{result.id}: {result.mismatch}" for result in results if not result.passed]
    assert not failed, failed[:5]
    assert len(results) == len(chosen.positions) >= min(SAMPLE, chosen.found)
    for (_, kind, _), tally in tallies(results).items():
        count_official(f"{kind} tests (sample)", tally.cases)


# --- controls: each seeded fault is noticed by the cases about it ----------------------------------------------------

ABOUT: Final = {
    "VM-add": ("state_osaka", "stArithmetic|vmArithmeticTest"),
    "VM-not": ("state_osaka", "vmBitwise"),
    "VM-jumpdest": ("state_osaka", "vmIOandFlow|coverage"),
    "VM-sload": ("state_osaka", "eip2929|stWalletTest|eip6780"),
    "VM-sstore-refund": ("state_osaka", "stRefundTest|sstore_Xto0"),
    "VM-log1": ("state_osaka", "stLogTests|vmLogTest"),
    "VM-sha256": ("state_osaka", "C(all|ALLCODE)Sha256"),
    "VM-selfdestruct": ("state_osaka", "eip6780"),
    "EXE-warm-start": ("state_osaka", "eip3651"),
    "EXE-floor-gas": ("state_osaka", "eip7623"),
    "EXE-gas-cap": ("state_osaka", "eip7825"),
    "EXE-initcode-too-large": ("state_osaka", "eip3860"),
    "EXE-delegated-recipient": ("state_osaka", "eip7702"),
    "EXE-blob-base-fee": ("blockchain_osaka", "eip7918|eip7516"),
    "EXE-blob-gas-exceeds-block": ("blockchain_transition", "blob"),
    "EXE-settle": ("state_osaka", "coverage|eip1559"),
    "EXE-withdrawals": ("blockchain_cancun", "eip4895"),
    "EXE-system-calls": ("blockchain_cancun", "eip4788"),
    "EXE-requests": ("blockchain_osaka", "eip7685|eip7002"),
}


@pytest.fixture(scope="module")
def cases_about(evm: Path) -> dict[str, list[Case]]:
    """Up to 30 cases about each fault: one pass over each file, the bulky cases left out."""
    found: dict[str, list[Case]] = {rule: [] for rule in ABOUT}
    for file in sorted({file for file, _ in ABOUT.values()}):
        patterns = {rule: re.compile(pattern) for rule, (where, pattern) in ABOUT.items() if where == file}
        for case in cases_under(evm / f"{file}.jsonl.xz"):
            for rule, pattern in patterns.items():
                if len(case.raw) < 100_000 and pattern.search(case.id):
                    found[rule].append(case)
    return {rule: sorted(cases, key=lambda case: draw(SEED, case.id))[:30] for rule, cases in found.items()}


@pytest.mark.official
@pytest.mark.parametrize("rule", sorted(FAULTS))
def test_a_seeded_fault_fails_cases_that_pass_without_it(rule: str, cases_about: dict[str, list[Case]]) -> None:
    cases = cases_about[rule]
    assert cases, f"no official case about {rule}"
    assert all(result.passed for result in run_all(cases, ALONE))
    assert not all(result.passed for result in run_all(cases, ALONE, rule))


def test_every_fault_has_cases_about_it() -> None:
    assert set(ABOUT) == set(FAULTS)


# --- choosing --------------------------------------------------------------------------------------------------------


def test_a_sample_holds_every_group_and_is_the_same_each_time() -> None:
    sizes = {("f", "state", "a"): 900, ("f", "state", "b"): 90, ("f", "blocks", "c"): 10}
    share = quotas(sizes, 100)
    assert share == {("f", "state", "a"): 90, ("f", "state", "b"): 9, ("f", "blocks", "c"): 1}
    assert all(1 <= quotas(sizes, 3)[group] <= 2 for group in sizes)
    assert quotas(sizes, 10_000) == sizes
    assert draw(1, "x") == draw(1, "x") != draw(2, "x")


NO_LOGS: Final = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"


def state_test(balance: str = "0x0de0b6b3a7640000") -> dict[str, Any]:
    """A state test in the form of ethereum/tests: no encoding, the sender's key, two choices of value."""
    return {
        "env": {
            "currentCoinbase": "0x000000000000000000000000000000000000c014", "currentGasLimit": "0x01c9c380",
            "currentNumber": "0x01", "currentTimestamp": "0x03e8", "currentBaseFee": "0x07",
            "currentRandom": "0x00", "currentDifficulty": "0x00",
        },
        "pre": {
            "0xe05fcc23807536bee418f142d19fa0d21bb0cff7": {
                "nonce": "0x00", "balance": balance, "code": "0x", "storage": {},
            }
        },
        "transaction": {
            "nonce": "0x00", "gasPrice": "0x0a", "gasLimit": ["0x5208"], "data": ["0x"], "value": ["0x00", "0x01"],
            "to": "0x000000000000000000000000000000000000c0de",
            "secretKey": "0x00000000000000000000000000000000000000000000000000000000000a11ce",
        },
        "post": {
            "London": [],
            "Cancun": [
                {
                    "hash": "0x" + "00" * 32, "logs": NO_LOGS,
                    "indexes": {"data": 0, "gas": 0, "value": value},
                }
                for value in (0, 1)
            ] + [
                {
                    "expectException": "TransactionException.INSUFFICIENT_ACCOUNT_FUNDS", "hash": "0x" + "00" * 32,
                    "logs": NO_LOGS,
                    "indexes": {"data": 0, "gas": 0, "value": 0},
                }
            ],
        },
    }  # fmt: skip


def written(tmp_path: Path, tests: object) -> Path:
    folder = tmp_path / "GeneralStateTests" / "stExample"
    folder.mkdir(parents=True)
    (folder / "example.json").write_text(json.dumps(tests))
    (tmp_path / ".meta").mkdir()
    (tmp_path / ".meta" / "index.json").write_text("[]")
    return tmp_path


def test_released_files_are_read_outcome_by_outcome(tmp_path: Path) -> None:
    folder = written(tmp_path, {"_info": {}, "example": state_test(), "odd": {"some": "thing"}})
    chosen = plan(folder, Selection())
    cases = list(planned(folder, chosen))
    assert [case.id for case in cases] == ["example[Cancun-0]", "example[Cancun-1]", "example[Cancun-2]"]
    assert {case.group for case in cases} == {("Cancun", Kind.STATE.value, "GeneralStateTests")}
    assert chosen.omitted == {"format not known": 1}
    assert [result.mismatch.field for result in run_all(cases, ALONE) if result.mismatch] == [
        "state root", "state root", "exception",
    ]  # fmt: skip


def test_shards_part_the_cases(tmp_path: Path) -> None:
    folder = written(tmp_path, {"example": state_test()})
    parts = [plan(folder, Selection(shard=(part, 2))).positions for part in (1, 2)]
    assert parts[0] | parts[1] == {0, 1, 2} and not parts[0] & parts[1]
    assert plan(folder, Selection(pattern="Cancun-1")).positions == {1}


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for content, said in (("{", "truncated"), ('{"a": 1}', "object")):
        file = tmp_path / "bad.json"
        file.write_text(content)
        with pytest.raises(FixtureError) as caught:
            list(cases_under(file))
        assert str(file) in caught.value.field and said in caught.value.reason
    with pytest.raises(FixtureError):
        list(cases_under(tmp_path / "absent"))


def test_data_of_another_form_is_left_out_of_a_folder(tmp_path: Path) -> None:
    folder = written(tmp_path, {"example": state_test()})
    (folder / "vocabulary.json").write_text('{"version": "1.0"}')
    (folder / "list.json").write_text("[1, 2]")
    chosen = plan(folder, Selection())
    assert chosen.omitted == {"format not known": 2} and len(chosen.positions) == 3


def test_networks() -> None:
    assert network_named("ShanghaiToCancunAtTime15k").fork_at(14_999).name == "SHANGHAI"
    assert network_named("ShanghaiToCancunAtTime15k").fork_at(15_000).name == "CANCUN"
    assert network_named("Merge").fork_at(0).name == "PARIS"
    stated = {"Osaka": {"target": "0x01", "max": "0x02", "baseFeeUpdateFraction": "0x03"}}
    blobs = network_named("Osaka", stated).fork_at(0).blobs
    assert blobs is not None and (blobs.target, blobs.max, blobs.base_fee_update_fraction) == (1, 2, 3)
    assert not modelled("London") and modelled("BPO2ToBPO3AtTime15k")
    with pytest.raises(UnknownNetworkError):
        network_named("Atlantis")


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_ends_with_the_verdict_and_writes_junit(tmp_path: Path) -> None:
    folder = written(tmp_path, {"example": state_test()})
    runner = CliRunner()
    junit = tmp_path / "out" / "junit.xml"
    failed = runner.invoke(app, ["tests", "--fixtures", str(folder), "--jobs", "1", "--junit", str(junit)])
    assert failed.exit_code == 1
    assert "0 passed, 3 failed" in failed.output and "state root" in failed.output
    suites = ElementTree.parse(junit).getroot()
    assert (suites.get("tests"), suites.get("failures")) == ("3", "3")
    for wrong in (
        ["tests", "--fixtures", str(tmp_path / "absent")],
        ["tests", "--fixtures", str(folder), "--shard", "3/2"],
        ["tests", "--fixtures", str(folder), "--break", "VM-nothing"],
        ["tests", "--fixtures", str(folder), "--filter", "no such case"],
    ):
        assert runner.invoke(app, wrong).exit_code == 2


@pytest.mark.official
def test_the_command_holds_on_official_cases_and_not_with_a_fault(evm: Path) -> None:
    arguments = ["tests", "--fixtures", str(evm / "blockchain_transition.jsonl.xz"), "--jobs", "1"]
    runner = CliRunner()
    assert runner.invoke(app, arguments).exit_code == 0
    assert runner.invoke(app, [*arguments, "--break", "VM-jumpdest"]).exit_code == 1


def test_an_exception_fails_its_case_alone() -> None:
    broken = Case("broken", Kind.STATE, "Cancun", ".", 0, b"{}")
    (result,) = run_all([broken], ALONE)
    assert result.mismatch is not None and result.mismatch.field == "runner"
