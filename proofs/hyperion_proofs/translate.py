"""Terms as formulas of Z3, in one of two domains.

``Integers`` are unbounded, so arithmetic is itself; bits are said with division and remainder where a constant permits.
``Bits`` are two's complement vectors just as wide as a term's interval needs, so nothing ever wraps that Python would
not; they serve for bits and shifts. What a domain can't say makes it refuse the term, never approximate it silently:
the one approximation, division and products as unknown functions, has to be asked for, and is sound for proofs only.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, Protocol

import attrs
import z3

from hyperion.symbolic.expression import Interval, Op, Sort, Term, postorder

Formula = Any
"""A Z3 expression; the library has no types."""

ARGUMENT_BITS: Final = 544
"""Width of the arguments of unknown functions in ``Bits``: products of two words fit."""


class Untranslatable(Exception):
    """The domain can't say the term."""


class Domain(Protocol):
    """A way to say terms to a solver."""

    facts: list[Formula]
    """What holds of the symbols used so far: ranges of variables and of results of unknown functions."""

    def translate(self, term: Term) -> Formula:
        """The formula that means the term."""

    def variables(self) -> Mapping[str, tuple[Term, Formula]]:
        """Variables used so far, by name."""

    def functions(self) -> Mapping[str, Formula]:
        """Unknown functions used so far, by name."""

    def number(self, value: Formula) -> int:
        """The integer that a value in a model stands for, of a variable or of an unknown function."""

    def argument(self, value: Formula) -> int:
        """The integer that an argument in the table of an unknown function stands for."""


class Translation(ABC):
    """What both domains share: each term is translated once, truth values are the same in both."""

    def __init__(self) -> None:
        self.known: dict[Term, Formula] = {}
        self.facts: list[Formula] = []
        self.used: dict[str, tuple[Term, Formula]] = {}
        self.symbols: dict[str, Formula] = {}

    def translate(self, term: Term) -> Formula:
        """The formula of a term, arguments first."""
        if term not in self.known:
            for part in postorder(term):
                if part not in self.known:
                    self.known[part] = self.translate_one(part)
        return self.known[term]

    def variables(self) -> Mapping[str, tuple[Term, Formula]]:
        """Variables used so far, by name."""
        return self.used

    def functions(self) -> Mapping[str, Formula]:
        """Unknown functions used so far, by name."""
        return self.symbols

    def translate_one(self, term: Term) -> Formula:
        """The formula of a term whose arguments are translated."""
        arguments = [self.known[argument] for argument in term.arguments]
        if term.sort is Sort.INTEGER:
            return self.integer(term, arguments)
        match term.op:
            case Op.CONSTANT:
                return z3.BoolVal(bool(term.value))
            case Op.VARIABLE:
                formula = z3.Bool(str(term.value))
                self.used[str(term.value)] = (term, formula)
                return formula
            case Op.NOT:
                return z3.Not(arguments[0])
            case Op.ALL:
                return z3.And(*arguments)
            case Op.ANY:
                return z3.Or(*arguments)
        return self.compare(term, arguments)

    @abstractmethod
    def integer(self, term: Term, arguments: list[Formula]) -> Formula:
        """The formula of an integer term."""

    @abstractmethod
    def compare(self, term: Term, arguments: list[Formula]) -> Formula:
        """The formula of ``<`` or ``==``."""


def symbol_of(name: str) -> str:
    """How an unknown function is called, so that a variable may have the same name."""
    return f"{name}!"


def known_value(term: Term) -> int | None:
    """The value of a constant, None of all else."""
    return int(term.value) if term.is_constant and isinstance(term.value, int) else None


def mask_bits(value: int | None) -> int | None:
    """K if the value is ``2**k - 1``."""
    return value.bit_length() if value is not None and value >= 0 and value & (value + 1) == 0 else None


class Integers(Translation):
    """Unbounded integers; ``abstract`` makes products and quotients of unknowns unknown functions with a few facts."""

    def __init__(self, abstract: bool = False) -> None:
        super().__init__()
        self.abstract = abstract

    def number(self, value: Formula) -> int:
        """As it is."""
        return int(value.as_long())

    argument = number

    def compare(self, term: Term, arguments: list[Formula]) -> Formula:
        """As they are."""
        return arguments[0] < arguments[1] if term.op is Op.LT else arguments[0] == arguments[1]

    def bounded(self, formula: Formula, interval: Interval) -> Formula:
        """The formula, with its interval among the facts."""
        if interval.low is not None:
            self.facts.append(formula >= interval.low)
        if interval.high is not None:
            self.facts.append(formula <= interval.high)
        return formula

    def integer(self, term: Term, arguments: list[Formula]) -> Formula:
        """Arithmetic as it is, bits by arithmetic."""
        match term.op:
            case Op.CONSTANT:
                return z3.IntVal(known_value(term))
            case Op.VARIABLE:
                formula = z3.Int(str(term.value))
                self.used[str(term.value)] = (term, formula)
                return self.bounded(formula, term.interval)
            case Op.APPLY:
                name = str(term.value)
                if name not in self.symbols:
                    self.symbols[name] = z3.Function(symbol_of(name), *[z3.IntSort()] * (len(arguments) + 1))
                return self.bounded(self.symbols[name](*arguments), term.interval)
            case Op.ADD:
                return arguments[0] + arguments[1]
            case Op.SUB:
                return arguments[0] - arguments[1]
            case Op.NEG:
                return -arguments[0]
            case Op.ABS:
                return z3.If(arguments[0] < 0, -arguments[0], arguments[0])
            case Op.ITE:
                return z3.If(*arguments)
            case Op.MUL:
                return self.product(term, *arguments)
            case Op.FLOORDIV | Op.MOD:
                return self.division(term, *arguments)
            case Op.BIT_LENGTH:
                return self.bit_length(term, arguments[0])
        return self.bits(term, *arguments)

    def product(self, term: Term, a: Formula, b: Formula) -> Formula:
        """A product; of two unknowns, if abstract, an unknown function of both that commutes."""
        if not self.abstract or any(part.is_constant for part in term.arguments):
            return a * b
        if a.get_id() > b.get_id():
            a, b = b, a
        result = z3.Function("abstract!product", *[z3.IntSort()] * 3)(a, b)
        self.facts.extend([z3.Implies(a == 0, result == 0), z3.Implies(b == 0, result == 0)])
        self.facts.extend([z3.Implies(a == 1, result == b), z3.Implies(b == 1, result == a)])
        if all(part.interval.natural for part in term.arguments):
            self.facts.append(result >= 0)
        return result

    def division(self, term: Term, a: Formula, b: Formula) -> Formula:
        """Quotient or remainder, rounded down. Z3 rounds such that the remainder is natural: the same if ``b > 0``."""
        quotient = term.op is Op.FLOORDIV
        natural = all(part.interval.natural for part in term.arguments)
        if self.abstract and natural and not term.arguments[1].is_constant:
            return self.abstract_division(quotient, a, b)
        if term.arguments[1].interval.natural:
            return a / b if quotient else a % b
        floor = z3.If(b > 0, a / b, (-a) / (-b))
        return floor if quotient else a - b * floor

    def abstract_division(self, quotient: bool, a: Formula, b: Formula) -> Formula:
        """An unknown function with facts that hold of natural numbers."""
        name = "abstract!quotient" if quotient else "abstract!remainder"
        result = z3.Function(name, *[z3.IntSort()] * 3)(a, b)
        self.facts.append(z3.Implies(b > 0, z3.And(result >= 0, result <= a)))
        self.facts.append(z3.Implies(b == 1, result == (a if quotient else 0)))
        self.facts.append(z3.Implies(z3.And(b > 0, a < b), result == (0 if quotient else a)))
        if not quotient:
            self.facts.append(z3.Implies(b > 0, result < b))
        return result

    def bit_length(self, term: Term, a: Formula) -> Formula:
        """The number of powers of two that the absolute value reaches."""
        ends = term.arguments[0].interval.ends()
        if ends is None:
            raise Untranslatable("the length in bits of an integer without bounds")
        size = z3.If(a < 0, -a, a)
        return z3.Sum([z3.If(size >= 2**bit, 1, 0) for bit in range(max(map(int.bit_length, ends)))] or [z3.IntVal(0)])

    def bits(self, term: Term, a: Formula, b: Formula) -> Formula:
        """Masks and shifts by constants, as division and remainder by powers of two."""
        left, right = term.arguments
        constant = known_value(right)
        other, formula = left, a
        if constant is None and term.op in (Op.AND, Op.OR, Op.XOR):
            constant, other, formula = known_value(left), right, b
        if constant is None:
            raise Untranslatable(f"{term.op.value} of two unknowns")
        if term.op is Op.RSHIFT:
            return formula / 2**constant
        if term.op is Op.LSHIFT:
            return formula * 2**constant
        size = mask_bits(constant)
        if size is not None and term.op is Op.AND:
            return formula % 2**size
        if size is not None and other.interval.meet(Interval(0, constant)) == other.interval:
            return constant - formula if term.op is Op.XOR else z3.IntVal(constant)
        raise Untranslatable(f"{term.op.value} with {constant:#x}")


class Bits(Translation):
    """Two's complement vectors; each term has the width that its interval needs, its sign included."""

    def number(self, value: Formula) -> int:
        """Signed, as all vectors of this domain."""
        return int(value.as_signed_long())

    argument = number

    def width(self, interval: Interval) -> int:
        """Bits of a term, or a refusal."""
        if interval.bits is None:
            raise Untranslatable("an integer without bounds")
        return interval.bits

    def widen(self, formula: Formula, width: int) -> Formula:
        """The same integer in more bits; in fewer, the same integer modulo ``2**width``."""
        have = formula.size()
        if have != width and z3.is_bv_value(formula):
            return z3.BitVecVal(formula.as_signed_long(), width)
        if have < width:
            return z3.SignExt(width - have, formula)
        return z3.Extract(width - 1, 0, formula) if have > width else formula

    def level(self, arguments: list[Formula]) -> tuple[list[Formula], int]:
        """All arguments in the width of the widest."""
        width = max(argument.size() for argument in arguments)
        return [self.widen(argument, width) for argument in arguments], width

    def compare(self, term: Term, arguments: list[Formula]) -> Formula:
        """Signed, in the width of the wider one."""
        (a, b), _ = self.level(arguments)
        return a < b if term.op is Op.LT else a == b

    def bounded(self, formula: Formula, interval: Interval) -> Formula:
        """The formula, with its interval among the facts where its bits allow more."""
        low, high = interval.ends() or (0, 0)
        width = self.width(interval)
        if high != 2 ** (width - 1) - 1:
            self.facts.append(formula <= z3.BitVecVal(high, width))
        if low == 0:
            self.facts.append(formula >= 0)
        elif low != -(2 ** (width - 1)):
            self.facts.append(formula >= z3.BitVecVal(low, width))
        return formula

    def integer(self, term: Term, arguments: list[Formula]) -> Formula:
        """Each operation in the width that its result, and where it matters its arguments, need."""
        width = self.width(term.interval)
        match term.op:
            case Op.CONSTANT:
                return z3.BitVecVal(known_value(term), width)
            case Op.VARIABLE:
                return self.variable(term, width)
            case Op.APPLY:
                return self.application(term, arguments, width)
            case Op.ITE:
                return z3.If(arguments[0], self.widen(arguments[1], width), self.widen(arguments[2], width))
            case Op.NEG:
                return -self.widen(arguments[0], width)
            case Op.ABS:
                (a,), _ = self.level(arguments)
                a = self.widen(a, max(a.size(), width))
                return self.widen(z3.If(a < 0, -a, a), width)
            case Op.BIT_LENGTH:
                return self.bit_length(term, arguments[0], width)
            case Op.LSHIFT | Op.RSHIFT:
                return self.shift(term, arguments, width)
            case Op.FLOORDIV | Op.MOD:
                return self.division(term, arguments, width)
        low = self.masked(term, width)
        if low is not None:
            return low
        # Sums, products and bits modulo 2**width depend on the arguments modulo 2**width alone.
        a, b = (self.widen(argument, width) for argument in arguments)
        match term.op:
            case Op.ADD:
                return a + b
            case Op.SUB:
                return a - b
            case Op.MUL:
                return a * b
            case Op.AND:
                return a & b
            case Op.OR:
                return a | b
        return a ^ b

    def masked(self, term: Term, width: int) -> Formula | None:
        """Of ``x & (2**k - 1)`` the low k bits of ``x``, computed in k bits: no product is wider than what is kept."""
        for mask, other in (term.arguments, term.arguments[::-1]):
            size = mask_bits(known_value(mask)) if term.op is Op.AND else None
            if size is not None and size > 0:
                return self.widen(z3.ZeroExt(1, self.modulo(other, size)), width)
        return None

    def modulo(self, term: Term, size: int) -> Formula:
        """The term modulo ``2**size`` in that many bits: through ring operations, which do not look at higher bits."""
        if term.op not in (Op.ADD, Op.SUB, Op.MUL, Op.NEG):
            return self.widen(self.known[term], size)
        a, *rest = (self.modulo(argument, size) for argument in term.arguments)
        match term.op:
            case Op.ADD:
                return a + rest[0]
            case Op.SUB:
                return a - rest[0]
            case Op.MUL:
                return a * rest[0]
        return -a

    def variable(self, term: Term, width: int) -> Formula:
        """A vector; of a natural number without the sign bit, which is then known to be 0."""
        name = str(term.value)
        if term.interval.natural:
            plain = z3.BitVec(name, max(width - 1, 1))
            formula = z3.ZeroExt(1, plain) if width > 1 else z3.BitVecVal(0, 1)
            if term.interval.ends() != (0, 2 ** (width - 1) - 1):
                self.bounded(formula, term.interval)
        else:
            plain = formula = self.bounded(z3.BitVec(name, width), term.interval)
        self.used[name] = (term, plain)
        return formula

    def application(self, term: Term, arguments: list[Formula], width: int) -> Formula:
        """An unknown function on vectors of one width."""
        name = str(term.value)
        if any(argument.size() > ARGUMENT_BITS for argument in arguments):
            raise Untranslatable(f"an argument of {name} wider than {ARGUMENT_BITS} bits")
        if name not in self.symbols:
            sorts = [z3.BitVecSort(ARGUMENT_BITS)] * len(arguments)
            self.symbols[name] = z3.Function(symbol_of(name), *sorts, z3.BitVecSort(width))
        symbol = self.symbols[name]
        if symbol.range().size() != width:
            raise Untranslatable(f"results of {name} in different intervals")
        return self.bounded(symbol(*(self.widen(argument, ARGUMENT_BITS) for argument in arguments)), term.interval)

    def bit_length(self, term: Term, a: Formula, width: int) -> Formula:
        """The position after the highest bit that is set."""
        if not term.arguments[0].interval.natural:
            a = self.widen(a, a.size() + 1)
            a = z3.If(a < 0, -a, a)
        result = z3.BitVecVal(0, width)
        for bit in range(a.size() - 1):
            result = z3.If(z3.Extract(bit, bit, a) == 1, z3.BitVecVal(bit + 1, width), result)
        return result

    def shift(self, term: Term, arguments: list[Formula], width: int) -> Formula:
        """A shift; the amount is natural. Bits that leave on the left are not there, the interval says."""
        a, amount = arguments
        wide = max(width, amount.size(), a.size() if term.op is Op.RSHIFT else 0)
        a, amount = self.widen(a, wide), self.widen(amount, wide)
        return self.widen(a << amount if term.op is Op.LSHIFT else a >> amount, width)

    def division(self, term: Term, arguments: list[Formula], width: int) -> Formula:
        """Quotient or remainder, rounded down; the machine's division rounds towards zero."""
        divisor = known_value(term.arguments[1])
        size = mask_bits(divisor - 1) if divisor is not None else None
        if size and term.op is Op.MOD:
            return self.widen(z3.ZeroExt(1, self.modulo(term.arguments[0], size)), width)
        (a, b), wide = self.level(arguments)
        quotient = term.op is Op.FLOORDIV
        if all(part.interval.natural for part in term.arguments):
            narrow = max(wide - 1, 1)  # without the sign bit
            a, b = self.widen(a, narrow), self.widen(b, narrow)
            result = z3.ZeroExt(1, z3.UDiv(a, b) if quotient else z3.URem(a, b))
            return self.widen(result, width)
        wide = max(wide + 1, width)
        a, b = self.widen(a, wide), self.widen(b, wide)
        rest = z3.SRem(a, b)
        uneven = z3.And(rest != 0, (rest < 0) != (b < 0))
        if quotient:
            return self.widen(z3.If(uneven, a / b - 1, a / b), width)
        return self.widen(z3.If(uneven, rest + b, rest), width)


@attrs.frozen
class Model:
    """Values of variables and tables of unknown functions, by name, that a solver proposes."""

    values: Mapping[str, int | bool]
    tables: Mapping[str, tuple[Mapping[tuple[int, ...], int], int]]
    """For each function its listed results, and the one for all other arguments."""


def model_of(domain: Domain, found: Formula) -> Model:
    """What Z3's model says of the symbols of the domain."""
    values: dict[str, int | bool] = {}
    for name, (term, formula) in domain.variables().items():
        value = found.eval(formula, model_completion=True)
        if term.sort is Sort.BOOLEAN:
            values[name] = bool(z3.is_true(value))
        else:
            natural = term.interval.natural and z3.is_bv(value)
            values[name] = int(value.as_long()) if natural else domain.number(value)
    return Model(values, {name: table_of(domain, found, symbol) for name, symbol in domain.functions().items()})


def table_of(domain: Domain, found: Formula, symbol: Formula) -> tuple[Mapping[tuple[int, ...], int], int]:
    """The graph of an unknown function in a model."""
    # Z3's Python layer hands out a broken table for a function that its model says nothing of.
    if not z3.Z3_model_has_interp(found.ctx.ref(), found.model, symbol.ast):
        return {}, 0
    table = found[symbol]
    if symbol.arity() == 0 or not isinstance(table, z3.FuncInterp):
        return {}, domain.number(found.eval(symbol(), model_completion=True)) if symbol.arity() == 0 else 0
    entries = [table.entry(index) for index in range(table.num_entries())]
    listed = {
        tuple(domain.argument(entry.arg_value(index)) for index in range(symbol.arity())): domain.number(entry.value())
        for entry in entries
    }
    rest = table.else_value()
    return listed, domain.number(rest) if rest is not None and is_value(rest) else 0


def is_value(formula: Formula) -> bool:
    """Whether the formula is a number written out."""
    return bool(z3.is_int_value(formula) or z3.is_bv_value(formula))
