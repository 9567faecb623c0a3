"""The names that the published specification gives to what the model has, both ways.

The specification's values and addresses are strings, ours are bytes; its votes are records, ours are kept by sender.
"""

from __future__ import annotations

from typing import Any, Final

from immutables import Map

from hyperion.sequencer.finality.acts import Decision, Done, Driver, Owed
from hyperion.sequencer.finality.certificates import Certificate, certificate_of, votes_of
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.types import (
    CastVote,
    Decide,
    GetValue,
    Input,
    Kind,
    Output,
    Proposal,
    Propose,
    Refusal,
    SkipRound,
    StartTimeout,
    Step,
    Timeout,
    Value,
    Vote,
    VoteType,
    vote_order,
)
from hyperion.sequencer.finality.votes import Count, Event, Keeper, Reached, RoundVotes, Validators
from hyperion_conformance.bft.itf import ItfError, Truth, Variant

STEPS: Final = dict(
    zip(
        Step,
        ("NoStep", "UnstartedStep", "ProposeStep", "PrevoteStep", "PrecommitStep", "CommitStep"),
        strict=True,
    )
)
TYPES: Final = {VoteType.PREVOTE: "Prevote", VoteType.PRECOMMIT: "Precommit"}
TIMEOUTS: Final = dict(zip(Timeout, ("ProposeTimeout", "PrevoteTimeout", "PrecommitTimeout"), strict=True))
EVENTS: Final = dict(
    zip(
        Reached,
        (
            "NoVKOutput", "PolkaAnyVKOutput", "PolkaNilVKOutput", "PolkaValueVKOutput", "PrecommitAnyVKOutput",
            "PrecommitValueVKOutput", "SkipVKOutput",
        ),
        strict=True,
    )
)
INPUTS: Final = dict(
    zip(
        Kind,
        (
            "NoConsensusInput", "NewRoundCInput", "NewRoundProposerCInput", "ProposeValueCInput", "ProposalCInput",
            "ProposalAndPolkaPreviousAndValidCInput", "ProposalInvalidCInput", "PolkaNilCInput", "PolkaAnyCInput",
            "ProposalAndPolkaAndValidCInput", "ProposalAndPolkaAndInvalidCInput", "PrecommitAnyCInput",
            "ProposalAndCommitAndValidCInput", "RoundSkipCInput", "TimeoutProposeCInput", "TimeoutPrevoteCInput",
            "TimeoutPrecommitCInput",
        ),
        strict=True,
    )
)
KINDS: Final = {name: kind for kind, name in INPUTS.items()}
ERRORS: Final = {
    ("FIN-no-input", False): "NoConsensusInput is not a valid consensus input",
    ("FIN-lead-round", True): "state is not Unstarted or initial step",
    ("FIN-lead-round", False): "new round is not bigger than current round",
    ("FIN-follow-round", True): "state is not Unstarted or initial step",
    ("FIN-follow-round", False): "new round is not bigger than current round",
    ("FIN-prevote-new", True): "ProposalCInput when not in ProposeStep",
    ("FIN-prevote-invalid", True): "ProposalCInput when not in ProposeStep",
    ("FIN-prevote-old", True): "ProposalAndPolkaPreviousAndValidCInput",
    ("FIN-prevote-old", False): "ProposalAndPolkaPreviousAndValidCInput",
    ("FIN-polka-any", True): "PolkaAnyCInput when not in PrevoteStep",
    ("FIN-precommit-lock", True): "ProposalAndPolkaAndValidCInput when not in PrevoteStep or PrecommitStep",
    ("FIN-precommit-nil", True): "PolkaNilCInput when not in PrevoteStep",
    ("FIN-decide", True): "ProposalAndCommitAndValidCInput when in CommitStep",
    ("FIN-skip-round", False): "RoundSkipCInput for round not bigger than current round",
    ("FIN-timeout-propose", True): "TimeoutProposeCInput",
    ("FIN-timeout-propose", False): "TimeoutProposeCInput",
    ("FIN-timeout-prevote", True): "TimeoutPrevoteCInput",
    ("FIN-timeout-prevote", False): "TimeoutPrevoteCInput",
    ("FIN-timeout-precommit", False): "TimeoutPrecommitCInput",
}
"""Rule and whether the step forbids it → the specification's message."""


# --- ours to theirs -------------------------------------------------------------------------------------------------


def shown_value(value: Value | None) -> Variant:
    """A value that may be nil."""
    return Variant("Nil") if value is None else Variant("Val", value.decode())


def shown_vote(vote: Vote) -> Map[str, Any]:
    """A vote."""
    return Map(
        voteType=Variant(TYPES[vote.type]), srcAddress=vote.sender.decode(), height=vote.height, round=vote.round,
        valueId=shown_value(vote.value),
    )


def shown_proposal(proposal: Proposal) -> Map[str, Any]:
    """A proposal."""
    return Map(
        srcAddress=proposal.sender.decode(), height=proposal.height, round=proposal.round,
        proposal=proposal.value.decode(), validRound=proposal.valid_round,
    )


def shown_certificate(certificate: Certificate | None) -> frozenset[Map[str, Any]]:
    """A certificate: its votes."""
    return frozenset() if certificate is None else frozenset(map(shown_vote, votes_of(certificate)))


def shown_input(given: Input) -> Variant:
    """An input of the algorithm."""
    kind = given.kind
    payload: Any = ()
    if kind in {Kind.NEW_ROUND, Kind.NEW_ROUND_PROPOSER, Kind.ROUND_SKIP}:
        payload = given.round
    elif kind == Kind.PROPOSE_VALUE:
        payload = (given.value or b"").decode()
    elif kind == Kind.PROPOSAL:
        payload = (given.round, shown_value(given.value))
    elif kind == Kind.PROPOSAL_POLKA_PREVIOUS:
        payload = (shown_value(given.value), given.round)
    elif kind in {Kind.PROPOSAL_POLKA, Kind.PROPOSAL_POLKA_INVALID}:
        payload = shown_value(given.value)
    elif kind == Kind.PROPOSAL_COMMIT:
        payload = (given.round, (given.value or b"").decode())
    elif kind in {Kind.TIMEOUT_PROPOSE, Kind.TIMEOUT_PREVOTE, Kind.TIMEOUT_PRECOMMIT}:
        payload = (given.height, given.round)
    return Variant(INPUTS[kind], payload)


def shown_output(output: Output) -> Variant:
    """What a step asks."""
    if isinstance(output, Propose):
        return Variant("ProposalOutput", shown_proposal(output.proposal))
    if isinstance(output, GetValue):
        asked = (output.height, output.round, Variant("ProposeTimeout"))
        return Variant("GetValueAndScheduleTimeoutOutput", asked)
    if isinstance(output, CastVote):
        return Variant("VoteOutput", shown_vote(output.vote))
    if isinstance(output, StartTimeout):
        return Variant("TimeoutOutput", (output.round, Variant(TIMEOUTS[output.timeout])))
    if isinstance(output, Decide):
        return Variant("DecidedOutput", (output.round, output.value.decode()))
    if isinstance(output, SkipRound):
        return Variant("SkipRoundOutput", output.round)
    if isinstance(output, Refusal):
        return Variant("ErrorOutput", ERRORS[output.rule, output.by_step])
    return Variant("NoConsensusOutput")


def shown_consensus(state: Consensus) -> Map[str, Any]:
    """What a validator remembers of the algorithm."""
    return Map(
        p=state.validator.decode(), height=state.height, round=state.round, step=Variant(STEPS[state.step]),
        lockedRound=state.locked_round, lockedValue=shown_value(state.locked_value),
        validRound=state.valid_round, validValue=shown_value(state.valid_value),
    )


def shown_event(event: Event) -> Variant:
    """What counting brought about."""
    payload: Any = event.round
    if event.reached in {Reached.POLKA_VALUE, Reached.PRECOMMIT_VALUE}:
        payload = (event.round, (event.value or b"").decode())
    return Variant(EVENTS[event.reached], () if event.reached == Reached.NOTHING else payload)


def shown_count(count: Count, type: VoteType, height: int, round: int) -> Map[str, Any]:
    """The votes of one round and type."""
    votes = (Vote(type, sender, height, round, value) for sender, values in count.received.items() for value in values)
    return Map(
        totalWeight=count.total,
        valuesWeights=Map({shown_value(value): weight for value, weight in count.weights.items()}),
        votesAddresses=frozenset(sender.decode() for sender in count.received),
        receivedVotes=frozenset(map(shown_vote, votes)),
    )


def shown_round(votes: RoundVotes, height: int, round: int) -> Map[str, Any]:
    """The votes of one round."""
    return Map(
        height=height, round=round, prevotes=shown_count(votes.prevotes, VoteType.PREVOTE, height, round),
        precommits=shown_count(votes.precommits, VoteType.PRECOMMIT, height, round),
        emittedOutputs=frozenset(map(shown_event, votes.events)), votesAddressesWeights=shown_weights(votes.voters),
    )


def shown_weights(weights: Map[bytes, int]) -> Map[str, int]:
    """Weights by address."""
    return Map({address.decode(): weight for address, weight in weights.items()})


def shown_keeper(keeper: Keeper) -> Map[str, Any]:
    """All votes of a height."""
    return Map(
        height=keeper.height, validatorSet=shown_weights(keeper.validators.weights),
        rounds=Map({round: shown_round(votes, keeper.height, round) for round, votes in keeper.rounds.items()}),
        evidence=frozenset(frozenset(map(shown_vote, votes)) for votes in keeper.evidence),
    )


def shown_owed(owed: Owed) -> tuple[Any, ...]:
    """An owed input."""
    return (shown_input(owed.given), owed.height, owed.round)


def shown_done(done: Done) -> tuple[Any, ...]:
    """An input that was handed on."""
    return (shown_input(done.given), done.height, done.round, Variant(STEPS[done.step]))


def shown_decision(decision: Decision) -> Map[str, Any]:
    """A decision."""
    return Map(decision=shown_proposal(decision.proposal), commit=shown_certificate(decision.commit))


def shown_driver(driver: Driver) -> Map[str, Any]:
    """All that a validator knows."""
    return Map(
        cs=shown_consensus(driver.consensus), bk=shown_keeper(driver.keeper),
        valset=shown_weights(driver.keeper.validators.weights),
        proposals=frozenset(map(shown_proposal, driver.proposals)), started=Truth(driver.started),
        executedInputs=tuple(map(shown_done, driver.done)), pendingInputs=frozenset(map(shown_owed, driver.owed)),
        pendingStepChange=Variant(STEPS[driver.changed]), voteKeeperOutput=shown_event(driver.event),
        chain=tuple(map(shown_decision, driver.chain)), certificates=frozenset(),
    )


# --- theirs to ours -------------------------------------------------------------------------------------------------


def read_value(value: Any) -> Value | None:
    """A value that may be nil. Refused with ``ItfError``: another tag."""
    if value.tag not in {"Nil", "Val"}:
        raise ItfError("value", f"{value.tag} is neither Nil nor Val")
    return None if value.tag == "Nil" else value.value.encode()


def read_vote(record: Any) -> Vote:
    """A vote. Refused with ``ItfError``: of another type than the two."""
    if record["voteType"].tag not in TYPES.values():
        raise ItfError("voteType", f"{record['voteType'].tag} is neither Prevote nor Precommit")
    type = VoteType.PREVOTE if record["voteType"].tag == "Prevote" else VoteType.PRECOMMIT
    sender = record["srcAddress"].encode()
    return Vote(type, sender, record["height"], record["round"], read_value(record["valueId"]))


def read_proposal(record: Any) -> Proposal:
    """A proposal."""
    sender, value = record["srcAddress"].encode(), record["proposal"].encode()
    return Proposal(sender, record["height"], record["round"], value, record["validRound"])


def read_certificate(votes: Any) -> Certificate:
    """A certificate. Refused with ``ItfError``: votes that are not for one value, which the model cannot express."""
    read = sorted(map(read_vote, votes), key=vote_order)
    if not read or any((v.type, v.height, v.round, v.value) != _subject(read[0]) for v in read) or not read[0].value:
        raise ItfError("certificate", "not votes for one value")
    return certificate_of(read[0].type, read[0].height, read[0].round, read[0].value, (v.sender for v in read))


def read_decision(record: Any) -> Decision:
    """A decision."""
    return Decision(read_proposal(record["decision"]), read_certificate(record["commit"]) if record["commit"] else None)


def _subject(vote: Vote) -> tuple[Any, ...]:
    return (vote.type, vote.height, vote.round, vote.value)


def read_validators(weights: Any) -> Validators:
    """A snapshot."""
    ours = Map({address.encode(): weight for address, weight in weights.items()})
    return Validators(ours, sum(ours.values()))


def read_input(variant: Variant) -> Input:
    """An input of the algorithm. Refused with ``ItfError``: a lock on nil, which types admit and nobody asks for."""
    kind, payload = KINDS[variant.tag], variant.value
    if kind == Kind.PROPOSAL_POLKA and payload == Variant("Nil"):
        raise ItfError("input", f"{variant.tag} of nil, which no proposal is for")
    if kind in {Kind.NEW_ROUND, Kind.NEW_ROUND_PROPOSER, Kind.ROUND_SKIP}:
        return Input(kind, payload)
    if kind == Kind.PROPOSE_VALUE:
        return Input(kind, value=payload.encode())
    if kind == Kind.PROPOSAL:
        return Input(kind, payload[0], read_value(payload[1]))
    if kind == Kind.PROPOSAL_POLKA_PREVIOUS:
        return Input(kind, payload[1], read_value(payload[0]))
    if kind in {Kind.PROPOSAL_POLKA, Kind.PROPOSAL_POLKA_INVALID}:
        return Input(kind, value=read_value(payload))
    if kind == Kind.PROPOSAL_COMMIT:
        return Input(kind, payload[0], payload[1].encode())
    if kind in {Kind.TIMEOUT_PROPOSE, Kind.TIMEOUT_PREVOTE, Kind.TIMEOUT_PRECOMMIT}:
        return Input(kind, payload[1], height=payload[0])
    return Input(kind)


def read_timeout(variant: Variant) -> Timeout:
    """A timeout."""
    return {name: timeout for timeout, name in TIMEOUTS.items()}[variant.tag]
