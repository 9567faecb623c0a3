"""KZG commitments: polynomials whose values and proofs are known without the setup."""

import hashlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point

from hyperion.primitives import bls12_381 as bls
from hyperion.primitives import kzg
from tests.support.precompiles import contract, words


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
