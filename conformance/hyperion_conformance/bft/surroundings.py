"""What may happen to validators between their own steps, as far as a trace shows that it did.

The specification takes one such step at a time: ``deliver``, ``setNextValueToPropose``, ``newHeightAction``, and, where
it is joined with synchronisation, ``putSyncOutputIntoNode``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from immutables import Map

from hyperion.sequencer.finality.acts import driver_of
from hyperion.sequencer.finality.driver import replace
from hyperion_conformance.bft.mismatch import ABSENT, Unexplained
from hyperion_conformance.bft.published import Network, Node
from hyperion_conformance.bft.quint import (
    read_certificate,
    read_proposal,
    read_validators,
    read_value,
    read_vote,
    shown_certificate,
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
SYNCHRONISED: Final = ("synced_proposals", "synced_certificates")
"""Our names of the boxes of what another validator has decided."""


def surroundings(network: Network, before: Record, after: Record) -> Iterator[Network]:
    """One message delivered, one value to propose, one decision synchronised, or one validator sent to a height."""
    changed = [name for name in sorted(after["system"]) if after["system"][name] != before["system"][name]]
    if not changed:
        yield network
        yield from repeated(network, before, after)
    elif len(changed) == 1:
        address, there = changed[0].encode(), after["system"][changed[0]]
        yield from delivered(network, address, there)
        yield from synchronised(network, address, there)
        yield with_value(network, address, there)
        yield restarted(network, address, there)


def added(node: Node, there: Record, boxes: tuple[str, ...]) -> list[tuple[str, Any]]:
    """What is in the trace's boxes of a validator and not in the model's."""
    return [
        (box, message)
        for box in boxes
        for message in sorted(frozenset(map(BOXES[box][1], there[BOXES[box][0]])) - getattr(node, box), key=repr)
    ]


def delivered(network: Network, address: bytes, there: Record) -> Iterator[Network]:
    """The network after one message came: one that was sent, or one of a validator that is not among the correct."""
    node = network.nodes[address]
    new = added(node, there, tuple(BUFFERS))
    if len(new) != 1 or not network.is_buffered:
        return
    [(box, message)] = new
    under_way = getattr(network, box)
    if message not in under_way[address] and (box == "certificates" or message.sender in network.nodes):
        raise Unexplained((BOXES[box][0], ABSENT, f"{message}, which was never sent"), address.decode(), "delivery")
    network = replace(network, **{box: under_way.set(address, under_way[address] - {message})})
    node = replace(node, **{box: getattr(node, box) | {message}})
    yield replace(network, nodes=network.nodes.set(address, node))


def synchronised(network: Network, address: bytes, there: Record) -> Iterator[Network]:
    """The network after a validator was given what another one had decided: its proposal, its certificate, or both."""
    node = network.nodes[address]
    new = added(node, there, SYNCHRONISED)
    if new and len(new) == len({box for box, _ in new}):
        for box, message in new:
            node = replace(node, **{box: getattr(node, box) | {message}})
        yield replace(network, nodes=network.nodes.set(address, node))


def with_value(network: Network, address: bytes, there: Record) -> Network:
    """The network after the application has another value to propose."""
    node = replace(network.nodes[address], next_value=read_value(there["nextValueToPropose"]))
    return replace(network, nodes=network.nodes.set(address, node))


def repeated(network: Network, before: Record, after: Record) -> Iterator[Network]:
    """The network after a message was delivered to a validator that holds an equal one: only less is under way."""
    for box, (theirs, _) in BUFFERS.items() if network.is_buffered else ():
        under_way = getattr(network, box)
        for name in sorted(after["system"]):
            gone = frozenset(map(BOXES[box][1], before[theirs][name] - after[theirs][name]))
            if len(gone) == 1 and gone <= getattr(network.nodes[name.encode()], box):
                yield replace(network, **{box: under_way.set(name.encode(), under_way[name.encode()] - gone)})


def restarted(network: Network, address: bytes, there: Record) -> Network:
    """The network after a validator was sent to another height, of which it has all blocks before."""
    node = network.nodes[address]
    validators = read_validators(there["es"]["valset"])
    driver = driver_of(address, validators, there["es"]["cs"]["height"], node.driver.chain)
    return replace(network, nodes=network.nodes.set(address, replace(node, driver=driver)))
