"""Word arithmetic against second derivations: Python's exact integers on bit strings, and laws that define division."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hyperion.primitives import word

EDGES = [0, 1, 2, 31, 32, 255, 256, 2**128, 2**255 - 1, 2**255, 2**255 + 1, 2**256 - 2, 2**256 - 1]
words = st.sampled_from(EDGES) | st.integers(0, 2**256 - 1) | st.integers(0, 300)


def bits(a: int) -> str:
    """The 256 binary digits of a word, the most significant first."""
    return format(a, "0256b")


def from_signed(value: int) -> int:
    """The two's complement word of an integer."""
    return int.from_bytes(value.to_bytes(33, "big", signed=True)[-32:], "big")


def to_signed(a: int) -> int:
    """The integer that a word stands for in two's complement, by the library's own decoding."""
    return int.from_bytes(a.to_bytes(32, "big"), "big", signed=True)


def truncated(a: int, b: int) -> tuple[int, int]:
    """Quotient rounded towards zero and remainder, found from the laws that define them."""
    quotient = -(-a // b) if (a < 0) != (b < 0) else a // b
    return quotient, a - quotient * b


SECOND: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: (a + b) % 2**256,
    "mul": lambda a, b: (a * b) % 2**256,
    "sub": lambda a, b: (a - b) % 2**256,
    "div": lambda a, b: divmod(a, b)[0] if b else 0,
    "mod": lambda a, b: divmod(a, b)[1] if b else 0,
    "sdiv": lambda a, b: from_signed(truncated(to_signed(a), to_signed(b))[0]) if b else 0,
    "smod": lambda a, b: from_signed(truncated(to_signed(a), to_signed(b))[1]) if b else 0,
    "exp": lambda a, b: pow(a, b, 2**256),
    "signextend": lambda k, a: (
        int((bits(a)[255 - 8 * k - 7] * 256)[: 256 - 8 * (k + 1)] + bits(a)[256 - 8 * (k + 1) :], 2) if k < 31 else a
    ),
    "lt": lambda a, b: int(bits(a) < bits(b)),
    "gt": lambda a, b: int(bits(a) > bits(b)),
    "slt": lambda a, b: int(to_signed(a) < to_signed(b)),
    "sgt": lambda a, b: int(to_signed(a) > to_signed(b)),
    "eq": lambda a, b: int(bits(a) == bits(b)),
    "and_": lambda a, b: int("".join("1" if x == y == "1" else "0" for x, y in zip(bits(a), bits(b), strict=True)), 2),
    "or_": lambda a, b: int("".join("1" if "1" in (x, y) else "0" for x, y in zip(bits(a), bits(b), strict=True)), 2),
    "xor": lambda a, b: int("".join("1" if x != y else "0" for x, y in zip(bits(a), bits(b), strict=True)), 2),
    "byte": lambda i, a: a.to_bytes(32, "big")[i] if i < 32 else 0,
    "shl": lambda s, a: int((bits(a) + "0" * min(s, 256))[-256:], 2),
    "shr": lambda s, a: int(("0" * min(s, 256) + bits(a))[:256], 2),
    "sar": lambda s, a: int((bits(a)[0] * min(s, 256) + bits(a))[:256], 2),
}


def agrees(name: str, function: Callable[[int, int], int], a: int, b: int) -> bool:
    """Whether ``function`` gives what the second derivation of ``name`` gives."""
    return function(a, b) == SECOND[name](a, b)


@pytest.mark.parametrize("name", SECOND)
@given(a=words, b=words)
@example(a=2**255, b=2**256 - 1)
@example(a=30, b=0x80 << 240)
def test_binary_word_functions_equal_their_second_derivation(name: str, a: int, b: int) -> None:
    assert agrees(name, getattr(word, name), a, b)


@given(a=words)
def test_unary_word_functions_equal_their_second_derivation(a: int) -> None:
    assert word.iszero(a) == int("1" not in bits(a))
    assert bits(word.not_(a)) == bits(a).translate(str.maketrans("01", "10"))
    assert word.clz(a) == len(bits(a)) - len(bits(a).lstrip("0"))
    assert word.signed(a) == to_signed(a)


@given(a=words, b=words, n=words)
def test_modular_word_functions_do_not_overflow_in_between(a: int, b: int, n: int) -> None:
    assert word.addmod(a, b, n) == (0 if n == 0 else ((a % n) + (b % n)) % n)
    assert word.mulmod(a, b, n) == (0 if n == 0 else ((a % n) * (b % n)) % n)


FAULTS: list[tuple[str, Callable[[int, int], int], int, int]] = [
    ("add", lambda a, b: a + b, 2**256 - 1, 1),
    ("sdiv", lambda a, b: from_signed(to_signed(a) // to_signed(b)), 2**256 - 7, 2),
    ("smod", lambda a, b: from_signed(to_signed(a) % to_signed(b)), 2**256 - 7, 2),
    ("signextend", lambda k, a: a, 0, 0x80),
    ("byte", lambda i, a: (a >> (8 * i)) & 0xFF if i < 32 else 0, 0, 1),
    ("sar", word.shr, 1, 2**255),
    ("shl", lambda s, a: a << s, 255, 2),
]


@pytest.mark.parametrize(("name", "fault", "a", "b"), FAULTS)
def test_control_a_faulty_word_function_is_caught(name: str, fault: Callable[[int, int], int], a: int, b: int) -> None:
    assert not agrees(name, fault, a, b)
