"""Budgets: what people mean to spend in a scope, and how it stands against the bills."""
