"""The machine that ``step`` is recorded on, and what one step made of it.

Known are the code, the program counter, the rules, and how many words the block has put on the stack. Everything else
is a proxy: words, gas and depth build terms; memory and storage are objects of the same interface as the model's, which
note what is done to them. Whatever they don't offer is refused, and the instruction is then left to ``step``.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn, TypeAlias, cast

import attrs

from hyperion.primitives.word import MAX_WORD
from hyperion.symbolic.expression import ANY_INTEGER, Interval, Op, Sort, Term
from hyperion.symbolic.path import Path
from hyperion.symbolic.proxies import SymbolicInt, integer, integer_term, truth, unknown_integer, unknown_truth
from hyperion.vm.fork import Fork
from hyperion.vm.machine import Block, Environment, Frame, Machine, Substate
from hyperion.vm.memory import WORD_BYTES, Memory
from hyperion.vm.stack import Stack
from hyperion.vm.step import step

NATURAL: Final = Interval(0, None)
WORD: Final = Interval(0, MAX_WORD)

GAS: Final = "gas"
DEPTH: Final = "depth"
MEMORY_SIZE: Final = "memory_size"
REFUND: Final = "refund"
ADDRESS: Final = "address"

FACTS: Final = {
    ADDRESS: "machine.frame.address",
    "caller": "machine.frame.caller",
    "call_value": "machine.frame.value",
    "call_depth": "machine.frame.depth",
    "origin": "machine.environment.origin",
    "gas_price": "machine.environment.gas_price",
    "chain_id": "machine.environment.chain_id",
    "coinbase": "machine.environment.block.coinbase",
    "block_number": "machine.environment.block.number",
    "timestamp": "machine.environment.block.timestamp",
    "gas_limit": "machine.environment.block.gas_limit",
    "prevrandao": "machine.environment.block.prevrandao",
    "base_fee": "machine.environment.block.base_fee",
    "blob_base_fee": "machine.environment.block.blob_base_fee",
    MEMORY_SIZE: "machine.memory.size",
}
"""Integers that don't change within a block, and where they are read. Memory does not grow in a block: ``step`` does
that."""

ASSUMED_FALSE: Final = {
    "static": "machine.frame.static",
    "creates": "machine.frame.creates",
    "created_now": "machine.frame.address in machine.substate.created",
}
"""Truths that don't change within a block; a block is for machines of which those that it asks for are false."""

WARM: Final = "warm"
"""Whether a storage key of the account has been touched: of a key."""
TOUCH: Final = "touch"
"""The effect of touching a key."""
ALIGNED: Final = "aligned"
"""Whether an offset in memory is a multiple of 32: of an offset."""
LOAD: Final = "load"
"""A word of memory: of the version of memory, and an offset."""
CURRENT: Final = "current"
"""A word of storage: of the version of storage, and a key."""
ORIGINAL: Final = "original"
"""A word of storage before the transaction: of a key."""


FACT_TERMS: Final = {name: Term(Op.VARIABLE, (), name, Sort.INTEGER, NATURAL) for name in FACTS}


class Unstaged(Exception):
    """The instruction, on this path, is for ``step``."""


@attrs.frozen
class Code:
    """What is known of the frame: rules, code, and where it may jump."""

    fork: Fork
    code: bytes
    program: bytes
    jump_destinations: frozenset[int]


Effect: TypeAlias = tuple[str, Term, Term]
"""A write to memory (``LOAD``) or storage (``CURRENT``), or a ``TOUCH``: the offset or key, and the word."""


@attrs.frozen(eq=False)
class State:
    """What a block has made of its machine at some point: terms over the machine at its entry."""

    pc: int
    gas: Term
    words: tuple[Term, ...]
    """What stands on the untouched part of the stack at entry, topmost first."""
    below: int
    """How many words at entry are above that part."""
    refund: Term
    memory: int
    """How many writes memory has seen."""
    storage: int
    steps: int


# --- proxies of containers --------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Unknown:
    """Something of which a block knows nothing. Not one question about it has an answer."""

    def refuse(self, *_: object) -> NoReturn:
        """No answer."""
        raise Unstaged

    __bool__ = __eq__ = __ne__ = __hash__ = __len__ = __iter__ = __contains__ = __getitem__ = refuse
    __getattr__ = refuse


@attrs.frozen(eq=False)
class Base:
    """The stack at entry from its word ``index`` on, counted from the top."""

    path: Path
    index: int

    @property
    def top(self) -> Any:
        """The word at entry."""
        return unknown_integer(self.path, f"s{self.index}", 0, MAX_WORD)

    @property
    def rest(self) -> Base:
        """What is below."""
        return Base(self.path, self.index + 1)

    @property
    def depth(self) -> Any:
        """How many words there are."""
        return unknown_integer(self.path, DEPTH, 0, None) - self.index

    push = Stack.push
    take = Stack.take
    dup = Stack.dup
    swap = Stack.swap


def applied_truth(path: Path, name: str, argument: Term) -> bool:
    """The truth of ``name`` of ``argument`` on this path."""
    return bool(truth(path, path.terms.make(Op.APPLY, (argument,), name, Sort.BOOLEAN, ANY_INTEGER)))


def multiple_of_word(term: Term) -> bool:
    """Whether its form shows that the integer is a multiple of 32."""
    if isinstance(term.value, int):
        return term.value % WORD_BYTES == 0
    parts = [multiple_of_word(argument) for argument in term.arguments]
    match term.op:
        case Op.ADD | Op.SUB | Op.OR | Op.XOR:
            return all(parts)
        case Op.AND | Op.MUL:
            return any(parts)
        case Op.LSHIFT:
            shift = term.arguments[1].value
            return parts[0] or (isinstance(shift, int) and shift >= 5)
        case Op.ITE:
            return all(parts[1:])
    return False


@attrs.frozen(eq=False)
class RecordedMemory:
    """Memory: its size is a fact of the block, whole words at multiples of 32 are read and written."""

    path: Path
    version: int
    effects: tuple[Effect, ...] = ()

    @property
    def size(self) -> Any:
        """In bytes."""
        return integer(self.path, FACT_TERMS[MEMORY_SIZE])

    def expand(self, size: int) -> NoReturn:
        """Left to ``step``."""
        raise Unstaged

    touch = Memory.touch

    def place(self, offset: Any) -> Term:
        """The offset of a whole word."""
        term = integer_term(self.path, offset)
        if not multiple_of_word(term) and (term.is_constant or not applied_truth(self.path, ALIGNED, term)):
            raise Unstaged
        return term

    def load(self, offset: Any) -> Any:
        """The word in the 32 bytes at ``offset``."""
        terms = self.path.terms
        version = terms.integer(self.version + len(self.effects))
        return integer(self.path, terms.application(LOAD, (version, self.place(offset)), WORD))

    def store(self, offset: Any, word: Any) -> RecordedMemory:
        """The memory with ``word`` in the 32 bytes at ``offset``."""
        effect = (LOAD, self.place(offset), integer_term(self.path, word))
        return attrs.evolve(self, effects=(*self.effects, effect))


def is_own(path: Path, address: Any) -> bool:
    """Whether the address is the one that the code works on."""
    return type(address) is not int and integer_term(path, address).value == ADDRESS


@attrs.frozen(eq=False)
class RecordedWorld:
    """The world, of which a block sees the storage of its own account only."""

    path: Path
    name: str
    version: int
    effects: tuple[Effect, ...] = ()

    def key_of(self, address: Any, key: Any) -> Term:
        """The key as a term; another account's is not for a block."""
        if not is_own(self.path, address):
            raise Unstaged
        return integer_term(self.path, key)

    def storage(self, address: Any, key: Any) -> Any:
        """The word at ``key``."""
        terms, term = self.path.terms, self.key_of(address, key)
        version = (terms.integer(self.version + len(self.effects)),) if self.name == CURRENT else ()
        return integer(self.path, terms.application(self.name, (*version, term), WORD))

    def with_storage(self, address: Any, key: Any, value: Any) -> RecordedWorld:
        """The world in which ``key`` holds ``value``."""
        effect = (CURRENT, self.key_of(address, key), integer_term(self.path, value))
        return attrs.evolve(self, effects=(*self.effects, effect))

    def __getattr__(self, name: str) -> NoReturn:
        raise Unstaged


@attrs.frozen(eq=False)
class WarmSlots:
    """Which storage keys have been touched."""

    path: Path
    effects: tuple[Effect, ...] = ()

    def key_of(self, slot: tuple[Any, Any]) -> Term:
        """The key as a term; another account's is not for a block."""
        address, key = slot
        if not is_own(self.path, address):
            raise Unstaged
        return integer_term(self.path, key)

    def __contains__(self, slot: tuple[Any, Any]) -> bool:
        key = self.key_of(slot)
        return any(effect[1] is key for effect in self.effects) or applied_truth(self.path, WARM, key)

    def set(self, slot: tuple[Any, Any], touched: bool) -> WarmSlots:
        """The keys with one more."""
        key = self.key_of(slot)
        return attrs.evolve(self, effects=(*self.effects, (TOUCH, key, self.path.terms.integer(int(touched)))))

    def __getattr__(self, name: str) -> NoReturn:
        raise Unstaged


@attrs.frozen(eq=False)
class CreatedAccounts:
    """Which accounts this transaction has created: of its own account a block may ask."""

    path: Path

    def __contains__(self, address: Any) -> bool:
        if not is_own(self.path, address):
            raise Unstaged
        return bool(unknown_truth(self.path, "created_now"))

    def __getattr__(self, name: str) -> NoReturn:
        raise Unstaged


# --- before and after one step ----------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Successor:
    """What one step made of a state on one path; ``halts`` if the frame ends or is left: then ``state`` is None."""

    state: State | None
    effects: tuple[Effect, ...] = ()

    @property
    def halts(self) -> bool:
        """Whether the step is for ``step``."""
        return self.state is None


def machine_of(path: Path, code: Code, state: State) -> Machine:
    """The recorded machine in ``state``. Its fields hold proxies, so the types are those of what they stand for."""
    unknown: Any = Unknown()

    def fact(name: str) -> Any:
        return SymbolicInt(path, FACT_TERMS[name])

    stack: Any = Base(path, state.below)
    for word in reversed(state.words):
        stack = stack.push(integer(path, word))
    static: Any = unknown_truth(path, "static")
    frame = Frame(
        code.fork.instructions, code.program, code.jump_destinations, code.code, fact(ADDRESS), fact("caller"),
        fact("call_value"), unknown, static, cast(Any, unknown_truth(path, "creates")), fact("call_depth"), unknown,
    )  # fmt: skip
    block = Block(
        fact("coinbase"), fact("block_number"), fact("timestamp"), fact("gas_limit"), fact("prevrandao"),
        fact("base_fee"), fact("blob_base_fee"), unknown,
    )  # fmt: skip
    initial: Any = RecordedWorld(path, ORIGINAL, 0)
    environment = Environment(code.fork, fact("chain_id"), block, fact("origin"), fact("gas_price"), unknown, initial)
    slots: Any = WarmSlots(path)
    created: Any = CreatedAccounts(path)
    refund: Any = integer(path, state.refund)
    substate = Substate(unknown, slots, unknown, created, unknown, unknown, refund)
    gas: Any = integer(path, state.gas)
    memory: Any = RecordedMemory(path, state.memory)
    world: Any = RecordedWorld(path, CURRENT, state.storage)
    return Machine(state.pc, gas, stack, memory, unknown, frame, world, substate, environment, state.steps, None)


def successor(path: Path, code: Code, state: State) -> Successor:
    """One step of the specification on the recorded machine."""
    before = machine_of(path, code, state)
    after = step(before)
    if after.boundary is not None or after.frame is not before.frame:
        return Successor(None)
    memory, world, slots = cast(Any, after.memory), cast(Any, after.world), cast(Any, after.substate.accessed_slots)
    recorded = (type(memory), type(world), type(slots)) == (RecordedMemory, RecordedWorld, WarmSlots)
    if not recorded or not unchanged(before, after):
        raise Unstaged
    words: list[Term] = []
    stack: Any = after.stack
    while type(stack) is Stack:
        words.append(integer_term(path, stack.top))
        stack = stack.rest
    if type(after.pc) is not int or after.steps != before.steps + 1 or type(stack) is not Base:
        raise Unstaged
    effects = memory.effects + world.effects + slots.effects
    reached = State(
        after.pc, integer_term(path, after.gas), tuple(words), stack.index,
        integer_term(path, after.substate.refund), state.memory + len(memory.effects),
        state.storage + len(world.effects), after.steps,
    )  # fmt: skip
    return Successor(reached, effects)


def unchanged(before: Machine, after: Machine) -> bool:
    """Whether all that a block does not carry is what it was."""
    mine, its = before.substate, after.substate
    return (
        after.returned is before.returned
        and after.environment is before.environment
        and mine.accessed_addresses is its.accessed_addresses
        and mine.transient is its.transient
        and mine.created is its.created
        and mine.destroyed is its.destroyed
        and mine.logs is its.logs
    )
