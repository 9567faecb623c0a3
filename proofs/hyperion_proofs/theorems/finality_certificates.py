"""Votes and certificates: what is counted, against whom evidence is, and what makes a certificate valid."""

from __future__ import annotations

from typing import Final

from hyperion.sequencer.finality import certificates, votes
from hyperion_proofs.finality.local_adding import adds_as_votes
from hyperion_proofs.finality.local_certificates import (
    ascending_is_unique,
    bytes_are_unique,
    each_counts_once,
    is_canonical,
    is_valid_as_said,
    one_block_is_handed_over,
    snapshot_is_a_map,
)
from hyperion_proofs.finality.local_counting import (
    certificate_accuses_no_honest,
    counts_a_vote,
    counts_first_votes,
    no_votes_yet,
    two_votes_are_refused,
    vote_accuses_no_honest,
)
from hyperion_proofs.finality.local_faults import control, obligation
from hyperion_proofs.theorem import Assumption, Control, Kind, Theorem

AUTHENTIC: Final = Assumption("FIN-authentic-epoch", "A message that names a validator was signed by it for the epoch.")

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
    "changes the sum. Certificates count more than first votes (FIN-certificate-adds); that no value has more than "
    "all who voted for it is kept by votes after them, too.",
)  # fmt: skip

NEVER_SLASHED: Final = Theorem(
    "FIN-never-slashed",
    "What an honest validator signs is never evidence: whatever anybody receives, no evidence holds a vote of one "
    "that votes once for each place, and the stake refuses any two of its votes and proposals.",
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
    "the validator signs once for each epoch, height, round and type (FIN-votes-once, FIN-proposes-once, "
    "FIN-restart-safe)",
    (AUTHENTIC,),
    argument="Induction over what is received: of the honest validator at most its one choice is kept, so there are "
    "never two. A certificate's signers are taken one by one; one more does to any votes what is shown here.",
    fast=True,
)  # fmt: skip

ADDS: Final = Theorem(
    "FIN-certificate-adds",
    "A valid certificate leaves what is received and the evidence as its votes would, one by one; its value has the "
    "weight of all who voted for it, each once, and so a quorum; no other value gains.",
    ("FIN-certificate-count", "FIN-certificate-valid", "FIN-evidence"),
    Kind.BOUNDED,
    (obligation("three validators", adds_as_votes),),
    (
        control(
            "a signer that has voted counts again", "three validators", adds_as_votes,
            (certificates.apply_certificate, "if vote.value not in values", "if True"),
        ),
        control(
            "a certificate is counted unseen", "three validators", adds_as_votes,
            (certificates.apply_certificate, "or refused(certificate, keeper.validators) is not None", ""),
        ),
        control(
            "an earlier different vote is forgotten", "three validators", adds_as_votes,
            (certificates.apply_certificate, "(*values, vote.value)", "(vote.value,)"),
        ),
    ),
    "three validators of any weights, each with no vote or one for one of two values, and any signers among them",
)  # fmt: skip

RLP: Final = Assumption("FIN-rlp-injective", "RLP of nested byte strings is injective, and so are bytes of numbers.")

DETERMINISTIC: Final = Theorem(
    "FIN-certificate-deterministic",
    "Whether a certificate is valid depends on it and on its signers' weights alone, not on the order of the snapshot: "
    "valid are just those whose signers ascend, are validators, and have more than two thirds of the weight, each "
    "counted once. Signers have one form, however they are named, and a form has bytes of its own.",
    ("FIN-certificate-valid", "FIN-certificate-canonical", "FIN-quorum"),
    Kind.INDUCTION,
    (
        *(obligation(f"validity, {number} signers", is_valid_as_said(number, first=False)) for number in (0, 1, 2)),
        obligation("validity, one signer more", is_valid_as_said(1, first=True)),
        obligation("who ascends counts once", each_counts_once),
        obligation("a snapshot is a map", snapshot_is_a_map),
        *(obligation(f"one form, {number} signers", is_canonical(number)) for number in (1, 2, 3)),
        obligation("an ascending sequence is unique", ascending_is_unique()),
        obligation("bytes", bytes_are_unique),
    ),
    (
        control(
            "a signer may be named twice", "validity", is_valid_as_said(2, first=False),
            (certificates.refused, "first >= second", "first > second"),
        ),
        control(
            "strangers count", "validity", is_valid_as_said(1, first=True),
            (certificates.refused, "signer not in validators.weights", "False"),
        ),
        control(
            "the snapshot is gone through", "a snapshot is a map", snapshot_is_a_map,
            (certificates.refused, "signer not in validators.weights", "signer not in sorted(validators.weights)"),
        ),
        control(
            "signers stay in the order in which they are named", "one form", is_canonical(2),
            (certificates.certificate_of, "sorted(dict.fromkeys(signers))", "dict.fromkeys(signers)"),
        ),
        control(
            "who is named twice signs twice", "one form", is_canonical(2),
            (certificates.certificate_of, "sorted(dict.fromkeys(signers))", "sorted(signers)"),
        ),
        Control("sequences need not ascend", obligation("sequences", ascending_is_unique(ascends=False))),
        control(
            "bytes without the round", "bytes", bytes_are_unique,
            (certificates.encoded, "certificate.height, certificate.round)", "certificate.height)"),
        ),
    ),
    "validity and bytes: any number of signers, by induction; the run of certificate_of: up to three, any more by the "
    "uniqueness of ascending sequences, as what sorts and what drops repetitions are Python's own",
    (RLP,),
    fast=True,
)  # fmt: skip

HANDOVER: Final = Theorem(
    "FIN-handover",
    "A hand-over that is accepted has two certificates of precommits for one height and value, one valid for the set "
    "that leaves and one for the set that comes.",
    ("FIN-handover",),
    Kind.PATHS,
    (obligation("any two certificates", one_block_is_handed_over),),
    (
        control(
            "heights and values are not compared", "any two", one_block_is_handed_over,
            (certificates.handover_refused, "(old.height, old.value) != (new.height, new.value)", "False"),
        ),
        control(
            "heights are not compared", "any two", one_block_is_handed_over,
            (certificates.handover_refused, "(old.height, old.value) != (new.height, new.value)",
             "old.value != new.value"),
        ),
        control(
            "the set that leaves is not asked", "any two", one_block_is_handed_over,
            (certificates.handover_refused, "refused(old, outgoing) or ", ""),
        ),
        control(
            "the set that comes is not asked", "any two", one_block_is_handed_over,
            (certificates.handover_refused, " or refused(new, incoming)", ""),
        ),
        control(
            "the old set judges both", "any two", one_block_is_handed_over,
            (certificates.handover_refused, "refused(new, incoming)", "refused(new, outgoing)"),
        ),
        control(
            "a polka is enough", "any two", one_block_is_handed_over,
            (certificates.handover_refused, "old.type != VoteType.PRECOMMIT or new.type != VoteType.PRECOMMIT",
             "False"),
        ),
    ),
    "any certificates and sets",
    fast=True,
)  # fmt: skip

THEOREMS: Final = (COUNT, NEVER_SLASHED, ADDS, DETERMINISTIC, HANDOVER)
