"""The core once more, on three transactions and two places, by the model's own functions from end to end.

The memory is filled with ``put``, read with ``resolve``, and compared with ``execute_serially``. Programs are unknown
but small: the first writes without reading, the second reads once, the third once or twice as it likes. So a weakened
rule is refuted here by a whole block that goes wrong, not by a step of an induction.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import attrs

from hyperion.parallel import mvmemory
from hyperion.parallel.mvmemory import ESTIMATE, Added, Found, Memory, Written
from hyperion.parallel.program import Done, Location, current, execute_serially
from hyperion.symbolic.proxies import any_of
from hyperion_proofs.statement import Given, Statement

PLACES: Final = ("x", "y")
SIZE: Final = 3

Accepts: TypeAlias = Callable[[int, int, int, int, int], Any]
"""Whether a value is accepted: of a transaction, its read with this number; what it was, is now, and in the storage."""


@attrs.frozen(eq=False)
class Small:
    """A program that reads no more than its transaction may."""

    given: Given
    txn: int
    values: tuple[int, ...] = ()

    def answer(self, question: str, most: int | None = None) -> int:
        """What the program does, as a function of all that it has read."""
        name = f"{question} after {len(self.values)} reads"
        return self.given.result(name, (self.txn, *self.values), 0 if most is not None else None, most)

    @property
    def location(self) -> Location:
        """The first read is from either place, the second from the other one."""
        first = self.given.result("reads first", (self.txn,), 0, 1) == 1
        return PLACES[int(bool(first) == (not self.values))]

    def resume(self, value: int) -> "Small | Done":
        """The third transaction may read again."""
        after = attrs.evolve(self, values=(*self.values, value))
        again = self.txn == SIZE - 1 and not self.values and after.answer("reads again", 1) == 1
        return after if again else after.done()

    def done(self) -> Done:
        """The first writes or adds, the second may do either or nothing, the third writes."""
        place, number = PLACES[self.txn % 2], self.answer("number")
        does = self.answer("does", 2) if self.txn == 1 else self.answer("adds", 1) if self.txn == 0 else 0
        if does == 2:
            return Done(())
        return Done((), ((place, number),)) if does == 1 else Done(((place, number),))


@attrs.frozen(eq=False)
class SmallBlock:
    """Three small programs."""

    given: Given
    size: int = SIZE

    def start(self, txn: int) -> Small | Done:
        """A program at its start."""
        program = Small(self.given, txn)
        return program.done() if txn == 0 else program

    def base(self, location: Location) -> int:
        """The storage."""
        return self.given.result("storage", (PLACES.index(str(location)),))


def last_incarnation(block: SmallBlock, txn: int) -> tuple[Done, list[tuple[Location, int]]]:
    """A run of the program on any values: what it does, and where it read which value."""
    program = block.start(txn)
    reads: list[tuple[Location, int]] = []
    while isinstance(program, Small):
        value = block.given.integer(f"value of read {len(reads)} of {txn}")
        reads.append((program.location, value))
        program = program.resume(value)
    return program, reads


def recorded(memory: Memory, txn: int, done: Done, stale: bool) -> Memory:
    """The memory with the entries of a transaction; ``stale``: and with one of an incarnation before."""
    if stale:
        memory = mvmemory.put(memory, PLACES[1 - txn % 2], txn, Written(0, 7))
    for place, value in done.writes:
        memory = mvmemory.put(memory, place, txn, Written(1, value))
    for place, amount in done.additions:
        memory = mvmemory.put(memory, place, txn, Added(1, amount))
    return memory


def only_equal(txn: int, count: int, was: int, now: int, stored: int) -> Any:
    """The rule: what it was is what it is now."""
    del txn, count, stored
    return was == now


def small_blocks_are_serial(accepts: Accepts = only_equal, stale: bool = False) -> Statement:
    """If all reads are accepted, the memory resolves to the serial state at each place."""

    def statement(given: Given) -> None:
        block, memory = SmallBlock(given), mvmemory.empty(SIZE)
        runs = [last_incarnation(block, txn) for txn in range(SIZE)]
        for txn, (done, _) in enumerate(runs):
            memory = recorded(memory, txn, done, stale and txn == 1)
        for txn, (_, reads) in enumerate(runs):
            for count, (place, value) in enumerate(reads):
                found = mvmemory.resolve(memory, place, txn, block.base)
                given.assume(isinstance(found, Found) and accepts(txn, count, value, found.value, block.base(place)))
        serial = execute_serially(block)
        for place in PLACES:
            found = mvmemory.resolve(memory, place, SIZE, block.base)
            expected = current(block, serial.state, place)
            given.note(f"{place}, parallel and serial", (getattr(found, "value", ESTIMATE), expected))
            given.claim(f"the serial value at {place}", isinstance(found, Found) and found.value == expected)

    return statement


# --- weakened rules ---------------------------------------------------------------------------------------------------


def or_stored(txn: int, count: int, was: int, now: int, stored: int) -> Any:
    """What was read from the storage is not looked at again."""
    del txn, count
    return any_of(was == now, was == stored)


def first_only(txn: int, count: int, was: int, now: int, stored: int) -> Any:
    """Only the first read is looked at."""
    del txn, stored
    return count > 0 or was == now


def but_second(txn: int, count: int, was: int, now: int, stored: int) -> Any:
    """The second transaction is not validated."""
    del count, stored
    return txn == 1 or was == now
