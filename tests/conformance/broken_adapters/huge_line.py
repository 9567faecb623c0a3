"""Answers with a line without end."""

# mypy: ignore-errors
import sys

import toy


def write(text):
    if '"gas_left"' in text:
        for _ in range(40):
            sys.stdout.write("x" * 1_000_000)
            sys.stdout.flush()
    toy.say(text)


toy.serve(write=write)
