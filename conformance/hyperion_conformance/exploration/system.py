"""What the search asks of a transition system."""

from collections.abc import Hashable, Sequence
from typing import Any, Protocol, TypeVar

import attrs

S = TypeVar("S", bound=Hashable)


class System(Protocol[S]):
    """A transition system whose states are values.

    A state may be canonical: one for all that differ only in what does not matter, as the names of equal workers.
    Actors are small integers: they say which of several transitions of a state was taken.
    """

    def initial(self) -> S:
        """The one state to begin with."""

    def successors(self, state: S) -> Sequence[tuple[int, S]]:
        """The states after one transition, each with the actor that made it."""

    def fault(self, state: S) -> str | None:
        """What is wrong with a state: an invariant that fails, an end that is not the right one."""

    def is_final(self, state: S) -> bool:
        """Whether it is a proper end."""

    def pack(self, states: Sequence[S]) -> Any:
        """States as a value that another process understands."""

    def unpack(self, packed: Any) -> list[S]:
        """What another process packed, as it was; not made canonical."""

    def canonical(self, state: S) -> S:
        """The state that stands for this one. Which of several it is must not depend on the process."""


class Plan(Protocol[S]):
    """Something from which any process can build the same system; it can be pickled, and is equal to its copies."""

    def build(self) -> System[S]:
        """The system."""

    def fields(self) -> dict[str, Any]:
        """What makes it this plan, for a file."""

    def __hash__(self) -> int:
        """A plan is a key: a process builds each system once."""


@attrs.frozen
class Statistics:
    """How large a search is, and how long it took."""

    states: int
    transitions: int
    depth: int
    finals: int
    seconds: float
    """Processor time of this process."""

    @property
    def rate(self) -> float:
        """States a second."""
        return self.states / max(self.seconds, 1e-9)


@attrs.frozen
class Fault:
    """A state in which something is wrong, at the end of a shortest path."""

    what: str
    actors: tuple[int, ...]
    """The actors of the path, from the initial state on."""
