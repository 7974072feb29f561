"""All marts, for the tag keys that are columns."""

from collections.abc import Sequence

from credits_pipeline.finops.marts.columns import DAY, MONEY, TEXT, Column, tag_column
from credits_pipeline.finops.marts.mart import Mart, from_mart, from_rows

_PARTITION = ("source", "provider", "billing_month")
_COMMITMENT = "CASE WHEN CommitmentDiscountId IS NULL THEN 'no' ELSE 'yes' END"


def marts(tags: Sequence[str]) -> tuple[Mart, ...]:
    """All marts, each after those that it reads.

    Args:
        tags: the tag keys that are columns.
    """
    tagged = [_text(name, name) for name in dict.fromkeys(map(tag_column, tags))]
    partition = [_text(name, name) for name in _PARTITION]
    day = (Column("charge_date", DAY), "charge_date")
    payer = _text("billing_account_id", "BillingAccountId")
    account = [
        _text("sub_account_id", "SubAccountId"),
        _text("sub_account_name", "SubAccountName"),
    ]
    service = [
        _text("service_name", "ServiceName"),
        _text("service_category", "ServiceCategory"),
    ]
    region = _text("region_id", "RegionId")
    charge = _text("charge_category", "ChargeCategory")
    commitment = _text("commitment", _COMMITMENT)
    currency = _text("billing_currency", "BillingCurrency")
    spend_daily = from_rows(
        "spend_daily",
        [
            *partition,
            day,
            payer,
            *account,
            *service,
            region,
            charge,
            _text("charge_frequency", "ChargeFrequency"),
            commitment,
            *tagged,
            currency,
        ],
    )
    return (
        spend_daily,
        from_mart("spend_monthly", spend_daily, without=("charge_date",)),
        from_rows(
            "commitments",
            [
                *partition,
                payer,
                *account,
                *service,
                charge,
                _text("commitment_id", "CommitmentDiscountId"),
                _text("commitment_name", "CommitmentDiscountName"),
                _text("commitment_type", "CommitmentDiscountType"),
                _text("commitment_category", "CommitmentDiscountCategory"),
                _text("commitment_status", "CommitmentDiscountStatus"),
                _text("commitment_unit", "CommitmentDiscountUnit"),
                currency,
            ],
            of="CommitmentDiscountId IS NOT NULL",
            more=[_sum("commitment_quantity", "CommitmentDiscountQuantity")],
        ),
        from_rows(
            "credits",
            [
                *partition,
                day,
                payer,
                *account,
                *service,
                _text("charge_description", "ChargeDescription"),
                _text("invoice_id", "InvoiceId"),
                currency,
            ],
            of="ChargeCategory = 'Credit'",
        ),
        from_rows(
            "invoices",
            [
                *partition,
                payer,
                _text("invoice_id", "InvoiceId"),
                _text("invoice_issuer", "InvoiceIssuerName"),
                charge,
                currency,
            ],
        ),
        from_rows(
            "resource_costs",
            [
                *partition,
                payer,
                *account,
                *service,
                region,
                _text("resource_id", "ResourceId"),
                _text("resource_name", "ResourceName"),
                _text("resource_type", "ResourceType"),
                charge,
                commitment,
                *tagged,
                _text("consumed_unit", "ConsumedUnit"),
                currency,
            ],
            more=[
                (Column("first_date", DAY), "MIN(charge_date)"),
                (Column("last_date", DAY), "MAX(charge_date)"),
                _sum("consumed_quantity", "ConsumedQuantity"),
            ],
            is_large=True,
        ),
    )


def _text(name: str, expression: str) -> tuple[Column, str]:
    return Column(name, TEXT), expression


def _sum(name: str, column: str) -> tuple[Column, str]:
    return Column(name, MONEY), f"CAST(SUM({column}) AS {MONEY})"
