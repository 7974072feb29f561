"""Utilisation: CloudWatch queried for every metered resource, 500 metrics per request."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from credits_pipeline.finops.scans.accounts import Accounts
from credits_pipeline.finops.scans.asking import Asking, NotSeenError
from credits_pipeline.finops.scans.columns import EVIDENCE
from credits_pipeline.finops.scans.daily import daily
from credits_pipeline.finops.scans.inventory import KNOWN, UNKNOWN, Part
from credits_pipeline.finops.scans.metrics import METRICS, asked, folded, key_of, wanted, window
from credits_pipeline.finops.scans.sight import batched
from credits_pipeline.finops.scans.table import Table

UTILISATION = Table(
    (
        ("kind", "VARCHAR"),
        ("account", "VARCHAR"),
        ("region", "VARCHAR"),
        ("resource_id", "VARCHAR"),
        ("facts", "MAP(VARCHAR, DOUBLE)"),
        ("not_known", "MAP(VARCHAR, VARCHAR)"),
        ("days", "VARCHAR"),
    )
)
#: Metrics of one request; AWS accepts no more.
_MOST = 500
_KEYS = ("kind", "account", "region", "resource_id")
#: The columns that each kind has from its metrics.
MEASURED = {
    kind: tuple(
        column.name
        for column in EVIDENCE
        if kind in column.kinds
        and (
            column.name.endswith(("_7d", "_14d"))
            or column.name in ("hours_seen", "off_hours_share")
        )
    )
    for kind in METRICS
}
_NO_VALUES = "CloudWatch has no value for it in 14 days"


def measure(
    accounts: Accounts,
    resources: Iterable[Mapping[str, Any]],
    at: datetime,
    parts: list[Part],
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[dict[str, Any]]:
    """The metrics of every metered resource, one row each.

    Args:
        accounts: the accounts asked.
        resources: rows of the inventory, by account and region.
        at: the inventory's as-of time.
        parts: filled while rows are read.
        say: called with what is being read.
    """
    ways = {account.id: account for account in accounts.all if account.refused is None}
    for (account, region), rows in groupby(
        filter(wanted, resources), key=lambda row: (row["account"], row["region"])
    ):
        if account not in ways:
            continue  # the inventory used another access; its part says so already
        say(f"CloudWatch of account {account}, {region}")
        asking = accounts.asking(ways[account], region)
        failed: NotSeenError | None = None
        number = 0
        for some in _requests(rows):
            number += len(some)
            values: dict[tuple[int, str], dict[datetime, float]] = {}
            if failed is None:
                try:
                    values = _ask(asking, some, at)
                except NotSeenError as error:
                    failed = error
            for at_number, row in enumerate(some):
                yield _row(row, at_number, values, at, failed)
        state = KNOWN if failed is None else UNKNOWN
        says, permission = (failed.says, failed.permission) if failed else ("", "")
        parts.append(Part("utilisation", account, region, state, number, says, permission))


def _requests(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Groups of resources whose metrics fit in one request."""
    some: list[Mapping[str, Any]] = []
    queries = 0
    for row in rows:
        more = len(METRICS[row["kind"]])
        if queries + more > _MOST:
            yield some
            some, queries = [], 0
        some.append(row)
        queries += more
    if some:
        yield some


def _ask(
    asking: Asking, some: list[Mapping[str, Any]], at: datetime
) -> dict[tuple[int, str], dict[datetime, float]]:
    start, end = window(at)
    queries = [query for number, row in enumerate(some) for query in asked(row, number)]
    asking.requests.metrics += len(queries)
    found: dict[tuple[int, str], dict[datetime, float]] = defaultdict(dict)
    for one in batched(queries, _MOST):
        # An answer has at most 100,800 values: a metric continues where the previous page ended.
        for result in asking.pages(
            "cloudwatch",
            "get_metric_data",
            "MetricDataResults",
            MetricDataQueries=one,
            StartTime=start,
            EndTime=end,
        ):
            hours = found[key_of(result["Id"])]
            for hour, value in zip(result["Timestamps"], result["Values"], strict=True):
                hours[hour.astimezone(UTC)] = value
    return found


def _row(
    row: Mapping[str, Any],
    number: int,
    values: Mapping[tuple[int, str], Mapping[datetime, float]],
    at: datetime,
    failed: NotSeenError | None,
) -> dict[str, Any]:
    kind = row["kind"]
    measured = {metric.key: values.get((number, metric.key), {}) for metric in METRICS[kind]}
    facts = {} if failed else folded(kind, measured, at, row["age_days"])
    missing = {
        column: failed.says if failed else _NO_VALUES
        for column in MEASURED[kind]
        if column not in facts
    }
    days = "{}" if failed else daily(kind, measured, at)
    keys = {key: row[key] for key in _KEYS}
    return {**keys, "facts": facts, "not_known": missing, "days": days}
