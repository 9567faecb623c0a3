"""What a transaction is to Block-STM, and what a block of them means: the serial execution that all else must equal.

A transaction is an adaptive reader: which location it reads next depends on what it has read so far, and what it
writes depends on all of it. It is pure: the same values read give the same reads, writes and result. Nothing else about
it matters to the algorithm, so that a decision tree and an EVM transaction are the same thing here.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Protocol, TypeAlias

import msgspec
from immutables import Map

from hyperion.rules import rule

Location: TypeAlias = Hashable
"""A place in the state that is read and written as a whole."""

Value: TypeAlias = Any
"""What a location holds. A location with commutative additions must hold what ``+`` with an integer takes."""

Result: TypeAlias = Hashable
"""What a transaction leaves beside its writes: its receipt, its gas, its error."""


class Wants(Protocol):
    """A transaction that waits for the value of a location."""

    @property
    def location(self) -> Location:
        """Where the value is to be read."""

    def resume(self, value: Value) -> Wants | Done:
        """The transaction after it got the value."""


class Done(msgspec.Struct, frozen=True, cache_hash=True):
    """A transaction that has ended: what it writes, what it adds without having read, and its result.

    A location stands at most once in ``writes`` and ``additions`` together.
    """

    writes: tuple[tuple[Location, Value], ...]
    additions: tuple[tuple[Location, int], ...] = ()
    result: Result = None


class Block(Protocol):
    """The transactions of a block and the state before it."""

    @property
    def size(self) -> int:
        """How many transactions there are; they have the indices 0 … size − 1."""

    def start(self, transaction: int) -> Wants | Done:
        """A transaction that has read nothing yet."""

    def base(self, location: Location) -> Value:
        """The value of a location before the block."""


class Outcome(msgspec.Struct, frozen=True):
    """What a block leaves: the new value of each location that it wrote or added to, and each transaction's result."""

    state: Map[Location, Value]
    results: tuple[Result, ...]


def run_alone(block: Block, transaction: int, state: Map[Location, Value]) -> Done:
    """A transaction from start to end over the state that the earlier ones left."""
    at = block.start(transaction)
    while not isinstance(at, Done):
        at = at.resume(current(block, state, at.location))
    return at


def current(block: Block, state: Map[Location, Value], location: Location) -> Value:
    """The value of a location, whether the block has changed it or not."""
    return state[location] if location in state else block.base(location)


@rule("STM-serial", "A block means its transactions run one after another, each over what those before it left.")
def execute_serially(block: Block) -> Outcome:
    """The meaning of a block. Every schedule of every number of workers must leave the same."""
    state: Map[Location, Value] = Map()
    results: tuple[Result, ...] = ()
    for transaction in range(block.size):
        done = run_alone(block, transaction, state)
        for location, value in done.writes:
            state = state.set(location, value)
        for location, amount in done.additions:
            state = state.set(location, current(block, state, location) + amount)
        results = (*results, done.result)
    return Outcome(state, results)
