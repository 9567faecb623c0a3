"""Blocks are proved equal to iterated ``step``; what is changed in them is refuted on real machines. A sample.

``hyperion prove-blocks --corpus`` goes through the contracts that come with the package.
"""

from typing import Final

import pytest
from typer.testing import CliRunner

from hyperion_conformance.assembler import assemble
from hyperion_proofs.solve import Answer
from hyperion_proofs.validation.blocks import Subject
from hyperion_proofs.validation.campaign import validate
from hyperion_proofs.validation.cli import app
from hyperion_proofs.validation.corpus import Contract, entries_of, own_contracts, subject_of
from hyperion_proofs.validation.cutting import NoSuchForm, pieces_of
from hyperion_proofs.validation.mutants import KINDS, mutants_of

LOOP: Final = assemble("""
    40 loop: DUP1 3 AND DUP1 SLOAD 7 ADD SWAP1 SSTORE
    0 MLOAD 5 MUL 0 MSTORE 1 SWAP1 SUB DUP1 @loop JUMPI STOP
""")
STRAIGHT: Final = assemble("DUP2 DUP2 LT @low JUMPI DUP2 ADD 32 MLOAD ADD 0 SSTORE STOP low: SUB STOP")
MIXED: Final = assemble("DUP2 DUP2 MUL DUP3 XOR DUP1 DUP4 MUL SSTORE DUP2 DUP2 MUL XOR 1 SSTORE STOP")
"""Products of unknowns, bits of these, and what is stored of both: no exact domain decides all of it."""
ENTRY: Final = 2


def subject(code: bytes, entry: int) -> Subject:
    """The block at an entry."""
    found = subject_of(Contract("code", code), entry)
    assert found is not None
    return found


@pytest.mark.rule("VM-step")
@pytest.mark.parametrize(("code", "entry"), [(STRAIGHT, 0), (MIXED, 0), (LOOP, 0), (LOOP, ENTRY)])
def test_blocks_are_proved(code: bytes, entry: int) -> None:
    finding = validate(subject(code, entry))
    assert finding.answer is Answer.PROVED, finding.reason
    assert finding.paths > 2


def test_loop_is_by_induction() -> None:
    assert "while True" in subject(LOOP, ENTRY).text
    assert pieces_of(subject(LOOP, ENTRY).text, True).turn is not None


def test_control_a_mutant_of_every_kind_is_refuted_on_a_real_machine() -> None:
    refuted: set[str] = set()
    for code, entry in ((STRAIGHT, 0), (LOOP, ENTRY)):
        block = subject(code, entry)
        for mutant in (each for each in mutants_of(block.text) if each.kind not in refuted):
            finding = validate(Subject(block.code, block.entry, mutant.text))
            assert finding.answer is Answer.REFUTED, (mutant.kind, finding.reason)
            assert finding.counterexample is not None
            assert finding.counterexample.notes, "it is shown where the two part"
            refuted.add(mutant.kind)
    assert refuted == set(KINDS)


def test_a_text_of_another_form_is_not_proved() -> None:
    block = subject(STRAIGHT, 0)
    with pytest.raises(NoSuchForm):
        pieces_of("x = 1\n", True)
    assert validate(Subject(block.code, 0, "x = 1\n")).answer is Answer.OPEN
    strange = "def block(machine):\n    while True:\n        machine = machine\n"
    assert validate(Subject(block.code, 0, strange)).answer is Answer.OPEN


def test_contracts_have_many_blocks() -> None:
    contracts = own_contracts()
    assert len({contract.name for contract in contracts}) == len(contracts)
    assert sum(len(entries_of(contract)) for contract in contracts) > 200


def test_command() -> None:
    shown = CliRunner().invoke(app, [STRAIGHT.hex(), "--jobs", "1"])
    assert shown.exit_code == 0, shown.output
    assert "2 of 2 blocks proved" in shown.output.splitlines()[-1]
    assert CliRunner().invoke(app, ["0xzz"]).exit_code == 2
    assert CliRunner().invoke(app, []).exit_code == 2
