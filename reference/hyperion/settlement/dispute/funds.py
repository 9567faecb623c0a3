"""The game's money: stakes come in, and go out once, to those who asked for it themselves.

Always: deposited = escrow + pool + owed + paid. Nothing is sent to anybody who does not withdraw, so a recipient that
refuses money stops nobody else.
"""

import attrs

from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.settlement.dispute.events import Close, Refund, Reimburse, Withdraw
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import Edge, Game, Ledger, Mode, Outcome, Reason
from hyperion.settlement.rejection import Rejected


@rule("DIS-stake-held", "The first stake on a question is held for the winner, a later one goes to the pool.")
def deposit(ledger: Ledger, amount: int, is_first: bool) -> Ledger:
    """The ledger after a stake."""
    escrow, pool = (amount, 0) if is_first else (0, amount)
    return attrs.evolve(
        ledger, deposited=ledger.deposited + amount, escrow=ledger.escrow + escrow, pool=ledger.pool + pool
    )


def credit(ledger: Ledger, account: Address, from_escrow: int, from_pool: int) -> Ledger:
    """The ledger after an account is owed what was in escrow and in the pool."""
    amount = from_escrow + from_pool
    return attrs.evolve(
        ledger,
        escrow=ledger.escrow - from_escrow,
        pool=ledger.pool - from_pool,
        owed=ledger.owed + amount,
        credits=ledger.credits.set(account, ledger.credits.get(account, 0) + amount),
    )


@rule("DIS-mode", "How money is given out is decided once: normally when an assertion has won, or by refund to all.")
def close(game: Game, event: Close) -> Outcome:
    """The game in its mode; the settlement contract alone closes, after the air gap or on the guardian's word."""
    if game.mode is not Mode.OPEN:
        return Rejected(Reason.MODE, "decided before")
    if event.mode is Mode.OPEN:
        return Rejected(Reason.MODE, "open is no decision")
    if event.mode is Mode.NORMAL and game.winner is None:
        return Rejected(Reason.NOT_CONFIRMED, "no assertion has won")
    return attrs.evolve(game, mode=event.mode)


@rule("DIS-refund", "A stake goes back once, as deposited, to who deposited it: normally only for a confirmed edge.")
def refund(game: Game, event: Refund) -> Outcome:
    """The game after a stake is owed to who made the edge.

    Normally the winner's stake is that in escrow, whoever put it there: of each question at most one edge is confirmed,
    and exactly one stake is in escrow. By refund, each gets its own, from where it is.
    """
    edge = game.edges.get(event.edge)
    if edge is None:
        return Rejected(Reason.UNKNOWN_EDGE)
    if game.mode is Mode.OPEN:
        return Rejected(Reason.MODE, "not decided yet")
    if not edge.opens_level:
        return Rejected(Reason.NO_STAKE)
    if edge.refunded:
        return Rejected(Reason.ALREADY_REFUNDED)
    if game.mode is Mode.NORMAL and not edge.confirmed:
        return Rejected(Reason.NOT_CONFIRMED)
    held = game.mode is Mode.NORMAL or game.rivalries[edge.mutual].first == edge.id
    from_escrow, from_pool = (edge.stake, 0) if held else (0, edge.stake)
    return attrs.evolve(
        game,
        edges=game.edges.set(edge.id, attrs.evolve(edge, refunded=True)),
        ledger=credit(game.ledger, edge.mover, from_escrow, from_pool),
    )


@rule("DIS-useful", "The winner's confirmed root is useful, and so is what follows from a useful edge.")
def is_useful(game: Game, edge: Edge, via: Edge | None) -> bool:
    """Whether the edge belongs to the history that won, as the useful edge above it shows.

    Halves of a true edge are true. A root of a lower level is true only if it is confirmed: others may stand for the
    same step with a history that ends alike but differs inside.
    """
    if via is None:
        return edge.level == 0 and edge.claim == game.winner and edge.confirmed
    if not via.useful:
        return False
    if edge.opens_level and edge.claim == via.id:
        return edge.confirmed
    return edge.id in (via.lower, via.upper)


@rule("DIS-reimburse", "Who made a useful edge is paid a fixed sum for it once, as far as lost stakes reach.")
def reimburse(game: Game, event: Reimburse) -> Outcome:
    """The game after the maker of a useful edge is owed the reimbursement of its level.

    Paid to the recorded maker, whoever asks; in full or not at all, so that nobody can waste another's claim.
    """
    edge = game.edges.get(event.edge)
    via: Hash | None = event.via
    if edge is None or (via is not None and via not in game.edges):
        return Rejected(Reason.UNKNOWN_EDGE)
    if game.mode is not Mode.NORMAL:
        return Rejected(Reason.MODE, "only a game that is decided normally reimburses")
    if edge.useful:
        return Rejected(Reason.ALREADY_USEFUL)
    if not is_useful(game, edge, None if via is None else game.edges[via]):
        return Rejected(Reason.NOT_USEFUL)
    amount = game.parameters.levels[edge.level].reimbursement
    if game.ledger.pool < amount:
        return Rejected(Reason.POOL_TOO_LOW, f"{game.ledger.pool} wei < {amount}")
    return attrs.evolve(
        game,
        edges=game.edges.set(edge.id, attrs.evolve(edge, useful=True)),
        ledger=credit(game.ledger, edge.mover, 0, amount),
    )


@rule("DIS-withdraw", "Money leaves the game only when its owner takes it, all at once.")
def withdraw(game: Game, event: Withdraw) -> Outcome:
    """The game after an account has taken what it was owed."""
    ledger = game.ledger
    amount = ledger.credits.get(event.account, 0)
    if amount == 0:
        return Rejected(Reason.NOTHING_OWED)
    return attrs.evolve(
        game,
        ledger=attrs.evolve(
            ledger,
            credits=ledger.credits.delete(event.account),
            owed=ledger.owed - amount,
            paid=ledger.paid + amount,
        ),
    )
