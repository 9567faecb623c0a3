"""Targets that are a state machine and nothing else: an input is read by running it."""

from collections.abc import Mapping
from typing import Any

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.targets.target import PROTOCOL_FORK, SESSION_SHAPE, ForkOf, Generator, Session, Target
from hyperion_conformance.vectors.input import InputError


def session_target(
    name: str, session: Session[Any], generator: Generator, schema: str, rules: tuple[str, ...] = ()
) -> Target:
    """The target of a session whose rules, those with these prefixes, depend on no fork of the machine."""

    def outcome(given: Mapping[str, Json], fork: str, strict: bool, fork_of: ForkOf) -> dict[str, Json]:
        del fork, fork_of
        return session.run(given, strict)

    def decode(given: Json, strict: bool) -> object:
        if not isinstance(given, Mapping):
            raise InputError("$.input", "an object is needed")
        return session.run(given, strict)

    return Target(
        name=name,
        rules=rules,
        forks=(PROTOCOL_FORK,),
        shape=SESSION_SHAPE,
        decode=decode,
        outcome=outcome,
        generators=(generator,),
        schema=schema,
        session=session,
    )
