"""Tries that are opened on their way: the same answers and roots as of the trie with all nodes, from some nodes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.primitives.hashing import keccak256
from hyperion.state import trie
from hyperion.state.trie import ProofError, ProofReason

KEYS = [keccak256(bytes([number])) for number in range(12)] + [b"\x12\x34", b"\x12\x35", b"\x12", b"", b"\x13\x35"]
keys = st.sampled_from(KEYS)
values = st.binary(min_size=1, max_size=40)
entries = st.dictionaries(keys, values, max_size=len(KEYS))


def whole(content: dict[bytes, bytes]) -> trie.Trie:
    """The trie with all nodes."""
    built: trie.Trie = None
    for key, value in content.items():
        built = trie.put(built, key, value)
    return built


def nodes_of(content: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Every node that has a hash, by its hash."""
    top = whole(content)
    proofs = [node for key in KEYS for node in trie.prove(top, key)]
    siblings = [node for digit in trie.DIGITS for key in KEYS for node in trie.prove(top, aside(key, digit))]
    return {keccak256(node): node for node in proofs + siblings}


def aside(key: bytes, digit: str) -> bytes:
    """A key that leaves the path of ``key`` at its last digit."""
    return bytes.fromhex(key.hex()[:-1] + digit) if key else b""


@pytest.mark.rule("STATE-trie-one-form")
@given(entries, st.lists(st.tuples(keys, st.one_of(st.just(b""), values)), max_size=8))
@settings(max_examples=300)
def test_a_hidden_trie_is_the_whole_one(content: dict[bytes, bytes], writes: list[tuple[bytes, bytes]]) -> None:
    known = nodes_of(content)
    full = whole(content)
    part = trie.hidden(trie.root(full), known.__getitem__)
    for key, value in writes:
        assert trie.get(part, key) == trie.get(full, key)
        full, part = trie.put(full, key, value), trie.put(part, key, value)
        assert trie.root(part) == trie.root(full)
    for key in KEYS:
        assert trie.get(part, key) == trie.get(full, key)
    assert trie.prove(trie.hidden(trie.root(whole(content)), known.__getitem__), KEYS[0]) == trie.prove(
        whole(content), KEYS[0]
    )
    assert dict(trie.items(part)) == dict(trie.items(full))


def test_a_node_that_is_asked_for_and_not_there_is_named() -> None:
    full = whole(dict.fromkeys(KEYS[:12], b"x" * 40))
    nothing: dict[bytes, bytes] = {}
    part = trie.hidden(trie.root(full), nothing.__getitem__)
    with pytest.raises(KeyError) as missing:
        trie.get(part, KEYS[0])
    assert missing.value.args[0] == trie.root(full)


def test_deleting_opens_the_last_sibling() -> None:
    """Control of the form: a branch with one way left joins its child, so the child has to be known."""
    content = {KEYS[0]: b"x" * 40, KEYS[1]: b"y" * 40}
    top = whole(content)
    assert isinstance(top, trie.Branch)
    only_the_path = {keccak256(node): node for node in trie.prove(top, KEYS[0])}
    with pytest.raises(KeyError):
        trie.delete(trie.hidden(trie.root(top), only_the_path.__getitem__), KEYS[0])


@given(st.binary(max_size=80))
@settings(max_examples=300)
def test_any_bytes_are_a_node_or_refused(data: bytes) -> None:
    part = trie.hidden(keccak256(data), lambda digest: data)
    try:
        trie.get(part, b"")
    except ProofError as error:
        assert error.reason in {ProofReason.NOT_RLP, ProofReason.NOT_A_NODE}
