"""A month of two currencies with shared costs, and its statements."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.closing import ClosedMonths
from credits_pipeline.finops.chargeback.decided import Decided
from credits_pipeline.finops.chargeback.kept import KeptStatements
from credits_pipeline.finops.chargeback.stating import Books, Closed, NothingClosed
from credits_pipeline.finops.decisions import DecisionStore
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.publish.published import Published, open_current
from credits_pipeline_tests.finops.typed import Bills, row

MAY, JUNE, JULY = (BillingMonth(2026, month) for month in (5, 6, 7))
SEARCH, SHOP = {"tag_team": "search"}, {"tag_team": "shop"}
#: Support is shared, tax follows the account, and one account is a team's whatever its tags say.
TEAMS: dict[str, Any] = {
    "to": "team",
    "rules": [
        {"when": {"account": ["labs"]}, "to": "search"},
        {"by": "team"},
        {"when": {"service": ["Support*"]}, "pool": "support"},
        {"when": {"charge": ["Tax"]}, "pool": "tax"},
    ],
    "pools": [
        {"name": "support", "split": "proportional"},
        {"name": "tax", "split": "fixed", "shares": {"search": "33.3", "shop": "66.7"}},
    ],
}
OWNERS = {
    "team:search": {"cost_centre": "CC-7", "gl_account": "6400", "addresses": ["ann@example.com"]},
}


def may(shop: str = "30.333333333333333333") -> list[dict[str, Any]]:
    return [
        row("10.005", **SEARCH),
        row(shop, **SHOP),
        row("2.5", SubAccountId="222", SubAccountName="labs", tag_team=None),
        row("7.77", ServiceName="Support (business)", tag_team=None),
        row("3", ChargeCategory="Tax", tag_team=None),
        row("-0.70", ChargeCategory="Credit", **SHOP),
        row("0", BilledCost="100", ChargeCategory="Purchase", CommitmentDiscountId="sp-1"),
        row("9", BilledCost="0", CommitmentDiscountId="sp-1", **SEARCH),
        row("0.111", tag_team=None),
    ]


def fill(bills: Bills) -> None:
    bills.put("aws", "2026-05", may())
    bills.put(
        "gcp", "2026-05",
        [row("11", BillingCurrency="EUR", SubAccountId="project", **SHOP)],
    )  # fmt: skip
    bills.put("aws", "2026-06", [row("5", **SEARCH)])
    bills.put("aws", "2026-07", [row("6", **SHOP)])


@pytest.fixture(scope="session")
def filled_bills(tmp_path_factory: pytest.TempPathFactory) -> Bills:
    """Made once; nobody changes them."""
    found = Bills(tmp_path_factory.mktemp("filled") / "wing")
    fill(found)
    found.publish()
    return found


@pytest.fixture
def bills(filled_bills: Bills, tmp_path: Path) -> Bills:
    """A copy that a test may change."""
    shutil.copytree(filled_bills.storage, tmp_path / "wing")
    found = Bills(tmp_path / "wing")
    found.bills = dict(filled_bills.bills)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DecisionStore]:
    """Decisions in SQLite, for tests in which the database makes no difference."""
    with DecisionStore.open(f"sqlite:///{tmp_path}/decisions.sqlite") as found:
        yield found


def opened(bills: Bills) -> Published:
    found = open_current(bills.storage)
    assert found is not None
    return found


def books(
    bills: Bills, contents: Mapping[str, Mapping[str, Any]] | None = None,
    closed: Closed | None = None,
) -> Books:  # fmt: skip
    """What statements are made from now."""
    told = {"allocation_model": {"teams": TEAMS}, "statement_owner": OWNERS, **(contents or {})}
    return Books(opened(bills), Decided.read(told), closed or NothingClosed())


def kept(bills: Bills) -> KeptStatements:
    return KeptStatements(Depot(str(bills.storage)))


def closed_in(bills: Bills, store: Any) -> ClosedMonths:
    return ClosedMonths(store.closed_months.all(), kept(bills))
