"""The curve BN254 (alt_bn128): addition and multiplication in G1, membership of G2, and the pairing check.

A thin cover over ``py_ecc``, the Ethereum Foundation's Python curves: it adds the refusals that the protocol needs. A
pairing takes it tenths of a second; of the other packages for this curve none is kept, freely licensed and light.
Source: EIP-196, EIP-197.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from py_ecc.fields import optimized_bn128_FQ as FQ
from py_ecc.fields import optimized_bn128_FQ2 as FQ2
from py_ecc.fields import optimized_bn128_FQ12 as FQ12
from py_ecc.optimized_bn128 import optimized_curve as curve
from py_ecc.optimized_bn128.optimized_pairing import final_exponentiate, pairing
from py_ecc.typing import Optimized_Point3D

from hyperion.primitives.curve import PointError
from hyperion.rules import rule

G1: TypeAlias = Optimized_Point3D[FQ]
"""A point of the curve over the prime field, in projective coordinates."""
G2: TypeAlias = Optimized_Point3D[FQ2]
"""A point of the twist over the quadratic extension, in projective coordinates."""

MODULUS: Final = int(curve.field_modulus)
"""The prime ``p``: coordinates are integers below it."""
ORDER: Final = int(curve.curve_order)
"""The prime ``r``: number of points of G1, and of the subgroup of the twist that is G2."""


@rule("PRIM-bn254-g1", "Two coordinates below the modulus are a point of G1 if on the curve; two zeros are infinity.")
def g1(x: int, y: int) -> G1:
    """The point of G1 with these coordinates; all points of the curve over the prime field are in G1.

    Refuses with ``PointError``: ``not-reduced``, ``not-on-curve``. Source: EIP-196, "Encoding".
    """
    if not (0 <= x < MODULUS and 0 <= y < MODULUS):
        raise PointError("G1", "not-reduced")
    if x == y == 0:
        return curve.Z1
    point = (FQ(x), FQ(y), FQ.one())
    if not curve.is_on_curve(point, curve.b):
        raise PointError("G1", "not-on-curve")
    return point


def g1_add(p: G1, q: G1) -> G1:
    """The sum of two points of G1."""
    return curve.add(p, q)


def g1_multiply(p: G1, scalar: int) -> G1:
    """``scalar`` times a point of G1, for any scalar of at least 0."""
    return curve.multiply(p, scalar)


def g1_coordinates(p: G1) -> tuple[int, int]:
    """The two coordinates of a point of G1; two zeros for infinity."""
    if curve.is_inf(p):
        return 0, 0
    x, y = curve.normalize(p)
    return int(x), int(y)


@rule("PRIM-bn254-g2", "A point of the twist of BN254 is in G2 only if the group order times it is infinity.")
def g2(x: tuple[int, int], y: tuple[int, int]) -> G2:
    """The point of G2 with these coordinates, each as ``(real, imaginary)``; all zero is infinity.

    The twist has points outside G2, for which the pairing is not defined. Refuses with ``PointError``:
    ``not-reduced``, ``not-on-curve``, ``not-in-subgroup``. Source: EIP-197, "Encoding".
    """
    if not all(0 <= c < MODULUS for c in (*x, *y)):
        raise PointError("G2", "not-reduced")
    if x == y == (0, 0):
        return curve.Z2
    point = (FQ2(x), FQ2(y), FQ2.one())
    if not curve.is_on_curve(point, curve.b2):
        raise PointError("G2", "not-on-curve")
    if not in_subgroup(point):
        raise PointError("G2", "not-in-subgroup")
    return point


def in_subgroup(point: G2) -> bool:
    """Whether a point of the twist has the order of the group."""
    return curve.is_inf(curve.multiply(point, ORDER))


@rule("PRIM-bn254-pairing-check", "Pairs of BN254 pass if the product of their optimal ate pairings is one.")
def pairing_check(pairs: Sequence[tuple[G1, G2]]) -> bool:
    """Whether the product of ``e(p, q)`` over all pairs is one; a pair with infinity contributes one (EIP-197).

    The final exponentiation is a homomorphism, so one of it serves the product of all Miller loops.
    """
    product = FQ12.one()
    for p, q in pairs:
        product = product * pairing(q, p, final_exponentiate=False)
    return final_exponentiate(product) == FQ12.one()
