"""Targets of the machine and of transactions: ``vm.run``, one code on one machine; ``evm.state``, one transaction."""

from collections.abc import Mapping
from typing import Final

from hyperion_conformance.protocol.decode import accounts, choice, hash32, logs, natural, octets, storage, text
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.targets.target import ForkOf, Target
from hyperion_conformance.vectors.generators import (
    arithmetic,
    calls,
    control,
    creation,
    environment,
    memory,
    precompiles,
    programs,
    rows,
    transactions,
)
from hyperion_conformance.vectors.generators import storage as storage_cases
from hyperion_conformance.vectors.input import evm_state, vm_run
from hyperion_conformance.vectors.model import (
    evm_state_machine,
    evm_state_outcome,
    known_fork,
    vm_run_machine,
    vm_run_outcome,
)

FORKS: Final = ("CANCUN", "PRAGUE", "OSAKA")


def run_code(given: Mapping[str, Json], fork: str, strict: bool, fork_of: ForkOf) -> dict[str, Json]:
    """The outcome of a case of vm.run."""
    return vm_run_outcome(vm_run(given, strict), known_fork(fork, fork_of))


def run_transaction(given: Mapping[str, Json], fork: str, strict: bool, fork_of: ForkOf) -> dict[str, Json]:
    """The outcome of a case of evm.state."""
    return evm_state_outcome(evm_state(given, strict), known_fork(fork, fork_of))


VM_RUN: Final = Target(
    name="vm.run",
    rules=("VM-",),
    forks=FORKS,
    shape={
        "status": (True, choice("success", "revert", "halt")),
        "gas_left": (True, natural),
        "refund": (True, natural),
        "output": (True, octets),
        "storage": (True, storage),
        "logs": (True, logs),
        "reason": (False, text),
    },
    decode=vm_run,
    outcome=run_code,
    generators=(
        arithmetic.drafts,
        calls.drafts,
        control.drafts,
        creation.drafts,
        environment.drafts,
        memory.drafts,
        precompiles.drafts,
        programs.drafts,
        rows.drafts,
        storage_cases.drafts,
    ),
    machine=vm_run_machine,
)

EVM_STATE: Final = Target(
    name="evm.state",
    rules=("EXE-",),
    forks=FORKS,
    shape={
        "status": (True, choice("success", "revert", "halt", "reject")),
        "gas_used": (True, natural),
        "output": (False, octets),
        "post": (False, accounts),
        "logs": (True, logs),
        "state_root": (False, hash32),
        "reason": (False, text),
    },
    decode=evm_state,
    outcome=run_transaction,
    generators=(transactions.drafts,),
    machine=evm_state_machine,
    weak=lambda outcome: not outcome.keys() & {"post", "state_root"},
)
