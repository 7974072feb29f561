"""Opening spreadsheets: the meaning of a cell is kept, and what is unclear is refused."""

import csv
import io
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.opening import Opened, open_file
from credits_pipeline.credits.opening.numbers import plain_number, shown_number
from credits_pipeline.credits.reading import UnreadableFile, read_month
from credits_pipeline_tests.credits.opening.sheets import (
    Raw,
    ods,
    ods_of,
    with_member,
    xlsx,
    zipped,
)

JANUARY = BillingMonth(2025, 1)
HEADER = ["Account ID", "Credit Amount"]
LIMIT = 100_000_000


def opened(data: bytes, sheet: str | None = None, *, limit: int = LIMIT) -> Opened:
    return open_file(data, name="credits.xlsx", sheet=sheet, max_bytes=limit)


def cells(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(opened(data).data.decode())))


def refused(data: bytes, sheet: str | None = None, *, limit: int = LIMIT) -> str:
    with pytest.raises(UnreadableFile) as error:
        opened(data, sheet, limit=limit)
    return error.value.reason


def credits(data: bytes) -> dict[str, Decimal]:
    found = opened(data)
    rows = read_month(found.data, JANUARY).rows
    return dict(zip(rows["account_id"], rows["amount_usd"], strict=True))


both = pytest.mark.parametrize("made", [xlsx, ods])


@both
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (123456789012, "123456789012"),
        (123456789012345, "123456789012345"),
        (12345678901, "12345678901"),
        ("012345678901", "012345678901"),
        (61.5, "61.5"),
        (61.500000000000007, "61.5"),
        (0.1 + 0.2, "0.3"),
        (-1234.567, "-1234.5670"),
        (1e-7, "0.0000001"),
        (-0.0, "0"),
        (123456789012.0, "123456789012"),
        (date(2025, 1, 31), "2025-01-31"),
        (datetime(2025, 1, 1), "2025-01-01"),  # noqa: DTZ001 - sheets know no zone
        (datetime(2025, 1, 31, 5, 30), "2025-01-31 05:30:00"),  # noqa: DTZ001 - as above
        (True, "TRUE"),
        ("two\nlines", "two lines"),
        ('a, "b"', 'a, "b"'),
        ("1.23457E+11", "1.23457E+11"),
    ],
)
def test_a_cell_becomes_the_text_that_means_the_same(made: Any, value: Any, text: str) -> None:
    rows = cells(made([["a", "b"], ["x", value]]))
    assert rows[1] == ["x", text]


@both
def test_row_seven_is_line_seven(made: Any) -> None:
    data = made([["Title"], [None], HEADER, ["111111111111", 1], [None], [None], ["22", 2.5]])
    lines = opened(data).data.decode().splitlines()
    assert lines[2] == ",".join(HEADER)
    assert lines[6] == "22,2.5"


@pytest.mark.parametrize(
    ("number_format", "value", "text"),
    [
        ("General", 61.5, "61.5"),
        ("0.00", 61.5, "61.5"),
        ("#,##0.00_);[Red](#,##0.00)", -61.5, "-61.5"),
        ('"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', -61.5, "-61.5"),
        ('_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)', 0, "0"),
        ("[$$-409]#,##0.00", 61.5, "61.5"),
        ("[$USD] #,##0.00", 61.5, "61.5"),
        ('#,##0.00" USD"', 61.5, "61.5"),
        ("#,##0.00\\ [$€-407]", 61.5, "61.5 €"),
        ("#,##0.00\\ €", 61.5, "61.5 €"),
        ("[$£-809]#,##0.00;-[$£-809]#,##0.00", -61.5, "-61.5 £"),
        ("[$$-1009]#,##0.00", 61.5, "61.5 CAD"),
        ("[$$-C09]#,##0.00", 61.5, "61.5 AUD"),
        ("[$CHF-807] #,##0.00", 61.5, "61.5 CHF"),
        ('#,##0.00" kr."', 61.5, "61.5 kr"),
        ('0.0," k"', 61500, "61500 k"),
        ("0.00%", 0.125, "12.5%"),
        ("000000000000", 12345678901, "012345678901"),
        ("0.00E+00", 123456789012, "123456789012"),
        ("0000-0000-0000", 12345678901, "12345678901"),
    ],
)
def test_a_number_carries_what_its_format_says(number_format: str, value: float, text: str) -> None:
    assert shown_number(value, number_format) == text

    def formatted(sheet: Any) -> None:
        sheet["B1"].number_format = number_format

    assert cells(xlsx([["a", value]], change=formatted)) == [["a", text]]


@pytest.mark.parametrize(
    "number_format", ["#,##0.00\\ [$€-407]", "[$$-1009]0.00", "0.00%", '0" kr"']
)
def test_an_amount_in_another_currency_or_a_percentage_is_never_a_credit(
    number_format: str,
) -> None:
    def formatted(sheet: Any) -> None:
        sheet["B2"].number_format = number_format

    data = xlsx([HEADER, ["111111111111", 61.5]], change=formatted)
    try:
        reading = read_month(opened(data).data, JANUARY)
    except UnreadableFile:
        return
    assert not len(reading.rows)


@pytest.mark.parametrize(
    ("attributes", "shown", "text"),
    [
        ('currency" office:currency="EUR" office:value="61.5', "61,50 €", "61.5 EUR"),
        ('currency" office:currency="USD" office:value="61.5', "$61.50", "61.5"),
        ('currency" office:value="61.5', "61,50 €", "61.5 €"),
        ('float" office:value="61.5', "61,50 €", "61.5 €"),
        ('float" office:value="61.5', "61.50 Tsd", "61.5 Tsd"),
        ('percentage" office:value="0.125', "12.50 %", "12.5%"),
        ('float" office:value="12345678901', "012345678901", "012345678901"),
        ('float" office:value="0.30000000000000004', "0.30", "0.3"),
        ("string", "a<text:s text:c='2'/>b", "a  b"),
    ],
)
def test_a_number_of_an_ods_carries_its_currency(attributes: str, shown: str, text: str) -> None:
    cell = (
        f'<table:table-cell office:value-type="{attributes}"><text:p>{shown}</text:p>'
        "</table:table-cell>"
    )
    assert cells(ods([["x", Raw(cell)]])) == [["x", text]]


def test_ids_keep_their_zeros_and_fifteen_digits_are_whole() -> None:
    def formatted(sheet: Any) -> None:
        sheet["A3"].number_format = "000000000000"

    data = xlsx(
        [HEADER, [123456789012, 1.5], [12345678901, 2.5], ["001234567890", 3.5]], change=formatted
    )
    assert credits(data) == {
        "123456789012": Decimal("1.5"),
        "012345678901": Decimal("2.5"),
        "001234567890": Decimal("3.5"),
    }


def test_a_formula_counts_by_its_stored_value_and_is_refused_without_one() -> None:
    data = xlsx([HEADER, ["111111111111", "=1+1"]])
    assert "sheet 'Credits', cell B2: a formula without a stored value" in refused(data)
    part = "xl/worksheets/sheet1.xml"
    stored = with_member(data, part, lambda xml: xml.replace("<v />", "<v>61.5</v>", 1))
    stored = with_member(stored, part, lambda xml: xml.replace("<v/>", "<v>61.5</v>", 1))
    assert credits(stored) == {"111111111111": Decimal("61.5")}


def test_a_formula_that_gives_an_empty_text_has_a_stored_value() -> None:
    data = xlsx([[*HEADER, "Note"], ["111111111111", 5, '=IF(1,"","")']])
    part = "xl/worksheets/sheet1.xml"
    stored = with_member(data, part, lambda xml: xml.replace('<c r="C2">', '<c r="C2" t="str">'))
    assert cells(stored)[1] == ["111111111111", "5"]


@pytest.mark.parametrize("value", ['office:value-type="float" office:value="61.5"', ""])
def test_a_formula_of_an_ods_counts_by_its_stored_value(value: str) -> None:
    cell = Raw(f'<table:table-cell table:formula="of:=1+1" {value}/>')
    data = ods([HEADER, ["111111111111", cell]])
    if value:
        assert credits(data) == {"111111111111": Decimal("61.5")}
    else:
        assert "cell B2: a formula without a stored value" in refused(data)


def test_hidden_rows_columns_and_cells_are_reported() -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True
        sheet["B2"].number_format = ";;;"

    rows = [[*HEADER, "Note"], ["111111111111", 1, "a"], ["222222222222", 2, "b"]]
    assert opened(xlsx(rows, change=hide)).warnings == (
        "Hidden rows were read like all others: 3.",
        "Hidden columns were read like all others: C (Note).",
        "Hidden cells were read like all others: B2.",
    )


def test_hidden_rows_and_columns_of_an_ods_are_reported() -> None:
    table = (
        '<table:table table:name="A"><table:table-column/>'
        '<table:table-column table:visibility="collapse"/>'
        '<table:table-row table:visibility="filter"><table:table-cell office:value-type="string">'
        '<text:p>x</text:p></table:table-cell><table:table-cell office:value-type="float"'
        ' office:value="2"/></table:table-row></table:table>'
    )
    assert opened(ods_of(table)).warnings == (
        "Hidden rows were read like all others: 1.",
        "Hidden columns were read like all others: B (2).",
    )


def test_several_sheets_need_a_name_and_hidden_ones_are_reported() -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.append(["111111111111", 1.5])
    book.active.title = "January"
    other = book.create_sheet("Costs")
    other.append(["x", 1])
    book.create_sheet("Empty")
    stream = io.BytesIO()
    book.save(stream)
    said = refused(stream.getvalue())
    assert "2 sheets, 'January', 'Costs'" in said
    assert "--sheet 'January'" in said
    assert b"111111111111,1.5" in opened(stream.getvalue(), "January").data
    assert "has no sheet 'Januar'" in refused(stream.getvalue(), "Januar")
    assert "'Empty' is empty" in refused(stream.getvalue(), "Empty")
    other.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    assert opened(stream.getvalue()).warnings == ("Hidden sheets were not read: 'Costs'.",)


def test_a_hidden_sheet_of_an_ods_is_reported() -> None:
    styles = (
        '<style:style style:name="ta1" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
    )
    row = (
        '<table:table-row><table:table-cell office:value-type="string"><text:p>a</text:p>'
        "</table:table-cell></table:table-row>"
    )
    data = ods_of(
        f'<table:table table:name="A">{row}</table:table>'
        f'<table:table table:name="B" table:style-name="ta1">{row}</table:table>',
        styles=styles,
    )
    assert opened(data).warnings == ("Hidden sheets were not read: 'B'.",)


def test_a_number_in_cells_merged_over_rows_is_refused_and_a_title_is_not() -> None:
    def merge(sheet: Any) -> None:
        sheet.merge_cells("A2:A3")

    rows = [HEADER, ["111111111111", 1], [None, 2]]
    assert "A2:A3 are merged" in refused(xlsx(rows, change=merge))

    def merge_title(sheet: Any) -> None:
        sheet.merge_cells("A1:B2")

    assert opened(xlsx([["Credits"], [None], HEADER], change=merge_title)).warnings == ()


def test_repeated_rows_and_columns_of_an_ods_are_all_there_and_the_blank_end_is_not() -> None:
    table = (
        '<table:table table:name="A"><table:table-row table:number-rows-repeated="2">'
        '<table:table-cell office:value-type="float" office:value="5"'
        ' table:number-columns-repeated="3"/><table:table-cell'
        ' table:number-columns-repeated="16381"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048574"><table:table-cell'
        ' table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    assert opened(ods_of(table)).data == b"5,5,5\n5,5,5\n"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel workbook (xls)"),
        (
            b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"),
            "protected with a password",
        ),
        (b"PK\x03\x04 and then nothing", "damaged zip archive"),
        (zipped({"a.txt": "x"}), "zip archive, not a spreadsheet"),
        (zipped({"Index/Document.iwa": "x"}), "Apple Numbers"),
        (zipped({"xl/workbook.bin": "x"}), "binary Excel workbook (xlsb)"),
        (
            with_member(xlsx([HEADER]), "xl/vbaProject.bin", lambda _: "x"),
            "holds macros",
        ),
        (
            with_member(
                xlsx([HEADER]),
                "[Content_Types].xml",
                lambda xml: xml.replace("spreadsheetml.sheet.main", "ms-excel.macroEnabled.main"),
            ),
            "holds macros",
        ),
        (ods_of("", more="Basic/Standard/script.xml"), "holds macros"),
        (ods_of("", manifest="<manifest:encryption-data/>"), "protected with a password"),
        (with_member(xlsx([HEADER]), "xl/workbook.xml", lambda xml: xml[:50]), "can't be read"),
        (
            with_member(xlsx([HEADER]), "xl/worksheets/sheet1.xml", lambda xml: xml[:90]),
            "can't be read",
        ),
        (with_member(ods([HEADER]), "content.xml", lambda xml: xml[:90]), "can't be read"),
        (
            with_member(
                ods([HEADER]),
                "content.xml",
                lambda xml: f'<!DOCTYPE x [<!ENTITY a "aaaa">]>{xml}',
            ),
            "can't be read",
        ),
        (xlsx([]), "no sheet with anything in it"),
        (ods_of('<table:table table:name="A"/>'), "no sheet with anything in it"),
    ],
)
def test_what_is_not_a_readable_spreadsheet_is_refused_with_its_cause(
    data: bytes, says: str
) -> None:
    assert says in refused(data)


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    bomb = zipped({"[Content_Types].xml": "spreadsheetml.sheet.main", "x": b" " * 50_000_000})
    assert len(bomb) < 100_000
    assert "unpacks to 50,0" in refused(bomb, limit=10_000_000)


def test_a_sheet_that_repeats_a_cell_without_end_is_refused() -> None:
    table = (
        '<table:table table:name="A"><table:table-row table:number-rows-repeated="1048576">'
        '<table:table-cell office:value-type="float" office:value="5"'
        ' table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    assert "more cells than a sheet of credits" in refused(ods_of(table))


def test_a_sheet_is_asked_of_spreadsheets_only() -> None:
    assert "is not a spreadsheet" in refused(b"a,b\n1,2\n", "January")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_number_is_the_shortest_that_fifteen_digits_show(value: float) -> None:
    text = plain_number(value)
    assert "e" not in text.casefold()
    assert float(f"{float(text):.15g}") == float(f"{value:.15g}")
    digits = text.lstrip("-").replace(".", "").strip("0")
    assert len(digits) <= 15


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_a_decimal_that_was_typed_comes_back_to_the_digit(usd: Decimal) -> None:
    assert Decimal(plain_number(float(usd))) == usd


ACCOUNTS = st.lists(st.integers(10**9, 10**12 - 1), min_size=1, max_size=6, unique=True)
USD = st.decimals(min_value=Decimal("0.01"), max_value=10**8, places=2)


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[int, bool, Decimal]]:
    """Accounts, whether each is typed as a number, and dollars."""
    return [(account, draw(st.booleans()), draw(USD)) for account in draw(ACCOUNTS)]


@settings(max_examples=40)
@given(rows=tables())
def test_xlsx_ods_and_csv_give_the_same_credits(rows: list[tuple[int, bool, Decimal]]) -> None:
    expected = {f"{account:012}": usd for account, _, usd in rows}
    typed = [
        HEADER,
        *([account if number else f"{account:012}", float(usd)] for account, number, usd in rows),
    ]
    text = "".join(f"{account:012},{usd}\n" for account, _, usd in rows)
    by_csv = read_month(f"{','.join(HEADER)}\n{text}".encode(), JANUARY).rows
    assert dict(zip(by_csv["account_id"], by_csv["amount_usd"], strict=True)) == expected
    assert credits(xlsx(typed)) == expected
    assert credits(ods(typed)) == expected


@settings(max_examples=40)
@given(
    days=st.lists(
        st.dates(date(2024, 11, 1), date(2025, 3, 31)), min_size=1, max_size=5, unique=True
    )
)
def test_dates_stay_the_days_that_they_are(days: list[date]) -> None:
    rows = [["Day"], *([day] for day in days)]
    expected = [["Day", ""], *([day.isoformat(), ""] for day in days)]
    assert cells(xlsx(rows)) == cells(ods(rows)) == expected


def test_the_calendar_of_old_macs_is_understood() -> None:
    book = openpyxl.Workbook()
    book.epoch = datetime(1904, 1, 1)  # noqa: DTZ001 - sheets know no zone
    book.active.append(["x", date(2025, 1, 31)])
    stream = io.BytesIO()
    book.save(stream)
    assert cells(stream.getvalue()) == [["x", "2025-01-31"]]
    with zipfile.ZipFile(io.BytesIO(stream.getvalue())) as archive:
        serial = (date(2025, 1, 31) - date(1904, 1, 1)) // timedelta(days=1)
        assert str(serial).encode() in archive.read("xl/worksheets/sheet1.xml")
