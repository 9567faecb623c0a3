"""The operand stack: an immutable chain of cells.

Pushing and popping cost the same at every depth and share everything below; a tuple would copy up to 8 KiB an
instruction. Cells hash and compare without recursion, since a chain may be 1,024 cells long.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from hyperion.primitives.word import Word

STACK_LIMIT: Final = 1024
"""The most words that a stack may hold (Yellow Paper §9.1)."""


class Stack(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A stack: the topmost word, the stack below it, and how many words there are. ``EMPTY_STACK`` ends the chain."""

    top: Word
    rest: "Stack"
    depth: int

    def push(self, word: Word) -> "Stack":
        """The stack with ``word`` on top."""
        return Stack(word, self, self.depth + 1)

    def take(self, count: int) -> "tuple[list[Word], Stack]":
        """The ``count`` topmost words, which must be there, from the top down; and the stack below them."""
        words: list[Word] = []
        stack = self
        for _ in range(count):
            words.append(stack.top)
            stack = stack.rest
        return words, stack

    def dup(self, index: int) -> "Stack":
        """The stack with a copy of the word that has ``index`` words above it on top."""
        cell = self
        for _ in range(index):
            cell = cell.rest
        return Stack(cell.top, self, self.depth + 1)

    def swap(self, index: int) -> "Stack":
        """The stack with its topmost word and the one with ``index`` words above it, at least one, exchanged."""
        if index == 1:
            second = self.rest
            return Stack(second.top, Stack(self.top, second.rest, second.depth), self.depth)
        between, other = self.rest.take(index - 1)
        swapped = Stack(self.top, other.rest, other.depth)
        for word in reversed(between):
            swapped = Stack(word, swapped, swapped.depth + 1)
        return Stack(other.top, swapped, self.depth)

    def words(self) -> Iterator[Word]:
        """The words from the top down."""
        stack = self
        while stack.depth != 0:
            yield stack.top
            stack = stack.rest

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stack):
            return NotImplemented
        mine, its = self, other
        while mine is not its:
            if mine.depth != its.depth or mine.top != its.top:
                return False
            mine, its = mine.rest, its.rest
        return True

    def __hash__(self) -> int:
        return hash(tuple(self.words()))

    def __repr__(self) -> str:
        return f"Stack({', '.join(hex(word) for word in self.words())})"


EMPTY_STACK: Final = Stack(0, None, 0)  # type: ignore[arg-type]  # the end of the chain: nothing is ever read below it


def stack_of(words: Iterable[Word]) -> Stack:
    """The stack of ``words``, the last of them on top."""
    stack = EMPTY_STACK
    for word in words:
        stack = stack.push(word)
    return stack
