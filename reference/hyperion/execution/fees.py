"""Prices: the base fee of a block, what a transaction pays for gas, and the price of blob gas.

All prices are in wei per unit of gas. Source: EIP-1559, EIP-4844, EIP-7691, EIP-7918.
"""

from typing import Final

from hyperion.rules import rule
from hyperion.vm.fork import GAS_PER_BLOB, BlobSchedule

ELASTICITY: Final = 2
"""The gas target of a block is its gas limit divided by this."""
BASE_FEE_MAX_CHANGE_DENOMINATOR: Final = 8
"""The base fee changes by at most one part in this a block."""
MIN_BLOB_BASE_FEE: Final = 1
"""The lowest price of blob gas, in wei."""
BLOB_BASE_COST: Final = 2**13
"""Gas whose price is the floor of the price of a blob (EIP-7918)."""


@rule("EXE-base-fee", "The base fee follows the gas that the parent used, an eighth at most; a rise is 1 at least.")
def next_base_fee(parent_gas_limit: int, parent_gas_used: int, parent_base_fee: int) -> int:
    """The base fee of the block after a parent with these figures. The parent's gas limit is at least 2."""
    target = parent_gas_limit // ELASTICITY
    if parent_gas_used == target:
        return parent_base_fee
    if parent_gas_used > target:
        rise = parent_base_fee * (parent_gas_used - target) // target // BASE_FEE_MAX_CHANGE_DENOMINATOR
        return parent_base_fee + max(rise, 1)
    return parent_base_fee - parent_base_fee * (target - parent_gas_used) // target // BASE_FEE_MAX_CHANGE_DENOMINATOR


@rule("EXE-effective-price", "A transaction pays the base fee and its priority fee, but no more than its maximum.")
def effective_price(max_fee: int, max_priority_fee: int, base_fee: int) -> int:
    """What a unit of gas costs a transaction whose maximum is not below the base fee."""
    return min(max_fee, base_fee + max_priority_fee)


@rule("EXE-blob-base-fee", "The price of blob gas grows exponentially with the excess, by a series of integers.")
def blob_base_fee(excess_blob_gas: int, schedule: BlobSchedule) -> int:
    """The price of a unit of blob gas in a block with this excess."""
    return fake_exponential(MIN_BLOB_BASE_FEE, excess_blob_gas, schedule.base_fee_update_fraction)


def fake_exponential(factor: int, numerator: int, denominator: int) -> int:
    """About ``factor * e ** (numerator / denominator)``: the Taylor series in integers, as EIP-4844 sums it."""
    index, total = 1, 0
    term = factor * denominator
    while term > 0:
        total += term
        term = term * numerator // (denominator * index)
        index += 1
    return total // denominator


@rule("EXE-excess-blob-gas", "Blob gas used beyond the target accumulates; cheap blobs lower the excess more slowly.")
def next_excess_blob_gas(excess: int, used: int, parent_base_fee: int, schedule: BlobSchedule, floored: bool) -> int:
    """The excess of the block after a parent with these figures.

    ``floored`` says whether the price of a blob has a floor (EIP-7918): while ``BLOB_BASE_COST`` gas costs more than a
    blob, the target is not taken off.
    """
    target = schedule.target * GAS_PER_BLOB
    if excess + used < target:
        return 0
    if floored and BLOB_BASE_COST * parent_base_fee > GAS_PER_BLOB * blob_base_fee(excess, schedule):
        return excess + used * (schedule.max - schedule.target) // schedule.max
    return excess + used - target
