"""The organisation's bill in FOCUS: one row a day, resource and unit; months add up to the cent."""

import csv
import json
from calendar import monthrange
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from credits_pipeline.sandbox.estate.planting import Planted
from credits_pipeline.sandbox.estate.things import THINGS, Thing

_SERVICES = {
    "instance": ("Amazon Elastic Compute Cloud", "Compute"),
    "volume": ("Amazon Elastic Block Store", "Storage"),
    "snapshot": ("Amazon Elastic Block Store", "Storage"),
    "address": ("Amazon Virtual Private Cloud", "Networking"),
    "balancer": ("Elastic Load Balancing", "Networking"),
    "nat": ("Amazon Virtual Private Cloud", "Networking"),
    "function": ("AWS Lambda", "Compute"),
    "service": ("Amazon Elastic Container Service", "Compute"),
    "database": ("Amazon Relational Database Service", "Databases"),
    "logs": ("Amazon CloudWatch", "Management and Governance"),
    "bucket": ("Amazon Simple Storage Service", "Storage"),
}
_ARNS = {"snapshot": "snapshot", "nat": "natgateway", "address": "elastic-ip"}


def write_bill(
    folder: Path,
    found: Planted,
    year: int,
    month: int,
    *,
    without: Collection[str] = (),
    costs: Mapping[str, Mapping[str, tuple[str, str]]] | None = None,
    through: date | None = None,
) -> Path:
    """Write one month of the bill, as in a folder of FOCUS files.

    Args:
        folder: where; the file is ``YYYY-MM.csv``.
        found: where everything is.
        year: of the month.
        month: of the year.
        without: things that are gone by then.
        costs: of things that cost otherwise by then.
        through: the last day that it is about; None for the whole month.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{year}-{month:02}.csv"
    days = monthrange(year, month)[1]
    first = datetime(year, month, 1, tzinfo=UTC)
    period = {
        "BillingPeriodStart": _time(first),
        "BillingPeriodEnd": _time(first + timedelta(days=days)),
        "BillingAccountId": found.accounts["acme-platform"],
        "BillingAccountName": "Acme",
        "BillingCurrency": "USD",
        "ProviderName": "AWS",
        "InvoiceId": f"ACME-{year}{month:02}",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
    }
    rows = []
    for thing in THINGS:
        if thing.key in without:
            continue
        units = (costs or {}).get(thing.key, thing.costs)
        for unit, (effective, at_list) in units.items():
            spread = zip(_days(effective, days), _days(at_list, days), strict=True)
            for day, (paid, listed) in enumerate(spread):
                start = first + timedelta(days=day)
                if through is not None and start.date() > through:
                    break
                rows.append(
                    {
                        **period,
                        **_of(found, thing),
                        "ConsumedUnit": unit,
                        "ConsumedQuantity": "24",
                        "BilledCost": str(paid),
                        "EffectiveCost": str(paid),
                        "ContractedCost": str(paid),
                        "ListCost": str(listed),
                        "ChargePeriodStart": _time(start),
                        "ChargePeriodEnd": _time(start + timedelta(days=1)),
                    }
                )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def billed(year: int, month: int, through: date | None = None) -> Decimal:
    """What a month's bill comes to, from what each thing is said to cost.

    Args:
        year: of the month.
        month: of the year.
        through: as in `write_bill`.
    """
    if through is None:
        return sum((thing.cost for thing in THINGS), Decimal(0))
    days = monthrange(year, month)[1]
    seen = min(days, max(0, (through - date(year, month, 1)).days + 1))
    amounts = (Decimal(paid) for thing in THINGS for paid, _ in thing.costs.values())
    # The first days of a month carry the tenths of a cent that do not divide.
    return sum(
        (
            Decimal(seen * (tenths // days) + min(seen, tenths % days)) / 1000
            for tenths in (int(amount * 1000) for amount in amounts)
        ),
        Decimal(0),
    )


def _of(found: Planted, thing: Thing) -> dict[str, str]:
    service, category = _SERVICES[thing.what]
    account, id_ = found.accounts[thing.account], found.ids[thing.key]
    if thing.what in _ARNS:
        id_ = f"arn:aws:ec2:{thing.region}:{account}:{_ARNS[thing.what]}/{id_}"
    return {
        "SubAccountId": account,
        "SubAccountName": thing.account,
        "RegionId": thing.region,
        "ResourceId": id_,
        "ResourceName": thing.key,
        "ResourceType": thing.what,
        "ServiceName": service,
        "ServiceCategory": category,
        "Tags": json.dumps(thing.tags),
    }


def _days(amount: str, days: int) -> list[Decimal]:
    """An amount split into this many daily shares that add up to it, to the tenth of a cent."""
    tenths = int(Decimal(amount) * 1000)
    each, more = divmod(tenths, days)
    return [Decimal(each + (day < more)) / 1000 for day in range(days)]


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
