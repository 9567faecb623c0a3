"""One process an engine: loads a program, runs it when asked, and times itself."""
