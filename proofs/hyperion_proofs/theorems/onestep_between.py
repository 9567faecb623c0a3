"""Stages between machines: opening the hash of a stage gives that stage, under ideal hashing.

As for machines (``onestep``): no field is lost, doubled, exchanged, or too wide for the place where it is read. That a
stage then does what the whole transition of a block does is tested: the functions are the same ones.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from hyperion.settlement.between import records
from hyperion.settlement.between.stages import Body, Phase, Settled, Stage
from hyperion.settlement.onestep import maps
from hyperion.settlement.onestep import records as machine_records
from hyperion.settlement.onestep.containers import Later
from hyperion.settlement.onestep.work import AT_ONCE
from hyperion.state import trie
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion_proofs.mutant import in_place
from hyperion_proofs.solve import ARITHMETIC
from hyperion_proofs.statement import Given
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem
from hyperion_proofs.theorems.onestep import CONTAINERS, IDEAL, RECORDS, Tree, ideals

BITS: Final = 2**2047 + 5
"""A filter; its bytes are taken as they are, so that any other one goes through like it."""


@attrs.frozen(eq=False)
class Token:
    """A container, a world or a trie that goes through unread."""

    name: str

    @property
    def digest(self) -> Token:
        """Of a record that waits behind its hash: itself."""
        return self

    @property
    def length(self) -> int:
        """Of the hash that it is."""
        return 32


def unread(name: str) -> Any:
    """A record that waits behind its hash."""
    return Later(Token(name), lambda: None)  # type: ignore[arg-type]


def between(given: Given) -> tuple[Ideal, ...]:
    """The ideals of machines, for the records of stages."""
    shared = {each.name: each for each in ideals(given) if each.module is machine_records}
    names = ("encode_record", "number_item", "fields_of", "len", "sealed_octets", "opened_octets")
    own: dict[str, Any] = {
        "sealed_trie": lambda held, sink: held,
        "listed": lambda logs, sink: (0, logs),
        "HiddenLogs": lambda count, last, nodes, work: last,
    }
    return (
        *(attrs.evolve(shared[name], module=records) for name in names),
        *(Ideal(records, name, token, CONTAINERS.id) for name, token in own.items()),
        *(each for each in ideals(given) if each.module is maps),
        Ideal(trie, "hidden", lambda root, ask: root, CONTAINERS.id),
    )


# --- what is claimed -------------------------------------------------------------------------------------------------

BODY: Final = (
    "input", "before", "facts", "world", "gas_used", "blob_gas_used", "receipts", "bloom", "deposits", "hashes",
)  # fmt: skip
SETTLED: Final = (
    "type_byte", "succeeded", "destroyed", "logs", "left", "size", "deposits", "bloom", "leaf", "end", "deposit_end",
)  # fmt: skip


def any_body(given: Given) -> Any:
    """Any body: numbers that fit, and containers that are not looked into."""
    gas, blob_gas = given.integer("gas", 0, 2**64 - 1), given.integer("blob gas", 0, 2**64 - 1)
    held: Any = Token
    return Body(
        unread("input"), unread("before"), unread("facts"), held("world"), gas, blob_gas, held("receipts"), BITS,
        held("deposits"), held("hashes"),
    )  # fmt: skip


def any_settled(given: Given) -> Any:
    """Any transaction that is paid for."""
    numbers = [given.integer(name, 0, 2**48 - 1) for name in ("size", "deposits", "end", "deposit end")]
    held: Any = Token
    return Settled(
        given.integer("type", 0, 127), given.truth("succeeded"), held("destroyed"), held("logs"), held("left"),
        numbers[0], numbers[1], BITS, held("leaf"), numbers[2], numbers[3],
    )  # fmt: skip


def same(given: Given, name: str, before: Any, after: Any) -> None:
    """A field is as it was; a record behind its hash has that hash."""
    if type(before) is Later:
        before, after = before.digest, after.digest
    given.claim(name, True if before is after else before == after)


def stage_reopened(given: Given) -> None:
    """Seal any stage of a transaction that is paid for, open it, compare."""
    index, entry = given.integer("index", 0, 2**32 - 1), given.integer("entry", 0, 2**32 - 1)
    before = Stage(Phase.WRITING, index, entry, any_body(given), any_settled(given))
    with Idealized(between(given)):
        root: Any = records.sealed_stage(before, Tree())
        after: Any = records.opened_stage(root, Tree(), AT_ONCE)
        for name in ("phase", "index", "entry"):
            same(given, name, getattr(before, name), getattr(after, name))
        for name in BODY:
            same(given, f"body: {name}", getattr(before.body, name), getattr(after.body, name))
        for name in SETTLED:
            same(given, f"settled: {name}", getattr(before.detail, name), getattr(after.detail, name))


def broken(weakening: str, function: Any, old: str, new: str) -> Control:
    """A control: the function with a change in its text."""
    fault = in_place(function, old, new)
    return Control(weakening, Obligation(weakening, stage_reopened, ARITHMETIC, ideals=lambda: (fault,)))


OPENS: Final = Theorem(
    "ONESTEP-between-opens",
    "A stage of a transaction that is paid for, opened from its hash, has each field of that stage, of its body and of "
    "its receipt in the making, and each fits the width in which it is read.",
    ("DIS-commit-stage", "DIS-commit-body", "DIS-commit-settled"),
    Kind.PATHS,
    (Obligation("a stage", stage_reopened, ARITHMETIC),),
    (
        broken(
            "gas is that of blobs", records.sealed_body, "number_item(body.gas_used)",
            "number_item(body.blob_gas_used)",
        ),
        broken(
            "the entry is read for the index", records.opened_stage, "Stage(phase, index, entry,",
            "Stage(phase, entry, index,",
        ),
        broken(
            "the end of a log is read in three bytes", records.opened_settled,
            "end, deposit_end = fields.number(SIZE_BYTES)", "end, deposit_end = fields.number(3)",
        ),
        broken(
            "the filter of the block is empty", records.opened_body, "opened_bits(fields)", "0 * opened_bits(fields)",
        ),
    ),
    "indices below 2**32, gas below 2**64, sizes below 2**48",
    (IDEAL, RECORDS, CONTAINERS),
    "Whatever is done with a stage reads its fields alone, so what follows the opened stage follows that stage.",
)  # fmt: skip

THEOREMS: Final = (OPENS,)
