"""The costs endpoint: what ingestion has seen of the streams, and the AWS bill beside it.

Contract section 7 and CloudZero's definition of its cost types.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from credits_pipeline.sandbox.cloudzero.rows import read_moment

#: CloudZero's name for the provider of a stream whose rows do not name one (inferred).
STREAM_PROVIDER = "AnyCost"

_FALLBACKS: Mapping[str, tuple[str, ...]] = {
    "billed_cost": ("cost/cost",),
    "discounted_cost": ("cost/discounted_cost", "cost/cost"),
    "amortized_cost": ("cost/amortized_cost", "cost/cost"),
    "invoiced_amortized_cost": ("cost/amortized_cost", "cost/cost"),
    "on_demand_cost": ("cost/on_demand_cost", "cost/cost"),
    "discounted_amortized_cost": (
        "cost/discounted_amortized_cost",
        "cost/amortized_cost",
        "cost/discounted_cost",
        "cost/cost",
    ),
    "usage_amount": ("usage/amount",),
}
# The real cost has only usage, no credits.
_REAL_COST = "real_cost"
COST_TYPES = (*_FALLBACKS, _REAL_COST)

GRANULARITIES: Mapping[str, Callable[[datetime], datetime]] = {
    "hourly": lambda moment: moment,
    "daily": lambda moment: moment.replace(hour=0),
    "weekly": lambda moment: moment.replace(hour=0) - timedelta(days=moment.weekday()),
    "monthly": lambda moment: moment.replace(day=1, hour=0),
    "yearly": lambda moment: moment.replace(month=1, day=1, hour=0),
}


@dataclass(frozen=True)
class CostLine:
    """One line of cost as CloudZero shows it.

    Attributes:
        connection_id: the billing connection that it came through.
        provider: the cloud provider, if the row does not name one.
        row: the line in the Common Bill Format.
    """

    connection_id: str
    provider: str
    row: Mapping[str, str]


DIMENSIONS: Mapping[str, Callable[[CostLine], str]] = {
    "Account": lambda line: line.row.get("resource/account", ""),
    "Service": lambda line: line.row.get("resource/service", ""),
    "Region": lambda line: line.row.get("resource/region", "") or "no-region",
    "UsageFamily": lambda line: line.row.get("resource/usage_family", ""),
    "CloudProvider": lambda line: line.row.get("lineitem/cloud_provider", "") or line.provider,
    "LineItemType": lambda line: line.row.get("lineitem/type", "Usage"),
    "BillingConnectionID": lambda line: line.connection_id,
}


class QueryRefusedError(Exception):
    """The query asks for something that does not exist: 400."""


@dataclass(frozen=True)
class CostsQuery:
    """A query of the costs endpoint.

    Attributes:
        start: the first moment.
        end: the end; whether it is included is a setting.
        granularity: one of `GRANULARITIES`.
        group_by: names of `DIMENSIONS`.
        filters: dimension, whether it must not be one of them, and values.
        cost_type: one of `COST_TYPES`.
    """

    start: datetime
    end: datetime
    granularity: str
    group_by: tuple[str, ...]
    filters: tuple[tuple[str, bool, frozenset[str]], ...]
    cost_type: str


def read_query(query: str, now: datetime) -> tuple[CostsQuery | None, str | None]:
    """Read a query string: a query, or the cursor of an earlier one.

    Raises:
        QueryRefusedError: with the message for the 400.
    """
    values = parse_qs(query, keep_blank_values=True)
    if "cursor" in values:
        return None, values["cursor"][-1]
    known = {"start_date", "end_date", "granularity", "group_by", "filters", "cost_type"}
    if unknown := sorted(set(values) - known):
        raise QueryRefusedError(f"unknown parameter {', '.join(unknown)}")
    granularity = values.get("granularity", ["daily"])[-1]
    if granularity not in GRANULARITIES:
        raise QueryRefusedError(f"'granularity' must be one of {', '.join(GRANULARITIES)}")
    cost_type = values.get("cost_type", [_REAL_COST])[-1]
    if cost_type not in COST_TYPES:
        raise QueryRefusedError(f"'cost_type' must be one of {', '.join(COST_TYPES)}")
    if "start_date" not in values:
        raise QueryRefusedError("'start_date' is required")
    group_by = tuple(dict.fromkeys(values.get("group_by", [])))
    for name in group_by:
        _known_dimension(name)
    return CostsQuery(
        start=_date("start_date", values["start_date"][-1]),
        end=_date("end_date", values["end_date"][-1]) if "end_date" in values else now,
        granularity=granularity,
        group_by=group_by,
        filters=_filters(values.get("filters", ["{}"])[-1]),
        cost_type=cost_type,
    ), None


def _date(name: str, text: str) -> datetime:
    moment = read_moment(text)
    if moment is None:
        raise QueryRefusedError(f"{name!r} is not an ISO 8601 datetime (is its + URL-encoded?)")
    return moment


def _known_dimension(name: str) -> None:
    if name not in DIMENSIONS:
        raise QueryRefusedError(f"{name!r} is not a dimension; there are {', '.join(DIMENSIONS)}")


def _filters(text: str) -> tuple[tuple[str, bool, frozenset[str]], ...]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise QueryRefusedError("'filters' is not JSON") from None
    if not isinstance(value, dict):
        raise QueryRefusedError("'filters' is not a JSON object of dimensions and their values")
    filters = []
    for name, wanted in value.items():
        _known_dimension(name.removeprefix("!"))
        if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
            raise QueryRefusedError(f"the filter {name!r} is not an array of strings")
        filters.append((name.removeprefix("!"), name.startswith("!"), frozenset(wanted)))
    return tuple(filters)


def add_up(
    query: CostsQuery, lines: Iterable[CostLine], *, end_included: bool
) -> list[dict[str, Any]]:
    """The answer's ``costs``: one entry for every period and group, oldest first."""
    period = GRANULARITIES[query.granularity]
    dimensions = tuple(DIMENSIONS[name] for name in query.group_by)
    filters = tuple((DIMENSIONS[name], negated, values) for name, negated, values in query.filters)
    sums: dict[tuple[datetime, tuple[str, ...]], Decimal] = {}
    hours: dict[str, datetime | None] = {}
    for line in lines:
        start = line.row["time/usage_start"]
        if start not in hours:
            hours[start] = _hour_in(query, start, end_included=end_included)
        hour = hours[start]
        if hour is None or any((of(line) in wanted) is no for of, no, wanted in filters):
            continue
        group = (period(hour), tuple(of(line) for of in dimensions))
        sums[group] = sums.get(group, Decimal(0)) + _amount(line.row, query.cost_type)
    return [
        {
            "usage_date": when.isoformat(),
            "cost": float(cost),
            **dict(zip(query.group_by, names, strict=True)),
        }
        for (when, names), cost in sorted(sums.items())
    ]


def _hour_in(query: CostsQuery, start: str, *, end_included: bool) -> datetime | None:
    moment = read_moment(start)
    if moment is None:
        return None
    hour = moment.replace(minute=0, second=0, microsecond=0)
    before_end = hour <= query.end if end_included else hour < query.end
    return hour if query.start <= hour and before_end else None


def _amount(row: Mapping[str, str], cost_type: str) -> Decimal:
    if cost_type == _REAL_COST:
        if row.get("lineitem/type", "Usage") != "Usage":
            return Decimal(0)
        cost_type = "discounted_amortized_cost"
    for column in _FALLBACKS[cost_type]:
        if text := row.get(column, ""):
            return Decimal(text)
    return Decimal(0)
