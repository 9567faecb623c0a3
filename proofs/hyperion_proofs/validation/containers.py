"""Containers of a general machine that have content: what is read twice is the same, what was written is read.

They have the interfaces of the model's, so that ``step`` and the text of a block run on them alike. Reading branches on
whether a key is one that was written; ``at`` says the same without a branch, for comparing two containers at a key of
which nothing is known. Everything works on known values as well, so that counterexamples are replayed on them.

Between two rounds of a loop, dictionaries hold what earlier rounds have put in them, and what these have read of the
machine is how it was where the block was entered. ``Earlier`` are such keys; a container that is ``below`` them gives,
when they are written to it, the machine's of now: that is the invariant of the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import attrs

from hyperion.state.world import Account
from hyperion.symbolic.proxies import all_of, any_of, integer_term, where
from hyperion.vm.memory import WORD_BYTES
from hyperion_proofs.machines import MAX_WORD, grown
from hyperion_proofs.statement import Given
from hyperion_proofs.validation.octets import Octets, octets_of, of_words

Parts: TypeAlias = tuple[Any, ...]
"""A key: an address and a storage key, an offset, whatever the container is about."""
Function: TypeAlias = Callable[[Parts], int]

MOST_WORDS: Final = 4
"""A piece of memory of so many whole words is these words; of more, an unknown function of memory."""


def every(*conditions: object) -> bool:
    """Whether all hold, without a branch."""
    found: bool = all_of(*conditions)
    return found


def some(*conditions: object) -> bool:
    """Whether one holds, without a branch."""
    found: bool = any_of(*conditions)
    return found


@attrs.frozen(eq=False)
class Earlier:
    """Keys that earlier rounds have put in a dictionary: which ones, what they hold, and what the machine has now."""

    given: Given
    holds: Callable[[Any], bool]
    value: Callable[[Any], int]
    """What the machine has at the key now, which is what is held."""
    warm: Callable[[Any], bool] | None = None
    """Of touched keys: whether the machine has the key touched now."""


@attrs.frozen(eq=False)
class Content:
    """A total function from keys to words: unknown at first, with the writes that were made since, newest first."""

    given: Given
    name: str
    before: Function
    """The word before all writes."""
    writes: tuple[tuple[Parts, int], ...] = ()
    above: Content | None = None
    """What this becomes when the keys of earlier rounds are written to it."""

    def at(self, key: Parts) -> int:
        """The word, without a branch."""
        value = self.before(key)
        for written, its in reversed(self.writes):
            value = where(same_key(key, written), its, value)
        return value

    read = at

    def put(self, key: Parts, value: int) -> Content:
        """The function with another word at the key."""
        if type(key[-1]) is Earlier and self.above is not None:
            return self.above
        return attrs.evolve(self, writes=((key, value), *self.writes))


def same_key(mine: Parts, its: Parts) -> bool:
    """Whether two keys are one, without a branch."""
    return every(*(part == other for part, other in zip(mine, its, strict=True)))


def unknown_content(given: Given, name: str, high: int = MAX_WORD) -> Content:
    """A function of which nothing is known."""
    return Content(given, name, lambda key: given.result(name, key, 0, high))


@attrs.frozen(eq=False)
class ContentMap:
    """A map as the model keeps its maps: what is absent is 0, and no 0 is in it."""

    content: Content

    def parts(self, key: Any) -> Parts:
        """The key's parts."""
        return key if type(key) is tuple else (key,)

    def get(self, key: Any, default: Any = 0) -> Any:
        """The word, or the default where it is absent."""
        value = self.content.read(self.parts(key))
        return value if default == 0 or value != 0 else default

    def __contains__(self, key: Any) -> bool:
        return bool(self.content.read(self.parts(key)) != 0)

    def holds(self, key: Any) -> bool:
        """Whether the key is in, without a branch."""
        return self.content.at(self.parts(key)) != 0

    def set(self, key: Any, value: int) -> ContentMap:
        """The map with a word at the key."""
        return ContentMap(self.content.put(self.parts(key), 1 if value is True else value))

    def delete(self, key: Any) -> ContentMap:
        """The map without the key."""
        return ContentMap(self.content.put(self.parts(key), 0))


# --- memory -----------------------------------------------------------------------------------------------------------


def is_aligned(given: Given, offset: Any) -> bool:
    """Whether a whole word of memory begins there: known by its form, known by what was asked, or a branch."""
    from hyperion.vm.staging.containers import multiple_of_word

    if given.symbolic is not None and type(offset) is not int:
        if multiple_of_word(integer_term(given.symbolic, offset)):
            return True
        return not offset & (WORD_BYTES - 1)
    return bool(offset % WORD_BYTES == 0)


@attrs.frozen(eq=False)
class ContentMemory:
    """Memory: a version that stands for its bytes, and whole words written since, the last write last.

    Two writes to whole words at different multiples of 32 commute, and a write hides an earlier one at its offset: that
    the model's tree of pages is such a memory is tested (``tests/property/test_memory.py``), not proved. Other pieces
    are read and written by unknown functions of all that was written before.
    """

    given: Given
    size: int
    version: int
    before: Callable[[int], int]
    """The word at a multiple of 32 in that version."""
    words: tuple[tuple[int, int], ...] = ()
    above: ContentMemory | None = None
    """What this becomes when the words of earlier rounds are written to it."""

    def touch(self, offset: int, length: int) -> ContentMemory:
        """The memory grown such that it holds the range, to the least such size: the lemma L-memory."""
        return attrs.evolve(self, size=grown(self.size, offset, length))

    def expand(self, size: int) -> ContentMemory:
        """The memory grown to ``size`` bytes, unchanged if it is as large already."""
        return attrs.evolve(self, size=where(self.size < size, size, self.size))

    def inside(self, offset: int, length: int) -> None:
        """Claim that the bytes are there."""
        self.given.claim("bytes of memory are there", some(length == 0, offset + length <= self.size))

    def load(self, offset: int) -> int:
        """The word at ``offset``."""
        self.inside(offset, WORD_BYTES)
        if not is_aligned(self.given, offset):
            return self.piece(offset, WORD_BYTES).number()
        return self.at(offset)

    def at(self, offset: int) -> int:
        """The word at a multiple of 32, without a branch."""
        value = self.before(offset)
        for written, word in self.words:
            value = where(offset == written, word, value)
        return value

    def store(self, offset: Any, word: int) -> ContentMemory:
        """The memory with another word at ``offset``."""
        if type(offset) is Earlier:
            return self if self.above is None else attrs.evolve(self.above, size=self.size)
        self.inside(offset, WORD_BYTES)
        if not is_aligned(self.given, offset):
            return self.write(offset, of_words(self.given, (word,)))
        # Whether two offsets are one may stay unknown: the last word that was written to an offset counts.
        kept = tuple(pair for pair in self.words if (pair[0] == offset) is not True)
        return attrs.evolve(self, words=(*kept, (offset, word)))

    def parts(self) -> Parts:
        """What the bytes depend on."""
        return (self.version, *(part for pair in self.words for part in pair))

    def piece(self, offset: int, length: int) -> Octets:
        """Some bytes, as a function of all that memory is; a few whole words are these words, however asked for."""
        name = f"piece after {len(self.words)} words"
        identity = self.given.result(name, (*self.parts(), offset, length), 0, MAX_WORD)
        cases = tuple(self.cases(offset, length))
        for condition, words in cases:
            identity = where(condition, of_words(self.given, words).identity, identity)
        return Octets(self.given, identity, length, cases=cases)

    def cases(self, offset: int, length: int) -> Iterator[tuple[bool, tuple[int, ...]]]:
        """When the bytes are a few whole words, and which."""
        for count in range(1, MOST_WORDS + 1):
            condition: Any = every(length == count * WORD_BYTES, offset & (WORD_BYTES - 1) == 0)
            if type(condition) is not bool or condition:
                yield condition, tuple(self.at(offset + WORD_BYTES * index) for index in range(count))

    def read(self, offset: int, length: Any) -> Octets:
        """The bytes at ``offset``: a few whole words are these words."""
        self.inside(offset, length)
        whole = type(length) is int and 0 < length <= MOST_WORDS * WORD_BYTES and length % WORD_BYTES == 0
        if whole and is_aligned(self.given, offset):
            return of_words(self.given, tuple(self.load(offset + at) for at in range(0, length, WORD_BYTES)))
        return self.piece(offset, length)

    def write(self, offset: int, data: Any) -> ContentMemory:
        """The memory with the bytes at ``offset``: another version of it."""
        its = octets_of(self.given, data)
        self.inside(offset, its.length)
        name = f"memory written after {len(self.words)} words"
        version = self.given.result(name, (*self.parts(), offset, its.identity), 0, MAX_WORD)
        return attrs.evolve(self, version=version, before=word_of(self.given, version), words=())


def word_of(given: Given, version: int) -> Callable[[int], int]:
    """The words of a version of memory."""
    return lambda offset: given.result("memory", (version, offset), 0, MAX_WORD)


# --- world and logs ---------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class ContentWorld:
    """A world of which storage changes and nothing else does; that the model's is such a map is tested, not proved."""

    given: Given
    name: str
    slots: Content

    def storage(self, address: int, key: int) -> int:
        """The word at ``key`` of ``address``."""
        return self.slots.read((address, key))

    def with_storage(self, address: int, key: Any, value: int) -> ContentWorld:
        """The world with another word there."""
        return attrs.evolve(self, slots=self.slots.put((address, key), value))

    def account(self, address: int) -> Account:
        """The account; its storage is not to be looked at through it."""
        given, unseen = self.given, Octets(self.given, 0, 0)
        balance = given.result(f"{self.name} balance", (address,), 0, MAX_WORD)
        size = given.result(f"{self.name} code size", (address,), 0, 2**32)
        content: Any = Octets(given, given.result(f"{self.name} code", (address,), 0, MAX_WORD), size)
        slots: Any = unseen
        return Account(given.result(f"{self.name} nonce", (address,), 0, 2**64 - 1), balance, content, slots)


@attrs.frozen(eq=False)
class ContentLogs:
    """Logs: those before, by name, and those added."""

    name: str
    added: tuple[Any, ...] = ()
    above: ContentLogs | None = None

    def append(self, log: Any) -> ContentLogs:
        """One more, or those of earlier rounds."""
        if type(log) is Earlier:
            return self if self.above is None else self.above
        return attrs.evolve(self, added=(*self.added, log))


# --- dictionaries of a block ------------------------------------------------------------------------------------------

ABSENT: Final = object()


@attrs.frozen(eq=False)
class Table:
    """A dictionary or list of a block's text; whether two unknown keys are the same is a branch.

    ``earlier`` are the keys that earlier rounds of a loop have put in; a key put in later counts before them.
    """

    earlier: Earlier | None = None
    entries: list[tuple[Any, Any]] = attrs.field(factory=list)

    def find(self, key: Any) -> Any:
        """The value at the key, or ``ABSENT``."""
        for known, value in reversed(self.entries):
            if key == known:
                return value
        if self.earlier is not None and self.earlier.holds(key):
            return self.earlier.value(key)
        return ABSENT

    def get(self, key: Any, default: Any = None) -> Any:
        """As of ``dict``."""
        found = self.find(key)
        return default if found is ABSENT else found

    def fetch(self, key: Any, read: Callable[[], Any]) -> Any:
        """The value at the key, which is read and put in where there is none."""
        found = read()
        if self.earlier is not None:
            now = self.earlier.value(key)
            held = where(self.earlier.holds(key), now, found)
            self.earlier.given.claim("cached or read, it is what the machine has", some(self.new(key), held == now))
            found = now
        for known, value in self.entries:
            found = where(key == known, value, found)
        self.entries.append((key, found))
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        # A key that is in already stays: the last entry of a key counts, and writing both writes the last one last.
        self.entries.append((key, value))

    def append(self, value: Any) -> None:
        """As of ``list``."""
        self.entries.append((value, value))

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self.items())

    def items(self) -> Iterator[tuple[Any, Any]]:
        """As of ``dict``; the keys of earlier rounds come first, all at once."""
        if self.earlier is not None:
            yield self.earlier, 1
        yield from self.entries

    def __bool__(self) -> bool:
        # Only what follows from it being empty is asked: writing nothing changes nothing.
        return self.earlier is not None or bool(self.entries)

    def new(self, key: Any) -> bool:
        """Whether the key was put in by this round, without a branch."""
        return some(*(key == known for known, _ in self.entries))

    def holds(self, key: Any) -> bool:
        """Whether the key is in, without a branch."""
        return some(self.new(key), False if self.earlier is None else self.earlier.holds(key))

    def at(self, key: Any) -> int:
        """The value at the key, without a branch; without meaning where there is none."""
        value = 0 if self.earlier is None else self.earlier.value(key)
        for known, its in self.entries:
            value = where(key == known, its, value)
        return value


def any_in(*questions: tuple[Any, Any]) -> bool:
    """Whether one of the keys is in its container, as one question: that of whether a storage key is touched.

    Between rounds the dictionaries and the machine at entry say together what the machine says now. That they do is
    claimed, and what the machine says is used.
    """
    found = some(*(container.holds(key) for key, container in questions))
    tables = [(key, table) for key, table in questions if type(table) is Table and table.earlier is not None]
    for key, table in tables:
        if table.earlier is not None and table.earlier.warm is not None:
            now = some(*(other.new(its) for its, other in tables), table.earlier.warm(key))
            table.earlier.given.claim("touched or cached is what the machine has touched", found == now)
            return now
    return found
