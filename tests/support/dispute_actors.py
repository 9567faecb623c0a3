"""Players of the edge game: one that defends a trace, honest if the trace is true, and the ways to be hostile.

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
from tests.support.dispute_trace import BAD_PROOF, TRUE, Trace, World, wrong_from

HONEST: Final = 1


class Player(Protocol):
    """Whoever sends events."""

    account: int

    def moves(self, game: Game, world: World) -> list[e.Event]:
        """What to send now."""


@attrs.frozen
class Node:
    """An edge of a trace: the edge, the step of the machine at which its level's history begins."""

    edge: Edge
    base: int


def claim_of(world: World, trace: Trace) -> Hash:
    """The assertion of a trace, which here is named like its last state."""
    return world.final(trace)


def root_of(game: Game, world: World, trace: Trace) -> Node | None:
    """The root edge of a trace, if somebody has made it."""
    height = 2 ** world.heights[0]
    mutual = mutual_id(0, game.origin, 0, world.root(trace, 0, 0, 0), height)
    found = game.edges.get(edge_id(mutual, world.root(trace, 0, 0, height)))
    return None if found is None else Node(found, 0)


def refinement_of(game: Game, world: World, trace: Trace, node: Node) -> Node | None:
    """The root edge one level below by which a trace stands for its step, if somebody has made it."""
    level, base = node.edge.level + 1, node.base + node.edge.start_height * world.stride(node.edge.level)
    end = world.root(trace, level, base, 2 ** world.heights[level])
    mutual = mutual_id(level, node.edge.mutual, 0, world.root(trace, level, base, 0), 2 ** world.heights[level])
    found = game.edges.get(edge_id(mutual, end))
    return None if found is None else Node(found, base)


def nodes_below(game: Game, world: World, trace: Trace, node: Node) -> list[Node]:
    """The edges next below in the tree of the trace: halves, or its refinement."""
    edge = node.edge
    if edge.lower is not None and edge.upper is not None:
        return [Node(game.edges[edge.lower], node.base), Node(game.edges[edge.upper], node.base)]
    if edge.length == 1 and edge.level + 1 < len(world.heights):
        below = refinement_of(game, world, trace, node)
        return [] if below is None else [below]
    return []


def tree(game: Game, world: World, trace: Trace) -> list[Node]:
    """All edges of a trace that exist, those above first."""
    top = root_of(game, world, trace)
    waiting, found = [] if top is None else [top], []
    while waiting:
        node = waiting.pop()
        found.append(node)
        if rivalry_of(game, node.edge).rivalled_at is not None:
            waiting += nodes_below(game, world, trace, node)
    return found


def proves(world: World, trace: Trace, node: Node) -> bool:
    """Whether the step of an edge of the trace is one of the machine."""
    first = node.base + node.edge.start_height * world.stride(node.edge.level)
    last = first + world.stride(node.edge.level)
    return trace.label(first) == trace.label(last)


@attrs.define
class Defender:
    """Makes every move that its trace allows; with the true trace, this is the honest watcher."""

    account: int
    trace: Trace = TRUE
    counts_every: int = 1
    """In which blocks it adds up what its edges have earned: every first, second, … by height."""

    def moves(self, game: Game, world: World) -> list[e.Event]:
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

    def named(self, world: World) -> Hash:
        """The assertion that the trace is for."""
        return claim_of(world, self.trace)

    def root(self, game: Game, world: World, nodes: list[Node]) -> Iterator[e.Event]:
        claim = self.named(world)
        contested = game.contest is not None and game.contest.rivalled_at is not None
        if nodes or claim not in game.claimed or game.winner is not None or not contested:
            return
        steps, stake = 2 ** world.heights[0], game.parameters.levels[0].stake
        beginning = world.prefix_proof(self.trace, 0, 0, 0, steps)
        ending = world.inclusion_proof(self.trace, 0, 0, steps, steps)
        yield e.Root(claim, world.root(self.trace, 0, 0, steps), beginning, ending, stake, self.account)

    def answer(self, game: Game, world: World, node: Node) -> Iterator[e.Event]:
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

    def cut(self, world: World, node: Node) -> e.Event:
        middle = bisection_height(node.edge.start_height, node.edge.end_height)
        assert middle is not None
        level, base = node.edge.level, node.base
        root = world.root(self.trace, level, base, middle)
        shown = world.prefix_proof(self.trace, level, base, middle, node.edge.end_height)
        return e.Bisect(node.edge.id, root, shown, self.account)

    def ends(self, world: World, node: Node) -> tuple[Hash, object, Hash, object]:
        """The states before and after a single step, each with the proof that it is there."""
        level, base, at = node.edge.level, node.base, node.edge.start_height
        first = base + at * world.stride(level)
        return (
            world.state_at(self.trace, first),
            world.inclusion_proof(self.trace, level, base, at, at),
            world.state_at(self.trace, first + world.stride(level)),
            world.inclusion_proof(self.trace, level, base, at + 1, at + 1),
        )

    def proof(self, world: World, node: Node) -> e.Event:
        before, before_proof, after, after_proof = self.ends(world, node)
        return e.ConfirmByOneStepProof(node.edge.id, before, before_proof, after, after_proof, world.witness(before))

    def refinement(self, game: Game, world: World, node: Node) -> e.Event:
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

    def confirmations(self, game: Game, world: World, nodes: list[Node]) -> Iterator[e.Event]:
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

    def collect(self, game: Game, world: World, nodes: list[Node]) -> Iterator[e.Event]:
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
            for edge in game.edges.values()
            if edge.opens_level
            and edge.mover == self.account
            and not edge.refunded
            and (edge.confirmed or game.mode is Mode.REFUND)
        ]

    def withdrawal(self, game: Game) -> list[e.Event]:
        return [e.Withdraw(self.account)] if game.ledger.credits.get(self.account) else []


def earnings(game: Game, world: World, trace: Trace, nodes: list[Node]) -> dict[Hash, int]:
    """What each edge of a trace would be credited if all were asked, from below: the β of the paper."""
    earned: dict[Hash, int] = {}
    for node in reversed(nodes):
        edge = node.edge
        below = [earned[child.edge.id] for child in nodes_below(game, world, trace, node)]
        total = own_time(game, edge) + (min(below) if below else 0)
        earned[edge.id] = max(edge.timer, min(total, INFINITE))
    return earned


def updates(game: Game, world: World, trace: Trace, node: Node, earned: dict[Hash, int]) -> Iterator[e.Event]:
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


# Hostile players. Each is a defender of something false, or a nuisance, with one habit.


@attrs.define
class Staller(Defender):
    """Answers only when the other side has almost earned the threshold on the edge that it has to answer for."""

    patience: int = 0

    def answer(self, game: Game, world: World, node: Node) -> Iterator[e.Event]:
        """The usual answer, ``patience`` seconds after the edge was denied."""
        since = rivalry_of(game, node.edge).rivalled_at
        if since is not None and game.now.time - max(since, node.edge.created) >= self.patience:
            yield from super().answer(game, world, node)


@attrs.define
class ForksEverywhere:
    """Defends many false traces at once, each false at another step."""

    account: int
    traces: tuple[Trace, ...]

    def moves(self, game: Game, world: World) -> list[e.Event]:
        return [move for trace in self.traces for move in Defender(self.account, trace).moves(game, world)]


@attrs.define
class Freeloader(Defender):
    """Lives on the honest trace without ever staking: cuts and proves for the reimbursement alone."""

    def moves(self, game: Game, world: World) -> list[e.Event]:
        return [move for move in super().moves(game, world) if not isinstance(move, e.Root | e.Refine)]


@attrs.define
class FrontRunner(Defender):
    """Makes each move of the honest player first, under its own name, and false ones beside."""

    lie: Trace = attrs.field(factory=lambda: wrong_from(1))

    def moves(self, game: Game, world: World) -> list[e.Event]:
        return [*super().moves(game, world), *Defender(self.account, self.lie).moves(game, world)]


@attrs.define
class Malformer(Defender):
    """Sends every move that it can think of with proofs that prove nothing, for its trace and for the true one."""

    def moves(self, game: Game, world: World) -> list[e.Event]:
        honest = Defender(self.account, TRUE)
        sent = [*Defender(self.account, self.trace).moves(game, world), *honest.moves(game, world)]
        return [*self.lies(game, world), *(spoiled(move) for move in sent)]

    def lies(self, game: Game, world: World) -> list[e.Event]:
        """One-step proofs of its false step, with a witness that would do for a true one."""
        return [
            self.proof(world, node)
            for node in tree(game, world, self.trace)
            if node.edge.length == 1 and not proves(world, self.trace, node)
        ]


def spoiled(event: e.Event) -> e.Event:
    """The event with its proofs replaced by junk."""
    match event:
        case e.Root():
            return attrs.evolve(event, prefix_proof=BAD_PROOF)
        case e.Refine():
            return attrs.evolve(event, after_proof=BAD_PROOF)
        case e.Bisect():
            return attrs.evolve(event, proof=BAD_PROOF)
        case e.ConfirmByOneStepProof():
            return attrs.evolve(event, witness=BAD_PROOF)
    return event


@attrs.define
class Griefer(Defender):
    """Sends everything that anybody may send: all updates and confirmations on all edges, over and over."""

    def moves(self, game: Game, world: World) -> list[e.Event]:
        sent = super().moves(game, world)
        for edge in game.edges.values():
            sent += [e.UpdateTimer(edge.id), e.ConfirmByTime(edge.id), e.ConfirmByChildren(edge.id)]
            sent += [e.Decide(edge.id)]
            if edge.claim is not None and edge.level > 0:
                sent += [e.UpdateTimerByClaim(edge.claim, edge.id), e.ConfirmByClaim(edge.claim, edge.id)]
        return sent


@attrs.define
class Thief(Defender):
    """Asks for all money that there is, for all reasons, at all times."""

    def moves(self, game: Game, world: World) -> list[e.Event]:
        sent = super().moves(game, world)
        for edge in game.edges.values():
            sent += [e.Refund(edge.id), e.Reimburse(edge.id, None), e.Reimburse(edge.id, edge.claim)]
            sent += [e.Reimburse(half, edge.id) for half in (edge.lower, edge.upper) if half is not None]
        return [*sent, e.Withdraw(self.account), e.Withdraw(HONEST)]


@attrs.define
class Latecomer(Defender):
    """Keeps still until a given time, then defends its trace."""

    wakes: int = 0

    def moves(self, game: Game, world: World) -> list[e.Event]:
        return super().moves(game, world) if game.now.time >= self.wakes else []


@attrs.define
class Silent(Defender):
    """Makes a false assertion and does nothing for it."""

    def moves(self, game: Game, world: World) -> list[e.Event]:
        return []


@attrs.define
class ThiefOfTime(Defender):
    """Tries to have a false step credited what stands for its true rival (a claim link that is not checked)."""

    def moves(self, game: Game, world: World) -> list[e.Event]:
        sent = super().moves(game, world)
        steps = [edge for edge in game.edges.values() if edge.length == 1]
        roots = [edge for edge in game.edges.values() if edge.opens_level and edge.level > 0]
        return [
            *sent,
            *(e.UpdateTimerByClaim(s.id, r.id) for s in steps for r in roots if r.origin == s.mutual),
            *(e.ConfirmByClaim(s.id, r.id) for s in steps for r in roots if r.origin == s.mutual),
        ]
