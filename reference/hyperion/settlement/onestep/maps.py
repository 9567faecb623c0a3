"""Maps by their roots: accounts, storage, transient storage, access sets, block hashes. All are Merkle-Patricia tries.

A map is a trie of which nodes are asked for when a key is read, and the changes made since. The root of the accounts is
the state root of the execution layer, so what a step proves is about the very state that a block's header binds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
from immutables import Map

from hyperion.primitives import rlp
from hyperion.primitives.hashing import EMPTY_CODE_HASH, HASH_BYTES, keccak256
from hyperion.primitives.word import Address, Word
from hyperion.rules import rule
from hyperion.settlement.onestep.nodes import Hash, Nodes, OpeningError, Reason, Sink
from hyperion.settlement.onestep.octets import AccountCode, Octets, Work
from hyperion.state import trie
from hyperion.state.commitment import account_encoding, account_key, code_hash, storage_key
from hyperion.state.trie import ProofError, Trie
from hyperion.state.world import Account, World
from hyperion.vm.address import address_bytes

NO_CHANGES: Final[Map[Any, Any]] = Map()


@attrs.frozen(eq=False)
class Form:
    """How keys and values of a map stand in its trie."""

    name: str
    key: Callable[[Any], bytes]
    encode: Callable[[Any, Sink], bytes]
    """The bytes of a value; what it commits to in turn goes to the sink."""
    decode: Callable[[bytes, Nodes, Work], Any]
    """The value. Refuses with ``OpeningError`` bytes that are none."""
    listed: Callable[[Any], bytes] | None = None
    """The bytes whose hash a key is, where members are gone through: whoever has the set can then show them."""


@attrs.frozen(eq=False)
class TrieMap:
    """A map by its trie, with the interface of ``immutables.Map`` as far as the model uses it."""

    form: Form
    trie: Trie
    nodes: Nodes
    work: Work
    changes: Map[Any, Any] = NO_CHANGES
    """None for a key that was removed."""

    def get(self, key: Any, default: Any = None) -> Any:
        """The value, or the default where there is none."""
        if key in self.changes:
            changed = self.changes[key]
            return default if changed is None else changed
        found = in_trie(trie.get, self.trie, self.form.key(key))
        return default if found is None else self.form.decode(found, self.nodes, self.work)

    def __contains__(self, key: Any) -> bool:
        return self.get(key) is not None

    def set(self, key: Any, value: Any) -> TrieMap:
        """The map with another value at the key."""
        return attrs.evolve(self, changes=self.changes.set(key, value))

    def delete(self, key: Any) -> TrieMap:
        """The map without the key."""
        return attrs.evolve(self, changes=self.changes.set(key, None))

    def __len__(self) -> int:
        """0 if the map has no key, else 1 for any number: whether it has one is all that the model asks (EIP-7610)."""
        remaining = self.trie
        for key in sorted(self.changes):
            if self.changes[key] is not None:
                return 1
            remaining = in_trie(trie.delete, remaining, self.form.key(key))
        return 0 if remaining is None else 1


def in_trie(operation: Callable[..., Any], *arguments: Any) -> Any:
    """The result; bytes that are no node of a trie are refused with ``OpeningError``."""
    try:
        return operation(*arguments)
    except ProofError as error:
        raise OpeningError(Reason.MALFORMED, f"trie {error.field}") from error


def sealed(held: TrieMap | Map[Any, Any], form: Form, sink: Sink) -> Hash:
    """The root of a map. Nodes of changed ways go to ``sink``; a map that is not by its root goes there as a whole."""
    if isinstance(held, TrieMap):
        before, changes = held.trie, held.changes
    elif sink.keeps:
        before, changes = None, held
    else:
        entries = [(form.key(key), form.encode(held[key], sink)) for key in sorted(held)]
        return trie.root_of(entries)
    after = before
    for key in sorted(changes):
        value = changes[key]
        if form.listed is not None:
            sink.keep(form.key(key), form.listed(key))
        encoded = b"" if value is None else form.encode(value, sink)
        after = in_trie(trie.put, after, form.key(key), encoded)
    if sink.keeps and after is not None:
        keep_nodes(after, sink)
    return trie.root(after)


def keep_nodes(top: Trie, sink: Sink) -> None:
    """Give to ``sink`` all nodes that are at hand and have a hash; the top node has one even if it is short."""
    waiting: list[Trie] = [top]
    while waiting:
        node = waiting.pop()
        if node is None or isinstance(node, trie.Hidden):
            continue
        if node is top:
            sink.keep(trie.root(node), node.encoding())
        elif len(node.reference) > HASH_BYTES:
            sink.keep(node.reference[1:], node.encoding())
        if isinstance(node, trie.Extension):
            waiting.append(node.child)
        elif isinstance(node, trie.Branch):
            waiting.extend(node.children)


def opened(root: Hash, form: Form, nodes: Nodes, work: Work) -> Any:
    """The map with this root."""
    return TrieMap(form, trie.hidden(root, nodes.preimage), nodes, work)


# --- the forms -------------------------------------------------------------------------------------------------------


def word_of(encoded: bytes, nodes: Nodes, work: Work) -> Word:
    """A word that is not 0."""
    del nodes, work
    try:
        number = rlp.decode_int(rlp.decode(encoded), 32)
    except rlp.RlpError as error:
        raise OpeningError(Reason.MALFORMED, "word") from error
    if number == 0:
        raise OpeningError(Reason.MALFORMED, "word")
    return number


def mark_of(encoded: bytes, nodes: Nodes, work: Work) -> bool:
    """The value of a member of a set."""
    del nodes, work
    if encoded != b"\x01":
        raise OpeningError(Reason.MALFORMED, "member")
    return True


def hash_of(encoded: bytes, nodes: Nodes, work: Work) -> Hash:
    """The hash of a block."""
    del nodes, work
    if len(encoded) != HASH_BYTES:
        raise OpeningError(Reason.MALFORMED, "block hash")
    return encoded


def slot_key(slot: tuple[Address, Word]) -> bytes:
    """The key of a storage key of an account."""
    return keccak256(slot[0].to_bytes(20, "big") + slot[1].to_bytes(32, "big"))


def encode_word(word: Word, sink: Sink) -> bytes:
    """The bytes of a word."""
    del sink
    return rlp.encode_int(word)


@rule("DIS-commit-world", "The world is committed to by its state root; code is shown whole, by its hash there.")
def encode_account(account: Account, sink: Sink) -> bytes:
    """The value of an account in the state trie; storage that changed and code that is new go to ``sink``."""
    storage_root = sealed(account.storage, STORAGE, sink)
    return account_encoding(account.nonce, account.balance, storage_root, sealed_code(account.code, sink))


def sealed_code(code: bytes | AccountCode | Octets, sink: Sink) -> Hash:
    """The Keccak-256 hash of an account's code."""
    if isinstance(code, AccountCode):
        return code.hash
    digest = code_hash(code) if isinstance(code, bytes) else code.keccak256()
    if sink.keeps:
        sink.keep(digest, bytes(code))
    return digest


def account_of(encoded: bytes, nodes: Nodes, work: Work) -> Account:
    """The account, whose storage and code are asked for when they are needed."""
    try:
        nonce, balance, storage_root, digest = rlp.decode_list(rlp.decode(encoded), 4)
        code: Any = AccountCode(rlp.decode_bytes(digest, HASH_BYTES), nodes, work) if digest != EMPTY_CODE_HASH else b""
        return Account(
            rlp.decode_int(nonce, 8), rlp.decode_int(balance, 32), code,
            opened(rlp.decode_bytes(storage_root, HASH_BYTES), STORAGE, nodes, work),
        )  # fmt: skip
    except rlp.RlpError as error:
        raise OpeningError(Reason.MALFORMED, "account") from error


STORAGE: Final = Form("storage", storage_key, encode_word, word_of)
ACCOUNTS: Final = Form("accounts", account_key, encode_account, account_of)
ADDRESSES: Final = Form("addresses", account_key, lambda mark, sink: b"\x01", mark_of)
DELETED: Final = attrs.evolve(ADDRESSES, listed=address_bytes)
SLOTS: Final = Form("slots", slot_key, lambda mark, sink: b"\x01", mark_of)
TRANSIENT: Final = Form("transient", slot_key, encode_word, word_of)
HASHES: Final = Form("hashes", storage_key, lambda digest, sink: digest, hash_of)


def world_of(state_root: Hash, nodes: Nodes, work: Work) -> World:
    """The world with this state root."""
    return World(opened(state_root, ACCOUNTS, nodes, work))


def sealed_world(world: World, sink: Sink) -> Hash:
    """The state root of a world."""
    accounts: Any = world.accounts
    return sealed(accounts, ACCOUNTS, sink)
