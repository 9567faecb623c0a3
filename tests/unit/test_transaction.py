"""Transactions: encodings, hashes, senders and intrinsic gas of EELS; each refusal with its reason; effects by hand."""

from typing import Any

import attrs
import pytest
from immutables import Map

from hyperion.execution.intrinsic import intrinsic_of
from hyperion.execution.message import Applied, apply_transaction
from hyperion.execution.profile import ETHEREUM
from hyperion.execution.rejection import Reason, Rejected
from hyperion.execution.set_code import authority_of, authorize
from hyperion.execution.transaction import (
    AccessEntry,
    Authorization,
    BlobTransaction,
    FeeMarketTransaction,
    LegacyTransaction,
    Malformed,
    SetCodeTransaction,
    Transaction,
    TransactionError,
    TransactionReason,
    decode_transaction,
    encode_transaction,
    sender_of,
    signing_hash,
    transaction_hash,
)
from hyperion.execution.validate import Context, validate
from hyperion.primitives.hashing import keccak256
from hyperion.primitives.rlp import RlpReason, decode, encode, int_to_bytes
from hyperion.primitives.secp256k1 import ORDER, address_of, public_key_of, sign
from hyperion.state.world import NO_STORAGE, Account, World
from hyperion.vm.address import address_bytes, create_address
from hyperion.vm.code import delegation_to
from hyperion.vm.fork import Fork
from hyperion.vm.forks import CANCUN, OSAKA, PARIS, PRAGUE
from hyperion.vm.machine import EMPTY_SUBSTATE, Block

SECRET = 0xA11CE
SENDER = 0xE05FCC23807536BEE418F142D19FA0D21BB0CFF7
RECIPIENT = 0x2222222222222222222222222222222222222222
COINBASE = 0xC014

# Made with EELS 2.20.0, ethereum.forks.osaka.transactions: encode_transaction, get_transaction_hash, recover_sender and
# calculate_intrinsic_cost of transactions signed with the secret key above; the sender is the same for all.
PEER = (
    (
        "LegacyTransaction",
        "f87e070a830186a0942222222222222222222222222222222222222222059e00000000000000000000010101010101010101"
        "01010101010101010101011ba024ef48d9f723ce2a047e966bb0c3ec1f3f032217dcc1961959afb953374af6bda06c9b0a54"
        "560e493e39e285e7cd09ec9bcb9f9ce6c851e03d6af3987772d60dfa",
        "8becf266b745318bbc432d63301d282aeaf95779c405f6013db5fceafbc7e25e",
        21360,
    ),
    (
        "LegacyTransaction",
        "f86a070a830186a080059e00000000000000000000010101010101010101010101010101010101010126a08707b3dc0526a0"
        "3ab0dd837cae810be9dc08f68da2bdfff5cf4a6741c12336b4a05edd2eaae6df77c7e348706728e68826570a681d16074a2f"
        "20cb293a60161ef4",
        "7ea3e6ca4b91156478320ace3d20d60caeb2596999b445477b9bc3ed5d7cf1ae",
        53362,
    ),
    (
        "AccessListTransaction",
        "01f8dc01070a830186a0942222222222222222222222222222222222222222059e0000000000000000000001010101010101"
        "01010101010101010101010101f85bf859941111111111111111111111111111111111111111f842a0000000000000000000"
        "0000000000000000000000000000000000000000000001a00000000000000000000000000000000000000000000000000000"
        "00000000000201a06fb5758d50219fcef436ce2529b67d37b5c931040f7eaf494c01916765804260a0401efb7bc9d9a86fb6"
        "2a58d7d61c3477acd155f8e1ae504290d98a5c00187ea5",
        "c84ca9867939ed6b719fca688f9cbc46dc4c56e7d0728d67d02e0fe65391403c",
        27560,
    ),
    (
        "FeeMarketTransaction",
        "02f8dd01070114830186a0942222222222222222222222222222222222222222059e00000000000000000000010101010101"
        "0101010101010101010101010101f85bf859941111111111111111111111111111111111111111f842a00000000000000000"
        "000000000000000000000000000000000000000000000001a000000000000000000000000000000000000000000000000000"
        "0000000000000280a0c4320bba3ba24e951ddecb26eee1b7dabaa0510af3f1c98cb7e1f69196f3385ea040b7d5a171e52fd3"
        "86015669b789dba5a587be6343f818b1a7d6e987d83b5aa5",
        "0988f9770040dbc3b7b4e5194dcb6912a015c3c5b14d1f1b2ffe8131c9852971",
        27560,
    ),
    (
        "BlobTransaction",
        "03f9010001070114830186a0942222222222222222222222222222222222222222059e000000000000000000000101010101"
        "010101010101010101010101010101f85bf859941111111111111111111111111111111111111111f842a000000000000000"
        "00000000000000000000000000000000000000000000000001a0000000000000000000000000000000000000000000000000"
        "000000000000000203e1a0013333333333333333333333333333333333333333333333333333333333333380a011ff23c945"
        "50f38d49444b5b5f1f6a4accaa1c7acfce993f79317c822db23a15a0762c75486e5e5e1d4e469c3238532aa84889bbbff04b"
        "29b5151174956910b99d",
        "d7be4ce1a13968d392029043a5f69dd917329db72780dd0ad8ffeeafef307cc4",
        27560,
    ),
    (
        "SetCodeTransaction",
        "04f8f901070114830186a0942222222222222222222222222222222222222222059e00000000000000000000010101010101"
        "0101010101010101010101010101f85bf859941111111111111111111111111111111111111111f842a00000000000000000"
        "000000000000000000000000000000000000000000000001a000000000000000000000000000000000000000000000000000"
        "00000000000002dbda019444444444444444444444444444444444444444440301050601a0f11bd7bf0cfefde3021d20f95f"
        "31b69df54053ea345de28fa41ea585f082ac24a07b21474fe515dc7ac065b2953aa6ce99b849193a69c544ded643d25c2ca8"
        "07c0",
        "56c5571ad0731898c9c472df68ae1b98cdd98eb00620459770830b137d0b853b",
        52560,
    ),
)
PEER_FLOOR = 21_900
"""Floor gas of all of them: 90 tokens of data."""


def block(base_fee: int = 7, gas_limit: int = 30_000_000, blob_base_fee: int = 1) -> Block:
    return Block(COINBASE, 1, 1000, gas_limit, 0, base_fee, blob_base_fee)


def context(fork: Fork = OSAKA, **changes: Any) -> Context:
    return Context(fork, ETHEREUM, 1, block(**changes))


def signed(transaction: Transaction, secret: int = SECRET) -> Transaction:
    """The transaction with a true signature."""
    parity, r, s = sign(signing_hash(transaction), secret)
    if isinstance(transaction, LegacyTransaction):
        base = 27 if transaction.signed_chain is None else 35 + 2 * transaction.signed_chain
        return attrs.evolve(transaction, v=base + parity, r=r, s=s)
    return attrs.evolve(transaction, y_parity=parity, r=r, s=s)  # type: ignore[call-arg]


COMMON: dict[str, Any] = {
    "nonce": 0, "gas_limit": 100_000, "to": RECIPIENT, "value": 5, "data": b"", "r": 0, "s": 0,
}  # fmt: skip
TYPED: dict[str, Any] = {
    **COMMON, "chain_id": 1, "y_parity": 0, "access_list": (), "max_fee_per_gas": 20, "max_priority_fee_per_gas": 1,
}  # fmt: skip
LEGACY = LegacyTransaction(**COMMON, gas_price=20, v=27)
FEE_MARKET = FeeMarketTransaction(**TYPED)
BLOB = BlobTransaction(**TYPED, max_fee_per_blob_gas=10, blob_versioned_hashes=(1 << 248,))
AUTHORIZATION = Authorization(1, 0x44, 0, 0, 1, 1)
SET_CODE = SetCodeTransaction(**TYPED, authorizations=(AUTHORIZATION,))
RICH = World(Map({SENDER: Account(0, 10**18, b"", NO_STORAGE)}))


# --- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.rule(
    "EXE-transaction-encoding", "EXE-transaction-hash", "EXE-signing-hash", "EXE-sender", "EXE-intrinsic-gas",
    "EXE-floor-gas",
)  # fmt: skip
@pytest.mark.parametrize(("name", "encoded", "digest", "intrinsic"), PEER)
def test_transactions_are_those_of_eels(name: str, encoded: str, digest: str, intrinsic: int) -> None:
    data = bytes.fromhex(encoded)
    transaction = decode_transaction(data)
    assert type(transaction).__name__ == name
    assert encode_transaction(transaction) == data
    assert transaction_hash(transaction).hex() == digest
    assert sender_of(transaction) == SENDER
    found = intrinsic_of(transaction, OSAKA)
    assert (found.gas, found.floor) == (intrinsic, PEER_FLOOR)


@pytest.mark.rule("EXE-sender")
@pytest.mark.parametrize("row", PEER, ids=lambda row: row[0])
def test_another_byte_is_another_sender(row: tuple[str, str, str, int]) -> None:
    """Control: the check of the sender depends on every field that is signed."""
    transaction = decode_transaction(bytes.fromhex(row[1]))
    for change in ({"nonce": 8}, {"value": 6}, {"data": b"\1"}, {"to": 1}, {"gas_limit": 100_001}):
        assert sender_of(attrs.evolve(transaction, **change)) != SENDER


FEE_MARKET_BYTES = bytes.fromhex(PEER[3][1])


def refield(index: int, item: Any) -> bytes:
    """The fee market transaction with another item in its list."""
    fields = list(items_of(FEE_MARKET_BYTES[1:]))
    fields[index] = item
    return b"\2" + encode(tuple(fields))


def items_of(data: bytes) -> tuple[Any, ...]:
    decoded = decode(data)
    assert not isinstance(decoded, bytes)
    return decoded


MALFORMED: tuple[tuple[bytes, TransactionReason, str], ...] = (
    (b"", Malformed.EMPTY, "transaction"),
    (b"\0" + FEE_MARKET_BYTES[1:], Malformed.UNKNOWN_TYPE, "transaction.type"),
    (b"\5" + FEE_MARKET_BYTES[1:], Malformed.UNKNOWN_TYPE, "transaction.type"),
    (b"\x80", Malformed.NO_TYPE, "transaction.type"),
    (b"\2", RlpReason.EMPTY_INPUT, "rlp"),
    (b"\2\x80", RlpReason.NOT_A_LIST, "transaction"),
    (FEE_MARKET_BYTES + b"\0", RlpReason.TRAILING_BYTES, "rlp"),
    (FEE_MARKET_BYTES[:-1], RlpReason.TRUNCATED, "rlp"),
    (b"\1" + FEE_MARKET_BYTES[1:], RlpReason.WRONG_SIZE, "transaction.length"),
    (refield(1, bytes(9)), RlpReason.INTEGER_TOO_WIDE, "transaction.nonce"),
    (refield(1, b"\0\1"), RlpReason.LEADING_ZERO_INTEGER, "transaction.nonce"),
    (refield(4, ()), RlpReason.NOT_BYTES, "transaction.gas_limit"),
    (refield(5, bytes(19)), RlpReason.WRONG_SIZE, "transaction.to"),
    (refield(8, b"\1"), RlpReason.NOT_A_LIST, "transaction.access_list"),
    (refield(8, ((bytes(21), ()),)), RlpReason.WRONG_SIZE, "transaction.access_list.0.address"),
    (refield(8, ((bytes(20), (bytes(31),)),)), RlpReason.WRONG_SIZE, "transaction.access_list.0.keys.0"),
    (refield(11, bytes((1,)) * 33), RlpReason.INTEGER_TOO_WIDE, "transaction.s"),
)


@pytest.mark.rule("EXE-transaction-strict")
@pytest.mark.parametrize(("data", "reason", "field"), MALFORMED)
def test_what_is_malformed_is_refused_by_name(data: bytes, reason: TransactionReason, field: str) -> None:
    with pytest.raises(TransactionError) as caught:
        decode_transaction(data)
    assert (caught.value.reason, caught.value.field) == (reason, field)


# --- refusals --------------------------------------------------------------------------------------------------------

MANY = tuple(1 << 248 for _ in range(10))
POOR = World(Map({SENDER: Account(0, 100_000 * 20 + 4, b"", NO_STORAGE)}))
CODED = World(Map({SENDER: Account(0, 10**18, b"\0", NO_STORAGE)}))
USED = World(Map({SENDER: Account(1, 10**18, b"", NO_STORAGE)}))
FULL = attrs.evolve(context(), gas_used=29_900_001)

REFUSED: tuple[tuple[Reason, Transaction, World, Context], ...] = (
    (Reason.TYPE_UNSUPPORTED, BLOB, RICH, context(PARIS)),
    (Reason.TYPE_UNSUPPORTED, SET_CODE, RICH, context(CANCUN)),
    (Reason.CHAIN_ID, attrs.evolve(FEE_MARKET, chain_id=2), RICH, context()),
    (Reason.CHAIN_ID, attrs.evolve(LEGACY, v=39), RICH, context()),
    (Reason.INTRINSIC_GAS, attrs.evolve(FEE_MARKET, gas_limit=20_999), RICH, context()),
    (Reason.FLOOR_GAS, attrs.evolve(FEE_MARKET, gas_limit=22_000, data=b"\1" * 60), RICH, context()),
    (Reason.NONCE_MAX, attrs.evolve(FEE_MARKET, nonce=2**64 - 1), RICH, context()),
    (
        Reason.INITCODE_TOO_LARGE,
        attrs.evolve(FEE_MARKET, to=None, data=bytes(49_153), gas_limit=10**6),
        RICH,
        context(),
    ),
    (Reason.GAS_CAP, attrs.evolve(FEE_MARKET, gas_limit=2**24 + 1), RICH, context()),
    (Reason.PRIORITY_FEE_ABOVE_MAX_FEE, attrs.evolve(FEE_MARKET, max_priority_fee_per_gas=21), RICH, context()),
    (Reason.COST_OVERFLOW, attrs.evolve(FEE_MARKET, max_fee_per_gas=2**255), RICH, context()),
    (Reason.GAS_LIMIT_EXCEEDS_BLOCK, FEE_MARKET, RICH, FULL),
    (Reason.BLOB_GAS_EXCEEDS_BLOCK, attrs.evolve(BLOB, blob_versioned_hashes=MANY), RICH, context()),
    (Reason.MAX_FEE_BELOW_BASE_FEE, FEE_MARKET, RICH, context(base_fee=21)),
    (Reason.NO_BLOBS, attrs.evolve(BLOB, blob_versioned_hashes=()), RICH, context()),
    (Reason.TOO_MANY_BLOBS, attrs.evolve(BLOB, blob_versioned_hashes=MANY[:7]), RICH, context()),
    (Reason.BLOB_VERSION, attrs.evolve(BLOB, blob_versioned_hashes=(2 << 248,)), RICH, context()),
    (Reason.BLOB_FEE_TOO_LOW, BLOB, RICH, context(blob_base_fee=11)),
    (Reason.BLOB_CREATE, attrs.evolve(BLOB, to=None), RICH, context()),
    (Reason.SET_CODE_CREATE, attrs.evolve(SET_CODE, to=None), RICH, context()),
    (Reason.AUTHORIZATION_LIST_EMPTY, attrs.evolve(SET_CODE, authorizations=()), RICH, context()),
    (Reason.NONCE_TOO_LOW, FEE_MARKET, USED, context()),
    (Reason.NONCE_TOO_HIGH, attrs.evolve(FEE_MARKET, nonce=1), RICH, context()),
    (Reason.INSUFFICIENT_FUNDS, FEE_MARKET, POOR, context()),
    (Reason.SENDER_NOT_EOA, FEE_MARKET, CODED, context()),
)


@pytest.mark.rule(
    "EXE-authorization-list-empty", "EXE-blob-create", "EXE-blob-fee-too-low", "EXE-blob-gas-exceeds-block",
    "EXE-blob-version", "EXE-chain-id", "EXE-cost-overflow", "EXE-floor-gas", "EXE-gas-cap",
    "EXE-gas-limit-exceeds-block", "EXE-initcode-too-large", "EXE-insufficient-funds", "EXE-intrinsic-gas",
    "EXE-max-fee-below-base-fee", "EXE-no-blobs", "EXE-nonce-max", "EXE-nonce-too-high", "EXE-nonce-too-low",
    "EXE-priority-fee-above-max-fee", "EXE-sender-not-eoa", "EXE-set-code-create", "EXE-too-many-blobs",
    "EXE-type-unsupported",
)  # fmt: skip
@pytest.mark.parametrize(("reason", "transaction", "world", "where"), REFUSED)
def test_a_refusal_is_a_value_with_its_reason(
    reason: Reason, transaction: Transaction, world: World, where: Context
) -> None:
    refused = apply_transaction(signed(transaction), world, where)
    assert isinstance(refused, Rejected)
    assert refused.reason is reason


def test_every_reason_is_shown() -> None:
    assert {reason for reason, *_ in REFUSED} == set(Reason) - {Reason.SIGNATURE}


@pytest.mark.parametrize("transaction", [LEGACY, FEE_MARKET, BLOB, attrs.evolve(LEGACY, v=37)])
def test_the_same_transactions_are_accepted_where_nothing_is_wrong(transaction: Transaction) -> None:
    """Control: the refusals above are due to what was changed."""
    assert isinstance(apply_transaction(signed(transaction), RICH, context()), Applied)
    assert not isinstance(validate(signed(SET_CODE), RICH, context(PRAGUE)), Rejected)


@pytest.mark.rule("EXE-signature", "EXE-sender")
def test_a_signature_that_is_nobodys_is_refused() -> None:
    true = signed(FEE_MARKET)
    high = attrs.evolve(true, s=ORDER - true.s, y_parity=1 - (true.parity or 0))  # type: ignore[call-arg]
    wrong: tuple[Transaction, ...] = (
        high, attrs.evolve(true, r=0), attrs.evolve(true, s=0), attrs.evolve(true, r=ORDER),
        attrs.evolve(true, y_parity=2), attrs.evolve(signed(LEGACY), v=29), attrs.evolve(true, r=5),  # type: ignore[call-arg]
    )  # fmt: skip
    for transaction in wrong:
        refused = apply_transaction(transaction, RICH, context())
        assert isinstance(refused, Rejected) and refused.reason is Reason.SIGNATURE


# --- effects ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("EXE-buy-gas", "EXE-settle")
def test_a_transfer_by_hand() -> None:
    """21,000 gas at 8 wei (base fee 7, priority fee 1): 1 wei a unit goes to the coinbase, 7 are burned."""
    applied = apply_transaction(signed(FEE_MARKET), RICH, context())
    assert isinstance(applied, Applied)
    assert (applied.gas_used, applied.succeeded) == (21_000, True)
    assert applied.world.account(SENDER) == Account(1, 10**18 - 5 - 21_000 * 8, b"", NO_STORAGE)
    assert applied.world.account(RECIPIENT).balance == 5
    assert applied.world.account(COINBASE).balance == 21_000


@pytest.mark.rule("EXE-settle")
def test_a_profile_can_keep_the_base_fee() -> None:
    vault = attrs.evolve(ETHEREUM, base_fee_recipient=0xFEE)
    applied = apply_transaction(signed(FEE_MARKET), RICH, attrs.evolve(context(), profile=vault))
    assert isinstance(applied, Applied)
    assert applied.world.account(0xFEE).balance == 21_000 * 7
    balances = sum(account.balance for account in applied.world.accounts.values())
    assert balances == 10**18


@pytest.mark.rule("EXE-failed-execution")
def test_a_failed_execution_keeps_fee_and_nonce() -> None:
    """The recipient's code is INVALID: all gas is lost and the value stays."""
    world = RICH.with_account(RECIPIENT, Account(1, 0, b"\xfe", NO_STORAGE))
    applied = apply_transaction(signed(FEE_MARKET), world, context())
    assert isinstance(applied, Applied)
    assert (applied.gas_used, applied.succeeded, applied.logs) == (100_000, False, ())
    assert applied.world.account(SENDER) == Account(1, 10**18 - 100_000 * 8, b"", NO_STORAGE)
    assert applied.world.account(RECIPIENT).balance == 0


@pytest.mark.rule("VM-create-address")
def test_the_first_contract_of_an_account_has_the_address_of_nonce_zero() -> None:
    """The address that EELS's ``compute_contract_address`` gives for this sender and nonce 0."""
    expected = int.from_bytes(keccak256(bytes.fromhex(f"d694{SENDER:040x}80"))[12:], "big")
    assert create_address(SENDER, 0) == expected
    applied = apply_transaction(signed(attrs.evolve(FEE_MARKET, to=None)), RICH, context())
    assert isinstance(applied, Applied)
    assert applied.world.account(expected) == Account(1, 5, b"", NO_STORAGE)


@pytest.mark.rule("EXE-warm-start")
def test_the_access_list_is_warm() -> None:
    """SLOAD of an announced key costs 100 gas, of another 2,100; announcing an account and a key costs 4,300."""
    world = RICH.with_account(RECIPIENT, Account(1, 0, bytes.fromhex("60015450"), NO_STORAGE))
    plain = apply_transaction(signed(FEE_MARKET), world, context())
    listed = attrs.evolve(FEE_MARKET, access_list=(AccessEntry(RECIPIENT, (1,)),))
    warm = apply_transaction(signed(listed), world, context())
    assert isinstance(plain, Applied) and isinstance(warm, Applied)
    assert warm.gas_used - plain.gas_used == 4_300 - 2_000


# --- authorisations --------------------------------------------------------------------------------------------------


def authorization(chain_id: int = 1, address: int = 0x44, nonce: int = 0) -> Authorization:
    """An authorisation signed with the secret key above."""
    listed = (int_to_bytes(chain_id), address_bytes(address), int_to_bytes(nonce))
    parity, r, s = sign(keccak256(b"\5" + encode(listed)), SECRET)
    return Authorization(chain_id, address, nonce, parity, r, s)


@pytest.mark.rule("EXE-authority", "EXE-set-code")
def test_an_authorisation_sets_the_designator() -> None:
    assert authority_of(authorization()) == SENDER == address_of(public_key_of(SECRET))
    for chain_id in (0, 1):
        world, substate = authorize(authorization(chain_id), 1, RICH, EMPTY_SUBSTATE)
        assert world.account(SENDER) == Account(1, 10**18, delegation_to(0x44), NO_STORAGE)
        assert substate.refund == 12_500 and SENDER in substate.accessed_addresses
    world, substate = authorize(authorization(), 1, World(), EMPTY_SUBSTATE)
    assert world.account(SENDER).nonce == 1 and substate.refund == 0
    world, _ = authorize(authorization(address=0, nonce=1), 1, world, EMPTY_SUBSTATE)
    assert world.account(SENDER).code == b""


@pytest.mark.rule("EXE-set-code")
def test_an_authorisation_that_does_not_hold_is_passed_over() -> None:
    for passed_over in (authorization(chain_id=2), authorization(nonce=2**64 - 1)):
        assert authorize(passed_over, 1, RICH, EMPTY_SUBSTATE) == (RICH, EMPTY_SUBSTATE)
    for world, stated in ((USED, authorization()), (CODED, authorization())):
        after, substate = authorize(stated, 1, world, EMPTY_SUBSTATE)
        assert after == world and SENDER in substate.accessed_addresses and substate.refund == 0


@pytest.mark.rule("EXE-set-code", "EXE-failed-execution", "EXE-delegated-recipient")
def test_authorisations_outlast_a_failed_execution() -> None:
    """The sender lets code that fails run as its own, and calls itself: the delegation stays."""
    failing = RICH.with_account(0x44, Account(1, 0, b"\xfe", NO_STORAGE))
    calls_itself = attrs.evolve(SET_CODE, to=SENDER, authorizations=(authorization(nonce=1),))
    applied = apply_transaction(signed(calls_itself), failing, context())
    assert isinstance(applied, Applied)
    assert not applied.succeeded
    assert applied.world.account(SENDER).code == delegation_to(0x44)
    assert applied.world.account(SENDER).nonce == 2
    assert applied.gas_used == 100_000 - 12_500
