"""A settlement on the table: a chain of assertions over the abstract machine, and events accepted or refused."""

from typing import Final, Self

import attrs

from hyperion.settlement.dispute.identity import Hash, identity
from hyperion.settlement.dispute.types import Game, Verifier
from hyperion.settlement.finality import events as e
from hyperion.settlement.finality.invariants import violated
from hyperion.settlement.finality.parameters import Parameters
from hyperion.settlement.finality.rules import open_chain, step
from hyperion.settlement.finality.types import Chain, Output, Outside, Reason
from hyperion.settlement.moment import Moment
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.dispute.players import Defender
from hyperion_conformance.dispute.worlds import TRUE, Trace, World, parameters, wrong_from

ALICE: Final = 1
EVE: Final = 66
HEIGHTS: Final = (2, 2)
SLOT: Final = 12
RULES: Final = Parameters(
    game=parameters(HEIGHTS),
    bond=100,
    air_gap=240,
    maturity=600,
    max_span=50,
    challenge_window_blocks=5,
    resolve_window_blocks=4,
    pause_budget=1_000,
    proposal_lag=100,
    data_retention=10_000,
)
PROGRAM: Final = identity(500, 1)
GENESIS: Final = Output(identity(500, 2), identity(500, 3), 1_000, 50)
START: Final = Moment(10_000, 100)


def true_output(block: int, last_inclusion: int = 91) -> Output:
    """What the L2 really is after a block."""
    return Output(identity(501, block), identity(502, block), block, last_inclusion)


def false_output(block: int, number: int = 1) -> Output:
    return attrs.evolve(true_output(block), state=identity(503, block, number))


@attrs.define
class Court:
    """A chain, its L1, and what is withdrawn: a withdrawal is covered if its root lists it."""

    chain: Chain = attrs.field(init=False)
    now: Moment = START
    covered: dict[Hash, set[Hash]] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        chain = open_chain(RULES, 59_902, PROGRAM, GENESIS, START)
        assert isinstance(chain, Chain), chain
        self.chain = chain

    @property
    def outside(self) -> Outside:
        return Outside(self.verifier, self.block_hash, self.includes)

    @property
    def verifier(self) -> Verifier:
        return World(HEIGHTS).verifier

    def block_hash(self, height: int) -> Hash | None:
        return identity(504, height) if height >= 50 else None

    def includes(self, root: Hash, withdrawal: Hash, proof: object) -> bool:
        return proof == b"proof" and withdrawal in self.covered.get(root, set())

    def later(self, seconds: int) -> Self:
        self.now = Moment(self.now.time + seconds, self.now.height + seconds // SLOT)
        return self

    def send(self, event: e.Event) -> Chain | Rejected[Reason]:
        return step(self.chain, event, self.now, self.outside)

    def accept(self, *events: e.Event) -> Self:
        for event in events:
            after = self.send(event)
            assert isinstance(after, Chain), (event, after)
            assert violated(after) == ()
            self.chain = after
        return self

    def refuse(self, event: e.Event, reason: Reason) -> None:
        after = self.send(event)
        assert isinstance(after, Rejected), f"accepted: {event}"
        assert after.reason is reason, after

    def propose(self, output: Output, parent: Hash | None = None, account: int = ALICE) -> e.Propose:
        return e.Propose(self.chain.anchor if parent is None else parent, output, 100, account, RULES.bond)

    def made(self, output: Output, parent: Hash | None = None, account: int = ALICE) -> Hash:
        """The assertion, proposed now, by its name."""
        before = self.chain.assertions
        self.accept(self.propose(output, parent, account))
        (name,) = [name for name in self.chain.assertions if name not in before]
        return name

    def question(self, assertion: Hash) -> Hash:
        return self.chain.assertions[assertion].question

    def game(self, assertion: Hash) -> Game:
        return self.chain.contests[self.question(assertion)].game

    def won(self, output: Output, parent: Hash | None = None) -> Hash:
        """An assertion that nobody denied."""
        name = self.made(output, parent)
        self.later(RULES.game.threshold).accept(e.Settle(name))
        return name

    def finalized(self, output: Output) -> Hash:
        name = self.won(output)
        self.later(RULES.air_gap + 1).accept(e.Finalize(name))
        return name


@attrs.define
class Disputed(Court):
    """A contest over the abstract machine: outputs whose digests are its last states, so that games can be played."""

    world: World = attrs.field(factory=lambda: World(HEIGHTS))
    lie: Trace = attrs.field(factory=lambda: wrong_from(6))
    truth: Hash = b""
    falsehood: Hash = b""

    @property
    def verifier(self) -> Verifier:
        """Outputs enter and leave the machine by name: the true one is its true end."""
        base = self.world.verifier
        start = self.world.state_at(TRUE, 0)
        ends = {
            true_output(1_010).digest: self.world.final(TRUE),
            false_output(1_010).digest: self.world.final(self.lie),
        }
        return attrs.evolve(
            base,
            enter=lambda level, state: start if level == 0 else state,
            leave=lambda level, state: ends.get(state, state) if level == 0 else state,
        )

    def contested(self) -> Self:
        self.falsehood = self.made(false_output(1_010), account=EVE)
        self.truth = self.made(true_output(1_010))
        return self

    def play(self, blocks: int) -> Self:
        """Both sides play for so many L1 blocks."""
        for _ in range(blocks):
            self.later(SLOT)
            for account, trace, claim in ((EVE, self.lie, self.falsehood), (ALICE, TRUE, self.truth)):
                self.act(account, trace, claim)
        return self

    def act(self, account: int, trace: Trace, claim: Hash) -> None:
        game = attrs.evolve(self.game(self.truth), now=self.now)
        for move in Defender(account, trace, claim=claim).moves(game, self.world):
            after = self.send(e.Play(self.question(self.truth), move))
            if isinstance(after, Chain):
                assert violated(after) == ()
                self.chain = after

