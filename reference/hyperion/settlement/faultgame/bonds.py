"""Bonds: what is put down, to whom it falls, and how it is taken. Source: the specification, "Bonds", "Payouts"."""

import attrs

from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.settlement.faultgame.events import ClaimCredit, Close
from hyperion.settlement.faultgame.types import Bonds, Game, Mode, Outcome, Reason, Request, Status
from hyperion.settlement.rejection import Rejected


@rule("DIS-fdg-deposit", "What a player puts down is noted as its own, in case all is refunded.")
def deposited(bonds: Bonds, account: Address, amount: int) -> Bonds:
    """The bonds with one more."""
    return attrs.evolve(
        bonds,
        deposited=bonds.deposited + amount,
        unresolved=bonds.unresolved + amount,
        refund=bonds.refund.set(account, bonds.refund.get(account, 0) + amount),
    )


@rule("DIS-fdg-distribute", "A settled claim's bond falls to one player, once.")
def distributed(bonds: Bonds, account: Address, amount: int) -> Bonds:
    """The bonds with one of them credited."""
    return attrs.evolve(
        bonds,
        unresolved=bonds.unresolved - amount,
        normal=bonds.normal.set(account, bonds.normal.get(account, 0) + amount),
    )


@rule(
    "DIS-fdg-close", "Bonds go by outcome if the game is proper, else back; decided once, after the air gap, unpaused."
)
def close(game: Game, event: Close) -> Outcome:
    """The game with its mode decided; the air gap is over when more than its length has passed since the resolution."""
    if event.is_paused:
        return Rejected(Reason.PAUSED)
    if game.mode is not Mode.UNDECIDED:
        return Rejected(Reason.ALREADY_CLOSED)
    if game.status is Status.IN_PROGRESS or game.resolved_at is None:
        return Rejected(Reason.NOT_RESOLVED)
    if game.now - game.resolved_at <= game.parameters.air_gap:
        return Rejected(Reason.AIR_GAP, f"{game.now - game.resolved_at} s ≤ {game.parameters.air_gap} s")
    return attrs.evolve(game, mode=Mode.NORMAL if event.is_proper else Mode.REFUND)


@rule("DIS-fdg-credit", "A credit is asked for, and taken by asking again when the delay has passed.")
def claim_credit(game: Game, event: ClaimCredit) -> Outcome:
    """The game after the first or the second asking; the amount is fixed, and gone from the credits, at the first."""
    if game.mode is Mode.UNDECIDED:
        return Rejected(Reason.NOT_CLOSED)
    request = game.bonds.requests.get(event.account)
    if request is None:
        return asked(game, event.account)
    if game.now < request.at + game.parameters.withdrawal_delay:
        return Rejected(Reason.DELAY, f"{game.now - request.at} s < {game.parameters.withdrawal_delay} s")
    bonds = game.bonds
    return attrs.evolve(
        game,
        bonds=attrs.evolve(bonds, requests=bonds.requests.delete(event.account), paid=bonds.paid + request.amount),
    )


@rule("DIS-fdg-mode", "A player is credited by outcome or by refund, never both.")
def asked(game: Game, account: Address) -> Outcome:
    """The game after the first asking: both tallies of the account are void, one of them is on its way."""
    bonds = game.bonds
    amount = (bonds.normal if game.mode is Mode.NORMAL else bonds.refund).get(account, 0)
    if amount == 0:
        return Rejected(Reason.NO_CREDIT)
    return attrs.evolve(
        game,
        bonds=attrs.evolve(
            bonds,
            normal=bonds.normal.set(account, 0),
            refund=bonds.refund.set(account, 0),
            requests=bonds.requests.set(account, Request(amount, game.now)),
        ),
    )
