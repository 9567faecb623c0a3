"""The transition of a block: from a chain's tip to the next one, or the reason why the block is refused.

A tip is a value; a refused block leaves nothing behind. Source: Yellow Paper §4.4, §12; EELS ``state_transition``.
"""

from collections.abc import Callable
from typing import Final

import attrs
from immutables import Map

from hyperion.execution.block import GWEI, Block, Withdrawal, decode_block, transactions_root, withdrawals_root
from hyperion.execution.fees import blob_base_fee
from hyperion.execution.header import Header, block_hash, check_header
from hyperion.execution.invalid import BlockReason, InvalidBlock
from hyperion.execution.profile import Profile
from hyperion.execution.receipt import Receipt, bloom, encode_receipt
from hyperion.execution.series import Execution, in_series
from hyperion.execution.system import before_transactions, collect_requests, requests_hash
from hyperion.execution.validate import Context
from hyperion.primitives.rlp import RlpError
from hyperion.rules import rule
from hyperion.state.commitment import ordered_root, state_root
from hyperion.state.world import World
from hyperion.vm.fork import Eip, Fork
from hyperion.vm.machine import Block as BlockFacts
from hyperion.vm.machine import Log
from hyperion.vm.step import Executor, run

MAX_BLOCK_BYTES: Final = 10 * 2**20 - 2 * 2**20
"""The longest encoding of a block: 10 MiB, less 2 MiB for the consensus layer's part (EIP-7934)."""
RECENT: Final = 256
"""As many ancestors' hashes can be asked for by code."""


@attrs.frozen
class Tip:
    """The end of a chain: its last block, the world after it, and the hashes of recent blocks, its own included."""

    header: Header
    hash: bytes
    world: World
    hashes: Map[int, bytes]


def tip_of(header: Header, world: World, hashes: Map[int, bytes] | None = None) -> Tip:
    """The tip of a chain whose last block has ``header``."""
    own = block_hash(header)
    known = (Map() if hashes is None else hashes).set(header.number, own)
    oldest = header.number - RECENT
    return Tip(header, own, world, known.delete(oldest) if oldest >= 0 and oldest in known else known)


@attrs.frozen
class Chain:
    """The rules of a chain: which it is, what it does otherwise than Ethereum, the fork at a time; and what runs it.

    No rule depends on the last two: each execution gives what ``in_series`` gives, each executor what ``run`` gives.
    """

    chain_id: int
    profile: Profile
    fork_at: Callable[[int], Fork]
    executor: Executor = run
    execution: Execution = in_series


@attrs.frozen
class Executed:
    """What the body of a block did."""

    world: World
    receipts: tuple[Receipt, ...]
    gas_used: int
    blob_gas_used: int
    requests: tuple[bytes, ...]

    @property
    def logs(self) -> tuple[Log, ...]:
        """The logs of all transactions, in order."""
        return tuple(log for receipt in self.receipts for log in receipt.logs)


@attrs.frozen
class BlockResult:
    """A valid block: the new tip and what the body did."""

    tip: Tip
    executed: Executed


# --- the whole -------------------------------------------------------------------------------------------------------


def apply_encoded(tip: Tip, data: bytes, chain: Chain) -> BlockResult | InvalidBlock:
    """The chain after the block encoded as ``data``; or why there is none."""
    try:
        block = decode_block(data)
    except RlpError as error:
        return InvalidBlock(BlockReason.ENCODING, str(error), malformed=(error.reason, error.field))
    return apply_block(tip, block, chain, len(data))


@rule("EXE-block", "A block is valid if its header follows from its parent and states what executing the body gives.")
def apply_block(tip: Tip, block: Block, chain: Chain, size: int) -> BlockResult | InvalidBlock:
    """The chain after ``block``, whose encoding has ``size`` bytes; or why there is none."""
    header, fork = block.header, chain.fork_at(block.header.timestamp)
    invalid = check_size(size, fork) or check_header(header, tip.header, tip.hash, fork) or check_body(block, fork)
    if invalid is not None:
        return invalid
    context = Context(fork, chain.profile, chain.chain_id, facts_of(header, tip, fork), executor=chain.executor)
    executed = execute_body(block, tip, context, chain.execution)
    if isinstance(executed, InvalidBlock):
        return executed
    invalid = check_claims(header, executed)
    if invalid is not None:
        return invalid
    return BlockResult(tip_of(header, executed.world, tip.hashes), executed)


@rule("EXE-block-size", "The encoding of a block has at most 8 MiB.")
def check_size(size: int, fork: Fork) -> InvalidBlock | None:
    """Why a block of ``size`` bytes is refused, or None."""
    if Eip.BLOCK_SIZE in fork.eips and size > MAX_BLOCK_BYTES:
        return InvalidBlock(BlockReason.SIZE, f"{size} > {MAX_BLOCK_BYTES}")
    return None


def facts_of(header: Header, tip: Tip, fork: Fork) -> BlockFacts:
    """What code can learn of a block with ``header`` after ``tip``."""
    return BlockFacts(
        coinbase=header.coinbase,
        number=header.number,
        timestamp=header.timestamp,
        gas_limit=header.gas_limit,
        prevrandao=header.prevrandao,
        base_fee=header.base_fee,
        blob_base_fee=0 if fork.blobs is None else blob_base_fee(header.excess_blob_gas or 0, fork.blobs),
        hashes=tip.hashes,
    )


def check_body(block: Block, fork: Fork) -> InvalidBlock | None:
    """Why the body of ``block`` is not the one that its header binds, or None."""
    withdrawals = None if block.withdrawals is None else withdrawals_root(block.withdrawals)
    return check_roots(block.header, len(block.ommers), transactions_root(block.transactions), withdrawals, fork)


@rule("EXE-block-body", "A body has no ommers, withdrawals where the fork has them, and the roots of its header.")
def check_roots(
    header: Header, ommers: int, transactions: bytes, withdrawals: bytes | None, fork: Fork
) -> InvalidBlock | None:
    """Why a body with so many ommers and these roots is not the one that ``header`` binds, or None."""
    if ommers:
        return InvalidBlock(BlockReason.OMMERS, f"{ommers} ommers")
    if (withdrawals is not None) != (Eip.WITHDRAWALS in fork.eips):
        return InvalidBlock(BlockReason.WITHDRAWALS_MISSING)
    if transactions != header.transactions_root:
        return InvalidBlock(BlockReason.TRANSACTIONS_ROOT)
    if withdrawals is not None and withdrawals != header.withdrawals_root:
        return InvalidBlock(BlockReason.WITHDRAWALS_ROOT)
    return None


# --- execution -------------------------------------------------------------------------------------------------------


def execute_body(
    block: Block, tip: Tip, context: Context, execution: Execution = in_series
) -> Executed | InvalidBlock:
    """What the body of ``block`` does to the world of ``tip``; or why it can't be executed."""
    world = before_transactions(tip.world, context, block.header.beacon_root, tip.hash)
    progress = execution(block.transactions, world, context)
    if isinstance(progress, InvalidBlock):
        return progress
    world, context = withdraw(progress.world, block.withdrawals or ()), progress.context
    logs = tuple(log for receipt in progress.receipts for log in receipt.logs)
    collected = collect_requests(world, context, logs)
    if isinstance(collected, InvalidBlock):
        return collected
    return Executed(
        collected.world, progress.receipts, context.gas_used, context.blob_gas_used, collected.requests
    )


@rule("EXE-withdrawals", "A withdrawal adds its amount, in gwei, to its account, and can't fail.")
def withdraw(world: World, withdrawals: tuple[Withdrawal, ...]) -> World:
    """The world after ``withdrawals`` (EIP-4895)."""
    for withdrawal in withdrawals:
        world = withdraw_one(world, withdrawal)
    return world


def withdraw_one(world: World, withdrawal: Withdrawal) -> World:
    """The world after one of them."""
    return world.credit(withdrawal.address, withdrawal.amount * GWEI)


@attrs.frozen
class Outcome:
    """What a header says of the outcome of its body; None where the fork has no such field."""

    gas_used: int
    state_root: bytes
    receipts_root: bytes
    bloom: bytes
    blob_gas_used: int | None
    requests_hash: bytes | None


def with_outcome(header: Header, outcome: Outcome) -> Header:
    """The header of a block that is derived, and not proposed: it says of its outcome what came of it."""
    return attrs.evolve(
        header, gas_used=outcome.gas_used, state_root=outcome.state_root, receipts_root=outcome.receipts_root,
        bloom=outcome.bloom, blob_gas_used=outcome.blob_gas_used, requests_hash=outcome.requests_hash,
    )  # fmt: skip


# --- what the header claims ------------------------------------------------------------------------------------------


@rule("EXE-header-claims", "Gas, blob gas, receipts, filter, requests and state of a header are what the body gives.")
def check_claims(header: Header, executed: Executed) -> InvalidBlock | None:
    """The first thing that ``header`` claims and the body did not give, or None."""
    if header.gas_used != executed.gas_used:
        return InvalidBlock(BlockReason.GAS_USED, f"{header.gas_used} != {executed.gas_used}")
    if header.blob_gas_used is not None and header.blob_gas_used != executed.blob_gas_used:
        return InvalidBlock(BlockReason.BLOB_GAS_USED, f"{header.blob_gas_used} != {executed.blob_gas_used}")
    if header.receipts_root != ordered_root(map(encode_receipt, executed.receipts)):
        return InvalidBlock(BlockReason.RECEIPTS_ROOT)
    if header.bloom != bloom(executed.logs):
        return InvalidBlock(BlockReason.BLOOM)
    if header.requests_hash is not None and header.requests_hash != requests_hash(executed.requests):
        return InvalidBlock(BlockReason.REQUESTS_HASH, f"{len(executed.requests)} requests")
    root = state_root(executed.world)
    if header.state_root != root:
        return InvalidBlock(BlockReason.STATE_ROOT, f"0x{header.state_root.hex()} != 0x{root.hex()}")
    return None
