"""The store of decisions in each database that it supports."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from credits_pipeline.finops.decisions import Author, DecisionStore
from credits_pipeline.finops.publish.published import Published, open_current
from credits_pipeline_tests.finops.daily import daily_bills
from credits_pipeline_tests.finops.estate import estate, moto_url, planted_estate
from credits_pipeline_tests.finops.typed import Bills

#: A Thursday; the days up to the 19th are complete.
DAILY_TODAY = date(2026, 5, 21)
__all__ = ["estate", "moto_url", "planted_estate"]

ANN, BEN = Author("ann@example.com", "ui"), Author("ben@example.com", "cli")


@pytest.fixture(params=["sqlite", "postgresql"])
def decisions_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/decisions.sqlite"
    server = request.getfixturevalue("postgres")
    return str(server.url(server.create_database()))


@pytest.fixture
def decisions(decisions_url: str) -> Iterator[DecisionStore]:
    with DecisionStore.open(decisions_url) as store:
        yield store


@pytest.fixture(scope="session")
def daily_wing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The storage of a version with four months of days, as on `DAILY_TODAY`."""
    bills = Bills(tmp_path_factory.mktemp("daily"))
    daily_bills(bills, DAILY_TODAY)
    bills.publish()
    return bills.storage


@pytest.fixture(scope="session")
def recent_wing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as of today, for code that uses the clock."""
    bills = Bills(tmp_path_factory.mktemp("recent"))
    daily_bills(bills, datetime.now(UTC).date())
    bills.publish()
    return bills.storage


@pytest.fixture
def daily(daily_wing: Path) -> Published:
    found = open_current(daily_wing)
    assert found is not None
    return found
