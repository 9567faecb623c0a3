"""0x09: the compression function of BLAKE2b, one gas a round. Source: EIP-152."""

from struct import unpack
from typing import Final

from hyperion.primitives import blake2
from hyperion.rules import rule
from hyperion.vm.precompile import Precompile, read_int

INPUT_BYTES: Final = 213
LAYOUT: Final = "<8Q16Q2QB"
"""After four big-endian bytes of rounds: state, block, offset as little-endian words, and the flag."""


@rule("VM-precompile-blake2f-gas", "BLAKE2F costs one gas a round.")
def gas(data: bytes) -> int:
    """The number of rounds, below 2**32; 0 for input of a wrong length, which then fails."""
    return read_int(data, 0, 4) if len(data) == INPUT_BYTES else 0


@rule("VM-precompile-blake2f", "BLAKE2F gives the next state, or fails for a wrong length or a flag beside 0 and 1.")
def blake2f(data: bytes) -> bytes | None:
    """The 64-byte state after the rounds that the 213-byte input asks for."""
    if len(data) != INPUT_BYTES or data[-1] not in (0, 1):
        return None
    words = unpack(LAYOUT, data[4:])
    return blake2.compress(read_int(data, 0, 4), words[:8], words[8:24], (words[24], words[25]), data[-1] == 1)


PRECOMPILES: Final = (Precompile(0x09, "BLAKE2F", gas, blake2f, since=None, until=None),)
