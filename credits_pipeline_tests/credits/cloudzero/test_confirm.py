import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

import polars as pl
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.confirm import (
    already_on_the_bill,
    bill_credits_query,
    known_accounts,
    known_accounts_query,
    landed_query,
    still_holds,
    visible_in_billed_cost,
)
from credits_pipeline.credits.cloudzero.diff import credit_by_account
from credits_pipeline.credits.cloudzero.drop_result import DropResult
from credits_pipeline.credits.cloudzero.payload import Payload
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn, StandInSettings

MONTH = BillingMonth(2025, 1)
A, B, C = "1" * 12, "2" * 12, "3" * 12
MONTH_OF_ABC = {A: "5", B: "6.505", C: "0"}
Expected = Callable[[Mapping[str, str]], pl.DataFrame]


class Sender(Protocol):
    def __call__(self, owed: Any, **arguments: Any) -> DropResult: ...


@pytest.fixture
def expected(payload_of: Callable[..., Payload]) -> Expected:
    return lambda amounts: credit_by_account(payload_of(amounts).rows)


@pytest.fixture
def day_later(cloudzero: CloudZeroStandIn) -> Callable[[], object]:
    return lambda: cloudzero.clock.advance(timedelta(hours=25))


def cost(account: str, usd: Any, month: str = "2025-01", **more: str) -> dict[str, Any]:
    return {"usage_date": f"{month}-01T00:00:00+00:00", "cost": usd, "Account": account, **more}


class TestStillHolds:
    def test_a_month_as_it_was_sent_is_held(self, send: Sender, client: CloudZeroClient) -> None:
        result = send(MONTH_OF_ABC)
        assert result.plan is not None
        assert still_holds(client.contents(MONTH), result.plan.placed()).equal

    def test_a_change_by_hand_is_found(
        self, send: Sender, client: CloudZeroClient, cloudzero: CloudZeroStandIn, stream: str
    ) -> None:
        result = send(MONTH_OF_ABC)
        assert result.plan is not None
        cloudzero.seed(stream, "2025-01", cloudzero.rows(stream, "2025-01")[1:])
        found = still_holds(client.contents(MONTH), result.plan.placed())
        assert (found.missing, found.unexpected) == (1, 0)


class TestVisibleInBilledCost:
    def test_before_the_first_ingest_it_is_not_visible_yet(
        self, send: Sender, client: CloudZeroClient, stream: str, expected: Expected
    ) -> None:
        send(MONTH_OF_ABC)
        costs = client.costs(landed_query(stream, MONTH, MONTH))
        seen = visible_in_billed_cost(costs, expected(MONTH_OF_ABC), MONTH)
        assert seen.status == "not_visible_yet"
        assert seen.accounts["account"].to_list() == [A, B]

    def test_after_it_every_account_is_visible_to_the_cent(
        self, *, send: Sender, client: CloudZeroClient, stream: str, expected: Expected,
        day_later: Callable[[], object], cloudzero: CloudZeroStandIn,
    ) -> None:  # fmt: skip
        """Over all pages, for two months at once, beside an AWS bill with credits of its own."""
        cloudzero.settings = StandInSettings(costs_page_rows=2)
        cloudzero.bill("2025-01", A, "-99", line_item_type="Credit")
        send(MONTH_OF_ABC)
        send({A: "7"}, month=BillingMonth(2024, 12), accept_change=True)
        day_later()
        costs = client.costs(landed_query(stream, BillingMonth(2024, 12), MONTH))
        assert visible_in_billed_cost(costs, expected(MONTH_OF_ABC), MONTH).status == "visible"
        december = visible_in_billed_cost(costs, expected({A: "7"}), BillingMonth(2024, 12))
        assert december.status == "visible"

    def test_until_the_next_ingest_a_corrected_month_still_shows_what_was_there(
        self, *, send: Sender, client: CloudZeroClient, stream: str, expected: Expected,
        day_later: Callable[[], object],
    ) -> None:  # fmt: skip
        send(MONTH_OF_ABC)
        day_later()
        corrected = {A: "5", B: "7"}
        result = send(corrected)
        assert result.diff is not None
        before = result.diff.accounts.select("account", usd="old_usd").drop_nulls()
        costs = client.costs(landed_query(stream, MONTH, MONTH))
        seen = visible_in_billed_cost(costs, expected(corrected), MONTH, [before])
        assert seen.status == "not_visible_yet"
        assert visible_in_billed_cost(costs, expected(corrected), MONTH).status == "differs"
        day_later()
        costs = client.costs(landed_query(stream, MONTH, MONTH))
        assert visible_in_billed_cost(costs, expected(corrected), MONTH, [before]).status == (
            "visible"
        )

    @pytest.mark.parametrize("end_date_is", ["exclusive", "inclusive"])
    def test_neighbouring_months_are_not_counted_whatever_an_end_date_means(
        self, *, end_date_is: Any, send: Sender, client: CloudZeroClient, stream: str,
        day_later: Callable[[], object], cloudzero: CloudZeroStandIn,
    ) -> None:  # fmt: skip
        cloudzero.settings = StandInSettings(end_date_is=end_date_is)
        for month in (MONTH.shift(-1), MONTH, MONTH.shift(1)):
            send({A: "5"}, month=month)
        day_later()
        [row] = client.costs(landed_query(stream, MONTH, MONTH))
        assert (row["usage_date"][:7], row["cost"]) == ("2025-01", Decimal("-5.0"))

    def test_an_account_that_differs_is_named_with_both_amounts(
        self, *, send: Sender, client: CloudZeroClient, stream: str, expected: Expected,
        day_later: Callable[[], object],
    ) -> None:  # fmt: skip
        send(MONTH_OF_ABC)
        day_later()
        costs = client.costs(landed_query(stream, MONTH, MONTH))
        seen = visible_in_billed_cost(costs, expected({A: "5.01", B: "6.505"}), MONTH)
        assert seen.status == "differs"
        assert seen.accounts.rows() == [(A, Decimal("5.01"), Decimal(5))]

    @pytest.mark.parametrize(
        ("amount", "costs", "status"),
        [
            ("5", [cost(A, -5.0)], "visible"),
            ("5", [cost(A, Decimal("-5.0000000001"))], "visible"),
            ("1.005", [cost(A, -1.0)], "visible"),
            ("1.005", [cost(A, -1.01)], "visible"),
            ("5", [cost(A, -4.99)], "differs"),
            ("5", [cost(A, 5)], "differs"),
            ("0.1", [cost(A, -0.30000000000000004), cost(A, 0.2)], "visible"),
            ("5", [cost(A, -5), cost(B, -0.02)], "differs"),
            ("5", [cost(A, -5), cost(B, 0)], "visible"),
            ("5", [cost("", -5)], "differs"),
            ("5", [cost(f"Production ({A})", -5)], "visible"),
            ("5", [cost(A, -5, "2024-12")], "not_visible_yet"),
            ("0", [], "visible"),
            ("5", [], "not_visible_yet"),
            ("5", [cost(A, -1e-17), cost(A, -5)], "visible"),
        ],
    )
    def test_floats_are_compared_at_cents(
        self, amount: str, costs: list[Any], status: str, expected: Expected
    ) -> None:
        assert visible_in_billed_cost(costs, expected({A: amount}), MONTH).status == status


class TestAlreadyOnTheBill:
    def test_accounts_with_credits_on_the_aws_bill_as_well_are_named(
        self, *, send: Sender, client: CloudZeroClient, cloudzero: CloudZeroStandIn, stream: str,
        expected: Expected, day_later: Callable[[], object],
    ) -> None:  # fmt: skip
        cloudzero.bill("2025-01", A, "-4", line_item_type="Credit")
        cloudzero.bill("2025-01", B, "400")
        cloudzero.bill("2025-01", C, "-9", line_item_type="Credit")
        cloudzero.bill("2024-12", B, "-9", line_item_type="Credit")
        send(MONTH_OF_ABC)
        day_later()
        costs = client.costs(bill_credits_query(MONTH, MONTH))
        twice = already_on_the_bill(costs, expected(MONTH_OF_ABC), MONTH, stream)
        assert twice.rows() == [(A, Decimal(5), Decimal(4))]

    def test_our_own_rows_are_not_the_bills(self, expected: Expected) -> None:
        """With the provider column set, our stream's rows are among AWS's."""
        ours = cost(A, -5, BillingConnectionID="ours")
        theirs = cost(A, -3, BillingConnectionID="bill")
        assert already_on_the_bill([ours], expected({A: "5"}), MONTH, "ours").is_empty()
        both = already_on_the_bill([ours, theirs], expected({A: "5"}), MONTH, "ours")
        assert both.rows() == [(A, Decimal(5), Decimal(3))]


class TestKnownAccounts:
    def test_any_cost_from_three_months_before_until_today_makes_an_account_known(
        self, client: CloudZeroClient, cloudzero: CloudZeroStandIn, stream: str
    ) -> None:
        for account, month in ((A, "2024-10"), (B, "2025-01"), (C, "2025-03")):
            cloudzero.bill(month, account, "1")
        cloudzero.bill("2024-09", "9" * 12, "1")
        cloudzero.bill("2025-01", "8" * 12, "1", cloud_provider="GCP")
        query = known_accounts_query(MONTH, date(2025, 3, 15))
        assert known_accounts(client.costs(query), stream) == {A, B, C}

    def test_a_month_of_the_future_is_asked_for_whole(self) -> None:
        query = known_accounts_query(MONTH, date(2025, 1, 10))
        assert (query["start_date"], query["end_date"]) == (
            "2024-10-01T00:00:00Z",
            "2025-01-31T23:59:59Z",
        )

    def test_our_own_stream_does_not_make_an_account_known(self) -> None:
        costs = [
            cost(A, -5, BillingConnectionID="ours"),
            cost(f"Production ({B})", 1, BillingConnectionID="bill"),
            cost("no account", 1, BillingConnectionID="bill"),
            cost("1234567890123", 1, BillingConnectionID="bill"),
        ]
        assert known_accounts(costs, "ours") == {B}


@pytest.mark.parametrize(
    "query",
    [
        landed_query("conn-1", MONTH, MONTH),
        bill_credits_query(MONTH, MONTH),
        known_accounts_query(MONTH, date(2025, 2, 1)),
    ],
)
def test_every_query_asks_for_billed_cost_by_month(query: Any) -> None:
    """The default cost type has no credits, so its answer would be zero."""
    assert query["cost_type"] == "billed_cost"
    assert query["granularity"] == "monthly"
    assert "Account" in query["group_by"]
    assert all(isinstance(values, list) for values in json.loads(query["filters"]).values())
