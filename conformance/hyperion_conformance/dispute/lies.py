"""Lies: what a faulty executor makes of the state after one step, inside a run of a machine or between two of them."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs
import msgspec

from hyperion.execution.block import GWEI, WITHDRAWAL, Withdrawal
from hyperion.execution.message import Admitted
from hyperion.execution.record import read_fields
from hyperion.execution.transition import tip_of
from hyperion.primitives import rlp
from hyperion.primitives.word import MAX_WORD, Address
from hyperion.settlement.between.stages import Body, Ended, Phase, Running, Settled, Stage, Standing, State
from hyperion.state import trie
from hyperion.vm.machine import Machine

Lie = Callable[[State, State], State | None]
"""From the state before and the true one after to a false one; None where the lie is not about such a step."""


# --- in a run: a word that an instruction leaves ---------------------------------------------------------------------


def word_of(before: State, after: State) -> str | None:
    """The instruction that the step executes, if it ends with a word on the stack; None if not."""
    if not isinstance(before, Running) or not isinstance(after, Running):
        return None
    first, second = before.machine, after.machine
    if first.boundary is not None or second.boundary is not None:
        return None
    row = first.frame.instructions[first.frame.program[first.pc]]
    return row.name if row.pushes > 0 and second.frame.depth == first.frame.depth else None


def spoiled(machine: Machine) -> Machine:
    """The machine with a topmost word that is one too high."""
    stack = machine.stack
    return msgspec.structs.replace(machine, stack=stack.rest.push((stack.top + 1) & MAX_WORD))


def false_word(before: State, after: State) -> State | None:
    """The machine with a false result of its instruction."""
    if word_of(before, after) is None or not isinstance(after, Running):
        return None
    return attrs.evolve(after, machine=spoiled(after.machine))


# --- between runs ----------------------------------------------------------------------------------------------------


def credited(stage: Stage, address: Address, amount: int) -> Stage:
    """The stage in whose world somebody has more."""
    return attrs.evolve(stage, body=attrs.evolve(stage.body, world=stage.body.world.credit(address, amount)))


def phase_of(state: State) -> Phase | None:
    """The phase of a stage, also of one that waits; None at the end of a block."""
    stage = state.stage if isinstance(state, Running) else state
    return stage.phase if isinstance(stage, Stage) else None


def next_transaction(stage: Stage) -> Stage:
    """The stage with nothing done for its transaction."""
    return Stage(Phase.TRANSACTION, stage.index + 1, 0, stage.body)


def ended(body: Body) -> Ended:
    """The end of an invalid block."""
    return Ended(Standing.INVALID, body.before.tip)


def wrong_begin(before: State, after: State) -> State | None:
    """The block begins with gas that is used already."""
    if not isinstance(before, Ended) or not isinstance(after, Stage):
        return None
    return attrs.evolve(after, body=attrs.evolve(after.body, gas_used=21_000))


def wrong_call(before: State, after: State) -> State | None:
    """What a call of the protocol did is forgotten."""
    if phase_of(before) is not Phase.CALLED_FIRST or not isinstance(before, Running) or not isinstance(after, Stage):
        return None
    return attrs.evolve(after, body=attrs.evolve(after.body, world=before.stage.body.world))


def wrong_nonce(before: State, after: State) -> State | None:
    """A sender's nonce rises twice."""
    if phase_of(before) is not Phase.TRANSACTION or not isinstance(after, Stage):
        return None
    if not isinstance(after.detail, Admitted):
        return None
    world = after.body.world.increment_nonce(after.detail.valid.sender)
    return attrs.evolve(after, body=attrs.evolve(after.body, world=world))


def skipped(before: State, after: State) -> State | None:
    """A transaction that may be in the block is passed over."""
    taken = isinstance(before, Stage) and before.phase is Phase.TRANSACTION and phase_of(after) is Phase.ADMITTED
    return next_transaction(before) if taken and isinstance(before, Stage) else None


def accepted(before: State, after: State) -> State | None:
    """A transaction that may not be in the block is passed over, and the block goes on."""
    refused = isinstance(before, Stage) and before.phase is Phase.TRANSACTION and isinstance(after, Ended)
    return next_transaction(before) if refused and isinstance(before, Stage) else None


def called_invalid(before: State, after: State) -> State | None:
    """A transaction that may be in the block makes it invalid."""
    taken = isinstance(before, Stage) and before.phase is Phase.TRANSACTION and phase_of(after) is Phase.ADMITTED
    return ended(before.body) if taken and isinstance(before, Stage) else None


def left_cold(before: State, after: State) -> State | None:
    """An entry of an access list, or an authorisation, is counted but not acted upon."""
    both = isinstance(before, Stage) and isinstance(after, Stage) and before.phase is after.phase is Phase.ADMITTED
    return attrs.evolve(before, entry=before.entry + 1) if both and isinstance(before, Stage) else None


def wrong_fee(before: State, after: State) -> State | None:
    """The beneficiary gets a wei too much."""
    if phase_of(before) is not Phase.ENTERED or not isinstance(after, Stage):
        return None
    return credited(after, after.body.facts.coinbase, 1)


def wrong_gas(before: State, after: State) -> State | None:
    """A transaction uses a unit too much of the block."""
    if phase_of(before) is not Phase.ENTERED or not isinstance(after, Stage):
        return None
    return attrs.evolve(after, body=attrs.evolve(after.body, gas_used=after.body.gas_used + 1))


def wrong_receipt(before: State, after: State) -> State | None:
    """The receipt of a transaction says the opposite of how it ended."""
    if phase_of(before) is not Phase.ENTERED or not isinstance(after, Stage) or not isinstance(after.detail, Settled):
        return None
    return attrs.evolve(after, detail=attrs.evolve(after.detail, succeeded=not after.detail.succeeded))


def wrong_log(before: State, after: State) -> State | None:
    """A log is written, but its bits are not in the filter."""
    if not isinstance(before, Stage) or not isinstance(after, Stage) or before.phase is not Phase.WRITING:
        return None
    if not isinstance(before.detail, Settled) or not isinstance(after.detail, Settled):
        return None
    return attrs.evolve(after, detail=attrs.evolve(after.detail, bloom=before.detail.bloom))


def wrong_withdrawal(before: State, after: State) -> State | None:
    """A withdrawal pays a gwei too much."""
    if not isinstance(before, Stage) or not isinstance(after, Stage) or before.phase is not after.phase:
        return None
    if before.phase is not Phase.WITHDRAWAL:
        return None
    encoded = trie.get(before.body.input.withdrawals, rlp.encode_int(before.index)) or b"\xc0"
    paid = Withdrawal(**read_fields(WITHDRAWAL, rlp.decode(encoded), "withdrawal"))
    return credited(after, paid.address, GWEI)


def wrong_request(before: State, after: State) -> State | None:
    """A contract has made a request that it has not made."""
    if phase_of(before) is not Phase.REQUESTED or not isinstance(after, Stage):
        return None
    return attrs.evolve(after, body=attrs.evolve(after.body, hashes=after.body.hashes + bytes(32)))


def wrong_header(before: State, after: State) -> State | None:
    """The block is sealed with other gas than was used."""
    if not isinstance(before, Stage) or not isinstance(after, Ended) or after.standing is not Standing.VALID:
        return None
    header = attrs.evolve(after.tip.header, gas_used=after.tip.header.gas_used + 1)
    return Ended(after.standing, tip_of(header, after.tip.world, before.body.before.tip.hashes))


OUTPUT: Final = "output"
"""The lie about what leaves the L2 by the end of the block: it is in no point, but in the output."""

BETWEEN: Final[Mapping[str, Lie]] = {
    "begin": wrong_begin, "call": wrong_call, "nonce": wrong_nonce, "skip": skipped, "accept": accepted,
    "refuse": called_invalid, "access": left_cold, "fee": wrong_fee, "gas": wrong_gas, "receipt": wrong_receipt,
    "log": wrong_log, "withdrawal": wrong_withdrawal, "request": wrong_request, "header": wrong_header,
}  # fmt: skip
"""Lies between runs, by name."""


def told_of(name: str) -> str:
    """What a liar does, in words."""
    if name == OUTPUT:
        return "the output has another state than the block"
    told = BETWEEN[name].__doc__ if name in BETWEEN else None
    return f"{name} gives a false word" if told is None else told[0].lower() + told[1:].rstrip(".")
