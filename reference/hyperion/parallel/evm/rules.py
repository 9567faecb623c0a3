"""The rules by which EVM transactions meet shared memory and each other, as a value, so that variants can be run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
from immutables import Map

from hyperion.execution.intrinsic import Intrinsic
from hyperion.execution.message import Applied
from hyperion.execution.rejection import Rejected
from hyperion.execution.series import Progress, after
from hyperion.execution.transaction import Transaction
from hyperion.execution.validate import Context, check_place
from hyperion.parallel.evm.locations import Effects, Epochs, EvmLocation, effects_of, read_from
from hyperion.primitives.word import Address
from hyperion.state.partial import Change, Facts, Location, Value, apply_changes, learn
from hyperion.state.world import World

Known = Map[Address, Facts]
Changes = Map[Address, Change]


@attrs.frozen
class EvmRules:
    """What a transaction does with memory while it runs, and what is done with its result when it is committed."""

    read_from: Callable[[Location, Epochs], EvmLocation] = read_from
    learn: Callable[[Known, Location, Value], Known] = learn
    effects_of: Callable[[int, Changes, Known, Epochs], Effects] = effects_of
    check_place: Callable[[Transaction, Context], Intrinsic | Rejected] = check_place
    apply_changes: Callable[[World, Changes], World] = apply_changes
    after: Callable[[Progress, bytes, Applied], Progress] = after


EVM_RULES: Final = EvmRules()
