"""Compression functions of hashes, one block at a time: what a micro step of a long hash does.

The whole hashes are compiled libraries' (``hyperion.primitives``); these are what goes on inside them, so that work on
an input of any length can be cut. They are held against the libraries in the tests. Sources: the Keccak reference 3.0;
FIPS 180-4; Dobbertin, Bosselaers, Preneel, "RIPEMD-160" (1996); RFC 7693 for BLAKE2b.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from struct import pack, unpack
from typing import Final

import attrs

M32: Final = 2**32 - 1
M64: Final = 2**64 - 1
PRIMES: Final = tuple(n for n in range(2, 312) if all(n % divisor for divisor in range(2, isqrt(n) + 1)))
"""The first 64 primes: constants are digits of their roots."""


def cube_root(number: int) -> int:
    """The largest integer whose cube is at most ``number``."""
    low, high = 0, 1 << (number.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


def left32(word: int, count: int) -> int:
    """A word of 32 bits rotated to the left."""
    return (word << count | word >> 32 - count) & M32


def left64(word: int, count: int) -> int:
    """A word of 64 bits rotated to the left."""
    return (word << count | word >> 64 - count) & M64


# --- Keccak ----------------------------------------------------------------------------------------------------------

RATE: Final = 136
"""Bytes that a permutation takes in."""


def keccak_constants() -> tuple[int, ...]:
    """The 24 round constants: bits of a shift register at the places 2**j - 1."""
    register, constants = 1, []
    for _ in range(24):
        constant = 0
        for power in range(7):
            constant |= (register & 1) << (2**power - 1)
            register = register << 1 ^ (register >> 7) * 0x171
        constants.append(constant)
    return tuple(constants)


def keccak_walk() -> tuple[tuple[int, int], ...]:
    """Where each lane but the first goes, lane x + 5 y, and by how much it is rotated on the way."""
    x, y, walk = 1, 0, []
    for count in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        walk.append((x + 5 * y, (count + 1) * (count + 2) // 2 % 64))
    return tuple(walk)


KECCAK_CONSTANTS: Final = keccak_constants()
KECCAK_WALK: Final = keccak_walk()


def keccak_f(lanes: Sequence[int]) -> list[int]:
    """The permutation Keccak-f[1600] on 25 lanes of 64 bits."""
    state = list(lanes)
    for constant in KECCAK_CONSTANTS:
        columns = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        mixed = [columns[x - 1] ^ left64(columns[(x + 1) % 5], 1) for x in range(5)]
        state = [lane ^ mixed[at % 5] for at, lane in enumerate(state)]
        carried = state[1]
        for place, count in KECCAK_WALK:
            carried, state[place] = state[place], left64(carried, count)
        state = [state[at] ^ ~state[at - at % 5 + (at + 1) % 5] & state[at - at % 5 + (at + 2) % 5] for at in range(25)]
        state[0] ^= constant
    return state


def absorb(state: bytes, block: bytes) -> bytes:
    """The 200 bytes of state after a block of ``RATE`` bytes."""
    lanes = [lane ^ taken for lane, taken in zip(unpack("<25Q", state), unpack("<25Q", block + bytes(64)), strict=True)]
    return pack("<25Q", *keccak_f(lanes))


# --- SHA-256 ---------------------------------------------------------------------------------------------------------

SHA256_START: Final = pack(">8I", *(isqrt(prime << 64) & M32 for prime in PRIMES[:8]))
SHA256_CONSTANTS: Final = tuple(cube_root(prime << 96) & M32 for prime in PRIMES)


def right32(word: int, *counts: int) -> int:
    """The sum without carry of a word rotated to the right by three counts; a negative one shifts."""
    total = 0
    for count in counts:
        total ^= word >> -count if count < 0 else left32(word, 32 - count)
    return total


def sha256_block(state: bytes, block: bytes) -> bytes:
    """The 32 bytes of state after a block of 64."""
    schedule = list(unpack(">16I", block))
    for at in range(16, 64):
        early, late = right32(schedule[at - 15], 7, 18, -3), right32(schedule[at - 2], 17, 19, -10)
        schedule.append((schedule[at - 16] + early + schedule[at - 7] + late) & M32)
    before = unpack(">8I", state)
    a, b, c, d, e, f, g, h = before
    for constant, word in zip(SHA256_CONSTANTS, schedule, strict=True):
        first = h + right32(e, 6, 11, 25) + (e & f ^ ~e & g) + constant + word
        second = right32(a, 2, 13, 22) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (first + second) & M32, a, b, c, (d + first) & M32, e, f, g
    return pack(">8I", *((x + y) & M32 for x, y in zip(before, (a, b, c, d, e, f, g, h), strict=True)))


# --- RIPEMD-160 ------------------------------------------------------------------------------------------------------

RIPEMD_START: Final = pack("<5I", 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
RIPEMD_ORDER: Final = (7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8)
RIPEMD_SHIFTS: Final = (
    (11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8),
    (12, 13, 11, 15, 6, 9, 9, 7, 12, 15, 11, 13, 7, 8, 7, 7),
    (13, 15, 14, 11, 7, 7, 6, 8, 13, 14, 13, 12, 5, 5, 6, 9),
    (14, 11, 12, 14, 8, 6, 5, 5, 15, 12, 15, 14, 9, 9, 8, 6),
    (15, 12, 13, 13, 9, 5, 8, 6, 14, 11, 12, 11, 8, 6, 5, 5),
)
"""By round and by word of the block; both lines use the same."""
RIPEMD_LEFT: Final = (0, *(isqrt(number << 60) for number in (2, 3, 5, 7)))
RIPEMD_RIGHT: Final = (*(cube_root(number << 90) for number in (2, 3, 5, 7)), 0)


def ripemd_mix(which: int, x: int, y: int, z: int) -> int:
    """The function of round ``which`` of the left line; the right line has them in reverse."""
    match which:
        case 0:
            return x ^ y ^ z
        case 1:
            return x & y | ~x & z
        case 2:
            return (x | ~y) ^ z
        case 3:
            return x & z | y & ~z
    return x ^ (y | ~z)


def ripemd_line(state: tuple[int, ...], words: tuple[int, ...], is_right: bool) -> tuple[int, ...]:
    """Five rounds of 16 operations: one of the two lines."""
    a, b, c, d, e = state
    order = [(9 * at + 5) % 16 for at in range(16)] if is_right else list(range(16))
    for which in range(5):
        constant = (RIPEMD_RIGHT if is_right else RIPEMD_LEFT)[which]
        for at in order:
            mixed = a + ripemd_mix(4 - which if is_right else which, b, c, d) + words[at] + constant
            a, b, c, d, e = e, (left32(mixed & M32, RIPEMD_SHIFTS[which][at]) + e) & M32, b, left32(c, 10), d
        order = [RIPEMD_ORDER[at] for at in order]
    return a, b, c, d, e


def ripemd160_block(state: bytes, block: bytes) -> bytes:
    """The 20 bytes of state after a block of 64."""
    before, words = unpack("<5I", state), unpack("<16I", block)
    left, right = ripemd_line(before, words, False), ripemd_line(before, words, True)
    sums = [before[(at + 1) % 5] + left[(at + 2) % 5] + right[(at + 3) % 5] for at in range(5)]
    return pack("<5I", *(total & M32 for total in sums))


# --- BLAKE2b ---------------------------------------------------------------------------------------------------------

BLAKE2_START: Final = tuple(isqrt(prime << 128) & M64 for prime in PRIMES[:8])
BLAKE2_ORDERS: Final = tuple(
    tuple(int(digit, 16) for digit in row)
    for row in (
        "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
        "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
    )
)  # fmt: skip
"""Which word of the block goes where, by the number of the round modulo 10."""
BLAKE2_QUARTERS: Final = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip


def blake2_begin(state: Sequence[int], offset: tuple[int, int], is_final: bool) -> tuple[int, ...]:
    """The 16 words on which the rounds work."""
    start = BLAKE2_START
    last = start[6] ^ (M64 if is_final else 0)
    return (*state, *start[:4], start[4] ^ offset[0], start[5] ^ offset[1], last, start[7])


def blake2_round(words: Sequence[int], block: Sequence[int], number: int) -> tuple[int, ...]:
    """The 16 words after round ``number``, counted from 0."""
    v, order = list(words), BLAKE2_ORDERS[number % 10]
    for quarter, (a, b, c, d) in enumerate(BLAKE2_QUARTERS):
        for half, (by_d, by_b) in enumerate(((32, 24), (16, 63))):
            v[a] = v[a] + v[b] + block[order[2 * quarter + half]] & M64
            v[d] = left64(v[d] ^ v[a], 64 - by_d)
            v[c] = v[c] + v[d] & M64
            v[b] = left64(v[b] ^ v[c], 64 - by_b)
    return tuple(v)


def blake2_end(state: Sequence[int], words: Sequence[int]) -> bytes:
    """The 64 bytes of the next state."""
    return pack("<8Q", *(state[at] ^ words[at] ^ words[at + 8] for at in range(8)))


# --- hashes of any length --------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Chain:
    """A hash as a chain of blocks: where it starts, what a block does, how input is padded, how it ends."""

    start: bytes
    block: int
    """Bytes."""
    compress: Callable[[bytes, bytes], bytes]
    padding: Callable[[int], bytes]
    """What follows an input of a length, so that the whole is blocks."""
    finish: Callable[[bytes], bytes]
    """The 32 bytes of the result."""


def keccak_padding(length: int) -> bytes:
    """A one bit, zeros, a one bit; they may be in one byte."""
    count = RATE - length % RATE
    return b"\x81" if count == 1 else b"\x01" + bytes(count - 2) + b"\x80"


def length_padding(form: str) -> Callable[[int], bytes]:
    """A one bit, zeros, and the length in bits in 8 bytes."""
    return lambda length: b"\x80" + bytes((55 - length) % 64) + pack(form, 8 * length)


CHAINS: Final = {
    "keccak256": Chain(bytes(200), RATE, absorb, keccak_padding, lambda state: state[:32]),
    "sha256": Chain(SHA256_START, 64, sha256_block, length_padding(">Q"), lambda state: state),
    "ripemd160": Chain(RIPEMD_START, 64, ripemd160_block, length_padding("<Q"), lambda state: state.rjust(32, b"\0")),
}
