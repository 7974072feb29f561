"""The tables of one month's file: their columns, their constraints, and what they mean.

The Dagster UI shows the pandera models as documentation.
"""

from typing import Annotated

import polars as pl

from credits_pipeline.core.columns import USD
from credits_pipeline.core.frames import pa


class CreditsTable(pa.DataFrameModel):
    """One row per AWS account that is owed credits in the month."""

    account_id: str = pa.Field(
        unique=True,
        str_matches=r"^[0-9]{12}$",
        description="AWS account (linked account), 12 digits as text: leading zeros matter.",
    )
    amount_usd: Annotated[pl.Decimal, 38, 12] = pa.Field(
        description="US dollars of credit owed, exact; a claw-back is negative.",
    )
    line: pl.Int64 = pa.Field(
        ge=1,
        description="The line of the file on which the account's (first) record begins.",
    )

    class Config:
        """Exactly these columns, in this order."""

        strict = True
        ordered = True


#: Records that could not be read. `usd` is the record's credit if that could be read.
REJECTED = pl.Schema({"line": pl.Int64(), "text": pl.String(), "reason": pl.String(), "usd": USD})

#: Records of an account after its first. `identical` repeats the first record's account and
#: amount; `kept` says that its dollars are sent (only where duplicates are summed).
DUPLICATES = pl.Schema(
    {
        "account_id": pl.String(),
        "line": pl.Int64(),
        "usd": USD,
        "first_line": pl.Int64(),
        "first_usd": USD,
        "identical": pl.Boolean(),
        "kept": pl.Boolean(),
    }
)

#: Account ids whose leading zeros were restored.
PADDED = pl.Schema({"line": pl.Int64(), "text": pl.String(), "account_id": pl.String()})
