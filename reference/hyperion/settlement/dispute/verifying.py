"""The verifier of a game whose histories are those of ``hyperion.settlement.history``: proofs are tuples of hashes."""

from collections.abc import Callable
from typing import TypeGuard

from hyperion.rules import rule
from hyperion.settlement import history, points
from hyperion.settlement.between.stages import Pinned
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import Proof, Verifier
from hyperion.settlement.onestep import micro
from hyperion.settlement.onestep.micro import verify_micro_step
from hyperion.settlement.onestep.verify import verify_step
from hyperion.settlement.rejection import Rejected


def is_path(proof: Proof) -> TypeGuard[history.Proof]:
    """Whether the proof is a tuple of strings at all; how many and how long is asked where it is read."""
    return isinstance(proof, tuple) and all(isinstance(part, bytes) for part in proof)


@rule("DIS-verifier", "Histories are checked by their roots and proofs alone; what is no proof shows nothing.")
def verifier_of(
    step: Callable[[int, Hash, Proof], Hash | None],
    enter: Callable[[int, Hash], Hash] = lambda level, state: state,
    leave: Callable[[int, Hash], Hash] = lambda level, state: state,
) -> Verifier:
    """The verifier with the given step at each level, and the given first and last state of a refinement.

    Without ``enter`` and ``leave``, the states of all levels are of one kind.
    """

    def is_prefix(shorter: Hash, short: int, longer: Hash, long: int, proof: Proof) -> bool:
        return is_path(proof) and history.is_prefix(shorter, short, longer, long, proof)

    def includes(root: Hash, height: int, index: int, state: Hash, proof: Proof) -> bool:
        return is_path(proof) and history.includes(root, height, index, state, proof)

    return Verifier(history.single, is_prefix, includes, enter, leave, step)


@rule("DIS-machine-step", "At the level of machine steps, a step is what the machine does, as checked from two roots.")
def machine_step(machine_level: int) -> Callable[[int, Hash, Proof], Hash | None]:
    """The step of a game whose level ``machine_level`` counts steps of the machine, and the next its micro steps.

    A witness of another form than a tuple of strings, or one that the one-step verifier refuses, shows nothing.
    """

    def after(level: int, state: Hash, witness: Proof) -> Hash | None:
        if not is_path(witness) or level < machine_level:
            return None
        reached = verify_step(state, witness) if level == machine_level else verify_micro_step(state, witness)
        return None if isinstance(reached, Rejected) else reached

    return after


def micro_ends(micro_level: int) -> tuple[Callable[[int, Hash], Hash], Callable[[int, Hash], Hash]]:
    """``enter`` and ``leave`` of a game whose level ``micro_level`` counts micro steps; others share their states."""
    return (
        lambda level, state: micro.enter(state) if level == micro_level else state,
        lambda level, state: micro.leave(state) if level == micro_level else state,
    )


@rule("DIS-point-level", "A game over a block's trace has points for states, and below them micro states of a step.")
def point_verifier(point_level: int, pinned: Pinned) -> Verifier:
    """The verifier of a game whose level ``point_level`` counts points of the blocks pinned, the next micro steps.

    Above that level, states are points too, but a step of such a level is never shown at once.
    """

    def after(level: int, state: Hash, witness: Proof) -> Hash | None:
        if not is_path(witness) or level < point_level:
            return None
        verify = points.verify_point_step if level == point_level else points.verify_point_micro_step
        reached = verify(state, witness, pinned)
        return None if isinstance(reached, Rejected) else reached

    return verifier_of(
        after,
        lambda level, state: points.enter(state) if level == point_level + 1 else state,
        lambda level, state: points.leave(state) if level == point_level + 1 else state,
    )
