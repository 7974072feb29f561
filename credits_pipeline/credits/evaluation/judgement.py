"""What is true of a reading, as statements with numbers: checks show them, code acts on them.

One pure function serves both (design decision 3), so what the UI shows in red is exactly what stops
a drop.
"""

import polars as pl

from credits_pipeline.core.money import for_people, to_text
from credits_pipeline.core.statement import Statement
from credits_pipeline.core.wording import counted
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.findings import Convention, RecordClass
from credits_pipeline.credits.reading import MonthReading
from credits_pipeline.credits.reading.sums import exact_sum

#: The statement that every row could be read.
NOTHING_REJECTED = "nothing_rejected"
_DIGEST_SHOWN = 12


def statements(
    reading: MonthReading,
    decisions: Decisions,
    *,
    previous_convention: Convention | None = None,
) -> tuple[Statement, ...]:
    """Everything that should be true of one month's reading, in the order in which to read it.

    Args:
        reading: the month, as read under ``decisions``.
        decisions: the decisions in force for this version of the file.
        previous_convention: the convention under which the last verified month was read, if any.
    """
    return (
        _layout_is_known(reading),
        _nothing_rejected(reading, decisions),
        _no_duplicate_accounts(reading, decisions),
        _signs_agree(reading, decisions, previous_convention),
        _totals_match_source(reading, decisions),
        _account_ids_are_whole(reading),
        _not_all_zero(reading),
        _table_is_not_empty(reading),
        _ledger_closes(reading),
    )


def _layout_is_known(reading: MonthReading) -> Statement:
    found = reading.findings
    ignored = (
        f"; columns not used: {', '.join(found.ignored_columns)}" if found.ignored_columns else ""
    )
    name, _, digest = found.profile.partition(" ")
    profile = f", by the profile {name} ({digest[:_DIGEST_SHOWN]})" if name else ""
    return Statement(
        name="layout_is_known",
        passed=True,
        blocking=False,
        message=(
            f"Read as {found.layout} (version {found.layout_version}){profile}, {found.encoding},"
            f" fields separated by {found.delimiter!r}, decimal mark {found.decimal_mark!r}"
            f"{ignored}."
        ),
        metrics={
            "layout": found.layout,
            "layout_version": found.layout_version,
            "encoding": found.encoding,
            "delimiter": found.delimiter,
            "decimal_mark": found.decimal_mark,
            "ignored_columns": ", ".join(found.ignored_columns),
            **({"profile": found.profile} if found.profile else {}),
        },
    )


def _table_is_not_empty(reading: MonthReading) -> Statement:
    count = len(reading.rows)
    return Statement(
        name="table_is_not_empty",
        passed=count > 0,
        blocking=True,
        message=(
            f"{counted(count, 'account')}, {for_people(reading.findings.total_usd)}."
            if count
            else "No account could be read: upload the file with its rows. (To withdraw a month,"
            " decide clear_month; an empty file never does it.)"
        ),
        metrics={"accounts": count, "total_usd": to_text(reading.findings.total_usd)},
    )


def _nothing_rejected(reading: MonthReading, decisions: Decisions) -> Statement:
    count = len(reading.rejected)
    if not count:
        return Statement(
            NOTHING_REJECTED, passed=True, blocking=True, message="Every row was read."
        )
    first = reading.rejected.row(0, named=True)
    entry = reading.findings.ledger.entries[RecordClass.REJECTED]
    dollars = known_dollars(reading.rejected["usd"])
    todo = (
        "left out, as decided"
        if decisions.accept_rejected
        else "correct the file and upload it again, or decide accept_rejected to leave them out"
    )
    return Statement(
        name=NOTHING_REJECTED,
        passed=False,
        blocking=not decisions.accept_rejected,
        message=(
            f"{count} {'row' if count == 1 else 'rows'} can't be read ({dollars}); the first is"
            f" line {first['line']}, {first['text']!r}: {first['reason']}; {todo}."
        ),
        metrics={
            "rejected_rows": count,
            "rejected_usd": "" if entry.usd is None else to_text(entry.usd),
        },
    )


def known_dollars(usd: pl.Series) -> str:
    """What rows come to, of which some or all may have no amount that can be read."""
    unknown = usd.null_count()
    if unknown == len(usd):
        return "dollars unknown"
    return f"{'at least ' if unknown else ''}{for_people(exact_sum(usd))}"


def _no_duplicate_accounts(reading: MonthReading, decisions: Decisions) -> Statement:
    duplicates = reading.duplicates
    if not len(duplicates):
        return Statement(
            "no_duplicate_accounts",
            passed=True,
            blocking=decisions.duplicates == "reject",
            message="Every account has one row.",
        )
    identical = duplicates.filter("identical")
    conflicting = duplicates.filter(~pl.col("identical"))
    first = (conflicting if len(conflicting) else identical).row(0, named=True)
    asks = decisions.duplicates == "first" and reading.findings.several_rows == "ask"
    kinds = [
        f"{counted(len(rows), 'row')} {what}"
        for rows, what in (
            (identical, "repeating the first word for word"),
            (conflicting, "differing from it" if asks else "contradicting it"),
        )
        if len(rows)
    ]
    done = {
        "first": "the first row of each account is kept, later ones are left out",
        "sum": "the rows of each account are added up, as decided",
        "total": "they are added up, as the file's own total says",
        "ask": (
            "if each is a credit of its own, decide duplicates = sum; otherwise keep one row for "
            "each account"
        ),
        "reject": "the file is blocked, as decided: keep one row for each account",
    }["reject" if decisions.duplicates == "reject" else reading.findings.several_rows]
    return Statement(
        name="no_duplicate_accounts",
        passed=False,
        blocking=asks or decisions.duplicates == "reject",
        message=(
            f"{counted(reading.findings.duplicated_accounts, 'account')} with more than one row:"
            f" {' and '.join(kinds)}; such as line"
            f" {first['line']} ({for_people(first['usd'])}) after line {first['first_line']}"
            f" ({for_people(first['first_usd'])}) for account {first['account_id']}; {done}."
        ),
        metrics={
            "duplicated_accounts": reading.findings.duplicated_accounts,
            "identical_rows": len(identical),
            "identical_usd": to_text(exact_sum(identical["usd"])),
            "conflicting_rows": len(conflicting),
            "conflicting_usd": to_text(exact_sum(conflicting["usd"])),
        },
    )


def _ledger_closes(reading: MonthReading) -> Statement:
    ledger = reading.findings.ledger
    return Statement(
        name="ledger_closes",
        passed=ledger.closes,
        blocking=True,
        message=(
            f"{ledger.rows_accounted:,} of {ledger.file_rows:,} records and"
            f" {for_people(ledger.usd_accounted)} of {for_people(ledger.file_usd)} are accounted"
            f" for{'' if ledger.closes else '; this is a fault of the reader: report the file'}."
        ),
        metrics={
            "file_rows": ledger.file_rows,
            "file_usd": to_text(ledger.file_usd),
            "rows_accounted": ledger.rows_accounted,
            "usd_accounted": to_text(ledger.usd_accounted),
            **{f"{name}_rows": entry.rows for name, entry in ledger.entries.items()},
            **{
                f"{name}_usd": to_text(entry.usd)
                for name, entry in ledger.entries.items()
                if entry.usd is not None
            },
        },
    )


#: Which amounts are credits, in one word.
_CREDITS_ARE: dict[Convention, str] = {
    "positive_is_credit": "positive",
    "negative_is_credit": "negative",
}


def _signs_agree(
    reading: MonthReading, decisions: Decisions, previous: Convention | None
) -> Statement:
    signs = reading.findings.signs
    numbers: dict[str, int | float | str] = {
        "positive": signs.positive,
        "negative": signs.negative,
        "zero": signs.zero,
        "taken_as": signs.taken_as,
    }
    # All of a sheet's months are taken one way, so all of its amounts are counted.
    amounts = "amount" if signs.negative == 1 else "amounts"
    counted = f"The file has {signs.positive} positive and {signs.negative} negative {amounts}"
    if decisions.signs != "auto":
        taken = f"the {_CREDITS_ARE[signs.taken_as]} ones taken as credits"
        says = f"{counted}, {taken}, as decided ({decisions.signs})."
        return Statement("signs_agree", passed=True, blocking=True, message=says, metrics=numbers)
    if signs.mixed:
        usual = _CREDITS_ARE[signs.layout_convention]
        other = "negative" if usual == "positive" else "positive"
        says = (
            f"{counted}: some credits are taken back, or it is a mistake. If the {usual} amounts"
            f" are the credits, decide signs = as_is; if the {other} ones are, flipped."
        )
        return Statement("signs_agree", passed=False, blocking=True, message=says, metrics=numbers)
    if signs.against_layout and signs.layout_convention == "negative_is_credit":
        says = (
            f"{counted}: AWS writes credits as negative costs, so positive figures are costs;"
            f" filter"
            " the download to charge type Credit. If they are credits anyway, decide signs ="
            " flipped."
        )
        return Statement("signs_agree", passed=False, blocking=True, message=says, metrics=numbers)
    if signs.against_layout:
        differs = previous is not None and previous != signs.taken_as
        says = f"{counted}, against the layout's habit, taken as credits" + (
            "; the last verified month had the other sign: decide signs = flipped if these are"
            " credits, as_is if they take credits back."
            if differs
            else "."
        )
        return Statement(
            "signs_agree", passed=False, blocking=differs, message=says, metrics=numbers
        )
    return Statement(
        "signs_agree", passed=True, blocking=True, message=f"{counted}.", metrics=numbers
    )


def _totals_match_source(reading: MonthReading, decisions: Decisions) -> Statement:
    totals = reading.findings.control_totals
    wrong = [total for total in totals if not total.agrees]
    numbers: dict[str, int | float | str] = {
        "control_totals": len(totals),
        "disagreeing": len(wrong),
    }
    if not wrong:
        says = f"{len(totals)} control totals agree." if totals else "The file states no total."
        return Statement(
            "totals_match_source", passed=True, blocking=True, message=says, metrics=numbers
        )
    unknown = reading.rejected["usd"].null_count() if decisions.accept_rejected else 0
    first = wrong[0]
    numbers |= {"stated": to_text(first.stated), "counted": to_text(first.counted)}
    figures = (
        (for_people(first.stated), for_people(first.counted))
        if first.unit == "usd"
        else (f"{first.stated:f} rows", f"{first.counted:f}")
    )
    return Statement(
        name="totals_match_source",
        passed=False,
        blocking=not unknown,
        message=(
            f"{first.source} states {figures[0]}, but the rows that it covers come to {figures[1]}"
            + (
                f"; {unknown} rows with unknown dollars were accepted as left out."
                if unknown
                else "; rows are missing or changed: export the file again, or correct the total."
            )
        ),
        metrics=numbers,
    )


def _account_ids_are_whole(reading: MonthReading) -> Statement:
    count = len(reading.padded)
    says = "No account id had lost its leading zeros."
    if count:
        first = reading.padded.row(0, named=True)
        says = (
            f"{count} account ids were given back their leading zeros, such as {first['text']!r} on"
            f" line {first['line']}, read as {first['account_id']}."
        )
    return Statement(
        "account_ids_are_whole",
        passed=count == 0,
        blocking=False,
        message=says,
        metrics={"padded_accounts": count},
    )


def _not_all_zero(reading: MonthReading) -> Statement:
    amounts = reading.rows["amount_usd"]
    some = not len(amounts) or bool((amounts != 0).any())
    zero = reading.rows.filter(pl.col("amount_usd") == 0)
    says = "At least one amount is not zero." if some else "Every amount is zero."
    if some and len(zero):
        first = zero.row(0, named=True)
        says = (
            f"{counted(len(zero), 'account')} with no credit: the amount is zero or empty, such as"
            f" that of {first['account_id']} on line {first['line']}."
        )
    return Statement(
        "amounts_are_not_all_zero",
        passed=some,
        blocking=False,
        message=says,
        metrics={"accounts_at_zero": len(zero)},
    )
