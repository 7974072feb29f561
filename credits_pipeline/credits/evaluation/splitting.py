"""Splits a sheet of several months into one credits file per month, each read back as a check."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from credits_pipeline.core.money import for_people
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import blocking
from credits_pipeline.credits.evaluation.judgement import statements
from credits_pipeline.credits.evaluation.verdict import month_of_name
from credits_pipeline.credits.evaluation.writing import NotWritableError, own_format
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.opening import open_file
from credits_pipeline.credits.reading import Limits, MonthReading, UnreadableFile, read_sheet
from credits_pipeline.credits.reading.profiles.book import Profiles


@dataclass(frozen=True)
class MonthFile:
    """A month's file, ready to be written.

    Attributes:
        month: the billing month.
        data: the file in the product's own format.
        accounts: how many it has.
        total: their credits.
        warnings: sentences about what was read.
        left_out: what it lacks of the sheet.
    """

    month: BillingMonth
    data: bytes
    accounts: int
    total: Decimal
    warnings: tuple[str, ...]
    left_out: "LeftOut"


@dataclass(frozen=True)
class LeftOut:
    """Rows with credit that a month's file lacks.

    Attributes:
        rows: those that can't be read.
        usd: their credits, as far as they are known.
        unknown: rows among them whose dollars can't be read.
    """

    rows: int
    usd: Decimal
    unknown: int

    @property
    def says(self) -> str:
        """A sentence about it, empty if nothing was left out."""
        if not self.rows:
            return ""
        dollars = for_people(self.usd)
        if self.unknown:
            dollars = f"at least {dollars}, and {self.unknown:,} with dollars unknown"
        rows = f"{self.rows:,} {'row' if self.rows == 1 else 'rows'}"
        return f"Left out: {rows} that can't be read ({dollars})."


class NotSplitError(Exception):
    """The sheet can't be split; the message says why and what to do."""


def month_files(
    data: bytes,
    *,
    name: str,
    first: BillingMonth | None,
    decisions: Decisions,
    limits: Limits,
    profiles: Profiles | None = None,
    accept_estimates: bool = False,
    sheet_name: str | None = None,
) -> list[MonthFile]:
    """The files of a sheet's months, made and read back, before anything is written.

    Args:
        data: the sheet.
        name: what it is called.
        first: the month of its first column of amounts, if the sheet does not state it.
        decisions: those to read it under.
        limits: how large it may be.
        profiles: tried before the layouts; the product's own if None.
        accept_estimates: a person wants rows that a profile calls estimates to count.
        sheet_name: the sheet to read, if a spreadsheet has several.

    Raises:
        NotSplitError: a month is not known, is blocked, or would not read back.
    """
    try:
        opened = open_file(data, name=name, sheet=sheet_name, max_bytes=limits.max_bytes)
        sheet = read_sheet(
            opened.data,
            first_month=first,
            decisions=decisions,
            limits=limits,
            name=name,
            profiles=profiles,
            accept_estimates=accept_estimates,
            delimiter=opened.delimiter,
        )
        only = month_of_name(name) if first is None and not sheet.dated else first
        months = sheet.months or ((only,) if only is not None else ())
        if not months:
            raise NotSplitError(f"{name} does not say its month: pass --first-month YYYY-MM.")
        if first is not None and months[0] != first:
            raise NotSplitError(
                f"{name} says itself that its first month is {months[0]}: leave out"
                f" --first-month {first}, or correct the file."
            )
        if len(months) == 1:
            sheet.refuse_other_months(months[0])
        readings = [sheet.month(month) for month in months]
    except UnreadableFile as refusal:
        raise NotSplitError(refusal.reason) from None
    return [_month_file(reading, decisions, opened.warnings) for reading in readings]


def _month_file(
    reading: MonthReading, decisions: Decisions, warnings: tuple[str, ...]
) -> MonthFile:
    stops = blocking(statements(reading, decisions))
    if stops:
        raise NotSplitError(f"{reading.month}: {' '.join(stop.message for stop in stops)}")
    _refuse_contradictions(reading)
    try:
        data = own_format(reading)
    except NotWritableError as error:
        raise NotSplitError(str(error)) from None
    found = reading.findings
    return MonthFile(
        reading.month,
        data,
        found.rows,
        found.total_usd,
        (*warnings, *found.warnings, *_blocked_by_signs(reading)),
        _left_out(reading.rejected["usd"]),
    )


def _blocked_by_signs(reading: MonthReading) -> Iterator[str]:
    """What will stop a month whose sheet was read with a decision that its file does not hold."""
    amounts = reading.rows["amount_usd"]
    if (amounts > 0).any() and (amounts < 0).any():
        yield (
            "The file has both signs, and the decision about them is not part of it. Once uploaded,"
            f" the month is blocked until you decide: credits-pipeline decide {reading.month}"
            " --signs as_is"
        )


def _left_out(dollars: pl.Series) -> LeftOut:
    return LeftOut(
        rows=len(dollars),
        usd=sum(dollars.drop_nulls(), Decimal(0)),
        unknown=dollars.null_count(),
    )


def _refuse_contradictions(reading: MonthReading) -> None:
    """Refuse a month in which rows were left out that the written file would no longer show.

    Raises:
        NotSplitError: an account has rows with different amounts, and only the first would count.
    """
    left_out = reading.duplicates.filter(~pl.col("identical") & ~pl.col("kept"))
    if len(left_out):
        row = left_out.row(0, named=True)
        raise NotSplitError(
            f"{reading.month}: line {row['line']} ({for_people(row['usd'])}) contradicts line"
            f" {row['first_line']} ({for_people(row['first_usd'])}) for account"
            f" {row['account_id']}, and a"
            " file made of the first row would hide it: keep one row for each account, or decide"
            " duplicates = sum."
        )
