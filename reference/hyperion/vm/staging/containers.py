"""What ``step`` is recorded on: the parts of a machine of which a block knows little.

Known are the code, the program counter, the rules, and how many words the block has put on the stack. Everything else
is a proxy: words, gas and depth build terms; memory, storage, transient storage and logs are objects of the same
interface as the model's, which note what is done to them. Whatever they don't offer is refused, and the instruction is
then left to ``step``.
"""

from __future__ import annotations

from typing import Any, NoReturn

import attrs
import msgspec

from hyperion.primitives.word import MAX_WORD
from hyperion.symbolic.expression import ANY_INTEGER, Op, Sort, Term
from hyperion.symbolic.path import Path
from hyperion.symbolic.proxies import integer, integer_term, truth, unknown_integer, unknown_truth, where
from hyperion.vm.machine import Log, Substate
from hyperion.vm.memory import WORD_BYTES, Memory
from hyperion.vm.stack import Stack
from hyperion.vm.staging.octets import READ, RecordedBytes, bytes_of_words, octets_term
from hyperion.vm.staging.recording import (
    ADDRESS,
    ALIGNED,
    BALANCE,
    CODE_OF,
    CODE_SIZE,
    CURRENT,
    DEPTH,
    LOAD,
    LOGGED,
    MOST_WORDS,
    NATURAL,
    TOPICS,
    TOUCH,
    TRANSIENT,
    WARM,
    WARM_ACCOUNT,
    WORD,
    WRITE,
    Effect,
    Unstaged,
)  # fmt: skip


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


@attrs.frozen(eq=False)
class Cell:
    """A word that the block has put on the stack. How deep it is, is worked out when it is asked."""

    top: Any
    rest: Any
    base: Base
    height: int
    """Above the base."""

    @property
    def depth(self) -> Any:
        """How many words there are."""
        return self.base.depth + self.height

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
    """Memory: its size is a term; whole words at multiples of 32 are kept apart, all else is a piece of it."""

    path: Path
    version: int
    length: Term
    effects: tuple[Effect, ...] = ()

    @property
    def size(self) -> Any:
        """In bytes."""
        return integer(self.path, self.length)

    def expand(self, size: Any) -> RecordedMemory:
        """The memory grown to ``size`` bytes; unchanged if it is as large already."""
        grown = where(self.size < size, size, self.size)
        return attrs.evolve(self, length=integer_term(self.path, grown))

    touch = Memory.touch

    def now(self) -> Term:
        """Which version of memory this is."""
        return self.path.terms.integer(self.version + len(self.effects))

    def place(self, offset: Any) -> Term | None:
        """The offset of a whole word; None if it is known to be none."""
        term = integer_term(self.path, offset)
        if multiple_of_word(term):
            return term
        if term.is_constant:
            return None
        if not applied_truth(self.path, ALIGNED, term):
            raise Unstaged
        return term

    def load(self, offset: Any) -> Any:
        """The word in the 32 bytes at ``offset``."""
        place = self.place(offset)
        if place is None:
            return self.piece(offset, WORD_BYTES).number()
        return integer(self.path, self.path.terms.application(LOAD, (self.now(), place), WORD))

    def store(self, offset: Any, word: Any) -> RecordedMemory:
        """The memory with ``word`` in the 32 bytes at ``offset``."""
        place = self.place(offset)
        if place is None:
            return self.write(offset, bytes_of_words(self.path, (word,)))
        return self.changed((LOAD, place, integer_term(self.path, word)))

    def piece(self, offset: Any, length: Any) -> RecordedBytes:
        """The ``length`` bytes at ``offset``, as they are in memory."""
        arguments = (self.now(), integer_term(self.path, offset), integer_term(self.path, length))
        return RecordedBytes(self.path, self.path.terms.application(READ, arguments, ANY_INTEGER), length)

    def read(self, offset: Any, length: Any) -> RecordedBytes:
        """The ``length`` bytes at ``offset``; a few whole words are those words."""
        whole = type(length) is int and 0 < length <= MOST_WORDS * WORD_BYTES and length % WORD_BYTES == 0
        if not whole or not multiple_of_word(integer_term(self.path, offset)):
            return self.piece(offset, length)
        return bytes_of_words(self.path, tuple(self.load(offset + at) for at in range(0, length, WORD_BYTES)))

    def write(self, offset: Any, data: Any) -> RecordedMemory:
        """The memory with ``data`` at ``offset``."""
        return self.changed((WRITE, integer_term(self.path, offset), octets_term(self.path, data)))

    def changed(self, effect: Effect) -> RecordedMemory:
        """The memory after one more write."""
        return attrs.evolve(self, effects=(*self.effects, effect))


def is_own(path: Path, address: Any) -> bool:
    """Whether the address is the one that the code works on."""
    return type(address) is not int and integer_term(path, address).value == ADDRESS


def own_key(path: Path, slot: tuple[Any, Any]) -> Term:
    """The key of a slot as a term; another account's is not for a block."""
    address, key = slot
    if not is_own(path, address):
        raise Unstaged
    return integer_term(path, key)


@attrs.frozen(eq=False)
class RecordedAccount:
    """An account of which balance and code can be read."""

    path: Path
    address: Term

    @property
    def balance(self) -> Any:
        """In wei."""
        return integer(self.path, self.path.terms.application(BALANCE, (self.address,), WORD))

    @property
    def code(self) -> RecordedBytes:
        """The code."""
        size = integer(self.path, self.path.terms.application(CODE_SIZE, (self.address,), NATURAL))
        return RecordedBytes(self.path, self.path.terms.application(CODE_OF, (self.address,), ANY_INTEGER), size)

    def __getattr__(self, name: str) -> NoReturn:
        raise Unstaged


@attrs.frozen(eq=False)
class RecordedWorld:
    """The world, of which a block sees the storage of its own account, and balance and code of any."""

    path: Path
    name: str
    version: int
    effects: tuple[Effect, ...] = ()

    def storage(self, address: Any, key: Any) -> Any:
        """The word at ``key``."""
        terms, term = self.path.terms, own_key(self.path, (address, key))
        version = (terms.integer(self.version + len(self.effects)),) if self.name == CURRENT else ()
        return integer(self.path, terms.application(self.name, (*version, term), WORD))

    def with_storage(self, address: Any, key: Any, value: Any) -> RecordedWorld:
        """The world in which ``key`` holds ``value``."""
        effect = (CURRENT, own_key(self.path, (address, key)), integer_term(self.path, value))
        return attrs.evolve(self, effects=(*self.effects, effect))

    def account(self, address: Any) -> RecordedAccount:
        """The account at ``address``: a block changes neither balances nor code."""
        if self.name != CURRENT:
            raise Unstaged
        return RecordedAccount(self.path, integer_term(self.path, address))

    def __getattr__(self, name: str) -> NoReturn:
        raise Unstaged


@attrs.frozen(eq=False)
class WarmSlots:
    """Which storage keys have been touched."""

    path: Path
    effects: tuple[Effect, ...] = ()

    def __contains__(self, slot: tuple[Any, Any]) -> bool:
        key = own_key(self.path, slot)
        return any(effect[1] is key for effect in self.effects) or applied_truth(self.path, WARM, key)

    def set(self, slot: tuple[Any, Any], touched: bool) -> WarmSlots:
        """The keys with one more."""
        key = own_key(self.path, slot)
        return attrs.evolve(self, effects=(*self.effects, (TOUCH, key, self.path.terms.integer(int(touched)))))

    def __getattr__(self, name: str) -> NoReturn:
        raise Unstaged


@attrs.frozen(eq=False)
class WarmAccounts:
    """Which accounts have been touched; touching one for the first time is not for a block."""

    path: Path

    def __contains__(self, address: Any) -> bool:
        return applied_truth(self.path, WARM_ACCOUNT, integer_term(self.path, address))

    def __getattr__(self, name: str) -> NoReturn:
        raise Unstaged


@attrs.frozen(eq=False)
class TransientWords:
    """The words of transient storage."""

    path: Path
    version: int
    effects: tuple[Effect, ...] = ()

    def get(self, slot: tuple[Any, Any], default: int) -> Any:
        """The word of a slot, 0 if there is none."""
        if default != 0:
            raise Unstaged
        version = self.path.terms.integer(self.version + len(self.effects))
        key = own_key(self.path, slot)
        return integer(self.path, self.path.terms.application(TRANSIENT, (version, key), WORD))

    def written(self, slot: tuple[Any, Any], value: Any) -> TransientWords:
        """With a word written."""
        effect = (TRANSIENT, own_key(self.path, slot), integer_term(self.path, value))
        return attrs.evolve(self, effects=(*self.effects, effect))

    def __getattr__(self, name: str) -> NoReturn:
        raise Unstaged


@attrs.frozen(eq=False)
class RecordedLogs:
    """The logs, to which one can be added."""

    path: Path
    effects: tuple[Effect, ...] = ()

    def append(self, log: Log) -> RecordedLogs:
        """With one more, of the block's own account."""
        if not is_own(self.path, log.address):
            raise Unstaged
        topics = tuple(integer_term(self.path, topic) for topic in log.topics)
        words = self.path.terms.application(TOPICS, topics, ANY_INTEGER)
        return attrs.evolve(self, effects=(*self.effects, (LOGGED, octets_term(self.path, log.data), words)))

    def __getattr__(self, name: str) -> NoReturn:
        raise Unstaged


class RecordedSubstate(Substate, frozen=True):
    """The substate, in which a write to transient storage is one effect, whatever the word."""

    def with_transient(self, slot: tuple[Any, Any], value: Any) -> RecordedSubstate:
        """As of ``Substate``, which a block calls where it ends."""
        transient: Any = self.transient
        return msgspec.structs.replace(self, transient=transient.written(slot, value))


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
