"""Rules that look right and are not: what each causes, how it is put right, and the case that shows it.

A variant replaces functions of the model by others for as long as a check runs. Each is a mistake that rotating
sequencers have been built with, or that is one word away from the rule.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import attrs

from hyperion.sequencer.parameters import WHOLE, Parameters
from hyperion.sequencer.schedule import rotation
from hyperion.sequencer.schedule.leaders import NoSchedule, Schedule
from hyperion.sequencer.schedule.rotation import Priorities, highest
from hyperion.sequencer.schedule.slots import slots
from hyperion.sequencer.stake import rules, slashing
from hyperion.sequencer.stake.sets import fixed_set
from hyperion.sequencer.stake.types import Account, Evidence, Exit, Offence, Seat, Set, Stake, Unbond

SLASHING: Final = "hyperion.sequencer.stake.slashing"
RULES: Final = "hyperion.sequencer.stake.rules"
SETS: Final = "hyperion.sequencer.stake.sets"
LEADERS: Final = "hyperion.sequencer.schedule.leaders"
ROTATION: Final = "hyperion.sequencer.schedule.rotation"
CASES: Final = "hyperion_conformance.seq.schedule"
# The model's own functions, which some variants call while others stand in their place.
ELECT: Final = rotation.elect
ACCUSE: Final = rules.accuse
JUDGED: Final = slashing.judged
UNBOND: Final = rules.unbond
END_EPOCH: Final = rules.end_epoch


@attrs.frozen(eq=False)
class Variant:
    """A faulty rule."""

    name: str
    target: str
    rule: str
    """The rule that it breaks."""
    consequence: str
    fix: str
    killer: str
    """The case that shows it."""
    faults: tuple[tuple[str, str, Any], ...]
    """Module, name, and what stands in its place."""

    @contextmanager
    def seeded(self) -> Iterator[None]:
        """The fault in place, as long as the block runs."""
        before = []
        for module, name, function in self.faults:
            found = import_module(module)
            before.append((found, name, getattr(found, name)))
            setattr(found, name, function)
        try:
            yield
        finally:
            for found, name, function in before:
                setattr(found, name, function)


# --- schedule --------------------------------------------------------------------------------------------------------


def by_heads(stakes: Sequence[int], most: int) -> tuple[int, ...]:
    """One slot each."""
    return (1,) * len(stakes)


def last_of_equals(priorities: Sequence[int]) -> int:
    """The last of the highest."""
    return max(range(len(priorities)), key=lambda index: (priorities[index], index))


def pays_own_weight(priorities: Priorities, weights: Sequence[int]) -> tuple[int, Priorities]:
    """The leader is set back to zero instead of paying the total."""
    grown = [priority + weight for priority, weight in zip(priorities, weights, strict=True)]
    chosen = highest(grown)
    grown[chosen] = 0
    return chosen, tuple(grown)


def rotation_by_height(made: Schedule, height: int, round: int) -> bytes:
    """The height itself counts, from the chain's beginning."""
    return made.addresses[made.order[(height + round) % len(made.order)]]


def without_rounds(made: Schedule, height: int, round: int) -> bytes:
    """A round that fails does not change the leader."""
    return made.addresses[made.order[(height - made.first) % len(made.order)]]


def as_listed(first: int, seats: Sequence[tuple[bytes, int]], most: int) -> Schedule | NoSchedule:
    """Neighbours that are the same become one; the order is that of the list."""
    kept = [seat for index, seat in enumerate(seats) if index == 0 or seat != seats[index - 1]]
    order = rotation.period(slots([stake for _, stake in kept], most))
    return Schedule(first, tuple(address for address, _ in kept), order)


def unguarded(first: int, seats: Sequence[tuple[bytes, int]], most: int) -> Schedule | NoSchedule:
    """An empty set is not looked for."""
    order = rotation.period(slots([stake for _, stake in seats], most))
    return Schedule(first, tuple(address for address, _ in seats), order)


def rounded_away(stakes: Sequence[int], most: int) -> tuple[int, ...]:
    """Shares rounded down, to nothing if need be."""
    return tuple(stake * most // sum(stakes) for stake in stakes)


def pays_one_less(priorities: Priorities, weights: Sequence[int]) -> tuple[int, Priorities]:
    """The leader pays one unit less than the total."""
    chosen, paid = ELECT(priorities, weights)
    return chosen, tuple(priority + (index == chosen) for index, priority in enumerate(paid))


# --- stake -----------------------------------------------------------------------------------------------------------


def ordered_identity(evidence: Evidence) -> tuple[object, ...]:
    """The order of the halves is part of the identity."""
    return (evidence.offender, evidence.first, evidence.second)


def judged_again(figures: Parameters, state: Stake, event: Any) -> Any:
    """Evidence counts once for each identity, which its order changes, and not once for each validator."""
    known = state.offences.get(event.evidence.offender)
    fresh = known is not None and known.evidence != ordered_identity(event.evidence)
    hidden = attrs.evolve(state, offences=state.offences.delete(event.evidence.offender)) if fresh else state
    return ACCUSE(figures, hidden, event)


def a_quota(figures: Parameters, state: Stake, evidence: Evidence, found: Set) -> Stake:
    """At most one offence a day is punished."""
    recent = any(state.time - offence.judged < 86_400 for offence in state.offences.values())
    return state if recent else JUDGED(figures, state, evidence, found)


def fixed_penalty(figures: Parameters, stake: int, together: int, total: int) -> int:
    """The same small share, however many misbehave together."""
    return -(-stake * figures.equivocation_share // WHOLE)


def rounded_down(figures: Parameters, stake: int, together: int, total: int) -> int:
    """Both shares rounded down."""
    shared = stake * figures.correlation_factor * together // total
    return min(stake, max(stake * figures.equivocation_share // WHOLE, shared))


def uncapped(figures: Parameters, stake: int, together: int, total: int) -> int:
    """More than the stake may be due."""
    return -(-stake * figures.correlation_factor * together // total)


def only_the_latest(figures: Parameters, one: Offence, other: Offence) -> bool:
    """Offences are never seen together."""
    return one.evidence == other.evidence


def bond_only(account: Account, amount: int) -> tuple[Account, int]:
    """What is on its way out is not touched."""
    taken = min(amount, account.bonded)
    return attrs.evolve(account, bonded=account.bonded - taken), taken


def clock_from_request(figures: Parameters, state: Stake, event: Unbond) -> Any:
    """The time of an exit runs from the request, while the stake still has weight."""
    after = UNBOND(figures, state, event)
    if not isinstance(after, Stake):
        return after
    account = after.accounts[event.account]
    exits = (*account.exits[:-1], attrs.evolve(account.exits[-1], release=state.time + figures.unbonding))
    return rules.with_account(after, event.account, attrs.evolve(account, exits=exits))


def left_alone(figures: Parameters, account: Account, epoch: int, time: int) -> Account:
    """The end of an epoch starts no clock."""
    return account


def window_in_heights(figures: Parameters, ended: int | None, time: int) -> bool:
    """The window is cut to what ten heights of one second take."""
    return ended is None or time <= ended + 10


def any_two(evidence: Evidence) -> bool:
    """Two statements with different values, wherever they were made."""
    return evidence.first.value != evidence.second.value


def jailed_too(figures: Parameters, account: Account) -> bool:
    """Jail is forgotten when the set is fixed."""
    return account.bonded >= figures.least_bond and not account.offended


def offenders_too(figures: Parameters, account: Account) -> bool:
    """Offenders come back."""
    return account.bonded >= figures.least_bond and account.jailed_until is None


def of_any_power(figures: Parameters, account: Account) -> bool:
    """Whoever is known is in the set, with stake or without."""
    return account.jailed_until is None and not account.offended


def duplicating(figures: Parameters, epoch: int, accounts: Any) -> Set:
    """Candidates are added once for each excluded account from which they differ."""
    excluded = [name for name, account in sorted(accounts.items()) if account.jailed_until is not None]
    if not excluded:
        return fixed_set(figures, epoch, accounts)
    known = [(name, account.bonded) for name, account in sorted(accounts.items())]
    kept = [Seat(name, bonded) for name, bonded in known for other in excluded if name != other]
    return Set(epoch, tuple(kept))


def rewrites_the_past(figures: Parameters, state: Stake, event: Any) -> Any:
    """The new set is also taken for the epoch that just ended."""
    after = END_EPOCH(figures, state, event)
    if not isinstance(after, Stake):
        return after
    seats = after.sets[state.epoch + 2].seats
    past = attrs.evolve(after.sets[state.epoch], seats=seats)
    return attrs.evolve(after, sets=after.sets.set(state.epoch, past))


def too_early(part: Exit, time: int) -> bool:
    """An exit is paid as soon as its last epoch has ended."""
    return part.release is not None


VARIANTS: Final = (
    Variant(
        "leads-by-heads", "seq.schedule", "SEQ-slots", "who splits its stake over many names leads more often",
        "slots by stake", "seq.schedule/tables/published-three", ((LEADERS, "slots", by_heads),),
    ),
    Variant(
        "last-of-equals", "seq.schedule", "SEQ-elect", "two clients disagree on the leader at each tie",
        "of equals the lower address", "seq.schedule/tables/published-equal", ((ROTATION, "highest", last_of_equals),),
    ),
    Variant(
        "set-back-to-zero", "seq.schedule", "SEQ-elect", "a period is not fair: what was saved up is lost",
        "the leader pays the total", "seq.schedule/tables/published-three", ((ROTATION, "elect", pays_own_weight),),
    ),
    Variant(
        "pays-one-less", "seq.schedule", "SEQ-elect", "priorities drift, without bound",
        "the leader pays the total", "seq.schedule/tables/published-two", ((ROTATION, "elect", pays_one_less),),
    ),
    Variant(
        "counts-from-genesis", "seq.schedule", "SEQ-leader", "the first leader of an epoch can be chosen by its length",
        "elections count from the epoch's first height", "seq.schedule/places/first-height",
        ((CASES, "leader", rotation_by_height),),
    ),
    Variant(
        "rounds-change-nothing", "seq.schedule", "SEQ-leader", "one leader that is down stops the chain for good",
        "a round is an election further", "seq.schedule/places/rounds",
        ((CASES, "leader", without_rounds),),
    ),
    Variant(
        "neighbours-merged", "seq.schedule", "SEQ-schedule-set", "the order of a list decides; one counts twice",
        "strict order of addresses, else refused", "seq.schedule/refused/twice-apart",
        ((CASES, "schedule", as_listed),),
    ),
    Variant(
        "empty-set-crashes", "seq.schedule", "SEQ-schedule-set", "a node crashes when nobody is eligible",
        "a set without validators is refused by a value", "seq.schedule/refused/nobody",
        ((CASES, "schedule", unguarded),),
    ),
    Variant(
        "rounded-to-nothing", "seq.schedule", "SEQ-slots", "a small validator never leads",
        "one slot at least", "seq.schedule/slots/dwarf-below-one-slot",
        ((LEADERS, "slots", rounded_away), (CASES, "slots", rounded_away)),
    ),
    Variant(
        "judged-again", "seq.stake", "SEQ-evidence-once", "the halves exchanged are new evidence: slashed twice",
        "canonical identity; one judgement a validator", "seq.stake/evidence/once",
        ((RULES, "accuse", judged_again), (SLASHING, "identity", ordered_identity)),
    ),
    Variant(
        "daily-quota", "seq.stake", "SEQ-slash-together", "of those that forked, all but a few pay nothing",
        "no quota", "seq.stake/together/fork", ((RULES, "judged", a_quota),),
    ),
    Variant(
        "fixed-penalty", "seq.stake", "SEQ-slash-penalty", "a fork costs one part in twenty of what is at stake",
        "correlated penalty", "seq.stake/together/fork", ((SLASHING, "penalty", fixed_penalty),),
    ),
    Variant(
        "penalty-rounded-down", "seq.stake", "SEQ-slash-penalty", "stake remains that a fork should have cost",
        "rounded up", "seq.stake/together/fine", ((SLASHING, "penalty", rounded_down),),
    ),
    Variant(
        "penalty-uncapped", "seq.stake", "SEQ-slash-penalty", "stake that was bonded later is taken too",
        "at most the stake in the epoch of the offence", "seq.stake/together/grown", ((SLASHING, "penalty", uncapped),),
    ),
    Variant(
        "never-together", "seq.stake", "SEQ-slash-correlated", "an attack in parts is cheap",
        "same epoch, or within the window", "seq.stake/together/one-two", ((SLASHING, "correlated", only_the_latest),),
    ),
    Variant(
        "exits-are-safe", "seq.stake", "SEQ-slash-order", "who leaves before it is judged loses nothing",
        "exits are slashable", "seq.stake/together/leaving", ((SLASHING, "burn", bond_only),),
    ),
    Variant(
        "clock-from-request", "seq.stake", "SEQ-stake-unbond", "stake leaves while the set that it supports still runs",
        "the time runs from the end of the last epoch of weight", "seq.stake/leaving/release",
        ((RULES, "unbond", clock_from_request), (RULES, "stamped", left_alone)),
    ),
    Variant(
        "window-in-heights", "seq.stake", "SEQ-evidence-age", "faster blocks shrink the time in which evidence counts",
        "windows in seconds", "seq.stake/evidence/in-time", ((RULES, "in_time", window_in_heights),),
    ),
    Variant(
        "any-two-statements", "seq.stake", "SEQ-evidence-conflict", "honest validators are slashed",
        "one height, round and kind", "seq.stake/evidence/conflict", ((RULES, "conflicts", any_two),),
    ),
    Variant(
        "jail-forgotten", "seq.stake", "SEQ-set-eligible", "who is in jail leads",
        "the jailed are in no new set", "seq.stake/absence/jail", ((SETS, "eligible", jailed_too),),
    ),
    Variant(
        "offenders-return", "seq.stake", "SEQ-set-eligible", "who equivocated votes again",
        "offenders are in no set", "seq.stake/together/frozen", ((SETS, "eligible", offenders_too),),
    ),
    Variant(
        "powerless-members", "seq.stake", "SEQ-set-eligible", "a former validator without stake leads",
        "the least bond", "seq.stake/leaving/no-heir", ((SETS, "eligible", of_any_power),),
    ),
    Variant(
        "excluded-stay", "seq.stake", "SEQ-set-canonical", "of two that are excluded both stay, the others count twice",
        "one pass over candidates with one predicate", "seq.stake/absence/two", ((RULES, "fixed_set", duplicating),),
    ),
    Variant(
        "past-rewritten", "seq.stake", "SEQ-set-fixed", "certificates of the past are judged by another set",
        "a set is fixed once", "seq.stake/money/bond", ((RULES, "end_epoch", rewrites_the_past),),
    ),
    Variant(
        "paid-at-once", "seq.stake", "SEQ-stake-release", "stake is gone before evidence comes",
        "unbonding time", "seq.stake/leaving/release", ((RULES, "released", too_early),),
    ),
)  # fmt: skip
