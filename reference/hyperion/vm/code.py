"""Code: where it may be jumped to, its padded form, and delegation designators."""

import re
from functools import lru_cache
from typing import Final

import msgspec

from hyperion.primitives.word import Address
from hyperion.rules import rule

PADDING: Final = bytes(33)
"""What follows the code: the operand of a PUSH32 that is its last byte, and a STOP."""

DELEGATION_PREFIX: Final = b"\xef\x01\x00"
"""Code that begins so, and is 23 bytes long, stands for the code of the account named in it (EIP-7702)."""

INSTRUCTION_PATTERN: Final = re.compile(
    b"|".join([rb"(\x5b)", *(b"[%c].{%d}" % (0x5F + size, size) for size in range(1, 33)), rb"[^\x5b\x60-\x7f]+"]),
    re.DOTALL,
)
"""One JUMPDEST, one PUSH with its operand, or a run of other instructions."""


class Analysis(msgspec.Struct, frozen=True):
    """What a frame needs of its code."""

    program: bytes
    jump_destinations: frozenset[int]


@lru_cache(maxsize=1024)
@rule("VM-jump-destinations", "A jump goes to a byte 0x5B that is not part of the operand of a PUSH.")
def analyse(code: bytes) -> Analysis:
    """The padded program, and the offsets of all valid jump destinations (Yellow Paper, D_J). Memoised unobservably."""
    program = code + PADDING
    destinations = (match.start() for match in INSTRUCTION_PATTERN.finditer(program) if match.lastindex)
    return Analysis(program, frozenset(destinations) if b"\x5b" in code else frozenset())


@rule("VM-delegation-designator", "Code 0xef0100 followed by an address delegates to the code at that address.")
def delegate_of(code: bytes) -> Address | None:
    """The address that ``code`` delegates to; None if it is ordinary code (EIP-7702)."""
    if len(code) == 23 and code.startswith(DELEGATION_PREFIX):
        return int.from_bytes(code[3:], "big")
    return None


def delegation_to(address: Address) -> bytes:
    """The code that delegates to ``address``."""
    return DELEGATION_PREFIX + address.to_bytes(20, "big")
