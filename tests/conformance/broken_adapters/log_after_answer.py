"""Prints a log line on standard output together with the answer."""

# mypy: ignore-errors
import toy

toy.serve(write=lambda text: toy.say(text + "\nDEBUG done"))
