"""A machine to dispute about that anybody can write in ten lines: a counter and a label that never changes.

A state is ``keccak256(abi.encode(counter, label))``. A step adds the machine steps that one step of its level counts,
and keeps the label. The witness of a step is the two words that the state hashes. So a trace whose label changes has
exactly one false step, and everything about it can be computed by whoever has Keccak-256.
"""

from collections.abc import Callable
from typing import Final

import attrs

from hyperion.primitives.hashing import HASH_BYTES, keccak256
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.parameters import Level
from hyperion.settlement.dispute.types import Proof, Verifier
from hyperion.settlement.dispute.verifying import verifier_of
from hyperion.settlement.history import History, history

COUNTER_END: Final = 2**64
"""Counters of witnesses are below this."""


def word(number: int) -> bytes:
    """A number as a word."""
    return number.to_bytes(HASH_BYTES, "big")


def state(counter: int, label: int) -> Hash:
    """The state with this counter and label."""
    return keccak256(word(counter) + word(label))


def stride_of(levels: tuple[Level, ...], level: int) -> int:
    """Machine steps in a step of the level."""
    return int(2 ** sum(below.height for below in levels[level + 1 :]))


def stepping(levels: tuple[Level, ...]) -> Callable[[int, Hash, Proof], Hash | None]:
    """The step of each level, from a state and its witness."""

    def step(level: int, before: Hash, witness: Proof) -> Hash | None:
        if not isinstance(witness, tuple) or len(witness) != 2 or keccak256(b"".join(witness)) != before:
            return None
        counter, label = (int.from_bytes(part, "big") for part in witness)
        return state(counter + stride_of(levels, level), label) if counter < COUNTER_END else None

    return step


def verifier(levels: tuple[Level, ...]) -> Verifier:
    """The verifier of games about this machine."""
    return verifier_of(stepping(levels))


@attrs.frozen
class Trace:
    """A run: the label changes at each of ``lies`` (steps of the machine), so the step that leads there is false."""

    levels: tuple[Level, ...]
    lies: tuple[tuple[int, int], ...] = ()
    """Machine step from which a label holds, and the label; in order. Label 0 holds from the beginning."""

    def label(self, counter: int) -> int:
        """The label of the state after so many steps."""
        return next((label for since, label in reversed(self.lies) if since <= counter), 0)

    def at(self, counter: int) -> Hash:
        """The state after so many steps of the machine."""
        return state(counter, self.label(counter))

    def witness(self, counter: int) -> tuple[bytes, bytes]:
        """What opens that state."""
        return word(counter), word(self.label(counter))

    def history(self, level: int, base: int) -> History:
        """The history of a level that begins after ``base`` steps of the machine."""
        steps, stride = 2 ** self.levels[level].height, stride_of(self.levels, level)
        return history([self.at(base + at * stride) for at in range(steps + 1)], steps)
