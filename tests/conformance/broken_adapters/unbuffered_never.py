"""Forgets to flush: the answer stays in its buffer."""

# mypy: ignore-errors
import sys

import toy

toy.serve(write=lambda text: toy.say(text) if '"protocol"' in text else sys.stdout.write(text + "\n"))
