"""Anomalies: days on which an account used a service for much more than it usually does."""
