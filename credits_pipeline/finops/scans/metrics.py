"""The CloudWatch queries of each kind, and what their answers mean: hours, peaks, sums.

Pure: `asked` makes the queries of a resource, `folded` makes facts from the values. A metric
without a value in 14 days is not known; hours with a value are counted.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from credits_pipeline.finops.scans.columns import (
    BALANCER,
    DATABASE,
    EC2,
    FUNCTION,
    NAT,
    SERVICE,
    WORK_HOURS,
)

DAYS, WEEK = 14, 7
HOURS = DAYS * 24
_HOUR = 3600
_MB = 1_000_000
_SATURDAY = 5
Values = Mapping[datetime, float]
Dimensions = Callable[[Mapping[str, Any]], Mapping[str, str]]


@dataclass(frozen=True)
class Metric:
    """One metric of a kind.

    Attributes:
        key: its name in `folded`.
        namespace: CloudWatch's.
        name: CloudWatch's.
        statistic: CloudWatch's.
    """

    key: str
    namespace: str
    name: str
    statistic: str


_PEAK, _MEAN, _SUM = "Maximum", "Average", "Sum"
#: The hours of the first metric of each kind are counted: it has a value in every hour in which the
#: resource runs, even if nobody uses it.
METRICS: Mapping[str, tuple[Metric, ...]] = {
    EC2: (
        Metric("cpu_max", "AWS/EC2", "CPUUtilization", _PEAK),
        Metric("cpu_avg", "AWS/EC2", "CPUUtilization", _MEAN),
        Metric("bytes_in", "AWS/EC2", "NetworkIn", _SUM),
        Metric("bytes_out", "AWS/EC2", "NetworkOut", _SUM),
        Metric("memory", "CWAgent", "mem_used_percent", _PEAK),
    ),
    DATABASE: (
        Metric("cpu_max", "AWS/RDS", "CPUUtilization", _PEAK),
        Metric("cpu_avg", "AWS/RDS", "CPUUtilization", _MEAN),
        Metric("connections", "AWS/RDS", "DatabaseConnections", _PEAK),
    ),
    SERVICE: (
        Metric("cpu_max", "AWS/ECS", "CPUUtilization", _PEAK),
        Metric("cpu_avg", "AWS/ECS", "CPUUtilization", _MEAN),
        Metric("memory", "AWS/ECS", "MemoryUtilization", _PEAK),
    ),
    FUNCTION: (
        Metric("calls", "AWS/Lambda", "Invocations", _SUM),
        Metric("memory", "LambdaInsights", "memory_utilization", _PEAK),
    ),
    BALANCER: (
        Metric("beat", "", "ConsumedLCUs", _SUM),
        Metric("requests", "", "RequestCount", _SUM),
        Metric("flows", "", "NewFlowCount", _SUM),
    ),
    NAT: (Metric("bytes_out", "AWS/NATGateway", "BytesOutToDestination", _SUM),),
}


def _service(row: Mapping[str, Any]) -> Mapping[str, str]:
    # Old ARNs are service/NAME, new ones service/CLUSTER/NAME.
    _, *cluster, name = row["resource_id"].split(":")[-1].split("/")
    return {"ClusterName": cluster[0] if cluster else "default", "ServiceName": name}


def _balancer(row: Mapping[str, Any]) -> Mapping[str, str]:
    return {"LoadBalancer": row["resource_id"].split("loadbalancer/", 1)[-1]}


def _last(dimension: str) -> Dimensions:
    return lambda row: {dimension: row["resource_id"].split(":")[-1].split("/")[-1]}


_DIMENSIONS: Mapping[str, Dimensions] = {
    EC2: _last("InstanceId"),
    DATABASE: _last("DBInstanceIdentifier"),
    SERVICE: _service,
    FUNCTION: _last("FunctionName"),
    BALANCER: _balancer,
    NAT: _last("NatGatewayId"),
}
_NAMESPACES = {"app": "AWS/ApplicationELB", "net": "AWS/NetworkELB", "gwy": "AWS/GatewayELB"}


def wanted(row: Mapping[str, Any]) -> bool:
    """Whether a resource has metrics to query; a stopped machine has none, and needs none."""
    return row["kind"] in METRICS and row["state"] not in ("stopped", "INACTIVE")


def asked(row: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    """The queries of a resource, in the form of ``GetMetricData``.

    Args:
        row: of the table of resources.
        number: of the resource within the request; `key_of` takes it from an answer's id.
    """
    found = []
    for metric in METRICS[row["kind"]]:
        dimensions = dict(_DIMENSIONS[row["kind"]](row))
        namespace = metric.namespace
        if metric.namespace == "LambdaInsights":
            dimensions = {"function_name": next(iter(dimensions.values()))}
        if not namespace:
            namespace = _NAMESPACES.get(dimensions["LoadBalancer"].split("/")[0], "AWS/ELB")
        found.append(
            {
                "Id": f"m{number}_{metric.key}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": metric.name,
                        "Dimensions": [
                            {"Name": name, "Value": value} for name, value in dimensions.items()
                        ],
                    },
                    "Period": _HOUR,
                    "Stat": metric.statistic,
                },
                "ReturnData": True,
            }
        )
    return found


def key_of(id_: str) -> tuple[int, str]:
    """The resource's number and the metric's key of an answer."""
    number, _, key = id_[1:].partition("_")
    return int(number), key


def window(at: datetime) -> tuple[datetime, datetime]:
    """The 14 days of whole hours before a moment."""
    end = at.replace(minute=0, second=0, microsecond=0)
    return end - timedelta(days=DAYS), end


def folded(
    kind: str, values: Mapping[str, Values], at: datetime, age_days: float | None
) -> dict[str, float]:
    """The facts from a resource's values; a fact that they don't show is left out.

    Args:
        kind: of the resource.
        values: by the metrics' keys, each hour's value.
        at: the scan's as-of time.
        age_days: of the resource, if known.
    """
    first = values.get(METRICS[kind][0].key, {})
    expected = HOURS if age_days is None else min(HOURS, math.floor(age_days * 24))
    found: dict[str, float] = {"hours_expected": expected, "hours_seen": len(first)}
    for key, column in (("cpu_max", "cpu_max_14d"), ("memory", "memory_max_14d")):
        if values.get(key):
            found[column] = max(values[key].values())
    if values.get("cpu_avg"):
        found["cpu_avg_14d"] = _mean(values["cpu_avg"].values())
    if kind == EC2 and values.get("bytes_in") and values.get("bytes_out"):
        both = [*values["bytes_in"].values(), *values["bytes_out"].values()]
        days = max(1.0, len(values["bytes_in"]) / 24)
        found["network_mb_day_14d"] = math.fsum(both) / _MB / days
    if kind in (EC2, DATABASE) and first:
        found |= _off_hours(first, at)
    week = at - timedelta(days=WEEK)
    if kind == DATABASE and values.get("connections"):
        found["connections_max_7d"] = max(_since(values["connections"], week), default=0.0)
    if kind == FUNCTION and values.get("calls"):
        found["invocations_14d"] = math.fsum(values["calls"].values())
    if kind == BALANCER and first:
        # Without calls there is no RequestCount at all, but there are values of its capacity.
        counted = values.get("requests") or values.get("flows") or {}
        found["requests_7d"] = math.fsum(_since(counted, week))
    if kind == NAT and first:
        found["bytes_out_7d"] = math.fsum(_since(first, week))
    return found


def is_work(hour: datetime) -> bool:
    """Whether an hour lies within working hours, UTC."""
    return hour.weekday() < _SATURDAY and WORK_HOURS[0] <= hour.hour < WORK_HOURS[1]


def _off_hours(values: Values, at: datetime) -> dict[str, float]:
    start, end = window(at)
    every = [
        start + timedelta(hours=hour) for hour in range(int((end - start).total_seconds() // _HOUR))
    ]
    off = [hour for hour in every if not is_work(hour)]
    ran = [values[hour] for hour in off if hour in values]
    found = {"off_hours_share": 100.0 * len(ran) / len(off)}
    if ran:
        found["cpu_max_off_hours_14d"] = max(ran)
    return found


def _since(values: Values, at: datetime) -> list[float]:
    return [value for hour, value in values.items() if hour >= at]


def _mean(values: Iterable[float]) -> float:
    found: Sequence[float] = list(values)
    return math.fsum(found) / len(found)
