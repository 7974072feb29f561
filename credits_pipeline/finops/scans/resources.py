"""A resource as a scan saw it: a row of the table `resources`, and what is not known about it.

The table is Parquet, one row per resource, with the columns of `columns.py` in order. Policies and
rules read it; nothing else about a resource is promised.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

from credits_pipeline.finops.scans.columns import BY_NAME, COLUMNS, EVIDENCE, applies

Fact = str | int | float | bool | None


class ResourceError(ValueError):
    """A row has something that the table has no column for."""


@dataclass(frozen=True)
class Cost:
    """The monthly cost of a resource, from its own rows on the bill.

    Attributes:
        effective: amortised.
        list: at list price.
        currency: of both.
        month: of the bill, ``YYYY-MM``.
    """

    effective: Decimal
    list: Decimal
    currency: str
    month: str


@dataclass(frozen=True)
class Resource:
    """One resource.

    Attributes:
        kind: one of `columns.KINDS`.
        account: its id.
        region: where it is.
        id: as on the bill.
        name: for people.
        seen_at: when the scan read it, UTC.
        tags: None if they could not be read.
        facts: evidence by column; missing ones are not known, or do not apply to the kind.
        not_known: column and why it could not be read.
        cost: None if no bill contains it.
        provider: short code.
        account_name: empty if not known.
    """

    kind: str
    account: str
    region: str
    id: str
    name: str
    seen_at: datetime
    tags: Mapping[str, str] | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    not_known: Mapping[str, str] = field(default_factory=dict)
    cost: Cost | None = None
    provider: str = "aws"
    account_name: str = ""

    def __post_init__(self) -> None:
        """Refuse evidence that the table has no column for.

        Raises:
            ResourceError: naming it.
        """
        for name in (*self.facts, *self.not_known):
            if name not in BY_NAME or not applies(name, self.kind):
                raise ResourceError(f"{self.kind} {self.id}: the table has no {name!r} for it")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """A row of the table, as it was read."""
        cost = None
        if row["cost_month"] is not None:
            cost = Cost(
                row["cost_month"], row["list_cost_month"], row["currency"], row["billing_month"]
            )
        return cls(
            kind=row["kind"],
            account=row["account"],
            region=row["region"],
            id=row["resource_id"],
            name=row["name"],
            seen_at=row["seen_at"].replace(tzinfo=UTC),
            tags=None if row["tags"] is None else dict(row["tags"]),
            facts={
                column.name: row[column.name]
                for column in EVIDENCE
                if row[column.name] is not None and applies(column.name, row["kind"])
            },
            not_known=dict(row["not_known"] or {}),
            cost=cost,
            provider=row["provider"],
            account_name=row["account_name"],
        )

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Its identity, whatever is seen of it."""
        return self.kind, self.account, self.region, self.id

    def get(self, column: str) -> Any:
        """Evidence; None if not known."""
        if column not in BY_NAME:
            raise ResourceError(f"the table has no column {column!r}")
        return self.facts.get(column)

    def missing(self, columns: Iterable[str]) -> dict[str, str]:
        """Which of these are not known, each with why."""
        return {
            name: self.not_known.get(name, "the scan has not looked at it")
            for name in columns
            if self.facts.get(name) is None and applies(name, self.kind)
        }

    def row(self) -> tuple[Any, ...]:
        """Its row in the table, in the order of `columns.COLUMNS`."""
        cost = self.cost
        values: dict[str, Any] = {
            "kind": self.kind,
            "provider": self.provider,
            "account": self.account,
            "account_name": self.account_name,
            "region": self.region,
            "resource_id": self.id,
            "name": self.name,
            "tags": None if self.tags is None else dict(self.tags),
            "seen_at": self.seen_at.replace(tzinfo=None),
            "cost_month": None if cost is None else cost.effective,
            "list_cost_month": None if cost is None else cost.list,
            "currency": None if cost is None else cost.currency,
            "billing_month": None if cost is None else cost.month,
            "not_known": dict(self.not_known),
            **{column.name: self.facts.get(column.name) for column in EVIDENCE},
        }
        return tuple(values[column.name] for column in COLUMNS)


def schema() -> str:
    """The columns in DuckDB's DDL."""
    return ", ".join(f'"{column.name}" {column.type}' for column in COLUMNS)
