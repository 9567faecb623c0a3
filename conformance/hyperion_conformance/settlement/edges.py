"""The edge game as a session: parameters and events from JSON, the digest of a state, and what is shown of it.

A refused event is answered by the name of the reason, an accepted one by the digest of the state after it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

import attrs

from hyperion.primitives.hashing import HASH_BYTES, keccak256
from hyperion.settlement.dispute import events as e
from hyperion.settlement.dispute.invariants import edges_of, violated
from hyperion.settlement.dispute.parameters import Level, Parameters, Violation
from hyperion.settlement.dispute.rules import open_game, step
from hyperion.settlement.dispute.types import Edge, Game, Mode, Rivalry, Verifier
from hyperion.settlement.moment import Moment
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.settlement.labels import verifier, word
from hyperion_conformance.targets.target import Session
from hyperion_conformance.vectors.input import InputError, address, items, natural, octets, record

DIGEST_BYTES: Final = 16
TIME_END: Final = 2**40
AMOUNT_END: Final = 2**96
RATIO_END: Final = 2**32
MOST_LEVELS: Final = 4
HEIGHT_END: Final = 41

Read: TypeAlias = Callable[[Json, str], object]


def time(value: Json, field: str) -> int:
    """Seconds, or a height of the L1."""
    return natural(value, field, TIME_END)


def amount(value: Json, field: str) -> int:
    """Wei."""
    return natural(value, field, AMOUNT_END)


def word_of(value: Json, field: str) -> bytes:
    """32 bytes."""
    return octets(value, field, HASH_BYTES)


def words(value: Json, field: str) -> tuple[bytes, ...]:
    """A proof: words."""
    return items(value, field, word_of)


def optional(value: Json, field: str) -> bytes | None:
    """32 bytes, or null."""
    return None if value is None else word_of(value, field)


def mode(value: Json, field: str) -> Mode:
    """How money is given out."""
    names = [one.value for one in Mode]
    if value not in names:
        raise InputError(field, f"none of {', '.join(names)}")
    return Mode(value)


def flag(value: Json, field: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InputError(field, "true or false is needed")
    return value


ENDS: Final[dict[str, Read]] = {"before": word_of, "before_proof": words, "after": word_of, "after_proof": words}
OPENING: Final[dict[str, Read]] = {"end_root": word_of, "prefix_proof": words, "end_proof": words}
PAYING: Final[dict[str, Read]] = {"paid": amount, "mover": address}

EVENTS: Final[Mapping[str, tuple[Callable[..., e.Event], dict[str, Read]]]] = {
    "admit": (e.Admit, {"claim": word_of, "state": word_of}),
    "root": (e.Root, {"claim": word_of, **OPENING, **PAYING}),
    "refine": (e.Refine, {"edge": word_of, **ENDS, **OPENING, **PAYING}),
    "bisect": (e.Bisect, {"edge": word_of, "middle_root": word_of, "proof": words, "mover": address}),
    "update-timer": (e.UpdateTimer, {"edge": word_of}),
    "update-timer-by-claim": (e.UpdateTimerByClaim, {"edge": word_of, "claimant": word_of}),
    "confirm-by-time": (e.ConfirmByTime, {"edge": word_of}),
    "confirm-by-children": (e.ConfirmByChildren, {"edge": word_of}),
    "confirm-by-claim": (e.ConfirmByClaim, {"edge": word_of, "claimant": word_of}),
    "confirm-by-one-step": (e.ConfirmByOneStepProof, {"edge": word_of, **ENDS, "witness": words}),
    "decide": (e.Decide, {"edge": word_of}),
    "close": (e.Close, {"mode": mode}),
    "refund": (e.Refund, {"edge": word_of}),
    "reimburse": (e.Reimburse, {"edge": word_of, "via": optional}),
    "withdraw": (e.Withdraw, {"account": address}),
}
"""Name of an event → its record, and its fields with their decoders."""

MOMENT: Final = ("event", "time", "height")


def event_of(given: Mapping[str, Json], strict: bool) -> tuple[e.Event, Moment]:
    """An event and when it happens. Refused: an unknown name, a field that is missing or not of its kind."""
    name = given.get("event")
    if not isinstance(name, str) or name not in EVENTS:
        raise InputError("$.event.event", f"none of {', '.join(EVENTS)}")
    make, fields = EVENTS[name]
    record(given, "$.event", (*MOMENT, *fields), strict, (*MOMENT, *fields))
    values = {key: read(given[key], f"$.event.{key}") for key, read in fields.items()}
    return make(**values), moment_of(given, "$.event")


def moment_of(given: Mapping[str, Json], field: str) -> Moment:
    """Time and height of an L1 block."""
    return Moment(time(given["time"], f"{field}.time"), time(given["height"], f"{field}.height"))


LEVEL: Final[dict[str, Read]] = {
    "height": lambda value, field: natural(value, field, HEIGHT_END),
    "stake": amount,
    "reimbursement": amount,
    "provable": flag,
}
FIGURES: Final[dict[str, Read]] = {
    "threshold": time,
    "censorship": time,
    "reaction": time,
    "slot": time,
    "cost_of_move": amount,
    "resource_ratio": lambda value, field: natural(value, field, RATIO_END),
}


def parameters_of(value: Json, field: str, strict: bool) -> Parameters:
    """Parameters; whether they are safe is another question. Refused: more than four levels, numbers out of range."""

    def level(one: Json, at: str) -> Level:
        given = record(one, at, tuple(LEVEL), strict, tuple(LEVEL))
        return Level(**{key: read(given[key], f"{at}.{key}") for key, read in LEVEL.items()})  # type: ignore[arg-type]

    keys = ("levels", *FIGURES)
    given = record(value, field, keys, strict, keys)
    levels = items(given["levels"], f"{field}.levels", level)
    if len(levels) > MOST_LEVELS:
        raise InputError(f"{field}.levels", f"at most {MOST_LEVELS} levels")
    figures = {key: read(given[key], f"{field}.{key}") for key, read in FIGURES.items()}
    return Parameters(levels, **figures)  # type: ignore[arg-type]


# --- the digest ------------------------------------------------------------------------------------------------------


def number_of(value: int | bytes | None) -> bytes:
    """A word: nothing is zero."""
    return value if isinstance(value, bytes) else word(value or 0)


def edge_words(edge: Edge) -> tuple[int | bytes | None, ...]:
    """All of an edge. What it stands for is preceded by whether it stands for anything."""
    flags = edge.confirmed | edge.useful << 1 | edge.refunded << 2
    return (
        edge.id, edge.mutual, edge.level, edge.origin, edge.start_height, edge.start_root, edge.end_height,
        edge.end_root, edge.created, edge.mover, edge.opens_level, edge.claim, edge.stake, edge.lower, edge.upper,
        edge.timer, flags,
    )  # fmt: skip


def rivalry_words(rivalry: Rivalry) -> tuple[int | bytes | None, ...]:
    """Who was first, whether and when that ended to be all, and who won."""
    return rivalry.first, rivalry.rivalled_at is not None, rivalry.rivalled_at, rivalry.confirmed


def state_words(game: Game) -> Iterator[int | bytes | None]:
    """The whole state as words: the head, then edges, rivalries, claims and credits, each sorted and counted."""
    ledger, modes = game.ledger, list(Mode)
    yield from (game.now.time, game.now.height, modes.index(game.mode), game.winner is not None, game.winner)
    yield from (ledger.deposited, ledger.escrow, ledger.pool, ledger.owed, ledger.paid)
    yield from (False, None, False, None) if game.contest is None else (True, *rivalry_words(game.contest)[:3])
    yield len(game.edges)
    for edge in edges_of(game):
        yield from edge_words(edge)
    yield len(game.rivalries)
    for mutual, rivalry in sorted(game.rivalries.items()):
        yield from (mutual, *rivalry_words(rivalry))
    yield len(game.claimed)
    for name, claim in sorted(game.claimed.items()):
        yield from (name, claim.state, claim.created)
    yield len(ledger.credits)
    for account, credit in sorted(ledger.credits.items()):
        yield from (account, credit)


def digest(game: Game) -> str:
    """The first 16 bytes of the Keccak-256 hash over the words of the state."""
    return "0x" + keccak256(b"".join(map(number_of, state_words(game))))[:DIGEST_BYTES].hex()


# --- the session -----------------------------------------------------------------------------------------------------


@attrs.frozen
class Played:
    """A session: the game, or why it was not opened."""

    game: Game | tuple[Violation, ...]
    verifier: Verifier


def opened(given: Mapping[str, Json], strict: bool) -> Played:
    """A game without assertions; one whose parameters are unsafe is not opened, and refuses every event."""
    keys = ("parameters", "origin", "start", "time", "height")
    record(given, "$.input.open", keys, strict, keys)
    parameters = parameters_of(given["parameters"], "$.input.open.parameters", strict)
    origin, start = (word_of(given[key], f"$.input.open.{key}") for key in ("origin", "start"))
    return Played(
        open_game(parameters, origin, start, moment_of(given, "$.input.open")), verifier(parameters.levels)
    )


def acted(state: Played, given: Mapping[str, Json], strict: bool) -> tuple[Played, dict[str, Json]]:
    """The session after an event."""
    event, at = event_of(given, strict)
    if not isinstance(state.game, Game):
        return state, {"rejected": "unsafe-parameters"}
    after = step(state.game, event, at, state.verifier)
    if isinstance(after, Rejected):
        return state, {"rejected": after.reason.value}
    return attrs.evolve(state, game=after), {"digest": digest(after)}


def edge_text(edge: Edge) -> str:
    """An edge in a line, for who looks for a difference between two digests."""
    marks = [name for name in ("confirmed", "useful", "refunded") if getattr(edge, name)]
    place = f"level {edge.level}, {edge.start_height} to {edge.end_height}, timer {edge.timer}"
    return " ".join((f"0x{edge.id[:8].hex()}: {place}", *marks))


def shown(state: Played) -> dict[str, Json]:
    """The state: digest, money, winner, and each edge in a line; or the inequalities that are violated."""
    game = state.game
    if not isinstance(game, Game):
        return {"violations": [violation.name for violation in game]}
    ledger: dict[str, Json] = {name: str(getattr(game.ledger, name)) for name in MONEY}
    return {
        "digest": digest(game),
        "time": str(game.now.time),
        "height": str(game.now.height),
        "mode": game.mode.value,
        "winner": None if game.winner is None else "0x" + game.winner.hex(),
        "ledger": ledger,
        "edges": [edge_text(edge) for edge in edges_of(game)],
    }


MONEY: Final = ("deposited", "escrow", "pool", "owed", "paid")

EDGES: Final = Session(opened, acted, shown)
"""The model's."""


def broken(given: Mapping[str, Json]) -> tuple[str, ...]:
    """Invariants that a session violates after some accepted event, in the order in which they are found."""
    state, found = EDGES.open(given["open"], True), dict[str, None]()  # type: ignore[arg-type]
    for event in given["events"]:  # type: ignore[union-attr]
        state, _ = EDGES.act(state, event, True)  # type: ignore[arg-type]
        if isinstance(state.game, Game):
            found |= dict.fromkeys(violated(state.game))
    return tuple(found)
