"""The trie and the commitments made of it: known roots, the work after one change, proofs of accounts."""

from collections.abc import Callable

import attrs
import pytest
from immutables import Map

from hyperion.primitives import rlp
from hyperion.primitives.hashing import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256
from hyperion.state import commitment, trie
from hyperion.state.commitment import (
    AccountProof,
    account_proof,
    account_rlp,
    ordered_root,
    state_root,
    storage_root,
    verify_account_proof,
)
from hyperion.state.trie import EMPTY_TRIE, ProofError, ProofReason, Trie, TrieError
from hyperion.state.world import EMPTY_WORLD, NO_STORAGE, Account, World

A, B, ABSENT = 0xA94F5374FCE5EDBC8E2A8697C15331677E6EBF0B, 0x095E7BAEA6A6C7C4C2DFEB977EFAC326AF552D87, 0xDEAD


def world_of_two() -> World:
    storage = Map({0: 1, 1: 2**256 - 1, 2**255: 7})
    return World(Map({A: Account(5, 10**18, b"", NO_STORAGE), B: Account(1, 0, b"\x60\x00", storage)}))


def trie_of_hashed(count: int) -> Trie:
    built: Trie = EMPTY_TRIE
    for number in range(count):
        built = trie.put(built, keccak256(number.to_bytes(4, "big")), b"v" * 40)
    return built


# --- the trie ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("STATE-trie-hex-prefix")
@pytest.mark.parametrize(
    ("path", "is_leaf", "packed"),
    [("", False, "00"), ("", True, "20"), ("1", False, "11"), ("f", True, "3f"), ("0123", False, "000123"),
     ("0f1cb8", True, "200f1cb8"), ("f1cb8", True, "3f1cb8"), ("12345", False, "112345")],
)  # fmt: skip
def test_hex_prefix(path: str, is_leaf: bool, packed: str) -> None:
    assert trie.hex_prefix(path, is_leaf).hex() == packed


@pytest.mark.rule("STATE-trie-root")
def test_a_trie_without_entries_has_the_known_root() -> None:
    assert trie.root(EMPTY_TRIE) == trie.root_of([]) == EMPTY_TRIE_ROOT
    assert trie.root(trie.delete(trie.put(EMPTY_TRIE, b"key", b"value"), b"key")) == EMPTY_TRIE_ROOT


@pytest.mark.rule("STATE-trie-root", "STATE-trie-reference", "STATE-trie-leaf")
def test_a_short_top_node_is_hashed_all_the_same() -> None:
    """The one leaf is 7 bytes long; the root is its hash, not the leaf."""
    top = rlp.encode((b"\x20\x61", b"b"))
    assert len(top) < 32
    assert trie.root(trie.put(EMPTY_TRIE, b"a", b"b")) == keccak256(top) == trie.root_of([(b"a", b"b")])


@pytest.mark.rule("STATE-trie-reference")
@pytest.mark.parametrize(("length", "stands_in_parent"), [(31, True), (32, False), (33, False)])
def test_the_border_of_standing_in_the_parent(length: int, stands_in_parent: bool) -> None:
    encoding = bytes((0xC0 + length - 1,)) + b"\x00" * (length - 1)
    held = trie.reference(encoding)
    assert held == (encoding if stands_in_parent else b"\xa0" + keccak256(encoding))


def hashes_made(monkeypatch: pytest.MonkeyPatch, built: Trie) -> int:
    made: list[bytes] = []

    def counted(data: bytes) -> bytes:
        made.append(data)
        return keccak256(data)

    with monkeypatch.context() as patched:
        patched.setattr(trie, "keccak256", counted)
        trie.root(built)
    return len(made)


@pytest.mark.rule("STATE-trie-root")
def test_after_one_write_only_its_path_is_hashed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    built = trie_of_hashed(1_000)
    assert hashes_made(monkeypatch, built) > 1_000
    assert hashes_made(monkeypatch, built) == 0
    for number in range(0, 1_000, 50):
        key = keccak256(number.to_bytes(4, "big"))
        changed = trie.put(built, key, b"w" * 40)
        assert hashes_made(monkeypatch, changed) == len(trie.prove(changed, key)) <= 6
        assert hashes_made(monkeypatch, built) == 0


def test_what_a_node_remembers_cannot_be_observed() -> None:
    fresh, asked = trie_of_hashed(30), trie_of_hashed(30)
    trie.root(asked)
    assert fresh == asked and hash(fresh) == hash(asked) and repr(fresh) == repr(asked)
    assert trie.put(fresh, b"k", b"v") == trie.put(asked, b"k", b"v")


def test_nodes_do_not_change() -> None:
    leaf = trie.put(EMPTY_TRIE, b"key", b"value")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        leaf.value = b"other"  # type: ignore[union-attr,misc]


def test_what_no_trie_can_hold() -> None:
    long_key = b"k" * (trie.MAX_KEY_BYTES + 1)
    for call, field, reason in (
        (lambda: trie.put(EMPTY_TRIE, long_key, b"v"), "key", "too-long"),
        (lambda: trie.get(EMPTY_TRIE, long_key), "key", "too-long"),
        (lambda: trie.root_of([(long_key, b"v")]), "key", "too-long"),
        (lambda: trie.verify_proof(EMPTY_TRIE_ROOT, long_key, ()), "key", "too-long"),
        (lambda: trie.root_of([(b"k", b"v"), (b"j", b"v"), (b"k", b"w")]), "entries", "duplicate-key"),
    ):
        with pytest.raises(TrieError) as refused:
            call()
        assert (refused.value.field, refused.value.reason) == (field, reason)


@pytest.mark.parametrize(
    "entries",
    [
        {b"\x00" * length: b"v" for length in range(trie.MAX_KEY_BYTES + 1)},
        {(1 << 4 * at).to_bytes(trie.MAX_KEY_BYTES, "big"): b"v" * 32 for at in range(2 * trie.MAX_KEY_BYTES)},
    ],
    ids=["each a prefix of the next", "a branch at every digit"],
)
def test_the_deepest_tries_stay_within_the_interpreters_stack(entries: dict[bytes, bytes]) -> None:
    built: Trie = EMPTY_TRIE
    for key, value in entries.items():
        built = trie.put(built, key, value)
    assert trie.root(built) == trie.root_of(entries.items())
    for key, value in entries.items():
        assert trie.verify_proof(trie.root(built), key, trie.prove(built, key)) == value
        built, shorter = trie.delete(built, key), built
        assert built != shorter
        built = trie.put(built, key, value)
        assert built == shorter
    for key in entries:
        built = trie.delete(built, key)
    assert built is EMPTY_TRIE


# --- proofs, reason by reason -----------------------------------------------------------------------------------------


def refusal(trie_root: bytes, key: bytes, proof: tuple[bytes, ...]) -> tuple[ProofReason, str]:
    with pytest.raises(ProofError) as refused:
        trie.verify_proof(trie_root, key, proof)
    return refused.value.reason, refused.value.field


@pytest.mark.rule("STATE-trie-verify")
def test_proofs_are_refused_for_their_reason() -> None:
    built = trie_of_hashed(100)
    key, trie_root = keccak256((7).to_bytes(4, "big")), trie.root(built)
    proof = trie.prove(built, key)
    assert len(proof) >= 2
    assert refusal(trie_root, key, ()) == (ProofReason.MISSING_NODE, "node 0")
    assert refusal(trie_root, key, proof[:-1]) == (ProofReason.MISSING_NODE, f"node {len(proof) - 1}")
    assert refusal(trie_root, key, (*proof, proof[-1])) == (ProofReason.EXCESS_NODES, f"node {len(proof)}")
    assert refusal(trie_root, key, proof[1:]) == (ProofReason.WRONG_HASH, "node 0")
    assert refusal(EMPTY_TRIE_ROOT, key, proof) == (ProofReason.EXCESS_NODES, "node 0")
    for nonsense in (b"\x81\x00", b"", b"\xc0\xc0"):
        assert refusal(keccak256(nonsense), key, (nonsense,)) == (ProofReason.NOT_RLP, "node 0")


@pytest.mark.rule("STATE-trie-verify")
@pytest.mark.parametrize(
    "node",
    [
        b"bytes",
        (),
        (b"\x20", b"value", b"third"),
        (b"", b"value"),
        (b"\x40", b"value"),
        (b"\x21", b"value"),
        (b"\x01", b"h" * 32),
        (b"\x20", b""),
        (b"\x20", (b"a",)),
        (b"\x00", b"h" * 32),
        (b"\x00\x6b", b"h" * 31),
        (b"\x00\x6b", (b"h" * 31,)),
        ((b"\x20",), b"value"),
        (*((b"h" * 31,) * 16), b""),
        (*((b"h" * 32,) * 16), ()),
    ],
)
def test_items_that_are_no_node_are_refused(node: rlp.Item) -> None:
    encoding = rlp.encode(node)
    assert refusal(keccak256(encoding), b"k", (encoding,)) == (ProofReason.NOT_A_NODE, "node 0")


# --- roots of lists and states ----------------------------------------------------------------------------------------


@pytest.mark.rule("STATE-ordered-root")
def test_a_list_is_a_trie_over_its_encoded_indices() -> None:
    """Index 0 has the key ``80``, which sorts after 1 .. 127, and 128 has two bytes."""
    entries = [bytes((n % 256,)) * 40 for n in range(200)]
    built: Trie = EMPTY_TRIE
    for index, entry in enumerate(entries):
        built = trie.put(built, rlp.encode_int(index), entry)
    assert ordered_root(entries) == trie.root(built)
    assert ordered_root([]) == EMPTY_TRIE_ROOT
    assert ordered_root(entries[::-1]) != ordered_root(entries)


@pytest.mark.rule("STATE-account-encoding", "STATE-storage-root", "STATE-storage-key")
def test_account_encoding() -> None:
    """The value that the official hex-encoded trie test has for an account that only has a balance."""
    account = Account(0, 0x019A59, b"", NO_STORAGE)
    assert account_rlp(account).hex() == (
        "f8478083019a59a056e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
        "a0c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )
    assert storage_root(NO_STORAGE) == EMPTY_TRIE_ROOT


@pytest.mark.rule("STATE-storage-root", "STATE-storage-key")
def test_storage_root_of_one_word() -> None:
    """Storage {0: 1}: the trie is one leaf over the hash of 32 zero bytes."""
    key = keccak256(bytes(32))
    assert storage_root(Map({0: 1})) == keccak256(rlp.encode((b"\x20" + key, b"\x01")))


@pytest.mark.rule("STATE-state-root", "STATE-account-key")
def test_state_root_is_the_tries_over_hashed_addresses() -> None:
    world = world_of_two()
    assert state_root(EMPTY_WORLD) == EMPTY_TRIE_ROOT
    built: Trie = EMPTY_TRIE
    for address, account in world.accounts.items():
        built = trie.put(built, keccak256(address.to_bytes(20, "big")), account_rlp(account))
    assert state_root(world) == trie.root(built) == trie.root(commitment.state_trie(world))


def test_what_the_caches_remember_cannot_be_observed() -> None:
    """Roots with warm and with emptied caches are the same, in either order of asking."""
    first, second = world_of_two(), world_of_two().with_storage(B, 1, 3)
    caches = (commitment.account_key, commitment.storage_key, commitment.code_hash, commitment._root_of_storage)

    def emptied() -> None:
        for cache in caches:
            cache.cache_clear()

    emptied()
    roots = [state_root(first), state_root(second), state_root(first)]
    emptied()
    again = [state_root(second), state_root(first)]
    assert roots == [again[1], again[0], again[1]] and again[0] != again[1]


# --- proofs of accounts -----------------------------------------------------------------------------------------------


@pytest.mark.rule("STATE-account-proof")
@pytest.mark.parametrize("address", [A, B, ABSENT])
def test_accounts_and_words_are_proved(address: int) -> None:
    world = world_of_two()
    proof = account_proof(world, address, (0, 1, 2, 2**255))
    verify_account_proof(state_root(world), proof)
    assert [word.value for word in proof.storage_proofs] == [world.storage(address, key) for key in (0, 1, 2, 2**255)]


@pytest.mark.rule("STATE-account-proof")
def test_an_absent_account_is_claimed_as_the_empty_one() -> None:
    proof = account_proof(world_of_two(), ABSENT)
    assert (proof.nonce, proof.balance, proof.code_hash, proof.storage_hash) == (0, 0, EMPTY_CODE_HASH, EMPTY_TRIE_ROOT)
    verify_account_proof(EMPTY_TRIE_ROOT, account_proof(EMPTY_WORLD, ABSENT, (1,)))


def false_claims(proof: AccountProof) -> list[AccountProof]:
    word, *others = proof.storage_proofs
    return [
        attrs.evolve(proof, nonce=proof.nonce + 1),
        attrs.evolve(proof, balance=proof.balance + 1),
        attrs.evolve(proof, code_hash=keccak256(b"other code")),
        attrs.evolve(proof, storage_hash=keccak256(b"other storage")),
        attrs.evolve(proof, address=proof.address ^ 1),
        attrs.evolve(proof, storage_proofs=(attrs.evolve(word, value=word.value + 1), *others)),
        attrs.evolve(proof, storage_proofs=(attrs.evolve(word, value=0), *others)),
        attrs.evolve(proof, storage_proofs=(attrs.evolve(word, key=word.key ^ 1), *others)),
        attrs.evolve(proof, account_proof=proof.account_proof[:-1]),
    ]


def accepted(verify: Callable[[bytes, AccountProof], None], root: bytes, proof: AccountProof) -> bool:
    try:
        verify(root, proof)
    except ProofError:
        return False
    return True


@pytest.mark.rule("STATE-account-proof")
def test_false_claims_are_refused() -> None:
    world = world_of_two()
    proof = account_proof(world, B, (0, 1))
    assert accepted(verify_account_proof, state_root(world), proof)
    assert [accepted(verify_account_proof, state_root(world), claim) for claim in false_claims(proof)] == [False] * 9


def test_control_a_verifier_that_forgets_storage_is_caught() -> None:
    def forgetful(root: bytes, proof: AccountProof) -> None:
        verify_account_proof(root, attrs.evolve(proof, storage_proofs=()))

    world = world_of_two()
    claims = false_claims(account_proof(world, B, (0, 1)))
    assert [accepted(forgetful, state_root(world), claim) for claim in claims].count(True) == 3
