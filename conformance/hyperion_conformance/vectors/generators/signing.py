"""Signed transactions, and the inputs of target evm.state."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from hyperion.execution.set_code import MAGIC
from hyperion.execution.transaction import (
    TRANSACTION_TYPES,
    AccessEntry,
    Authorization,
    Transaction,
    encode_transaction,
    signing_hash,
)
from hyperion.primitives.hashing import keccak256
from hyperion.primitives.rlp import encode, int_to_bytes
from hyperion.primitives.secp256k1 import address_of, public_key_of, sign
from hyperion.vm.address import address_bytes
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.generators.assembly import (
    NEWEST,
    account,
    address_text,
    hash_text,
    hexadecimal,
)
from hyperion_conformance.vectors.record import Draft

KEY: Final = 0x45A915E4D060149EB4365960E6A7A45F334393093061116B197E3240065FF2D8
"""A key that is public everywhere: nobody's money is behind it."""
SENDER: Final = address_of(public_key_of(KEY))
OTHER_KEY: Final = 0x1234567890ABCDEF
OTHER_SIGNER: Final = address_of(public_key_of(OTHER_KEY))
RECIPIENT: Final = 0xACC0000000000000000000000000000000000ACC
RICH: Final = 10**24
BASE_FEE: Final = 10
COINBASE: Final = 0xC0FFEE00000000000000000000000000000000FF

BLOCK: Final[dict[str, Json]] = {
    "coinbase": address_text(COINBASE),
    "number": "1",
    "timestamp": "1000",
    "gas_limit": "30000000",
    "prevrandao": hash_text(0x5EED),
    "base_fee": str(BASE_FEE),
    "excess_blob_gas": "0",
}


def defaults(kind: int) -> dict[str, Any]:
    """The fields of a transaction of a type, where a case does not say otherwise."""
    fields: dict[str, Any] = {
        "nonce": 0, "gas_limit": 200_000, "to": RECIPIENT, "value": 0, "data": b"", "r": 1, "s": 1,
    }  # fmt: skip
    if kind == 0:
        return fields | {"gas_price": 20, "v": 37}
    fields |= {"chain_id": 1, "y_parity": 0, "access_list": ()}
    if kind == 1:
        return fields | {"gas_price": 20}
    fields |= {"max_fee_per_gas": 20, "max_priority_fee_per_gas": 3}
    if kind == 3:
        fields |= {"max_fee_per_blob_gas": 5, "blob_versioned_hashes": (1 << 248 | 7,)}
    if kind == 4:
        fields |= {"authorizations": (authorization(),)}
    return fields


def authorization(
    address: int = RECIPIENT, nonce: int = 0, chain_id: int = 1, key: int = OTHER_KEY, **changes: int
) -> Authorization:
    """An authorisation signed by ``key``; ``changes`` are made after signing."""
    signed = (int_to_bytes(chain_id), address_bytes(address), int_to_bytes(nonce))
    parity, r, s = sign(keccak256(MAGIC + encode(signed)), key)
    return attrs.evolve(Authorization(chain_id, address, nonce, parity, r, s), **changes)


def signed(kind: int, key: int, fields: Mapping[str, Any]) -> Transaction:
    """A transaction of type ``kind``, signed by ``key``. A legacy one keeps the chain, or the lack of it, in its v."""
    draft = TRANSACTION_TYPES[kind](**{**defaults(kind), **fields})
    parity, r, s = sign(signing_hash(draft), key)
    if kind == 0:
        v: int = fields.get("v", 37)
        changes: dict[str, Any] = {"v": v - 1 + v % 2 + parity if v >= 35 else 27 + parity, "r": r, "s": s}
    else:
        changes = {"y_parity": parity, "r": r, "s": s}
    return attrs.evolve(draft, **changes)


def transaction_json(transaction: Transaction, sender: int, key: int | None, raw: bytes | None) -> dict[str, Json]:
    """The transaction for readers, and its envelope."""
    shown: dict[str, Json] = {
        "type": transaction.type,
        "sender": address_text(sender),
        "nonce": str(transaction.nonce),
        "to": None if transaction.to is None else address_text(transaction.to),
        "value": str(transaction.value),
        "gas_limit": str(transaction.gas_limit),
        "data": hexadecimal(transaction.data),
        "raw": hexadecimal(encode_transaction(transaction) if raw is None else raw),
    }
    if key is not None:
        shown["secret_key"] = hash_text(key)
    for name in ("gas_price", "max_fee_per_gas", "max_priority_fee_per_gas", "max_fee_per_blob_gas"):
        if hasattr(transaction, name):
            shown[name] = str(getattr(transaction, name))
    if transaction.announced:
        shown["access_list"] = [
            {"address": address_text(entry.address), "storage_keys": [hash_text(key) for key in entry.keys]}
            for entry in transaction.announced
        ]
    if transaction.blobs:
        shown["blob_versioned_hashes"] = [hash_text(versioned) for versioned in transaction.blobs]
    if transaction.delegations:
        shown["authorization_list"] = [authorization_json(item) for item in transaction.delegations]
    return shown


def authorization_json(given: Authorization) -> dict[str, Json]:
    """An authorisation for readers."""
    numbers = {name: str(getattr(given, name)) for name in ("chain_id", "nonce", "y_parity", "r", "s")}
    return {"address": address_text(given.address), **numbers}


def access(*entries: tuple[int, Sequence[int]]) -> tuple[AccessEntry, ...]:
    """An access list from addresses and keys."""
    return tuple(AccessEntry(address, tuple(keys)) for address, keys in entries)


def state_draft(
    group: str,
    slug: str,
    why: str,
    rules: tuple[str, ...],
    kind: int = 2,
    fork: str = NEWEST,
    accounts: Mapping[int, Json] | None = None,
    block: Mapping[str, Json] | None = None,
    sender: Json = None,
    key: int = KEY,
    chain_id: int = 1,
    altered: Mapping[str, Any] | None = None,
    raw: bytes | None = None,
    names_reason: bool = True,
    **fields: Any,
) -> Draft:
    """A draft of target evm.state. ``altered`` changes fields after signing, ``raw`` replaces the envelope."""
    transaction = signed(kind, key, fields)
    if altered:
        transaction = attrs.evolve(transaction, **altered)
    pre: dict[int, Json] = {address_of(public_key_of(key)): sender or account(balance=RICH)}
    pre.update(accounts or {})
    given: dict[str, Json] = {
        "pre": {address_text(address): body for address, body in sorted(pre.items())},
        "block": {**BLOCK, **(block or {})},
        "chain_id": str(chain_id),
        "transaction": transaction_json(transaction, address_of(public_key_of(key)), key, raw),
    }
    return Draft("evm.state", group, slug, rules, why, fork, given, names_reason=names_reason)
