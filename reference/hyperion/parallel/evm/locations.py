"""Locations: what of the world is read and written as a whole.

Nonce, balance and code of an account, and each word of its storage, are locations of their own: a transfer conflicts
with neither a call of the recipient nor a look at its nonce. A whole storage goes at once when its account is deleted,
the words that nobody has named in this block included. So words are kept by *epoch*: an account's epoch is 0 at the
start of the block, and a deletion begins a new one, in which every word is 0 until it is written. Whoever asks for a
word has read the epoch, so a deletion before it is a conflict like any other.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from immutables import Map

from hyperion.parallel.program import Value
from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.state.partial import NO_FACTS, Change, Facts, Location, Part, value_at
from hyperion.state.world import World


class Epoch(NamedTuple):
    """How often, as it were, the storage of an account was cleared: 0, or 1 and the index of who did it last."""

    address: Address


class InEpoch(NamedTuple):
    """A word of an account's storage, or whether there is any, as of an epoch."""

    epoch: int
    location: Location


EvmLocation: TypeAlias = Location | Epoch | InEpoch

Epochs: TypeAlias = Map[Address, int]
"""The epochs that a transaction has read."""


@rule("STM-evm-locations", "Nonce, balance, code, each word and the epoch of an account are locations of their own.")
@rule("STM-evm-epoch", "A word is read and written in the epoch of its account; a new epoch begins with all words 0.")
def read_from(location: Location, epochs: Epochs) -> EvmLocation:
    """Where the part of the world at ``location`` is read: for what is of the storage, first the epoch."""
    if location.part not in (Part.WORD, Part.HAS_STORAGE):
        return location
    epoch = epochs.get(location.address)
    return Epoch(location.address) if epoch is None else InEpoch(epoch, location)


def before_block(location: EvmLocation, world: World) -> Value:
    """What is at ``location`` before the transactions of a block that begin in ``world``.

    Whether there is storage is asked of accounts without code and nonce alone (EIP-7610). Such an account can't have
    been written to since its epoch began: that takes code, and to be without it again takes a deletion, or an
    authorisation, which leaves a nonce. So only the world before the block has to be asked.
    """
    if isinstance(location, Epoch):
        return 0
    if isinstance(location, InEpoch):
        return value_at(world, location.location) if location.epoch == 0 else 0
    return value_at(world, location)


class Effects(NamedTuple):
    """What a transaction does to locations: values that it writes, and wei that it adds without having read."""

    writes: tuple[tuple[EvmLocation, Value], ...]
    additions: tuple[tuple[EvmLocation, int], ...]


@rule("STM-evm-additions", "Wei credited to an account whose balance was not read is an addition, not a write.")
def effects_of(index: int, changes: Map[Address, Change], known: Map[Address, Facts], epochs: Epochs) -> Effects:
    """The effects of the transaction at ``index``, which has read ``known`` and ``epochs``, and makes ``changes``.

    To write what was read is no write: whoever reads the location after it gets the same from the writer before.
    """
    writes: list[tuple[EvmLocation, Value]] = []
    additions: list[tuple[EvmLocation, int]] = []
    for address in sorted(changes):
        change, facts = changes[address], known.get(address, NO_FACTS)
        writes += _account_writes(address, change, facts)
        writes += _storage_writes(index, address, change, facts, epochs)
        if change.balance is None and change.credited:
            additions.append((Location(Part.BALANCE, address), change.credited))
    return Effects(tuple(writes), tuple(additions))


def _account_writes(address: Address, change: Change, facts: Facts) -> list[tuple[EvmLocation, Value]]:
    pairs = (
        (Part.NONCE, change.nonce, facts.nonce),
        (Part.BALANCE, change.balance, facts.balance),
        (Part.CODE, change.code, facts.code),
    )
    return [(Location(part, address), new) for part, new, old in pairs if new is not None and new != old]


def _storage_writes(
    index: int, address: Address, change: Change, facts: Facts, epochs: Epochs
) -> list[tuple[EvmLocation, Value]]:
    """Who writes a word has read it, since its price depends on it: so the epoch is known, or is the writer's own."""
    writes: list[tuple[EvmLocation, Value]] = []
    epoch = epochs.get(address, 0)
    if change.cleared:
        epoch = index + 1
        writes.append((Epoch(address), epoch))
    for key in sorted(change.stored):
        word = change.stored[key]
        if word != (0 if change.cleared else facts.stored.get(key)):
            writes.append((InEpoch(epoch, Location(Part.WORD, address, key)), word))
    return writes
