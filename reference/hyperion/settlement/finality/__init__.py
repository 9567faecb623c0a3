"""From an assertion to a withdrawal: contests, an anchor that only moves forward, the guardian, payments."""
