"""Queries of a published version: one module for pages, commands, CSV, PDF and alerts."""
