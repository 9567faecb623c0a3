"""What holds of every validator that runs ``node``, whatever the others send, and of any two of them.

Each is checked on states that tests, the explorer and simulations reach; the proofs have them as their conjuncts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hyperion.sequencer.finality.acts import Decision, Driver
from hyperion.sequencer.finality.certificates import refused, weighed
from hyperion.sequencer.finality.types import NO_ROUND, Step, VoteType
from hyperion.sequencer.finality.votes import count_of, has_reached


def counts_add_up(driver: Driver) -> bool:
    """No value has more weight than those who voted for it; ``heard`` is the sum of ``voters``."""
    for at in sorted(driver.keeper.rounds):
        votes = driver.keeper.rounds[at]
        if votes.heard != sum(votes.voters.values()):
            return False
        for type in VoteType:
            count = count_of(votes, type)
            most = weighed(count.received, driver.keeper.validators)
            if any(weight > most.get(value, 0) for value, weight in sorted(count.weights.items(), key=repr)):
                return False
    return True


def votes_once(driver: Driver) -> bool:
    """The validator itself has at most one vote in each round and type."""
    me = driver.consensus.validator
    rounds = (driver.keeper.rounds[at] for at in sorted(driver.keeper.rounds))
    return all(len(count_of(votes, type).received.get(me, ())) <= 1 for votes in rounds for type in VoteType)


def lock_has_polka(driver: Driver) -> bool:
    """A locked value had a polka in the locked round, and the valid round is not before the locked round."""
    here = driver.consensus
    if here.locked_round == NO_ROUND:
        return here.locked_value is None
    polka = has_reached(driver.keeper, here.locked_round, VoteType.PREVOTE, here.locked_value)
    return polka and here.locked_value is not None and here.valid_round >= here.locked_round


def valid_has_polka(driver: Driver) -> bool:
    """A valid value had a polka in the valid round, which is not after the present one."""
    here = driver.consensus
    if here.valid_round == NO_ROUND:
        return here.valid_value is None
    return here.valid_round <= here.round and has_reached(
        driver.keeper, here.valid_round, VoteType.PREVOTE, here.valid_value
    )


def precommits_follow_locks(driver: Driver) -> bool:
    """The validator's last precommit for a value is in its locked round, and for the locked value."""
    here = driver.consensus
    for at in sorted(driver.keeper.rounds):
        for value in driver.keeper.rounds[at].precommits.received.get(here.validator, ()):
            same = at == here.locked_round and value == here.locked_value
            if value is not None and at >= here.locked_round and not same:
                return False
    return True


def decisions_are_proven(driver: Driver) -> bool:
    """The decision of the present height has a valid certificate of precommits for its proposal's value."""
    here = driver.consensus
    if (here.step == Step.COMMIT) != (len(driver.chain) > 0 and driver.chain[-1].proposal.height == here.height):
        return False
    if here.step != Step.COMMIT:
        return True
    decision = driver.chain[-1]
    commit = decision.commit
    return (
        commit is not None
        and (commit.type, commit.height, commit.value) == (VoteType.PRECOMMIT, here.height, decision.proposal.value)
        and refused(commit, driver.keeper.validators) is None
    )


INVARIANTS: Final[tuple[tuple[str, Callable[[Driver], bool]], ...]] = (
    ("counts-add-up", counts_add_up),
    ("votes-once", votes_once),
    ("lock-has-polka", lock_has_polka),
    ("valid-has-polka", valid_has_polka),
    ("precommits-follow-locks", precommits_follow_locks),
    ("decisions-are-proven", decisions_are_proven),
)
"""Name → what holds of a validator that runs ``node``."""


def broken(driver: Driver) -> tuple[str, ...]:
    """Names of the invariants that do not hold."""
    return tuple(name for name, holds in INVARIANTS if not holds(driver))


def disagreement(chains: Sequence[tuple[Decision, ...]]) -> int | None:
    """The first place at which two chains have different values, or None: agreement."""
    for place in range(max((len(chain) for chain in chains), default=0)):
        values = sorted({chain[place].proposal.value for chain in chains if len(chain) > place})
        if len(values) > 1:
            return place
    return None
