"""The trie of a block's receipts, filled one after the other, with bounded work for each.

How many receipts there will be is known before the first, and so is the shape of the whole trie: a receipt's leaf has
its final path from the start, is hashed once, and is never moved. What is committed to in between is the part of the
trie that is there. Filled, it is the trie that the header binds. Source: Yellow Paper §4.3.2.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from hyperion.primitives.rlp import LIST_OFFSET, STRING_OFFSET, encode_bytes, encode_header, encode_int
from hyperion.rules import rule
from hyperion.state.trie import Branch, Extension, Hidden, Path, Trie, hex_prefix

AFTER: Final = 0x80
"""The index from which on an encoded index is two bytes or more; all below but 0 are one byte, and smaller than its."""
NO_BRANCH: Final = Branch((None,) * 16, b"")


def path_at(rank: int, count: int) -> Path:
    """The path that is the ``rank``-th in their order, of those of ``count`` receipts: 0 comes after 127."""
    ahead = min(count, AFTER) - 1
    index = rank + 1 if rank < ahead else 0 if rank == ahead else rank
    return encode_int(index).hex()


def span(prefix: Path, count: int) -> tuple[Path, Path]:
    """The first and the last path, of ``count`` receipts, that begin with ``prefix``; there is one at least."""
    first = bisect_left(range(count), prefix, key=lambda rank: path_at(rank, count))
    beyond = bisect_left(range(count), prefix + "g", key=lambda rank: path_at(rank, count))
    return path_at(first, count), path_at(beyond - 1, count)


def shared(first: Path, last: Path) -> int:
    """How many digits the paths have in common."""
    return next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))


def leaf_path(index: int, count: int) -> Path:
    """What remains of the path of receipt ``index`` at its leaf, in the trie of ``count`` receipts."""
    path = encode_int(index).hex()
    depth = 0
    while True:
        first, last = span(path[:depth], count)
        if first == last:
            return path[depth:]
        depth = shared(first, last) + 1


def leaf_head(path: Path, size: int) -> bytes:
    """The encoding of a leaf up to its value, which follows as it is, of ``size`` bytes, at least 2."""
    front = encode_bytes(hex_prefix(path, True)) + encode_header(STRING_OFFSET, size)
    return encode_header(LIST_OFFSET, len(front) + size) + front


@rule("DIS-between-receipts", "A receipt takes its final place in the trie of as many receipts as the block has.")
def filled(receipts: Trie, index: int, count: int, leaf: bytes) -> Trie:
    """The trie with the leaf that has the hash ``leaf`` at its place for ``index``, of ``count`` receipts."""
    return _filled(receipts, encode_int(index).hex(), 0, count, leaf)


def _filled(node: Trie, path: Path, depth: int, count: int, leaf: bytes) -> Trie:
    first, last = span(path[:depth], count)
    if first == last:
        return Hidden(leaf, _unasked)
    node = node.opened() if isinstance(node, Hidden) else node
    at = shared(first, last)
    if at > depth:
        below = _filled(node.child if isinstance(node, Extension) else None, path, at, count, leaf)
        return Extension(path[depth:at], below) if isinstance(below, Branch | Hidden) else below
    branch = node if isinstance(node, Branch) else NO_BRANCH
    child = branch.children[int(path[depth], 16)]
    return branch.with_child(path[depth], _filled(child, path, depth + 1, count, leaf))


def _unasked(digest: bytes) -> bytes:
    """A leaf is not opened again: it is the last on its way."""
    del digest
    return b""
