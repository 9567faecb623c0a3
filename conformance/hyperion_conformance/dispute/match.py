"""A dispute from the first assertion to the paid withdrawal: settlement on an L1, a liar and an honest watcher.

Nothing is random and nobody censors. In each L1 block the liar acts on what is there, the watcher on what was there
a block before. When both have nothing to do, time passes until the watcher's edges have earned the threshold.
"""

import time
from collections.abc import Iterable
from typing import Final

import attrs

from hyperion.primitives.word import Address
from hyperion.settlement.dispute import events as moves
from hyperion.settlement.dispute.identity import Hash, identity
from hyperion.settlement.dispute.parameters import ETHER
from hyperion.settlement.dispute.timers import assertion_time
from hyperion.settlement.dispute.types import Edge, Game
from hyperion.settlement.finality import events as e
from hyperion.settlement.finality.parameters import Parameters
from hyperion.settlement.finality.rules import open_chain, step
from hyperion.settlement.finality.types import Chain, Outside, Reason
from hyperion.settlement.finality.withdrawals import withdrawal_id
from hyperion.settlement.moment import Moment
from hyperion.settlement.onestep.verify import Committed
from hyperion.settlement.points import At, output_of
from hyperion.settlement.rejection import Rejected
from hyperion.settlement.trace import pinned_inputs
from hyperion.state.commitment import AccountProof, account_proof, verify_account_proof
from hyperion.state.trie import ProofError
from hyperion.state.world import World
from hyperion_conformance.dispute.execution import Execution, Task, committed
from hyperion_conformance.dispute.ground import LIE, BlockGround
from hyperion_conformance.dispute.players import Defender, earnings, root_of, tree
from hyperion_conformance.dispute.token_block import PASSER, Withdrawal
from hyperion_conformance.dispute.worlds import TRUE, Trace

ALICE: Final = 0xA11CE
EVE: Final = 0xE4E
NAMES: Final = {ALICE: "watcher", EVE: "liar"}
START: Final = Moment(1_800_000_000, 100_000)
PROGRAM: Final = identity(1, 1)
"""The version of the rules; any name will do."""
L1_BLOCK: Final = 3
"""As many numbers has the name of an L1 block here."""


@attrs.frozen
class Move:
    """A move that was accepted, and what it took."""

    at: Moment
    who: Address
    name: str
    posted: int
    """Bytes: 32 for each hash and number, proofs and witnesses as they are."""
    seconds: float
    """To find and make it, and to check it."""
    edge: Edge | None = None
    """What it is about: the edge that is cut, proved or credited, or the new root."""


def posted(value: object) -> int:
    """The bytes of what is posted."""
    if isinstance(value, bytes):
        return len(value)
    fields = getattr(type(value), "__attrs_attrs__", None)
    parts = value if isinstance(value, tuple) else [getattr(value, field.name) for field in fields or ()]
    if isinstance(value, tuple) or fields is not None:
        return sum([posted(part) for part in parts])
    return 0 if value is None else 32


def covers(root: Hash, withdrawal: Hash, proof: object) -> bool:
    """Whether an account proof shows that the contract of withdrawals has noted this one."""
    if not isinstance(proof, AccountProof) or proof.address != PASSER or len(proof.storage_proofs) != 1:
        return False
    (noted,) = proof.storage_proofs
    try:
        verify_account_proof(root, proof)
    except ProofError:
        return False
    return noted.key == int.from_bytes(withdrawal, "big") and noted.value == 1


@attrs.define(eq=False)
class Match:
    """The settlement of one block, the ground, and the record of what was accepted."""

    task: Task
    ground: BlockGround
    chain: Chain
    now: Moment
    inclusion: int
    withdrawal: Withdrawal | None
    moves: list[Move] = attrs.field(factory=list)
    names: dict[Trace, Hash] = attrs.field(factory=dict)
    """The assertions."""
    question: Hash = b""

    @property
    def game(self) -> Game:
        """The game of the one contest."""
        return self.chain.contests[self.question].game

    @property
    def outside(self) -> Outside:
        """What settlement looks up."""
        return Outside(self.ground.verifier, lambda height: identity(L1_BLOCK, height), covers)

    def later(self, seconds: int) -> None:
        """Time passes, in whole L1 blocks."""
        slot = self.chain.parameters.game.slot
        blocks = -(-seconds // slot)
        self.now = Moment(self.now.time + blocks * slot, self.now.height + blocks)

    def send(
        self, who: Address, event: e.Event, seconds: float = 0.0, edge: Edge | None = None
    ) -> Rejected[Reason] | None:
        """Why the event is refused, if it is; else it is on the record."""
        begun = time.perf_counter()
        after = step(self.chain, event, self.now, self.outside)
        seconds += time.perf_counter() - begun
        if isinstance(after, Rejected):
            return after
        self.chain = after
        inner = event.move if isinstance(event, e.Play) else event
        self.moves.append(Move(self.now, who, type(inner).__name__, posted(inner), seconds, edge))
        return None

    def must(self, who: Address, event: e.Event) -> None:
        """As ``send``, of what has to be accepted."""
        refused = self.send(who, event)
        if refused is not None:
            raise Undecided(f"{type(event).__name__}: {refused.reason.value} {refused.detail}")


class Undecided(Exception):
    """A dispute that does not come to its end as it should."""


def begin(
    task: Task, truth: Execution, lie: Execution, parameters: Parameters, withdrawal: Withdrawal | None = None
) -> Match:
    """A match before its first assertion; there is something in escrow. Refuses unsafe parameters."""
    inclusion = START.height - 10
    pinned, known = pinned_inputs({task.block.header.number: task.given}, task.chain, inclusion)
    point = committed(At(task.tip.header.number), task.before)
    before = output_of(point.root, At(task.tip.header.number), task.before, inclusion - 10)
    chain = open_chain(parameters, task.chain.chain_id, PROGRAM, before, START)
    if not isinstance(chain, Chain):
        raise Undecided("; ".join(violation.text for violation in chain))
    outputs = {TRUE: truth.output(inclusion).digest, LIE: lie.output(inclusion).digest}
    heights = tuple(level.height for level in parameters.game.levels)
    nodes = point.nodes.update(known.nodes).set(before.digest, before.record)
    ground = BlockGround(heights, truth, lie, pinned, Committed(before.digest, nodes), outputs)
    match = Match(task, ground, chain, START, inclusion, withdrawal)
    match.must(ALICE, e.Deposit(100 * ETHER))
    match.later(parameters.settling_blocks * parameters.game.slot)
    return match


def assertions(match: Match) -> None:
    """The liar asserts the false output, and a block later the watcher the true one, as of the same L1 head."""
    head = match.inclusion + match.chain.parameters.settling_blocks
    for who, trace, execution in ((EVE, LIE, match.ground.lie), (ALICE, TRUE, match.ground.truth)):
        known = set(match.chain.assertions)
        output = execution.output(match.inclusion)
        match.must(who, e.Propose(match.chain.anchor, output, head, who, match.chain.parameters.bond))
        (match.names[trace],) = set(match.chain.assertions) - known
        match.later(1)
    match.question = match.chain.assertions[match.names[TRUE]].question
    if match.withdrawal is not None:
        named = match.withdrawal
        shown = proof_of(match.ground.truth.ended.tip.world, named)
        match.must(ALICE, e.Prove(named.nonce, named.recipient, named.amount, match.names[TRUE], shown))


def contest(match: Match, most: int = 10_000) -> None:
    """The game, until an assertion has won it. Refuses with ``Undecided`` one that does not end."""
    players = (Defender(EVE, LIE, claim=match.names[LIE]), Defender(ALICE, TRUE, claim=match.names[TRUE]))
    seen, idle = match.game, 0
    for _ in range(most):
        if match.game.winner is not None:
            return
        view, seen = seen, match.game
        accepted = act(match, players[0], match.game) + act(match, players[1], view)
        idle = 0 if accepted else idle + 1
        match.later(1 if idle < 2 else max(1, remaining(match)))
    raise Undecided(f"no assertion has won after {most:,} blocks")


def act(match: Match, player: Defender, view: Game) -> int:
    """How many of the moves that a player makes, as of ``view``, are accepted."""
    accepted, begun = 0, time.perf_counter()
    for move in player.moves(attrs.evolve(view, now=match.now), match.ground):
        made = time.perf_counter() - begun
        known = set(match.game.edges)
        if match.send(player.account, e.Play(match.question, move), made) is None:
            accepted += 1
            match.moves[-1] = attrs.evolve(match.moves[-1], edge=edge_of(match.game, move, known))
        begun = time.perf_counter()
    return accepted


def edge_of(game: Game, move: moves.Event, known: set[Hash]) -> Edge | None:
    """The edge that a move is about: the new one if it opens a level, else the one that it names."""
    if isinstance(move, moves.Root | moves.Refine):
        return next((game.edges[name] for name in sorted(game.edges) if name not in known), None)
    name = getattr(move, "edge", None)
    return None if name is None else game.edges.get(name)


def remaining(match: Match) -> int:
    """Seconds until the watcher's root has earned the threshold, if nothing happens."""
    game, ground = attrs.evolve(match.game, now=match.now), match.ground
    top = root_of(game, ground, TRUE)
    if top is None:
        return 0
    earned = earnings(game, ground, TRUE, tree(game, ground, TRUE))[top.edge.id]
    return game.parameters.threshold - earned - assertion_time(game, match.names[TRUE])


def finish(match: Match) -> None:
    """From the decision to the money: anchor, stakes, bonds, and the withdrawal, if the block has one."""
    true, false = match.names[TRUE], match.names[LIE]
    named = match.withdrawal
    pay = () if named is None else (e.Pay(named.nonce, named.recipient, named.amount),)
    match.must(ALICE, e.Settle(true))
    refuses(match, EVE, (e.Settle(false), e.Finalize(true), *pay))
    match.later(match.chain.parameters.air_gap + 1)
    for event in (e.Finalize(true), *pay, e.CloseGame(match.question), e.ReturnBond(true)):
        match.must(ALICE, event)
    refuses(match, ALICE, pay)
    refuses(match, EVE, (e.Finalize(false), e.ReturnBond(false)))
    watcher = Defender(ALICE, TRUE, claim=true)
    while act(match, watcher, match.game):
        match.later(1)


def proof_of(world: World, withdrawal: Withdrawal) -> AccountProof:
    """What shows that a withdrawal was noted."""
    key = int.from_bytes(withdrawal_id(withdrawal.nonce, withdrawal.recipient, withdrawal.amount), "big")
    return account_proof(world, PASSER, (key,))


def refuses(match: Match, who: Address, events: Iterable[e.Event]) -> None:
    """Each of the events is refused. Raises ``Undecided`` if one is not."""
    for event in events:
        if match.send(who, event) is None:
            raise Undecided(f"{type(event).__name__} of the {NAMES[who]} is accepted, and must not be")


def played(
    task: Task, truth: Execution, lie: Execution, parameters: Parameters, withdrawal: Withdrawal | None
) -> Match:
    """The whole dispute. Raises ``Undecided`` if it does not end with the truth."""
    match = begin(task, truth, lie, parameters, withdrawal)
    assertions(match)
    contest(match)
    if match.game.winner != match.names[TRUE]:
        raise Undecided("a false assertion has won")
    finish(match)
    return match


def first_of(match: Match, name: str) -> int:
    """The time of the first accepted move with this name."""
    return next(move.at.time for move in match.moves if move.name == name)
