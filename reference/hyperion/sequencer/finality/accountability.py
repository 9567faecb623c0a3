"""Who is to blame for two decisions of one height: from the votes of all, and the polkas that they show in defence.

Two different votes of a round and type are proof by themselves. A vote against one's own earlier precommit is none: a
later polka may have allowed it. So it is a debt, which a polka pays, and who can't pay is as guilty.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hyperion.rules import rule
from hyperion.sequencer.finality.certificates import Certificate, Rejected, refused
from hyperion.sequencer.finality.types import Address, Value, Vote, VoteType, vote_order
from hyperion.sequencer.finality.votes import Validators


class Debt(msgspec.Struct, frozen=True):
    """A polka that a validator has to show: for this value, of a round from ``since`` and before ``until``."""

    height: int
    value: Value
    since: int
    until: int


@rule("FIN-equivocation", "Two different votes of one validator in one round and type are proof against it.")
def is_equivocation(one: Vote, other: Vote) -> bool:
    """Whether nobody who runs the algorithm signs both. That they are of one sender is the caller's to see to."""
    same = one.type == other.type and one.height == other.height and one.round == other.round
    return same and one.value != other.value


@rule("FIN-precommit-owes", "A precommit for a value owes a polka for it of the same round.")
def owed_by_precommit(vote: Vote) -> Debt | None:
    """What a vote owes by itself; None for one that owes nothing."""
    if vote.type != VoteType.PRECOMMIT or vote.value is None:
        return None
    return Debt(vote.height, vote.value, vote.round, vote.round + 1)


@rule(
    "FIN-amnesia",
    "A prevote against one's own earlier precommit owes a polka for its value, of the round of the precommit or later.",
)
def owed_by_change(precommit: Vote, prevote: Vote) -> Debt | None:
    """What two votes of one sender owe together; None where the second is not against the first."""
    if precommit.type != VoteType.PRECOMMIT or prevote.type != VoteType.PREVOTE or precommit.height != prevote.height:
        return None
    if precommit.value is None or prevote.value is None or precommit.round >= prevote.round:
        return None
    if precommit.value == prevote.value:
        return None
    return Debt(prevote.height, prevote.value, precommit.round, prevote.round)


@rule("FIN-pays", "A debt is paid by a valid certificate of prevotes for its value, of a round within it.")
def unpaid(debt: Debt, polka: Certificate, validators: Validators) -> Rejected | None:
    """None if the polka pays the debt; else the rule that it breaks."""
    if (polka.type, polka.height, polka.value) != (VoteType.PREVOTE, debt.height, debt.value):
        return Rejected("FIN-pays")
    if not debt.since <= polka.round < debt.until:
        return Rejected("FIN-pays")
    return refused(polka, validators)


def debts_of(votes: Iterable[Vote]) -> tuple[Debt, ...]:
    """What one sender's votes owe."""
    signed = sorted(votes, key=vote_order)
    alone = [owed_by_precommit(vote) for vote in signed]
    together = [owed_by_change(one, other) for one in signed for other in signed]
    return tuple(dict.fromkeys(debt for debt in alone + together if debt is not None))


@rule("FIN-culprits", "To blame is who signed different votes of a round and type, or owes a polka that nobody shows.")
def culprits(votes: Iterable[Vote], polkas: Iterable[Certificate], validators: Validators) -> tuple[Address, ...]:
    """Validators that are to blame, in order of their addresses.

    After two decisions of a height they have more than a third of the weight, if all votes of both are given; whoever
    runs the algorithm is never among them, if the polkas that it has seen are given.
    """
    signed, shown = tuple(votes), tuple(polkas)
    return tuple(
        sender
        for sender in sorted(validators.weights)
        if is_to_blame(tuple(vote for vote in signed if vote.sender == sender), shown, validators)
    )


def is_to_blame(signed: tuple[Vote, ...], shown: tuple[Certificate, ...], validators: Validators) -> bool:
    """Whether the votes of one sender contradict each other, or owe what none of the polkas pays."""
    if any(is_equivocation(one, other) for one in signed for other in signed):
        return True
    return any(all(unpaid(debt, polka, validators) for polka in shown) for debt in debts_of(signed))
