"""Hot storage: words of storage that are kept beside the world, read there first, and written there or to both.

The world that counts is ``visible``: the backing world, and over it what has been written and not yet put there. Every
function here says what it does to that world; which lines are kept is nobody's business.
"""

import attrs
from pyrsistent import PVector, pvector

from hyperion.primitives.word import Address, Word
from hyperion.rules import rule
from hyperion.state.world import World
from hyperion.vm.caching.cache import Cache, emptied, find, keep, without
from hyperion.vm.machine import Slot


@attrs.frozen
class Line:
    """A word of storage; ``dirty`` if the backing world does not have it yet. A word of 0 is a word like any other."""

    word: Word
    dirty: bool


@attrs.frozen
class HotStorage:
    """The backing world, lines over it, and for each open frame the slots that it wrote, innermost last."""

    world: World
    lines: Cache[Slot, Line]
    writes_back: bool = False
    """Whether a write reaches the backing world only when its line is evicted or flushed."""
    written: tuple[PVector[Slot], ...] = ()


@rule("VM-cache-coherent", "A line that is not dirty holds the word that the backing world has in its slot.")
def is_coherent(hot: HotStorage) -> bool:
    """Whether all lines are so: the invariant of everything here."""
    return all(line.dirty or hot.world.storage(*slot) == line.word for slot, line in hot.lines.entries.items())


@rule("VM-cache-read", "A read gives the word of the visible world, and changes nothing of that world.")
def read(hot: HotStorage, slot: Slot) -> tuple[Word, HotStorage]:
    """The word in the slot: the line's, if there is one, else the backing world's, which then has a line."""
    line, lines = find(hot.lines, slot)
    if line is not None:
        return line.word, attrs.evolve(hot, lines=lines)
    word = hot.world.storage(*slot)
    return word, with_line(hot, slot, Line(word, dirty=False))


@rule("VM-cache-write", "A write changes the word of its slot in the visible world, and no other.")
def write(hot: HotStorage, slot: Slot, word: Word) -> HotStorage:
    """The storage with the word in the slot, within an open frame, in whose journal it is noted."""
    written = (*hot.written[:-1], hot.written[-1].append(slot))
    world = hot.world if hot.writes_back else hot.world.with_storage(*slot, word)
    return with_line(attrs.evolve(hot, world=world, written=written), slot, Line(word, hot.writes_back))


@rule("VM-cache-eviction", "What is evicted is put into the backing world first, if that does not have it yet.")
def with_line(hot: HotStorage, slot: Slot, line: Line) -> HotStorage:
    """The storage with another line; the one that has to go for it is written back."""
    lines, evicted = keep(hot.lines, slot, line)
    hot = attrs.evolve(hot, lines=lines)
    return hot if evicted is None else written_back(hot, *evicted)


def written_back(hot: HotStorage, slot: Slot, line: Line) -> HotStorage:
    """The storage whose backing world has what was in a dirty line; 0 removes the key, as everywhere."""
    return attrs.evolve(hot, world=hot.world.with_storage(*slot, line.word)) if line.dirty else hot


def cleaned(hot: HotStorage, slot: Slot) -> HotStorage:
    """The storage in which the line of the slot, which must be there, is not dirty; the visible world stays."""
    line = hot.lines.entries[slot]
    lines = attrs.evolve(hot.lines, entries=hot.lines.entries.set(slot, Line(line.word, dirty=False)))
    return written_back(attrs.evolve(hot, lines=lines), slot, line)


def flushed(hot: HotStorage) -> HotStorage:
    """The storage without a dirty line: its backing world is the visible one."""
    for slot in hot.lines.order:
        if hot.lines.entries[slot].dirty:
            hot = cleaned(hot, slot)
    return hot


def visible(hot: HotStorage) -> World:
    """The world that this storage stands for."""
    return flushed(hot).world


# --- frames and transactions ------------------------------------------------------------------------------------------


def enter_frame(hot: HotStorage) -> HotStorage:
    """The storage with one more open frame. It must be flushed: a frame that fails goes back to the backing world."""
    return attrs.evolve(hot, written=(*hot.written, pvector()))


@rule("VM-cache-revert", "When a frame fails, the lines of all slots that it or its callees wrote are forgotten.")
def leave_frame(hot: HotStorage, world: World, success: bool) -> HotStorage:
    """The flushed storage after its innermost frame ended and the world is ``world``: its own, or the caller's again.

    Lines that the frame only read stay: in those slots both worlds agree. What a successful frame wrote counts as
    written by its caller.
    """
    *outer, inner = hot.written
    if success and outer:
        outer[-1] = outer[-1].extend(inner)
    hot = attrs.evolve(hot, world=world, written=tuple(outer))
    return hot if success else forget(hot, inner)


def forget(hot: HotStorage, slots: PVector[Slot]) -> HotStorage:
    """The storage without lines for the slots, whatever is in them."""
    lines = hot.lines
    for slot in slots:
        lines = without(lines, slot)
    return attrs.evolve(hot, lines=lines)


@rule("VM-cache-discard", "When a speculative run is discarded, all that its frames wrote is forgotten.")
def discarded(hot: HotStorage, world: World) -> HotStorage:
    """The storage as if its open frames had not run, over the world from before them."""
    hot = flushed(hot)
    while hot.written:
        hot = leave_frame(hot, world, success=False)
    return hot


@rule("VM-cache-destroyed", "When an account is destroyed, all its lines are forgotten: it may be created again.")
def forget_account(hot: HotStorage, address: Address) -> HotStorage:
    """The flushed storage without the account's lines."""
    return forget(hot, pvector(slot for slot in hot.lines.order if slot[0] == address))


def next_transaction(hot: HotStorage, world: World, destroyed: tuple[Address, ...], per_block: bool) -> HotStorage:
    """The storage for the next transaction, over the world after the last one, in which accounts were destroyed.

    Lines live on if the cache is the block's; one of a transaction begins anew.
    """
    if not per_block:
        return attrs.evolve(hot, world=world, lines=emptied(hot.lines), written=())
    hot = attrs.evolve(hot, world=world)
    for address in destroyed:
        hot = forget_account(hot, address)
    return hot
