"""Scenarios in JSON (``scenario.schema.json``): what a network and its liars do to several validators, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

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
from hyperion.sequencer.finality.types import Address, CastVote, Proposal, Propose, VoteType
from hyperion.sequencer.finality.votes import Validators
from hyperion_conformance.bft.session import MESSAGES, STEPS, hexed, message_in, node_json, validators_in
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.input import InputError, items, natural, octets, record

KINDS: Final = {VoteType.PREVOTE: "prevote", VoteType.PRECOMMIT: "precommit"}


@attrs.frozen
class UnderWay:
    """A message between two validators."""

    sender: Address
    to: Address
    message: Message

    @property
    def kind(self) -> str:
        """Proposal, prevote, precommit or certificate."""
        if isinstance(self.message, Proposal):
            return "proposal"
        return "certificate" if isinstance(self.message, Certificate) else KINDS[self.message.type]


S = TypeVar("S", bound="Stage")


@attrs.define
class Stage:
    """A scenario under way."""

    validators: Validators
    setting: Setting
    liars: frozenset[Address]
    nodes: dict[Address, Node]
    logs: dict[Address, Log]
    under_way: list[UnderWay] = attrs.field(factory=list)
    delayed: list[UnderWay] = attrs.field(factory=list)
    down: set[Address] = attrs.field(factory=set)
    failures: list[str] = attrs.field(factory=list)
    turn: int = 0
    """The number of the step."""

    def post(self, message: UnderWay) -> None:
        """A message is under way."""
        self.under_way.append(message)

    def arrive(self, message: UnderWay) -> None:
        """A message arrives."""
        self.happen(message.to, Deliver(message.message))

    def lose(self, message: UnderWay) -> None:
        """A message is lost."""

    def happen(self, to: Address, event: Event) -> None:
        """An event, unless the validator is down: then it is lost."""
        if to in self.down:
            return
        self.logs[to] = logged(self.logs[to], self.nodes[to], event)
        self.nodes[to], effects = step(self.nodes[to], event, self.setting)
        self.say(to, effects)

    def say(self, sender: Address, effects: Effects) -> None:
        """Put what a validator broadcasts under way."""
        for effect in effects:
            if isinstance(effect, Propose | CastVote):
                message = effect.proposal if isinstance(effect, Propose) else effect.vote
                self.broadcast(sender, message)

    def repeat(self, name: Address) -> None:
        """A validator sends again what others may lack."""
        for message in gossip(self.nodes[name]):
            self.broadcast(name, message)

    def stop(self, name: Address) -> None:
        """A validator stops."""
        self.down.add(name)

    def start(self, name: Address) -> None:
        """A validator starts again from its log."""
        self.down.discard(name)
        self.nodes[name], effects = restarted(self.logs[name], self.setting)
        self.say(name, effects)

    def broadcast(self, sender: Address, message: Message) -> None:
        """A message to all honest validators but the sender."""
        for to in sorted(self.nodes):
            if to != sender:
                self.post(UnderWay(sender, to, message))


# --- steps ----------------------------------------------------------------------------------------------------------


def node_named(stage: Stage, value: Json, field: str) -> Address:
    """An honest validator. Refused: any other."""
    name = octets(value, field)
    if name not in stage.nodes:
        raise InputError(field, "not an honest validator of the scenario")
    return name


def matching(stage: Stage, value: Json, field: str) -> Callable[[UnderWay], bool]:
    """Which messages a step is about; what is not said is any."""
    given = record(value, field, ("from", "to", "kind", "round"), True)
    senders = items(given["from"], f"{field}.from", octets) if "from" in given else None
    to = items(given["to"], f"{field}.to", octets) if "to" in given else None
    kind = given.get("kind")
    if kind is not None and kind not in MESSAGES:
        raise InputError(f"{field}.kind", f"one of {', '.join(MESSAGES)} is needed")
    at = natural(given["round"], f"{field}.round", 2**63) if "round" in given else None

    def matches(each: UnderWay) -> bool:
        return (
            (senders is None or each.sender in senders)
            and (to is None or each.to in to)
            and kind in {None, each.kind}
            and at in {None, each.message.round}
        )

    return matches


def taken(box: list[UnderWay], matches: Callable[[UnderWay], bool]) -> list[UnderWay]:
    """The matching messages, which leave the box."""
    found = [each for each in box if matches(each)]
    box[:] = [each for each in box if not matches(each)]
    return found


def begin(stage: Stage, value: Json, field: str) -> None:
    """Validators begin their next height."""
    for name in items(value, field, lambda each, at: node_named(stage, each, at)):
        stage.happen(name, Begin(stage.validators))


def supply(stage: Stage, value: Json, field: str) -> None:
    """A validator's application answers."""
    given = record(value, field, ("node", "value"), True, ("node", "value"))
    name = node_named(stage, given["node"], f"{field}.node")
    here = stage.nodes[name].driver.consensus
    stage.happen(name, Supply(here.height, here.round, octets(given["value"], f"{field}.value")))


def timeout(stage: Stage, value: Json, field: str) -> None:
    """A validator's timer of its present round is over."""
    given = record(value, field, ("node", "step"), True, ("node", "step"))
    name = node_named(stage, given["node"], f"{field}.node")
    if given["step"] not in STEPS:
        raise InputError(f"{field}.step", "propose, prevote or precommit is needed")
    here = stage.nodes[name].driver.consensus
    stage.happen(name, Elapse(here.height, here.round, STEPS[str(given["step"])]))


def deliver(stage: Stage, value: Json, field: str) -> None:
    """Messages arrive, in the order in which they were sent."""
    for each in taken(stage.under_way, matching(stage, value, field)):
        stage.arrive(each)


def drop(stage: Stage, value: Json, field: str) -> None:
    """Messages are lost."""
    for each in taken(stage.under_way, matching(stage, value, field)):
        stage.lose(each)


def delay(stage: Stage, value: Json, field: str) -> None:
    """Messages are kept back until they are released."""
    stage.delayed += taken(stage.under_way, matching(stage, value, field))


def release(stage: Stage, value: Json, field: str) -> None:
    """Messages that were kept back are under way again."""
    stage.under_way += taken(stage.delayed, matching(stage, value, field))


def send(stage: Stage, value: Json, field: str) -> None:
    """A liar sends a message to some validators. Refused: one in the name of an honest validator."""
    given = record(value, field, ("to", *MESSAGES), True, ("to",))
    kinds = [name for name in given if name != "to"]
    if len(kinds) != 1:
        raise InputError(field, "one message is needed")
    message = message_in(kinds[0], given[kinds[0]], f"{field}.{kinds[0]}", True)
    if not isinstance(message, Certificate) and message.sender not in stage.liars:
        raise InputError(field, "nobody can sign for an honest validator")
    sender = b"" if isinstance(message, Certificate) else message.sender
    for to in items(given["to"], f"{field}.to", lambda each, at: node_named(stage, each, at)):
        stage.post(UnderWay(sender, to, message))


def spread(stage: Stage, value: Json, field: str) -> None:
    """Validators send again what others may lack."""
    for name in items(value, field, lambda each, at: node_named(stage, each, at)):
        stage.repeat(name)


def crash(stage: Stage, value: Json, field: str) -> None:
    """A validator stops: what arrives is lost."""
    stage.stop(node_named(stage, value, field))


def restart(stage: Stage, value: Json, field: str) -> None:
    """A validator starts again from its log."""
    stage.start(node_named(stage, value, field))


def expect(stage: Stage, value: Json, field: str) -> None:
    """Note what is otherwise than the scenario says."""
    given = record(value, field, ("node", "step", "round", "locked", "decided", "accused"), True, ("node",))
    name = node_named(stage, given["node"], f"{field}.node")
    driver = stage.nodes[name].driver
    accused = sorted({vote.sender for votes in driver.keeper.evidence for vote in votes})
    found: dict[str, Json] = {
        "step": driver.consensus.step.name.lower(), "round": str(driver.consensus.round),
        "locked": hexed(driver.consensus.locked_value),
        "decided": [hexed(decision.proposal.value) for decision in driver.chain], "accused": [*map(hexed, accused)],
    }  # fmt: skip
    for key, wanted in given.items():
        if key != "node" and found[key] != wanted:
            stage.failures.append(f"{field}.{key}: {found[key]}, not {wanted}")


ACTIONS: Final[Mapping[str, Callable[[Stage, Json, str], None]]] = {
    "begin": begin, "value": supply, "timeout": timeout, "deliver": deliver, "drop": drop, "delay": delay,
    "release": release, "send": send, "gossip": spread, "crash": crash, "restart": restart, "expect": expect,
}  # fmt: skip


def staged(value: Json, kind: type[S]) -> S:
    """The validators of a scenario before its first step. Refused with ``InputError``: whatever the schema refuses."""
    known = ("title", "validators", "liars", "leaders", "invalid", "steps")
    given = record(value, "$", known, True, ("title", "validators", "leaders", "steps"))
    validators = validators_in(given["validators"], "$.validators")
    leaders = items(given["leaders"], "$.leaders", octets)
    liars = frozenset(items(given.get("liars", ()), "$.liars", octets))
    invalid = items(given.get("invalid", ()), "$.invalid", octets)
    if not leaders or not liars | {*leaders} <= set(validators.weights):
        raise InputError("$.leaders", "leaders and liars must be among the validators")

    def proposer(height: int, round: int) -> Address:
        return leaders[(height + round) % len(leaders)]

    nodes = {name: node_of(name, validators) for name in sorted(validators.weights) if name not in liars}
    setting = setting_of(proposer, lambda value: value not in invalid)
    return kind(validators, setting, liars, nodes, {name: Log(node) for name, node in nodes.items()})


def acted(stage: Stage, value: Json) -> None:
    """Play the steps of a scenario. Invariants and agreement are checked throughout."""
    given = record(value, "$", (), False)
    actions = items(given["steps"], "$.steps", lambda each, at: record(each, at, [*ACTIONS], True))
    for number, action in enumerate(actions):
        stage.turn, field = number, f"$.steps[{number}]"
        if len(action) != 1:
            raise InputError(field, "one action is needed")
        [(name, details)] = action.items()
        ACTIONS[name](stage, details, f"{field}.{name}")
        faults = [fault for node in stage.nodes.values() for fault in broken(node.driver)]
        if disagreement([node.driver.chain for node in stage.nodes.values()]) is not None:
            faults.append("agreement")
        stage.failures += [f"{field}: {fault} does not hold" for fault in faults]


def played(value: Json) -> tuple[dict[str, Any], tuple[str, ...]]:
    """All validators after a scenario, and what is not as it says."""
    stage = staged(value, Stage)
    acted(stage, value)
    return {str(hexed(name)): node_json(node) for name, node in stage.nodes.items()}, tuple(stage.failures)
