"""Hypothesis strategies: tables in any shape and text, with what must be read from them."""

import csv
import io
from dataclasses import dataclass
from decimal import Decimal, localcontext

from hypothesis import strategies as st

MONTHS = ["2024-11", "2024-12", "2025-01", "2025-02", "2025-03"]
ACCOUNT_NAMES = ["Account ID", "Linked account id", "Account", "Account Number", "account_id"]
AMOUNT_NAMES = ["Credit Amount", "Credits", "Credit (USD)", "Amount", "amount_usd", "Total credits"]
MONTH_NAMES = ["Month", "Billing Period", "Usage Month", "Date"]
EXTRA_NAMES = ["Team", "Owner", "Account Name", "Notes"]
ENGLISH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

#: What an extra cell may contain: words, commas, quotes and line feeds, and é for encodings.
WORDS = st.text(alphabet='abc ,;\t"\n.é-()', max_size=12)
USD = st.one_of(
    st.decimals(0, 10**7, places=2),
    st.decimals(0, 10**4, places=12),
    st.decimals(10**20, 10**24, places=2),
    st.integers(10**35, 10**36).map(lambda digits: Decimal(f"{digits}E-12")),
    st.just(Decimal("0.00")),
)


@dataclass
class Style:
    """How the whole text of a file is written."""

    delimiter: str
    newline: str
    encoding: str
    mark: str
    negative: str
    quote_all: bool
    final_newline: bool
    named_delimiter: bool
    trailing: int
    blank_every: int

    @property
    def warns(self) -> bool:
        """Whether reading it must warn."""
        return bool(self.negative) or self.encoding == "utf-16-be"


def plain_style(*, quote_all: bool) -> Style:
    """As AWS writes."""
    return Style(
        delimiter=",",
        newline="\n",
        encoding="utf-8",
        mark=".",
        negative="",
        quote_all=quote_all,
        final_newline=True,
        named_delimiter=False,
        trailing=0,
        blank_every=0,
    )


@dataclass
class Written:
    """A file, and what must be read from it.

    ``months``: amount and line by account, by ``YYYY-MM`` or None where the file says no month.
    """

    data: bytes
    layout: str
    months: dict[str | None, dict[str, tuple[Decimal, int]]]
    warned: bool = False
    records: int = 0


@st.composite
def styles(draw: st.DrawFn, *, delimiters: str = ",;\t") -> Style:
    return Style(
        delimiter=draw(st.sampled_from(delimiters)),
        newline=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        encoding=draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])),
        mark=draw(st.sampled_from(".,")),
        negative=draw(st.sampled_from(["", "", "-{}", "({})", "{}-", "\u2212{}"])),
        quote_all=draw(st.booleans()),
        final_newline=draw(st.booleans()),
        named_delimiter=draw(st.booleans()),
        trailing=draw(st.integers(0, 2)),
        blank_every=draw(st.sampled_from([0, 0, 2])),
    )


def grouped(digits: str, separator: str) -> str:
    if not separator:
        return digits
    return f"{int(digits):,}".replace(",", separator)


@st.composite
def amount_cells(draw: st.DrawFn, value: Decimal, style: Style, *, plain: bool) -> str:
    """One amount in the file's style; ``plain`` has two decimals, which shows the mark."""
    if value == 0 and not plain and draw(st.booleans()):
        return draw(
            st.sampled_from(["", "$ -", "-", " $ -   ", "0", "$0", "0" + style.mark + "00"])
        )
    whole, _, fraction = format(value, "f").partition(".")
    fraction = fraction.rstrip("0")
    least = 2 if plain else draw(st.sampled_from([0, 2, 4]))
    fraction = fraction.ljust(least, "0")
    separators = [""] + ([",", "'"] if style.mark == "." else [".", " ", "\u00a0"])
    text = grouped(whole, draw(st.sampled_from(separators)))
    if fraction:
        text += style.mark + fraction
    elif len(whole) > 11 and text == whole:
        text += style.mark + "0"
    text = draw(st.sampled_from(["{}", "${}", "$ {}", "USD {}", "{} USD", "US${}"])).format(text)
    return style.negative.format(text) if style.negative and value else text


@st.composite
def id_cells(draw: st.DrawFn, account: str) -> tuple[str, bool]:
    """One account id in a possible spelling, and whether reading it must warn."""
    forms = ["{}", "{}", '="{}"', "'{}'", " {} ", "Prod ({})", "{} - Dev"]
    choice = draw(st.sampled_from([*forms, "grouped", "float", "padded"]))
    if choice == "grouped":
        separator = draw(st.sampled_from("- "))
        return separator.join((account[:4], account[4:8], account[8:])), False
    if choice == "float":
        return f"{account}.0", True
    if choice == "padded":
        short = account.lstrip("0").rjust(9, "0")
        return short, len(short) < 12
    return choice.format(account), False


@st.composite
def tables(draw: st.DrawFn, *, most: int = 8, usd: st.SearchStrategy[Decimal] = USD) -> dict:
    ids = st.one_of(
        st.integers(0, 10**12 - 1).map(lambda number: f"{number:012d}"),
        st.integers(0, 10**9).map(lambda number: f"{number:012d}"),
    )
    return draw(st.dictionaries(ids, usd, min_size=1, max_size=most))


def render(rows: list[list[str]], style: Style, *, before: int = 0) -> tuple[bytes, list[int], int]:
    """The bytes of rows, the line of each, and the number of blank records between them.

    ``before``: this many rows at the top must follow each other without blank lines.
    """
    lines, starts, blanks = [], [], 0
    line = 1
    if style.named_delimiter:
        lines.append(f"sep={style.delimiter}{style.newline}")
        line += 1
    for index, row in enumerate(rows):
        if style.blank_every and index > before and index % style.blank_every == 0:
            blank = style.delimiter * (len(row) - 1) if index % 3 else ""
            lines.append(blank + style.newline)
            line += 1
            blanks += 1
        out = io.StringIO()
        csv.writer(
            out,
            delimiter=style.delimiter,
            lineterminator="\r\n",
            quoting=csv.QUOTE_ALL if style.quote_all else csv.QUOTE_MINIMAL,
        ).writerow(row + [""] * style.trailing)
        starts.append(line)
        text = out.getvalue().removesuffix("\r\n")
        lines.append(text + style.newline)
        line += 1 + text.count("\n")
    whole = "".join(lines)
    if not style.final_newline and not whole.endswith(('"' + style.newline, style.delimiter)):
        whole = whole.removesuffix(style.newline)
    return whole.encode(style.encoding), starts, blanks


def decided(draw: st.DrawFn, values: list[Decimal], style: Style) -> list[str]:
    """Cells with amounts, at least one of which shows the decimal mark."""
    plain = draw(st.integers(0, max(0, len(values) - 1)))
    return [
        draw(amount_cells(value, style, plain=index == plain)) for index, value in enumerate(values)
    ]


@st.composite
def headerless(draw: st.DrawFn) -> Written:
    style, table = draw(styles()), draw(tables())
    ids = [draw(id_cells(account)) for account in table]
    amounts = decided(draw, list(table.values()), style)
    rows = [[cell, amount] for (cell, _), amount in zip(ids, amounts, strict=True)]
    data, lines, blanks = render(rows, style)
    return Written(
        data,
        "headerless",
        {None: {a: (usd, line) for (a, usd), line in zip(table.items(), lines, strict=True)}},
        warned=any(warned for _, warned in ids) or style.warns,
        records=len(rows) + blanks,
    )


def total_text(values: list[Decimal], style: Style) -> str:
    with localcontext(prec=60):
        total = sum(values, Decimal(0))
    text = format(total, "f").rstrip("0") if "." in format(total, "f") else f"{total}."
    whole, _, fraction = text.partition(".")
    text = whole + style.mark + fraction.ljust(2, "0")
    return style.negative.format(text) if style.negative and total else text


@st.composite
def with_header(draw: st.DrawFn, *, month_column: bool = False) -> Written:
    style = draw(styles())
    months = draw(st.lists(st.sampled_from(MONTHS), min_size=1, max_size=3, unique=True))
    if not month_column:
        months = months[:1]
    parts = [(month, draw(tables(most=5))) for month in months]
    flat = [(m, a, usd) for m, table in parts for a, usd in table.items()]
    flat = draw(st.permutations(flat))
    ids = [draw(id_cells(account)) for _, account, _ in flat]
    amounts = decided(draw, [usd for _, _, usd in flat], style)
    columns = {
        draw(st.sampled_from(ACCOUNT_NAMES)): [cell for cell, _ in ids],
        draw(st.sampled_from(AMOUNT_NAMES)): amounts,
    }
    if month_column:
        name = draw(st.sampled_from(MONTH_NAMES))
        columns[name] = [draw(month_cells(month)) for month, _, _ in flat]
    extras = draw(st.lists(st.sampled_from(EXTRA_NAMES), max_size=2, unique=True))
    columns |= {name: [draw(WORDS) for _ in flat] for name in extras}
    order = draw(st.permutations(list(columns)))
    rows = [list(order)] + [list(row) for row in zip(*(columns[n] for n in order), strict=True)]
    total = draw(st.booleans())
    if total:
        account_name, amount_name = list(columns)[:2]
        usds = [usd for _, _, usd in flat]
        row = {account_name: "Total", amount_name: total_text(usds, style)}
        rows.append([row.get(name, "") for name in order])
    data, lines, blanks = render(rows, style)
    found: dict[str | None, dict[str, tuple[Decimal, int]]] = {}
    for (month, account, usd), line in zip(flat, lines[1:], strict=False):
        found.setdefault(month if month_column else None, {})[account] = (usd, line)
    return Written(
        data,
        "long" if month_column else "header",
        found,
        warned=any(warned for _, warned in ids) or style.warns,
        records=len(rows) - 1 + blanks,
    )


@st.composite
def month_cells(draw: st.DrawFn, month: str) -> str:
    year, number = month.split("-")
    name = ENGLISH[int(number) - 1]
    return draw(
        st.sampled_from(
            [
                month,
                f"{month}-01",
                f"{month}-01 00:00:00",
                f"{year}/{number}/01",
                f"{name}-{year[2:]}",
                f"{name} {year}",
                f"{number}/{year}",
                f"{year}{number}",
                f"{int(number)}/15/{year}",
            ]
        )
    )


@st.composite
def wide(draw: st.DrawFn) -> Written:
    style, table = draw(styles()), draw(tables(most=5))
    count = draw(st.integers(1, 3))
    months = MONTHS[:count]
    values = {account: [usd, *(draw(USD) for _ in months[1:])] for account, usd in table.items()}
    ids = [draw(id_cells(account)) for account in table]
    cells = decided(draw, [usd for row in values.values() for usd in row], style)
    # A month whose cells are all blank is not a month of the sheet.
    for index in range(count):
        column = cells[index::count]
        if not any(cell.strip() for cell in column):
            cells[index] = "0"
    names = [draw(month_cells(month)) for month in months]
    names = [month if "/15/" in name else name for name, month in zip(names, months, strict=True)]
    sums = draw(st.booleans())
    rows = [[draw(st.sampled_from(ACCOUNT_NAMES)), *names, *(["Total"] if sums else [])]]
    for index, ((cell, _), row) in enumerate(zip(ids, values.values(), strict=True)):
        rows.append([cell, *cells[index * count : (index + 1) * count]])
        if sums:
            rows[-1].append(total_text(row, style))
    data, lines, blanks = render(rows, style)
    return Written(
        data,
        "wide",
        {
            month: {
                account: (row[index], line)
                for (account, row), line in zip(values.items(), lines[1:], strict=True)
            }
            for index, month in enumerate(months)
        },
        warned=any(warned for _, warned in ids) or style.warns,
        records=len(rows) - 1 + blanks,
    )


@st.composite
def cost_explorer(draw: st.DrawFn) -> Written:
    costs = st.decimals(0, 10**6, places=10)
    table = draw(tables(most=5, usd=costs))
    count = draw(st.integers(1, 3))
    months = MONTHS[:count]
    values = {a: [usd, *(draw(costs) for _ in months[1:])] for a, usd in table.items()}

    def cost(value: Decimal) -> str:
        whole, _, fraction = format(value, ".10f").partition(".")
        fraction = fraction.rstrip("0")
        # At least two decimals, so that a cost such as 1.234 is never alone.
        return ("-" if value else "") + f"{whole}.{fraction.ljust(4, '0')}"

    rows = [
        ["Linked account", *values, "Total costs ($)"],
        [
            "Linked account name",
            *(f"Prod {i} ($)" for i, _ in enumerate(values)),
            "Total costs ($)",
        ],
        [
            "Linked account total",
            *(cost(sum(row)) for row in values.values()),
            cost(sum(sum(row) for row in values.values())),
        ],
    ]
    for index, month in enumerate(months):
        blank = index > 0 and draw(st.booleans())
        rows.append(
            [
                f"{month}-01",
                *("" if blank and not row[index] else cost(row[index]) for row in values.values()),
                cost(sum(row[index] for row in values.values())),
            ]
        )
    style = plain_style(quote_all=draw(st.booleans()))
    data, lines, _ = render(rows, style)
    filled = {month: any(rows[3 + index][1:-1]) for index, month in enumerate(months)}
    return Written(
        data,
        "cost_explorer",
        {
            month: {account: (row[index], lines[3 + index]) for account, row in values.items()}
            for index, month in enumerate(months)
            if filled[month]
        },
        records=len(values),
    )


BILL = [
    "InvoiceID",
    "PayerAccountId",
    "LinkedAccountId",
    "RecordType",
    "RecordID",
    "BillingPeriodStartDate",
    "BillingPeriodEndDate",
    "InvoiceDate",
    "PayerAccountName",
    "LinkedAccountName",
    "TaxationAddress",
    "PayerPONumber",
    "ProductCode",
    "ProductName",
    "SellerOfRecord",
    "UsageType",
    "Operation",
    "RateId",
    "ItemDescription",
    "UsageStartDate",
    "UsageEndDate",
    "UsageQuantity",
    "BlendedRate",
    "CurrencyCode",
    "CostBeforeTax",
    "Credits",
    "TaxAmount",
    "TaxType",
    "TotalCost",
]


@st.composite
def aws_billing(draw: st.DrawFn) -> Written:
    credits_ = st.decimals(0, 10**5, places=6)
    table = draw(
        st.dictionaries(
            tables(most=1).map(lambda t: next(iter(t))),
            st.lists(credits_, min_size=1, max_size=3),
            min_size=1,
            max_size=4,
        )
    )

    def record(kind: str, linked: str, usd: Decimal) -> list[str]:
        cells = dict.fromkeys(BILL, "")
        cells |= {
            "InvoiceID": "" if kind == "AccountTotal" else "1001",
            "PayerAccountId": "999999999999",
            "LinkedAccountId": linked,
            "RecordType": kind,
            "BillingPeriodStartDate": "2025/01/01 00:00:00",
            "CurrencyCode": "USD",
            "ProductName": draw(WORDS),
            "CostBeforeTax": "12.50",
            "Credits": f"-{usd:.6f}" if usd else "0.0",
        }
        return list(cells.values())

    items = [(account, usd) for account, parts in table.items() for usd in parts]
    items = draw(st.permutations(items))
    rows = [list(BILL), *(record("LinkedLineItem", a, usd) for a, usd in items)]
    rows += [record("AccountTotal", a, sum(parts)) for a, parts in table.items()]
    everything = sum(usd for _, usd in items)
    rows += [record("InvoiceTotal", "", everything), record("StatementTotal", "", everything)]
    style = plain_style(quote_all=draw(st.booleans()))
    data, lines, _ = render(rows, style)
    first: dict[str, int] = {}
    for (account, _), line in zip(items, lines[1:], strict=False):
        first.setdefault(account, line)
    return Written(
        data,
        "aws_billing",
        {"2025-01": {a: (sum(parts, Decimal(0)), first[a]) for a, parts in table.items()}},
        records=len(rows) - 1,
    )


EVERY_SHAPE = st.one_of(
    headerless(),
    with_header(),
    with_header(month_column=True),
    wide(),
    cost_explorer(),
    aws_billing(),
)
