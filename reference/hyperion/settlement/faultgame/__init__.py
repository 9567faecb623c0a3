"""The fault dispute game of the OP stack: one state at a time, a bond for each move, chess clocks with extensions."""
