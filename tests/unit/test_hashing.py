"""Keccak-256 against its definition, written out readably here, and against published values."""

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hyperion.primitives.hashing import EMPTY_CODE_HASH, EMPTY_LIST_HASH, EMPTY_TRIE_ROOT, keccak256

RATE_BYTES = 136  # 1600 bits of state less a capacity of 512

# Rho: by how many bits lane (x, y) is rotated; row y, column x. Source: the Keccak reference, table 2.1.
ROTATIONS = (
    (0, 1, 62, 28, 27),
    (36, 44, 6, 55, 20),
    (3, 10, 43, 25, 39),
    (41, 45, 15, 21, 8),
    (18, 2, 61, 56, 14),
)


def round_constants() -> list[int]:
    """Iota: bit 2**j - 1 of round i's constant is output 7 i + j of the shift register x^8 + x^6 + x^5 + x^4 + 1."""
    register, constants = 1, []
    for _ in range(24):
        constant = 0
        for j in range(7):
            constant |= (register & 1) << (2**j - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return constants


def rotate(lane: int, by: int) -> int:
    return (lane << by | lane >> (64 - by)) & (2**64 - 1)


def permute(lanes: list[list[int]], rotations: Sequence[Sequence[int]]) -> list[list[int]]:
    """Keccak-f[1600] on 25 lanes of 64 bits, ``lanes[y][x]``."""
    five = range(5)
    for constant in round_constants():
        parity = [lanes[0][x] ^ lanes[1][x] ^ lanes[2][x] ^ lanes[3][x] ^ lanes[4][x] for x in five]
        theta = [parity[x - 1] ^ rotate(parity[(x + 1) % 5], 1) for x in five]
        moved = [[0] * 5 for _ in five]
        for y in five:
            for x in five:
                moved[(2 * x + 3 * y) % 5][y] = rotate(lanes[y][x] ^ theta[x], rotations[y][x])
        lanes = [[row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]) for x in five] for row in moved]
        lanes[0][0] ^= constant
    return lanes


def sponge(data: bytes, suffix: int = 0x01, rotations: Sequence[Sequence[int]] = ROTATIONS) -> bytes:
    """The 32-byte hash; ``suffix`` is the first padding byte, 0x01 for Keccak and 0x06 for SHA3."""
    padding = bytearray(RATE_BYTES - len(data) % RATE_BYTES)
    padding[0] |= suffix
    padding[-1] |= 0x80
    padded = data + padding
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), RATE_BYTES):
        for i in range(RATE_BYTES // 8):
            lanes[i // 5][i % 5] ^= int.from_bytes(padded[start + 8 * i : start + 8 * i + 8], "little")
        lanes = permute(lanes, rotations)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[0][:4])


# One block boundary on each side: the padding is a single byte, a whole block, or split.
BOUNDARIES = [bytes(range(256))[:n] for n in (0, 1, 31, 32, 33, 135, 136, 137)] + [bytes(range(137)) * 2]


def agrees_with(definition: Callable[[bytes], bytes], hashed: Callable[[bytes], bytes]) -> bool:
    return all(definition(data) == hashed(data) for data in BOUNDARIES)


@pytest.mark.rule("PRIM-keccak256")
def test_keccak_is_its_definition() -> None:
    assert agrees_with(sponge, keccak256)


@pytest.mark.rule("PRIM-keccak256")
@given(st.binary(max_size=600))
@example(b"")
def test_keccak_is_its_definition_on_any_bytes(data: bytes) -> None:
    assert keccak256(data) == sponge(data)


def test_the_definition_is_held_against_a_third_party_too() -> None:
    """With NIST's suffix the same sponge is the standard library's SHA3-256."""
    assert agrees_with(lambda data: sponge(data, suffix=0x06), lambda data: hashlib.sha3_256(data).digest())


@pytest.mark.rule("PRIM-keccak256")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (b"transfer(address,uint256)", "a9059cbb2ab09eb219583f4a59a5d0623ade346d962bcd4e46b11da047c9049b"),
    ],
)
def test_published_values(text: bytes, expected: str) -> None:
    assert keccak256(text).hex() == expected


@pytest.mark.rule("PRIM-keccak256")
def test_hashes_of_the_empty_things() -> None:
    """Values as they stand in every block and account on Ethereum."""
    assert EMPTY_CODE_HASH.hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert EMPTY_TRIE_ROOT.hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert EMPTY_LIST_HASH.hex() == "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"


@pytest.mark.parametrize("y", range(5))
@pytest.mark.parametrize("x", range(5))
def test_control_a_broken_rotation_is_caught(x: int, y: int) -> None:
    broken = [list(row) for row in ROTATIONS]
    broken[y][x] ^= 1
    assert not agrees_with(lambda data: sponge(data, rotations=broken), keccak256)


def test_control_the_other_padding_is_caught() -> None:
    assert not agrees_with(sponge, lambda data: hashlib.sha3_256(data).digest())
