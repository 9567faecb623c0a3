"""Votes and certificates: what is counted, against whom evidence is, and what makes a certificate valid."""

from __future__ import annotations

from typing import Final

from hyperion.sequencer.finality import votes
from hyperion_proofs.finality.local_counting import (
    certificate_accuses_no_honest,
    counts_a_vote,
    counts_first_votes,
    no_votes_yet,
    two_votes_are_refused,
    vote_accuses_no_honest,
)
from hyperion_proofs.finality.local_faults import control, obligation
from hyperion_proofs.theorem import Assumption, Kind, Theorem

AUTHENTIC: Final = Assumption("authentic-votes", "A vote that names a validator was signed by it, for the epoch.")

COUNT: Final = Theorem(
    "FIN-count",
    "For any votes of any validators: the weight of a value is that of those whose first vote it is, the weight of all "
    "values that of all who voted; an event is true of them, so a quorum is one of those who voted so; a threshold is "
    "named once, and no weight is lost.",
    ("FIN-first-vote", "FIN-threshold", "FIN-count-vote", "FIN-quorum", "FIN-third"),
    Kind.INDUCTION,
    (
        obligation("no votes", no_votes_yet),
        obligation("a vote is added", counts_first_votes),
        obligation("the first vote of a round is counted", counts_a_vote(first=True)),
        obligation("a vote is counted", counts_a_vote(first=False)),
    ),
    (
        control(
            "second votes count", "a vote is added", counts_first_votes,
            (votes.add_vote, "return Count(count.total, count.weights, count.received",
             "return Count(count.total, count.weights.set(vote.value, count.weights.get(vote.value, 0) + weight), "
             "count.received"),
        ),
        control(
            "heads are counted", "a vote is added", counts_first_votes,
            (votes.add_vote, "vote.value, 0) + weight", "vote.value, 0) + 1"),
        ),
        control(
            "two thirds are a quorum", "a vote is counted", counts_a_vote(first=False),
            (votes.is_quorum, "3 * weight > 2 * total", "3 * weight >= 2 * total"),
        ),
        control(
            "a threshold is named again", "a vote is counted", counts_a_vote(first=False),
            (votes.apply_vote, "if event in votes.events", "if False"),
        ),
        control(
            "a voter is heard with each vote", "a vote is counted", counts_a_vote(first=False),
            (votes.apply_vote, "if vote.sender not in voters", "if True"),
        ),
    ),
    "any snapshot; sums over any number of validators, each changed by what a vote changes of one member",
    argument="Induction over the votes received: at first all sums are zero, and each vote changes a weight as it "
    "changes the sum. Certificates count more than first votes: FIN-certificate-adds.",
)  # fmt: skip

NEVER_SLASHED: Final = Theorem(
    "FIN-never-slashed",
    "An honest validator's votes are never evidence: whatever anybody receives, no evidence holds a vote of one "
    "that votes once for each place, and the stake refuses any two of its votes.",
    ("FIN-evidence", "FIN-first-vote", "FIN-certificate-count", "SEQ-evidence-conflict", "SEQ-accused"),
    Kind.INDUCTION,
    (
        obligation("a vote is counted", vote_accuses_no_honest),
        obligation("a certificate is counted", certificate_accuses_no_honest),
        obligation("the stake judges", two_votes_are_refused()),
    ),
    (
        control(
            "one vote is evidence", "a vote is counted", vote_accuses_no_honest,
            (votes.evidence_of, "if len(values) < 2", "if len(values) < 1"),
        ),
        control("votes are not signed for an epoch", "the stake judges", two_votes_are_refused(signed_for_epoch=False)),
    ),
    "the validator votes once for each epoch, height, round and type (FIN-votes-once, FIN-restart-safe)",
    (AUTHENTIC,),
    argument="Induction over what is received: of the honest validator at most its one choice is kept, so there are "
    "never two. A certificate's signers are taken one by one; one more does to any votes what is shown here.",
    fast=True,
)  # fmt: skip

THEOREMS: Final = (COUNT, NEVER_SLASHED)
