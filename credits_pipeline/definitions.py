"""Dagster's entry point."""

from credits_pipeline.orchestration.build import build_definitions

defs = build_definitions()
