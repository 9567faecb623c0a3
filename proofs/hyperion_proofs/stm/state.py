"""A state of the algorithm for any number of transactions and workers: each cell is a function of whom it belongs to.

In a proof the cells are unknown functions; in the bridge they are read off a configuration of the model.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from hyperion.parallel.counter import Pc
from hyperion.symbolic.proxies import all_of, where
from hyperion_proofs.statement import Given
from hyperion_proofs.stm.histories import Condition

Cell: TypeAlias = Callable[..., Any]


def put(cell: Cell, key: int, value: Any) -> Cell:
    """The cell, with another value at the key; of a cell with two keys, with another function of the second one."""

    def found(first: int, *rest: int) -> Any:
        return where(first == key, value(*rest) if rest else value, cell(first, *rest))

    return found


def put_one(cell: Cell, key: int, second: int, value: Any) -> Cell:
    """The cell with two keys, with another value at both."""
    return lambda a, b: where(all_of(a == key, b == second), value, cell(a, b))


@attrs.frozen(eq=False)
class State:
    """Shared variables, cells of transactions and of workers, and what only the proof knows."""

    size: int
    """How many transactions."""
    execution: int
    validation: int
    active: int
    lowered: int
    done: Condition

    phase: Cell
    """Of a transaction."""
    incarnation: Cell
    """Of a transaction."""
    locked: Cell
    """Of a transaction: whether its dependents are."""
    waits: Cell
    """Of two transactions: whether the first is among the dependents of the second."""
    valid: Cell
    """Of a transaction and the number of a read of its last incarnation: whether it is valid. What is not there is."""
    data: Cell
    """Of a transaction and a location: whether its entry is data, neither an ESTIMATE nor nothing."""
    listed: Cell
    """Of a transaction and a location: whether the memory lists it among those where the last incarnation wrote."""

    at: Cell
    """Of a worker: its program counter."""
    txn: Cell
    """Of a worker: the transaction, or the index, that it carries."""
    held: Cell
    """Of a worker: the incarnation that it carries."""
    blocker: Cell
    """Of a worker: the transaction whose ESTIMATE it met."""
    new: Cell
    """Of a worker: whether it writes a location that the incarnation before did not."""
    least: Cell
    """Of a worker: the least transaction that it resumes."""
    seen: Cell
    """Of a worker: how many lowerings it has seen."""
    scanned: Cell
    """Of a worker and the number of a read: whether its scan is past it."""
    pending: Cell
    """Of a worker and a location: whether it is still to be written or removed."""
    planned: Cell
    """Of a worker and a location: whether the incarnation that is recorded writes it."""
    unmarked: Cell
    """Of a worker and a location: whether it is still to become an ESTIMATE."""

    owner: Cell
    """Of a transaction that is executing: the worker."""
    aborting: Cell
    """Of a transaction that is aborting: who makes it ready."""
    keeper: Cell
    """Of a transaction that is aborting: the worker who does, if it is one."""
    awaited: Cell
    """Of a transaction that waits: for which one."""
    holder: Cell
    """Of a transaction whose dependents are locked: the worker who did it."""


def unknown_state(given: Given) -> State:
    """Any state at all."""

    def cell(name: str, low: int | None = None, high: int | None = None) -> Cell:
        return lambda *keys: given.result(name, keys, low, high)

    def flag(name: str) -> Cell:
        return lambda *keys: given.result(name, keys, 0, 1) == 1

    return State(
        size=given.integer("transactions", 0),
        execution=given.integer("execution index"),
        validation=given.integer("validation index"),
        active=given.integer("active"),
        lowered=given.integer("lowered"),
        done=given.truth("done"),
        phase=cell("phase", 0, 3),
        incarnation=cell("incarnation"),
        locked=flag("locked"),
        waits=flag("waits"),
        valid=flag("valid"),
        data=flag("data"),
        listed=flag("listed"),
        at=cell("pc", min(Pc), max(Pc)),
        txn=cell("transaction of"),
        held=cell("incarnation of"),
        blocker=cell("blocker of"),
        new=flag("new locations of"),
        least=cell("least of"),
        seen=cell("lowered seen by"),
        scanned=flag("scanned"),
        pending=flag("pending"),
        planned=flag("planned"),
        unmarked=flag("unmarked"),
        owner=cell("owner"),
        aborting=cell("aborting", 0, 3),
        keeper=cell("keeper"),
        awaited=cell("awaited"),
        holder=cell("holder"),
    )
