"""Small blocks of decision trees that make every path of the algorithm happen, for any number of transactions."""

from collections.abc import Callable, Mapping
from typing import Final

from hyperion.parallel.trees import (
    Add,
    Branch,
    Constant,
    Name,
    Operation,
    ReadInto,
    Require,
    Stop,
    Tree,
    Trees,
    Write,
)

Programs = Callable[[int], Tree]
"""The program of each transaction."""

ZERO: Final = Constant(0)
X: Final = Name("x")


def plus(name: str, amount: int) -> Operation:
    """A value that was read, and a number."""
    return Operation("+", Name(name), Constant(amount))


def counter(k: int) -> Tree:
    """Every transaction increments one location: all depend on all."""
    return ReadInto("c", "x", Write("c", plus("x", 1), Stop(X)))


def chain(k: int) -> Tree:
    """Each reads what the one before it wrote, and writes another location."""
    if k == 0:
        return Write("l0", Constant(5), Stop())
    return ReadInto(f"l{k - 1}", "x", Write(f"l{k}", plus("x", k), Stop(X)))


def branch(k: int) -> Tree:
    """What a transaction reads and writes depends on whether the counter that it sees is even."""
    if k == 0:
        return counter(k)
    even = Write("z", Constant(10 + k), Write("c", plus("x", 1), Stop(X)))
    odd = ReadInto("y", "y", Write("y", plus("y", k + 1), Stop(X)))
    return ReadInto("c", "x", Branch("==", Operation("%", X, Constant(2)), ZERO, even, odd))


def remove(k: int) -> Tree:
    """A doomed incarnation writes a location that its successor does not, and a third transaction reads it."""
    if k == 0:
        return Write("a", Constant(1), Stop())
    if k == 1:
        return ReadInto("a", "x", Branch("==", X, ZERO, Write("b", Constant(7), Stop()), Write("d", X, Stop())))
    return ReadInto("b", "x", Write(f"e{k}", plus("x", 1), Stop(X)))


def hole(k: int) -> Tree:
    """As ``remove``, but the successor writes nothing: the mark that it leaves must go nevertheless."""
    if k == 1:
        return ReadInto("a", "x", Branch("==", X, ZERO, Write("b", Constant(7), Stop()), Stop()))
    return remove(k)


def twice(k: int) -> Tree:
    """A location is read twice, and the difference of the two values is written: it must be 0."""
    if k == 0:
        return Write("c", Constant(1), Stop())
    difference = Operation("-", Name("y"), X)
    return ReadInto("c", "x", ReadInto("c", "y", Write(f"d{k}", difference, Stop(difference))))


def aba(k: int) -> Tree:
    """As ``remove``, but the location is read twice: it may come and go between the reads and be as at first."""
    if k < 2:
        return remove(k)
    difference = Operation("-", Name("y"), X)
    return ReadInto("b", "x", ReadInto("b", "y", Write(f"e{k}", difference, Stop(difference))))


def delta(k: int) -> Tree:
    """Additions without reads, whose amount depends on a value read; the last transactions read the sum."""
    if k == 0:
        return Write("a", Constant(1), Add("f", 1, Stop()))
    if k == 1:
        return ReadInto("a", "x", Branch("==", X, ZERO, Add("f", 10, Stop()), Add("f", 20, Stop())))
    return ReadInto("f", "x", Write("g", X, Add("f", 3, Stop(X))))


def layers(k: int) -> Tree:
    """An addition upon an addition: the lower one depends on a value read, the upper one on nothing."""
    if k == 0:
        return Write("a", Constant(1), Stop())
    if k == 1:
        return ReadInto("a", "x", Branch("==", X, ZERO, Add("f", 10, Stop()), Add("f", 20, Stop())))
    if k == 2:
        return Add("f", 3, Stop())
    return ReadInto("f", "x", Write("g", X, Stop(X)))


def stale(k: int) -> Tree:
    """A transaction fails on what it must not have read: before the first has written, there is not enough."""
    if k == 0:
        return Write("a", Constant(1), Stop())
    return Require("a", k, Write("a", Constant(k + 1), Stop()))


def gas(k: int) -> Tree:
    """Every transaction requires that enough is left of what all of them use up by additions."""
    return Require("left", 2, Add("left", -2, Write(f"u{k}", Constant(1), Stop())))


WORKLOADS: Final[Mapping[str, Programs]] = {
    "counter": counter,
    "chain": chain,
    "branch": branch,
    "remove": remove,
    "hole": hole,
    "twice": twice,
    "aba": aba,
    "delta": delta,
    "layers": layers,
    "stale": stale,
    "gas": gas,
}


def block_of(workload: str, transactions: int) -> Trees:
    """A block of a workload. Of what ``gas`` uses up there is enough for all transactions but the last."""
    programs = tuple(WORKLOADS[workload](k) for k in range(transactions))
    return Trees(programs, (("left", 2 * transactions - 1),))
