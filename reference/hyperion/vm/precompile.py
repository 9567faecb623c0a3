"""What a precompiled contract is: a price and a function on bytes at a fixed address."""

from collections.abc import Callable, Set

import attrs

from hyperion.primitives.word import Address
from hyperion.vm.fork import Eip


@attrs.frozen
class Precompile:
    """A contract whose code is a rule of the protocol (Yellow Paper, appendix E)."""

    address: Address
    name: str
    gas: Callable[[bytes], int]
    """The price of an input, in gas. Cheap for any input, whatever lengths it declares: it is asked before payment."""
    run: Callable[[bytes], bytes | None]
    """The output for an input whose price was paid; None is failure, which takes all gas of the call."""
    since: Eip | None
    """The EIP that brings it; None if it is older than every fork here."""
    until: Eip | None
    """The EIP that replaces it by another at the same address; None if it stays."""

    def is_active(self, eips: Set[Eip]) -> bool:
        """Whether it is in force where exactly these EIPs are."""
        return (self.since is None or self.since in eips) and (self.until is None or self.until not in eips)


def read(data: bytes, start: int, length: int) -> bytes:
    """``length`` bytes from ``start``; beyond its end, input reads as zero. Any start; a length that was paid for."""
    return data[start : start + length].ljust(length, b"\0")


def read_int(data: bytes, start: int, length: int) -> int:
    """The big-endian integer of ``length`` bytes from ``start``; beyond its end, input reads as zero.

    Any start and length: nothing is allocated for what is only zeros in front of an end that is not there.
    """
    present = data[start : start + length]
    return int.from_bytes(present, "big") << 8 * (length - len(present))
