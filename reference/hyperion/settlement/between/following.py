"""What comes next: of a stage, of a machine that runs or has halted, and of the end of a block."""

from __future__ import annotations

from hyperion.rules import rule
from hyperion.settlement.between import blocks, logs, transactions
from hyperion.settlement.between.stages import (
    Phase,
    Rules,
    Running,
    Stage,
    State,
    context_of,
    malformed,
)
from hyperion.vm.step import step


@rule("DIS-between-follow", "A block under way has exactly one next state; a machine that runs takes its step first.")
def following(state: Stage | Running, rules: Rules) -> State:
    """The state after ``state``. Total for every state that a block reaches; refuses others with ``OpeningError``."""
    if isinstance(state, Stage):
        return after_stage(state, rules)
    if not state.machine.halted:
        return Running(state.stage, step(state.machine))
    stage = state.stage
    match stage.phase:
        case Phase.CALLED_FIRST:
            return blocks.after_first(stage, state.machine)
        case Phase.ENTERED:
            return transactions.charged(stage, state.machine, rules)
        case Phase.REQUESTED:
            return blocks.after_request(stage, state.machine, rules)
    raise malformed("a machine for which no stage waits")


def after_stage(stage: Stage, rules: Rules) -> State:
    """The state after a stage."""
    match stage.phase:
        case Phase.CALL_FIRST:
            return blocks.called_first(stage, rules)
        case Phase.TRANSACTION if stage.index >= stage.body.input.count:
            return Stage(Phase.WITHDRAWAL, 0, 0, stage.body)
        case Phase.TRANSACTION:
            return transactions.admitted(stage, rules) or blocks.invalid(stage)
        case Phase.ADMITTED:
            return transactions.prepared(stage, rules)
        case Phase.CHARGED:
            return transactions.cleared(stage, rules)
        case Phase.WRITING:
            return logs.written_on(stage, context_of(stage.body, rules.chain)) or blocks.invalid(stage)
        case Phase.WITHDRAWAL:
            return blocks.withdrawn(stage)
        case Phase.REQUEST:
            return blocks.requested(stage, rules)
    raise malformed("a stage that waits, without its machine")
