"""One validator as it runs, ``node.step``, among three others that may say anything: its steps must be the rows' steps.

The exploration of the rows lets a validator act on votes that were cast. Whether the node does no more is asked here of
the node itself: after each event, what it handed to the algorithm must be, one by one, among the inputs that ``bft``
offers where nothing was cast but what this validator has heard. These only grow with what was cast, so each step of a
node among others is a path of the rows, and so is each run: what holds of every state of the rows holds of nodes.

Two of the others vote at most once in each place, with any value; the third may propose anything as well. Second votes
are left out, since they change evidence only, and so are certificates, which are votes that come together.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import msgspec

from hyperion.sequencer.finality.acts import Done
from hyperion.sequencer.finality.invariants import broken
from hyperion.sequencer.finality.node import Begin, Deliver, Elapse, Event, Node, node_of, setting_of, step
from hyperion.sequencer.finality.types import Kind, Proposal, Step, Timeout, Value, Vote, VoteType
from hyperion.sequencer.finality.votes import SILENCE, RoundVotes, count_of, validators_of
from hyperion_conformance.exploration.bft import NOT, BftPlan, BftSystem, Local

ME: Final = b"a"
OTHERS: Final = (b"b", b"c")
LIAR: Final = b"d"
VALIDATORS: Final = validators_of(dict.fromkeys((ME, *OTHERS, LIAR), 1))
SETTING: Final = setting_of(lambda height, round: LIAR, lambda value: True)
STARTED: Final = {
    Kind.NEW_ROUND: Timeout.PROPOSE, Kind.POLKA_ANY: Timeout.PREVOTE, Kind.PRECOMMIT_ANY: Timeout.PRECOMMIT,
}  # fmt: skip
"""Which timer an input starts."""


@attrs.frozen
class NodePlan:
    """How many rounds and values."""

    rounds: int = 1
    values: int = 2

    def build(self) -> NodeSystem:
        """The system."""
        return NodeSystem(self)

    def fields(self) -> dict[str, Any]:
        """The plan for a file."""
        return {"node": True, **attrs.asdict(self)}


class Lone(msgspec.Struct, frozen=True, cache_hash=True):
    """A validator, and what was wrong with the step that led to it."""

    node: Node
    fault: str | None = None


class NodeSystem:
    """The system of a plan."""

    def __init__(self, plan: NodePlan) -> None:
        self.plan = plan
        self.rows = BftSystem(BftPlan(rounds=plan.rounds, values=plan.values))

    def initial(self) -> Lone:
        """A validator that has begun its height."""
        node, _ = step(node_of(ME, VALIDATORS), Begin(VALIDATORS), SETTING)
        return self.canonical(Lone(node))

    def events(self, node: Node) -> Iterator[Event]:
        """What may happen: a vote or a proposal that did not come before, or a timer that runs."""
        driver = node.driver
        here = driver.consensus
        for at in range(self.plan.rounds):
            votes = driver.keeper.rounds.get(at)
            for type in VoteType:
                for sender in (*OTHERS, LIAR):
                    if heard(votes, type, sender) == NOT:
                        for value in (*self.rows.names, None):
                            yield Deliver(Vote(type, sender, 0, at, value))
            for value in self.rows.names:
                for valid_round in range(-1, at):
                    proposal = Proposal(LIAR, 0, at, value, valid_round)
                    if proposal not in driver.proposals:
                        yield Deliver(proposal)
        for kind, timeout in STARTED.items():
            starts = any(done.given.kind == kind and done.round == here.round for done in driver.done)
            if starts and (timeout != Timeout.PRECOMMIT or here.round + 1 < self.plan.rounds):
                yield Elapse(0, here.round, timeout)

    def local(self, node: Node) -> Local:
        """The validator as the rows know it."""
        driver = node.driver
        state = msgspec.structs.replace(driver.consensus, validator=b"")
        decided = driver.chain[-1].proposal.value if driver.chain else None
        return Local(state, *self.cast(node, ME), decided)

    def cast(self, node: Node, sender: bytes) -> tuple[tuple[Value | None, ...], tuple[Value | None, ...]]:
        """The votes of a validator that were heard."""
        rounds = [node.driver.keeper.rounds.get(at) for at in range(self.plan.rounds)]
        prevotes = tuple(heard(votes, VoteType.PREVOTE, sender) for votes in rounds)
        return prevotes, tuple(heard(votes, VoteType.PRECOMMIT, sender) for votes in rounds)

    def mismatch(self, before: Node, after: Node) -> str | None:
        """Why a step of the node is no path of the rows; None if it is one."""
        local = self.local(before)
        others = tuple(Local(local.state, *self.cast(after, sender)) for sender in OTHERS)
        for done in after.driver.done[len(before.driver.done) :]:
            there = self.rows.done(local, done.given)
            if there == local or done.given.kind == Kind.NEW_ROUND:
                continue
            offered = self.rows.inputs((local, *others), local)
            if all(self.rows.done(local, given) != there for given in offered):
                return f"{done.given.kind.name} is not offered by the rows"
            local = there
        return None if local == self.local(after) else "the state is not the one that the rows lead to"

    def successors(self, state: Lone) -> Sequence[tuple[int, Lone]]:
        """The validator after each event."""
        found: dict[Lone, None] = {}
        for event in self.events(state.node):
            after, _ = step(state.node, event, SETTING)
            if after != state.node:
                found.setdefault(self.canonical(Lone(after, self.mismatch(state.node, after))))
        return list(enumerate(found))

    def fault(self, state: Lone) -> str | None:
        """A step that the rows do not have, or an invariant of the node that does not hold."""
        wrong = broken(state.node.driver)
        return state.fault or (f"{wrong[0]} does not hold" if wrong else None)

    def is_final(self, state: Lone) -> bool:
        """Whether it has decided."""
        return state.node.driver.consensus.step == Step.COMMIT

    def canonical(self, state: Lone) -> Lone:
        """In which order inputs were handed on does not matter: they are only looked up."""
        driver = msgspec.structs.replace(
            state.node.driver, done=tuple(sorted(state.node.driver.done, key=order_of)), event=SILENCE
        )
        return Lone(msgspec.structs.replace(state.node, driver=driver), state.fault)

    def pack(self, states: Sequence[Lone]) -> Any:
        """States for another process."""
        return pickle.dumps(states)

    def unpack(self, packed: Any) -> list[Lone]:
        """What another process packed."""
        return list(pickle.loads(packed))


def heard(votes: RoundVotes | None, type: VoteType, sender: bytes) -> Value | None:
    """The first vote of a validator, or ``NOT``."""
    values = () if votes is None else count_of(votes, type).received.get(sender, ())
    return values[0] if values else NOT


def order_of(done: Done) -> tuple[int, int, bytes, int, int]:
    """A key that puts inputs in order."""
    given = done.given
    return (given.kind, given.round, given.value or b"", done.round, done.step)
