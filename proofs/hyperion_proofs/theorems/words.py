"""Words: every function of ``primitives/word.py`` is what the Yellow Paper and the EIPs define, on all 256-bit words.

The definitions here are written anew, and in another way than the model: arithmetic by congruences and by the laws of
division, signed numbers by an offset, bits one by one at an unknown position. ``EXP`` is by induction on its loop.
"""

from collections.abc import Callable
from typing import Final, cast

import attrs

from hyperion.primitives import word
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import implies, where
from hyperion_proofs.mutant import mutant
from hyperion_proofs.solve import ARITHMETIC, BITWISE, Method
from hyperion_proofs.statement import Given, Statement, claim_equal
from hyperion_proofs.statement import word as any_word
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

MODULUS: Final = 2**256
HALF: Final = 2**255
WordFunction = Callable[..., int]


def as_signed(a: int) -> int:
    """The integer in ``-2**255 .. 2**255 - 1`` that is congruent to the word."""
    return (a + HALF) % MODULUS - HALF


def bit(a: int, position: int) -> int:
    """The bit at the position, 0 being the lowest."""
    return (a >> position) & 1


# --- definitions: what the result of a function must be --------------------------------------------------------------

Definition = Callable[[Given, WordFunction], None]
"""Asks for operands, runs the function on them, and claims what defines its result."""


def by_formula(count: int, formula: Callable[..., int]) -> Definition:
    """The result equals a formula of the operands."""

    def definition(given: Given, function: WordFunction) -> None:
        operands = [any_word(given, name) for name in "abn"[:count]]
        claim_equal(given, "result", function(*operands), formula(*operands))

    return definition


def by_truth(count: int, condition: Callable[..., bool]) -> Definition:
    """The result is 1 if the condition holds, else 0."""
    return by_formula(count, lambda *operands: where(condition(*operands), 1, 0))


def by_bits(count: int, formula: Callable[..., int]) -> Definition:
    """The result is a word, and at every position its bit is what the formula says."""

    def definition(given: Given, function: WordFunction) -> None:
        operands = [any_word(given, name) for name in "ab"[:count]]
        position = given.integer("position", 0, 255)
        found = function(*operands)
        given.note("result", found)
        given.claim("the result is not negative", found >= 0)
        given.claim("the result is below 2**256", found < MODULUS)
        claim_equal(given, "its bit", bit(found, position), formula(*operands, position))

    return definition


def quotient(given: Given, function: WordFunction) -> None:
    """``q * b <= a < (q + 1) * b``; 0 if ``b`` is 0."""
    a, b = any_word(given, "a"), any_word(given, "b")
    found = function(a, b)
    given.note("result", found)
    if b == 0:
        given.claim("division by 0 gives 0", found == 0)
    else:
        given.claim("the quotient fits", found * b <= a)
        given.claim("no greater one does", a - found * b < b)


def remainder(given: Given, function: WordFunction) -> None:
    """``0 <= r < b`` and ``b`` divides ``a - r``; 0 if ``b`` is 0."""
    a, b = any_word(given, "a"), any_word(given, "b")
    found = function(a, b)
    given.note("result", found)
    if b == 0:
        given.claim("division by 0 gives 0", found == 0)
    else:
        given.claim("less than the divisor", found < b)
        given.claim("congruent to the dividend", found == a - b * (a // b))


def signed_quotient(a: int, b: int) -> int:
    """The sign of the exact quotient times the magnitude rounded down (Yellow Paper, SDIV)."""
    if b == 0:
        return 0
    dividend, divisor = as_signed(a), as_signed(b)
    magnitude = abs(dividend) // abs(divisor)
    return where(dividend * divisor < 0, -magnitude, magnitude) % MODULUS


def signed_remainder(a: int, b: int) -> int:
    """The sign of the dividend times the remainder of the magnitudes (Yellow Paper, SMOD)."""
    if b == 0:
        return 0
    dividend, divisor = as_signed(a), as_signed(b)
    rest = abs(dividend) % abs(divisor)
    return where(dividend < 0, -rest, rest) % MODULUS


def modular(operation: Callable[[int, int], int]) -> Definition:
    """The remainder of the exact result, which may need 512 bits, by ``n``; 0 if ``n`` is 0."""

    def definition(given: Given, function: WordFunction) -> None:
        a, b, n = any_word(given, "a"), any_word(given, "b"), any_word(given, "n")
        found, exact = function(a, b, n), operation(a, b)
        given.note("result", found)
        if n == 0:
            given.claim("modulo 0 gives 0", found == 0)
        else:
            given.claim("less than the modulus", found < n)
            given.claim("congruent to the exact result", found == exact - n * (exact // n))

    return definition


def leading_zeros(given: Given, function: WordFunction) -> None:
    """The z with ``2**(255 - z) <= a < 2**(256 - z)``; 256 if ``a`` is 0."""
    a = any_word(given, "a")
    found = function(a)
    given.note("result", found)
    if a == 0:
        given.claim("of 0 there are 256", found == 256)
    else:
        given.claim("from 0 to 255", 0 <= found <= 255)
        given.claim("the bit after the zeros is 1", (a >> (255 - found)) == 1)


def shifted_left(shift: int, a: int, position: int) -> int:
    """Bit i is bit i - shift."""
    return bit(a, position - shift) if shift <= position else 0


def shifted_right(shift: int, a: int, position: int) -> int:
    """Bit i is bit i + shift."""
    return bit(a, position + shift) if position + shift <= 255 else 0


def shifted_right_signed(shift: int, a: int, position: int) -> int:
    """Bit i is bit i + shift, the highest bit beyond."""
    return bit(a, position + shift) if position + shift <= 255 else bit(a, 255)


def extended(size: int, a: int, position: int) -> int:
    """Bit i is bit i up to bit 8 size + 7, and that bit beyond."""
    return bit(a, position) if size >= 31 or position <= 8 * size + 7 else bit(a, 8 * size + 7)


def selected(index: int, a: int, position: int) -> int:
    """The low 8 bits are those of the byte, counted from the left; the rest are 0."""
    return bit(a, 8 * (31 - index) + position) if index < 32 and position < 8 else 0


@attrs.frozen(eq=False)
class Subject:
    """A function on words: the rule that it is, what defines it, who decides, and seeded faults."""

    function: WordFunction
    rule: str
    sentence: str
    definition: Definition
    portfolio: tuple[Method, ...]
    faults: tuple[tuple[str, str], ...]
    prune: bool = True

    def obligation(self, function: WordFunction) -> Obligation:
        """The definition, claimed of the function."""
        definition = self.definition
        statement: Statement = lambda given: definition(given, function)  # noqa: E731
        return Obligation(self.function.__name__.strip("_"), statement, self.portfolio, prune=self.prune)

    def theorem(self) -> Theorem:
        """The theorem about the function."""
        name = self.function.__name__.strip("_")
        controls = tuple(
            Control(f"{old} → {new}", self.obligation(mutant(self.function, old, new))) for old, new in self.faults
        )
        return Theorem(
            f"WORD-{name}", f"On all words, {self.rule[3:].upper()} gives {self.sentence}.", (self.rule,), Kind.PATHS,
            (self.obligation(self.function),), controls, "operands are any 256-bit words", fast=True,
        )  # fmt: skip


A, B = ARITHMETIC, BITWISE
SUBJECTS: Final = (
    Subject(word.add, "VM-add", "the sum modulo 2**256", by_formula(2, lambda a, b: (a + b) % MODULUS), A, (
        ("(a + b) & MAX_WORD", "a + b"),
    )),
    Subject(word.mul, "VM-mul", "the product modulo 2**256", by_formula(2, lambda a, b: (a * b) % MODULUS), B, (
        ("(a * b) & MAX_WORD", "(a * b) & (MAX_WORD >> 1)"),
    )),
    Subject(word.sub, "VM-sub", "the difference modulo 2**256", by_formula(2, lambda a, b: (a - b) % MODULUS), A, (
        ("a - b", "b - a"),
    )),
    Subject(word.div, "VM-div", "the quotient q with q b ≤ a < (q + 1) b, and 0 for b = 0", quotient, A, (
        ("a // b", "(a + b - 1) // b"), ("b == 0", "b == 1"),
    )),
    Subject(word.sdiv, "VM-sdiv", "sgn(a / b) ⌊|a / b|⌋ of the signed words, and 0 for b = 0",
        by_formula(2, signed_quotient), A, (
        ("(dividend < 0) != (divisor < 0)", "dividend < 0"), ("abs(dividend) // abs(divisor)", "dividend // divisor"),
    )),
    Subject(word.mod, "VM-mod", "the remainder a − b ⌊a / b⌋, and 0 for b = 0", remainder, A, (
        ("a % b", "b % a"),
    )),
    Subject(word.smod, "VM-smod", "sgn(a) (|a| mod |b|) of the signed words, and 0 for b = 0",
        by_formula(2, signed_remainder), A, (
        ("dividend < 0", "divisor < 0"),
    )),
    Subject(word.addmod, "VM-addmod", "the 257-bit sum modulo n, and 0 for n = 0", modular(lambda a, b: a + b), A, (
        ("(a + b) % n", "((a + b) & MAX_WORD) % n"),
    )),
    Subject(word.mulmod, "VM-mulmod", "the 512-bit product modulo n, and 0 for n = 0", modular(lambda a, b: a * b), A, (
        ("(a * b) % n", "((a * b) & MAX_WORD) % n"),
    )),
    Subject(word.signextend, "VM-signextend", "each bit up to 8 k + 7 as it was, and that bit above",
        by_bits(2, extended), B, (
        ("size >= 31", "size >= 30"), ("8 * size + 7", "8 * size + 6"),
    )),
    Subject(word.lt, "VM-lt", "1 if a < b, else 0", by_truth(2, lambda a, b: a < b), A, (("a < b", "a <= b"),)),
    Subject(word.gt, "VM-gt", "1 if b < a, else 0", by_truth(2, lambda a, b: b < a), A, (("a > b", "a >= b"),)),
    Subject(word.slt, "VM-slt", "1 if a < b of the signed words, else 0",
        by_truth(2, lambda a, b: as_signed(a) < as_signed(b)), A, (
        ("signed(a) < signed(b)", "a < b"),
    )),
    Subject(word.sgt, "VM-sgt", "1 if b < a of the signed words, else 0",
        by_truth(2, lambda a, b: as_signed(b) < as_signed(a)), A, (
        ("signed(a) > signed(b)", "signed(a) > b"),
    )),
    Subject(word.eq, "VM-eq", "1 if neither word is less than the other, else 0",
        by_truth(2, lambda a, b: cast(bool, (a - b) % MODULUS == 0)), A, (
        ("a == b", "a != b"),
    )),
    Subject(word.iszero, "VM-iszero", "1 if a < 1, else 0", by_truth(1, lambda a: a < 1), A, (("a == 0", "a <= 1"),)),
    Subject(word.and_, "VM-and", "the product of the bits, at each position",
        by_bits(2, lambda a, b, i: bit(a, i) * bit(b, i)), B, (
        ("a & b", "a | b"),
    )),
    Subject(word.or_, "VM-or", "the greater of the bits, at each position",
        by_bits(2, lambda a, b, i: where(bit(a, i) < bit(b, i), bit(b, i), bit(a, i))), B, (
        ("a | b", "a ^ b"),
    )),
    Subject(word.xor, "VM-xor", "the sum modulo 2 of the bits, at each position",
        by_bits(2, lambda a, b, i: (bit(a, i) + bit(b, i)) % 2), B, (
        ("a ^ b", "a | b"),
    )),
    Subject(word.not_, "VM-not", "1 less the bit, at each position", by_bits(1, lambda a, i: 1 - bit(a, i)), B, (
        ("a ^ MAX_WORD", "a ^ (MAX_WORD - 1)"),
    )),
    Subject(word.byte, "VM-byte", "the byte at the index from the left, 0 from 32 on", by_bits(2, selected), B, (
        ("31 - index", "index"), ("index >= 32", "index >= 31"),
    )),
    Subject(word.shl, "VM-shl", "bit i − s at position i, 0 below s", by_bits(2, shifted_left), B, (
        ("(a << shift) & MAX_WORD", "a << shift"),
    )),
    Subject(word.shr, "VM-shr", "bit i + s at position i, 0 beyond 255", by_bits(2, shifted_right), B, (
        ("a >> shift", "signed(a) >> shift & MAX_WORD"),
    )),
    Subject(word.sar, "VM-sar", "bit i + s at position i, bit 255 beyond", by_bits(2, shifted_right_signed), B, (
        ("signed(a) >> shift", "a >> shift"), ("a >= SIGN_BIT", "a > SIGN_BIT"),
    )),
    Subject(word.clz, "VM-clz", "the z with 2**(255 − z) ≤ a < 2**(256 − z), and 256 for 0", leading_zeros, A, (
        ("width > 0", "width > 1"),
    ), prune=False),
)  # fmt: skip


# --- exponentiation ---------------------------------------------------------------------------------------------------


def power_of(given: Given, base: int, exponent: int) -> int:
    """``base ** exponent`` modulo 2**256; in proofs an unknown function, of which the laws of powers are used."""
    if given.symbolic is None:
        return pow(base, exponent, MODULUS)
    return given.result("power", (base, exponent), 0, MODULUS - 1)


def positive_power(given: Given, base: int, exponent: int) -> int:
    """The power by the laws x^(2k) = (x²)^k and x^(2k+1) = x (x²)^k, modulo 2**256; the exponent is not 0."""
    halved = power_of(given, (base * base) % MODULUS, exponent >> 1)
    return halved if exponent & 1 == 0 else (base * halved) % MODULUS


def exp_keeps(step: Callable[[int, int, int], tuple[int, int, int]]) -> Statement:
    """A step keeps ``power * square ** rest``, and halves ``rest``."""

    def statement(given: Given) -> None:
        power, square, rest = (any_word(given, name) for name in ("power", "square", "rest"))
        given.assume(rest != 0)
        before = (power * positive_power(given, square, rest)) % MODULUS
        power, square_after, rest_after = step(power, square, rest)
        given.note("after the step", (power, square_after, rest_after))
        given.claim("the square is squared", square_after == (square * square) % MODULUS)
        given.claim("the rest is halved", rest_after == rest // 2)
        after = (power * power_of(given, square_after, rest_after)) % MODULUS
        given.claim("power · square^rest is kept", after == before)

    return statement


def exp_loop(function: WordFunction) -> Statement:
    """The loop starts from (1, base, exponent), hands each step's result to the next, and ends when the rest is 0."""

    def statement(given: Given) -> None:
        base, exponent = any_word(given, "base"), any_word(given, "exponent")
        first = (any_word(given, "power 1"), any_word(given, "square 1"), any_word(given, "rest 1"))
        last = (any_word(given, "power 2"), any_word(given, "square 2"), 0)
        calls: list[tuple[int, int, int]] = []

        def step(power: int, square: int, rest: int) -> tuple[int, int, int]:
            calls.append((power, square, rest))
            return first if len(calls) == 1 else last

        with Idealized((Ideal(word, "exp_step", step, "the obligation about a step"),)):
            found = function(base, exponent)
        given.note("result", found)
        given.note("steps", len(calls))
        if exponent == 0:
            given.claim("no step, result 1", len(calls) == 0 and bool(found == 1))
            return
        given.claim("a first step", len(calls) >= 1)
        for name, got, wanted in zip(("power", "square", "rest"), calls[0], (1, base, exponent), strict=True):
            given.claim(f"first {name}", got == wanted)
        given.claim("one step exactly if the rest is 0 then", (len(calls) == 1) == bool(first[2] == 0))
        for name, got, wanted in zip(("power", "square", "rest"), calls[-1], first, strict=True):
            given.claim(f"{name} handed on", implies(len(calls) == 2, got == wanted))
        given.claim("the result is the last power", found == (first[0] if len(calls) == 1 else last[0]))

    return statement


EXP: Final = Theorem(
    "WORD-exp",
    "On all words, EXP gives the base to the power of the exponent modulo 2**256, in at most 256 steps.",
    ("VM-exp",),
    Kind.INDUCTION,
    (
        Obligation("a step keeps power · square^rest and halves the rest", exp_keeps(word.exp_step), prune=False),
        Obligation("the loop hands the steps on", exp_loop(word.exp), ARITHMETIC),
    ),
    (
        Control(
            "a step that forgets to multiply",
            Obligation(
                "step",
                exp_keeps(mutant(word.exp_step, "power = (power * square) & MAX_WORD", "power = square")),
                ARITHMETIC,
                prune=False,
            ),
        ),
        Control(
            "a step that does not square",
            Obligation(
                "step",
                exp_keeps(mutant(word.exp_step, "(square * square) & MAX_WORD", "square")),
                ARITHMETIC,
                prune=False,
            ),
        ),
        Control(
            "a loop that starts from 0",
            Obligation("loop", exp_loop(mutant(word.exp, "power, square, rest = 1", "power, square, rest = 0"))),
        ),
    ),
    "operands are any 256-bit words",
    argument=(
        "Before the first step power · square^rest is base^exponent; each step keeps it modulo 2**256 and halves the "
        "rest, so after at most 256 steps the rest is 0 and power is the result (induction on the rest). The laws used "
        "of powers, x^(2k) = (x²)^k and x^(2k+1) = x (x²)^k, hold in every commutative ring."
    ),
    fast=True,
)

THEOREMS: Final = (*(subject.theorem() for subject in SUBJECTS), EXP)
