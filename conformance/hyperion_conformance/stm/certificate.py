"""L1: a certificate, which shows that a run is right whatever scheduled it.

An engine exports for each transaction what its last incarnation read (each location with the versions that made the
value, and the value), wrote, added, and gave as its result. The checker plays each transaction alone on the values that
it says it read, and looks whether each read is what the exported writes of lower transactions resolve to. By theorem
STM-serial the memory then holds the serial state, for any program; no schedule, thread or status is looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from hyperion.parallel.mvmemory import Added, Cell, Found, Written, fold
from hyperion.parallel.program import Done
from hyperion.parallel.trees import Trees
from hyperion.parallel.version import STORAGE, Version
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.stm.programs import IDENTIFIER
from hyperion_conformance.vectors.input import InputError, items, natural, record

MOST_INCARNATION: Final = 2**32
DIGITS: Final = 400
"""Digits of a value; a product of a small block has fewer."""


@attrs.frozen
class CertifiedRead:
    """A read: where, which versions made the value (the nearest first), and the value."""

    location: str
    origins: tuple[Version, ...]
    value: int


Effects: TypeAlias = tuple[tuple[str, int], ...]


@attrs.frozen
class Certified:
    """The last incarnation of a transaction."""

    incarnation: int
    reads: tuple[CertifiedRead, ...]
    writes: Effects
    additions: Effects
    result: str


@attrs.frozen
class Fault:
    """What is wrong with a certificate: the transaction, which check it fails, and how."""

    transaction: int
    check: str
    what: str

    def __str__(self) -> str:
        return f"transaction {self.transaction}: {self.check}: {self.what}"


# --- decoding --------------------------------------------------------------------------------------------------------


def number(value: Json, field: str) -> int:
    """A signed decimal number, as a string."""
    text = value.removeprefix("-") if isinstance(value, str) else ""
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS or (text[0] == "0" and value != "0"):
        raise InputError(field, "a canonical decimal string is needed")
    return int(str(value))


def place(value: Json, field: str) -> str:
    """A location."""
    if not isinstance(value, str) or IDENTIFIER.fullmatch(value) is None:
        raise InputError(field, "not a location")
    return value


def origin(value: Json, field: str) -> Version:
    """A version, or ``storage``."""
    if value == "storage":
        return STORAGE
    parts = items(value, field, natural)
    if len(parts) != 2 or parts[1] >= MOST_INCARNATION:
        raise InputError(field, '["transaction", "incarnation"], or "storage", is needed')
    return Version(*parts)


def certified_read(value: Json, field: str) -> CertifiedRead:
    """A read."""
    given = record(value, field, ("location", "origins", "value"), False, ("location", "origins", "value"))
    origins = items(given["origins"], f"{field}.origins", origin)
    return CertifiedRead(
        place(given["location"], f"{field}.location"), origins, number(given["value"], f"{field}.value")
    )


def effects(value: Json, field: str) -> Effects:
    """Numbers by location."""
    if not isinstance(value, Mapping):
        raise InputError(field, "an object of numbers by location is needed")
    return tuple((place(at, field), number(amount, f"{field}.{at[:20]}")) for at, amount in sorted(value.items()))


def certified(value: Json, field: str) -> Certified:
    """The last incarnation of a transaction."""
    needed = ("incarnation", "reads", "writes", "result")
    given = record(value, field, needed, False, needed)
    result = given["result"]
    if not isinstance(result, str) or len(result) > DIGITS:
        raise InputError(f"{field}.result", "a text is needed")
    return Certified(
        natural(given["incarnation"], f"{field}.incarnation", MOST_INCARNATION),
        items(given["reads"], f"{field}.reads", certified_read),
        effects(given["writes"], f"{field}.writes"),
        effects(given.get("additions", {}), f"{field}.additions"),
        result,
    )


def certificate_of(value: Json, field: str = "$.ok.certificate") -> tuple[Certified, ...]:
    """A certificate. Refused with ``InputError``: what has not this shape."""
    return items(value, field, certified)


# --- checking --------------------------------------------------------------------------------------------------------


def faults(block: Trees, certificate: Sequence[Certified]) -> Iterator[Fault]:
    """All that is wrong with a certificate of a block."""
    if len(certificate) != block.size:
        yield Fault(len(certificate), "complete", f"{block.size} transactions, {len(certificate)} certified")
        return
    cells: dict[str, tuple[Cell, ...]] = {}
    for transaction, one in enumerate(certificate):
        yield from replayed(block, transaction, one)
        for read in one.reads:
            yield from resolved(block, transaction, read, cells)
        for at, value in one.writes:
            cells[at] = (*cells.get(at, ()), (transaction, Written(one.incarnation, value)))
        for at, amount in one.additions:
            cells[at] = (*cells.get(at, ()), (transaction, Added(one.incarnation, amount)))


def replayed(block: Trees, transaction: int, one: Certified) -> Iterator[Fault]:
    """Whether a transaction that reads these values reads there, and does what is said of it."""
    at = block.start(transaction)
    for index, read in enumerate(one.reads):
        if isinstance(at, Done):
            yield Fault(transaction, "replay", f"has ended before read {index}, of {read.location}")
            return
        if at.location != read.location:
            yield Fault(transaction, "replay", f"read {index} is of {at.location}, not of {read.location}")
            return
        at = at.resume(read.value)
    if not isinstance(at, Done):
        yield Fault(transaction, "replay", f"would read {at.location}, which is not recorded")
        return
    said = (sorted(one.writes), sorted(one.additions), one.result)
    found = (sorted(at.writes), sorted(at.additions), str(at.result))
    for name, mine, theirs in zip(("writes", "additions", "result"), found, said, strict=True):
        if mine != theirs:
            yield Fault(transaction, "replay", f"{name} are {theirs}, but of these reads come {mine}"[:200])


def resolved(
    block: Trees, transaction: int, read: CertifiedRead, cells: Mapping[str, tuple[Cell, ...]]
) -> Iterator[Fault]:
    """Whether a read is what the entries of the transactions before it resolve to."""
    found = fold(cells.get(read.location, ()), read.location, block.base)
    if not isinstance(found, Found):
        return
    if found.origins != read.origins:
        yield Fault(
            transaction, "origin",
            f"{read.location} came from {shown(read.origins)}; the writes below make it {shown(found.origins)}",
        )  # fmt: skip
    elif found.value != read.value:
        yield Fault(transaction, "value", f"{read.location} was read as {read.value}; it is {found.value}")


def shown(origins: Sequence[Version]) -> str:
    """Versions in short."""
    return " + ".join(
        "storage" if one == STORAGE else f"{one.transaction}.{one.incarnation}" for one in origins
    ) or "nothing"


def final_state(block: Trees, certificate: Sequence[Certified]) -> dict[str, int]:
    """The state that a certificate without faults leaves: what a reader behind the last transaction would find."""
    state: dict[str, int] = {}
    for one in certificate:
        state.update(one.writes)
        for at, amount in one.additions:
            state[at] = state.get(at, block.base(at)) + amount
    return state
