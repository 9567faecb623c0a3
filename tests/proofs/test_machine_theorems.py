"""A sample of the theorems about the machine: some rows, all controls; ``hyperion prove`` checks all rows."""

from typing import Any, Final

import attrs
import pytest

from hyperion.symbolic.opaque import OpaqueError
from hyperion.vm.forks import FORKS
from hyperion_proofs.machines import AnyOpcode
from hyperion_proofs.prove import prove, prove_together
from hyperion_proofs.registry import registry
from hyperion_proofs.solve import Answer
from hyperion_proofs.theorem import Obligation, Theorem
from hyperion_proofs.theorems import machine

SAMPLE: Final = (
    "STOP", "ADD", "PUSH1", "SWAP3", "JUMPI", "MLOAD", "MSTORE8", "SLOAD", "TSTORE", "BALANCE", "LOG1", "GAS",
)  # fmt: skip
BY_ROW: Final = (machine.ROW, machine.GAS_FALLS, machine.UNTOUCHED, machine.STATIC, machine.WELL_FORMED)


def obligations_of(name: str) -> list[Obligation]:
    """What the five theorems claim of a row."""
    wanted = machine.name_of(machine.BY_NAME[name])
    return [part for theorem in BY_ROW for part in theorem.obligations if part.name == wanted]


@pytest.mark.parametrize("name", SAMPLE)
def test_row(name: str) -> None:
    findings = prove_together(obligations_of(name))
    assert len(findings) == 5
    for finding in findings:
        assert (finding.answer, finding.reason) == (Answer.PROVED, ""), finding.counterexample
        assert "hyperion.vm.step.step" in finding.functions


@pytest.mark.parametrize("name", ["MLOAD", "MSTORE", "LOG1", "REVERT"])
def test_content(name: str) -> None:
    wanted = machine.name_of(machine.BY_NAME[name])
    (obligation,) = (part for part in machine.CONTENT.obligations if part.name == wanted)
    finding = prove(attrs.evolve(obligation, shared=None))
    assert (finding.answer, finding.reason) == (Answer.PROVED, ""), finding.counterexample


@pytest.mark.parametrize("name", ["ADD", "JUMP", "MSTORE"])
def test_together_and_alone_find_the_same(name: str) -> None:
    """What a run for all says of a theorem is what a run for it alone says; only the paths may be more."""
    obligations = obligations_of(name)
    for obligation, together in zip(obligations, prove_together(obligations), strict=True):
        by_itself = prove(obligation)
        assert (by_itself.answer, by_itself.functions) == (together.answer, together.functions)
        assert 0 < by_itself.goals <= together.goals


def test_each_opcode_of_each_fork_has_an_obligation() -> None:
    for theorem in BY_ROW:
        names = {part.name for part in registry()[theorem.id].theorem.obligations}
        for fork in FORKS:
            assert {machine.name_of(row) for row in fork.instructions} <= names
        assert prove(theorem.obligations[0]).answer is Answer.PROVED


USES: Final[dict[str, Any]] = {
    "equality": lambda byte: byte == 0x5B, "order": lambda byte: byte < 0x60, "hash": lambda byte: {byte: 1},
    "index": lambda byte: (0, 1)[byte], "arithmetic": lambda byte: byte - 0x5F, "truth": bool, "text": str,
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_an_opcode_is_good_for_its_row_alone(use: str) -> None:
    """Else a step could do another thing for another opcode with the same row, and the proof would not see it."""
    with pytest.raises(OpaqueError):
        USES[use](AnyOpcode(machine.BY_NAME["ADD"]))


CONTROLS: Final = [(theorem, index) for theorem in (*BY_ROW, machine.CONTENT) for index in range(len(theorem.controls))]


@pytest.mark.parametrize(("theorem", "index"), CONTROLS, ids=lambda value: getattr(value, "id", str(value)))
def test_control(theorem: Theorem, index: int) -> None:
    finding = prove(theorem.controls[index].obligation)
    assert finding.answer is Answer.REFUTED
    assert finding.counterexample is not None
    assert finding.counterexample.real
