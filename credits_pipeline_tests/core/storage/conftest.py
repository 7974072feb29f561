"""The whole pipeline over a storage, for what must outlive a release."""

from credits_pipeline_tests.credits.assets.conftest import pipeline
from credits_pipeline_tests.faults.conftest import hurry

__all__ = ["hurry", "pipeline"]
