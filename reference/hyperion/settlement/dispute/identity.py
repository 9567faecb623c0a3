"""Names of edges: what two edges share when they contradict each other, and what only equal edges share.

All names come from ``identity``, which is injective as long as the hash has no collision; a proof replaces it by a
function that is injective outright. On an L1 it is ``keccak256(abi.encode(...))`` of 32-byte words.
"""

from typing import Final, TypeAlias

from hyperion.primitives.hashing import HASH_BYTES, keccak256
from hyperion.rules import rule

Hash: TypeAlias = bytes
"""32 bytes: a root of a history, a state, or a name made here."""

MUTUAL: Final = 1
EDGE: Final = 2


def identity(kind: int, *parts: int | Hash) -> Hash:
    """A name that no other kind and parts have: integers below 2**256 and hashes, each as a word of 32 bytes."""
    return keccak256(words_of(kind, *parts))


def words_of(*parts: int | Hash) -> bytes:
    """The words that a name is the hash of."""
    return b"".join(part if isinstance(part, bytes) else part.to_bytes(HASH_BYTES, "big") for part in parts)


@rule("DIS-mutual-id", "Edges are rivals if they agree on level, origin, start height, start root and end height.")
def mutual_id(level: int, origin: Hash, start_height: int, start_root: Hash, end_height: int) -> Hash:
    """The name that rivals share: same question, same start, same length, so at most one of their ends is right."""
    return identity(MUTUAL, level, origin, start_height, start_root, end_height)


@rule("DIS-edge-id", "An edge is named by the question that it answers and by its answer, and by nothing else.")
def edge_id(mutual: Hash, end_root: Hash) -> Hash:
    """The name of an edge. Who made it and when is no part of it: the same edge made twice is one edge."""
    return identity(EDGE, mutual, end_root)
