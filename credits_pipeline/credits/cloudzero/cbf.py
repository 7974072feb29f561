"""Credits as rows of CloudZero's Common Bill Format: a pure function, no network.

Every value is text (CloudZero contract, section 6), the amount negated and written plainly.
"""

from dataclasses import dataclass

import polars as pl

from credits_pipeline.core.columns import USD, text_of
from credits_pipeline.core.frames import pa
from credits_pipeline.core.month import BillingMonth

USAGE_START = "time/usage_start"
USAGE_END = "time/usage_end"
TYPE = "lineitem/type"
DESCRIPTION = "lineitem/description"
CLOUD_PROVIDER = "lineitem/cloud_provider"
ACCOUNT = "resource/account"
SERVICE = "resource/service"
COST = "cost/cost"

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class CbfSettings:
    """The texts that every row carries.

    Attributes:
        description: what people read beside the amount.
        service: the service that the credits are shown under.
        cloud_provider: a column newer than CloudZero's published format; None leaves it out.
    """

    description: str = "AWS promotional credit"
    service: str = "AWSCredits"
    cloud_provider: str | None = None


class CbfRows(pa.DataFrameModel):
    """One credit per account, as CloudZero's Common Bill Format has it. Every value is text."""

    usage_start: str = pa.Field(
        alias=USAGE_START,
        str_matches=r"^\d{4}-\d{2}-\d{2}T\d{2}:00:00Z$",
        description="First second of the hour that the credit counts in, UTC.",
    )
    usage_end: str = pa.Field(
        alias=USAGE_END,
        str_matches=r"^\d{4}-\d{2}-\d{2}T23:59:59Z$",
        description="Last second of the billing month, UTC. CloudZero ignores it.",
    )
    type: str = pa.Field(
        alias=TYPE, isin=["Credit"], description="What the line is: exactly Credit."
    )
    description: str = pa.Field(
        alias=DESCRIPTION, description="What people read beside the amount."
    )
    cloud_provider: str | None = pa.Field(
        alias=CLOUD_PROVIDER, description="The cloud that the account belongs to, if set."
    )
    account: str = pa.Field(
        alias=ACCOUNT,
        unique=True,
        str_length={"min_value": 1},
        description="AWS account (linked account), 12 digits as text.",
    )
    service: str = pa.Field(
        alias=SERVICE, description="The service that the credits are shown under."
    )
    cost: str = pa.Field(
        alias=COST,
        str_matches=r"^-?\d+\.\d{2,12}$",
        description="US dollars, a plain decimal: negative for a credit, positive for a claw-back.",
    )

    class Config:
        """Exactly these columns, in this order."""

        strict = True
        ordered = True


def cbf_rows(credits: pl.DataFrame, month: BillingMonth, settings: CbfSettings) -> pl.DataFrame:
    """Make the rows of a month, sorted by account.

    Args:
        credits: columns ``account_id`` (text) and ``amount_usd`` (`USD`, a credit is positive);
            others are ignored.
        month: the billing month, whose first second is the usage start of every row.
        settings: the texts that every row carries.

    Returns:
        A table of `CbfRows`, a row per row of ``credits``.
    """
    amount = pl.col("amount_usd").cast(USD)
    provider = (
        {} if settings.cloud_provider is None else {CLOUD_PROVIDER: pl.lit(settings.cloud_provider)}
    )
    return credits.sort("account_id").select(
        **{
            USAGE_START: pl.lit(month.start.strftime(_MOMENT)),
            USAGE_END: pl.lit(month.end.strftime(_MOMENT)),
            TYPE: pl.lit("Credit"),
            DESCRIPTION: pl.lit(settings.description),
            **provider,
            ACCOUNT: pl.col("account_id"),
            SERVICE: pl.lit(settings.service),
            COST: text_of(pl.when(amount == 0).then(amount).otherwise(-amount)),
        }
    )


def zero_rows(accounts: pl.Series, month: BillingMonth, settings: CbfSettings) -> pl.DataFrame:
    """Rows of zero cost: what a withdrawn month consists of (design decision 17)."""
    withdrawn = pl.DataFrame({"account_id": accounts.unique()}).with_columns(
        amount_usd=pl.lit(0).cast(USD)
    )
    return cbf_rows(withdrawn, month, settings)


def usd_of(rows: pl.DataFrame) -> pl.Series:
    """The amounts of rows, as `USD`, signed as credits: the negated cost."""
    return -rows[COST].cast(USD)
