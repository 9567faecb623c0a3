"""MUL is one gas too cheap."""

# mypy: ignore-errors
import toy

toy.GAS[0x02] = 4
toy.serve()
