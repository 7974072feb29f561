"""What the stand-in knows: prices, plans, reservations, disabled images, findings, faults."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

Dimensions = frozenset[tuple[str, str]]


@dataclass
class Fault:
    """Something that goes wrong.

    Attributes:
        code: AWS's error code.
        service: as in the signature, such as monitoring; empty for every one.
        operation: such as GetMetricData; empty for every one.
        region: empty for every one.
        contains: text that the request's body must contain.
        status: of HTTP.
        times: how many more times it happens; None for always.
    """

    code: str
    service: str = ""
    operation: str = ""
    region: str = ""
    contains: str = ""
    status: int = 400
    times: int | None = None

    def hits(self, service: str, operation: str, region: str, body: str) -> bool:
        """Whether it applies to a request; if so, it is counted."""
        if self.times == 0:
            return False
        named = (
            (self.service, service),
            (self.operation, operation),
            (self.region, region),
        )
        if any(wanted and wanted != given for wanted, given in named) or self.contains not in body:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class World:
    """What AWS would know.

    Attributes:
        prices: hourly price of a Linux machine, in USD, by region and type.
        plan_rates: the same under a one-year Compute Savings Plan without upfront payment.
        plans: Savings Plans, as `DescribeSavingsPlans` has them.
        reservations: of EC2, by region, as `DescribeReservedInstances` has them.
        disabled_images: by region: id of the image and of its snapshot.
        hub: items of `ListRecommendations` of the Cost Optimization Hub.
        optimizer: answers of Compute Optimizer, by operation and its list's name.
        metrics: CloudWatch's values: by namespace, name and dimensions, each hour's statistics.
        values: the most values in an answer of CloudWatch.
        faults: what goes wrong, in order.
        page: how many things an answer has at most.
        older: how much older all is than moto, which stamps it with now, says.
        requests: what was asked, by service and operation.
    """

    prices: dict[tuple[str, str], str] = field(default_factory=dict)
    plan_rates: dict[tuple[str, str], str] = field(default_factory=dict)
    plans: list[dict[str, Any]] = field(default_factory=list)
    reservations: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    disabled_images: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    hub: list[dict[str, Any]] = field(default_factory=list)
    optimizer: dict[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    metrics: dict[tuple[str, str, Dimensions], dict[int, dict[str, float]]] = field(
        default_factory=dict
    )
    values: int = 100_800
    faults: list[Fault] = field(default_factory=list)
    page: int = 2
    older: timedelta = timedelta(0)
    requests: Counter[str] = field(default_factory=Counter)
