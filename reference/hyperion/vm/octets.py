"""Byte strings that are not at hand: what instructions ask of code, call data and memory, and nothing more.

Instructions work on byte strings by their lengths and by pieces of them. Who holds only a commitment to the bytes, as
the verifier of a single step does, hands in ``Deferred`` ones; the instructions are the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import attrs

from hyperion.primitives import hashing
from hyperion.vm import code as codes
from hyperion.vm.code import Analysis


@attrs.frozen(eq=False)
class Deferred(ABC):
    """A byte string by its commitment. Slices of it are deferred too; ``bytes`` of it are the bytes."""

    @abstractmethod
    def keccak256(self) -> bytes:
        """Its Keccak-256 hash."""

    @abstractmethod
    def analysis(self) -> Analysis:
        """What a frame needs that runs it as code."""

    @abstractmethod
    def __len__(self) -> int:
        """How many bytes there are."""

    @abstractmethod
    def __bytes__(self) -> bytes:
        """All bytes."""


def is_deferred(data: object) -> bool:
    """Whether ``data`` is not at hand. Its own class is asked, as stand-ins of the prover answer for no other."""
    return issubclass(type(data), Deferred)


def keccak256(data: Any) -> bytes:
    """The 32-byte hash of a byte string, at hand or deferred."""
    return data.keccak256() if is_deferred(data) else hashing.keccak256(data)


def analyse(code: Any) -> Analysis:
    """The analysis of code, at hand or deferred."""
    return code.analysis() if is_deferred(code) else codes.analyse(code)
