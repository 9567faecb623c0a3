"""``commit``, ``witness``, ``verify_step``: one step of a machine, checked from its root and a few nodes.

Who proves keeps the committed machine as a set of nodes and takes each step on it, so a step costs what it changes and
not what the machine holds. Who verifies gets the root and the nodes that the step asks for, opens the machine with
them, runs the model's own ``step`` and seals what comes of it. Both run the same functions; there is no second meaning
of an instruction. Source: the one-step proof of Arbitrum Nitro for the idea that a machine is its hash; protocol §1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs
from immutables import Map

from hyperion.primitives.hashing import keccak256
from hyperion.rules import rule
from hyperion.settlement.onestep.nodes import (
    NO_NODES,
    Collected,
    Hash,
    Hashed,
    Nodes,
    Opened,
    OpeningError,
    Reason,
    Sink,
    Stored,
)
from hyperion.settlement.onestep.records import Work, opened_machine, sealed_machine
from hyperion.settlement.onestep.work import AT_ONCE
from hyperion.settlement.rejection import Rejected
from hyperion.vm.machine import Machine
from hyperion.vm.step import step

Witness: TypeAlias = tuple[bytes, ...]
"""Nodes, in the order in which the step asks for them."""
Transition: TypeAlias = Callable[[Hash, Nodes, Sink], Hash]
"""From a root to the next one: nodes are asked for, and new ones put. Refuses with ``OpeningError``."""


@attrs.frozen
class Committed:
    """A machine as its root and the nodes behind it."""

    root: Hash
    nodes: Map[Hash, bytes] = attrs.field(eq=False, repr=False, default=NO_NODES)
    """At least those of this machine; those of earlier ones do no harm."""


def commit(machine: Machine) -> Hash:
    """The root of ``machine``: 32 bytes that bind all of it. Costs the size of the machine; see ``advance``."""
    return sealed_machine(machine, Hashed())


def committed(machine: Machine) -> Committed:
    """The root of ``machine`` and all nodes behind it."""
    collected = Collected()
    root = sealed_machine(machine, collected)
    return Committed(root, Map(collected.made))


def after(root: Hash, nodes: Nodes, sink: Sink, work: Work = AT_ONCE) -> Hash:
    """The root one step later. Refuses with ``OpeningError``."""
    return sealed_machine(step(opened_machine(root, nodes, work)), sink)


def advance(before: Committed, transition: Transition = after) -> Committed:
    """The committed machine one step later. Costs what the step touches, at the depth at which it lies."""
    collected = Collected()
    root = transition(before.root, Stored(before.nodes), collected)
    return Committed(root, before.nodes.update(collected.made))


def witness(before: Committed, transition: Transition = after) -> Witness:
    """What the verifier asks for when it takes the step from ``before``."""
    opened = Opened(Stored(before.nodes))
    transition(before.root, opened, Hashed())
    return tuple(opened.asked.values())


@rule("DIS-step-verify", "A step holds if its root and the nodes shown, and nothing else, give the root after it.")
def verify_step(root: Hash, shown: Witness) -> Hash | Rejected[Reason]:
    """The root after one step of the machine with the root ``root``, which the nodes ``shown`` open.

    Total: whatever the nodes are, the answer is the one true root or a rejection: ``MISSING_NODE`` where the step needs
    one that is not shown, ``EXCESS_NODE`` for one that it does not need, ``MALFORMED`` for a root that no machine has.
    A halted machine is its own successor.
    """
    return verified(root, shown, after)


def verified(root: Hash, shown: Witness, transition: Transition) -> Hash | Rejected[Reason]:
    """The root after one ``transition`` from ``root``, as the nodes ``shown`` show."""
    opened = Opened(Stored({keccak256(node): node for node in shown}))
    try:
        reached = transition(root, opened, Hashed())
    except OpeningError as error:
        return Rejected(error.reason, error.field)
    return refused_excess(opened, shown) or reached


@rule("DIS-step-exact-witness", "A witness is what the step asks for, in the order in which it asks, and no more.")
def refused_excess(opened: Opened, shown: Witness) -> Rejected[Reason] | None:
    """The refusal of a witness that is not exactly what was asked for, so that nobody can make it long."""
    if tuple(opened.asked.values()) != shown:
        return Rejected(Reason.EXCESS_NODE, f"{len(shown)} nodes shown, {len(opened.asked)} asked for")
    return None
