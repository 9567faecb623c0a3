"""An import never goes up: primitives < state < vm < execution < … < conformance, proofs < tests."""

from pathlib import Path
from typing import Final

import pytest

from tests.unit.floors import FLOORS, arrows_of, goes_up, package_of, upward

PROJECT: Final = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("folder", ["reference", "conformance", "proofs"])
def test_no_import_goes_up(folder: str) -> None:
    assert upward(PROJECT / folder) == []


def test_every_package_has_a_floor() -> None:
    found = [f"hyperion.{path.stem}" for path in (PROJECT / "reference" / "hyperion").iterdir() if path.stem[0] != "_"]
    assert [module for module in found if module != "hyperion.py" and package_of(module) is None] == []


def test_floors_are_in_the_order_of_the_protocol() -> None:
    lowest_first = ["rules", "primitives", "state", "vm", "execution", "parallel", "derivation", "settlement", "sdk"]
    heights = [FLOORS[f"hyperion.{package}"] for package in lowest_first]
    assert heights == sorted(set(heights))


UP: Final = {
    "one floor": ("hyperion.primitives.word", "from hyperion.state.world import World"),
    "one floor, by its package": ("hyperion.state.world", "from hyperion import vm"),
    "whole module": ("hyperion.vm.step", "import hyperion.execution.block"),
    "inside a function": ("hyperion.vm.step", "def f():\n    from hyperion.execution import block"),
    "for the type checker": ("hyperion.state.world", "if TYPE_CHECKING:\n    from hyperion.vm.machine import Machine"),
    "relative": ("hyperion.vm.step", "from ..execution import block"),
    "out of the model": ("hyperion.vm.step", "import hyperion_conformance.registry"),
    "to the tests": ("hyperion.vm.step", "from tests.unit import floors"),
    "proofs to conformance": ("hyperion_proofs.engine", "from hyperion_conformance import registry"),
    "conformance to proofs": ("hyperion_conformance.registry", "import hyperion_proofs"),
    "conformance to tests": ("hyperion_conformance.registry", "import tests.conftest"),
    "a package without floor": ("hyperion.vm.step", "from hyperion.utils import x"),
    "from a package without floor": ("hyperion.utils", "from hyperion.vm import step"),
    "beside": ("hyperion.parallel.worker", "from hyperion.sequencer import stake"),
    "the foundation": ("hyperion.rules", "from hyperion.primitives import word"),
}
DOWN: Final = {
    "one floor": ("hyperion.state.world", "from hyperion.primitives.word import Word"),
    "own package": ("hyperion.vm.step", "from hyperion.vm.machine import Machine"),
    "own package, relative": ("hyperion.vm.step", "from .machine import Machine"),
    "a rule": ("hyperion.primitives.rlp", "from hyperion.rules import rule"),
    "a library": ("hyperion.vm.step", "import msgspec"),
    "the model": ("hyperion_conformance.registry", "from hyperion.vm import step"),
    "a namesake": ("hyperion.vm.step", "import hyperion_like.thing"),
}


@pytest.mark.parametrize("name", UP)
def test_arrow_up_is_caught(name: str) -> None:
    module, code = UP[name]
    assert [arrow for arrow in arrows_of(module, code) if goes_up(arrow)]


@pytest.mark.parametrize("name", DOWN)
def test_arrow_down_is_let_through(name: str) -> None:
    module, code = DOWN[name]
    assert [arrow for arrow in arrows_of(module, code) if goes_up(arrow)] == []
