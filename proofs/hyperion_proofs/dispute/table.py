"""Stand-ins for records and maps of which nothing is known: what is read is decided when it is read, not before.

A map with any number of members is a function for each field, and what was written since. Reading at an unknown key
compares it with the keys written, the last first, and else gives what the functions say; so one run speaks of maps of
every size. What holds of all members is assumed of those that are touched.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from hyperion.symbolic.proxies import where
from hyperion_proofs.statement import Given

ABSENT: Final = "absent"
HAS: Final = "has"


@attrs.frozen(eq=False)
class Record:
    """A record of a kind with unknown fields; its properties are those of the kind. ``read`` may branch."""

    kind: type
    read: Callable[[str], Any]
    raw: Callable[[str], Any]
    """A field as a number or a truth value, without a branch."""
    changed: Mapping[str, Any] = attrs.field(factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name in self.changed:
            return self.changed[name]
        found = vars(self.kind).get(name)
        if isinstance(found, property) and found.fget is not None:
            return found.fget(self)
        return self.read(name)


def evolve(record: Any, **changes: Any) -> Any:
    """As of ``attrs``, also of a record with unknown fields."""
    if type(record) is Record:
        return Record(record.kind, record.read, record.raw, {**record.changed, **changes})
    return attrs.evolve(record, **changes)


@attrs.frozen
class Attrs:
    """What the name ``attrs`` is to mean where records may have unknown fields."""

    evolve: Callable[..., Any] = evolve


@attrs.frozen(eq=False)
class Shape:
    """A kind of record. A field is a truth value, or an integer from a bound up."""

    name: str
    fields: Mapping[str, bool | int | None]
    """True for a truth value, else the least integer, or None for any."""
    kind: type | None
    """None: the members are integers, with one field."""
    optional: Mapping[str, str] = attrs.field(factory=dict)
    """Fields that may be None, and the truth value that says that they are not; this is no field of the record."""

    def take(self, record: Any, field: str) -> Any:
        """The field of a record that was written, without a branch; 0 for None."""
        if self.kind is None:
            return record
        changed = record.changed if type(record) is Record else None
        for name, flag in self.optional.items():
            if flag == field and (changed is None or name in changed):
                return getattr(record, name) is not None
        if changed is not None and field not in changed:
            return record.raw(field)
        found = getattr(record, field)
        return 0 if found is None else found


@attrs.frozen(eq=False)
class Table:
    """A map from unknown keys; as of ``immutables.Map``, of which the model reads and writes."""

    given: Given
    shape: Shape
    touched: Callable[[Any], None]
    writes: tuple[tuple[Any, Any], ...] = ()

    def raw(self, key: Any, field: str) -> Any:
        """The field of the member at the key before anything was written."""
        kind = True if field == HAS else self.shape.fields[field]
        name = f"{self.shape.name}: {field}"
        if kind is True:
            return self.given.result(name, (key,), 0, 1) == 1
        return self.given.result(name, (key,), None if kind is None else int(kind))

    def field(self, key: Any, field: str) -> Any:
        """The field of the member at the key, without a branch; anything if there is none."""
        value = self.raw(key, field)
        for other, written in self.writes:
            if field == HAS:
                value = where(key == other, written is not ABSENT, value)
            elif written is not ABSENT:
                value = where(key == other, self.shape.take(written, field), value)
        return value

    def built(self, key: Any) -> Any:
        """The member at the key, with its fields unread."""
        if self.shape.kind is None:
            return self.raw(key, next(iter(self.shape.fields)))

        def read(field: str) -> Any:
            flag = self.shape.optional.get(field)
            return None if flag is not None and not self.raw(key, flag) else self.raw(key, field)

        return Record(self.shape.kind, read, lambda field: self.raw(key, field))

    def get(self, key: Any, default: Any = None) -> Any:
        """As of a map; None is the key of nothing."""
        if key is None:
            return default
        for other, written in reversed(self.writes):
            if key == other:
                return default if written is ABSENT else written
        self.touched(key)
        return self.built(key) if self.raw(key, HAS) else default

    def __getitem__(self, key: Any) -> Any:
        found = self.get(key)
        if found is None:
            raise KeyError(self.shape.name)
        return found

    def __contains__(self, key: Any) -> bool:
        return self.get(key) is not None

    def set(self, key: Any, value: Any) -> "Table":
        """As of a map."""
        return attrs.evolve(self, writes=(*self.writes, (key, value)))

    def delete(self, key: Any) -> "Table":
        """As of a map."""
        self[key]
        return attrs.evolve(self, writes=(*self.writes, (key, ABSENT)))

    def change(self, weight: Callable[["Table", Any], Any]) -> Any:
        """By how much the sum of a weight over all members has changed: each write takes the old one out."""
        total: Any = 0
        for count, (key, _) in enumerate(self.writes):
            for sign, table in ((-1, self.writes[:count]), (1, self.writes[: count + 1])):
                now = attrs.evolve(self, writes=table)
                total = total + sign * where(now.field(key, HAS), weight(now, key), 0)
        return total
