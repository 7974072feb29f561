"""The store of decisions in each database that it can be kept in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from credits_pipeline.finops.decisions import Author, DecisionStore

ANN, BEN = Author("ann@example.com", "ui"), Author("ben@example.com", "cli")


@pytest.fixture(params=["sqlite", "postgresql"])
def decisions_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/decisions.sqlite"
    server = request.getfixturevalue("postgres")
    return str(server.url(server.create_database()))


@pytest.fixture
def decisions(decisions_url: str) -> Iterator[DecisionStore]:
    with DecisionStore.open(decisions_url) as store:
        yield store
