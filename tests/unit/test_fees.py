"""Prices and intrinsic gas against figures of EELS 2.20.0.

The figures come from ``calculate_base_fee_per_gas``, ``calculate_blob_gas_price`` and ``calculate_excess_blob_gas`` of
``ethereum.forks.{cancun,prague,osaka}``, called with the arguments in the tables.
"""

import attrs
import pytest

from hyperion.execution.fees import (
    blob_base_fee,
    effective_price,
    fake_exponential,
    next_base_fee,
    next_excess_blob_gas,
)
from hyperion.execution.message import gas_used
from hyperion.vm.fork import BlobSchedule
from hyperion.vm.forks import CANCUN, OSAKA, PRAGUE

BASE_FEES = (
    (30_000_000, 15_000_000, 10**9, 1_000_000_000),
    (30_000_000, 30_000_000, 10**9, 1_125_000_000),
    (30_000_000, 0, 10**9, 875_000_000),
    (30_000_000, 15_000_001, 7, 8),
    (30_000_000, 14_999_999, 7, 7),
    (36_000_000, 20_123_456, 123_456_789, 125_277_310),
    (5_001, 2_501, 1, 2),
    (30_000_000, 7_654_321, 98_765_432_109, 92_719_605_771),
)
CANCUN_PRICES = (
    (0, 1), (393_216, 1), (2_314_057, 1), (2_314_058, 2), (10_000_000, 19), (100_000_000, 10_203_769_476_395),
)  # fmt: skip
PRAGUE_PRICES = (
    (0, 1), (786_432, 1), (10_000_000, 7), (100_000_000, 470_442_149),
    (250_000_000, 4_800_268_898_770_622_094_523),
)  # fmt: skip
OSAKA_EXCESSES = (
    (0, 0, 7, 0), (0, 786_432, 7, 0), (0, 1_179_648, 7, 393_216), (0, 1_179_648, 10**9, 393_216),
    (10_000_000, 1_179_648, 10**6, 10_393_216), (10_000_000, 262_144, 10**9, 10_087_381),
    (100_000_000, 917_504, 10**9, 100_131_072), (786_432, 131_072, 16, 131_072), (786_432, 131_072, 17, 830_122),
)  # fmt: skip


def schedule(fork: object) -> BlobSchedule:
    found = getattr(fork, "blobs", None)
    assert isinstance(found, BlobSchedule)
    return found


@pytest.mark.rule("EXE-base-fee")
@pytest.mark.parametrize(("limit", "used", "base", "expected"), BASE_FEES)
def test_the_base_fee_is_that_of_eels(limit: int, used: int, base: int, expected: int) -> None:
    assert next_base_fee(limit, used, base) == expected


@pytest.mark.rule("EXE-blob-base-fee")
def test_the_price_of_blob_gas_is_that_of_eels() -> None:
    for excess, expected in CANCUN_PRICES:
        assert blob_base_fee(excess, schedule(CANCUN)) == expected
    for excess, expected in PRAGUE_PRICES:
        assert blob_base_fee(excess, schedule(PRAGUE)) == expected


@pytest.mark.rule("EXE-blob-base-fee")
def test_a_schedule_that_is_off_by_a_little_is_noticed() -> None:
    """Control: the table above distinguishes schedules."""
    wrong = attrs.evolve(schedule(CANCUN), base_fee_update_fraction=3_338_476)
    assert any(blob_base_fee(excess, wrong) != expected for excess, expected in CANCUN_PRICES)


@pytest.mark.rule("EXE-excess-blob-gas")
@pytest.mark.parametrize(("excess", "used", "base", "expected"), OSAKA_EXCESSES)
def test_the_excess_is_that_of_eels(excess: int, used: int, base: int, expected: int) -> None:
    assert next_excess_blob_gas(excess, used, base, schedule(OSAKA), floored=True) == expected


@pytest.mark.rule("EXE-excess-blob-gas")
def test_the_floor_of_the_blob_price_is_noticed() -> None:
    """Control: without EIP-7918 the table does not hold."""
    assert any(
        next_excess_blob_gas(excess, used, base, schedule(OSAKA), floored=False) != expected
        for excess, used, base, expected in OSAKA_EXCESSES
    )


@pytest.mark.rule("EXE-blob-base-fee")
@pytest.mark.parametrize(
    ("factor", "numerator", "denominator", "expected"),
    [
        (1, 0, 1, 1), (38_493, 0, 1_000, 38_493), (0, 1_234, 2_345, 0), (1, 2, 1, 6), (1, 4, 2, 6), (1, 3, 1, 16),
        (1, 6, 2, 18), (1, 4, 1, 49), (1, 8, 2, 50), (10, 8, 2, 542), (11, 8, 2, 596), (1, 5, 1, 136), (1, 5, 2, 11),
        (2, 5, 2, 23), (1, 50_000_000, 2_225_652, 5_709_098_764),
    ],
)  # fmt: skip
def test_the_series_is_that_of_go_ethereum(factor: int, numerator: int, denominator: int, expected: int) -> None:
    """The table of ``TestFakeExponential`` in go-ethereum, consensus/misc/eip4844."""
    assert fake_exponential(factor, numerator, denominator) == expected


@pytest.mark.rule("EXE-effective-price")
@pytest.mark.parametrize(
    ("most", "priority", "base", "expected"), [(20, 1, 7, 8), (20, 20, 7, 20), (7, 0, 7, 7), (10, 10, 7, 10)]
)
def test_the_effective_price(most: int, priority: int, base: int, expected: int) -> None:
    assert effective_price(most, priority, base) == expected


@pytest.mark.rule("EXE-refund")
@pytest.mark.parametrize(
    ("limit", "left", "refund", "floor", "expected"),
    [
        (100_000, 50_000, 0, 0, 50_000),
        (100_000, 50_000, 4_800, 0, 45_200),
        (100_000, 50_000, 48_000, 0, 40_000),  # no more than a fifth
        (100_000, 50_000, 48_000, 45_000, 45_000),  # the floor is paid after the refund
        (100_000, 79_000, 0, 30_000, 30_000),
    ],
)
def test_gas_used(limit: int, left: int, refund: int, floor: int, expected: int) -> None:
    assert gas_used(limit, left, refund, floor) == expected
