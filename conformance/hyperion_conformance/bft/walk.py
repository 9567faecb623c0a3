"""Replay of traces of whole networks: which action of the specification leads to the next state of the trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from immutables import Map

from hyperion.sequencer.finality.acts import (
    Act,
    Decision,
    Expire,
    Provide,
    Receive,
    Reconsider,
    Setting,
    Settle,
    driver_of,
)
from hyperion.sequencer.finality.driver import act, leaders_proposals, replace
from hyperion.sequencer.finality.types import NOTHING, Address, Decide, Output, Step, Timeout, vote_order
from hyperion_conformance.bft.itf import ItfError, Variant
from hyperion_conformance.bft.mismatch import Unexplained, difference, written
from hyperion_conformance.bft.published import (
    NOTHING_TO_PROPOSE,
    Network,
    Node,
    network_at,
    setting_of,
    shown_node,
    started,
    with_effects,
    without_request,
)
from hyperion_conformance.bft.quint import (
    TIMEOUTS,
    read_certificate,
    read_decision,
    read_proposal,
    read_timeout,
    read_validators,
    read_vote,
    shown_certificate,
    shown_input,
    shown_output,
    shown_proposal,
    shown_vote,
)
from hyperion_conformance.bft.surroundings import BUFFERS, Record, surroundings

Candidate: TypeAlias = tuple[Network, Any]
"""A network, and what the trace is to tell of the step; None where it tells of none."""
INITIAL: Final = ("INIT", Variant("NoDInput"), Variant("NoConsensusOutput"))
HISTORY: Final = ("validator", "input", "output")


class Place(msgspec.Struct, frozen=True):
    """Where the replay of a trace of a network is."""

    network: Network
    shown: Record
    """Its validators, as the specification writes them."""
    order: tuple[Address, ...]
    """The list that the specification makes of the set of validators, and by which leaders rotate."""

    def setting(self, node: Node) -> Setting:
        """What a validator agrees on with the others of its height."""
        validators = node.driver.keeper.validators
        known = tuple(address for address in self.order if address in validators.weights)
        return setting_of(validators, known + tuple(sorted(set(validators.weights) - set(known))))


def check_shape(state: Record) -> None:
    """Refuse a network of another specification with ``ItfError``, before anything is read of it."""
    system = state["system"]
    if not isinstance(system, Map) or not system:
        raise ItfError("system", "no validators")
    for name in sorted(system, key=str):
        there = system[name].get("es") if isinstance(system[name], Map) else None
        if not isinstance(there, Map) or not {"cs", "valset", "chain"} <= set(there):
            raise ItfError(f"system.{name}", "not a validator of this specification")


def begin(state: Record, order: tuple[Address, ...]) -> Place:
    """The place before the first step: validators before a height, each with a chain of what it decided before.

    Raises ``Unexplained`` where anything else has happened already.
    """
    nodes: Map[Address, Node] = Map()
    for name in sorted(state["system"]):
        there = state["system"][name]["es"]
        chain = tuple(map(read_decision, there["chain"]))
        driver = driver_of(name.encode(), read_validators(there["valset"]), there["cs"]["height"], chain)
        nodes = nodes.set(name.encode(), Node(driver))
    network = network_at(nodes, "voteBuffer" in state)
    shown = Map({address.decode(): shown_node(node) for address, node in nodes.items()})
    expected = shown_network(network, shown, network)
    if "_hist" in state:
        as_tuple = isinstance(state["_hist"], tuple)
        expected = expected.set("_hist", INITIAL if as_tuple else Map(zip(HISTORY, INITIAL, strict=True)))
    if expected != state:
        raise Unexplained(difference(expected, state), given="the first state")
    return Place(network, shown, order)


def follow(place: Place, before: Record, after: Record) -> tuple[Place, bool]:
    """The place after a step, and whether a validator acted. Raises ``Unexplained`` if nothing leads there."""
    nearest = None
    for candidate, history in candidates(place, before, after):
        there = shown_network(place.network, place.shown, candidate)
        expected = there
        if "_hist" in after:
            expected = there.set("_hist", before["_hist"] if history is None else history)
        if expected == after:
            return Place(candidate, there["system"], place.order), history is not None
        nearest = nearest or difference(expected, after)
    if "_hist" in after and after["_hist"] != before["_hist"]:
        name, given, _ = told(after["_hist"])
        raise Unexplained(nearest or ("$._hist", "no such act", written(given)), str(name), written(given))
    changed = ", ".join(name for name in sorted(after["system"]) if after["system"][name] != before["system"].get(name))
    raise Unexplained(nearest or difference(before, after), changed, "what surrounds it")


def told(history: Any) -> tuple[Any, Any, Any]:
    """Validator, input and output of a step, as the trace tells of it."""
    name, given, output = history if isinstance(history, tuple) else (history[key] for key in HISTORY)
    return name, given, output


def shown_network(before: Network, shown: Record, after: Network) -> Record:
    """A network as the specification writes it. Only what has changed is written anew."""
    for address, node in after.nodes.items():
        if node is not before.nodes[address]:
            shown = shown.set(address.decode(), shown_node(node))
    record: Record = Map(system=shown)
    if after.is_buffered:
        for name, (theirs, write) in BUFFERS.items():
            under_way = getattr(after, name).items()
            record = record.set(theirs, Map({to.decode(): frozenset(map(write, box)) for to, box in under_way}))
    return record


def candidates(place: Place, before: Record, after: Record) -> Iterator[Candidate]:
    """What the next state may be: what the surroundings may have done, or what the validator named may have done."""
    network = place.network
    if "_hist" not in after:
        yield from ((following, None) for following in surroundings(network, before, after))
        for address, node in sorted(network.nodes.items(), key=lambda item: item[0]):
            target = after["system"][address.decode()]["es"]
            for given in possible(node):
                yield from ((following, given) for following, _, _ in done(place, node, given, target))
        return
    history = after["_hist"]
    if history == before["_hist"]:
        yield from ((following, None) for following in surroundings(network, before, after))
    name, given, _ = told(history)
    actor = network.nodes.get(name.encode())
    if actor is None:
        return
    for following, called, output in done(place, actor, given, after["system"][name]["es"]):
        if called == given:
            shown = (name, called, shown_output(output))
            yield following, shown if isinstance(history, tuple) else Map(zip(HISTORY, shown, strict=True))


def done(place: Place, node: Node, given: Variant, target: Record) -> Iterator[tuple[Network, Variant, Output]]:
    """Each network after a validator acted on an input, what the specification calls the input, and what came of it."""
    setting = place.setting(node)
    for ready, asked, called in acts(node, setting, given, target):
        for following, output in acted(place.network, ready, asked, setting):
            yield following, called, output


# --- what a validator may have done ---------------------------------------------------------------------------------

Ready: TypeAlias = tuple[Node, Act | None, Variant]
"""A validator that has taken something from its boxes, what its driver is asked, and what the trace calls it."""


def acts(node: Node, setting: Setting, given: Variant, target: Record) -> Iterator[Ready]:
    """What the trace's input may mean."""
    driver = node.driver
    if given.tag in {"StartDInput", "PendingDInput"} and not driver.started:
        yield from started(node, setting, target["bk"])
    elif given.tag == "PendingDInput":
        for owed in sorted(driver.owed):
            yield node, Settle(owed), Variant("PendingDInput", shown_input(owed.given))
    elif given.tag == "StepChangeDInput":
        for proposal in leaders_proposals(driver, setting) or (None,):
            yield node, Reconsider(proposal), Variant(given.tag)
    elif given.tag == "ProposeValueDInput":
        here = (driver.consensus.height, driver.consensus.round)
        if here in node.requests:
            value = NOTHING_TO_PROPOSE if node.next_value is None else node.next_value
            yield replace(node, requests=node.requests - {here}), Provide(value), Variant(given.tag, value.decode())
    elif given.tag == "TimeoutDInput":
        timeout = (read_timeout(given.value), driver.consensus.height, driver.consensus.round)
        if timeout in node.timeouts:
            over = Variant(given.tag, Variant(TIMEOUTS[timeout[0]]))
            yield replace(node, timeouts=node.timeouts - {timeout}), Expire(timeout[0]), over
    elif given.tag == "NoDInput":
        yield node, None, Variant(given.tag)
    else:
        yield from messages(node, given)


def possible(node: Node) -> Iterator[Variant]:
    """The inputs that a validator may be given, for traces that do not tell which."""
    if not node.driver.started:
        yield Variant("StartDInput")
    yield Variant("StepChangeDInput")
    yield Variant("NoDInput")
    yield from (Variant("PendingDInput", shown_input(owed.given)) for owed in sorted(node.driver.owed))
    yield Variant("ProposeValueDInput")
    yield from (Variant("TimeoutDInput", Variant(TIMEOUTS[timeout])) for timeout in Timeout)
    yield from (Variant("VoteDInput", shown_vote(vote)) for vote in sorted(node.votes, key=vote_order))
    proposals = sorted(node.proposals | node.synced_proposals)
    yield from (Variant("ProposalDInput", shown_proposal(proposal)) for proposal in proposals)
    certificates = sorted(node.certificates | node.synced_certificates)
    yield from (Variant("CertificateDInput", shown_certificate(certificate)) for certificate in certificates)


MESSAGES: Final[Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any], tuple[str, ...]]]] = {
    "VoteDInput": (read_vote, shown_vote, ("votes",)),
    "ProposalDInput": (read_proposal, shown_proposal, ("proposals", "synced_proposals")),
    "CertificateDInput": (read_certificate, shown_certificate, ("certificates", "synced_certificates")),
}
"""An input that is a message → how it is read and written, and in which boxes it may lie."""


def messages(node: Node, given: Variant) -> Iterator[Ready]:
    """A message taken from one of the boxes."""
    if given.tag not in MESSAGES:
        return
    read, write, boxes = MESSAGES[given.tag]
    message = read(given.value)
    for box in boxes:
        if message in getattr(node, box):
            ready = replace(node, **{box: getattr(node, box) - {message}})
            yield ready, Receive(message), Variant(given.tag, write(message))


def acted(network: Network, node: Node, asked: Act | None, setting: Setting) -> Iterator[tuple[Network, Output]]:
    """The networks after a validator's step. There are several where a set leaves open which proposal is decided."""
    if asked is None:
        idle = replace(node, driver=replace(node.driver, changed=Step.NONE))
        yield with_effects(network, idle, NOTHING, None), NOTHING
        return
    driver, output, certificate = act(node.driver, asked, setting)
    yield with_effects(network, replace(node, driver=driver), output, certificate), output
    in_vain = without_request(network, replace(node, driver=driver), output)
    if in_vain is not None:
        yield in_vain, output
    if isinstance(output, Decide) and len(driver.chain) > len(node.driver.chain):
        last = driver.chain[-1]
        for other in sorted(driver.proposals - {last.proposal}):
            if (other.height, other.round, other.value) == (
                last.proposal.height, last.proposal.round, last.proposal.value,
            ):  # fmt: skip
                again = replace(driver, chain=(*driver.chain[:-1], Decision(other, last.commit)))
                yield with_effects(network, replace(node, driver=again), output, certificate), output
