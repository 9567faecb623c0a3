"""What is true whenever a row is asked, and that whoever asks has made sure of it: the driver, then the node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

import attrs
import msgspec

from hyperion.sequencer.finality import driver
from hyperion.sequencer.finality.acts import (
    Act,
    Driver,
    Expire,
    Provide,
    Receive,
    Reconsider,
    Settle,
    Start,
)
from hyperion.sequencer.finality.certificates import Certificate
from hyperion.sequencer.finality.types import (
    NO_ROUND,
    NOTHING,
    Decide,
    Input,
    Kind,
    Output,
    Proposal,
    SkipRound,
    Step,
    Vote,
    VoteType,
)
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import all_of
from hyperion_proofs.finality import guards
from hyperion_proofs.finality.local_driver import any_driver, any_proposal, any_setting, ideals, proposed
from hyperion_proofs.finality.local_rows import is_asked_rightly
from hyperion_proofs.finality.local_sets import Kept, Votes, least
from hyperion_proofs.finality.local_state import any_timeout, any_type, any_value
from hyperion_proofs.statement import Given, Statement

PREVOTE, PRECOMMIT = VoteType.PREVOTE, VoteType.PRECOMMIT
Guard: TypeAlias = Callable[[Driver, Input], Any]


def votes_of(driver: Driver) -> Votes:
    """The stand-in for its votes."""
    return cast(Votes, driver.keeper)


@attrs.frozen(eq=False)
class Received:
    """The quorums that a validator has received, of which the proof of agreement speaks."""

    votes: Votes

    def polka(self, round: int, value: Any) -> Any:
        """Whether a quorum prevoted the value in the round."""
        return value is not None and self.votes.has(round, PREVOTE, value)

    def commit(self, round: int, value: Any) -> Any:
        """Whether a quorum precommitted the value in the round."""
        return value is not None and self.votes.has(round, PRECOMMIT, value)


def is_proposed(driver: Driver, round: int, told: Input, valid_round: int | None = None) -> Any:
    """Whether the input's value was properly proposed in the round."""
    return proposed(cast(Kept, driver.proposals), round, told.value, valid_round)


def enters(driver: Driver, told: Input) -> Any:
    """A later round than the present one."""
    return told.round > driver.consensus.round


def is_now(driver: Driver, told: Input) -> Any:
    """The present height and round."""
    return all_of(told.round == driver.consensus.round, told.height == driver.consensus.height)


def may_propose(driver: Driver, told: Input) -> Any:
    """A value, where there is no valid one to propose."""
    return told.value is not None and driver.consensus.valid_value is None


TRUE: Final[Mapping[Kind, Guard]] = {
    Kind.NONE: lambda it, told: False,
    Kind.NEW_ROUND: enters,
    Kind.NEW_ROUND_PROPOSER: enters,
    Kind.PROPOSE_VALUE: may_propose,
    Kind.PROPOSAL: lambda it, told: is_proposed(it, it.consensus.round, told, NO_ROUND),
    Kind.PROPOSAL_POLKA_PREVIOUS: lambda it, told: is_proposed(it, it.consensus.round, told, told.round),
    Kind.PROPOSAL_INVALID: lambda it, told: it.consensus.step == Step.PROPOSE,
    Kind.POLKA_NIL: lambda it, told: told.value is None,
    Kind.POLKA_ANY: lambda it, told: votes_of(it).has_any(it.consensus.round, PREVOTE),
    Kind.PROPOSAL_POLKA: lambda it, told: is_proposed(it, it.consensus.round, told),
    Kind.PROPOSAL_POLKA_INVALID: lambda it, told: it.consensus.step == Step.PROPOSE,
    Kind.PRECOMMIT_ANY: lambda it, told: votes_of(it).has_any(it.consensus.round, PRECOMMIT),
    Kind.PROPOSAL_COMMIT: lambda it, told: is_proposed(it, told.round, told),
    Kind.ROUND_SKIP: lambda it, told: all_of(enters(it, told), votes_of(it).is_later_proven(told.round)),
    Kind.TIMEOUT_PROPOSE: is_now,
    Kind.TIMEOUT_PREVOTE: is_now,
    Kind.TIMEOUT_PRECOMMIT: is_now,
}
"""Kind → what is true when the row is asked, beside the quorums that ``guards`` names."""


def is_guarded(driver: Driver, told: Input) -> Any:
    """Whether the input may be handed on: what it says is true, and the row is asked at the right time."""
    here, quorums = driver.consensus, Received(votes_of(driver))
    return all_of(guards.guard(quorums, here, told), TRUE[told.kind](driver, told), is_asked_rightly(here, told))


def claim_guard(given: Given, driver: Driver, told: Input) -> None:
    """The input may be handed on."""
    here = driver.consensus
    given.note("handed on", (told.kind.name, told.round, told.value))
    given.note("in height, round and step", (here.height, here.round, here.step.name))
    given.claim(f"{told.kind.name} may be asked", is_guarded(driver, told))


# --- the driver -------------------------------------------------------------------------------------------------------


def any_vote(given: Given) -> Vote:
    """A vote of anybody; for what is not looked at here, since counting it is FIN-count's."""
    sender = cast(bytes, given.integer("sender", 0))
    height, round = given.integer("height of message", 0), given.integer("round of message", 0)
    return Vote(any_type(given, "type"), sender, height, round, None)


def any_certificate(given: Given) -> Certificate:
    """A certificate of anybody."""
    height, round = given.integer("height of message", 0), given.integer("round of message", 0)
    return Certificate(any_type(given, "type"), height, round, any_value(given, "value certified"), ())


def any_provided(given: Given, before: Driver) -> Act:
    """The application's answer, which a node hands on only where there is no valid value."""
    given.assume(before.consensus.valid_value is None)
    return Provide(any_value(given, "answer"))


CHANGED: Final = "a changed step"
CHOSEN: Final = "a changed step, a kept proposal chosen"
ACTS: Final[Mapping[str, Callable[[Given, Driver], Act]]] = {
    "a proposal": lambda given, before: Receive(any_proposal(given, "message")),
    "a vote": lambda given, before: Receive(any_vote(given)),
    "a certificate": lambda given, before: Receive(any_certificate(given)),
    "a timeout": lambda given, before: Expire(any_timeout(given, "timeout")),
    "an answer": any_provided,
    "what is owed": lambda given, before: Settle(least(before.owed)),
    CHANGED: lambda given, before: Reconsider(),
    f"{CHANGED}, a stranger chosen": lambda given, before: Reconsider(any_proposal(given, "chosen")),
    CHOSEN: lambda given, before: Reconsider(cast(Kept, before.proposals).members[0]),
    "the beginning": lambda given, before: Start(),
}
"""Everything that a driver may be asked, by name."""


def any_change(given: Given) -> Step:
    """A step that was entered: to prevote, or to another one."""
    return Step.PREVOTE if given.truth("prevote was entered") else Step.PROPOSE


def asking(given: Given, answers: bool = False) -> Ideal:
    """In the place of ``hand_on``: what is handed on is claimed to be true, and a value only where one is answered."""

    def hand_on(driver: Driver, told: Input) -> tuple[Driver, Output]:
        claim_guard(given, driver, told)
        given.claim("a value is an answer", answers or told.kind != Kind.PROPOSE_VALUE)
        return driver, NOTHING

    return Ideal(driver, "hand_on", hand_on, "FIN-guards: hand on")


def keeping(given: Given, before: Driver) -> Driver:
    """The driver with one of its proposals known from the beginning."""
    kept, one = cast(Kept, before.proposals), any_proposal(given, "kept")
    given.assume(kept.proper(one))
    return msgspec.structs.replace(before, proposals=cast(Any, kept | frozenset({one})))


def responds(name: str) -> Statement:
    """Whatever a driver is asked, it hands on what is true; what it keeps and owes is proper."""

    def statement(given: Given) -> None:
        setting, step = any_setting(given), Step.NONE if name == "the beginning" else None
        changed = any_change(given) if name.startswith(CHANGED) else Step.NONE
        before = any_driver(given, setting, step, name == "an answer", changed)
        before = keeping(given, before) if name == CHOSEN else before
        with Idealized((*ideals(), asking(given, answers=name == "an answer"))):
            driver.respond(before, ACTS[name](given, before), setting)

    return statement


def concludes_skip(given: Given) -> None:
    """A round that is over is left for the round named, which is later (FIN-monotone)."""
    setting, round = any_setting(given), given.integer("next round", 0)
    before = any_driver(given, setting, step=Step.UNSTARTED)
    given.assume(round > before.consensus.round)
    with Idealized((*ideals(), asking(given))):
        driver.concluded(before, SkipRound(round), setting)


def concludes_decision(given: Given) -> None:
    """A decision is recorded with its proposal, which is there since ``PROPOSAL_COMMIT`` was true."""
    setting = any_setting(given)
    before = any_driver(given, setting, step=Step.COMMIT)
    before = keeping(given, before)
    kept = cast(Kept, before.proposals)
    proposal = cast(Proposal, kept.members[0])
    with Idealized((*ideals(), asking(given))):
        after, output = driver.concluded(before, Decide(proposal.round, proposal.value), setting)
    found = after.chain[-1].proposal
    given.claim("told", isinstance(output, Decide))
    given.claim("the proposal of the round", all_of(found.round == proposal.round, found.value == proposal.value))
    given.claim("of this height, and valid", all_of(found.height == before.consensus.height, kept.proper(found)))
    given.claim("nothing else", after.consensus is before.consensus)


def hands_on_at_most(given: Given) -> None:
    """An input goes to the rows as it is, with what the validator remembers, once in a round and step."""
    setting, told = any_setting(given), Input(Kind.PROPOSAL, given.integer("round told", 0), any_value(given, "value"))
    before, asked = any_driver(given, setting), list[Any]()

    def advance(state: object, input: object) -> tuple[Any, Output]:
        asked.append((state, input))
        return msgspec.structs.replace(before.consensus, step=Step.PREVOTE), NOTHING

    with Idealized((Ideal(driver, "advance", advance, "any rows"), Ideal(driver, "Done", Handed, "as Done"))):
        seen = Seen(given.truth("was handed on"))
        after, _ = driver.hand_on(msgspec.structs.replace(before, done=cast(Any, seen)), told)
    given.claim("only what was not handed on", bool(asked) != seen.holds)
    given.claim("as it is", all(state is before.consensus and input is told for state, input in asked))
    given.claim("noted", not asked or after.done[-1].given is told)


class Handed(msgspec.Struct, frozen=True, eq=False):
    """In the place of ``Done``: equal to itself only."""

    given: Input
    height: int
    round: int
    step: Step


class Seen(msgspec.Struct, frozen=True, eq=False):
    """Inputs handed on, of which it is only asked whether one is among them."""

    holds: bool

    def __contains__(self, done: object) -> bool:
        return bool(self.holds)

    def __iter__(self) -> Any:
        return iter(())
