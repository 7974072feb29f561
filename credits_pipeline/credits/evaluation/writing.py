"""Writing the product's own format, so that it reads back exactly."""

import polars as pl

from credits_pipeline.core.columns import text_of
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.reading import MonthReading, UnreadableFile, read_month


class NotWritableError(Exception):
    """A month that would not read back unchanged; the message says why and what to do."""


def own_format(reading: MonthReading) -> bytes:
    """A month's table as a file without a header: an account id and an amount in every row.

    Positive is credit. An amount with three decimals gets a fourth: ``1.234`` could also mean
    one thousand.

    Raises:
        NotWritableError: it would not read back unchanged.
    """
    amount = text_of(pl.col("amount_usd"))
    amount = (
        pl.when(amount.str.contains(r"\.[0-9]{3}$")).then(pl.concat_str(amount, pl.lit("0")))
    ).otherwise(amount)
    data = reading.rows.select("account_id", amount.alias("amount")).write_csv(
        include_header=False, quote_style="necessary"
    )
    _hold_against(reading, data.encode())
    return data.encode()


def _hold_against(reading: MonthReading, data: bytes) -> None:
    amounts = reading.rows["amount_usd"]
    negative, positive = bool((amounts < 0).any()), bool((amounts > 0).any())
    if negative and not positive:
        raise NotWritableError(
            f"{reading.month} holds claw-backs only: in a file of its own they would be read as"
            " credits. Add them to a month with credits, or decide signs = as_is for a file that"
            " you upload by hand."
        )
    try:
        again = read_month(
            data, reading.month, decisions=Decisions(signs="as_is" if negative else "auto")
        )
    except UnreadableFile as refusal:
        raise NotWritableError(f"{reading.month}: {refusal.reason}") from refusal
    columns = ["account_id", "amount_usd"]
    if not again.rows.select(columns).equals(reading.rows.select(columns)):
        raise NotWritableError(
            f"{reading.month}: the file would not read back as it is; report it as a fault."
        )
