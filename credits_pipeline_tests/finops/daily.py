"""Bills with rows for every day, as forecasts need them: weekdays, a fee, tax, a spike."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline_tests.finops.typed import Bills, row

DAY = timedelta(days=1)
DATA = {"tag_team": "data", "ServiceName": "Warehouse", "SubAccountId": "222",
        "SubAccountName": "data-prod"}  # fmt: skip
#: The spike begins this many days before today, and lasts three days.
SPIKE = 6


def cost_of(day: date) -> Decimal:
    """The daily usage of the team core."""
    return Decimal("40.10") if day.weekday() > 4 else Decimal("100.25")


def daily_bills(bills: Bills, today: date, *, months: int = 4) -> None:
    """Months up to this one, whose last complete day is the day before yesterday."""
    now = BillingMonth(today.year, today.month)
    complete = today - 2 * DAY
    spike = [today - (SPIKE - n) * DAY for n in range(3)]
    for month in (now.shift(n + 1 - months) for n in range(months)):
        rows: list[dict[str, Any]] = []
        day, end = month.start.date(), month.shift(1).start.date()
        while day < min(end, today):
            rows.append(row(cost_of(day), charge_date=str(day)))
            used = Decimal(90) if day in spike else Decimal(20)
            rows.append(row(used, charge_date=str(day), **DATA))
            if day.day == 1:
                fee = {"ChargeCategory": "Purchase", "ChargeFrequency": "Recurring"}
                rows.append(row("300", charge_date=str(day), ServiceName="Support", **fee))
            if day.day == 2:
                rows.append(row("-50", charge_date=str(day), ChargeCategory="Credit"))
            if day + DAY == end:
                rows.append(row("77.77", charge_date=str(day), ChargeCategory="Tax"))
            day += DAY
        if rows:
            whole = end - DAY <= complete
            bills.put("aws", str(month), rows, complete_through=end - DAY if whole else complete)
