"""The curve BN254 (alt_bn128): addition and multiplication in G1, membership of G2, and the pairing check.

No library that is still kept, freely licensed and light offers this curve to Python, and the general polynomial
arithmetic of the one in common use takes thirty times as long for a check. So the curve is ours, over GMP integers:

* G1 is ``y**2 = x**3 + 3`` over Fp; a point is ``(x, y)``, and ``None`` is the point at infinity.
* G2 is in ``y**2 = x**3 + 3 / (9 + i)`` over Fp2 = Fp[i] / (i**2 + 1); an element ``a + b*i`` is ``(a, b)``.
* Fp12 is Fp[w] / (w**12 - 18*w**6 + 82), hence ``i = w**6 - 9``. An element is one big integer whose 512-bit digits are
  the coefficients of ``w**0 .. w**11`` (Kronecker substitution): a product of polynomials is one product of integers.

Source: EIP-196, EIP-197; Vercauteren, "Optimal pairings" (2008), §IV; Barreto and Naehrig, "Pairing-friendly elliptic
curves of prime order" (2005).
"""

from collections.abc import Sequence
from itertools import product
from typing import Final, TypeAlias

from gmpy2 import invert, mpz, pack, unpack

from hyperion.primitives.curve import PointError
from hyperion.rules import rule

Fp: TypeAlias = mpz
"""An integer modulo ``MODULUS``, not always reduced between two operations."""
Fp2: TypeAlias = tuple[mpz, mpz]
Fp12: TypeAlias = mpz
G1: TypeAlias = tuple[Fp, Fp] | None
"""A point of the curve over Fp, coordinates reduced; None is the point at infinity."""
G2: TypeAlias = tuple[Fp2, Fp2] | None
"""A point of the twist over Fp2, coordinates reduced; None is the point at infinity."""

PARAMETER: Final = 4_965_661_367_192_848_881
"""The ``u`` from which modulus, order and loop length follow."""
MODULUS: Final = mpz(36 * PARAMETER**4 + 36 * PARAMETER**3 + 24 * PARAMETER**2 + 6 * PARAMETER + 1)
"""The prime ``p``: coordinates are integers modulo it."""
ORDER: Final = mpz(36 * PARAMETER**4 + 36 * PARAMETER**3 + 18 * PARAMETER**2 + 6 * PARAMETER + 1)
"""The prime ``r``: number of points of G1, and of the subgroup of the twist that is G2."""
LOOP: Final = 6 * PARAMETER + 2
"""Length of the Miller loop of the optimal ate pairing."""

DEGREE: Final = 12
DIGIT_BITS: Final = 512
"""A coefficient of a product is below ``12 * p**2 < 2**511``, so it fits one digit."""

# --- Fp2 ------------------------------------------------------------------------------------------------------------


def _multiply2(a: Fp2, b: Fp2) -> Fp2:
    return (a[0] * b[0] - a[1] * b[1]) % MODULUS, (a[0] * b[1] + a[1] * b[0]) % MODULUS


def _subtract2(a: Fp2, b: Fp2) -> Fp2:
    return (a[0] - b[0]) % MODULUS, (a[1] - b[1]) % MODULUS


def _scale2(a: Fp2, factor: int | Fp) -> Fp2:
    return a[0] * factor % MODULUS, a[1] * factor % MODULUS


def _conjugate2(a: Fp2) -> Fp2:
    return a[0], -a[1] % MODULUS


def _divide2(a: Fp2, b: Fp2) -> Fp2:
    return _scale2(_multiply2(a, _conjugate2(b)), invert(b[0] * b[0] + b[1] * b[1], MODULUS))


def _power2(a: Fp2, exponent: mpz) -> Fp2:
    power: Fp2 = (mpz(1), mpz(0))
    for bit in f"{exponent:b}":
        power = _multiply2(power, power)
        power = _multiply2(power, a) if bit == "1" else power
    return power


NON_RESIDUE: Final[Fp2] = (mpz(9), mpz(1))
"""``w**6 = 9 + i``, neither a square nor a cube in Fp2."""
TWIST_B: Final[Fp2] = _divide2((mpz(3), mpz(0)), NON_RESIDUE)
FROBENIUS: Final[tuple[Fp2, ...]] = tuple(_power2(NON_RESIDUE, k * (MODULUS - 1) // 6) for k in range(6))
"""``w**(k*p) = FROBENIUS[k] * w**k``."""

# --- G1 -------------------------------------------------------------------------------------------------------------


@rule("PRIM-bn254-g1", "Two coordinates below the modulus are a point of G1 if on the curve; two zeros are infinity.")
def g1(x: int, y: int) -> G1:
    """The point of G1 with these coordinates; all points of the curve over Fp are in G1.

    Refuses with ``PointError``: ``not-reduced``, ``not-on-curve``. Source: EIP-196, "Encoding".
    """
    if not (0 <= x < MODULUS and 0 <= y < MODULUS):
        raise PointError("G1", "not-reduced")
    if x == y == 0:
        return None
    if (mpz(y) * y - mpz(x) * x * x - 3) % MODULUS != 0:
        raise PointError("G1", "not-on-curve")
    return mpz(x), mpz(y)


def g1_add(p: G1, q: G1) -> G1:
    """The sum of two points of G1, by chord and tangent."""
    if p is None:
        return q
    if q is None:
        return p
    (px, py), (qx, qy) = p, q
    if px != qx:
        slope = (qy - py) * invert(qx - px, MODULUS)
    elif py == qy:
        # No point has y = 0, as the order of the group is odd.
        slope = 3 * px * px * invert(2 * py, MODULUS)
    else:
        return None
    x = (slope * slope - px - qx) % MODULUS
    return x, (slope * (px - x) - py) % MODULUS


def g1_multiply(p: G1, scalar: int) -> G1:
    """``scalar`` times a point of G1, for any scalar of at least 0."""
    total: G1 = None
    for bit in f"{scalar:b}":
        total = g1_add(total, total)
        total = g1_add(total, p) if bit == "1" else total
    return total


# --- G2 -------------------------------------------------------------------------------------------------------------


def _slope2(p: tuple[Fp2, Fp2], q: tuple[Fp2, Fp2]) -> Fp2:
    """The slope of the line through two points of the twist, of the tangent if they are one; it is not vertical."""
    if p != q:
        return _divide2(_subtract2(q[1], p[1]), _subtract2(q[0], p[0]))
    return _divide2(_scale2(_multiply2(p[0], p[0]), 3), _scale2(p[1], 2))


def _third2(p: tuple[Fp2, Fp2], q: tuple[Fp2, Fp2], slope: Fp2) -> tuple[Fp2, Fp2]:
    """The sum of two points whose line has that slope."""
    x = _subtract2(_subtract2(_multiply2(slope, slope), p[0]), q[0])
    return x, _subtract2(_multiply2(slope, _subtract2(p[0], x)), p[1])


def _negative2(q: tuple[Fp2, Fp2]) -> tuple[Fp2, Fp2]:
    return q[0], _scale2(q[1], -1)


def g2_add(p: G2, q: G2) -> G2:
    """The sum of two points of the twist, by chord and tangent."""
    if p is None:
        return q
    if q is None:
        return p
    return None if p == _negative2(q) else _third2(p, q, _slope2(p, q))


def g2_multiply(q: G2, scalar: int | mpz) -> G2:
    """``scalar`` times a point of the twist, for any scalar of at least 0."""
    total: G2 = None
    for bit in f"{scalar:b}":
        total = g2_add(total, total)
        total = g2_add(total, q) if bit == "1" else total
    return total


@rule("PRIM-bn254-g2", "A point of the twist of BN254 is in G2 only if the group order times it is infinity.")
def g2(x: tuple[int, int], y: tuple[int, int]) -> G2:
    """The point of G2 with these coordinates, each as ``(real, imaginary)``; all zero is infinity.

    The twist has points outside G2, for which the pairing is not defined. Refuses with ``PointError``:
    ``not-reduced``, ``not-on-curve``, ``not-in-subgroup``. Source: EIP-197, "Encoding".
    """
    if not all(0 <= c < MODULUS for c in (*x, *y)):
        raise PointError("G2", "not-reduced")
    if x == y == (0, 0):
        return None
    q = (mpz(x[0]), mpz(x[1])), (mpz(y[0]), mpz(y[1]))
    if _subtract2(_multiply2(q[1], q[1]), _multiply2(_multiply2(q[0], q[0]), q[0])) != TWIST_B:
        raise PointError("G2", "not-on-curve")
    if g2_multiply(q, ORDER) is not None:
        raise PointError("G2", "not-in-subgroup")
    return q


# --- Fp12 -----------------------------------------------------------------------------------------------------------


def _digits(a: Fp12, count: int) -> list[Fp]:
    digits = unpack(a, DIGIT_BITS)
    return digits + [mpz(0)] * (count - len(digits))


def _multiply12(a: Fp12, b: Fp12) -> Fp12:
    """The product; powers of ``w`` from 12 on are folded down by ``w**12 = 18*w**6 - 82``."""
    c = _digits(a * b, 2 * DEGREE)
    for k in range(2 * DEGREE - 2, DEGREE - 1, -1):
        c[k - 6] += 18 * c[k]
        c[k - 12] -= 82 * c[k]
    return pack([x % MODULUS for x in c[:DEGREE]], DIGIT_BITS)


def _frobenius12(a: Fp12) -> Fp12:
    """The p-th power: conjugate each coefficient over Fp2, and turn the powers of ``w``."""
    c = _digits(a, DEGREE)
    over2 = [_multiply2((c[k] + 9 * c[k + 6], -c[k + 6]), FROBENIUS[k]) for k in range(6)]
    low: list[int] = [(x - 9 * y) % MODULUS for x, y in over2]
    return pack(low + [y for _, y in over2], DIGIT_BITS)


def _line(p: tuple[Fp, Fp], q: tuple[Fp2, Fp2], slope: Fp2) -> Fp12:
    """The line through ``q`` on the untwisted curve, at ``p``: ``yp - slope*xp*w + (slope*xq - yq)*w**3``."""
    a, b = _scale2(slope, -p[0])
    c, d = _subtract2(_multiply2(slope, q[0]), q[1])
    zero = mpz(0)
    return pack([p[1], (a - 9 * b) % MODULUS, zero, (c - 9 * d) % MODULUS, zero, zero, zero, b, zero, d], DIGIT_BITS)


# --- the pairing ----------------------------------------------------------------------------------------------------


def _turned(q: tuple[Fp2, Fp2]) -> tuple[Fp2, Fp2]:
    """The p-power Frobenius of the untwisted curve, seen on the twist."""
    return _multiply2(_conjugate2(q[0]), FROBENIUS[2]), _multiply2(_conjugate2(q[1]), FROBENIUS[3])


def _lines(p: tuple[Fp, Fp], q: tuple[Fp2, Fp2]) -> list[list[Fp12]]:
    """The lines of the Miller loop of one pair, by iteration: an iteration squares the product before its own lines.

    No line is vertical: the running point is ``k*q``, and neither ``k - 1`` nor ``k + 1`` is 0 modulo the order of
    ``q``; at the end, neither ``LOOP - p`` nor ``LOOP + p`` nor the next is.
    """
    iterations: list[list[Fp12]] = []
    running = q
    turned = _turned(q)
    last = (turned, _negative2(_turned(turned)))
    bits = f"{LOOP:b}"[1:]
    for position, bit in enumerate(bits, start=1):
        lines: list[Fp12] = []
        addends = ((q,) if bit == "1" else ()) + (last if position == len(bits) else ())
        for addend in (running, *addends):
            slope = _slope2(running, addend)
            lines.append(_line(p, running, slope))
            running = _third2(running, addend, slope)
        iterations.append(lines)
    return iterations


def _miller(pairs: Sequence[tuple[tuple[Fp, Fp], tuple[Fp2, Fp2]]]) -> Fp12:
    """The product of the Miller functions of all pairs; they share their squarings."""
    value = mpz(1)
    for iteration in zip(*(_lines(p, q) for p, q in pairs), strict=True):
        value = _multiply12(value, value)
        for lines in iteration:
            for line in lines:
                value = _multiply12(value, line)
    return value


HARD_EXPONENT: Final = (MODULUS**4 - MODULUS**2 + 1) // ORDER
"""The part of ``(p**12 - 1) / r`` that no Frobenius does."""


def _hard_power(f: Fp12) -> Fp12:
    """``f ** HARD_EXPONENT``, by the exponent's four digits in base p at once: a power of p costs nothing."""
    turns = [f]
    for _ in range(3):
        turns.append(_frobenius12(turns[-1]))
    products = {}
    for choice in product("01", repeat=4):
        value = mpz(1)
        for bit, turn in zip(choice, turns, strict=True):
            value = _multiply12(value, turn) if bit == "1" else value
        products[choice] = value
    columns = [f"{HARD_EXPONENT // MODULUS**k % MODULUS:0254b}" for k in range(4)]
    power = mpz(1)
    for choice in zip(*columns, strict=True):
        power = _multiply12(_multiply12(power, power), products[choice])
    return power


@rule("PRIM-bn254-pairing-check", "Pairs of BN254 pass if the product of their optimal ate pairings is one.")
def pairing_check(pairs: Sequence[tuple[G1, G2]]) -> bool:
    """Whether the product of ``e(p, q)`` over all pairs is one; a pair with infinity contributes one (EIP-197).

    With ``f`` the product of the Miller functions, the question is whether ``f ** ((p**12 - 1) / r)`` is one. The
    exponent is ``(p**6 - 1) * (p**2 + 1) * HARD_EXPONENT``; with ``g`` the power by the last two factors,
    ``g**(p**6) = g`` is asked in place of a division: that is so just if ``g`` has no odd power of ``w``.
    """
    f = _miller([(p, q) for p, q in pairs if p is not None and q is not None])
    hard = _hard_power(f)
    g = _multiply12(hard, _frobenius12(_frobenius12(hard)))
    return all(digit == 0 for digit in _digits(g, DEGREE)[1::2])
