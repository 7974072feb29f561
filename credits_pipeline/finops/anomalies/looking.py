"""Finds anomalies in a published version: each account's use of each service, day by day."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.anomalies.anomaly import Anomaly
from credits_pipeline.finops.anomalies.finding import runs
from credits_pipeline.finops.publish.bill import RECEIPTS
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.daily import USE, until
from credits_pipeline.finops.queries.exactly import total
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import AMORTISED, Scope
from credits_pipeline.finops.queries.selection import COLUMNS, read, select
from credits_pipeline.finops.queries.values import account_names

#: Anomalies that began longer ago are ignored.
LOOK_BACK_DAYS = 92
#: Days before those, from which the usual is computed.
_BEFORE = 35
#: How much more than usual, in the scope's currency, is worth a sentence.
LEAST = Decimal(50)
_CENT = Decimal("0.01")
_DAY = timedelta(days=1)

_Key = tuple[str, str | None, str | None, str]


def anomalies(
    published: Published, scope: Scope, today: date, *, least: Decimal = LEAST
) -> tuple[Anomaly, ...]:
    """The anomalies of a scope, whatever its period, the newest first.

    Credits, tax, monthly charges and incomplete days are left out.

    Args:
        published: the version.
        scope: words that filter; cost and the rest are those of anomalies.
        today: in UTC.
        least: the least that one costs more than usual.
    """
    asked = scope.but(cost=AMORTISED, credits=False, tax=False, group=())
    ends = {cloud: until(published, _of_cloud(asked, cloud), today) for cloud in _clouds(published)}
    known = {cloud: end for cloud, end in ends.items() if end is not None}
    if not known:
        return ()
    start = max(known.values()) - (LOOK_BACK_DAYS + _BEFORE) * _DAY
    names = account_names(published)
    found: list[Anomaly] = []
    for key, days in _series(published, asked, start).items():
        cloud, account, service, currency = key
        end = known.get(cloud)
        if end is None or end <= start:
            continue
        count = (end - start).days
        costs = [days.get(start + at * _DAY, Decimal(0)) for at in range(count)]
        for run in runs([float(cost) for cost in costs], least=float(least)):
            since = start + run.start * _DAY
            found.append(
                Anomaly(
                    cloud=cloud,
                    account=account,
                    account_name=names.get(account or "", account or ""),
                    service=service,
                    currency=currency,
                    since=since,
                    through=start + (run.end - 1) * _DAY,
                    cost=total(costs[run.start : run.end]),
                    usual=Decimal(repr(sum(run.usual))).quantize(_CENT, ROUND_HALF_UP),
                    goes_on=run.end == count,
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.since.toordinal(), -one.more, one.id)))


def in_period(found: Iterable[Anomaly], start: date, end: date) -> tuple[Anomaly, ...]:
    """The anomalies with a day in a range, the largest first."""
    there = [one for one in found if one.since < end and one.through >= start]
    return tuple(sorted(there, key=lambda one: (-one.more, one.id)))


def _series(published: Published, scope: Scope, start: date) -> dict[_Key, dict[date, Decimal]]:
    month = BillingMonth(start.year, start.month)
    span = Period(f"{start}..", start, date.max - _DAY, by_month=False)
    rows = select(published, scope.but(period=span), daily=True)
    # Whole months are read, or a late charge would miss its day.
    rows = rows.and_(f"{USE} AND source <> ? AND billing_month >= ?", RECEIPTS, str(month))
    found: dict[_Key, dict[date, Decimal]] = {}
    columns = "provider, sub_account_id, service_name, billing_currency"
    measures = f"charge_date, SUM({COLUMNS[AMORTISED]})"
    for *key, day, cost in read(published, rows, f"{columns}, {measures}", "GROUP BY ALL"):
        found.setdefault(tuple(key), {})[day] = cost
    return found


def _clouds(published: Published) -> tuple[str, ...]:
    rows = published.rows("SELECT DISTINCT provider FROM accounts ORDER BY 1")
    return tuple(cloud for (cloud,) in rows)


def _of_cloud(scope: Scope, cloud: str) -> Scope:
    asked = scope.filters.get("cloud")
    wanted = (cloud,) if asked is None or cloud in asked else asked
    return scope.but(filters={**scope.filters, "cloud": wanted})
