"""What changed between two sets of cases, at the first field in which each differs."""

from collections.abc import Iterable, Iterator
from typing import Literal

import attrs

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.runner.judge import first_difference
from hyperion_conformance.vectors.record import Case

Kind = Literal["added", "removed", "changed"]


@attrs.frozen
class Change:
    """A case that is new, gone or different; for the last kind, the first field that differs and both values."""

    kind: Kind
    id: str
    field: str = ""
    before: Json = None
    after: Json = None
    revised: bool = True
    """False for a case that means something else under the same revision: readers would not notice."""

    def document(self) -> dict[str, Json]:
        """The change as JSON."""
        return attrs.asdict(self)

    def __str__(self) -> str:
        if self.kind != "changed":
            return f"{self.kind} {self.id}"
        hint = "" if self.revised else " (under the same revision)"
        return f"changed {self.id}: {self.field}: {self.before!r:.100} -> {self.after!r:.100}{hint}"


def compare_cases(before: Iterable[Case], after: Iterable[Case]) -> Iterator[Change]:
    """Changes from ``before`` to ``after``, by id."""
    old, new = {case.id: case for case in before}, {case.id: case for case in after}
    for id in sorted(old.keys() | new.keys()):
        if id not in old:
            yield Change("added", id)
        elif id not in new:
            yield Change("removed", id)
        elif old[id] != new[id]:
            yield changed(old[id], new[id])


def changed(before: Case, after: Case) -> Change:
    """The first difference of two cases of one id, what is expected first."""
    old, new = before.document(), after.document()
    revised = before.fingerprint == after.fingerprint or after.revision > before.revision
    first = ("fork", "input", "expect", "trace")
    for key in (*first, *(key for key in {**old, **new} if key not in (*first, "fingerprint"))):
        difference = first_difference(f"$.{key}", old.get(key), new.get(key))
        if difference is not None:
            return Change("changed", before.id, difference.path, difference.expected, difference.got, revised)
    return Change("changed", before.id, "$.fingerprint", before.fingerprint, after.fingerprint, revised)
