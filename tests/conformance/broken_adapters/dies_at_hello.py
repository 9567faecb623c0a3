"""Dies before it has said anything."""

# mypy: ignore-errors
import sys

sys.exit("no such file: genesis.json")
