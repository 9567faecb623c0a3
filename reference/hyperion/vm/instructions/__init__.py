"""The instructions: one module a family, one function an instruction, one table.

An operation runs after ``step`` has checked the stack and taken the static gas. Its stations, in this order where it
has them: the operands are read from the stack; what must not happen is refused; dynamic gas is paid; the effect; the
successor. A word function (``ADD`` …) needs no operation of its own: the row is made from its meaning.
"""

from types import ModuleType
from typing import Final

from hyperion.vm.instructions import arithmetic, control, environment, log, memory, stack, storage, system
from hyperion.vm.machine import Instruction


def rows_of(module: ModuleType) -> tuple[Instruction, ...]:
    """The rows that ``module`` defines, singly or in tuples (PUSH0 … PUSH32)."""
    rows: list[Instruction] = []
    for value in vars(module).values():
        members = value if isinstance(value, tuple) else (value,)
        rows.extend(member for member in members if isinstance(member, Instruction))
    return tuple(rows)


INSTRUCTIONS: Final = tuple(
    sorted(
        (
            row
            for module in (arithmetic, control, environment, log, memory, stack, storage, system)
            for row in rows_of(module)
        ),
        key=lambda row: row.opcode,
    )
)
"""All rows of all forks, by opcode."""
