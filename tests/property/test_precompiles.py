"""Totality of the precompiled contracts, and signatures and hashes against second derivations.

On any bytes, each has a price, and each whose price is small gives bytes or fails, and nothing else. Signatures are
checked with py_ecc and with chords and tangents, hashes with Python's own and with the text of the RFC.
"""

import hashlib
import struct
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_ecc.secp256k1.secp256k1 import ecdsa_raw_recover, ecdsa_raw_sign

from hyperion.primitives import p256
from hyperion.primitives.hashing import keccak256
from hyperion.vm.precompile import Precompile
from hyperion.vm.precompiles import PRECOMPILES
from tests.support.precompiles import affine_multiply, contract, edge_words, words

AFFORDABLE: Final = 300_000
"""Gas up to which a fuzzed precompile is also run."""


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
