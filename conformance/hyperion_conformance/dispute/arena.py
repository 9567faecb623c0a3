"""A game played out: L1 blocks, players, and an adversary who orders, delays and undoes what is on the L1.

Nothing is random. In each block the adversary's events come first. An honest event is included in the next block,
unless it is censored; the adversary may censor for as many seconds as the parameters allow, and a reorganisation of
the L1, which keeps its own events and loses the honest ones, counts as censoring for as long as it reaches back.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

import attrs

from hyperion.settlement.dispute import events as e
from hyperion.settlement.dispute.identity import identity
from hyperion.settlement.dispute.invariants import violated
from hyperion.settlement.dispute.rules import open_game, step
from hyperion.settlement.dispute.types import Edge, Game, Mode
from hyperion.settlement.moment import Moment
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.dispute.players import HONEST, Defender, Player, claim_of
from hyperion_conformance.dispute.worlds import TRUE, Trace, World, parameters

ORIGIN: Final = identity(100, 1)
START: Final = 1_000
"""The time of the first block."""


class Broken(AssertionError):
    """Something happened in a game that its rules exclude."""


@attrs.frozen
class Adversary:
    """What the other side does to the L1: who plays, which blocks it censors, and which it undoes."""

    players: tuple[Player, ...] = ()
    assertions: tuple[Trace, ...] = ()
    """False assertions."""
    censors: frozenset[int] = frozenset()
    """Numbers of the blocks without honest events."""
    reorgs: tuple[tuple[int, int], ...] = ()
    """At which block how many blocks are undone."""
    asserts_at: int = 0
    """The block of the false assertions."""
    honest_first: bool = False
    """Whether the true assertion was there before the false ones."""


@attrs.define
class Arena:
    """A contest between a true assertion and false ones, block by block."""

    heights: tuple[int, ...]
    adversary: Adversary
    censorship: int = 0
    watch: bool = True
    """Whether every state is held against the invariants, or only the last of each block."""
    honest: Player = attrs.field(factory=lambda: Defender(HONEST))
    world_of: Callable[[tuple[int, ...]], World] = World
    """How histories are committed to, and what the machine is."""
    world: World = attrs.field(init=False)
    game: Game = attrs.field(init=False)
    block: int = 0
    blocks: list[tuple[Game, list[e.Event]]] = attrs.field(factory=list)
    """The game after each block, and the adversary's events in it."""
    sent: Counter[tuple[int, str]] = attrs.field(factory=Counter)
    refused: Counter[str] = attrs.field(factory=Counter)
    confirmed_at: int | None = None

    def __attrs_post_init__(self) -> None:
        self.world = self.world_of(self.heights)
        rules = parameters(self.heights, self.censorship)
        game = open_game(rules, ORIGIN, self.world.state_at(TRUE, 0), Moment(START, 0))
        assert isinstance(game, Game), game
        self.game = game

    @property
    def moment(self) -> Moment:
        """The L1 block that is being made."""
        return Moment(START + self.block * self.game.parameters.slot, self.block)

    @property
    def deadline(self) -> int:
        """The time by which the true assertion has to be confirmed: so long after the first false one."""
        first = START + self.adversary.asserts_at * self.game.parameters.slot
        return first + self.game.parameters.longest

    def apply(self, event: e.Event) -> bool:
        """Whether the event is accepted; every state that comes of it is held against the invariants."""
        after = step(self.game, event, self.moment, self.world.verifier)
        if isinstance(after, Rejected):
            self.refused[after.reason.value] += 1
            return False
        self.game = after
        if self.watch:
            self.check()
        return True

    def check(self) -> None:
        """Refuse with ``Broken`` a state that no game has, or a lie that won."""
        found = violated(self.game)
        if found:
            raise Broken(", ".join(found))
        self.check_truth()

    def check_truth(self) -> None:
        """No false edge with a true beginning is confirmed, and none of the false assertions has won."""
        for edge in self.game.edges.values():
            if edge.confirmed and self.is_lie(edge):
                raise Broken(f"a false edge is confirmed at level {edge.level}")
        if self.game.winner not in (None, claim_of(self.world, TRUE)):
            raise Broken("a false assertion has won")

    def is_lie(self, edge: Edge) -> bool:
        """Whether a false edge begins with the truth, so that a true edge contradicts it."""
        return self.world.begins_true(edge) and not self.world.is_true(edge)

    def admit(self, trace: Trace) -> None:
        """The assertion of a trace, if it was not made before."""
        claim = claim_of(self.world, trace)
        if claim not in self.game.claimed:
            self.apply(e.Admit(claim, claim))

    def play_block(self) -> None:
        """One L1 block: reorganisation, assertions, the adversary, then the honest player as of the block before."""
        for at, depth in self.adversary.reorgs:
            if at == self.block:
                self.reorganise(depth)
        view = self.game
        if self.block == 0 and self.adversary.honest_first:
            self.admit(TRUE)
        if self.block == self.adversary.asserts_at:
            for trace in self.adversary.assertions:
                self.admit(trace)
        hostile = [move for player in self.adversary.players for move in player.moves(self.seen(), self.world)]
        for event in hostile:
            self.apply(event)
        if self.block not in self.adversary.censors:
            self.play_honest(view)
        self.settle()
        if not self.watch:
            self.check_truth()
        self.blocks.append((self.game, hostile))
        self.block += 1

    def seen(self) -> Game:
        """The game as the adversary sees it: as it is, in the block that it is making."""
        return attrs.evolve(self.game, now=self.moment)

    def play_honest(self, view: Game) -> None:
        """What the honest player decided after the block before, included now."""
        if self.block:
            self.admit(TRUE)
        for event in self.honest.moves(attrs.evolve(view, now=self.moment), self.world):
            self.sent[HONEST, type(event).__name__] += self.apply(event)

    def reorganise(self, depth: int) -> None:
        """The last blocks are undone and made again with the adversary's events alone."""
        kept = len(self.blocks) - depth
        assert kept > 0
        replayed, now = self.blocks[kept:], self.block
        self.game, self.blocks = self.blocks[kept - 1][0], self.blocks[:kept]
        for self.block, (_, events) in enumerate(replayed, kept):
            for event in events:
                self.apply(event)
            self.blocks.append((self.game, events))
        self.block = now
        if self.game.winner is None:
            self.confirmed_at = None

    def settle(self) -> None:
        """The settlement contract closes the game as soon as it is decided."""
        if self.game.winner is not None and self.confirmed_at is None:
            self.confirmed_at = self.moment.time
            if self.game.mode is Mode.OPEN:
                self.apply(e.Close(Mode.NORMAL))

    def play(self, after: int = 0) -> "Arena":
        """Until the contest is decided or the deadline has passed, and ``after`` blocks more for money to move."""
        while self.confirmed_at is None and self.moment.time <= self.deadline:
            self.play_block()
        for _ in range(after):
            self.play_block()
        self.check()
        return self

    @property
    def moves(self) -> int:
        """Events of the honest player that were accepted."""
        return sum(self.sent.values())
