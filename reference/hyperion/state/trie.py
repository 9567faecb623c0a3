"""The Merkle-Patricia trie: a map from keys to values whose whole content is bound by one 32-byte root.

A key is read as a path of hexadecimal digits (nibbles), here a text of digits ``0 .. f``. Nodes are immutable: a
changed trie shares all nodes off the changed path with the one before it, and each node remembers its own reference,
so the root after one change costs one hash a level. A value is a non-empty byte string; empty means absent.
Source: Yellow Paper, appendix D; appendix C (hex-prefix encoding).
"""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import cached_property
from itertools import pairwise
from typing import Final, TypeAlias

import attrs

from hyperion.primitives import rlp
from hyperion.primitives.hashing import EMPTY_TRIE_ROOT, HASH_BYTES, keccak256
from hyperion.rules import rule

Path: TypeAlias = str
"""A path down the trie: lower-case hexadecimal digits, one for each nibble."""

MAX_KEY_BYTES: Final = 32
"""The longest key. The protocol's keys are hashes or encoded indices; the bound keeps recursion down a trie shallow."""

DIGITS: Final = "0123456789abcdef"
NO_CHILD: Final = rlp.encode_bytes(b"")


class TrieError(ValueError):
    """An argument that no trie can hold: its name in ``field`` and what is wrong with it in ``reason``."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


# --- what a node's bytes are ----------------------------------------------------------------------------------------


@rule("STATE-trie-hex-prefix", "A path is packed two digits a byte after a digit that tells odd (+1) and leaf (+2).")
def hex_prefix(path: Path, is_leaf: bool) -> bytes:
    """The bytes of ``path``: its first digit holds the flags; a second, zero, follows if the path is even."""
    flags = ("20", "3") if is_leaf else ("00", "1")
    return bytes.fromhex(flags[len(path) % 2] + path)


@rule("STATE-trie-leaf", "A leaf is the list of the hex-prefixed rest of the key and the value.")
def leaf_encoding(path: Path, value: bytes) -> bytes:
    """The encoding of the leaf that holds ``value`` at the end of ``path``."""
    return rlp.encode_list(rlp.encode_bytes(hex_prefix(path, True)) + rlp.encode_bytes(value))


@rule("STATE-trie-extension", "An extension is the list of a hex-prefixed path of one digit or more and a reference.")
def extension_encoding(path: Path, child: bytes) -> bytes:
    """The encoding of the extension whose ``path`` leads to the branch with the reference ``child``."""
    return rlp.encode_list(rlp.encode_bytes(hex_prefix(path, False)) + child)


@rule(
    "STATE-trie-branch",
    "A branch is the list of sixteen references, one for each digit, and the value that ends there.",
)
def branch_encoding(children: Iterable[bytes], value: bytes) -> bytes:
    """The encoding of the branch with the sixteen references ``children``; ``value`` is empty if no key ends here."""
    return rlp.encode_list(b"".join(children) + rlp.encode_bytes(value))


@rule("STATE-trie-reference", "A node of less than 32 bytes stands in its parent itself, a longer one by its hash.")
def reference(encoding: bytes) -> bytes:
    """What a parent's list holds for the node with this ``encoding``."""
    return encoding if len(encoding) < HASH_BYTES else rlp.encode_bytes(keccak256(encoding))


# --- nodes ----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Leaf:
    """The end of a key: what remains of its path, and the value."""

    path: Path
    value: bytes

    def encoding(self) -> bytes:
        """The node's bytes."""
        return leaf_encoding(self.path, self.value)

    @cached_property
    def reference(self) -> bytes:
        """What the parent holds for the node; remembered, which cannot be observed since nodes never change."""
        return reference(self.encoding())


@attrs.frozen
class Extension:
    """Digits that all keys below share, and the branch at which they part."""

    path: Path
    child: "Branch | Hidden"

    def encoding(self) -> bytes:
        """The node's bytes."""
        return extension_encoding(self.path, self.child.reference)

    @cached_property
    def reference(self) -> bytes:
        """What the parent holds for the node; remembered, which cannot be observed since nodes never change."""
        return reference(self.encoding())


@attrs.frozen
class Branch:
    """Sixteen ways on, one for each digit, and the value of the key that ends here (empty if none does)."""

    children: tuple["Trie", ...]
    value: bytes

    def encoding(self) -> bytes:
        """The node's bytes."""
        return branch_encoding((NO_CHILD if child is None else child.reference for child in self.children), self.value)

    @cached_property
    def reference(self) -> bytes:
        """What the parent holds for the node; remembered, which cannot be observed since nodes never change."""
        return reference(self.encoding())

    def with_child(self, digit: str, child: "Trie") -> "Branch":
        """The branch in which ``digit`` leads to ``child``."""
        at = int(digit, 16)
        return Branch((*self.children[:at], child, *self.children[at + 1 :]), self.value)


@attrs.frozen
class Hidden:
    """A node of which only the hash is known, and whom to ask for its bytes: so a trie can be opened on its way."""

    hash: bytes
    ask: Callable[[bytes], bytes] = attrs.field(eq=False, repr=False)
    """The encoding that has this hash. What it raises where it knows none goes through all functions of this module."""

    @property
    def reference(self) -> bytes:
        """What the parent holds for the node."""
        return rlp.encode_bytes(self.hash)

    def encoding(self) -> bytes:
        """The node's bytes."""
        return self.ask(self.hash)

    def opened(self) -> "Leaf | Extension | Branch":
        """The node, whose children are hidden unless they stand in it. Refuses with ``ProofError`` what is none."""
        encoding = self.ask(self.hash)
        try:
            item = rlp.decode(encoding)
        except rlp.RlpError as error:
            raise ProofError(ProofReason.NOT_RLP, self.hash.hex()) from error
        return _node_of(item, self.ask, self.hash.hex())


Trie: TypeAlias = Leaf | Extension | Branch | Hidden | None
"""A trie is its top node; the trie without entries is None."""


def hidden(trie_root: bytes, ask: Callable[[bytes], bytes]) -> Trie:
    """The trie with the root ``trie_root``, whose nodes are asked for when they are needed."""
    return EMPTY_TRIE if trie_root == EMPTY_TRIE_ROOT else Hidden(trie_root, ask)


EMPTY_TRIE: Final = None
_BARE_BRANCH: Final = Branch((None,) * 16, b"")


# --- reading and writing --------------------------------------------------------------------------------------------


def path_of(key: bytes) -> Path:
    """The digits of ``key``. Refuses a key of more than ``MAX_KEY_BYTES`` bytes with ``TrieError``."""
    if len(key) > MAX_KEY_BYTES:
        raise TrieError("key", "too-long")
    return key.hex()


def get(trie: Trie, key: bytes) -> bytes | None:
    """The value of ``key``, or None if it is absent."""
    node, path = trie, path_of(key)
    while node is not None:
        if isinstance(node, Leaf):
            return node.value if node.path == path else None
        if isinstance(node, Extension):
            if not path.startswith(node.path):
                return None
            path = path[len(node.path) :]
            node = node.child
        elif isinstance(node, Hidden):
            node = node.opened()
        elif not path:
            return node.value or None
        else:
            node = node.children[int(path[0], 16)]
            path = path[1:]
    return None


def first_path(trie: Trie) -> Path | None:
    """The path of the first entry in the order of paths; None if there is no entry."""
    node, path = trie, ""
    while node is not None:
        if isinstance(node, Leaf):
            return path + node.path
        if isinstance(node, Extension):
            path += node.path
            node = node.child
        elif isinstance(node, Hidden):
            node = node.opened()
        elif node.value:
            return path
        else:
            at = next((at for at, child in enumerate(node.children) if child is not None), None)
            if at is None:
                return None
            node, path = node.children[at], path + DIGITS[at]
    return None


@rule("STATE-trie-empty-value", "An empty value is absence: writing it removes the key.")
def put(trie: Trie, key: bytes, value: bytes) -> Trie:
    """The trie in which ``key`` has ``value``; the very same trie if it had already."""
    return _put(trie, path_of(key), value) if value else delete(trie, key)


def delete(trie: Trie, key: bytes) -> Trie:
    """The trie without ``key``; the very same trie if it was absent."""
    return _delete(trie, path_of(key))


@rule(
    "STATE-trie-root",
    "The root of a trie is the hash of its top node, short or not; without entries, of RLP's empty string.",
)
def root(trie: Trie) -> bytes:
    """The 32-byte root of ``trie``."""
    if trie is None:
        return EMPTY_TRIE_ROOT
    remembered = trie.reference
    return remembered[1:] if len(remembered) > HASH_BYTES else keccak256(remembered)


def items(trie: Trie) -> Iterator[tuple[bytes, bytes]]:
    """All keys and values, in the order of the keys."""
    waiting: list[tuple[Path, Trie]] = [("", trie)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, Leaf):
            yield bytes.fromhex(path + node.path), node.value
        elif isinstance(node, Extension):
            waiting.append((path + node.path, node.child))
        elif isinstance(node, Hidden):
            waiting.append((path, node.opened()))
        elif node is not None:
            if node.value:
                yield bytes.fromhex(path), node.value
            ways = [(path + digit, child) for digit, child in zip(DIGITS, node.children, strict=True)]
            waiting.extend(reversed(ways))


def _shared(a: Path, b: Path) -> int:
    """How many digits the paths begin with in common."""
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count


def _put(node: Trie, path: Path, value: bytes) -> Leaf | Extension | Branch:
    if node is None:
        return Leaf(path, value)
    if isinstance(node, Hidden):
        node = node.opened()
    if isinstance(node, Branch):
        if not path:
            return node if node.value == value else Branch(node.children, value)
        before = node.children[int(path[0], 16)]
        after = _put(before, path[1:], value)
        return node if after is before else node.with_child(path[0], after)
    if isinstance(node, Leaf) and node.path == path:
        return node if node.value == value else Leaf(path, value)
    shared = _shared(node.path, path)
    if isinstance(node, Extension) and shared == len(node.path):
        child = _put(node.child, path[shared:], value)
        return node if child is node.child else _prefixed(node.path, child)
    return _prefixed(path[:shared], _put(_parted(node, shared), path[shared:], value))


def _parted(node: Leaf | Extension, shared: int) -> Branch | Hidden:
    """A branch that has only what lies below ``node``, once the first ``shared`` digits of its path are walked."""
    rest = node.path[shared:]
    if not rest:
        return Branch(_BARE_BRANCH.children, node.value) if isinstance(node, Leaf) else node.child
    below = Leaf(rest[1:], node.value) if isinstance(node, Leaf) else _prefixed(rest[1:], node.child)
    return _BARE_BRANCH.with_child(rest[0], below)


@rule(
    "STATE-trie-one-form", "A map has one trie: no branch has fewer than two ways on, and paths are as long as can be."
)
def _prefixed(path: Path, node: Leaf | Extension | Branch | Hidden) -> Leaf | Extension | Branch:
    """The trie in which every key of ``node`` has ``path`` before it."""
    if isinstance(node, Hidden):
        node = node.opened()
    if not path:
        return node
    if isinstance(node, Leaf):
        return Leaf(path + node.path, node.value)
    if isinstance(node, Extension):
        return Extension(path + node.path, node.child)
    return Extension(path, node)


def _delete(node: Trie, path: Path) -> Trie:
    if isinstance(node, Hidden):
        node = node.opened()
    if isinstance(node, Branch):
        if not path:
            return _collapsed(Branch(node.children, b"")) if node.value else node
        before = node.children[int(path[0], 16)]
        after = _delete(before, path[1:])
        return node if after is before else _collapsed(node.with_child(path[0], after))
    if isinstance(node, Extension):
        if not path.startswith(node.path):
            return node
        child = _delete(node.child, path[len(node.path) :])
        return node if child is node.child or child is None else _prefixed(node.path, child)
    return None if node is not None and node.path == path else node


def _collapsed(branch: Branch) -> Leaf | Extension | Branch:
    """The branch, or if one entry is left of it, the node that takes its place."""
    ways = [(digit, child) for digit, child in zip(DIGITS, branch.children, strict=True) if child is not None]
    if not ways:
        return Leaf("", branch.value)
    if len(ways) == 1 and not branch.value:
        return _prefixed(*ways[0])
    return branch


# --- the root of many entries at once -------------------------------------------------------------------------------


def root_of(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The root of the trie with these keys and values, in any order, without building its nodes.

    The same root as of ``put`` for each entry, several times faster. Entries with an empty value are absent. Refuses
    two entries with the same key, and a key that is too long, with ``TrieError``.
    """
    ordered = sorted((path_of(key), value) for key, value in entries if value)
    if not ordered:
        return EMPTY_TRIE_ROOT
    for (path, _), (following, _) in pairwise(ordered):
        if path == following:
            raise TrieError("entries", "duplicate-key")
    return keccak256(_encoding_of_range(ordered, 0, len(ordered), 0))


def _encoding_of_range(ordered: list[tuple[Path, bytes]], start: int, end: int, depth: int) -> bytes:
    """The encoding of the node over the entries ``start .. end - 1``, which share their first ``depth`` digits."""
    first, value = ordered[start]
    if end - start == 1:
        return leaf_encoding(first[depth:], value)
    shared = depth + _shared(first[depth:], ordered[end - 1][0][depth:])
    children = [NO_CHILD] * 16
    at = start
    if len(first) == shared:
        at += 1
    else:
        value = b""
    while at < end:
        digit = ordered[at][0][shared]
        following = at + 1
        while following < end and ordered[following][0][shared] == digit:
            following += 1
        children[int(digit, 16)] = reference(_encoding_of_range(ordered, at, following, shared + 1))
        at = following
    encoding = branch_encoding(children, value)
    return encoding if shared == depth else extension_encoding(first[depth:shared], reference(encoding))


# --- proofs ---------------------------------------------------------------------------------------------------------


class ProofReason(Enum):
    """Why a list of nodes proves nothing about a key."""

    MISSING_NODE = "missing-node"
    EXCESS_NODES = "excess-nodes"
    WRONG_HASH = "wrong-hash"
    NOT_RLP = "not-rlp"
    NOT_A_NODE = "not-a-node"
    WRONG_VALUE = "wrong-value"


class ProofError(ValueError):
    """A refused proof: the reason, and in ``field`` which node, counted from the root, or which claim shows it."""

    def __init__(self, reason: ProofReason, field: str) -> None:
        super().__init__(f"{field}: {reason.value}")
        self.reason = reason
        self.field = field


@rule(
    "STATE-trie-prove", "A proof is the encodings, from the root down, of the nodes on the key's path that have a hash."
)
def prove(trie: Trie, key: bytes) -> tuple[bytes, ...]:
    """The proof of what ``key`` has in ``trie``, be it a value or nothing.

    Nodes of less than 32 bytes are left out, since they stand in their parents; the top node is always there. The trie
    without entries has the proof without nodes.
    """
    nodes: list[bytes] = []
    node, path = trie, path_of(key)
    while node is not None:
        if isinstance(node, Hidden):
            node = node.opened()
        encoding = node.encoding()
        if not nodes or len(encoding) >= HASH_BYTES:
            nodes.append(encoding)
        if isinstance(node, Branch):
            if not path:
                break
            node, path = node.children[int(path[0], 16)], path[1:]
        elif isinstance(node, Extension) and path.startswith(node.path):
            path = path[len(node.path) :]
            node = node.child
        else:
            break
    return tuple(nodes)


@rule("STATE-trie-verify", "A proof holds if its nodes hash, one after the other, to the references on the key's path.")
def verify_proof(trie_root: bytes, key: bytes, proof: tuple[bytes, ...]) -> bytes | None:
    """The value that ``key`` has in the trie with the root ``trie_root``, or None if it is proved absent.

    Sound for every root of a trie: then no proof whatever gives another answer than ``get``. Refuses with
    ``ProofError`` a node that is missing, has not the hash wanted, is not strict RLP or is no node, and nodes beyond
    the end of the path; with ``TrieError`` a key that is too long.
    """
    path, used = path_of(key), 0
    node: rlp.Item = trie_root
    if trie_root == EMPTY_TRIE_ROOT:
        return _concluded(None, proof, used)
    while True:
        if isinstance(node, bytes):
            node = _opened(proof, used, node)
            used += 1
        onward = _below(node, path, f"node {used - 1}")
        if onward is None or isinstance(onward, bytes):
            return _concluded(onward, proof, used)
        node, path = onward


def _concluded(value: bytes | None, proof: tuple[bytes, ...], used: int) -> bytes | None:
    """The proved ``value``, if the proof has no nodes beyond the ``used`` ones."""
    if len(proof) > used:
        raise ProofError(ProofReason.EXCESS_NODES, f"node {used}")
    return value


def _opened(proof: tuple[bytes, ...], at: int, wanted: bytes) -> rlp.Item:
    """The item that node ``at`` of the proof encodes, if it has the hash ``wanted``."""
    if at >= len(proof):
        raise ProofError(ProofReason.MISSING_NODE, f"node {at}")
    if keccak256(proof[at]) != wanted:
        raise ProofError(ProofReason.WRONG_HASH, f"node {at}")
    try:
        return rlp.decode(proof[at])
    except rlp.RlpError as error:
        raise ProofError(ProofReason.NOT_RLP, f"node {at}") from error


def _below(node: rlp.Item, path: Path, where: str) -> tuple[rlp.Item, Path] | bytes | None:
    """Where ``path`` leads from ``node``: to a child with the rest of the path, to a value, or to nothing.

    The child is a hash, or a list if it stands in its parent. Refuses ``NOT_A_NODE``.
    """
    match node:
        case (bytes(packed), held):
            own, is_leaf = _unpacked(packed, where)
            if is_leaf and isinstance(held, bytes) and held:
                return held if own == path else None
            if not is_leaf and own and _is_reference(held):
                return (held, path[len(own) :]) if path.startswith(own) else None
        case (*children, bytes(value)) if len(children) == 16:
            if not path:
                return value or None
            child = children[int(path[0], 16)]
            if child == b"":
                return None
            if _is_reference(child):
                return child, path[1:]
    raise ProofError(ProofReason.NOT_A_NODE, where)


def _node_of(item: rlp.Item, ask: Callable[[bytes], bytes], where: str) -> Leaf | Extension | Branch:
    """The node that ``item`` is, its children hidden unless they stand in it. Refuses ``NOT_A_NODE``."""
    match item:
        case (bytes(packed), held):
            path, is_leaf = _unpacked(packed, where)
            if is_leaf and isinstance(held, bytes) and held:
                return Leaf(path, held)
            below = _child_of(held, ask, where) if path and not is_leaf else None
            if isinstance(below, Branch | Hidden):
                return Extension(path, below)
        case (*children, bytes(value)) if len(children) == 16:
            return Branch(tuple(_child_of(child, ask, where) for child in children), value)
    raise ProofError(ProofReason.NOT_A_NODE, where)


def _child_of(item: rlp.Item, ask: Callable[[bytes], bytes], where: str) -> Trie:
    """The child that a node holds as ``item``: none, one that stands there itself, or one by its hash."""
    if item == b"":
        return None
    if not _is_reference(item):
        raise ProofError(ProofReason.NOT_A_NODE, where)
    return Hidden(item, ask) if isinstance(item, bytes) else _node_of(item, ask, where)


def _is_reference(item: rlp.Item) -> bool:
    """Whether ``item`` is what a parent holds for a child: a hash, or the node itself if it is shorter than one."""
    return len(item) == HASH_BYTES if isinstance(item, bytes) else len(rlp.encode(item)) < HASH_BYTES


def _unpacked(packed: bytes, where: str) -> tuple[Path, bool]:
    """The path that ``packed`` is the hex-prefixed form of, and whether it is a leaf's. Refuses ``NOT_A_NODE``."""
    digits = packed.hex()
    if digits[:2] in ("00", "20"):
        return digits[2:], digits[0] == "2"
    if digits[:1] in ("1", "3"):
        return digits[1:], digits[0] == "3"
    raise ProofError(ProofReason.NOT_A_NODE, where)
