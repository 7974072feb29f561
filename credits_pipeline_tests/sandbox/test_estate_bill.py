"""The organisation's bill adds up to what its maker says, in unfinished months too."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.sandbox.clouds.answers import made_older
from credits_pipeline.sandbox.estate.bill import billed, write_bill
from credits_pipeline.sandbox.estate.planting import Planted
from credits_pipeline.sandbox.estate.things import ACCOUNTS, THINGS


@pytest.mark.parametrize(
    "through",
    [None, date(2026, 11, 1), date(2026, 11, 10), date(2026, 11, 29), date(2026, 11, 30)],
)
def test_a_month_s_bill_adds_up_to_what_its_maker_says(
    tmp_path: Path, through: date | None
) -> None:
    found = Planted(
        {name: f"{number:012}" for number, name in enumerate(ACCOUNTS)},
        {thing.key: f"id-{thing.key}" for thing in THINGS},
    )
    path = write_bill(tmp_path, found, 2026, 11, through=through)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(Decimal(row["BilledCost"]) for row in rows) == billed(2026, 11, through)
    last = max(row["ChargePeriodStart"] for row in rows)
    assert last == f"{through or date(2026, 11, 30)}T00:00:00Z"
    if through in (None, date(2026, 11, 30)):
        assert billed(2026, 11, through) == sum(thing.cost for thing in THINGS)


@given(
    at=st.integers(946_684_800, 4_102_444_800).map(lambda at: datetime.fromtimestamp(at, UTC)),
    days=st.integers(1, 400),
)
def test_every_moment_of_an_answer_is_put_back_and_nothing_else(at: datetime, days: int) -> None:
    older = timedelta(days=days)

    def answer(moment: datetime) -> bytes:
        return (
            f'<a xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><t>{moment:%Y-%m-%dT%H:%M:%S}.000Z'
            f"</t><why>User initiated ({moment:%Y-%m-%d %H:%M:%S} UTC)</why><id>i-2016</id></a>"
        ).encode()

    assert made_older(answer(at), older) == answer(at - older)
