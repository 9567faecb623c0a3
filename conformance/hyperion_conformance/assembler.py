"""A small assembler, so that programs that are measured or disputed about can be read.

Tokens are separated by blanks; ``;`` starts a comment. An instruction is its name. A number pushes itself in as few
bytes as it needs. ``here:`` is a jump destination with a name, ``@here`` pushes its offset.
"""

from typing import Final

from hyperion.vm.instructions import INSTRUCTIONS

OPCODES: Final = {row.name: row.opcode for row in INSTRUCTIONS}
PUSH0: Final = OPCODES["PUSH0"]
PUSH2: Final = OPCODES["PUSH2"]
JUMPDEST: Final = OPCODES["JUMPDEST"]


def tokens_of(source: str) -> list[str]:
    """The tokens of a program, comments left out."""
    return [token for line in source.splitlines() for token in line.partition(";")[0].split()]


def push(number: int) -> bytes:
    """The shortest instruction that pushes ``number``."""
    size = (number.bit_length() + 7) // 8
    return bytes([PUSH0 + size]) + number.to_bytes(size, "big")


def assemble(source: str) -> bytes:
    """The bytecode of a program; an unknown name raises ``KeyError``."""
    code = bytearray()
    labels: dict[str, int] = {}
    uses: dict[int, str] = {}
    for token in tokens_of(source):
        if token.endswith(":"):
            labels[token[:-1]] = len(code)
            code.append(JUMPDEST)
        elif token.startswith("@"):
            uses[len(code) + 1] = token[1:]
            code += bytes([PUSH2, 0, 0])
        elif token[0].isdigit():
            code += push(int(token, 0))
        else:
            code.append(OPCODES[token])
    for place, label in uses.items():
        code[place : place + 2] = labels[label].to_bytes(2, "big")
    return bytes(code)
