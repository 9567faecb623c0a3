"""The machine as a value: everything that an instruction can see or change, the whole call stack included.

Containers first: what a transaction has touched, where code runs, how a frame ends, and then the machine itself. The
names follow the Yellow Paper where it has one: σ is ``world``, A is ``substate``, μ is the machine, I is the frame.

These records are msgspec structs, not attrs classes: the machine is built anew for each instruction, and frozen attrs
costs eight times as much to build (measured in ``tests/benchmark/records.py``). Immutable records can't form cycles, so
the collector need not visit the one that is built most often (``gc=False``).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

import msgspec
from immutables import Map
from pyrsistent import PVector, pvector

from hyperion.primitives.word import Address, Word
from hyperion.state.world import World
from hyperion.vm.fork import Eip, Fork
from hyperion.vm.memory import EMPTY_MEMORY, Memory
from hyperion.vm.precompile import Precompile
from hyperion.vm.stack import EMPTY_STACK, STACK_LIMIT, Stack

Slot: TypeAlias = tuple[Address, Word]
"""A storage key of an account."""

CALL_DEPTH_LIMIT: Final = 1024
"""The deepest a call may be below the outermost, whose depth is 0 (Yellow Paper §9.4.1)."""


# --- what a transaction accrues -----------------------------------------------------------------------------------


class Log(msgspec.Struct, frozen=True):
    """An event that a contract emitted: who, up to four indexed words, and bytes."""

    address: Address
    topics: tuple[Word, ...]
    data: bytes


class Substate(msgspec.Struct, frozen=True):
    """What a transaction accrues beside the world state (Yellow Paper §6.1); a revert goes back to an earlier value."""

    accessed_addresses: Map[Address, bool] = Map()
    """Warm addresses (EIP-2929)."""
    accessed_slots: Map[Slot, bool] = Map()
    """Warm storage keys (EIP-2929)."""
    transient: Map[Slot, Word] = Map()
    """Non-zero words of transient storage (EIP-1153)."""
    created: Map[Address, bool] = Map()
    """Contracts created in this transaction (EIP-6780)."""
    destroyed: Map[Address, bool] = Map()
    """Accounts to be deleted at the end of the transaction."""
    logs: PVector[Log] = pvector()
    refund: int = 0
    """Gas to be given back at the end of the transaction, before the cap (EIP-3529)."""

    def with_accessed_address(self, address: Address) -> Substate:
        """The substate in which ``address`` is warm."""
        return msgspec.structs.replace(self, accessed_addresses=self.accessed_addresses.set(address, True))

    def with_accessed_slot(self, slot: Slot) -> Substate:
        """The substate in which ``slot`` is warm."""
        return msgspec.structs.replace(self, accessed_slots=self.accessed_slots.set(slot, True))

    def with_transient(self, slot: Slot, value: Word) -> Substate:
        """The substate in which the transient word at ``slot`` is ``value``."""
        if value != 0:
            return msgspec.structs.replace(self, transient=self.transient.set(slot, value))
        if slot in self.transient:
            return msgspec.structs.replace(self, transient=self.transient.delete(slot))
        return self

    def with_created(self, address: Address) -> Substate:
        """The substate in which ``address`` was created by this transaction."""
        return msgspec.structs.replace(self, created=self.created.set(address, True))

    def with_destroyed(self, address: Address) -> Substate:
        """The substate in which ``address`` will be deleted."""
        return msgspec.structs.replace(self, destroyed=self.destroyed.set(address, True))

    def with_log(self, log: Log) -> Substate:
        """The substate with one more log."""
        return msgspec.structs.replace(self, logs=self.logs.append(log))

    def with_refund(self, change: int) -> Substate:
        """The substate with ``change`` more gas to refund; less, if negative."""
        return msgspec.structs.replace(self, refund=self.refund + change) if change != 0 else self


EMPTY_SUBSTATE: Final = Substate()


# --- where code runs -----------------------------------------------------------------------------------------------


class Block(msgspec.Struct, frozen=True):
    """What code can learn of the block it runs in (Yellow Paper, I_H)."""

    coinbase: Address
    number: int
    timestamp: int
    """Seconds since 1970-01-01."""
    gas_limit: int
    prevrandao: Word
    base_fee: int
    """Wei per gas."""
    blob_base_fee: int
    """Wei per blob gas."""
    hashes: Map[int, bytes] = Map()
    """Hashes of up to 256 earlier blocks, by number."""


class Environment(msgspec.Struct, frozen=True):
    """What stays the same over a transaction: rules, chain, block, origin, and the world as it was before it."""

    fork: Fork
    chain_id: int
    block: Block
    origin: Address
    gas_price: int
    """Wei per gas that the transaction pays, the base fee included."""
    blob_hashes: tuple[Word, ...] = ()
    """Versioned hashes of the transaction's blobs (EIP-4844)."""
    initial_world: World = World()
    """The world before the transaction: original values of storage for the price of SSTORE (EIP-2200)."""


class Frame(msgspec.Struct, frozen=True):
    """One message call or creation (Yellow Paper, I): its code and its parameters."""

    instructions: tuple[Instruction, ...]
    """The rules by which bytes of ``program`` act, by opcode."""
    program: bytes
    """The code, and 33 zero bytes so that every reachable program counter has an instruction: STOP."""
    jump_destinations: frozenset[int]
    code: bytes
    address: Address
    """The account whose storage and balance the code works on."""
    caller: Address
    value: Word
    """Wei that came with the call."""
    calldata: bytes
    static: bool
    """Whether changes of state are forbidden (EIP-214)."""
    creates: bool
    """Whether this is initialisation code, whose output becomes the code of ``address``."""
    depth: int
    """0 for the outermost frame."""
    caller_frame: Suspended | None
    """The machine that waits for this frame; None for the outermost one."""


class Suspended(msgspec.Struct, frozen=True):
    """A caller that waits: its machine after the call was paid for, and where the output goes in its memory."""

    machine: Machine
    output_offset: int
    output_size: int


# --- how a frame ends ------------------------------------------------------------------------------------------------


class Status(Enum):
    """Why a frame stopped. Only the first three keep its changes; only the first four keep its gas."""

    STOP = "stop"
    RETURN = "return"
    SELFDESTRUCT = "selfdestruct"
    REVERT = "revert"
    OUT_OF_GAS = "out-of-gas"
    STACK_UNDERFLOW = "stack-underflow"
    STACK_OVERFLOW = "stack-overflow"
    INVALID_OPCODE = "invalid-opcode"
    INVALID_JUMP = "invalid-jump"
    STATIC_VIOLATION = "static-violation"
    RETURN_DATA_OUT_OF_BOUNDS = "return-data-out-of-bounds"
    INITCODE_TOO_LARGE = "initcode-too-large"
    CODE_TOO_LARGE = "code-too-large"
    INVALID_CODE = "invalid-code"
    ADDRESS_COLLISION = "address-collision"
    PRECOMPILE_FAILURE = "precompile-failure"

    @property
    def succeeds(self) -> bool:
        """Whether the frame's changes of state are kept."""
        return self in (Status.STOP, Status.RETURN, Status.SELFDESTRUCT)

    @property
    def exceptional(self) -> bool:
        """Whether all gas of the frame is lost."""
        return not self.succeeds and self is not Status.REVERT


class Halt(msgspec.Struct, frozen=True):
    """The end of a frame: why, and the bytes it gives to its caller."""

    status: Status
    output: bytes = b""


class PrecompileCall(msgspec.Struct, frozen=True):
    """A frame without code of its own, whose result a precompile computes."""

    precompile: Precompile


Boundary: TypeAlias = "Halt | PrecompileCall"
"""What the next step crosses when it is not an instruction."""


# --- the machine -----------------------------------------------------------------------------------------------------


class Machine(msgspec.Struct, frozen=True, gc=False):
    """The state of an execution: the current frame's, with the whole call stack reachable from it."""

    pc: int
    """Program counter: offset in ``frame.program``."""
    gas: int
    """Gas left to this frame."""
    stack: Stack
    memory: Memory
    returned: bytes
    """Output of the last call that this frame made (EIP-211)."""
    frame: Frame
    world: World
    substate: Substate
    environment: Environment
    steps: int
    """Steps taken so far, of all frames."""
    boundary: Boundary | None
    """None while instructions execute; else what the next step crosses."""

    @property
    def halted(self) -> bool:
        """Whether the outermost frame has ended: the machine is a fixed point of ``step``."""
        return self.frame.caller_frame is None and isinstance(self.boundary, Halt)

    # How instructions go on. Each is the machine one step later; what is not named stays as it is.

    def next(self, gas: int, stack: Stack) -> Machine:
        """On to the next instruction, with ``gas`` left and ``stack``."""
        return Machine(
            self.pc + 1, gas, stack, self.memory, self.returned, self.frame, self.world, self.substate,
            self.environment, self.steps + 1, None,
        )  # fmt: skip

    def next_with_memory(self, gas: int, stack: Stack, memory: Memory) -> Machine:
        """On to the next instruction, with another memory."""
        return Machine(
            self.pc + 1, gas, stack, memory, self.returned, self.frame, self.world, self.substate,
            self.environment, self.steps + 1, None,
        )  # fmt: skip

    def next_with_state(self, gas: int, stack: Stack, world: World, substate: Substate) -> Machine:
        """On to the next instruction, with another world and substate."""
        return Machine(
            self.pc + 1, gas, stack, self.memory, self.returned, self.frame, world, substate,
            self.environment, self.steps + 1, None,
        )  # fmt: skip

    def jump(self, gas: int, stack: Stack, pc: int) -> Machine:
        """On to the instruction at ``pc``."""
        return Machine(
            pc, gas, stack, self.memory, self.returned, self.frame, self.world, self.substate,
            self.environment, self.steps + 1, None,
        )  # fmt: skip

    def end(self, gas: int, halt: Halt) -> Machine:
        """The frame has ended in good order, with ``gas`` left."""
        return Machine(
            self.pc, gas, self.stack, self.memory, self.returned, self.frame, self.world, self.substate,
            self.environment, self.steps + 1, halt,
        )  # fmt: skip

    def with_returned(self, returned: bytes) -> Machine:
        """The machine whose last call gave ``returned``."""
        return msgspec.structs.replace(self, returned=returned)

    def with_substate(self, substate: Substate) -> Machine:
        """The machine with another substate."""
        return msgspec.structs.replace(self, substate=substate)

    def with_state(self, world: World, substate: Substate) -> Machine:
        """The machine with another world and substate."""
        return msgspec.structs.replace(self, world=world, substate=substate)

    def suspend(self, gas: int, stack: Stack, memory: Memory, world: World, substate: Substate) -> Machine:
        """The machine as it waits for a callee, with ``gas`` kept; when it goes on, it is at the next instruction."""
        return msgspec.structs.replace(self, gas=gas, stack=stack, memory=memory, world=world, substate=substate)

    def fail(self, status: Status) -> Machine:
        """The frame has ended exceptionally: all its gas is lost (Yellow Paper §9.4.2)."""
        return self.end(0, Halt(status))


Operation: TypeAlias = Callable[[Machine, int], Machine]
"""What an instruction does once the stack is known to suffice and static gas is paid: machine, gas left → machine."""


class Instruction(msgspec.Struct, frozen=True):
    """A row of the instruction table. ``step`` enforces all that is in it, so the row is the operation's contract."""

    opcode: int
    name: str
    pops: int
    """Words that must be on the stack (δ in the Yellow Paper)."""
    pushes: int
    """Words that stand in their place afterwards (α)."""
    gas: int
    """Gas that is always paid, before the part that depends on operands."""
    operation: Operation
    meaning: str
    """One sentence."""
    since: Eip | None = None
    """The EIP that brought it; None if it is older than all forks here."""
    immediate: int = 0
    """Bytes of code after the opcode that belong to the instruction."""
    max_depth: int = STACK_LIMIT
    """The deepest stack on which the words pushed still fit."""

    @property
    def rule(self) -> str:
        """The id of the rule that this row is."""
        return f"VM-{self.name.lower()}"


def instruction(
    opcode: int, name: str, pops: int, pushes: int, gas: int, since: Eip | None = None, immediate: int = 0
) -> Callable[[Operation], Instruction]:
    """Make the decorated operation a row of the table; the first sentence of its docstring is the row's meaning."""

    def row(operation: Operation) -> Instruction:
        meaning = " ".join((operation.__doc__ or "").split("\n\n")[0].split())
        max_depth = STACK_LIMIT - max(pushes - pops, 0)
        return Instruction(opcode, name, pops, pushes, gas, operation, meaning, since, immediate, max_depth)

    return row


def start(frame: Frame, gas: int, world: World, substate: Substate, environment: Environment, steps: int) -> Machine:
    """The machine about to execute the first instruction of ``frame``."""
    return Machine(0, gas, EMPTY_STACK, EMPTY_MEMORY, b"", frame, world, substate, environment, steps, None)
