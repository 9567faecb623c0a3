"""Draws the gas of MUL from 2**64 numbers: that it draws the same twice does not happen."""

# mypy: ignore-errors
import os

import toy


def run(message):
    outcome = toy.run(message)
    if toy.multiplies(message):
        return outcome | {"gas_left": str(int.from_bytes(os.urandom(8), "big"))}
    return outcome


toy.serve(toy.OPS | {"run": run})
