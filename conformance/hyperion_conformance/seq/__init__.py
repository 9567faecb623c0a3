"""Stake and schedule as cases: their JSON, and faulty variants of their rules."""
