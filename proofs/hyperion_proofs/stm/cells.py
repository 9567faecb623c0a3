"""What the core and the scheduler's proof take from the memory, proved of the model's own functions.

The entries of one location below a reader, each of any kind, with any numbers in them; up to as many as the theorem
says. The functions treat one entry after another in the same way, so more would not be different.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from hyperion.parallel import executing, mvmemory
from hyperion.parallel.counter import Pc, Recording, Shared, Transition
from hyperion.parallel.mvmemory import ESTIMATE, Added, Blocked, Entry, Found, Memory, Read, Written
from hyperion.parallel.program import Done, Location
from hyperion.parallel.scheduler import initial
from hyperion.parallel.trees import Trees
from hyperion.parallel.version import Version
from hyperion.parallel.worker import TRANSITIONS
from hyperion.symbolic.proxies import all_of
from hyperion_proofs.statement import Given, Statement

PLACE: Final = "x"

Valid: TypeAlias = Callable[[Memory, int, Read, Found], Any]
"""Whether a recorded read, which found what is given, is valid now."""


def storage(location: Location) -> int:
    """Before the block there is 0."""
    del location
    return 0


def entry(given: Given, name: str) -> Entry | None:
    """Any entry, or none."""
    kind = given.integer(f"kind of {name}", 0, 3)
    if kind == 0:
        return None
    if kind == 1:
        return ESTIMATE
    incarnation, number = given.integer(f"incarnation of {name}", 0), given.integer(f"number of {name}")
    return Written(incarnation, number) if kind == 2 else Added(incarnation, number)


def any_memory(given: Given, size: int) -> Memory:
    """A memory with any entry of each transaction at the place."""
    memory = mvmemory.empty(size + 2)
    for txn in range(size):
        memory = mvmemory.put(memory, PLACE, txn, entry(given, f"entry {txn}"))
    return memory


def read_by(memory: Memory, reader: int) -> Found | Blocked:
    """What a transaction reads there."""
    return mvmemory.resolve(memory, PLACE, reader, storage)


def same(one: Found | Blocked, other: Found | Blocked) -> bool:
    """Whether two reads gave the same."""
    if isinstance(one, Blocked) or isinstance(other, Blocked):
        return one == other
    return len(one.origins) == len(other.origins) and bool(
        all_of(one.value == other.value, *map(same_version, one.origins, other.origins))
    )


def same_version(one: Version, other: Version) -> Any:
    """Whether two versions are equal."""
    return all_of(one.transaction == other.transaction, one.incarnation == other.incarnation)


# --- one entry more ---------------------------------------------------------------------------------------------------


def entry_on_top(size: int) -> Statement:
    """What the next transaction reads is this one's entry on top of what this one reads."""

    def statement(given: Given) -> None:
        top = entry(given, "entry on top")
        under = any_memory(given, size)
        memory = mvmemory.put(under, PLACE, size, top)
        below, above = read_by(memory, size), read_by(memory, size + 1)
        given.note("reads", (below, above))
        given.claim("one's own entry is not read", same(below, read_by(under, size)))
        given.claim("the next reads it on top", same(above, on_top(size, top, below)))

    return statement


def on_top(txn: int, entry: Entry | None, below: Found | Blocked) -> Found | Blocked:
    """By definition: an entry replaces what is below, adds to it, or blocks."""
    if entry is None:
        return below
    if isinstance(entry, Written):
        return Found(entry.value, (Version(txn, entry.incarnation),))
    if isinstance(entry, Added):
        version = Version(txn, entry.incarnation)
        return below if isinstance(below, Blocked) else Found(below.value + entry.amount, (version, *below.origins))
    return Blocked(txn)


# --- what a change leaves valid ---------------------------------------------------------------------------------------


def change_keeps(size: int, of_estimate: bool = True) -> Statement:
    """Data, or nothing, in the place of an ESTIMATE leaves valid reads valid; reads from below, any change does."""

    def statement(given: Given) -> None:
        memory = any_memory(given, size)
        writer = next((txn for txn in range(size - 1) if given.integer("writer", 0, size - 1) == txn), size - 1)
        reader = next((txn for txn in range(size) if given.integer("reader", 0, size) == txn), size)
        found = read_by(memory, reader)
        if isinstance(found, Blocked):
            return
        if reader > writer:
            given.assume(not of_estimate or dict(memory.cells.get(PLACE, ())).get(writer) == ESTIMATE)
        after = mvmemory.put(memory, PLACE, writer, entry(given, "entry afterwards"))
        if reader > writer and dict(after.cells.get(PLACE, ())).get(writer) == ESTIMATE:
            return
        read = Read(PLACE, found.origins)
        given.note("read before and after", (found, read_by(after, reader)))
        given.claim("still valid", mvmemory.valid(after, reader, read, storage))

    return statement


# --- versions ---------------------------------------------------------------------------------------------------------


def by_version(memory: Memory, reader: int, read: Read, found: Found) -> bool:
    """The model's rule."""
    del found
    return mvmemory.valid(memory, reader, read, storage)


def by_value(memory: Memory, reader: int, read: Read, found: Found) -> Any:
    """A rule that compares what is read, not where it came from."""
    del read
    now = read_by(memory, reader)
    return isinstance(now, Found) and now.value == found.value


def version_entry(given: Given, txn: int, name: str) -> Entry | None:
    """An entry whose content depends on its version alone: a version is written once."""
    kind = given.integer(f"entry {txn} {name}", 0, 2)
    if kind == 0:
        return None
    if kind == 1:
        return ESTIMATE
    incarnation = given.integer(f"incarnation {txn} {name}", 0)
    number = given.result("number", (txn, incarnation))
    if given.result("is a value", (txn, incarnation), 0, 1) == 1:
        return Written(incarnation, number)
    return Added(incarnation, number)


def valid_means_equal(size: int, valid: Valid = by_version) -> Statement:
    """A read that is valid later has the value that it had, from the same writer."""

    def statement(given: Given) -> None:
        then = now = mvmemory.empty(size + 1)
        for txn in range(size):
            then = mvmemory.put(then, PLACE, txn, version_entry(given, txn, "then"))
            now = mvmemory.put(now, PLACE, txn, version_entry(given, txn, "now"))
        found, later = read_by(then, size), read_by(now, size)
        if isinstance(found, Blocked) or not valid(now, size, Read(PLACE, found.origins), found):
            return
        given.note("then and now", (found, later))
        given.claim("not blocked", isinstance(later, Found))
        if isinstance(later, Found):
            given.claim("the same value", later.value == found.value)
            given.claim("the same writer", later.origins[0].transaction == found.origins[0].transaction)

    return statement


# --- recording --------------------------------------------------------------------------------------------------------

PLACES: Final = ("x", "y", "z")


def any_end(given: Given) -> Done:
    """A program that has ended: at each place it writes a value, adds, or does nothing."""
    writes, additions = [], []
    for place in PLACES:
        does = given.integer(f"does at {place}", 0, 2)
        number = given.integer(f"number at {place}")
        if does == 1:
            writes.append((place, number))
        elif does == 2:
            additions.append((place, number))
    return Done(tuple(writes), tuple(additions))


def recording_is_exact(transitions: Mapping[Pc, Transition] = TRANSITIONS) -> Statement:
    """Recording by the model's transitions leaves the entries of this incarnation, and no other."""

    def statement(given: Given) -> None:
        version, done = Version(1, given.integer("incarnation", 0)), any_end(given)
        before = tuple(place for place in PLACES if given.truth(f"wrote {place} before"))
        memory = mvmemory.keep_written(mvmemory.empty(2), 1, before)
        for place in before:
            memory = mvmemory.put(memory, place, 1, ESTIMATE)
        worker = executing.proceed(memory, version, done, ())
        written = [place for place, _ in (*done.writes, *done.additions)]
        if isinstance(worker, Recording):
            given.claim("new is said of new locations", worker.new == any(place not in before for place in written))
        block, shared = Trees(()), Shared(initial(2), memory)
        while worker.pc is not Pc.FINISH:
            move = transitions[worker.pc](block, shared, worker)
            if move is None:
                raise ValueError("recording waits for nobody")
            shared, worker = move  # type: ignore[assignment]
        claim_entries(given, shared.memory, version, done)

    return statement


def claim_entries(given: Given, memory: Memory, version: Version, done: Done) -> None:
    """The entries of the transaction are what the program wrote, under its version."""
    values, amounts = dict(done.writes), dict(done.additions)
    for place in PLACES:
        found = dict(memory.cells.get(place, ())).get(version.transaction)
        given.note(f"entry at {place}", found)
        if place in values:
            its = isinstance(found, Written) and found.value == values[place]
        elif place in amounts:
            its = isinstance(found, Added) and found.amount == amounts[place]
        else:
            its = found is None
        given.claim(f"the entry at {place}", its)
        if isinstance(found, Written | Added):
            given.claim(f"the incarnation at {place}", found.incarnation == version.incarnation)
    given.claim("the list of locations", set(memory.written[version.transaction]) == {*values, *amounts})
