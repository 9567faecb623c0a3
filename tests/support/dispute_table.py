"""A game on the table: events one after another, each accepted or refused as the test says."""

from typing import Final

import attrs

from hyperion.settlement.dispute import events as e
from hyperion.settlement.dispute.identity import Hash, identity
from hyperion.settlement.dispute.rules import open_game, step
from hyperion.settlement.dispute.types import Edge, Game, Reason, Verifier
from hyperion.settlement.moment import Moment
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.dispute.players import Defender, Node, claim_of, refinement_of, root_of
from hyperion_conformance.dispute.worlds import GOOD_PROOF, TRUE, Trace, World, parameters, wrong_from

ALICE: Final = 1
EVE: Final = 66
ORIGIN: Final = identity(100, 7)
BEGIN: Final = 100


@attrs.define
class Table:
    """A game of two levels of four steps each, unless said otherwise."""

    heights: tuple[int, ...] = (2, 2)
    lie: Trace = attrs.field(factory=lambda: wrong_from(6))
    world: World = attrs.field(init=False)
    game: Game = attrs.field(init=False)
    now: int = BEGIN
    height: int = 10

    def __attrs_post_init__(self) -> None:
        self.world = World(self.heights)
        rules = parameters(self.heights)
        game = open_game(rules, ORIGIN, self.world.state_at(TRUE, 0), Moment(BEGIN, self.height))
        assert isinstance(game, Game)
        self.game = game

    @property
    def threshold(self) -> int:
        return self.game.parameters.threshold

    @property
    def verifier(self) -> Verifier:
        return self.world.verifier

    def at(self, now: int) -> "Table":
        """Time passes."""
        self.now = now
        return self

    def send(self, event: e.Event) -> Game | Rejected[Reason]:
        return step(self.game, event, Moment(self.now, self.height), self.verifier)

    def accept(self, *events: e.Event) -> "Table":
        for event in events:
            after = self.send(event)
            assert isinstance(after, Game), (event, after)
            self.game = after
        return self

    def refuse(self, event: e.Event, reason: Reason) -> None:
        after = self.send(event)
        assert isinstance(after, Rejected), f"accepted: {event}"
        assert after.reason is reason, after

    # Events of a player who defends a trace.

    def admit(self, trace: Trace) -> e.Admit:
        return e.Admit(claim_of(self.world, trace), claim_of(self.world, trace))

    def root(self, trace: Trace, account: int = ALICE) -> e.Root:
        end = self.world.root(trace, 0, 0, 2 ** self.heights[0])
        stake = self.game.parameters.levels[0].stake
        return e.Root(claim_of(self.world, trace), end, GOOD_PROOF, GOOD_PROOF, stake, account)

    def top(self, trace: Trace) -> Edge:
        found = root_of(self.game, self.world, trace)
        assert found is not None
        return found.edge

    def cut(self, trace: Trace, edge: Edge, base: int = 0, account: int = ALICE) -> e.Bisect:
        move = Defender(account, trace).cut(self.world, Node(edge, base))
        assert isinstance(move, e.Bisect)
        return move

    def refine(self, trace: Trace, edge: Edge, account: int = ALICE) -> e.Refine:
        move = Defender(account, trace).refinement(self.game, self.world, Node(edge, 0))
        assert isinstance(move, e.Refine)
        return move

    def prove(self, trace: Trace, edge: Edge, base: int = 0) -> e.ConfirmByOneStepProof:
        move = Defender(ALICE, trace).proof(self.world, Node(edge, base))
        assert isinstance(move, e.ConfirmByOneStepProof)
        return move

    def edge(self, name: Hash | None) -> Edge:
        assert name is not None
        return self.game.edges[name]

    def give(self, edge: Edge, confirmed: bool) -> "Table":
        """The edge is confirmed, by whatever means."""
        rivalry = attrs.evolve(self.game.rivalries[edge.mutual], confirmed=edge.id)
        self.game = attrs.evolve(
            self.game,
            edges=self.game.edges.set(edge.id, attrs.evolve(edge, confirmed=confirmed)),
            rivalries=self.game.rivalries.set(edge.mutual, rivalry),
        )
        return self

    def halves(self, edge: Edge) -> tuple[Edge, Edge]:
        edge = self.edge(edge.id)
        return self.edge(edge.lower), self.edge(edge.upper)

    def refined(self, trace: Trace, edge: Edge) -> Edge:
        found = refinement_of(self.game, self.world, trace, Node(edge, 0))
        assert found is not None
        return found.edge

    # Positions that many tests begin with.

    def contested(self) -> "Table":
        """Both assertions are made in one block; nobody has a root."""
        return self.accept(self.admit(TRUE), self.admit(self.lie))

    def alone(self) -> "Table":
        """Both assertions, and a root for the true one."""
        self.contested()
        return self.accept(self.root(TRUE))

    def rooted(self, false_at: int = BEGIN) -> "Table":
        """The true root, and the false one at a time of its own."""
        return self.contested().accept(self.root(TRUE)).at(false_at).accept(self.root(self.lie, EVE))

    def descended(self, false_first: bool = False) -> tuple[Edge, Edge]:
        """Both roots are cut down to the one step of level 0 that is contested; the true and the false step."""
        roots = [self.root(TRUE), self.root(self.lie, EVE)]
        self.contested().accept(*(reversed(roots) if false_first else roots))
        return self.descended_again()

    def descended_again(self) -> tuple[Edge, Edge]:
        """As ``descended``, from where roots may be there already."""
        for trace, account in ((TRUE, ALICE), (self.lie, EVE)):
            if root_of(self.game, self.world, trace) is None:
                self.accept(self.root(trace, account))
        return self.contested_step(self.top(TRUE), self.top(self.lie), 0)

    def contested_step(self, true: Edge, false: Edge, base: int) -> tuple[Edge, Edge]:
        """Both edges are cut until one step is contested."""
        while true.length > 1:
            self.accept(self.cut(TRUE, true, base), self.cut(self.lie, false, base, EVE))
            pairs = list(zip(self.halves(true), self.halves(false), strict=True))
            true, false = next((t, f) for t, f in pairs if t.mutual == f.mutual and t.id != f.id)
        return true, false

    def to_last_step(self, true: Edge, false: Edge) -> tuple[Edge, Edge]:
        """From refined steps of level 0 to the contested step of level 1."""
        base = true.start_height * self.world.stride(0)
        return self.contested_step(self.refined(TRUE, true), self.refined(self.lie, false), base)

    def at_last_step(self, false_first: bool = False) -> tuple[Edge, Edge]:
        """From nothing to the contested step of the last level."""
        true, false = self.descended(false_first)
        moves = [self.refine(TRUE, true), self.refine(self.lie, false, EVE)]
        self.accept(*(reversed(moves) if false_first else moves))
        return self.to_last_step(true, false)

    def true(self, edge: Edge) -> bool:
        return self.world.is_true(edge)

    def win(self) -> "Table":
        """Time passes, and the true root is confirmed with all that stands for it."""
        self.at(self.now + self.threshold)
        for event in Defender(ALICE).moves(attrs.evolve(self.game, now=Moment(self.now, self.height)), self.world):
            after = self.send(event)
            self.game = after if isinstance(after, Game) else self.game
        assert self.game.winner == claim_of(self.world, TRUE)
        return self

    def path_to(self, name: Hash | None) -> list[Hash]:
        """The true edges from the root down to the one of this name."""
        path = [name]
        while path[-1] != self.top(TRUE).id:
            path.append(
                next(
                    edge.id
                    for edge in self.game.edges.values()
                    if path[-1] in (edge.lower, edge.upper) and self.true(edge)
                )
            )
        return [found for found in reversed(path) if found is not None]
