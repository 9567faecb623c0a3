"""The model itself, with a seeded fault: model_with_fault.py RULE."""

# mypy: ignore-errors
import functools
import runpy
import sys
from pathlib import Path

from hyperion.vm.forks import fork_named
from hyperion_conformance import targets as model
from hyperion_conformance.fixtures.faults import FAULTS

change = FAULTS[sys.argv[1]].fork


@functools.cache
def broken(name):
    return change(fork_named(name))


model.run = functools.partial(model.run, fork_of=broken)
model.trace = functools.partial(model.trace, fork_of=broken)
runpy.run_path(str(Path(__file__).parents[3] / "conformance" / "adapters" / "model" / "adapter.py"))
