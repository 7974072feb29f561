"""Columns with a meaning: how another column or cell changes an accepted file."""

import csv
import functools
import io
import sys
import zlib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import blocking
from credits_pipeline.credits.evaluation.judgement import statements
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.reading import UnreadableFile, read_month
from credits_pipeline.credits.reading.columns import names_month

JANUARY = BillingMonth(2025, 1)
IDS = ("310987654321", "420987654322", "530987654323")
AMOUNTS = (Decimal("61.50"), Decimal("10.00"), Decimal("1234.25"))
RIGHT = dict(zip(IDS, AMOUNTS, strict=True))
#: Headers whose column is always the month's credit.
CREDITS = (
    "Credits",
    "Credit Amount",
    "Credit (USD)",
    "Gutschrift",
    "Crédit",
    "Crédito",
    "クレジット額",
)
ACCOUNTS = (
    "Account ID",
    "Kontonummer",
    "ID de compte",
    "Número de cuenta",
    "Conta",
    "アカウントID",
)


def written(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def sent(data: bytes) -> dict[str, Decimal] | None:
    """What would be sent; None if the file is refused or blocked."""
    try:
        reading = read_month(data, JANUARY)
    except UnreadableFile:
        return None
    if blocking(statements(reading, Decisions())):
        return None
    return {account: usd for account, usd, _ in reading.rows.iter_rows()}


def with_column(header: str, values: list[str], at: int = 1) -> bytes:
    rows = [["Account ID", "Credits"], *([i, f"{a}"] for i, a in RIGHT.items())]
    for row, value in zip(rows, [header, *values], strict=True):
        row.insert(at, value)
    return written(rows)


#: Another column, and the accounts whose rows are still credits of January in dollars; none if
#: only a person can tell.
COLUMNS: tuple[tuple[str, tuple[str, str, str], tuple[int, ...]], ...] = (
    ("Name", ("Prod", "Dev", "Test"), (0, 1, 2)),
    ("Account Name", ("Tax", "Usage Analytics", "Refund desk"), (0, 1, 2)),
    ("Team", ("Payments", "Search", "Payments"), (0, 1, 2)),
    ("Usage Mont", ("2025-01", "2025-02", "2025-01"), ()),
    ("Used", ("yes", "no", "yes"), ()),
    ("Operation", ("grant", "revoked", "grant"), ()),
    ("Business Unit", ("Retail", "Wholesale", "Retail"), (0, 1, 2)),
    ("Account Status", ("Active", "Suspended", "Closed"), (0, 1, 2)),
    ("Account Status", ("Active", "Pending", "Closed"), ()),
    ("Service", ("Amazon EC2", "Amazon S3", "AWS Lambda"), (0, 1, 2)),
    ("Program", ("MAP", "EDP", "Activate"), (0, 1, 2)),
    ("Credit ID", ("9001", "9002", "9003"), (0, 1, 2)),
    ("Payer Account ID", ("888877776666",) * 3, (0, 1, 2)),
    ("Invoice Number", ("I-1", "I-2", "I-3"), (0, 1, 2)),
    ("Cost", ("500.00", "80.00", "3.10"), (0, 1, 2)),
    ("Currency", ("USD", "USD", "USD"), (0, 1, 2)),
    ("#", ("1", "2", "3"), (0, 1, 2)),
    ("Month", ("2025-01",) * 3, (0, 1, 2)),
    ("Billing period", ("2025-01-01 - 2025-01-31",) * 3, (0, 1, 2)),
    ("Estimated", ("false",) * 3, (0, 1, 2)),
    ("Status", ("Applied",) * 3, (0, 1, 2)),
    ("Type", ("Credit", "Credit", "Credit"), (0, 1, 2)),
    ("Dr/Cr", ("Cr", "Cr", "Cr"), (0, 1, 2)),
    ("Notes", ("new", "", "ask Ann"), (0, 1, 2)),
    ("Whatever", ("", "", ""), (0, 1, 2)),
    ("Type", ("Credit", "Usage", "Tax"), (0,)),
    ("Charge category", ("Usage", "Credit", "Refund"), (1,)),
    ("Typ", ("Gutschrift", "Steuer", "Gutschrift"), (0, 2)),
    ("Anything", ("Usage", "Credit", "Tax"), (1,)),
    ("Type", ("Credit", "Correction", "Credit"), ()),
    ("Type", ("Credit", "", "Credit"), ()),
    ("Currency", ("USD", "EUR", "USD"), ()),
    ("Anything", ("CNY", "CNY", "CNY"), ()),
    ("Unit", ("USD thousands",) * 3, ()),
    ("Dr/Cr", ("Cr", "Dr", "Cr"), ()),
    ("Anything", ("C", "D", "C"), ()),
    ("Sign", ("+", "-", "+"), ()),
    ("Status", ("Applied", "Pending", "Applied"), ()),
    ("Estimated", ("false", "true", "false"), ()),
    ("Final", ("yes", "no", "yes"), ()),
    ("Month", ("2025-01", "2025-02", "2025-01"), ()),
    ("Period End", ("2025-01-31", "2025-02-28", "2025-01-31"), ()),
    ("Statement Month", ("Feb-25",) * 3, ()),
    ("Anything", ("2025-02",) * 3, ()),
    ("Quarter", ("Q1 2025",) * 3, ()),
    ("Fiscal period", ("FY25 P01",) * 3, ()),
    ("Expiration date", ("2025-12-31",) * 3, ()),
    ("Start Date", ("2024-06-15",) * 3, ()),
    ("Discount %", ("10%", "10%", "10%"), ()),
    ("Rate", ("0.5", "0.5", "0.5"), ()),
    ("Anything", ("50%", "100%", "100%"), ()),
    ("Quantity", ("2", "1", "1"), ()),
    ("Remaining", ("4938.50", "990.00", "1.00"), ()),
    ("Balance", ("4938.50", "990.00", "1.00"), ()),
    ("YTD", ("731.50", "110.00", "1.00"), ()),
    ("Credits granted", ("5000.00", "1000.00", "1.00"), ()),
    ("EDP credits", ("25.50", "0", "0"), ()),
    ("Value", ("61.50", "10.00", "1.00"), ()),
    ("Linked", IDS[1:] + IDS[:1], ()),
    ("Description", ("MAP credit", "refund of March", "MAP credit"), ()),
    ("Notes", ("in EUR", "", ""), ()),
    ("Notes", ("", "not a credit", ""), ()),
    ("Notes", ("", "407.96", ""), ()),
    ("Service", ("Amazon EC2", "Total", "Amazon S3"), ()),
    ("Service", ("Amazon EC2", "Tax", "Amazon S3"), ()),
    ("Whatever", ("a", "b", "c"), ()),
    ("ZZZ", ("same", "same", "same"), ()),
)


@pytest.mark.parametrize(("header", "values", "credits"), COLUMNS)
@pytest.mark.parametrize("at", [1, 2])
def test_a_further_column_is_understood_or_refused(
    header: str, values: tuple[str, str, str], credits: tuple[int, ...], at: int
) -> None:
    found = sent(with_column(header, list(values), at))
    assert found == ({IDS[i]: AMOUNTS[i] for i in credits} if credits else None)


@pytest.mark.parametrize(
    ("header", "values"), [(h, v) for h, v, c in COLUMNS if not c and h in {"ZZZ", "Whatever"}]
)
def test_a_column_without_a_role_is_refused_with_its_name_and_its_values(
    header: str, values: tuple[str, str, str]
) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read_month(with_column(header, list(values)), JANUARY)
    assert repr(header) in refusal.value.reason
    for value in values:
        assert repr(value) in refusal.value.reason
    assert "credits-pipeline profile" in refusal.value.reason
    assert "call it" not in refusal.value.reason


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("credit", CREDITS)
def test_headers_are_read_in_several_languages(account: str, credit: str) -> None:
    rows = [[account, credit], *([i, f"{a}"] for i, a in RIGHT.items())]
    assert sent(written(rows)) == RIGHT


@pytest.mark.parametrize(
    "credit",
    [
        "Credit %",
        "Credit #",
        "# Credits",
        "Credit?",
        "Credit +",
        "Number of credits",
        "Anzahl Gutschriften",
        "Credits remaining",
        "Credits granted",
        "Credits ($000)",
        "Credits (k)",
        "Credits in thousands",
        "Credits (EUR)",
        "Credits (cents)",
        "Cost",
        "Usage",
        "Kosten",
        "Solde",
    ],
)
def test_what_only_sounds_like_credits_is_refused(credit: str) -> None:
    rows = [["Account ID", credit], *([i, f"{a}"] for i, a in RIGHT.items())]
    assert sent(written(rows)) is None


TITLES = (
    "Credits remaining",
    "Remaining",
    "Credits granted",
    "Net of credits",
    "Costs before credits",
    "Figures in k",
    "Credits not yet applied",
    "Next month",
    "Test data",
    "Australian dollars",
    "Amounts in CA$",
    "Canadian Dollar",
    "Bitcoin",
)


@pytest.mark.parametrize("place", ["above", "between", "below"])
@pytest.mark.parametrize("header", [["Account ID", "Credits"], None])
@pytest.mark.parametrize("title", TITLES)
def test_a_title_or_a_note_that_changes_what_amounts_mean_is_refused(
    title: str, header: list[str] | None, place: str
) -> None:
    rows = [[account, str(usd)] for account, usd in RIGHT.items()]
    rows.insert({"above": 0, "between": 2, "below": 3}[place], [title])
    if header is not None:
        rows.insert(1 if place == "above" else 0, header)
    assert sent(written(rows)) is None


@pytest.mark.parametrize(
    ("note", "right"),
    [
        ("belongs to February", False),
        ("see Feb 2025", False),
        ("applied in January 2025", True),
        ("expires December 2026", True),
        ("first line of support", True),
    ],
)
def test_a_note_that_names_another_month_is_refused(note: str, right: bool) -> None:
    assert (sent(with_column("Notes", [note, "", ""])) == RIGHT) is right
    assert sent(with_column("Notes", [note, "", ""])) in (RIGHT, None)


@pytest.mark.parametrize("value", ["pending", "Forecast", "estimated", "Budget", "not applied"])
def test_a_dimension_that_says_a_row_does_not_count_yet_is_refused(value: str) -> None:
    assert sent(with_column("Source", [value, "actual", "actual"])) is None


@pytest.mark.parametrize(
    ("header", "right"),
    [("2025-01-01", True), ("2025-01-31", True), ("2025-01-15", False), ("Jan 14, 2025", False)],
)
def test_a_column_of_one_day_is_not_a_month(header: str, right: bool) -> None:
    rows = [["Account ID", header], *([account, str(usd)] for account, usd in RIGHT.items())]
    assert sent(written(rows)) == (RIGHT if right else None)


@pytest.mark.parametrize("header", [["Account ID", "Credits"], None])
def test_a_blank_amount_is_reported_with_its_line(header: list[str] | None) -> None:
    rows = [[account, str(usd)] for account, usd in RIGHT.items()] + [["640987654324", " "]]
    reading = read_month(written(rows if header is None else [header, *rows]), JANUARY)
    line = 4 if header is None else 5
    assert any(f"1 amount is blank (line {line})" in w for w in reading.findings.warnings)


@settings(max_examples=60)
@given(
    st.sampled_from([(h, v, c) for h, v, c in COLUMNS if c]),
    st.sampled_from([(h, v, c) for h, v, c in COLUMNS]),
    st.permutations(range(4)),
)
def test_two_further_columns_are_understood_together_or_refused(
    one: tuple[str, tuple[str, ...], tuple[int, ...]],
    other: tuple[str, tuple[str, ...], tuple[int, ...]],
    order: list[int],
) -> None:
    columns = [
        ["Account ID", *IDS],
        ["Credits", *map(str, AMOUNTS)],
        [one[0], *one[1]],
        [other[0], *other[1]],
    ]
    found = sent(written([list(row) for row in zip(*(columns[i] for i in order), strict=True)]))
    if not other[2]:
        assert found is None
    elif found is not None:
        assert found == {IDS[i]: AMOUNTS[i] for i in one[2] if i in other[2]}


FIXTURES = Path(__file__).parent / "fixtures"
sys.path.insert(0, str(Path(__file__).parent))
TURNS = 10
HARMFUL = [(h, v) for h, v, c in COLUMNS if not c and h not in {"Month", "Start Date", "Linked"}]


@functools.cache
def tables() -> list[tuple[str, list[list[str]]]]:
    """The accepted fixtures with a header on the first line and one record in each row."""
    found = []
    for path in sorted(FIXTURES.glob("*/*.csv")):
        data = path.read_bytes()
        if sent(data) is None:
            continue
        reading = read_month(data, JANUARY)
        if reading.findings.layout not in {"header", "long"} or reading.findings.delimiter != ",":
            continue
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig", errors="replace"))))
        whole = len(reading.rows) == len(rows) - 1
        if len({len(row) for row in rows}) == 1 and len(rows) > 1 and whole:
            found.append((path.name, rows))
    return found


# By number and not by name: it takes seconds to find out which are accepted, and every worker
# imports this file.
@pytest.mark.parametrize("turn", range(TURNS))
def test_one_harmful_column_more_makes_a_refusal_of_every_accepted_fixture(turn: int) -> None:
    assert len(tables()) > TURNS
    for name, rows in tables()[turn::TURNS]:
        refused_with_one_harmful_column_more(name, rows)


def refused_with_one_harmful_column_more(name: str, rows: list[list[str]]) -> None:
    before = sent(written(rows))
    assert before is not None, name
    months = any(map(names_month, rows[0]))
    for header, values in HARMFUL[zlib.crc32(name.encode()) % 3 :: 3]:
        if months and header == "Expiration date":
            continue  # beside a month, this is only the credit's life
        more = [[*row, values[i % 3]] for i, row in enumerate(rows[1:])]
        after = sent(written([[*rows[0], header], *more]))
        assert after is None or (len(rows) < len(values) and after == before), (header, values)


CELLS = (
    "",
    "USD",
    "EUR",
    "Usage",
    "Credit",
    "2025-02",
    "-1.00",
    "1,234.00",
    "pending",
    "Total",
    "x",
)


@settings(max_examples=60)
@given(st.data())
def test_one_cell_changed_never_moves_dollars_to_another_account_or_month(
    data: st.DataObject,
) -> None:
    name, rows = data.draw(st.sampled_from(tables()))
    before = sent(written(rows)) or {}
    row = data.draw(st.integers(1, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    changed = [list(cells) for cells in rows]
    changed[row][column] = data.draw(st.sampled_from(CELLS))
    after = sent(written(changed))
    if after is None:
        return
    for account, usd in after.items():
        assert usd == before.get(account) or str(usd.normalize()) in {
            str(Decimal(cell.replace(",", "") or 0).normalize())
            for cell in ("0", "-1", "1", "1,234.00")
        }, (name, changed[row])
