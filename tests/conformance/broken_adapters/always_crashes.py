"""Shakes hands and dies at every case."""

# mypy: ignore-errors
import os

import toy


def before(message):
    if message["op"] != "hello":
        os.abort()


toy.serve(before=before)
