"""Who is to blame: forks made by hand with half of the weight lying, and debts at their borders.

Two of four validators lie; the honest ones are nodes, so what they decide is what the model decides.
"""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperion.sequencer.finality.accountability import (
    Debt,
    culprits,
    debts_of,
    is_equivocation,
    owed_by_change,
    owed_by_precommit,
    unpaid,
)
from hyperion.sequencer.finality.certificates import Certificate, Rejected, certificate_of
from hyperion.sequencer.finality.node import Event, Node
from hyperion.sequencer.finality.types import CastVote, Timeout, Value, Vote, VoteType
from hyperion.sequencer.finality.votes import apply_vote, keeper_of
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
