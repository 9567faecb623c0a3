"""Cases of ``seq.schedule``: a set, an epoch's first height, and heights and rounds whose leaders are asked for."""

from collections.abc import Mapping
from typing import Final

import attrs

from hyperion.sequencer.schedule.leaders import NoSchedule, leader, schedule
from hyperion.sequencer.schedule.slots import slots
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.input import InputError, items, natural, octets, record

END: Final = 2**64
MOST_SLOTS: Final = 65_536
MOST_SEATS: Final = 1_000


@attrs.frozen
class Asked:
    """A height of the epoch, and a round."""

    height: int
    round: int


@attrs.frozen
class Case:
    """The input."""

    first: int
    most: int
    seats: tuple[tuple[bytes, int], ...]
    questions: tuple[Asked, ...]


def case_of(given: Json, strict: bool) -> Case:
    """The input of a case. Refused: what is no number or address, more slots or seats than a case may have."""
    keys = ("first", "most_slots", "seats", "questions")
    whole = record(given, "$.input", keys, strict, keys)

    def seat(value: Json, field: str) -> tuple[bytes, int]:
        found = record(value, field, ("address", "stake"), strict, ("address", "stake"))
        return octets(found["address"], f"{field}.address"), natural(found["stake"], f"{field}.stake", 2**128)

    first = natural(whole["first"], "$.input.first", END)

    def asked(value: Json, field: str) -> Asked:
        found = record(value, field, ("height", "round"), strict, ("height", "round"))
        height = natural(found["height"], f"{field}.height", END)
        if height < first:
            raise InputError(f"{field}.height", "before the epoch's first height")
        return Asked(height, natural(found["round"], f"{field}.round", END))

    seats = items(whole["seats"], "$.input.seats", seat)
    if len(seats) > MOST_SEATS:
        raise InputError("$.input.seats", f"more than {MOST_SEATS}")
    most = natural(whole["most_slots"], "$.input.most_slots", MOST_SLOTS + 1)
    return Case(first, most, seats, items(whole["questions"], "$.input.questions", asked))


def answered(case: Case) -> dict[str, Json]:
    """The leaders, and how many slots each validator has; or that there is no schedule."""
    made = schedule(case.first, case.seats, case.most)
    if isinstance(made, NoSchedule):
        return {"status": "refused"}
    leaders = [f"0x{leader(made, asked.height, asked.round).hex()}" for asked in case.questions]
    counts = slots([stake for _, stake in case.seats], case.most)
    return {"status": "scheduled", "leaders": list[Json](leaders), "slots": [str(count) for count in counts]}


def input_of(case: Case) -> Mapping[str, Json]:
    """The case as JSON."""
    return {
        "first": str(case.first),
        "most_slots": str(case.most),
        "seats": [{"address": f"0x{address.hex()}", "stake": str(stake)} for address, stake in case.seats],
        "questions": [{"height": str(asked.height), "round": str(asked.round)} for asked in case.questions],
    }
