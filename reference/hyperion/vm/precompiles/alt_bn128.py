"""0x06 to 0x08: addition, multiplication and pairing check on BN254. Source: EIP-196, EIP-197; prices EIP-1108."""

from typing import Final

from hyperion.primitives import bn254
from hyperion.primitives.curve import PointError
from hyperion.rules import rule
from hyperion.vm.precompile import Precompile, read_int

ADD_GAS: Final = 150
MUL_GAS: Final = 6_000
PAIRING_BASE_GAS: Final = 45_000
PAIRING_GAS: Final = 34_000
"""Gas of each pair, beside the base."""
PAIR_BYTES: Final = 192


def _g1(data: bytes, start: int) -> bn254.G1:
    return bn254.g1(read_int(data, start, 32), read_int(data, start + 32, 32))


def _g2(data: bytes, start: int) -> bn254.G2:
    """A point of G2 in 128 bytes, each coordinate with the imaginary part first."""
    x_imaginary, x_real, y_imaginary, y_real = (read_int(data, start + 32 * k, 32) for k in range(4))
    return bn254.g2((x_real, x_imaginary), (y_real, y_imaginary))


def _encoded(point: bn254.G1) -> bytes:
    return b"".join(c.to_bytes(32, "big") for c in bn254.g1_coordinates(point))


@rule("VM-precompile-bn254-add", "BN254_ADD gives the sum of two points, or fails if one is not on the curve.")
def add(data: bytes) -> bytes | None:
    """The 64-byte sum of two 64-byte points; short input reads as zero, long input is cut."""
    try:
        return _encoded(bn254.g1_add(_g1(data, 0), _g1(data, 64)))
    except PointError:
        return None


@rule("VM-precompile-bn254-mul", "BN254_MUL gives a point times a 256-bit scalar, or fails if it is not on the curve.")
def multiply(data: bytes) -> bytes | None:
    """The 64-byte product of a 64-byte point and a 32-byte scalar; short input reads as zero, long input is cut."""
    try:
        return _encoded(bn254.g1_multiply(_g1(data, 0), read_int(data, 64, 32)))
    except PointError:
        return None


@rule("VM-precompile-bn254-pairing-gas", "BN254_PAIRING costs 45000 gas and 34000 for each whole pair of its input.")
def pairing_gas(data: bytes) -> int:
    """The price in gas (EIP-1108)."""
    return PAIRING_BASE_GAS + PAIRING_GAS * (len(data) // PAIR_BYTES)


@rule("VM-precompile-bn254-pairing", "BN254_PAIRING says whether the product of pairings is one; bad points fail.")
def pairing(data: bytes) -> bytes | None:
    """The word 1 or 0 for pairs of 192 bytes, a point of G1 and a point of G2 each; no pairs give 1.

    Fails for a length that is not whole pairs and for a point outside its group.
    """
    if len(data) % PAIR_BYTES != 0:
        return None
    try:
        pairs = [(_g1(data, start), _g2(data, start + 64)) for start in range(0, len(data), PAIR_BYTES)]
    except PointError:
        return None
    return bn254.pairing_check(pairs).to_bytes(32, "big")


PRECOMPILES: Final = (
    Precompile(0x06, "BN254_ADD", lambda data: ADD_GAS, add, since=None, until=None),
    Precompile(0x07, "BN254_MUL", lambda data: MUL_GAS, multiply, since=None, until=None),
    Precompile(0x08, "BN254_PAIRING", pairing_gas, pairing, since=None, until=None),
)
