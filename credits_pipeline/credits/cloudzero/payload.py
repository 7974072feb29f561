"""The payload of a month: the rows that CloudZero should hold, with their digest and totals."""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import polars as pl

from credits_pipeline.core.columns import USD
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.cbf import (
    ACCOUNT,
    CLOUD_PROVIDER,
    COST,
    DESCRIPTION,
    SERVICE,
    TYPE,
    USAGE_END,
    USAGE_START,
    CbfSettings,
    usd_of,
)
from credits_pipeline.credits.cloudzero.difference import Difference, difference
from credits_pipeline.credits.cloudzero.jsontext import json_strings

#: Names the procedure of `Payload.sha256`; it must change whenever the procedure does.
_DIGEST = "credits-pipeline payload 1"
_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class Payload:
    """The rows of a month, as `cbf_rows` makes them."""

    month: BillingMonth
    rows: pl.DataFrame

    @cached_property
    def sha256(self) -> str:
        """The digest of all columns, regardless of the order of rows and columns.

        SHA-256 over lines of UTF-8 text, each ended by a line feed: the name of this procedure, the
        month, a JSON array of the column names in order, then for each row a JSON array of its
        values in the order of those names; the rows sorted by account, then by all columns.
        """
        names = sorted(self.rows.columns)
        digest = hashlib.sha256()
        opening = (_DIGEST, str(self.month), json.dumps(names, ensure_ascii=False))
        digest.update("".join(f"{line}\n" for line in opening).encode())
        if self.rows.is_empty():
            return digest.hexdigest()
        line = pl.concat_str(
            pl.lit("["),
            pl.concat_str([json_strings(pl.col(name)) for name in names], separator=","),
            pl.lit("]\n"),
        )
        alone = self.accounts == self.rows.height
        ordered = self.rows.sort(ACCOUNT if alone else [ACCOUNT, *names])
        for rows in ordered.iter_slices(_ROWS_AT_ONCE):
            text = rows.select(line.str.join("", ignore_nulls=False)).item()
            digest.update(text.encode())
        return digest.hexdigest()

    @cached_property
    def total_usd(self) -> Decimal:
        """The sum, signed as credits: a credit is positive."""
        return Decimal(0) if self.rows.is_empty() else Decimal(usd_of(self.rows).sum())

    @cached_property
    def accounts(self) -> int:
        """How many different accounts there are."""
        return 0 if self.rows.is_empty() else self.rows[ACCOUNT].n_unique()


def payload_equals_credits(
    rows: pl.DataFrame,
    credits: pl.DataFrame,
    month: BillingMonth,
    settings: CbfSettings,
) -> Difference:
    """Compare the rows of a payload with the credits that they must represent.

    The expected rows are computed here without `cbf_rows`, so that this is a check of it.

    Args:
        rows: the payload's rows.
        credits: columns ``account_id`` and ``amount_usd``.
        month: the billing month.
        settings: the texts that every row carries.
    """
    constants = {
        USAGE_START: f"{month}-01T00:00:00Z",
        USAGE_END: f"{month.end:%Y-%m-%d}T23:59:59Z",
        TYPE: "Credit",
        DESCRIPTION: settings.description,
        SERVICE: settings.service,
        **({} if settings.cloud_provider is None else {CLOUD_PROVIDER: settings.cloud_provider}),
    }
    expected = credits.select(
        pl.col("account_id").alias(ACCOUNT),
        (pl.lit(0).cast(USD) - pl.col("amount_usd").cast(USD)).cast(pl.String).alias(COST),
        **{name: pl.lit(text) for name, text in constants.items()},
    )
    found = difference(expected, rows, strict=True)
    wrong = sorted(set(expected.columns) ^ set(rows.columns))
    return Difference(found.rows, found.notes, tuple(wrong))
