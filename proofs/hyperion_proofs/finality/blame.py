"""Two decisions and who is to blame: in each case some quorum, or what two have in common, is to blame to the last one.

Here nobody is taken to be honest: a validator may have signed any votes. Each statement speaks of any member of the
quorums of its case, of the debt that the model's functions find in its votes, and of any round in which it could be
paid. The last one is of an honest validator, whose debts are paid.
"""

from __future__ import annotations

from typing import Any, cast

from hyperion.sequencer.finality import accountability
from hyperion.sequencer.finality.accountability import Debt
from hyperion.sequencer.finality.certificates import Certificate, Rejected
from hyperion.sequencer.finality.types import Value, Vote, VoteType
from hyperion.sequencer.finality.votes import Validators
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import all_of, any_of, implies, negation
from hyperion_proofs.finality.history import INVARIANTS, Moment, Unknown, two_rounds, witness
from hyperion_proofs.finality.local_state import any_consensus, any_type, is_orderly
from hyperion_proofs.statement import Given, Statement

PREVOTE, PRECOMMIT = VoteType.PREVOTE, VoteType.PRECOMMIT


def signed(given: Given, type: VoteType, round: int, value: Any) -> Vote:
    """A vote of the validator that the statement is about, in the height that it is about."""
    sender = cast(bytes, given.integer("validator", 0))
    return Vote(type, sender, given.integer("height", 0), round, cast(Value, value))


def equivocates(type: VoteType) -> Statement:
    """Who is in quorums for two values, of one round and type, has signed what nobody signs who is honest."""

    def statement(given: Given) -> None:
        round, value, another = (given.integer(name, 0) for name in ("round", "value", "another value"))
        given.assume(value != another)
        one, other = signed(given, type, round, value), signed(given, type, round, another)
        given.claim("an equivocation", accountability.is_equivocation(one, other))

    return statement


def stays_unpaid(given: Given, votes: Unknown, debt: Debt | None) -> None:
    """There is a debt, and no polka that would pay it, whichever round is looked at."""
    given.claim("it owes a polka", debt is not None)
    if debt is None:
        return
    at = given.integer("round of a polka", 0)
    given.note("owes", (debt.value, debt.since, debt.until))
    given.assume(all_of(debt.since <= at, at < debt.until))
    given.claim("and there is none", negation(votes.polka(at, debt.value)))


def precommits_without_polka(given: Given) -> None:
    """Where a commit has no polka of its round, all who precommitted owe one."""
    votes, round, value = Unknown(given), given.integer("round", 0), given.integer("value", 0)
    at = given.integer("round of a polka", 0)
    given.assume(implies(at == round, negation(votes.polka(at, value))))
    stays_unpaid(given, votes, accountability.owed_by_precommit(signed(given, PRECOMMIT, round, value)))


def forgets(given: Given) -> None:
    """Who is in a commit and in the first later polka against it owes a polka that there is not.

    The first: of no round between is there a polka for any other value than that of the commit. Of the round of the
    commit there is none for the other value either, or there would be two polkas of that round.
    """
    votes = Unknown(given)
    value, another = given.integer("value", 0), given.integer("another value", 0)
    first, second = given.integer("round of commit", 0), given.integer("first round with a polka against it", 0)
    given.assume(all_of(value != another, first < second))
    at = given.integer("round of a polka", 0)
    given.assume(implies(all_of(first <= at, at < second), negation(votes.polka(at, another))))
    precommit, prevote = signed(given, PRECOMMIT, first, value), signed(given, PREVOTE, second, another)
    stays_unpaid(given, votes, accountability.owed_by_change(precommit, prevote))


def honest_can_pay(given: Given) -> None:
    """Whatever debt is found in the votes of an honest validator, there is a polka that pays it."""
    votes, state = Unknown(given), any_consensus(given)
    given.assume(is_orderly(state))
    first, second = two_rounds(given)
    between = witness(given, first, second)
    moment = Moment(state, votes, votes, first, second, (between,))
    for holds in INVARIANTS.values():
        given.assume(holds(moment))
    was, now = moment.precommit(first), moment.prevote(second)
    given.assume(all_of(was >= 0, now >= 0))
    precommit, prevote = signed(given, PRECOMMIT, first, was), signed(given, PREVOTE, second, now)
    debts = {
        "the precommit": accountability.owed_by_precommit(precommit),
        "both": accountability.owed_by_change(precommit, prevote),
    }
    for name, debt in debts.items():
        if debt is None:
            continue
        given.note(f"owed by {name}", (debt.value, debt.since, debt.until))
        paid = any_of(
            *(all_of(debt.since <= at, at < debt.until, votes.polka(at, debt.value)) for at in (first, between))
        )
        given.claim(f"what {name} owe is paid", paid)


def pays_as_said(given: Given) -> None:
    """A debt is paid by a valid polka for its value, in its height, of a round within it, and by nothing else."""
    value, height = given.integer("value owed", 0), given.integer("height owed", 0)
    debt = Debt(height, cast(Value, value), given.integer("since", 0), given.integer("until", 0))
    type, shown = any_type(given, "type shown"), given.integer("value shown", 0)
    at, round = given.integer("height shown", 0), given.integer("round shown", 0)
    polka, valid = Certificate(type, at, round, cast(Value, shown), ()), given.truth("the snapshot accepts it")

    def refused(certificate: Certificate, validators: Validators) -> Rejected | None:
        return None if valid and certificate is polka else Rejected("FIN-quorum")

    with Idealized((Ideal(accountability, "refused", refused, "FIN-certificate-deterministic"),)):
        found = accountability.unpaid(debt, polka, cast(Validators, None))
    about = all_of(type == PREVOTE, at == height, shown == value, debt.since <= round, round < debt.until, valid)
    given.note("owed", (height, value, debt.since, debt.until))
    given.note("shown", (type.name.lower(), at, shown, round))
    given.claim("paid by what pays" if found is None else "refused is what does not pay", (found is None) == about)
