"""The compression function F of BLAKE2b with a chosen number of rounds. Source: RFC 7693 §3.2; EIP-152."""

from collections.abc import Sequence

from blake2b import compress as compiled_compress


def compress(rounds: int, state: Sequence[int], block: Sequence[int], offset: tuple[int, int], is_final: bool) -> bytes:
    """The 64 bytes of the next state, little-endian words.

    ``rounds`` below 2**32; ``state`` of 8 and ``block`` of 16 words of 64 bits; ``offset`` is the byte counter, its low
    word first. The round function is a compiled library's: an input may ask for 2**32 - 1 rounds.
    """
    return compiled_compress(rounds, list(state), list(block), list(offset), is_final)
