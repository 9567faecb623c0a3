"""Intervals of terms: the result of an operation is in the interval that is computed from those of its operands.

What masks and comparisons may be left out by rests on them. Bitwise operations are bounded by how wide their operands
are: that an interval's width holds all that is in it is proved by itself, and then any such width will do.
"""

from collections.abc import Callable
from typing import Any, Final

from hyperion.symbolic import intervals
from hyperion.symbolic.expression import BINARY, UNARY, Interval, Op
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import all_of
from hyperion_proofs.solve import ARITHMETIC, BITWUZLA, VECTORS
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

WIDE: Final = 2**257
"""Integers from ``-WIDE`` to ``WIDE``: words, their sums, and gas."""
MOST_BITS: Final = 259
"""What such an integer needs, its sign included."""


def number(given: Given, name: str) -> int:
    """An integer."""
    return given.integer(name, -WIDE, WIDE)


def interval_around(given: Given, name: str, value: int) -> Interval:
    """Any interval that holds the value: either end, or both, may be missing."""
    low: Any = number(given, f"low of {name}") if given.truth(f"{name} has a low end") else None
    high: Any = number(given, f"high of {name}") if given.truth(f"{name} has a high end") else None
    if low is not None:
        given.assume(low <= value)
    if high is not None:
        given.assume(value <= high)
    return Interval(low, high)


def inside(value: int, interval: Interval) -> bool:
    """Whether the value is in the interval."""
    bounds = [True if interval.low is None else interval.low <= value]
    bounds.append(True if interval.high is None else value <= interval.high)
    return bool(all_of(*bounds)) if all(type(bound) is bool for bound in bounds) else all_of(*bounds)


def transfer_is_sound(op: Op) -> Statement:
    """The result is in the interval that is computed from the intervals of the operands."""

    def statement(given: Given) -> None:
        a = number(given, "a")
        mine = interval_around(given, "a", a)
        if op in UNARY:
            found = intervals.UNARY[op](mine)
            given.claim(f"{op.value}: result in its interval", inside(int_of(UNARY[op](a)), found))
            return
        b = number(given, "b")
        its = interval_around(given, "b", b)
        if op in (Op.FLOORDIV, Op.MOD):
            given.assume(b != 0)
        with Idealized(any_width(given, ((mine, a, "a"), (its, b, "b"))) if op in BITWISE else ()):
            found = intervals.BINARY[op](mine, its)
        given.claim(f"{op.value}: result in its interval", inside(int_of(BINARY[op](a, b)), found))

    return statement


def fits(value: int, bits: int) -> bool:
    """Whether so many bits hold the value, the sign's included."""
    limit = 1 << (bits - 1)
    return int_of(all_of(-limit <= value, value < limit))  # type: ignore[return-value]


def width_is_sound(given: Given) -> None:
    """The width of an interval holds all that is in it."""
    a = number(given, "a")
    bits = interval_around(given, "a", a).bits
    if bits is not None:
        given.claim("fits in the width of its interval", fits(a, bits))


def any_width(given: Given, known: tuple[tuple[Interval, int, str], ...]) -> tuple[Ideal, ...]:
    """Instead of the width of these intervals, any that holds the value: what the obligation on widths has proved."""
    own = WIDTH.fget

    def width(interval: Interval) -> int | None:
        for one, value, name in known:
            if interval is one and interval.ends() is not None:
                bits = given.integer(f"width of {name}", 1, MOST_BITS)
                given.assume(fits(value, bits))
                return bits
        return None if own is None else own(interval)

    return (Ideal(Interval, "bits", property(width), "width"),)


def int_of(value: Any) -> int:
    """The value, typed."""
    return value  # type: ignore[no-any-return]


def comparison_is_sound(compare: Callable[[Interval, Interval], bool | None], op: Op) -> Statement:
    """What intervals decide is so."""

    def statement(given: Given) -> None:
        a, b = number(given, "a"), number(given, "b")
        decided = compare(interval_around(given, "a", a), interval_around(given, "b", b))
        if decided is not None:
            given.claim(f"{op.value} as decided", BINARY[op](a, b) == decided)

    return statement


def strict_remainder(given: Given) -> None:
    """A wrong bound on remainders: that they are below the dividend."""
    a, b = given.integer("a", 0, WIDE), given.integer("b", 1, WIDE)
    high = intervals.remainder(Interval(0, a), Interval(1, b)).high
    given.claim("below its interval's end", high is None or a % b < high)


def narrow_width(given: Given) -> None:
    """A wrong width: without the sign's bit."""
    a = number(given, "a")
    bits = interval_around(given, "a", a).bits
    if bits is not None and bits > 1:
        given.claim("fits in less than the width of its interval", fits(a, bits - 1))


ARITHMETICAL: Final = (Op.ADD, Op.SUB, Op.NEG, Op.ABS, Op.FLOORDIV, Op.MOD, Op.MUL)
BITWISE: Final = (Op.AND, Op.OR, Op.XOR)
WIDTH: Final[property] = Interval.__dict__["bits"]
VECTOR_SOLVERS: Final = (BITWUZLA, VECTORS)

INTERVALS_SOUND: Final = Theorem(
    "REWRITE-intervals",
    "The interval of a sum, difference, product, quotient, remainder, negative, magnitude, length in bits, or bitwise "
    "conjunction or disjunction of either kind holds it, whatever the operands in their intervals are, and comparisons "
    "are as intervals decide.",
    ("VM-step",),
    Kind.PATHS,
    (
        *(Obligation(op.value, transfer_is_sound(op), ARITHMETIC) for op in ARITHMETICAL),
        Obligation("less", comparison_is_sound(intervals.less, Op.LT), ARITHMETIC),
        Obligation("equal", comparison_is_sound(intervals.equal, Op.EQ), ARITHMETIC),
        Obligation(Op.BIT_LENGTH.value, transfer_is_sound(Op.BIT_LENGTH), VECTOR_SOLVERS, prune=False),
        Obligation("width", width_is_sound, VECTOR_SOLVERS, prune=False),
        *(Obligation(op.value, transfer_is_sound(op), VECTOR_SOLVERS, prune=False) for op in BITWISE),
    ),
    (
        Control(
            "a remainder is taken to be below its dividend, and not only not above it",
            Obligation("%", strict_remainder, ARITHMETIC),
        ),
        Control(
            "an interval is taken to be one bit narrower than its ends need",
            Obligation("width", narrow_width, VECTOR_SOLVERS, prune=False),
        ),
    ),
    hypotheses="integers from −2**257 to 2**257; divisors are not 0",
    argument="What bounds bits is proved for any widths that hold the operands; the widths of their intervals do.",
)

THEOREMS: Final = (INTERVALS_SOUND,)
