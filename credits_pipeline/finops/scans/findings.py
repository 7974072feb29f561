"""The clouds' own findings, in one form: of AWS, Azure and Google, from files or APIs.

Their amounts are theirs (often at retail price) and are shown beside ours; the saving that counts
is computed from the customer's own bill.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.scans.resources import Resource
from credits_pipeline.finops.scans.table import Table

HUB, OPTIMIZER = "AWS Cost Optimization Hub", "AWS Compute Optimizer"
ADVISOR, RECOMMENDER = "Azure Advisor", "Google Recommender"


@dataclass(frozen=True)
class Outside:
    """One finding of a cloud.

    Attributes:
        origin: who found it.
        provider: short code.
        account: id of the account, subscription or project.
        region: where; empty if not stated.
        resource_id: as they write it.
        kind: of the resource, ours if we have it, otherwise theirs.
        action: ours if it means the same, otherwise theirs.
        says: their finding, in words.
        do: their advice.
        saving: per month, as they say; None if they don't.
        currency: of it.
        at: when they found it, as they write it.
    """

    origin: str
    provider: str
    account: str
    region: str
    resource_id: str
    kind: str
    action: str
    says: str
    do: str
    saving: Decimal | None
    currency: str
    at: str

    @property
    def short(self) -> str:
        """The id in the form of the table of resources."""
        last = self.resource_id.rsplit("/", 1)[-1]
        if last.startswith(("i-", "vol-", "snap-", "nat-", "eipalloc-")):
            return last
        return self.resource_id.removeprefix("arn:aws:s3:::")

    def alone(self, at: datetime) -> Resource:
        """The resource as far as the finding describes it."""
        return Resource(
            kind=self.kind,
            provider=self.provider,
            account=self.account,
            region=self.region,
            id=self.short,
            name=self.resource_id.rstrip("/").rsplit("/", 1)[-1],
            seen_at=at,
            not_known={"cost_month": "no scan has its resource"},
        )

    def row(self) -> dict[str, Any]:
        """Its row in the table."""
        return dict(vars(self))

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "Outside":
        """A row of the table."""
        return cls(**row)


FINDINGS = Table(
    tuple(
        (name, "DECIMAL(36, 18)" if name == "saving" else "VARCHAR")
        for name in Outside.__dataclass_fields__
    )
)
