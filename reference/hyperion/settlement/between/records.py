"""Stages and ends of blocks by their commitments: how each record is sealed into a hash, and opened again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from hyperion.execution.header import Header, header_item, read_header
from hyperion.execution.intrinsic import Intrinsic
from hyperion.execution.message import Admitted
from hyperion.execution.receipt import BLOOM_BYTES
from hyperion.execution.transaction import TransactionError, decode_transaction, encode_transaction
from hyperion.execution.transition import Tip
from hyperion.execution.validate import Valid
from hyperion.primitives import rlp
from hyperion.rules import rule
from hyperion.settlement.between.logs import HiddenLogs
from hyperion.settlement.between.stages import (
    Body,
    Detail,
    Ended,
    Input,
    Phase,
    Settled,
    Stage,
    Standing,
    malformed,
)
from hyperion.settlement.onestep import maps
from hyperion.settlement.onestep.containers import SIZE_BYTES, Later, opened_octets, sealed_octets
from hyperion.settlement.onestep.nodes import (
    Fields,
    Hash,
    Kind,
    Nodes,
    Sink,
    encode_record,
    fields_of,
    number_item,
)
from hyperion.settlement.onestep.records import (
    Work,
    known_or,
    opened_block,
    opened_environment,
    opened_substate,
    sealed_block,
    sealed_environment,
    sealed_logs,
    sealed_substate,
)
from hyperion.state import trie
from hyperion.state.trie import Trie
from hyperion.state.world import World

COUNT_BYTES: Final = 4
"""Width of counts of transactions, withdrawals and entries."""
GAS_BYTES: Final = 8
N = TypeVar("N")


def sealed_trie(held: Trie, sink: Sink) -> Hash:
    """The root of a trie; nodes that are at hand go to ``sink``."""
    if sink.keeps and held is not None:
        maps.keep_nodes(held, sink)
    return trie.root(held)


def named(fields: Fields, kind: Callable[[int], N], width: int = 1) -> N:
    """The member of an enumeration whose number is the next field."""
    try:
        return kind(fields.number(width))
    except ValueError as error:
        raise fields.malformed("has a number that stands for nothing") from error


def later(digest: Hash, reading: Callable[[Hash, Nodes, Work], Any], nodes: Nodes, work: Work) -> Any:
    """A record that is opened when it is needed."""
    return Later(digest, partial(reading, digest, nodes, work))


# --- what is given, and how a block ends -----------------------------------------------------------------------------


def sealed_header(header: Header, sink: Sink) -> Hash:
    """The block's hash, which is that of its header."""
    return sink.put(rlp.encode(header_item(header)))


def opened_header(digest: Hash, nodes: Nodes) -> Header:
    """The header with this hash."""
    return read_header(rlp.decode(nodes.preimage(digest)))


@rule("DIS-commit-input", "A derived block is committed to by its header and the roots and lengths of its lists.")
def sealed_input(given: Input, sink: Sink) -> Hash:
    """The hash of a block as it is derived."""
    withdrawals = b"" if given.withdrawal_count is None else sealed_trie(given.withdrawals, sink)
    fields = (
        sealed_header(given.header, sink), number_item(given.ommers), sealed_trie(given.transactions, sink),
        number_item(given.count), withdrawals, number_item(given.withdrawal_count or 0), number_item(given.size),
    )  # fmt: skip
    return sink.put(encode_record(Kind.INPUT, fields))


def opened_input(digest: Hash, nodes: Nodes, work: Work) -> Input:
    """The derived block with this hash."""
    del work
    fields = fields_of(Kind.INPUT, nodes.preimage(digest))
    header, ommers, transactions = fields.digest(), fields.number(COUNT_BYTES), fields.digest()
    count, withdrawals = fields.number(COUNT_BYTES), fields.octets()
    withdrawal_count, size = fields.number(COUNT_BYTES), fields.number(SIZE_BYTES)
    fields.end()
    if len(withdrawals) not in (0, 32):
        raise fields.malformed("has a root that is no hash")
    return Input(
        opened_header(header, nodes), ommers, trie.hidden(transactions, nodes.preimage), count,
        trie.hidden(withdrawals, nodes.preimage) if withdrawals else None, withdrawal_count if withdrawals else None,
        size,
    )  # fmt: skip


@rule("DIS-commit-end", "The end of a block is committed to by its standing, the tip's header, state and block hashes.")
def sealed_end(ended: Ended, sink: Sink) -> Hash:
    """The hash of the end of a block."""
    tip = ended.tip
    fields = (
        number_item(ended.standing), sealed_header(tip.header, sink), maps.sealed_world(tip.world, sink),
        maps.sealed(tip.hashes, maps.HASHES, sink),
    )  # fmt: skip
    return sink.put(encode_record(Kind.ENDED, fields))


def opened_end(digest: Hash, nodes: Nodes, work: Work) -> Ended:
    """The end of a block with this hash."""
    fields = fields_of(Kind.ENDED, nodes.preimage(digest))
    standing, header, state_root, hashes = named(fields, Standing), fields.digest(), fields.digest(), fields.digest()
    fields.end()
    world = maps.world_of(state_root, nodes, work)
    tip = Tip(opened_header(header, nodes), header, world, maps.opened(hashes, maps.HASHES, nodes, work))
    return Ended(standing, tip)


# --- the body --------------------------------------------------------------------------------------------------------


@rule("DIS-commit-body", "A block under way is committed to with its state, gas, receipts, filter and requests so far.")
def sealed_body(body: Body, sink: Sink) -> Hash:
    """The hash of a body."""
    fields = (
        known_or(sealed_input, body.input, sink), known_or(sealed_end, body.before, sink),
        known_or(sealed_block, body.facts, sink), maps.sealed_world(body.world, sink),
        number_item(body.gas_used), number_item(body.blob_gas_used), sealed_trie(body.receipts, sink),
        body.bloom.to_bytes(BLOOM_BYTES, "big"), *sealed_octets(body.deposits, sink), body.hashes,
    )  # fmt: skip
    return sink.put(encode_record(Kind.BODY, fields))


def opened_body(digest: Hash, nodes: Nodes, work: Work) -> Body:
    """The body with this hash."""
    fields = fields_of(Kind.BODY, nodes.preimage(digest))
    given, before, facts = fields.digest(), fields.digest(), fields.digest()
    world = maps.world_of(fields.digest(), nodes, work)
    gas, blob_gas = fields.number(GAS_BYTES), fields.number(GAS_BYTES)
    receipts, bits = trie.hidden(fields.digest(), nodes.preimage), opened_bits(fields)
    deposits, hashes = opened_octets(fields, nodes, work), fields.octets()
    fields.end()
    return Body(
        later(given, opened_input, nodes, work), later(before, opened_end, nodes, work),
        later(facts, opened_block, nodes, work), world, gas, blob_gas, receipts, bits, deposits, hashes,
    )  # fmt: skip


def opened_bits(fields: Fields) -> int:
    """The filter of the next field."""
    bits = fields.octets()
    if len(bits) != BLOOM_BYTES:
        raise fields.malformed("has a filter that is none")
    return int.from_bytes(bits, "big")


# --- a transaction ---------------------------------------------------------------------------------------------------


@rule("DIS-commit-admitted", "A transaction under way is committed to with its bytes, sender, prices and substate.")
def sealed_admitted(held: Admitted, sink: Sink) -> Hash:
    """The hash of a transaction whose fee is taken. Its world is that of the body."""
    valid = held.valid
    numbers = (valid.sender, valid.price, valid.blob_fee, valid.intrinsic.gas, valid.intrinsic.floor)
    fields = (
        sink.put(encode_transaction(held.transaction)), *map(number_item, numbers),
        known_or(sealed_environment, held.environment, sink), known_or(sealed_substate, held.substate, sink),
    )  # fmt: skip
    return sink.put(encode_record(Kind.ADMITTED, fields))


def opened_admitted(digest: Hash, world: World, nodes: Nodes, work: Work) -> Admitted:
    """The transaction with this hash, in a body with ``world``."""
    fields = fields_of(Kind.ADMITTED, nodes.preimage(digest))
    encoded = fields.digest()
    sender, price, blob_fee = fields.number(20), fields.number(32), fields.number(32)
    intrinsic = Intrinsic(fields.number(GAS_BYTES), fields.number(GAS_BYTES))
    environment = opened_environment(fields.digest(), nodes, work)
    substate = later(fields.digest(), opened_substate, nodes, work)
    fields.end()
    try:
        transaction = decode_transaction(nodes.preimage(encoded))
    except TransactionError as error:
        raise malformed("a transaction that is none") from error
    return Admitted(transaction, Valid(sender, intrinsic, price, blob_fee), environment, world, substate)


@rule("DIS-commit-settled", "A transaction that is paid for is committed to with what its receipt is made of so far.")
def sealed_settled(settled: Settled, sink: Sink) -> Hash:
    """The hash of a transaction that is paid for."""
    fields = (
        number_item(settled.type_byte), number_item(settled.succeeded),
        maps.sealed(settled.destroyed, maps.DELETED, sink), *listed(settled.logs, sink), *listed(settled.left, sink),
        *map(number_item, (settled.size, settled.deposits)), settled.bloom.to_bytes(BLOOM_BYTES, "big"),
        *sealed_octets(settled.leaf, sink), *map(number_item, (settled.end, settled.deposit_end)),
    )  # fmt: skip
    return sink.put(encode_record(Kind.SETTLED, fields))


def listed(logs: Any, sink: Sink) -> tuple[bytes, Hash]:
    """The two fields of a list of logs."""
    return sealed_logs(logs.listed if isinstance(logs, HiddenLogs) else logs, sink)


def opened_settled(digest: Hash, nodes: Nodes, work: Work) -> Settled:
    """The transaction with this hash."""
    fields = fields_of(Kind.SETTLED, nodes.preimage(digest))
    kind, succeeded = fields.number(1), fields.truth()
    destroyed = maps.opened(fields.digest(), maps.DELETED, nodes, work)
    logs, left = (HiddenLogs(fields.number(SIZE_BYTES), fields.digest(), nodes, work) for _ in range(2))
    size, deposits = fields.number(SIZE_BYTES), fields.number(SIZE_BYTES)
    bits, leaf = opened_bits(fields), opened_octets(fields, nodes, work)
    end, deposit_end = fields.number(SIZE_BYTES), fields.number(SIZE_BYTES)
    fields.end()
    return Settled(kind, succeeded, destroyed, logs, left, size, deposits, bits, leaf, end, deposit_end)


# --- the stage -------------------------------------------------------------------------------------------------------


@rule("DIS-commit-stage", "A stage is committed to with its phase, its places in the lists, the body and a detail.")
def sealed_stage(stage: Any, sink: Sink) -> Hash:
    """The hash of a stage."""
    detail = stage.detail
    if isinstance(detail, Later):
        inner: bytes = detail.digest
    elif isinstance(detail, Admitted):
        inner = sealed_admitted(detail, sink)
    else:
        inner = b"" if detail is None else sealed_settled(detail, sink)
    fields = (
        *map(number_item, (stage.phase, stage.index, stage.entry)), known_or(sealed_body, stage.body, sink), inner
    )  # fmt: skip
    return sink.put(encode_record(Kind.STAGE, fields))


def opened_stage(digest: Hash, nodes: Nodes, work: Work) -> Stage:
    """The stage with this hash."""
    fields = fields_of(Kind.STAGE, nodes.preimage(digest))
    phase, index, entry = named(fields, Phase), fields.number(COUNT_BYTES), fields.number(COUNT_BYTES)
    body, inner = opened_body(fields.digest(), nodes, work), fields.octets()
    fields.end()
    detail: Detail = None
    match phase:
        case Phase.ADMITTED | Phase.ENTERED:
            detail = opened_admitted(inner, body.world, nodes, work)
        case Phase.CHARGED | Phase.WRITING:
            detail = opened_settled(inner, nodes, work)
        case _ if inner:
            raise fields.malformed("has a detail where none is")
    return Stage(phase, index, entry, body, detail)
