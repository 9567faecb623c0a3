"""Profiles: what differs between chains that run the same machine, as data.

A chain is Ethereum, or something close to it. What it does otherwise is a field here, read by the one transition that
all share: which types of transaction it knows, where the base fee goes, and which contracts the protocol itself calls.
"""

from typing import Final

import attrs

from hyperion.execution.transaction import TRANSACTION_TYPES, Transaction
from hyperion.primitives.word import Address
from hyperion.vm.fork import Eip, Fork


@attrs.frozen
class RequestContract:
    """A contract that is called after the transactions of a block; its output is a request (EIP-7685)."""

    since: Eip
    address: Address
    request_type: int


@attrs.frozen
class Profile:
    """A chain's deviations."""

    name: str
    transaction_types: tuple[type[Transaction], ...]
    """Types that may be in a block, where the fork has them."""
    base_fee_recipient: Address | None
    """Who gets the base fee; None if it is burned."""
    system_address: Address
    """The caller of the protocol's own calls."""
    system_gas: int
    """Gas that each of them has."""
    beacon_root_contract: Address
    """Keeps the roots of beacon blocks (EIP-4788)."""
    history_contract: Address
    """Keeps the hashes of blocks (EIP-2935)."""
    deposit_contract: Address
    """Its logs are deposit requests (EIP-6110)."""
    request_contracts: tuple[RequestContract, ...]
    """In the order in which they are called, which is that of the request types."""

    def types_in(self, fork: Fork) -> tuple[type[Transaction], ...]:
        """The types of transactions that may be in a block of ``fork``."""
        return tuple(known for known in self.transaction_types if known.since is None or known.since in fork.eips)


ETHEREUM: Final = Profile(
    name="ETHEREUM",
    transaction_types=TRANSACTION_TYPES,
    base_fee_recipient=None,
    system_address=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE,
    system_gas=30_000_000,
    beacon_root_contract=0x000F3DF6D732807EF1319FB7B8BB8522D0BEAC02,
    history_contract=0x0000F90827F1C53A10CB7A02335B175320002935,
    deposit_contract=0x00000000219AB540356CBB839CBE05303D7705FA,
    request_contracts=(
        RequestContract(Eip.WITHDRAWAL_REQUESTS, 0x00000961EF480EB55E80D19AD83579A64C007002, 1),
        RequestContract(Eip.CONSOLIDATION_REQUESTS, 0x0000BBDDC7CE488642FB579F8B00F3A590007251, 2),
    ),
)
"""The Ethereum main chain."""
