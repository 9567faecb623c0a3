"""A sample of the theorems about the machine: some opcodes, all controls; ``hyperion prove`` checks all 256."""

from typing import Final

import pytest

from hyperion_proofs.prove import prove
from hyperion_proofs.registry import registry
from hyperion_proofs.solve import Answer
from hyperion_proofs.theorem import Theorem
from hyperion_proofs.theorems import machine

SAMPLE: Final = (
    "STOP", "ADD", "PUSH1", "SWAP3", "JUMPI", "MLOAD", "MSTORE8", "SLOAD", "TSTORE", "BALANCE", "LOG1", "GAS",
)  # fmt: skip
BY_OPCODE: Final = (machine.WELL_FORMED, machine.GAS_FALLS, machine.ROW, machine.UNTOUCHED, machine.STATIC)


@pytest.mark.parametrize("theorem", BY_OPCODE, ids=lambda theorem: theorem.id)
@pytest.mark.parametrize("name", SAMPLE)
def test_opcode(theorem: Theorem, name: str) -> None:
    obligation = theorem.obligations[machine.OPCODES[name]]
    assert obligation.name == machine.name_of(machine.OPCODES[name])
    finding = prove(obligation)
    assert (finding.answer, finding.reason) == (Answer.PROVED, ""), finding.counterexample
    assert "hyperion.vm.step.step" in finding.functions


CONTROLS: Final = [(theorem, index) for theorem in BY_OPCODE for index in range(len(theorem.controls))]


@pytest.mark.parametrize(("theorem", "index"), CONTROLS, ids=lambda value: getattr(value, "id", str(value)))
def test_control(theorem: Theorem, index: int) -> None:
    finding = prove(theorem.controls[index].obligation)
    assert finding.answer is Answer.REFUTED
    assert finding.counterexample is not None
    assert finding.counterexample.real


def test_every_opcode_has_an_obligation() -> None:
    for theorem in BY_OPCODE:
        assert len(registry()[theorem.id].theorem.obligations) == 256
