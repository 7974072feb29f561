"""Which object is the credits file of which month, and why another is not."""

import re
import shlex
from dataclasses import dataclass

from credits_pipeline.core.month import BillingMonth

#: The beginning of every credits file's name, below the prefix.
BEGINNING = "credits-"
_CREDITS_FILE = re.compile(r"credits-(?P<month>[0-9]{4}-[0-9]{2})\.csv")
_NEARLY = re.compile(
    r"credits-(?P<month>[0-9]{4}-[0-9]{2})[^0-9].*\.csv", re.IGNORECASE | re.DOTALL
)

_SPREADSHEET = re.compile(
    r"(?:.*/)?(?:credits-(?P<month>[0-9]{4}-[0-9]{2}))?[^/]*\.(?:xlsx|xlsm|xlsb|xls|ods)",
    re.IGNORECASE | re.DOTALL,
)


def file_name(month: BillingMonth) -> str:
    """The name of a month's file, below the prefix."""
    return f"credits-{month}.csv"


@dataclass(frozen=True)
class Months:
    """The months that the pipeline has partitions for, both ends included."""

    first: BillingMonth
    last: BillingMonth


@dataclass(frozen=True)
class UnrecognizedObject:
    """An object below the prefix that starts no run, and what to do about it.

    Attributes:
        key: the object's whole key.
        reason: one sentence.
        month: the month whose file it would be, if it is named so.
    """

    key: str
    reason: str
    month: BillingMonth | None = None


def month_of(  # noqa: PLR0911 - one return for each thing an object can be
    key: str, size: int, *, prefix: str, months: Months
) -> BillingMonth | UnrecognizedObject | None:
    """Tell which month's credits file an object is.

    Args:
        key: the object's whole key.
        size: in bytes.
        prefix: the inbox's prefix; every key starts with it.
        months: those that have a partition.

    Returns:
        The month; or an `UnrecognizedObject` with the reason; or None for an empty folder's
        marker.
    """
    name = key.removeprefix(prefix)
    if name == "" or (name.endswith("/") and size == 0):
        return None
    match = _CREDITS_FILE.fullmatch(name)
    if match is None:
        nearly = _NEARLY.fullmatch(name)
        if nearly is not None:
            return UnrecognizedObject(
                key,
                f"one file per month: join it with credits-{nearly['month']}.csv into one file",
            )
        spreadsheet = _SPREADSHEET.fullmatch(name)
        if spreadsheet is not None:
            month = spreadsheet["month"]
            return UnrecognizedObject(
                key,
                "a spreadsheet, and only CSV starts a run: make its file and put it here with"
                f" credits-pipeline split {shlex.quote(name.rpartition('/')[2])}"
                f" --first-month {month or 'YYYY-MM'} --upload",
            )
        return UnrecognizedObject(
            key, "not a credits file: name it credits-YYYY-MM.csv, or move it elsewhere"
        )
    try:
        month = BillingMonth.parse(match["month"])
    except ValueError as error:
        return UnrecognizedObject(key, f"{error}: rename the file")
    if size == 0:
        return UnrecognizedObject(key, "the file is empty (0 bytes): upload it again", month)
    if month < months.first:
        return UnrecognizedObject(
            key,
            f"{month} is before the first month, {months.first}: set CREDITS_START_MONTH={month}",
        )
    if month > months.last:
        return UnrecognizedObject(
            key, f"{month} has not begun: the file starts a run when it has, or rename the file"
        )
    return month
