"""The memory of a frame: a persistent byte array that only grows, in a tree of pages.

Writing a word copies one page and the path to it, so a history of n machines costs O(n) small objects whatever the
size of the memory. Pages hold whole words and the tree has a power of two of children a node, so that a binary Merkle
tree over the words is a refinement of it.
"""

from typing import Final, TypeAlias

import msgspec

from hyperion.primitives.word import Word

WORD_BYTES: Final = 32
PAGE_BYTES: Final = 256
FANOUT: Final = 16

Node: TypeAlias = "bytes | tuple[Node, ...]"
"""A page of ``PAGE_BYTES`` bytes, or ``FANOUT`` nodes of the height below."""


def zero_node(height: int) -> Node:
    """The node of ``height`` that holds only zeros: all its children are one and the same object."""
    return bytes(PAGE_BYTES) if height == 0 else (zero_node(height - 1),) * FANOUT


ZERO_NODES: Final = tuple(zero_node(height) for height in range(11))
"""By height. The last spans 256 TiB: no amount of gas pays for more."""

STRIDES: Final = tuple(tuple(FANOUT**level for level in reversed(range(height))) for height in range(11))
"""By height: how many pages a child spans at each level, from the root down."""

CHILD_BYTES: Final = (0, *(PAGE_BYTES * FANOUT**level for level in range(10)))
"""By height: how many bytes a child spans."""


class Memory(msgspec.Struct, frozen=True, gc=False):
    """``size`` bytes, a multiple of 32, held by the tree ``root`` of ``height``; bytes beyond ``size`` are zero."""

    size: int = 0
    height: int = 0
    root: Node = ZERO_NODES[0]

    def expand(self, size: int) -> "Memory":
        """The memory grown to ``size`` bytes, zeros coming in; unchanged if it is as large already."""
        if size <= self.size:
            return self
        height, root = self.height, self.root
        while size > PAGE_BYTES * FANOUT**height:
            root = (root, *((ZERO_NODES[height],) * (FANOUT - 1)))
            height += 1
        return Memory(size, height, root)

    def touch(self, offset: int, length: int) -> "Memory":
        """The memory grown, by whole words, such that it holds ``length`` bytes at ``offset``; none grow nothing."""
        if length == 0 or offset + length <= self.size:
            return self
        return self.expand(-(-(offset + length) // WORD_BYTES) * WORD_BYTES)

    def load(self, offset: int) -> Word:
        """The word in the 32 bytes at ``offset``, big-endian."""
        return int.from_bytes(self.read(offset, WORD_BYTES), "big")

    def store(self, offset: int, word: Word) -> "Memory":
        """The memory with ``word`` written to the 32 bytes at ``offset``, big-endian."""
        return self.write(offset, word.to_bytes(WORD_BYTES, "big"))

    def page(self, index: int) -> bytes:
        """The page of the bytes from ``index * PAGE_BYTES`` on."""
        node = self.root
        for stride in STRIDES[self.height]:
            node = node[index // stride % FANOUT]
        return node  # type: ignore[return-value]

    def read(self, offset: int, length: int) -> bytes:
        """The ``length`` bytes at ``offset``."""
        index, within = divmod(offset, PAGE_BYTES)
        end = within + length
        if end <= PAGE_BYTES:
            return self.page(index)[within:end]
        pages = pages_of(self.root, STRIDES[self.height], index, 1 + (end - 1) // PAGE_BYTES)
        return b"".join(pages)[within:end]

    def write(self, offset: int, data: bytes) -> "Memory":
        """The memory with ``data`` at ``offset``; the room must be there."""
        return Memory(self.size, self.height, with_bytes(self.root, self.height, offset, data)) if data else self


def pages_of(node: Node, strides: tuple[int, ...], first: int, count: int) -> tuple[bytes, ...]:
    """``count`` pages of ``node`` from its page ``first`` on; each node on the way is visited once."""
    if isinstance(node, bytes):
        return (node,)
    stride = strides[0]
    if stride == 1:
        return node[first : first + count]  # type: ignore[return-value]
    pages: tuple[bytes, ...] = ()
    while count > 0:
        child, within = divmod(first, stride)
        taken = min(count, stride - within)
        pages += pages_of(node[child], strides[1:], within, taken)
        first, count = first + taken, count - taken
    return pages


def with_bytes(node: Node, height: int, offset: int, data: bytes) -> Node:
    """The node with ``data`` at ``offset``, which must lie within it; each node on the way is copied once."""
    if isinstance(node, bytes):
        return data if len(data) == PAGE_BYTES else node[:offset] + data + node[offset + len(data) :]
    span = CHILD_BYTES[height]
    child, within = divmod(offset, span)
    children = [*node]
    while within + len(data) > span:
        taken = span - within
        children[child] = with_bytes(node[child], height - 1, within, data[:taken])
        child, within, data = child + 1, 0, data[taken:]
    children[child] = with_bytes(node[child], height - 1, within, data)
    return tuple(children)


EMPTY_MEMORY: Final = Memory()
