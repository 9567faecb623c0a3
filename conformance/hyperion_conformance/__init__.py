"""What the model is for outside itself: vectors, the adapter protocol, the runner, and the ``hyperion`` command."""
