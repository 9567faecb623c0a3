"""The theorems, a module a subject."""
