"""What holds in every reachable state of settlement: predicates for tests, explorers and proofs."""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from hyperion.settlement.dispute import invariants as dispute
from hyperion.settlement.finality.types import Chain


def anchor_goes_forward(chain: Chain) -> bool:
    """Final assertions are one line: each but the first stands on the one before; the anchor is its end."""
    final = sorted((chain.assertions[name].output.l2_block, name) for name in chain.final)
    blocks = [block for block, _ in final]
    line = all(chain.assertions[later].inputs.parent == earlier for (_, earlier), (_, later) in pairwise(final))
    return line and len(set(blocks)) == len(blocks) and final[-1][1] == chain.anchor


def spans_are_bounded(chain: Chain) -> bool:
    """No assertion is further ahead of its parent than a span."""
    return all(
        1
        <= assertion.output.l2_block - chain.assertions[assertion.inputs.parent].output.l2_block
        <= chain.parameters.max_span
        for assertion in chain.assertions.values()
        if assertion.question in chain.contests
    )


def data_are_decided(chain: Chain) -> bool:
    """No assertion reads data of which it is not decided whether they are available."""
    return all(
        assertion.inputs.l1_height >= assertion.output.last_inclusion + chain.parameters.settling_blocks
        for assertion in chain.assertions.values()
        if assertion.question in chain.contests
    )


def winners_stand_on_final_parents(chain: Chain) -> bool:
    """No contest is decided on a parent that is not final, and none that is void has a final winner."""
    return all(
        (contest.winner is None or contest.parent in chain.final)
        and not (contest.is_void and contest.winner in chain.final)
        for contest in chain.contests.values()
    )


def bonds_are_held(chain: Chain) -> bool:
    """The bonds of all assertions that did not go back are there."""
    return chain.bonds == sum(assertion.bond for assertion in chain.assertions.values() if not assertion.bond_returned)


def payments_were_final(chain: Chain) -> bool:
    """Whatever was paid was proven against an assertion that is final; escrow is not negative."""
    return chain.escrow >= 0 and all(chain.proven[name].assertion in chain.final for name in chain.spent)


def games_are_sound(chain: Chain) -> bool:
    """All games satisfy their own invariants."""
    return all(dispute.violated(contest.game) == () for contest in chain.contests.values())


INVARIANTS: Final[tuple[Callable[[Chain], bool], ...]] = (
    anchor_goes_forward,
    spans_are_bounded,
    data_are_decided,
    winners_stand_on_final_parents,
    bonds_are_held,
    payments_were_final,
    games_are_sound,
)
"""All of them; a state that violates one is a mistake of the rules."""


def violated(chain: Chain) -> tuple[str, ...]:
    """Names of the invariants that the chain violates."""
    return tuple(invariant.__name__ for invariant in INVARIANTS if not invariant(chain))
