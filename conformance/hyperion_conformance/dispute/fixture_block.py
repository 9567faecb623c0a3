"""A block of an official block test to dispute about."""

import re
from pathlib import Path
from typing import Any

import msgspec

from hyperion.execution.block import decode_block
from hyperion.execution.transition import BlockResult, Tip, apply_encoded
from hyperion.primitives.rlp import RlpError
from hyperion_conformance.dispute.execution import Execution, Task
from hyperion_conformance.fixtures.alloc import octets
from hyperion_conformance.fixtures.block_case import chain_of, genesis_of
from hyperion_conformance.fixtures.faults import NO_FAULT
from hyperion_conformance.fixtures.networks import network_named
from hyperion_conformance.fixtures.source import Case, FixtureError, Kind, cases_under
from hyperion_conformance.fixtures.verdict import Mismatch


def block_case(fixtures: Path, pattern: str) -> Case:
    """The first block test whose id matches. Refuses with ``FixtureError`` where none does."""
    wanted = re.compile(pattern)
    for case in cases_under(fixtures):
        if case.kind is Kind.BLOCKS and wanted.search(case.id):
            return case
    raise FixtureError(fixtures, f"no block test whose id matches {pattern!r}")


def fixture_block(fixtures: Path, case: Case, number: int) -> tuple[Task, bytes]:
    """The ``number``-th block of a test, counted from 1, on those before it, and the hash that the test states for it.

    Refuses with ``FixtureError`` a block that is not there, or that is not valid.
    """
    test = msgspec.json.decode(case.raw)
    chain = chain_of(test, network_named(test["network"], (test.get("config") or {}).get("blobSchedule")), NO_FAULT)
    tip = genesis_of(test)
    entries = test["blocks"]
    if isinstance(tip, Mismatch) or not 1 <= number <= len(entries):
        raise FixtureError(fixtures, f"{case.id}: no block {number} of {len(entries)}")
    for entry in entries[: number - 1]:
        tip = extended(fixtures, tip, entry, chain)
    extended(fixtures, tip, entries[number - 1], chain)
    block = decode_block(octets(entries[number - 1]["rlp"]))
    return Task(f"{case.id}, block {number}", tip, block, chain), octets(entries[number - 1]["blockHeader"]["hash"])


def extended(fixtures: Path, tip: Tip, entry: Any, chain: Any) -> Tip:
    """The tip after a block of the test that is valid."""
    try:
        result = apply_encoded(tip, octets(entry["rlp"]), chain)
    except RlpError as error:
        raise FixtureError(fixtures, str(error)) from None
    if not isinstance(result, BlockResult) or "blockHeader" not in entry:
        raise FixtureError(fixtures, "a block that is not valid")
    return result.tip


def is_as_stated(truth: Execution, stated: bytes) -> bool:
    """Whether the execution gives the block that the test states, header and all."""
    return truth.ended.tip.hash == stated
