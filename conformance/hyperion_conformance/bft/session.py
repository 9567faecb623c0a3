"""One validator as a session: events in, effects out, in JSON. Also the JSON of messages, for scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from hyperion.sequencer.finality.acts import Setting
from hyperion.sequencer.finality.certificates import Certificate, digest
from hyperion.sequencer.finality.log import Log, logged, restarted
from hyperion.sequencer.finality.node import (
    Begin,
    Deliver,
    Effects,
    Elapse,
    Event,
    Message,
    Node,
    Supply,
    is_admissible,
    node_of,
    setting_of,
    step,
)
from hyperion.sequencer.finality.types import (
    NO_ROUND,
    CastVote,
    Decide,
    GetValue,
    Proposal,
    Propose,
    Timeout,
    Value,
    Vote,
    VoteType,
    vote_order,
)
from hyperion.sequencer.finality.votes import Validators, validators_of
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.input import InputError, items, natural, octets, record

WORD: Final = 2**63
MOST_VALIDATORS: Final = 200
TYPES: Final = {"prevote": VoteType.PREVOTE, "precommit": VoteType.PRECOMMIT}
STEPS: Final = {"propose": Timeout.PROPOSE, "prevote": Timeout.PREVOTE, "precommit": Timeout.PRECOMMIT}


# --- from JSON ------------------------------------------------------------------------------------------------------


def validators_in(value: Json, field: str) -> Validators:
    """Weights by address. Refused: none, too many, weights that are not positive."""
    if not isinstance(value, Mapping) or not 0 < len(value) <= MOST_VALIDATORS:
        raise InputError(field, f"an object with 1 to {MOST_VALIDATORS} validators is needed")
    weights = {
        octets(name, f"{field}.{name[:80]}"): natural(given, f"{field}.{name[:80]}", WORD)
        for name, given in value.items()
    }
    if 0 in weights.values():
        raise InputError(field, "a weight of 0 is written by leaving the validator out")
    return validators_of(weights)


def named(given: Mapping[str, Json], field: str, *names: str) -> list[int]:
    """Several natural numbers of a record."""
    return [natural(given[name], f"{field}.{name}", WORD) for name in names]


def proposal_in(value: Json, field: str, strict: bool) -> Proposal:
    """A proposal; without ``valid_round`` it has none."""
    given = record(
        value,
        field,
        ("sender", "height", "round", "value", "valid_round"),
        strict,
        ("sender", "height", "round", "value"),
    )
    height, round = named(given, field, "height", "round")
    valid = natural(given["valid_round"], f"{field}.valid_round", WORD) if "valid_round" in given else NO_ROUND
    return Proposal(
        octets(given["sender"], f"{field}.sender"), height, round, octets(given["value"], f"{field}.value"), valid
    )


def vote_in(type: VoteType, value: Json, field: str, strict: bool) -> Vote:
    """A vote; null is nil."""
    keys = ("sender", "height", "round", "value")
    given = record(value, field, keys, strict, keys)
    height, round = named(given, field, "height", "round")
    what = None if given["value"] is None else octets(given["value"], f"{field}.value")
    return Vote(type, octets(given["sender"], f"{field}.sender"), height, round, what)


def certificate_in(value: Json, field: str, strict: bool) -> Certificate:
    """A certificate, with its signers in the order in which they are given."""
    keys = ("type", "height", "round", "value", "signers")
    given = record(value, field, keys, strict, keys)
    height, round = named(given, field, "height", "round")
    if given["type"] not in TYPES:
        raise InputError(f"{field}.type", "prevote or precommit is needed")
    signers = items(given["signers"], f"{field}.signers", octets)
    return Certificate(TYPES[str(given["type"])], height, round, octets(given["value"], f"{field}.value"), signers)


def message_in(name: str, value: Json, field: str, strict: bool) -> Message:
    """A message by its kind."""
    if name == "proposal":
        return proposal_in(value, field, strict)
    if name == "certificate":
        return certificate_in(value, field, strict)
    return vote_in(TYPES[name], value, field, strict)


MESSAGES: Final = ("proposal", "prevote", "precommit", "certificate")
EVENTS: Final = (*MESSAGES, "begin", "timeout", "value", "restart")


def event_in(given: Mapping[str, Json], field: str, strict: bool) -> Event | None:
    """An event, named by its one key; None for a restart."""
    if len(given) != 1 or next(iter(given)) not in EVENTS:
        raise InputError(field, f"one of {', '.join(EVENTS)} is needed")
    [(name, value)] = given.items()
    at = f"{field}.{name}"
    if name in MESSAGES:
        return Deliver(message_in(name, value, at, strict))
    if name == "begin":
        return Begin(validators_in(value, at))
    if name == "restart":
        record(value, at, (), strict)
        return None
    keys = ("height", "round", "step" if name == "timeout" else "value")
    fields = record(value, at, keys, strict, keys)
    height, round = named(fields, at, "height", "round")
    if name == "value":
        return Supply(height, round, octets(fields["value"], f"{at}.value"))
    if fields["step"] not in STEPS:
        raise InputError(f"{at}.step", "propose, prevote or precommit is needed")
    return Elapse(height, round, STEPS[str(fields["step"])])


# --- to JSON --------------------------------------------------------------------------------------------------------


def hexed(value: Value | None) -> str | None:
    """Bytes in hex; nil is null."""
    return None if value is None else "0x" + value.hex()


def vote_json(vote: Vote) -> dict[str, Json]:
    """A vote under its type."""
    name = next(name for name, type in TYPES.items() if type == vote.type)
    return {
        name: {
            "sender": hexed(vote.sender),
            "height": str(vote.height),
            "round": str(vote.round),
            "value": hexed(vote.value),
        }
    }


def proposal_json(proposal: Proposal) -> dict[str, Json]:
    """A proposal."""
    fields: dict[str, Json] = {
        "sender": hexed(proposal.sender), "height": str(proposal.height), "round": str(proposal.round),
        "value": hexed(proposal.value),
    }  # fmt: skip
    return {
        "proposal": fields if proposal.valid_round == NO_ROUND else {**fields, "valid_round": str(proposal.valid_round)}
    }


def effects_json(effects: Effects) -> list[Json]:
    """Effects in their order."""
    shown: list[Json] = []
    for effect in effects:
        if isinstance(effect, Propose):
            shown.append(proposal_json(effect.proposal))
        elif isinstance(effect, CastVote):
            shown.append(vote_json(effect.vote))
        elif isinstance(effect, GetValue):
            shown.append({"ask": {"height": str(effect.height), "round": str(effect.round)}})
        elif isinstance(effect, Decide):
            shown.append({"decide": {"round": str(effect.round), "value": hexed(effect.value)}})
        else:
            name = next(name for name, timeout in STEPS.items() if timeout == effect.timeout)
            shown.append({"timer": {"round": str(effect.round), "step": name}})
    return shown


def held(round: int, value: Value | None) -> Json:
    """A lock or valid value; null where there is none."""
    return None if value is None else {"round": str(round), "value": hexed(value)}


def node_json(node: Node) -> dict[str, Json]:
    """What a validator remembers, what it decided, and the evidence that it holds."""
    here = node.driver.consensus
    groups = (sorted(votes, key=vote_order) for votes in node.driver.keeper.evidence)
    evidence = sorted(groups, key=lambda votes: [vote_order(vote) for vote in votes])
    shown: list[Json] = [[vote_json(vote) for vote in votes] for votes in evidence]
    chain: list[Json] = [
        {
            "height": str(decision.proposal.height), "value": hexed(decision.proposal.value),
            "certificate": None if decision.commit is None else hexed(digest(decision.commit)),
        }
        for decision in node.driver.chain
    ]  # fmt: skip
    return {
        "height": str(here.height), "round": str(here.round), "step": here.step.name.lower(),
        "locked": held(here.locked_round, here.locked_value), "valid": held(here.valid_round, here.valid_value),
        "chain": chain, "evidence": shown,
    }  # fmt: skip


# --- the session ----------------------------------------------------------------------------------------------------


@attrs.frozen
class Running:
    """A validator with its log and its setting."""

    node: Node
    log: Log
    setting: Setting


def opened(given: Mapping[str, Json], strict: bool) -> Running:
    """A validator before its first height. Refused: leaders that are none of the validators."""
    at = "$.input.open"
    fields = record(
        given,
        at,
        ("validator", "validators", "height", "leaders", "invalid"),
        strict,
        ("validator", "validators", "leaders"),
    )
    validators = validators_in(fields["validators"], f"{at}.validators")
    me = octets(fields["validator"], f"{at}.validator")
    leaders = items(fields["leaders"], f"{at}.leaders", octets)
    if me not in validators.weights or not leaders or any(leader not in validators.weights for leader in leaders):
        raise InputError(f"{at}.leaders", "validator and leaders must be among the validators")
    invalid = items(fields.get("invalid", ()), f"{at}.invalid", octets)
    node = node_of(me, validators, natural(fields.get("height", "0"), f"{at}.height", WORD))

    def proposer(height: int, round: int) -> bytes:
        return leaders[(height + round) % len(leaders)]

    return Running(node, Log(node), setting_of(proposer, lambda value: value not in invalid))


def acted(state: Running, given: Mapping[str, Json], strict: bool) -> tuple[Running, dict[str, Json]]:
    """The validator after an event: its effects, or the rule by which the event is nothing to it."""
    event = event_in(given, "$.input.events", strict)
    if event is None:
        node, effects = restarted(state.log, state.setting)
        return attrs.evolve(state, node=node), {"effects": effects_json(effects)}
    if isinstance(event, Deliver) and not is_admissible(state.node.driver, event.message):
        return state, {"rejected": "FIN-known-sender"}
    here = state.node.driver.consensus
    if isinstance(event, Elapse | Supply) and (event.height, event.round) != (here.height, here.round):
        return state, {"rejected": "FIN-stale"}
    log = logged(state.log, state.node, event)
    node, effects = step(state.node, event, state.setting)
    return Running(node, log, state.setting), {"effects": effects_json(effects)}
