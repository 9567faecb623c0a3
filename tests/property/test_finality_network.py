"""Networks under adversaries: 6 pairs of an adversary and a liar, 8 seeds each (10 times as many in ``deep``).

Before the network is stable messages are lost, late, kept from half of the validators, or hidden; one of four
validators lies or is silent; one restarts from its log now and then. All honest validators decide both heights within
15 rounds of waiting after stabilisation, every invariant holds after every step, and no honest validator contradicts
itself: what others hold against anybody is against the liar.
"""

from collections.abc import Callable
from random import Random
from typing import Final

import pytest
from hypothesis import settings

from hyperion.sequencer.finality.votes import validators_of
from hyperion_conformance.bft.network import (
    Liar,
    Network,
    hiding,
    network_of,
    parted,
    run,
    silent,
    stabilising,
    two_faced,
    world_of,
)

STABLE: Final = 20_000
PATIENCE: Final = 60_000
"""Milliseconds after stabilisation; a round waits 6 to 8 seconds at most while rounds are below 4."""
WEIGHTS: Final = ({b"v0": 1, b"v1": 1, b"v2": 1, b"v3": 1}, {b"v0": 5, b"v1": 3, b"v2": 4, b"v3": 4})
DELAYS: Final = {
    "lossy": stabilising(STABLE),
    "parted": parted(STABLE, (frozenset({b"v0", b"v1"}), frozenset({b"v2", b"v3"}))),
    "hiding": hiding(STABLE),
}


SEEDS: Final = 80 if settings.get_current_profile_name() == "deep" else 8


def restarting(seed: int) -> Callable[[Network], None]:
    """Restarts a validator after about every hundredth step."""
    random = Random(seed)

    def each(network: Network) -> None:
        if random.random() < 0.01:
            network.restart(random.choice(network.honest()))

    return each


@pytest.mark.parametrize("delay", sorted(DELAYS))
@pytest.mark.parametrize("liar", [silent, two_faced])
def test_all_decide_alike_after_stabilisation(delay: str, liar: Liar) -> None:
    for seed in range(SEEDS):
        weights = WEIGHTS[seed % 2]
        liars = {b"v%d" % (1 + seed % 3): liar}
        world = world_of(validators_of(weights), DELAYS[delay], liars=liars, heights=2, checks=True)
        network = network_of(world, seed)
        assert run(network, STABLE + PATIENCE, restarting(seed)), f"seed {seed} did not decide"
        assert network.faults == []
        accused = {
            vote.sender for node in network.nodes.values() for votes in node.driver.keeper.evidence for vote in votes
        }
        assert accused <= set(liars)


def test_two_liars_of_four_can_break_agreement_or_progress() -> None:
    """Control: beyond a third the claims are not true, and the checks say so in one of three seeds."""

    def is_broken(seed: int) -> bool:
        liars = {b"v1": two_faced, b"v2": two_faced}
        network = network_of(world_of(validators_of(WEIGHTS[0]), DELAYS["lossy"], liars=liars, checks=True), seed)
        return not run(network, STABLE) or bool(network.faults)

    assert any(is_broken(seed) for seed in range(3))


def test_a_validator_without_its_log_contradicts_itself() -> None:
    """Control: who restarts without a log is accused by the others in at least one of 40 seeds."""
    accused = 0
    for seed in range(40):
        world = world_of(validators_of(WEIGHTS[0]), DELAYS["lossy"], heights=1)
        network, random = network_of(world, seed), Random(seed)

        def forget(network: Network, random: Random = random) -> None:
            if random.random() < 0.05:
                address = random.choice(network.honest())
                log = network.logs[address]
                network.logs[address] = type(log)(log.origin, log.history[:1])
                network.restart(address)

        run(network, STABLE + PATIENCE, forget)
        accused += any(node.driver.keeper.evidence for node in network.nodes.values())
    assert accused > 0
