"""BN254 against chords and tangents over Python's integers, and its pairing against bilinearity."""

from collections.abc import Callable, Sequence
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_ecc.fields import optimized_bn128_FQ12 as BnFq12
from py_ecc.optimized_bn128.optimized_pairing import pairing as bn_pairing

from hyperion.primitives import bn254
from tests.support.precompiles import Affine, affine_add, affine_multiply, contract, edge_words, square_root, words

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
