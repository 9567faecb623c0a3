"""The curve BLS12-381: points from coordinates, sums, multi-scalar products, maps from field elements, pairing check.

Curve arithmetic is that of arkworks. What stands here is what the library leaves open: which coordinates are points,
and where membership of the group of prime order is asked. Coordinates are bytes: a field element is 48 bytes,
big-endian; an element of Fp2 is the real part, then the imaginary. Source: EIP-2537; draft-irtf-cfrg-pairing-
friendly-curves-11, §4.2.1; RFC 9380 (maps).
"""

from collections.abc import Sequence
from typing import Final

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from hyperion.primitives.curve import PointError
from hyperion.rules import rule

FIELD_BYTES: Final = 48
MODULUS: Final = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", base=16
)
"""The prime p: coordinates are integers modulo it."""
ORDER: Final = 0x73EDA753_299D7D48_3339D808_09A1D805_53BDA402_FFFE5BFE_FFFFFFFF_00000001
"""The prime r: number of points of G1 and of G2."""


def _checked(name: str, data: bytes, elements: int) -> bytes:
    if len(data) != elements * FIELD_BYTES:
        raise PointError(name, "bad-length")
    for start in range(0, len(data), FIELD_BYTES):
        if int.from_bytes(data[start : start + FIELD_BYTES], "big") >= MODULUS:
            raise PointError(name, "not-reduced")
    return data


@rule("PRIM-bls12-g1-coordinates", "Coordinates below the modulus are a point if on the curve; all zero is infinity.")
def g1(data: bytes) -> G1Point:
    """The point of the curve over Fp with coordinates x, y in 96 bytes; it need not be in G1.

    Refuses with ``PointError``: ``bad-length``, ``not-reduced``, ``not-on-curve``.
    """
    try:
        return G1Point.from_xy_bytes_unchecked_be(_checked("G1", data, 2))
    except ValueError as error:
        raise error if isinstance(error, PointError) else PointError("G1", "not-on-curve") from error


def g2(data: bytes) -> G2Point:
    """The point of the curve over Fp2 with coordinates x, y in 192 bytes; it need not be in G2.

    Refuses with ``PointError``: ``bad-length``, ``not-reduced``, ``not-on-curve``.
    """
    try:
        return G2Point.from_xy_bytes_unchecked_be(_checked("G2", data, 4))
    except ValueError as error:
        raise error if isinstance(error, PointError) else PointError("G2", "not-on-curve") from error


@rule("PRIM-bls12-subgroup", "A point of a curve is in its group G1 or G2 only if its order divides r.")
def g1_member(data: bytes) -> G1Point:
    """The point of G1 with these coordinates. Refuses as ``g1``, and ``not-in-subgroup``."""
    point = g1(data)
    if not point.is_in_subgroup():
        raise PointError("G1", "not-in-subgroup")
    return point


def g2_member(data: bytes) -> G2Point:
    """The point of G2 with these coordinates. Refuses as ``g2``, and ``not-in-subgroup``."""
    point = g2(data)
    if not point.is_in_subgroup():
        raise PointError("G2", "not-in-subgroup")
    return point


def g1_sum(p: G1Point, q: G1Point) -> G1Point:
    """The sum of two points of the curve over Fp, inside or outside of G1."""
    return p + q


def g2_sum(p: G2Point, q: G2Point) -> G2Point:
    """The sum of two points of the curve over Fp2, inside or outside of G2."""
    return p + q


def g1_msm(points: Sequence[G1Point], scalars: Sequence[int]) -> G1Point:
    """The sum of the points of G1, each times its scalar; scalars are reduced modulo ``ORDER``, as G1 allows."""
    return G1Point.multiexp_unchecked(list(points), [_scalar(k) for k in scalars])


def g2_msm(points: Sequence[G2Point], scalars: Sequence[int]) -> G2Point:
    """The sum of the points of G2, each times its scalar; scalars are reduced modulo ``ORDER``, as G2 allows."""
    return G2Point.multiexp_unchecked(list(points), [_scalar(k) for k in scalars])


def _scalar(k: int) -> Scalar:
    return Scalar.from_be_bytes((k % ORDER).to_bytes(32, "big"))


def map_fp_to_g1(element: bytes) -> G1Point:
    """The point of G1 that a field element maps to (RFC 9380 §6.6.3 and cofactor clearing), not through a hash.

    Refuses with ``PointError``: ``bad-length``, ``not-reduced``.
    """
    return G1Point.map_from_fp_be(_checked("Fp", element, 1))


def map_fp2_to_g2(element: bytes) -> G2Point:
    """The point of G2 that an element of Fp2 maps to (RFC 9380 §6.6.3 and cofactor clearing), not through a hash.

    Refuses with ``PointError``: ``bad-length``, ``not-reduced``.
    """
    return G2Point.map_from_fp2_be(_checked("Fp2", element, 2))


@rule("PRIM-bls12-pairing-check", "Pairs of BLS12-381 pass if the product of their pairings is one.")
def pairing_check(pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
    """Whether the product of ``e(p, q)`` over pairs of G1 and G2 is one; a pair with infinity contributes one."""
    return GT.pairing_check([p for p, _ in pairs], [q for _, q in pairs])
