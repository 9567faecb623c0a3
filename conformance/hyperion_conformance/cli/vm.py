"""``hyperion vm``: the machine at the command line. Each sub-command is a module of its own, put together here."""

from importlib import import_module
from importlib.util import find_spec
from typing import Final

import typer

SUBCOMMANDS: Final = ("vm_tests", "vm_run", "vm_t8n", "vm_stage", "vm_onestep")
"""Modules beside this one; each has ``register(app)``, which adds its command."""

app: Final = typer.Typer(add_completion=False, no_args_is_help=True, help="Run the machine and the official tests.")


@app.callback()
def vm() -> None:
    """Run the machine and the official tests."""


for name in SUBCOMMANDS:
    module = f"{__package__}.{name}"
    if find_spec(module) is not None:
        import_module(module).register(app)
