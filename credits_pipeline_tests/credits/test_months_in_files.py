"""Months as people write them, and texts that are none."""

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.reading import read_sheet
from credits_pipeline.credits.reading.headers import distinct_months, month_in
from credits_pipeline.credits.reading.lines import Line, understood
from credits_pipeline.credits.reading.months import month_text, order_of
from credits_pipeline.credits.reading.refusal import UnreadableFile

JANUARY, FEBRUARY = BillingMonth(2025, 1), BillingMonth(2025, 2)


@pytest.mark.parametrize(
    "text",
    [
        "2025-01",
        "2025-1",
        "2025/01",
        "2025.01",
        "202501",
        "20250131",
        "2025-01-31",
        "2025/01/01 00:00:00",
        "2025-01-01T00:00:00Z",
        "2025-01-01T00:00:00.000Z",
        "01/2025",
        "1-2025",
        "1/1/2025",
        "1/31/2025",
        "31/01/2025",
        "31.01.2025",
        "Jan-25",
        "Jan 25",
        "Jan '25",
        "jan 2025",
        "January, 2025",
        "January 2025",
        "2025 January",
        "2025-Jan",
        "January 31, 2025",
        "31 Jan 2025",
        "31-Jan-25",
        "Januar 2025",
        "Jänner 2025",
        "janv. 2025",
        "janvier 2025",
        "enero 2025",
        "gen 2025",
        "janeiro 2025",
        "2025年1月",
        "2025-01-01 - 2025-01-31",
        "2025-01-01/2025-01-31",
        "Jan 1, 2025 - Jan 31, 2025",
        " 2025-01 ",
        "'2025-01",
        '="2025-01"',
    ],
)
def test_january_2025_is_recognised(text: str) -> None:
    found = month_text(text)
    assert found is not None
    assert {found.month_first, found.day_first} - {None} == {JANUARY}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025",
        "2025-13",
        "2025-00",
        "2025-01-00",
        "2025-02-30",
        "13/2025",
        "13/13/2025",
        "January",
        "25-Jan",
        "Jan",
        "Q1 2025",
        "2025-01-31T19:00:00-05:00",
        "2025-01-01 - 2025-02-28",
        "45658",
        "1234567890",
        "2025-01 2025-02",
        "Maybe 2025",
    ],
)
def test_what_is_not_a_month_does_not_count_as_one(text: str) -> None:
    assert month_text(text) is None


def test_a_date_that_can_be_two_months_is_left_open() -> None:
    found = month_text("2/1/2025")
    assert found is not None
    assert (found.month_first, found.day_first) == (FEBRUARY, JANUARY)
    assert not found.certain
    assert order_of([found]) is None


@pytest.mark.parametrize(
    ("other", "order"), [("2/28/2025", "month_first"), ("28/2/2025", "day_first")]
)
def test_another_date_of_the_file_decides(other: str, order: str) -> None:
    texts = [text for text in map(month_text, ["2/1/2025", other]) if text is not None]
    assert order_of(texts) == order


def test_headers_are_different_months_under_one_reading_only() -> None:
    texts = [text for text in map(month_text, ["1/1/2025", "2/1/2025"]) if text is not None]
    assert distinct_months(texts) == [JANUARY, FEBRUARY]
    texts = [text for text in map(month_text, ["1/1/2025", "1/2/2025"]) if text is not None]
    assert distinct_months(texts) == [JANUARY, FEBRUARY]
    texts = [text for text in map(month_text, ["3/4/2025", "5/6/2025"]) if text is not None]
    assert distinct_months(texts) is None
    texts = [text for text in map(month_text, ["2025-01", "Jan-25"]) if text is not None]
    assert distinct_months(texts) is None


@pytest.mark.parametrize(
    "header", ["Credits 2025-01", "Jan 2025 Credits (USD)", "Total credits for January 2025"]
)
def test_a_header_may_have_words_of_credit_around_its_month(header: str) -> None:
    found = month_in(header)
    assert found is not None
    assert found.month_first == JANUARY


@pytest.mark.parametrize(
    ("title", "month"),
    [
        ("AWS credits for January 2025", JANUARY),
        ("Billing period: 2025-01", JANUARY),
        ("January 2025\nGenerated on 3 February 2025", JANUARY),
        ("Generated 2025-02-03", None),
        ("Billing period: 2025-01-01 to 2025-01-31", JANUARY),
        ("Credits by account, prepared March 2025", None),
        ("AWS credit memo Ref. 2024-11", None),
        ("AWS credits", None),
    ],
)
def test_a_title_says_a_month_if_it_names_one(title: str, month: BillingMonth | None) -> None:
    lines = [Line(number, (text,)) for number, text in enumerate(title.splitlines(), start=1)]
    assert understood(lines, name="the file", layout="header").month == month


@pytest.mark.parametrize(
    "title",
    [
        "January 2025 to February 2025",
        "Q1 2025",
        "FY25",
        "year to date",
        "All amounts in EUR",
        "Currency: euro",
        "USD thousands",
        "Credits ($000)",
        "preliminary figures",
        "Entwurf",
        "negative amounts are credits",
        "shares in %",
        "Paid: $500.00",
    ],
)
def test_a_title_that_changes_what_amounts_mean_is_refused(title: str) -> None:
    with pytest.raises(UnreadableFile, match=r"line 1|more than one month"):
        understood([Line(1, (title,))], name="the file", layout="header")


@pytest.mark.parametrize(
    "title",
    [
        "Example Org",
        "Table 1",
        "As of 2025-02-03 10:30 UTC",
        "ALL ACCOUNTS",
        "Available credits: $50,000.00",
        "[USD]",
        "All amounts in US dollars",
        "AWS-Guthaben",
    ],
)
def test_a_title_that_changes_nothing_is_passed_over(title: str) -> None:
    assert understood([Line(1, (title,))], name="the file", layout="header").month is None


def test_a_title_may_state_the_total() -> None:
    stated = understood([Line(1, ("Total credits: $165.50",))], name="f", layout="header")
    assert stated.totals == ((1, "Total credits", "$165.50"),)


NAMED = ["Month", "Usage Month", "Billing Month", "Usage Start Date", "Cost Period", "Charge Date",
         "Statement Month", "Billing Period Start", "Balance Date", "Usage Year Month"]  # fmt: skip


# A balance beside the credits may be any amount.
@pytest.mark.parametrize("header", [name for name in NAMED if name != "Balance Date"])
@pytest.mark.parametrize("spelled", ["2025-02", "2025-02-01", "2025/02/01", "2025.02.01"])
def test_the_only_month_of_a_file_that_is_cut_off_is_no_amount(header: str, spelled: str) -> None:
    for kept in range(1, len(spelled)):
        file = f"Account ID,Credit Amount,{header}\n000000000004,4.00,{spelled[:kept]}"
        try:
            sheet = read_sheet(file.encode())
        except UnreadableFile:
            continue
        # A row whose month can't be read counts in no month.
        rows = sheet.month((*sheet.months, BillingMonth(2025, 1))[0]).rows
        assert rows.is_empty() or month_text(spelled[:kept]) is not None, spelled[:kept]


@pytest.mark.parametrize("header", NAMED)
@pytest.mark.parametrize("spelled", ["2025-02", "2025-02-01", "02/2025", "Feb 2025", "2025/02/01"])
def test_a_month_that_is_cut_off_anywhere_moves_no_row_to_another(
    header: str, spelled: str
) -> None:
    whole = f"Account ID,Credit Amount,{header}\n" + "".join(
        f"{account:012d},1.{account},{month}\n"
        for account, month in ((1, "2025-01-01"), (2, "2025-02-01"), (3, "2025-01-01"))
    )
    january, february = BillingMonth(2025, 1), BillingMonth(2025, 2)
    for kept in range(len(spelled)):
        try:
            sheet = read_sheet(f"{whole}000000000004,4.00,{spelled[:kept]}".encode())
        except UnreadableFile:
            continue
        assert {january, february} <= set(sheet.months), spelled[:kept]
        assert sheet.month(january).rows["account_id"].to_list() == ["000000000001", "000000000003"]
