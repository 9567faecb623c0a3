"""Intervals of results: for each operation, a sound interval from those of its arguments."""

from collections.abc import Callable, Mapping
from typing import Final

from hyperion.symbolic.expression import ANY_INTEGER, Interval, Op

MAX_SHIFT: Final = 1 << 14
"""Shifts to the left by more than this have no upper bound here: the bound itself would fill memory."""


def add(a: Interval, b: Interval) -> Interval:
    """Sums."""
    low = None if a.low is None or b.low is None else a.low + b.low
    high = None if a.high is None or b.high is None else a.high + b.high
    return Interval(low, high)


def negate(a: Interval) -> Interval:
    """Negatives."""
    return Interval(None if a.high is None else -a.high, None if a.low is None else -a.low)


def multiply(a: Interval, b: Interval) -> Interval:
    """Products; unbounded factors keep at least their sign."""
    mine, its = a.ends(), b.ends()
    if mine and its:
        products = [x * y for x in mine for y in its]
        return Interval(min(products), max(products))
    if a.low is not None and b.low is not None and a.natural and b.natural:
        return Interval(a.low * b.low, None)
    return ANY_INTEGER


def divide(a: Interval, b: Interval) -> Interval:
    """Quotients rounded down, by divisors other than 0."""
    if a.natural and b.natural:
        smallest = max(b.low or 0, 1)
        low = 0 if b.high is None or a.low is None else a.low // max(b.high, 1)
        return Interval(low, None if a.high is None else a.high // smallest)
    ends = a.ends()
    if ends is None:
        return ANY_INTEGER
    bound = max(map(abs, ends))
    return Interval(-bound, bound)


def remainder(a: Interval, b: Interval) -> Interval:
    """Remainders, which have the sign of the divisor."""
    if b.natural:
        rest = Interval(0, None if b.high is None else max(b.high - 1, 0))
        return rest.meet(Interval(0, a.high)) if a.natural else rest
    low = None if b.low is None else min(b.low + 1, 0)
    high = None if b.high is None else max(b.high - 1, 0)
    return Interval(low, high)


def conjoin(a: Interval, b: Interval) -> Interval:
    """Bitwise conjunctions: a natural operand bounds the result."""
    if a.natural and b.natural:
        return Interval(0, None).meet(Interval(0, a.high)).meet(Interval(0, b.high))
    if a.natural:
        return Interval(0, a.high)
    if b.natural:
        return Interval(0, b.high)
    return of_bits(a, b)


def disjoin(a: Interval, b: Interval) -> Interval:
    """Bitwise disjunctions of both kinds."""
    return of_bits(a, b)


def of_bits(a: Interval, b: Interval) -> Interval:
    """What fits in the bits of the wider one."""
    natural = a.natural and b.natural
    if a.bits is None or b.bits is None:
        return Interval(0, None) if natural else ANY_INTEGER
    limit = 1 << (max(a.bits, b.bits) - 1)
    return Interval(0 if natural else -limit, limit - 1)


def shift_left(a: Interval, b: Interval) -> Interval:
    """Left shifts by amounts that are not negative."""
    least, most = max(b.low or 0, 0), b.high
    if most is None or most > MAX_SHIFT:
        low = None if a.low is None or a.low < 0 else a.low << min(least, MAX_SHIFT)
        return Interval(low, None)
    return multiply(a, Interval(1 << least, 1 << max(most, 0)))


def shift_right(a: Interval, b: Interval) -> Interval:
    """Right shifts by amounts that are not negative."""
    least = max(b.low or 0, 0)

    def shifted(end: int | None, towards_zero: bool) -> int | None:
        if end is None:
            return None
        enough = end.bit_length() + 1
        amount = enough if towards_zero and b.high is None else max(b.high or 0, 0) if towards_zero else least
        return end >> min(amount, enough)

    low = shifted(a.low, towards_zero=a.natural)
    high = shifted(a.high, towards_zero=a.high is not None and a.high < 0)
    return Interval(low, high)


def magnitude(a: Interval) -> Interval:
    """Absolute values."""
    if a.natural:
        return a
    ends = a.ends()
    return Interval(0, None if ends is None else max(map(abs, ends)))


def bit_length(a: Interval) -> Interval:
    """Lengths in bits of absolute values."""
    ends = a.ends()
    return Interval(0, None if ends is None else max(end.bit_length() for end in ends))


BINARY: Final[Mapping[Op, Callable[[Interval, Interval], Interval]]] = {
    Op.ADD: add,
    Op.SUB: lambda a, b: add(a, negate(b)),
    Op.MUL: multiply,
    Op.FLOORDIV: divide,
    Op.MOD: remainder,
    Op.AND: conjoin,
    Op.OR: disjoin,
    Op.XOR: disjoin,
    Op.LSHIFT: shift_left,
    Op.RSHIFT: shift_right,
}
UNARY: Final[Mapping[Op, Callable[[Interval], Interval]]] = {
    Op.NEG: negate,
    Op.ABS: magnitude,
    Op.BIT_LENGTH: bit_length,
}


def less(a: Interval, b: Interval) -> bool | None:
    """Whether every integer of ``a`` is less than every one of ``b``, or none is; None if that differs."""
    if a.high is not None and b.low is not None and a.high < b.low:
        return True
    if a.low is not None and b.high is not None and a.low >= b.high:
        return False
    return None


def equal(a: Interval, b: Interval) -> bool | None:
    """Whether the integers are equal; None if the intervals don't tell."""
    if a.meet(b).empty:
        return False
    if a.ends() == b.ends() and a.low is not None and a.low == a.high:
        return True
    return None
