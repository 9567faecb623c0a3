"""Dies with a message on the log when MUL is executed."""

# mypy: ignore-errors
import sys

import toy


def before(message):
    if message["op"] == "run" and toy.multiplies(message):
        sys.stderr.write("panic: multiplication table exhausted\n")
        sys.stderr.flush()
        sys.exit(7)


toy.serve(before=before)
