"""Versions, and rows: one item for each transaction of the block."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

T = TypeVar("T")


class Version(msgspec.Struct, frozen=True, order=True, gc=False):
    """One incarnation of one transaction: an attempt to execute it."""

    transaction: int
    incarnation: int


STORAGE: Final = Version(-1, 0)
"""Where a value comes from that no transaction of the block wrote: the state before it."""


def replaced(row: tuple[T, ...], transaction: int, item: T) -> tuple[T, ...]:
    """The row with the item of one transaction replaced."""
    return (*row[:transaction], item, *row[transaction + 1 :])
