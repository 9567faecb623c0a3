"""Finality is safe: one decision a height, whoever is asked, below a third of faulty weight; above it, who is to blame.

For any number of validators, rounds and values, every order, delay and loss of messages, and any votes of the faulty.
The rows are the model's own, asked of unknown states; what the others do is one predicate that only grows.
"""

from __future__ import annotations

from typing import Final

from hyperion.sequencer.finality import accountability, consensus, votes
from hyperion.sequencer.finality.types import Kind, VoteType
from hyperion_proofs.finality.agreement import no_polka_against_a_commit, one_decision, one_polka_a_round
from hyperion_proofs.finality.blame import equivocates, forgets, honest_can_pay, pays_as_said, precommits_without_polka
from hyperion_proofs.finality.history import keeps, others_vote, starts
from hyperion_proofs.finality.local_faults import control, obligation
from hyperion_proofs.finality.quorums import (
    a_third_has_an_honest_one,
    honest_are_a_quorum,
    nobody,
    one_more,
    two_quorums_meet,
)
from hyperion_proofs.theorem import Assumption, Control, Theorem
from hyperion_proofs.theorem import Kind as Sort
from hyperion_proofs.theorems.finality_certificates import AUTHENTIC

THIRD: Final = Assumption("FIN-third-faulty", "At most a third of a height's weight is of faulty validators.")


QUORUMS: Final = Theorem(
    "FIN-quorum-intersection",
    "Any two quorums have more than a third of the weight in common, and an honest validator in it if the faulty have "
    "at most a third; more than a third of the weight has an honest validator; and where the faulty have less than a "
    "third, the honest alone are a quorum.",
    ("FIN-quorum", "FIN-third"),
    Sort.INDUCTION,
    (
        obligation("sums over nobody", nobody),
        obligation("one validator more", one_more),
        obligation("two quorums", two_quorums_meet()),
        obligation("more than a third", a_third_has_an_honest_one),
        obligation("the honest", honest_are_a_quorum),
    ),
    (
        Control(
            "two thirds are a quorum",
            obligation("two quorums", two_quorums_meet(lambda weight, total: 3 * weight >= 2 * total)),
        ),
        Control("the faulty have half of the weight", obligation("two quorums", two_quorums_meet(most=2))),
        control(
            "a third without more is reason to skip", "more than a third", a_third_has_an_honest_one,
            (votes.is_skip, "3 * weight > total", "3 * weight >= total"),
        ),
    ),
    argument="Sums over validators are made by adding one at a time. A set that outweighs its faulty members has one "
    "that is not faulty.",
    fast=True,
)  # fmt: skip

LOCKED: Final = Theorem(
    "FIN-locked",
    "Whatever the others send: for a value that an honest validator precommits there is a polka of that round, and if "
    "it prevotes another value later, there is a polka for that one of the round of the precommit or one between.",
    (
        "FIN-prevote-new", "FIN-prevote-old", "FIN-prevote-invalid", "FIN-precommit-lock", "FIN-precommit-nil",
        "FIN-decide", "FIN-timeout-propose", "FIN-timeout-prevote", "FIN-lead-round", "FIN-follow-round",
    ),
    Sort.INDUCTION,
    (
        obligation("start", starts),
        *(obligation(f"row {kind.name}", keeps(kind)) for kind in Kind),
        obligation("votes of the others", others_vote),
    ),
    (
        control(
            "a new value is prevoted against a lock", "PROPOSAL", keeps(Kind.PROPOSAL),
            (Kind.PROPOSAL, "if free else", "if True else"),
        ),
        control(
            "a polka of any round unlocks", "PROPOSAL_POLKA_PREVIOUS", keeps(Kind.PROPOSAL_POLKA_PREVIOUS),
            (Kind.PROPOSAL_POLKA_PREVIOUS, "if free else", "if True else"),
        ),
        control(
            "the valid round need not be earlier than the present one", "PROPOSAL_POLKA_PREVIOUS",
            keeps(Kind.PROPOSAL_POLKA_PREVIOUS),
            (consensus.advance, "not row.is_enabled", "False and"),
        ),
        control(
            "a polka for nil unlocks", "POLKA_NIL", keeps(Kind.POLKA_NIL),
            (Kind.POLKA_NIL, "_voted(state,",
             "_voted(msgspec.structs.replace(state, locked_round=NO_ROUND, locked_value=None),"),
        ),
        control(
            "a precommit does not lock", "PROPOSAL_POLKA", keeps(Kind.PROPOSAL_POLKA),
            (Kind.PROPOSAL_POLKA, ", lock=given.value)", ")"),
        ),
        Control("a value is precommitted without a polka", obligation("unguarded", keeps(Kind.PROPOSAL_POLKA, False))),
        Control("a value is decided without a commit", obligation("unguarded", keeps(Kind.PROPOSAL_COMMIT, False))),
        control(
            "who waited for prevotes in vain precommits what was valid before", "TIMEOUT_PREVOTE",
            keeps(Kind.TIMEOUT_PREVOTE),
            (Kind.TIMEOUT_PREVOTE, "VoteType.PRECOMMIT, None", "VoteType.PRECOMMIT, state.valid_value"),
        ),
    ),
    "any orderly state, any input whose guard is true of the votes (FIN-guards), any two rounds",
    (AUTHENTIC,),
    "An honest validator votes once in a round and type (FIN-votes-once), and a restart gives back what it was "
    "(FIN-restart-safe), so its votes are a function of round and type.",
    fast=True,
)  # fmt: skip

AGREEMENT: Final = Theorem(
    "FIN-agreement",
    "No two honest validators decide different values of a height, for any number of validators, rounds and values, "
    "any order, delay and loss of messages, and any votes of the faulty.",
    ("FIN-decide", "FIN-quorum", "FIN-prevote-new", "FIN-prevote-old", "FIN-precommit-lock", "FIN-first-vote"),
    Sort.INDUCTION,
    (
        obligation("one polka a round", one_polka_a_round),
        obligation("no polka against a commit", no_polka_against_a_commit()),
        obligation("one decision", one_decision()),
    ),
    (
        Control("locks are not kept", obligation("no polka against a commit", no_polka_against_a_commit(locked=False))),
        Control(
            "the faulty have half of the weight",
            obligation("no polka against a commit", no_polka_against_a_commit(most=2)),
        ),
        control(
            "two thirds are a quorum", "one polka a round", one_polka_a_round,
            (votes.is_quorum, "3 * weight > 2 * total", "3 * weight >= 2 * total"),
        ),
        Control("precommits need no polka", obligation("one decision", one_decision(locked=False))),
    ),
    "any two commits and any polka of a later round",
    (AUTHENTIC, THIRD),
    "What is decided has a commit, a precommit a polka, and a change of mind another one (FIN-locked); quorums meet in "
    "an honest validator (FIN-quorum-intersection). By induction on the round, no polka after a commit is for another "
    "value; an honest precommit of a second commit would need one.",
    fast=True,
)  # fmt: skip

BLAME: Final = Theorem(
    "FIN-accountability",
    "If a height has commits of two values, then more than a third of the weight signed two different votes of a round "
    "and type, or owes a polka that does not exist; and no honest validator ever does either.",
    ("FIN-equivocation", "FIN-precommit-owes", "FIN-amnesia", "FIN-pays", "FIN-culprits", "FIN-quorum"),
    Sort.INDUCTION,
    (
        obligation("two commits of a round", equivocates(VoteType.PRECOMMIT)),
        obligation("a commit without polka", precommits_without_polka),
        obligation("two polkas of a round", equivocates(VoteType.PREVOTE)),
        obligation("a commit and the first polka against it", forgets),
        obligation("the honest owe nothing", honest_can_pay),
        obligation("what pays", pays_as_said),
    ),
    (
        control(
            "a polka of the round of the prevote pays, too", "a commit and the first polka against it", forgets,
            (accountability.owed_by_change, "precommit.round, prevote.round)", "precommit.round, prevote.round + 1)"),
        ),
        control(
            "a polka of the round of the precommit pays nothing", "the honest owe nothing", honest_can_pay,
            (accountability.owed_by_change, "precommit.round, prev", "precommit.round + 1, prev"),
        ),
        control(
            "a polka of the round before pays", "what pays", pays_as_said,
            (accountability.unpaid, "debt.since <= polka", "debt.since - 1 <= polka"),
        ),
        control(
            "a polka for any value pays", "what pays", pays_as_said,
            (accountability.unpaid, "polka.value) != (VoteType.PREVOTE, debt.height, debt.value)",
             "debt.value) != (VoteType.PREVOTE, debt.height, debt.value)"),
        ),
        control(
            "of two different votes the lesser must come first", "two commits of a round",
            equivocates(VoteType.PRECOMMIT),
            (accountability.is_equivocation, "one.value !=", "one.value <"),
        ),
    ),
    "any member of the quorums that a case names; whoever signed, honest or not",
    (AUTHENTIC,),
    "Let there be commits for v in round r and for u in a round s not before it. If r is s, all who are in both sign "
    "two precommits of a round. Else, where the commit of s has no polka of its round, all who are in it owe one. Else "
    "there is a first round after r with a polka for another value than v, say w. Where the commit of r has no polka, "
    "all in it owe one; where w has a polka in r, all who are in both polkas of r sign two prevotes; else all who are "
    "in the commit of r and in that first polka owe one. Each time it is a quorum, or what two quorums have in common: "
    "more than a third (FIN-quorum-intersection). The honest vote once (FIN-votes-once) and have what they owe.",
    fast=True,
)  # fmt: skip

THEOREMS: Final = (QUORUMS, LOCKED, AGREEMENT, BLAME)
