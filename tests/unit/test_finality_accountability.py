"""Who is to blame: forks made by hand with half of the weight lying, and debts at their borders.

Two of four validators lie; the honest ones are nodes, so what they decide is what the model decides. Then forks of any
votes: 300 are drawn, with four validators of any weights in three rounds.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final, NamedTuple

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from hyperion.sequencer.finality import accountability
from hyperion.sequencer.finality.accountability import (
    Debt,
    culprits,
    debts_of,
    is_equivocation,
    owed_by_change,
    owed_by_precommit,
    unpaid,
)
from hyperion.sequencer.finality.certificates import Certificate, Rejected, certificate_of, refused
from hyperion.sequencer.finality.node import Event, Node
from hyperion.sequencer.finality.types import Address, CastVote, Timeout, Value, Vote, VoteType, vote_order
from hyperion.sequencer.finality.votes import Validators, apply_vote, is_quorum, keeper_of, validators_of
from hyperion.symbolic.ideal import Idealized
from hyperion_proofs.mutant import in_place
from tests.support.finality import FOUR, NAMES, A, B, driven, late, polkas_of, precommit, prevote, proposal, received

PREVOTE, PRECOMMIT = VoteType.PREVOTE, VoteType.PRECOMMIT
HONEST: Final = (b"a", b"b")


def vote(type: VoteType, sender: bytes, value: Value | None, round: int = 0, height: int = 0) -> Vote:
    return Vote(type, sender, height, round, value)


def decided(node: Node) -> Value:
    return node.driver.chain[-1].proposal.value


def fork_by_amnesia() -> tuple[Node, Node]:
    """``c`` and ``d`` help ``a`` to decide A in round 0, forget it, and help ``b`` to decide B in round 1.

    ``b`` misses the precommits of round 0. Nobody signs two votes of one round and type.
    """
    first, _ = driven(
        [proposal(A), *(prevote(name, A) for name in b"c d".split()), *(precommit(name, A) for name in b"c d".split())],
        me=b"a",
    )
    second, _ = driven(
        [
            late(Timeout.PROPOSE), *(prevote(name, A) for name in b"a c d".split()), late(Timeout.PREVOTE),
            precommit(b"c", A), precommit(b"d", A), late(Timeout.PRECOMMIT),
            proposal(B, round=1), *(prevote(name, B, 1) for name in b"c d".split()),
            *(precommit(name, B, 1) for name in b"c d".split()),
        ],
        me=b"b",
    )  # fmt: skip
    return first, second


@pytest.mark.rule("FIN-amnesia", "FIN-culprits")
def test_a_fork_by_amnesia_has_no_equivocation_and_shows_its_culprits() -> None:
    nodes = fork_by_amnesia()
    assert [decided(node) for node in nodes] == [A, B]
    signed = received(*nodes)
    assert not any(node.driver.keeper.evidence for node in nodes)
    assert not any(is_equivocation(one, other) for one in signed for other in signed if one.sender == other.sender)
    shown = [polka for node in nodes for polka in polkas_of(node.driver.keeper)]
    assert {polka.round for polka in shown} == {0, 1}
    assert culprits(signed, shown, FOUR) == (b"c", b"d")
    assert 3 * sum(FOUR.weights[name] for name in culprits(signed, shown, FOUR)) > FOUR.total


@pytest.mark.rule("FIN-equivocation", "FIN-culprits")
def test_a_fork_by_equivocation_shows_its_culprits() -> None:
    nodes = []
    for name, value in zip(HONEST, (A, B), strict=True):
        lies = [*(prevote(liar, value) for liar in (b"c", b"d")), *(precommit(liar, value) for liar in (b"c", b"d"))]
        nodes.append(driven([proposal(value), *lies], me=name)[0])
    assert [decided(node) for node in nodes] == [A, B]
    shown = [polka for node in nodes for polka in polkas_of(node.driver.keeper)]
    assert culprits(received(*nodes), shown, FOUR) == (b"c", b"d")


@pytest.mark.rule("FIN-precommit-owes")
def test_a_precommit_owes_the_polka_of_its_round() -> None:
    alone = vote(PRECOMMIT, b"c", A, 3)
    assert owed_by_precommit(alone) == Debt(0, A, 3, 4)
    assert owed_by_precommit(vote(PRECOMMIT, b"c", None, 3)) is None is owed_by_precommit(vote(PREVOTE, b"c", A, 3))
    assert culprits([alone], [], FOUR) == (b"c",)
    assert culprits([alone], [certificate_of(PREVOTE, 0, 3, A, NAMES[:3])], FOUR) == ()


@pytest.mark.rule("FIN-pays")
def test_what_pays_a_debt_and_what_does_not() -> None:
    debt = Debt(0, B, 2, 5)
    for at, pays in ((1, False), (2, True), (4, True), (5, False)):
        assert (unpaid(debt, certificate_of(PREVOTE, 0, at, B, NAMES[:3]), FOUR) is None) is pays
    wrong = (
        certificate_of(PRECOMMIT, 0, 3, B, NAMES[:3]), certificate_of(PREVOTE, 1, 3, B, NAMES[:3]),
        certificate_of(PREVOTE, 0, 3, A, NAMES[:3]),
    )  # fmt: skip
    assert {unpaid(debt, polka, FOUR) for polka in wrong} == {Rejected("FIN-pays")}
    assert unpaid(debt, certificate_of(PREVOTE, 0, 3, B, NAMES[:2]), FOUR) == Rejected("FIN-quorum")
    twice = Certificate(PREVOTE, 0, 3, B, (b"a", b"a", b"b"))
    assert unpaid(debt, twice, FOUR) == Rejected("FIN-certificate-canonical")


votes = st.builds(
    vote, st.sampled_from(VoteType), st.sampled_from((*NAMES, b"stranger")), st.sampled_from((None, A, B)),
    st.integers(0, 3), st.integers(0, 1),
)  # fmt: skip


@pytest.mark.rule("FIN-amnesia")
@given(votes, votes)
def test_a_change_of_mind_is_a_later_prevote_for_another_value(one: Vote, other: Vote) -> None:
    expected = (
        (one.type, other.type) == (PRECOMMIT, PREVOTE)
        and one.height == other.height
        and one.round < other.round
        and None not in (one.value, other.value)
        and one.value != other.value
    )
    debt = owed_by_change(one, other)
    assert (debt is not None) is expected
    if debt is not None:
        assert debt == Debt(other.height, other.value or b"", one.round, other.round)


@given(st.lists(votes, max_size=8))
def test_blame_does_not_depend_on_the_order_and_grows_with_the_votes(signed: list[Vote]) -> None:
    found = culprits(signed, [], FOUR)
    assert found == culprits(reversed(signed), [], FOUR) == culprits([*signed, *signed], [], FOUR)
    assert b"stranger" not in found and set(culprits(signed[1:], [], FOUR)) <= set(found)
    assert set(debts_of(signed[1:])) <= set(debts_of(signed))


@pytest.mark.rule("FIN-equivocation")
@given(st.lists(votes, max_size=8))
def test_equivocations_are_what_counting_finds(signed: list[Vote]) -> None:
    """The second derivation: the evidence of the model's own counting."""
    here = [each for each in signed if each.height == 0]
    keeper = keeper_of(0, FOUR)
    for each in here:
        keeper, _ = apply_vote(keeper, each, 0)
    counted = {each.sender for group in keeper.evidence for each in group}
    pairs = [(one, other) for one in here for other in here if one.sender == other.sender]
    assert {one.sender for one, other in pairs if is_equivocation(one, other)} == counted


def test_who_runs_the_model_can_pay_whatever_it_signs() -> None:
    """A lock, and a later polka that allows to leave it: the debt is paid by what the node itself has seen."""
    events: list[Event] = [
        proposal(A), prevote(b"a", A), prevote(b"c", A), late(Timeout.PREVOTE), precommit(b"a", None),
        precommit(b"c", None), late(Timeout.PRECOMMIT),
        proposal(B, round=1), *(prevote(name, B, 1) for name in (b"a", b"b", b"c")), precommit(b"a", None, 1),
        precommit(b"b", None, 1), late(Timeout.PREVOTE, 1), late(Timeout.PRECOMMIT, 1),
        proposal(B, round=2, valid_round=1),
    ]  # fmt: skip
    node, effects = driven(events)
    own = [effect.vote for effect in effects if isinstance(effect, CastVote)]
    changed = [each for each in own if each.type == PREVOTE and each.value == B]
    assert changed and any(each.type == PRECOMMIT and each.value == A for each in own)
    assert culprits(own, polkas_of(node.driver.keeper), FOUR) == ()
    assert culprits(own, [], FOUR) == (b"d",)


# --- whatever was signed ---------------------------------------------------------------------------------------------

ROUNDS: Final = 3
UNSHRUNK: Final = settings(max_examples=3_000, phases=[Phase.generate])


class Fork(NamedTuple):
    """Weights, votes with which two values are decided, and all polkas that there are."""

    validators: Validators
    signed: tuple[Vote, ...]
    polkas: tuple[Certificate, ...]


def quorum(draw: st.DrawFn, validators: Validators) -> list[Address]:
    """Some validators, no more than needed."""
    chosen: list[Address] = []
    for name in draw(st.permutations(NAMES)):
        if is_quorum(sum(validators.weights[one] for one in chosen), validators.total):
            break
        chosen.append(name)
    return chosen


@st.composite
def forks(draw: st.DrawFn) -> Fork:
    """Two commits of different values, and any further votes; nobody votes twice but to make the quorums."""
    validators = validators_of({name: draw(st.integers(1, 4)) for name in NAMES})
    first = draw(st.integers(0, ROUNDS - 1))
    second = draw(st.integers(first, ROUNDS - 1))
    wanted = [(PRECOMMIT, first, A), (PRECOMMIT, second, B), (PREVOTE, first, A), (PREVOTE, second, B)]
    further = st.tuples(st.just(PREVOTE), st.integers(0, ROUNDS - 1), st.sampled_from((A, B)))
    wanted = wanted[: draw(st.integers(2, 4))] + draw(st.lists(further, max_size=2))
    cast = {Vote(type, name, 0, at, value) for type, at, value in wanted for name in quorum(draw, validators)}
    for type, name, at in itertools.product(VoteType, NAMES, range(ROUNDS)):
        if not any((each.type, each.sender, each.round) == (type, name, at) for each in cast) and draw(st.booleans()):
            cast.add(Vote(type, name, 0, at, draw(st.sampled_from((None, A, B)))))
    polkas = (
        certificate_of(
            PREVOTE, 0, at, value,
            [each.sender for each in cast if (each.type, each.round, each.value) == (PREVOTE, at, value)],
        )
        for at in range(ROUNDS) for value in (A, B)
    )  # fmt: skip
    valid = tuple(polka for polka in polkas if refused(polka, validators) is None)
    return Fork(validators, tuple(sorted(cast, key=vote_order)), valid)


def is_enough(fork: Fork) -> bool:
    """Whether those to blame have more than a third of the weight."""
    found = culprits(fork.signed, fork.polkas, fork.validators)
    return 3 * sum(fork.validators.weights[name] for name in found) > fork.validators.total


@pytest.mark.rule("FIN-culprits")
@settings(max_examples=300)
@given(forks())
def test_whatever_makes_two_decisions_more_than_a_third_is_to_blame(fork: Fork) -> None:
    assert is_enough(fork)


@pytest.mark.parametrize(
    ("function", "old", "new"),
    [
        (accountability.owed_by_change, "precommit.value == prevote.value", "True"),
        (accountability.owed_by_change, "precommit.round, prevote.round)", "precommit.round, prevote.round + 1)"),
        (accountability.owed_by_precommit, "vote.value is None", "True"),
        (accountability.is_equivocation, "same and", "False and"),
    ],
    ids=["no amnesia", "a polka pays for itself", "precommits owe nothing", "no equivocation"],
)
def test_control_each_kind_of_blame_is_needed(function: Callable[..., object], old: str, new: str) -> None:
    with Idealized((in_place(function, old, new),)):
        assert not is_enough(find(forks(), lambda fork: not is_enough(fork), settings=UNSHRUNK))
