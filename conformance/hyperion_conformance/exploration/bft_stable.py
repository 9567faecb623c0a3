"""After stabilisation: every honest message arrives before any timer ends; what is left to the adversary is the liar.

Begins in states that ``bft`` reaches. What honest validators have sent, and what they send again (``FIN-rebroadcast``)
is *sure*: while it can move anybody no timer ends. The liar tells whom it likes what it likes, whenever it likes. The
rounds entered before are led by the liar; afterwards, of as many rounds as there are validators each leads one, in any
order, which covers every rotation. Who decides tells all others, so a run that decides is over.

Timers that run end in any order, but for three things that follow from their lengths. In a round those for prevotes
end before those for precommits, and when one for precommits has ended the others of its round do before the next round
goes on; both are demanded only of who was not *late*, that is, had precommitted when the first one ended. And a timer
for the next round's proposal ends after those of the round before: it begins after two of them and is longer than the
third. Of who has been in its round since before stabilisation none of these is demanded.

Only the order of rounds matters. Votes of rounds that all have left are forgotten but for what they prove, and rounds
are numbered anew, so that the graph is finite although its runs have no last round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import msgspec

from hyperion.sequencer.finality import votes
from hyperion.sequencer.finality.consensus import advance
from hyperion.sequencer.finality.types import (
    NO_ROUND,
    Input,
    Kind,
    Propose,
    SkipRound,
    Step,
    Value,
    VoteType,
)
from hyperion_conformance.exploration.bft import NOT, BftPlan, BftSystem, Local, State
from hyperion_conformance.exploration.bft_ranks import Polka, Proposed, Seat, Stable, blurred, canonical, forgotten

LIAR: Final = -1
EARLIER: Final = 2
OPENS: Final = 128
"""Added to the place of a transition in which the first validator enters a round."""
VOTING: Final = (Step.PREVOTE, Step.PRECOMMIT)
TIMERS: Final = (Kind.TIMEOUT_PROPOSE, Kind.TIMEOUT_PREVOTE, Kind.TIMEOUT_PRECOMMIT)
replace = msgspec.structs.replace


@attrs.frozen
class StablePlan:
    """The stable phase of a plan."""

    rows: BftPlan = attrs.field(factory=BftPlan)
    polkas_shown: bool = True
    """Whether validators send the polka of their valid value again; without it the hidden lock stays hidden."""
    endings_shown: bool = True
    """Whether they send the precommits again that ended the round before; without them one may be left behind."""
    leading: int = 3
    """How many of the honest validators are ever leaders."""
    fixed: bool = False
    """Whether every turn has the order of the first, as in a rotation of equal weights."""
    counted: bool = True
    """Whether states are told apart by the number of rounds since stabilisation."""
    most: int = 12
    """Rounds after which a run that has not decided is a fault."""

    def build(self) -> StableSystem:
        """The system."""
        return StableSystem(self)

    def fields(self) -> dict[str, Any]:
        """The plan for a file."""
        return attrs.asdict(self)


class StableSystem:
    """The system of a plan. All transitions have their place among the successors for an actor."""

    def __init__(self, plan: StablePlan) -> None:
        self.plan = plan
        self.rows = BftSystem(plan.rows)
        self.names = self.rows.names
        self.total = self.rows.total

    # --- where it begins ---

    def begun(self, state: State) -> Iterator[Stable]:
        """The beginnings from a state of the rows, one for each choice of the honest validators that will lead."""
        top = max(local.state.round for local in state)
        base = min(local.state.round for local in state)
        leading = self.plan.leading
        for first in range(len(state) if leading < len(state) else 1):
            chosen = {(first + number) % len(state) for number in range(leading)}
            seats = tuple(Seat(local, EARLIER, at in chosen, at in chosen) for at, local in enumerate(state))
            polkas = self.proven(state, range(base))
            count = top - base + 1
            stable = Stable(seats, base, (LIAR,) * count, (None,) * count, True, polkas, 0, ())
            yield self.canonical(stable)

    def initial(self) -> Stable:
        """The beginning of a height that is stable from the start."""
        return next(self.begun(self.rows.initial()))

    def proven(self, state: State, rounds: Sequence[int]) -> tuple[Polka, ...]:
        """The polkas of some rounds that may be shown, and whether they need the liar."""
        return tuple(
            Polka(at, value, votes.is_quorum(self.rows.honest_weight(state, VoteType.PREVOTE, at, value), self.total))
            for at in rounds
            for value in self.names
            if votes.is_quorum(self.rows.weight(state, VoteType.PREVOTE, at, value), self.total)
        )

    # --- what is known ---

    def is_possible(self, state: Stable, at: int, value: Value | None) -> bool:
        """Whether somebody may see a polka, with the liar's help."""
        if at < state.base:
            return any((polka.round, polka.value) == (at, value) for polka in state.polkas)
        return votes.is_quorum(self.rows.weight(state.locals, VoteType.PREVOTE, at, value), self.total)

    def is_sure(self, state: Stable, at: int, value: Value | None) -> bool:
        """Whether everybody sees a polka: by honest votes, or because a validator whose valid value it is shows it."""
        if self.plan.polkas_shown and value is not None:
            if any((seat.local.state.valid_round, seat.local.state.valid_value) == (at, value) for seat in state.seats):
                return True
            # What an honest leader named was shown when it proposed, and is known although its valid value is another.
            if any(given is not None and (given.round, given.value) == (at, value) for given in state.proposals):
                return True
        if at < state.base:
            return any((polka.round, polka.value) == (at, value) for polka in state.polkas if polka.sure)
        return votes.is_quorum(self.rows.honest_weight(state.locals, VoteType.PREVOTE, at, value), self.total)

    def voted(self, state: Stable, type: VoteType, at: int, liar: bool) -> bool:
        """Whether a quorum has voted for anything.

        The first one to enter the last round heard a quorum of precommits of the round before, and is still there.
        """
        liar = liar or (self.plan.endings_shown and type == VoteType.PRECOMMIT and at == state.top - 1)
        cast = self.rows.cast(state.locals, type, at) - (0 if liar else self.plan.rows.liar)
        return votes.is_quorum(cast, self.total)

    def is_later(self, state: Stable, at: int, liar: bool) -> bool:
        """Whether a later round is heard of by enough."""
        heard = sum(local.prevotes[at] != NOT or local.precommits[at] != NOT for local in state.locals)
        if votes.is_skip(heard + (self.plan.rows.liar if liar else 0), self.total):
            return True
        if self.voted(state, VoteType.PRECOMMIT, at, liar):
            return True
        return any(self.is_sure(state, at, value) for value in self.names)

    # --- what may happen ---

    def sure(self, state: Stable, local: Local) -> Iterator[Input]:
        """What reaches a validator without the liar, or in spite of it."""
        here = local.state
        if here.step == Step.COMMIT:
            return
        for at in range(state.base, state.top + 1):
            for value in self.names:
                weight = self.rows.honest_weight(state.locals, VoteType.PRECOMMIT, at, value)
                if votes.is_quorum(weight, self.total) and self.holds(state, local, at, value):
                    yield Input(Kind.PROPOSAL_COMMIT, at, value)
        given = state.proposal(here.round)
        if here.step == Step.PROPOSE and given is not None and given.round == NO_ROUND:
            yield Input(Kind.PROPOSAL, here.round, given.value)
        elif here.step == Step.PROPOSE and given is not None and self.is_sure(state, given.round, given.value):
            yield Input(Kind.PROPOSAL_POLKA_PREVIOUS, given.round, given.value)
        for value in self.names if here.step in VOTING else ():
            if self.is_sure(state, here.round, value) and self.holds(state, local, here.round, value):
                yield Input(Kind.PROPOSAL_POLKA, value=value)
        if here.step == Step.PREVOTE and self.is_sure(state, here.round, None):
            yield Input(Kind.POLKA_NIL)
        for at in range(here.round + 1, state.top + 1):
            if self.is_later(state, at, False):
                yield Input(Kind.ROUND_SKIP, at)

    def holds(self, state: Stable, local: Local, at: int, value: Value) -> bool:
        """Whether a validator is sure to have the proposal. Of the liar's only those that it voted for are."""
        given = state.proposal(at)
        return local.prevotes[at] == value or (given is not None and given.value == value)

    def told(self, state: Stable, local: Local) -> Iterator[Input]:
        """What the liar may bring about. That it helps to decide is left out: it would end the run."""
        here = local.state
        lies = state.leader(here.round) == LIAR
        given = state.proposal(here.round)
        if here.step == Step.PROPOSE and lies:
            yield from (Input(Kind.PROPOSAL, here.round, value) for value in self.names)
            for value in self.names:
                for at in range(here.round):
                    if self.is_possible(state, at, value):
                        yield Input(Kind.PROPOSAL_POLKA_PREVIOUS, at, value)
        elif here.step == Step.PROPOSE and given is not None and self.is_possible(state, given.round, given.value):
            yield Input(Kind.PROPOSAL_POLKA_PREVIOUS, given.round, given.value)
        for value in self.names if here.step in VOTING else ():
            proposed = lies or (given is not None and given.value == value)
            if proposed and self.is_possible(state, here.round, value):
                yield Input(Kind.PROPOSAL_POLKA, value=value)
        if here.step == Step.PREVOTE and self.is_possible(state, here.round, None):
            yield Input(Kind.POLKA_NIL)
        for at in range(here.round + 1, state.top + 1):
            if self.is_later(state, at, True):
                yield Input(Kind.ROUND_SKIP, at)

    def timers(self, state: Stable, liar: bool) -> list[tuple[int, Input]]:
        """The timers that run: without the liar's help, or with it."""
        running = []
        for actor, seat in enumerate(state.seats):
            here = seat.local.state
            if here.step == Step.PROPOSE:
                running.append((actor, Input(Kind.TIMEOUT_PROPOSE, here.round, height=0)))
            if here.step == Step.PREVOTE and self.voted(state, VoteType.PREVOTE, here.round, liar):
                running.append((actor, Input(Kind.TIMEOUT_PREVOTE, here.round, height=0)))
            if here.step != Step.COMMIT and self.voted(state, VoteType.PRECOMMIT, here.round, liar):
                running.append((actor, Input(Kind.TIMEOUT_PRECOMMIT, here.round, height=0)))
        return running

    def ending(self, state: Stable) -> list[tuple[int, Input]]:
        """The timers that may end next, where nothing sure is left to happen."""
        sure = [(actor, given) for actor, given in self.timers(state, False) if not state.seats[actor].late]
        first = [
            (actor, given)
            for actor, given in sure
            if given.kind == Kind.TIMEOUT_PRECOMMIT and given.round < state.top
            and state.seats[actor].local.state.step == Step.PRECOMMIT
        ]  # fmt: skip
        if first:
            return first
        waiting = {given.round for _, given in sure if given.kind == Kind.TIMEOUT_PREVOTE}
        behind = any(
            given.round < state.top and state.seats[actor].late != EARLIER for actor, given in self.timers(state, False)
        )
        return [
            (actor, given)
            for actor, given in self.timers(state, True)
            if (given.kind != Kind.TIMEOUT_PRECOMMIT or given.round not in waiting)
            and not (behind and given.kind == Kind.TIMEOUT_PROPOSE and given.round == state.top)
        ]

    # --- transitions ---

    def after(self, state: Stable, actor: int, given: Input) -> Iterator[Stable]:
        """The states after an input; several where a leader, or a leader's new value, is not determined."""
        local = state.seats[actor].local
        there, output = advance(local.state, given)
        if isinstance(output, SkipRound):
            if given.kind == Kind.TIMEOUT_PRECOMMIT:
                state = overtaken(state, given.round)
            yield from self.entered(state, actor, output.round)
            return
        if there != local.state:
            yield state.seated(actor, replace(state.seats[actor], local=self.rows.done(local, given)))

    def entered(self, state: Stable, actor: int, round: int) -> Iterator[Stable]:
        """A validator enters a round; if it is the first one, somebody's turn to lead comes."""
        for opened in self.opened(state) if round > state.top else (state,):
            local = opened.seats[actor].local
            leads = opened.leader(round) == actor
            left, _ = advance(local.state, Input(Kind.ROUND_SKIP, round))
            there, output = advance(left, Input(Kind.NEW_ROUND_PROPOSER if leads else Kind.NEW_ROUND, round))
            here = opened.seated(actor, replace(opened.seats[actor], local=replace(local, state=there), late=0))
            if not leads:
                yield here
            elif isinstance(output, Propose):
                yield here.proposed(round, Proposed(output.proposal.value, output.proposal.valid_round))
            else:
                yield from (here.proposed(round, Proposed(value, NO_ROUND)) for value in self.names)

    def opened(self, state: Stable) -> Iterator[Stable]:
        """One more round, with each leader whose turn it may be."""
        age = state.age + self.plan.counted
        if self.plan.fixed and len(state.turn) == len(state.seats) + 1:
            leader, *later = state.turn
            again = replace(state.longer(), age=age, turn=(*later, leader))
            yield replace(again, leaders=(*state.leaders, leader), proposals=(*state.proposals, None))
            return
        waiting = [actor for actor, seat in enumerate(state.seats) if seat.waits]
        if not waiting and not state.liar_waits:
            seats = tuple(replace(seat, waits=seat.leads) for seat in state.seats)
            yield from self.opened(replace(state, seats=seats, liar_waits=True))
            return
        longer = replace(state.longer(), age=age)
        for leader in (*((LIAR,) if state.liar_waits else ()), *waiting):
            turn = (*state.turn, leader) if self.plan.fixed else ()
            led = replace(longer, leaders=(*state.leaders, leader), proposals=(*state.proposals, None), turn=turn)
            if leader == LIAR:
                yield replace(led, liar_waits=False)
            else:
                yield led.seated(leader, replace(led.seats[leader], waits=False))

    def moves(self, state: Stable) -> Iterator[tuple[int, Input]]:
        """All inputs that may come next."""
        decided = [seat.local.decided for seat in state.seats if seat.local.decided is not None]
        if decided:
            for actor, seat in enumerate(state.seats):
                if seat.local.decided is None:
                    yield actor, Input(Kind.PROPOSAL_COMMIT, seat.local.state.round, decided[0])
            return
        alone = next(self.determined(state), None) or next(self.leaving(state), None)
        if alone is not None:
            yield from alone
            return
        quiet = True
        for actor, seat in enumerate(state.seats):
            for given in self.sure(state, seat.local):
                quiet = quiet and self.rows.done(seat.local, given) == seat.local
                yield actor, given
            yield from ((actor, given) for given in self.told(state, seat.local))
        if quiet:
            yield from self.ending(state)

    def leaving(self, state: Stable) -> Iterator[list[tuple[int, Input]]]:
        """All that one validator may do that is about to leave a round in which everybody has precommitted.

        Its timer ends before the next round goes on, and nothing that others do changes what it may do before.
        """
        for actor, seat in enumerate(state.seats):
            here = seat.local.state
            done = here.round == state.top - 1 and all(local.precommits[here.round] != NOT for local in state.locals)
            if done and here.step == Step.PRECOMMIT and not seat.late:
                inputs = [given for given in self.sure(state, seat.local) if given.kind == Kind.PROPOSAL_POLKA]
                inputs += [given for given in self.told(state, seat.local) if given.kind == Kind.PROPOSAL_POLKA]
                ends = Input(Kind.TIMEOUT_PRECOMMIT, here.round, height=0)
                yield [(actor, given) for given in (*inputs, ends)]

    def determined(self, state: Stable) -> Iterator[list[tuple[int, Input]]]:
        """Steps that wait for nothing, and change nothing for others but that they may do more: one may go first.

        A validator in the last round that something sure reaches, and whatever reaches it has the same effect: no
        timer ends before, so no later round begins, and no other polka of its round can come (two quorums of one
        round and type share more than the liar). Steps of others commute with it.
        """
        for actor, seat in enumerate(state.seats):
            if seat.local.state.round < state.top:
                continue
            sure = [given for given in self.sure(state, seat.local) if self.rows.done(seat.local, given) != seat.local]
            if sure:
                inputs = (*sure, *self.told(state, seat.local))
                effects = {self.rows.done(seat.local, given) for given in inputs} - {seat.local}
                if len(effects) == 1:
                    yield [(actor, sure[0])]

    def successors(self, state: Stable) -> Sequence[tuple[int, Stable]]:
        """The states after one input; what changes nothing is left out."""
        found: dict[Stable, bool] = {}
        for actor, given in self.moves(state):
            for after in self.after(state, actor, given):
                found.setdefault(self.canonical(after), after.top > state.top)
        found.pop(state, None)
        return [(OPENS * opens + number, after) for number, (after, opens) in enumerate(found.items())]

    # --- what must hold ---

    def fault(self, state: Stable) -> str | None:
        """A run without end, or one that stands still where the liar is silent."""
        if state.age > self.plan.most:
            return f"not decided after {self.plan.most} rounds"
        if any(seat.local.decided is not None for seat in state.seats) or self.timers(state, False):
            return None
        moved = any(
            self.rows.done(seat.local, given) != seat.local
            for seat in state.seats
            for given in self.sure(state, seat.local)
        )
        return None if moved else "nothing can happen without the liar"

    def is_final(self, state: Stable) -> bool:
        """Whether all have decided."""
        return all(seat.local.decided is not None for seat in state.seats)

    def canonical(self, state: Stable) -> Stable:
        """The state that stands for all that differ in names and in rounds that nobody is in any more."""
        if any(seat.local.decided is not None for seat in state.seats):
            state = replace(state, polkas=(), leaders=(LIAR,) * len(state.leaders), liar_waits=False, turn=())
        base = min(seat.local.state.round for seat in state.seats)
        if base > state.base:
            polkas = (*state.polkas, *self.proven(state.locals, range(state.base, base)))
            state = replace(state, polkas=polkas)
        state = blurred(forgotten(state, base, self.plan.polkas_shown), 1, self.total, self.plan.rows.liar)
        return canonical(state, self.rows)

    def pack(self, states: Sequence[Stable]) -> Any:
        """States for another process."""
        return msgspec.msgpack.encode(states)

    def unpack(self, packed: Any) -> list[Stable]:
        """What another process packed."""
        return msgspec.msgpack.decode(packed, type=list[Stable])


def overtaken(state: Stable, round: int) -> Stable:
    """A timer for precommits has ended: who has not precommitted in this round is late."""
    early = (Step.PROPOSE, Step.PREVOTE)
    there = [seat.local.state for seat in state.seats]
    late = [here.round == round and here.step in early for here in there]
    seats = zip(state.seats, late, strict=True)
    return replace(state, seats=tuple(replace(seat, late=max(seat.late, int(is_late))) for seat, is_late in seats))
