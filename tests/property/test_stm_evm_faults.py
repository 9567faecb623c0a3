"""Controls: each mistake that engines make in running EVM transactions side by side is noticed by the comparison.

The same blocks and schedules without a mistake show no difference, so it is the mistake that is noticed.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

import attrs
import msgspec
import pytest
from immutables import Map

from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.message import apply_transaction
from hyperion.execution.rejection import Rejected
from hyperion.execution.series import Progress, after, in_series, refused
from hyperion.execution.validate import check_place
from hyperion.parallel.evm import block as blocks
from hyperion.parallel.evm import locations, transaction
from hyperion.parallel.evm.block import EvmBlock, FallBack, evm_block, speculate
from hyperion.parallel.evm.locations import Effects, EvmLocation, InEpoch, before_block, effects_of
from hyperion.parallel.evm.transaction import Ready
from hyperion.primitives.word import Address
from hyperion.state.partial import Change, Location, Part, apply_changes, learn, value_at
from hyperion.state.world import EMPTY_ACCOUNT, World
from hyperion.vm.forks import OSAKA, SHANGHAI
from hyperion_conformance.schedules import ADVERSARIES, turns_of
from tests.support.blocks import CHILDREN, COINBASES, PLACES, SENDERS, Recipe, Setting, block_of

Patch = pytest.MonkeyPatch

CHILD: Final = PLACES.index(CHILDREN[0])
FRESH: Final = 4
COINBASE: Final = COINBASES.index(0xC014)
SENDER_TAKES: Final = COINBASES.index(SENDERS[0])


@attrs.frozen
class Case:
    """A mistake, and a block that shows it."""

    scene: Setting
    recipes: tuple[Recipe, ...]
    seed: Callable[[Patch], None]


# --- mistakes --------------------------------------------------------------------------------------------------------


def without_additions(patch: Patch) -> None:
    """The fee of the coinbase, and plain transfers, are not folded at the end."""
    patch.setattr(blocks, "apply_changes", lambda world, changes: apply_each(world, changes, credited=lambda _: 0))


def additions_saturate(patch: Patch) -> None:
    """Additions stop at a bound, as saturating arithmetic does."""
    patch.setattr(
        blocks, "apply_changes", lambda world, changes: apply_each(world, changes, credited=lambda wei: min(wei, 10**4))
    )


def apply_each(world: World, changes: Map[Address, Change], credited: Callable[[int], int]) -> World:
    """The changes with another amount added."""
    changed = {at: msgspec.structs.replace(one, credited=credited(one.credited)) for at, one in changes.items()}
    return APPLY(world, Map(changed))


APPLY: Final = apply_changes
EFFECTS: Final = effects_of
READ_FROM: Final = locations.read_from


def additions_hidden_from_readers(patch: Patch) -> None:
    """Who reads a balance does not see what was added to it: the coinbase skipped in the check of conflicts."""

    def effects(*arguments: Any) -> Effects:
        return EFFECTS(*arguments)._replace(additions=())

    patch.setattr(transaction, "effects_of", effects)


def clearing_is_no_conflict(patch: Patch) -> None:
    """A storage that is cleared is cleared for those alone who name a word that was written: nobody reads the epoch."""

    def read_from(location: Location, epochs: Map[Address, int]) -> EvmLocation:
        return READ_FROM(location, epochs.set(location.address, epochs.get(location.address, 0)))

    patch.setattr(transaction, "read_from", read_from)


def first_code_only(patch: Patch) -> None:
    """Code is written only where there was none: a second delegation is lost."""

    def account_writes(address: Address, change: Change, facts: Any) -> list[Any]:
        code = None if facts.code else change.code
        return ACCOUNT_WRITES(address, msgspec.structs.replace(change, code=code), facts)

    patch.setattr(locations, "_account_writes", account_writes)


ACCOUNT_WRITES: Final = locations._account_writes


def nonce_alone_is_not_written(patch: Patch) -> None:
    """An account whose nonce is all that changed is not written: what a creator counts up is lost."""

    def account_writes(address: Address, change: Change, facts: Any) -> list[Any]:
        return ACCOUNT_WRITES(address, msgspec.structs.replace(change, nonce=None), facts)

    patch.setattr(locations, "_account_writes", account_writes)


def gas_is_summed_twice(patch: Patch) -> None:
    """Receipts add up gas that is cumulative already."""

    def twice(progress: Progress, encoded: bytes, applied: Any) -> Progress:
        return after(progress, encoded, attrs.evolve(applied, gas_used=progress.context.gas_used + applied.gas_used))

    patch.setattr(blocks, "after", twice)


def room_is_not_asked(patch: Patch) -> None:
    """Whether the block has room is asked of each transaction alone."""
    patch.setattr(blocks, "check_place", lambda made, context: check_place(made, attrs.evolve(context, gas_used=0)))


def a_refusal_aborts_the_block(patch: Patch) -> None:
    """A transaction that is refused where it was first tried, before the ones before it, makes the block invalid."""

    def eager(transactions: tuple[bytes, ...], world: World, context: Any) -> EvmBlock:
        made = evm_block(transactions, world, context)
        verdicts = tuple(verdict_of(index, ready, world) for index, ready in enumerate(made.transactions))
        return EvmBlock(world, verdicts)

    patch.setattr(blocks, "evm_block", eager)


def verdict_of(index: int, ready: Ready | InvalidBlock, world: World) -> Ready | InvalidBlock:
    """What a transaction is taken for that is tried in the world before the block."""
    if isinstance(ready, InvalidBlock):
        return ready
    result = apply_transaction(ready.transaction, world, ready.context)
    return refused(index, result) if isinstance(result, Rejected) else ready


def nothing_becomes_something(patch: Patch) -> None:
    """Who is paid 0 wei exists from then on (EIP-161)."""

    def apply(world: World, changes: Map[Address, Change]) -> World:
        world = APPLY(world, changes)
        for address in sorted(changes):
            if changes[address].touched and address not in world.accounts:
                world = World(world.accounts.set(address, EMPTY_ACCOUNT))
        return world

    patch.setattr(blocks, "apply_changes", apply)


def what_was_before_the_block_is_not_written(patch: Patch) -> None:
    """To write what stood there before the block is taken for no write, though another was read meanwhile."""

    def effects(index: int, changes: Any, known: Any, epochs: Any) -> Effects:
        found = EFFECTS(index, changes, known, epochs)
        kept = (pair for pair in found.writes if before_block(pair[0], OPENING.world) != pair[1])
        return found._replace(writes=tuple(kept))

    patch.setattr(transaction, "effects_of", effects)


def additions_are_blind_writes(patch: Patch) -> None:
    """A credit writes the balance before the block and itself: what others added is lost to readers."""

    def effects(index: int, changes: Any, known: Any, epochs: Any) -> Effects:
        found = EFFECTS(index, changes, known, epochs)
        blind = tuple((at, 10**18 + wei) for at, wei in found.additions)
        return Effects((*found.writes, *blind), ())

    patch.setattr(transaction, "effects_of", effects)


def code_is_that_before_the_block(patch: Patch) -> None:
    """Code is taken from a cache that was filled before the block."""

    def stale(known: Any, location: Location, value: Any) -> Any:
        old = value_at(OPENING.world, location) if location.part is Part.CODE else value
        return learn(known, location, old)

    patch.setattr(transaction, "learn", stale)


OPENING: Final = Setting(OSAKA, deployed=0)


def storage_is_never_there(patch: Patch) -> None:
    """Whether an address has storage is not asked before something is created at it (EIP-7610)."""
    patch.setattr(
        transaction, "learn",
        lambda known, at, value: learn(known, at, False if at.part is Part.HAS_STORAGE else value),
    )  # fmt: skip


def clear_marker_is_a_word(patch: Patch) -> None:
    """The mark of a cleared storage is kept as word 0 of the account."""

    def effects(index: int, changes: Any, known: Any, epochs: Any) -> Effects:
        found = EFFECTS(index, changes, known, epochs)
        cleared = [at for at, change in changes.items() if change.cleared]
        marks = tuple((InEpoch(0, Location(Part.WORD, at, 0)), 1) for at in sorted(cleared))
        taken = {at for at, _ in marks}
        return found._replace(writes=(*(pair for pair in found.writes if pair[0] not in taken), *marks))

    def read_from(location: Location, epochs: Map[Address, int]) -> EvmLocation:
        return READ_FROM(location, epochs.set(location.address, 0))

    patch.setattr(transaction, "effects_of", effects)
    patch.setattr(transaction, "read_from", read_from)


# --- and the blocks that show them -----------------------------------------------------------------------------------


def several(kind: str, *places: int, tip: int = 1, amount: int = 1, who: int | None = None) -> tuple[Recipe, ...]:
    """A transaction for each place, from sender after sender unless one is named."""
    return tuple(
        Recipe(kind, index % 4 if who is None else who, place, amount, tip) for index, place in enumerate(places)
    )


PLAIN: Final = Setting(OSAKA)
OLD: Final = Setting(SHANGHAI, deployed=1)
CASES: Final = {
    "additions are not folded": Case(PLAIN, several("transfer", FRESH, FRESH), without_additions),
    "additions saturate": Case(PLAIN, several("transfer", FRESH, FRESH, tip=5), additions_saturate),
    "readers do not see additions": Case(
        Setting(OSAKA, SENDER_TAKES), (*several("transfer", FRESH, FRESH), Recipe("watch", 2, 0)),
        additions_hidden_from_readers,
    ),
    "clearing is no conflict": Case(
        OLD, (Recipe("destroy", 0, FRESH, 0), Recipe("factory", 1, 0, 0), Recipe("call", 2, CHILD, 0)),
        clearing_is_no_conflict,
    ),
    "code is written once": Case(
        PLAIN, (Recipe("delegate", 0, 1, 0), Recipe("delegate", 2, 1, 2), Recipe("call", 3, 1, 0)), first_code_only
    ),
    "a nonce alone is not written": Case(PLAIN, several("transfer", FRESH, FRESH, who=0), nonce_alone_is_not_written),
    "gas is summed twice": Case(PLAIN, several("count", 0, 0), gas_is_summed_twice),
    "room is not asked": Case(Setting(OSAKA, gas_limit=320_000), several("count", 0, 0, 0), room_is_not_asked),
    "a refusal aborts the block": Case(PLAIN, several("transfer", FRESH, FRESH, who=0), a_refusal_aborts_the_block),
    "nothing becomes something": Case(PLAIN, several("transfer", FRESH, FRESH, tip=0), nothing_becomes_something),
    "what was before the block is not written": Case(
        PLAIN, (Recipe("delegate", 0, 1, 0), Recipe("delegate", 2, 1, 1), Recipe("call", 3, 1, 0)),
        what_was_before_the_block_is_not_written,
    ),
    "additions are blind writes": Case(
        Setting(OSAKA, COINBASE), (*several("transfer", FRESH, FRESH), Recipe("watch", 2, FRESH)),
        additions_are_blind_writes,
    ),
    "code is that before the block": Case(
        PLAIN, (Recipe("factory", 0, 0, 0), Recipe("call", 1, CHILD, 0)), code_is_that_before_the_block
    ),
    "storage is never there": Case(
        Setting(OSAKA, deployed=4), (Recipe("factory", 0, 0, 2), Recipe("count", 1)), storage_is_never_there
    ),
    "the mark of clearing is a word": Case(
        OLD, (Recipe("destroy", 0, FRESH, 0), Recipe("factory", 1, 0, 0), Recipe("call", 2, CHILD, 0)),
        clear_marker_is_a_word,
    ),
}  # fmt: skip


def endings(case: Case, made: tuple[bytes, ...]) -> Iterator[Progress | InvalidBlock | FallBack]:
    """How the block ends under each adversary, in turn, and under ten random schedules."""
    scene = case.scene
    block = evm_block(made, scene.world, scene.context)
    for choice in ADVERSARIES.values():
        yield speculate(made, scene.world, scene.context, 3, turns_of(block, 3, choice, 0))
    for seed in range(10):
        rng = Random(seed)
        yield speculate(made, scene.world, scene.context, 3, tuple(rng.randrange(3) for _ in range(2_000)))


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_noticed(name: str, monkeypatch: Patch) -> None:
    case = CASES[name]
    made = block_of(list(case.recipes), case.scene)
    serial = in_series(made, case.scene.world, case.scene.context)
    assert all(ended == serial for ended in endings(case, made))
    case.seed(monkeypatch)
    assert any(ended != serial for ended in endings(case, made))
