"""Second derivations for the precompiled contracts: chords and tangents over Python's integers, and how to call one."""

from typing import Final

from hypothesis import strategies as st

from hyperion.primitives import bls12_381 as bls
from hyperion.primitives import bn254, p256
from hyperion.vm.precompile import Precompile
from hyperion.vm.precompiles import PRECOMPILES

EDGES: Final = (
    0, 1, 2, 3, 27, 28, 31, 32, 33, 64, 96, 1_024, 1_025, 2**32 - 1, 2**63, 2**64, 2**255, 2**256 - 1,
    bn254.MODULUS - 1, bn254.MODULUS, bn254.ORDER, p256.ORDER, p256.MODULUS, bls.ORDER,
    bls.MODULUS >> 128,
)  # fmt: skip
edge_words = st.sampled_from(EDGES) | st.integers(0, 2**256 - 1)

Affine = tuple[int, int] | None
"""A point of a curve over a prime field by its two coordinates; None is infinity."""


def contract(name: str) -> Precompile:
    return next(p for p in PRECOMPILES if p.name == name)


def words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def affine_add(p: Affine, q: Affine, a: int, modulus: int) -> Affine:
    """The third point of the line through two, mirrored, on a curve y² = x³ + a*x + b."""
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0] and (p[1] + q[1]) % modulus == 0:
        return None
    if p == q:
        slope = (3 * p[0] * p[0] + a) * pow(2 * p[1], -1, modulus)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, modulus)
    x = (slope * slope - p[0] - q[0]) % modulus
    return x, (slope * (p[0] - x) - p[1]) % modulus


def affine_multiply(p: Affine, k: int, a: int, modulus: int) -> Affine:
    total: Affine = None
    for bit in f"{k:b}":
        total = affine_add(total, total, a, modulus)
        total = affine_add(total, p, a, modulus) if bit == "1" else total
    return total


def square_root(value: int, modulus: int) -> int | None:
    """For moduli that are 3 modulo 4, as those of both pairing curves are."""
    root = pow(value, (modulus + 1) // 4, modulus)
    return root if root * root % modulus == value % modulus else None
