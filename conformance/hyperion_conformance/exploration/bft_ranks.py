"""States of the stable phase, and the one that stands for all that differ only in what does not matter.

The rows compare rounds and nothing else, so rounds may be numbered anew in the same order. Of the polkas of rounds that
all have left, one for a value unlocks whatever an earlier one does; beside it those count that a valid value names.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from hyperion.sequencer.finality.types import NO_ROUND, Step, Value
from hyperion.sequencer.finality.votes import is_quorum
from hyperion_conformance.exploration.bft import NOT, BftSystem, Local, State, order_of

replace = msgspec.structs.replace


class Polka(msgspec.Struct, frozen=True, order=True):
    """A polka of a round that all have left; ``sure`` where honest prevotes alone are a quorum."""

    round: int
    value: Value
    sure: bool


class Proposed(msgspec.Struct, frozen=True):
    """An honest leader's proposal: its value, and its valid round."""

    value: Value
    round: int


class Seat(msgspec.Struct, frozen=True):
    """An honest validator: whether it is still to lead in this turn, and leads at all."""

    local: Local
    late: int
    """In its round: 1 if another one has left it before it precommitted, 2 if it was there before stabilisation."""
    waits: bool
    leads: bool


class Stable(msgspec.Struct, frozen=True, cache_hash=True):
    """A state: the validators, and for each round from ``base`` on its leader and an honest leader's proposal."""

    seats: tuple[Seat, ...]
    base: int
    leaders: tuple[int, ...]
    proposals: tuple[Proposed | None, ...]
    liar_waits: bool
    polkas: tuple[Polka, ...]
    age: int
    """Rounds entered since stabilisation."""
    turn: tuple[int, ...]
    """Where the order of leaders is fixed: those of the last turn, the next leader first once it is whole."""

    @property
    def locals(self) -> State:
        """The validators as the rows know them."""
        return tuple(seat.local for seat in self.seats)

    @property
    def top(self) -> int:
        """The last round that anybody has entered."""
        return self.base + len(self.leaders) - 1

    def leader(self, round: int) -> int:
        """Who leads a round."""
        return self.leaders[round - self.base]

    def proposal(self, round: int) -> Proposed | None:
        """What an honest leader has proposed in a round."""
        return self.proposals[round - self.base]

    def seated(self, actor: int, seat: Seat) -> Stable:
        """With one validator replaced."""
        return replace(self, seats=(*self.seats[:actor], seat, *self.seats[actor + 1 :]))

    def proposed(self, round: int, proposal: Proposed) -> Stable:
        """With a proposal."""
        at = round - self.base
        return replace(self, proposals=(*self.proposals[:at], proposal, *self.proposals[at + 1 :]))

    def longer(self) -> Stable:
        """With room for the votes of one more round."""
        size = self.top + 2

        def padded(local: Local) -> Local:
            more = (NOT,) * (size - len(local.prevotes))
            return replace(local, prevotes=local.prevotes + more, precommits=local.precommits + more)

        return replace(self, seats=tuple(replace(seat, local=padded(seat.local)) for seat in self.seats))


LOST: Final = b"?"
"""A vote for what can no longer have a quorum: that it was cast is all that matters."""


def blurred(state: Stable, weight: int, total: int, liar: int) -> Stable:
    """Votes in the rounds that are open, with those blurred that can no longer be part of a quorum.

    Prevotes count with the liar's; precommits without, since a run in which the liar helps to decide is over.
    """
    locals = list(state.locals)
    for at in range(state.base, state.top + 1):
        for name, helped in (("prevotes", liar), ("precommits", 0)):
            cast = [getattr(local, name)[at] for local in locals]
            free = sum(
                vote == NOT and local.state.round <= at and local.state.step != Step.COMMIT
                for vote, local in zip(cast, locals, strict=True)
            )
            for value in set(cast) - {NOT, LOST}:
                if not is_quorum((cast.count(value) + free) * weight + helped, total):
                    locals = [with_vote(local, name, at, LOST, value) for local in locals]
    seats = tuple(replace(seat, local=local) for seat, local in zip(state.seats, locals, strict=True))
    return replace(state, seats=seats)


def with_vote(local: Local, name: str, at: int, vote: Value, instead: Value | None) -> Local:
    """With a vote in the place of another one."""
    cast = getattr(local, name)
    return replace(local, **{name: (*cast[:at], vote, *cast[at + 1 :])}) if cast[at] == instead else local


def forgotten(state: Stable, base: int, shown: bool) -> Stable:
    """Without what rounds before ``base`` no longer mean, and with the others numbered anew.

    A polka of a round that all have left matters if it unlocks somebody: who is locked on another value since that
    round or before. Later locks are of later rounds, so one that unlocks nobody never will, and a proposal that names
    it has the effect of one that names none; if it is not ``shown``, only where honest votes alone make it.
    """
    helpful = useful(state)
    named = {(here.valid_round, here.valid_value) for here in (seat.local.state for seat in state.seats)}
    named |= {(each.round, each.value) for each in state.proposals[base - state.base :] if each is not None}
    last = {polka.value: polka.round for polka in helpful}
    kept = [
        polka
        for polka in sorted(state.polkas)
        if (polka in helpful and last[polka.value] == polka.round)
        or ((polka.round, polka.value) in named and (polka in helpful or not (shown or polka.sure)))
    ]
    ranks = {at: rank for rank, at in enumerate(sorted({polka.round for polka in kept}))}
    first = len(ranks) + 1

    def lock(at: int, value: Value | None) -> int:
        if at == NO_ROUND or at >= base:
            return at if at == NO_ROUND else at - base + first
        return min((ranks[each.round] for each in kept if each.value != value and each.round >= at), default=len(ranks))

    def proof(at: int, value: Value | None) -> int:
        if at == NO_ROUND or at >= base:
            return at if at == NO_ROUND else at - base + first
        return ranks[at] if any((polka.round, polka.value) == (at, value) for polka in kept) else NO_ROUND

    def seated(seat: Seat) -> Seat:
        here = seat.local.state
        there = replace(
            here, round=here.round - base + first, locked_round=lock(here.locked_round, here.locked_value),
            valid_round=proof(here.valid_round, here.valid_value),
        )  # fmt: skip
        before, size = (NOT,) * first, state.top + 1
        votes = (before + seat.local.prevotes[base:size], before + seat.local.precommits[base:size])
        return replace(seat, local=Local(there, *votes, seat.local.decided))

    def given(each: Proposed | None) -> Proposed | None:
        return None if each is None else Proposed(each.value, proof(each.round, each.value))

    cut = base - state.base
    return replace(
        state,
        seats=tuple(map(seated, state.seats)),
        base=first,
        leaders=state.leaders[cut:],
        proposals=tuple(map(given, state.proposals[cut:])),
        polkas=tuple(Polka(ranks[polka.round], polka.value, polka.sure) for polka in kept),
    )


def useful(state: Stable) -> list[Polka]:
    """The polkas of rounds that all have left by which somebody may leave a lock, by round."""
    locks = [(here.locked_round, here.locked_value) for here in (seat.local.state for seat in state.seats)]
    return sorted(
        polka
        for polka in state.polkas
        if any(NO_ROUND < at <= polka.round and value != polka.value for at, value in locks)
    )


def canonical(state: Stable, rows: BftSystem) -> Stable:
    """The first of the states that differ in the names of validators and values only."""
    return min((renamed(state, rows, number) for number in range(len(rows.swaps))), key=key_of)


def renamed(state: Stable, rows: BftSystem, number: int) -> Stable:
    """With values renamed, and validators in order."""
    swap = rows.swaps[number]
    seats = [replace(seat, local=rows.renamed(seat.local, number)) for seat in state.seats]

    def place(actor: int) -> Any:
        seat = seats[actor]
        led = tuple(leader == actor for leader in (*state.leaders, *state.turn))
        return (order_of(seat.local), seat.late, seat.waits, seat.leads, led)

    order = sorted(range(len(seats)), key=place)
    there = {actor: at for at, actor in enumerate(order)}
    return Stable(
        tuple(seats[actor] for actor in order),
        state.base,
        tuple(there.get(leader, leader) for leader in state.leaders),
        tuple(None if each is None else Proposed(swap[each.value], each.round) for each in state.proposals),
        state.liar_waits,
        tuple(sorted(Polka(polka.round, swap[polka.value], polka.sure) for polka in state.polkas)),
        state.age,
        tuple(there.get(leader, leader) for leader in state.turn),
    )


def key_of(state: Stable) -> Any:
    """A key by which states that differ in names are put in order."""
    seats = tuple((order_of(seat.local), seat.late, seat.waits, seat.leads) for seat in state.seats)
    given = tuple((b"", -2) if each is None else (each.value, each.round) for each in state.proposals)
    polkas = tuple((polka.round, polka.value, polka.sure) for polka in state.polkas)
    return seats, state.leaders, given, polkas, state.turn
