"""Every step of a sample of official state tests, proved from its root and a witness, whole and in micro steps.

The sample is drawn over fork, kind and topmost folder by a fixed seed; of a case at most ``MOST_STEPS`` steps are
proved. ``ONESTEP_SAMPLE`` in the environment says how many cases (default: 36); ``hyperion vm onestep`` proves all.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from hyperion.settlement.onestep import merkle, octets, records, verify
from hyperion.vm.machine import Suspended
from hyperion_conformance.cli.vm import app
from hyperion_conformance.fixtures.campaign import Selection, plan, planned
from hyperion_conformance.fixtures.one_step import Proved, prove_all, prove_case, summed
from hyperion_conformance.fixtures.source import Case
from hyperion_conformance.workers import ALONE

Count = Callable[[str, int], None]

SAMPLE: Final = int(os.environ.get("ONESTEP_SAMPLE", "36"))
MOST_STEPS: Final = 150
SEED: Final = 3


@pytest.fixture(scope="module")
def state_tests(fixtures_dir: Path) -> Path:
    file = fixtures_dir / "evm" / "state_osaka.jsonl.xz"
    if not file.is_file():
        pytest.skip("no state tests of Osaka among the official cases")
    return file


@pytest.fixture(scope="module")
def cases(state_tests: Path) -> list[Case]:
    """The sample."""
    return list(planned(state_tests, plan(state_tests, Selection(sample=SAMPLE, seed=SEED))))


@pytest.mark.official
@pytest.mark.slow
@pytest.mark.rule("DIS-step-verify", "DIS-micro-step", "DIS-commit-machine")
def test_every_step_of_a_sample(cases: list[Case], count_official: Count) -> None:
    proved: list[Proved] = list(prove_all(cases, ALONE, MOST_STEPS))
    assert [f"{each.result.id}: {each.result.mismatch}" for each in proved if not each.result.passed] == []
    figures = summed(proved)
    assert sum(figure.steps for figure in figures.values()) >= 20 * len(proved)
    assert max(figure.micro_witness for figure in figures.values()) <= 30_000
    count_official("state tests (one-step proofs)", len(proved))


@pytest.mark.official
def test_the_command(state_tests: Path) -> None:
    arguments = ["onestep", "--fixtures", str(state_tests), "--filter", "mstore8", "--sample", "1", "--jobs", "1"]
    done = CliRunner().invoke(app, [*arguments, "--most-steps", "40"])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].startswith("vm onestep: 1 cases proved, 0 failed")
    assert CliRunner().invoke(app, ["onestep", "--fixtures", "nowhere"]).exit_code == 2


# --- controls: a fault of prover or verifier is seen on official cases ------------------------------------------------


def one_word_off(tree: Any, level: int, start: int, length: int) -> bytes:
    """A read that starts a byte too late."""
    return READ_BYTES(tree, level, start + 1, length) if start % 32 == 4 else READ_BYTES(tree, level, start, length)


READ_BYTES: Final = merkle.read_bytes


def without_callers(machine: Any, sink: Any) -> bytes:
    """A root that forgets that somebody waits, where the whole machine shows who does."""
    known = isinstance(machine.frame.caller_frame, Suspended)
    return records.sealed_one(machine, b"", sink) if known else SEALED(machine, sink)


SEALED: Final = records.sealed_machine


FAULTS: Final[dict[str, tuple[Any, str, Any]]] = {
    "calldata is read a byte too late": (merkle, "read_bytes", one_word_off),
    "a machine forgets its callers": (verify, "sealed_machine", without_callers),
    "no word of code has a jump destination": (octets, "destinations_in", lambda word, skip: ()),
}


@pytest.mark.official
@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_seen(name: str, cases: list[Case]) -> None:
    module, function, fault = FAULTS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, function, fault)
        assert any(not prove_case(MOST_STEPS, case).result.passed for case in cases)
