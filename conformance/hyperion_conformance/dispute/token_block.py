"""A block to dispute about that needs no fixtures: transfers of a token, and a withdrawal to the L1."""

from typing import Final

import attrs
from immutables import Map

from hyperion.execution.block import Block, transactions_root, withdrawals_root
from hyperion.execution.block import Withdrawal as Handed
from hyperion.execution.header import Header
from hyperion.execution.profile import ETHEREUM
from hyperion.execution.system import requests_hash
from hyperion.execution.transaction import AccessEntry, FeeMarketTransaction
from hyperion.execution.transition import Chain, Tip, tip_of
from hyperion.primitives.hashing import EMPTY_LIST_HASH, EMPTY_TRIE_ROOT
from hyperion.primitives.secp256k1 import address_of, public_key_of
from hyperion.primitives.word import Address
from hyperion.settlement.finality.withdrawals import withdrawal_id
from hyperion.state.commitment import state_root
from hyperion.state.world import NO_STORAGE, Account, World
from hyperion.vm.forks import OSAKA
from hyperion_conformance.assembler import assemble
from hyperion_conformance.dispute.execution import Task
from hyperion_conformance.fixtures.signing import signed
from hyperion_conformance.token import TOKEN_SOURCE, balance_slot, transfer_input

CHAIN_ID: Final = 59_902
KEYS: Final = (0xA11CE, 0xB0B, 0xCA401, 0xDA7E)
HOLDERS: Final = tuple(address_of(public_key_of(key)) for key in KEYS)
TOKEN: Final = 0x70CE0000000000000000000000000000000070CE
PASSER: Final = 0x4200000000000000000000000000000000000016
PASSER_CODE: Final = assemble("1 0 CALLDATALOAD SSTORE STOP")
"""Notes a withdrawal by its name; its balance is what has left. The history contract notes hashes by the same code."""
QUIET_CODE: Final = assemble("0 0 RETURN")
"""Of the contracts that make requests: there are none."""
BYSTANDER: Final = 0xB0000000000000000000000000000000000000
"""The first of those who only are there."""
FEE: Final = 100
TRANSFERS: Final = 24


@attrs.frozen
class Withdrawal:
    """Wei that leave the L2 in a block."""

    nonce: int
    recipient: Address
    amount: int

    @property
    def key(self) -> int:
        """Where it is noted."""
        return int.from_bytes(withdrawal_id(self.nonce, self.recipient, self.amount), "big")


HANDED: Final = (Handed(0, 7, HOLDERS[2], 5), Handed(1, 8, 0xBEEF, 6))
"""Wei that the consensus layer hands out."""
WITHDRAWAL: Final = Withdrawal(nonce=0, recipient=HOLDERS[1], amount=3 * 10**18)


def genesis(bystanders: int = 0) -> Tip:
    """The block before: four holders of the token, the contracts of the protocol, and others who have one wei."""
    holders = {holder: Account(0, 10**20, b"", NO_STORAGE) for holder in HOLDERS}
    balances = Map({balance_slot(holder): 1_000_000 for holder in HOLDERS})
    accounts = {
        **holders,
        TOKEN: Account(1, 0, assemble(TOKEN_SOURCE), balances),
        PASSER: Account(1, 0, PASSER_CODE, NO_STORAGE),
        ETHEREUM.history_contract: Account(1, 0, PASSER_CODE, NO_STORAGE),
        **{made.address: Account(1, 0, QUIET_CODE, NO_STORAGE) for made in ETHEREUM.request_contracts},
        **{BYSTANDER + number: Account(0, 1, b"", NO_STORAGE) for number in range(bystanders)},
    }
    world = World(Map(accounts))
    return tip_of(
        Header(
            parent_hash=bytes(32), ommers_hash=EMPTY_LIST_HASH, coinbase=0, state_root=state_root(world),
            transactions_root=EMPTY_TRIE_ROOT, receipts_root=EMPTY_TRIE_ROOT, bloom=bytes(256), difficulty=0,
            number=1_000, gas_limit=30_000_000, gas_used=15_000_000, timestamp=1_800_000_000, extra_data=b"",
            prevrandao=0, nonce=bytes(8), base_fee=7, withdrawals_root=EMPTY_TRIE_ROOT, blob_gas_used=0,
            excess_blob_gas=0, beacon_root=bytes(32), requests_hash=requests_hash(()),
        ),
        world,
    )  # fmt: skip


def transactions(transfers: int) -> tuple[bytes, ...]:
    """Transfers around the holders, each of another amount and the first with a list; a withdrawal in their middle."""
    nonces, made = [0] * len(KEYS), []
    for number in range(transfers + 1):
        who = number % len(KEYS)
        warm = (AccessEntry(TOKEN, (balance_slot(HOLDERS[who]),)),) if number == 0 else ()
        common = {"gas_limit": 200_000, "max_fee_per_gas": FEE, "max_priority_fee_per_gas": 1, "access_list": warm}
        if number == transfers // 2:
            target, value, data = PASSER, WITHDRAWAL.amount, WITHDRAWAL.key.to_bytes(32, "big")
        else:
            target, value = TOKEN, 0
            data = transfer_input(HOLDERS[(who + 1) % len(HOLDERS)], 1_000 + 7 * number)
        unsigned = FeeMarketTransaction(
            chain_id=CHAIN_ID, nonce=nonces[who], to=target, value=value, data=data, y_parity=0, r=0, s=0,
            **common,  # type: ignore[arg-type]
        )  # fmt: skip
        made.append(signed(unsigned, KEYS[who]))
        nonces[who] += 1
    return tuple(made)


def unsent(nonce: int = 99) -> bytes:
    """A transaction whose nonce is not its sender's, which makes a block invalid."""
    unsigned = FeeMarketTransaction(
        chain_id=CHAIN_ID, nonce=nonce, to=TOKEN, value=0, data=b"", y_parity=0, r=0, s=0, gas_limit=50_000,
        max_fee_per_gas=FEE, max_priority_fee_per_gas=1, access_list=(),
    )  # fmt: skip
    return signed(unsigned, KEYS[0])


def token_block(transfers: int = TRANSFERS, bystanders: int = 0, invalid: bool = False) -> Task:
    """The block as it is derived: what its header claims of the outcome is not yet filled in.

    The consensus layer hands wei to two accounts; an ``invalid`` block ends with a transaction that may not be there.
    """
    tip, sent = genesis(bystanders), transactions(transfers) + ((unsent(),) if invalid else ())
    header = attrs.evolve(
        tip.header, parent_hash=tip.hash, number=tip.header.number + 1, timestamp=tip.header.timestamp + 2,
        coinbase=0xFEE, gas_used=0, transactions_root=transactions_root(sent),
        withdrawals_root=withdrawals_root(HANDED),
    )  # fmt: skip
    return Task("a block of token transfers and a withdrawal", tip, Block(header, sent, (), HANDED),
                Chain(CHAIN_ID, ETHEREUM, lambda _: OSAKA))  # fmt: skip
