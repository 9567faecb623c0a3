"""The stand-ins for a machine's containers, and byte strings of which only the length is known."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperion.symbolic.explore import explore
from hyperion.symbolic.opaque import INTEGER_TYPE, OpaqueBytes, OpaqueError, length_of
from hyperion.symbolic.path import Escape
from hyperion.symbolic.proxies import unknown_integer
from hyperion.vm.memory import EMPTY_MEMORY
from hyperion_proofs.machines import UnknownMap, UnknownMemory, grown
from hyperion_proofs.statement import Known
from hyperion_proofs.translate import Model

NOTHING: Final = Model({}, {})
natural = st.integers(0, 200)


def opaque(length: int) -> OpaqueBytes:
    return OpaqueBytes(Known(NOTHING), length)


@given(natural, natural, natural, natural)
def test_lengths_are_those_of_bytes(size: int, start: int, stop: int, width: int) -> None:
    real = bytes(size)
    pairs: list[tuple[OpaqueBytes, bytes]] = [
        (opaque(size)[start:], real[start:]),
        (opaque(size)[:stop], real[:stop]),
        (opaque(size)[start:stop], real[start:stop]),
        (opaque(size).ljust(width, b"\0"), real.ljust(width, b"\0")),
        (opaque(size) + real[:stop], real + real[:stop]),
        (b"ab" + opaque(size), b"ab" + real),
    ]
    for mine, its in pairs:
        assert (length_of(mine), bool(mine)) == (len(its), bool(its))


CONTENT: Final[dict[str, Callable[[Any], object]]] = {
    "index": lambda data: data[0],
    "step": lambda data: data[::2],
    "negative bound": lambda data: data[-1:],
    "comparison": lambda data: data == b"",
    "hash": hash,
    "len": len,
    "iteration": list,
    "membership": lambda data: 1 in data,
    "bytes": bytes,
    "text": str,
    "isinstance": lambda data: isinstance(data, bytes),
    "int.from_bytes": lambda data: int.from_bytes(data, "big"),
}


@pytest.mark.parametrize("name", CONTENT)
def test_content_of_opaque_bytes_is_refused(name: str) -> None:
    with pytest.raises(OpaqueError):
        CONTENT[name](opaque(32))


def test_bytes_of_an_unknown_integer() -> None:
    def byte(path: Any) -> Any:
        return unknown_integer(path, "x", 0, 300).to_bytes(1, "big")

    fits, overflows = explore(byte).outcomes
    if fits.raised is not None:
        fits, overflows = overflows, fits
    assert length_of(fits.result) == 1
    assert isinstance(overflows.raised, OverflowError)
    with pytest.raises(Escape):
        explore(lambda path: INTEGER_TYPE(unknown_integer(path, "x")))


@given(st.integers(0, 20), st.integers(0, 1500), st.integers(0, 300))
def test_memory_grows_as_the_model_s(words: int, offset: int, length: int) -> None:
    real = EMPTY_MEMORY.expand(32 * words).touch(offset, length)
    executed = UnknownMemory(Known(NOTHING), 32 * words).touch(offset, length)
    by_lemma = UnknownMemory(Known(NOTHING), 32 * words, branches=False).touch(offset, length)
    assert real.size == executed.size == by_lemma.size == grown(32 * words, offset, length)


def test_use_of_memory_that_is_not_there_is_a_claim_that_fails() -> None:
    known = Known(NOTHING)
    UnknownMemory(known, 32).load(0)
    assert known.failed == []
    UnknownMemory(known, 32).load(1)
    assert known.failed == ["bytes of memory are there"]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8))
def test_unknown_map_is_a_map(steps: list[tuple[int, int]]) -> None:
    known = Known(Model({}, {"m": ({(2,): 7}, 0)}))
    mine, its = UnknownMap(known, "m"), {2: 7}
    for key, value in steps:
        if value:
            mine, its = mine.set(key, value), {**its, key: value}
        else:
            mine, its = mine.delete(key), {name: word for name, word in its.items() if name != key}
    for key in range(5):
        assert mine.get(key, 0) == its.get(key, 0)
        assert (key in mine) == (key in its)
    assert known.failed == []
    mine.set(1, 0)
    assert known.failed == ["no 0 is stored in m"]
