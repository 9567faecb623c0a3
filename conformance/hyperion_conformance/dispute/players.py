"""Players of the edge game: what they need to know of a machine, and one that defends a trace, honest if it is true.

A player sees the game as it is on the L1 and says what it wants to send; it keeps no memory of the game, so neither a
front-runner nor a reorganisation of the L1 can confuse it.
"""

from collections.abc import Iterator
from typing import Final, Protocol

import attrs

from hyperion.settlement.dispute import events as e
from hyperion.settlement.dispute.bisection import bisection_height
from hyperion.settlement.dispute.identity import Hash, edge_id, mutual_id
from hyperion.settlement.dispute.timers import assertion_time, is_rivalled, own_time, rivalry_of
from hyperion.settlement.dispute.types import INFINITE, Edge, Game, Mode
from hyperion_conformance.dispute.worlds import TRUE, Trace

HONEST: Final = 1


class Ground(Protocol):
    """What players dispute about: the histories of traces, and what shows things about them.

    A history belongs to a trace and a level, and begins at a step ``base``, counted in steps of the last level.
    """

    heights: tuple[int, ...]
    """By level: binary logarithm of the steps in a history."""

    def stride(self, level: int) -> int:
        """Steps of the last level in a step of this one."""

    def leaf(self, trace: Trace, level: int, base: int, index: int) -> Hash:
        """The state at ``index`` in a history."""

    def root(self, trace: Trace, level: int, base: int, height: int) -> Hash:
        """The commitment to the first ``height`` steps of a history."""

    def prefix_proof(self, trace: Trace, level: int, base: int, short: int, long: int) -> object:
        """What shows that a history of one height begins that of another."""

    def inclusion_proof(self, trace: Trace, level: int, base: int, height: int, index: int) -> object:
        """What shows that a state is in a history."""

    def is_step(self, trace: Trace, level: int, base: int, index: int) -> bool:
        """Whether the step of a history from ``index`` on is one of the machine."""

    def witness(self, level: int, state: Hash) -> object:
        """What shows the step from a state."""

    def final(self, trace: Trace) -> Hash:
        """The state in which a trace ends."""


class Player(Protocol):
    """Whoever sends events."""

    account: int

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """What to send now."""


@attrs.frozen
class Node:
    """An edge of a trace: the edge, the step of the machine at which its level's history begins."""

    edge: Edge
    base: int


def edges_of(game: Game) -> list[Edge]:
    """All edges in the order of their names: that of the map is another one in each process."""
    return [game.edges[name] for name in sorted(game.edges)]


def claim_of(world: Ground, trace: Trace) -> Hash:
    """The assertion of a trace, which here is named like its last state."""
    return world.final(trace)


def root_of(game: Game, world: Ground, trace: Trace) -> Node | None:
    """The root edge of a trace, if somebody has made it."""
    height = 2 ** world.heights[0]
    mutual = mutual_id(0, game.origin, 0, world.root(trace, 0, 0, 0), height)
    found = game.edges.get(edge_id(mutual, world.root(trace, 0, 0, height)))
    return None if found is None else Node(found, 0)


def refinement_of(game: Game, world: Ground, trace: Trace, node: Node) -> Node | None:
    """The root edge one level below by which a trace stands for its step, if somebody has made it."""
    level, base = node.edge.level + 1, node.base + node.edge.start_height * world.stride(node.edge.level)
    end = world.root(trace, level, base, 2 ** world.heights[level])
    mutual = mutual_id(level, node.edge.mutual, 0, world.root(trace, level, base, 0), 2 ** world.heights[level])
    found = game.edges.get(edge_id(mutual, end))
    return None if found is None else Node(found, base)


def nodes_below(game: Game, world: Ground, trace: Trace, node: Node) -> list[Node]:
    """The edges next below in the tree of the trace: halves, or its refinement."""
    edge = node.edge
    if edge.lower is not None and edge.upper is not None:
        return [Node(game.edges[edge.lower], node.base), Node(game.edges[edge.upper], node.base)]
    if edge.length == 1 and edge.level + 1 < len(world.heights):
        below = refinement_of(game, world, trace, node)
        return [] if below is None else [below]
    return []


def tree(game: Game, world: Ground, trace: Trace) -> list[Node]:
    """All edges of a trace that exist, those above first."""
    top = root_of(game, world, trace)
    waiting, found = [] if top is None else [top], []
    while waiting:
        node = waiting.pop()
        found.append(node)
        if rivalry_of(game, node.edge).rivalled_at is not None:
            waiting += nodes_below(game, world, trace, node)
    return found


def proves(world: Ground, trace: Trace, node: Node) -> bool:
    """Whether the step of an edge of the trace is one of the machine."""
    return world.is_step(trace, node.edge.level, node.base, node.edge.start_height)


@attrs.define
class Defender:
    """Makes every move that its trace allows; with the true trace, this is the honest watcher."""

    account: int
    trace: Trace = TRUE
    counts_every: int = 1
    """In which blocks it adds up what its edges have earned: every first, second, … by height."""
    claim: Hash | None = None
    """The name of its assertion, if that is not the name of its last state."""

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``; moves down the tree come before timers, timers before money."""
        if game.mode is Mode.REFUND:
            return [*self.refunds(game), *self.withdrawal(game)]
        nodes = tree(game, world, self.trace)
        return [
            *self.root(game, world, nodes),
            *(move for node in nodes for move in self.answer(game, world, node)),
            *self.confirmations(game, world, nodes),
            *self.collect(game, world, nodes),
            *self.withdrawal(game),
        ]

    def named(self, world: Ground) -> Hash:
        """The assertion that the trace is for."""
        return claim_of(world, self.trace) if self.claim is None else self.claim

    def root(self, game: Game, world: Ground, nodes: list[Node]) -> Iterator[e.Event]:
        """A stake for the own assertion, once somebody denies it."""
        claim = self.named(world)
        contested = game.contest is not None and game.contest.rivalled_at is not None
        if nodes or claim not in game.claimed or game.winner is not None or not contested:
            return
        steps, stake = 2 ** world.heights[0], game.parameters.levels[0].stake
        beginning = world.prefix_proof(self.trace, 0, 0, 0, steps)
        ending = world.inclusion_proof(self.trace, 0, 0, steps, steps)
        yield e.Root(claim, world.root(self.trace, 0, 0, steps), beginning, ending, stake, self.account)

    def answer(self, game: Game, world: Ground, node: Node) -> Iterator[e.Event]:
        """What to do about an edge of the trace: nothing if nobody denies it, else cut, prove or refine it."""
        edge = node.edge
        if edge.confirmed or not is_rivalled(game, edge) or rivalry_of(game, edge).confirmed is not None:
            return
        if edge.length > 1:
            if edge.lower is None:
                yield self.cut(world, node)
        elif game.parameters.levels[edge.level].provable and proves(world, self.trace, node):
            yield self.proof(world, node)
        elif edge.level + 1 < len(world.heights) and refinement_of(game, world, self.trace, node) is None:
            yield self.refinement(game, world, node)

    def cut(self, world: Ground, node: Node) -> e.Event:
        """The cut of an edge of several steps."""
        middle = bisection_height(node.edge.start_height, node.edge.end_height)
        assert middle is not None
        level, base = node.edge.level, node.base
        root = world.root(self.trace, level, base, middle)
        shown = world.prefix_proof(self.trace, level, base, middle, node.edge.end_height)
        return e.Bisect(node.edge.id, root, shown, self.account)

    def ends(self, world: Ground, node: Node) -> tuple[Hash, object, Hash, object]:
        """The states before and after a single step, each with the proof that it is there."""
        level, base, at = node.edge.level, node.base, node.edge.start_height
        return (
            world.leaf(self.trace, level, base, at),
            world.inclusion_proof(self.trace, level, base, at, at),
            world.leaf(self.trace, level, base, at + 1),
            world.inclusion_proof(self.trace, level, base, at + 1, at + 1),
        )

    def proof(self, world: Ground, node: Node) -> e.Event:
        """The one-step proof of an edge of one step."""
        before, before_proof, after, after_proof = self.ends(world, node)
        shown = world.witness(node.edge.level, before)
        return e.ConfirmByOneStepProof(node.edge.id, before, before_proof, after, after_proof, shown)

    def refinement(self, game: Game, world: Ground, node: Node) -> e.Event:
        """A stake for the step of an edge, with the history of what the step does."""
        before, before_proof, after, after_proof = self.ends(world, node)
        level, base = node.edge.level + 1, node.base + node.edge.start_height * world.stride(node.edge.level)
        steps, stake = 2 ** world.heights[level], game.parameters.levels[level].stake
        return e.Refine(
            node.edge.id,
            before,
            before_proof,
            after,
            after_proof,
            world.root(self.trace, level, base, steps),
            world.prefix_proof(self.trace, level, base, 0, steps),
            world.inclusion_proof(self.trace, level, base, steps, steps),
            stake,
            self.account,
        )

    # Timers: nothing is sent before it decides something.

    def confirmations(self, game: Game, world: Ground, nodes: list[Node]) -> Iterator[e.Event]:
        """For each root of a level that has earned the threshold: the updates from below, then the confirmation."""
        if game.now.height % self.counts_every:
            return
        earned = earnings(game, world, self.trace, nodes)
        for node in nodes:
            edge = node.edge
            if edge.claim is None or (edge.confirmed and (edge.level or game.winner is not None)):
                continue
            if edge.level == 0 and game.winner is None:
                total = earned[edge.id] + assertion_time(game, edge.claim)
                if edge.confirmed or total >= game.parameters.threshold:
                    yield from updates(game, world, self.trace, node, earned)
                    yield e.Decide(edge.id)
            if not edge.confirmed and earned[edge.id] >= game.parameters.threshold:
                yield from updates(game, world, self.trace, node, earned)
                yield e.ConfirmByTime(edge.id)

    def collect(self, game: Game, world: Ground, nodes: list[Node]) -> Iterator[e.Event]:
        """Stakes back, and what useful edges bring, once the game is decided in favour of the trace."""
        if game.mode is not Mode.NORMAL or game.winner != self.named(world):
            return
        yield from self.refunds(game)
        for node in nodes:
            if node.edge.opens_level and node.edge.level == 0 and not node.edge.useful:
                yield e.Reimburse(node.edge.id, None)
            for below in nodes_below(game, world, self.trace, node):
                if not below.edge.useful and (below.edge.confirmed or not below.edge.opens_level):
                    yield e.Reimburse(below.edge.id, node.edge.id)

    def refunds(self, game: Game) -> list[e.Event]:
        """Own stakes that may go back."""
        return [
            e.Refund(edge.id)
            for edge in edges_of(game)
            if edge.opens_level
            and edge.mover == self.account
            and not edge.refunded
            and (edge.confirmed or game.mode is Mode.REFUND)
        ]

    def withdrawal(self, game: Game) -> list[e.Event]:
        """What is owed is taken at once."""
        return [e.Withdraw(self.account)] if game.ledger.credits.get(self.account) else []


def earnings(game: Game, world: Ground, trace: Trace, nodes: list[Node]) -> dict[Hash, int]:
    """What each edge of a trace would be credited if all were asked, from below: the β of the paper."""
    earned: dict[Hash, int] = {}
    for node in reversed(nodes):
        edge = node.edge
        below = [earned[child.edge.id] for child in nodes_below(game, world, trace, node)]
        total = own_time(game, edge) + (min(below) if below else 0)
        earned[edge.id] = max(edge.timer, min(total, INFINITE))
    return earned


def updates(game: Game, world: Ground, trace: Trace, node: Node, earned: dict[Hash, int]) -> Iterator[e.Event]:
    """The timer updates that bring what an edge has earned to it, lowest first; only those that change something."""
    edge = node.edge
    below = nodes_below(game, world, trace, node)
    if edge.timer >= game.parameters.threshold or own_time(game, edge) >= game.parameters.threshold:
        below = []
    for child in below:
        yield from updates(game, world, trace, child, earned)
    if earned[edge.id] > edge.timer:
        if below and below[0].edge.claim == edge.id:
            yield e.UpdateTimerByClaim(edge.id, below[0].edge.id)
        else:
            yield e.UpdateTimer(edge.id)
