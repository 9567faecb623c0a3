"""Inputs of the targets, decoded strictly: what a case or a request says, as values that the model works on."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import attrs
from immutables import Map

from hyperion.primitives.word import Address, Word
from hyperion.state.world import Account
from hyperion_conformance.protocol.messages import Json

T = TypeVar("T")

DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,77}")
HEX: Final = re.compile(r"0x(?:[0-9a-f]{2})*")
WORD_END: Final = 2**256


class InputError(Exception):
    """An input that is not of its target's shape: JSON path of the field, and reason."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


# --- scalars ---------------------------------------------------------------------------------------------------------


def natural(value: Json, field: str, end: int = WORD_END) -> int:
    """A natural number below ``end``: a canonical decimal string, or a JSON integer below 2**53."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InputError(field, "a decimal string is needed")
    if isinstance(value, int):
        if not 0 <= value < 2**53:
            raise InputError(field, "a JSON integer must be natural and below 2**53; write a decimal string")
        number = value
    elif DECIMAL.fullmatch(value) is None:
        raise InputError(field, f"not a canonical decimal number: {value[:40]!r}")
    else:
        number = int(value)
    if number >= end:
        raise InputError(field, f"not below 2**{end.bit_length() - 1}")
    return number


def octets(value: Json, field: str, size: int | None = None) -> bytes:
    """Bytes in lower-case hex with 0x; exactly ``size`` of them if given."""
    if not isinstance(value, str) or HEX.fullmatch(value) is None:
        raise InputError(field, "not lower-case 0x-hex of whole bytes")
    data = bytes.fromhex(value[2:])
    if size is not None and len(data) != size:
        raise InputError(field, f"{size} bytes are needed, not {len(data)}")
    return data


def address(value: Json, field: str) -> Address:
    """An address: 20 bytes in hex."""
    return int.from_bytes(octets(value, field, 20), "big")


def word_hash(value: Json, field: str) -> Word:
    """A word given as 32 bytes in hex."""
    return int.from_bytes(octets(value, field, 32), "big")


def record(
    value: Json, field: str, known: Sequence[str], strict: bool, needed: Sequence[str] = ()
) -> Mapping[str, Json]:
    """An object that has the keys ``needed``; if ``strict``, none but ``known``."""
    if not isinstance(value, Mapping):
        raise InputError(field, "an object is needed")
    for key in needed:
        if key not in value:
            raise InputError(f"{field}.{key}", "missing")
    if strict:
        for key in value:
            if key not in known:
                raise InputError(f"{field}.{key[:40]}", "unknown key")
    return value


def items(value: Json, field: str, decode: Callable[[Json, str], T]) -> tuple[T, ...]:
    """A list of things that ``decode`` accepts."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InputError(field, "a list is needed")
    return tuple(decode(item, f"{field}[{index}]") for index, item in enumerate(value))


# --- accounts and blocks ---------------------------------------------------------------------------------------------


def storage(value: Json, field: str) -> Map[Word, Word]:
    """Non-zero words by key, both decimal."""
    if not isinstance(value, Mapping):
        raise InputError(field, "an object is needed")
    words: dict[Word, Word] = {}
    for key, given in value.items():
        words[natural(key, f"{field}.{key[:80]}")] = natural(given, f"{field}.{key[:80]}")
    if 0 in words.values():
        raise InputError(field, "a zero word is written by leaving it out")
    return Map(words)


ACCOUNT_KEYS: Final = ("nonce", "balance", "code", "storage")


def account(value: Json, field: str, strict: bool) -> Account:
    """An account; what is not given is zero or empty."""
    given = record(value, field, ACCOUNT_KEYS, strict)
    return Account(
        natural(given.get("nonce", "0"), f"{field}.nonce", 2**64),
        natural(given.get("balance", "0"), f"{field}.balance"),
        octets(given.get("code", "0x"), f"{field}.code"),
        storage(given.get("storage", {}), f"{field}.storage"),
    )


def alloc(value: Json, field: str, strict: bool) -> Mapping[Address, Account]:
    """Accounts by address."""
    if not isinstance(value, Mapping):
        raise InputError(field, "an object is needed")
    return {
        address(key, f"{field}.{key[:80]}"): account(given, f"{field}.{key[:80]}", strict)
        for key, given in value.items()
    }


@attrs.frozen
class BlockInput:
    """The block of a case; the defaults are those of target vm.run."""

    coinbase: Address = 0xC014
    number: int = 1
    timestamp: int = 1000
    gas_limit: int = 30_000_000
    prevrandao: Word = 0
    base_fee: int = 0
    excess_blob_gas: int = 0


BLOCK_KEYS: Final = tuple(field.name for field in attrs.fields(BlockInput))


def block(value: Json, field: str, strict: bool, complete: bool) -> BlockInput:
    """The facts of the block; all of them if ``complete``."""
    given = record(value, field, BLOCK_KEYS, strict, BLOCK_KEYS if complete else ())
    decoders: dict[str, Callable[[Json, str], int]] = {"coinbase": address, "prevrandao": word_hash}

    def bounded(given: Json, field: str) -> int:
        return natural(given, field, 2**64)

    return BlockInput(
        **{
            name: decoders.get(name, natural if name == "base_fee" else bounded)(given[name], f"{field}.{name}")
            for name in BLOCK_KEYS
            if name in given
        }
    )


# --- targets ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class VmRun:
    """Input of target vm.run: one code on one machine."""

    code: bytes
    calldata: bytes
    gas: int
    value: Word
    address: Address
    caller: Address
    storage: Map[Word, Word]
    accounts: Mapping[Address, Account]
    block: BlockInput


VM_RUN_KEYS: Final = ("code", "calldata", "gas", "value", "address", "caller", "storage", "accounts", "block")


def vm_run(value: Json, strict: bool = True) -> VmRun:
    """The input of target vm.run. Refused with a path and a reason: whatever is missing, unknown or out of range."""
    given = record(value, "$.input", VM_RUN_KEYS, strict, VM_RUN_KEYS[:7])
    where = address(given["address"], "$.input.address")
    accounts = alloc(given.get("accounts", {}), "$.input.accounts", strict)
    if where in accounts:
        raise InputError("$.input.accounts", "the account under test is given by code, storage and value")
    return VmRun(
        octets(given["code"], "$.input.code"),
        octets(given["calldata"], "$.input.calldata"),
        natural(given["gas"], "$.input.gas", 2**64),
        natural(given["value"], "$.input.value"),
        where,
        address(given["caller"], "$.input.caller"),
        storage(given["storage"], "$.input.storage"),
        accounts,
        block(given.get("block", {}), "$.input.block", strict, False),
    )


@attrs.frozen
class EvmState:
    """Input of target evm.state: one transaction, as its signed envelope, on a state."""

    pre: Mapping[Address, Account]
    block: BlockInput
    chain_id: int
    raw: bytes


EVM_STATE_KEYS: Final = ("pre", "block", "chain_id", "transaction")
TRANSACTION_KEYS: Final = (
    "type", "sender", "secret_key", "nonce", "to", "value", "gas_limit", "data", "gas_price", "max_fee_per_gas",
    "max_priority_fee_per_gas", "access_list", "max_fee_per_blob_gas", "blob_versioned_hashes", "authorization_list",
    "raw",
)  # fmt: skip


def evm_state(value: Json, strict: bool = True) -> EvmState:
    """The input of target evm.state. The envelope in ``raw`` decides; the fields beside it are for readers."""
    given = record(value, "$.input", EVM_STATE_KEYS, strict, EVM_STATE_KEYS)
    transaction = record(given["transaction"], "$.input.transaction", TRANSACTION_KEYS, strict, ("raw",))
    return EvmState(
        alloc(given["pre"], "$.input.pre", strict),
        block(given["block"], "$.input.block", strict, True),
        natural(given["chain_id"], "$.input.chain_id", 2**64),
        octets(transaction["raw"], "$.input.transaction.raw"),
    )
