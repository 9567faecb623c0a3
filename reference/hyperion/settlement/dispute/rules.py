"""The edge game as a transition function: a game, an event and a moment give the next game, or the reason why not."""

import attrs

from hyperion.primitives.hashing import HASH_BYTES
from hyperion.rules import rule
from hyperion.settlement.dispute import confirmation, funds, moves
from hyperion.settlement.dispute.events import (
    Admit,
    Bisect,
    Close,
    ConfirmByChildren,
    ConfirmByClaim,
    ConfirmByOneStepProof,
    ConfirmByTime,
    Decide,
    Event,
    Refine,
    Refund,
    Reimburse,
    Root,
    UpdateTimer,
    UpdateTimerByClaim,
    Withdraw,
)
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.parameters import Parameters, Violation, violations
from hyperion.settlement.dispute.types import Game, Mode, Outcome, Reason, Verifier
from hyperion.settlement.moment import Moment, follows
from hyperion.settlement.rejection import Rejected


def open_game(parameters: Parameters, origin: Hash, start: Hash, at: Moment) -> Game | tuple[Violation, ...]:
    """The contest ``origin`` about what follows on the state ``start``, without assertions yet; or why not."""
    return violations(parameters) or Game(parameters, origin, start, at)


def step(game: Game, event: Event, at: Moment, verifier: Verifier) -> Outcome:
    """The game after an event in the L1 block ``at``; refused events leave no trace, not even their time."""
    if not follows(at, game.now):
        return Rejected(Reason.TIME_BACKWARDS, f"{at} after {game.now}")
    if not is_well_formed(event):
        return Rejected(Reason.MALFORMED, f"hashes have {HASH_BYTES} bytes")
    now = attrs.evolve(game, now=at)
    match event:
        case Close() | Refund() | Reimburse() | Withdraw():
            return paying(now, event)
        case _ if game.mode is Mode.REFUND:
            return Rejected(Reason.MODE, "everybody gets back what was deposited")
        case Admit():
            return moves.admit(now, event)
        case Root():
            return moves.create_root(now, event, verifier)
        case Refine():
            return moves.refine(now, event, verifier)
        case Bisect():
            return moves.bisect(now, event, verifier)
        case ConfirmByOneStepProof():
            return confirmation.confirm_by_one_step(now, event, verifier)
        case _:
            return bookkeeping(now, event)


def bookkeeping(
    game: Game,
    event: UpdateTimer | UpdateTimerByClaim | ConfirmByTime | ConfirmByChildren | ConfirmByClaim | Decide,
) -> Outcome:
    """The game after an event that needs no proof: timers, and what follows from them."""
    match event:
        case UpdateTimer():
            return confirmation.update_timer(game, event)
        case UpdateTimerByClaim():
            return confirmation.update_timer_by_claim(game, event)
        case ConfirmByTime():
            return confirmation.confirm_by_time(game, event)
        case ConfirmByChildren():
            return confirmation.confirm_by_children(game, event)
        case ConfirmByClaim():
            return confirmation.confirm_by_claim(game, event)
        case Decide():
            return confirmation.decide(game, event)


def paying(game: Game, event: Close | Refund | Reimburse | Withdraw) -> Outcome:
    """The game after an event about money."""
    match event:
        case Close():
            return funds.close(game, event)
        case Refund():
            return funds.refund(game, event)
        case Reimburse():
            return funds.reimburse(game, event)
        case Withdraw():
            return funds.withdraw(game, event)


@rule("DIS-well-formed", "A root or a state in an event is a string of 32 bytes.")
def is_well_formed(event: Event) -> bool:
    """Whether everything that is hashed into a name has its length, so that names are injective."""
    hashes: tuple[Hash, ...]
    match event:
        case Root():
            hashes = (event.claim, event.end_root)
        case Refine():
            hashes = (event.before, event.after, event.end_root)
        case Bisect():
            hashes = (event.middle_root,)
        case Admit():
            hashes = (event.claim, event.state)
        case _:
            return True
    return all(len(part) == HASH_BYTES for part in hashes)
