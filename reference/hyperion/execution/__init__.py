"""Transactions and blocks, executed serially: the meaning that every other way of executing them must equal."""
