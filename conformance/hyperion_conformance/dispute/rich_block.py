"""Blocks with something to do between their machines: lists, authorisations, logs, deposits, deletions, requests."""

from typing import Any, Final

import attrs
from immutables import Map

from hyperion.execution.block import Block, Withdrawal, encode_block, transactions_root, withdrawals_root
from hyperion.execution.header import Header, expected_excess
from hyperion.execution.profile import ETHEREUM
from hyperion.execution.set_code import MAGIC
from hyperion.execution.system import DEPOSIT_EVENT, DEPOSIT_LAYOUT, DEPOSIT_LOG_BYTES, requests_hash
from hyperion.execution.transaction import (
    AccessEntry,
    AccessListTransaction,
    Authorization,
    BlobTransaction,
    FeeMarketTransaction,
    LegacyTransaction,
    SetCodeTransaction,
)
from hyperion.execution.transition import Chain, Tip, tip_of
from hyperion.primitives.hashing import EMPTY_LIST_HASH, EMPTY_TRIE_ROOT, keccak256
from hyperion.primitives.rlp import encode, int_to_bytes
from hyperion.primitives.secp256k1 import address_of, public_key_of, sign
from hyperion.state.commitment import state_root
from hyperion.state.world import NO_STORAGE, Account, World
from hyperion.vm.address import address_bytes
from hyperion.vm.fork import Eip, Fork
from hyperion.vm.forks import OSAKA
from hyperion_conformance.assembler import assemble
from hyperion_conformance.fixtures.signing import signed

KEYS: Final = (0xA11CE, 0xB0B)
SENDERS: Final = tuple(address_of(public_key_of(key)) for key in KEYS)
LOGGER: Final = 0x1066
REVERTER: Final = 0x4E4E
DESTROYER: Final = 0xDE57
CODE: Final = {
    LOGGER: "CALLDATASIZE 0 0 CALLDATACOPY CALLDATASIZE 0 LOG0 7 1 0 LOG1 1 2 3 4 33 5 LOG4",
    REVERTER: "7 1 0 LOG1 0 0 REVERT",
    DESTROYER: "13055 0 MSTORE 2 30 0 CREATE 2 30 0 CREATE POP POP 9 0 SSTORE",
    ETHEREUM.deposit_contract: f"CALLDATASIZE 0 0 CALLDATACOPY {DEPOSIT_EVENT} CALLDATASIZE 0 LOG1",
    ETHEREUM.history_contract: "0 CALLDATALOAD 0 SSTORE",
    ETHEREUM.beacon_root_contract: "0 CALLDATALOAD NUMBER SSTORE",
}
"""What is called: logs of all sizes, a log that is undone, two contracts that are deleted at once, deposits."""
REQUESTING: Final = ("300 0 RETURN", "0 0 RETURN")
"""The one contract makes a request of 300 bytes, the other none."""
TARGETS: Final = (LOGGER, REVERTER, DESTROYER, ETHEREUM.deposit_contract, 0xBEEF)


def later_fields(fork: Fork) -> dict[str, Any]:
    """Values of the fields that EIPs have added."""
    fields: dict[str, Any] = {}
    if Eip.WITHDRAWALS in fork.eips:
        fields["withdrawals_root"] = EMPTY_TRIE_ROOT
    if Eip.BLOBS in fork.eips:
        fields |= {"blob_gas_used": 0, "excess_blob_gas": 0, "beacon_root": bytes(32)}
    if Eip.REQUESTS in fork.eips:
        fields["requests_hash"] = requests_hash(())
    return fields


def deposit_data() -> bytes:
    """The data of a deposit's log, its fields filled with 1, 2, 3, 4 and 5."""
    data = bytearray(DEPOSIT_LOG_BYTES)
    for position, (offset, size) in enumerate(DEPOSIT_LAYOUT):
        data[32 * position : 32 * position + 32] = offset.to_bytes(32, "big")
        data[offset : offset + 32 + size] = size.to_bytes(32, "big") + bytes([position + 1]) * size
    return bytes(data)


def beginning(fork: Fork = OSAKA, requesting: tuple[str, ...] = REQUESTING) -> Tip:
    """A chain of one block."""
    accounts = {sender: Account(0, 10**20, b"", NO_STORAGE) for sender in SENDERS}
    accounts |= {address: Account(1, 0, assemble(code), NO_STORAGE) for address, code in CODE.items()}
    for contract, code in zip(ETHEREUM.request_contracts, requesting, strict=False):
        accounts[contract.address] = Account(1, 0, assemble(code), NO_STORAGE)
    world = World(Map(accounts))
    header = Header(
        parent_hash=bytes(32), ommers_hash=EMPTY_LIST_HASH, coinbase=0, state_root=state_root(world),
        transactions_root=EMPTY_TRIE_ROOT, receipts_root=EMPTY_TRIE_ROOT, bloom=bytes(256), difficulty=0, number=0,
        gas_limit=30_000_000, gas_used=15_000_000, timestamp=0, extra_data=b"", prevrandao=0, nonce=bytes(8),
        base_fee=7, **later_fields(fork),
    )  # fmt: skip
    return tip_of(header, world)


def chain(fork: Fork = OSAKA) -> Chain:
    """Ethereum in one fork."""
    return Chain(1, ETHEREUM, lambda _: fork)


def drafted(
    tip: Tip, transactions: tuple[bytes, ...], withdrawals: tuple[Withdrawal, ...] = (), fork: Fork = OSAKA
) -> tuple[Block, int]:
    """A block as it is derived, and the bytes of its encoding."""
    paid = withdrawals if Eip.WITHDRAWALS in fork.eips else None
    header = attrs.evolve(
        tip.header, parent_hash=tip.hash, number=tip.header.number + 1, timestamp=tip.header.timestamp + 12,
        coinbase=0xC014, gas_used=0, transactions_root=transactions_root(transactions),
        withdrawals_root=None if paid is None else withdrawals_root(paid),
        excess_blob_gas=None if fork.blobs is None else expected_excess(tip.header, fork),
        requests_hash=requests_hash(()) if Eip.REQUESTS in fork.eips else None,
    )  # fmt: skip
    block = Block(header, transactions, (), paid)
    return block, len(encode_block(block))


# --- transactions ----------------------------------------------------------------------------------------------------


def authorization(key: int, nonce: int, chain_id: int = 1, target: int = LOGGER) -> Authorization:
    """A signed wish to run the code of ``target``."""
    fields = (int_to_bytes(chain_id), address_bytes(target), int_to_bytes(nonce))
    parity, r, s = sign(keccak256(MAGIC + encode(fields)), key)
    return Authorization(chain_id, target, nonce, parity, r, s)


def made(kind: int, who: int, nonce: int, to: int | None, data: bytes, **others: Any) -> bytes:
    """A signed transaction of the type ``kind``, with the lists that are given."""
    common: dict[str, Any] = {"nonce": nonce, "gas_limit": 600_000, "to": to, "value": 1, "data": data, "r": 0, "s": 0}
    if kind == 0:
        return signed(LegacyTransaction(gas_price=10, v=37, **common), KEYS[who])
    common |= {"chain_id": 1, "y_parity": 0, "access_list": others.get("access_list", ())}
    if kind == 1:
        return signed(AccessListTransaction(gas_price=10, **common), KEYS[who])
    common |= {"max_fee_per_gas": 20, "max_priority_fee_per_gas": 2}
    if kind == 3:
        blobs = {"max_fee_per_blob_gas": 10, "blob_versioned_hashes": (2**248 + 5,)}
        return signed(BlobTransaction(**common, **blobs), KEYS[who])  # type: ignore[arg-type]
    if kind == 4:
        return signed(SetCodeTransaction(authorizations=others["authorizations"], **common), KEYS[who])
    return signed(FeeMarketTransaction(**common), KEYS[who])


# --- blocks ----------------------------------------------------------------------------------------------------------

EVERY: Final = (
    made(0, 0, 0, LOGGER, bytes(700)),
    made(1, 0, 1, DESTROYER, b"", access_list=(AccessEntry(DESTROYER, (0,)),)),
    made(4, 1, 0, LOGGER, b"\1", authorizations=(authorization(0xD1, 0), authorization(0xD2, 7))),
    made(3, 1, 1, 0xBEEF, b""), made(2, 0, 2, None, b"\x60\x01\x60\x00\x53\x60\x01\x60\x00\xf3"),
)  # fmt: skip
"""A transaction of each type, with logs, deletions, authorisations and a creation."""
OTHERS: Final = (
    made(2, 0, 0, REVERTER, b""), made(0, 0, 1, ETHEREUM.deposit_contract, deposit_data()),
    made(4, 1, 0, REVERTER, b"\1", authorizations=(authorization(0xD1, 0),)),
    made(0, 1, 1, LOGGER, b""), made(0, 1, 2, ETHEREUM.deposit_contract, deposit_data()),
)  # fmt: skip
"""Executions that fail, deposits, and an authorisation."""
PAID: Final = (Withdrawal(0, 0, 0xBEEF, 5), Withdrawal(1, 0, 0xF00D, 6))
