"""Runs: what is and was under way, what came of it, and asking for more."""
