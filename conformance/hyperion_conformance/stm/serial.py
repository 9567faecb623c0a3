"""What a block gives when its transactions run one after another: state, results, access list, and who reads from whom.

The access list has the shape of EIP-7928: for each location the values after the transactions that changed it, by the
block access index (transaction + 1, since 0 is what happens before the first); what was only read, or written as it
was, stands among the reads.
"""

from collections.abc import Iterator

import attrs
from immutables import Map

from hyperion.parallel.program import Done, Location, Value, current
from hyperion.parallel.trees import Trees
from hyperion_conformance.protocol.messages import Json


@attrs.frozen
class Played:
    """A transaction that has run alone: each read with its value, in order, and how it ended."""

    reads: tuple[tuple[Location, Value], ...]
    done: Done


def play(block: Trees, transaction: int, state: Map[Location, Value]) -> Played:
    """Run one transaction over a state, and remember what it read."""
    reads: list[tuple[Location, Value]] = []
    at = block.start(transaction)
    while not isinstance(at, Done):
        value = current(block, state, at.location)
        reads.append((at.location, value))
        at = at.resume(value)
    return Played(tuple(reads), at)


def changed(block: Trees, state: Map[Location, Value], done: Done) -> Iterator[tuple[Location, Value]]:
    """Each location that a transaction wrote or added to, with its value afterwards."""
    yield from done.writes
    for location, amount in done.additions:
        yield location, current(block, state, location) + amount


@attrs.define
class Account:
    """The running account of a serial execution."""

    state: Map[Location, Value] = attrs.Factory(Map)
    writers: dict[Location, int] = attrs.Factory(dict)
    changes: dict[str, list[Json]] = attrs.Factory(dict)
    reads: set[str] = attrs.Factory(set)
    results: list[Json] = attrs.Factory(list)
    depends: list[Json] = attrs.Factory(list)


def serial_json(block: Trees) -> dict[str, Json]:
    """The outcome of a block as JSON."""
    account = Account()
    for transaction in range(block.size):
        enter(block, transaction, account)
    only_read = sorted(account.reads - account.changes.keys())
    return {
        "state": {str(location): str(value) for location, value in sorted(account.state.items())},
        "results": account.results,
        "access_list": [
            *({"location": at, "changes": found} for at, found in sorted(account.changes.items())),
            *({"location": at, "changes": []} for at in only_read),
        ],
        "depends": account.depends,
    }


def enter(block: Trees, transaction: int, account: Account) -> None:
    """Run the next transaction, and enter what it did."""
    played = play(block, transaction, account.state)
    account.results.append(str(played.done.result))
    sources = {account.writers[location] for location, _ in played.reads if location in account.writers}
    account.depends.append([str(source) for source in sorted(sources)])
    account.reads |= {str(location) for location, _ in played.reads}
    for location, value in list(changed(block, account.state, played.done)):
        if value != current(block, account.state, location):
            entry: Json = {"index": str(transaction + 1), "value": str(value)}
            account.changes.setdefault(str(location), []).append(entry)
        else:
            account.reads.add(str(location))
        account.state = account.state.set(location, value)
        account.writers[location] = transaction
