"""One workbook, saved by LibreOffice 7.4 as `.ods` and `.xlsx`: both are read alike.

They have what openpyxl's files lack: shared strings, a style for each column, rows that repeat to
the end of the sheet, a formula with its stored value, and the calendar of old Macs.
"""

from pathlib import Path

import pytest

from credits_pipeline.credits.opening.opener import open_file
from credits_pipeline.credits.reading.refusal import UnreadableFile

FILES = Path(__file__).with_name("libreoffice")
ENDINGS = ("ods", "xlsx")
MONTHS = """\
Account ID,Account name,Billing month,Credit Amount
047210934418,Core,2025-01-01,1234.5
112480036627,Müller & Söhne 日本,2025-01-01,61.5
301146728835,zero pad,2025-01-01,0.1
047210934419,padded id,2025-01-01,1000000
555555555555,hidden row,2025-01-01,7.25
666666666666,formula,2025-01-01,1061.5
"""


def text(name: str, sheet: str | None = None) -> tuple[str, tuple[str, ...]]:
    opened = open_file((FILES / name).read_bytes(), name=name, sheet=sheet, max_bytes=10_000_000)
    return opened.data.decode().replace("\r\n", "\n"), opened.warnings


@pytest.mark.parametrize("ending", ENDINGS)
def test_ids_names_days_amounts_and_stored_values_are_as_they_were_typed(ending: str) -> None:
    assert text(f"months.{ending}", "January") == (
        MONTHS, ("Hidden rows were read like all others: 6.",),
    )  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_of_several_sheets_one_is_asked_for_by_name(ending: str) -> None:
    with pytest.raises(UnreadableFile, match=r"has 2 sheets, 'January', 'Costs'.*--sheet"):
        text(f"months.{ending}")


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("mac", "047210934418,2025-01-01,10.25"),
        ("pct", "047210934418,1025%"),
        ("eur.ods", "047210934418,10.25 EUR"),
        ("eur.xlsx", "047210934418,10.25 €"),
    ],
)
def test_calendars_currencies_and_percentages_are_what_the_sheet_shows(name: str, row: str) -> None:
    for file in [name] if "." in name else [f"{name}.{ending}" for ending in ENDINGS]:
        assert text(file)[0].splitlines()[1] == row
