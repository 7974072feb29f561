"""What the pipeline would make of a file, month by month, without sending anything."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Literal

import polars as pl

from credits_pipeline.core.columns import text_of
from credits_pipeline.core.money import for_people, to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import Statement, blocking
from credits_pipeline.core.wording import counted
from credits_pipeline.credits.evaluation.judgement import (
    NOTHING_REJECTED,
    known_dollars,
    statements,
)
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.opening import open_file
from credits_pipeline.credits.reading import (
    Controls,
    Limits,
    MonthReading,
    Sheet,
    UnreadableFile,
    read_sheet,
)
from credits_pipeline.credits.reading.profiles.book import Profiles
from credits_pipeline.credits.reading.refusal import split_command
from credits_pipeline.credits.reading.sums import exact

#: The key of a month that neither the file nor its name states.
UNKNOWN_MONTH = "unknown"
_NO_MONTH = (
    "Neither the file nor its name says the month: pass --month YYYY-MM, or name it"
    " credits-YYYY-MM.csv."
)
_ENDINGS = frozenset({".csv", ".json", ".ods", ".xlsx"})
_TO_INBOX = "The inbox takes CSV: make its file with {command}"
#: Any month: it is not shown if the file's month is not known.
_STAND_IN = BillingMonth(2000, 1)


@dataclass(frozen=True)
class FileVerdict:
    """What the pipeline would make of a file.

    Attributes:
        verdict: ``reject`` also covers what blocks until a person decides.
        layout: the layout's name, or ``unknown``.
        months: the readings, by ``YYYY-MM`` or ``unknown``.
        warnings: sentences for people.
        reason: why it is rejected; None if it is not.
        why: the same for people who are shown the rejected rows: it counts them, once.
        notes: what else is worth knowing.
        sheet: the file, if it could be read as a table.
    """

    verdict: Literal["accept", "warn", "reject"]
    layout: str
    months: dict[str, MonthReading]
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    why: str | None = None
    notes: tuple[str, ...] = ()
    sheet: Sheet | None = None

    @property
    def rejected(self) -> pl.DataFrame:
        """The rows that can't be read, of all months, each once: `line`, `text`, `reason`."""
        return _rejected(self.months.values())

    @property
    def profile(self) -> str | None:
        """Name and SHA-256 of the profile that the file was read by; None if by none."""
        found = (reading.findings.profile for reading in self.months.values())
        return next(found, "") or None

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain values, amounts as exact text."""
        return {
            "verdict": self.verdict,
            "layout": self.layout,
            "months": {
                month: {
                    "rows": reading.rows.with_columns(text_of(pl.col("amount_usd"))).to_dicts(),
                    "total_usd": to_text(reading.findings.total_usd),
                }
                for month, reading in self.months.items()
            },
            "rejected_rows": self.rejected.to_dicts(),
            "warnings": list(self.warnings),
            "reason": self.reason,
            "notes": list(self.notes),
            "ignored_columns": sorted(
                {c for r in self.months.values() for c in r.findings.ignored_columns}
            ),
            "profile": self.profile,
        }


def month_of_name(name: str) -> BillingMonth | None:
    """The month of a file that is called ``credits-YYYY-MM.csv``, or ``.xlsx`` and so on."""
    path = PurePath(name)
    if not (path.name.startswith("credits-") and path.suffix in _ENDINGS):
        return None
    try:
        return BillingMonth.parse(path.stem.removeprefix("credits-"))
    except ValueError:
        return None


def judge(
    data: bytes,
    *,
    name: str,
    month: BillingMonth | None = None,
    expected_total: str | None = None,
    decisions: Decisions,
    limits: Limits,
    profiles: Profiles | None = None,
    accept_estimates: bool = False,
    sheet_name: str | None = None,
) -> FileVerdict:
    """Read a file and say what the pipeline would make of it.

    Args:
        data: the file.
        name: its name; ``credits-YYYY-MM.csv`` states the month.
        month: the month that it is for, if it is not the one of its name.
        expected_total: the sum of its credits, in dollars.
        decisions: the decisions to read and judge it under.
        limits: how large it may be.
        profiles: tried before the layouts; the product's own if None.
        accept_estimates: a person wants rows that a profile calls estimates to count.
        sheet_name: the sheet to read, if a spreadsheet has several.
    """
    month = month or month_of_name(name)
    try:
        opened = open_file(data, name=name, sheet=sheet_name, max_bytes=limits.max_bytes)
        sheet = read_sheet(
            opened.data,
            decisions=decisions,
            limits=limits,
            name=name,
            profiles=profiles,
            accept_estimates=accept_estimates,
            delimiter=opened.delimiter,
        )
        verdict = _judged(sheet, month, expected_total, decisions, name=name)
    except UnreadableFile as refusal:
        return refused(refusal)
    if opened.made:
        sheet_option = "" if sheet_name is None else f" --sheet {shlex.quote(sheet_name)}"
        note = _TO_INBOX.format(command=f"{split_command(name)}{sheet_option}")
        verdict = replace(verdict, notes=(*verdict.notes, note))
    if not opened.warnings:
        return verdict
    return replace(
        verdict,
        verdict="reject" if verdict.verdict == "reject" else "warn",
        warnings=(*opened.warnings, *verdict.warnings),
    )


def refused(refusal: UnreadableFile) -> FileVerdict:
    """The verdict on a file that can't be read as a table."""
    return FileVerdict(
        "reject", refusal.layout or "unknown", {}, reason=refusal.reason, why=refusal.reason
    )


def _judged(
    sheet: Sheet,
    month: BillingMonth | None,
    expected: str | None,
    decisions: Decisions,
    *,
    name: str,
) -> FileVerdict:
    if sheet.dated:
        wanted = sheet.months or ((month,) if month is not None else ())
    else:
        wanted = (month or _STAND_IN,)
    controls = Controls(
        total=expected if len(wanted) == 1 else None, total_source="the expected total"
    )
    readings = {m: sheet.month(m, controls=controls) for m in wanted}
    found = _reasons(readings, decisions)
    of_all: list[str] = []
    if expected is not None and len(wanted) != 1:
        of_all += _total_of_months(readings.values(), expected)
    if month is not None:
        try:
            sheet.refuse_other_months(month)
        except UnreadableFile as refusal:
            of_all.append(refusal.reason)
    if not wanted:
        of_all.append("No row of the file has a month that can be read.")
    reasons = [*of_all, *(f"{months}{blocks.message}" for months, blocks in found)]
    warnings = tuple(
        dict.fromkeys(
            warning
            for reading in readings.values()
            for warning in (*reading.findings.warnings, *_accepted(reading, decisions))
        )
    )
    unknown = not sheet.dated and month is None
    return FileVerdict(
        verdict="reject" if reasons else "warn" if warnings else "accept",
        layout=sheet.layout,
        months={UNKNOWN_MONTH if unknown else str(m): r for m, r in readings.items()},
        warnings=warnings,
        reason=" ".join(reasons) or None,
        why=" ".join([*of_all, *_in_short(readings.values(), found)]) or None,
        notes=_notes(sheet, month, name),
        sheet=sheet,
    )


def _rejected(readings: Iterable[MonthReading]) -> pl.DataFrame:
    """The rows that can't be read, each once: a row of a sheet may be of several months."""
    columns = ["line", "text", "reason"]
    parts = [reading.rejected.select(columns) for reading in readings]
    if not parts:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return pl.concat(parts).unique(maintain_order=True).sort("line", maintain_order=True)


def _reasons(
    readings: dict[BillingMonth, MonthReading], decisions: Decisions
) -> list[tuple[str, Statement]]:
    """What blocks, each once, behind its months if it is not all of them."""
    found: dict[str, tuple[list[str], Statement]] = {}
    for month, reading in readings.items():
        for one in blocking(statements(reading, decisions)):
            found.setdefault(one.message, ([], one))[0].append(str(month))
    return [
        ("" if len(months) == len(readings) else f"{', '.join(months)}: ", one)
        for months, one in found.values()
    ]


def _in_short(
    readings: Iterable[MonthReading], found: Iterable[tuple[str, Statement]]
) -> Iterator[str]:
    """What blocks, with the rejected rows of all months counted in one sentence."""
    told = False
    for months, one in found:
        if one.name != NOTHING_REJECTED:
            yield f"{months}{one.message}"
        elif not told:
            told = True
            yield _rejected_in_short(list(readings))


def _rejected_in_short(readings: list[MonthReading]) -> str:
    count = len(_rejected(readings))
    of_months = [reading.rejected["usd"] for reading in readings if len(reading.rejected)]
    dollars = known_dollars(pl.concat(of_months))
    over = "" if len(of_months) == 1 else f" over {counted(len(of_months), 'month')}"
    return (
        f"{counted(count, 'row')} can't be read ({dollars}{over}): correct the file and upload it"
        f" again, or decide accept_rejected to leave {'it' if count == 1 else 'them'} out."
    )


def _accepted(reading: MonthReading, decisions: Decisions) -> list[str]:
    """What a person accepted although it is not as it should be."""
    return [
        statement.message
        for statement in statements(reading, decisions)
        if statement.name == NOTHING_REJECTED and not statement.passed and not statement.blocking
    ]


def _notes(sheet: Sheet, month: BillingMonth | None, name: str) -> tuple[str, ...]:
    if not sheet.dated and month is None:
        return (_NO_MONTH,)
    if len(sheet.months) > 1 and month is None:
        return (f"The inbox takes one file a month; make them with: {split_command(name)}",)
    return ()


def _total_of_months(readings: Iterable[MonthReading], expected: str) -> list[str]:
    total = exact(reading.findings.total_usd for reading in readings)
    if total == Decimal(expected):
        return []
    stated, found = for_people(Decimal(expected)), for_people(total)
    return [f"The expected total is {stated}, but the months come to {found}."]
