"""History commitments: one root for the states 0 … h of a trace, which binds each of them and the height h.

A history is a Merkle mountain range over its states: a perfect tree for each one-bit of their number, the largest
first. So the root of a beginning shares almost all nodes with the root of the whole, and that it is a beginning is
shown by its trees and those that were added: at most two a level. What follows a machine that has halted is the same
state again, so a history of 2**40 steps is made from the states up to the halt.

Source: the requirements are those of the BoLD paper (arXiv 2404.10491, §4); mountain ranges are Todd's. Hashes of
leaves, nodes and roots begin with bytes of their own, as in RFC 9162 §2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import attrs

from hyperion.primitives.hashing import HASH_BYTES, keccak256
from hyperion.rules import rule

Hash: TypeAlias = bytes
Proof: TypeAlias = tuple[Hash, ...]
Tree: TypeAlias = tuple[int, Hash]
"""A perfect tree: the binary logarithm of its leaves, and its root."""

MAX_HEIGHT: Final = 2**64 - 1
"""The most steps that a history may have."""


class HistoryError(ValueError):
    """States that no history has: the argument in ``field`` and what is wrong with it in ``reason``."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


# --- hashes ----------------------------------------------------------------------------------------------------------


def leaf(state: Hash) -> Hash:
    """The leaf of a state of 32 bytes."""
    return keccak256(b"\x00" + state)


def node(left: Hash, right: Hash) -> Hash:
    """The node above two others."""
    return keccak256(b"\x01" + left + right)


@rule("DIS-history-root", "The root of a history hashes its height and its perfect trees, folded from the smallest up.")
def root_of_trees(height: int, trees: Sequence[Hash]) -> Hash:
    """The root of the history of ``height`` steps; ``trees`` are one for each one-bit of ``height + 1``."""
    folded = trees[-1]
    for tree in reversed(trees[:-1]):
        folded = node(tree, folded)
    return keccak256(b"\x02" + height.to_bytes(8, "big") + folded)


def single(state: Hash) -> Hash:
    """The root of the history of no steps, which is one state."""
    return root_of_trees(0, (leaf(state),))


def levels_of(count: int) -> tuple[int, ...]:
    """The levels of the perfect trees over ``count`` leaves, from the largest down: the one-bits of ``count``."""
    return tuple(level for level in reversed(range(count.bit_length())) if count >> level & 1)


def levels_between(start: int, end: int) -> tuple[int, ...]:
    """The levels of the trees that follow ``start`` leaves up to ``end`` leaves, each as large as its place allows."""
    levels = []
    while start < end:
        level = min((start & -start).bit_length(), (end - start).bit_length()) - 1
        levels.append(level)
        start += 2**level
    return tuple(levels)


def appended(trees: tuple[Tree, ...], level: int, tree: Hash) -> tuple[Tree, ...]:
    """The range with one tree more, whose level is at most that of the last: equals are joined, as in a carry."""
    while trees and trees[-1][0] == level:
        level, tree = level + 1, node(trees[-1][1], tree)
        trees = trees[:-1]
    return (*trees, (level, tree))


# --- verifying -------------------------------------------------------------------------------------------------------


def well_formed(proof: Proof, length: int) -> bool:
    """Whether the proof is ``length`` hashes."""
    return len(proof) == length and all(len(item) == HASH_BYTES for item in proof)


@rule("DIS-history-prefix", "A history begins another if its trees and those added to them give both roots.")
def is_prefix(root: Hash, height: int, whole_root: Hash, whole_height: int, proof: Proof) -> bool:
    """Whether ``proof`` shows that the history of ``root`` and ``height`` begins that of the other root and height.

    The proof is the trees of the beginning, then those that follow, each as large as its place allows: no other
    number of them is looked at. A history begins itself. False for heights that none has. Total.
    """
    if not 0 <= height <= whole_height <= MAX_HEIGHT:
        return False
    own, added = levels_of(height + 1), levels_between(height + 1, whole_height + 1)
    if not well_formed(proof, len(own) + len(added)):
        return False
    if root_of_trees(height, proof[: len(own)]) != root:
        return False
    trees: tuple[Tree, ...] = tuple(zip(own, proof, strict=False))
    for level, tree in zip(added, proof[len(own) :], strict=True):
        trees = appended(trees, level, tree)
    return root_of_trees(whole_height, tuple(tree for _, tree in trees)) == whole_root


@rule(
    "DIS-history-inclusion", "A state is in a history if the path from its leaf, with the other trees, gives the root."
)
def includes(root: Hash, height: int, index: int, state: Hash, proof: Proof) -> bool:
    """Whether ``proof`` shows that the history of ``root`` and ``height`` has ``state`` at ``index``.

    The proof is the siblings from the leaf up, then the other trees from the largest down. Total.
    """
    if not 0 <= index <= height <= MAX_HEIGHT or len(state) != HASH_BYTES:
        return False
    levels = levels_of(height + 1)
    which, level, first = tree_with(levels, index)
    if not well_formed(proof, level + len(levels) - 1):
        return False
    tree = leaf(state)
    for depth in range(level):
        sibling = proof[depth]
        tree = node(sibling, tree) if (index - first) >> depth & 1 else node(tree, sibling)
    others = proof[level:]
    return root_of_trees(height, (*others[:which], tree, *others[which:])) == root


def tree_with(levels: tuple[int, ...], index: int) -> tuple[int, int, int]:
    """Which of the trees holds the leaf ``index``, its level, and its first leaf."""
    first = 0
    for which, level in enumerate(levels):
        if index < first + 2**level:
            return which, level, first
        first += 2**level
    raise HistoryError("index", "beyond-the-end")


# --- making ----------------------------------------------------------------------------------------------------------


@attrs.frozen
class History:
    """A history of ``height`` steps whose states after the last given one are that one again."""

    height: int
    layers: tuple[tuple[Hash, ...], ...] = attrs.field(repr=False)
    """By level: roots of the perfect trees that hold a given state."""
    padding: tuple[Hash, ...] = attrs.field(repr=False)
    """By level: the root of the perfect tree of the last state alone."""

    def tree(self, level: int, index: int) -> Hash:
        """The root of the perfect tree of ``2**level`` leaves from the leaf ``index * 2**level`` on."""
        layer = self.layers[level]
        return layer[index] if index < len(layer) else self.padding[level]

    def trees(self, height: int) -> tuple[Hash, ...]:
        """The trees of the beginning of ``height`` steps."""
        return self.following(0, levels_of(height + 1))

    def following(self, start: int, levels: tuple[int, ...]) -> tuple[Hash, ...]:
        """Trees of these levels, one after the other from the leaf ``start`` on."""
        trees = []
        for level in levels:
            trees.append(self.tree(level, start >> level))
            start += 2**level
        return tuple(trees)

    def root(self, height: int | None = None) -> Hash:
        """The root of the beginning of ``height`` steps; of the whole if none is given."""
        height = self.height if height is None else height
        return root_of_trees(height, self.trees(height))

    def prefix_proof(self, height: int, whole_height: int) -> Proof:
        """The proof that the beginning of ``height`` steps begins that of ``whole_height`` steps."""
        return self.trees(height) + self.following(height + 1, levels_between(height + 1, whole_height + 1))

    def inclusion_proof(self, height: int, index: int) -> Proof:
        """The proof of the state at ``index`` in the beginning of ``height`` steps."""
        levels = levels_of(height + 1)
        which, level, _ = tree_with(levels, index)
        siblings = tuple(self.tree(depth, index >> depth ^ 1) for depth in range(level))
        trees = self.trees(height)
        return siblings + trees[:which] + trees[which + 1 :]


@rule("DIS-history-padding", "After the last state of a trace the same state follows, as after a machine that halted.")
def history(states: Sequence[Hash], height: int) -> History:
    """The history of ``height`` steps that begins with ``states``; the last of them repeats.

    Costs a hash for each state given and a few for each level, however high. Refuses with ``HistoryError`` no states,
    more than the height has, a state that is not 32 bytes, and a height above ``MAX_HEIGHT``.
    """
    if not 0 <= height <= MAX_HEIGHT:
        raise HistoryError("height", "out-of-range")
    if not 0 < len(states) <= height + 1:
        raise HistoryError("states", "wrong-number")
    if any(len(state) != HASH_BYTES for state in states):
        raise HistoryError("states", "not-32-bytes")
    layer, last = tuple(map(leaf, states)), leaf(states[-1])
    layers, padding = [layer], [last]
    for _ in range((height + 1).bit_length()):
        whole = layer if len(layer) % 2 == 0 else (*layer, last)
        layer = tuple(node(whole[at], whole[at + 1]) for at in range(0, len(whole), 2))
        last = node(last, last)
        layers.append(layer)
        padding.append(last)
    return History(height, tuple(layers), tuple(padding))
