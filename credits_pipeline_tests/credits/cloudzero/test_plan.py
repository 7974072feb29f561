import json
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.cbf import CbfSettings, cbf_rows
from credits_pipeline.credits.cloudzero.payload import Payload
from credits_pipeline.credits.cloudzero.plan import PlanError, SendingLimits, plan_bodies

MONTH = BillingMonth(2025, 2)
Many = Callable[[int], pl.DataFrame]


def rows_of(many: Many, accounts: int, **texts: str) -> pl.DataFrame:
    return cbf_rows(many(accounts), MONTH, CbfSettings(**texts))


def test_a_month_that_fits_is_one_body_that_replaces_the_drop(many: Many) -> None:
    rows = rows_of(many, 23)
    plan = plan_bodies(rows, MONTH)
    [(body, content)] = plan.contents()
    assert json.loads(content) == {
        "month": "2025-02",
        "operation": "replace_drop",
        "data": rows.to_dicts(),
    }
    assert (body.number, body.row_count, body.size) == (1, 23, len(content))
    assert plan.placed().equals(rows)


def test_bodies_after_the_first_replace_an_hour_of_their_own(many: Many) -> None:
    rows = rows_of(many, 100)
    plan = plan_bodies(rows, MONTH, SendingLimits(body_bytes=6_000))
    sent = [json.loads(content) for _, content in plan.contents()]
    assert len(sent) > 3
    assert [body["operation"] for body in sent] == [
        "replace_drop", *["replace_hourly"] * (len(sent) - 1)
    ]  # fmt: skip
    for hour, body in enumerate(sent):
        assert {row["time/usage_start"] for row in body["data"]} == {
            f"2025-02-01T{hour:02d}:00:00Z"
        }
    flat = [row for body in sent for row in body["data"]]
    assert plan.placed().to_dicts() == flat
    assert [row["resource/account"] for row in flat] == rows["resource/account"].to_list()
    assert plan.summary["bodies"][0] == {
        "operation": "replace_drop",
        "rows": len(sent[0]["data"]),
        "bytes": plan.bodies[0].size,
    }


@settings(max_examples=50, deadline=None)
@given(
    accounts=st.integers(1, 60),
    limit=st.integers(700, 4_000),
    description=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
def test_every_body_is_exact_full_and_within_the_limit(
    accounts: int, limit: int, description: str
) -> None:
    numbers = pl.int_range(accounts, eager=True)
    owed = pl.DataFrame(
        {
            "account_id": numbers.cast(pl.String).str.zfill(12),
            "amount_usd": (numbers**4).cast(pl.Decimal(38, 12)),
        }
    )
    rows = cbf_rows(owed, MONTH, CbfSettings(description=description))
    plan = plan_bodies(rows, MONTH, SendingLimits(body_bytes=limit))
    contents = [content for _, content in plan.contents()]
    assert [len(content) for content in contents] == [body.size for body in plan.bodies]
    assert max(len(content) for content in contents) <= limit
    data = [json.loads(content)["data"] for content in contents]
    assert [row["resource/account"] for rows in data for row in rows] == rows[
        "resource/account"
    ].to_list()
    assert {row["lineitem/description"] for rows in data for row in rows} == {description}
    # As few bodies as possible: none but the last had room for one more row.
    for content, following in zip(contents, data[1:], strict=False):
        next_row = json.dumps(following[0], separators=(",", ":"), ensure_ascii=False)
        escapes = next_row.count("\\")
        assert len(content) + 1 + len(next_row.encode()) + 5 * escapes > limit


def test_the_limit_itself_is_reached_and_one_byte_less_takes_one_body_more(many: Many) -> None:
    rows = rows_of(many, 50)
    size = plan_bodies(rows, MONTH).size
    assert len(plan_bodies(rows, MONTH, SendingLimits(body_bytes=size)).bodies) == 1
    assert len(plan_bodies(rows, MONTH, SendingLimits(body_bytes=size - 1)).bodies) == 2


def test_by_default_a_body_stays_under_four_and_a_half_megabytes(many: Many) -> None:
    plan = plan_bodies(rows_of(many, 40_000), MONTH)
    assert len(plan.bodies) == 3
    assert max(body.size for body in plan.bodies) <= 4_500_000
    assert min(body.size for body in plan.bodies[:-1]) > 4_499_500


def test_no_rows_are_no_drop(payload_of: Callable[..., Payload]) -> None:
    with pytest.raises(PlanError, match=r"2025-02: there is no row to send.*clear the month"):
        plan_bodies(payload_of({}).rows, MONTH)


def test_a_row_with_a_hole_is_refused(many: Many) -> None:
    rows = rows_of(many, 3).with_columns(pl.lit(None, dtype=pl.String).alias("resource/service"))
    with pytest.raises(PlanError, match="without a value in resource/service"):
        plan_bodies(rows, MONTH)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (SendingLimits(month_rows=9), "10 rows are more than the 9"),
        (SendingLimits(month_bytes=2_000), "more than the 2,000 that CloudZero accepts"),
        (SendingLimits(body_bytes=200), "a single row needs 298 bytes"),
    ],
)
def test_more_than_cloudzero_takes_is_refused_with_a_sentence(
    limits: SendingLimits, says: str, many: Many
) -> None:
    with pytest.raises(PlanError, match=says):
        plan_bodies(rows_of(many, 10), MONTH, limits)


def test_more_bodies_than_the_month_has_hours_are_refused(many: Many) -> None:
    one_row = SendingLimits(body_bytes=350)
    assert len(plan_bodies(rows_of(many, 672), MONTH, one_row).bodies) == 672
    with pytest.raises(PlanError, match=r"673 request bodies .* hours \(672\)"):
        plan_bodies(rows_of(many, 673), MONTH, one_row)


def test_a_long_description_makes_more_bodies(many: Many) -> None:
    limits = SendingLimits(body_bytes=50_000)
    short = plan_bodies(rows_of(many, 300), MONTH, limits)
    long = plan_bodies(rows_of(many, 300, description="é" * 200), MONTH, limits)
    assert len(long.bodies) > len(short.bodies)
    assert all(len(content) <= 50_000 for _, content in long.contents())
