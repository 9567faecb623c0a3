"""The precompiled contracts against second derivations.

Those are: chords and tangents over Python's integers for BN254 and P-256, py_ecc for BLS12-381 and secp256k1, and the
texts of the EIPs for prices and hashes. And totality: on any bytes, each has a price, and each whose price is small
gives bytes or fails, and nothing else.
"""

import hashlib
import struct
from collections.abc import Callable, Sequence
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point
from py_ecc.bls.hash_to_curve import clear_cofactor_G1, clear_cofactor_G2, map_to_curve_G1, map_to_curve_G2
from py_ecc.fields import optimized_bls12_381_FQ as BlsFq
from py_ecc.fields import optimized_bls12_381_FQ2 as BlsFq2
from py_ecc.fields import optimized_bn128_FQ12 as BnFq12
from py_ecc.optimized_bls12_381 import optimized_curve as bls_oracle
from py_ecc.optimized_bn128.optimized_pairing import pairing as bn_pairing
from py_ecc.secp256k1.secp256k1 import ecdsa_raw_recover, ecdsa_raw_sign

from hyperion.primitives import bls12_381 as bls
from hyperion.primitives import bn254, kzg, p256
from hyperion.primitives.curve import PointError
from hyperion.primitives.hashing import keccak256
from hyperion.vm.fork import Eip
from hyperion.vm.precompile import Precompile
from hyperion.vm.precompiles import PRECOMPILES
from hyperion.vm.precompiles.modexp import gas_2565, gas_7883

AFFORDABLE: Final = 300_000
"""Gas up to which a fuzzed precompile is also run."""


def contract(name: str) -> Precompile:
    return next(p for p in PRECOMPILES if p.name == name)


def words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in numbers)


# --- totality -------------------------------------------------------------------------------------------------------

EDGES: Final = (
    0, 1, 2, 3, 27, 28, 31, 32, 33, 64, 96, 1_024, 1_025, 2**32 - 1, 2**63, 2**64, 2**255, 2**256 - 1,
    bn254.MODULUS - 1, bn254.MODULUS, bn254.ORDER, p256.ORDER, p256.MODULUS, bls.ORDER,
    bls.MODULUS >> 128,
)  # fmt: skip
edge_words = st.sampled_from(EDGES) | st.integers(0, 2**256 - 1)
edge_inputs = st.lists(edge_words.map(lambda x: x.to_bytes(32, "big")), max_size=20).map(b"".join)
vector_sized = st.sampled_from([64, 128, 160, 192, 213, 256, 288, 384, 512, 768]).flatmap(
    lambda size: st.binary(min_size=size, max_size=size)
)
inputs = st.binary(max_size=700) | edge_inputs | vector_sized | st.builds(lambda a, b: a + b, edge_inputs, st.binary())


@pytest.mark.parametrize("precompile", PRECOMPILES, ids=lambda p: f"{p.name}-{p.since}")
@given(data=inputs)
@example(data=b"")
@example(data=words(2**256 - 1, 2**256 - 1, 2**256 - 1))
@example(data=words(0, 2**256 - 1, 0))
@example(data=words(2**256 - 1, 0, 0))
def test_total_on_any_bytes(precompile: Precompile, data: bytes) -> None:
    gas = precompile.gas(data)
    assert gas >= 0
    if gas <= AFFORDABLE:
        output = precompile.run(data)
        assert output is None or isinstance(output, bytes)
        assert precompile.run(data) == output


# --- chords and tangents --------------------------------------------------------------------------------------------

Affine = tuple[int, int] | None
"""A point of a curve over a prime field by its two coordinates; None is infinity."""


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


# --- BN254 ----------------------------------------------------------------------------------------------------------

BN_U: Final = 4_965_661_367_192_848_881
"""The number from which the curve is built, in the polynomials of Barreto and Naehrig."""
BN_P: Final = 36 * BN_U**4 + 36 * BN_U**3 + 24 * BN_U**2 + 6 * BN_U + 1
BN_R: Final = 36 * BN_U**4 + 36 * BN_U**3 + 18 * BN_U**2 + 6 * BN_U + 1
BN_COFACTOR: Final = 2 * BN_P - BN_R
"""The points of the twist, divided by those of G2."""
SMALL_ORDER: Final = 10_069
"""The smallest prime factor of the cofactor: the twist has points of this order."""
BN_G1: Final = (1, 2)

scalars = st.integers(0, 2**256 - 1) | st.sampled_from([0, 1, 2, BN_R - 1, BN_R])

Fp2 = tuple[int, int]
"""An element of the quadratic extension as ``(real, imaginary)``; the square of the imaginary unit is -1."""
TwistPoint = tuple[Fp2, Fp2] | None


def fp2_minus(a: Fp2, *others: Fp2) -> Fp2:
    return (a[0] - sum(b[0] for b in others)) % BN_P, (a[1] - sum(b[1] for b in others)) % BN_P


def fp2_times(a: Fp2, b: Fp2) -> Fp2:
    return (a[0] * b[0] - a[1] * b[1]) % BN_P, (a[0] * b[1] + a[1] * b[0]) % BN_P


def fp2_over(a: Fp2, b: Fp2) -> Fp2:
    """A quotient: the inverse is the conjugate over the norm."""
    inverse_of_norm = pow(b[0] * b[0] + b[1] * b[1], -1, BN_P)
    return fp2_times(a, (b[0] * inverse_of_norm, -b[1] * inverse_of_norm))


TWIST_B: Final = fp2_over((3, 0), (9, 1))
"""The constant of the twist, 3 / (9 + i) (EIP-197)."""
BN_G2: Final = (
    (
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
    ),
    (
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    ),
)
"""The generator of G2 in EIP-197."""


def twist_right_side(x: Fp2) -> Fp2:
    """What the square of y must be."""
    cube = fp2_times(x, fp2_times(x, x))
    return (cube[0] + TWIST_B[0]) % BN_P, (cube[1] + TWIST_B[1]) % BN_P


def twist_add(p: TwistPoint, q: TwistPoint) -> TwistPoint:
    """Chords and tangents once more, over the extension."""
    if p is None or q is None:
        return q if p is None else p
    (px, py), (qx, qy) = p, q
    if px == qx and py == fp2_minus((0, 0), qy):
        return None
    if p == q:
        slope = fp2_over(fp2_times((3, 0), fp2_times(px, px)), fp2_times((2, 0), py))
    else:
        slope = fp2_over(fp2_minus(qy, py), fp2_minus(qx, px))
    x = fp2_minus(fp2_times(slope, slope), px, qx)
    return x, fp2_minus(fp2_times(slope, fp2_minus(px, x)), py)


def twist_multiply(p: TwistPoint, k: int) -> TwistPoint:
    total: TwistPoint = None
    for bit in f"{k:b}":
        total = twist_add(total, total)
        total = twist_add(total, p) if bit == "1" else total
    return total


def twist_point(seed: int) -> tuple[Fp2, Fp2]:
    """A point of the twist: almost never in G2, as the cofactor has 254 bits."""
    while True:
        seed += 1
        x = (seed, 1)
        a, b = twist_right_side(x)
        norm = square_root(a * a + b * b, BN_P)
        for sign in (1, -1):
            half = None if norm is None else square_root((a + sign * norm) * pow(2, -1, BN_P) % BN_P, BN_P)
            if half:
                y = (half, b * pow(2 * half, -1, BN_P) % BN_P)
                if fp2_times(y, y) == (a, b):
                    return x, y


def g1_times(k: int, p: Affine = BN_G1) -> Affine:
    return affine_multiply(p, k, 0, BN_P)


def encoded_g1(point: Affine) -> bytes:
    return words(*(point or (0, 0)))


def encoded_g2(point: TwistPoint) -> bytes:
    """Imaginary parts first."""
    return words(*(c for element in point or ((0, 0), (0, 0)) for c in reversed(element)))


def test_bn254_is_the_curve_of_its_number() -> None:
    """The constants of the model, and those that the derivation here stands on."""
    assert (bn254.MODULUS, bn254.ORDER) == (BN_P, BN_R)
    assert fp2_times(BN_G2[1], BN_G2[1]) == twist_right_side(BN_G2[0])
    assert g1_times(BN_R) is None and twist_multiply(BN_G2, BN_R) is None
    assert BN_COFACTOR % SMALL_ORDER == 0 and twist_multiply(twist_point(0), BN_R * BN_COFACTOR) is None


@pytest.mark.rule("VM-precompile-bn254-add", "VM-precompile-bn254-mul", "PRIM-bn254-g1")
@given(scalars, scalars)
@example(5, BN_R - 5)
@example(7, 7)
@example(0, 9)
def test_bn254_group_as_chords_and_tangents(a: int, b: int) -> None:
    p, q = g1_times(a), g1_times(b)
    both = encoded_g1(p) + encoded_g1(q)
    assert contract("BN254_ADD").run(both) == encoded_g1(affine_add(p, q, 0, BN_P))
    assert contract("BN254_MUL").run(encoded_g1(p) + words(b)) == encoded_g1(g1_times(b, p))


@pytest.mark.rule("PRIM-bn254-g1")
@given(edge_words, edge_words)
@example(BN_P + 1, 2)
@example(1, BN_P + 2)
@example(BN_P, BN_P)
@example(0, BN_P)
@example(1, BN_P - 2)
def test_bn254_membership_by_the_equation(x: int, y: int) -> None:
    member = max(x, y) < BN_P and (x == y == 0 or (y * y - x**3 - 3) % BN_P == 0)
    assert (contract("BN254_ADD").run(words(x, y)) is not None) == member


@given(st.integers(0, BN_P - 1))
def test_bn254_every_point_over_the_prime_field_is_taken(x: int) -> None:
    y = square_root(x**3 + 3, BN_P)
    output = None if y is None else words(x, y)
    assert contract("BN254_ADD").run(words(x, y or 1)) == output


@pytest.mark.rule("PRIM-bn254-g2", "VM-precompile-bn254-pairing")
@given(st.integers(0, 2**200))
@settings(max_examples=8)
def test_bn254_twist_outside_g2_is_refused(seed: int) -> None:
    outside = twist_point(seed)
    small = twist_multiply(outside, BN_R * (BN_COFACTOR // SMALL_ORDER))
    for point in (outside, small):
        if twist_multiply(point, BN_R) is not None:
            assert contract("BN254_PAIRING").run(bytes(64) + encoded_g2(point)) is None
    inside = twist_multiply(outside, BN_COFACTOR)
    assert contract("BN254_PAIRING").run(bytes(64) + encoded_g2(inside)) == words(1)


@pytest.mark.rule("PRIM-bn254-g2")
@given(st.tuples(*[edge_words] * 4) | st.tuples(*[st.integers(0, BN_P - 1)] * 4))
@example((*BN_G2[0], BN_G2[1][0] + BN_P, BN_G2[1][1]))
@example((*reversed(BN_G2[0]), *reversed(BN_G2[1])))
def test_bn254_off_the_twist_is_refused(coordinates: tuple[int, int, int, int]) -> None:
    x, y = coordinates[:2], coordinates[2:]
    if max(coordinates) >= BN_P or (any(coordinates) and fp2_times(y, y) != twist_right_side(x)):
        assert contract("BN254_PAIRING").run(bytes(64) + encoded_g2((x, y))) is None


Exponents = list[tuple[int, int]]


def bilinear(exponents: Exponents) -> bool:
    """Whether the model says of the product of e(a*G1, b*G2) what integers say of the sum of a*b.

    All three groups are cyclic of one prime order, so the product is one just if the sum is 0 modulo the order, for any
    pairing that is bilinear and not degenerate: no other pairing is needed.
    """
    data = b"".join(encoded_g1(g1_times(a)) + encoded_g2(twist_multiply(BN_G2, b)) for a, b in exponents)
    expected = sum(a * b for a, b in exponents) % BN_R == 0
    return contract("BN254_PAIRING").run(data) == words(expected)


def balanced(exponents: Exponents) -> Exponents:
    """With one more pair, which makes the product one."""
    return [*exponents, (-sum(a * b for a, b in exponents) % BN_R, 1)]


@pytest.mark.rule("PRIM-bn254-pairing-check", "VM-precompile-bn254-pairing")
@given(st.lists(st.tuples(scalars, scalars), min_size=1, max_size=2))
@example([(BN_R - 1, 2), (1, 2)])
@settings(max_examples=6)
def test_bn254_pairing_is_bilinear_and_not_degenerate(exponents: Exponents) -> None:
    assert bilinear(exponents)
    assert bilinear(balanced(exponents))


REAL_PAIRING_CHECK: Final = bn254.pairing_check
"""Kept from before a control replaces it."""


def _miller_loops_alone(pairs: Sequence[tuple[bn254.G1, bn254.G2]]) -> bool:
    """Without the final power."""
    product = BnFq12.one()
    for p, q in pairs:
        product = product * bn_pairing(q, p, final_exponentiate=False)
    return product == BnFq12.one()


@pytest.mark.parametrize(
    "broken",
    [lambda pairs: True, lambda pairs: REAL_PAIRING_CHECK(pairs[:1]), _miller_loops_alone],
    ids=["always one", "first pair only", "no final power"],
)
def test_control_a_broken_bn254_pairing_check_is_seen(
    broken: Callable[[Sequence[tuple[bn254.G1, bn254.G2]]], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bn254, "pairing_check", broken)
    assert not (bilinear([(3, 5)]) and bilinear(balanced([(3, 5)])))


# --- BLS12-381 ------------------------------------------------------------------------------------------------------

bls_scalars = st.integers(0, 2**256 - 1) | st.sampled_from([0, 1, bls.ORDER - 1, bls.ORDER, bls.ORDER + 1])
small_seeds = st.integers(0, 2**300)


def elements(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(64, "big") for number in numbers)


def bls_g1(point: tuple[BlsFq, BlsFq, BlsFq]) -> bytes:
    return bytes(128) if bls_oracle.is_inf(point) else elements(*(int(c) for c in bls_oracle.normalize(point)))


def bls_g2(point: tuple[BlsFq2, BlsFq2, BlsFq2]) -> bytes:
    if bls_oracle.is_inf(point):
        return bytes(256)
    return elements(*(int(c) for element in bls_oracle.normalize(point) for c in element.coeffs))


def bls_curve_point(seed: int) -> tuple[BlsFq, BlsFq, BlsFq]:
    """A point of the curve over Fp: almost never in G1."""
    while True:
        seed += 1
        y = square_root(pow(seed, 3, bls.MODULUS) + 4, bls.MODULUS)
        if y is not None:
            return BlsFq(seed), BlsFq(y), BlsFq(1)


@pytest.mark.rule("VM-precompile-bls12-g1-add", "VM-precompile-bls12-g1-msm", "PRIM-bls12-g1-coordinates")
@given(bls_scalars, bls_scalars, bls_scalars)
@example(1, bls.ORDER - 1, 1)
@settings(max_examples=20)
def test_bls_g1_as_py_ecc(a: int, b: int, k: int) -> None:
    p, q = (bls_oracle.multiply(bls_oracle.G1, n) for n in (a, b))
    assert contract("BLS12_G1ADD").run(bls_g1(p) + bls_g1(q)) == bls_g1(bls_oracle.add(p, q))
    sum_of_terms = bls_oracle.add(bls_oracle.multiply(p, k), bls_oracle.multiply(q, a))
    terms = bls_g1(p) + words(k) + bls_g1(q) + words(a)
    assert contract("BLS12_G1MSM").run(terms) == bls_g1(sum_of_terms)


@pytest.mark.rule("VM-precompile-bls12-g2-add", "VM-precompile-bls12-g2-msm")
@given(bls_scalars, bls_scalars, bls_scalars)
@example(1, bls.ORDER - 1, 1)
@settings(max_examples=8)
def test_bls_g2_as_py_ecc(a: int, b: int, k: int) -> None:
    p, q = (bls_oracle.multiply(bls_oracle.G2, n) for n in (a, b))
    assert contract("BLS12_G2ADD").run(bls_g2(p) + bls_g2(q)) == bls_g2(bls_oracle.add(p, q))
    sum_of_terms = bls_oracle.add(bls_oracle.multiply(p, k), bls_oracle.multiply(q, a))
    terms = bls_g2(p) + words(k) + bls_g2(q) + words(a)
    assert contract("BLS12_G2MSM").run(terms) == bls_g2(sum_of_terms)


@pytest.mark.rule("PRIM-bls12-subgroup", "VM-precompile-bls12-g1-add")
@given(small_seeds, small_seeds)
@settings(max_examples=20)
def test_bls_points_outside_g1_can_be_added_and_no_more(m: int, n: int) -> None:
    p, q = bls_curve_point(m), bls_curve_point(n)
    assert contract("BLS12_G1ADD").run(bls_g1(p) + bls_g1(q)) == bls_g1(bls_oracle.add(p, q))
    assert not bls_oracle.is_inf(bls_oracle.multiply(p, bls.ORDER))
    assert contract("BLS12_G1MSM").run(bls_g1(p) + words(1)) is None
    assert contract("BLS12_PAIRING_CHECK").run(bls_g1(p) + bytes(256)) is None


def _map_g2_before_cofactor(seed: int) -> tuple[BlsFq2, BlsFq2, BlsFq2]:
    """A point of the curve over Fp2: almost never in G2."""
    return map_to_curve_G2(BlsFq2([seed, 1]))


@pytest.mark.rule("PRIM-bls12-subgroup", "VM-precompile-bls12-g2-add")
@given(small_seeds, small_seeds)
@settings(max_examples=8)
def test_bls_points_outside_g2_can_be_added_and_no_more(m: int, n: int) -> None:
    p, q = _map_g2_before_cofactor(m), _map_g2_before_cofactor(n)
    assert contract("BLS12_G2ADD").run(bls_g2(p) + bls_g2(q)) == bls_g2(bls_oracle.add(p, q))
    assert not bls_oracle.is_inf(bls_oracle.multiply(p, bls.ORDER))
    assert contract("BLS12_G2MSM").run(bls_g2(p) + words(1)) is None
    assert contract("BLS12_PAIRING_CHECK").run(bytes(128) + bls_g2(p)) is None


@pytest.mark.rule("VM-precompile-bls12-map-g1", "VM-precompile-bls12-map-g2")
@given(st.integers(0, bls.MODULUS - 1), st.integers(0, bls.MODULUS - 1))
@example(0, 0)
@example(bls.MODULUS - 1, bls.MODULUS - 1)
@settings(max_examples=8)
def test_bls_maps_as_py_ecc(a: int, b: int) -> None:
    mapped1 = clear_cofactor_G1(map_to_curve_G1(BlsFq(a)))
    assert contract("BLS12_MAP_FP_TO_G1").run(elements(a)) == bls_g1(mapped1)
    mapped2 = clear_cofactor_G2(map_to_curve_G2(BlsFq2([a, b])))
    assert contract("BLS12_MAP_FP2_TO_G2").run(elements(a, b)) == bls_g2(mapped2)


@pytest.mark.rule("PRIM-bls12-pairing-check", "VM-precompile-bls12-pairing")
@given(st.lists(st.tuples(bls_scalars, bls_scalars), min_size=1, max_size=3), st.booleans())
@settings(max_examples=15)
def test_bls_pairing_is_bilinear_and_not_degenerate(exponents: list[tuple[int, int]], balanced: bool) -> None:
    if balanced:
        exponents = [*exponents, (-sum(a * b for a, b in exponents) % bls.ORDER, 1)]
    data = b"".join(
        bls_g1(bls_oracle.multiply(bls_oracle.G1, a)) + bls_g2(bls_oracle.multiply(bls_oracle.G2, b))
        for a, b in exponents
    )
    expected = sum(a * b for a, b in exponents) % bls.ORDER == 0
    assert contract("BLS12_PAIRING_CHECK").run(data) == words(expected)


@pytest.mark.rule("PRIM-bls12-g1-coordinates")
@given(st.integers(0, 2**384 - 1), st.integers(0, 2**384 - 1))
@example(0, 2)
@example(bls.MODULUS, 2)
@example(0, bls.MODULUS + 2)
@example(bls.MODULUS, bls.MODULUS)
@example(1 << 383, 1 << 382)
def test_bls_coordinates_are_points_only_on_the_curve(x: int, y: int) -> None:
    member = max(x, y) < bls.MODULUS and (x == y == 0 or (y * y - x**3 - 4) % bls.MODULUS == 0)
    try:
        bls.g1(x.to_bytes(48, "big") + y.to_bytes(48, "big"))
    except PointError as refused:
        assert not member and refused.reason in ("not-reduced", "not-on-curve")
    else:
        assert member


# --- modular exponentiation -----------------------------------------------------------------------------------------

lengths = st.integers(0, 80) | st.sampled_from([0, 1, 32, 33])
huge_lengths = lengths | edge_words


def eip_2565(base_length: int, exponent_length: int, modulus_length: int, head: int) -> int:
    """The pseudocode of EIP-2565, line by line, in other words than the model's."""
    iterations = 0
    if exponent_length <= 32 and head == 0:
        iterations = 0
    elif exponent_length <= 32:
        iterations = head.bit_length() - 1
    else:
        iterations = 8 * (exponent_length - 32) + (head.bit_length() - 1 if head else 0)
    longest = max(base_length, modulus_length)
    complexity = (-(-longest // 8)) ** 2
    return max(200, complexity * max(iterations, 1) // 3)


def eip_7883(base_length: int, exponent_length: int, modulus_length: int, head: int) -> int:
    """The pseudocode of EIP-7883."""
    longest = max(base_length, modulus_length)
    complexity = 16
    if longest > 32:
        complexity = 2 * (-(-longest // 8)) ** 2
    bits = head.bit_length() - 1 if head else 0
    iterations = bits if exponent_length <= 32 else 16 * (exponent_length - 32) + bits
    return max(500, complexity * max(iterations, 1))


@pytest.mark.rule("VM-precompile-modexp-gas-2565", "VM-precompile-modexp-gas-7883")
@given(huge_lengths, huge_lengths, huge_lengths, st.binary(max_size=200))
def test_modexp_price_as_in_the_eips(base: int, exponent: int, modulus: int, rest: bytes) -> None:
    data = words(base, exponent, modulus) + rest
    following = iter(rest[min(base, len(rest)) :])
    head = 0
    for _ in range(min(exponent, 32)):
        head = head << 8 | next(following, 0)
    assert gas_2565(data) == eip_2565(base, exponent, modulus, head)
    assert gas_7883(data) == eip_7883(base, exponent, modulus, head)


@pytest.mark.rule("VM-precompile-modexp")
@given(lengths, lengths, lengths, st.binary(max_size=250) | st.just(bytes(100)))
@example(0, 0, 1, b"\0")
@example(0, 0, 1, b"\x01")
@example(1, 0, 1, b"\0\x02")
@example(1, 1, 0, b"\x03\x03")
def test_modexp_as_python(base: int, exponent: int, modulus: int, rest: bytes) -> None:
    padded = rest + bytes(base + exponent + modulus)
    b = int.from_bytes(padded[:base], "big")
    e = int.from_bytes(padded[base : base + exponent], "big")
    m = int.from_bytes(padded[base + exponent : base + exponent + modulus], "big")
    expected = (pow(b, e, m) if m else 0).to_bytes(modulus, "big") if base or modulus else b""
    data = words(base, exponent, modulus) + rest
    for precompile in (p for p in PRECOMPILES if p.name == "MODEXP"):
        assert precompile.run(data) == expected


@pytest.mark.rule("VM-precompile-modexp-bounds")
@given(st.integers(1_023, 1_026), st.integers(1_023, 1_026), st.integers(1_023, 1_026))
@settings(max_examples=20)
def test_modexp_bounds(base: int, exponent: int, modulus: int) -> None:
    bounded = next(p for p in PRECOMPILES if p.since is Eip.MODEXP_GAS)
    output = bounded.run(words(base, exponent, modulus))
    assert output == (bytes(modulus) if max(base, exponent, modulus) <= 1_024 else None)


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("VM-precompile-ecrecover")
@given(st.binary(min_size=32, max_size=32), st.integers(1, 2**255))
@settings(max_examples=25)
def test_ecrecover_as_py_ecc(message_hash: bytes, secret: int) -> None:
    v, r, s = ecdsa_raw_sign(message_hash, secret.to_bytes(32, "big"))
    x, y = ecdsa_raw_recover(message_hash, (v, r, s))
    data = message_hash + words(v, r, s)
    assert contract("ECREC").run(data) == bytes(12) + keccak256(words(x, y))[12:]
    assert contract("ECREC").run(data + b"anything behind is ignored") == contract("ECREC").run(data)


def p256_multiply(k: int) -> tuple[int, int]:
    """``k`` times the generator of P-256, for k not 0 modulo the order."""
    generator = (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    )
    point = affine_multiply(generator, k, -3, p256.MODULUS)
    assert point is not None
    return point


@pytest.mark.rule("VM-precompile-p256verify", "PRIM-p256-verify")
@given(st.binary(min_size=32, max_size=32), st.integers(1, p256.ORDER - 1), st.integers(1, p256.ORDER - 1), st.data())
@settings(max_examples=25)
def test_p256_accepts_signatures_and_nothing_near_them(
    message_hash: bytes, secret: int, nonce: int, data: st.DataObject
) -> None:
    x, y = p256_multiply(secret)
    r = p256_multiply(nonce)[0] % p256.ORDER
    s = pow(nonce, -1, p256.ORDER) * (int.from_bytes(message_hash, "big") + r * secret) % p256.ORDER
    run = contract("P256VERIFY").run
    valid = message_hash + words(r, s, x, y)
    assert run(valid) == words(1)
    assert run(message_hash + words(r, p256.ORDER - s, x, y)) == words(1)
    position = data.draw(st.integers(0, 1279))
    flipped = int.from_bytes(valid, "big") ^ 1 << position
    assert run(flipped.to_bytes(160, "big")) == b""
    assert run(valid + b"\0") == b"" == run(valid[:-1])
    for name, numbers in {
        "r": (r + p256.ORDER, s, x, y),
        "s": (r, s + p256.ORDER, x, y),
        "x": (r, s, x + p256.MODULUS, y),
        "y": (r, s, x, y + p256.MODULUS),
    }.items():
        if max(numbers) < 2**256:
            assert run(message_hash + words(*numbers)) == b"", name


# --- hashes ---------------------------------------------------------------------------------------------------------

SIGMA: Final = (
    "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
    "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
)  # fmt: skip
"""Message schedules of the ten rounds, as hexadecimal digits (RFC 7693 §2.7)."""
IV: Final = (
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
)  # fmt: skip


QUARTERS: Final = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip
U64: Final = 2**64 - 1


def rotated(x: int, by: int) -> int:
    return (x >> by | x << (64 - by)) & U64


def rfc_7693_f(rounds: int, h: tuple[int, ...], m: tuple[int, ...], t: tuple[int, int], final: bool) -> bytes:
    """Section 3.2 of the RFC in plain Python."""
    v = [*h, *IV]
    v[12] ^= t[0]
    v[13] ^= t[1]
    v[14] ^= U64 if final else 0
    for number in range(rounds):
        schedule = [m[int(digit, base=16)] for digit in SIGMA[number % 10]]
        for step, (a, b, c, d) in enumerate(QUARTERS):
            v[a] = (v[a] + v[b] + schedule[2 * step]) & U64
            v[d] = rotated(v[d] ^ v[a], 32)
            v[c] = (v[c] + v[d]) & U64
            v[b] = rotated(v[b] ^ v[c], 24)
            v[a] = (v[a] + v[b] + schedule[2 * step + 1]) & U64
            v[d] = rotated(v[d] ^ v[a], 16)
            v[c] = (v[c] + v[d]) & U64
            v[b] = rotated(v[b] ^ v[c], 63)
    return struct.pack("<8Q", *(h[k] ^ v[k] ^ v[k + 8] for k in range(8)))


@pytest.mark.rule("VM-precompile-blake2f", "VM-precompile-blake2f-gas")
@given(st.integers(0, 40), st.binary(min_size=208, max_size=208), st.booleans())
@example(0, bytes(208), False)
@example(12, b"\xff" * 208, True)
def test_blake2f_as_the_rfc(rounds: int, body: bytes, final: bool) -> None:
    words64 = struct.unpack("<26Q", body)
    data = rounds.to_bytes(4, "big") + body + bytes([final])
    expected = rfc_7693_f(rounds, words64[:8], words64[8:24], (words64[24], words64[25]), final)
    assert contract("BLAKE2F").run(data) == expected
    assert contract("BLAKE2F").gas(data) == rounds


@given(st.binary(max_size=128))
def test_blake2f_makes_blake2b(message: bytes) -> None:
    """One block of twelve rounds from the parameter block of a 64-byte digest is BLAKE2b."""
    state = struct.pack("<8Q", IV[0] ^ 0x0101_0000 ^ 64, *IV[1:])
    data = (12).to_bytes(4, "big") + state + message.ljust(128, b"\0") + struct.pack("<2Q", len(message), 0) + b"\x01"
    assert contract("BLAKE2F").run(data) == hashlib.blake2b(message).digest()


@pytest.mark.rule(
    "VM-precompile-sha256", "VM-precompile-ripemd160", "VM-precompile-identity", "VM-precompile-gas-by-words"
)
@given(st.binary(max_size=300))
def test_hashes(data: bytes) -> None:
    assert contract("SHA256").run(data) == hashlib.sha256(data).digest()
    assert contract("ID").run(data) == data
    ripemd = contract("RIPEMD160").run(data)
    assert ripemd is not None and len(ripemd) == 32 and ripemd[:12] == bytes(12)
    if "ripemd160" in hashlib.algorithms_available:
        assert ripemd[12:] == hashlib.new("ripemd160", data).digest()
    begun = len(range(0, len(data), 32))
    prices = {"SHA256": 60 + 12 * begun, "RIPEMD160": 600 + 120 * begun, "ID": 15 + 3 * begun}
    assert {name: contract(name).gas(data) for name in prices} == prices


# --- KZG ------------------------------------------------------------------------------------------------------------


def constant_blob(value: int) -> bytes:
    return value.to_bytes(32, "big") * kzg.FIELD_ELEMENTS_PER_BLOB


@pytest.mark.rule("PRIM-kzg-verify-proof", "VM-precompile-point-evaluation", "PRIM-kzg-versioned-hash")
@given(st.integers(0, kzg.FIELD_MODULUS - 1), st.integers(0, kzg.FIELD_MODULUS - 1), st.integers(0, 2**20))
@settings(max_examples=20)
def test_a_constant_polynomial_is_itself_everywhere(value: int, z: int, shift: int) -> None:
    """The commitment to a constant is the constant times the generator, and the quotient is zero."""
    commitment = bls.g1_msm([G1Point()], [value]).to_compressed_bytes()
    infinity = b"\xc0" + bytes(47)
    point = z.to_bytes(32, "big")
    assert kzg.verify_proof(commitment, point, value.to_bytes(32, "big"), infinity)
    other = (value + 1 + shift) % kzg.FIELD_MODULUS
    assert not kzg.verify_proof(commitment, point, other.to_bytes(32, "big"), infinity)
    assert kzg.verify_blob_proof(constant_blob(value), commitment, infinity)
    assert not kzg.verify_blob_proof(constant_blob(other), commitment, infinity)
    hashed = b"\x01" + hashlib.sha256(commitment).digest()[1:]
    call = hashed + point + value.to_bytes(32, "big") + commitment + infinity
    assert contract("KZG_POINT_EVALUATION").run(call) == words(4096, bls.ORDER)
    wrong_version = b"\x02" + call[1:]
    assert contract("KZG_POINT_EVALUATION").run(wrong_version) is None


@pytest.mark.rule("PRIM-kzg-blob-elements")
@given(st.lists(st.integers(0, kzg.FIELD_MODULUS - 1), min_size=1, max_size=8), st.integers(0, 4095))
@settings(max_examples=10)
def test_evaluation_over_the_domain_and_outside(values: list[int], index: int) -> None:
    """A polynomial given by coefficients has the value that its coefficients say, on the domain and elsewhere."""

    def value(z: int) -> int:
        total = 0
        for coefficient in reversed(values):
            total = (total * z + coefficient) % kzg.FIELD_MODULUS
        return total

    over_domain = [value(int(root)) for root in kzg.DOMAIN]
    assert kzg.evaluate(over_domain, 123_456_789) == value(123_456_789)
    assert kzg.evaluate(over_domain, int(kzg.DOMAIN[index])) == over_domain[index]


@given(st.binary(max_size=64) | st.just(b"\xc0" + bytes(47)), st.binary(max_size=40), st.binary(max_size=40))
@example(b"\xff" * 48, bytes(32), bytes(32))
def test_proof_verification_is_total(point: bytes, z: bytes, y: bytes) -> None:
    try:
        assert isinstance(kzg.verify_proof(point, z, y, point), bool)
    except kzg.KzgInputError as refused:
        assert refused.reason in ("bad-length", "not-reduced", "not-a-g1-point")
