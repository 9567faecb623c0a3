"""The stack of cells against a Python list, at every depth."""

from hypothesis import given
from hypothesis import strategies as st

from hyperion.vm.stack import EMPTY_STACK, STACK_LIMIT, Stack, stack_of

words = st.integers(0, 2**256 - 1)


def listed(stack: Stack) -> list[int]:
    """The words of a stack, the topmost last."""
    return list(stack.words())[::-1]


@given(st.lists(words, max_size=40), words)
def test_push_and_take_are_those_of_a_list(items: list[int], word: int) -> None:
    stack = stack_of(items)
    assert listed(stack) == items and stack.depth == len(items)
    assert listed(stack.push(word)) == [*items, word]
    for count in range(len(items) + 1):
        taken, rest = stack.take(count)
        assert taken == items[::-1][:count]
        assert rest == stack_of(items[: len(items) - count])


@given(st.lists(words, min_size=2, max_size=20), st.data())
def test_swap_and_dup_are_those_of_a_list(items: list[int], data: st.DataObject) -> None:
    index = data.draw(st.integers(1, len(items) - 1))
    swapped = list(items)
    swapped[-1], swapped[-1 - index] = swapped[-1 - index], swapped[-1]
    assert listed(stack_of(items).swap(index)) == swapped
    assert listed(stack_of(items).dup(index)) == [*items, items[-1 - index]]


@given(st.lists(words, max_size=8), st.lists(words, max_size=8))
def test_stacks_are_equal_just_when_their_words_are(first: list[int], second: list[int]) -> None:
    assert (stack_of(first) == stack_of(second)) == (first == second)
    if first == second:
        assert hash(stack_of(first)) == hash(stack_of(second))


def test_a_full_stack_compares_hashes_and_prints_without_recursion() -> None:
    one, other = stack_of(range(STACK_LIMIT)), stack_of(range(STACK_LIMIT))
    assert one == other and hash(one) == hash(other) and len(repr(one)) > STACK_LIMIT
    assert one != other.rest and one != "a stack"
    assert other.depth == STACK_LIMIT


def test_control_pushing_below_the_top_is_caught() -> None:
    class Wrong:
        def push(self, stack: Stack, word: int) -> Stack:
            return stack.rest.push(word).push(stack.top)

    assert listed(Wrong().push(stack_of([1, 2]), 3)) != [1, 2, 3]
    assert EMPTY_STACK.depth == 0
