"""The columns of FOCUS 1.2 and 1.3 with their types, and this project's own beside them.

One fixed set in one fixed order, whatever a file has: history stays readable when columns come.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

#: Money, prices and quantities: 18 places, because FOCUS rows carry up to 15 and doubles up to 17.
MONEY = "DECIMAL(36,18)"
#: The four costs that every row has.
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")

Kind = Literal["text", "money", "time", "json"]
#: How much a file needs a column: without a ``required`` one it is not a bill; without an
#: ``expected`` one something is shown as not known.
Level = Literal["required", "expected", "optional"]


@dataclass(frozen=True)
class FocusColumn:
    """A column of FOCUS: its name, its content, the version that introduced it."""

    name: str
    kind: Kind
    level: Level = "optional"
    since: str = "1.0"

    @property
    def sql_type(self) -> str:
        """The type in which it is stored."""
        return {"text": "VARCHAR", "json": "VARCHAR", "money": MONEY, "time": "TIMESTAMP"}[
            self.kind
        ]


def _columns(
    kind: Kind, names: str, level: Level = "optional", since: str = "1.0"
) -> list[FocusColumn]:
    return [FocusColumn(name, kind, level, since) for name in names.split()]


_ALL = [
    *_columns("money", "BilledCost EffectiveCost", "required"),
    *_columns("text", "BillingCurrency ChargeCategory", "required"),
    *_columns("time", "BillingPeriodStart ChargePeriodStart", "required"),
    *_columns("money", "ListCost ContractedCost", "expected"),
    *_columns("time", "BillingPeriodEnd ChargePeriodEnd", "expected"),
    *_columns("text", "BillingAccountId SubAccountId ServiceName ServiceCategory", "expected"),
    *_columns("text", "ProviderName PublisherName InvoiceIssuerName"),
    *_columns(
        "text",
        "AvailabilityZone BillingAccountName ChargeClass ChargeDescription ChargeFrequency "
        "CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName "
        "CommitmentDiscountStatus CommitmentDiscountType ConsumedUnit PricingCategory PricingUnit "
        "RegionId RegionName ResourceId ResourceName ResourceType SkuId SkuPriceId SubAccountName",
    ),
    *_columns("money", "ConsumedQuantity ContractedUnitPrice ListUnitPrice PricingQuantity"),
    *_columns("json", "Tags"),
    *_columns(
        "text",
        "CapacityReservationId CapacityReservationStatus CommitmentDiscountUnit "
        "ServiceSubcategory SkuMeter",
        since="1.1",
    ),
    *_columns("money", "CommitmentDiscountQuantity", since="1.1"),
    *_columns("json", "SkuPriceDetails", since="1.1"),
    *_columns("text", "BillingAccountType InvoiceId PricingCurrency SubAccountType", since="1.2"),
    *_columns(
        "money",
        "PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost "
        "PricingCurrencyListUnitPrice",
        since="1.2",
    ),
    *_columns(
        "text",
        "AllocatedMethodId AllocatedResourceId AllocatedResourceName HostProviderName "
        "ServiceProviderName",
        since="1.3",
    ),
    *_columns("json", "AllocatedMethodDetails AllocatedTags ContractApplied", since="1.3"),
]
#: By name, in alphabetical order.
FOCUS_COLUMNS: dict[str, FocusColumn] = {
    column.name: column for column in sorted(_ALL, key=lambda column: column.name)
}
#: Ours, lower case. ``Tags`` is stored as ``tags``: engines don't distinguish the two.
OWN_COLUMNS: tuple[tuple[str, str], ...] = (
    ("source", "VARCHAR"),
    ("provider", "VARCHAR"),
    ("billing_month", "VARCHAR"),
    ("charge_date", "DATE"),
    ("tags", "VARCHAR"),
    ("x_columns", "VARCHAR"),
    ("file", "VARCHAR"),
    ("file_row", "BIGINT"),
    ("rounded", "BOOLEAN"),
)
#: What every typed row has, in order, without the columns of configured tag keys.
TYPED_COLUMNS: tuple[tuple[str, str], ...] = (
    *((column.name, column.sql_type) for column in FOCUS_COLUMNS.values() if column.name != "Tags"),
    *OWN_COLUMNS,
)


def typed_columns(tags: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The same with one ``tag_<key>`` for each configured key, in the order of the keys."""
    return (*TYPED_COLUMNS, *((f"tag_{key}", "VARCHAR") for key in tags))
