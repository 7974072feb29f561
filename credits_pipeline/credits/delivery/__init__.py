"""The use cases of wing one: what commands, checks and pages call."""
