"""What the pipeline would make of a file, month by month, without sending anything."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Literal

import polars as pl

from credits_pipeline.core.columns import text_of
from credits_pipeline.core.money import for_people, to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import blocking
from credits_pipeline.credits.evaluation.judgement import statements
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
        notes: what else is worth knowing.
        sheet: the file, if it could be read as a table.
    """

    verdict: Literal["accept", "warn", "reject"]
    layout: str
    months: dict[str, MonthReading]
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    notes: tuple[str, ...] = ()
    sheet: Sheet | None = None

    @property
    def rejected(self) -> pl.DataFrame:
        """The rows that can't be read, of all months, each once: `line`, `text`, `reason`."""
        columns = ["line", "text", "reason"]
        parts = [reading.rejected.select(columns) for reading in self.months.values()]
        if not parts:
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        return pl.concat(parts).unique(maintain_order=True).sort("line", maintain_order=True)

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
    return FileVerdict("reject", refusal.layout or "unknown", {}, reason=refusal.reason)


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
    reasons = _reasons(readings, decisions)
    if expected is not None and len(wanted) != 1:
        reasons += _total_of_months(readings.values(), expected)
    if month is not None:
        try:
            sheet.refuse_other_months(month)
        except UnreadableFile as refusal:
            reasons.insert(0, refusal.reason)
    if not wanted:
        reasons.append("No row of the file has a month that can be read.")
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
        notes=_notes(sheet, month, name),
        sheet=sheet,
    )


def _reasons(readings: dict[BillingMonth, MonthReading], decisions: Decisions) -> list[str]:
    """What blocks, each once; with the month if there are several."""
    found: dict[str, list[str]] = {}
    for month, reading in readings.items():
        for statement in blocking(statements(reading, decisions)):
            found.setdefault(statement.message, []).append(str(month))
    return [
        says if len(months) == len(readings) else f"{', '.join(months)}: {says}"
        for says, months in found.items()
    ]


def _accepted(reading: MonthReading, decisions: Decisions) -> list[str]:
    """What a person accepted although it is not as it should be."""
    return [
        statement.message
        for statement in statements(reading, decisions)
        if statement.name == "nothing_rejected" and not statement.passed and not statement.blocking
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
    stated, counted = for_people(Decimal(expected)), for_people(total)
    return [f"The expected total is {stated}, but the months come to {counted}."]
