"""The lines of the sample bills: each meter of each resource, with all its FOCUS values.

Ids depend only on the resource, so they are the same in every sample.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.samples.catalogue import METERS, Meter
from credits_pipeline.finops.samples.organisation import ACCOUNTS, PAYERS, REGIONS, Account, Runs
from credits_pipeline.finops.samples.stories import (
    COMMITMENTS,
    IDLE,
    MAP_PROJECT,
    MAP_TAG,
    MARKED,
    MIGRATED,
    RETIRED,
    RETIRING,
    Idle,
    retired_on,
)

_EVER = date(9000, 1, 1)
#: How much use varies from day to day, in thousandths either way.
_NOISE = 45
_PREFIXES = {
    "EC2 Instance": "i-",
    "EBS Volume": "vol-",
    "EBS Snapshot": "snap-",
    "Elastic IP": "eipalloc-",
    "NAT Gateway": "nat-",
}
_ARN = {"AWSELB": "elasticloadbalancing", "AWSDataTransfer": "ec2", "AmazonCloudWatch": "logs"}
_PERCENT = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """One meter of one resource.

    Attributes:
        source: whose bill it is on.
        account: FOCUS's SubAccountId.
        account_name: FOCUS's SubAccountName.
        region: FOCUS's RegionId.
        zone: FOCUS's AvailabilityZone; empty for none.
        resource: FOCUS's ResourceId.
        resource_name: FOCUS's ResourceName.
        service: FOCUS's ServiceName, and so on, as in the catalogue.
        list_price: of a unit.
        contracted_price: of a unit, under the payer's contract.
        committed_price: of a unit, while it is covered; zero where it never is.
        commitment: the key of what covers it; empty for none.
        millionths: units of a full day, in millionths.
        noise: thousandths by which a day's use varies, either way.
        profile: the days of the week on which it runs.
        growth: percent a month.
        story: which story changes its use; empty for none.
        first: its first day.
        last: its last day.
        tags: JSON.
    """

    source: str
    account: str
    account_name: str
    region: str
    zone: str
    resource: str
    resource_name: str
    resource_kind: str
    service: str
    category: str
    subcategory: str
    code: str
    meter: str
    unit: str
    sku: str
    details: str
    list_price: Decimal
    contracted_price: Decimal
    committed_price: Decimal
    commitment: str
    millionths: int
    noise: int
    profile: str
    growth: int
    story: str
    first: date
    last: date
    tags: str

    @property
    def region_name(self) -> str:
        """FOCUS's RegionName."""
        return REGIONS[self.region]


def lines(last: BillingMonth, size: int) -> Iterator[Line]:
    """Every line of bills that end in a month.

    Args:
        last: that month.
        size: how many organisations of the sample's size there are resources for.
    """
    for copy in range(size):
        for account in ACCOUNTS:
            # Entries for the same thing continue its count; two meters of one resource share it.
            seen: Counter[str] = Counter()
            for runs in account.runs:
                for _ in range(runs.count):
                    yield _line(account, runs, copy, seen[runs.meter], last)
                    seen[runs.meter] += 1
    by_id = {account.id: account for account in ACCOUNTS}
    for idle in IDLE:
        yield _idle_line(by_id[idle.account], idle, last)


def idle_resource(idle: Idle) -> tuple[str, str]:
    """The id and the name of an idle resource in the bills."""
    account = next(account for account in ACCOUNTS if account.id == idle.account)
    meter = METERS[idle.source][idle.meter]
    prefix = _PREFIXES.get(meter.kind, "")
    name = prefix + _digest(idle.name)[:17] if prefix else idle.name
    return _resource(account, meter, name), name


def _idle_line(account: Account, idle: Idle, last: BillingMonth) -> Line:
    runs = Runs(idle.meter, 1, idle.scale, tagged=100 if idle.ago % 2 else 0)
    resource, name = idle_resource(idle)
    first = last.shift(-idle.ago)
    return _made(
        account, runs, resource, name, first=date(first.year, first.month, 1 + idle.ago), last=_EVER
    )


def _line(account: Account, runs: Runs, copy: int, count: int, last: BillingMonth) -> Line:
    meter = METERS[account.source][runs.meter]
    key = f"{account.source}/{account.id}/{_shared(runs.meter)}/{copy}/{count}"
    prefix = _PREFIXES.get(meter.kind)
    name = (
        prefix + _digest(key)[:17]
        if prefix
        else f"{_word(account)}-{_shared(runs.meter).replace('.', '-')}-{copy * 1000 + count}"
    )
    retires = (account.id, runs.committed) == RETIRING and copy == 0 and count < RETIRED
    return _made(
        account,
        runs,
        _resource(account, meter, name),
        name,
        first=date(2000, 1, 1),
        last=retired_on(last) if retires else _EVER,
    )


def _made(
    account: Account, runs: Runs, resource: str, name: str, *, first: date, last: date
) -> Line:
    meter = METERS[account.source][runs.meter]
    payer = PAYERS[account.source]
    percent = {one.key: one.percent for one in COMMITMENTS}.get(runs.committed, 0)
    machine = runs.profile == "always" and meter.unit == "Hours"
    tagged = int(_digest(f"tags/{resource}")[:6], 16) % 100 < runs.tagged
    tags = {**account.tags, **_migrated(account, resource)} if tagged and account.tags else {}
    return Line(
        source=account.source,
        account=account.id,
        account_name=account.name,
        region=account.region,
        zone=_zone(account, meter, resource),
        resource=resource,
        resource_name=name,
        resource_kind=meter.kind,
        service=meter.service,
        category=meter.category,
        subcategory=meter.subcategory,
        code=meter.code,
        meter=meter.meter,
        unit=meter.unit,
        sku=_digest(f"{meter.code}/{meter.meter}/{account.region}")[:16].upper(),
        details=json.dumps(dict(meter.details)) if meter.details else "",
        list_price=meter.price,
        contracted_price=meter.price * (100 - payer.discount) * _PERCENT,
        committed_price=meter.price * percent * _PERCENT,
        commitment=runs.committed,
        millionths=int(meter.day * 10_000) * runs.scale,
        noise=0 if machine else _NOISE,
        profile=runs.profile,
        growth=runs.growth,
        story=runs.story,
        first=first,
        last=last,
        tags=json.dumps(tags, ensure_ascii=False, separators=(",", ":")) if tags else "",
    )


def _migrated(account: Account, resource: str) -> dict[str, str]:
    """AWS's tag of its Migration Acceleration Program, where somebody thought of it."""
    moved = account.id in MIGRATED and int(_digest(f"map/{resource}")[:6], 16) % 100 < MARKED
    return {MAP_TAG: MAP_PROJECT} if moved else {}


def _resource(account: Account, meter: Meter, name: str) -> str:
    match account.source:
        case "azure":
            return (
                f"/subscriptions/{account.id}/resourcegroups/rg-{_word(account)}/providers/"
                f"{meter.path}{name}"
            ).lower()
        case "gcp":
            path = meter.path.format(account=account.id, zone=f"{account.region}-a")
            return f"//{path}{name}"
        case _ if meter.path == ":::":
            return f"arn:aws:s3:::{name}"
        case _:
            service = _ARN.get(meter.code, meter.code.removeprefix("Amazon").removeprefix("AWS"))
            region = "" if meter.code == "AmazonCloudFront" else account.region
            return f"arn:aws:{service.lower()}:{region}:{account.id}:{meter.path}{name}"


def _zone(account: Account, meter: Meter, resource: str) -> str:
    if meter.subcategory not in ("Virtual Machines", "Block Storage"):
        return ""
    letter = "abc"[int(_digest(f"zone/{resource}")[:4], 16) % 3]
    match account.source:
        case "azure":
            return str("abc".index(letter) + 1)
        case "gcp":
            return f"{account.region}-{letter}"
        case _:
            return f"{account.region}{letter}"


def _shared(meter: str) -> str:
    """What two meters of one resource have in common: nat.hours and nat.bytes belong together."""
    return meter.partition(".")[0] if meter.startswith(("nat.", "rds.", "s3.")) else meter


def _word(account: Account) -> str:
    """The account's name if all its letters are valid in an id, otherwise its last digits."""
    name = account.name.lower()
    return name if name.isascii() and " " not in name else f"account-{account.id[-4:]}"


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
