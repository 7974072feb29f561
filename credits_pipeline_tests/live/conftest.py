"""AWS's ledger of credits, for what goes the whole circle."""

from credits_pipeline_tests.finops.ledger.conftest import billing

__all__ = ["billing"]
