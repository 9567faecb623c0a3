"""The surroundings of a validator in the published specification: its boxes, its network, the start of a height.

The specification picks from sets in an order that it does not say; what it picked is in the trace, or, at the start of
a height, is searched for. Source: ``nextAction``, ``getNewHeightAction`` and ``statemachineAsync.qnt``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from immutables import Map

from hyperion.sequencer.finality.acts import Act, Driver, Owed, Setting, Settle, Start, driver_of
from hyperion.sequencer.finality.certificates import Certificate, apply_certificate
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.driver import replace
from hyperion.sequencer.finality.types import (
    NO_ROUND,
    Address,
    CastVote,
    GetValue,
    Input,
    Kind,
    Output,
    Proposal,
    Propose,
    StartTimeout,
    Timeout,
    Value,
    Vote,
    VoteType,
    vote_order,
)
from hyperion.sequencer.finality.votes import Keeper, Reached, Validators, apply_vote, count_of, keeper_of
from hyperion_conformance.bft.itf import Variant
from hyperion_conformance.bft.quint import (
    TIMEOUTS,
    shown_certificate,
    shown_driver,
    shown_event,
    shown_input,
    shown_proposal,
    shown_value,
    shown_vote,
)

INVALID: Final = b"invalid"
"""The one value that the specification's application refuses."""
NOTHING_TO_PROPOSE: Final = b"nothing to propose"


class Node(msgspec.Struct, frozen=True):
    """A validator with its boxes."""

    driver: Driver
    timeouts: frozenset[tuple[Timeout, int, int]] = frozenset()
    votes: frozenset[Vote] = frozenset()
    proposals: frozenset[Proposal] = frozenset()
    certificates: frozenset[Certificate] = frozenset()
    synced_proposals: frozenset[Proposal] = frozenset()
    synced_certificates: frozenset[Certificate] = frozenset()
    requests: frozenset[tuple[int, int]] = frozenset()
    next_value: Value | None = None


class Network(msgspec.Struct, frozen=True):
    """All correct validators, and what is under way to each; without ``is_buffered`` messages arrive at once."""

    nodes: Map[Address, Node]
    proposals: Map[Address, frozenset[Proposal]]
    votes: Map[Address, frozenset[Vote]]
    certificates: Map[Address, frozenset[Certificate]]
    is_buffered: bool = True


def setting_of(validators: Validators, order: tuple[Address, ...] | None = None) -> Setting:
    """The specification's application: leaders rotate over the addresses, beginning with the second.

    The specification makes a list of a set; ``order`` is that list, ascending where none is given.
    """
    order = tuple(sorted(validators.weights)) if order is None else order

    def proposer(height: int, round: int) -> Address:
        return order[(round + 1) % len(order)]

    def enters_leading(state: Consensus, round: int) -> bool:
        # As published: the round after the present one is asked about, whichever is entered.
        return proposer(state.height, state.round + 1) == state.validator

    return Setting(proposer, lambda value: value != INVALID, enters_leading)


def network_of(validators: Validators, correct: tuple[Address, ...], height: int, is_buffered: bool) -> Network:
    """All validators before a height, nothing under way."""
    return network_at(Map({address: Node(driver_of(address, validators, height)) for address in correct}), is_buffered)


def network_at(nodes: Map[Address, Node], is_buffered: bool) -> Network:
    """Validators, nothing under way."""
    empty: Map[Address, frozenset[Any]] = Map({address: frozenset() for address in nodes})
    return Network(nodes, empty, empty, empty, is_buffered)


def shown_node(node: Node) -> Map[str, Any]:
    """A validator with its boxes, as the specification writes it."""
    return Map(
        es=shown_driver(node.driver),
        timeouts=frozenset((Variant(TIMEOUTS[timeout]), height, round) for timeout, height, round in node.timeouts),
        incomingVotes=frozenset(map(shown_vote, node.votes)),
        incomingProposals=frozenset(map(shown_proposal, node.proposals)),
        incomingCertificates=frozenset(map(shown_certificate, node.certificates)),
        incomingSyncProposals=frozenset(map(shown_proposal, node.synced_proposals)),
        incomingSyncCertificates=frozenset(map(shown_certificate, node.synced_certificates)),
        getValueRequests=node.requests, nextValueToPropose=shown_value(node.next_value),
    )


# --- the start of a height ------------------------------------------------------------------------------------------

Started = tuple[Node, Act, Variant]
"""The validator, what its driver is asked then, and what the specification calls it."""


def choices(votes: frozenset[Vote], honest: frozenset[Address], validators: Validators) -> Iterator[Vote]:
    """One of each set of votes that may be exchanged for one another: of equal value and weight, of honest senders."""
    seen: set[tuple[Value | None, int]] = set()
    for vote in sorted(votes, key=vote_order):
        alike = (vote.value, validators.weights.get(vote.sender, 0))
        if vote.sender not in honest:
            yield vote
        elif alike not in seen:
            seen.add(alike)
            yield vote


def in_any_order(keeper: Keeper, votes: frozenset[Vote], round: int, target: Any) -> frozenset[Keeper]:
    """What a keeper may be after votes of one round and type whose order is not known, as far as the trace agrees."""
    senders = [vote.sender for vote in votes]
    honest = frozenset(sender for sender in senders if senders.count(sender) == 1)
    reached = {(keeper, votes)}
    for _ in range(len(votes)):
        reached = {
            (after, rest - {vote})
            for before, rest in reached
            for vote in choices(rest, honest, keeper.validators)
            for after in (apply_vote(before, vote, round)[0],)
            if agrees(after, vote, target)
        }
    return frozenset(after for after, _ in reached)


def agrees(keeper: Keeper, vote: Vote, target: Any) -> bool:
    """Whether what a keeper tells of a vote's round is among what the trace tells of it: it only ever grows."""
    there = target["rounds"].get(vote.round)
    if there is None:
        return False
    votes = keeper.rounds[vote.round]
    weights = there["prevotes" if vote.type == VoteType.PREVOTE else "precommits"]["valuesWeights"]
    events = frozenset(map(shown_event, votes.events))
    mine = count_of(votes, vote.type).weights.items()
    return events <= there["emittedOutputs"] and all(
        weight <= weights.get(shown_value(value), 0) for value, weight in mine
    )


def shown_in_any_order(keeper: Keeper, certificates: frozenset[Certificate]) -> frozenset[Keeper]:
    """What a keeper may be after certificates whose order is not known."""
    reached = {(keeper, certificates)}
    for _ in range(len(certificates)):
        reached = {
            (apply_certificate(before, certificate)[0], rest - {certificate})
            for before, rest in reached
            for certificate in sorted(rest)
        }
    return frozenset(after for after, _ in reached)


def loaded(node: Node, target: Any) -> Iterator[Keeper]:
    """The keepers with all waiting votes and certificates of the height that may be those of the trace."""
    height = node.driver.consensus.height
    votes = [vote for vote in sorted(node.votes, key=vote_order) if vote.height == height]
    last = max((vote.round for vote in votes), default=0)
    keepers = frozenset({keeper_of(height, node.driver.keeper.validators)})
    for _, group in itertools.groupby(sorted(votes, key=_group), _group):
        waiting = frozenset(group)
        keepers = frozenset(after for keeper in keepers for after in in_any_order(keeper, waiting, last, target))
    certificates = [certificate for certificate in sorted(node.certificates) if certificate.height == height]
    for _, proofs in itertools.groupby(sorted(certificates, key=_group), _group):
        under_way = frozenset(proofs)
        keepers = frozenset(after for keeper in keepers for after in shown_in_any_order(keeper, under_way))
    yield from sorted(keepers, key=repr)


def _group(message: Vote | Certificate) -> tuple[int, int]:
    return message.round, message.type


def decisions(keeper: Keeper, proposals: frozenset[Proposal], setting: Setting) -> tuple[tuple[int, Value], ...]:
    """Rounds and values with a commit among the events and a valid proposal that waits."""
    return tuple(
        (round, event.value)
        for round in sorted(keeper.rounds)
        for event in sorted(keeper.rounds[round].events, key=repr)
        if event.reached == Reached.PRECOMMIT_VALUE and event.value is not None
        for proposal in sorted(proposals)
        if proposal.height == keeper.height
        and proposal.value == event.value
        and setting.is_valid(proposal.value)
        and proposal.sender == setting.proposer(keeper.height, round)
    )


def started(node: Node, setting: Setting, target: Any) -> Iterator[Started]:
    """What starting a height may make of a validator; ``target`` is the keeper of the trace afterwards."""
    height = node.driver.consensus.height
    later = replace(
        node,
        votes=frozenset(vote for vote in node.votes if vote.height > height),
        proposals=frozenset(proposal for proposal in node.proposals if proposal.height >= height),
        certificates=frozenset(certificate for certificate in node.certificates if certificate.height > height),
    )
    for keeper in loaded(node, target):
        driver = replace(node.driver, keeper=keeper, started=True, owed=frozenset())
        decided = decisions(keeper, node.proposals, setting)
        for round, value in decided:
            yield _owing(later, driver, Owed(Input(Kind.PROPOSAL_COMMIT, round, value), height, round))
        if not decided:
            # As published: of several rounds with events the last one counts, in the order of a set.
            firsts = {max((event.round for event in votes.events), default=0) for votes in keeper.rounds.values()}
            for round in sorted(firsts) or [0]:
                if round > 0:
                    owed = Owed(Input(Kind.NEW_ROUND, round), height, NO_ROUND)
                    leads = setting.proposer(height, round) == driver.consensus.validator
                    yield _owing(later, driver, owed, Kind.NEW_ROUND_PROPOSER if leads else Kind.NEW_ROUND)
                else:
                    yield replace(later, driver=driver), Start(), Variant("StartDInput")


def _owing(node: Node, driver: Driver, owed: Owed, called: Kind | None = None) -> Started:
    name = owed.given if called is None else Input(called, owed.given.round)
    after = replace(node, driver=replace(driver, owed=frozenset({owed})))
    return after, Settle(owed), Variant("PendingDInput", shown_input(name))


# --- what a step does to the network --------------------------------------------------------------------------------


def with_effects(network: Network, node: Node, output: Output, certificate: Certificate | None) -> Network:
    """The network after a validator's step: the validator with its timeouts and requests, its messages under way."""
    here = node.driver.consensus
    # As published: where messages arrive at once, a proposal starts no timeout.
    if isinstance(output, GetValue) or (isinstance(output, Propose) and network.is_buffered):
        node = replace(node, timeouts=node.timeouts | {(Timeout.PROPOSE, here.height, here.round)})
    if isinstance(output, GetValue):
        node = replace(node, requests=node.requests | {(output.height, output.round)})
    if isinstance(output, StartTimeout):
        node = replace(node, timeouts=node.timeouts | {(output.timeout, here.height, here.round)})
    network = replace(network, nodes=network.nodes.set(here.validator, node))
    if isinstance(output, Propose):
        network = _sent(network, "proposals", output.proposal)
    if isinstance(output, CastVote):
        network = _sent(network, "votes", output.vote)
    if certificate is not None and network.is_buffered:
        network = _sent(network, "certificates", certificate)
    return network


def without_request(network: Network, node: Node, output: Output) -> Network | None:
    """The network after a step that asked for a value in vain, or None.

    As published: where messages arrive at once and the validator chose its own step, a wish for a value is dropped.
    """
    if network.is_buffered or not isinstance(output, GetValue):
        return None
    return replace(network, nodes=network.nodes.set(node.driver.consensus.validator, node))


def _sent(network: Network, box: str, message: Proposal | Vote | Certificate) -> Network:
    if not network.is_buffered:
        nodes = {
            address: replace(node, **{box: getattr(node, box) | {message}}) for address, node in network.nodes.items()
        }
        return replace(network, nodes=Map(nodes))
    under_way = {address: waiting | {message} for address, waiting in getattr(network, box).items()}
    return replace(network, **{box: Map(under_way)})
