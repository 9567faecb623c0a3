"""Directives of the chapter on parallel execution: tables and drawings that are made from runs of the model.

``{stm-steps} MODULE``        what a worker does at each program counter of a module of transitions, and what follows
``{stm-statuses} WORKLOAD``   the states of a transaction, with how often each change happened in a run
``{stm-timeline} WORKLOAD``   a run as a drawing; options ``txs`` and ``workers``, as above
``{stm-ordering} VARIANT``    what breaks when the algorithm is changed so: the shortest schedule, replayed
``{stm-workloads}``           the blocks that are simulated
``{stm-profile} WORKLOADS``   simulated times against the bound; options ``txs``, ``workers``, ``gas``, ``far``
``{stm-evm-variants}``        the variants of how EVM transactions meet the memory
``{stm-compared}``            what is modelled here and in the published model

A kept schedule that no longer breaks its variant, or a step that no run takes, is a warning, and warnings are errors.
"""

import textwrap
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import ClassVar, Final

from docutils import nodes
from docutils.parsers.rst import directives
from hyperion_domain import HyperionDirective, code, row_of
from sphinx.application import Sphinx
from sphinx.util import logging

from hyperion.parallel.configuration import advance, initial
from hyperion.parallel.counter import Pc
from hyperion.parallel.worker import TRANSITIONS, Grain
from hyperion_conformance.exploration import witness
from hyperion_conformance.exploration.evm_variants import EVM_VARIANTS
from hyperion_conformance.exploration.look_before import LOOK_BEFORE, LOOK_BEFORE_KILL
from hyperion_conformance.exploration.mutants import VARIANTS, Variant
from hyperion_conformance.exploration.published import COMPARISON
from hyperion_conformance.exploration.search import begin, explore
from hyperion_conformance.exploration.stm import MASK, StmPlan, StmSystem
from hyperion_conformance.exploration.workloads import block_of
from hyperion_conformance.stm.kills import Killing, kill_of, kills
from hyperion_conformance.stm_profile.costs import ACCESSES, Costs
from hyperion_conformance.stm_profile.metered import MeteredBlock, TreeMeter
from hyperion_conformance.stm_profile.phases import phases_drawn
from hyperion_conformance.stm_profile.picture import picture_of
from hyperion_conformance.stm_profile.profile import Profile, profile_of
from hyperion_conformance.stm_profile.simulation import SimulatedRun, simulate
from hyperion_conformance.stm_profile.workloads import WORKLOADS

LOG: Final = logging.getLogger(__name__)
NUMBER: Final = directives.nonnegative_int


@lru_cache(maxsize=1)
def followers() -> dict[Pc, tuple[Pc, ...]]:
    """The program counters that follow each one: in every interleaving of three transactions on two workers, along the
    schedules that break variants, and in simulated runs of larger blocks.
    """
    found: dict[Pc, set[Pc]] = {}
    for before, after in (*explored(), *scheduled(), *timed()):
        found.setdefault(before, set()).add(after)
    return {pc: tuple(sorted(after)) for pc, after in found.items()}


def explored() -> Iterator[tuple[Pc, Pc]]:
    """The steps of all interleavings of small blocks."""
    for workload in ("hole", "delta"):
        system = explore(begin(StmPlan(3, 2, workload, invariants=False))).system
        if isinstance(system, StmSystem):
            values = system.workers.values
            yield from ((values[key & MASK].pc, values[to[1]].pc) for key, to in system.moves.items() if to is not None)


def scheduled() -> Iterator[tuple[Pc, Pc]]:
    """The steps of the unchanged algorithm along the kept schedules."""
    for kill in kills():
        at = initial(kill.block, kill.workers)
        for worker in kill.turns:
            following = advance(kill.block, at, worker)
            if following is not None:
                yield at.workers[worker].pc, following.workers[worker].pc
                at = following


def timed() -> Iterator[tuple[Pc, Pc]]:
    """The steps of runs in which accesses take long, so that many meet."""
    for workload in ("branch", "remove", "stale", "counter"):
        trees = block_of(workload, 16)
        run = simulate(MeteredBlock(TreeMeter(trees, (0,) * trees.size)), 4, Costs(far=3_000, search=1_000))
        yield from ((moment.before.pc, moment.after) for moment in run.moments)


class Steps(HyperionDirective):
    """A table of transitions."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table, in the order of the program counters."""
        module = import_module(f"hyperion.parallel.{self.arguments[0]}")
        rules = {entry.source.name: id for id, entry in self.registry.entries.items()}
        rows = []
        for pc, transition in TRANSITIONS.items():
            if transition.__module__ != module.__name__:
                continue
            if pc not in followers():
                LOG.warning("no run takes %s", pc.name, location=self.get_location())
            meaning = self.inline((transition.__doc__ or "").split("\n\n")[0].replace("\n", " "))
            rule = rules.get(f"{transition.__module__}.{transition.__name__}")
            said = [*meaning, nodes.Text(" "), self.link(rule)] if rule else meaning
            after = ", ".join(following.name for following in followers().get(pc, ()))
            rows.append(row_of([code(pc.name), ACCESSES[pc][0].value, said, nodes.literal("", after)]))
        return [self.table(["at", "access to", "what it does", "goes to"], [20, 18, 36, 26], rows, "stm-steps")]


class Simulated(HyperionDirective):
    """What shows one run of a workload."""

    required_arguments = 1
    option_spec: ClassVar = {"txs": NUMBER, "workers": NUMBER}

    def simulated(self) -> tuple[Profile, SimulatedRun]:
        """The run that the options ask for."""
        profile = profile_of(WORKLOADS[self.arguments[0]].block(self.options.get("txs", 24)), Costs())
        return profile, profile.measure(self.options.get("workers", 4))[1]


class Timeline(Simulated):
    """A drawing of a run."""

    def run(self) -> list[nodes.Node]:
        """The drawing, within the page so that it follows its theme."""
        profile, run = self.simulated()
        title = f"{profile.block.size} transactions: {WORKLOADS[self.arguments[0]].what}"
        return [nodes.raw("", f'<div class="stm-figure">{picture_of(run, profile.bound, title)}</div>', format="html")]


class Statuses(Simulated):
    """The state machine of a transaction."""

    def run(self) -> list[nodes.Node]:
        """The drawing."""
        drawing = phases_drawn(self.simulated()[1])
        return [nodes.raw("", f'<div class="stm-figure">{drawing}</div>', format="html")]


class Ordering(HyperionDirective):
    """A variant of the algorithm with the shortest schedule that breaks it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The change, and the schedule behind a fold."""
        name = self.arguments[0]
        variant = LOOK_BEFORE if name == LOOK_BEFORE.name else VARIANTS.get(name)
        if variant is None:
            LOG.warning("no variant %s", name, location=self.get_location())
            return []
        kill = LOOK_BEFORE_KILL if name == LOOK_BEFORE.name else kill_of(name, "end") or kill_of(name, "invariant")
        if kill is None:
            LOG.warning("no schedule is kept for %s", name, location=self.get_location())
            return []
        story, fault = replayed(variant, kill)
        if fault is None and not kill.what.startswith("no end"):
            LOG.warning("the schedule of %s breaks nothing", variant.name, location=self.get_location())
        size = f"{kill.transactions} transactions ({kill.workload}), {kill.workers} workers, {len(kill.turns)} steps"
        box = nodes.container(classes=["stm-ordering"])
        box += nodes.paragraph("", "", code(variant.name), nodes.Text(f": {variant.what}."))
        box += nodes.raw("", f"<details><summary>{size}: {kill.what.partition(':')[0]}</summary>", format="html")
        box += nodes.literal_block(story, story, language="text")
        box += nodes.raw("", "</details>", format="html")
        return [box]


def replayed(variant: Variant, kill: Killing) -> tuple[str, str | None]:
    """What happens along a kept schedule, and what is wrong behind it."""
    system = StmPlan(kill.transactions, kill.workers, kill.workload).build()
    first = variant.prepare(initial(system.block, kill.workers))
    told = witness.told(system.block, first, kill.turns, variant.transitions, Grain.FINE)
    at = witness.last(system.block, first, kill.turns, variant.transitions, Grain.FINE)
    return "\n".join(line for worker, story in told for line in folded(worker, story)), system.fault_of(at)


def folded(worker: int, story: str) -> list[str]:
    """The steps of a worker in lines of a hundred columns, no step broken."""
    whole = story.replace(" ", "\xa0").replace("\xa0·\xa0", "\xa0· ")
    lines = textwrap.wrap(whole, 96, initial_indent=f"{worker}:  ", subsequent_indent=" " * 4, break_long_words=False)
    return [line.replace("\xa0", " ") for line in lines]


class Workloads(HyperionDirective):
    """The blocks that are simulated."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        rows = [row_of([code(workload.name), workload.what]) for workload in WORKLOADS.values()]
        return [self.table(["workload", "transactions"], [20, 80], rows, "stm-workloads")]


class ProfileTable(HyperionDirective):
    """Simulated times of some workloads."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {
        "txs": NUMBER, "workers": directives.unchanged, "gas": NUMBER, "far": NUMBER,
    }  # fmt: skip

    def run(self) -> list[nodes.Node]:
        """The table: a row for each workload and number of workers."""
        costs = Costs(self.options.get("gas", Costs().gas_per_microsecond), far=self.options.get("far", Costs().far))
        counts = [int(part) for part in self.options.get("workers", "4 16").split()]
        heads = ["workload", "workers", "speed-up", "at most", "of bound", "aborted", "stopped", "validations", "over"]
        rows = [row for name in self.arguments[0].split() for row in self.rows(name, costs, counts)]
        return [self.table(heads, [20, 9, 10, 10, 11, 10, 10, 12, 12], rows, "stm-profile")]

    def rows(self, name: str, costs: Costs, counts: list[int]) -> Iterator[nodes.row]:
        """The rows of a workload."""
        size = self.options.get("txs", 128)
        profile = profile_of(WORKLOADS[name].block(size), costs)
        for workers in counts:
            found, _ = profile.measure(workers)
            if not found.serial:
                LOG.warning("%s does not end as serially", name, location=self.get_location())
            yield row_of([
                code(name), f"{workers}", f"{found.speedup:.2f}", f"{found.work / found.bound:.2f}",
                f"{100 * found.of_ideal:.1f} %", f"{found.aborted / size:.2f}", f"{found.waited / size:.2f}",
                f"{found.validations / size:.2f}", f"{found.overhead(size) / 1000:.2f} µs",
            ])  # fmt: skip


class EvmVariants(HyperionDirective):
    """Mistakes at the border between the memory and the EVM."""

    def run(self) -> list[nodes.Node]:
        """The table; for a change that does no harm, why."""
        rows = [
            row_of([code(variant.name), variant.what, "" if variant.sound is None else f"sound: {variant.sound}"])
            for variant in EVM_VARIANTS.values()
        ]
        return [self.table(["variant", "what is changed", ""], [25, 45, 30], rows, "stm-variants")]


class Compared(HyperionDirective):
    """What is modelled here and elsewhere."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        rows = [row_of([aspect.name, aspect.here, aspect.published]) for aspect in COMPARISON]
        return [self.table(["aspect", "here", "yihuang/blockstm-spec (TLA+)"], [24, 38, 38], rows, "stm-compared")]


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directives."""
    for name, directive in {
        "stm-steps": Steps,
        "stm-timeline": Timeline,
        "stm-statuses": Statuses,
        "stm-ordering": Ordering,
        "stm-workloads": Workloads,
        "stm-profile": ProfileTable,
        "stm-evm-variants": EvmVariants,
        "stm-compared": Compared,
    }.items():
        app.add_directive(name, directive)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
