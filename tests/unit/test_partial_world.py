"""Partial worlds: what is asked for is answered as the full world would answer it, and changes give the world after."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from immutables import Map

from hyperion.parallel.evm.transaction import with_known
from hyperion.primitives.word import Address
from hyperion.state.commitment import state_root
from hyperion.state.partial import (
    Change,
    Facts,
    Location,
    Part,
    PartialAccount,
    PartialWorld,
    Unknown,
    apply_changes,
    learn,
    value_at,
)
from hyperion.state.world import EMPTY_WORLD, Account, World
from hyperion.vm.machine import Machine
from hyperion.vm.step import run, step
from tests.property.staging_programs import machine_of, program_of

A, B, C = 0xA, 0xB, 0xC

# --- the interface ---------------------------------------------------------------------------------------------------


def asked(question: Callable[[], object]) -> Location:
    """What the question needs to know."""
    with pytest.raises(Unknown) as unknown:
        question()
    return unknown.value.location


def test_a_question_names_what_it_needs() -> None:
    world = PartialWorld()
    account = world.account(A)
    assert asked(lambda: account.nonce) == (Part.NONCE, A, 0)
    assert asked(lambda: account.balance) == (Part.BALANCE, A, 0)
    assert asked(lambda: account.code) == (Part.CODE, A, 0)
    assert asked(account.is_empty) == (Part.NONCE, A, 0)
    assert asked(account.is_taken) == (Part.NONCE, A, 0)
    assert asked(lambda: account.storage) == (Part.STORAGE, A, 0)
    assert asked(lambda: world.storage(A, 7)) == (Part.WORD, A, 7)
    assert asked(lambda: world.transfer(A, B, 1)) == (Part.BALANCE, A, 0)
    assert asked(lambda: state_root(world)) == (Part.STATE, 0, 0)
    assert str(Unknown(Location(Part.WORD, A, 7))) == "WORD 0x000000000000000000000000000000000000000a 0x7"


def test_what_is_not_one_fact_can_not_be_learnt() -> None:
    for part in (Part.STORAGE, Part.STATE):
        with pytest.raises(Unknown):
            learn(Map(), Location(part, A), 0)
        with pytest.raises(Unknown):
            value_at(EMPTY_WORLD, Location(part, A))


def test_a_credit_does_not_ask_for_the_balance() -> None:
    world = PartialWorld().credit(A, 5).credit(A, 0).credit(B, 0).credit(B, 2)
    assert isinstance(world, PartialWorld)
    assert world.changes == Map({A: Change(credited=5), B: Change(touched=True, credited=2)})
    assert not world.account(A).is_empty()
    knowing = world.knowing(Map({A: Facts(balance=10)}))
    assert knowing.account(A).balance == 15
    assert isinstance(spent := knowing.credit(A, -14), PartialWorld)
    assert spent.changes[A] == Change(balance=1)


def test_known_absence_is_knowledge() -> None:
    absent = Facts(0, 0, b"", False, Map({3: 0}))
    world = PartialWorld(known=Map({A: absent}))
    assert world.account(A).is_empty() and not world.account(A).is_taken() and world.storage(A, 3) == 0
    created = world.with_account(A, world.account(A).with_nonce(1).with_code(b"\1")).with_storage(A, 3, 4)
    assert (created.account(A).code, created.storage(A, 3)) == (b"\1", 4)
    gone = created.without(A)
    assert gone.storage(A, 3) == gone.storage(A, 4) == 0 and not gone.account(A).is_taken()


@pytest.mark.rule("STATE-changes")
def test_zero_wei_remove_an_empty_account_before_a_later_credit() -> None:
    """Storage of an account that is empty otherwise: only a world that was not made by transactions has it."""
    odd = World(Map({A: Account(0, 0, b"", Map({1: 2}))}))
    for amounts, left in (((0,), 0), ((0, 3), 0), ((3, 0), 2), ((3,), 2)):
        full: World = odd
        world: World = PARTIAL
        for amount in amounts:
            full, world = full.credit(A, amount), world.credit(A, amount)
        assert isinstance(world, PartialWorld)
        assert apply_changes(odd, world.changes) == full
        assert answered(world, odd, lambda world: world.storage(A, 1)) == full.storage(A, 1) == left
        assert answered(world, odd, lambda world: world.account(A).balance) == full.account(A).balance


# --- against the full world ------------------------------------------------------------------------------------------


def answered(world: World, source: World, question: Callable[[World], Any]) -> Any:
    """The answer of the partial ``world``, which learns from ``source`` what it lacks. Asking twice is an error."""
    assert isinstance(world, PartialWorld)
    learnt: set[Location] = set()
    while True:
        try:
            return question(world)
        except Unknown as unknown:
            assert unknown.location not in learnt
            learnt.add(unknown.location)
            world = world.knowing(learn(world.known, unknown.location, value_at(source, unknown.location)))


Act = Callable[[World], World]
Question = Callable[[World], Any]
PARTIAL: Final = PartialWorld()
addresses = st.sampled_from((A, B, C))
keys = st.integers(0, 2)


def act_of(name: str, one: Address, other: Address, key: int, number: int) -> Act:
    """A change of a world; those that need wei take no more than there are."""
    acts: dict[str, Act] = {
        "credit": lambda world: world.credit(one, number),
        "touch": lambda world: world.credit(one, 0),
        "transfer": lambda world: world.transfer(one, other, min(number, world.account(one).balance)),
        "nonce": lambda world: world.increment_nonce(one),
        "code": lambda world: world.with_account(one, world.account(one).with_code(bytes(number))),
        "store": lambda world: world.with_storage(one, key, number) if world.account(one).code else world,
        "without": lambda world: world.without(one),
        "replace": lambda world: world.with_account(one, Account(number, key, b"\1" * key, Map({key: 9}))),
        "create": lambda world: world if world.account(one).is_taken() else world.with_account(
            one, world.account(one).with_nonce(1)
        ),
        "drain": lambda world: world.credit(one, -world.account(one).balance),
    }  # fmt: skip
    return acts[name]


names = st.sampled_from(
    ("credit", "touch", "transfer", "nonce", "code", "store", "store", "without", "replace", "create", "drain")
)
acts = st.builds(act_of, names, addresses, addresses, keys, st.integers(0, 3))
accounts = st.builds(
    Account, st.integers(0, 1), st.integers(0, 2), st.sampled_from((b"", b"\1")),
    st.dictionaries(keys, st.integers(1, 3), max_size=2).map(Map),
)  # fmt: skip
worlds = st.dictionaries(addresses, accounts, max_size=3).map(Map).map(World)


def questions() -> list[Question]:
    """All that an execution can ask."""
    asks: list[Question] = []
    for address in (A, B, C):
        asks += [partial(lambda world, at: world.account(at).nonce, at=address)]
        asks += [partial(lambda world, at: world.account(at).balance, at=address)]
        asks += [partial(lambda world, at: world.account(at).code, at=address)]
        asks += [partial(lambda world, at: world.account(at).is_empty(), at=address)]
        asks += [partial(lambda world, at: world.account(at).is_taken(), at=address)]
        asks += [partial(lambda world, at, key: world.storage(at, key), at=address, key=key) for key in range(3)]
    return asks


def learning(world: World, source: World, act: Act) -> World:
    """The partial ``world`` after ``act``."""
    after = answered(world, source, act)
    assert isinstance(after, World)
    return after


def compare(source: World, made: list[Act], world: World = PARTIAL) -> None:
    """The acts on the partial ``world``, which learns from ``source``, and on the full one: same answers, same end.

    Raises ``Unknown`` where only the whole storage could tell, since the last word of it may have been removed.
    """
    full = source
    for act in made:
        full, world = act(full), learning(world, source, act)
    assert isinstance(world, PartialWorld)
    assert apply_changes(source, world.changes) == full
    for question in questions():
        assert answered(world, source, question) == question(full)


@pytest.mark.rule("STATE-changes")
@given(worlds, st.lists(acts, max_size=8))
@settings(max_examples=400)
def test_acts_on_a_partial_world_are_acts_on_the_full_one(source: World, made: list[Act]) -> None:
    """400 examples of up to eight acts, untidy worlds (empty accounts that exist, with storage) among the sources."""
    try:
        compare(source, made)
    except Unknown as unknown:
        assert unknown.location.part is Part.STORAGE


# --- machines --------------------------------------------------------------------------------------------------------


def run_learning(machine: Machine, source: World) -> tuple[Machine, Map[Address, Facts]]:
    """The halted machine whose world knew nothing at the start, and what it came to know: each step taken once."""
    known: Map[Address, Facts] = Map()
    while not machine.halted:
        try:
            machine = step(machine)
        except Unknown as unknown:
            known = learn(known, unknown.location, value_at(source, unknown.location))
            machine = with_known(machine, known)
    return machine, known


WORLDS: Final = ("world", "environment")


def test_machines_with_a_partial_world_do_what_they_do_with_a_full_one() -> None:
    """150 random programs. What the execution asked for is a small part of the world."""
    for seed in range(150):
        rng = Random(f"partial/{seed}")
        machine = machine_of(rng, program_of(rng))
        source = machine.world
        machine = msgspec.structs.replace(
            machine, environment=msgspec.structs.replace(machine.environment, initial_world=source)
        )
        full = run(machine)
        halted, _ = run_learning(with_known(msgspec.structs.replace(machine, world=PARTIAL), Map()), source)
        for field in Machine.__struct_fields__:
            assert field in WORLDS or getattr(halted, field) == getattr(full, field), (seed, field)
        assert isinstance(halted.world, PartialWorld)
        assert apply_changes(source, halted.world.changes) == full.world


# --- controls: each seeded fault is noticed --------------------------------------------------------------------------


class Faulty(PartialWorld, frozen=True, gc=False):
    """Stays of its own kind over changes."""

    def knowing(self, known: Map[Address, Facts]) -> "Faulty":
        return type(self)(known=known, changes=self.changes)

    def _changed(self, address: Address, change: Change) -> "Faulty":
        return type(self)(known=self.known, changes=self.changes.set(address, change))


class ClearForgotten(Faulty, frozen=True, gc=False):
    """An account that is removed keeps its storage."""

    def without(self, address: Address) -> World:
        return self._changed(address, Change(0, 0, b""))


class TouchForgotten(Faulty, frozen=True, gc=False):
    """Zero wei leave an empty account."""

    def credit(self, address: Address, amount: int) -> World:
        return self if amount == 0 else super(Faulty, self).credit(address, amount)


class CreditForgotten(Faulty, frozen=True, gc=False):
    """A later blind credit takes the place of an earlier one."""

    def credit(self, address: Address, amount: int) -> World:
        if amount < 0 or address in self.known:
            return super(Faulty, self).credit(address, amount)
        return self._changed(address, Change(credited=amount))


class EmptyKept(Faulty, frozen=True, gc=False):
    """An account that becomes empty stays, with its storage."""

    def with_account(self, address: Address, account: Account) -> World:
        if isinstance(account, PartialAccount):
            return self._changed(address, account.change)
        return super(Faulty, self).with_account(address, account)


@pytest.mark.parametrize("fault", [ClearForgotten, TouchForgotten, CreditForgotten, EmptyKept])
def test_a_seeded_fault_is_noticed(fault: type[Faulty]) -> None:
    @given(worlds, st.lists(acts, max_size=8))
    @settings(max_examples=400, phases=[Phase.generate], report_multiple_bugs=False)
    def compared(source: World, made: list[Act]) -> None:
        try:
            compare(source, made, fault())
        except Unknown as unknown:
            assert unknown.location.part is Part.STORAGE

    with pytest.raises(AssertionError):
        compared()
