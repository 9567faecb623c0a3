"""Seeded mistakes of games, settlement, commitment and verifier, by part, and what kills each of them."""
