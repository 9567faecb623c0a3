"""Writes half an answer and waits."""

# mypy: ignore-errors
import sys
import time

import toy


def write(text):
    if '"gas_left"' in text:
        sys.stdout.write(text[:30])
        sys.stdout.flush()
        time.sleep(60)
    toy.say(text)


toy.serve(write=write)
