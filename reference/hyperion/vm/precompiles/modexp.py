"""0x05: modular exponentiation of integers of any length, with two price lists and, from Osaka on, a longest length.

The input is three lengths of 32 bytes, then base, exponent and modulus. Lengths may be anything below 2**256, so the
price is computed on integers and 32 bytes of exponent only. Source: EIP-198; EIP-2565 (price of Berlin); EIP-7883
(price of Osaka); EIP-7823 (longest length).
"""

from typing import Final, NamedTuple

from gmpy2 import powmod

from hyperion.rules import rule
from hyperion.vm.fork import Eip
from hyperion.vm.precompile import Precompile, read_int

HEADER_BYTES: Final = 96
LONGEST: Final = 1_024
"""Bytes that base, exponent and modulus may each have from EIP-7823 on."""


class Lengths(NamedTuple):
    """The declared lengths in bytes, each below 2**256."""

    base: int
    exponent: int
    modulus: int


def lengths_of(data: bytes) -> Lengths:
    """The three lengths that the input declares."""
    return Lengths(read_int(data, 0, 32), read_int(data, 32, 32), read_int(data, 64, 32))


def exponent_bits(data: bytes, lengths: Lengths, bits_per_byte: int) -> int:
    """What stands for the exponent's length in bits in the price: exact for 32 bytes, then by the byte; at least 1."""
    head = read_int(data, HEADER_BYTES + lengths.base, min(lengths.exponent, 32))
    return max(1, bits_per_byte * max(0, lengths.exponent - 32) + max(0, head.bit_length() - 1))


def words(lengths: Lengths) -> int:
    """Words of 8 bytes, begun ones counted, of the longer of base and modulus."""
    return (max(lengths.base, lengths.modulus) + 7) // 8


@rule("VM-precompile-modexp-gas-2565", "MODEXP costs a third of words squared times exponent bits, at least 200 gas.")
def gas_2565(data: bytes) -> int:
    """The price from Berlin to Prague (EIP-2565); exponent bytes after the 32nd count 8 bits each."""
    lengths = lengths_of(data)
    return max(200, words(lengths) ** 2 * exponent_bits(data, lengths, 8) // 3)


@rule("VM-precompile-modexp-gas-7883", "From Osaka, MODEXP costs multiplication complexity times bits, at least 500.")
def gas_7883(data: bytes) -> int:
    """The price from Osaka on (EIP-7883); exponent bytes after the 32nd count 16 bits each.

    Complexity is 16 for lengths up to 32 bytes, else twice the words squared.
    """
    lengths = lengths_of(data)
    complexity = 16 if max(lengths.base, lengths.modulus) <= 32 else 2 * words(lengths) ** 2
    return max(500, complexity * exponent_bits(data, lengths, 16))


@rule("VM-precompile-modexp", "MODEXP gives base to the exponent modulo the modulus, in the modulus's length.")
def modexp(data: bytes) -> bytes | None:
    """The power in ``lengths.modulus`` bytes, zero for modulus 0. Never fails.

    If base and modulus are both empty, so is the output, whatever the exponent: the only case in which a length that
    nobody paid for is declared.
    """
    lengths = lengths_of(data)
    if lengths.base == lengths.modulus == 0:
        return b""
    exponent_start = HEADER_BYTES + lengths.base
    modulus = read_int(data, exponent_start + lengths.exponent, lengths.modulus)
    if modulus == 0:
        return bytes(lengths.modulus)
    base = read_int(data, HEADER_BYTES, lengths.base)
    exponent = read_int(data, exponent_start, lengths.exponent)
    return int(powmod(base, exponent, modulus)).to_bytes(lengths.modulus, "big")


@rule("VM-precompile-modexp-bounds", "From Osaka, MODEXP fails if a declared length is above 1024 bytes.")
def bounded_modexp(data: bytes) -> bytes | None:
    """As ``modexp``, but None if a length is above ``LONGEST`` (EIP-7823)."""
    return None if max(lengths_of(data)) > LONGEST else modexp(data)


PRECOMPILES: Final = (
    Precompile(0x05, "MODEXP", gas_2565, modexp, since=None, until=Eip.MODEXP_GAS),
    Precompile(0x05, "MODEXP", gas_7883, bounded_modexp, since=Eip.MODEXP_GAS, until=None),
)
