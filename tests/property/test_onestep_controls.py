"""Faults of commitment and verifier that the checks of one-step proofs must see, one at a time."""

from typing import Final

import msgspec
import pytest

from hyperion.settlement.onestep import verify
from hyperion.vm.forks import CANCUN
from hyperion.vm.machine import Halt, Machine, Status
from hyperion.vm.stack import stack_of
from hyperion.vm.step import step
from hyperion_conformance.dispute.mutants.onestep import FAULTS, FORGOTTEN, forgetting
from tests.support.machines import assemble, machine_for
from tests.support.onestep import OTHERS, disagreement, machine_at, run_of, unbound, unsound

replaced: Final = msgspec.structs.replace


def inside_a_call() -> list[Machine]:
    """Machines on the way through a call with value and output, a creation that reverts, and a self-destruction."""
    source = (
        "9 0 MSTORE 33 3 40 1 2 13242862 GAS CALL 0x625f5ffd 0 MSTORE 3 29 0 CREATE RETURNDATASIZE 7 9 TSTORE "
        "0 9 TSTORE 5 SLOAD 0 5 SSTORE 0 6 SSTORE 1 2 3 4 5 SWAP3 DUP4 64 0 LOG2 2989 SELFDESTRUCT"
    )
    code = assemble(source)
    return list(run_of(machine_for(code, 10**6, value=9, storage={5: 1, 6: 2, 9: 3}, others=OTHERS), 100))


def machines() -> list[Machine]:
    """One of everything."""
    longer = b"\x60" * 31 + b"\x7f" + b"\x5b" * 40
    jumping = machine_for(assemble("64 JUMP") + bytes(29) + b"\x7f" + b"\x5b" * 34)
    return [
        *inside_a_call(),
        machine_at(0x56, b"", [2]),
        machine_at(0x57, b"", [3, 1]),
        machine_at(0x59, b"", [], memory=b"x" * 33),
        machine_at(0x51, b"", [250], memory=b"x" * 70),
        machine_at(0x52, b"", [7, 33], memory=b"x" * 70),
        machine_at(0x53, b"", [7, 33], memory=b"x" * 70),
        machine_at(0x37, b"", [70, 3, 5], calldata=b"y" * 66, memory=b"x" * 40),
        machine_at(0x3E, b"", [40, 3, 5], returned=b"y" * 66),
        machine_at(0x35, b"", [3], calldata=b"y" * 12),
        machine_at(0x1E, b"", [3], fork=CANCUN),
        machine_at(0x7F, b"\x01\x02", []),
        machine_at(0x40, b"", [299]),
        machine_at(0x49, b"", [1]),
        machine_at(0xFD, b"", [40, 3], memory=b"x" * 70),
        machine_at(0xF3, b"", [40, 3], memory=b"x" * 70, creates=True),
        machine_at(0xA1, b"", [4, 40, 3], memory=b"x" * 70),
        machine_for(longer, 10**6),
        *run_of(jumping, 4),
        replaced(machine_for(b"\x01", 10**6), pc=1, stack=stack_of([1])),
    ]


def problem() -> str | None:
    """The first thing that the checks see."""
    shared = unbound(machine_at(0x01, b"", [1, 2], memory=b"x" * 70, storage={1: 1}))
    if shared:
        return shared[0]
    for machine in machines():
        found = disagreement(machine)
        if found is not None:
            return found
    found = unsound(verify.committed(machines()[40]), verify.commit(step(machines()[40])), 1, 9)
    return found or unsound(verify.committed(machines()[5]), verify.commit(step(machines()[5])), 3, 9)


def test_without_a_fault_nothing_is_seen() -> None:
    assert problem() is None


# --- faults of the commitment: something is left out of the root -----------------------------------------------------

@pytest.mark.rule("DIS-commit-machine", "DIS-commit-substate", "DIS-commit-environment", "DIS-commit-frames")
@pytest.mark.parametrize("name", FORGOTTEN)
def test_what_a_root_forgets_is_seen(name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "sealed_machine", forgetting(FORGOTTEN[name]))
        assert seen()


def seen() -> bool:
    """Whether the checks see a fault; one that breaks them in any way is seen."""
    try:
        return problem() is not None
    except Exception:  # a fault may break the proof in any way; that it goes unseen is what must not be
        return True


# --- faults of sealing, opening and verifying -------------------------------------------------------------------------


@pytest.mark.rule("DIS-step-verify", "DIS-step-exact-witness", "DIS-commit-stack", "DIS-commit-words")
@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_seen(name: str) -> None:
    module, attribute, fault = FAULTS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, attribute, fault)
        assert seen()


def test_the_machines_of_the_checks_are_what_they_are_meant_to_be() -> None:
    """Only truth values are asserted: a machine is too large to be shown."""
    reached = inside_a_call()
    called = [each.frame.caller_frame is not None for each in reached]
    logs, destroyed = len(reached[-1].substate.logs), len(reached[-1].substate.destroyed)
    status = reached[-1].boundary.status if isinstance(reached[-1].boundary, Halt) else None
    assert (any(called), logs, destroyed, status) == (True, 1, 0, Status.SELFDESTRUCT)
