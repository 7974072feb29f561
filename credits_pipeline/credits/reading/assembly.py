"""From a file's entries to one month's table, with everything that was found on the way."""

from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from credits_pipeline.core import wording
from credits_pipeline.core.columns import USD
from credits_pipeline.core.money import for_people
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.model.findings import Findings, Ledger, LedgerEntry, RecordClass
from credits_pipeline.credits.model.table import DUPLICATES, PADDED, REJECTED
from credits_pipeline.credits.reading.amounts import WHOLE_DIGITS
from credits_pipeline.credits.reading.controls import Controls, control_totals, from_metadata
from credits_pipeline.credits.reading.entries import ReadEntries
from credits_pipeline.credits.reading.extract import Extract, ordinal
from credits_pipeline.credits.reading.grid import Source
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.several import Counted
from credits_pipeline.credits.reading.sums import exact, exact_sum, fits

_TEXT_SHOWN = 500
_LINES_SHOWN = 10
_DUPLICATES_SHOWN = 20
#: Rows that can be numbered beside a twelve-digit id in 64 bits.
_MOST_ROWS = 2**24
_TABLE = (pl.col("id").alias("account_id"), pl.col("usd").alias("amount_usd"), pl.col("line"))


@dataclass(frozen=True)
class MonthReading:
    """One month of one file, read.

    Attributes:
        month: the billing month.
        rows: a `CreditsTable`, sorted by account.
        rejected: see `REJECTED`.
        duplicates: see `DUPLICATES`.
        padded: see `PADDED`.
        findings: everything else that was found.
    """

    month: BillingMonth
    rows: pl.DataFrame
    rejected: pl.DataFrame
    duplicates: pl.DataFrame
    padded: pl.DataFrame
    findings: Findings


def assemble(
    month: BillingMonth,
    extract: Extract,
    read: ReadEntries,
    counted: Counted,
    source: Source,
    *,
    controls: Controls,
    name: str,
) -> MonthReading:
    """Make one month's table and findings from the entries that belong to it.

    Args:
        month: the month.
        extract: what the layout made of the file; its entries are not used.
        read: its entries, read.
        counted: the same entries, with which of them count.
        source: where the records are.
        controls: what the object's metadata states about it.
        name: what to call it in messages.

    Raises:
        UnreadableFile: the sum has too many digits, or ``controls`` can't be read.
    """
    number = ordinal(month) if extract.dated else None
    entries = counted.frame
    if extract.dated and "month" in entries.columns:
        entries = entries.filter((pl.col("month") == number) | pl.col("month").is_null())
    file_usd = exact_sum(entries["usd"])
    not_credits = pl.DataFrame()
    if "excluded" in entries.columns:
        not_credits = entries.filter(pl.col("excluded").is_not_null())
        entries = entries.filter(pl.col("excluded").is_null())
    rejected, good = _rejected(entries, source, faulty=read.faulty)
    several = counted.rule.get(number, "first")
    rows, duplicates = _table(good, adds_up=extract.adds_up, first_counts=extract.first_counts)
    sent_usd = exact_sum(rows["amount_usd"])
    if max(file_usd.copy_abs(), sent_usd.copy_abs()) >= Decimal(10) ** WHOLE_DIGITS:
        raise UnreadableFile(
            f"{name}: the amounts add up to more than {WHOLE_DIGITS} digits; they can't be"
            " dollars.",
            layout=extract.layout,
        )
    padded = _padded(good)
    totals = (
        *control_totals(
            read.totals,
            # An unreadable row blocks by itself; its dollars are not missing as well.
            counted.frame.with_columns(pl.col("counts") | _unreadable(counted.frame)),
            month=number,
            rounded_to=extract.rounded_to,
        ),
        *from_metadata(
            controls,
            sent_usd=exact((sent_usd, exact_sum(rejected["usd"]))),
            rows=int(entries["counts"].sum()) + len(rejected),
            negative_is_credit=read.signs.taken_as == "negative_is_credit",
            name=name,
        ),
    )
    findings = Findings(
        layout=extract.layout,
        layout_version=extract.version,
        encoding=source.text.encoding,
        delimiter=source.delimiter,
        decimal_mark=extract.decimal_mark or read.mark,
        ledger=_ledger(
            extract,
            read,
            number,
            rejected=rejected,
            duplicates=duplicates,
            not_credits=not_credits,
            good=len(good),
            sent_usd=sent_usd,
            file_usd=file_usd,
        ),
        signs=read.signs,
        rows=len(rows),
        total_usd=sent_usd,
        duplicated_accounts=duplicates["account_id"].n_unique(),
        several_rows=several,
        padded_accounts=len(padded),
        floated_accounts=int(good["floated"].sum()) if "floated" in good.columns else 0,
        control_totals=totals,
        ignored_columns=extract.ignored_columns,
        profile=extract.profile,
    )
    reading = MonthReading(month, rows, rejected, duplicates, padded, findings)
    warnings = (
        *source.text.warnings,
        *extract.warnings,
        *_excluded(not_credits),
        *_blank(read.blank, entries),
        *_warnings(reading),
    )
    return replace(reading, findings=replace(findings, warnings=warnings))


def _rejected(
    entries: pl.DataFrame, source: Source, *, faulty: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not faulty:
        return pl.DataFrame(schema=REJECTED), entries
    bad = entries.filter(pl.col("fault").is_not_null()).sort("line", maintain_order=True)
    texts = source.records(bad["line"])
    if "text" in bad.columns:
        texts = [given or text for given, text in zip(bad["text"], texts, strict=True)]
    shown = [text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}…" for text in texts]
    rejected = pl.DataFrame(
        {"line": bad["line"], "text": shown, "reason": bad["fault"], "usd": bad["usd"]},
        schema=REJECTED,
    )
    return rejected, entries.filter(pl.col("fault").is_null())


def _unreadable(frame: pl.DataFrame) -> pl.Expr:
    """Entries that can't be read and would count if they could."""
    if "fault" not in frame.columns:
        return pl.lit(value=False)
    excluded = pl.col("excluded").is_null() if "excluded" in frame.columns else pl.lit(value=True)
    return pl.col("fault").is_not_null() & excluded


def _excluded(rows: pl.DataFrame) -> list[str]:
    """What was left out because it is not a credit, with its dollars."""
    if not len(rows):
        return []
    found = []
    for (why,), group in rows.group_by("excluded", maintain_order=True):
        usd = for_people(exact_sum(group["usd"]))
        count = "1 row is not a credit"
        if len(group) > 1:
            count = f"{len(group):,} rows are not credits"
        found.append(f"{count}, by {why} ({usd}, {_listed(group['line'])}): left out.")
    return found[:_DUPLICATES_SHOWN]


def _blank(lines: pl.Series, entries: pl.DataFrame) -> list[str]:
    """What was read as zero because it was left blank."""
    of_month = lines.filter(lines.is_in(entries["line"].implode())) if len(lines) else lines
    if not len(of_month):
        return []
    rows = "1 amount is" if len(of_month) == 1 else f"{len(of_month):,} amounts are"
    return [f"{rows} blank ({_listed(of_month)}): read as $0.00; write 0 if there is no credit."]


def _table(
    good: pl.DataFrame, *, adds_up: bool, first_counts: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per account, and the records after the first of each.

    Only an order of the records is computed, so that no column is held in memory twice.
    """
    order, again = _order(good["id"])
    nothing = pl.DataFrame(schema=DUPLICATES)
    if again is None:
        return pl.DataFrame([column.gather(order) for column in good.select(_TABLE)]), nothing
    firsts, later = good[order.filter(~again)], good[order.filter(again)]
    repeated = firsts.filter(pl.col("id").is_in(later["id"].unique().implode()))
    kept = later.filter("counts")
    if len(kept):
        summed = _summed(pl.concat([repeated, kept]))
        firsts_summed = _with_sums(firsts, summed)
    else:
        firsts_summed = firsts
    if adds_up:
        return firsts_summed.select(_TABLE), nothing
    duplicates = _duplicates(repeated, later, by_dollars=first_counts)
    return firsts_summed.select(_TABLE), duplicates


def _order(ids: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """The rows by id, those of one id in file order, and which of them follow one of the same id.

    An id and a row number fit in one integer, which sorts in little memory; so each step frees the
    one before.

    Returns:
        Row numbers, and Boolean beside each, or None if every id occurs once.
    """
    keys = ids.cast(pl.UInt64) * _MOST_ROWS
    keys += pl.int_range(len(ids), dtype=pl.UInt64, eager=True)
    keys = keys.sort()
    order = (keys % _MOST_ROWS).cast(pl.get_index_type())
    keys = (keys // _MOST_ROWS).set_sorted()
    if keys.n_unique() == len(keys):
        return order, None
    return order, keys.eq(keys.shift()).fill_null(value=False)


def _duplicates(firsts: pl.DataFrame, later: pl.DataFrame, *, by_dollars: bool) -> pl.DataFrame:
    """See `DUPLICATES`.

    A row repeats an earlier one if it is equal word for word; if the first row of an account counts
    by rule, equal dollars are enough. A padded id does not repeat a whole one: they may be two
    accounts.
    """
    first_values = ["id", pl.col("line").alias("first_line"), pl.col("usd").alias("first_usd")]
    same = pl.col("repeats")
    if by_dollars:
        same = pl.col("usd") == pl.col("first_usd")
        if "padded" in later.columns:
            first_values.append(pl.col("padded").alias("first_padded"))
            same &= pl.col("padded") == pl.col("first_padded")
    return (
        later.join(firsts.select(first_values), on="id", how="left", maintain_order="left")
        .sort("line", maintain_order=True)
        .select(
            pl.col("id").alias("account_id"),
            "line",
            "usd",
            "first_line",
            "first_usd",
            same.alias("identical"),
            pl.col("counts").alias("kept"),
        )
        .cast(DUPLICATES)
    )


def _with_sums(firsts: pl.DataFrame, summed: pl.DataFrame) -> pl.DataFrame:
    """The first records of each account, with the sum of all if it has several."""
    return firsts.join(summed, on="id", how="left", maintain_order="left").with_columns(
        usd=pl.coalesce("sum", "usd")
    )


def _summed(records: pl.DataFrame) -> pl.DataFrame:
    """The sum of every account's records: `id` and `sum`.

    Raises:
        UnreadableFile: a sum has too many digits.
    """
    if fits(records["usd"]):
        return records.group_by("id").agg(pl.col("usd").sum().cast(USD).alias("sum"))
    sums = [(id_, exact_sum(group["usd"])) for (id_,), group in records.group_by("id")]
    if any(total.copy_abs() >= Decimal(10) ** WHOLE_DIGITS for _, total in sums):
        raise UnreadableFile(
            f"The amounts of an account add up to more than {WHOLE_DIGITS} digits; they can't be"
            " dollars."
        )
    return pl.DataFrame(sums, schema={"id": pl.String, "sum": USD}, orient="row")


def _padded(good: pl.DataFrame) -> pl.DataFrame:
    if "padded" not in good.columns:
        return pl.DataFrame(schema=PADDED)
    return (
        good.filter("padded")
        .sort("line", maintain_order=True)
        .select("line", pl.col("account").alias("text"), pl.col("id").alias("account_id"))
    )


def _ledger(
    extract: Extract,
    read: ReadEntries,
    month: int | None,
    *,
    rejected: pl.DataFrame,
    duplicates: pl.DataFrame,
    not_credits: pl.DataFrame,
    good: int,
    sent_usd: Decimal,
    file_usd: Decimal,
) -> Ledger:
    left_out = duplicates.filter(~pl.col("kept"))
    identical = left_out.filter("identical")
    conflicting = left_out.filter(~pl.col("identical"))
    stated = [t for t in extract.totals if t.is_record and t.month in {None, month}]
    bad = [t for t in read.bad_totals if t.month in {None, month}]
    entries = {
        RecordClass.SENT: LedgerEntry(good - len(left_out), sent_usd),
        RecordClass.IDENTICAL_DUPLICATE: LedgerEntry(len(identical), exact_sum(identical["usd"])),
        RecordClass.CONFLICTING_DUPLICATE: LedgerEntry(
            len(conflicting), exact_sum(conflicting["usd"])
        ),
        RecordClass.REJECTED: LedgerEntry(
            len(rejected),
            exact_sum(rejected["usd"]) if rejected["usd"].null_count() < len(rejected) else None,
        ),
        RecordClass.NOT_A_CREDIT: LedgerEntry(
            len(not_credits), exact_sum(not_credits["usd"]) if len(not_credits) else None
        ),
        RecordClass.CONTROL_TOTAL: LedgerEntry(len(stated) - len(bad), None),
        RecordClass.BLANK: LedgerEntry(extract.blank, None),
    }
    months = {None, month}
    return Ledger(
        entries={name: entry for name, entry in entries.items() if entry.rows},
        file_rows=sum(count for of, count in extract.records.items() if of in months),
        file_usd=file_usd,
    )


def _warnings(reading: MonthReading) -> tuple[str, ...]:
    found = []
    findings = reading.findings
    if findings.signs.against_layout:
        written = "negative" if findings.signs.negative else "positive"
        found.append(
            f"The amounts are {written}, against the {findings.layout} layout's convention: taken"
            " as credits."
        )
    for row in reading.duplicates.head(_DUPLICATES_SHOWN).iter_rows(named=True):
        usd, first_usd = for_people(row["usd"]), for_people(row["first_usd"])
        where = f"line {row['first_line']} for account {row['account_id']}"
        if row["identical"]:
            done = "both count" if row["kept"] else "it counts once"
            found.append(f"Line {row['line']} repeats {where}, {usd}: {done}.")
        else:
            differs = "contradicts" if findings.several_rows == "first" else "differs from"
            done = {
                "first": "the first counts",
                "sum": "both count",
                "total": "both count, as the file's total says",
                "ask": "whether both count, a person has to say",
            }[findings.several_rows]
            found.append(
                f"Line {row['line']} {differs} {where}, {usd} against {first_usd}: {done}."
            )
    if len(reading.duplicates) > _DUPLICATES_SHOWN:
        found.append(f"{len(reading.duplicates) - _DUPLICATES_SHOWN} more rows repeat an account.")
    if findings.padded_accounts:
        ids = wording.counted(findings.padded_accounts, "account id")
        found.append(f"Restored the leading zeros of {ids} ({_listed(reading.padded['line'])}).")
    if findings.floated_accounts:
        found.append(
            f"{_counted(findings.floated_accounts, 'account id')} written as a decimal number"
            " (123456789012.0): format the column as text."
        )
    if len(reading.rows) and not (reading.rows["amount_usd"] != 0).any():
        found.append("Every amount is zero.")
    return tuple(found)


def _counted(count: int, what: str) -> str:
    return f"1 {what} was" if count == 1 else f"{count} {what}s were"


def _listed(lines: pl.Series) -> str:
    shown = ", ".join(str(line) for line in lines.head(_LINES_SHOWN))
    more = len(lines) - _LINES_SHOWN
    word = "line" if len(lines) == 1 else "lines"
    return f"{word} {shown}" + (f" and {more} more" if more > 0 else "")
