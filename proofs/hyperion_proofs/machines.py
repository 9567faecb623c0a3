"""Machines of which little is known: stand-ins for the containers of a machine, and what replaces hashing.

The records are the model's own. Containers have the model's interface: a stack of unknown depth, a memory of unknown
size, maps with unknown entries. They claim what the model must respect: that a cell that is read is there, that memory
is touched before it is used. All work on known values as well, so that counterexamples are replayed on them.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

import attrs

from hyperion.primitives import word as words
from hyperion.state import world as worlds
from hyperion.state.world import Account, World
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.opaque import INTEGER_TYPE, OpaqueBytes, OpaqueError, length_of
from hyperion.symbolic.proxies import all_of, any_of, implies, negation, where
from hyperion.vm import call, code
from hyperion.vm import gas as price
from hyperion.vm import step as stepping
from hyperion.vm.code import Analysis
from hyperion.vm.fork import Eip, Fork
from hyperion.vm.instructions import arithmetic, environment, stack, system
from hyperion.vm.machine import Block, Environment, Frame, Instruction, Machine, Substate
from hyperion.vm.memory import Memory
from hyperion.vm.precompile import Precompile
from hyperion.vm.stack import STACK_LIMIT, Stack
from hyperion_proofs.statement import Given, word
from hyperion_proofs.theorem import Assumption

MAX_WORD: Final = 2**256 - 1
MAX_ADDRESS: Final = 2**160 - 1
MAX_SIZE: Final = 2**32
"""Of code, call data and return data here, in bytes: no block's gas pays for more."""

MAX_GAS: Final = 2**64
"""Gas of a transaction is below this (EIP-2681 and the encodings of the execution layer)."""

HASHING: Final = Assumption(
    "A-hash", "A hash is some string of 32 bytes; that of a new address is some address. Nothing more is used of it."
)
EXPONENTIATION: Final = Assumption(
    "A-exp", "EXP's power is some word: that it is the right one, and is reached, is the theorem WORD-exp."
)
BYTES: Final = Assumption(
    "A-bytes", "Code, call data and output are byte strings of known length and unknown content (lengths up to 2**32)."
)
CODE: Final = Assumption(
    "A-code", "Code is analysed into 33 zero bytes of padding and destinations inside the code (tested, not proved)."
)
EXPANSION: Final = Assumption(
    "L-memory",
    "For calls: memory grows to the least whole words that hold a range, for nothing or 3 gas a word at least; this is "
    "the theorem GAS-memory-expansion.",
)
ASSUMPTIONS: Final = (HASHING, EXPONENTIATION, BYTES, CODE, EXPANSION)


# --- containers -------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class UnknownStack:
    """A stack of unknown depth without its ``index`` topmost words; the operations are the model's."""

    given: Given
    total: int
    index: int = 0

    @property
    def depth(self) -> int:
        """How many words there are."""
        return self.total - self.index

    @property
    def top(self) -> int:
        """The topmost word, which must be there."""
        self.given.claim(f"word {self.index} of the stack is there", self.total > self.index)
        return word(self.given, f"stack {self.index}")

    @property
    def rest(self) -> UnknownStack:
        """The stack below."""
        return UnknownStack(self.given, self.total, self.index + 1)

    push, take, dup, swap = Stack.push, Stack.take, Stack.dup, Stack.swap


def grown(size: int, offset: int, length: int) -> int:
    """The size of a memory of whole words after it has been touched: the least that holds the range and itself."""
    whole = 32 * ((offset + length + 31) // 32)
    return where(all_of(length != 0, whole > size), whole, size)


@attrs.frozen(eq=False)
class UnknownMemory:
    """A memory of unknown content; how it is touched is the model's.

    What was written is known as what it is and where it went, and bytes that are read as where they come from: two
    pieces are the same if they were read at the same place after the same writes.
    """

    given: Given
    size: int
    branches: bool = True
    """Whether ``touch`` is executed; else its size is that of the lemma, without a branch."""
    writes: tuple[tuple[int, Any], ...] = ()
    """Offset and content, oldest first."""

    def touch(self, offset: int, length: int) -> UnknownMemory:
        """The memory grown such that it holds the range."""
        if self.branches:
            touched: Any = Memory.touch(self, offset, length)  # type: ignore[arg-type]
            return touched  # type: ignore[no-any-return]
        return attrs.evolve(self, size=grown(self.size, offset, length))

    def expand(self, size: int) -> UnknownMemory:
        """The memory grown to ``size`` bytes."""
        self.given.claim("memory only grows", size >= self.size)
        self.given.claim("memory grows by whole words", size % 32 == 0)
        return attrs.evolve(self, size=size)

    def inside(self, offset: int, length: int) -> None:
        """Claim that the bytes are there."""
        self.given.claim("bytes of memory are there", any_of(length == 0, offset + length <= self.size))

    def load(self, offset: int) -> int:
        """Some word, the same each time as long as nothing is written."""
        self.inside(offset, 32)
        if self.writes:
            return word(self.given, self.given.fresh("loaded"))
        return self.given.result("word of memory", (offset,), 0, MAX_WORD)

    def read(self, offset: int, length: int) -> OpaqueBytes:
        """Some bytes."""
        self.inside(offset, length)
        return OpaqueBytes(self.given, length, (self.writes, offset, length))

    def store(self, offset: int, value: int) -> UnknownMemory:
        """The memory with other content."""
        self.inside(offset, 32)
        self.given.claim("what is stored is a word", all_of(value >= 0, value <= MAX_WORD))
        return attrs.evolve(self, writes=(*self.writes, (offset, value)))

    def write(self, offset: int, data: Any) -> UnknownMemory:
        """The memory with other content."""
        self.inside(offset, length_of(data))
        return attrs.evolve(self, writes=(*self.writes, (offset, data)))


@attrs.frozen(eq=False)
class UnknownMap:
    """A map from integers, or tuples of them, to words; what is absent is 0, as the model keeps its maps."""

    given: Given
    name: str
    high: int = MAX_WORD
    prefix: tuple[int, ...] = ()
    writes: tuple[tuple[tuple[int, ...], int], ...] = ()
    """Newest first."""

    def value(self, key: Any) -> int:
        """The word at the key; whether a key was written is a branch."""
        keys = key if type(key) is tuple else (key,)
        for written, value in self.writes:
            if all_of(*(mine == its for mine, its in zip(keys, written, strict=True))):
                return value
        return self.given.result(self.name, (*self.prefix, *keys), 0, self.high)

    def get(self, key: Any, default: int = 0) -> int:
        """The word, or the default where it is absent."""
        value = self.value(key)
        return value if default == 0 or value != 0 else default

    def __contains__(self, key: Any) -> bool:
        return bool(self.value(key) != 0)

    def put(self, key: Any, value: int) -> UnknownMap:
        """The map with another word at the key."""
        keys = key if type(key) is tuple else (key,)
        return attrs.evolve(self, writes=((keys, value), *self.writes))

    def set(self, key: Any, value: int) -> UnknownMap:
        """The map with a word at the key; the model never stores 0."""
        self.given.claim(f"no 0 is stored in {self.name}", value != 0)
        return self.put(key, 1 if value is True else value)

    def delete(self, key: Any) -> UnknownMap:
        """The map without the key."""
        return self.put(key, 0)

    @property
    def length(self) -> int:
        """How many keys there are: unknown, unless the map has none."""
        if self.high == 0 and not self.writes:
            return 0
        return self.given.integer(self.given.fresh(f"keys of {self.name}"), 0)


FIELDS: Final = {"exists": 1, "nonce": 2**64 - 1, "balance": MAX_WORD, "code size": MAX_SIZE}
"""Fields of an account, with the largest value of each."""


@attrs.frozen(eq=False)
class UnknownAccounts:
    """The accounts of a world; of those that exist, none is empty, as the model keeps them."""

    given: Given
    name: str
    writes: tuple[tuple[int, Account | None], ...] = ()
    """Newest first."""

    def get(self, address: int, default: Account | None = None) -> Account | None:
        """The account, or the default where there is none."""
        for written, account in self.writes:
            if address == written:
                return default if account is None else account
        if self.raw("exists", address) == 0:
            return default
        given, key = self.given, (address,)
        nonce, balance, size = (self.raw(field, address) for field in ("nonce", "balance", "code size"))
        given.assume(any_of(nonce != 0, balance != 0, size != 0))
        content: Any = OpaqueBytes(given, size, (self.name, address))
        slots: Any = UnknownMap(given, f"{self.name} storage", MAX_WORD, key)
        return Account(nonce, balance, content, slots)

    def raw(self, field: str, address: int) -> int:
        """A field of an account before all writes; without meaning where there is no account."""
        return self.given.result(f"{self.name} {field}", (address,), 0, FIELDS[field])

    def __contains__(self, address: int) -> bool:
        return self.get(address) is not None

    def set(self, address: int, account: Account) -> UnknownAccounts:
        """The accounts with another one."""
        return attrs.evolve(self, writes=((address, account), *self.writes))

    def delete(self, address: int) -> UnknownAccounts:
        """The accounts without one."""
        return attrs.evolve(self, writes=((address, None), *self.writes))


@attrs.frozen(eq=False)
class UnknownSet:
    """Offsets inside a code of ``size`` bytes."""

    given: Given
    size: int

    def __contains__(self, offset: int) -> bool:
        member = self.given.result("is a destination", (offset,), 0, 1)
        self.given.assume(implies(member == 1, offset < self.size))
        return bool(member == 1)


@attrs.frozen(eq=False, repr=False)
class AnyOpcode:
    """Some byte to which the table gives ``row``: it can be looked up there, and nothing else can be done with it.

    So whatever is proved of a step from here holds for each opcode with this row, in each fork: the step looks at
    neither.
    """

    row: Instruction

    def refuse(self, *_: object) -> NoReturn:
        """The error for any other use."""
        raise OpaqueError("a byte of code of which only the row is known")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = refuse
    __hash__ = __bool__ = __index__ = __int__ = __repr__ = refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __and__ = __rand__ = __or__ = __xor__ = refuse


@attrs.frozen(eq=False)
class UnknownRows:
    """A table of instructions, in which an opcode has the row that it is said to have."""

    def __getitem__(self, opcode: AnyOpcode) -> Instruction:
        return opcode.row


@attrs.frozen(eq=False)
class UnknownEips:
    """The EIPs of some fork: each may be in force or not, whatever others are."""

    given: Given

    def __contains__(self, eip: Eip) -> bool:
        return bool(self.given.truth(f"{eip.name} is in force"))


@attrs.frozen(eq=False)
class UnknownProgram:
    """A padded program with a known row at the program counter."""

    given: Given
    size: int
    """Of the code, without padding."""
    pc: int
    row: Instruction

    @property
    def length(self) -> int:
        """With padding."""
        return self.size + 33

    def __getitem__(self, part: Any) -> Any:
        if type(part) is slice:
            self.given.claim("operand inside the program", part.stop <= self.length)
            return OpaqueBytes(self.given, part.stop - part.start)
        self.given.claim("the instruction at the program counter", part == self.pc)
        return AnyOpcode(self.row)


@attrs.frozen(eq=False)
class UnknownLogs:
    """Logs of which those that were added are known."""

    added: tuple[object, ...] = ()

    def append(self, entry: object) -> UnknownLogs:
        """One more."""
        return UnknownLogs((*self.added, entry))


@attrs.frozen(eq=False)
class UnknownWords:
    """A tuple of words."""

    given: Given
    length: int

    def __getitem__(self, index: int) -> int:
        self.given.claim("index inside the tuple", all_of(index >= 0, index < self.length))
        return word(self.given, self.given.fresh("blob hash"))


@attrs.frozen(eq=False)
class UnknownHashes:
    """Hashes of some earlier blocks."""

    given: Given

    def get(self, number: int) -> OpaqueBytes | None:
        """A hash, if there is one."""
        known = self.given.result("known block", (number,), 0, 1)
        return OpaqueBytes(self.given, 32) if known == 1 else None


@attrs.frozen(eq=False)
class UnknownPrecompiles:
    """Precompiles at some addresses."""

    given: Given

    def get(self, address: int) -> Precompile | None:
        """One, if there is one."""
        if self.given.result("precompile", (address,), 0, 1) == 0:
            return None
        return Precompile(0, "some", lambda data: 0, lambda data: None, None, None)


# --- the machine ------------------------------------------------------------------------------------------------------


def memory_is_paid(size: int, gas: int) -> bool:
    """A bound for memory that steps keep: 32 bytes of it cost 3 gas at least, and there is less than ``MAX_GAS``."""
    return size + 11 * gas < 11 * MAX_GAS


def unknown_substate(given: Given) -> Substate:
    """Any substate."""
    maps: dict[str, Any] = {
        name: UnknownMap(given, name, 1) for name in ("accessed_addresses", "accessed_slots", "created", "destroyed")
    }
    transient: Any = UnknownMap(given, "transient")
    logs: Any = UnknownLogs()
    return Substate(**maps, transient=transient, logs=logs, refund=given.integer("refund", -MAX_GAS, MAX_GAS))


def unknown_world(given: Given, name: str) -> World:
    """Any world."""
    accounts: Any = UnknownAccounts(given, name)
    return World(accounts)


def unknown_fork(given: Given) -> Fork:
    """Any fork: any EIPs, any rows, precompiles at any addresses. Steps ask for nothing else of it."""
    eips: Any = UnknownEips(given)
    rows: Any = UnknownRows()
    precompiles: Any = UnknownPrecompiles(given)
    return Fork("any", eips, None, rows, precompiles)


def unknown_environment(given: Given) -> Environment:
    """Any environment, under the rules of any fork."""
    hashes: Any = UnknownHashes(given)
    blobs: Any = UnknownWords(given, given.integer("blobs", 0, 2**16))
    block = Block(
        given.integer("coinbase", 0, MAX_ADDRESS), given.integer("number", 0, 2**64),
        given.integer("timestamp", 0, 2**64), given.integer("gas limit", 0, 2**64), word(given, "prevrandao"),
        word(given, "base fee"), word(given, "blob base fee"), hashes,
    )  # fmt: skip
    return Environment(
        unknown_fork(given), given.integer("chain id", 0, 2**64), block,
        given.integer("origin", 0, MAX_ADDRESS), word(given, "gas price"), blobs, unknown_world(given, "initial"),
    )  # fmt: skip


def unknown_frame(given: Given, row: Instruction, pc: int, static: bool) -> Frame:
    """Any frame that stands at an instruction with this row."""
    size = given.integer("code size", 0, MAX_SIZE)
    # The program counter is inside the padded program, whose padding is STOP.
    given.assume(pc < size + 33 if row.opcode == 0 else pc < size)
    # Initialisation code runs in no static frame: CREATE is refused in one.
    creates = given.truth("creates")
    given.assume(any_of(negation(static), negation(creates)))
    rows: Any = UnknownRows()
    program: Any = UnknownProgram(given, size, pc, row)
    destinations: Any = UnknownSet(given, size)
    running: Any = OpaqueBytes(given, size)
    calldata: Any = OpaqueBytes(given, given.integer("calldata size", 0, MAX_SIZE))
    return Frame(
        rows, program, destinations, running, given.integer("address", 0, MAX_ADDRESS),
        given.integer("caller", 0, MAX_ADDRESS), word(given, "value"), calldata, static, creates,
        given.integer("depth", 0, 1024), None,
    )  # fmt: skip


def unknown_machine(given: Given, row: Instruction, static: bool | None = None, priced: bool = True) -> Machine:
    """Any well-formed machine whose next instruction has this row; ``static`` None leaves that open too.

    Unless ``priced``, the lemma on memory stands for how it grows.
    """
    pc = given.integer("pc", 0, MAX_SIZE + 32)
    frame = unknown_frame(given, row, pc, given.truth("static") if static is None else static)
    operands: Any = UnknownStack(given, given.integer("stack depth", 0, STACK_LIMIT))
    if row.opcode != 0:
        # Code runs on an account that exists, with a nonce or code: EIP-161 gives new contracts a nonce of 1.
        before = UnknownAccounts(given, "world")
        given.assume(before.raw("exists", frame.address) == 1)
        nonce, size = before.raw("nonce", frame.address), before.raw("code size", frame.address)
        given.assume(any_of(nonce != 0, size != 0))
    gas = given.integer("gas", 0, MAX_GAS - 1)
    room: Any = UnknownMemory(given, 32 * given.integer("words of memory", 0, MAX_GAS), priced)
    given.assume(memory_is_paid(room.size, gas))
    returned: Any = OpaqueBytes(given, given.integer("returned size", 0, MAX_SIZE))
    return Machine(
        pc, gas, operands, room, returned, frame, unknown_world(given, "world"),
        unknown_substate(given), unknown_environment(given), given.integer("steps", 0, 2**64), None,
    )  # fmt: skip


# --- what is assumed rather than executed -----------------------------------------------------------------------------


def machine_ideals(given: Given) -> tuple[Ideal, ...]:
    """Hashes, new addresses, the power of EXP and the analysis of code; ``len`` and ``int`` of opaque byte strings."""

    def some_hash(data: object) -> OpaqueBytes:
        return OpaqueBytes(given, 32)

    def some_address(*parts: object) -> int:
        return given.integer(given.fresh("new address"), 0, MAX_ADDRESS)

    def some_power(base: int, exponent: int) -> int:
        return word(given, given.fresh("power"))

    def some_analysis(running: Any) -> Analysis:
        program: Any = OpaqueBytes(given, length_of(running) + 33)
        destinations: Any = UnknownSet(given, length_of(running))
        return Analysis(program, destinations)

    # The same empty account, of the stand-ins' own bytes and map, so that unknown keys can be put into it.
    no_code: Any = OpaqueBytes(given, 0, ("no code", 0))
    no_storage: Any = UnknownMap(given, "no storage", 0)

    return (
        Ideal(worlds, "EMPTY_ACCOUNT", Account(0, 0, no_code, no_storage), BYTES.id),
        *(Ideal(module, "keccak256", some_hash, HASHING.id) for module in (arithmetic, environment, system)),
        *(Ideal(system, name, some_address, HASHING.id) for name in ("create_address", "create2_address")),
        Ideal(words, "exp", some_power, EXPONENTIATION.id),
        Ideal(call, "analyse", some_analysis, CODE.id),
        *(Ideal(module, "len", length_of, BYTES.id) for module in (call, code, environment, system, worlds)),
        *(Ideal(module, "int", INTEGER_TYPE, BYTES.id) for module in (arithmetic, code, environment, stack)),
    )


def expansion_ideal(given: Given) -> Ideal:
    """The price of growing memory for both ranges of a call: what GAS-memory-expansion proves of it, and no more."""

    def some_cost(size: int, first: tuple[int, int], second: tuple[int, int]) -> int:
        cost = given.integer(given.fresh("expansion cost"), 0, 2**520)
        end = size
        for offset, length in (first, second):
            end = grown(end, offset, length)
        given.assume(32 * cost >= 3 * (end - size))
        given.assume(implies(end == size, cost == 0))
        return cost

    return Ideal(price, "expansion_cost_of_both", some_cost, EXPANSION.id)


def step_of(given: Given, machine: Machine, priced: bool = True) -> Machine:
    """The machine one step later, by the model's own ``step``; unless ``priced``, the price of memory is assumed."""
    with Idealized(machine_ideals(given) if priced else (*machine_ideals(given), expansion_ideal(given))):
        return stepping.step(machine)
