"""Caches of which nothing is known but that they are coherent: stand-ins for a cache's entries, order and eviction.

The functions are the model's. A cache holds any lines, may hold any number of them, and throws out whichever it likes;
what is claimed of one slot of which nothing is known is claimed of all of them.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from hyperion.state.world import World
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.opaque import length_of
from hyperion.symbolic.proxies import all_of, any_of, implies, negation, where
from hyperion.vm.caching import cache as caches
from hyperion.vm.caching.cache import Cache
from hyperion.vm.caching.storage import HotStorage, Line
from hyperion.vm.machine import Slot
from hyperion_proofs.machines import MAX_ADDRESS, MAX_WORD, UnknownAccounts, machine_ideals
from hyperion_proofs.statement import Given, word
from hyperion_proofs.theorem import Assumption

COUNTING: Final = Assumption(
    "A-count", "How many lines a cache has is any number each time it is asked: capacities are met at any moment."
)


def any_slot(given: Given, name: str) -> Slot:
    """A slot of which nothing is known."""
    return given.integer(f"{name} address", 0, MAX_ADDRESS), word(given, f"{name} key")


def same(a: Slot, b: Slot) -> bool:
    """Whether two slots are one, without a branch."""
    return bool_of(all_of(a[0] == b[0], a[1] == b[1]))


def bool_of(value: Any) -> bool:
    """A truth value that may be unknown, typed as what it stands for."""
    return value  # type: ignore[no-any-return]


def word_before(given: Given, slot: Slot) -> int:
    """The word that the backing world has in the slot before anything is done, without a branch."""
    there = given.result("world exists", (slot[0],), 0, 1)
    return where(there == 1, given.result("world storage", slot, 0, MAX_WORD), 0)


def line_before(given: Given, slot: Slot) -> tuple[bool, int, bool]:
    """Whether there is a line before anything is done, its word, and whether it is dirty; it is coherent."""
    there, content = given.result("line", slot, 0, 1), given.result("line's word", slot, 0, MAX_WORD)
    dirty = given.result("line is dirty", slot, 0, 1)
    given.assume(implies(all_of(there == 1, dirty == 0), content == word_before(given, slot)))
    return there == 1, content, dirty == 1


@attrs.frozen(eq=False)
class UnknownLines:
    """Lines by slot: some were there before, and what was done to them since, newest last."""

    given: Given
    changes: tuple[tuple[Slot, Line | None], ...] = ()

    def look(self, slot: Slot) -> tuple[bool, int, bool]:
        """Whether there is a line, its word, and whether it is dirty, without a branch."""
        there, content, dirty = line_before(self.given, slot)
        for changed, line in self.changes:
            here = same(changed, slot)
            there = where(here, line is not None, there)
            if line is not None:
                content, dirty = where(here, line.word, content), where(here, line.dirty, dirty)
        return there, content, dirty

    def get(self, slot: Slot, default: Line | None = None) -> Line | None:
        """The line, if there is one: a branch."""
        there, content, dirty = self.look(slot)
        return Line(content, dirty) if there else default

    def __getitem__(self, slot: Slot) -> Line:
        there, content, dirty = self.look(slot)
        self.given.claim("the line is there", there)
        return Line(content, dirty)

    def __contains__(self, slot: Slot) -> bool:
        return bool(self.look(slot)[0])

    def set(self, slot: Slot, line: Line) -> UnknownLines:
        """With another line."""
        return attrs.evolve(self, changes=(*self.changes, (slot, line)))

    def delete(self, slot: Slot) -> UnknownLines:
        """Without the line."""
        return attrs.evolve(self, changes=(*self.changes, (slot, None)))

    @property
    def length(self) -> int:
        """Any number."""
        return self.given.integer(self.given.fresh("lines"), 0)


@attrs.frozen(eq=False)
class UnknownOrder:
    """The keys in some order: which keys is known of each, their places are not."""

    given: Given
    changes: tuple[tuple[Slot, bool], ...] = ()

    def holds(self, slot: Slot) -> bool:
        """Whether the key is among them, without a branch."""
        there = line_before(self.given, slot)[0]
        for changed, added in self.changes:
            there = where(same(changed, slot), added, there)
        return there

    def append(self, slot: Slot) -> UnknownOrder:
        """With one more."""
        self.given.claim("no key is there twice", negation(self.holds(slot)))
        return attrs.evolve(self, changes=(*self.changes, (slot, True)))

    def remove(self, slot: Slot) -> UnknownOrder:
        """Without one that is there."""
        self.given.claim("the key is there", self.holds(slot))
        return attrs.evolve(self, changes=(*self.changes, (slot, False)))


@attrs.frozen(eq=False)
class AnyEviction:
    """Any choice of the key that goes, among those that are there."""

    given: Given
    renews: bool

    def victim(self, order: UnknownOrder, evicted: int) -> Slot:
        """Some key."""
        chosen = any_slot(self.given, self.given.fresh("victim"))
        self.given.assume(order.holds(chosen))
        return chosen


def any_hot_storage(given: Given, writes_back: bool) -> HotStorage:
    """Any coherent hot storage over any world, with one open frame."""
    accounts: Any = UnknownAccounts(given, "world")
    entries: Any = UnknownLines(given)
    order: Any = UnknownOrder(given)
    eviction: Any = AnyEviction(given, given.truth("renews"))
    lines: Cache[Slot, Line] = Cache(given.integer("capacity", 0), eviction, entries, order)
    journal: Any = UnknownJournal()
    return HotStorage(World(accounts), lines, writes_back, (journal,))


@attrs.frozen(eq=False)
class UnknownJournal:
    """What a frame has written: something, and what was added."""

    added: tuple[Slot, ...] = ()

    def append(self, slot: Slot) -> UnknownJournal:
        """One more."""
        return UnknownJournal((*self.added, slot))


def visible_word(hot: HotStorage, slot: Slot) -> int:
    """The word of the visible world: a dirty line's, else the backing world's."""
    there, content, dirty = look(hot, slot)
    return where(all_of(there, dirty), content, hot.world.storage(slot[0], slot[1]))


def claim_sound(given: Given, hot: HotStorage, slot: Slot) -> int:
    """The line of the slot, if there is one, is coherent, and its key is in the order exactly then.

    Gives the word of the visible world: a dirty line's, else the backing world's.
    """
    there, content, dirty = look(hot, slot)
    order: Any = hot.lines.order
    backing = hot.world.storage(slot[0], slot[1])
    given.claim("coherent", any_of(negation(there), dirty, content == backing))
    given.claim("keys are those of the lines", there == order.holds(slot))
    return where(all_of(there, dirty), content, backing)


def look(hot: HotStorage, slot: Slot) -> tuple[bool, int, bool]:
    """Whether there is a line in the slot, its word, and whether it is dirty."""
    lines: Any = hot.lines.entries
    return lines.look(slot)  # type: ignore[no-any-return]


def cached(given: Given) -> Idealized:
    """``len`` of lines is any number, accounts are as in the theorems about the machine."""
    return Idealized((*machine_ideals(given), Ideal(caches, "len", length_of, COUNTING.id)))
