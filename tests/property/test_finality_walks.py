"""Walks of the published network that the replay has not seen: 30 of 80 steps each (300 in ``deep``).

At random a validator takes something from its boxes, the network delivers a message that was sent or that the liar
made up, a timer is over, a value is given, or a height begins anew. The walk is written as a trace and read again:
whatever may happen in the specification, the replay explains it, votes for nil and second votes of the liar included.
"""

from random import Random
from typing import Any, Final

import pytest
from hypothesis import settings
from immutables import Map

from hyperion.sequencer.finality.acts import driver_of
from hyperion.sequencer.finality.certificates import apply_certificate
from hyperion.sequencer.finality.driver import replace
from hyperion.sequencer.finality.types import Proposal, Vote, VoteType, vote_order
from hyperion.sequencer.finality.votes import Keeper, Validators, apply_vote, keeper_of, validators_of
from hyperion_conformance.bft.itf import Trace, Variant
from hyperion_conformance.bft.published import INVALID, Network, Node, network_of, setting_of, shown_node
from hyperion_conformance.bft.quint import (
    TIMEOUTS,
    shown_certificate,
    shown_input,
    shown_keeper,
    shown_output,
    shown_proposal,
    shown_vote,
)
from hyperion_conformance.bft.replay import replay
from hyperion_conformance.bft.walk import acted, acts, shown_network

WALKS: Final = 300 if settings.get_current_profile_name() == "deep" else 30
STEPS: Final = 80
VALUES: Final = (b"red", b"blue", INVALID)
BOXES: Final = {"votes": shown_vote, "proposals": shown_proposal, "certificates": shown_certificate}


def lie(random: Random, setting: Any) -> tuple[str, Any]:
    """A message of the liar, v1."""
    round = random.randrange(3)
    if random.random() < 0.3:
        valid = random.randrange(-1, 2)
        return "proposals", Proposal(b"v1", 0, random.choice((3, round)), random.choice(VALUES), valid)
    value = random.choice((*VALUES[:2], None))
    return "votes", Vote(random.choice(list(VoteType)), b"v1", 0, round, value)


def delivered(network: Network, random: Random, name: bytes, setting: Any) -> Network:
    """Something arrives in a box."""
    box = random.choice(sorted(BOXES))
    waiting = sorted(getattr(network, box)[name], key=repr)
    if random.random() < 0.3 or not waiting:
        box, message = lie(random, setting)
    else:
        message = random.choice(waiting)
    under_way = getattr(network, box)
    network = replace(network, **{box: under_way.set(name, under_way[name] - {message})})
    node = network.nodes[name]
    return replace(network, nodes=network.nodes.set(name, replace(node, **{box: getattr(node, box) | {message}})))


def possible(node: Node) -> list[Variant]:
    """Inputs that the specification might pick for a validator, in one of the orders that it leaves open."""
    driver = node.driver
    here = (driver.consensus.height, driver.consensus.round)
    if here in node.requests:
        return [Variant("ProposeValueDInput", (node.next_value or b"nothing to propose").decode())]
    if driver.changed:
        return [Variant("StepChangeDInput")]
    if driver.owed:
        return [Variant("PendingDInput", shown_input(owed.given)) for owed in sorted(driver.owed)]
    found = [Variant("CertificateDInput", shown_certificate(each)) for each in sorted(node.certificates)]
    found = found or [Variant("ProposalDInput", shown_proposal(each)) for each in sorted(node.proposals)]
    found = found or [Variant("VoteDInput", shown_vote(each)) for each in sorted(node.votes, key=vote_order)]
    timers = [each for each in sorted(node.timeouts) if each[1:] == here]
    return found or [Variant("TimeoutDInput", Variant(TIMEOUTS[each[0]])) for each in timers] or [Variant("NoDInput")]


def loaded(node: Node, random: Random) -> Keeper:
    """A validator's keeper after the votes and certificates that wait for a height, in a random order."""
    keeper = keeper_of(node.driver.consensus.height, node.driver.keeper.validators)
    votes = [vote for vote in sorted(node.votes, key=vote_order) if vote.height == keeper.height]
    last = max((vote.round for vote in votes), default=0)
    for vote in random.sample(votes, len(votes)):
        keeper, _ = apply_vote(keeper, vote, last)
    waiting = [each for each in sorted(node.certificates) if each.height == keeper.height]
    for certificate in random.sample(waiting, len(waiting)):
        keeper, _ = apply_certificate(keeper, certificate)
    return keeper


def stepped(network: Network, random: Random, name: bytes, setting: Any) -> tuple[Network, Any] | None:
    """A validator takes a step; None where it has none."""
    node = network.nodes[name]
    if node.driver.started:
        given = random.choice(possible(node))
        choices = [choice for choice in acts(node, setting, given, Map()) if choice[2] == given]
    else:
        target: Any = Map(bk=shown_keeper(loaded(node, random)))
        choices = list(acts(node, setting, Variant("StartDInput"), target))
    if not choices:
        return None
    ready, asked, called = random.choice(choices)
    following, output = random.choice(list(acted(network, ready, asked, setting)))
    return following, Map(validator=name.decode(), input=called, output=shown_output(output))


def walk(seed: int, validators: Validators) -> Trace:
    """A random walk as a trace."""
    random, setting = Random(seed), setting_of(validators)
    network = network_of(validators, (b"v2", b"v3", b"v4"), 0, True)
    shown: Any = Map({name.decode(): shown_node(node) for name, node in network.nodes.items()})
    history: Any = Map(validator="INIT", input=Variant("NoDInput"), output=Variant("NoConsensusOutput"))
    states = [shown_network(network, shown, network).set("_hist", history)]
    while len(states) < STEPS:
        name, choice, before = random.choice((b"v2", b"v3", b"v4")), random.random(), network
        node = network.nodes[name]
        if choice < 0.45:
            outcome = stepped(network, random, name, setting)
            if outcome is None:
                continue
            network, history = outcome
        elif choice < 0.9:
            network = delivered(network, random, name, setting)
        elif choice < 0.96:
            network = replace(
                network, nodes=network.nodes.set(name, replace(node, next_value=random.choice(VALUES[:2])))
            )
        elif node.driver.chain:
            anew = driver_of(name, validators, len(node.driver.chain), node.driver.chain)
            network = replace(network, nodes=network.nodes.set(name, replace(node, driver=anew)))
        state = shown_network(before, states[-1]["system"], network).set("_hist", history)
        states.append(state)
    return Trace(f"walk {seed}", tuple(states))


@pytest.mark.parametrize("weights", [(1, 1, 1, 1), (2, 3, 1, 1)])
def test_a_walk_is_explained(weights: tuple[int, ...]) -> None:
    names = (b"v1", b"v2", b"v3", b"v4")
    validators = validators_of(dict(zip(names, weights, strict=True)))
    acted_at_all = 0
    for seed in range(WALKS // 2):
        result = replay(walk(seed, validators))
        assert result.difference is None, f"{result.name}: {result.difference}"
        assert result.steps == STEPS - 1
        acted_at_all += result.acts
    assert acted_at_all > 100
