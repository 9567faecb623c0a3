"""Blocks of EVM transactions under Block-STM: whatever the schedule, they end as they do one after another."""

from random import Random
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.message import Applied
from hyperion.execution.rejection import Reason, Rejected
from hyperion.execution.series import Progress, in_series
from hyperion.execution.transition import apply_block
from hyperion.parallel.configuration import Run, outcome, run
from hyperion.parallel.evm.block import (
    EvmBlock,
    FallBack,
    apply_block_in_parallel,
    commit,
    evm_block,
    side_by_side,
    speculate,
)
from hyperion.parallel.evm.locations import Epoch, EvmLocation, InEpoch
from hyperion.parallel.evm.transaction import UNANSWERABLE, Unanswerable
from hyperion.parallel.program import Done, Outcome
from hyperion.state.partial import Location, Part, value_at
from hyperion.state.world import EMPTY_ACCOUNT, NO_STORAGE, Account, World
from hyperion.vm.code import delegation_to
from hyperion.vm.fork import Fork
from hyperion.vm.forks import CANCUN, FORKS, OSAKA, PARIS, PRAGUE, SHANGHAI
from hyperion_conformance.schedules import ADVERSARIES, turns_of
from tests.support.blocks import (
    CODES,
    COINBASES,
    COUNTER,
    KINDS,
    PLACES,
    PROFILES,
    SENDERS,
    SMALL_BLOCK,
    WRONG,
    Recipe,
    Setting,
    block_of,
)
from tests.unit.test_block import chain, genesis, header_with, sealed, transfer

# --- random blocks ---------------------------------------------------------------------------------------------------

recipes = st.builds(
    Recipe, st.sampled_from(KINDS), st.integers(0, 3), st.integers(0, len(PLACES) - 1), st.integers(0, 20),
    st.sampled_from((0, 1, 5)),
)  # fmt: skip
broken = st.builds(lambda recipe, wrong: attrs.evolve(recipe, wrong=wrong), recipes, st.sampled_from(WRONG))
scenes = st.builds(
    Setting, st.sampled_from((PARIS, SHANGHAI, CANCUN, PRAGUE, OSAKA, OSAKA)), st.integers(0, len(COINBASES) - 1),
    st.integers(0, len(PROFILES) - 1), st.integers(0, 15), st.sampled_from((30_000_000, 30_000_000, SMALL_BLOCK)),
)  # fmt: skip
workers = st.integers(1, 5)


def scheduled(block: EvmBlock, count: int, schedule: tuple[str, int]) -> tuple[int, ...]:
    """The turns of a named schedule: an adversary's, random ones, or none, which is round robin."""
    name, seed = schedule
    if name in ADVERSARIES:
        return turns_of(block, count, ADVERSARIES[name], seed)
    rng = Random(seed)
    return tuple(rng.randrange(count) for _ in range(4_000)) if name == "random" else ()


schedules = st.tuples(st.sampled_from(("round-robin", "random", "random", *ADVERSARIES)), st.integers(0, 2**32))


@pytest.mark.rule(
    "STM-evm-block", "STM-evm-read", "STM-evm-locations", "STM-evm-epoch", "STM-evm-additions", "STM-evm-commit"
)
@given(scenes, st.lists(recipes, min_size=2, max_size=9), workers, schedules)
@settings(max_examples=250)
def test_any_block_ends_under_any_schedule_as_in_series(
    scene: Setting, made: list[Recipe], count: int, schedule: tuple[str, int]
) -> None:
    """250 examples, up to nine transactions, 1 to 5 workers. Falling back to the series would be no success."""
    transactions = block_of(made, scene)
    block = evm_block(transactions, scene.world, scene.context)
    ended = speculate(block, count, scheduled(block, count, schedule))
    assert ended == in_series(transactions, scene.world, scene.context)


@pytest.mark.rule("STM-evm-refusal", "STM-evm-block")
@given(scenes, st.lists(recipes, max_size=6), broken, st.lists(recipes, max_size=3), workers, schedules)
@settings(max_examples=150)
def test_a_refused_transaction_makes_the_same_error_wherever_it_stands(
    scene: Setting, before: list[Recipe], wrong: Recipe, behind: list[Recipe], count: int, schedule: tuple[str, int]
) -> None:
    """150 examples of eight kinds of mistakes: the same index, reason and figures as in series."""
    transactions = block_of([*before, wrong, *behind], scene)
    block = evm_block(transactions, scene.world, scene.context)
    ended = speculate(block, count, scheduled(block, count, schedule))
    assert isinstance(ended, InvalidBlock)
    assert ended == in_series(transactions, scene.world, scene.context)


# --- what is left in memory ------------------------------------------------------------------------------------------


def in_world(world: World, epochs: Map[Any, Any], location: Any) -> Any:
    """What ``world`` has at a location of memory; None for a word of an epoch that is over."""
    if isinstance(location, InEpoch):
        now = epochs.get(Epoch(location.location.address), 0)
        return value_at(world, location.location) if now == location.epoch else None
    return value_at(world, location)


@pytest.mark.rule("STM-evm-locations", "STM-evm-epoch", "STM-evm-additions")
@given(scenes, st.lists(recipes, min_size=2, max_size=9), st.integers(0, 2**32))
@settings(max_examples=100)
def test_the_snapshot_of_memory_is_the_world_in_series(scene: Setting, made: list[Recipe], seed: int) -> None:
    """100 examples: each location that was written holds what the serial world has there."""
    transactions = block_of(made, scene)
    serial = in_series(transactions, scene.world, scene.context)
    if not isinstance(serial, Progress):
        return
    block = evm_block(transactions, scene.world, scene.context)
    left = outcome(block, run(block, 3, scheduled(block, 3, ("random", seed))).configuration)
    assert isinstance(left, Outcome)
    for location, value in left.state.items():
        if not isinstance(location, Epoch):
            assert in_world(serial.world, left.state, location) in (None, value), location


# --- incarnations that will be aborted -------------------------------------------------------------------------------

ANSWERS: Final[dict[Part, st.SearchStrategy[Any]]] = {
    Part.NONCE: st.sampled_from((0, 1, 3, 4, 2**64 - 1)),
    Part.BALANCE: st.sampled_from((0, 1, 10**18, 2**256 - 1, 2**256 + 5)),
    Part.CODE: st.sampled_from((b"", *CODES.values(), delegation_to(COUNTER), delegation_to(SENDERS[0]))),
    Part.HAS_STORAGE: st.booleans(),
    Part.WORD: st.sampled_from((0, 1, COUNTER, 2**256 - 1)),
}


def answer_to(location: EvmLocation, data: st.DataObject) -> Any:
    """Any value that could be at a location at some moment, whatever was read from others."""
    if isinstance(location, Epoch):
        return data.draw(st.integers(0, 4))
    part = location.location.part if isinstance(location, InEpoch) else location.part
    return data.draw(ANSWERS[part])


@pytest.mark.rule("STM-evm-read", "STM-evm-refusal")
@given(scenes, recipes, st.data())
@settings(max_examples=300)
def test_an_incarnation_ends_whatever_it_reads(scene: Setting, recipe: Recipe, data: st.DataObject) -> None:
    """300 examples: parts of no one world, read one by one, lead to an end that is a value; and read once each."""
    block = evm_block(block_of([recipe], scene), scene.world, scene.context)
    at = block.start(0)
    asked: set[EvmLocation] = set()
    while not isinstance(at, Done):
        assert at.location not in asked
        asked.add(at.location)
        at = at.resume(answer_to(at.location, data))
    assert isinstance(at.result, Applied | Rejected | Unanswerable)
    targets = [location for location, _ in (*at.writes, *at.additions)]
    assert len(targets) == len(set(targets))


# --- cases with names ------------------------------------------------------------------------------------------------

PLAIN: Final = Setting(OSAKA)


def incarnations(scene: Setting, transactions: tuple[bytes, ...], count: int, turns: tuple[int, ...]) -> int:
    """How many incarnations there were in all."""
    ran = run(evm_block(transactions, scene.world, scene.context), count, turns)
    assert isinstance(ran, Run)
    return sum(status.incarnation + 1 for status in ran.configuration.shared.scheduler.status)


def test_transfers_to_one_account_and_their_fees_abort_nothing() -> None:
    """Four senders pay one fresh account under the worst schedule: additions do not conflict."""
    made = block_of([Recipe("transfer", who, 4, 5) for who in range(4)], PLAIN)
    for choice in ADVERSARIES.values():
        turns = turns_of(evm_block(made, PLAIN.world, PLAIN.context), 4, choice, 0)
        assert incarnations(PLAIN, made, 4, turns) == 4


def test_adversaries_do_abort_what_conflicts() -> None:
    """Control of the schedules: a hot word and a chain of nonces are executed again under those made for it."""
    for kinds in (("count", "count", "count", "count"), ("transfer",) * 4):
        made = block_of([Recipe(kind, who if kind == "count" else 0, 4, 2) for who, kind in enumerate(kinds)], PLAIN)
        block = evm_block(made, PLAIN.world, PLAIN.context)
        again = {name: incarnations(PLAIN, made, 4, turns_of(block, 4, ADVERSARIES[name], 0)) for name in ADVERSARIES}
        assert again["latest-finishes-first"] > 4 and again["latest-first"] > 4, again


def test_the_block_is_cut_where_its_gas_ends() -> None:
    """Each transaction alone fits in the block; the second does not after the first. The third has no say."""
    scene = attrs.evolve(PLAIN, gas_limit=320_000)
    made = block_of([Recipe("count", who) for who in range(3)], scene)
    for count in (1, 2, 3):
        ended = speculate(evm_block(made, scene.world, scene.context), count)
        assert isinstance(ended, InvalidBlock) and ended.index == 1 and ended.rejected is not None
        assert ended.rejected.reason is Reason.GAS_LIMIT_EXCEEDS_BLOCK
        assert ended == in_series(made, scene.world, scene.context)


@pytest.mark.rule("STM-evm-fall-back")
def test_storage_of_an_empty_account_is_the_one_reason_to_fall_back() -> None:
    """0 wei of fee remove an empty coinbase, with storage that no transaction can leave: the block runs in series."""
    scene = attrs.evolve(PLAIN, coinbase=0)
    odd = World(scene.world.accounts.set(COINBASES[0], Account(0, 0, b"", Map({1: 2}))))
    made = block_of([Recipe("transfer", 0, 4, 3, tip=0), Recipe("transfer", 1, 4, 3, tip=0)], scene)
    fallen = speculate(evm_block(made, odd, scene.context), 2)
    assert fallen == FallBack(0, "storage of an empty account")
    ended = side_by_side(2)(made, odd, scene.context)
    assert isinstance(ended, Progress) and ended == in_series(made, odd, scene.context)
    assert ended.world.account(COINBASES[0]) == EMPTY_ACCOUNT
    empty = World(scene.world.accounts.set(COINBASES[0], Account(0, 0, b"", NO_STORAGE)))
    assert speculate(evm_block(made, empty, scene.context), 2) == in_series(made, empty, scene.context)


@pytest.mark.rule("STM-evm-fall-back")
def test_a_result_without_an_answer_is_not_committed() -> None:
    """No serial execution has it, so no valid run ends with it; what is committed does not rest on that."""
    made = block_of([Recipe("transfer", 0, 4, 3)], PLAIN)
    block = evm_block(made, PLAIN.world, PLAIN.context)
    assert commit(block, (UNANSWERABLE,)) == FallBack(0, "no answer")
    assert speculate(block, 2, patience=20) == FallBack(0, "not finished")
    at = block.start(0)
    while not isinstance(at, Done):
        at = at.resume(2**256 if at.location == Location(Part.BALANCE, SENDERS[0]) else block.base(at.location))
    assert at == Done((), (), UNANSWERABLE)


# --- whole blocks ----------------------------------------------------------------------------------------------------


@pytest.mark.rule("STM-evm-block")
@pytest.mark.parametrize("fork", FORKS, ids=lambda fork: fork.name)
def test_a_whole_block_side_by_side_is_the_block(fork: Fork) -> None:
    """System calls, withdrawals and requests, and each claim of the header: the tip, or the same refusal."""
    tip = genesis(fork)
    block = sealed(tip, fork, *(transfer(nonce) for nonce in range(4)))
    claims: tuple[dict[str, Any], ...] = (
        {}, {"gas_used": 1}, {"receipts_root": bytes(32)}, {"bloom": bytes(256)}, {"state_root": bytes(32)},
        {"transactions_root": bytes(32)},
    )  # fmt: skip
    for claim in claims:
        claimed = header_with(**claim)(block)
        serial = apply_block(tip, claimed, chain(fork), 1000)
        assert isinstance(serial, InvalidBlock) == bool(claim)
        for count in (1, 2, 4):
            assert apply_block_in_parallel(tip, claimed, chain(fork), 1000, count) == serial
