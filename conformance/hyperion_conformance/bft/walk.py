"""Replay of traces of whole networks: which action of the specification leads to the next state of the trace."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

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
from hyperion.sequencer.finality.types import NOTHING, Decide, Output, Step
from hyperion_conformance.bft.itf import Variant
from hyperion_conformance.bft.published import (
    NOTHING_TO_PROPOSE,
    Network,
    Node,
    network_of,
    setting_of,
    shown_node,
    started,
    with_effects,
)
from hyperion_conformance.bft.quint import (
    read_certificate,
    read_proposal,
    read_timeout,
    read_validators,
    read_value,
    read_vote,
    shown_certificate,
    shown_input,
    shown_output,
    shown_proposal,
    shown_vote,
)

Record: TypeAlias = "Map[Any, Any]"
BOXES: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "votes": ("incomingVotes", read_vote),
    "proposals": ("incomingProposals", read_proposal),
    "certificates": ("incomingCertificates", read_certificate),
    "synced_proposals": ("incomingSyncProposals", read_proposal),
    "synced_certificates": ("incomingSyncCertificates", read_certificate),
}
"""Our name of a box → the specification's, and how to read what is in it."""
BUFFERS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "votes": ("voteBuffer", shown_vote),
    "proposals": ("propBuffer", shown_proposal),
    "certificates": ("certBuffer", shown_certificate),
}
"""Our name of what is under way → the specification's, and how it is written."""


class Unexplained(Exception):
    """No action of the model leads to the next state of the trace."""


def difference(expected: Any, found: Any, field: str = "$") -> str:
    """Where two values differ, as deep as their shapes agree."""
    if isinstance(expected, Map) and isinstance(found, Map):
        for name in sorted({*expected, *found}, key=str):
            if name not in expected or name not in found:
                return f"{field}.{name} is in one only"
            if expected[name] != found[name]:
                return difference(expected[name], found[name], f"{field}.{name}")
    return f"{field}: model {expected!r}, trace {found!r}"


def network_steps(states: list[Record]) -> Iterator[bool]:
    """Explain each step of a trace of a network; true for one in which a validator acted."""
    network, setting = first_network(states[0])
    shown = Map({address.decode(): shown_node(node) for address, node in network.nodes.items()})
    if shown != states[0]["system"]:
        raise Unexplained(difference(shown, states[0]["system"]))
    for before, after in itertools.pairwise(states):
        nearest = ""
        for candidate, history in candidates(network, setting, before, after):
            there = shown_network(network, shown, candidate)
            wanted = after if history is None else after.set("_hist", history)
            if there == after.delete("_hist") and wanted == after and (history or before["_hist"]) == after["_hist"]:
                network, shown = candidate, there["system"]
                yield history is not None
                break
            nearest = nearest or difference(there.set("_hist", history or before["_hist"]), after)
        else:
            raise Unexplained(nearest or "no action fits")


def first_network(state: Record) -> tuple[Network, Setting]:
    """The network before the first step of a trace."""
    system = state["system"]
    first = system[min(system, default=None)]["es"]
    validators = read_validators(first["valset"])
    correct = tuple(sorted(name.encode() for name in system))
    network = network_of(validators, correct, first["cs"]["height"], "voteBuffer" in state)
    return network, setting_of(validators)


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


Candidate: TypeAlias = tuple[Network, Any]
"""A network, and what the trace is to tell of the step; None where it tells of none."""


def candidates(network: Network, setting: Setting, before: Record, after: Record) -> Iterator[Candidate]:
    """What the next state may be: what the surroundings may have done, or what the validator named may have done."""
    changed = [name for name in sorted(after["system"]) if after["system"][name] != before["system"][name]]
    if after["_hist"] == before["_hist"]:
        if not changed:
            yield network, None
            yield repeated(network, before, after), None
        elif len(changed) == 1:
            address = changed[0].encode()
            there = after["system"][changed[0]]
            yield delivered(network, address, there), None
            yield restarted(network, address, there), None
    history = after["_hist"]
    name, given, _ = history if isinstance(history, tuple) else (history[key] for key in HISTORY)
    node = network.nodes.get(name.encode())
    if node is None:
        return
    target = after["system"][name]["es"]
    for ready, asked, called in acts(node, setting, given, target):
        if called != given:
            continue
        for following, told in acted(network, ready, asked, setting):
            shown = shown_output(told)
            yield following, (name, called, shown) if isinstance(history, tuple) else Map(
                validator=name, input=called, output=shown
            )


HISTORY: Final = ("validator", "input", "output")


def delivered(network: Network, address: bytes, there: Record) -> Network:
    """The network after its surroundings gave a validator what the trace says: messages, a value to propose."""
    node = network.nodes[address]
    for box, (theirs, read) in BOXES.items():
        added = frozenset(map(read, there[theirs])) - getattr(node, box)
        if not added:
            continue
        node = replace(node, **{box: getattr(node, box) | added})
        if box in BUFFERS:
            under_way = getattr(network, box)
            for message in sorted(added - under_way[address], key=repr):
                if box == "certificates" or message.sender in network.nodes:
                    raise Unexplained(f"{message} was delivered, but never sent")
            network = replace(network, **{box: under_way.set(address, under_way[address] - added)})
    node = replace(node, next_value=read_value(there["nextValueToPropose"]))
    return replace(network, nodes=network.nodes.set(address, node))


def repeated(network: Network, before: Record, after: Record) -> Network:
    """The network after a message was delivered to a validator that holds an equal one: only less is under way."""
    for box, (theirs, _) in BUFFERS.items() if network.is_buffered else ():
        for name in sorted(after["system"]):
            gone = frozenset(map(BOXES[box][1], before[theirs][name] - after[theirs][name]))
            under_way = getattr(network, box)
            if gone <= getattr(network.nodes[name.encode()], box):
                network = replace(network, **{box: under_way.set(name.encode(), under_way[name.encode()] - gone)})
    return network


def restarted(network: Network, address: bytes, there: Record) -> Network:
    """The network after a validator was sent to another height, of which it has all blocks before."""
    node = network.nodes[address]
    validators = read_validators(there["es"]["valset"])
    driver = driver_of(address, validators, there["es"]["cs"]["height"], node.driver.chain)
    return replace(network, nodes=network.nodes.set(address, replace(node, driver=driver)))


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
            yield node, Reconsider(proposal), given
    elif given.tag == "ProposeValueDInput":
        here = (driver.consensus.height, driver.consensus.round)
        if here in node.requests:
            value = NOTHING_TO_PROPOSE if node.next_value is None else node.next_value
            yield replace(node, requests=node.requests - {here}), Provide(value), Variant(given.tag, value.decode())
    elif given.tag == "TimeoutDInput":
        timeout = (read_timeout(given.value), driver.consensus.height, driver.consensus.round)
        if timeout in node.timeouts:
            yield replace(node, timeouts=node.timeouts - {timeout}), Expire(timeout[0]), given
    elif given.tag == "NoDInput":
        yield node, None, given
    else:
        yield from messages(node, given)


MESSAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "VoteDInput": ("votes",),
    "ProposalDInput": ("proposals", "synced_proposals"),
    "CertificateDInput": ("certificates", "synced_certificates"),
}


def messages(node: Node, given: Variant) -> Iterator[Ready]:
    """A message taken from one of the boxes."""
    boxes = MESSAGES[given.tag]
    message = BOXES[boxes[0]][1](given.value)
    for box in boxes:
        if message in getattr(node, box):
            yield replace(node, **{box: getattr(node, box) - {message}}), Receive(message), given


def acted(network: Network, node: Node, asked: Act | None, setting: Setting) -> Iterator[tuple[Network, Output]]:
    """The networks after a validator's step. There are several where a set leaves open which proposal is decided."""
    if asked is None:
        idle = replace(node, driver=replace(node.driver, changed=Step.NONE))
        yield with_effects(network, idle, NOTHING, None), NOTHING
        return
    driver, output, certificate = act(node.driver, asked, setting)
    yield with_effects(network, replace(node, driver=driver), output, certificate), output
    if isinstance(output, Decide) and len(driver.chain) > len(node.driver.chain):
        last = driver.chain[-1]
        for other in sorted(driver.proposals - {last.proposal}):
            if (other.height, other.round, other.value) == (
                last.proposal.height, last.proposal.round, last.proposal.value,
            ):  # fmt: skip
                again = replace(driver, chain=(*driver.chain[:-1], Decision(other, last.commit)))
                yield with_effects(network, replace(node, driver=again), output, certificate), output
