# The part of blake2b-py that is used here: the compression function F of RFC 7693 with a chosen number of rounds.
from collections.abc import Sequence

def compress(
    num_rounds: int,
    h_starting_state: Sequence[int],
    block: Sequence[int],
    t_offset_counters: Sequence[int],
    final_block_flag: bool,
) -> bytes: ...
def decode_parameters(
    input: bytes, /
) -> tuple[int, tuple[int, ...], tuple[int, ...], tuple[int, int], bool]: ...
def decode_and_compress(input: bytes, /) -> bytes: ...
