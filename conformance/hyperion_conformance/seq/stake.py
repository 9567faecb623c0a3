"""Cases of ``seq.stake``: parameters and first bonds, then events, each of which is answered."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import attrs

from hyperion.sequencer.parameters import Parameters, Unsafe
from hyperion.sequencer.stake.rules import genesis, step
from hyperion.sequencer.stake.types import (
    Account,
    Accuse,
    Bond,
    Claim,
    Deposit,
    EndEpoch,
    Event,
    Evidence,
    Fees,
    Offence,
    Refused,
    Reward,
    Set,
    Stake,
    Statement,
    Unbond,
    Unjail,
    Withdraw,
)
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.input import InputError, items, natural, octets, record

END: Final = 2**128
KINDS: Final[Mapping[str, type]] = {
    "deposit": Deposit, "bond": Bond, "unbond": Unbond, "claim": Claim, "withdraw": Withdraw, "unjail": Unjail,
    "accuse": Accuse, "fees": Fees, "reward": Reward, "end_epoch": EndEpoch,
}  # fmt: skip
FIGURES: Final = tuple(field.name for field in attrs.fields(Parameters))


@attrs.frozen
class Opened:
    """A session: the parameters, and the state or the rule by which there is none."""

    figures: Parameters | None
    state: Stake | str


# --- reading ---------------------------------------------------------------------------------------------------------


def figures_of(value: Json, strict: bool) -> dict[str, int]:
    """Those parameters that are given; the others are as published."""
    given = record(value, "$.open.parameters", FIGURES, strict)
    return {
        name: natural(given[name], f"$.open.parameters.{name}", END) for name in FIGURES if name in given
    }  # fmt: skip


def begin(given: Mapping[str, Json], strict: bool) -> Opened:
    """The first state."""
    whole = record(given, "$.open", ("parameters", "time", "bonds"), strict, ("parameters", "time", "bonds"))
    bonds = record(whole["bonds"], "$.open.bonds", (), False)
    amounts = {octets(name, "$.open.bonds", 20): natural(bonds[name], "$.open.bonds", END) for name in bonds}
    chosen, time = figures_of(whole["parameters"], strict), natural(whole["time"], "$.open.time", END)
    try:
        figures = Parameters(**chosen)
    except Unsafe:
        return Opened(None, "SEQ-stake-parameters")
    state = genesis(figures, time, amounts)
    return Opened(figures, state.reason.value if isinstance(state, Refused) else state)


def statement(value: Json, field: str, strict: bool) -> Statement:
    """What was signed."""
    keys = ("height", "round", "kind", "value")
    given = record(value, field, keys, strict, keys)
    kind, content = given["kind"], given["value"]
    if not isinstance(kind, str) or not kind:
        raise InputError(f"{field}.kind", "a name is needed")
    return Statement(
        natural(given["height"], f"{field}.height", END), natural(given["round"], f"{field}.round", END), kind,
        None if content is None else octets(content, f"{field}.value"),
    )  # fmt: skip


def accusation(given: Mapping[str, Json], strict: bool) -> Accuse:
    """Evidence."""
    first, second = (statement(given[name], f"$.event.{name}", strict) for name in ("first", "second"))
    offender = octets(given["offender"], "$.event.offender", 20)
    return Accuse(Evidence(offender, natural(given["epoch"], "$.event.epoch", END), first, second))


def end_of_epoch(given: Mapping[str, Json], strict: bool) -> EndEpoch:
    """Heights, and who missed how many."""

    def one(value: Json, field: str) -> tuple[bytes, int]:
        missed = record(value, field, ("account", "heights"), strict, ("account", "heights"))
        return octets(missed["account"], f"{field}.account", 20), natural(missed["heights"], f"{field}.heights", END)

    heights = natural(given["heights"], "$.event.heights", END)
    return EndEpoch(heights, items(given["missed"], "$.event.missed", one))


def plain_event(kind: str, given: Mapping[str, Json]) -> Event:
    """An event of an account, an amount, or both."""
    fields = [field.name for field in attrs.fields(KINDS[kind])]
    values: dict[str, Any] = {
        name: natural(given[name], "$.event.amount", END)
        if name == "amount"
        else octets(given[name], f"$.event.{name}", 20)
        for name in fields
    }
    made: Event = KINDS[kind](**values)
    return made


FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "accuse": ("offender", "epoch", "first", "second"),
    "end_epoch": ("heights", "missed"),
}
Reader: TypeAlias = Callable[[Mapping[str, Json], bool], Event]
READERS: Final[Mapping[str, Reader]] = {"accuse": accusation, "end_epoch": end_of_epoch}


def event_of(given: Mapping[str, Json], strict: bool) -> tuple[int, Event]:
    """When, and what. Refused: an unknown kind, what is missing, what is unknown."""
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError("$.event.kind", f"one of {', '.join(KINDS)} is needed")
    fields = FIELDS.get(kind) or tuple(field.name for field in attrs.fields(KINDS[kind]))
    keys = ("kind", "time", *fields)
    record(given, "$.event", keys, strict, keys)
    time = natural(given["time"], "$.event.time", END)
    return time, READERS[kind](given, strict) if kind in READERS else plain_event(kind, given)


def act(opened: Opened, given: Mapping[str, Json], strict: bool) -> tuple[Opened, dict[str, Json]]:
    """The state after the event, and whether it was accepted, with what has been burned until then."""
    time, event = event_of(given, strict)
    if opened.figures is None or isinstance(opened.state, str):
        return opened, {"rejected": str(opened.state)}
    after = step(opened.figures, opened.state, time, event)
    if isinstance(after, Refused):
        return opened, {"rejected": after.reason.value}
    return attrs.evolve(opened, state=after), {"accepted": True, "burned": str(after.burned)}


# --- showing ---------------------------------------------------------------------------------------------------------


def optional(value: int | None) -> Json:
    """A number, or nothing."""
    return None if value is None else str(value)


def account_json(account: Account) -> dict[str, Json]:
    """What is held for an address."""
    exits: list[Json] = [
        {"amount": str(part.amount), "last_epoch": str(part.last_epoch), "release": optional(part.release)}
        for part in account.exits
    ]
    return {
        "free": str(account.free), "bonded": str(account.bonded), "exits": exits,
        "jailed_until": optional(account.jailed_until), "offended": account.offended,
        "frozen_until": str(account.frozen_until),
    }  # fmt: skip


def set_json(found: Set) -> dict[str, Json]:
    """The set of an epoch."""
    seats: list[Json] = [{"address": f"0x{seat.address.hex()}", "stake": str(seat.stake)} for seat in found.seats]
    return {"seats": seats, "ended": optional(found.ended)}


def offence_json(offence: Offence) -> dict[str, Json]:
    """What it has cost."""
    return {
        "epoch": str(offence.epoch), "stake": str(offence.stake), "total": str(offence.total),
        "judged": str(offence.judged), "burned": str(offence.burned),
    }  # fmt: skip


def snapshot(opened: Opened) -> dict[str, Json]:
    """The whole state, in the order of addresses and epochs."""
    state = opened.state
    if isinstance(state, str):
        return {"refused": state}
    return {
        "time": str(state.time), "epoch": str(state.epoch),
        "accounts": {f"0x{name.hex()}": account_json(found) for name, found in sorted(state.accounts.items())},
        "sets": {str(number): set_json(found) for number, found in sorted(state.sets.items())},
        "offences": {f"0x{name.hex()}": offence_json(found) for name, found in sorted(state.offences.items())},
        "pool": str(state.pool), "received": str(state.received), "withdrawn": str(state.withdrawn),
        "burned": str(state.burned),
    }  # fmt: skip
