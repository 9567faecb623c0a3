"""The root of a trie by the Yellow Paper's own recursion (appendix D), on dictionaries of nibbles: slow and plain."""

from collections.abc import Mapping

from hyperion.primitives import rlp
from hyperion.primitives.hashing import keccak256

Nibbles = tuple[int, ...]


def hex_prefix(nibbles: Nibbles, terminates: bool) -> bytes:
    """HP (appendix C): flags and parity in the first nibble."""
    flag = 2 * terminates
    padded = (flag + 1, *nibbles) if len(nibbles) % 2 else (flag, 0, *nibbles)
    return bytes(16 * padded[i] + padded[i + 1] for i in range(0, len(padded), 2))


def composed(entries: Mapping[Nibbles, bytes], depth: int) -> rlp.Item:
    """The structural composition c: what the node over ``entries``, which agree up to ``depth``, consists of."""
    if len(entries) == 1:
        ((key, value),) = entries.items()
        return hex_prefix(key[depth:], True), value
    first = min(entries)
    shared = max(n for n in range(len(first) + 1) if all(key[:n] == first[:n] for key in entries))
    if shared > depth:
        return hex_prefix(first[depth:shared], False), capped(entries, shared)
    ways = [{key: v for key, v in entries.items() if len(key) > depth and key[depth] == digit} for digit in range(16)]
    return (*(capped(way, depth + 1) for way in ways), entries.get(first[:depth], b""))


def capped(entries: Mapping[Nibbles, bytes], depth: int) -> rlp.Item:
    """The cap function n: a node in place if its encoding is below 32 bytes, else its hash."""
    if not entries:
        return b""
    item = composed(entries, depth)
    encoded = rlp.encode(item)
    return item if len(encoded) < 32 else keccak256(encoded)


def defined_root(entries: Mapping[bytes, bytes]) -> bytes:
    if not entries:
        return keccak256(rlp.encode(b""))
    return keccak256(rlp.encode(composed({tuple(int(d, 16) for d in k.hex()): v for k, v in entries.items()}, 0)))
