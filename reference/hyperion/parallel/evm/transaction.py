"""An EVM transaction as an adaptive reader: it runs until it must know a part of the world, and goes on with it.

It runs the functions of ``hyperion.execution`` and ``hyperion.vm`` on a partial world. What it reads for the first time
it asks of shared memory; what it has read it remembers, so that one incarnation never sees two values of one location.
Different locations may still be of different moments: an incarnation that will be aborted can see what no serial
execution sees, and must end all the same.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs
import msgspec
from immutables import Map

from hyperion.execution.message import Applied, Begun, begin, settle
from hyperion.execution.rejection import Rejected
from hyperion.execution.transaction import Transaction
from hyperion.execution.validate import Context, Valid, check_sender
from hyperion.parallel.evm.locations import Epoch, Epochs, EvmLocation
from hyperion.parallel.evm.rules import EVM_RULES, EvmRules
from hyperion.parallel.program import Done, Value
from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.state.partial import Facts, Impossible, Location, Part, PartialWorld, Unknown, recall
from hyperion.state.world import World
from hyperion.vm.machine import Machine
from hyperion.vm.step import step


@attrs.frozen
class Ready:
    """A transaction at its index in the block, about which all is found out that does not depend on the world."""

    index: int
    transaction: Transaction
    context: Context
    """As if it were the first in the block: what is used up is known, and checked, when it is committed."""
    valid: Valid | Rejected
    rules: EvmRules = EVM_RULES


@attrs.frozen
class Unanswerable:
    """A result that no serial execution has: the incarnation saw what is of no one world, or asked for too much."""


UNANSWERABLE: Final = Unanswerable()

EvmResult: TypeAlias = Applied | Rejected | Unanswerable
"""What a transaction came to: its effect, whose world holds just its changes; or why it may not be at its place."""


class Memory(msgspec.Struct, frozen=True, gc=False):
    """What an incarnation has read."""

    known: Map[Address, Facts] = Map()
    epochs: Epochs = Map()


class Running(msgspec.Struct, frozen=True, gc=False):
    """A transaction whose fee is taken, and its machine."""

    begun: Begun
    machine: Machine


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A transaction that waits for the value of a location."""

    ready: Ready
    memory: Memory
    running: Running | None
    """None while it is validated and begun, which is one stage, run again from its start with each read."""
    part: Location
    """What it must know."""

    @property
    def location(self) -> EvmLocation:
        """Where that is to be read."""
        return self.ready.rules.read_from(self.part, self.memory.epochs)

    def resume(self, value: Value) -> Reading | Done:
        """The transaction after it got the value."""
        location = self.location
        if isinstance(location, Epoch):
            epochs = self.memory.epochs.set(location.address, value)
            return msgspec.structs.replace(self, memory=msgspec.structs.replace(self.memory, epochs=epochs))
        known = self.ready.rules.learn(self.memory.known, self.part, value)
        return proceed(self.ready, msgspec.structs.replace(self.memory, known=known), self.running)


@rule(
    "STM-evm-refusal",
    "A refusal for the state is a result like any other: it is of one incarnation, and aborts nothing.",
)
def start(ready: Ready) -> Reading | Done:
    """The transaction before it has read anything. What refuses it in any state needs no read."""
    if isinstance(ready.valid, Rejected):
        return Done((), (), ready.valid)
    return proceed(ready, Memory(), None)


@rule("STM-evm-read", "A transaction is run as serially, each step once, with the parts of the world that it asks for.")
def proceed(ready: Ready, memory: Memory, running: Running | None) -> Reading | Done:
    """On to the next part that has to be read, or to the end.

    What a call has learnt, its caller has not when the call is undone: the caller gets it when it asks, from memory.
    """
    while True:
        if running is None:
            begun = begin_or_ask(ready, memory.known)
            if isinstance(begun, Running):
                running = begun
                continue
            asked: Location | EvmResult = begun
        else:
            running, asked = run_or_ask(running, memory.known)
        if not isinstance(asked, Location):
            return finished(ready, memory, asked)
        if asked.part in (Part.STORAGE, Part.STATE):
            return finished(ready, memory, UNANSWERABLE)
        if recall(memory.known, asked) is None:
            return Reading(ready, memory, running, asked)


def finished(ready: Ready, memory: Memory, result: EvmResult) -> Done:
    """The end of an incarnation: a refused one has no effect."""
    if not isinstance(result, Applied) or not isinstance(result.world, PartialWorld):
        return Done((), (), result)
    effects = ready.rules.effects_of(ready.index, result.world.changes, memory.known, memory.epochs)
    return Done(effects.writes, effects.additions, result)


# --- the two stages, as far as what is known carries -----------------------------------------------------------------


def begin_or_ask(ready: Ready, known: Map[Address, Facts]) -> Running | Location | EvmResult:
    """The transaction with its fee taken; or why its sender may not send it; or what must be known to say."""
    valid, world = ready.valid, PartialWorld(known=known)
    if isinstance(valid, Rejected):
        return valid
    try:
        rejected = check_sender(ready.transaction, world.account(valid.sender), ready.context.fork)
        if rejected is not None:
            return rejected
        begun = begin(ready.transaction, world, ready.context, valid)
    except Unknown as unknown:
        return unknown.location
    except Impossible:
        return UNANSWERABLE
    return Running(begun, begun.machine)


def run_or_ask(running: Running, known: Map[Address, Facts]) -> tuple[Running, Location | EvmResult]:
    """The last machine whose next step, or whose settlement, asks for a part, and that part; or the end."""
    begun, machine = attrs.evolve(running.begun, world=knowing(running.begun.world, known)), running.machine
    machine = with_known(machine, known)
    try:
        while not machine.halted:
            machine = step(machine)
            while machine.boundary is None:
                machine = step(machine)
        return Running(begun, machine), settle(begun, machine)
    except Unknown as unknown:
        return Running(begun, machine), unknown.location
    except Impossible:
        return Running(begun, machine), UNANSWERABLE


def with_known(machine: Machine, known: Map[Address, Facts]) -> Machine:
    """The machine in whose worlds, that of now and that of before the transaction, ``known`` is known."""
    initial = knowing(machine.environment.initial_world, known)
    environment = msgspec.structs.replace(machine.environment, initial_world=initial)
    return msgspec.structs.replace(machine, world=knowing(machine.world, known), environment=environment)


def knowing(world: World, known: Map[Address, Facts]) -> World:
    """The world, if it is a partial one, of which ``known`` is known; a full one knows all."""
    return world.knowing(known) if isinstance(world, PartialWorld) else world
