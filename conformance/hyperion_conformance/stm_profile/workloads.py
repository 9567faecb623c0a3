"""Workloads: what the transactions of a block do, as EVM transactions, and with the same conflicts as trees."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import attrs

from hyperion.parallel.evm.block import EvmBlock
from hyperion.parallel.trees import Add, Constant, Name, Operation, ReadInto, Require, Stop, Tree, Trees, Write
from hyperion_conformance.stm_profile import contracts
from hyperion_conformance.stm_profile.metered import EvmMeter, MeteredBlock, TreeMeter

POOLS: Final = 8
"""Pools that share the swaps of a contended block."""


@attrs.frozen
class Workload:
    """What the transactions of a block do."""

    name: str
    what: str
    evm: Callable[[int], EvmBlock]
    tree: Callable[[int], Tree]
    """The same for the transaction at an index, as a decision tree."""
    computes: int = 0
    """Gas of each tree for what is no access."""

    def block(self, size: int, trees: bool = False) -> MeteredBlock:
        """A block of so many transactions."""
        if not trees:
            return MeteredBlock(EvmMeter(self.evm(size)))
        programs = tuple(self.tree(index) for index in range(size))
        return MeteredBlock(TreeMeter(Trees(programs, before(programs)), (self.computes,) * size))


def before(programs: tuple[Tree, ...]) -> tuple[tuple[str, int], ...]:
    """Enough of everything that a transaction requires, and reserves of the pools."""
    required = {tree.location: contracts.TOKENS for tree in programs if isinstance(tree, Require)}
    return (*required.items(), *((f"{side}{pool}", 10**9) for side in "xy" for pool in range(len(programs))))


# --- as trees --------------------------------------------------------------------------------------------------------


def pay(payer: str, amount: int, then: Tree) -> Tree:
    """Take an amount that must be there."""
    rest = Operation("-", Name("b"), Constant(amount))
    return Require(payer, amount, ReadInto(payer, "b", Write(payer, rest, then)))


def transfer(index: int) -> Tree:
    """Pay an account whose balance is not read."""
    return pay(f"s{index}", 1 + index, Add(f"r{index}", 1 + index, Stop()))


def credit(payee: str, amount: int) -> Tree:
    """Read a balance and write it with an amount more, as a token does."""
    return ReadInto(payee, "c", Write(payee, Operation("+", Name("c"), Constant(amount)), Stop()))


def token_transfer(index: int) -> Tree:
    """Pay in a token somebody who has none."""
    return pay(f"s{index}", 1 + index, credit(f"r{index}", 1 + index))


def clustered_transfer(index: int) -> Tree:
    """Pay somebody of the same cluster."""
    return pay(f"s{index}", 1 + index, credit(f"s{contracts.payee(index)}", 1 + index))


def swap(index: int, pools: int | None = None) -> Tree:
    """Swap in a pool: both reserves are read and written, and the trader is credited."""
    pool = index if pools is None else index % pools
    amount = Constant(1000 + index)
    product = Operation("*", Name("y"), amount)
    whole = Operation("+", Name("x"), amount)
    got = Operation("%", product, whole)
    credited = ReadInto(f"t{index}", "t", Write(f"t{index}", Operation("+", Name("t"), got), Stop()))
    taken = Write(f"y{pool}", Operation("-", Name("y"), got), credited)
    return ReadInto(f"x{pool}", "x", ReadInto(f"y{pool}", "y", Write(f"x{pool}", whole, taken)))


def count(index: int) -> Tree:
    """Increment one location."""
    return ReadInto("c", "x", Write("c", Operation("+", Name("x"), Constant(1)), Stop(Name("x"))))


def infer(index: int) -> Tree:
    """Read the version of a model, and write a result of one's own."""
    return ReadInto("model", "m", Write(f"o{index}", Operation("+", Name("m"), Constant(index)), Stop()))


# --- all -------------------------------------------------------------------------------------------------------------

WORKLOADS: Final[Mapping[str, Workload]] = {
    workload.name: workload
    for workload in (
        Workload("transfers", "plain transfers to new accounts", contracts.transfers, transfer),
        Workload("tokens", "ERC-20 transfers to new owners", contracts.token_transfers, token_transfer, 3_000),
        Workload("clusters", "ERC-20 transfers, a token for each eight people, who pay one another",
                 contracts.clustered_transfers, clustered_transfer, 3_000),
        Workload("swaps", "constant-product swaps, each in a pool of its own",
                 lambda size: contracts.swaps(size, size), swap, 3_000),
        Workload("pools", f"constant-product swaps in {POOLS} pools, in turn",
                 lambda size: contracts.swaps(size, POOLS), partial(swap, pools=POOLS), 3_000),
        Workload("counter", "all increment one word", contracts.counted, count),
        Workload("inference", "large calls of one model, each with its own input and result",
                 contracts.inferences, infer, 500_000),
    )
}  # fmt: skip
"""By name."""
