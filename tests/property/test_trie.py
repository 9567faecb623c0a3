"""The trie as a map with one root: writes in any order, proofs of any key, and hostile proofs."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hyperion.primitives import rlp
from hyperion.primitives.hashing import keccak256
from hyperion.state import trie
from hyperion.state.trie import EMPTY_TRIE, ProofError, Trie
from tests.property.trie_definition import defined_root

# Few digits and short keys, so that keys share paths, part in every place and end inside each other.
crowded_keys = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xFF]), max_size=4).map(bytes)
keys = st.one_of(crowded_keys, crowded_keys.map(keccak256), st.binary(max_size=6))
# Values around the size at which a node no longer stands in its parent.
values = st.one_of(st.binary(min_size=1, max_size=3), st.integers(24, 34).map(lambda n: b"v" * n), st.just(b"w" * 60))
maps = st.dictionaries(keys, values, max_size=12)
writes = st.lists(st.tuples(keys, st.one_of(values, st.just(b""))), max_size=20)


def trie_of(entries: dict[bytes, bytes]) -> Trie:
    built: Trie = EMPTY_TRIE
    for key, value in entries.items():
        built = trie.put(built, key, value)
    return built


@pytest.mark.rule(
    "STATE-trie-root", "STATE-trie-one-form", "STATE-trie-empty-value", "STATE-trie-branch", "STATE-trie-extension"
)
@given(writes)
def test_any_writes_give_the_root_of_what_remains(written: list[tuple[bytes, bytes]]) -> None:
    current: Trie = EMPTY_TRIE
    expected: dict[bytes, bytes] = {}
    history: list[tuple[Trie, bytes, dict[bytes, bytes]]] = []
    for key, value in written:
        current = trie.put(current, key, value)
        expected = {k: v for k, v in {**expected, key: value}.items() if v}
        assert trie.root(current) == defined_root(expected) == trie.root_of(expected.items())
        history.append((current, trie.root(current), expected))
    for earlier, root, entries in history:
        assert trie.root(earlier) == root
        assert list(trie.items(earlier)) == sorted(entries.items())


@pytest.mark.rule("STATE-trie-root", "STATE-trie-one-form")
@given(maps, st.randoms(use_true_random=False))
def test_the_order_of_writing_cannot_be_seen(entries: dict[bytes, bytes], random: Random) -> None:
    other_order = list(entries.items())
    random.shuffle(other_order)
    assert trie_of(entries) == trie_of(dict(other_order))
    assert trie.root_of(other_order) == trie.root(trie_of(entries))


@given(maps, keys)
def test_reading_is_a_dictionarys(entries: dict[bytes, bytes], key: bytes) -> None:
    built = trie_of(entries)
    assert trie.get(built, key) == entries.get(key)
    assert trie.delete(built, key) == trie_of({k: v for k, v in entries.items() if k != key})


@given(maps, keys)
def test_writing_what_is_there_changes_nothing(entries: dict[bytes, bytes], key: bytes) -> None:
    built = trie_of(entries)
    assert trie.put(built, key, entries.get(key, b"")) is built


@pytest.mark.rule("STATE-trie-prove", "STATE-trie-verify")
@given(maps, keys)
def test_every_key_has_a_proof_be_it_present_or_absent(entries: dict[bytes, bytes], key: bytes) -> None:
    built = trie_of(entries)
    for asked in (*entries, key):
        proof = trie.prove(built, asked)
        assert trie.verify_proof(trie.root(built), asked, proof) == entries.get(asked)
        assert all(len(node) >= 32 for node in proof[1:])
        with pytest.raises(ProofError):
            trie.verify_proof(trie.root(built), asked, (*proof, b"\xc0"))
        for short in range(len(proof)):
            with pytest.raises(ProofError):
                trie.verify_proof(trie.root(built), asked, proof[:short])


@st.composite
def tampered(draw: st.DrawFn, proof: tuple[bytes, ...], others: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """A proof with nodes changed, left out, put in, or taken from another proof."""
    nodes = list(proof)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(nodes) - 1)))
        kind = draw(st.sampled_from(["flip", "drop", "insert", "swap"]))
        if kind == "insert" or not nodes:
            nodes.insert(at, draw(st.one_of(st.sampled_from([*others, b"", b"\xc0"]), st.binary(max_size=40))))
        elif kind == "drop":
            del nodes[at]
        elif kind == "swap":
            nodes[at], nodes[0] = nodes[0], nodes[at]
        else:
            byte = draw(st.integers(0, max(0, len(nodes[at]) - 1)))
            nodes[at] = nodes[at][:byte] + draw(st.binary(max_size=2)) + nodes[at][byte + 1 :]
    return tuple(nodes)


@pytest.mark.rule("STATE-trie-verify")
@given(maps, keys, st.data())
def test_no_tampered_proof_tells_an_untruth(entries: dict[bytes, bytes], key: bytes, data: st.DataObject) -> None:
    built = trie_of(entries)
    asked = data.draw(st.sampled_from([*entries, key]))
    others = tuple(node for other in entries for node in trie.prove(built, other))
    proof = data.draw(tampered(trie.prove(built, asked), others))
    try:
        proved = trie.verify_proof(trie.root(built), asked, proof)
    except ProofError:
        return
    assert proved == entries.get(asked)


# Nodes as an author of bad tries would make them: lists of 2 or 17 of anything, with flags of every kind.
packed = st.one_of(
    st.sampled_from([b"", b"\x00", b"\x20", b"\x10", b"\x3f", b"\x40", b"\x05", b"\x00\x01", b"\x20\x01"]),
    st.binary(max_size=3),
)
held = st.recursive(
    st.one_of(st.binary(max_size=2), st.binary(min_size=32, max_size=32)),
    lambda inner: st.one_of(
        st.tuples(packed, inner),
        st.lists(inner, min_size=17, max_size=17).map(tuple),
        st.lists(inner, max_size=3).map(tuple),
    ),
    max_leaves=20,
)
nodes = st.one_of(held.map(rlp.encode), st.binary(max_size=40))


@st.composite
def chains(draw: st.DrawFn) -> tuple[bytes, ...]:
    """Nodes of which each but the last refers to the next by its hash, in some place."""
    chain = [draw(nodes)]
    for _ in range(draw(st.integers(0, 3))):
        below = keccak256(chain[0])
        chain.insert(
            0,
            draw(st.sampled_from([
                rlp.encode((b"\x00\x01", below)), rlp.encode((b"\x11", below)), rlp.encode((b"\x20\x01", below)),
                rlp.encode((*((below,) * 16), b"")), rlp.encode(((*((below,) * 16),), below)),
            ])),
        )  # fmt: skip
    return tuple(chain)


@pytest.mark.rule("STATE-trie-verify")
@given(chains(), keys)
@example((rlp.encode((b"\x00", b"h" * 32)),), b"")
@example((rlp.encode((b"\x00", ((b"\x00", b"h"),))),), b"")
def test_a_root_that_is_no_tries_gives_a_typed_error_or_an_answer(chain: tuple[bytes, ...], key: bytes) -> None:
    """Whoever commits to nonsense may prove nonsense, but cannot make the verifier fail in another way."""
    try:
        proved = trie.verify_proof(keccak256(chain[0]), key, chain)
    except ProofError:
        return
    assert proved is None or len(proved) > 0


# --- controls ---------------------------------------------------------------------------------------------------------

CROWD = {bytes((a, b)): bytes((a,)) * n for a in (0, 1, 16) for b in (0, 1, 255) for n in (25 + a + b % 7,)}


@pytest.mark.parametrize(
    ("name", "faulty"),
    [
        ("reference", lambda encoding: encoding if len(encoding) <= 32 else b"\xa0" + keccak256(encoding)),
        ("hex_prefix", lambda path, is_leaf: bytes.fromhex(("00" if len(path) % 2 == 0 else "1") + path)),
        ("_shared", lambda a, b: int(a[:1] == b[:1] != "")),
        ("branch_encoding", lambda children, value: rlp.encode_list(b"".join(children) + b"\x80")),
    ],
)
def test_control_faulty_encodings_are_caught(
    monkeypatch: pytest.MonkeyPatch, name: str, faulty: Callable[..., object]
) -> None:
    crowd = {**CROWD, b"": b"at the root", b"\x01": b"on the way", b"\x02\x02\x03": b"v" * 26, b"\x02\x02\x04": b"v"}
    assert trie.root_of(crowd.items()) == trie.root(trie_of(crowd)) == defined_root(crowd)
    monkeypatch.setattr(trie, name, faulty)
    assert trie.root_of(crowd.items()) != defined_root(crowd)


def test_control_a_branch_that_does_not_collapse_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    built = trie_of(CROWD)
    monkeypatch.setattr(trie, "_collapsed", lambda branch: branch)
    for key in list(CROWD)[1:]:
        built = trie.delete(built, key)
    assert trie.root(built) != defined_root(dict(list(CROWD.items())[:1]))


def test_control_a_verifier_that_does_not_hash_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    key, value = next(iter(CROWD.items()))
    built = trie_of(CROWD)
    monkeypatch.setattr(trie, "_opened", lambda proof, at, wanted: rlp.decode(proof[at]))
    forged = (trie.leaf_encoding(key.hex(), b"forged"),)
    assert trie.verify_proof(trie.root(built), key, forged) != value
