"""``python -m tests.benchmark``: the comparison with other EVMs."""

import sys

import typer

from tests.benchmark.engines import Disagreement, console, main

try:
    typer.run(main)
except Disagreement as error:
    console.print(f"[red]disagreement[/]: {error}")
    sys.exit(1)
