"""The transition tool: a block's transactions on a given state, as clients' test harnesses call it (``evm t8n``).

Three documents come in: ``alloc`` (accounts), ``env`` (the block) and ``txs``; two go out: the new ``alloc`` and
``result``, with roots, receipts and what was rejected. A rejected transaction is left out, and the others go on. All
forks here are after the merge, so there is no reward.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final, TypeAlias

import attrs
import msgspec
from immutables import Map

from hyperion.execution.block import Withdrawal, transaction_bytes, transaction_item, withdrawals_root
from hyperion.execution.fees import next_base_fee
from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.message import Applied, begin, settle
from hyperion.execution.profile import ETHEREUM
from hyperion.execution.receipt import Receipt, bloom, encode_receipt, logs_hash, receipt_of
from hyperion.execution.rejection import Rejected
from hyperion.execution.system import Requests, before_transactions, collect_requests, requests_hash
from hyperion.execution.transaction import (
    LegacyTransaction,
    Transaction,
    TransactionError,
    TypedTransaction,
    decode_transaction,
    encode_transaction,
    signing_hash,
    transaction_hash,
)
from hyperion.execution.transition import withdraw
from hyperion.execution.validate import Context, validate
from hyperion.primitives.rlp import RlpError, decode, decode_list, encode
from hyperion.primitives.secp256k1 import sign
from hyperion.state.commitment import ordered_root, state_root
from hyperion.state.world import World
from hyperion.vm.fork import BlobSchedule, Eip, Fork
from hyperion.vm.machine import Block, Machine
from hyperion.vm.step import run
from hyperion_conformance.fixtures.signing import unsigned_transaction
from hyperion_conformance.fixtures.state_case import block_of, excess_blob_gas
from hyperion_conformance.reading import InputError, address_of, fixed, integer, octets, world_of
from hyperion_conformance.trace import Line, line_of, machines, summary_of

Json: TypeAlias = dict[str, Any]

FIRST: Final = {"data": 0, "gas": 0, "value": 0}


@attrs.frozen
class Tracing:
    """What the lines of a trace show beside what they always do."""

    memory: bool = False
    stack: bool = True
    return_data: bool = False


@attrs.frozen
class Request:
    """What a harness asks for."""

    fork: Fork
    chain_id: int
    alloc: object
    env: object
    transactions: object
    state_test: bool = False
    """Only the first transaction, without what the protocol itself does in a block."""
    tracing: Tracing | None = None


@attrs.frozen
class Answer:
    """What a harness gets."""

    alloc: Json
    result: Json
    body: str
    """The RLP list of the transactions that are in the block, in hexadecimal."""
    traces: Mapping[str, tuple[Json, ...]]
    """Lines of EIP-3155 by the name of their file."""


# --- reading ---------------------------------------------------------------------------------------------------------


def with_blob_parameters(fork: Fork, parameters: object) -> Fork:
    """``fork`` with the blob schedule that a harness gives."""
    if not isinstance(parameters, dict):
        raise InputError("blobParams", "not an object")
    target, most, fraction = (
        integer(f"blobParams.{name}", parameters.get(name), 64) for name in ("target", "max", "baseFeeUpdateFraction")
    )
    return attrs.evolve(fork, blobs=BlobSchedule(target, most, fraction))


NUMBERS: Final[Mapping[str, int]] = {
    "currentCoinbase": 160,
    "currentNumber": 64,
    "currentTimestamp": 64,
    "currentGasLimit": 64,
    "currentRandom": 256,
    "currentDifficulty": 256,
    "currentBaseFee": 256,
    "currentExcessBlobGas": 64,
    "parentGasLimit": 64,
    "parentGasUsed": 64,
    "parentBaseFee": 256,
    "parentExcessBlobGas": 64,
    "parentBlobGasUsed": 64,
}
"""The numbers that ``env`` may hold, with their bits."""


def environment_of(given: object) -> Json:
    """``env`` with its numbers in range, written in one way, and its lists and objects being such."""
    if not isinstance(given, dict):
        raise InputError("env", "not an object")
    env: Json = {**given}
    for name, bits in NUMBERS.items():
        if env.get(name) is not None:
            env[name] = hex(integer(f"env.{name}", env[name], bits))
        else:
            env.pop(name, None)
    for name, kind in (("blockHashes", dict), ("withdrawals", list)):
        if not isinstance(env.get(name) or kind(), kind):
            raise InputError(f"env.{name}", f"not {'an object' if kind is dict else 'a list'}")
    return env


def check_blob_price(env: Json, fork: Fork) -> None:
    """Refuse an excess at which a unit of blob gas would cost more wei than a word holds: its price has no bound."""
    if fork.blobs is None:
        return
    limit = 178 * fork.blobs.base_fee_update_fraction  # e**178 > 2**256
    for name in ("currentExcessBlobGas", "parentExcessBlobGas"):
        if int(env.get(name, "0x0"), 16) > limit:
            raise InputError(f"env.{name}", f"more than {limit}")
    if int(env.get("parentBlobGasUsed", "0x0"), 16) > limit:
        raise InputError("env.parentBlobGasUsed", f"more than {limit}")


def base_fee_of(env: Json) -> int:
    """The base fee that is given, or that follows from the parent's figures."""
    if "currentBaseFee" in env:
        return int(env["currentBaseFee"], 16)
    gas_limit, gas_used, base_fee = (
        int(env[name], 16) for name in ("parentGasLimit", "parentGasUsed", "parentBaseFee")
    )
    if gas_limit < 2:
        raise InputError("env.parentGasLimit", "less than 2")
    return next_base_fee(gas_limit, gas_used, base_fee)


def block_facts(env: Json, fork: Fork) -> Block:
    """The block of ``env``; its hashes are those that are given."""
    check_blob_price(env, fork)
    try:
        block = msgspec.structs.replace(block_of(env, fork), base_fee=base_fee_of(env))
    except KeyError as error:
        raise InputError(f"env.{error.args[0]}", "missing") from None
    hashes = {
        integer("env.blockHashes", key): fixed("env.blockHashes", value, 32)
        for key, value in (env.get("blockHashes") or {}).items()
    }
    return msgspec.structs.replace(block, hashes=Map(hashes))


def withdrawals_of(env: Json) -> tuple[Withdrawal, ...]:
    """The withdrawals of ``env``."""
    return tuple(withdrawal_of(entry) for entry in env.get("withdrawals") or [])


def withdrawal_of(entry: object) -> Withdrawal:
    """One withdrawal."""
    if not isinstance(entry, dict):
        raise InputError("env.withdrawals", "not a list of objects")
    return Withdrawal(
        integer("env.withdrawals.index", entry.get("index"), 64),
        integer("env.withdrawals.validatorIndex", entry.get("validatorIndex"), 64),
        address_of("env.withdrawals.address", entry.get("address")),
        integer("env.withdrawals.amount", entry.get("amount"), 64),
    )


TYPED_PARTS: Final[Mapping[int, tuple[str, ...]]] = {
    0: ("gasPrice",),
    1: ("gasPrice", "accessList"),
    2: ("maxFeePerGas", "maxPriorityFeePerGas", "accessList"),
    3: ("maxFeePerGas", "maxPriorityFeePerGas", "accessList", "maxFeePerBlobGas", "blobVersionedHashes"),
    4: ("maxFeePerGas", "maxPriorityFeePerGas", "accessList", "authorizationList"),
}
"""The parts that a transaction of each type has beside those that all have."""


def type_of(entry: Json) -> int:
    """The type that is stated, or else the first one that has all the parts that are there."""
    if entry.get("type") is not None:
        return integer("type", entry["type"], 8)
    present = {part for parts in TYPED_PARTS.values() for part in parts if entry.get(part) is not None}
    return next((kind for kind, parts in TYPED_PARTS.items() if present <= set(parts)), 0)


def transaction_of(entry: Json, chain_id: int) -> Transaction:
    """The transaction of a JSON object, signed if a key is given and no signature."""
    kind = type_of(entry)
    if kind not in TYPED_PARTS:
        raise InputError("type", f"unknown: {kind}")
    parts: Json = {name: entry[name] for name in TYPED_PARTS[kind] if name != "accessList"}
    if "accessList" in TYPED_PARTS[kind]:
        parts["accessLists"] = [entry.get("accessList") or []]
    parts |= {"nonce": entry["nonce"], "to": entry.get("to"), "gasLimit": [entry["gas"]]}
    parts |= {"value": [entry.get("value", "0x0")], "data": [entry.get("input", "0x")]}
    chain = integer("chainId", entry["chainId"]) if entry.get("chainId") is not None else chain_id
    unsigned = unsigned_transaction(parts, FIRST, chain)
    v, r, s = (integer(name, entry.get(name) or "0x0") for name in ("v", "r", "s"))
    if isinstance(unsigned, LegacyTransaction) and not entry.get("protected", True):
        unsigned = attrs.evolve(unsigned, v=27)
    if (v, r, s) == (0, 0, 0) and "secretKey" in entry:
        parity, r, s = sign(signing_hash(unsigned), integer("secretKey", entry["secretKey"]))
        v = unsigned.v + parity if isinstance(unsigned, LegacyTransaction) else parity
    if isinstance(unsigned, LegacyTransaction):
        return attrs.evolve(unsigned, v=v, r=r, s=s)
    assert isinstance(unsigned, TypedTransaction)
    return attrs.evolve(unsigned, y_parity=v, r=r, s=s)


def encoded_transactions(given: object, chain_id: int) -> list[bytes | InputError]:
    """The encodings of ``txs``, an RLP list in hexadecimal or a list of objects; or why one cannot be read."""
    if isinstance(given, str):
        try:
            return [transaction_bytes(item) for item in decode_list(decode(octets("txs", given)), None, "txs")]
        except RlpError as error:
            raise InputError("txs", str(error)) from None
    if not isinstance(given, list | None):
        raise InputError("txs", "neither a list nor RLP")
    encoded: list[bytes | InputError] = []
    for index, entry in enumerate(given or []):
        try:
            encoded.append(encode_transaction(transaction_of(entry, chain_id)))
        except InputError as error:
            encoded.append(error)
        except (KeyError, ValueError, TypeError, AttributeError, RlpError) as error:
            encoded.append(InputError(f"txs[{index}]", f"{type(error).__name__}: {error}"))
    return encoded


# --- the transition --------------------------------------------------------------------------------------------------


@attrs.frozen
class Progress:
    """What has happened in the block so far."""

    world: World
    context: Context
    included: tuple[bytes, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    rejected: tuple[Json, ...] = ()
    traces: tuple[tuple[str, tuple[Json, ...]], ...] = ()


def traced(start: Machine, tracing: Tracing) -> tuple[Machine, tuple[Json, ...]]:
    """The halted machine, and the lines on the way to it."""
    end, lines = start, []
    for before, after in pairwise(machines(start)):
        line = line_of(before, after, tracing.memory)
        if line is not None:
            lines.append(shown(line, tracing))
        end = after
    return end, (*lines, summary_of(start, end).to_json())


def shown(line: Line, tracing: Tracing) -> Json:
    """A line with what was asked for."""
    hidden = [name for name, wanted in (("stack", tracing.stack), ("returnData", tracing.return_data)) if not wanted]
    return {key: value for key, value in line.to_json().items() if key not in hidden}


def executed(
    encoded: bytes, progress: Progress, tracing: Tracing | None
) -> tuple[Applied, tuple[tuple[str, tuple[Json, ...]], ...]] | str:
    """What the transaction does, and its trace by file name; or why it is rejected."""
    context = progress.context
    try:
        transaction = decode_transaction(encoded, context.profile.types_in(context.fork))
    except TransactionError as error:
        return str(error)
    valid = validate(transaction, progress.world, context)
    if isinstance(valid, Rejected):
        return f"{valid.reason.value} {valid.detail}".strip()
    begun = begin(transaction, progress.world, context, valid)
    if tracing is None:
        return settle(begun, run(begun.machine)), ()
    end, lines = traced(begun.machine, tracing)
    name = f"trace-{len(progress.included)}-0x{transaction_hash(transaction).hex()}.jsonl"
    return settle(begun, end), ((name, lines),)


def rejecting(progress: Progress, index: int, why: str) -> Progress:
    """The transaction at ``index`` is left out."""
    return attrs.evolve(progress, rejected=(*progress.rejected, {"index": index, "error": why}))


def including(progress: Progress, index: int, encoded: bytes | InputError, tracing: Tracing | None) -> Progress:
    """The block with the transaction at ``index``, or with its rejection."""
    if isinstance(encoded, InputError):
        return rejecting(progress, index, str(encoded))
    outcome = executed(encoded, progress, tracing)
    if isinstance(outcome, str):
        return rejecting(progress, index, outcome)
    applied, traces = outcome
    context = attrs.evolve(
        progress.context,
        gas_used=progress.context.gas_used + applied.gas_used,
        blob_gas_used=progress.context.blob_gas_used + applied.blob_gas_used,
    )
    kind = 0 if encoded[0] >= 0xC0 else encoded[0]
    return attrs.evolve(
        progress,
        world=applied.world,
        context=context,
        included=(*progress.included, encoded),
        receipts=(*progress.receipts, receipt_of(kind, applied.succeeded, context.gas_used, applied.logs)),
        traces=progress.traces + traces,
    )


def transition(request: Request) -> Answer:
    """The block that ``request`` describes, executed. Refuses input that cannot be read with ``InputError``."""
    env = environment_of(request.env)
    block = block_facts(env, request.fork)
    withdrawals = withdrawals_of(env) if Eip.WITHDRAWALS in request.fork.eips else ()
    context = Context(request.fork, ETHEREUM, request.chain_id, block)
    progress = Progress(world_of("alloc", request.alloc), context)
    if not request.state_test:
        root = fixed("env.parentBeaconBlockRoot", env.get("parentBeaconBlockRoot") or "0x" + "00" * 32, 32)
        parent = block.hashes.get(block.number - 1, bytes(32))
        progress = attrs.evolve(progress, world=before_transactions(progress.world, context, root, parent))
    encoded = encoded_transactions(request.transactions, request.chain_id)
    for index, entry in enumerate(encoded[:1] if request.state_test else encoded):
        progress = including(progress, index, entry, request.tracing)
    requests: Requests | InvalidBlock = Requests(progress.world, ())
    if not request.state_test:
        world = withdraw(progress.world, withdrawals)
        logs = tuple(log for receipt in progress.receipts for log in receipt.logs)
        requests = collect_requests(world, progress.context, logs)
        progress = attrs.evolve(progress, world=world if isinstance(requests, InvalidBlock) else requests.world)
    body = encode(tuple(transaction_item(data) for data in progress.included))
    return Answer(
        alloc_json(progress.world),
        result_json(
            progress, requests, withdrawals if not request.state_test else (), excess_blob_gas(env, request.fork)
        ),
        "0x" + body.hex(),
        dict(progress.traces),
    )


# --- writing ---------------------------------------------------------------------------------------------------------


def hexadecimal(data: bytes) -> str:
    """Bytes as they are written everywhere here."""
    return "0x" + data.hex()


def alloc_json(world: World) -> Json:
    """Accounts by address; what is zero or empty is left out."""
    accounts: Json = {}
    for address, account in sorted(world.accounts.items()):
        entry: Json = {}
        if account.balance:
            entry["balance"] = hex(account.balance)
        if account.nonce:
            entry["nonce"] = hex(account.nonce)
        if account.code:
            entry["code"] = hexadecimal(account.code)
        if account.storage:
            entry["storage"] = {f"0x{key:064x}": hex(word) for key, word in sorted(account.storage.items())}
        accounts[f"0x{address:040x}"] = entry
    return accounts


def receipt_json(encoded: bytes, receipt: Receipt) -> Json:
    """A receipt, with the hash of its transaction."""
    return {
        "transactionHash": hexadecimal(transaction_hash(decode_transaction(encoded))),
        "succeeded": bool(receipt.succeeded),
        "cumulativeGasUsed": hex(receipt.cumulative_gas_used),
        "bloom": hexadecimal(receipt.bloom),
        "logs": [
            {
                "address": f"0x{log.address:040x}",
                "topics": [f"0x{topic:064x}" for topic in log.topics],
                "data": hexadecimal(log.data),
            }
            for log in receipt.logs
        ],
    }


def result_json(
    progress: Progress, requests: Requests | InvalidBlock, withdrawals: Iterable[Withdrawal], excess: int
) -> Json:
    """Roots, sums, receipts and rejections; what the fork does not have is left out."""
    fork, context = progress.context.fork, progress.context
    logs = tuple(log for receipt in progress.receipts for log in receipt.logs)
    result: Json = {
        "stateRoot": hexadecimal(state_root(progress.world)),
        "txRoot": hexadecimal(ordered_root(progress.included)),
        "receiptsRoot": hexadecimal(ordered_root(map(encode_receipt, progress.receipts))),
        "logsHash": hexadecimal(logs_hash(logs)),
        "logsBloom": hexadecimal(bloom(logs)),
        "gasUsed": hex(context.gas_used),
        "currentDifficulty": None,
        "currentBaseFee": hex(context.block.base_fee),
        "rejected": list(progress.rejected),
        "receipts": [
            receipt_json(data, receipt) for data, receipt in zip(progress.included, progress.receipts, strict=True)
        ],
    }
    if Eip.WITHDRAWALS in fork.eips:
        result["withdrawalsRoot"] = hexadecimal(withdrawals_root(tuple(withdrawals)))
    if Eip.BLOBS in fork.eips:
        result |= {"currentExcessBlobGas": hex(excess), "blobGasUsed": hex(context.blob_gas_used)}
    if isinstance(requests, InvalidBlock):
        result["blockException"] = f"{requests.reason.value} {requests.detail}".strip()
    made = () if isinstance(requests, InvalidBlock) else requests.requests
    if Eip.REQUESTS in fork.eips:
        result |= {"requestsHash": hexadecimal(requests_hash(made)), "requests": [hexadecimal(one) for one in made]}
    return result
