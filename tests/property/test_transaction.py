"""Transactions as a bijection, decoding of hostile bytes, and wei that neither appear nor vanish."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map

from hyperion.execution.block import Block, Withdrawal, decode_block, encode_block
from hyperion.execution.header import Header, block_hash
from hyperion.execution.message import Applied, apply_transaction
from hyperion.execution.profile import ETHEREUM
from hyperion.execution.rejection import Rejected
from hyperion.execution.transaction import (
    AccessEntry,
    AccessListTransaction,
    Authorization,
    BlobTransaction,
    FeeMarketTransaction,
    LegacyTransaction,
    SetCodeTransaction,
    Transaction,
    TransactionError,
    decode_transaction,
    encode_transaction,
    sender_of,
    signing_hash,
)
from hyperion.execution.validate import Context
from hyperion.primitives.rlp import RlpError
from hyperion.primitives.secp256k1 import address_of, public_key_of, sign
from hyperion.state.world import NO_STORAGE, Account, World
from hyperion.vm.forks import FORKS
from hyperion.vm.machine import Block as BlockFacts

words = st.integers(0, 2**256 - 1) | st.sampled_from([0, 1, 2**255, 2**256 - 1])
small = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 2**64 - 1])
addresses = st.integers(0, 2**160 - 1)
entries = st.builds(AccessEntry, addresses, st.lists(words, max_size=3).map(tuple))
access_lists = st.lists(entries, max_size=3).map(tuple)
authorizations = st.builds(Authorization, words, addresses, small, st.integers(0, 255), words, words)

COMMON: dict[str, Any] = {
    "nonce": small, "gas_limit": small, "to": st.none() | addresses, "value": words, "data": st.binary(max_size=80),
    "r": words, "s": words,
}  # fmt: skip
TYPED: dict[str, Any] = {**COMMON, "chain_id": words, "y_parity": words, "access_list": access_lists}
FEES: dict[str, Any] = {**TYPED, "max_fee_per_gas": words, "max_priority_fee_per_gas": words}

transactions: st.SearchStrategy[Transaction] = st.one_of(
    st.builds(LegacyTransaction, **COMMON, gas_price=words, v=words),
    st.builds(AccessListTransaction, **TYPED, gas_price=words),
    st.builds(FeeMarketTransaction, **FEES),
    st.builds(
        BlobTransaction, **FEES, max_fee_per_blob_gas=words,
        blob_versioned_hashes=st.lists(words, max_size=3).map(tuple),
    ),
    st.builds(SetCodeTransaction, **FEES, authorizations=st.lists(authorizations, max_size=2).map(tuple)),
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An encoding with one byte changed, left out or put in."""
    data = encode_transaction(draw(transactions))
    at = draw(st.integers(0, len(data) - 1))
    byte = bytes((draw(st.integers(0, 255)),))
    rest = draw(st.sampled_from([data[at + 1 :], data[at:]]))
    return data[:at] + draw(st.sampled_from([byte, b""])) + rest


@pytest.mark.rule("EXE-transaction-encoding", "EXE-transaction-strict")
@given(transactions)
def test_every_transaction_has_one_encoding(transaction: Transaction) -> None:
    assert decode_transaction(encode_transaction(transaction)) == transaction


@pytest.mark.rule("EXE-transaction-strict")
@given(st.one_of(damaged(), st.binary(max_size=200), st.binary(max_size=60).map(lambda rest: b"\2\xf8" + rest)))
def test_whatever_is_decoded_encodes_to_the_same_bytes(data: bytes) -> None:
    """Hostile bytes are refused with the field and the reason, or are the one encoding of what they decode to."""
    try:
        transaction = decode_transaction(data)
    except TransactionError as error:
        assert error.field and error.reason.value
        return
    assert encode_transaction(transaction) == data


@given(st.one_of(st.binary(max_size=600), transactions.map(encode_transaction)))
def test_blocks_are_refused_by_name_too(data: bytes) -> None:
    try:
        block = decode_block(data)
    except RlpError as error:
        assert error.field and error.reason.value
        return
    assert encode_block(block) == data


hashes = st.binary(min_size=32, max_size=32)
headers = st.builds(
    Header, parent_hash=hashes, ommers_hash=hashes, coinbase=addresses, state_root=hashes, transactions_root=hashes,
    receipts_root=hashes, bloom=st.binary(min_size=256, max_size=256), difficulty=words, number=small, gas_limit=small,
    gas_used=small, timestamp=small, extra_data=st.binary(max_size=40), prevrandao=words,
    nonce=st.binary(min_size=8, max_size=8), base_fee=words,
)  # fmt: skip
LATER: tuple[dict[str, Any], ...] = (
    {},
    {"withdrawals_root": bytes(32)},
    {"withdrawals_root": bytes(32), "blob_gas_used": 1, "excess_blob_gas": 2, "beacon_root": bytes(32)},
    {
        "withdrawals_root": bytes(32), "blob_gas_used": 1, "excess_blob_gas": 2, "beacon_root": bytes(32),
        "requests_hash": bytes(32),
    },
)  # fmt: skip


@pytest.mark.rule("EXE-block-encoding", "EXE-header-fields", "EXE-block-hash")
@given(headers, st.sampled_from(LATER), st.lists(transactions.map(encode_transaction), max_size=3), st.booleans())
def test_every_block_has_one_encoding(
    header: Header, later: dict[str, Any], listed: list[bytes], withdraws: bool
) -> None:
    withdrawals = (Withdrawal(1, 2, 3, 4),) if withdraws else None
    block = Block(attrs.evolve(header, **later), tuple(listed), (), withdrawals)
    assert decode_block(encode_block(block)) == block
    assert block_hash(attrs.evolve(block.header, number=header.number ^ 1)) != block_hash(block.header)


@pytest.mark.rule("EXE-signing-hash", "EXE-sender")
@given(transactions, st.integers(1, 2**128), st.booleans())
def test_a_signature_names_its_signer(transaction: Transaction, secret: int, protected: bool) -> None:
    if isinstance(transaction, LegacyTransaction):
        base = 37 if protected else 27
        unsigned: Transaction = attrs.evolve(transaction, v=base)
        parity, r, s = sign(signing_hash(unsigned), secret)
        true: Transaction = attrs.evolve(transaction, v=base + parity, r=r, s=s)
    else:
        parity, r, s = sign(signing_hash(transaction), secret)
        true = attrs.evolve(transaction, y_parity=parity, r=r, s=s)  # type: ignore[call-arg]
    assert sender_of(true) == address_of(public_key_of(secret))


SECRET = 0xA11CE
SENDER = address_of(public_key_of(SECRET))
CODES = (b"", b"\xfe", bytes.fromhex("33ff"), bytes.fromhex("600160015500"), bytes.fromhex("60006000fd"))


@pytest.mark.rule("EXE-buy-gas", "EXE-settle", "EXE-refund")
@given(
    fork=st.sampled_from(FORKS),
    code=st.sampled_from(CODES),
    creates=st.booleans(),
    value=st.integers(0, 10**6),
    data=st.binary(max_size=40),
    gas_limit=st.integers(21_000, 200_000),
    prices=st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)),
)
def test_wei_are_conserved_but_for_the_burned(
    fork: Any, code: bytes, creates: bool, value: int, data: bytes, gas_limit: int, prices: tuple[int, int, int]
) -> None:
    """What all accounts lose is exactly the base fee of the gas used; what is refused changes nothing."""
    most, priority, base_fee = prices
    unsigned = FeeMarketTransaction(
        nonce=0, gas_limit=gas_limit, to=None if creates else 0xC0DE, value=value, data=data, r=0, s=0, chain_id=1,
        y_parity=0, access_list=(), max_fee_per_gas=most, max_priority_fee_per_gas=priority,
    )  # fmt: skip
    parity, r, s = sign(signing_hash(unsigned), SECRET)
    transaction = attrs.evolve(unsigned, y_parity=parity, r=r, s=s)
    world = World(Map({SENDER: Account(0, 10**9, b"", NO_STORAGE), 0xC0DE: Account(1, 7, code, NO_STORAGE)}))
    where = Context(fork, ETHEREUM, 1, BlockFacts(0xC014, 1, 1000, 30_000_000, 0, base_fee, 1))
    applied = apply_transaction(transaction, world, where)
    if isinstance(applied, Rejected):
        return
    assert isinstance(applied, Applied)
    before = sum(account.balance for account in world.accounts.values())
    after = sum(account.balance for account in applied.world.accounts.values())
    assert before - after == applied.gas_used * base_fee
    assert 21_000 <= applied.gas_used <= gas_limit
    assert applied.world.account(SENDER).nonce == 1
