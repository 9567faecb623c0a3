"""Four validators by hand: short names for events, and a node driven by them."""

from collections.abc import Iterable
from typing import Final

from hyperion.sequencer.finality.acts import Setting
from hyperion.sequencer.finality.certificates import Certificate, certificate_for
from hyperion.sequencer.finality.node import Begin, Deliver, Effects, Elapse, Event, Node, node_of, setting_of, step
from hyperion.sequencer.finality.types import Address, Proposal, Timeout, Value, Vote, VoteType
from hyperion.sequencer.finality.votes import Keeper, Validators, validators_of

NAMES: Final = (b"a", b"b", b"c", b"d")
FOUR: Final[Validators] = validators_of(dict.fromkeys(NAMES, 1))
A: Final = b"A"
B: Final = b"B"
BAD: Final = b"bad"


def proposer(height: int, round: int) -> Address:
    """Leaders by turns."""
    return NAMES[(height + round) % len(NAMES)]


SETTING: Final[Setting] = setting_of(proposer, lambda value: value != BAD)


def prevote(sender: Address, value: Value | None, round: int = 0, height: int = 0) -> Deliver:
    """A prevote arrives."""
    return Deliver(Vote(VoteType.PREVOTE, sender, height, round, value))


def precommit(sender: Address, value: Value | None, round: int = 0, height: int = 0) -> Deliver:
    """A precommit arrives."""
    return Deliver(Vote(VoteType.PRECOMMIT, sender, height, round, value))


def proposal(value: Value, round: int = 0, valid_round: int = -1, height: int = 0) -> Deliver:
    """A proposal of the round's leader arrives."""
    return Deliver(Proposal(proposer(height, round), height, round, value, valid_round))


def late(timeout: Timeout, round: int = 0, height: int = 0) -> Elapse:
    """A timer is over."""
    return Elapse(height, round, timeout)


def driven(events: Iterable[Event], me: Address = b"d") -> tuple[Node, Effects]:
    """A validator that has begun, after some events, and all that it did."""
    node, effects = step(node_of(me, FOUR), Begin(FOUR), SETTING)
    for event in events:
        node, more = step(node, event, SETTING)
        effects += more
    return node, effects


def votes_of(effects: Effects) -> list[tuple[VoteType, int, Value | None]]:
    """Type, round and value of the votes among effects."""
    votes = (getattr(effect, "vote", None) for effect in effects)
    return [(vote.type, vote.round, vote.value) for vote in votes if vote is not None]


def polkas_of(keeper: Keeper) -> list[Certificate]:
    """All polkas for a value that a validator can show."""
    found: list[Certificate] = []
    for at, counts in keeper.rounds.items():
        for value in counts.prevotes.weights:
            polka = None if value is None else certificate_for(keeper, VoteType.PREVOTE, at, value)
            found += [] if polka is None else [polka]
    return found


def received(*nodes: Node) -> set[Vote]:
    """All votes of their heights that any of them has."""
    return {
        Vote(type, sender, node.driver.keeper.height, at, value)
        for node in nodes
        for at, counts in node.driver.keeper.rounds.items()
        for type, count in ((VoteType.PREVOTE, counts.prevotes), (VoteType.PRECOMMIT, counts.precommits))
        for sender, values in count.received.items()
        for value in values
    }
