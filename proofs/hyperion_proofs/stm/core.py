"""The core: if every read of every last incarnation is valid, the memory is the serial result.

Each statement is one step of two inductions, at unknown constants: the transaction, the number of the read, the
location. The facts about unknown functions are stated for just the arguments that the step needs, so the questions are
without quantifiers and a solver decides them. The schemes of induction are applied in words (``argument``).
"""

from hyperion.symbolic.proxies import all_of, implies
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.stm.histories import BLOCK_STM, Algorithm, Block, Parallel, Serial, applied


def at(given: Given) -> tuple[Parallel, Serial, int]:
    """A block, both executions of it, and a transaction."""
    block = Block(given)
    return Parallel(block), Serial(block), given.integer("transaction", 1)


def resolution_steps(algorithm: Algorithm = BLOCK_STM) -> Statement:
    """What the next transaction reads is what this one reads, changed by this one's entry."""

    def statement(given: Given) -> None:
        parallel, _, txn = at(given)
        location = given.integer("location")
        here, above = parallel.origin(txn, location), parallel.origin(txn + 1, location)
        for reader in (txn, txn + 1):
            given.assume(algorithm.origin_is_lower(parallel, reader, location))
            given.assume(parallel.walks(reader, location))
        given.assume(algorithm.origin_is_greatest(parallel, txn, location, above))
        given.assume(algorithm.origin_is_greatest(parallel, txn + 1, location, here))
        given.assume(algorithm.origin_is_greatest(parallel, txn + 1, location, txn))
        found = parallel.resolved(txn + 1, location)
        expected = applied(*parallel.entry(txn, location), parallel.resolved(txn, location))
        given.note("origins", (here, above))
        given.note("reads", (found, expected))
        given.claim("the next transaction reads this one's entry on top of what this one reads", found == expected)

    return statement


def first_reads_storage(algorithm: Algorithm = BLOCK_STM) -> Statement:
    """The first transaction reads the storage, which is the serial state after none."""

    def statement(given: Given) -> None:
        parallel, serial, _ = at(given)
        location = given.integer("location")
        given.assume(algorithm.origin_is_lower(parallel, 1, location))
        given.assume(parallel.walks(1, location))
        given.assume(serial.first(location))
        given.claim("the serial state", parallel.resolved(1, location) == serial.state(0, location))

    return statement


def runs_start_equal(given: Given) -> None:
    """Before any read both runs are in the same local state."""
    parallel, serial, txn = at(given)
    given.assume(parallel.run.starts(txn))
    given.assume(serial.run.starts(txn))
    given.claim("the same local state", parallel.run.local(txn, 0) == serial.run.local(txn, 0))


def reads_agree(algorithm: Algorithm = BLOCK_STM) -> Statement:
    """Equal local states read the same location; a valid read and the serial one give the same; so they stay equal."""

    def statement(given: Given) -> None:
        parallel, serial, txn = at(given)
        count = given.integer("reads before", 0)
        one, other = parallel.run, serial.run
        given.assume(all_of(count < one.reads(txn), count < other.reads(txn)))
        given.assume(one.local(txn, count) == other.local(txn, count))
        given.assume(one.goes_on(txn, count))
        given.assume(other.goes_on(txn, count))
        given.assume(algorithm.valid(parallel, txn, count))
        location = one.wanted(txn, count)
        given.assume(serial.state(txn - 1, location) == parallel.resolved(txn, location))
        given.note("location", location)
        given.note("values read", (one.value(txn, count), other.value(txn, count)))
        given.claim("the same local state", one.local(txn, count + 1) == other.local(txn, count + 1))

    return statement


def runs_end_equal(given: Given) -> None:
    """Runs that agree as far as both go stop after the same number of reads, in the same local state."""
    parallel, serial, txn = at(given)
    one, other = parallel.run, serial.run
    for count in (one.reads(txn), other.reads(txn)):
        both = all_of(count <= one.reads(txn), count <= other.reads(txn))
        given.assume(implies(both, one.local(txn, count) == other.local(txn, count)))
    given.assume(one.ends(txn))
    given.assume(other.ends(txn))
    given.assume(one.goes_on(txn, other.reads(txn)))
    given.assume(other.goes_on(txn, one.reads(txn)))
    given.note("numbers of reads", (one.reads(txn), other.reads(txn)))
    given.claim("as many reads", one.reads(txn) == other.reads(txn))
    given.claim("the same local state at the end", one.last(txn) == other.last(txn))


def states_stay_equal(algorithm: Algorithm = BLOCK_STM) -> Statement:
    """Equal runs write the same, so what the next transaction reads is the next serial state."""

    def statement(given: Given) -> None:
        parallel, serial, txn = at(given)
        location = given.integer("location")
        given.assume(serial.state(txn - 1, location) == parallel.resolved(txn, location))
        given.assume(parallel.run.last(txn) == serial.run.last(txn))
        given.assume(serial.then(txn, location))
        given.assume(algorithm.recorded(parallel, txn, location))
        resolved = applied(*parallel.entry(txn, location), parallel.resolved(txn, location))
        given.assume(parallel.resolved(txn + 1, location) == resolved)
        given.note("states", (resolved, serial.state(txn, location)))
        given.claim("the serial state", serial.state(txn, location) == parallel.resolved(txn + 1, location))

    return statement
