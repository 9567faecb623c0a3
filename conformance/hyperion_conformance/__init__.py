"""What the model is for outside itself: test vectors, the adapter protocol, the runner, and the ``hyperion`` command."""
