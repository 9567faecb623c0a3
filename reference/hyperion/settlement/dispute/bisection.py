"""Where an edge is cut: a height that depends on the ends alone, so that all who cut it cut it at the same place.

Source: the BoLD paper, §4 (mandatory bisection).
"""

from hyperion.rules import rule


@rule("DIS-bisection-height", "An edge is cut at the height between its ends that the highest power of two divides.")
def bisection_height(start: int, end: int) -> int | None:
    """The height at which the edge from ``start`` to ``end`` is cut, in steps of its level; None if it has no inside.

    From ``end - 1`` downwards, the lowest bit is cleared as long as that stays inside: what remains is the one height
    inside with the most zeros at its end. An edge inside an aligned block of 2**k steps is so cut into edges inside
    aligned blocks of 2**(k - 1), and one of 2**k steps at most k times on the way to a single step.
    """
    if end - start < 2:
        return None
    middle = end - 1
    while (lower := middle & (middle - 1)) > start:
        middle = lower
    return middle
