"""A block of EVM transactions for Block-STM, and the commitment of what came out, in the order of the block.

While transactions run side by side, nobody knows what the ones before them used up of the block, or whether one of them
is refused. So that is asked when they are committed, one after the other: whether the block has room for the next, its
cumulative gas, its receipt, and the wei that were added without a look at the balance. The first that is refused makes
the block invalid, as serially; what the later ones did is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import attrs
import msgspec

from hyperion.execution.block import Block
from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.message import Applied
from hyperion.execution.rejection import Rejected
from hyperion.execution.series import Execution, Progress, in_series, read_transaction, refused
from hyperion.execution.transition import BlockResult, Chain, Tip, apply_block
from hyperion.execution.validate import Context, check_alone
from hyperion.parallel.configuration import PATIENCE, Run, outcome, run
from hyperion.parallel.evm.locations import EvmLocation, before_block
from hyperion.parallel.evm.rules import EVM_RULES, EvmRules
from hyperion.parallel.evm.transaction import Reading, Ready, start
from hyperion.parallel.program import Done, Location, Outcome, Result, Value
from hyperion.rules import rule
from hyperion.state.partial import PartialWorld
from hyperion.state.world import World


class EvmBlock(msgspec.Struct, frozen=True):
    """The transactions of a block, the world in which the first begins, and the block as far as it is known then."""

    world: World
    context: Context
    encoded: tuple[bytes, ...]
    transactions: tuple[Ready | InvalidBlock, ...]
    rules: EvmRules = EVM_RULES

    @property
    def size(self) -> int:
        """How many transactions there are."""
        return len(self.transactions)

    def start(self, transaction: int) -> Reading | Done:
        """The transaction at an index that has read nothing yet. One that can't be read does nothing."""
        ready = self.transactions[transaction]
        return Done((), (), None) if isinstance(ready, InvalidBlock) else start(ready)

    def base(self, location: Location) -> Value:
        """What is at a location before the block. Only its own transactions ask."""
        return before_block(cast(EvmLocation, location), self.world)


def evm_block(
    transactions: tuple[bytes, ...], world: World, context: Context, rules: EvmRules = EVM_RULES
) -> EvmBlock:
    """The block of encoded ``transactions`` that begin in ``world``; what needs no world is found out here, once."""
    made = tuple(made_ready(index, encoded, context, rules) for index, encoded in enumerate(transactions))
    return EvmBlock(world, context, transactions, made, rules)


def made_ready(index: int, encoded: bytes, context: Context, rules: EvmRules) -> Ready | InvalidBlock:
    """The transaction at ``index``, or why a block with it is invalid whatever comes before."""
    transaction = read_transaction(index, encoded, context)
    if isinstance(transaction, InvalidBlock):
        return transaction
    return Ready(index, transaction, context, check_alone(transaction, context), rules)


# --- commitment ------------------------------------------------------------------------------------------------------


@attrs.frozen
class FallBack:
    """Why the outcome is not committed, and the block is executed serially."""

    index: int
    reason: str


@rule(
    "STM-evm-commit",
    "Room in the block, cumulative gas, receipts and refusals are decided in the order of the block, as serially.",
)
def commit(block: EvmBlock, results: tuple[Result, ...]) -> Progress | InvalidBlock | FallBack:
    """The block after all its transactions had the effects in ``results``; or the first that is refused."""
    progress = Progress(block.world, block.context)
    for index in range(block.size):
        committed = commit_one(block, index, results[index], progress)
        if not isinstance(committed, Progress):
            return committed
        progress = committed
    return progress


def commit_one(
    block: EvmBlock, index: int, result: Result, progress: Progress
) -> Progress | InvalidBlock | FallBack:
    """The block after the transaction at ``index``. The questions have the order in which validation asks them."""
    ready = block.transactions[index]
    if isinstance(ready, InvalidBlock):
        return ready
    placed = block.rules.check_place(ready.transaction, progress.context)
    if isinstance(placed, Rejected):
        return refused(index, placed)
    if isinstance(result, Rejected):
        return refused(index, result)
    if not isinstance(result, Applied) or not isinstance(result.world, PartialWorld):
        return FallBack(index, "no answer")
    if removes_storage_unseen(progress.world, result.world):
        return FallBack(index, "storage of an empty account")
    world = block.rules.apply_changes(progress.world, result.world.changes)
    return block.rules.after(progress, block.encoded[index], attrs.evolve(result, world=world))


@rule(
    "STM-evm-fall-back",
    "A block whose additions would not fold exactly, or whose run has no answer or no end, is executed serially.",
)
def removes_storage_unseen(world: World, changed: PartialWorld) -> bool:
    """Whether 0 wei, paid without a look, remove an empty account that has storage: later readers did not learn of it.

    Transactions never leave such an account; only a state that was made otherwise can hold one.
    """
    for address in sorted(changed.changes):
        account = world.account(address)
        if changed.changes[address].touched and account.is_empty() and account.storage:
            return True
    return False


# --- the block -------------------------------------------------------------------------------------------------------


def speculate(
    block: EvmBlock, workers: int, turns: tuple[int, ...] = (), patience: int = PATIENCE
) -> Progress | InvalidBlock | FallBack:
    """The block executed by ``workers`` that make their steps in the order of ``turns``, and committed.

    A schedule that lets nobody go on for ``patience`` steps is given up.
    """
    ran = run(block, workers, turns, patience=patience)
    if not isinstance(ran, Run):
        return FallBack(0, "not finished")
    left = outcome(block, ran.configuration)
    return commit(block, left.results) if isinstance(left, Outcome) else FallBack(left.transaction, "not settled")


@rule("STM-evm-block", "Whatever workers and schedule, a block of EVM transactions ends as it does serially.")
def side_by_side(workers: int, schedule: Iterable[int] = ()) -> Execution:
    """The execution of a block's transactions by ``workers`` that make their steps in the order of ``schedule``."""
    turns = tuple(schedule)

    def execution(transactions: tuple[bytes, ...], world: World, context: Context) -> Progress | InvalidBlock:
        ended = speculate(evm_block(transactions, world, context), workers, turns)
        return in_series(transactions, world, context) if isinstance(ended, FallBack) else ended

    return execution


def apply_block_in_parallel(
    tip: Tip, block: Block, chain: Chain, size: int, workers: int, schedule: Iterable[int] = ()
) -> BlockResult | InvalidBlock:
    """What ``apply_block`` gives, with the transactions executed side by side.

    System calls, withdrawals and requests stand before and after all transactions: they are executed as always.
    """
    return apply_block(tip, block, attrs.evolve(chain, execution=side_by_side(workers, schedule)), size)
