"""Hostile players: each is a defender of something false, or a nuisance, with one habit."""

from collections.abc import Iterator

import attrs

from hyperion.settlement.dispute import events as e
from hyperion.settlement.dispute.timers import rivalry_of
from hyperion.settlement.dispute.types import Game
from hyperion_conformance.dispute.players import HONEST, Defender, Ground, Node, edges_of, proves, tree
from hyperion_conformance.dispute.worlds import BAD_PROOF, TRUE, Trace, wrong_from


@attrs.define
class Staller(Defender):
    """Answers only when the other side has almost earned the threshold on the edge that it has to answer for."""

    patience: int = 0

    def answer(self, game: Game, world: Ground, node: Node) -> Iterator[e.Event]:
        """The usual answer, ``patience`` seconds after the edge was denied."""
        since = rivalry_of(game, node.edge).rivalled_at
        if since is not None and game.now.time - max(since, node.edge.created) >= self.patience:
            yield from super().answer(game, world, node)


@attrs.define
class ForksEverywhere:
    """Defends many false traces at once, each false at another step."""

    account: int
    traces: tuple[Trace, ...]

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``."""
        return [move for trace in self.traces for move in Defender(self.account, trace).moves(game, world)]


@attrs.define
class Freeloader(Defender):
    """Lives on the honest trace without ever staking: cuts and proves for the reimbursement alone."""

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``."""
        return [move for move in super().moves(game, world) if not isinstance(move, e.Root | e.Refine)]


@attrs.define
class FrontRunner(Defender):
    """Makes each move of the honest player first, under its own name, and false ones beside."""

    lie: Trace = attrs.field(factory=lambda: wrong_from(1))

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``."""
        return [*super().moves(game, world), *Defender(self.account, self.lie).moves(game, world)]


@attrs.define
class Malformer(Defender):
    """Sends every move that it can think of with proofs that prove nothing, for its trace and for the true one."""

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``."""
        honest = Defender(self.account, TRUE)
        sent = [*Defender(self.account, self.trace).moves(game, world), *honest.moves(game, world)]
        return [*self.lies(game, world), *(spoiled(move) for move in sent)]

    def lies(self, game: Game, world: Ground) -> list[e.Event]:
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

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``."""
        sent = super().moves(game, world)
        for edge in edges_of(game):
            sent += [e.UpdateTimer(edge.id), e.ConfirmByTime(edge.id), e.ConfirmByChildren(edge.id)]
            sent += [e.Decide(edge.id)]
            if edge.claim is not None and edge.level > 0:
                sent += [e.UpdateTimerByClaim(edge.claim, edge.id), e.ConfirmByClaim(edge.claim, edge.id)]
        return sent


@attrs.define
class Thief(Defender):
    """Asks for all money that there is, for all reasons, at all times."""

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``."""
        sent = super().moves(game, world)
        for edge in edges_of(game):
            sent += [e.Refund(edge.id), e.Reimburse(edge.id, None), e.Reimburse(edge.id, edge.claim)]
            sent += [e.Reimburse(half, edge.id) for half in (edge.lower, edge.upper) if half is not None]
        return [*sent, e.Withdraw(self.account), e.Withdraw(HONEST)]


@attrs.define
class Latecomer(Defender):
    """Keeps still until a given time, then defends its trace."""

    wakes: int = 0

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``."""
        return super().moves(game, world) if game.now.time >= self.wakes else []


@attrs.define
class Silent(Defender):
    """Makes a false assertion and does nothing for it."""

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``."""
        return []


@attrs.define
class ThiefOfTime(Defender):
    """Tries to have a false step credited what stands for its true rival (a claim link that is not checked)."""

    def moves(self, game: Game, world: Ground) -> list[e.Event]:
        """As in ``Player``."""
        sent = super().moves(game, world)
        steps = [edge for edge in edges_of(game) if edge.length == 1]
        roots = [edge for edge in edges_of(game) if edge.opens_level and edge.level > 0]
        return [
            *sent,
            *(e.UpdateTimerByClaim(s.id, r.id) for s in steps for r in roots if r.origin == s.mutual),
            *(e.ConfirmByClaim(s.id, r.id) for s in steps for r in roots if r.origin == s.mutual),
        ]
