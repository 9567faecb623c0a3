"""What a decision is worth: somebody honest accepts the value, and both sets at an epoch's end decide the same."""

from __future__ import annotations

from typing import Final

from hyperion.sequencer.finality import certificates
from hyperion.sequencer.finality.types import Kind
from hyperion_proofs.finality.epochs import INCOMING, OUTGOING, binds, once
from hyperion_proofs.finality.local_faults import control, obligation
from hyperion_proofs.finality.validity import PROPOSED, asks_of_accepted, keeps_to_accepted, somebody_honest_accepts
from hyperion_proofs.theorem import Control, Theorem
from hyperion_proofs.theorem import Kind as Sort
from hyperion_proofs.theorems.finality_agreement import THIRD
from hyperion_proofs.theorems.finality_certificates import AUTHENTIC

VALIDITY: Final = Theorem(
    "FIN-validity",
    "Whoever honest decides a value has it from a proposal of its round's leader, and its application accepted it; and "
    "of any value with a polka or a commit some honest validator's application did.",
    ("FIN-valid-first", "FIN-prevote-new", "FIN-prevote-old", "FIN-prevote-invalid", "FIN-precommit-lock",
     "FIN-decide", "FIN-lead-round"),
    Sort.INDUCTION,
    (
        *(obligation(f"row {kind.name}", keeps_to_accepted(kind)) for kind in Kind),
        *(obligation(f"asking {kind.name}", asks_of_accepted(kind)) for kind in PROPOSED),
        obligation("a quorum", somebody_honest_accepts()),
    ),
    (
        control(
            "an invalid proposal gets a prevote", "PROPOSAL_INVALID", keeps_to_accepted(Kind.PROPOSAL_INVALID),
            (Kind.PROPOSAL_INVALID, "VoteType.PREVOTE, None", "VoteType.PREVOTE, given.value"),
        ),
        control(
            "an invalid proposal with a polka gets a prevote", "PROPOSAL_POLKA_INVALID",
            keeps_to_accepted(Kind.PROPOSAL_POLKA_INVALID),
            (Kind.PROPOSAL_POLKA_INVALID, "VoteType.PREVOTE, None", "VoteType.PREVOTE, given.value"),
        ),
        control(
            "who had no proposal in time votes for what it was told", "TIMEOUT_PROPOSE",
            keeps_to_accepted(Kind.TIMEOUT_PROPOSE),
            (Kind.TIMEOUT_PROPOSE, "VoteType.PREVOTE, None", "VoteType.PREVOTE, given.value"),
        ),
        Control("any proposal is kept", obligation("asking", asks_of_accepted(Kind.PROPOSAL_COMMIT, judged=False))),
        Control("all may be faulty", obligation("a quorum", somebody_honest_accepts(most=1))),
    ),
    "any state of which the locked and the valid value were accepted; what is asked of a row is true (FIN-guards)",
    (AUTHENTIC, THIRD),
    "A validator keeps only proposals that its application accepts (FIN-guards), so it votes for, locks and decides "
    "nothing else. A quorum has an honest member (FIN-quorum-intersection).",
    fast=True,
)  # fmt: skip

EPOCHS: Final = Theorem(
    "FIN-handover-agreement",
    "A height that one set of validators hands over to the next is decided once: whatever either set commits at it is "
    "what was handed over, if that set has at most a third of faulty weight; and two hand-overs of a height have one "
    "value if either set has.",
    ("FIN-handover", "FIN-certificate-valid", "FIN-quorum"),
    Sort.PATHS,
    (
        obligation("the set that leaves commits", binds(OUTGOING)),
        obligation("the set that comes commits", binds(INCOMING)),
        obligation("the set that leaves hands over once", once(OUTGOING)),
        obligation("the set that comes takes over once", once(INCOMING)),
    ),
    (
        control(
            "the set that comes is not asked", "the set that comes commits", binds(INCOMING),
            (certificates.handover_refused, " or refused(new, incoming)", ""),
        ),
        control(
            "the set that leaves is not asked", "the set that leaves commits", binds(OUTGOING),
            (certificates.handover_refused, "refused(old, outgoing) or ", ""),
        ),
        control(
            "heights are not compared", "the set that comes commits", binds(INCOMING),
            (certificates.handover_refused, "(old.height, old.value) != (new.height, new.value)",
             "old.value != new.value"),
        ),
        control(
            "values are not compared", "the set that comes takes over once", once(INCOMING),
            (certificates.handover_refused, "(old.height, old.value) != (new.height, new.value)",
             "old.height != new.height"),
        ),
        control(
            "a polka is enough", "the set that leaves commits", binds(OUTGOING),
            (certificates.handover_refused, "old.type != VoteType.PRECOMMIT or", ""),
        ),
        Control("the set that leaves may be faulty", obligation("commits", binds(OUTGOING, sound=False))),
        Control("both sets may be faulty", obligation("takes over", once(INCOMING, sound=False))),
    ),
    "any certificates; a set with at most a third of faulty weight commits one value a height (FIN-agreement), and "
    "votes are signed for their set",
    (AUTHENTIC, THIRD),
    fast=True,
)  # fmt: skip

THEOREMS: Final = (VALIDITY, EPOCHS)
