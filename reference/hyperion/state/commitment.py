"""Commitments: the roots by which a block header binds the state and its lists, and proofs of single accounts.

The state trie maps the hash of an address to the encoding of its account; an account's storage trie maps the hash of a
key to the encoding of its word. Hashed keys keep the tries shallow whatever addresses are chosen.
Source: Yellow Paper §4.1, §4.3; EIP-1186 (proofs); EIP-4895 (withdrawals root).
"""

from collections.abc import Iterable
from functools import lru_cache

import attrs
from immutables import Map

from hyperion.primitives import rlp
from hyperion.primitives.hashing import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256
from hyperion.primitives.word import Address, Word
from hyperion.rules import rule
from hyperion.state import trie
from hyperion.state.trie import ProofError, ProofReason, Trie
from hyperion.state.world import Account, World

# --- keys and leaves of the two tries -------------------------------------------------------------------------------


@lru_cache(maxsize=2**16)
@rule("STATE-account-key", "The state trie's key of an account is the hash of the 20 bytes of its address.")
def account_key(address: Address) -> bytes:
    """The 32-byte key of ``address``. Remembered, since it is a pure function: a look-up costs a tenth of the hash."""
    return keccak256(address.to_bytes(20, "big"))


@lru_cache(maxsize=2**16)
@rule("STATE-storage-key", "A storage trie's key of a word is the hash of the 32 bytes of its storage key.")
def storage_key(key: Word) -> bytes:
    """The 32-byte key of the storage key ``key``. Remembered, as account keys are."""
    return keccak256(key.to_bytes(32, "big"))


@lru_cache(maxsize=2**10)
def code_hash(code: bytes) -> bytes:
    """The hash that stands for ``code`` in its account. Remembered: the same code is hashed at every root."""
    return keccak256(code)


@rule("STATE-account-encoding", "An account is the list of its nonce, balance, storage root and code hash.")
def account_encoding(nonce: int, balance: Word, storage_hash: bytes, hash_of_code: bytes) -> bytes:
    """The value of an account in the state trie; the two hashes are 32 bytes each."""
    return rlp.encode((rlp.int_to_bytes(nonce), rlp.int_to_bytes(balance), storage_hash, hash_of_code))


def account_rlp(account: Account) -> bytes:
    """The value of ``account`` in the state trie."""
    return account_encoding(account.nonce, account.balance, storage_root(account.storage), code_hash(account.code))


# --- roots ----------------------------------------------------------------------------------------------------------


@rule("STATE-storage-root", "A storage root is the root of the trie from hashed keys to encoded non-zero words.")
def storage_root(storage: Map[Word, Word]) -> bytes:
    """The 32-byte root of an account's ``storage``."""
    return _root_of_storage(storage) if storage else EMPTY_TRIE_ROOT


@lru_cache(maxsize=2**12)
def _root_of_storage(storage: Map[Word, Word]) -> bytes:
    """The root, remembered for each storage: from one block to the next almost all accounts keep theirs."""
    return trie.root_of(_storage_entries(storage))


def _storage_entries(storage: Map[Word, Word]) -> Iterable[tuple[bytes, bytes]]:
    return ((storage_key(key), rlp.encode_int(word)) for key, word in storage.items() if word)


@rule("STATE-state-root", "The state root is the root of the trie from hashed addresses to encoded accounts.")
def state_root(world: World) -> bytes:
    """The 32-byte root of all accounts in ``world``."""
    return trie.root_of((account_key(address), account_rlp(account)) for address, account in world.accounts.items())


@rule(
    "STATE-ordered-root", "The root of a list is the root of the trie from encoded indices, from zero, to its entries."
)
def ordered_root(entries: Iterable[bytes]) -> bytes:
    """The 32-byte root of encoded transactions, receipts or withdrawals, in the order of the block."""
    return trie.root_of((rlp.encode_int(index), entry) for index, entry in enumerate(entries))


# --- proofs ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class StorageProof:
    """A claim about one word of storage, and the nodes of the storage trie that prove it; an absent word is 0."""

    key: Word
    value: Word
    proof: tuple[bytes, ...]


@attrs.frozen
class AccountProof:
    """A claim about an account and words of its storage, with nodes that prove it, in the shape of EIP-1186.

    An absent account is claimed as the empty one: no nonce, balance, code or storage.
    """

    address: Address
    nonce: int
    balance: Word
    code_hash: bytes
    storage_hash: bytes
    account_proof: tuple[bytes, ...]
    storage_proofs: tuple[StorageProof, ...]


def state_trie(world: World) -> Trie:
    """The state trie of ``world`` with all its nodes."""
    return _trie_of((account_key(address), account_rlp(account)) for address, account in world.accounts.items())


def storage_trie(storage: Map[Word, Word]) -> Trie:
    """The trie of an account's ``storage`` with all its nodes."""
    return _trie_of(_storage_entries(storage))


def _trie_of(entries: Iterable[tuple[bytes, bytes]]) -> Trie:
    built: Trie = trie.EMPTY_TRIE
    for key, value in entries:
        built = trie.put(built, key, value)
    return built


def account_proof(world: World, address: Address, keys: tuple[Word, ...] = ()) -> AccountProof:
    """The proof against the state root of what ``world`` has at ``address`` and at ``keys`` of its storage."""
    account = world.account(address)
    storage = storage_trie(account.storage)
    return AccountProof(
        address,
        account.nonce,
        account.balance,
        code_hash(account.code),
        trie.root(storage),
        trie.prove(state_trie(world), account_key(address)),
        tuple(StorageProof(key, account.storage.get(key, 0), trie.prove(storage, storage_key(key))) for key in keys),
    )


@rule("STATE-account-proof", "An account proof holds if its claims are what its nodes prove against the state root.")
def verify_account_proof(root: bytes, proof: AccountProof) -> None:
    """Return if ``proof`` holds in the state with the state root ``root``.

    Refuses with ``ProofError``: whatever ``trie.verify_proof`` refuses, and ``WRONG_VALUE`` where a claim is not what
    is proved. That a claimed code has the claimed hash is for the caller to see.
    """
    proved = trie.verify_proof(root, account_key(proof.address), proof.account_proof)
    claimed = account_encoding(proof.nonce, proof.balance, proof.storage_hash, proof.code_hash)
    absent = account_encoding(0, 0, EMPTY_TRIE_ROOT, EMPTY_CODE_HASH)
    if claimed != (absent if proved is None else proved):
        raise ProofError(ProofReason.WRONG_VALUE, "account")
    for storage_proof in proof.storage_proofs:
        _verify_storage_proof(proof.storage_hash, storage_proof)


def _verify_storage_proof(storage_hash: bytes, proof: StorageProof) -> None:
    proved = trie.verify_proof(storage_hash, storage_key(proof.key), proof.proof)
    if proved != (rlp.encode_int(proof.value) if proof.value else None):
        raise ProofError(ProofReason.WRONG_VALUE, f"storage {proof.key:#x}")
