"""Validators of the model with a network between them, in discrete time: adversaries decide who hears what, and when.

Time is in milliseconds. Before ``stable`` a message may be lost or late as the adversary likes; afterwards each arrives
within ``delay``. A message that was lost is not forgotten for good: validators gossip every ``again`` milliseconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, TypeAlias

import attrs

from hyperion.sequencer.finality.acts import Setting
from hyperion.sequencer.finality.certificates import Certificate
from hyperion.sequencer.finality.invariants import broken, disagreement
from hyperion.sequencer.finality.log import Log, logged, restarted
from hyperion.sequencer.finality.node import (
    Begin,
    Deliver,
    Effects,
    Elapse,
    Event,
    Message,
    Node,
    Supply,
    gossip,
    node_of,
    setting_of,
    step,
)
from hyperion.sequencer.finality.types import (
    Address,
    CastVote,
    Decide,
    GetValue,
    Proposal,
    Propose,
    StartTimeout,
    Timeout,
    Value,
    Vote,
    VoteType,
)
from hyperion.sequencer.finality.votes import Validators

WAITS: Final[Mapping[Timeout, int]] = {Timeout.PROPOSE: 3_000, Timeout.PREVOTE: 1_000, Timeout.PRECOMMIT: 1_000}
"""Milliseconds that a validator waits in round 0."""
LONGER: Final = 500
"""Milliseconds more in each further round: in the end the waiting is longer than the network's delay."""

Delay: TypeAlias = Callable[[Random, int, Address, Address, Message], int | None]
"""Milliseconds until a message sent at a time arrives; None if it is lost."""
Liar: TypeAlias = Callable[["Network", Address, Random], list[tuple[Address, Message]]]
"""What a Byzantine validator sends to whom, each time that it looks around."""


@attrs.frozen
class World:
    """What does not change while a network runs."""

    validators: Validators
    setting: Setting
    delay: Delay
    liars: Mapping[Address, Liar] = attrs.field(factory=dict)
    heights: int = 1
    again: int = 2_000
    checks: bool = False
    """Whether the invariants are checked after each step; a run without is some times quicker."""


@attrs.define
class Network:
    """A network under way."""

    world: World
    random: Random
    nodes: dict[Address, Node]
    logs: dict[Address, Log]
    queue: list[tuple[int, int, Address, Event | None]] = attrs.field(factory=list)
    now: int = 0
    sent: int = 0
    steps: int = 0
    faults: list[str] = attrs.field(factory=list)
    rounds: dict[int, int] = attrs.field(factory=dict)
    """Height → the highest round in which an honest validator decided it."""
    down: set[Address] = attrs.field(factory=set)

    def honest(self) -> list[Address]:
        """Validators that run the model."""
        return [address for address in sorted(self.world.validators.weights) if address not in self.world.liars]

    def put(self, after: int, to: Address, event: Event | None) -> None:
        """Let something happen to a validator later."""
        self.sent += 1
        heapq.heappush(self.queue, (self.now + after, self.sent, to, event))

    def send(self, sender: Address, to: Address, message: Message) -> None:
        """Send a message to one validator."""
        after = self.world.delay(self.random, self.now, sender, to, message)
        if after is not None and to not in self.world.liars:
            self.put(after, to, Deliver(message))

    def happen(self, to: Address, event: Event) -> None:
        """Let an event happen to a validator now: log, step, effects, in this order."""
        node = self.nodes[to]
        self.logs[to] = logged(self.logs[to], node, event)
        self.nodes[to], effects = step(node, event, self.world.setting)
        self.steps += 1
        if self.world.checks:
            self.check(to)
        self.carry_out(to, effects)

    def carry_out(self, address: Address, effects: Effects) -> None:
        """Send, start and answer what a validator asks."""
        for effect in effects:
            if isinstance(effect, Propose | CastVote):
                message = effect.proposal if isinstance(effect, Propose) else effect.vote
                for to in sorted(self.nodes):
                    if to != address:
                        self.send(address, to, message)
            elif isinstance(effect, GetValue):
                self.put(0, address, Supply(effect.height, effect.round, value_of(address, effect)))
                self.start(address, effect.height, effect.round, Timeout.PROPOSE)
            elif isinstance(effect, StartTimeout):
                self.start(address, self.nodes[address].driver.consensus.height, effect.round, effect.timeout)
            elif isinstance(effect, Decide):
                height = self.nodes[address].driver.consensus.height
                self.rounds[height] = max(effect.round, self.rounds.get(height, 0))
                if height + 1 < self.world.heights:
                    self.put(0, address, Begin(self.world.validators))

    def start(self, address: Address, height: int, round: int, timeout: Timeout) -> None:
        """Start a timer."""
        self.put(WAITS[timeout] + LONGER * round, address, Elapse(height, round, timeout))

    def look_around(self, address: Address) -> None:
        """Gossip, or lie."""
        liar = self.world.liars.get(address)
        if liar is not None:
            for to, message in liar(self, address, self.random):
                self.send(address, to, message)
        else:
            for message in gossip(self.nodes[address]):
                for to in self.honest():
                    if to != address:
                        self.send(address, to, message)
        self.put(self.world.again, address, None)

    def restart(self, address: Address) -> None:
        """Stop a validator and start it from its log: it sends again what it has sent, and starts its timers anew."""
        self.nodes[address], effects = restarted(self.logs[address], self.world.setting)
        self.carry_out(address, tuple(effect for effect in effects if not isinstance(effect, Decide)))

    def check(self, address: Address) -> None:
        """Note what does not hold."""
        for name in broken(self.nodes[address].driver):
            self.faults.append(f"{address.hex()} at {self.now} ms: {name}")
        place = disagreement([self.nodes[honest].driver.chain for honest in self.honest()])
        if place is not None:
            self.faults.append(f"{self.now} ms: two values at height {place}")


def value_of(address: Address, asked: GetValue) -> Value:
    """The value that a validator's application gives: another one for each validator, height and round."""
    return b"%d/%d/" % (asked.height, asked.round) + address


def network_of(world: World, seed: int) -> Network:
    """All validators before their first height."""
    nodes = {a: node_of(a, world.validators) for a in sorted(world.validators.weights) if a not in world.liars}
    network = Network(world, Random(seed), nodes, {address: Log(node) for address, node in nodes.items()})
    for address in sorted(world.validators.weights):
        if address in nodes:
            network.put(0, address, Begin(world.validators))
        network.put(world.again, address, None)
    return network


def run(network: Network, until: int, each: Callable[[Network], None] = lambda network: None) -> bool:
    """Let things happen until all honest validators have decided all heights, or the time is over."""
    waiting = set(network.honest())
    while network.queue and waiting:
        at, _, address, event = heapq.heappop(network.queue)
        if at > until:
            return False
        network.now = at
        if event is None:
            network.look_around(address)
        elif address not in network.down:
            network.happen(address, event)
            if len(network.nodes[address].driver.chain) >= network.world.heights:
                waiting.discard(address)
        each(network)
    return not waiting


# --- adversaries ----------------------------------------------------------------------------------------------------


def prompt(random: Random, now: int, sender: Address, to: Address, message: Message) -> int:
    """Every message arrives after 50 milliseconds."""
    return 50


def stabilising(stable: int, most: int = 200, loss: float = 0.5) -> Delay:
    """Before ``stable`` messages are lost with a probability or late; afterwards they take at most ``most``."""

    def delay(random: Random, now: int, sender: Address, to: Address, message: Message) -> int | None:
        if now >= stable:
            return random.randrange(1, most)
        if random.random() < loss:
            return None
        return random.randrange(1, stable)

    return delay


def parted(stable: int, groups: tuple[frozenset[Address], ...]) -> Delay:
    """Before ``stable`` messages cross no border between the groups."""

    def delay(random: Random, now: int, sender: Address, to: Address, message: Message) -> int | None:
        if now >= stable or any(sender in group and to in group for group in groups):
            return random.randrange(1, 200)
        return None

    return delay


def hiding(stable: int) -> Delay:
    """Before ``stable`` prevotes reach one validator a round only: it locks, and nobody knows (the hidden lock)."""

    def delay(random: Random, now: int, sender: Address, to: Address, message: Message) -> int | None:
        if now < stable and isinstance(message, Vote) and message.type == VoteType.PREVOTE:
            return random.randrange(1, 100) if to[-1] % 4 == message.round % 4 else None
        if now < stable and isinstance(message, Certificate):
            return None
        return random.randrange(1, 200)

    return delay


def silent(network: Network, me: Address, random: Random) -> list[tuple[Address, Message]]:
    """Send nothing."""
    return []


def two_faced(network: Network, me: Address, random: Random) -> list[tuple[Address, Message]]:
    """Tell each validator something else: proposals where one leads, votes for any value seen, nil."""
    messages: list[tuple[Address, Any]] = []
    for to in network.honest():
        here = network.nodes[to].driver
        height, round = here.consensus.height, max(here.consensus.round, 0)
        values = [proposal.value for proposal in sorted(here.proposals)]
        for at in (round, round + 1):
            if network.world.setting.proposer(height, at) == me:
                value = b"lie/%d" % random.randrange(3)
                messages.append((to, Proposal(me, height, at, value, random.choice((-1, at - 1)))))
                values.append(value)
            for type in VoteType:
                messages.append((to, Vote(type, me, height, at, random.choice([*values, None]))))
    return messages


def rotating(validators: Validators) -> Callable[[int, int], Address]:
    """Leaders by turns, whatever their weight: the simplest schedule."""
    order = sorted(validators.weights)
    return lambda height, round: order[(height + round) % len(order)]


def world_of(validators: Validators, delay: Delay = prompt, **more: Any) -> World:
    """A world with leaders by turns in which every value but ``bad`` is valid."""
    return World(validators, setting_of(rotating(validators), lambda value: value != b"bad"), delay, **more)
