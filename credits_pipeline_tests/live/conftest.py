"""AWS's credit ledger, for the whole circle."""

from credits_pipeline_tests.finops.ledger.conftest import billing

__all__ = ["billing"]
