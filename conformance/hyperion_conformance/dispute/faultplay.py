"""An abstract chain for the fault dispute game, an honest player by the published solver's rules, and hostile ones.

An output follows from the one before it; a run of the machine from an agreed output to a disputed one has as many
states as a run's tree has leaves, and its last one says whether it confirms the disputed output. Values are names, so
the honest value of any position is known without running anything.
"""

from typing import Final

import attrs

from hyperion.settlement.dispute.identity import identity
from hyperion.settlement.faultgame import events as e
from hyperion.settlement.faultgame.ancestry import context_of, neighbour, speaks_of
from hyperion.settlement.faultgame.invariants import violated
from hyperion.settlement.faultgame.parameters import Parameters, bond_at
from hyperion.settlement.faultgame.position import Position, moved, trace_index
from hyperion.settlement.faultgame.rules import Proposal, open_game, step
from hyperion.settlement.faultgame.types import Claim, Context, Game, Hash, Machine, MachineStatus, Reason
from hyperion.settlement.rejection import Rejected

HONEST: Final = 1
EVE: Final = 66
SMALL: Final = Parameters(
    max_depth=5,
    split_depth=2,
    max_clock=1_000,
    extension=40,
    preimage_period=100,
    air_gap=300,
    withdrawal_delay=500,
    base_fee=1,
    base_gas=8,
    high_gas=256,
)
"""Four outputs; four states in a run."""
ANCHOR: Final = identity(200, 0)
PRESTATE: Final = bytes([MachineStatus.UNFINISHED]) + identity(201, 0)[1:]
START: Final = 5_000
GOOD: Final = b"proof"


def next_output(output: Hash) -> Hash:
    """The output that follows; the machine computes just this."""
    return identity(202, output)


def output_at(index: int) -> Hash:
    """The true output at a trace index; the anchor is at -1."""
    output = ANCHOR
    for _ in range(index + 1):
        output = next_output(output)
    return output


@attrs.frozen
class Chain:
    """What everybody may compute: outputs, and the states of runs."""

    parameters: Parameters = SMALL

    @property
    def last(self) -> int:
        """The index of a run's last state."""
        return int(2 ** (self.parameters.max_depth - self.parameters.split_depth - 1)) - 1

    def state(self, context: Context, index: int) -> bytes:
        """The state of a run after ``index + 1`` steps, written out."""
        return b"".join((context.starting, context.disputed, index.to_bytes(4, "big")))

    def hash_of(self, state: bytes) -> Hash:
        """The claim that stands for a state written out; all that are none have one claim."""
        if len(state) != 68:
            return PRESTATE if state == b"start" else identity(204, 0)
        starting, disputed, index = state[:32], state[32:64], int.from_bytes(state[64:], "big")
        status = MachineStatus.UNFINISHED
        if index >= self.last:
            status = MachineStatus.VALID if next_output(starting) == disputed else MachineStatus.INVALID
        return bytes([status]) + identity(203, starting, disputed, index)[1:]

    def step(self, state: bytes, proof: object, context: Context) -> Hash | None:
        """The claim of the next state; None without the proof, and after what is no state or has no next one."""
        if proof != GOOD:
            return None
        if state == b"start":
            return self.hash_of(self.state(context, 0))
        following = int.from_bytes(state[64:], "big") + 1
        if len(state) != 68 or following == 2**32:
            return None
        return self.hash_of(state[:64] + following.to_bytes(4, "big"))

    def block_number(self, value: Hash, evidence: object) -> int | None:
        """What the evidence says: whether it may say so is not what this chain is about."""
        return evidence if isinstance(evidence, int) else None

    @property
    def machine(self) -> Machine:
        """What a game trusts."""
        return Machine(self.hash_of, self.step, self.block_number)

    def value(self, position: Position, context: Context | None) -> Hash:
        """The true value of a position: of an output, or of a state of the run."""
        rules = self.parameters
        if context is None:
            return output_at(trace_index(position, rules.split_depth))
        return self.hash_of(self.state(context, self.run_index(position)))

    def run_index(self, position: Position) -> int:
        """The index in its run of the state that a position is about."""
        return trace_index(position, self.parameters.max_depth) % (self.last + 1)


def context_below(game: Game, index: int, is_attack: bool) -> Context | None:
    """What a run is about that an answer to the claim at ``index`` would open or continue; None for outputs."""
    claim, split = game.claims[index], game.parameters.split_depth
    if claim.position.depth < split:
        return None
    if claim.position.depth > split:
        return context_of(game, index)
    if not is_attack:
        disputed = speaks_of(game, index, neighbour(claim.position, 1))
        assert disputed is not None
        return Context(claim.value, claim.position, disputed.value, disputed.position)
    if claim.position.index == 0:
        return Context(game.anchor, None, claim.value, claim.position)
    agreed = speaks_of(game, index, neighbour(claim.position, -1))
    assert agreed is not None
    return Context(agreed.value, agreed.position, claim.value, claim.position)


@attrs.frozen
class Solver:
    """The honest player: counters what is against it, and what stands left of its own answers (freeloaders)."""

    account: int
    chain: Chain

    def honest(self, game: Game) -> set[int]:
        """Claims that are just what an honest player would have said in their place."""
        found: set[int] = set()
        for index, claim in enumerate(game.claims):
            if claim.parent is None:
                if claim.value == self.chain.value(claim.position, None):
                    found.add(index)
            elif self.answer(game, claim.parent, found) == (claim.position, claim.value):
                found.add(index)
        return found

    def answer(self, game: Game, index: int, honest: set[int]) -> tuple[Position, Hash] | None:
        """Position and value of the honest answer to a claim; None if it needs none."""
        claim = game.claims[index]
        if index in honest or not self.is_to_be_countered(game, index, honest):
            return None
        is_attack = self.attacks(game, index)
        position = moved(claim.position, is_attack)
        if position.depth > game.parameters.max_depth:
            return None
        return position, self.chain.value(position, context_below(game, index, is_attack))

    def attacks(self, game: Game, index: int) -> bool:
        """Whether the claim is false where it stands."""
        claim = game.claims[index]
        return claim.value != self.chain.value(claim.position, context_of(game, index))

    def is_to_be_countered(self, game: Game, index: int, honest: set[int]) -> bool:
        """Whether the claim is against an honest one, or stands left of the honest answer to its parent."""
        claim = game.claims[index]
        if claim.parent is None or claim.parent in honest:
            return True
        deep = game.parameters.max_depth
        own = [game.claims[child] for child in game.claims[claim.parent].children if child in honest and child < index]
        later = self.answer(game, claim.parent, honest) if not own else None
        places = [trace_index(one.position, deep) for one in own] + ([trace_index(later[0], deep)] if later else [])
        return any(place >= trace_index(claim.position, deep) for place in places)

    def moves(self, game: Game) -> list[e.Event]:
        """All moves and steps that an honest player makes now."""
        honest, sent = self.honest(game), list[e.Event]()
        for index, claim in enumerate(game.claims):
            if index in honest or not self.is_to_be_countered(game, index, honest):
                continue
            is_attack = self.attacks(game, index)
            if claim.position.depth == game.parameters.max_depth:
                if claim.countered_by is None:
                    sent.append(self.stepping(game, index, is_attack))
                continue
            answer = self.answer(game, index, honest)
            if answer is not None and (answer[1], answer[0].general, index) not in game.known:
                bond = bond_at(game.parameters, answer[0].depth)
                sent.append(e.Move(index, claim.value, answer[1], is_attack, self.account, bond))
        return sent

    def stepping(self, game: Game, index: int, is_attack: bool) -> e.Step:
        """The step into a false leaf, or out of a true one."""
        context = context_of(game, index)
        assert context is not None
        at = self.chain.run_index(game.claims[index].position)
        before = at if not is_attack else at - 1
        state = b"start" if before < 0 else self.chain.state(context, before)
        return e.Step(index, is_attack, state, GOOD, self.account)


@attrs.define
class Match:
    """A game and a clock; every accepted event is held against the invariants."""

    chain: Chain = attrs.field(factory=Chain)
    root: Hash = attrs.field(factory=lambda: identity(205, 0))
    proposer: int = EVE
    game: Game = attrs.field(init=False)
    now: int = START

    def __attrs_post_init__(self) -> None:
        rules = self.chain.parameters
        game = open_game(rules, proposal(self.root, self.proposer, rules), START)
        assert isinstance(game, Game), game
        self.game = game

    def at(self, now: int) -> "Match":
        """What follows happens at this time."""
        self.now = now
        return self

    def send(self, event: e.Event) -> Game | Rejected[Reason]:
        """What the rules say to an event."""
        return step(self.game, event, self.now, self.chain.machine)

    def accept(self, *events: e.Event) -> "Match":
        """Events that have to be accepted."""
        for event in events:
            after = self.send(event)
            assert isinstance(after, Game), (event, after)
            assert violated(after) == ()
            self.game = after
        return self

    def attempt(self, event: e.Event) -> bool:
        """The event, if it is accepted."""
        after = self.send(event)
        if isinstance(after, Rejected):
            return False
        assert violated(after) == ()
        self.game = after
        return True

    def refuse(self, event: e.Event, reason: Reason) -> None:
        """An event that has to be refused, for this reason."""
        after = self.send(event)
        assert isinstance(after, Rejected), f"accepted: {event}"
        assert after.reason is reason, after

    def move(self, parent: int, is_attack: bool, value: Hash | None = None, account: int = EVE) -> e.Move:
        """A move against a claim: with a value of nobody's, unless one is given."""
        claim = self.game.claims[parent]
        position = moved(claim.position, is_attack)
        return e.Move(
            parent,
            claim.value,
            identity(206, parent, position.general) if value is None else value,
            is_attack,
            account,
            bond_at(self.game.parameters, position.depth),
        )

    def resolve_all(self) -> "Match":
        """All claims, the last made first, then the game."""
        for index in reversed(range(len(self.game.claims))):
            self.accept(e.ResolveClaim(index))
        return self.accept(e.Resolve())

    @property
    def claims(self) -> list[Claim]:
        """All claims, in the order in which they were made."""
        return list(self.game.claims)


def proposal(root: Hash, proposer: int, rules: Parameters) -> Proposal:
    """A proposal of an output four blocks above the anchor."""
    return Proposal(root, 104, ANCHOR, 100, identity(207, 0), 59_902, PRESTATE, proposer, bond_at(rules, 0))
