"""Targets of parallel execution: ``stm.block``, a block as a whole; ``stm.steps``, Block-STM one access at a time."""

from collections.abc import Mapping
from typing import Final

import attrs

from hyperion.parallel.trees import Trees
from hyperion_conformance.protocol.decode import plain
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.stm.compiler import compiled, slots_json
from hyperion_conformance.stm.programs import block_of
from hyperion_conformance.stm.serial import serial_json
from hyperion_conformance.stm.steps import STEPS
from hyperion_conformance.targets.target import PROTOCOL_FORK, SESSION_SHAPE, ForkOf, Target
from hyperion_conformance.vectors.generators import stm
from hyperion_conformance.vectors.input import InputError, natural, octets, record

MOST_THREADS: Final = 64


@attrs.frozen
class Wish:
    """How an engine is asked to run a block; a wish changes nothing of the outcome."""

    threads: int = 1
    seed: int = 0
    certificate: bool = False
    log: bool = False


def wish_of(value: Json) -> Wish:
    """The wish of an input. Refused: what is no number, or not true or false."""
    given = record(value, "$.input.run", ("threads", "seed", "certificate", "log"), True)
    for key in ("certificate", "log"):
        if not isinstance(given.get(key, False), bool):
            raise InputError(f"$.input.run.{key}", "true or false is needed")
    threads = natural(given.get("threads", "1"), "$.input.run.threads", MOST_THREADS + 1)
    if threads == 0:
        raise InputError("$.input.run.threads", "at least one thread is needed")
    seed = natural(given.get("seed", "0"), "$.input.run.seed", 2**64)
    return Wish(threads, seed, bool(given.get("certificate", False)), bool(given.get("log", False)))


def whole_block(given: Json, strict: bool) -> Trees:
    """The block of an input of ``stm.block``. Refused: a contract that is not what the programs compile to."""
    known = ("before", "programs", "evm", "run")
    whole = record(given, "$.input", known, strict, ("before", "programs"))
    block = block_of(whole, "$.input")
    if "run" in whole:
        wish_of(whole["run"])
    if "evm" in whole:
        evm = record(whole["evm"], "$.input.evm", ("code", "slots"), strict, ("code", "slots"))
        contract = compiled(block)
        if octets(evm["code"], "$.input.evm.code") != contract.code or evm["slots"] != slots_json(contract.slots):
            raise InputError("$.input.evm", "not what the programs compile to")
    return block


def run_block(given: Mapping[str, Json], fork: str, strict: bool, fork_of: ForkOf) -> dict[str, Json]:
    """The outcome of a case of stm.block."""
    del fork, fork_of
    return serial_json(whole_block(given, strict))


def run_steps(given: Mapping[str, Json], fork: str, strict: bool, fork_of: ForkOf) -> dict[str, Json]:
    """The outcome of a case of stm.steps."""
    del fork, fork_of
    return STEPS.run(given, strict)


def session_input(given: Json, strict: bool) -> object:
    """A whole session, which is read by running it."""
    if not isinstance(given, Mapping):
        raise InputError("$.input", "an object is needed")
    return STEPS.run(given, strict)


STM_BLOCK: Final = Target(
    name="stm.block",
    rules=(),
    forks=(PROTOCOL_FORK,),
    shape={
        "results": (True, plain),
        "state": (True, plain),
        "access_list": (False, plain),
        "depends": (False, plain),
    },
    decode=whole_block,
    outcome=run_block,
    generators=(stm.blocks,),
    schema="stm.schema.json",
)

STM_STEPS: Final = Target(
    name="stm.steps",
    rules=(),
    forks=(PROTOCOL_FORK,),
    shape=SESSION_SHAPE,
    decode=session_input,
    outcome=run_steps,
    generators=(stm.schedules,),
    schema="stm-steps.schema.json",
    session=STEPS,
)
