"""Blocks: figures of EELS for what a header binds; each refusal of a block with its reason; and nothing left behind."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import attrs
import pytest
from immutables import Map

from hyperion.execution.block import (
    Block,
    Withdrawal,
    decode_block,
    encode_block,
    transactions_root,
    withdrawals_root,
)
from hyperion.execution.header import Header, block_hash, expected_excess, fields_in, gas_limit_allowed
from hyperion.execution.invalid import BlockReason, InvalidBlock
from hyperion.execution.profile import ETHEREUM
from hyperion.execution.receipt import bloom, encode_receipt, logs_hash, receipt_of
from hyperion.execution.rejection import Reason
from hyperion.execution.system import deposit_request, deposit_requests, requests_hash
from hyperion.execution.transaction import LegacyTransaction, encode_transaction, signing_hash
from hyperion.execution.transition import (
    BlockResult,
    Chain,
    Executed,
    Tip,
    apply_block,
    apply_encoded,
    execute_body,
    facts_of,
    tip_of,
)
from hyperion.execution.validate import Context
from hyperion.primitives.hashing import EMPTY_LIST_HASH, EMPTY_TRIE_ROOT, keccak256
from hyperion.primitives.secp256k1 import address_of, public_key_of, sign
from hyperion.state.commitment import ordered_root, state_root
from hyperion.state.world import NO_STORAGE, Account, World
from hyperion.vm.fork import Eip, Fork
from hyperion.vm.forks import CANCUN, FORKS, OSAKA, PARIS, PRAGUE, SHANGHAI
from hyperion.vm.machine import Log
from hyperion_conformance.dispute.rich_block import later_fields

# --- figures of EELS 2.20.0 ------------------------------------------------------------------------------------------
# ethereum.forks.osaka: bloom.logs_bloom, blocks.encode_receipt, requests.compute_requests_hash, extract_deposit_data;
# trie.root over the two withdrawals. They were called with the values below.

LOGS = (Log(0x2222222222222222222222222222222222222222, (1, 2**255), b"hello"), Log(int("33" * 20, 16), (), b""))
BLOOM_BITS = [270, 688, 958, 1092, 1344, 1346, 1362, 1546, 1554, 1593, 1822, 2009]
RECEIPT_HASH = "1eb753c28fd8c5c237553036e47c67da874ea852cfcd992ebe480e5e67cc1f38"
LOGS_HASH = "3e08ffa46a089d0d2aa38c4fed67e2fa674c223ed5b8055d659f75885d4fe87f"
REQUESTS_HASH = "699fc91fe3b4c3e219344b5b94bab9d6c212d960b765f2c55bacdeb4d8345a4a"
WITHDRAWALS_ROOT = "1c9f34d5de0194dca02e5b8aa6731c79d40318194dcf8151299f5725fb567a60"
WITHDRAWALS = (Withdrawal(5, 6, int("11" * 20, 16), 7), Withdrawal(0, 0, int("12" * 20, 16), 2**63))
OFFSETS = (160, 256, 320, 384, 512)
SIZES = (48, 32, 8, 96, 8)


@pytest.mark.rule("EXE-bloom", "EXE-bloom-bits", "EXE-receipt-encoding", "EXE-logs-hash")
def test_receipts_are_those_of_eels() -> None:
    bits = int.from_bytes(bloom(LOGS), "big")
    assert [index for index in range(2048) if bits >> index & 1] == BLOOM_BITS
    assert keccak256(encode_receipt(receipt_of(2, True, 54_321, LOGS))).hex() == RECEIPT_HASH
    assert keccak256(encode_receipt(receipt_of(2, False, 54_321, LOGS))).hex() != RECEIPT_HASH
    assert logs_hash(LOGS).hex() == LOGS_HASH != logs_hash(LOGS[::-1]).hex()


@pytest.mark.rule("EXE-requests-hash", "EXE-withdrawals-root")
def test_the_hashes_of_lists_are_those_of_eels() -> None:
    assert requests_hash((b"\0abc", b"\2zzzzzzzzzz")).hex() == REQUESTS_HASH
    assert requests_hash(()) == sha256(b"").digest()
    assert withdrawals_root(WITHDRAWALS).hex() == WITHDRAWALS_ROOT
    assert withdrawals_root(WITHDRAWALS[::-1]).hex() != WITHDRAWALS_ROOT


def deposit_log() -> bytes:
    """The data of a deposit's log whose fields are filled with 1, 2, 3, 4 and 5."""
    head = b"".join(offset.to_bytes(32, "big") for offset in OFFSETS)
    tail = (size.to_bytes(32, "big") + bytes((i + 1,)) * size + bytes(-size % 32) for i, size in enumerate(SIZES))
    return head + b"".join(tail)


@pytest.mark.rule("EXE-deposit-log", "EXE-deposit-requests")
def test_deposits() -> None:
    data = deposit_log()
    assert deposit_request(data) == b"".join(bytes((i + 1,)) * size for i, size in enumerate(SIZES))
    for at in (31, 63, 95, 127, 159, *(offset + 31 for offset in OFFSETS)):
        assert deposit_request(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]) is None
    assert deposit_request(data + bytes(32)) is None
    event = 0x649BBC62D0E31342AFEA4E5CD82D4049E7E1EE912FC0889AA790803BE39038C5
    contract = ETHEREUM.deposit_contract
    logs = (Log(contract, (event,), data), Log(contract, (1,), b""), Log(contract, (), b""), Log(1, (event,), b""))
    assert deposit_requests(logs, contract) == deposit_request(data)
    refused = deposit_requests((Log(contract, (event,), b""),), contract)
    assert isinstance(refused, InvalidBlock) and refused.reason is BlockReason.DEPOSIT_LAYOUT


# --- a chain to break ------------------------------------------------------------------------------------------------

SECRET = 0xA11CE
SENDER = address_of(public_key_of(SECRET))
RECIPIENT = 0xC0DE
LOGGING = bytes.fromhex("60006000a0")
SYSTEM_CODE = bytes.fromhex("5f5ff3")
"""Returns nothing."""


def genesis(fork: Fork, **contracts: bytes) -> Tip:
    """A chain of one block, with a rich account, a contract that logs, and the request contracts."""
    accounts = {SENDER: Account(0, 10**18, b"", NO_STORAGE), RECIPIENT: Account(1, 0, LOGGING, NO_STORAGE)}
    for contract in ETHEREUM.request_contracts:
        accounts[contract.address] = Account(1, 0, contracts.get("code", SYSTEM_CODE), NO_STORAGE)
    world = World(Map({address: account for address, account in accounts.items() if not account.is_empty()}))
    header = Header(
        parent_hash=bytes(32), ommers_hash=EMPTY_LIST_HASH, coinbase=0, state_root=state_root(world),
        transactions_root=EMPTY_TRIE_ROOT, receipts_root=EMPTY_TRIE_ROOT, bloom=bytes(256), difficulty=0, number=0,
        gas_limit=30_000_000, gas_used=15_000_000, timestamp=0, extra_data=b"", prevrandao=0, nonce=bytes(8),
        base_fee=7, **later_fields(fork),
    )  # fmt: skip
    return tip_of(header, world)


def transfer(nonce: int = 0, gas_limit: int = 50_000) -> bytes:
    """A signed call of the contract that logs."""
    unsigned = LegacyTransaction(
        nonce=nonce, gas_limit=gas_limit, to=RECIPIENT, value=1, data=b"", gas_price=10, v=37, r=0, s=0
    )
    parity, r, s = sign(signing_hash(unsigned), SECRET)
    return encode_transaction(attrs.evolve(unsigned, v=37 + parity, r=r, s=s))


def chain(fork: Fork) -> Chain:
    return Chain(1, ETHEREUM, lambda _: fork)


def sealed(tip: Tip, fork: Fork, *transactions: bytes) -> Block:
    """A valid block on ``tip``."""
    withdrawals = WITHDRAWALS if Eip.WITHDRAWALS in fork.eips else None
    header = attrs.evolve(
        tip.header, parent_hash=tip.hash, number=tip.header.number + 1, timestamp=12, coinbase=0xC014, gas_used=0,
        transactions_root=transactions_root(transactions),
        withdrawals_root=None if withdrawals is None else withdrawals_root(withdrawals),
    )  # fmt: skip
    block = Block(header, transactions, (), withdrawals)
    executed = execute_body(block, tip, Context(fork, ETHEREUM, 1, facts_of(header, tip, fork)))
    assert isinstance(executed, Executed)
    claims: dict[str, Any] = {
        "gas_used": executed.gas_used,
        "state_root": state_root(executed.world),
        "receipts_root": ordered_root(map(encode_receipt, executed.receipts)),
        "bloom": bloom(executed.logs),
    }
    return attrs.evolve(block, header=attrs.evolve(header, **claims))


def applied(tip: Tip, block: Block, fork: Fork) -> BlockResult | InvalidBlock:
    return apply_encoded(tip, encode_block(block), chain(fork))


@pytest.mark.rule(
    "EXE-block", "EXE-header-claims", "EXE-withdrawals", "EXE-block-transactions", "EXE-cumulative-gas"
)
@pytest.mark.parametrize("fork", FORKS, ids=lambda fork: fork.name)
def test_a_valid_block_moves_the_tip(fork: Fork) -> None:
    tip = genesis(fork)
    block = sealed(tip, fork, transfer(0), transfer(1))
    result = applied(tip, block, fork)
    assert isinstance(result, BlockResult)
    assert result.tip.hash == block_hash(block.header)
    assert result.tip.hashes == Map({0: tip.hash, 1: result.tip.hash})
    assert [receipt.succeeded for receipt in result.executed.receipts] == [1, 1]
    assert result.executed.receipts[1].cumulative_gas_used == 2 * result.executed.receipts[0].cumulative_gas_used
    assert len(result.executed.logs) == 2
    withdrawn = result.tip.world.account(WITHDRAWALS[0].address).balance
    assert withdrawn == (7 * 10**9 if Eip.WITHDRAWALS in fork.eips else 0)


def header_with(**changes: Any) -> Callable[[Block], Block]:
    return lambda block: attrs.evolve(block, header=attrs.evolve(block.header, **changes))


BROKEN: tuple[tuple[BlockReason, Callable[[Block], Block]], ...] = (
    (BlockReason.PARENT, header_with(parent_hash=bytes(32))),
    (BlockReason.NUMBER, header_with(number=2)),
    (BlockReason.TIMESTAMP, header_with(timestamp=0)),
    (BlockReason.GAS_LIMIT, header_with(gas_limit=30_000_000 + 30_000_000 // 1024)),
    (BlockReason.GAS_USED_ABOVE_LIMIT, header_with(gas_used=30_000_001)),
    (BlockReason.BASE_FEE, header_with(base_fee=8)),
    (BlockReason.EXTRA_DATA_TOO_LONG, header_with(extra_data=bytes(33))),
    (BlockReason.DIFFICULTY, header_with(difficulty=1)),
    (BlockReason.NONCE, header_with(nonce=bytes(7) + b"\1")),
    (BlockReason.OMMERS, header_with(ommers_hash=bytes(32))),
    (BlockReason.OMMERS, lambda block: attrs.evolve(block, ommers=(b"",))),
    (BlockReason.EXCESS_BLOB_GAS, header_with(excess_blob_gas=1)),
    (BlockReason.BLOB_GAS_USED, header_with(blob_gas_used=1)),
    (BlockReason.HEADER_FIELDS, header_with(requests_hash=None)),
    (BlockReason.WITHDRAWALS_MISSING, lambda block: attrs.evolve(block, withdrawals=None)),
    (BlockReason.TRANSACTIONS_ROOT, lambda block: attrs.evolve(block, transactions=block.transactions[:1])),
    (BlockReason.WITHDRAWALS_ROOT, lambda block: attrs.evolve(block, withdrawals=())),
    (BlockReason.GAS_USED, header_with(gas_used=1)),
    (BlockReason.RECEIPTS_ROOT, header_with(receipts_root=bytes(32))),
    (BlockReason.BLOOM, header_with(bloom=bytes(256))),
    (BlockReason.REQUESTS_HASH, header_with(requests_hash=bytes(32))),
    (BlockReason.STATE_ROOT, header_with(state_root=bytes(32))),
)


@pytest.mark.rule(
    "EXE-block", "EXE-block-body", "EXE-header-form", "EXE-header-succession", "EXE-header-blobs", "EXE-header-claims",
    "EXE-transactions-root",
)  # fmt: skip
@pytest.mark.parametrize(("reason", "broken"), BROKEN)
def test_a_broken_block_is_refused_by_reason_and_leaves_nothing(
    reason: BlockReason, broken: Callable[[Block], Block]
) -> None:
    tip = genesis(OSAKA)
    before = (tip.hash, state_root(tip.world), tip.hashes)
    good = sealed(tip, OSAKA, transfer(0), transfer(1))
    refused = applied(tip, broken(good), OSAKA)
    assert isinstance(refused, InvalidBlock)
    assert refused.reason is reason
    assert (tip.hash, state_root(tip.world), tip.hashes) == before
    assert isinstance(applied(tip, good, OSAKA), BlockResult)


def rebound(tip: Tip, *transactions: bytes) -> Block:
    """A block that binds ``transactions``, of which one can't be executed."""
    block = sealed(tip, OSAKA)
    header = attrs.evolve(block.header, transactions_root=transactions_root(transactions))
    return attrs.evolve(block, header=header, transactions=transactions)


@pytest.mark.rule("EXE-block-transactions")
def test_a_refused_transaction_makes_the_block_invalid() -> None:
    tip = genesis(OSAKA)
    for transactions, reason in (
        ((transfer(0), transfer(0)), Reason.NONCE_TOO_LOW),
        ((transfer(0), b"\5\xc0"), Reason.TYPE_UNSUPPORTED),
        ((transfer(0), transfer(1, gas_limit=2**24 + 1)), Reason.GAS_CAP),
    ):
        refused = applied(tip, rebound(tip, *transactions), OSAKA)
        assert isinstance(refused, InvalidBlock) and refused.rejected is not None
        assert (refused.reason, refused.index, refused.rejected.reason) == (BlockReason.TRANSACTION, 1, reason)
    refused = applied(tip, rebound(tip, b"\2\xc0"), OSAKA)
    assert isinstance(refused, InvalidBlock) and refused.reason is BlockReason.TRANSACTION_ENCODING


@pytest.mark.rule("EXE-requests", "EXE-system-call")
@pytest.mark.parametrize(
    ("code", "reason"),
    [(b"\xfe", BlockReason.SYSTEM_CONTRACT_FAILED), (b"", BlockReason.SYSTEM_CONTRACT_MISSING)],
)
def test_request_contracts_must_be_there_and_succeed(code: bytes, reason: BlockReason) -> None:
    """From PRAGUE on; a CANCUN block does not ask them."""
    for fork in (PRAGUE, OSAKA):
        sound = genesis(fork)
        tip = genesis(fork, code=code)
        block = sealed(sound, fork)
        refused = applied(tip, header_with(parent_hash=tip.hash)(block), fork)
        assert isinstance(refused, InvalidBlock) and refused.reason is reason
    tip = genesis(CANCUN, code=code)
    assert isinstance(applied(tip, sealed(tip, CANCUN), CANCUN), BlockResult)


@pytest.mark.rule("EXE-requests")
def test_the_output_of_a_request_contract_is_a_request() -> None:
    """The code returns one zero byte; the header that claims no requests is then wrong."""
    tip = genesis(PRAGUE, code=bytes.fromhex("60015ff3"))
    block = sealed(tip, PRAGUE)
    refused = applied(tip, block, PRAGUE)
    assert isinstance(refused, InvalidBlock) and refused.reason is BlockReason.REQUESTS_HASH
    claimed = header_with(requests_hash=requests_hash((b"\1\0", b"\2\0")))(block)
    assert isinstance(applied(tip, claimed, PRAGUE), BlockResult)


@pytest.mark.rule("EXE-system-calls")
def test_the_parent_hash_is_handed_to_the_history_contract() -> None:
    """The code stores its input at key 0."""
    tip = genesis(PRAGUE)
    world = tip.world.with_account(ETHEREUM.history_contract, Account(1, 0, bytes.fromhex("5f355f55"), NO_STORAGE))
    tip = attrs.evolve(tip, world=world)
    result = applied(tip, sealed(tip, PRAGUE), PRAGUE)
    assert isinstance(result, BlockResult)
    assert result.tip.world.storage(ETHEREUM.history_contract, 0) == int.from_bytes(tip.hash, "big")
    assert result.tip.world.account(ETHEREUM.system_address).is_empty()


@pytest.mark.rule("EXE-block-size")
def test_the_size_of_a_block_is_bounded() -> None:
    """EIP-7934: 10 MiB less 2 MiB, to the byte; before OSAKA there is no bound."""
    tip = genesis(OSAKA)
    block = sealed(tip, OSAKA)
    assert isinstance(apply_block(tip, block, chain(OSAKA), 8_388_608), BlockResult)
    refused = apply_block(tip, block, chain(OSAKA), 8_388_609)
    assert isinstance(refused, InvalidBlock) and refused.reason is BlockReason.SIZE
    earlier = genesis(PRAGUE)
    assert isinstance(apply_block(earlier, sealed(earlier, PRAGUE), chain(PRAGUE), 8_388_609), BlockResult)


@pytest.mark.rule("EXE-block-encoding", "EXE-header-fields")
def test_encodings_are_refused_by_name() -> None:
    tip = genesis(OSAKA)
    data = encode_block(sealed(tip, OSAKA))
    assert encode_block(decode_block(data)) == data
    for broken in (data[:-1], data + b"\0", b"", b"\xc0", b"\x80"):
        refused = apply_encoded(tip, broken, chain(OSAKA))
        assert isinstance(refused, InvalidBlock) and refused.reason is BlockReason.ENCODING and refused.malformed
    assert [len(fields_in(fork)) for fork in (PARIS, SHANGHAI, CANCUN, PRAGUE, OSAKA)] == [16, 17, 20, 21, 21]


@pytest.mark.rule("EXE-gas-limit")
def test_the_gas_limit_moves_by_less_than_a_1024th() -> None:
    assert gas_limit_allowed(1_024_999, 1_024_000) and not gas_limit_allowed(1_025_000, 1_024_000)
    assert gas_limit_allowed(1_023_001, 1_024_000) and not gas_limit_allowed(1_023_000, 1_024_000)
    assert gas_limit_allowed(5_000, 5_001) and not gas_limit_allowed(4_999, 5_000)
    assert not gas_limit_allowed(2**63, 2**63 - 1)


@pytest.mark.rule("EXE-header-blobs")
def test_the_first_block_with_blobs_has_no_excess() -> None:
    assert expected_excess(genesis(SHANGHAI).header, CANCUN) == 0
    full = attrs.evolve(genesis(CANCUN).header, blob_gas_used=6 * 2**17)
    assert expected_excess(full, CANCUN) == 3 * 2**17
