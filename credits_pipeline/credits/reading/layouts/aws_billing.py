"""AWS's legacy monthly billing CSV (``…-aws-billing-csv-2025-01.csv``) and its allocation twin.

An account's credits are spread over its line items and are added up. ``AccountTotal``,
``InvoiceTotal`` and ``StatementTotal`` records repeat the same dollars: they are compared, not
counted. AWS writes credits as negative amounts.
"""

from decimal import Decimal

import polars as pl

from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading import headers
from credits_pipeline.credits.reading.amounts import read_amounts
from credits_pipeline.credits.reading.characters import is_blank, plain, stripped, words
from credits_pipeline.credits.reading.extract import (
    ENTRIES,
    Extract,
    Scope,
    StatedTotal,
    ordinal,
)
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.header_row import Header, find_header, header_below
from credits_pipeline.credits.reading.layouts.context import BY_HEADER, Context
from credits_pipeline.credits.reading.layouts.rows import (
    blank_rows,
    first_fault,
    malformed_faults,
    with_faults,
)
from credits_pipeline.credits.reading.layouts.sheets import shifted_faults
from credits_pipeline.credits.reading.lines import understood
from credits_pipeline.credits.reading.meaning import Table, roles_of, understand
from credits_pipeline.credits.reading.months import month_text, order_of
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.sums import exact, exact_sum

NAME = "aws_billing"
VERSION = 2
CONVENTION: Convention = "negative_is_credit"
_LINKED, _PAYER = "linkedlineitem", "payerlineitem"
_TOTALS = frozenset({"accounttotal", "invoicetotal", "statementtotal"})
_ESTIMATE = "estimateddisclaimer"
_KNOWN = words(
    """
    invoiceid payeraccountid linkedaccountid recordtype recordid billingperiodstartdate
    billingperiodenddate invoicedate payeraccountname linkedaccountname taxationaddress
    payerponumber productcode productname sellerofrecord usagetype operation availabilityzone rateid
    itemdescription usagestartdate usageenddate usagequantity blendedrate currencycode costbeforetax
    credits taxamount taxtype totalcost
    """
)


def recognise(head: Grid) -> int:
    """Whether the header is the bill's."""
    header = find_header(head)
    if header is None:
        return 0
    keys = {headers.key(cell) for cell in header.cells}
    return 2 * BY_HEADER if {"recordtype", "credits", "payeraccountid"} <= keys else 0


def extract(grid: Grid, context: Context) -> Extract:
    """Every line item is a record; totals are compared.

    Raises:
        UnreadableFile: another currency, or payer line items that may or may not repeat the linked
            accounts' credits.
    """
    header, below = header_below(grid)
    _understand(header, below, context)
    frame = _frame(header, below)
    frame = frame.with_columns(
        read_amounts(frame["amount"].fill_null(""), frame["line"], name=context.name).usd.alias(
            "usd"
        )
    )
    _refuse_zero_credits(header, below, frame, context)
    doubted = first_fault(malformed_faults(below), shifted_faults(header, below, []))
    kinds = _kinds(frame, repeats=_payer_repeats(frame, context), doubted=doubted)
    months, month_faults = _months(frame)
    frame = frame.with_columns(kinds.alias("kind"), months.alias("month"))
    if doubted is not None:
        frame = with_faults(frame, doubted)
    faults = first_fault(doubted, _unknown_types(frame), month_faults)
    if faults is not None:
        frame = frame.with_columns(faults.alias("fault"))
    accounts = _numbered(frame["account"])
    invoices = _numbered(frame["invoice"])
    frame = frame.with_columns(accounts.alias("column"), invoices.alias("batch"))
    dated = "billingperiodstartdate" in {headers.key(cell) for cell in header.cells}
    estimate = bool((frame["type"] == _ESTIMATE).any())
    counted = frame.select(
        pl.when(pl.col("kind") == "blank").then(None).otherwise("month").alias("month")
    )
    return Extract(
        layout=NAME,
        version=VERSION,
        convention=CONVENTION,
        entries=frame.filter(pl.col("kind") == "entry").select(
            name for name in ENTRIES if name in frame.columns
        ),
        records=dict(counted["month"].value_counts().iter_rows()),
        blank=int((frame["kind"] == "blank").sum()),
        totals=_totals(frame),
        dated=dated,
        adds_up=True,
        ignored_columns=tuple(
            plain(cell)
            for cell in header.cells
            if plain(cell) and headers.key(cell) not in _KNOWN and not cell.startswith("user:")
        ),
        warnings=(
            *(
                ("AWS calls this bill an estimate: its amounts can still change.",)
                if estimate
                else ()
            ),
        ),
    )


def _refuse_zero_credits(header: Header, grid: Grid, frame: pl.DataFrame, context: Context) -> None:
    """Refuse a bill whose credits are booked as lines of negative cost.

    Raises:
        UnreadableFile: no line item has a value under Credits, and one has a negative cost.
    """
    items = frame["type"].is_in([_LINKED, _PAYER])
    if frame.filter(items & (frame["usd"] != 0).fill_null(value=True)).height:
        return
    for index, cell in enumerate(header.cells[: grid.width]):
        if headers.key(cell) not in {"costbeforetax", "totalcost"}:
            continue
        negative = items & _is_negative(grid.columns[index])
        if negative.any():
            line = grid.lines.filter(negative)[0]
            raise UnreadableFile(
                f"{context.name}, line {line}: every amount under Credits is zero, and"
                f" {plain(cell)} is"
                " negative here: the credit is booked as a negative cost. Make a file of the"
                " credits"
                " with Cost Explorer, charge type Credit.",
                layout=NAME,
            )


def _is_negative(cells: pl.Series) -> pl.Series:
    """Boolean by row: the cell begins with a minus."""
    return (
        cells.to_frame("cell")
        .select(stripped(pl.col("cell")).str.contains(r"^[-(\u2212]"))
        .to_series()
    )


def _understand(header: Header, grid: Grid, context: Context) -> None:
    """Check the meaning of the columns that AWS did not make, and of the currency column.

    Raises:
        UnreadableFile: one is not understood.
    """
    own = tuple(line for line in header.above if not line.text.startswith("Don't see your tags"))
    understood(own, name=context.name, layout=NAME)
    table = Table(header, grid, None, amount="Credits", name=context.name, layout=NAME)
    asked = [
        i
        for i, cell in enumerate(header.cells[: grid.width])
        if headers.key(cell) not in _KNOWN - {"currencycode"} and not _is_tag(cell)
    ]
    roles = roles_of(table, [i for i in asked if plain(header.cells[i])])
    understand(table, roles, dated=True)


def _is_tag(header: str) -> bool:
    return plain(header).startswith(("user:", "aws:"))


def _frame(header: Header, grid: Grid) -> pl.DataFrame:
    """The used columns under short names, text cleaned where it is compared."""
    where = {headers.key(cell): i for i, cell in reversed(list(enumerate(header.cells)))}

    def cells(key: str) -> pl.Series:
        index = where.get(key, grid.width)
        if index >= grid.width:
            return pl.repeat("", grid.height, eager=True, dtype=pl.String)
        return grid.columns[index].to_frame("cell").select(stripped(pl.col("cell"))).to_series()

    linked, payer = cells("linkedaccountid"), cells("payeraccountid")
    amount = grid.columns[where["credits"]]
    return pl.DataFrame(
        [
            grid.lines.alias("line"),
            cells("recordtype").str.to_lowercase().alias("type"),
            linked.alias("linked"),
            pl.select(pl.when(linked == "").then(payer).otherwise(linked))
            .to_series()
            .alias("account"),
            cells("invoiceid").alias("invoice"),
            cells("billingperiodstartdate").alias("period"),
            cells("billingperiodenddate").alias("period_end"),
            amount.alias("amount"),
            blank_rows(grid).alias("blank"),
        ]
    )


def _payer_repeats(frame: pl.DataFrame, context: Context) -> bool:
    """Whether payer line items repeat what the linked accounts' line items have.

    In some consolidated bills they are the payer's own charges, in others its view of all; the
    statement's total shows which.

    Raises:
        UnreadableFile: both have credits and the totals do not decide.
    """
    linked = frame.filter(pl.col("type") == _LINKED)["usd"]
    payer = frame.filter((pl.col("type") == _PAYER) & (pl.col("linked") == ""))["usd"]
    if not (linked != 0).any() or not (payer != 0).any():
        return False
    own, both = exact_sum(linked), exact((exact_sum(linked), exact_sum(payer)))
    for kind in ("statementtotal", "invoicetotal"):
        stated = frame.filter(pl.col("type") == kind)["usd"]
        if len(stated):
            total = exact_sum(stated)
            allowed = Decimal("0.005") * len(stated)
            if abs(total - both) <= allowed:
                return False
            if abs(total - own) <= allowed and abs(exact_sum(payer) - own) <= allowed:
                return True
    raise UnreadableFile(
        f"{context.name}: credits stand both on linked accounts' and on the payer's line items, and"
        " no StatementTotal tells whether they are the same dollars; download the bill again with"
        " its totals.",
        layout=NAME,
    )


def _kinds(frame: pl.DataFrame, *, repeats: bool, doubted: pl.Series | None) -> pl.Series:
    """What each record is: ``entry``, ``total`` or ``blank``."""
    nothing = is_blank(pl.col("amount"))
    unknown = ~pl.col("type").is_in([_LINKED, _PAYER, *_TOTALS])
    repeated = (
        (pl.col("type") == _PAYER) & (pl.col("linked") == "") if repeats else pl.lit(value=False)
    )
    return frame.select(
        pl.when("blank")
        .then(pl.lit("blank"))
        .when(pl.lit(value=False) if doubted is None else doubted.is_not_null())
        .then(pl.lit("entry"))
        .when(unknown & (nothing | (pl.col("usd") == 0).fill_null(value=False)))
        .then(pl.lit("blank"))
        .when(pl.col("type").is_in(list(_TOTALS)) | repeated)
        .then(pl.lit("total"))
        .otherwise(pl.lit("entry"))
        .alias("kind")
    ).to_series()


def _unknown_types(frame: pl.DataFrame) -> pl.Series | None:
    unknown = ~frame["type"].is_in([_LINKED, _PAYER, *_TOTALS])
    if not unknown.any():
        return None
    return (
        frame.with_columns(unknown=unknown)
        .select(
            pl.when("unknown")
            .then(pl.format("the record type '{}' is not known", "type"))
            .otherwise(None)
            .alias("fault")
        )
        .to_series()
    )


def _months(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series | None]:
    """The month of every record, by the start of its billing period.

    If ``2/1/2025`` is ambiguous, the ends of the periods, such as ``2/28``, decide.
    """
    texts = {cell: month_text(cell) for cell in frame["period"].unique().to_list()}
    ends = (month_text(cell) for cell in frame["period_end"].unique().to_list())
    known = [text for text in (*texts.values(), *ends) if text is not None]
    order = order_of(known)
    numbers = {}
    for cell, text in texts.items():
        month = None if text is None or order is None else text.under(order)
        numbers[cell] = None if month is None else ordinal(month)
    months = frame["period"].replace_strict(
        list(numbers), list(numbers.values()), default=None, return_dtype=pl.Int32
    )
    if (frame["period"] == "").all() or not months.null_count():
        return months, None
    why = "is not a month" if order is not None else "is ambiguous: day or month first is unclear"
    faults = (
        frame.with_columns(month=months)
        .select(
            pl.when(pl.col("month").is_null())
            .then(pl.format(f"the billing period '{{}}' {why}", "period"))
            .otherwise(None)
            .alias("fault")
        )
        .to_series()
    )
    return months, faults


def _numbered(cells: pl.Series) -> pl.Series:
    """A number for each different cell."""
    return cells.rank("dense").cast(pl.Int32)


def _totals(frame: pl.DataFrame) -> tuple[StatedTotal, ...]:
    rows = frame.filter(pl.col("kind") == "total")
    invoices = frame.filter(pl.col("type") == "invoicetotal")["invoice"]
    by_invoice = (
        set(frame.filter(pl.col("kind") == "entry")["invoice"]) <= set(invoices)
        and len(invoices) == invoices.n_unique()
    )
    found = []
    for row in rows.iter_rows(named=True):
        kind = row["type"]
        scope: Scope = "all"
        if kind == "accounttotal":
            scope = "column"
        elif kind == "invoicetotal":
            scope = "batch" if by_invoice else "none"
        elif kind == _PAYER:
            scope = "none"
        found.append(
            StatedTotal(
                line=row["line"],
                label=_LABELS.get(kind, kind),
                amount=row["amount"] or "",
                scope=scope,
                month=row["month"],
                column=row["column"] if scope == "column" else row["batch"],
                parts=max(1, len(invoices)),
            )
        )
    return tuple(found)


_LABELS = {
    "accounttotal": "AccountTotal",
    "invoicetotal": "InvoiceTotal",
    "statementtotal": "StatementTotal",
    _PAYER: "PayerLineItem",
}
