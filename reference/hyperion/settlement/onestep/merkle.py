"""Binary Merkle trees over words of 32 bytes, of which only the ways to some words need be known.

A tree of level k has 2**k leaves, which are the words themselves; a node is the hash of its two children. A tree of
zeros is known from its hash, so nobody has to show it. Trees are values: writing gives a new one that shares the rest.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from hyperion.primitives.hashing import keccak256
from hyperion.rules import rule
from hyperion.settlement.onestep.nodes import Hash, Nodes, OpeningError, Reason, Sink

WORD: Final = 32
"""Bytes of a leaf."""
MAX_LEVEL: Final = 48
"""No memory that gas can pay for, and no byte string, has more than 2**48 words."""


class Pair(msgspec.Struct, frozen=True, gc=False):
    """A node whose children are at hand."""

    left: Tree
    right: Tree


class Pruned(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A node of which only the hash is known, and who is asked for its children."""

    hash: Hash
    nodes: Nodes


Tree: TypeAlias = "bytes | Pair | Pruned"
"""A leaf is its 32 bytes."""


def zero_hashes() -> tuple[Hash, ...]:
    """By level: the hash of the tree of zeros."""
    hashes = [bytes(WORD)]
    for _ in range(MAX_LEVEL):
        hashes.append(keccak256(hashes[-1] + hashes[-1]))
    return tuple(hashes)


def zero_trees() -> tuple[Tree, ...]:
    """By level: the tree of zeros. Its children are one and the same."""
    trees: list[Tree] = [bytes(WORD)]
    for _ in range(MAX_LEVEL):
        trees.append(Pair(trees[-1], trees[-1]))
    return tuple(trees)


ZERO_HASHES: Final = zero_hashes()
ZERO_TREES: Final = zero_trees()


def level_for(length: int) -> int:
    """The level of the least tree that holds ``length`` bytes; 0 for none."""
    return (max(length, WORD) - 1).bit_length() - 5


def of_words(words: list[bytes], level: int) -> Tree:
    """The tree of ``level`` with these words, and zeros after them."""
    if not words:
        return ZERO_TREES[level]
    if level == 0:
        return words[0]
    half = 2 ** (level - 1)
    return Pair(of_words(words[:half], level - 1), of_words(words[half:], level - 1))


def of_bytes(data: bytes) -> Tree:
    """The least tree that holds ``data``, with zeros after it."""
    words = [data[at : at + WORD].ljust(WORD, b"\0") for at in range(0, len(data), WORD)]
    return of_words(words, level_for(len(data)))


@rule("DIS-commit-words", "Bytes are committed to by a binary tree over words of 32 bytes, with zeros after the last.")
def sealed(tree: Tree, level: int, sink: Sink) -> Hash:
    """The hash of ``tree``; nodes that are new go to ``sink``."""
    if isinstance(tree, bytes):
        return tree
    if isinstance(tree, Pruned):
        return tree.hash
    if tree is ZERO_TREES[level]:
        return ZERO_HASHES[level]
    return sink.put(sealed(tree.left, level - 1, sink) + sealed(tree.right, level - 1, sink))


def children(tree: Tree, level: int) -> tuple[Tree, Tree]:
    """The two trees of the level below, at least 0. Refuses with ``OpeningError`` what can't be opened."""
    if isinstance(tree, Pair):
        return tree.left, tree.right
    if isinstance(tree, bytes):
        raise OpeningError(Reason.MALFORMED, "tree")
    if tree.hash == ZERO_HASHES[level]:
        return ZERO_TREES[level - 1], ZERO_TREES[level - 1]
    node = tree.nodes.preimage(tree.hash)
    if len(node) != 2 * WORD:
        raise OpeningError(Reason.MALFORMED, "tree node")
    return known_as(node[:WORD], level - 1, tree.nodes), known_as(node[WORD:], level - 1, tree.nodes)


def known_as(digest: Hash, level: int, nodes: Nodes) -> Tree:
    """The tree of ``level`` that has this hash."""
    return digest if level == 0 else Pruned(digest, nodes)


def read(tree: Tree, level: int, first: int, count: int) -> list[bytes]:
    """``count`` words from the word ``first`` on, all inside the tree; each node on the way is opened once."""
    if count == 0:
        return []
    if level == 0:
        return [tree if isinstance(tree, bytes) else bytes(WORD)]
    left, right = children(tree, level)
    half = 2 ** (level - 1)
    in_left = max(0, min(first + count, half) - first)
    return [
        *read(left, level - 1, first, in_left),
        *read(right, level - 1, max(first - half, 0), count - in_left),
    ]


def write(tree: Tree, level: int, first: int, words: list[bytes]) -> Tree:
    """The tree in which ``words`` stand from the word ``first`` on, all inside it."""
    if not words:
        return tree
    if level == 0:
        return words[0]
    left, right = children(tree, level)
    half = 2 ** (level - 1)
    in_left = max(0, min(first + len(words), half) - first)
    return Pair(
        write(left, level - 1, first, words[:in_left]),
        write(right, level - 1, max(first - half, 0), words[in_left:]),
    )


def grown(tree: Tree, level: int, target: int) -> Tree:
    """The tree of the level ``target``, at least ``level``, that begins with ``tree`` and has zeros after it."""
    for above in range(level, target):
        tree = Pair(tree, ZERO_TREES[above])
    return tree


# --- bytes inside a tree ---------------------------------------------------------------------------------------------


def read_bytes(tree: Tree, level: int, start: int, length: int) -> bytes:
    """``length`` bytes from the byte ``start`` on, all inside the tree."""
    if length == 0:
        return b""
    first, within = divmod(start, WORD)
    count = (within + length + WORD - 1) // WORD
    return b"".join(read(tree, level, first, count))[within : within + length]


def write_bytes(tree: Tree, level: int, start: int, data: bytes) -> Tree:
    """The tree in which ``data`` stands from the byte ``start`` on, all inside it."""
    if not data:
        return tree
    first, within = divmod(start, WORD)
    end = start + len(data)
    count = (end + WORD - 1) // WORD - first
    front = read(tree, level, first, 1)[0][:within] if within else b""
    back = read(tree, level, first + count - 1, 1)[0][end % WORD :] if end % WORD else b""
    whole = front + data + back
    return write(tree, level, first, [whole[at : at + WORD] for at in range(0, len(whole), WORD)])
