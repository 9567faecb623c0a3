"""What the proofs say of a validator's history, asked of real ones: explored states, and networks of nodes.

A proof's history has integers for values, and one predicate for all polkas. Here both are read off what validators
remember and have received. Explored: all 132,595 states of two rounds. Run: 24 networks under adversaries, where the
rows that a node asked, each with its guard, make its state and its votes. And each unsound row, standing among the
rows, makes an invariant false within two rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

import attrs
import msgspec
import pytest

from hyperion.sequencer.finality import consensus, votes
from hyperion.sequencer.finality.accountability import culprits
from hyperion.sequencer.finality.acts import Done, Driver, driver_of
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.node import Node
from hyperion.sequencer.finality.types import CastVote, Kind, Value, VoteType
from hyperion.sequencer.finality.votes import Validators, validators_of
from hyperion.symbolic.ideal import Idealized
from hyperion_conformance.bft.network import (
    Network,
    hiding,
    network_of,
    parted,
    run,
    silent,
    stabilising,
    two_faced,
    world_of,
)
from hyperion_conformance.exploration.bft import NOT, BftPlan, BftSystem, Local, State
from hyperion_conformance.exploration.search import begin, explore
from hyperion_proofs.finality.guards import NIL, NONE, guard
from hyperion_proofs.finality.history import INVARIANTS, Moment
from hyperion_proofs.finality.local_rows import with_fault
from tests.support.finality import polkas_of, received

MOST: Final = 30_000
"""States in which a seeded fault must show."""


class Names:
    """Values by number."""

    def __init__(self) -> None:
        self.numbers: dict[Value, int] = {}

    def of(self, value: Value | None) -> int:
        """The value's number, or nil."""
        return NIL if value is None else self.numbers.setdefault(value, len(self.numbers))

    def state(self, state: Consensus) -> Consensus:
        """The state with numbers for values."""
        locked, valid = (
            None if value is None else cast(bytes, self.of(value)) for value in (state.locked_value, state.valid_value)
        )
        return msgspec.structs.replace(state, locked_value=locked, valid_value=valid)


Quorums: TypeAlias = frozenset[tuple[VoteType, int, int]]
"""By type and round, for what there is one."""


@attrs.frozen(eq=False)
class History:
    """The votes of one validator, and the quorums of all."""

    cast: Mapping[tuple[VoteType, int], int]
    quorums: Quorums

    def vote(self, type: VoteType, round: int) -> int:
        """What it voted."""
        return self.cast.get((type, round), NONE)

    def polka(self, round: int, value: Any) -> bool:
        """Whether there is one."""
        return (VoteType.PREVOTE, round, value) in self.quorums

    def commit(self, round: int, value: Any) -> bool:
        """Whether there is one."""
        return (VoteType.PRECOMMIT, round, value) in self.quorums


def violated(state: Consensus, history: History, rounds: int) -> str | None:
    """The first invariant of the proof that does not hold, of any two rounds."""
    polkas = tuple(at for type, at, _ in sorted(history.quorums) if type == VoteType.PREVOTE)
    for first in range(rounds):
        for second in range(rounds):
            moment = Moment(state, history, history, first, second, polkas)
            for name, holds in INVARIANTS.items():
                if not holds(moment):
                    return name
    return None


# --- explored states ---


def of_explored(system: BftSystem, state: State) -> Iterator[tuple[Consensus, History]]:
    """Each honest validator with its history."""
    names, rounds = Names(), range(system.plan.rounds)
    for value in system.names:
        names.of(value)
    quorums = frozenset(
        (type, at, names.of(value))
        for type in VoteType
        for at in rounds
        for value in (*system.names, None)
        if votes.is_quorum(system.weight(state, type, at, value), system.total)
    )
    for local in dict.fromkeys(state):
        yield names.state(local.state), History(dict(cast_of(local, names)), quorums)


def cast_of(local: Local, names: Names) -> Iterator[tuple[tuple[VoteType, int], int]]:
    """Its votes by type and round."""
    for type, cast_votes in ((VoteType.PREVOTE, local.prevotes), (VoteType.PRECOMMIT, local.precommits)):
        for at, vote in enumerate(cast_votes):
            if vote != NOT:
                yield (type, at), names.of(vote)


Seen: TypeAlias = dict[tuple[Consensus, frozenset[tuple[tuple[VoteType, int], int]], Quorums], str | None]
"""What was found of a validator with these votes beside these quorums: few differ, so each is looked at once."""


def wrong_in(system: BftSystem, state: State, seen: Seen) -> str | None:
    """An invariant that does not hold of one of its validators."""
    for here, history in of_explored(system, state):
        key = here, frozenset(history.cast.items()), history.quorums
        if key not in seen:
            seen[key] = violated(here, history, system.plan.rounds)
        if seen[key] is not None:
            return seen[key]
    return None


def test_invariants_hold_of_every_explored_state() -> None:
    search = explore(begin(BftPlan()))
    system = cast(BftSystem, search.system)
    assert search.is_complete and len(search.states) == 132_595
    seen: Seen = {}
    assert [wrong for state in search.states if (wrong := wrong_in(system, state, seen)) is not None] == []
    assert len(seen) > 5_000, len(seen)


def first_wrong(plan: BftPlan) -> str | None:
    """An invariant that does not hold of a state that is reached soon."""
    system = plan.build()
    known = {system.initial(): True}
    waiting = list(known)
    seen: Seen = {}
    for state in waiting:
        wrong = wrong_in(system, state, seen)
        if wrong is not None or len(known) > MOST:
            return wrong
        for _, after in system.successors(state):
            if after not in known:
                known[after] = True
                waiting.append(after)
    return None


FAULTS: Final = {
    "a new value against a lock": (Kind.PROPOSAL, "if free else", "if True else"),
    "a precommit that does not lock": (Kind.PROPOSAL_POLKA, ", lock=given.value)", ")"),
    "a precommit of what was valid before": (
        Kind.TIMEOUT_PREVOTE, "VoteType.PRECOMMIT, None", "VoteType.PRECOMMIT, state.valid_value",
    ),
    "a polka for nil unlocks": (
        Kind.POLKA_NIL, "_voted(state,", "_voted(msgspec.structs.replace(state, locked_round=-1, locked_value=None),",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", list(FAULTS))
def test_an_unsound_row_makes_an_invariant_false(fault: str) -> None:
    with Idealized((with_fault(*FAULTS[fault]),)):
        found = first_wrong(BftPlan())
    assert found in INVARIANTS, f"{fault} is not noticed"


# --- networks of nodes ---


def signers(nodes: Mapping[bytes, Node], height: int) -> dict[tuple[VoteType, int, Value | None], set[bytes]]:
    """Who signed what in a height, as far as anybody honest has received it."""
    found: dict[tuple[VoteType, int, Value | None], set[bytes]] = {}
    for vote in received(*(node for node in nodes.values() if node.driver.keeper.height == height)):
        found.setdefault((vote.type, vote.round, vote.value), set()).add(vote.sender)
    return found


class Watch:
    """Looks at each validator that has moved, and keeps what it looked at last."""

    def __init__(self, validators: Validators) -> None:
        self.validators = validators
        self.names = Names()
        self.last: dict[bytes, Node] = {}
        self.cast: dict[tuple[bytes, int], dict[tuple[VoteType, int], int]] = {}
        """By validator and height, what the rows that it asked made it vote."""
        self.wrong: list[str] = []
        self.looked = 0
        self.rows = 0

    def __call__(self, network: Network) -> None:
        for address, node in network.nodes.items():
            if self.last.get(address) is node:
                continue
            before, self.last[address] = self.last.get(address), node
            if node.driver.started:
                self.look(network, address, node.driver, driver_of(address, self.validators, 0) if before is None
                          else before.driver)

    def look(self, network: Network, address: bytes, driver: Driver, before: Driver) -> None:
        """Ask for the invariants, and for the guards of all rows that were asked since; these rows make the state."""
        self.looked += 1
        height = driver.consensus.height
        signed = signers(network.nodes, height)
        heard = {key: sum(self.validators.weights[sender] for sender in senders) for key, senders in signed.items()}
        quorums = frozenset(
            (type, at, self.names.of(value))
            for (type, at, value), weight in heard.items()
            if votes.is_quorum(weight, self.validators.total)
        )
        own = {(type, at): self.names.of(value) for (type, at, value), who in signed.items() if address in who}
        history = History(own, quorums)
        state = self.names.state(driver.consensus)
        wrong = violated(state, history, 1 + max((at for _, at, _ in signed), default=0))
        if wrong is not None:
            self.wrong.append(f"{address!r} at height {height}: {wrong}")
        if before.consensus.height != height:
            before = driver_of(address, self.validators, height)
        new = driver.done[len(before.done):]
        for one in new:
            self.rows += 1
            self.ask(state, history, one)
        made = self.replayed(before.consensus, new)
        if (made, self.cast.setdefault((address, height), {})) != (driver.consensus, own):
            self.wrong.append(f"{address!r} at height {height}: not what the rows make")

    def replayed(self, state: Consensus, done: tuple[Done, ...]) -> Consensus:
        """The state after the rows, one by one; their votes are kept."""
        for one in done:
            state, output = consensus.advance(state, one.given)
            if isinstance(output, CastVote):
                vote = output.vote
                votes_cast = self.cast.setdefault((state.validator, state.height), {})
                votes_cast[vote.type, vote.round] = self.names.of(vote.value)
        return state

    def ask(self, state: Consensus, history: History, done: Done) -> None:
        """Whether the row could be asked; a polka is of the round in which it was."""
        told = done.given
        if told.value is not None:
            told = msgspec.structs.replace(told, value=cast(bytes, self.names.of(told.value)))
        if not guard(history, msgspec.structs.replace(state, round=done.round), told):
            self.wrong.append(f"{told.kind.name} was asked without its guard")


WEIGHTS: Final = validators_of({b"v0": 5, b"v1": 3, b"v2": 4, b"v3": 4})
ADVERSARIES: Final[Mapping[str, Callable[[], Any]]] = {
    "lossy": lambda: stabilising(20_000),
    "parted": lambda: parted(20_000, (frozenset({b"v0", b"v1"}), frozenset({b"v2", b"v3"}))),
    "hiding": lambda: hiding(20_000),
}


def watched(adversary: str, liar: Any, seed: int) -> Watch:
    """What was seen of a network under an adversary with one liar. Nobody else is to blame for anything at its end."""
    liars = {b"v%d" % (1 + seed % 3): liar}
    world = world_of(WEIGHTS, ADVERSARIES[adversary](), liars=liars, heights=2)
    network, watch = network_of(world, seed), Watch(WEIGHTS)
    assert run(network, 80_000, watch)
    shown = [polka for node in network.nodes.values() for polka in polkas_of(node.driver.keeper)]
    assert set(culprits(received(*network.nodes.values()), shown, WEIGHTS)) <= set(liars)
    return watch


@pytest.mark.parametrize("adversary", sorted(ADVERSARIES))
@pytest.mark.parametrize("liar", [silent, two_faced])
def test_invariants_and_guards_hold_in_networks(adversary: str, liar: Any) -> None:
    watches = [watched(adversary, liar, seed) for seed in range(4)]
    looked, rows = sum(watch.looked for watch in watches), sum(watch.rows for watch in watches)
    assert [wrong for watch in watches for wrong in watch.wrong] == []
    assert looked > 400 and rows > 150, (looked, rows)


def test_control_of_networks_a_row_asked_too_early_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from hyperion.sequencer.finality import driver, node

    def half(keeper: votes.Keeper, round: int, type: VoteType, value: Value | None) -> bool:
        counts = keeper.rounds.get(round)
        return counts is not None and 2 * votes.count_of(counts, type).weights.get(value, 0) > counts.prevotes.total

    monkeypatch.setattr(node, "has_reached", half)
    monkeypatch.setattr(driver, "has_reached", half)
    assert any("without its guard" in wrong for wrong in watched("lossy", silent, 0).wrong)
