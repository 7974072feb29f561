"""Budgets: what people plan to spend in a scope, compared with the bills."""
