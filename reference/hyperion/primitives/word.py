"""Arithmetic on 256-bit words: the meaning of the arithmetic, comparison, bitwise and shift instructions.

A word is an integer in ``0 .. 2**256 - 1``; every function here takes words and gives a word. Signed instructions read
a word as two's complement. Nothing below hides a branch in a library call, so that the same functions run on symbolic
words. Source: Yellow Paper, appendix H.2; EIP-145 (shifts); EIP-7939 (``clz``).
"""

from typing import Final, TypeAlias

Word: TypeAlias = int
"""An integer in ``0 .. 2**256 - 1``."""

Address: TypeAlias = int
"""An account's address, an integer in ``0 .. 2**160 - 1``; written as 20 bytes only where it is hashed or encoded."""

WORD_BITS: Final = 256
MODULUS: Final = 2**WORD_BITS
MAX_WORD: Final = MODULUS - 1
SIGN_BIT: Final = 2 ** (WORD_BITS - 1)
MAX_ADDRESS: Final = 2**160 - 1


def signed(a: Word) -> int:
    """The integer in ``-2**255 .. 2**255 - 1`` that ``a`` stands for in two's complement."""
    return a - MODULUS if a >= SIGN_BIT else a


def truth(condition: bool) -> Word:
    """The word that an instruction pushes for a condition: 1 if it holds, else 0."""
    return 1 if condition else 0


# --- arithmetic -----------------------------------------------------------------------------------------------------


def add(a: Word, b: Word) -> Word:
    """The sum of the two words modulo 2**256."""
    return (a + b) & MAX_WORD


def mul(a: Word, b: Word) -> Word:
    """The product of the two words modulo 2**256."""
    return (a * b) & MAX_WORD


def sub(a: Word, b: Word) -> Word:
    """The first word less the second, modulo 2**256."""
    return (a - b) & MAX_WORD


def div(a: Word, b: Word) -> Word:
    """The integer quotient of the words; 0 if the divisor is 0."""
    return 0 if b == 0 else a // b


def sdiv(a: Word, b: Word) -> Word:
    """The signed quotient, rounded towards zero; 0 if the divisor is 0. ``-2**255 / -1`` wraps to ``-2**255``."""
    if b == 0:
        return 0
    dividend, divisor = signed(a), signed(b)
    quotient = abs(dividend) // abs(divisor)
    return (-quotient if (dividend < 0) != (divisor < 0) else quotient) & MAX_WORD


def mod(a: Word, b: Word) -> Word:
    """The remainder of the division of the words; 0 if the divisor is 0."""
    return 0 if b == 0 else a % b


def smod(a: Word, b: Word) -> Word:
    """The signed remainder, with the sign of the dividend; 0 if the divisor is 0."""
    if b == 0:
        return 0
    dividend, divisor = signed(a), signed(b)
    remainder = abs(dividend) % abs(divisor)
    return (-remainder if dividend < 0 else remainder) & MAX_WORD


def addmod(a: Word, b: Word, n: Word) -> Word:
    """The sum modulo ``n``, without an overflow at 2**256 in between; 0 if ``n`` is 0."""
    return 0 if n == 0 else (a + b) % n


def mulmod(a: Word, b: Word, n: Word) -> Word:
    """The product modulo ``n``, without an overflow at 2**256 in between; 0 if ``n`` is 0."""
    return 0 if n == 0 else (a * b) % n


def exp(base: Word, exponent: Word) -> Word:
    """``base`` to the power of ``exponent`` modulo 2**256, by squaring; ``0 ** 0`` is 1."""
    power, square, rest = 1, base, exponent
    while rest != 0:
        power, square, rest = exp_step(power, square, rest)
    return power


def exp_step(power: Word, square: Word, rest: Word) -> tuple[Word, Word, Word]:
    """One bit of ``exp``: keeps ``power * square**rest`` modulo 2**256 and halves ``rest``."""
    if rest & 1:
        power = (power * square) & MAX_WORD
    return power, (square * square) & MAX_WORD, rest >> 1


def signextend(size: Word, a: Word) -> Word:
    """Extend the sign of the two's complement number in the low ``size + 1`` bytes of ``a``; ``a`` from 31 on."""
    if size >= 31:
        return a
    sign = 1 << (8 * size + 7)
    low = sign - 1
    return a & low if a & sign == 0 else a | (MAX_WORD - low)


# --- comparison -----------------------------------------------------------------------------------------------------


def lt(a: Word, b: Word) -> Word:
    """1 if the first word is less than the second, else 0."""
    return truth(a < b)


def gt(a: Word, b: Word) -> Word:
    """1 if the first word is greater than the second, else 0."""
    return truth(a > b)


def slt(a: Word, b: Word) -> Word:
    """1 if the first word is less than the second, both signed, else 0."""
    return truth(signed(a) < signed(b))


def sgt(a: Word, b: Word) -> Word:
    """1 if the first word is greater than the second, both signed, else 0."""
    return truth(signed(a) > signed(b))


def eq(a: Word, b: Word) -> Word:
    """1 if the words are equal, else 0."""
    return truth(a == b)


def iszero(a: Word) -> Word:
    """1 if the word is 0, else 0."""
    return truth(a == 0)


# --- bits -----------------------------------------------------------------------------------------------------------


def and_(a: Word, b: Word) -> Word:
    """The bitwise conjunction of the words."""
    return a & b


def or_(a: Word, b: Word) -> Word:
    """The bitwise disjunction of the words."""
    return a | b


def xor(a: Word, b: Word) -> Word:
    """The bitwise exclusive disjunction of the words."""
    return a ^ b


def not_(a: Word) -> Word:
    """The bitwise complement of the word."""
    return a ^ MAX_WORD


def byte(index: Word, a: Word) -> Word:
    """The byte of ``a`` at ``index``, counted from the most significant; 0 from index 32 on."""
    return 0 if index >= 32 else (a >> (8 * (31 - index))) & 0xFF


def shl(shift: Word, a: Word) -> Word:
    """``a`` shifted left by ``shift`` bits; 0 from 256 bits on."""
    return 0 if shift >= WORD_BITS else (a << shift) & MAX_WORD


def shr(shift: Word, a: Word) -> Word:
    """``a`` shifted right by ``shift`` bits, zeros coming in; 0 from 256 bits on."""
    return 0 if shift >= WORD_BITS else a >> shift


def sar(shift: Word, a: Word) -> Word:
    """``a`` shifted right by ``shift`` bits, copies of its sign coming in; all sign from 256 bits on."""
    if shift >= WORD_BITS:
        return MAX_WORD if a >= SIGN_BIT else 0
    return (signed(a) >> shift) & MAX_WORD


def clz(a: Word) -> Word:
    """The number of zero bits before the most significant one bit; 256 for the word 0."""
    zeros, width = 0, WORD_BITS
    while width > 0:
        zeros, a, width = clz_step(zeros, a, width)
    return zeros


def clz_step(zeros: Word, a: Word, width: int) -> tuple[Word, Word, int]:
    """One halving of ``clz``: the zeros found so far, what is left to search, and the width of it."""
    if width == 1:
        return zeros + (1 if a == 0 else 0), a, 0
    half = width >> 1
    high = a >> half
    return (zeros + half, a, half) if high == 0 else (zeros, high, half)
