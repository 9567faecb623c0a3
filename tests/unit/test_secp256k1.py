"""secp256k1 against py_ecc, an implementation in plain Python that shares no code with ours."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.secp256k1 import secp256k1 as oracle

from hyperion.primitives.hashing import keccak256
from hyperion.primitives.secp256k1 import (
    HALF_ORDER,
    ORDER,
    SignatureInputError,
    address_of,
    is_in_range,
    is_low_s,
    public_key_of,
    recover,
    sign,
)

FIELD = 2**256 - 2**32 - 977
secrets = st.one_of(st.sampled_from([1, 2, ORDER - 1, HALF_ORDER]), st.integers(1, ORDER - 1))
hashes = st.binary(min_size=32, max_size=32)
scalars = st.one_of(
    st.sampled_from([0, 1, 2, HALF_ORDER, HALF_ORDER + 1, ORDER - 1, ORDER, ORDER + 1, FIELD - 1, FIELD, 2**256 - 1]),
    st.integers(0, 2**256 - 1),
)


def point_bytes(point: Any) -> bytes:
    x, y = point
    return int(x).to_bytes(32, "big") + int(y).to_bytes(32, "big")


def square_root_exists(r: int) -> bool:
    """Whether a point of the curve y**2 = x**3 + 7 has x = ``r``."""
    return pow(r**3 + 7, (FIELD - 1) // 2, FIELD) == 1


def oracle_recover(message_hash: bytes, y_parity: int, r: int, s: int) -> bytes | None:
    """The key by the textbook formula Q = (s R - z G) / r on the oracle's points."""
    if y_parity not in (0, 1) or not 0 < r < ORDER or not 0 < s < ORDER or not square_root_exists(r):
        return None
    y = pow(r**3 + 7, (FIELD + 1) // 4, FIELD)
    y = y if y % 2 == y_parity else FIELD - y
    z = int.from_bytes(message_hash, "big")
    inverse = pow(r, -1, ORDER)
    first = oracle.multiply((r, y), s * inverse % ORDER)
    second = oracle.multiply(oracle.G, -z * inverse % ORDER)
    key = oracle.add(first, second)
    return None if key == (0, 0) else point_bytes(key)


@pytest.mark.rule("PRIM-signature-recover", "PRIM-signature-low-s")
@settings(max_examples=25)
@given(hashes, secrets)
def test_signing_is_the_oracles_and_recovers(message_hash: bytes, secret: int) -> None:
    y_parity, r, s = sign(message_hash, secret)
    v, oracle_r, oracle_s = oracle.ecdsa_raw_sign(message_hash, secret.to_bytes(32, "big"))
    assert (y_parity + 27, r, s) == (v, oracle_r, oracle_s)
    assert is_low_s(s)
    assert recover(message_hash, y_parity, r, s) == public_key_of(secret)
    assert public_key_of(secret) == point_bytes(oracle.privtopub(secret.to_bytes(32, "big")))


@pytest.mark.rule("PRIM-signature-recover", "PRIM-signature-range")
@settings(max_examples=60)
@given(hashes, st.integers(-1, 4), scalars, scalars)
def test_recovery_of_any_numbers_is_the_oracles(message_hash: bytes, y_parity: int, r: int, s: int) -> None:
    assert recover(message_hash, y_parity, r, s) == oracle_recover(message_hash, y_parity, r, s)


@pytest.mark.rule("PRIM-signature-recover")
def test_the_twin_signature_recovers_the_same_key() -> None:
    """With ``order - s`` and the other parity the key is the same: hence EIP-2."""
    message_hash = keccak256(b"malleable")
    y_parity, r, s = sign(message_hash, 7)
    assert recover(message_hash, 1 - y_parity, r, ORDER - s) == public_key_of(7)
    assert is_low_s(s) and not is_low_s(ORDER - s)


@pytest.mark.rule("PRIM-signature-recover")
def test_the_point_at_infinity_is_no_key() -> None:
    """With R = G and s = z the formula gives (s R - z G) / r = 0."""
    message_hash = keccak256(b"infinity")
    generator_x, generator_y = (int(c) for c in oracle.G)
    s = int.from_bytes(message_hash, "big") % ORDER
    assert recover(message_hash, generator_y % 2, generator_x, s) is None
    assert recover(message_hash, 1 - generator_y % 2, generator_x, s) is not None


@pytest.mark.rule("PRIM-address-of-key")
@pytest.mark.parametrize(
    ("secret", "address"),
    [
        (1, 0x7E5F4552091A69125D5DFCB7B8C2659029395BDF),
        (
            0x45A915E4D060149EB4365960E6A7A45F334393093061116B197E3240065FF2D8,
            0xA94F5374FCE5EDBC8E2A8697C15331677E6EBF0B,
        ),
    ],
)
def test_published_addresses(secret: int, address: int) -> None:
    assert address_of(public_key_of(secret)) == address


@pytest.mark.rule("PRIM-signature-low-s")
def test_the_border_of_low_s() -> None:
    assert is_low_s(0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0)
    assert not is_low_s(0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A1)


@pytest.mark.rule("PRIM-signature-range")
@pytest.mark.parametrize(
    ("y_parity", "r", "s", "in_range"),
    [(0, 1, 1, True), (1, ORDER - 1, ORDER - 1, True), (2, 1, 1, False), (-1, 1, 1, False), (0, 0, 1, False),
     (0, 1, 0, False), (0, ORDER, 1, False), (0, 1, ORDER, False)],
)  # fmt: skip
def test_range(y_parity: int, r: int, s: int, in_range: bool) -> None:
    assert is_in_range(y_parity, r, s) is in_range


def test_arguments_that_no_caller_may_pass() -> None:
    for call, field in (
        (lambda: recover(b"", 0, 1, 1), "message_hash"),
        (lambda: sign(b"\x00" * 31, 1), "message_hash"),
        (lambda: sign(b"\x00" * 32, 0), "secret"),
        (lambda: public_key_of(ORDER), "secret"),
        (lambda: address_of(b"\x04" * 65), "public_key"),
    ):
        with pytest.raises(SignatureInputError) as refused:
            call()
        assert refused.value.field == field


def test_control_ignoring_the_parity_is_caught() -> None:
    """Recovery with a fixed parity gives another key for one of two signatures."""
    wrong = 0
    for secret in range(1, 9):
        message_hash = keccak256(bytes((secret,)))
        _, r, s = sign(message_hash, secret)
        wrong += recover(message_hash, 0, r, s) != public_key_of(secret)
    assert 0 < wrong < 8
