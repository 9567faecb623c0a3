"""Vectors: cases with what the model expects, as plain data that any client can read without this package."""
