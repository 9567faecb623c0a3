"""Writing sessions of the fault dispute game: moves by position, with true values or with junk, as JSON events."""

from typing import Any, Final

import attrs

from hyperion.settlement.dispute.identity import identity
from hyperion.settlement.faultgame.ancestry import context_of
from hyperion.settlement.faultgame.parameters import Parameters, bond_at
from hyperion.settlement.faultgame.position import moved
from hyperion.settlement.faultgame.types import Game, Hash
from hyperion_conformance.dispute.faultplay import ANCHOR, EVE, GOOD, HONEST, PRESTATE, Chain, context_below, output_at
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.settlement.faults import FAULTS, PARAMETERS, Played
from hyperion_conformance.vectors.model import address_json, hexadecimal

HOUR: Final = 3_600
TESTED: Final = Parameters(
    max_depth=8,
    split_depth=4,
    max_clock=84 * HOUR,
    extension=3 * HOUR,
    preimage_period=4,
    air_gap=84 * HOUR,
    withdrawal_delay=7 * 24 * HOUR,
)
"""The parameters of the public contract tests."""
START: Final = 1_690_906_994
PANIC: Final = 2
ACCOUNTS: Final = ("claimant", "stepper", "challenger", "account", "proposer")


def junk(number: int, status: int | None = None) -> Hash:
    """A value that nobody who is honest claims; with a status byte if one is needed."""
    value = identity(300, number)
    return value if status is None else bytes([status]) + value[1:]


@attrs.define
class FaultScript:
    """A session being written, beside the model's own."""

    parameters: Parameters = TESTED
    root: Hash = attrs.field(factory=lambda: junk(0, 1))
    more: dict[str, Any] = attrs.field(factory=dict)
    """Fields of the proposal that differ."""
    events: list[Json] = attrs.field(factory=list)
    now: int = START
    made: int = 0
    played: Played = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.played = FAULTS.open(self.opening, True)

    @property
    def opening(self) -> dict[str, Json]:
        """How the game is opened."""
        whole = 2**self.parameters.split_depth
        fields: dict[str, Any] = {
            "value": self.root, "l2_block": 100 + whole, "anchor": ANCHOR, "anchor_block": 100,
            "l1_head": identity(207, 0), "chain_id": 59_902, "absolute_prestate": PRESTATE, "proposer": EVE,
            "paid": bond_at(self.parameters, 0) if self.parameters.max_depth else 0, **self.more,
        }  # fmt: skip
        rules: dict[str, Json] = {key: str(getattr(self.parameters, key)) for key in PARAMETERS}
        return {
            "parameters": rules,
            "proposal": {key: shown(key, value) for key, value in fields.items()},
            "time": str(START),
        }

    @property
    def session(self) -> dict[str, Json]:
        """The input of a case."""
        return {"open": self.opening, "events": list(self.events)}

    @property
    def game(self) -> Game:
        """The game as it is."""
        assert isinstance(self.played.game, Game)
        return self.played.game

    @property
    def chain(self) -> Chain:
        """What the game is about."""
        return self.played.chain

    def wait(self, seconds: int) -> "FaultScript":
        """What follows happens so much later."""
        self.now += seconds
        return self

    def send(self, name: str, **fields: Any) -> "FaultScript":
        """An event with these fields, whatever comes of it."""
        event = {"event": name, "time": str(self.now), **{key: shown(key, value) for key, value in fields.items()}}
        self.events.append(event)
        self.played, _ = FAULTS.act(self.played, event, True)
        return self

    # Moves.

    def true(self, parent: int, is_attack: bool) -> Hash:
        """What an honest player claims where the move would stand."""
        position = moved(self.game.claims[parent].position, is_attack)
        return self.chain.value(position, context_below(self.game, parent, is_attack))

    def move(
        self, parent: int, is_attack: bool, value: Hash | None = None, by: int = EVE, **more: Any
    ) -> "FaultScript":
        """A move with the true value, or with the one given."""
        claim = self.game.claims[parent]
        depth = min(claim.position.depth + 1, self.parameters.max_depth)
        fields: dict[str, Any] = {
            "parent": parent, "disputed": claim.value,
            "value": self.true(parent, is_attack) if value is None else value,
            "is_attack": is_attack, "claimant": by, "paid": bond_at(self.parameters, depth),
        }  # fmt: skip
        return self.send("move", **{**fields, **more})

    def attack(self, parent: int, value: Hash | None = None, by: int = EVE, **more: Any) -> "FaultScript":
        """An attack."""
        return self.move(parent, True, value, by, **more)

    def defend(self, parent: int, value: Hash | None = None, by: int = EVE, **more: Any) -> "FaultScript":
        """A defence."""
        return self.move(parent, False, value, by, **more)

    def dummy(self, parent: int, is_attack: bool = True, by: int = EVE, **more: Any) -> "FaultScript":
        """A move with a value that nobody else claims; at the root of a run, with a status byte that fits an attack."""
        self.made += 1
        depth = self.game.claims[parent].position.depth + 1
        status = PANIC if depth == self.parameters.split_depth + 1 else None
        return self.move(parent, is_attack, junk(self.made, status), by, **more)

    def down(self, claims: int, by: int = EVE) -> "FaultScript":
        """Attacks with junk, each on the last claim, until there are so many claims."""
        while len(self.game.claims) < claims:
            self.dummy(len(self.game.claims) - 1, by=by)
        return self

    def stepping(self, claim: int, is_attack: bool, by: int = HONEST, **more: Any) -> "FaultScript":
        """A step from the true state before, or after, the leaf."""
        context = context_of(self.game, claim) if claim < len(self.game.claims) else None
        state = b"start"
        if context is not None:
            at = self.chain.run_index(self.game.claims[claim].position) - is_attack
            state = b"start" if at < 0 else self.chain.state(context, at)
        fields = {"claim": claim, "is_attack": is_attack, "state": state, "proof": GOOD, "stepper": by}
        return self.send("step", **{**fields, **more})

    def resolve(self, *claims: int, count: int = 0) -> "FaultScript":
        """Claims are settled, in this order."""
        for claim in claims:
            self.send("resolve-claim", claim=claim, count=count)
        return self

    def advise(self) -> "FaultScript":
        """What would an honest player do now?"""
        return self.send("advise", account=HONEST)

    def pay(self, *accounts: int) -> "FaultScript":
        """The game is closed after the air gap, and credits are asked for and taken."""
        self.wait(self.parameters.air_gap + 1).send("close", is_proper=True, is_paused=False)
        for account in accounts:
            self.send("claim-credit", account=account)
        self.wait(self.parameters.withdrawal_delay)
        for account in accounts:
            self.send("claim-credit", account=account)
        return self


def honest_root(parameters: Parameters = TESTED) -> Hash:
    """The true root claim."""
    return output_at(2**parameters.split_depth - 1)


def shown(key: str, value: Any) -> Json:
    """A field as JSON."""
    if isinstance(value, bytes):
        return hexadecimal(value)
    if isinstance(value, bool) or value is None:
        return value
    return address_json(value) if key in ACCOUNTS else str(value)
