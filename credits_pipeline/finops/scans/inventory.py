"""The inventory: every resource of every account and region, and which parts could not be read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from credits_pipeline.finops.scans import columns, ec2, services
from credits_pipeline.finops.scans.accounts import Account, Accounts
from credits_pipeline.finops.scans.asking import NotSeenError
from credits_pipeline.finops.scans.resources import Resource
from credits_pipeline.finops.scans.sight import Look, Looking
from credits_pipeline.finops.scans.table import Table

LOOKS: Mapping[str, Looking] = {
    columns.EC2: ec2.instances,
    columns.VOLUME: ec2.volumes,
    columns.SNAPSHOT: ec2.snapshots,
    columns.ADDRESS: ec2.addresses,
    columns.NAT: ec2.gateways,
    columns.BALANCER: services.balancers,
    columns.FUNCTION: services.functions,
    columns.SERVICE: services.containers,
    columns.DATABASE: services.databases,
    columns.LOGS: services.log_groups,
}
#: Kinds that are requested once per account, whatever the region.
GLOBAL: Mapping[str, Looking] = {columns.BUCKET: services.buckets}
RESOURCES = Table(tuple((column.name, column.type) for column in columns.COLUMNS))
KNOWN, PARTLY, UNKNOWN = "seen", "partly seen", "not known"
Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Part:
    """The result of one look.

    Attributes:
        what: the kind, or the extra evidence that was wanted.
        account: its id.
        region: where; empty for all.
        state: `KNOWN`, `PARTLY` or `UNKNOWN`.
        resources: how many were seen.
        says: why not everything is known; empty if it is.
        permission: the missing one.
    """

    what: str
    account: str
    region: str
    state: str
    resources: int = 0
    says: str = ""
    permission: str = ""


def noted(
    what: str, account: Account, region: str, seen: Iterator[Seen], parts: list[Part]
) -> Iterator[Seen]:
    """What a look sees, one by one; at its end the look becomes a part, known or not."""
    number = 0
    try:
        for one in seen:
            number += 1
            yield one
    except NotSeenError as error:
        parts.append(Part(what, account.id, region, UNKNOWN, number, error.says, error.permission))
        return
    parts.append(Part(what, account.id, region, KNOWN, number))


def row_of(resource: Resource) -> dict[str, Any]:
    """A resource as a row of the table."""
    return dict(zip(RESOURCES.names, resource.row(), strict=True))


def look_at(
    accounts: Accounts,
    regions: tuple[str, ...],
    at: datetime,
    parts: list[Part],
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Resource]:
    """Every resource, one by one; what could not be read is added to the parts.

    Args:
        accounts: the accounts asked.
        regions: where.
        at: the scan's as-of time.
        parts: filled while the resources are read.
        say: called with what is being read.

    Raises:
        ScanError: nothing can be scanned at all.
    """
    for account in accounts.all:
        if account.refused is not None:
            parts.append(_refused("account", account, "", account.refused))
            continue
        for kind, looking in GLOBAL.items():
            yield from _one(accounts, account, regions[0], kind, looking, at, parts)
        for region in regions:
            say(f"account {account.id}, {region}")
            for kind, looking in LOOKS.items():
                yield from _one(accounts, account, region, kind, looking, at, parts)


def parts_said(parts: list[Part]) -> list[dict[str, Any]]:
    """Parts as JSON."""
    return [asdict(part) for part in parts]


def _one(
    accounts: Accounts,
    account: Account,
    region: str,
    kind: str,
    looking: Looking,
    at: datetime,
    parts: list[Part],
) -> Iterator[Resource]:
    look = Look(accounts.asking(account, region), at)
    where = "" if kind in GLOBAL else region
    seen = 0
    try:
        for resource in looking(look):
            seen += 1
            yield resource
    except NotSeenError as error:
        parts.append(Part(kind, account.id, where, UNKNOWN, seen, error.says, error.permission))
        return
    if not look.missed:
        parts.append(Part(kind, account.id, where, KNOWN, seen))
    for what, missed in look.missed.items():
        says = f"{what} of {kind}: {missed.says}"
        parts.append(Part(kind, account.id, where, PARTLY, seen, says, missed.permission))


def _refused(what: str, account: Account, region: str, error: NotSeenError) -> Part:
    return Part(what, account.id, region, UNKNOWN, 0, error.says, error.permission)
