"""The fault dispute game as a session: events from JSON, questions that change nothing, the digest, what is shown.

A refused event is answered by the name of the reason, an accepted one by the digest of the state after it. The machine
and the outputs that the game is about are those of ``hyperion_conformance.dispute.faultplay``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from hyperion.primitives.hashing import keccak256
from hyperion.settlement.faultgame import events as e
from hyperion.settlement.faultgame.ancestry import context_of, local_data
from hyperion.settlement.faultgame.invariants import violated
from hyperion.settlement.faultgame.parameters import Parameters, Violation
from hyperion.settlement.faultgame.rules import Proposal, open_game, step
from hyperion.settlement.faultgame.types import Claim, Game, Mode, Status
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.dispute.faultplay import Chain, Solver
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.settlement.edges import DIGEST_BYTES, Read, amount, flag, number_of, time, word_of
from hyperion_conformance.targets.target import Session
from hyperion_conformance.vectors.input import InputError, address, natural, octets, record
from hyperion_conformance.vectors.model import address_json

INDEX_END: Final = 2**32
DEPTH_END: Final = 2**8


def index(value: Json, field: str) -> int:
    """The index of a claim, or a count."""
    return natural(value, field, INDEX_END)


def depth(value: Json, field: str) -> int:
    """A depth."""
    return natural(value, field, DEPTH_END)


def evidence(value: Json, field: str) -> int | None:
    """What is shown of the block number of a root claim: the number, or nothing of use."""
    return None if value is None else time(value, field)


def gas(value: Json, field: str) -> int:
    """Gas; zero makes no bond."""
    found = natural(value, field, INDEX_END)
    if found == 0:
        raise InputError(field, "at least 1 gas is needed")
    return found


EVENTS: Final[Mapping[str, tuple[Callable[..., e.Event], dict[str, Read]]]] = {
    "move": (
        e.Move,
        {
            "parent": index, "disputed": word_of, "value": word_of, "is_attack": flag, "claimant": address,
            "paid": natural,
        },
    ),
    "step": (e.Step, {"claim": index, "is_attack": flag, "state": octets, "proof": octets, "stepper": address}),
    "challenge-block-number": (e.ChallengeBlockNumber, {"evidence": evidence, "challenger": address}),
    "resolve-claim": (e.ResolveClaim, {"claim": index, "count": index}),
    "resolve": (e.Resolve, {}),
    "close": (e.Close, {"is_proper": flag, "is_paused": flag}),
    "claim-credit": (e.ClaimCredit, {"account": address}),
}  # fmt: skip
"""Name of an event → its record, and its fields with their decoders."""
QUESTIONS: Final[Mapping[str, dict[str, Read]]] = {
    "advise": {"account": address},
    "local-data": {"claim": index, "key": index},
}
"""What an honest player does now, by the published rules; what the machine is told in the run of a claim."""
PARAMETERS: Final[dict[str, Read]] = {
    "max_depth": depth, "split_depth": depth, "max_clock": time, "extension": time, "preimage_period": time,
    "air_gap": time, "withdrawal_delay": time, "base_fee": amount, "base_gas": gas, "high_gas": gas,
}  # fmt: skip
PROPOSAL: Final[dict[str, Read]] = {
    "value": word_of, "l2_block": time, "anchor": word_of, "anchor_block": time, "l1_head": word_of, "chain_id": time,
    "absolute_prestate": word_of, "proposer": address, "paid": natural,
}  # fmt: skip


def fields_of(value: Json, field: str, readers: Mapping[str, Read], strict: bool) -> dict[str, Any]:
    """An object with exactly these fields."""
    given = record(value, field, tuple(readers), strict, tuple(readers))
    return {key: read(given[key], f"{field}.{key}") for key, read in readers.items()}


# --- the digest ------------------------------------------------------------------------------------------------------


def claim_words(claim: Claim) -> tuple[int | bytes | None, ...]:
    """All of a claim; a parent is counted from one, since the root has none."""
    parent = 0 if claim.parent is None else claim.parent + 1
    return (
        parent, claim.claimant, claim.bond, claim.value, claim.position.depth, claim.position.index,
        claim.clock.duration, claim.clock.timestamp, claim.countered_by is not None, claim.countered_by,
        claim.resolved, len(claim.children), *claim.children,
    )  # fmt: skip


def state_words(game: Game) -> Iterator[int | bytes | None]:
    """The whole state as words: head, claims, checkpoints, then credits by outcome, by refund, and asked for."""
    bonds = game.bonds
    yield from (game.now, list(Status).index(game.status), game.resolved_at is not None, game.resolved_at)
    yield from (game.block_challenger is not None, game.block_challenger, list(Mode).index(game.mode))
    yield from (bonds.deposited, bonds.unresolved, bonds.paid, len(game.claims))
    for claim in game.claims:
        yield from claim_words(claim)
    yield len(game.checkpoints)
    for at, point in sorted(game.checkpoints.items()):
        yield from (at, point.cursor, point.leftmost, point.countered_by is not None, point.countered_by)
    for tally in (bonds.normal, bonds.refund):
        credits = [(account, credit) for account, credit in sorted(tally.items()) if credit]
        yield len(credits)
        for account, credit in credits:
            yield from (account, credit)
    yield len(bonds.requests)
    for account, request in sorted(bonds.requests.items()):
        yield from (account, request.amount, request.at)


def digest(game: Game) -> str:
    """The first 16 bytes of the Keccak-256 hash over the words of the state."""
    return "0x" + keccak256(b"".join(map(number_of, state_words(game))))[:DIGEST_BYTES].hex()


# --- the session -----------------------------------------------------------------------------------------------------


@attrs.frozen
class Played:
    """A session: the game, or why it was not opened; and the chain that it is about."""

    game: Game | tuple[Violation, ...]
    chain: Chain


def opened(given: Mapping[str, Json], strict: bool) -> Played:
    """A game with its root claim; one that may not be opened refuses every event."""
    record(given, "$.input.open", ("parameters", "proposal", "time"), strict, ("parameters", "proposal", "time"))
    rules = Parameters(**fields_of(given["parameters"], "$.input.open.parameters", PARAMETERS, strict))
    proposal = Proposal(**fields_of(given["proposal"], "$.input.open.proposal", PROPOSAL, strict))
    return Played(open_game(rules, proposal, time(given["time"], "$.input.open.time")), Chain(rules))


def acted(state: Played, given: Mapping[str, Json], strict: bool) -> tuple[Played, dict[str, Json]]:
    """The session after an event, or the answer to a question."""
    name = given.get("event")
    if not isinstance(name, str) or name not in (*EVENTS, *QUESTIONS):
        raise InputError("$.event.event", f"none of {', '.join((*EVENTS, *QUESTIONS))}")
    readers = QUESTIONS.get(name) or EVENTS[name][1]
    keys = ("event", "time", *readers)
    record(given, "$.event", keys, strict, keys)
    values = {key: read(given[key], f"$.event.{key}") for key, read in readers.items()}
    now = time(given["time"], "$.event.time")
    if not isinstance(state.game, Game):
        return state, {"rejected": "not-opened"}
    if name in QUESTIONS:
        return state, answered(state.game, state.chain, name, values)
    after = step(state.game, EVENTS[name][0](**values), now, state.chain.machine)
    if isinstance(after, Rejected):
        return state, {"rejected": after.reason.value}
    return attrs.evolve(state, game=after), {"digest": digest(after)}


def answered(game: Game, chain: Chain, name: str, values: Mapping[str, Any]) -> dict[str, Json]:
    """The answer to a question."""
    if name == "advise":
        return {"moves": [advice(event) for event in Solver(values["account"], chain).moves(game)]}
    claim: int = values["claim"]
    context = context_of(game, claim) if claim < len(game.claims) else None
    found = None if context is None else local_data(game, context, values["key"])
    return {"data": None if found is None else "0x" + found.hex()}


def advice(event: e.Event) -> Json:
    """A move of an honest player: which, against which claim, with which value."""
    if isinstance(event, e.Step):
        return f"{'step into' if event.is_attack else 'step out of'} {event.claim}"
    assert isinstance(event, e.Move)
    return f"{'attack' if event.is_attack else 'defend'} {event.parent} with 0x{event.value.hex()}"


def claim_text(at: int, claim: Claim) -> str:
    """A claim in a line."""
    place = f"depth {claim.position.depth} index {claim.position.index}"
    clock = f"clock {claim.clock.duration} at {claim.clock.timestamp}"
    marks = [] if claim.countered_by is None else [f"countered by {address_json(claim.countered_by)}"]
    return ", ".join((f"{at}: {place}", clock, *marks, *(["resolved"] if claim.resolved else [])))


def shown(state: Played) -> dict[str, Json]:
    """The state: digest, outcome, credits, and each claim in a line; or why the game was not opened."""
    game = state.game
    if not isinstance(game, Game):
        return {"violations": [violation.name for violation in game]}
    tally = game.bonds.refund if game.mode is Mode.REFUND else game.bonds.normal
    return {
        "digest": digest(game),
        "status": game.status.value,
        "mode": game.mode.value,
        "credits": {address_json(account): str(credit) for account, credit in sorted(tally.items()) if credit},
        "paid": str(game.bonds.paid),
        "claims": [claim_text(at, claim) for at, claim in enumerate(game.claims)],
    }


FAULTS: Final = Session(opened, acted, shown)
"""The model's."""


def broken(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Invariants that a session violates after some accepted event."""
    state, found = FAULTS.open(given["open"], True), dict[str, None]()
    for event in given["events"]:
        state, _ = FAULTS.act(state, event, True)
        if isinstance(state.game, Game):
            found |= dict.fromkeys(violated(state.game))
    return tuple(found)
