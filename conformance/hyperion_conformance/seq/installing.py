"""Rules by which sets of leaders have been installed elsewhere, each refuted by a witness.

Here a set is a function of the stake at the end of an epoch, so nobody votes on it, and these rules have no counterpart
to be exchanged. Each stands by itself, with inputs on which it does what it must not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import attrs


@attrs.frozen
class Ballot:
    """A vote for a content of a span of heights."""

    voter: str
    span: tuple[int, int, int]
    """Number, first and last height."""
    content: str


@attrs.frozen(eq=False)
class Refuted:
    """A rule, what it causes, what is done here instead, and a witness: whether it does what it must not."""

    name: str
    consequence: str
    fix: str
    witness: Callable[[], bool]


def by_span_alone(ballots: Iterable[Ballot]) -> Mapping[tuple[int, int, int], tuple[int, str]]:
    """Votes for a span are summed whatever they are for; the last content stands."""
    tally: dict[tuple[int, int, int], tuple[int, str]] = {}
    for ballot in ballots:
        tally[ballot.span] = (tally.get(ballot.span, (0, ""))[0] + 1, ballot.content)
    return tally


def minority_installs() -> bool:
    """Of four, three vote, each for another content: the last one's is installed with three votes."""
    ballots = [Ballot(name, (1, 10, 19), f"set of {name}") for name in "abc"]
    votes, content = by_span_alone(ballots)[1, 10, 19]
    supporters = sum(ballot.content == content for ballot in ballots)
    return 3 * votes > 2 * 4 and 3 * supporters <= 2 * 4


def installed(ballots: Sequence[Ballot], recovering: bool, members: int) -> str | None:
    """A content is installed by a quorum of heads; in recovery, by anyone."""
    if recovering or 3 * len(ballots) > 2 * members:
        return ballots[-1].content
    return None


def one_installs() -> bool:
    """A single member installs what it likes by saying that it recovers."""
    lone = [Ballot("d", (1, 10, 19), "d alone")]
    return installed(lone, False, 4) is None and installed(lone, True, 4) == "d alone"


def joined(span: tuple[int, int, int]) -> str:
    """A key of decimal numbers without anything between them."""
    return "".join(map(str, span))


def spans_collide() -> bool:
    """Two spans, each with a first height no later than its last, have one key."""
    one, other = (1, 12, 22), (11, 2, 22)
    return one != other and joined(one) == joined(other)


def enough_heads(voters: Sequence[str], stakes: Mapping[str, int]) -> bool:
    """Two thirds of the heads, or more."""
    return 3 * len(voters) >= 2 * len(stakes)


def heads_outvote_stake() -> bool:
    """Four dwarfs have two thirds of the heads and less than a hundredth of the stake; and a third may be faulty."""
    stakes = {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1_000, "f": 1_000}
    dwarfs = [name for name, stake in stakes.items() if stake == 1]
    two_quorums_meet = {"a", "b"} & {"b", "c"}
    thirds = dict.fromkeys("abc", 1)
    only_faulty_meet = enough_heads("ab", thirds) and enough_heads("bc", thirds) and two_quorums_meet == {"b"}
    return enough_heads(dwarfs, stakes) and 100 * len(dwarfs) < sum(stakes.values()) and only_faulty_meet


def drawn(end: int, size: int) -> list[int]:
    """How often each of ``size`` results comes from all draws below ``end`` that are accepted: one too few are."""
    allowed = end - end % size
    counts = [0] * size
    for draw in range(end):
        if draw < allowed - 1:
            counts[draw % size] += 1
    return counts


def draw_is_biased() -> bool:
    """For every number of results up to 20, the last comes once less often than the others."""
    return all(len(dict.fromkeys(drawn(256, size))) == 2 for size in range(2, 21))


def shared_source(calls: Iterable[str]) -> list[int]:
    """Leaders drawn from one stream that others draw from, too."""
    state, leaders = 1, list[int]()
    for caller in calls:
        state = state * 1_103_515_245 % 2**31
        if caller == "schedule":
            leaders.append(state // 2**16 % 21)
    return leaders


def nodes_diverge() -> bool:
    """Two nodes with the same seed: in one of them something else draws a number in between."""
    return shared_source(["schedule"] * 2) != shared_source(["schedule", "other", "schedule"])


def extended(ends: Mapping[int, int], running: int, now: int) -> Mapping[int, int]:
    """Recommitting ends the running epoch just before the current height, ended or not."""
    return {**ends, running: now - 1}


def past_leader_changes() -> bool:
    """An epoch that ended at 19 is extended to 29 at height 30: heights 20 to 29 get a leader in retrospect."""
    ends = {1: 19}
    return ends[1] < 20 <= extended(ends, 1, 30)[1]


REFUTED: Final = (
    Refuted(
        "votes-without-content", "a set is installed that no quorum wants",
        "sets follow from the stake; votes on blocks are keyed by value", minority_installs,
    ),
    Refuted(
        "recovery-without-votes", "one member installs any leader", "an epoch that cannot end goes on", one_installs
    ),
    Refuted(
        "keys-run-together", "votes for one span count for another", "an identity is a tuple of fields", spans_collide
    ),
    Refuted(
        "heads-for-stake", "dwarfs outvote the stake; quorums meet in a faulty member alone",
        "more than two thirds of the weight", heads_outvote_stake,
    ),
    Refuted("last-draw-refused", "draws are biased", "nothing is drawn", draw_is_biased),
    Refuted("shared-source", "two nodes see different leaders", "nothing is drawn", nodes_diverge),
    Refuted(
        "ended-epoch-extended", "past heights get another leader", "a fixed set never changes", past_leader_changes
    ),
)  # fmt: skip
