"""Compression functions against the compiled hashes."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from Crypto.Hash import RIPEMD160
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.primitives import blake2
from hyperion.primitives.hashing import keccak256
from hyperion.settlement.onestep import compression
from hyperion.settlement.onestep.compression import CHAINS, Chain

WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "keccak256": keccak256,
    "sha256": lambda data: sha256(data).digest(),
    "ripemd160": lambda data: RIPEMD160.new(data).digest().rjust(32, b"\0"),
}


def chained(chain: Chain, data: bytes) -> bytes:
    """The hash of ``data``, one block at a time."""
    state, padded = chain.start, data + chain.padding(len(data))
    assert len(padded) % chain.block == 0
    for at in range(0, len(padded), chain.block):
        state = chain.compress(state, padded[at : at + chain.block])
    return chain.finish(state)


@pytest.mark.parametrize("name", CHAINS)
def test_chains_are_the_hashes(name: str) -> None:
    for length in (*range(140), 271, 272, 273, 500):
        data = bytes(at * 7 & 0xFF for at in range(length))
        assert chained(CHAINS[name], data) == WHOLE[name](data), length


@given(
    st.integers(0, 25),
    st.lists(st.integers(0, 2**64 - 1), min_size=24, max_size=24),
    st.integers(0, 2**64 - 1),
    st.booleans(),
)
@settings(max_examples=60)
def test_blake2_rounds_are_the_compression(rounds: int, words: list[int], offset: int, is_final: bool) -> None:
    state, block = words[:8], words[8:]
    working = compression.blake2_begin(state, (offset, 3), is_final)
    for number in range(rounds):
        working = compression.blake2_round(working, block, number)
    assert compression.blake2_end(state, working) == blake2.compress(rounds, state, block, (offset, 3), is_final)


def test_control_a_wrong_rotation_is_seen() -> None:
    broken = tuple((place, count + 1) for place, count in compression.KECCAK_WALK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression, "KECCAK_WALK", broken)
        assert chained(CHAINS["keccak256"], b"") != keccak256(b"")
