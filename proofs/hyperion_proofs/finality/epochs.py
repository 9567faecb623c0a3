"""The height at which one set of validators hands over to the next: both decide it, and decide the same.

Whether a set accepts a certificate is any predicate of it. That one set agrees with itself is FIN-agreement, for any
set with at most a third of faulty weight; here it is assumed of the sets that have so little.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from hyperion.sequencer.finality import certificates
from hyperion.sequencer.finality.certificates import Certificate, Handover, Rejected
from hyperion.sequencer.finality.types import VoteType
from hyperion.sequencer.finality.votes import Validators
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import all_of, implies
from hyperion_proofs.finality.local_state import any_type, any_value
from hyperion_proofs.statement import Given, Statement

OUTGOING: Final = 0
INCOMING: Final = 1
BOTH: Final = (OUTGOING, INCOMING)
SETS: Final = tuple(Validators({}, number) for number in BOTH)  # type: ignore[arg-type]
"""Told apart by their totals; of their weights nothing is asked."""


@attrs.frozen(eq=False)
class Sets:
    """Both sets, and what each accepts."""

    given: Given

    def accepts(self, which: int, certificate: Certificate) -> Any:
        """Whether the certificate is valid for the set."""
        value: Any = certificate.value
        names = (which, int(certificate.type), certificate.height, certificate.round, value)
        return self.given.result("accepts", names, 0, 1) == 1

    def refused(self, certificate: Certificate, validators: Validators) -> Rejected | None:
        """As of ``refused``."""
        return None if self.accepts(validators.total, certificate) else Rejected("FIN-quorum")

    def agrees(self, which: int, one: Certificate, other: Certificate) -> Any:
        """The set does not commit two values of a height (FIN-agreement)."""
        if one.type != VoteType.PRECOMMIT or other.type != VoteType.PRECOMMIT:
            return True
        both = all_of(one.height == other.height, self.accepts(which, one), self.accepts(which, other))
        return implies(both, one.value == other.value)


def any_certificate(given: Given, name: str, type: VoteType | None = None) -> Certificate:
    """A certificate with anything in it."""
    height, round = given.integer(f"height {name}", 0), given.integer(f"round {name}", 0)
    said = any_type(given, f"type {name}") if type is None else type
    return Certificate(said, height, round, any_value(given, f"value {name}"), ())


def accepted_handover(given: Given, sets: Sets, name: str) -> Handover:
    """A hand-over that the model accepts."""
    handover = Handover(*(any_certificate(given, f"{name} {side}") for side in ("by the old set", "by the new set")))
    with Idealized((Ideal(certificates, "refused", sets.refused, "FIN-certificate-deterministic"),)):
        found = certificates.handover_refused(handover, SETS[OUTGOING], SETS[INCOMING])
    given.assume(found is None)
    return handover


def side(handover: Handover, which: int) -> Certificate:
    """The certificate of one of the sets."""
    return handover.outgoing if which == OUTGOING else handover.incoming


def binds(which: int, sound: bool = True) -> Statement:
    """What a set with little faulty weight commits at a height that was handed over is what was handed over."""

    def statement(given: Given) -> None:
        sets = Sets(given)
        handover = accepted_handover(given, sets, "handed over")
        commit = any_certificate(given, "committed", VoteType.PRECOMMIT)
        given.assume(all_of(commit.height == handover.outgoing.height, sets.accepts(which, commit)))
        if sound:
            given.assume(sets.agrees(which, side(handover, which), commit))
        given.note("handed over", (handover.outgoing.height, handover.outgoing.value))
        given.note("committed", (commit.height, commit.value))
        given.claim("the same value", commit.value == handover.outgoing.value)

    return statement


def once(which: int, sound: bool = True) -> Statement:
    """Where either set has little faulty weight, a height is handed over with one value only."""

    def statement(given: Given) -> None:
        sets = Sets(given)
        one, other = (accepted_handover(given, sets, name) for name in ("handed over", "also handed over"))
        given.assume(one.outgoing.height == other.outgoing.height)
        if sound:
            given.assume(sets.agrees(which, side(one, which), side(other, which)))
        given.note("values", (one.outgoing.value, other.outgoing.value))
        given.claim("one value", one.outgoing.value == other.outgoing.value)

    return statement
