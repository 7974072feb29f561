import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.names import Months, UnrecognizedObject, month_of

MONTHS = Months(BillingMonth(2024, 1), BillingMonth(2026, 11))


def found(name: str, *, size: int = 10, prefix: str = "") -> object:
    return month_of(prefix + name, size, prefix=prefix, months=MONTHS)


@pytest.mark.parametrize("prefix", ["", "finops/", "finops/credits-"])
def test_a_credits_file_s_month_is_in_its_name(prefix: str) -> None:
    assert found("credits-2025-01.csv", prefix=prefix) == BillingMonth(2025, 1)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("x-credits-2025-01.csv", "name it credits-YYYY-MM.csv"),
        ("credits-2025-01.csv.bak", "name it credits-YYYY-MM.csv"),
        ("Credits-2025-01.csv", "name it credits-YYYY-MM.csv"),
        ("old/credits-2025-01.csv", "name it credits-YYYY-MM.csv"),
        ("credits-2025-01.csv\n", "name it credits-YYYY-MM.csv"),
        ("credits-2025-13.csv", "not a month of the calendar"),
        ("credits-2025-00.csv", "not a month of the calendar"),
        ("credits-2023-12.csv", "set CREDITS_START_MONTH=2023-12"),
        ("credits-2026-12.csv", "has not begun"),
        ("credits-2025-01-b.csv", "one file per month: join it with credits-2025-01.csv"),
        ("credits-2025-01 (1).csv", "one file per month: join it with credits-2025-01.csv"),
        ("../credits-2025-01.csv", "name it credits-YYYY-MM.csv"),
        (
            "credits-2025-01.xlsx",
            "credits-pipeline split credits-2025-01.xlsx --first-month 2025-01 --upload",
        ),
        (
            "Our credits.ODS",
            "credits-pipeline split 'Our credits.ODS' --first-month YYYY-MM --upload",
        ),
        ("old/credits-2025-01.xlsm", "a spreadsheet, and only CSV starts a run"),
    ],
)
def test_another_object_is_listed_with_why_it_starts_no_run(name: str, says: str) -> None:
    stray = found(name)
    assert isinstance(stray, UnrecognizedObject)
    assert says in stray.reason


def test_an_empty_file_starts_no_run_and_keeps_its_month() -> None:
    stray = found("credits-2025-01.csv", size=0)
    assert isinstance(stray, UnrecognizedObject)
    assert "0 bytes" in stray.reason
    assert stray.month == BillingMonth(2025, 1)


@pytest.mark.parametrize("name", ["", "folder/"])
def test_the_markers_of_empty_folders_are_nothing(name: str) -> None:
    assert found(name, size=0, prefix="finops/") is None
