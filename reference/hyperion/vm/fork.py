"""Forks as data: a fork is a name, the set of EIPs in force, a blob schedule, and the tables that follow from them.

No folder is copied for a fork. A rule that changed asks ``Eip.X in fork.eips``; an instruction or precompile names the
EIP that brings it, and the tables are filtered. The values are in ``hyperion.vm.forks``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

import attrs
from immutables import Map

from hyperion.primitives.word import Address

if TYPE_CHECKING:
    from hyperion.vm.machine import Instruction
    from hyperion.vm.precompile import Precompile


class Eip(IntEnum):
    """The Ethereum Improvement Proposals that distinguish the forks from PARIS on, by their numbers."""

    BEACON_ROOT = 4788
    BLOB_BASE_FEE = 7516
    BLOB_BASE_FEE_FLOOR = 7918
    BLOBS = 4844
    BLOBS_PER_TRANSACTION = 7594
    BLOCK_SIZE = 7934
    BLS12_381 = 2537
    CALLDATA_FLOOR = 7623
    CLZ = 7939
    CONSOLIDATION_REQUESTS = 7251
    DEPOSIT_REQUESTS = 6110
    HISTORY_IN_STATE = 2935
    INITCODE_LIMIT = 3860
    MCOPY = 5656
    MODEXP_BOUNDS = 7823
    MODEXP_GAS = 7883
    P256VERIFY = 7951
    PUSH0 = 3855
    REQUESTS = 7685
    SELFDESTRUCT_ONLY_NEW = 6780
    SET_CODE = 7702
    TRANSACTION_GAS_CAP = 7825
    TRANSIENT_STORAGE = 1153
    WARM_COINBASE = 3651
    WITHDRAWALS = 4895
    WITHDRAWAL_REQUESTS = 7002


@attrs.frozen
class BlobSchedule:
    """How many blobs a block may carry, and how fast their price moves (EIP-4844, EIP-7691, EIP-7892)."""

    target: int
    """Blobs in a block at which the price stays as it is."""
    max: int
    """The most blobs in a block."""
    base_fee_update_fraction: int
    """Excess blob gas over which the price rises by a factor of e."""


@attrs.frozen
class Fork:
    """A set of rules in force at the same time."""

    name: str
    eips: frozenset[Eip]
    blobs: BlobSchedule | None
    """None before blobs exist."""
    instructions: tuple[Instruction, ...] = attrs.field(repr=False)
    """256 rows, by opcode; opcodes without meaning have the row of INVALID."""
    precompiles: Map[Address, Precompile] = attrs.field(repr=False)


GAS_PER_BLOB: Final = 2**17
"""Blob gas that a blob uses, in units of blob gas (EIP-4844)."""
