"""The doctor finds in each broken adapter what is broken, and nothing in the correct one."""

from pathlib import Path

import pytest

from hyperion_conformance.harness import Command, Deadlines
from hyperion_conformance.runner.doctor import Finding, case_of, digest_chain, examine
from hyperion_conformance.runner.judge import judge
from hyperion_conformance.runner.probes import altered, sum_of_two, transfer
from tests.conformance.broken_adapters import toy
from tests.conformance.toy_suite import SILENT, command, suite, write_suite

PATIENT, HASTY = Deadlines(base=30.0, start=60.0), Deadlines(base=2.0, start=60.0)


def findings(name: str, *arguments: str) -> dict[str, Finding]:
    deadlines = HASTY if name in SILENT else PATIENT
    return {finding.check: finding for finding in examine(command(name, *arguments), deadlines, 7, suite())}


def failed(found: dict[str, Finding]) -> set[str]:
    return {name for name, finding in found.items() if finding.status == "failed"}


def test_the_correct_adapter_is_fit() -> None:
    found = findings("toy")
    assert {finding.status for finding in found.values()} == {"ok"}, found
    assert len(found) == 17


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("log_after_answer", "handshake"),
        ("dies_at_hello", "handshake"),
        ("wrong_version", "handshake"),
        ("wrong_id", "handshake"),
        ("banner", "handshake"),
        ("unbuffered_never", "flush"),
        ("echo", "fresh answers"),
        ("order_dependent", "no memory"),
        ("rounds_numbers", "fresh answers"),
        ("always_crashes", "flush"),
    ],
)
def test_what_is_broken_is_named(name: str, check: str) -> None:
    assert check in failed(findings(name))


def test_an_adapter_that_knows_the_released_cases_by_heart_is_caught(tmp_path: Path) -> None:
    file = write_suite(tmp_path) / "vm.run" / "toy.json"
    found = findings("hard_coded", str(file))
    assert found["released sample"].status == "ok"  # it passes the suite, and yet
    assert found["fresh answers"].status == "failed"
    assert found["fresh answers"].wrong


def test_a_missing_command_is_told_before_anything_else() -> None:
    found = list(examine(Command(("./no-such-adapter",)), PATIENT, 7))
    assert [finding.check for finding in found] == ["handshake"]
    assert "No such file" in found[0].detail


@pytest.mark.parametrize("make", [sum_of_two, transfer])
def test_the_judge_refuses_an_altered_expectation(make: object) -> None:
    import random

    probe = make(random.Random(1))  # type: ignore[operator]
    right = case_of(probe).expected[0]
    assert judge(case_of(probe), right).verdict == "pass"
    assert judge(case_of(altered(probe)), right).verdict == "fail"


def test_the_chapter_s_test_value_of_the_digest() -> None:
    lines, _ = toy.execute({"code": "0x600160020100", "gas": "100", "calldata": "0x"})
    chain = digest_chain(lines)
    assert chain == toy.digests(lines)
    assert chain == [
        "0x410db7ab7f6603a24ca16f4ba02816bf",
        "0x85ac6782052be042c509004bdda445cb",
        "0xfe4161d74f0c5affcc924cfcab5e4efc",
        "0xb10d6821c854ea16900503a8cd83c393",
    ]
