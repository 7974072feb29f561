"""The whole pipeline over a storage, for what has to outlive a release."""

from credits_pipeline_tests.faults.conftest import hurry
from credits_pipeline_tests.orchestration.conftest import pipeline

__all__ = ["hurry", "pipeline"]
