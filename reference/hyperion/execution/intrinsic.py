"""Gas that a transaction pays before any code runs, and the floor of what it pays in all.

Source: Yellow Paper §6.2 (g₀); EIP-2028, EIP-2930, EIP-3860, EIP-7623, EIP-7702.
"""

from typing import Final

import attrs

from hyperion.execution.transaction import Transaction
from hyperion.rules import rule
from hyperion.vm import gas as price
from hyperion.vm.fork import Eip, Fork

BASE: Final = 21_000
"""A transaction."""
DATA_TOKEN: Final = 4
"""A token of data: a zero byte is one, another byte four (EIP-2028)."""
DATA_TOKEN_FLOOR: Final = 10
"""The least that a token of data costs in all (EIP-7623)."""
TOKENS_OF_NONZERO_BYTE: Final = 4
ACCESS_ADDRESS: Final = 2_400
"""An account in the access list (EIP-2930)."""
ACCESS_KEY: Final = 1_900
"""A storage key in the access list (EIP-2930)."""
AUTHORIZATION: Final = 25_000
"""An authorisation, as if its account were new (EIP-7702)."""


@attrs.frozen
class Intrinsic:
    """What a transaction pays for itself, in gas."""

    gas: int
    """Taken before the execution."""
    floor: int
    """The least that is paid in all; 0 before EIP-7623."""


def data_tokens(data: bytes) -> int:
    """The size of ``data`` in tokens."""
    zeros = data.count(0)
    return zeros + TOKENS_OF_NONZERO_BYTE * (len(data) - zeros)


@rule("EXE-intrinsic-gas", "A transaction first pays for itself, its data, creation, access list and authorisations.")
def intrinsic_gas(transaction: Transaction, fork: Fork) -> int:
    """Gas of ``transaction`` before any code runs."""
    gas = BASE + DATA_TOKEN * data_tokens(transaction.data)
    if transaction.to is None:
        gas += price.CREATE
        if Eip.INITCODE_LIMIT in fork.eips:
            gas += price.initcode_cost(len(transaction.data))
    for entry in transaction.announced:
        gas += ACCESS_ADDRESS + ACCESS_KEY * len(entry.keys)
    return gas + AUTHORIZATION * len(transaction.delegations)


@rule("EXE-floor-gas", "A transaction pays at least ten gas for each token of its data, beside the base.")
def floor_gas(transaction: Transaction, fork: Fork) -> int:
    """The least gas that ``transaction`` pays in all (EIP-7623)."""
    if Eip.CALLDATA_FLOOR not in fork.eips:
        return 0
    return BASE + DATA_TOKEN_FLOOR * data_tokens(transaction.data)


def intrinsic_of(transaction: Transaction, fork: Fork) -> Intrinsic:
    """Both figures of ``transaction``."""
    return Intrinsic(intrinsic_gas(transaction, fork), floor_gas(transaction, fork))
