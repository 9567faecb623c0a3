"""Gas: the prices of the instructions, and the formulas where a price depends on operands.

All amounts are in gas. Names follow the Yellow Paper, appendix G, and the EIPs that changed them: EIP-2929 (cold and
warm), EIP-2200 and EIP-3529 (storage), EIP-150 (63/64), EIP-3860 (initialisation code), EIP-7702 (delegation).
"""

from typing import Final

from hyperion.primitives.word import Word
from hyperion.rules import rule

ZERO: Final = 0
"""STOP, RETURN, REVERT."""
JUMPDEST: Final = 1
"""A jump destination."""
BASE: Final = 2
"""Instructions that push a fact about the environment."""
VERY_LOW: Final = 3
"""Simple arithmetic, comparison, bits, stack, memory."""
LOW: Final = 5
"""Multiplication, division."""
MID: Final = 8
"""Arithmetic modulo a word, JUMP."""
HIGH: Final = 10
"""JUMPI."""
EXP: Final = 10
"""EXP, before its exponent."""
EXP_BYTE: Final = 50
"""EXP, a byte of the exponent (EIP-160)."""
KECCAK256: Final = 30
"""KECCAK256, before its words."""
KECCAK256_WORD: Final = 6
"""Hashing, a word of 32 bytes."""
COPY_WORD: Final = 3
"""Copying, a word of 32 bytes."""
BLOCKHASH: Final = 20
"""BLOCKHASH."""
LOG: Final = 375
"""LOG, before topics and data."""
LOG_TOPIC: Final = 375
"""LOG, a topic."""
LOG_BYTE: Final = 8
"""LOG, a byte of data."""
MEMORY_WORD: Final = 3
"""Memory, a word, before the quadratic part."""
MEMORY_QUADRATIC_DIVISOR: Final = 512
"""Memory, the square of the words is divided by this."""
WARM_ACCESS: Final = 100
"""An address or storage key that this transaction has touched (EIP-2929)."""
COLD_ACCOUNT_ACCESS: Final = 2600
"""An address touched for the first time (EIP-2929)."""
COLD_STORAGE_ACCESS: Final = 2100
"""A storage key touched for the first time (EIP-2929)."""
STORAGE_SET: Final = 20_000
"""A storage word that becomes non-zero and was zero before the transaction."""
STORAGE_RESET: Final = 5_000 - COLD_STORAGE_ACCESS
"""A storage word that changes for the first time in the transaction, from a non-zero word."""
STORAGE_CLEAR_REFUND: Final = STORAGE_RESET + 1_900
"""Given back for a storage word that becomes zero (EIP-3529: 4,800)."""
SSTORE_SENTRY: Final = 2_300
"""SSTORE needs more gas left than this (EIP-2200)."""
TRANSIENT: Final = WARM_ACCESS
"""TLOAD, TSTORE (EIP-1153)."""
CREATE: Final = 32_000
"""CREATE, CREATE2, and a transaction that creates."""
CODE_DEPOSIT_BYTE: Final = 200
"""A byte of code put in the state."""
INITCODE_WORD: Final = 2
"""Initialisation code, a word of 32 bytes (EIP-3860)."""
CALL_VALUE: Final = 9_000
"""A call with value."""
CALL_STIPEND: Final = 2_300
"""Gas that a call with value gives to the callee on top."""
NEW_ACCOUNT: Final = 25_000
"""A call with value, or SELFDESTRUCT with a balance, to an account that does not exist."""
SELFDESTRUCT: Final = 5_000
"""SELFDESTRUCT."""
BLOBHASH: Final = 3
"""BLOBHASH (EIP-4844)."""

MAX_CODE_SIZE: Final = 0x6000
"""The most bytes of code that an account may have (EIP-170)."""
MAX_INITCODE_SIZE: Final = 2 * MAX_CODE_SIZE
"""The most bytes of initialisation code (EIP-3860)."""


def words(size: int) -> int:
    """How many words of 32 bytes hold ``size`` bytes."""
    return (size + 31) // 32


@rule("VM-memory-cost", "Memory of w words costs 3 w + ⌊w² / 512⌋ gas in all.")
def memory_cost(word_count: int) -> int:
    """Gas for a memory of ``word_count`` words, from none (Yellow Paper, C_mem)."""
    return MEMORY_WORD * word_count + word_count * word_count // MEMORY_QUADRATIC_DIVISOR


@rule("VM-memory-expansion", "Growing memory costs the difference of the costs; touching no byte grows nothing.")
def expansion_cost(size: int, offset: Word, length: Word) -> int:
    """Gas to grow a memory of ``size`` bytes such that it holds ``length`` bytes at ``offset``."""
    if length == 0 or offset + length <= size:
        return 0
    return memory_cost(words(offset + length)) - memory_cost(size // 32)


def expansion_cost_of_both(size: int, first: tuple[Word, Word], second: tuple[Word, Word]) -> int:
    """Gas to grow a memory of ``size`` bytes such that it holds both ranges, offset and length: the farther counts."""
    return max(expansion_cost(size, *first), expansion_cost(size, *second))


@rule("VM-63-64", "A caller keeps at least one 64th of its gas.")
def max_forwarded(gas: int) -> int:
    """The most gas that a frame with ``gas`` left may give to a callee (EIP-150)."""
    return gas - gas // 64


@rule("VM-exp-cost", "EXP costs 50 gas for each byte of its exponent, beside the base price.")
def exponent_cost(exponent: Word) -> int:
    """Gas for the size of the exponent of EXP (EIP-160)."""
    return EXP_BYTE * ((exponent.bit_length() + 7) // 8)


@rule("VM-sstore-cost", "SSTORE costs by original, current and new word, as EIP-2200 tabulates, beside a cold access.")
def storage_cost(original: Word, current: Word, new: Word) -> int:
    """Gas of SSTORE without the cold access: the word before the transaction, now, and afterwards."""
    if original == current and current != new:
        return STORAGE_SET if original == 0 else STORAGE_RESET
    return WARM_ACCESS


@rule("VM-sstore-refund", "SSTORE refunds clearing, takes a refund back, and refunds a return to the original word.")
def storage_refund(original: Word, current: Word, new: Word) -> int:
    """Change of the refund counter by SSTORE, positive or negative (EIP-3529)."""
    if current == new:
        return 0
    refund = 0
    if original != 0:
        if current == 0:
            refund = refund - STORAGE_CLEAR_REFUND
        elif new == 0:
            refund = refund + STORAGE_CLEAR_REFUND
    if original == new:
        refund = refund + (STORAGE_SET if original == 0 else STORAGE_RESET) - WARM_ACCESS
    return refund


def copy_cost(length: Word) -> int:
    """Gas to copy ``length`` bytes, beside memory."""
    return COPY_WORD * words(length)


def keccak_cost(length: Word) -> int:
    """Gas to hash ``length`` bytes, beside the base price and memory."""
    return KECCAK256_WORD * words(length)


def initcode_cost(length: int) -> int:
    """Gas to analyse ``length`` bytes of initialisation code (EIP-3860)."""
    return INITCODE_WORD * words(length)
