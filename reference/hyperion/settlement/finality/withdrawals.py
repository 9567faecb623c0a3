"""Withdrawals: proven against an assertion, matured, the assertion final, paid once."""

import attrs

from hyperion.primitives.word import Address
from hyperion.rules import rule
from hyperion.settlement.dispute.identity import Hash, identity
from hyperion.settlement.finality.assertions import is_alive
from hyperion.settlement.finality.events import Deposit, Pay, Prove
from hyperion.settlement.finality.types import WITHDRAWAL, Chain, Outcome, Outside, Proven, Reason
from hyperion.settlement.rejection import Rejected


@rule(
    "BRI-withdrawal-id", "A withdrawal is named by its nonce, recipient and amount, so nothing of it can be exchanged."
)
def withdrawal_id(nonce: int, recipient: Address, amount: int) -> Hash:
    """The name under which the L2 lists it and the L1 pays it."""
    return identity(WITHDRAWAL, nonce, recipient, amount)


@rule("BRI-escrow", "What goes to the L2 is held for what comes from it.")
def deposit(chain: Chain, event: Deposit) -> Outcome:
    """The chain with more in escrow."""
    if event.amount < 0:
        return Rejected(Reason.ESCROW, f"{event.amount} wei")
    return attrs.evolve(chain, escrow=chain.escrow + event.amount)


@rule("BRI-withdrawal-prove", "A withdrawal is proven against one assertion; proving it anew starts its maturity anew.")
def prove(chain: Chain, event: Prove, outside: Outside) -> Outcome:
    """The chain with a withdrawal proven now."""
    assertion = chain.assertions.get(event.assertion)
    if assertion is None:
        return Rejected(Reason.UNKNOWN)
    if not is_alive(chain, assertion):
        return Rejected(Reason.DEAD_ASSERTION)
    name = withdrawal_id(event.nonce, event.recipient, event.amount)
    if name in chain.spent:
        return Rejected(Reason.SPENT)
    if not outside.includes_withdrawal(assertion.output.withdrawals, name, event.proof):
        return Rejected(Reason.WITHDRAWAL_PROOF)
    return attrs.evolve(chain, proven=chain.proven.set(name, Proven(event.assertion, chain.now.time)))


@rule("BRI-withdrawal-pay", "A withdrawal is paid once, if it is proven, mature, and its assertion is final.")
def pay(chain: Chain, event: Pay) -> Outcome:
    """The chain after a withdrawal was paid out of escrow."""
    name = withdrawal_id(event.nonce, event.recipient, event.amount)
    proven = chain.proven.get(name)
    if chain.now.time < chain.paused_until:
        return Rejected(Reason.PAUSED)
    if name in chain.spent:
        return Rejected(Reason.SPENT)
    if proven is None:
        return Rejected(Reason.NOT_PROVEN)
    if chain.now.time - proven.at <= chain.parameters.maturity:
        return Rejected(Reason.MATURITY, f"{chain.now.time - proven.at} s ≤ {chain.parameters.maturity} s")
    if proven.assertion not in chain.final:
        return Rejected(Reason.NOT_FINAL)
    if event.amount > chain.escrow:
        return Rejected(Reason.ESCROW, f"{event.amount} wei > {chain.escrow} wei")
    return attrs.evolve(chain, escrow=chain.escrow - event.amount, spent=chain.spent.set(name, event.amount))
