"""Certificates: validity is a function of certificate and weights; one form for one set of signers, and its bytes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, Final, cast

import attrs

from hyperion.sequencer.finality import certificates
from hyperion.sequencer.finality.certificates import Certificate, Handover, Rejected
from hyperion.sequencer.finality.types import VoteType
from hyperion.sequencer.finality.votes import (
    Validators,
)
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import all_of, any_of, implies, negation
from hyperion_proofs.finality.local_state import any_type, any_value
from hyperion_proofs.statement import Given, Statement

# --- validity ---------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class First:
    """The first signers of a certificate, one or more, as one: whether they ascend, the last of them, their weight."""

    given: Given

    @property
    def ascend(self) -> Any:
        """Whether they are in order."""
        return self.given.truth("the first signers ascend")

    @property
    def last(self) -> int:
        """The last of them."""
        return self.given.integer("last of the first signers", 0)

    def __ge__(self, other: object) -> Any:
        """Asked of two neighbours: whether some two of these, or the last of them and the other, are out of order."""
        return any_of(negation(self.ascend), self.last >= cast(int, other))


@attrs.frozen(eq=False)
class Weights:
    """The weight of each validator of a snapshot. It can be asked about one, or about the first signers together."""

    given: Given
    name: str

    def has(self, signer: Any) -> Any:
        """Whether it is a validator, or they all are."""
        if type(signer) is First:
            return self.given.truth(f"{self.name}: has the first signers")
        return self.given.result(f"{self.name}: has", (signer,), 0, 1) == 1

    def __contains__(self, signer: Any) -> bool:
        return bool(self.has(signer))

    def __getitem__(self, signer: Any) -> int:
        if type(signer) is First:
            return self.given.integer(f"{self.name}: weight of the first signers", 0)
        return self.given.result(f"{self.name}: weight", (signer,), 0)

    def __iter__(self) -> Any:
        raise KeyError("the order of the snapshot is looked at")


def any_snapshot(given: Given, name: str) -> Validators:
    """Any weights."""
    return Validators(cast(Any, Weights(given, name)), given.integer(f"{name}: total", 1))


def any_signers(given: Given, number: int, first: bool) -> tuple[Any, ...]:
    """Some signers in any order, after any number of first ones."""
    signers = tuple(given.integer(f"signer {at}", 0) for at in range(number))
    return (First(given), *signers) if first else signers


def certified(given: Given, signers: tuple[Any, ...]) -> Certificate:
    """A certificate of anything by the signers."""
    height, round = given.integer("height", 0), given.integer("round", 0)
    return Certificate(any_type(given, "type"), height, round, any_value(given, "value"), signers)


def is_in_order(one: Any, other: Any) -> Any:
    """Whether two neighbours ascend."""
    return negation(one >= other) if type(one) is First else one < other


def is_valid_as_said(number: int, first: bool) -> Statement:
    """Valid is: neighbours ascend, all are validators, and their weights, each once, are more than two thirds."""

    def statement(given: Given) -> None:
        validators, signers = any_snapshot(given, "snapshot"), any_signers(given, number, first)
        weights = cast(Weights, validators.weights)
        found = certificates.refused(certified(given, signers), validators)
        weight = sum(weights[one] for one in signers)
        said = all_of(
            *(is_in_order(one, other) for one, other in itertools.pairwise(signers)),
            *(weights.has(one) for one in signers),
            3 * weight > 2 * validators.total,
        )
        given.note("found", "valid" if found is None else found.rule)
        given.note("weight and total", (weight, validators.total))
        given.claim("valid if so", implies(said, found is None))
        given.claim("valid only if so", implies(found is None, said))

    return statement


def each_counts_once(given: Given) -> None:
    """Of signers that ascend no two are the same: the first ones are below the last of them, and so below the next."""
    below, last, following = given.integer("one of the first", 0), given.integer("last", 0), given.integer("next", 0)
    given.assume(all_of(below <= last, last < following))
    given.claim("not the next", below < following)


def snapshot_is_a_map(given: Given) -> None:
    """Snapshots that give every signer the same weight, and have the same total, give the same answer."""
    one, other = any_snapshot(given, "one"), any_snapshot(given, "other")
    signers = any_signers(given, 1, first=True)
    given.assume(one.total == other.total)
    for signer in signers:
        given.assume(cast(Weights, one.weights).has(signer) == cast(Weights, other.weights).has(signer))
        given.assume(one.weights[signer] == other.weights[signer])
    certificate = certified(given, signers)
    found, again = (certificates.refused(certificate, validators) for validators in (one, other))
    given.note("found", ("valid" if found is None else found.rule, "valid" if again is None else again.rule))
    given.claim("the same", found == again)


# --- one form ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class Dicts:
    """What the name ``dict`` is to mean where keys are unknown."""

    def fromkeys(self, keys: Iterable[Any]) -> list[Any]:
        """The keys, each once, in the order in which they came."""
        found: list[Any] = []
        for key in keys:
            if not any(key == other for other in found):
                found.append(key)
        return found


KEYS: Final = Ideal(certificates, "dict", Dicts(), "as dict")


def is_canonical(number: int) -> Statement:
    """Exchanging neighbours or naming a signer again gives the same certificate, whose signers ascend."""

    def statement(given: Given) -> None:
        signers = any_signers(given, number, first=False)
        others = [(*signers, signers[0]), (signers[-1], *signers)]
        for at in range(number - 1):
            others.append((*signers[:at], signers[at + 1], signers[at], *signers[at + 2 :]))
        with Idealized((KEYS,)):
            first, *again = (
                certificates.certificate_of(VoteType.PREVOTE, 0, 0, b"", cast("tuple[bytes, ...]", each)).signers
                for each in (signers, *others)
            )
        given.note("signers", first)
        given.claim("ascending", all_of(*(one < other for one, other in itertools.pairwise(first)), True))
        given.claim("who was named", all_of(*(any_of(*(one == other for other in first)) for one in signers)))
        for other in again:
            given.note("named otherwise", other)
            given.claim("the same number", len(other) == len(first))
            given.claim("the same signers", all_of(*(one == its for one, its in zip(first, other, strict=False))))

    return statement


def ascending_is_unique(ascends: bool = True) -> Statement:
    """Two ascending sequences with the same members begin alike, and what follows has the same members again."""

    def statement(given: Given) -> None:
        heads = given.integer("first of one", 0), given.integer("first of the other", 0)
        asked = (*heads, given.integer("anyone", 0))

        def follows(which: int, who: int) -> Any:
            return given.result(f"follows in {('one', 'the other')[which]}", (who,), 0, 1) == 1

        def is_member(which: int, who: int) -> Any:
            return any_of(who == heads[which], follows(which, who))

        for who in asked:
            given.assume(is_member(0, who) == is_member(1, who))
            for which in (0, 1):
                if ascends:
                    given.assume(implies(follows(which, who), heads[which] < who))
        given.claim("the same first", heads[0] == heads[1])
        given.claim("the same that follow", follows(0, asked[2]) == follows(1, asked[2]))

    return statement


@attrs.frozen
class Nested:
    """In the place of RLP: what is encoded is itself, so it is equal only to what is the same."""

    def int_to_bytes(self, number: int) -> tuple[str, int]:
        """A number as it is."""
        return ("number", number)

    def encode(self, item: Any) -> Any:
        """An item as it is."""
        return tuple(item)


def bytes_are_unique(given: Given) -> None:
    """Certificates have the same bytes only if every field is the same; all signers are one field."""
    pair = []
    for name in ("one", "other"):
        height, round, signers = (given.integer(f"{field} of {name}", 0) for field in ("height", "round", "signers"))
        type, value = any_type(given, f"type of {name}"), any_value(given, f"value of {name}")
        pair.append(Certificate(type, height, round, value, cast("tuple[bytes, ...]", signers)))
    with Idealized((Ideal(certificates, "rlp", Nested(), "FIN-rlp-injective"),)):
        made, again = (cast("tuple[Any, ...]", certificates.encoded(each)) for each in pair)
    parts = (part(one) == part(other) for one, other in zip(made, again, strict=False))
    equal = all_of(len(made) == len(again), *parts)
    one, other = pair
    fields = (
        one.type == other.type, one.height == other.height, one.round == other.round, one.value == other.value,
        one.signers == other.signers,
    )  # fmt: skip
    given.claim("the same fields", implies(equal, all_of(*fields)))
    given.claim("the same bytes", implies(all_of(*fields), equal))


def part(item: Any) -> Any:
    """The number in an item."""
    return item[1] if type(item) is tuple else item


# --- hand-over --------------------------------------------------------------------------------------------------------


def one_block_is_handed_over(given: Given) -> None:
    """What is accepted are precommits of one height and value, each accepted by its own set."""
    pair = []
    for name in ("outgoing", "incoming"):
        type, value = any_type(given, f"type of {name}"), any_value(given, f"value of {name}")
        height, round = given.integer(f"height of {name}", 0), given.integer(f"round of {name}", 0)
        pair.append(Certificate(type, height, round, value, ()))
    old, new = pair
    sets = any_snapshot(given, "leaving"), any_snapshot(given, "coming")
    accepted = [given.truth("the leaving set accepts its own"), given.truth("the coming set accepts its own")]

    def refused(certificate: Certificate, validators: Validators) -> Rejected | None:
        for at in (0, 1):
            if certificate is pair[at] and validators is sets[at]:
                return None if accepted[at] else Rejected("FIN-quorum")
        return None if given.truth("a set accepts the other's") else Rejected("FIN-quorum")

    with Idealized((Ideal(certificates, "refused", refused, "FIN-certificate-deterministic"),)):
        found = certificates.handover_refused(Handover(old, new), *sets)
    if found is not None:
        return
    given.note("outgoing and incoming", ((old.height, old.round, old.value), (new.height, new.round, new.value)))
    given.claim("one height", old.height == new.height)
    given.claim("one value", old.value == new.value)
    given.claim("precommits", old.type == VoteType.PRECOMMIT and new.type == VoteType.PRECOMMIT)
    given.claim("each valid for its set", all_of(*accepted))
