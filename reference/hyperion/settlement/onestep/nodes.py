"""Nodes: the pieces of a committed machine, each named by its hash; where they are read from, and where they go.

A commitment is a tree of hashes over the whole machine. Every hash is that of a piece of bounded size, so whoever has
the root and the pieces on the way to something has that something, and nobody can give another one. A witness is a
list of such pieces, and the verifier opens the machine with them as far as the step goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import ClassVar, Final, Protocol

import attrs
from immutables import Map

from hyperion.primitives import rlp
from hyperion.primitives.hashing import HASH_BYTES, keccak256
from hyperion.rules import rule

Hash = bytes


class Reason(Enum):
    """Why a witness shows nothing."""

    MISSING_NODE = "missing-node"
    EXCESS_NODE = "excess-node"
    MALFORMED = "malformed"


class OpeningError(Exception):
    """The machine can't be opened where the step needs it: why, and which piece or field shows it."""

    def __init__(self, reason: Reason, field: str) -> None:
        super().__init__(f"{field}: {reason.value}")
        self.reason = reason
        self.field = field


class Nodes(Protocol):
    """Where the bytes behind a hash come from."""

    def preimage(self, digest: Hash) -> bytes:
        """The bytes whose Keccak-256 hash is ``digest``. Refuses with ``OpeningError``."""


@attrs.frozen(eq=False)
class Stored:
    """The nodes of one who knows the whole machine, or of one who was shown them."""

    nodes: Mapping[Hash, bytes]

    def preimage(self, digest: Hash) -> bytes:
        """As in ``Nodes``."""
        found = self.nodes.get(digest)
        if found is None:
            raise OpeningError(Reason.MISSING_NODE, digest.hex())
        return found


@attrs.frozen(eq=False)
class Opened:
    """Nodes that remember which of them were asked for, in the order of the first time. Made for one step."""

    nodes: Nodes
    asked: dict[Hash, bytes] = attrs.field(factory=dict)

    def preimage(self, digest: Hash) -> bytes:
        """As in ``Nodes``."""
        found = self.asked.get(digest)
        if found is None:
            found = self.nodes.preimage(digest)
            self.asked[digest] = found
        return found


class Sink(Protocol):
    """Where new nodes go."""

    def put(self, node: bytes) -> Hash:
        """The hash of ``node``."""

    def keep(self, digest: Hash, node: bytes) -> None:
        """Take a node whose hash is known."""

    @property
    def keeps(self) -> bool:
        """Whether the nodes can be had afterwards; else only their hashes matter."""


@attrs.frozen(eq=False)
class Hashed:
    """A sink of one who wants to know the root alone."""

    keeps: ClassVar[bool] = False

    def put(self, node: bytes) -> Hash:
        """As in ``Sink``."""
        return keccak256(node)

    def keep(self, digest: Hash, node: bytes) -> None:
        """As in ``Sink``."""


@attrs.frozen(eq=False)
class Collected:
    """A sink that keeps the nodes. Made for one sealing."""

    keeps: ClassVar[bool] = True
    made: dict[Hash, bytes] = attrs.field(factory=dict)

    def put(self, node: bytes) -> Hash:
        """As in ``Sink``."""
        digest = keccak256(node)
        self.made[digest] = node
        return digest

    def keep(self, digest: Hash, node: bytes) -> None:
        """As in ``Sink``."""
        self.made[digest] = node


NO_NODES: Final[Map[Hash, bytes]] = Map()


# --- records ---------------------------------------------------------------------------------------------------------


class Kind(Enum):
    """The records of a committed machine. The kind is the first field of a record's encoding."""

    MACHINE = 1
    FRAME = 2
    ENVIRONMENT = 3
    BLOCK = 4
    SUBSTATE = 5
    SUSPENDED = 6
    LOG = 7
    WORKING = 8
    FINISHED = 9
    TASK = 10
    POINT = 11
    STAGE = 12
    BODY = 13
    INPUT = 14
    ENDED = 15
    ADMITTED = 16
    SETTLED = 17


@rule("DIS-commit-record", "A record is committed to by the hash of the list of its kind and its fields.")
def encode_record(kind: Kind, fields: tuple[rlp.Item, ...]) -> bytes:
    """The bytes of a record: RLP, whose strict form makes the encoding of a record the only one."""
    return rlp.encode((bytes([kind.value]), *fields))


@attrs.frozen(eq=False)
class Fields:
    """The fields of an opened record, in order; each method takes the next one and refuses what it can't be."""

    name: str
    items: Iterator[rlp.Item]

    def item(self) -> rlp.Item:
        """The next field."""
        taken = next(self.items, None)
        if taken is None:
            raise self.malformed("has too few fields")
        return taken

    def malformed(self, why: str) -> OpeningError:
        """The refusal of the record."""
        return OpeningError(Reason.MALFORMED, f"{self.name} {why}")

    def octets(self) -> bytes:
        """A byte string."""
        taken = self.item()
        if not isinstance(taken, bytes):
            raise self.malformed("has a list for bytes")
        return taken

    def number(self, width: int) -> int:
        """A natural number of at most ``width`` bytes."""
        taken = self.octets()
        if len(taken) > width or taken[:1] == b"\0":
            raise self.malformed("has a number that is not in its form")
        return int.from_bytes(taken, "big")

    def truth(self) -> bool:
        """0 or 1."""
        taken = self.number(1)
        if taken > 1:
            raise self.malformed("has a truth value beside 0 and 1")
        return taken == 1

    def signed(self) -> int:
        """An integer; see ``signed_item``."""
        folded = self.number(32)
        return folded >> 1 if folded & 1 == 0 else -(folded + 1 >> 1)

    def digest(self) -> Hash:
        """A hash."""
        taken = self.octets()
        if len(taken) != HASH_BYTES:
            raise self.malformed("has a hash that is not 32 bytes")
        return taken

    def end(self) -> None:
        """Refuse fields that nobody asked for."""
        if next(self.items, None) is not None:
            raise self.malformed("has too many fields")


def fields_of(kind: Kind, data: bytes) -> Fields:
    """The fields of the record of this kind that ``data`` encodes."""
    name = kind.name.lower()
    try:
        items = rlp.decode_list(rlp.decode(data))
    except rlp.RlpError as error:
        raise OpeningError(Reason.MALFORMED, name) from error
    if not items or items[0] != bytes([kind.value]):
        raise OpeningError(Reason.MALFORMED, f"{name} is of another kind")
    return Fields(name, iter(items[1:]))


def number_item(number: int) -> bytes:
    """The field of a natural number."""
    return rlp.int_to_bytes(number)


def signed_item(number: int) -> bytes:
    """The field of an integer: twice a natural number, and one less than twice the size of a negative one."""
    return rlp.int_to_bytes(2 * number if number >= 0 else -2 * number - 1)
