"""A cache as a value: some entries, how many there may be, and which one has to go.

Nothing of a cache is remembered anywhere else, so what holds of every value of this type holds of every cache that a
client could build: of any size, and whatever it throws out.
"""

from typing import Final, Generic, TypeVar

import attrs
from immutables import Map
from pyrsistent import PVector, pvector

K = TypeVar("K")
V = TypeVar("V")


@attrs.frozen
class Eviction:
    """Which key goes when there is one too many: the ``choices`` in turn, as positions in the order of the keys."""

    renews: bool
    """Whether a key that is found moves to the end of the order; else the order is that of arrival."""
    choices: tuple[int, ...] = (0,)
    """At least one; any integer, taken modulo the number of keys. 0 is the first in the order."""

    def victim(self, order: PVector[K], evicted: int) -> K:
        """The key to go from an order that is not empty, after so many went before."""
        return order[self.choices[evicted % len(self.choices)] % len(order)]


LRU: Final = Eviction(renews=True)
"""Whoever was not used for the longest time."""
FIFO: Final = Eviction(renews=False)
"""Whoever came first."""


@attrs.frozen
class Cache(Generic[K, V]):
    """Entries and their order, the next to go first for LRU and FIFO. ``capacity`` None holds any number of entries."""

    capacity: int | None
    eviction: Eviction = LRU
    entries: Map[K, V] = attrs.field(factory=Map)
    order: PVector[K] = attrs.field(factory=pvector)
    evicted: int = 0
    """How many entries had to go so far."""


def find(cache: Cache[K, V], key: K) -> tuple[V | None, Cache[K, V]]:
    """What is kept under the key, None if nothing is; and the cache that knows of this use."""
    value = cache.entries.get(key)
    if value is None or not cache.eviction.renews:
        return value, cache
    return value, attrs.evolve(cache, order=cache.order.remove(key).append(key))


def keep(cache: Cache[K, V], key: K, value: V) -> tuple[Cache[K, V], tuple[K, V] | None]:
    """The cache with the value under the key; and the entry that had to go for it, which may be that very one."""
    order = cache.order if key in cache.entries else cache.order.append(key)
    larger = attrs.evolve(cache, entries=cache.entries.set(key, value), order=order)
    if larger.capacity is None or len(larger.entries) <= larger.capacity:
        return larger, None
    return evict(larger)


def evict(cache: Cache[K, V]) -> tuple[Cache[K, V], tuple[K, V]]:
    """A cache that is not empty without the entry that its eviction picks; and that entry."""
    key = cache.eviction.victim(cache.order, cache.evicted)
    value = cache.entries[key]
    return attrs.evolve(without(cache, key), evicted=cache.evicted + 1), (key, value)


def without(cache: Cache[K, V], key: K) -> Cache[K, V]:
    """The cache in which nothing is kept under the key."""
    if key not in cache.entries:
        return cache
    return attrs.evolve(cache, entries=cache.entries.delete(key), order=cache.order.remove(key))


def emptied(cache: Cache[K, V]) -> Cache[K, V]:
    """The cache without entries."""
    return attrs.evolve(cache, entries=Map(), order=pvector())
