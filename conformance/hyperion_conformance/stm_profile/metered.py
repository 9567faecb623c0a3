"""Blocks whose transactions know, at each read and at their end, how much gas they have used.

A transaction is pure, so what it does after reading certain values is worked out once and remembered: runs with other
numbers of workers, and other incarnations that read the same, do not compute it again. No run can tell.
"""

from collections.abc import Hashable
from typing import Any, Final, Protocol, TypeVar

import attrs
import msgspec

from hyperion.execution.message import Applied
from hyperion.parallel.evm.block import EvmBlock
from hyperion.parallel.evm.transaction import Reading
from hyperion.parallel.program import Block, Done, Location, Outcome, Result, Value, Wants
from hyperion.parallel.trees import Trees
from hyperion.vm.machine import Machine

B_co = TypeVar("B_co", bound=Block, covariant=True)


class Meter(Protocol[B_co]):
    """The gas of the transactions of a block."""

    @property
    def block(self) -> B_co:
        """The block."""

    def so_far(self, transaction: int, program: Any, reads: int) -> int:
        """The gas used by a transaction that waits for a value, after so many reads."""

    def in_all(self, transaction: int, done: Done, reads: int) -> int:
        """The gas used by a transaction that has ended; at least what it had used at its last read."""


# --- trees -----------------------------------------------------------------------------------------------------------

BASE_GAS: Final = 21_000
READ_GAS: Final = 2_100
WRITE_GAS: Final = 5_000
"""The prices of a transaction (Yellow Paper, appendix G), a cold word (EIP-2929), and a change of one (EIP-2200)."""


@attrs.frozen
class TreeMeter:
    """A tree costs what an EVM transaction with its reads and writes would, and what it computes besides."""

    block: Trees
    computes: tuple[int, ...]
    """Gas of each transaction for what is no access: spent before its last write."""

    def so_far(self, transaction: int, program: Any, reads: int) -> int:
        """Each value that was read has been paid."""
        return BASE_GAS + READ_GAS * reads

    def in_all(self, transaction: int, done: Done, reads: int) -> int:
        """Writes and additions are paid at the end."""
        changed = WRITE_GAS * (len(done.writes) + len(done.additions))
        return BASE_GAS + READ_GAS * reads + changed + self.computes[transaction]


# --- the EVM ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class EvmMeter:
    """An EVM transaction has used what is missing of its gas limit in all its frames."""

    block: EvmBlock

    def so_far(self, transaction: int, program: Any, reads: int) -> int:
        """Before its fee is taken it has used nothing."""
        if not isinstance(program, Reading) or program.running is None:
            return 0
        return program.ready.transaction.gas_limit - left(program.running.machine)

    def in_all(self, transaction: int, done: Done, reads: int) -> int:
        """What the receipt will say; a refused transaction has none."""
        return done.result.gas_used if isinstance(done.result, Applied) else 0


def left(machine: Machine) -> int:
    """The gas of all frames together."""
    gas, waiting = machine.gas, machine.frame.caller_frame
    while waiting is not None:
        gas, waiting = gas + waiting.machine.gas, waiting.machine.frame.caller_frame
    return gas


# --- a block with its meter ------------------------------------------------------------------------------------------


class Paid(msgspec.Struct, frozen=True):
    """The result of a transaction, and the gas that it used: more than a receipt says, where gas was given back."""

    result: Result
    gas: int


class Step:
    """A transaction that waits for a value, and all that has become of it in any run so far."""

    __slots__ = ("after", "gas", "inner", "meter", "reads", "transaction")

    def __init__(self, meter: Meter[Block], transaction: int, inner: Wants, reads: int, gas: int) -> None:
        self.meter = meter
        self.transaction = transaction
        self.inner = inner
        self.reads = reads
        self.gas = gas
        """Gas used so far."""
        self.after: dict[Hashable, Step | Done] = {}

    @property
    def location(self) -> Location:
        """Where the value is to be read."""
        return self.inner.location

    def resume(self, value: Value) -> "Step | Done":
        """The transaction after it got the value."""
        if value not in self.after:
            following = self.inner.resume(value)
            self.after[value] = metered(self.meter, self.transaction, following, self.reads + 1, self.gas)
        return self.after[value]


def metered(meter: Meter[Block], transaction: int, program: Wants | Done, reads: int, before: int) -> Step | Done:
    """A program with its gas; gas never falls, though a refund is given back at the end."""
    if isinstance(program, Done):
        gas = max(before, meter.in_all(transaction, program, reads))
        return Done(program.writes, program.additions, Paid(program.result, gas))
    return Step(meter, transaction, program, reads, max(before, meter.so_far(transaction, program, reads)))


class MeteredBlock:
    """A block that can be run like any other; its results are ``Paid``."""

    def __init__(self, meter: Meter[Block]) -> None:
        self.meter = meter
        self.starts: dict[int, Step | Done] = {}

    @property
    def size(self) -> int:
        """How many transactions there are."""
        return self.meter.block.size

    def start(self, transaction: int) -> Step | Done:
        """A transaction that has read nothing yet."""
        if transaction not in self.starts:
            self.starts[transaction] = metered(self.meter, transaction, self.meter.block.start(transaction), 0, 0)
        return self.starts[transaction]

    def base(self, location: Location) -> Value:
        """The value of a location before the block."""
        return self.meter.block.base(location)


def gas_of(program: object) -> int:
    """The gas that a program of a metered block has used."""
    if isinstance(program, Done):
        program = program.result
    return program.gas if isinstance(program, Step | Paid) else 0


def unmetered(left: Outcome) -> Outcome:
    """What the block leaves, without gas."""
    return Outcome(left.state, tuple(paid.result if isinstance(paid, Paid) else paid for paid in left.results))
