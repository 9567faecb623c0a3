"""Settlement as a transition function: a chain, an event and a moment give the next chain, or the reason why not."""

import attrs

from hyperion.primitives.hashing import HASH_BYTES
from hyperion.primitives.word import MAX_WORD
from hyperion.rules import rule
from hyperion.settlement.dispute.identity import Hash, identity
from hyperion.settlement.dispute.parameters import Violation
from hyperion.settlement.finality import assertions, guardian, withdrawals
from hyperion.settlement.finality.events import (
    CloseGame,
    Deposit,
    Event,
    Finalize,
    Pause,
    Pay,
    Play,
    Propose,
    Prove,
    ReturnBond,
    Settle,
    Void,
    VoidOrphans,
)
from hyperion.settlement.finality.parameters import Parameters, violations
from hyperion.settlement.finality.types import ASSERTION, Assertion, Chain, Inputs, Outcome, Output, Outside, Reason
from hyperion.settlement.moment import Moment, follows
from hyperion.settlement.rejection import Rejected

NOWHERE: Hash = b"\0" * 32
"""The parent of the first anchor."""


@rule("DIS-genesis", "The first anchor is final by definition: the state from which all is derived.")
def open_chain(
    parameters: Parameters, chain_id: int, program: Hash, genesis: Output, at: Moment
) -> Chain | tuple[Violation, ...]:
    """The settlement of a chain that begins with an output, or the inequalities that keep it from being opened."""
    found = violations(parameters)
    if found:
        return found
    name = identity(ASSERTION, NOWHERE, genesis.digest)
    inputs = Inputs(NOWHERE, genesis.l2_block, at.height, NOWHERE)
    first = Assertion(name, NOWHERE, inputs, genesis, 0, 0, at.time, bond_returned=True)
    chain = Chain(parameters, chain_id, program, at, name)
    return attrs.evolve(chain, assertions=chain.assertions.set(name, first), final=chain.final.set(name, at.time))


@rule("DIS-settlement-well-formed", "What is hashed into a name is a word or a string of 32 bytes.")
def is_well_formed(event: Event) -> bool:
    """Whether every number and hash that becomes part of a name fits there, so that names are injective."""
    match event:
        case Propose(output=output):
            words = (output.l2_block, output.last_inclusion, event.l1_height)
            return are_words(words) and len(output.state) == len(output.withdrawals) == HASH_BYTES
        case Prove() | Pay():
            return are_words((event.nonce, event.recipient, event.amount))
        case _:
            return True


def are_words(numbers: tuple[int, ...]) -> bool:
    """Whether all the numbers are words."""
    return all(0 <= number <= MAX_WORD for number in numbers)


def step(chain: Chain, event: Event, at: Moment, outside: Outside) -> Outcome:
    """The chain after an event in the L1 block ``at``; refused events leave no trace."""
    if not follows(at, chain.now):
        return Rejected(Reason.TIME_BACKWARDS, f"{at} after {chain.now}")
    if not is_well_formed(event):
        return Rejected(Reason.MALFORMED, "a number is a word, a hash has 32 bytes")
    now = attrs.evolve(chain, now=at)
    match event:
        case Propose():
            return assertions.propose(now, event, outside)
        case Play():
            return assertions.play(now, event, outside)
        case Settle():
            return assertions.settle(now, event)
        case Finalize():
            return assertions.finalize(now, event)
        case CloseGame():
            return assertions.close_game(now, event, outside)
        case Void():
            return guardian.void(now, event, outside)
        case VoidOrphans():
            return guardian.void_orphans(now, event, outside)
        case Pause():
            return guardian.pause(now, event)
        case ReturnBond():
            return guardian.return_bond(now, event)
        case Deposit():
            return withdrawals.deposit(now, event)
        case Prove():
            return withdrawals.prove(now, event, outside)
        case Pay():
            return withdrawals.pay(now, event)
