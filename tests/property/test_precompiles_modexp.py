"""Modular exponentiation against Python's own, and its prices against the texts of the EIPs."""


import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hyperion.vm.fork import Eip
from hyperion.vm.precompiles import PRECOMPILES
from hyperion.vm.precompiles.modexp import gas_2565, gas_7883
from tests.support.precompiles import edge_words, words

lengths = st.integers(0, 80) | st.sampled_from([0, 1, 32, 33])
huge_lengths = lengths | edge_words


def eip_2565(base_length: int, exponent_length: int, modulus_length: int, head: int) -> int:
    """The pseudocode of EIP-2565, line by line, in other words than the model's."""
    iterations = 0
    if exponent_length <= 32 and head == 0:
        iterations = 0
    elif exponent_length <= 32:
        iterations = head.bit_length() - 1
    else:
        iterations = 8 * (exponent_length - 32) + (head.bit_length() - 1 if head else 0)
    longest = max(base_length, modulus_length)
    complexity = (-(-longest // 8)) ** 2
    return max(200, complexity * max(iterations, 1) // 3)


def eip_7883(base_length: int, exponent_length: int, modulus_length: int, head: int) -> int:
    """The pseudocode of EIP-7883."""
    longest = max(base_length, modulus_length)
    complexity = 16
    if longest > 32:
        complexity = 2 * (-(-longest // 8)) ** 2
    bits = head.bit_length() - 1 if head else 0
    iterations = bits if exponent_length <= 32 else 16 * (exponent_length - 32) + bits
    return max(500, complexity * max(iterations, 1))


@pytest.mark.rule("VM-precompile-modexp-gas-2565", "VM-precompile-modexp-gas-7883")
@given(huge_lengths, huge_lengths, huge_lengths, st.binary(max_size=200))
def test_modexp_price_as_in_the_eips(base: int, exponent: int, modulus: int, rest: bytes) -> None:
    data = words(base, exponent, modulus) + rest
    following = iter(rest[min(base, len(rest)) :])
    head = 0
    for _ in range(min(exponent, 32)):
        head = head << 8 | next(following, 0)
    assert gas_2565(data) == eip_2565(base, exponent, modulus, head)
    assert gas_7883(data) == eip_7883(base, exponent, modulus, head)


@pytest.mark.rule("VM-precompile-modexp")
@given(lengths, lengths, lengths, st.binary(max_size=250) | st.just(bytes(100)))
@example(0, 0, 1, b"\0")
@example(0, 0, 1, b"\x01")
@example(1, 0, 1, b"\0\x02")
@example(1, 1, 0, b"\x03\x03")
def test_modexp_as_python(base: int, exponent: int, modulus: int, rest: bytes) -> None:
    padded = rest + bytes(base + exponent + modulus)
    b = int.from_bytes(padded[:base], "big")
    e = int.from_bytes(padded[base : base + exponent], "big")
    m = int.from_bytes(padded[base + exponent : base + exponent + modulus], "big")
    expected = (pow(b, e, m) if m else 0).to_bytes(modulus, "big") if base or modulus else b""
    data = words(base, exponent, modulus) + rest
    for precompile in (p for p in PRECOMPILES if p.name == "MODEXP"):
        assert precompile.run(data) == expected


@pytest.mark.rule("VM-precompile-modexp-bounds")
@given(st.integers(1_023, 1_026), st.integers(1_023, 1_026), st.integers(1_023, 1_026))
@settings(max_examples=20)
def test_modexp_bounds(base: int, exponent: int, modulus: int) -> None:
    bounded = next(p for p in PRECOMPILES if p.since is Eip.MODEXP_GAS)
    output = bounded.run(words(base, exponent, modulus))
    assert output == (bytes(modulus) if max(base, exponent, modulus) <= 1_024 else None)
