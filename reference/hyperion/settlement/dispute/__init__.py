"""The edge game: all against all over commitments to whole histories, with one clock of unrivalled time."""
