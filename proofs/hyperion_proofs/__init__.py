"""Proofs about the model: a symbolic engine and the theorems that it checks by executing the model's own functions.

``hyperion prove`` runs them all and prints the ledger.
"""
