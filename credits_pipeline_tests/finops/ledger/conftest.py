"""AWS's credit ledger as a server, set in this process's environment."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from credits_pipeline.core import aws
from credits_pipeline.sandbox.credit_ledger import (
    AppliedCredit,
    CreditLedger,
    GrantedCredit,
    serving,
)
from credits_pipeline_tests.finops.ledger.months import EC2, PAYER, RDS, A, B

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)


def applied(
    credit: str, account: str, usd: str, *, month: str = "2026-05", service: str = EC2,
    estimated: bool = False,
) -> AppliedCredit:  # fmt: skip
    """An applied credit: dollars of credit, above zero."""
    return AppliedCredit(PAYER, month, credit, account, service, -Decimal(usd), estimated)


@pytest.fixture
def billing(monkeypatch: pytest.MonkeyPatch) -> Iterator[CreditLedger]:
    """The credit ledger of a billing account with two accounts and two credits, in June 2026."""
    ledger = CreditLedger(
        {PAYER: (A, B)},
        [
            GrantedCredit(
                "7001", A, Decimal(1000), "Migration credits", date(2025, 1, 1), date(2026, 8, 1),
                products=("AmazonEC2", "AmazonRDS"),
            ),
            GrantedCredit("8001", B, Decimal(500), "Activate", date(2025, 6, 1), date(2027, 6, 1)),
        ],
        [
            applied("7001", A, "100.10"),
            applied("7001", B, "20", service=RDS),
            applied("8001", B, "7.77"),
            applied("8001", A, "-2.50"),  # taken back
            applied("7001", A, "90", month="2026-04"),
            applied("7001", A, "11", month="2026-06", estimated=True),
        ],
        now=NOW,
    )  # fmt: skip
    with serving(ledger) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BILLING", address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        monkeypatch.setenv("FINOPS_LEDGER", PAYER)
        aws.forget_clients()
        yield ledger
    aws.forget_clients()
