"""Governance: rules that people write, what breaks them, what it costs, and who accepts it."""
