"""A sheet of several months as one credits file a month, each read back before it counts."""

from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.billing.money import for_people
from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.credits.decisions import Decisions
from credits_pipeline.credits.judgement import blocking, statements
from credits_pipeline.credits.reading import Limits, MonthReading, Refusal, read_sheet
from credits_pipeline.credits.writing import NotWritableError, own_format


@dataclass(frozen=True)
class MonthFile:
    """A month's file, ready to be put somewhere.

    Attributes:
        month: the billing month.
        data: the file in the product's own format.
        accounts: how many it has.
        total: their credits.
        warnings: sentences about what was read.
        left_out: what of the sheet is not in it.
    """

    month: BillingMonth
    data: bytes
    accounts: int
    total: Decimal
    warnings: tuple[str, ...]
    left_out: "LeftOut"


@dataclass(frozen=True)
class LeftOut:
    """Rows with credit that a month's file does not have.

    Attributes:
        rejected: rows that can't be read.
        contradicting: further rows of an account that say another amount.
        usd: their credits, as far as they are known.
        unknown: rows among them whose dollars can't be read.
    """

    rejected: int
    contradicting: int
    usd: Decimal
    unknown: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.rejected + self.contradicting

    @property
    def says(self) -> str:
        """A sentence of it, empty where nothing was left out."""
        if not self.rows:
            return ""
        what = [
            f"{count:,} {'row' if count == 1 else 'rows'} {how}"
            for count, how in (
                (self.rejected, "that can't be read"),
                (self.contradicting, "of accounts that have another one"),
            )
            if count
        ]
        dollars = for_people(self.usd)
        if self.unknown:
            dollars = f"at least {dollars}, and {self.unknown:,} with dollars unknown"
        return f"Left out: {' and '.join(what)} ({dollars})."


class NotSplitError(Exception):
    """The sheet can't be split; the message says why and what to do."""


def month_files(
    data: bytes,
    *,
    name: str,
    first: BillingMonth | None,
    decisions: Decisions,
    limits: Limits,
) -> list[MonthFile]:
    """The files of a sheet's months, made and read back, before anything is written.

    Args:
        data: the sheet.
        name: what it is called.
        first: the month of its first column of amounts, where it does not say that itself.
        decisions: those to read it under.
        limits: how large it may be.

    Raises:
        NotSplitError: a month can't be told, is blocked, or would not read back.
    """
    try:
        sheet = read_sheet(data, first_month=first, decisions=decisions, limits=limits, name=name)
        months = sheet.months or ((first,) if first is not None else ())
        if not months:
            raise NotSplitError(f"{name} does not say its month: pass --first-month YYYY-MM.")
        if first is not None and months[0] != first:
            raise NotSplitError(
                f"{name} says itself that its first month is {months[0]}: leave out"
                f" --first-month {first}, or correct the file."
            )
        readings = [sheet.month(month) for month in months]
    except Refusal as refusal:
        raise NotSplitError(refusal.reason) from None
    return [_month_file(reading, decisions) for reading in readings]


def _month_file(reading: MonthReading, decisions: Decisions) -> MonthFile:
    stops = blocking(statements(reading, decisions))
    if stops:
        raise NotSplitError(f"{reading.month}: {' '.join(stop.says for stop in stops)}")
    try:
        data = own_format(reading)
    except NotWritableError as error:
        raise NotSplitError(str(error)) from None
    found = reading.findings
    left_out = _left_out(reading, decisions)
    return MonthFile(
        reading.month, data, found.rows, found.total_usd, tuple(found.warnings), left_out
    )


def _left_out(reading: MonthReading, decisions: Decisions) -> LeftOut:
    rejected, further = reading.rejected, reading.duplicates
    # Added up, a further row is left out of nothing; word for word the same, it says nothing more.
    summed = decisions.duplicates == "sum"
    apart = further.clear() if summed else further.filter(~further["identical"])
    known = [*rejected["usd"].drop_nulls(), *apart["usd"].drop_nulls()]
    return LeftOut(
        rejected=rejected.height,
        contradicting=apart.height,
        usd=sum(known, Decimal(0)),
        unknown=rejected["usd"].null_count() + apart["usd"].null_count(),
    )
