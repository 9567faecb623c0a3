"""Encodings for the proofs of parallel execution: claims about any number of transactions, workers and locations."""
