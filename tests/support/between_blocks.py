"""Random blocks with something to do between their machines."""

from typing import Final

from hypothesis import strategies as st

from hyperion.execution.block import Withdrawal
from hyperion.execution.profile import ETHEREUM
from hyperion.execution.transaction import AccessEntry
from hyperion_conformance.dispute.rich_block import TARGETS, authorization, deposit_data, made

LISTS: Final = st.lists(
    st.builds(
        AccessEntry, st.sampled_from(TARGETS), st.lists(st.integers(0, 3), max_size=3).map(tuple)
    ),
    max_size=3,
).map(tuple)
AUTHORIZATIONS: Final = st.lists(
    st.builds(authorization, st.sampled_from((0xD1, 0xD2)), st.integers(0, 1), st.sampled_from((0, 1, 2))),
    min_size=1,
    max_size=3,
).map(tuple)


@st.composite
def bodies(draw: st.DrawFn, kinds: tuple[int, ...] = (0, 1, 2, 3, 4), most: int = 4) -> tuple[bytes, ...]:
    """Transactions of a block; one in eight has a nonce that makes the block invalid."""
    nonces, sent = [0, 0], []
    for _ in range(draw(st.integers(0, most))):
        kind, who = draw(st.sampled_from(kinds)), draw(st.integers(0, 1))
        creates = kind not in (3, 4) and draw(st.integers(0, 4)) == 0
        to = None if creates else draw(st.sampled_from(TARGETS))
        data = draw(st.sampled_from((b"", b"\x05", b"\x80", bytes(range(200)), bytes(700))))
        if to == ETHEREUM.deposit_contract:
            data = deposit_data() if draw(st.integers(0, 5)) else b"\1"
        nonce = nonces[who] + (draw(st.integers(0, 7)) == 7)
        sent.append(
            made(kind, who, nonce, to, data, access_list=draw(LISTS), authorizations=draw(AUTHORIZATIONS))
        )
        nonces[who] += 1
    return tuple(sent)


WITHDRAWALS: Final = st.lists(
    st.builds(Withdrawal, st.integers(0, 9), st.integers(0, 9), st.sampled_from((0xBEEF, 0xF00D)), st.integers(0, 9)),
    max_size=3,
).map(tuple)
