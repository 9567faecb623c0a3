"""Keccak-256, the one hash function of the execution layer, and the hashes of the empty things.

Ethereum's Keccak is the competition submission with capacity 512 and the padding ``10*1``; NIST's SHA3-256 pads
differently and gives other values. Source: Yellow Paper §3 (``KEC``); the Keccak reference, version 3.0.
"""

from typing import Final

from sha3 import keccak_256

from hyperion.rules import rule

HASH_BYTES: Final = 32
"""Length of a hash in bytes."""


@rule("PRIM-keccak256", "A hash of the execution layer is Keccak-256 with the original padding, not NIST's SHA3-256.")
def keccak256(data: bytes) -> bytes:
    """The 32-byte Keccak-256 hash of ``data``.

    The permutation is a compiled library's; the readable definition that it is held against stands in the tests.
    """
    digest: bytes = keccak_256(data).digest()
    return digest


EMPTY_CODE_HASH: Final = keccak256(b"")
"""The code hash of an account without code."""

EMPTY_TRIE_ROOT: Final = keccak256(b"\x80")
"""The root of a trie without entries: the hash of the RLP of the empty byte string (Yellow Paper, appendix D)."""

EMPTY_LIST_HASH: Final = keccak256(b"\xc0")
"""The hash of the RLP of the empty list: the ommers hash of every block since the merge (EIP-3675)."""
