"""Quorums by weight: two of them meet in more than a third, whoever the validators are and however many there are.

Sums over validators are made one validator at a time: each statement is the step that adds one with unknown weight, in
or not in each of the sets, to sums of which the claim holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from hyperion.sequencer.finality import votes
from hyperion.symbolic.proxies import all_of, where
from hyperion_proofs.statement import Given, Statement


@attrs.frozen
class Weights:
    """Sums of weights: of all, of each of two sets, of both together, of the faulty, and of the faulty in both."""

    total: int
    one: int
    other: int
    both: int
    faulty: int
    faulty_in_one: int
    faulty_in_both: int

    def are_sums(self) -> Any:
        """What holds of the sums of any validators."""
        return all_of(
            self.both + self.total >= self.one + self.other,
            self.faulty_in_both <= self.faulty,
            self.faulty_in_one <= self.faulty,
            self.faulty <= self.total,
        )


NAMES: Final = tuple(field.name for field in attrs.fields(Weights))


def any_weights(given: Given) -> Weights:
    """Sums over any validators."""
    weights = Weights(*(given.integer(name.replace("_", " "), 0) for name in NAMES))
    given.assume(weights.are_sums())
    return weights


def nobody(given: Given) -> None:
    """The sums over no validators."""
    given.claim("holds of nobody", Weights(*(0,) * len(NAMES)).are_sums())


def one_more(given: Given) -> None:
    """With one more validator the sums are what they are said to be."""
    before, weight = any_weights(given), given.integer("weight", 0)
    in_one, in_other, lies = (given.truth(name) for name in ("in one", "in the other", "faulty"))
    both = all_of(in_one, in_other)
    added = (True, in_one, in_other, both, lies, all_of(lies, in_one), all_of(lies, both))
    after = Weights(
        *(getattr(before, name) + where(condition, weight, 0) for name, condition in zip(NAMES, added, strict=True))
    )
    given.claim("holds of one more", after.are_sums())


def two_quorums_meet(is_enough: Callable[[int, int], bool] = votes.is_quorum, most: int = 3) -> Statement:
    """Two quorums have more than a third of the weight in common, and so an honest validator."""

    def statement(given: Given) -> None:
        weights = any_weights(given)
        given.assume(most * weights.faulty <= weights.total)
        given.assume(all_of(is_enough(weights.one, weights.total), is_enough(weights.other, weights.total)))
        given.claim("more than a third in both", 3 * weights.both > weights.total)
        given.claim("an honest one in both", weights.both > weights.faulty_in_both)

    return statement


def a_third_has_an_honest_one(given: Given) -> None:
    """More than a third of the weight, which is reason to skip a round, has an honest validator."""
    weights = any_weights(given)
    given.assume(3 * weights.faulty <= weights.total)
    given.assume(votes.is_skip(weights.one, weights.total))
    given.claim("an honest one", weights.one > weights.faulty_in_one)


def honest_are_a_quorum(given: Given) -> None:
    """Where the faulty have less than a third, the honest need nobody else."""
    weights = any_weights(given)
    given.assume(3 * weights.faulty < weights.total)
    given.claim("a quorum", votes.is_quorum(weights.total - weights.faulty, weights.total))
