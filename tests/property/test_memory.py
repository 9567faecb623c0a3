"""The paged memory against a Python bytearray, with sizes that cross pages and levels of the tree."""

from hypothesis import example, given
from hypothesis import strategies as st

from hyperion.vm.memory import EMPTY_MEMORY, FANOUT, PAGE_BYTES, Memory

SPAN = PAGE_BYTES * FANOUT
offsets = st.sampled_from(
    [0, 1, 31, PAGE_BYTES - 32, PAGE_BYTES - 1, PAGE_BYTES, SPAN - 1, SPAN, 5 * SPAN - 3]
) | st.integers(0, 6 * SPAN)
writes = st.lists(st.tuples(offsets, st.binary(max_size=3 * PAGE_BYTES)), max_size=8)


def written(steps: list[tuple[int, bytes]]) -> tuple[Memory, bytearray]:
    """A memory and a bytearray after the same writes."""
    memory, plain = EMPTY_MEMORY, bytearray()
    for offset, data in steps:
        memory = memory.touch(offset, len(data)).write(offset, data)
        if data:
            plain.extend(bytes(max(0, -(-(offset + len(data)) // 32) * 32 - len(plain))))
            plain[offset : offset + len(data)] = data
    return memory, plain


@given(writes)
@example([(SPAN * FANOUT - 5, b"crosses three levels")])
def test_memory_holds_what_a_bytearray_holds(steps: list[tuple[int, bytes]]) -> None:
    memory, plain = written(steps)
    assert memory.size == len(plain)
    assert memory.read(0, memory.size) == bytes(plain)


@given(writes, offsets, st.integers(0, 700))
def test_reads_and_loads_agree_with_slices(steps: list[tuple[int, bytes]], offset: int, length: int) -> None:
    memory, plain = written(steps)
    memory = memory.touch(offset, length + 32)
    plain.extend(bytes(memory.size - len(plain)))
    assert memory.read(offset, length) == bytes(plain[offset : offset + length])
    assert memory.load(offset) == int.from_bytes(plain[offset : offset + 32], "big")


@given(writes, offsets, st.integers(0, 2**256 - 1))
def test_a_write_leaves_the_memory_it_came_from(steps: list[tuple[int, bytes]], offset: int, word: int) -> None:
    memory, _ = written(steps)
    memory = memory.touch(offset, 32)
    before = memory.read(0, memory.size)
    after = memory.store(offset, word)
    assert memory.read(0, memory.size) == before
    assert after.load(offset) == word and after.size == memory.size


def test_a_store_shares_all_but_one_path() -> None:
    memory = EMPTY_MEMORY.expand(4 * SPAN)
    after = memory.store(2 * SPAN + 7 * PAGE_BYTES, 1)
    assert isinstance(after.root, tuple) and isinstance(memory.root, tuple)
    assert [a is b for a, b in zip(after.root, memory.root, strict=True)].count(False) == 1


def test_a_huge_memory_is_sparse() -> None:
    memory = EMPTY_MEMORY.expand(2**40).store(2**40 - 32, 7)
    assert memory.load(2**40 - 32) == 7 and memory.load(2**39) == 0


def test_control_a_store_one_byte_off_is_caught() -> None:
    memory, plain = written([(10, b"abc")])
    assert memory.write(11, b"abc").read(0, 32) != bytes(plain)
