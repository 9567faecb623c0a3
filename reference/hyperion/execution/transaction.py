"""Transactions: five types, each a record with a table of its fields; their encodings, hashes and senders.

A transaction is an RLP list (type 0) or a byte that names the type and an RLP list (EIP-2718). Decoding is strict: each
byte string that is not the one encoding of a transaction is refused with the field and the reason. What a transaction
may do in a block is not asked here. Source: Yellow Paper §4.2; EIPs 155, 2718, 2930, 1559, 4844, 7702.
"""

from abc import ABC, abstractmethod
from enum import Enum
from typing import ClassVar, Final, TypeAlias

import attrs

from hyperion.execution.record import (
    Field,
    address,
    hashed,
    list_of,
    natural,
    nested,
    octets,
    read_fields,
    recipient,
    write_fields,
)
from hyperion.primitives.hashing import keccak256
from hyperion.primitives.rlp import Item, RlpError, RlpReason, decode, encode, int_to_bytes
from hyperion.primitives.secp256k1 import address_of, is_low_s, recover
from hyperion.primitives.word import Address, Word
from hyperion.rules import rule
from hyperion.vm.fork import Eip

# --- records ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class AccessEntry:
    """An account and keys of its storage that a transaction announces (EIP-2930)."""

    address: Address
    keys: tuple[Word, ...]


@attrs.frozen
class Authorization:
    """An account's signed wish to run the code of another one as its own (EIP-7702)."""

    chain_id: int
    """The chain on which it counts; 0 is every chain."""
    address: Address
    """Whose code; 0 ends the delegation."""
    nonce: int
    """The transaction count that the signer must have."""
    y_parity: int
    r: Word
    s: Word


# --- the fields, in the order in which they are encoded --------------------------------------------------------------

NONCE_BYTES: Final = 8
"""A transaction count fits in 64 bits (EIP-2681)."""

GAS_BYTES: Final = 8
"""An amount of gas fits in 64 bits."""

CALL: Final = (natural("gas_limit", GAS_BYTES), recipient("to"), natural("value"), octets("data"))
FEES: Final = (natural("max_priority_fee_per_gas"), natural("max_fee_per_gas"))
ACCESS_LIST: Final = list_of(
    "access_list", nested("entry", AccessEntry, (address("address"), list_of("keys", hashed("key"))))
)
AUTHORIZATION: Final = (
    natural("chain_id"), address("address"), natural("nonce", NONCE_BYTES),
    natural("y_parity", 1), natural("r"), natural("s"),
)  # fmt: skip
SIGNATURE: Final = (natural("y_parity"), natural("r"), natural("s"))
CHAIN_AND_NONCE: Final = (natural("chain_id"), natural("nonce", NONCE_BYTES))


# --- transactions ----------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Transaction(ABC):
    """What all types have. Amounts are in wei, prices in wei per gas."""

    type: ClassVar[int]
    """The byte that names the type."""
    since: ClassVar[Eip | None] = None
    """The EIP that brings the type; None if it is older than all forks here."""
    fields: ClassVar[tuple[Field, ...]]
    """The encoded list. The last three are the signature; what comes before them is signed."""

    nonce: int
    gas_limit: int
    """The most gas that it may use, its intrinsic gas included."""
    to: Address | None
    """The account that is called; None makes a contract."""
    value: int
    data: bytes
    """The input of the call, or initialisation code."""
    r: Word
    s: Word

    @property
    @abstractmethod
    def max_fee(self) -> int:
        """The most that a unit of gas may cost."""

    @property
    def max_priority_fee(self) -> int:
        """The most that the block's beneficiary gets for a unit of gas."""
        return self.max_fee

    @property
    @abstractmethod
    def signed_chain(self) -> int | None:
        """The chain that the signature names; None if it names none."""

    @property
    @abstractmethod
    def parity(self) -> int | None:
        """The signature's y parity; None if it is not given as the type demands."""

    @property
    def announced(self) -> tuple[AccessEntry, ...]:
        """Accounts and storage keys that are warm from the start."""
        return ()

    @property
    def blobs(self) -> tuple[Word, ...]:
        """Versioned hashes of the blobs that come with it."""
        return ()

    @property
    def delegations(self) -> tuple[Authorization, ...]:
        """Authorisations that are acted upon before the call."""
        return ()


@attrs.frozen(kw_only=True)
class LegacyTransaction(Transaction):
    """Type 0: one price, and a signature that may name the chain (EIP-155)."""

    type: ClassVar[int] = 0
    fields: ClassVar[tuple[Field, ...]] = (
        natural("nonce", NONCE_BYTES), natural("gas_price"), *CALL, natural("v"), natural("r"), natural("s"),
    )  # fmt: skip

    gas_price: int
    v: int
    """27 or 28 and the parity, or 35 or 36 and twice the chain's id."""

    @property
    def max_fee(self) -> int:
        """The price."""
        return self.gas_price

    @property
    def signed_chain(self) -> int | None:
        """The chain id in ``v``, from 35 on."""
        return (self.v - 35) // 2 if self.v >= 35 else None

    @property
    def parity(self) -> int | None:
        """The parity in ``v``; None for a ``v`` that stands for nothing."""
        if self.v >= 35:
            return (self.v - 35) % 2
        return self.v - 27 if self.v in (27, 28) else None


@attrs.frozen(kw_only=True)
class TypedTransaction(Transaction):
    """What types 1 to 4 have in common: a chain, a parity and an access list."""

    chain_id: int
    y_parity: int
    access_list: tuple[AccessEntry, ...]

    @property
    def signed_chain(self) -> int | None:
        """The chain named in the transaction."""
        return self.chain_id

    @property
    def parity(self) -> int | None:
        """The parity, which must be 0 or 1."""
        return self.y_parity if self.y_parity in (0, 1) else None

    @property
    def announced(self) -> tuple[AccessEntry, ...]:
        """The access list."""
        return self.access_list


@attrs.frozen(kw_only=True)
class AccessListTransaction(TypedTransaction):
    """Type 1: one price and an access list (EIP-2930)."""

    type: ClassVar[int] = 1
    fields: ClassVar[tuple[Field, ...]] = (*CHAIN_AND_NONCE, natural("gas_price"), *CALL, ACCESS_LIST, *SIGNATURE)

    gas_price: int

    @property
    def max_fee(self) -> int:
        """The price."""
        return self.gas_price


@attrs.frozen(kw_only=True)
class FeeMarketTransaction(TypedTransaction):
    """Type 2: the most that is paid in all and to the beneficiary (EIP-1559)."""

    type: ClassVar[int] = 2
    fields: ClassVar[tuple[Field, ...]] = (*CHAIN_AND_NONCE, *FEES, *CALL, ACCESS_LIST, *SIGNATURE)

    max_fee_per_gas: int
    max_priority_fee_per_gas: int

    @property
    def max_fee(self) -> int:
        """The most that a unit of gas may cost."""
        return self.max_fee_per_gas

    @property
    def max_priority_fee(self) -> int:
        """The most that the beneficiary gets."""
        return self.max_priority_fee_per_gas


@attrs.frozen(kw_only=True)
class BlobTransaction(FeeMarketTransaction):
    """Type 3: comes with blobs, of which code sees only hashes (EIP-4844)."""

    type: ClassVar[int] = 3
    since: ClassVar[Eip | None] = Eip.BLOBS
    fields: ClassVar[tuple[Field, ...]] = (
        *CHAIN_AND_NONCE, *FEES, *CALL, ACCESS_LIST, natural("max_fee_per_blob_gas"),
        list_of("blob_versioned_hashes", hashed("hash")), *SIGNATURE,
    )  # fmt: skip

    max_fee_per_blob_gas: int
    blob_versioned_hashes: tuple[Word, ...]

    @property
    def blobs(self) -> tuple[Word, ...]:
        """The versioned hashes."""
        return self.blob_versioned_hashes


@attrs.frozen(kw_only=True)
class SetCodeTransaction(FeeMarketTransaction):
    """Type 4: carries authorisations (EIP-7702)."""

    type: ClassVar[int] = 4
    since: ClassVar[Eip | None] = Eip.SET_CODE
    fields: ClassVar[tuple[Field, ...]] = (
        *CHAIN_AND_NONCE, *FEES, *CALL, ACCESS_LIST,
        list_of("authorizations", nested("authorization", Authorization, AUTHORIZATION)), *SIGNATURE,
    )  # fmt: skip

    authorizations: tuple[Authorization, ...]

    @property
    def delegations(self) -> tuple[Authorization, ...]:
        """The authorisations."""
        return self.authorizations


TRANSACTION_TYPES: Final[tuple[type[Transaction], ...]] = (
    LegacyTransaction,
    AccessListTransaction,
    FeeMarketTransaction,
    BlobTransaction,
    SetCodeTransaction,
)
"""The types of Ethereum."""

FIRST_LIST_BYTE: Final = 0xC0
"""An encoding that begins so or higher is a list: type 0 (EIP-2718)."""

LAST_TYPE_BYTE: Final = 0x7F
"""A type's byte is not higher (EIP-2718)."""


# --- encoding --------------------------------------------------------------------------------------------------------


def envelope(type_byte: int, payload: Item) -> bytes:
    """The encoding of ``payload`` as a transaction or receipt of the type given (EIP-2718)."""
    encoded = encode(payload)
    return encoded if type_byte == 0 else bytes((type_byte,)) + encoded


@rule("EXE-transaction-encoding", "A transaction is an RLP list of its type's fields, after the type's byte if not 0.")
def encode_transaction(transaction: Transaction) -> bytes:
    """The one encoding of ``transaction``."""
    return envelope(transaction.type, write_fields(transaction.fields, transaction))


@rule("EXE-transaction-hash", "A transaction's hash is the hash of its encoding.")
def transaction_hash(transaction: Transaction) -> bytes:
    """The hash by which ``transaction`` is known."""
    return keccak256(encode_transaction(transaction))


# --- decoding --------------------------------------------------------------------------------------------------------


class Malformed(Enum):
    """Why bytes are not a transaction, where RLP itself has no objection."""

    EMPTY = "empty"
    UNKNOWN_TYPE = "unknown-type"
    NO_TYPE = "no-type"


TransactionReason: TypeAlias = Malformed | RlpReason


class TransactionError(ValueError):
    """Bytes that are not a transaction: the reason, and the field at which it shows."""

    def __init__(self, reason: TransactionReason, field: str) -> None:
        super().__init__(f"{field}: {reason.value}")
        self.reason = reason
        self.field = field


@rule("EXE-transaction-strict", "Bytes that are not exactly the encoding of a transaction of a known type are refused.")
def decode_transaction(data: bytes, types: tuple[type[Transaction], ...] = TRANSACTION_TYPES) -> Transaction:
    """The transaction whose encoding is ``data``.

    Refuses with ``TransactionError``: no bytes (``EMPTY``), a first byte that can be no type (``NO_TYPE``) or is none
    of ``types`` (``UNKNOWN_TYPE``), and whatever RLP or a field's form does not allow (an ``RlpReason``).
    """
    if not data:
        raise TransactionError(Malformed.EMPTY, "transaction")
    first = data[0]
    type_byte = 0 if first >= FIRST_LIST_BYTE else first
    kind = next((known for known in types if known.type == type_byte), None)
    if LAST_TYPE_BYTE < first < FIRST_LIST_BYTE:
        raise TransactionError(Malformed.NO_TYPE, "transaction.type")
    if kind is None or first == 0:
        raise TransactionError(Malformed.UNKNOWN_TYPE, "transaction.type")
    try:
        item = decode(data if type_byte == 0 else data[1:])
        return kind(**read_fields(kind.fields, item, "transaction"))
    except RlpError as error:
        raise TransactionError(error.reason, error.field) from None


# --- signatures ------------------------------------------------------------------------------------------------------


@rule("EXE-signing-hash", "What is signed is the hash of all fields but the signature, with the chain if it is named.")
def signing_hash(transaction: Transaction) -> bytes:
    """The hash that the sender signed (EIP-155 for type 0 with a chain)."""
    signed = write_fields(transaction.fields[:-3], transaction)
    if transaction.type == 0 and transaction.signed_chain is not None:
        signed = (*signed, int_to_bytes(transaction.signed_chain), b"", b"")
    return keccak256(envelope(transaction.type, signed))


@rule("EXE-sender", "The sender is the address of the key that made the signature, which must have a low s.")
def sender_of(transaction: Transaction) -> Address | None:
    """The sender of ``transaction``; None if its signature is nobody's (ranges, EIP-2, no such point)."""
    parity = transaction.parity
    if parity is None or not is_low_s(transaction.s):
        return None
    key = recover(signing_hash(transaction), parity, transaction.r, transaction.s)
    return None if key is None else address_of(key)
