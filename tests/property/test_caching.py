"""Caches can't be observed: whatever they hold, however many, whatever goes first. Each known mistake can.

Examples: 2,000 blocks (about 400,000 steps), 1,500 sequences on hot storage, 500 on a cache alone, 150 for each
function that remembers results; ``python -m tests.property.caching_programs SEED COUNT`` runs as many blocks as one
likes.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from inspect import unwrap
from random import Random
from types import ModuleType
from typing import Any, Final

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from hyperion.state.world import Account, World
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.vm.caching import running, storage
from hyperion.vm.caching.cache import FIFO, LRU, Cache, Eviction, find, keep, without
from hyperion.vm.caching.running import Cached, begin, finish, run_cached, step_on_slot
from hyperion.vm.caching.storage import (
    HotStorage,
    Line,
    enter_frame,
    flushed,
    forget_account,
    is_coherent,
    leave_frame,
    read,
    visible,
    write,
    written_back,
)
from hyperion.vm.machine import Frame, Machine, Slot
from hyperion.vm.stack import stack_of
from hyperion.vm.staging.blocks import Blocks
from hyperion.vm.staging.executing import run_staged
from hyperion.vm.step import run, step
from tests.property import caching_programs
from tests.property.caching_programs import Call, Difference, campaign, chain_of, compare, compare_seed, sizes_of
from tests.property.staging_programs import machine_of, program_of
from tests.support.machines import machine_for
from tests.unit.test_purity import CACHED

evictions = st.builds(Eviction, st.booleans(), st.lists(st.integers(-9, 9), min_size=1, max_size=4).map(tuple))
capacities = st.one_of(st.none(), st.integers(0, 6))

# --- a cache alone ----------------------------------------------------------------------------------------------------


@given(capacities, evictions, st.lists(st.tuples(st.sampled_from("kkkfw"), st.integers(0, 7)), max_size=60))
@settings(max_examples=500)
def test_a_cache_gives_what_was_kept_or_nothing(
    capacity: int | None, eviction: Eviction, steps: list[tuple[str, int]]
) -> None:
    cache: Cache[int, int] = Cache(capacity, eviction)
    latest: dict[int, int] = {}
    for count, (what, key) in enumerate(steps):
        before = cache
        if what == "k":
            cache, evicted = keep(cache, key, count)
            latest[key] = count
            assert evicted is None or latest[evicted[0]] == evicted[1]
            assert (evicted is None) == (capacity is None or len(before.entries.set(key, 0)) <= capacity)
        elif what == "f":
            value, cache = find(cache, key)
            assert value is None if key not in before.entries else value == latest[key]
            assert cache.entries == before.entries
        else:
            cache = without(cache, key)
            assert key not in cache.entries
        assert capacity is None or len(cache.entries) <= capacity
        assert sorted(cache.order) == sorted(cache.entries)


def test_orders_by_name() -> None:
    def after_use(eviction: Eviction) -> list[int]:
        cache: Cache[int, str] = Cache(2, eviction)
        cache, _ = keep(cache, 1, "a")
        cache, _ = keep(cache, 2, "b")
        cache = find(cache, 1)[1]
        return sorted(keep(cache, 3, "c")[0].entries)

    assert after_use(LRU) == [1, 3]
    assert after_use(FIFO) == [2, 3]
    assert after_use(Eviction(False, (-1,))) == [1, 2]  # a new entry may be refused


# --- hot storage against a plain world --------------------------------------------------------------------------------

slots = st.tuples(st.sampled_from((1, 2)), st.integers(0, 3))
moves = st.one_of(
    st.tuples(st.just("read"), slots),
    st.tuples(st.just("write"), slots, st.sampled_from((0, 0, 1, 9))),
    st.tuples(st.just("enter")),
    st.tuples(st.just("leave"), st.booleans()),
    st.tuples(st.just("destroy"), st.sampled_from((1, 2))),
)
WORLD: Final = World(Map({address: Account(1, 0, b"\0", Map({0: 5, 1: 6})) for address in (1, 2)}))


def play(hot: HotStorage, moves: list[Any]) -> None:
    """Make the moves on the hot storage and on plain worlds, one for each open frame. Raises Difference if it shows."""
    worlds = [hot.world, hot.world]
    hot = enter_frame(hot)
    for move in moves:
        hot = made(hot, worlds, move)
        if visible(hot) != worlds[-1] or not is_coherent(hot):
            raise Difference(str(move))


def made(hot: HotStorage, worlds: list[World], move: Any) -> HotStorage:
    """The storage after the move, which is made on ``worlds`` too; those that can't be made are not."""
    match move:
        case ("read", slot):
            word, hot = read(hot, slot)
            if word != worlds[-1].storage(*slot):
                raise Difference(f"{word} read in {slot}")
        case ("write", slot, word):
            worlds[-1] = worlds[-1].with_storage(slot[0], slot[1], word)
            hot = write(hot, slot, word)
        case ("enter",):
            hot = enter_frame(flushed(hot))
            worlds.append(worlds[-1])
        case ("leave", success) if len(worlds) > 2:
            ended = worlds.pop()
            worlds[-1] = ended if success else worlds[-1]
            hot = leave_frame(flushed(hot), worlds[-1], success)
        case ("destroy", address) if len(worlds) == 2:
            worlds[-1] = worlds[-1].with_account(address, Account(1, 0, b"\0", Map()))
            hot = forget_account(attrs.evolve(flushed(hot), world=worlds[-1]), address)
    return hot


@pytest.mark.rule("VM-cache-coherent")
@pytest.mark.rule("VM-cache-read")
@pytest.mark.rule("VM-cache-write")
@given(capacities, evictions, st.booleans(), st.lists(moves, max_size=30))
@settings(max_examples=1_500)
def test_hot_storage_is_a_world(capacity: int | None, eviction: Eviction, back: bool, moves: list[Any]) -> None:
    play(HotStorage(WORLD, Cache(capacity, eviction), back), moves)


# --- machines ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("VM-cache-step")
@pytest.mark.rule("VM-cache-eviction")
@pytest.mark.rule("VM-cache-code-key")
@given(st.integers(0, 2**64))
@settings(max_examples=2_000)
def test_every_machine_behind_caches_is_one_of_step(seed: int) -> None:
    compare_seed(seed, Counter())


@given(st.integers(0, 2**64))
@settings(max_examples=60)
def test_sizes_and_orders_do_not_show(seed: int) -> None:
    """One run, with each kind of cache: the halted machines are equal, all fields of them."""
    machine = machine_of(rng := Random(seed), program_of(rng))
    if Map() == machine.frame.program or run_ends(machine) is None:
        return
    ends = [run(machine)]
    for capacity in (0, 1, 2, 7, None):
        for eviction in (LRU, FIFO, Eviction(True, (3, 1, 4, 1, 5))):
            codes: Cache[bytes, Any] = Cache(capacity, eviction)
            lines: Cache[Slot, Line] = Cache(capacity, eviction)
            ends.append(finish(run_cached(begin(machine, lines, capacity != 2, codes)))[0])
    assert all(end == ends[0] for end in ends)


def run_ends(machine: Machine) -> Machine | None:
    """The halted machine, if it is near."""
    for _ in range(400):
        if machine.halted:
            return machine
        machine = step(machine)
    return None


def test_campaign_reaches_what_it_is_about() -> None:
    seen = campaign(2026, 300)
    for what in ("out-of-gas", "revert", "return", "selfdestruct", "invalid-opcode", "stop", "destroyed"):
        assert seen[what] > 0, what
    assert seen["steps"] > 20_000 and seen["lines met"] >= 6


# --- controls: each mistake, made in the model, is found by the comparison above --------------------------------------


def not_forgotten_at_revert(hot: HotStorage, world: World, success: bool) -> HotStorage:
    return leave_frame(hot, world, True) if success else attrs.evolve(hot, world=world, written=hot.written[:-1])


def destroyed_account_stays(hot: HotStorage, address: int) -> HotStorage:
    return hot


def read_by_account_alone(hot: HotStorage, slot: Slot) -> tuple[int, HotStorage]:
    for (address, _), line in hot.lines.entries.items():
        if address == slot[0]:
            return line.word, hot
    return read(hot, slot)


def read_by_key_alone(hot: HotStorage, slot: Slot) -> tuple[int, HotStorage]:
    for (_, key), line in hot.lines.entries.items():
        if key == slot[1]:
            return line.word, hot
    return read(hot, slot)


def not_flushed(hot: HotStorage) -> HotStorage:
    return hot


def code_by_account(frame: Frame) -> bytes:
    return frame.address.to_bytes(20, "big")


def discarded_run_is_kept(hot: HotStorage, world: World) -> HotStorage:
    return attrs.evolve(flushed(hot), world=world, written=())


def price_by_the_cache(cached: Cached, slot: Slot, writes: bool) -> Cached:
    machine = cached.machine
    if slot in cached.hot.lines.entries:  # what is hot is taken to be warm
        cached = attrs.evolve(
            cached, machine=machine.with_state(machine.world, machine.substate.with_accessed_slot(slot))
        )
    return step_on_slot(cached, slot, writes)


def zero_is_stored(hot: HotStorage, slot: Slot, line: Line) -> HotStorage:
    if not line.dirty or line.word != 0:
        return written_back(hot, slot, line)
    account = hot.world.account(slot[0])
    holding = msgspec.structs.replace(account, storage=account.storage.set(slot[1], 0))
    return attrs.evolve(hot, world=World(hot.world.accounts.set(slot[0], holding)))


def zero_counts_as_missing(hot: HotStorage, slot: Slot) -> tuple[int, HotStorage]:
    if (line := hot.lines.entries.get(slot)) is not None and line.word == 0:
        return hot.world.storage(*slot), hot
    return read(hot, slot)


def dirty_line_is_dropped(hot: HotStorage, slot: Slot, line: Line) -> HotStorage:
    return attrs.evolve(hot, lines=keep(hot.lines, slot, line)[0])


MISTAKES: Final[dict[str, tuple[tuple[ModuleType, str, Callable[..., Any]], ...]]] = {
    "lines are not forgotten at a revert": ((running, "leave_frame", not_forgotten_at_revert),),
    "lines of a destroyed account stay": ((storage, "forget_account", destroyed_account_stays),),
    "lines are by account alone": ((running, "read", read_by_account_alone),),
    "lines are by key alone": ((running, "read", read_by_key_alone),),
    "analyses are by account, not by hash": ((running, "code_key", code_by_account),),
    "what a discarded run wrote is kept": ((caching_programs, "discarded", discarded_run_is_kept),),
    "the cache decides what is warm": ((running, "step_on_slot", price_by_the_cache),),
    "an absent word is written back as a word of 0": ((storage, "written_back", zero_is_stored),),
    "a line with 0 counts as missing": ((running, "read", zero_counts_as_missing),),
    "a dirty line is dropped when it is evicted": ((storage, "with_line", dirty_line_is_dropped),),
    "a caller is suspended before its lines are written back": ((running, "flushed", not_flushed),),
}  # fmt: skip


@pytest.mark.rule("VM-cache-revert")
@pytest.mark.rule("VM-cache-destroyed")
@pytest.mark.rule("VM-cache-discard")
@pytest.mark.rule("VM-cache-access-price")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_control_a_mistake_is_found(mistake: str) -> None:
    ideals = tuple(Ideal(module, name, faulty, "seeded fault") for module, name, faulty in MISTAKES[mistake])
    with pytest.raises(Difference), Idealized(ideals):
        campaign(7, 2_000)


def test_control_analyses_poisoned_by_a_discarded_run() -> None:
    """Speculation creates one contract and is dropped; then the same address gets other code, with other jumps."""
    for seed in range(400):
        rng = Random(seed)
        chain, sizes = chain_of(rng), attrs.evolve(sizes_of(rng), codes=None)
        first = attrs.evolve(chain, calls=(Call(chain.calls[0].target, 10**6, speculative=True),))
        compare(attrs.evolve(chain, calls=(*first.calls, *chain.calls)), sizes, Counter())
    with pytest.raises(Difference), Idealized((Ideal(running, "code_key", code_by_account, "fault"),)):
        poisoned()
    poisoned()


def poisoned() -> None:
    """A run of one code at an address, discarded; then a run of another code there, with the analyses of the first."""
    codes: Cache[bytes, Any] = Cache(None)
    lines: Cache[Slot, Line] = Cache(None)
    speculative = begin(machine_for(bytes.fromhex("6004565b5b00")), lines, False, codes)
    machine = machine_for(bytes.fromhex("60045660 5b00".replace(" ", "")))
    after = run_cached(begin(machine, lines, False, run_cached(speculative).codes))
    if finish(after)[0] != run(machine):
        raise Difference("a jump into an operand")


# --- the caches that the model has ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 5, None])
@pytest.mark.parametrize("name", CACHED)
@given(st.data())
@settings(max_examples=30)
def test_remembered_results_do_not_show_at_any_size(name: str, size: int | None, data: st.DataObject) -> None:
    function, strategy = CACHED[name]
    plainly = unwrap(function)
    remembering = lru_cache(maxsize=size)(plainly)
    pool = data.draw(st.lists(strategy, min_size=1, max_size=4))
    for argument in data.draw(st.lists(st.sampled_from(pool), max_size=12)):
        assert remembering(argument) == plainly(argument)


def observable() -> Iterator[object]:
    """Results of a function that remembers, but looks at something that its key leaves out."""
    outside = [1]
    remembering = lru_cache(maxsize=2)(lambda number: number + outside[0])
    yield remembering(1)
    outside[0] = 2
    yield remembering(1) == 1 + outside[0]


def test_control_a_key_that_leaves_something_out_shows() -> None:
    assert list(observable()) == [2, False]


@given(st.integers(0, 2**64), st.integers(0, 3), st.integers(1, 4))
@settings(max_examples=60)
def test_blocks_do_not_show_at_any_size(seed: int, codes: int, enough: int) -> None:
    rng = Random(seed)
    machine = machine_of(rng, program_of(rng))
    end = run_ends(machine)
    if end is None:
        return
    machines = [machine, machine_for(b"\x5b\x00"), machine]
    cache = Blocks(enough, 0, codes)
    assert [run_staged(each, cache) for each in machines] == [end, run(machines[1]), end]


def test_stacks_compare_by_words() -> None:
    """What the comparisons above rest on: machines are equal if all that can be seen is, whoever made them."""
    assert stack_of([1, 2]) == stack_of([1, 2]) != stack_of([1, 3])
