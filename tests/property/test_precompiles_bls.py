"""BLS12-381 against py_ecc, its pairing against bilinearity, and membership at points outside of the subgroups."""


import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_ecc.bls.hash_to_curve import clear_cofactor_G1, clear_cofactor_G2, map_to_curve_G1, map_to_curve_G2
from py_ecc.fields import optimized_bls12_381_FQ as BlsFq
from py_ecc.fields import optimized_bls12_381_FQ2 as BlsFq2
from py_ecc.optimized_bls12_381 import optimized_curve as bls_oracle

from hyperion.primitives import bls12_381 as bls
from hyperion.primitives.curve import PointError
from tests.support.precompiles import contract, square_root, words

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
