"""One step of the real machine, checked by somebody who sees no more than what the step touches."""
