"""Cases of ``bft.node``: each row of the algorithm, what comes early or late, equivocation, restart; random ones."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.generators.assembly import Draw
from hyperion_conformance.vectors.record import Draft

FORK: Final = "HYPERION"
NAMES: Final = ("0x61", "0x62", "0x63", "0x64")
EQUAL: Final[dict[str, Json]] = dict.fromkeys(NAMES, "1")
UNEQUAL: Final[dict[str, Json]] = {"0x61": "5", "0x62": "3", "0x63": "2", "0x64": "2"}
A: Final = "0x41"
B: Final = "0x42"
BAD: Final = "0xbad0"
MOST_RANDOM: Final = 24
EVENTS: Final = 25
"""Events of a random session."""

Events = Sequence[dict[str, Json]]


def vote(type: str, sender: int, value: str | None, round: int = 0, height: int = 0) -> dict[str, Json]:
    """A vote of a validator by its number."""
    fields: dict[str, Json] = {"sender": NAMES[sender], "height": str(height), "round": str(round), "value": value}
    return {type: fields}


def prevotes(senders: str, value: str | None, round: int = 0) -> list[dict[str, Json]]:
    """Prevotes of some validators, named a to d."""
    return [vote("prevote", "abcd".index(sender), value, round) for sender in senders]


def precommits(senders: str, value: str | None, round: int = 0) -> list[dict[str, Json]]:
    """Precommits of some validators, named a to d."""
    return [vote("precommit", "abcd".index(sender), value, round) for sender in senders]


def proposal(value: str, round: int = 0, valid: int | None = None) -> dict[str, Json]:
    """A proposal of the round's leader."""
    fields: dict[str, Json] = {"sender": NAMES[round % 4], "height": "0", "round": str(round), "value": value}
    return {"proposal": fields if valid is None else {**fields, "valid_round": str(valid)}}


def late(step: str, round: int = 0) -> dict[str, Json]:
    """A timer is over."""
    return {"timeout": {"height": "0", "round": str(round), "step": step}}


def certificate(type: str, value: str, signers: Sequence[str], round: int = 0) -> dict[str, Json]:
    """A certificate."""
    return {"certificate": {"type": type, "height": "0", "round": str(round), "value": value, "signers": [*signers]}}


def supply(value: str, round: int = 0) -> dict[str, Json]:
    """The application answers."""
    return {"value": {"height": "0", "round": str(round), "value": value}}


def case(
    group: str, slug: str, rules: tuple[str, ...], why: str, events: Events,
    me: str = "0x64", weights: dict[str, Json] = EQUAL,
) -> Draft:  # fmt: skip
    """A case: the height begins, then the events happen."""
    opened: dict[str, Json] = {"validator": me, "validators": weights, "leaders": [*NAMES], "invalid": [BAD]}
    given: dict[str, Any] = {"open": opened, "events": [{"begin": weights}, *events]}
    return Draft("bft.node", group, slug, rules, why, FORK, given)


LOCKED: Final = [proposal(A), *prevotes("ab", A)]
NEXT: Final = [*precommits("ab", None), late("precommit")]


def validators(seed: int, count: int) -> Iterator[Draft]:
    """All cases."""
    yield from rounds()
    yield from locks()
    yield from attacks()
    for index in range(min(count, MOST_RANDOM)):
        yield random_case(Draw(seed, "bft", index), index)


def rounds() -> Iterator[Draft]:
    """What happens in a round, in order and out of order."""
    yield case("rounds", "decides", ("FIN-decide", "FIN-precommit-lock", "FIN-prevote-new"),
               "A round without trouble decides.", [*LOCKED, *precommits("ab", A)])
    yield case("rounds", "leads", ("FIN-lead-round", "FIN-propose-value", "FIN-stale"),
               "A leader asks for a value, and proposes the first answer only.", [supply(A), supply(B)], "0x61")
    yield case("rounds", "nobody-proposes", ("FIN-timeout-propose", "FIN-precommit-nil", "FIN-timeout-precommit"),
               "Without a proposal nil is voted and the next round begins.",
               [late("propose"), *prevotes("ab", None), *NEXT])
    yield case("rounds", "no-polka", ("FIN-polka-any", "FIN-timeout-prevote"),
               "Prevotes without one value: wait, then precommit nil.",
               [proposal(A), *prevotes("a", B), *prevotes("b", None), late("prevote")])
    yield case("rounds", "votes-before-proposal", ("FIN-due", "FIN-step-change"),
               "Votes that come before the step they count in must not be forgotten: the round would stand still.",
               [*prevotes("a", A), *prevotes("bc", None), proposal(A)])
    yield case("rounds", "proposal-last", ("FIN-decide", "FIN-due"),
               "The proposal may come after the precommits.", [*precommits("abc", A), proposal(A)])
    yield case("rounds", "past-round-decides", ("FIN-on-precommits",),
               "Precommits of a past round decide: who ignores them may never decide.",
               [proposal(A), *precommits("ab", A), *prevotes("ab", None, 3), *precommits("c", A)])
    yield case("rounds", "skip", ("FIN-skip-round", "FIN-third", "FIN-leads"),
               "More than a third in a later round is followed; its leader leads it.", prevotes("ab", None, 3))
    yield case("rounds", "third-is-no-reason", ("FIN-third",), "A third is not enough.", prevotes("a", None, 2))
    yield case("rounds", "weights-not-heads", ("FIN-quorum",),
               "5 + 2 + 2 of 12 are 9: a quorum; 3 + 2 + 2 are 7: none. Heads are the same.",
               [proposal(A), *precommits("bcd", A), *precommits("a", A)], weights=UNEQUAL)


def locks() -> Iterator[Draft]:
    """Locks, and what frees them."""
    yield case("locks", "other-value-gets-nil", ("FIN-prevote-new",),
               "A new value is not prevoted against a lock: two values could be decided.",
               [*LOCKED, *NEXT, proposal(B, 1)])
    yield case("locks", "same-value", ("FIN-prevote-new",), "The locked value may come anew.",
               [*LOCKED, *NEXT, proposal(A, 1)])
    yield case("locks", "nil-polka-keeps-lock", ("FIN-precommit-nil",), "A polka for nil does not unlock.",
               [*LOCKED, *NEXT, late("propose", 1), *prevotes("abc", None, 1)])
    yield case("locks", "later-polka-frees", ("FIN-prevote-old",), "A polka of a later round frees the lock.",
               [*LOCKED, *precommits("ab", None, 2), certificate("prevote", B, NAMES[:3], 1), proposal(B, 2, 1)])
    yield case("locks", "earlier-polka-does-not", ("FIN-prevote-old",), "A polka before the lock does not free it.",
               [*LOCKED, *NEXT, proposal(A, 1, 0), *prevotes("abc", A, 1), *precommits("ab", None, 2),
                certificate("prevote", B, NAMES[:3]), proposal(B, 2, 0)])
    yield case("locks", "valid-round-waits", ("FIN-valid-round",), "A valid round without its polka waits.",
               [late("propose"), *precommits("abc", None), late("precommit"), proposal(A, 1, 0), *prevotes("abc", A)])
    yield case("locks", "valid-value-is-proposed", ("FIN-lead-round",), "The next leader proposes what has a polka.",
               [*LOCKED, *precommits("ab", None, 3)])


def attacks() -> Iterator[Draft]:
    """Equivocation, strangers, forged proofs, and a restart."""
    yield case("attacks", "votes-apart", ("FIN-first-vote", "FIN-evidence"),
               "A second vote of a validator is evidence and no weight.",
               [proposal(A), *precommits("a", B), *precommits("a", A), *precommits("b", A), *precommits("a", A)])
    yield case("attacks", "invalid-value", ("FIN-valid-first", "FIN-prevote-invalid"),
               "A quorum of liars does not make a value valid.", [proposal(BAD), *precommits("abc", BAD)])
    yield case("attacks", "not-the-leader", ("FIN-proposal-leader",), "Only the leader proposes.",
               [{"proposal": {"sender": "0x62", "height": "0", "round": "0", "value": A}}])
    yield case("attacks", "two-proposals", ("FIN-due",), "Of two proposals the one with the polka counts.",
               [*prevotes("abc", B), proposal(A), proposal(B)])
    yield case("attacks", "stranger", ("FIN-known-sender",), "A stranger's vote is nothing.",
               [{"prevote": {"sender": "0x7a", "height": "0", "round": "0", "value": A}}])
    for slug, signers in (
        ("twice", ("0x61", "0x61", "0x62")), ("unordered", ("0x62", "0x61", "0x63")), ("few", NAMES[:2]),
        ("stranger-signs", (*NAMES[:3], "0x7a")),
    ):  # fmt: skip
        yield case("attacks", f"certificate-{slug}", ("FIN-certificate-canonical", "FIN-certificate-valid"),
                   "A certificate that is not in its one form, or no quorum, proves nothing.",
                   [proposal(A), certificate("precommit", A, signers)])
    yield case("attacks", "certificate-decides", ("FIN-certificate-count",), "A certificate is enough to decide.",
               [proposal(A), certificate("precommit", A, NAMES[:3])])
    yield case("attacks", "restart", ("FIN-restart", "FIN-log-first"),
               "After a restart a leader says again what it said, and nothing else.",
               [supply(A), *prevotes("b", A), {"restart": {}}, supply(B), *prevotes("c", A)], "0x61")
    yield case("attacks", "after-the-decision", ("FIN-decided",), "A decided height is not decided again.",
               [proposal(A), *precommits("abc", A), late("precommit"), proposal(B, 1), *precommits("abc", B, 1)])
    yield case("attacks", "next-height", ("FIN-ahead", "FIN-begin"), "What came early counts when the height begins.",
               [{"proposal": {"sender": "0x62", "height": "1", "round": "0", "value": B}}, proposal(A),
                *precommits("abc", A), {"begin": EQUAL}])


def random_case(draw: Draw, index: int) -> Draft:
    """A random session over two values and three rounds; the validators lie as they like."""
    events: list[dict[str, Json]] = []
    for _ in range(EVENTS):
        value, round = draw.one_of((A, A, B, None)), draw.below(3)
        kind = draw.one_of(("prevote", "prevote", "precommit", "precommit", "proposal", "timeout", "certificate"))
        if kind == "proposal":
            events.append(proposal(value or A, round, draw.one_of((None, None, 0)) if round else None))
        elif kind == "timeout":
            events.append(late(draw.one_of(("propose", "prevote", "precommit")), round))
        elif kind == "certificate":
            type, signers = draw.one_of(("prevote", "precommit")), NAMES[draw.below(2) :]
            events.append(certificate(type, value or B, signers, round))
        else:
            events.append(vote(kind, draw.below(3), value, round))
    weights = draw.one_of((EQUAL, UNEQUAL))
    made = case("random", f"session-{index:02}", ("FIN-act", "FIN-due"), "A random session.", events, weights=weights)
    return attrs.evolve(made, revision=2)  # 2: evidence in an order that is stated
