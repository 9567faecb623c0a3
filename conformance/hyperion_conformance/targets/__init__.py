"""All targets, by name. A new one is a module with a ``Target`` that is listed here."""

from collections.abc import Mapping, Sequence
from typing import Final

from hyperion.vm.forks import fork_named
from hyperion_conformance.protocol.messages import Json, TraceAnswer
from hyperion_conformance.targets.bft import BFT_NODE
from hyperion_conformance.targets.dispute import DISPUTE_GAME
from hyperion_conformance.targets.evm import EVM_STATE, VM_RUN
from hyperion_conformance.targets.fdg import FDG_GAME
from hyperion_conformance.targets.osp import OSP_STEP
from hyperion_conformance.targets.seq import SEQ_SCHEDULE, SEQ_STAKE
from hyperion_conformance.targets.stm import STM_BLOCK, STM_STEPS
from hyperion_conformance.targets.target import ForkOf, Target
from hyperion_conformance.vectors.input import InputError
from hyperion_conformance.vectors.model import known_fork, no_trace, trace_of

TARGETS: Final[Mapping[str, Target]] = {
    target.name: target
    for target in (
        VM_RUN,
        EVM_STATE,
        STM_BLOCK,
        STM_STEPS,
        OSP_STEP,
        DISPUTE_GAME,
        FDG_GAME,
        BFT_NODE,
        SEQ_SCHEDULE,
        SEQ_STAKE,
    )
}


def target_named(name: str) -> Target:
    """The target called ``name``. Refused with ``InputError``: a name that is none."""
    target = TARGETS.get(name)
    if target is None:
        raise InputError("$.target", f"no target is called {name[:40]!r}")
    return target


def run(
    target: str, fork: str, given: Mapping[str, Json], strict: bool = True, fork_of: ForkOf = fork_named
) -> dict[str, Json]:
    """The outcome of a case by the model. Refused with ``InputError``: a target, fork or input that is not one."""
    return target_named(target).outcome(given, fork, strict, fork_of)


def trace(
    target: str,
    fork: str,
    given: Mapping[str, Json],
    at: Sequence[int],
    full: bool = False,
    strict: bool = True,
    fork_of: ForkOf = fork_named,
) -> TraceAnswer:
    """Digests or states of the model's execution of a case at the steps ``at``. Refused: a target without traces."""
    found = target_named(target)
    if found.machine is None:
        raise InputError("$.target", f"{target} has no trace")
    machine = found.machine(given, known_fork(fork, fork_of), strict)
    return no_trace(at) if machine is None else trace_of(machine, at, full)
