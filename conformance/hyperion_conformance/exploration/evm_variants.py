"""Variants of how EVM transactions meet shared memory: mistakes that engines have made or could, and one that is none.

A variant replaces functions of ``EvmRules``, for a given block if it must know the block. What it breaks is seen on
blocks that conflict in the way in question.
"""

from collections.abc import Callable
from typing import Final

import attrs
import msgspec
from immutables import Map

from hyperion.execution.intrinsic import Intrinsic
from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.message import Applied, apply_transaction
from hyperion.execution.rejection import Rejected
from hyperion.execution.series import Progress, after, refused
from hyperion.execution.transaction import Transaction
from hyperion.execution.validate import Context, check_place
from hyperion.parallel.evm.block import EvmBlock
from hyperion.parallel.evm.locations import Effects, Epoch, Epochs, EvmLocation, InEpoch, before_block, effects_of
from hyperion.parallel.evm.locations import read_from as read_with_epoch
from hyperion.parallel.evm.rules import EVM_RULES, Changes, EvmRules, Known
from hyperion.parallel.evm.transaction import Ready
from hyperion.state.partial import Change, Location, Part, Value, apply_changes, learn, value_at
from hyperion.state.world import EMPTY_ACCOUNT, World


def with_rules(block: EvmBlock, rules: EvmRules) -> EvmBlock:
    """The block executed by other rules."""
    made = tuple(
        ready if isinstance(ready, InvalidBlock) else attrs.evolve(ready, rules=rules) for ready in block.transactions
    )
    return msgspec.structs.replace(block, transactions=made, rules=rules)


def always(rules: EvmRules) -> Callable[[EvmBlock], EvmBlock]:
    """These rules for any block."""
    return lambda block: with_rules(block, rules)


@attrs.frozen
class EvmVariant:
    """A change of the rules, what it is, and for a sound one why it does no harm."""

    name: str
    what: str
    varied: Callable[[EvmBlock], EvmBlock]
    """The block as it is executed by the changed rules."""
    sound: str | None = None


# --- at the commitment -----------------------------------------------------------------------------------------------


def credited_otherwise(credited: Callable[[int], int]) -> EvmRules:
    """Another amount is added where wei were credited without a look."""

    def apply(world: World, changes: Changes) -> World:
        seen = {at: msgspec.structs.replace(one, credited=credited(one.credited)) for at, one in changes.items()}
        return apply_changes(world, Map(seen))

    return EvmRules(apply_changes=apply)


def gas_summed_twice(progress: Progress, encoded: bytes, applied: Applied) -> Progress:
    """Receipts add up gas that is cumulative already."""
    return after(progress, encoded, attrs.evolve(applied, gas_used=progress.context.gas_used + applied.gas_used))


def alone_in_the_block(transaction: Transaction, context: Context) -> Intrinsic | Rejected:
    """Room is there for each transaction that fits in an empty block."""
    return check_place(transaction, attrs.evolve(context, gas_used=0))


def touched_becomes_an_account(world: World, changes: Changes) -> World:
    """Who is paid 0 wei exists from then on."""
    world = apply_changes(world, changes)
    for address in sorted(changes):
        if changes[address].touched and address not in world.accounts:
            world = World(world.accounts.set(address, EMPTY_ACCOUNT))
    return world


def refuse_at_first_sight(block: EvmBlock) -> EvmBlock:
    """A transaction that is refused in the world before the block makes the block invalid."""

    def seen(index: int, ready: Ready | InvalidBlock) -> Ready | InvalidBlock:
        if isinstance(ready, InvalidBlock):
            return ready
        result = apply_transaction(ready.transaction, block.world, ready.context)
        return refused(index, result) if isinstance(result, Rejected) else ready

    made = tuple(seen(index, ready) for index, ready in enumerate(block.transactions))
    return msgspec.structs.replace(block, transactions=made)


# --- reading ---------------------------------------------------------------------------------------------------------


def read_without_epoch(location: Location, epochs: Epochs) -> EvmLocation:
    """Words are read from the epoch in which the block began: a deletion is no conflict."""
    return read_with_epoch(location, epochs.set(location.address, 0))


def never_storage(known: Known, location: Location, value: Value) -> Known:
    """That there is storage is not believed."""
    return learn(known, location, 0 if location.part is Part.HAS_STORAGE else value)


def code_of_before(block: EvmBlock) -> EvmBlock:
    """Code is that before the block, as from a cache that is filled once."""

    def stale(known: Known, location: Location, value: Value) -> Known:
        return learn(known, location, value_at(block.world, location) if location.part is Part.CODE else value)

    return with_rules(block, EvmRules(learn=stale))


# --- writing ---------------------------------------------------------------------------------------------------------


def effects_without_additions(index: int, changes: Changes, known: Known, epochs: Epochs) -> Effects:
    """Who reads a balance does not see what was credited to it without a look."""
    return effects_of(index, changes, known, epochs)._replace(additions=())


def changed_otherwise(change: Callable[[Change, bool], Change]) -> EvmRules:
    """Another change is written; it may depend on whether the account had code."""

    def effects(index: int, changes: Changes, known: Known, epochs: Epochs) -> Effects:
        coded = {at: at in known and bool(known[at].code) for at in changes}
        return effects_of(index, Map({at: change(one, coded[at]) for at, one in changes.items()}), known, epochs)

    return EvmRules(effects_of=effects)


def first_code(change: Change, coded: bool) -> Change:
    """Code is written only where there was none."""
    return msgspec.structs.replace(change, code=None) if coded else change


def no_nonce(change: Change, coded: bool) -> Change:
    """A nonce is not written."""
    return msgspec.structs.replace(change, nonce=None)


def writes_back_lost(block: EvmBlock) -> EvmBlock:
    """To write what was there before the block is taken for no write, though another was read meanwhile."""

    def effects(index: int, changes: Changes, known: Known, epochs: Epochs) -> Effects:
        found = effects_of(index, changes, known, epochs)
        return found._replace(writes=tuple(p for p in found.writes if before_block(p[0], block.world) != p[1]))

    return with_rules(block, EvmRules(effects_of=effects))


def additions_as_writes(block: EvmBlock) -> EvmBlock:
    """A credit writes the balance before the block and itself: what others added is lost to readers."""

    def effects(index: int, changes: Changes, known: Known, epochs: Epochs) -> Effects:
        found = effects_of(index, changes, known, epochs)
        blind = tuple((at, before_block(at, block.world) + wei) for at, wei in found.additions)
        return Effects((*found.writes, *blind), ())

    return with_rules(block, EvmRules(effects_of=effects))


def clearing_as_word_zero(index: int, changes: Changes, known: Known, epochs: Epochs) -> Effects:
    """The mark of a deletion is kept where word 0 of the account is."""
    found = effects_of(index, changes, known, epochs)
    marks = {InEpoch(0, Location(Part.WORD, at.address)): 1 for at, _ in found.writes if isinstance(at, Epoch)}
    return found._replace(writes=(*(pair for pair in found.writes if pair[0] not in marks), *marks.items()))


def effects_with_what_was_read(index: int, changes: Changes, known: Known, epochs: Epochs) -> Effects:
    """What is written as it was read is written too."""
    return effects_of(index, changes, Map(), epochs)


# --- all -------------------------------------------------------------------------------------------------------------

EVM_VARIANTS: Final = {
    variant.name: variant
    for variant in (
        EvmVariant("credits-not-folded", "what was credited without a look is not added at the end",
                   always(credited_otherwise(lambda _: 0))),
        EvmVariant("credits-saturate", "credits without a look stop at a bound",
                   always(credited_otherwise(lambda wei: min(wei, 10_000)))),
        EvmVariant("credits-unseen", "who reads a balance does not see what was credited without a look",
                   always(EvmRules(effects_of=effects_without_additions))),
        EvmVariant("credits-as-writes", "a credit writes the balance before the block and itself", additions_as_writes),
        EvmVariant("touch-creates", "who is paid 0 wei exists from then on",
                   always(EvmRules(apply_changes=touched_becomes_an_account))),
        EvmVariant("gas-summed-twice", "receipts add up gas that is cumulative already",
                   always(EvmRules(after=gas_summed_twice))),
        EvmVariant("room-not-asked", "whether the block has room is asked of each transaction alone",
                   always(EvmRules(check_place=alone_in_the_block))),
        EvmVariant("refused-at-first-sight", "a refusal before the transactions before it are executed stays",
                   refuse_at_first_sight),
        EvmVariant("deletion-no-conflict", "who reads a word does not read whether the storage was cleared",
                   always(EvmRules(read_from=read_without_epoch))),
        EvmVariant("deletion-as-word", "the mark of a deletion is kept where word 0 of the account is",
                   always(EvmRules(read_from=read_without_epoch, effects_of=clearing_as_word_zero))),
        EvmVariant("storage-not-asked", "whether an address has storage is not asked before a creation",
                   always(EvmRules(learn=never_storage))),
        EvmVariant("code-of-before", "code is that before the block", code_of_before),
        EvmVariant("code-written-once", "code is written only where there was none",
                   always(changed_otherwise(first_code))),
        EvmVariant("nonce-not-written", "the nonce is not written", always(changed_otherwise(no_nonce))),
        EvmVariant("write-back-lost", "to write what was there before the block is taken for no write",
                   writes_back_lost),
        EvmVariant("write-what-was-read", "what is written as it was read is written too",
                   always(EvmRules(effects_of=effects_with_what_was_read)),
                   "a reader gets the same value from this transaction as from the one before it that it got it from"),
    )
}  # fmt: skip
"""By name. ``sound`` tells those apart that must not be noticed."""
UNVARIED: Final = EvmVariant("none", "nothing is changed", always(EVM_RULES), "it is the model")
