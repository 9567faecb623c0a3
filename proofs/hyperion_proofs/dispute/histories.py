"""Ideal names and histories: what is assumed of the hash, of commitments to histories, and of what a step is.

A root is a number. Each root of a height has one beginning of each smaller height and one last state, and these two
determine it; the verifier says yes only to what is so. What holds of all roots is assumed where it is asked for.
"""

from typing import Any, Final

import attrs

from hyperion.settlement.dispute.types import Verifier
from hyperion.symbolic.proxies import all_of
from hyperion_proofs.statement import Given
from hyperion_proofs.theorem import Assumption

NAMES: Final = Assumption("A-names", "Names made by the hash of different parts are different.")
HISTORIES: Final = Assumption(
    "A-histories",
    "A root of a history has one beginning of each height and one last state, which determine it; what the verifier of "
    "histories confirms is so (hash collisions excluded; the verifier is tested against its definition).",
)
REFINED: Final = Assumption(
    "A-refinement",
    "The true history of a lower level begins where the step begins and ends where the machine's step ends; where it "
    "begins and where it ends name the states of the step injectively.",
)
AGREES: Final = Assumption("A-one-step", "The one-step verifier accepts nothing but the step of the machine.")


@attrs.frozen(eq=False)
class Names:
    """An injective hash: every part can be read back off the name."""

    given: Given

    def identity(self, kind: int, *parts: Any) -> Any:
        """The name of the parts."""
        name = self.given.result(f"name {kind}", parts)
        self.given.assume(self.given.result("kind of", (name,)) == kind)
        for place, part in enumerate(parts):
            self.given.assume(self.given.result(f"part {place} of {kind}", (name,)) == part)
        return name


@attrs.frozen(eq=False)
class Histories:
    """Roots, and the truth about them."""

    given: Given

    def beginning(self, root: Any, height: Any, at: Any) -> Any:
        """The root of the history's beginning."""
        return self.given.result("beginning", (root, height, at))

    def last(self, root: Any, height: Any) -> Any:
        """The state in which the history ends."""
        return self.given.result("last state", (root, height))

    def true(self, origin: Any, height: Any) -> Any:
        """The root of the true history of a question's level, up to a height."""
        return self.given.result("true root", (origin, height))

    def next(self, level: Any, state: Any) -> Any:
        """The state after a true step of a level."""
        return self.given.result("true step", (level, state))

    def enter(self, level: Any, state: Any) -> Any:
        """Where a refined history begins."""
        return self.given.result("enter", (level, state))

    def leave(self, level: Any, state: Any) -> Any:
        """Where a refined history ends; injective."""
        left = self.given.result("leave", (level, state))
        self.given.assume(self.given.result("left", (level, left)) == state)
        return left

    def single(self, state: Any) -> Any:
        """The root of one state."""
        return self.given.result("single", (state,))

    def know(self, root: Any, height: Any, middle: Any, at: Any) -> None:
        """The beginning of a beginning is the beginning."""
        between = self.beginning(root, height, middle)
        self.given.assume(self.beginning(between, middle, at) == self.beginning(root, height, at))

    def know_truth(self, origin: Any, height: Any, at: Any) -> None:
        """The beginning of the truth is the truth."""
        self.given.assume(self.beginning(self.true(origin, height), height, at) == self.true(origin, at))

    def know_step(self, level: Any, origin: Any, root: Any, at: Any) -> None:
        """A history is its beginning and its last state, and the truth goes on by true steps."""
        truth = self.true(origin, at + 1)
        state = self.last(self.true(origin, at), at)
        self.given.assume(self.last(truth, at + 1) == self.next(level, state))
        for one in (root, truth):
            grown = self.given.result(
                "grown", (self.beginning(one, at + 1, at), at + 1, self.last(one, at + 1))
            )
            self.given.assume(grown == one)

    def verifier(self) -> Verifier:
        """Confirms what is so, if the proof is right, which is not known."""

        def is_prefix(shorter: Any, short: Any, longer: Any, long: Any, proof: object) -> Any:
            right = self.given.truth(self.given.fresh("prefix proof"))
            return all_of(right, self.beginning(longer, long, short) == shorter)

        def includes(root: Any, height: Any, index: Any, state: Any, proof: object) -> Any:
            right = self.given.truth(self.given.fresh("state proof"))
            self.given.claim("only last states are asked for", index == height)
            return all_of(right, self.last(root, height) == state)

        def step(level: Any, state: Any, witness: object) -> Any:
            return self.next(level, state) if self.given.truth("witness") else None

        return Verifier(self.single, is_prefix, includes, self.enter, self.leave, step)
