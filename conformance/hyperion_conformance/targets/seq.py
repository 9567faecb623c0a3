"""Targets of the sequencers: ``seq.schedule``, who leads when; ``seq.stake``, the stake event by event."""

from collections.abc import Mapping
from typing import Final

from hyperion_conformance.protocol.decode import choice, plain
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.seq.schedule import answered, case_of
from hyperion_conformance.seq.stake import act, begin, snapshot
from hyperion_conformance.targets.target import PROTOCOL_FORK, SESSION_SHAPE, ForkOf, Session, Target
from hyperion_conformance.vectors.generators import seq, seq_stake
from hyperion_conformance.vectors.input import InputError

STAKE: Final = Session(begin, act, snapshot)


def run_schedule(given: Mapping[str, Json], fork: str, strict: bool, fork_of: ForkOf) -> dict[str, Json]:
    """The outcome of a case of seq.schedule."""
    del fork, fork_of
    return answered(case_of(given, strict))


def run_stake(given: Mapping[str, Json], fork: str, strict: bool, fork_of: ForkOf) -> dict[str, Json]:
    """The outcome of a case of seq.stake."""
    del fork, fork_of
    return STAKE.run(given, strict)


def read_stake(given: Json, strict: bool) -> object:
    """A whole session, which is read by running it."""
    if not isinstance(given, Mapping):
        raise InputError("$.input", "an object is needed")
    return STAKE.run(given, strict)


SEQ_SCHEDULE: Final = Target(
    name="seq.schedule",
    rules=("SEQ-",),
    forks=(PROTOCOL_FORK,),
    shape={
        "status": (True, choice("scheduled", "refused")),
        "leaders": (False, plain),
        "slots": (False, plain),
    },
    decode=case_of,
    outcome=run_schedule,
    generators=(seq.schedules,),
    schema="seq-schedule.schema.json",
)

SEQ_STAKE: Final = Target(
    name="seq.stake",
    rules=("SEQ-",),
    forks=(PROTOCOL_FORK,),
    shape=SESSION_SHAPE,
    decode=read_stake,
    outcome=run_stake,
    generators=(seq_stake.sessions,),
    schema="seq-stake.schema.json",
    session=STAKE,
)
