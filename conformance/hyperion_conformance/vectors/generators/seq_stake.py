"""Cases of ``seq.stake``: each event, each refusal at its boundary, offences together and apart, random sessions."""

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.generators.assembly import Draw
from hyperion_conformance.vectors.record import Draft

FORK: Final = "HYPERION"
MOST_RANDOM: Final = 24
A, B, C, D = (f"0x{letter * 40}" for letter in "abcd")
SMALL: Final[Mapping[str, Json]] = {
    "least_bond": "100", "most_seats": "3", "unbonding": "100", "evidence_age": "60", "inclusion": "10",
    "correlation_window": "200", "downtime_burn": "10", "downtime_jail": "20",
}  # fmt: skip


@attrs.frozen
class Session:
    """A session in the making: each call gives one that has an event more."""

    bonds: Mapping[str, Json]
    parameters: Mapping[str, Json] = SMALL
    events: tuple[Mapping[str, Json], ...] = ()

    def then(self, kind: str, time: int, **fields: Json) -> "Session":
        """An event more."""
        event: Mapping[str, Json] = {"kind": kind, "time": str(time), **fields}
        return attrs.evolve(self, events=(*self.events, event))

    def moved(self, kind: str, time: int, account: str, amount: int) -> "Session":
        """An amount more of an account."""
        return self.then(kind, time, account=account, amount=str(amount))

    def ended(self, *times: int, **missed: int) -> "Session":
        """Epochs of ten heights end at these times; in each, these validators missed heights."""
        found = self
        for time in times:
            names = {"a": A, "b": B, "c": C, "d": D}
            lost: list[Json] = [{"account": names[name], "heights": str(count)} for name, count in missed.items()]
            found = found.then("end_epoch", time, heights="10", missed=lost)
        return found

    def accused(self, time: int, offender: str, epoch: int = 0, height: int = 1, swapped: bool = False) -> "Session":
        """Evidence of two precommits."""
        first, second = (
            {"height": str(height), "round": "0", "kind": "precommit", "value": value} for value in ("0x01", "0x02")
        )
        pair: tuple[Json, Json] = (second, first) if swapped else (first, second)
        return self.then("accuse", time, offender=offender, epoch=str(epoch), first=pair[0], second=pair[1])

    def input(self) -> dict[str, Json]:
        """The case's input."""
        opened: dict[str, Json] = {"parameters": self.parameters, "time": "0", "bonds": self.bonds}
        return {"open": opened, "events": list(self.events)}


def bonded(**bonds: int) -> Session:
    """A session with these bonds at first."""
    names = {"a": A, "b": B, "c": C, "d": D}
    return Session({names[name]: str(amount) for name, amount in bonds.items()})


def case(group: str, slug: str, rules: str, why: str, session: Session) -> Draft:
    """A draft; the rules with spaces between them."""
    return Draft("seq.stake", group, slug, tuple(rules.split()), why, FORK, session.input())


def sessions(seed: int, count: int) -> Iterator[Draft]:
    """All cases."""
    yield from opening()
    yield from money()
    yield from leaving()
    yield from absence()
    yield from evidence()
    yield from together()
    for index in range(min(count, MOST_RANDOM)):
        draw = Draw(seed, "seq.stake", index)
        why = "Random events: what each does to the state, and in which order rules refuse."
        yield case("random", f"session-{index:03}", "SEQ-stake-clock SEQ-set-fixed", why, random_session(draw))


def opening() -> Iterator[Draft]:
    """Parameters and first bonds."""
    start = bonded(a=100)
    unsafe: Mapping[str, tuple[str, str]] = {
        "short-unbonding": ("unbonding", "70"), "no-bond": ("least_bond", "0"), "no-evidence": ("evidence_age", "0"),
        "factor-two": ("correlation_factor", "2"), "no-seat": ("most_seats", "0"), "no-slot": ("most_slots", "2"),
        "short-window": ("correlation_window", "99"), "no-share": ("equivocation_share", "0"),
        "share-above-one": ("equivocation_share", "10001"), "burn-all": ("downtime_burn", "100"),
        "missed-above-one": ("missed_share", "10001"),
    }  # fmt: skip
    for name, (figure, value) in unsafe.items():
        given = attrs.evolve(start, parameters={**SMALL, figure: value}).moved("deposit", 1, A, 5)
        yield case("parameters", name, "SEQ-stake-parameters", f"Unsafe {figure}: nothing is opened.", given)
    safe = attrs.evolve(start, parameters={**SMALL, "unbonding": "71", "correlation_window": "71"})
    yield case("parameters", "just-safe", "SEQ-stake-parameters", "The inequality to the second.", safe.ended(1, 2))
    published = attrs.evolve(bonded(a=20_000 * 10**18), parameters={})
    yield case("parameters", "published", "SEQ-stake-parameters", "The preset.", published.ended(1_000, 2_000))
    for name, given in {"too-small": bonded(a=99), "zero": bonded(a=100, b=0), "one": bonded(a=100)}.items():
        yield case("genesis", name, "SEQ-stake-genesis", "The first set.", given.ended(1))
    why = "The greatest three, the lower address among equals, in the order of addresses."
    yield case("genesis", "most-stake", "SEQ-set-canonical", why, bonded(d=100, c=100, b=300, a=100).ended(1))


def money() -> Iterator[Draft]:
    """Deposits, bonds, withdrawals."""
    start = bonded(a=150, b=100)
    why = "A bond has weight from the second epoch after it."
    given = start.moved("deposit", 1, D, 200).moved("bond", 2, D, 150).ended(3, 4)
    yield case("money", "bond", "SEQ-stake-deposit SEQ-stake-bond SEQ-set-fixed SEQ-set-eligible", why, given)
    given = start.moved("deposit", 1, D, 200).moved("withdraw", 1, D, 200).moved("withdraw", 1, D, 1)
    yield case("money", "withdraw", "SEQ-stake-withdraw SEQ-stake-funds", "Free amounts leave, once.", given)
    given = start.moved("deposit", 1, D, 200).moved("bond", 1, D, 201).moved("unbond", 1, A, 151)
    yield case("money", "too-much", "SEQ-stake-funds", "More than there is.", given)
    given = (
        start.moved("deposit", 1, D, 200).moved("bond", 1, D, 99).moved("unbond", 1, A, 51).moved("unbond", 1, A, 50)
    )
    yield case("money", "too-small", "SEQ-stake-least-bond", "A bond below the least is none.", given)
    kinds = ("deposit", "bond", "unbond", "withdraw")
    given = start
    for kind in kinds:
        given = given.moved(kind, 1, A, 0)
    given = given.then("fees", 1, leader=A, amount="0").then("reward", 1, amount="0")
    yield case("money", "nothing", "SEQ-stake-amount", "An event about nothing is refused, not ignored.", given)
    given = start.moved("deposit", 9, A, 1).moved("deposit", 8, A, 1).moved("deposit", 9, A, 1)
    yield case("money", "clock", "SEQ-stake-clock", "Time may stand, but not go back.", given)
    given = start.then("fees", 1, leader=B, amount="7").then("fees", 1, leader=C, amount="7")
    given = given.then("reward", 1, amount="100").ended(2, a=10)
    why = "Fees are the leader's; rewards are shared by stake, the jailed one's part stays in the pool."
    yield case("money", "rewards", "SEQ-stake-reward SEQ-stake-seated", why, given)


def leaving() -> Iterator[Draft]:
    """Unbonding."""
    given = bonded(a=300, b=100).moved("unbond", 1, A, 200).ended(1_000, 5_000)
    given = given.then("claim", 5_099, account=A).then("claim", 5_100, account=A).then("claim", 5_101, account=A)
    why = "Stake has weight in the set that is fixed already; the time of its exit begins only after that epoch."
    yield case("leaving", "release", "SEQ-stake-unbond SEQ-stake-release", why, given)
    given = bonded(a=100).moved("unbond", 1, A, 100).ended(2)
    given = given.moved("deposit", 3, B, 100).moved("bond", 3, B, 100).ended(4)
    yield case("leaving", "no-heir", "SEQ-stake-no-set", "Without heirs the epoch goes on; nothing crashes.", given)


def absence() -> Iterator[Draft]:
    """Jail."""
    given = bonded(a=300, b=200, c=120).ended(5, b=5, a=6).then("unjail", 24, account=A).ended(25)
    given = given.then("unjail", 25, account=A).then("unjail", 25, account=B).ended(26)
    why = "More than half missed: jailed, in no new set until it asks to be let out, when its time has passed."
    yield case("absence", "jail", "SEQ-stake-misses SEQ-stake-unjail SEQ-set-eligible", why, given)
    given = bonded(a=300, b=200).ended(5, a=10).ended(6, a=10)
    yield case("absence", "twice", "SEQ-stake-misses", "Who is in jail does not pay again.", given)
    given = bonded(a=300, b=200, c=120).ended(5, a=10, b=10).ended(6)
    why = "Two that are excluded are both excluded, and the others count once."
    yield case("absence", "two", "SEQ-set-canonical SEQ-set-eligible", why, given)
    given = bonded(a=300).ended(1, d=1).ended(1, a=11)
    yield case("absence", "nonsense", "SEQ-stake-seated", "Misses of who has no seat, or of more than all.", given)


def evidence() -> Iterator[Draft]:
    """What is evidence, and until when."""
    start = bonded(a=1_000, b=9_000)
    given = start.accused(1, A).accused(2, A).accused(3, A, swapped=True).accused(4, A, height=7)
    why = "Evidence shown again, its halves exchanged, or other evidence about the same validator: once is all."
    yield case("evidence", "once", "SEQ-evidence-once SEQ-evidence-canonical", why, given)
    given = start.ended(50, 55).accused(121, A).accused(121, A, epoch=1)
    why = "An epoch's evidence is judged until 70 seconds after its end, whatever heights have passed."
    yield case("evidence", "too-late", "SEQ-evidence-age", why, given)
    yield case("evidence", "in-time", "SEQ-evidence-age", why, start.ended(50, 55).accused(120, A))
    given = start.accused(1, A, epoch=1).accused(1, A, epoch=9).accused(1, C)
    yield case("evidence", "nowhere", "SEQ-evidence-age SEQ-stake-seated", "Epochs to come; who had no seat.", given)
    statement: dict[str, Json] = {"height": "1", "round": "0", "kind": "precommit", "value": "0x01"}
    given = start
    changes: tuple[dict[str, Json], ...] = (
        {}, {"height": "2", "value": "0x02"}, {"round": "1", "value": "0x02"}, {"kind": "prevote", "value": "0x02"},
        {"value": None},
    )  # fmt: skip
    for change in changes:
        given = given.then("accuse", 1, offender=A, epoch="0", first=statement, second={**statement, **change})
    why = "Two statements for different places contradict nothing; one for nil and one for a value do."
    yield case("evidence", "conflict", "SEQ-evidence-conflict", why, given)


def together() -> Iterator[Draft]:
    """Penalties."""
    start = bonded(a=1_000, b=2_000, c=7_000)
    for name, given in {
        "one-two": start.accused(1, A).accused(2, B),
        "two-one": start.accused(1, B).accused(2, A),
    }.items():
        why = "Each new offence makes those before it dearer; the order in which they are judged does not matter."
        yield case("together", name, "SEQ-slash-together SEQ-slash-correlated SEQ-slash-penalty", why, given)
    given = bonded(a=3_000, b=3_000, c=1_000).accused(1, A).accused(1, B)
    yield case("together", "fork", "SEQ-slash-together", "What forked a height is gone, however many they are.", given)
    given = bonded(a=3_000, b=3_000, c=1_000).moved("unbond", 1, A, 3_000).ended(2, 3)
    given = given.accused(73, A, epoch=1).accused(73, B, epoch=1)
    yield case("together", "leaving", "SEQ-stake-unbond SEQ-slash-order", "Leaving saves nothing.", given)
    why = "A penalty is rounded up: no unit of a fork's stake is left over."
    given = bonded(a=1_001, b=9_000).accused(1, A)
    yield case("together", "fine", "SEQ-slash-penalty", why, given)
    given = bonded(a=3_000, b=3_000, c=1_000).moved("deposit", 1, A, 5_000).moved("bond", 1, A, 5_000)
    why = "An offence costs no more than the stake that had weight when it was made, whatever was bonded later."
    yield case("together", "grown", "SEQ-slash-penalty", why, given.accused(2, A).accused(2, B))
    for name, (time, epoch) in {"within": (200, 5), "apart": (201, 5)}.items():
        given = bonded(a=1_000, b=1_000, c=8_000).accused(0, A).ended(10, 20, 30, 40, 50).accused(time, B, epoch)
        why = "Offences of different epochs count together if they are judged within the window, to the second."
        yield case("together", name, "SEQ-slash-correlated", why, given)
    given = bonded(a=1_000, b=9_000).moved("deposit", 1, A, 500).accused(1, A).moved("bond", 2, A, 500).ended(2, 3)
    given = given.moved("unbond", 4, A, 650).ended(5, 6, 7).then("claim", 201, account=A).then("claim", 202, account=A)
    why = "An offender is in no set again; what is left of it waits until nothing can make its offence dearer."
    yield case("together", "frozen", "SEQ-stake-offended SEQ-stake-frozen", why, given)


def random_session(draw: Draw) -> Session:
    """Forty events on four accounts, some of them refused."""
    given = bonded(a=100 + draw.below(900), b=100 + draw.below(900), c=100 + draw.below(900))
    time, epoch = 0, 0
    for _ in range(40):
        time += draw.below(30)
        who, kind = draw.one_of((A, B, C, D)), draw.below(9)
        if kind < 4:
            given = given.moved(("deposit", "bond", "unbond", "withdraw")[kind], time, who, 1 + draw.below(400))
        elif kind == 4:
            given = given.then(draw.one_of(("claim", "unjail")), time, account=who)
        elif kind == 5:
            given = given.then("fees", time, leader=who, amount=str(1 + draw.below(50)))
        elif kind == 6:
            epoch += 1
            given = given.ended(time, **({"a": draw.below(11)} if draw.below(3) == 0 else {}))
        elif kind == 7:
            given = given.then("reward", time, amount=str(1 + draw.below(50)))
        elif draw.below(3) == 0:
            given = given.accused(time, who, max(epoch - draw.below(2), 0), draw.below(3), draw.below(2) == 1)
    return given
