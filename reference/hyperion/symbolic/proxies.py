"""The values that functions are run on: they look like integers, truth values and maps, and build terms.

Whatever would make a constant of an unknown value, or put it where a C function reads it, raises an ``Escape``: hashing
and so keys of dictionaries and members of sets, ``int()``, ``float()``, indices, text, iteration, copies, and questions
about its type. What Python refuses for an integer (``len``, a call) it refuses for a proxy by itself.

The functions at the end accept known values as well, so that a statement can be made once and checked on both.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn, TypeAlias, TypeVar, cast

import attrs

from hyperion.symbolic.expression import Interval, Op, Term
from hyperion.symbolic.path import Escape, Path

Integer: TypeAlias = "int | SymbolicInt"
Truth: TypeAlias = "bool | SymbolicBool"
SMALL_POWER: Final = 8
"""The largest exponent for which a power is written out as a product."""

UNHASHABLE: Final = "an unknown value has no hash, so it can be no key of a dictionary and no member of a set"


@attrs.frozen(eq=False, repr=False)
class Proxy:
    """What symbolic integers and truth values share: a path, a term, and all the ways out that are closed."""

    path: Path
    term: Term

    def refuse(self, operation: str, reason: str = "it needs the value, which is not known") -> Escape:
        """The escape to raise."""
        return self.path.escape(operation, reason)

    def __hash__(self) -> int:
        raise self.refuse("hash()", UNHASHABLE)

    def __int__(self) -> int:
        raise self.refuse("int()")

    def __index__(self) -> int:
        raise self.refuse("index", "it is used as an index, a size, or where a C function wants an integer")

    def __float__(self) -> NoReturn:
        raise self.refuse("float()")

    def __complex__(self) -> NoReturn:
        raise self.refuse("complex()")

    def __bytes__(self) -> bytes:
        raise self.refuse("bytes()")

    def __str__(self) -> str:
        raise self.refuse("str()")

    def __repr__(self) -> str:
        raise self.refuse("repr()")

    def __format__(self, specification: str) -> str:
        raise self.refuse("format()")

    def __iter__(self) -> NoReturn:
        raise self.refuse("iteration")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise self.refuse("copy or pickle")

    def __round__(self, digits: object = None) -> NoReturn:
        raise self.refuse("round()")

    def __trunc__(self) -> NoReturn:
        raise self.refuse("trunc()")

    def __truediv__(self, other: object) -> NoReturn:
        raise self.refuse("/", "the quotient is a float")

    def __rtruediv__(self, other: object) -> NoReturn:
        raise self.refuse("/", "the quotient is a float")

    @property
    def __class__(self) -> Any:  # asked by isinstance() about a class that is not the proxy's own
        raise self.refuse("isinstance()", "a proxy has not the type of what it stands for")

    @__class__.setter
    def __class__(self, value: object) -> None:
        raise self.refuse("__class__")


@attrs.frozen(eq=False, repr=False)
class SymbolicBool(Proxy):
    """A truth value that is not known. Asked for itself (``if``, ``and``, ``not``, ``in``), the path decides."""

    def __bool__(self) -> bool:
        return self.path.decide(self.term)

    def __eq__(self, other: object) -> Truth:  # type: ignore[override]
        return truth(self.path, self.path.terms.equal(self.term, truth_term(self.path, other, "==")))

    def __ne__(self, other: object) -> Truth:  # type: ignore[override]
        return opposite(self == other)

    __hash__ = Proxy.__hash__

    def closed(self, other: object) -> NoReturn:
        """Arithmetic and bits of truth values are not modelled."""
        raise self.refuse("arithmetic on a truth value", "write 1 if condition else 0")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __and__ = __rand__ = __or__ = __ror__ = closed
    __xor__ = __rxor__ = __lt__ = __le__ = __gt__ = __ge__ = __lshift__ = __rlshift__ = closed
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __rshift__ = __rrshift__ = __pow__ = __rpow__ = closed

    def __invert__(self) -> NoReturn:
        raise self.refuse("~", "of a truth value this is an integer, -1 or -2")


@attrs.frozen(eq=False, repr=False)
class SymbolicInt(Proxy):
    """An integer that is not known, of any size. Its operators are Python's, exceptions included."""

    def operate(self, op: Op, other: object, reflected: bool = False) -> Integer:
        """``self op other``, or ``other op self``."""
        its = integer_term(self.path, other, op.value)
        mine, its = (its, self.term) if reflected else (self.term, its)
        if op in (Op.FLOORDIV, Op.MOD) and self.path.decide(self.path.terms.equal(its, self.path.terms.integer(0))):
            raise ZeroDivisionError("integer division or modulo by zero")
        if op in (Op.LSHIFT, Op.RSHIFT) and self.path.decide(self.path.terms.less(its, self.path.terms.integer(0))):
            raise ValueError("negative shift count")
        return integer(self.path, self.path.terms.binary(op, mine, its))

    def __add__(self, other: object) -> Integer:
        return self.operate(Op.ADD, other)

    def __radd__(self, other: object) -> Integer:
        return self.operate(Op.ADD, other, reflected=True)

    def __sub__(self, other: object) -> Integer:
        return self.operate(Op.SUB, other)

    def __rsub__(self, other: object) -> Integer:
        return self.operate(Op.SUB, other, reflected=True)

    def __mul__(self, other: object) -> Integer:
        return self.operate(Op.MUL, other)

    def __rmul__(self, other: object) -> Integer:
        return self.operate(Op.MUL, other, reflected=True)

    def __floordiv__(self, other: object) -> Integer:
        return self.operate(Op.FLOORDIV, other)

    def __rfloordiv__(self, other: object) -> Integer:
        return self.operate(Op.FLOORDIV, other, reflected=True)

    def __mod__(self, other: object) -> Integer:
        return self.operate(Op.MOD, other)

    def __rmod__(self, other: object) -> Integer:
        return self.operate(Op.MOD, other, reflected=True)

    def __divmod__(self, other: object) -> tuple[Integer, Integer]:
        return self // other, self % other

    def __rdivmod__(self, other: object) -> tuple[Integer, Integer]:
        return other // self, other % self

    def __and__(self, other: object) -> Integer:
        return self.operate(Op.AND, other)

    def __rand__(self, other: object) -> Integer:
        return self.operate(Op.AND, other, reflected=True)

    def __or__(self, other: object) -> Integer:
        return self.operate(Op.OR, other)

    def __ror__(self, other: object) -> Integer:
        return self.operate(Op.OR, other, reflected=True)

    def __xor__(self, other: object) -> Integer:
        return self.operate(Op.XOR, other)

    def __rxor__(self, other: object) -> Integer:
        return self.operate(Op.XOR, other, reflected=True)

    def __lshift__(self, other: object) -> Integer:
        return self.operate(Op.LSHIFT, other)

    def __rlshift__(self, other: object) -> Integer:
        return self.operate(Op.LSHIFT, other, reflected=True)

    def __rshift__(self, other: object) -> Integer:
        return self.operate(Op.RSHIFT, other)

    def __rrshift__(self, other: object) -> Integer:
        return self.operate(Op.RSHIFT, other, reflected=True)

    def __neg__(self) -> Integer:
        return integer(self.path, self.path.terms.unary(Op.NEG, self.term))

    def __pos__(self) -> Integer:
        return self

    def __abs__(self) -> Integer:
        return integer(self.path, self.path.terms.unary(Op.ABS, self.term))

    def __invert__(self) -> Integer:
        return -self - 1

    def __pow__(self, exponent: object, modulus: object = None) -> Integer:
        if modulus is not None or type(exponent) is not int or not 0 <= exponent <= SMALL_POWER:
            raise self.refuse("pow()", f"only powers with a known exponent of {SMALL_POWER} at most are modelled")
        power: Integer = 1
        for _ in range(exponent):
            power = power * self
        return power

    def __rpow__(self, base: object, modulus: object = None) -> Integer:
        if base != 2 or modulus is not None:
            raise self.refuse("pow()", "only powers of 2 have an unknown exponent")
        if self < 0:
            raise self.refuse("pow()", "the power is a float")
        return 1 << self

    def bit_length(self) -> Integer:
        """As of ``int``."""
        return integer(self.path, self.path.terms.unary(Op.BIT_LENGTH, self.term))

    def to_bytes(self, length: int = 1, byteorder: str = "big", *, signed: bool = False) -> Any:
        """As of ``int``, of natural numbers: a byte string of which only the length is known."""
        from hyperion.symbolic.opaque import OpaqueBytes, PathSource

        if signed or type(length) is not int:
            raise self.refuse("to_bytes()", "only natural numbers in a known number of bytes are modelled")
        if self < 0:
            raise OverflowError("can't convert negative int to unsigned")
        if self >= 256**length:
            raise OverflowError("int too big to convert")
        return OpaqueBytes(PathSource(self.path), length)

    def __bool__(self) -> bool:
        return bool(self != 0)

    def compare(self, other: object, swapped: bool, negated: bool) -> Truth:
        """``self < other``; swapped, ``other < self``; negated, the opposite."""
        its = integer_term(self.path, other, "<")
        terms = self.path.terms
        less = terms.less(its, self.term) if swapped else terms.less(self.term, its)
        return truth(self.path, terms.negation(less) if negated else less)

    def __lt__(self, other: object) -> Truth:
        return self.compare(other, swapped=False, negated=False)

    def __gt__(self, other: object) -> Truth:
        return self.compare(other, swapped=True, negated=False)

    def __le__(self, other: object) -> Truth:
        return self.compare(other, swapped=True, negated=True)

    def __ge__(self, other: object) -> Truth:
        return self.compare(other, swapped=False, negated=True)

    def __eq__(self, other: object) -> Truth:  # type: ignore[override]
        if other is None:
            return False
        return truth(self.path, self.path.terms.equal(self.term, integer_term(self.path, other, "==")))

    def __ne__(self, other: object) -> Truth:  # type: ignore[override]
        return opposite(self == other)

    __hash__ = Proxy.__hash__


# --- between values and terms ---------------------------------------------------------------------------------------


def integer(path: Path, term: Term) -> Integer:
    """The value that an integer term stands for: a plain integer if it is known."""
    if term.is_constant:
        return int(cast(int, term.value))
    interval = path.interval(term)
    return interval.low if interval.low is not None and interval.low == interval.high else SymbolicInt(path, term)


def truth(path: Path, term: Term) -> Truth:
    """The value that a condition stands for: a plain truth value if it is known."""
    decided = path.terms.decided(term)
    return SymbolicBool(path, term) if decided is None else decided


def integer_term(path: Path, value: object, operation: str = "operation") -> Term:
    """The term of an integer, known or not; truth values count as 0 and 1, as they do in Python."""
    kind = type(value)
    if kind in (SymbolicInt, SymbolicBool) and cast(Proxy, value).path is not path:
        raise path.escape(operation, "a value of another run has been kept")
    if kind is SymbolicInt:
        return cast(SymbolicInt, value).term
    if kind is SymbolicBool:
        terms = path.terms
        return terms.choose(cast(SymbolicBool, value).term, terms.integer(1), terms.integer(0))
    if isinstance(value, int):
        return path.terms.integer(int(value))
    raise path.escape(operation, f"an unknown integer meets a {kind.__name__}")


def truth_term(path: Path, value: object, operation: str = "operation") -> Term:
    """The term of a truth value, known or not."""
    kind = type(value)
    if kind is SymbolicBool and cast(Proxy, value).path is path:
        return cast(SymbolicBool, value).term
    if kind is bool:
        return path.terms.boolean(cast(bool, value))
    raise path.escape(operation, f"an unknown truth value meets a {kind.__name__}")


def unknown_integer(path: Path, name: str, low: int | None = None, high: int | None = None) -> Integer:
    """An unknown integer in the interval given; the same name is the same integer."""
    return integer(path, path.terms.variable(name, Interval(low, high)))


def unknown_truth(path: Path, name: str) -> Truth:
    """An unknown truth value; the same name is the same."""
    return truth(path, path.terms.proposition(name))


def unknown_result(path: Path, name: str, arguments: tuple[object, ...], low: int | None, high: int | None) -> Integer:
    """What an unknown function gives for the arguments: the same for the same ones."""
    terms = tuple(integer_term(path, argument, name) for argument in arguments)
    return integer(path, path.terms.application(name, terms, Interval(low, high)))


def path_of(*values: object) -> Path | None:
    """The path to which one of the values belongs; None if all are known."""
    for value in values:
        if type(value) in (SymbolicInt, SymbolicBool):
            return cast(Proxy, value).path
    return None


def opposite(value: Truth) -> Truth:
    """``not value`` without a branch."""
    if type(value) is bool:
        return not value
    path = value.path
    return truth(path, path.terms.negation(value.term))


# --- statements about values, known or not --------------------------------------------------------------------------

T = TypeVar("T")


def where(condition: object, then: T, otherwise: T) -> T:
    """``then if condition else otherwise`` without a branch, of integers or truth values; both sides are evaluated."""
    path = path_of(condition)
    if path is None:
        return then if condition else otherwise
    test = truth_term(path, condition, "where")
    if type(then) in (bool, SymbolicBool) and type(otherwise) in (bool, SymbolicBool):
        return cast(T, truth(path, path.terms.choose(test, truth_term(path, then), truth_term(path, otherwise))))
    return cast(T, integer(path, path.terms.choose(test, integer_term(path, then), integer_term(path, otherwise))))


def negation(condition: object) -> Any:
    """``not condition`` without a branch."""
    path = path_of(condition)
    return not condition if path is None else truth(path, path.terms.negation(truth_term(path, condition, "not")))


def all_of(*conditions: object) -> Any:
    """Whether all conditions hold, without a branch."""
    path = path_of(*conditions)
    if path is None:
        return all(conditions)
    return truth(path, path.terms.all_of(tuple(truth_term(path, part, "all") for part in conditions)))


def any_of(*conditions: object) -> Any:
    """Whether one condition holds, without a branch."""
    path = path_of(*conditions)
    if path is None:
        return any(conditions)
    return truth(path, path.terms.any_of(tuple(truth_term(path, part, "any") for part in conditions)))


def implies(premise: object, conclusion: object) -> Any:
    """Whether the conclusion holds if the premise does, without a branch."""
    return any_of(negation(premise), conclusion)


