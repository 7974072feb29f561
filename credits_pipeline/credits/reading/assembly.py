"""From a layout's entries to one month's table, with everything that was found out on the way."""

from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

import polars as pl

from credits_pipeline.billing.money import USD, for_people
from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.credits.decisions import Decisions
from credits_pipeline.credits.findings import (
    ControlTotal,
    Convention,
    Findings,
    Ledger,
    LedgerEntry,
    RecordClass,
    SignFacts,
)
from credits_pipeline.credits.reading.accounts import Accounts, read_accounts
from credits_pipeline.credits.reading.amounts import WHOLE_DIGITS, Amounts, read_amounts, spelling
from credits_pipeline.credits.reading.extract import Extract, StatedTotal
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.refusal import Refusal
from credits_pipeline.credits.table import DUPLICATES, PADDED, REJECTED

_TEXT_SHOWN = 500
_PRECISION = 60
#: Up to this amount a million rows add up inside 38 digits.
_SAFE = Decimal(10) ** 19


@dataclass(frozen=True)
class Controls:
    """What the object's metadata states about the file, as text.

    Attributes:
        total: the sum of its credits, in dollars.
        rows: how many records carry a credit.
    """

    total: str | None = None
    rows: str | None = None


@dataclass(frozen=True)
class MonthReading:
    """One month of one file, read.

    Attributes:
        month: the billing month.
        rows: a `CreditsTable`, sorted by account.
        rejected: see `REJECTED`.
        duplicates: see `DUPLICATES`.
        padded: see `PADDED`.
        findings: everything else that was found out.
    """

    month: BillingMonth
    rows: pl.DataFrame
    rejected: pl.DataFrame
    duplicates: pl.DataFrame
    padded: pl.DataFrame
    findings: Findings


@dataclass(frozen=True)
class ReadEntries:
    """A file's entries with their ids and amounts read; signs not yet taken.

    Attributes:
        frame: `line`, `account`, `month`, `id`, `written` (`USD`, signed as written), `fault`,
            `text`, and `padded`, `floated`.
        accounts: how the ids were read.
        amounts: how the amounts were read.
        signs: over the whole file.
    """

    frame: pl.DataFrame
    faulty: bool
    padded: bool
    floated: bool
    mark: str
    signs: SignFacts


def read_entries(extract: Extract, decisions: Decisions, *, name: str) -> ReadEntries:
    """Read ids and amounts, and decide what the signs of the whole file mean.

    Raises:
        Refusal: the amounts can't be told (see `read_amounts`).
    """
    entries = extract.entries
    accounts: Accounts = read_accounts(entries["account"])
    amounts: Amounts = read_amounts(entries["amount"], entries["line"], name=name)
    layout_faults = entries["fault"] if entries["fault"].null_count() < len(entries) else None
    faults = [f for f in (layout_faults, accounts.faults, amounts.faults) if f is not None]
    frame = pl.DataFrame(
        [
            entries["line"],
            accounts.ids.alias("id"),
            amounts.usd.alias("written"),
        ]
    )
    if faults:
        frame = frame.with_columns(
            pl.DataFrame([f.alias(f"f{i}") for i, f in enumerate(faults)])
            .select(pl.coalesce(pl.all()).alias("fault"))
            .to_series()
        )
    if accounts.padded is not None:
        frame = frame.with_columns(accounts.padded.alias("padded"))
    if accounts.floated is not None:
        frame = frame.with_columns(accounts.floated.alias("floated"))
    frame = frame.with_columns(entries["account"], entries["month"], entries["text"])
    return ReadEntries(
        frame=frame,
        faulty=bool(faults),
        padded=accounts.padded is not None,
        floated=accounts.floated is not None,
        mark=amounts.mark,
        signs=_signs(amounts.usd, extract.convention, decisions),
    )


def _signs(written: pl.Series, convention: Convention, decisions: Decisions) -> SignFacts:
    counts = written.to_frame("usd").select(
        positive=(pl.col("usd") > 0).sum(),
        negative=(pl.col("usd") < 0).sum(),
        zero=(pl.col("usd") == 0).sum(),
    )
    positive, negative, zero = counts.row(0)
    other: Convention = (
        "negative_is_credit" if convention == "positive_is_credit" else "positive_is_credit"
    )
    against = (
        negative > 0 and positive == 0
        if convention == "positive_is_credit"
        else positive > 0 and negative == 0
    )
    flipped = decisions.signs == "flipped" or (decisions.signs == "auto" and against)
    return SignFacts(
        positive=positive,
        negative=negative,
        zero=zero,
        layout_convention=convention,
        taken_as=other if flipped else convention,
    )


def assemble(
    month: BillingMonth,
    extract: Extract,
    read: ReadEntries,
    grid: Grid,
    *,
    decisions: Decisions,
    controls: Controls,
    name: str,
) -> MonthReading:
    """Make one month's table and findings of the entries that belong to it.

    Raises:
        Refusal: the sum does not fit, or the object's control totals can't be read.
    """
    entries = read.frame
    factor = -1 if read.signs.taken_as == "negative_is_credit" else 1
    usd = pl.col("written") if factor > 0 else (-pl.col("written")).cast(USD)
    entries = entries.with_columns(usd=usd)
    file_usd = exact_sum(entries["usd"])
    if abs(file_usd) >= Decimal(10) ** WHOLE_DIGITS:
        raise Refusal(
            f"{name}: the amounts add up to more than {WHOLE_DIGITS} digits; they can't be dollars."
        )
    rejected, good = _rejected(entries, grid, faulty=read.faulty)
    rows, duplicates = _table(good, decisions, padded=read.padded)
    padded = _padded(good, read)
    sent_usd = exact_sum(rows["amount_usd"])
    ledger = _ledger(
        rejected,
        duplicates,
        sent_rows=len(good) - duplicates.filter(~pl.col("kept")).height,
        sent_usd=sent_usd,
        extract=extract,
        file_usd=file_usd,
    )
    totals = (
        *(_stated(total, entries, read.mark, factor) for total in extract.totals),
        *_controls(controls, ledger, rows=len(entries), name=name),
    )
    findings = Findings(
        layout=extract.layout,
        layout_version=extract.version,
        encoding=grid.text.encoding,
        delimiter=grid.delimiter,
        decimal_mark=read.mark,
        ledger=ledger,
        signs=read.signs,
        rows=len(rows),
        total_usd=sent_usd,
        duplicated_accounts=duplicates["account_id"].n_unique(),
        padded_accounts=len(padded),
        control_totals=totals,
        ignored_columns=extract.ignored_columns,
    )
    reading = MonthReading(month, rows, rejected, duplicates, padded, findings)
    return replace(
        reading, findings=replace(findings, warnings=_warnings(reading, extract, read, grid))
    )


def exact_sum(usd: pl.Series) -> Decimal:
    """The sum of a `USD` column, exact even where it has more than 38 digits."""
    if usd.len() == usd.null_count():
        return Decimal(0)
    low, high = usd.min(), usd.max()
    if -_SAFE < low and high < _SAFE:  # type: ignore[operator]  # Decimal columns have Decimal ends
        return Decimal(usd.sum() or 0)
    with localcontext(prec=_PRECISION):
        return sum(usd.drop_nulls().to_list(), Decimal(0))


def _rejected(
    entries: pl.DataFrame, grid: Grid, *, faulty: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not faulty:
        return pl.DataFrame(schema=REJECTED), entries
    bad = entries.filter(pl.col("fault").is_not_null())
    ends = _record_ends(grid, bad["line"])
    texts = [
        text if text is not None else grid.source(line, end)
        for text, line, end in zip(bad["text"], bad["line"], ends, strict=True)
    ]
    shown = [text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}…" for text in texts]
    rejected = pl.DataFrame(
        {"line": bad["line"], "text": shown, "reason": bad["fault"], "usd": bad["usd"]},
        schema=REJECTED,
    )
    return rejected, entries.filter(pl.col("fault").is_null())


def _record_ends(grid: Grid, lines: pl.Series) -> list[int | None]:
    following = dict(zip(grid.lines.to_list(), [*grid.lines.to_list()[1:], None], strict=True))
    return [following[line] for line in lines]


def _table(
    good: pl.DataFrame, decisions: Decisions, *, padded: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    keyed = good.with_columns(key=pl.col("id").cast(pl.Int64)).sort("key", maintain_order=True)
    repeated = keyed.select(
        (pl.col("key") == pl.col("key").shift()).fill_null(value=False).alias("again")
    ).to_series()
    table = pl.col("id").alias("account_id"), pl.col("usd").alias("amount_usd"), pl.col("line")
    if not repeated.any():
        return keyed.select(table), pl.DataFrame(schema=DUPLICATES)
    firsts = keyed.filter(~repeated)
    same_padding = pl.col("padded") == pl.col("first_padded") if padded else pl.lit(value=True)
    later = (
        keyed.filter(repeated)
        .join(
            firsts.select(
                "key",
                first_line="line",
                first_usd="usd",
                **({"first_padded": "padded"} if padded else {}),
            ),
            on="key",
            maintain_order="left",
        )
        .with_columns(
            identical=(pl.col("usd") == pl.col("first_usd")) & same_padding,
            kept=pl.lit(decisions.duplicates == "sum"),
            account_id=pl.col("id"),
        )
        .select(list(DUPLICATES))
    )
    if decisions.duplicates == "sum":
        sums = _summed(keyed)
        firsts = firsts.drop("usd").join(sums, on="key", maintain_order="left")
    return firsts.select(table), later.cast(dict(DUPLICATES))


def _summed(keyed: pl.DataFrame) -> pl.DataFrame:
    largest = keyed.select(pl.col("usd").abs().max()).item()
    if largest < _SAFE:
        return keyed.group_by("key").agg(pl.col("usd").sum().cast(USD))
    return pl.DataFrame(
        [(key, exact_sum(group["usd"])) for (key,), group in keyed.group_by("key")],
        schema={"key": pl.Int64, "usd": USD},
        orient="row",
    )


def _padded(good: pl.DataFrame, read: ReadEntries) -> pl.DataFrame:
    if not read.padded:
        return pl.DataFrame(schema=PADDED)
    return good.filter("padded").select(
        "line", pl.col("account").alias("text"), pl.col("id").alias("account_id")
    )


def _ledger(
    rejected: pl.DataFrame,
    duplicates: pl.DataFrame,
    *,
    sent_rows: int,
    sent_usd: Decimal,
    extract: Extract,
    file_usd: Decimal,
) -> Ledger:
    left_out = duplicates.filter(~pl.col("kept"))
    identical = left_out.filter("identical")
    conflicting = left_out.filter(~pl.col("identical"))
    entries = {
        RecordClass.SENT: LedgerEntry(sent_rows, sent_usd),
        RecordClass.IDENTICAL_DUPLICATE: LedgerEntry(len(identical), exact_sum(identical["usd"])),
        RecordClass.CONFLICTING_DUPLICATE: LedgerEntry(
            len(conflicting), exact_sum(conflicting["usd"])
        ),
        RecordClass.REJECTED: LedgerEntry(
            len(rejected),
            exact_sum(rejected["usd"]) if rejected["usd"].null_count() < len(rejected) else None,
        ),
        RecordClass.CONTROL_TOTAL: LedgerEntry(len(extract.totals), None),
        RecordClass.BLANK: LedgerEntry(extract.blank, None),
    }
    return Ledger(
        entries={name: entry for name, entry in entries.items() if entry.rows},
        file_rows=extract.records,
        file_usd=file_usd,
    )


def _stated(total: StatedTotal, entries: pl.DataFrame, mark: str, factor: int) -> ControlTotal:
    stated = spelling(total.amount).under("," if mark == "," else ".")
    if stated is None:
        stated = Decimal("NaN")
    covered = entries.filter(pl.col("line").is_between(total.after, total.line, closed="none"))
    return ControlTotal(
        source=f"line {total.line} {total.label!r}",
        unit="usd",
        stated=stated * factor,
        counted=exact_sum(covered["usd"]),
    )


def _controls(
    controls: Controls, ledger: Ledger, *, rows: int, name: str
) -> tuple[ControlTotal, ...]:
    found = []
    if controls.total is not None:
        stated = spelling(controls.total).point
        if stated is None or not controls.total.strip():
            raise Refusal(
                f"{name}: the object's metadata credits-total says {controls.total!r}, which is"
                " not an amount; correct it and upload again."
            )
        found.append(ControlTotal("object metadata credits-total", "usd", stated, ledger.file_usd))
    if controls.rows is not None:
        text = controls.rows.strip()
        if not (text.isascii() and text.isdigit()):
            raise Refusal(
                f"{name}: the object's metadata credits-rows says {controls.rows!r}, which is not"
                " a number of rows; correct it and upload again."
            )
        found.append(
            ControlTotal("object metadata credits-rows", "rows", Decimal(text), Decimal(rows))
        )
    return tuple(found)


def _warnings(
    reading: MonthReading, extract: Extract, read: ReadEntries, grid: Grid
) -> tuple[str, ...]:
    found = [*grid.text.warnings, *extract.warnings]
    signs = reading.findings.signs
    if signs.against_layout:
        written = "negative" if signs.negative else "positive"
        found.append(
            f"All amounts are {written}; taken as credits, against the {extract.layout} layout's"
            " convention."
        )
    for duplicate in reading.duplicates.head(20).iter_rows(named=True):
        what = "repeats" if duplicate["identical"] else "contradicts"
        done = "added up" if duplicate["kept"] else "left out"
        found.append(
            f"Line {duplicate['line']} {what} line {duplicate['first_line']} for account"
            f" {duplicate['account_id']}: {for_people(duplicate['usd'])} {done}"
            f" ({for_people(duplicate['first_usd'])} on the first line)."
        )
    if len(reading.padded):
        found.append(
            f"{len(reading.padded)} account ids were given back their leading zeros:"
            f" {_listed(reading.padded['line'])}."
        )
    if read.floated:
        found.append("Account ids were written as decimal numbers (123456789012.0).")
    if (
        len(reading.rows)
        and reading.findings.total_usd == 0
        and not any(amount for amount in reading.rows["amount_usd"].head(1).to_list())
    ):
        if not reading.rows.filter(pl.col("amount_usd") != 0).height:
            found.append("Every amount is zero.")
    return tuple(found)


def _listed(lines: pl.Series) -> str:
    shown = ", ".join(str(line) for line in lines.head(10))
    more = len(lines) - 10
    return f"lines {shown} and {more} more" if more > 0 else f"lines {shown}"
