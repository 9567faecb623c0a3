"""History commitments against their definition, and proofs that are tampered with."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.primitives.hashing import keccak256
from hyperion.settlement import history as histories
from hyperion.settlement.history import HistoryError, history, includes, is_prefix, single

Prefix = Callable[[bytes, int, bytes, int, tuple[bytes, ...]], bool]


def state(number: int) -> bytes:
    """Some state."""
    return keccak256(b"state %d" % number)


def by_definition(states: list[bytes]) -> bytes:
    """The root, by splitting off the largest power of two again and again."""

    def perfect(part: list[bytes]) -> bytes:
        if len(part) == 1:
            return keccak256(b"\x00" + part[0])
        half = len(part) // 2
        return keccak256(b"\x01" + perfect(part[:half]) + perfect(part[half:]))

    def folded(part: list[bytes]) -> bytes:
        size = 1 << (len(part).bit_length() - 1)
        return perfect(part) if size == len(part) else keccak256(b"\x01" + perfect(part[:size]) + folded(part[size:]))

    return keccak256(b"\x02" + (len(states) - 1).to_bytes(8, "big") + folded(states))


lengths = st.integers(1, 40)


@pytest.mark.rule("DIS-history-root", "DIS-history-padding")
@given(lengths, st.integers(0, 60))
@settings(max_examples=150)
def test_roots_are_those_of_the_definition(given_states: int, more: int) -> None:
    states = [state(number) for number in range(given_states)]
    height = given_states - 1 + more
    made = history(states, height)
    whole = states + [states[-1]] * more
    for prefix in (0, height // 2, height):
        assert made.root(prefix) == by_definition(whole[: prefix + 1])
    assert made.root(0) == single(states[0])


@pytest.mark.rule("DIS-history-prefix", "DIS-history-inclusion")
@given(lengths, st.integers(0, 60), st.data())
@settings(max_examples=150)
def test_proofs_hold(given_states: int, more: int, data: st.DataObject) -> None:
    height = given_states - 1 + more
    made = history([state(number) for number in range(given_states)], height)
    whole = data.draw(st.integers(0, height))
    part = data.draw(st.integers(0, whole))
    assert is_prefix(made.root(part), part, made.root(whole), whole, made.prefix_proof(part, whole))
    index = data.draw(st.integers(0, whole))
    assert includes(
        made.root(whole), whole, index, state(min(index, given_states - 1)), made.inclusion_proof(whole, index)
    )


def tampered(proof: tuple[bytes, ...], at: int) -> list[tuple[bytes, ...]]:
    """The proof with a bit flipped, an item short, an item twice, an item more, two items exchanged."""
    at = at % len(proof)
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    cut = [(*proof[:at], *proof[at + 1 :]), (*proof[: at + 1], *proof[at:]), (*proof, bytes(32)), ()]
    return [(*proof[:at], flipped, *proof[at + 1 :]), (*proof[:at], proof[at][:31], *proof[at + 1 :]), *cut]


@given(st.integers(2, 60), st.data())
@settings(max_examples=150)
def test_no_other_proof_and_no_other_claim_holds(height: int, data: st.DataObject) -> None:
    made, forged = (history([state(n + base) for n in range(height + 1)], height) for base in (0, 1000))
    part = data.draw(st.integers(0, height - 1))
    at = data.draw(st.integers(0, 20))
    proof = made.prefix_proof(part, height)
    assert not is_prefix(forged.root(part), part, made.root(), height, proof)
    assert not is_prefix(made.root(part), part, forged.root(), height, proof)
    assert not is_prefix(made.root(part), part + 1, made.root(), height, proof)
    assert not is_prefix(made.root(part), part, made.root(), height + 1, proof)
    for other in tampered(proof, at):
        assert other == proof or not is_prefix(made.root(part), part, made.root(), height, other)
    path = made.inclusion_proof(height, part)
    assert not includes(made.root(), height, part, state(part + 1), path)
    assert not includes(made.root(), height, part + 1, state(part), path)
    for other in tampered(path, at):
        assert other == path or not includes(made.root(), height, part, state(part), other)


@given(
    st.binary(max_size=33), st.integers(-2, 2**65), st.integers(-2, 2**65), st.lists(st.binary(max_size=33), max_size=9)
)
@settings(max_examples=300)
def test_verifiers_are_total(root: bytes, a: int, b: int, proof: list[bytes]) -> None:
    assert not is_prefix(root, a, root + b"x", b, tuple(proof))
    assert not includes(root, a, b, root, tuple(proof))


@pytest.mark.rule("DIS-history-padding")
def test_a_history_of_a_trillion_steps_is_cheap_and_proves() -> None:
    states = [state(number) for number in range(1000)]
    made = history(states, 2**40)
    middle = 2**39 - 1
    proof = made.prefix_proof(middle, 2**40)
    assert is_prefix(made.root(middle), middle, made.root(), 2**40, proof)
    assert len(proof) <= 2 * 41
    assert includes(made.root(), 2**40, 2**40, states[-1], made.inclusion_proof(2**40, 2**40))


@pytest.mark.parametrize(
    ("states", "height", "field", "reason"),
    [
        ([], 3, "states", "wrong-number"),
        ([state(0)] * 3, 1, "states", "wrong-number"),
        ([b"short"], 1, "states", "not-32-bytes"),
        ([state(0)], -1, "height", "out-of-range"),
        ([state(0)], 2**64, "height", "out-of-range"),
    ],
)
def test_refusals(states: list[bytes], height: int, field: str, reason: str) -> None:
    with pytest.raises(HistoryError) as refused:
        history(states, height)
    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_control_a_verifier_that_takes_any_number_of_trees_is_fooled() -> None:
    """A proof may not say itself how many trees a beginning has: the same hashes would then show another height."""

    def careless(root: bytes, height: int, whole: bytes, whole_height: int, proof: tuple[bytes, ...]) -> bool:
        return histories.root_of_trees(whole_height, (proof[0], *proof[1:])) == whole and bool(root)

    made = history([state(number) for number in range(7)], 6)
    forged = history([state(number + 50) for number in range(7)], 6)
    proof = made.trees(6)
    assert careless(forged.root(3), 3, made.root(), 6, proof)
    assert not is_prefix(forged.root(3), 3, made.root(), 6, proof)


@given(st.integers(0, 500), st.integers(0, 500))
@settings(max_examples=200)
def test_levels_between_tile_the_range_from_the_largest_trees(start: int, more: int) -> None:
    levels = histories.levels_between(start, start + more) if start else histories.levels_of(more)
    assert sum(2**level for level in levels) == more
    places = [start + sum(2**level for level in levels[:at]) for at in range(len(levels))]
    assert all(place % 2**level == 0 for place, level in zip(places, levels, strict=True))
    assert all(
        not (a == b and place % 2 ** (a + 1) == 0) for (a, b), place in zip(pairwise(levels), places, strict=False)
    )
