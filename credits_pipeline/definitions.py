"""Dagster's entry point."""

import gc

import dagster  # noqa: F401 - loaded first, so that it can be frozen

# What Dagster has loaded stays for good. Otherwise a garbage collection during the rest of the load
# searches all of it, which takes longer than our own modules; and so does the one at the end.
gc.freeze()

from credits_pipeline.credits.assets.build import build_code_location  # noqa: E402 - as above

defs = build_code_location()
