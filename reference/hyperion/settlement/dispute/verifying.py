"""The verifier of a game whose histories are those of ``hyperion.settlement.history``: proofs are tuples of hashes."""

from collections.abc import Callable
from typing import TypeGuard

from hyperion.rules import rule
from hyperion.settlement import history
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import Proof, Verifier


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
