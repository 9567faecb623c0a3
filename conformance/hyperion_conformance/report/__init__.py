"""Verdicts for people and for machines: terminal, JUnit XML, and one page of HTML."""
