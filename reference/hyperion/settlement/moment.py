"""When: the L1 block in which something happens, which is all that settlement knows of time."""

import attrs

from hyperion.rules import rule


@attrs.frozen
class Moment:
    """An L1 block: its timestamp in seconds and its height. Heights are not time: windows are in seconds."""

    time: int
    height: int


@rule("DIS-time-monotone", "Events come in the order of the L1: neither time nor height goes back.")
def follows(later: Moment, earlier: Moment) -> bool:
    """Whether ``later`` is the same L1 block as ``earlier``, or one after it."""
    return later.time >= earlier.time and later.height >= earlier.height
