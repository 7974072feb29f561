"""A recommendation as stored from scan to scan: a row of the table `recommendations`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

from credits_pipeline.finops.marts.columns import MONEY
from credits_pipeline.finops.optimization.ledger import Saving
from credits_pipeline.finops.optimization.opportunity import Opportunity
from credits_pipeline.finops.scans.life import FOUND, finding_id
from credits_pipeline.finops.scans.table import Table

#: Who found it.
RULES = "rules"


@dataclass(frozen=True)
class Item:
    """One open, judged or gone recommendation; one for each resource and action.

    Attributes:
        id: the same through all scans.
        action: what to do, as a word.
        step: its place in the order of savings.
        tab: of the page.
        kind: of the resource.
        provider: short code.
        account: its id.
        account_name: its name.
        region: where.
        resource_id: as on the bill.
        name: for people.
        tags: of the resource; None if they could not be read.
        says: the evidence in words.
        do: what to do, in words.
        hint: a command to copy.
        confidence: of the evidence.
        effort: of doing it.
        saving: per month at the customer's price, to the cent; None if not known.
        list_saving: the same at list price.
        of_cost: the cost that it is a share of.
        covered: how much of that a commitment covers.
        resource_cost: the resource's whole monthly cost.
        currency: of all amounts; empty if no bill contains the resource.
        billing_month: of the amounts.
        why_unknown: why the saving is not known.
        material: the facts that it is based on.
        origin: who found it.
        also: who else found it, with their own saving.
        seen: the newest scan's result: found, gone, or not known.
        first_at: when it was first found.
        last_at: when it was last found.
        times: how often it came back.
        judged_at: when it was last judged, as far as a scan has noticed.
        judged_saving: its saving then.
        judged_cost: the resource's cost then.
        judged_material: its facts then.
    """

    id: str
    action: str
    step: int
    tab: str
    kind: str
    provider: str
    account: str
    account_name: str
    region: str
    resource_id: str
    name: str
    tags: Mapping[str, str] | None
    says: str
    do: str
    hint: str
    confidence: str
    effort: str
    saving: Decimal | None
    list_saving: Decimal | None
    of_cost: Decimal | None
    covered: Decimal
    resource_cost: Decimal | None
    currency: str
    billing_month: str
    why_unknown: str
    material: Mapping[str, str]
    origin: str
    also: Mapping[str, str]
    seen: str
    first_at: datetime
    last_at: datetime
    times: int = 0
    judged_at: datetime | None = None
    judged_saving: Decimal | None = None
    judged_cost: Decimal | None = None
    judged_material: Mapping[str, str] | None = None

    @classmethod
    def of(
        cls,
        found: Opportunity,
        saving: Saving,
        at: datetime,
        *,
        origin: str = RULES,
        also: Mapping[str, str] | None = None,
    ) -> Self:
        """What a rule found, in its first stored form."""
        resource, cost = found.resource, found.resource.cost
        return cls(
            id=finding_id(found.action, resource.key),
            action=found.action,
            step=int(found.step),
            tab=found.tab,
            kind=resource.kind,
            provider=resource.provider,
            account=resource.account,
            account_name=resource.account_name,
            region=resource.region,
            resource_id=resource.id,
            name=resource.name,
            tags=resource.tags,
            says=found.says,
            do=found.do,
            hint=found.hint,
            confidence=found.confidence,
            effort=found.effort,
            saving=saving.effective,
            list_saving=saving.list,
            of_cost=saving.of,
            covered=saving.covered,
            resource_cost=None if cost is None else cost.effective,
            currency="" if cost is None else cost.currency,
            billing_month="" if cost is None else cost.month,
            why_unknown=saving.why_unknown,
            material=found.material,
            origin=origin,
            also=also or {},
            seen=FOUND,
            first_at=at,
            last_at=at,
        )

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """A row of the table."""
        values = dict(row)
        for name in ("first_at", "last_at", "judged_at"):
            if values[name] is not None:
                values[name] = values[name].replace(tzinfo=UTC)
        for name in ("material", "also", "judged_material", "tags"):
            values[name] = None if values[name] is None else json.loads(values[name])
        return cls(**values)

    def row(self) -> dict[str, Any]:
        """Its row in the table."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("material", "also", "judged_material", "tags"):
            found = values[name]
            values[name] = None if found is None else json.dumps(dict(found), sort_keys=True)
        return values

    def but(self, **changes: Any) -> Self:
        """The same with other values."""
        return replace(self, **changes)


_TYPES = {
    "step": "INTEGER", "times": "INTEGER", "saving": MONEY, "list_saving": MONEY, "of_cost": MONEY,
    "covered": MONEY, "resource_cost": MONEY, "judged_saving": MONEY, "judged_cost": MONEY,
    "first_at": "TIMESTAMP", "last_at": "TIMESTAMP", "judged_at": "TIMESTAMP",
}  # fmt: skip
ITEMS = Table(tuple((field.name, _TYPES.get(field.name, "VARCHAR")) for field in fields(Item)))
