"""What a transition may ask of what is not known, and what it has changed so far."""

from collections.abc import Callable
from typing import Protocol

import attrs

from hyperion.parallel.scheduler import Phase
from hyperion.symbolic.proxies import all_of, implies
from hyperion_proofs.stm.histories import Condition
from hyperion_proofs.stm.state import Cell, State


class Moment(Protocol):
    """A state, a worker in it that is about to move, and whoever answers what the state leaves open."""

    @property
    def before(self) -> State:
        """Before the move."""

    @property
    def worker(self) -> int:
        """Who moves."""

    def require(self, condition: Condition) -> None:
        """Only where the condition holds is this the move."""

    def require_each(self, kind: str, condition: Callable[[int], Condition]) -> None:
        """Only where it holds of every w(orker), x (transaction), r (number of a read), or l(ocation)."""

    def choose(self, kind: str, what: str) -> int:
        """Which one, of a kind."""

    def truth(self, what: str) -> Condition:
        """Whether."""

    def flags(self, what: str) -> Cell:
        """Whether, of each."""

    def valid_after(self, same: Callable[[int], Condition], kept: Callable[[int], Condition]) -> Cell:
        """Which reads are valid afterwards.

        Those of transactions that are ``same`` do not change, of those that are ``kept`` valid ones stay valid, all
        others are any.
        """


@attrs.define(eq=False)
class Hands:
    """What the stand-ins have changed so far of the cells that no record of the model shows."""

    moment: Moment
    valid: Cell
    data: Cell
    listed: Cell
    scanned: Cell
    pending: Cell
    planned: Cell
    unmarked: Cell

    @property
    def state(self) -> State:
        """Before the move."""
        return self.moment.before

    @property
    def worker(self) -> int:
        """Who moves."""
        return self.moment.worker

    @property
    def txn(self) -> int:
        """The transaction that it carries."""
        carried: int = self.state.txn(self.worker)
        return carried

    @property
    def present(self) -> Condition:
        """Whether it carries the last incarnation of it, which is executed."""
        state = self.state
        executed = state.phase(self.txn) == Phase.EXECUTED
        return all_of(executed, state.incarnation(self.txn) == state.held(self.worker))

    def may_pass(self, read: int) -> Condition:
        """Whether a scan may be past the read: it is valid, unless it is one of a newer incarnation."""
        return implies(self.present, self.state.valid(self.txn, read))


def hands(moment: Moment) -> Hands:
    """Nothing is changed yet."""
    state = moment.before
    return Hands(
        moment, state.valid, state.data, state.listed, state.scanned, state.pending, state.planned, state.unmarked
    )
