"""What clouds find themselves, in one form: of AWS, Azure and Google, from files or APIs.

Their amounts are theirs (often at retail price) and are told beside ours; a saving that counts is
taken from the customer's own bill.
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
        region: where; empty where it is not said.
        resource_id: as they write it.
        kind: of the resource, ours where we have it, else theirs.
        action: ours where it means the same, else theirs.
        says: what they found, in words.
        do: what they advise.
        saving: a month, as they say; None where they don't.
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
        """The id as the table of resources has it."""
        last = self.resource_id.rsplit("/", 1)[-1]
        if last.startswith(("i-", "vol-", "snap-", "nat-", "eipalloc-")):
            return last
        return self.resource_id.removeprefix("arn:aws:s3:::")

    def alone(self, at: datetime) -> Resource:
        """The resource as far as the finding tells of it."""
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
        """It as the table has it."""
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
