"""Finality is safe: one decision a height, whoever is asked, below a third of faulty weight; above it, who is to blame.

For any number of validators, rounds and values, every order, delay and loss of messages, and any votes of the faulty.
The rows are the model's own, asked of unknown states; what the others do is one predicate that only grows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hyperion.sequencer.finality import accountability, consensus, votes
from hyperion.sequencer.finality.types import Kind, VoteType
from hyperion.symbolic.ideal import Ideal
from hyperion_proofs.finality import blame
from hyperion_proofs.finality.agreement import no_polka_against_a_commit, one_decision, one_polka_a_round
from hyperion_proofs.finality.blame import equivocates, forgets, honest_can_pay, pays_as_said, precommits_without_polka
from hyperion_proofs.finality.history import keeps, others_vote, starts
from hyperion_proofs.finality.local_rows import with_fault
from hyperion_proofs.finality.quorums import (
    a_third_has_an_honest_one,
    honest_are_a_quorum,
    nobody,
    one_more,
    two_quorums_meet,
)
from hyperion_proofs.mutant import in_place, mutant
from hyperion_proofs.solve import CVC5_INTEGERS, INTEGERS
from hyperion_proofs.statement import Statement
from hyperion_proofs.theorem import Assumption, Control, Obligation, Theorem
from hyperion_proofs.theorem import Kind as Sort
from hyperion_proofs.theorems.finality_certificates import AUTHENTIC

SOLVERS: Final = (INTEGERS, CVC5_INTEGERS)

THIRD: Final = Assumption("FIN-third-faulty", "At most a third of a height's weight is of faulty validators.")


def obligation(name: str, statement: Statement) -> Obligation:
    """An obligation about integers; the paths are few, so the solver is not asked at branches."""
    return Obligation(name, statement, SOLVERS, prune=False)


def blaming(function: Callable[..., Any], old: str, new: str) -> Ideal:
    """A piece of a function exchanged where the statements about blame look for it."""
    return Ideal(blame, function.__name__, mutant(function, old, new), "seeded fault")


def row(kind: Kind, old: str, new: str) -> Obligation:
    """The row of a kind with a piece of its source exchanged."""
    return Obligation(kind.name, keeps(kind), SOLVERS, lambda: (with_fault(kind, old, new),), prune=False)


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
        Control(
            "a third without more is reason to skip",
            Obligation(
                "more than a third", a_third_has_an_honest_one, SOLVERS,
                lambda: (in_place(votes.is_skip, "3 * weight > total", "3 * weight >= total"),), prune=False,
            ),
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
        Control("a new value is prevoted against a lock", row(Kind.PROPOSAL, "if free else", "if True else")),
        Control("a polka of any round unlocks", row(Kind.PROPOSAL_POLKA_PREVIOUS, "if free else", "if True else")),
        Control(
            "the valid round need not be earlier than the present one",
            Obligation(
                "PROPOSAL_POLKA_PREVIOUS", keeps(Kind.PROPOSAL_POLKA_PREVIOUS), SOLVERS,
                lambda: (in_place(consensus.advance, "not row.is_enabled", "False and"),), prune=False,
            ),
        ),
        Control(
            "a polka for nil unlocks",
            row(Kind.POLKA_NIL, "_voted(state,",
                "_voted(msgspec.structs.replace(state, locked_round=NO_ROUND, locked_value=None),"),
        ),
        Control("a precommit does not lock", row(Kind.PROPOSAL_POLKA, ", lock=given.value)", ")")),
        Control("a value is precommitted without a polka", obligation("unguarded", keeps(Kind.PROPOSAL_POLKA, False))),
        Control("a value is decided without a commit", obligation("unguarded", keeps(Kind.PROPOSAL_COMMIT, False))),
        Control(
            "who waited for prevotes in vain precommits what was valid before",
            row(Kind.TIMEOUT_PREVOTE, "VoteType.PRECOMMIT, None", "VoteType.PRECOMMIT, state.valid_value"),
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
        Control(
            "two thirds are a quorum",
            Obligation(
                "one polka a round", one_polka_a_round, SOLVERS,
                lambda: (in_place(votes.is_quorum, "3 * weight > 2 * total", "3 * weight >= 2 * total"),), prune=False,
            ),
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
        obligation("a commit and the first polka against it", forgets()),
        obligation("the honest owe nothing", honest_can_pay),
        obligation("what pays", pays_as_said),
    ),
    (
        Control(
            "a polka of the round of the prevote pays, too",
            obligation(
                "a commit and the first polka against it",
                forgets(mutant(accountability.owed_by_change, "precommit.round, prevote.round)",
                               "precommit.round, prevote.round + 1)")),
            ),
        ),
        Control(
            "a polka of the round of the precommit pays nothing",
            Obligation(
                "the honest owe nothing", honest_can_pay, SOLVERS,
                lambda: (blaming(accountability.owed_by_change, "precommit.round, prev", "precommit.round + 1, prev"),),
                prune=False,
            ),
        ),
        Control(
            "a polka of the round before pays",
            Obligation(
                "what pays", pays_as_said, SOLVERS,
                lambda: (in_place(accountability.unpaid, "debt.since <= polka", "debt.since - 1 <= polka"),),
                prune=False,
            ),
        ),
        Control(
            "a polka for any value pays",
            Obligation(
                "what pays", pays_as_said, SOLVERS,
                lambda: (in_place(accountability.unpaid, "polka.value) != (VoteType.PREVOTE, debt.height, debt.value)",
                                  "debt.value) != (VoteType.PREVOTE, debt.height, debt.value)"),),
                prune=False,
            ),
        ),
        Control(
            "of two different votes the lesser must come first",
            Obligation(
                "two commits of a round", equivocates(VoteType.PRECOMMIT), SOLVERS,
                lambda: (blaming(accountability.is_equivocation, "one.value !=", "one.value <"),), prune=False,
            ),
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
