"""Dagster's entry point."""

from credits_pipeline.credits.assets.build import build_code_location

defs = build_code_location()
