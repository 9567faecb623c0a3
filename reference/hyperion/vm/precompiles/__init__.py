"""The precompiled contracts, one module for a family: pure functions from input bytes to a price and to output."""

from collections.abc import Set
from typing import Final

from immutables import Map

from hyperion.primitives.word import Address
from hyperion.vm.fork import Eip
from hyperion.vm.precompile import Precompile
from hyperion.vm.precompiles import (
    alt_bn128,
    blake2f,
    bls12_381,
    ecrecover,
    hashes,
    modexp,
    p256verify,
    point_evaluation,
)

PRECOMPILES: Final[tuple[Precompile, ...]] = (
    *ecrecover.PRECOMPILES,
    *hashes.PRECOMPILES,
    *modexp.PRECOMPILES,
    *alt_bn128.PRECOMPILES,
    *blake2f.PRECOMPILES,
    *point_evaluation.PRECOMPILES,
    *bls12_381.PRECOMPILES,
    *p256verify.PRECOMPILES,
)
"""All precompiled contracts of all forks, in the order of their addresses."""


def active(eips: Set[Eip]) -> Map[Address, Precompile]:
    """The precompiled contracts in force where exactly these EIPs are, by address: at most one at each."""
    return Map({precompile.address: precompile for precompile in PRECOMPILES if precompile.is_active(eips)})
