"""Documents: the view's figures in every form, the same bytes each time, and names as text."""

import contextlib
import csv
import io
import re
import shutil
import zipfile
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pypdf
import pytest

from credits_pipeline.finops.chargeback import documents, files, fonts, lines
from credits_pipeline.finops.chargeback.documents import DocumentError, word_of
from credits_pipeline.finops.chargeback.journal import journal_of
from credits_pipeline.finops.chargeback.layout import layout, told
from credits_pipeline.finops.chargeback.lines import Table
from credits_pipeline.finops.chargeback.shares import money
from credits_pipeline.finops.chargeback.view import View
from credits_pipeline_tests.finops.chargeback.conftest import JUNE, MAY, books
from credits_pipeline_tests.finops.pages.conftest import HOSTILE
from credits_pipeline_tests.finops.typed import Bills
from credits_pipeline_tests.text.hostile import TEXTS

#: A name in each script that the installation has a font for.
SCRIPTS = {
    "поиск": "NotoSans",
    "αναζήτηση": "NotoSans",
    "חיפוש": "NotoSansHebrew",
    "بحث": "NotoSansArabic",
    "खोज": "NotoSansDevanagari",
    "ค้นหา": "NotoSansThai",
    "որոնում": "NotoSansArmenian",
    "ძებნა": "NotoSansGeorgian",
    "অনুসন্ধান": "NotoSansBengali",
    "தேடல்": "NotoSansTamil",
    "検索チーム": "NotoSansCJKjp",
    "搜索团队": "NotoSansCJKsc",
    "搜尋團隊": "NotoSansCJKsc",
    "검색팀": "NotoSansCJKkr",
    "శోధన": "NotoSansTelugu",
    "શોધ": "NotoSansGujarati",
    "ಹುಡುಕಾಟ": "NotoSansKannada",
    "തിരയൽ": "NotoSansMalayalam",
    "ਖੋਜ": "NotoSansGurmukhi",
    "සෙවීම": "NotoSansSinhala",
    "ស្វែងរក": "NotoSansKhmer",
    "ຄົ້ນຫາ": "NotoSansLao",
    "ရှာဖွေ": "NotoSansMyanmar",
    "ፍለጋ": "NotoSansEthiopic",
    "🚀": "NotoEmoji",
    "Zoe\u0308, a\u0328\u0301": "NotoSans",
}
#: Cuneiform, for which there is no font here.
STRANGE = "\U00012000\U00012157"


@pytest.fixture(scope="module")
def view(filled_bills: Bills) -> View:
    told = books(filled_bills)
    model = told.decided.model("teams")
    return View(told.statement(MAY, model), previous=told.statement(JUNE, model))


def read(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files.as_csv(table).decode())))


def sums(rows: list[dict[str, str]], column: str, by: str) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = (row["currency"], row[by])
        found[key] = found.get(key, Decimal(0)) + Decimal(row[column])
    return found


def test_lines_summary_document_and_view_say_the_same(view: View) -> None:
    owed = {
        (section.currency, row.label): money(row.total)
        for section in view.sections
        for row in view.rows(section)
    }
    assert sums(read(lines.summary(view)), "total", "team") == owed
    by_line = sums(read(lines.lines(view)), "amount", "team")
    assert {key: amount for key, amount in owed.items() if amount} == {
        key: amount for key, amount in by_line.items() if amount
    }
    printed = list(layout(view).texts())
    for section in view.sections:
        for row in view.rows(section):
            assert told(row.total, section.currency) in printed
            part = list(layout(view.of(row.owner)).texts())
            assert not row.total or told(row.total, section.currency) in part


def test_unallocated_is_a_row_of_every_currency(view: View) -> None:
    for section in view.sections:
        assert view.rows(section)[-1].label == "Unallocated"


def test_shared_costs_are_in_the_files_with_what_each_part_follows(view: View) -> None:
    rows = read(lines.shared(view))
    assert sums(rows, "amount", "pool") == {
        ("USD", "support"): Decimal("7.77"), ("USD", "tax"): Decimal("3.00"),
    }  # fmt: skip
    assert {(row["team"], row["weight"]) for row in rows if row["pool"] == "tax"} == {
        ("search", "33.3 %"), ("shop", "66.7 %"),
    }  # fmt: skip


def test_the_steps_lead_from_owners_to_invoices(view: View) -> None:
    rows = [row for row in read(lines.adds_up(view)) if row["currency"] == "USD"]
    steps = {row["step"]: Decimal(row["amount"]) for row in rows}
    assert (
        steps["All owners"] + steps["Unallocated"] + steps["Rounding to the cent"]
        == (steps["Spend of the month"])
    )
    commitments = next(step for step in steps if step.startswith("Commitments"))
    assert steps["Spend of the month"] + steps[commitments] == steps["All invoices"]
    assert steps["Difference"] == 0


def test_debits_and_credits_of_the_journal_are_equal(view: View) -> None:
    rows = read(journal_of(view))
    for currency in ("USD", "EUR"):
        mine = [row for row in rows if row["currency"] == currency]
        debits = sum(Decimal(row["debit"] or 0) for row in mine)
        assert debits == sum(Decimal(row["credit"] or 0) for row in mine)
    (search,) = [row for row in rows if row["owner"] == "search"]
    assert (search["cost_centre"], search["gl_account"], search["date"]) == (
        "CC-7", "6400", "2026-05-31",
    )  # fmt: skip


def test_every_document_is_the_same_bytes_on_every_run(view: View) -> None:
    first = documents.archive(view)
    fonts._opened.cache_clear()
    documents._compilers.cache_clear()
    assert documents.archive(view) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {name for name in archive.namelist() if name.startswith("teams/")} == {
            f"teams/{name}.{ending}"
            for name in ("core", "search", "shop", word_of("Unallocated"))
            for ending in ("pdf", "csv")
        }
        assert archive.read("statement.pdf") == documents.pdf(view)
        assert archive.read("teams/search.pdf") == documents.pdf(view.of("search"))
        assert archive.read("statement.pdf").startswith(b"%PDF-")


def links(document: bytes) -> list[str]:
    """The targets of a PDF's links."""
    return [
        note["/A"]["/URI"]
        for page in pypdf.PdfReader(io.BytesIO(document)).pages
        for note in page.get("/Annots", ())
    ]


def test_a_document_leads_to_the_page_of_exactly_this_statement(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert links(documents.pdf(view)) == []
    monkeypatch.setenv("FINOPS_PAGES_URL", "https://spend.example.com")
    month, model = view.statement.month, view.statement.model
    whole = f"https://spend.example.com/chargeback?model={model}&month={month}"
    assert links(documents.pdf(view)) == [whole]
    for owner, word in (("search", "search"), (None, "(untagged)")):
        (found,) = links(documents.pdf(view.of(owner)))
        assert parse_qs(urlsplit(found).query)["team"] == [word]
    monkeypatch.setenv("FINOPS_PAGES_URL", "javascript:alert(1)")
    with pytest.raises(DocumentError, match="FINOPS_PAGES_URL"):
        documents.pdf(view)


def test_a_part_says_nothing_about_what_others_owe(view: View) -> None:
    part = view.of("search")
    said = " ".join(layout(part).texts()) + files.as_csv(lines.lines(part)).decode()
    assert "shop" not in said
    assert view.statement.digest in said
    assert [one.adds_up for one in part.sections] == [()]


def test_a_workbook_has_numbers_as_numbers_and_texts_as_texts(view: View) -> None:
    import openpyxl

    content = documents.xlsx(view)
    assert content == documents.xlsx(view)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["summary", "lines", "shared-costs", "adds-up"]
    heads, *rows = book["lines"].iter_rows()
    at = [cell.value for cell in heads].index("amount")
    whole = sum(Decimal(str(row[at].value)) for row in rows)
    assert whole == Decimal("62.02") + Decimal("11.00")
    assert {row[at].data_type for row in rows} == {"n"}


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_name_is_text_in_csv_and_in_a_workbook(name: str) -> None:
    import openpyxl

    text = TEXTS[name]
    table = Table("lines", ("team", "amount"), ((text, "-1.00"),), frozenset({"amount"}))
    (row,) = read_cells(files.as_csv(table))
    assert row[1] == "-1.00"
    assert row[0].lstrip()[:1] not in set("=+@|%") or row[0].startswith("'")
    sheet = openpyxl.load_workbook(io.BytesIO(files.as_xlsx([table])))["lines"]
    (_, (cell, _)) = sheet.iter_rows()
    assert cell.data_type in ("s", "n")
    assert cell.value is None or not isinstance(cell.value, int | float)


def read_cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))[1:]


def test_names_of_many_scripts_are_printed_and_markup_stays_text(view: View) -> None:
    faces = fonts.typefaces()
    faces.check(SCRIPTS)
    faces.check(["_under_ *bold* #set text(red) [x] $x$ \\u{1} <a> // --"])


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_name_is_printed_in_a_font_of_its_script(view: View, name: str) -> None:
    printed = documents.pdf(_renamed(view, name))
    found = {"NotoSans", SCRIPTS[name]}
    # Scripts share marks: a few characters of a name may come from another font.
    assert found <= _fonts_of(printed) <= found | {"NotoSansSymbols"}


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["検索チーム", "研究開発"], "Noto Sans CJK JP"),
        (["검색팀", "數據"], "Noto Sans CJK KR"),
        (["数据平台"], "Noto Sans CJK SC"),
    ],
)
def test_han_letters_are_drawn_as_the_rest_of_the_document_says(
    texts: list[str], first: str
) -> None:
    assert fonts.typefaces().families_for(texts)[:2] == ("Noto Sans", first)


def _fonts_of(printed: bytes) -> set[str]:
    """The font families that a PDF uses."""
    told = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", printed, re.DOTALL):
        with contextlib.suppress(zlib.error):
            told += zlib.decompress(stream)
    names = re.findall(rb"/FontName/[A-Z]{6}\+([A-Za-z]+)", told + printed)
    return {name.decode() for name in names}


def _renamed(view: View, name: str) -> View:
    changed: dict[str, Any] = view.statement.as_dict()
    changed["sections"][1]["lines"][0][0] = name
    return View(type(view.statement).from_dict(changed))


@pytest.mark.parametrize("name", [HOSTILE, "#set text(red) *b* $x$ [y] <a> @b", "=1+1", "@SUM(A1)"])
def test_a_hostile_name_is_printed_as_it_is_and_is_a_text_in_the_workbook(
    view: View, name: str
) -> None:
    import openpyxl

    changed: dict[str, Any] = view.statement.as_dict()
    changed["sections"][1]["lines"][0][0] = name
    strange = View(type(view.statement).from_dict(changed)).of(name)
    document = pypdf.PdfReader(io.BytesIO(documents.pdf(strange)))
    text = "".join("".join(page.extract_text().split()) for page in document.pages)
    assert "".join(name.split()) in text
    assert not [page for page in document.pages if "/Annots" in page]
    cells = [
        cell
        for sheet in openpyxl.load_workbook(io.BytesIO(documents.xlsx(strange)))
        for line in sheet.iter_rows()
        for cell in line
    ]
    assert [cell for cell in cells if cell.value == name]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]


def test_a_letter_that_no_font_has_is_found_before_printing_with_its_name() -> None:
    with pytest.raises(fonts.FontError, match=r"has 𒀀 \(U\+12000\), 𒅗 \(U\+12157\)"):
        fonts.typefaces().check(["search", STRANGE])


def test_a_statement_with_such_a_name_is_refused_whole(view: View, tmp_path: Path) -> None:
    strange = _renamed(view, STRANGE)
    for make in (documents.pdf, documents.archive, documents.check):
        with pytest.raises(DocumentError, match="FINOPS_FONTS"):
            make(strange)


def test_a_folder_of_fonts_adds_the_letters_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, more = tmp_path / "own", tmp_path / "more"
    own.mkdir(), more.mkdir()
    shutil.copy(fonts.OWN / "NotoSans-Regular.ttf", own)
    shutil.copy(fonts.OWN / "NotoSansThai-Regular.ttf", more)
    monkeypatch.setattr(fonts, "OWN", own)
    monkeypatch.setattr(fonts, "PACKAGES", ())
    with pytest.raises(fonts.FontError, match="ค้นหา"):
        fonts.typefaces().check(["ค้นหา"])
    monkeypatch.setenv("FINOPS_FONTS", str(more))
    faces = fonts.typefaces()
    faces.check(["ค้นหา"])
    assert faces.families == ("Noto Sans", "Noto Sans Thai")


def test_a_file_that_is_not_a_font_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"\0\1\0\0\0")
    with pytest.raises(fonts.FontError, match=r"broken\.ttf can't be read"):
        fonts.letters_of(tmp_path / "broken.ttf")


def test_a_name_is_a_word_of_a_file_s_name_and_two_names_are_two() -> None:
    names = [
        "search",
        "Search",
        "SEARCH",
        "../../etc/passwd",
        "検索",
        "検索2",
        "",
        "a/b",
        "a-b",
        ".",
    ]
    words = [word_of(name) for name in names]
    assert len({word.casefold() for word in words}) == len(names)
    assert all("/" not in word and ".." not in word and word for word in words)
    assert words[0] == "search"
