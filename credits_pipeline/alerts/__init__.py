"""Alerts: each problem is reported once, through every channel that is set."""
