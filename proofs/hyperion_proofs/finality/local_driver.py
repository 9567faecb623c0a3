"""A driver of which nothing is known but its invariants: any votes, proposals, and inputs that it asked and owes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from hyperion.sequencer.finality import driver, node
from hyperion.sequencer.finality.acts import Done, Driver, Owed, Setting
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.node import setting_of
from hyperion.sequencer.finality.types import NO_ROUND, Input, Kind, Proposal, Step, Value, VoteType
from hyperion.sequencer.finality.votes import Event, Keeper, Reached
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.opaque import OpaqueError
from hyperion.symbolic.proxies import all_of, any_of
from hyperion_proofs.finality.local_sets import Asked, Due, Kept, Made, Votes, least, listed
from hyperion_proofs.finality.local_state import any_choice, any_round, any_value, one_of
from hyperion_proofs.statement import Given


def any_setting(given: Given) -> Setting:
    """Any schedule and any application."""
    return setting_of(
        lambda height, round: cast(bytes, given.result("leader", (height, round), 0)),
        lambda value: given.result("is valid", (cast(int, value),), 0, 1) == 1,
    )


def any_proposal(given: Given, name: str) -> Proposal:
    """A proposal with anything in it."""
    sender, value = (cast(bytes, given.integer(f"{field} of {name}", 0)) for field in ("sender", "value"))
    height, round = given.integer(f"height of {name}", 0), given.integer(f"round of {name}", 0)
    return Made(sender, height, round, value, any_round(given, f"valid round of {name}"))




def proposed(kept: Kept, round: int, value: Value | None, valid_round: int | None = None) -> Any:
    """Whether a member that the run has met proposes the value in the round, with the valid round if one is named."""
    if value is None:
        return False
    return any_of(
        *(
            all_of(one.round == round, one.value == value, valid_round is None or one.valid_round == valid_round)
            for one in kept.seen
        ),
        False,
    )


def is_proper(setting: Setting, here: Consensus) -> Callable[[Proposal], Any]:
    """Whether a proposal may be kept: of this height, of its round's leader, and valid."""

    def proper(one: Proposal) -> Any:
        leader = setting.proposer(one.height, one.round)
        return all_of(one.height == here.height, one.sender == leader, setting.is_valid(one.value))

    return proper


def is_due(votes: Votes, kept: Kept) -> Callable[[Owed], Any]:
    """Whether what is owed is true in its round."""

    def due(owed: Owed) -> Any:
        told = owed.given
        if told.kind == Kind.PRECOMMIT_ANY:
            return votes.has_any(owed.round, VoteType.PRECOMMIT)
        if told.kind != Kind.PROPOSAL_POLKA or told.value is None:
            return False
        return all_of(votes.has(owed.round, VoteType.PREVOTE, told.value), proposed(kept, owed.round, told.value))

    return due


def any_owed(given: Given, kept: Kept) -> Callable[[str], Owed]:
    """Either of what may be owed; the proposal that it speaks of is among those that are kept."""

    def made(name: str) -> Owed:
        height, round = given.integer(f"height of {name}", 0), given.integer(f"round of {name}", 0)
        if given.truth(f"{name} are precommits"):
            return Due(Input(Kind.PRECOMMIT_ANY), height, round)
        proposal = any_proposal(given, f"proposal of {name}")
        given.assume(all_of(kept.proper(proposal), proposal.round == round))
        kept.seen.append(proposal)
        return Due(Input(Kind.PROPOSAL_POLKA, value=proposal.value), height, round)

    return made


class Unread:
    """What neither driver nor node looks at: asking whether it is equal to anything is an error of the proof."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise OpaqueError("a lock is looked at")


BEGUN: Final = (Step.PROPOSE, Step.PREVOTE, Step.PRECOMMIT, Step.UNSTARTED)
"""The steps of an open height that has begun."""


def any_memory(given: Given, step: Step, valid_value: bool) -> Consensus:
    """What a validator remembers, of which locks are left open, and the valid value unless it is asked for."""
    unread = cast(Any, Unread())
    round = given.integer("round", 0) if step != Step.NONE else NO_ROUND
    valid = any_choice(given, "valid value") if valid_value else unread
    validator = cast(bytes, given.integer("validator", 0))
    return Consensus(validator, given.integer("height", 0), round, step, unread, unread, unread, valid)


def any_driver(
    given: Given, setting: Setting, step: Step | None = None, valid_value: bool = False, changed: Step = Step.NONE
) -> Driver:
    """A driver in an open height that has begun, or in the step that is given; ``Step.NONE`` is before it begins."""
    here = any_memory(given, one_of(given, "step", BEGUN) if step is None else step, valid_value)
    votes = Votes(given, here.height)
    proposals = Kept(given, "proposal", lambda name: any_proposal(given, name), is_proper(setting, here))
    owed = Kept(given, "what is owed", any_owed(given, proposals), is_due(votes, proposals))
    return Driver(
        here, cast(Keeper, votes), cast("frozenset[Proposal]", proposals), cast("tuple[Done, ...]", Asked(given)),
        cast("frozenset[Owed]", owed), changed, started=step != Step.NONE,
    )  # fmt: skip


def any_event(given: Given, votes: Votes, here: int) -> Event:
    """What counting in a round may have brought about, and what is true then. FIN-count shows that of the counts."""
    reached = one_of(given, "reached", tuple(Reached))
    round = given.integer("round of event", 0)
    for_value = reached in {Reached.POLKA_VALUE, Reached.PRECOMMIT_VALUE}
    event = Event(reached, round, any_value(given, "value of event") if for_value else None)
    given.assume(is_true(votes, here, event))
    return event


def is_true(votes: Votes, here: int, event: Event) -> Any:
    """What an event says of the votes."""
    round, value = event.round, event.value
    says: dict[Reached, Callable[[], Any]] = {
        Reached.NOTHING: lambda: True,
        Reached.POLKA_ANY: lambda: votes.has_any(round, VoteType.PREVOTE),
        Reached.POLKA_NIL: lambda: votes.has(round, VoteType.PREVOTE, None),
        Reached.POLKA_VALUE: lambda: votes.has(round, VoteType.PREVOTE, value),
        Reached.PRECOMMIT_ANY: lambda: votes.has_any(round, VoteType.PRECOMMIT),
        Reached.PRECOMMIT_VALUE: lambda: votes.has(round, VoteType.PRECOMMIT, value),
        Reached.SKIP: lambda: all_of(round > here, 3 * votes.heard(round) > votes.total),
    }
    return says[event.reached]()


def counted(keeper: Votes, message: object, round: int = NO_ROUND) -> tuple[Votes, Event]:
    """The votes with one more: they are any votes, so these are they."""
    del message
    return keeper, any_event(keeper.given, keeper, round)


def ideals() -> tuple[Ideal, ...]:
    """What stands for searches in sets, and for questions about votes."""
    counts: dict[str, Any] = {
        "has_reached": lambda keeper, round, type, value: keeper.has(round, type, value),
        "has_reached_any": lambda keeper, round, type: keeper.has_any(round, type),
        "sorted": listed,
        "apply_vote": counted,
        "apply_certificate": counted,
        "certificate_for": lambda keeper, type, round, value: None,
    }
    return (
        *(Ideal(module, name, made, "as defined") for module in (driver, node) for name, made in counts.items()),
        Ideal(node, "has_quorum_of_any", lambda count: count[0].has_any(count[1], count[2]), "as defined"),
        Ideal(node, "min", least, "as min"),
        Ideal(driver, "Owed", Due, "as Owed"),
    )

