"""The runner: cases to verdicts, failures to causes and first divergences."""
