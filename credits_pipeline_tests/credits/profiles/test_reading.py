"""Reading files with a profile: what counts, what is reported, and what no profile can do."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.findings import RecordClass
from credits_pipeline.credits.reading import MonthReading, UnreadableFile, read_month, read_sheet
from credits_pipeline.credits.reading.profiles.book import Profiles
from credits_pipeline.credits.reading.profiles.parsing import parse

JANUARY = BillingMonth(2025, 1)
HEADER = "Account,Type,Cost,Ccy,Note\n"
PROFILE = """\
form = 1
name = "partner"
header = ["Account", "Type", "Cost", "Ccy", "Note"]
ignored = ["Note"]
{top}
[account]
column = "Account"
[amount]
column = "Cost"
credit = "negative"
{amount}
[currency]
column = "Ccy"
[[rows]]
column = "Type"
count = ["Credit"]
leave_out = ["Usage", "Tax"]
estimate = ["Forecast"]
"""


def profiles(*, top: str = "sum = true", amount: str = "") -> Profiles:
    text = PROFILE.format(top=top, amount=amount).encode()
    return Profiles(stored=(parse(text, file="partner.toml"),))


def read(
    rows: str, known: Profiles | None = None, *, decisions: Decisions | None = None
) -> MonthReading:
    return read_month(
        (HEADER + rows).encode(),
        JANUARY,
        profiles=known or profiles(),
        decisions=decisions or Decisions(),
    )


def layout_of(data: bytes, known: Profiles) -> str | None:
    """The layout that reads a file, or a refusal."""
    try:
        return read_sheet(data, profiles=known).layout
    except UnreadableFile as refusal:
        return refusal.layout


def amounts(reading: MonthReading) -> dict[str, Decimal]:
    rows = reading.rows
    return dict(zip(rows["account_id"], rows["amount_usd"], strict=True))


ROWS = """\
111111111111,Credit,-61.50,USD,a
111111111111,Usage,500.00,USD,b
222222222222,credit ,-10.00,USD,c
111111111111,Credit,-1.25,USD,d
222222222222,Tax,7.00,EUR,e
"""


def test_rows_that_count_are_added_up_and_the_others_are_reported_with_their_dollars() -> None:
    reading = read(ROWS)
    assert amounts(reading) == {"111111111111": Decimal("62.75"), "222222222222": Decimal(10)}
    found = reading.findings
    assert found.layout == "profile"
    assert found.profile == f"partner {profiles().stored[0].digest}"
    assert found.ignored_columns == ("Note",)
    assert found.ledger.closes
    assert found.ledger.entries[RecordClass.NOT_A_CREDIT].rows == 2
    assert any("Type 'Usage'" in w and "$500.00" in w for w in found.warnings)
    assert any("Type 'Tax'" in w and "another currency" in w for w in found.warnings)


def test_the_dollars_of_what_is_left_out_are_in_the_ledger_and_change_no_sum() -> None:
    found = read(ROWS.replace("7.00,EUR", "7.00,USD")).findings
    assert found.ledger.entries[RecordClass.NOT_A_CREDIT].usd == Decimal(-507)
    assert found.total_usd == Decimal("72.75")
    assert found.ledger.file_usd == Decimal("72.75") - 507


def test_another_header_is_not_read_by_the_profile() -> None:
    for header in ("Account,Type,Cost,Ccy\n", HEADER.replace("Note", "Note,Status")):
        data = (header + "111111111111,Credit,-61.50,USD,a,b\n").encode()
        assert layout_of(data, profiles()) != "profile"


def test_the_columns_may_come_in_another_order_and_the_header_in_other_letters() -> None:
    data = b"NOTE;cost;account;TYPE;ccy\na;-61,50;111111111111;Credit;USD\n"
    assert amounts(read_month(data, JANUARY, profiles=profiles())) == {
        "111111111111": Decimal("61.50")
    }


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("111111111111,Refund,-5.00,USD,\n", "'Refund' in the column 'Type', first in line 2"),
        ("111111111111,,-5.00,USD,\n", "nothing in the column 'Type'"),
        ("111111111111,Credit,-5.00,EUR,\n", "'EUR' in the column 'Ccy' of line 2"),
        ("111111111111,Credit,-5.00,,\n", "nothing in the column 'Ccy' of line 2"),
        ("111111111111,Credit,5.00,USD,\n", "only positive amounts"),
        ("111111111111,Usage,5.00,USD,\n", "no row that counts: 1 with Type 'Usage'"),
        ("111111111111,Forecast,-5.00,USD,\n", "1 estimated rows, the first in line 2"),
        ("111111111111,Credit,-5.00 €,USD,\n", "is in €"),
        ('111111111111,Credit,"-1,234",USD,\n', "can mean"),
    ],
)
def test_what_the_profile_does_not_say_or_may_not_say_is_refused(rows: str, says: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(rows)
    assert says in refused.value.reason


@pytest.mark.parametrize("cell", ["abc", "", "1.2.3", "NaN", "1E+5", "-61.5000000000001"])
def test_an_amount_that_cannot_be_read_is_a_rejected_row(cell: str) -> None:
    reading = read(f"111111111111,Credit,{cell},USD,\n222222222222,Credit,-1.00,USD,\n")
    assert reading.rejected["line"].to_list() == [2]
    assert amounts(reading) == {"222222222222": Decimal(1)}


def test_estimates_count_if_a_person_says_so_and_are_reported() -> None:
    sheet = read_sheet(
        (HEADER + "111111111111,Forecast,-5.00,USD,\n").encode(),
        profiles=profiles(),
        accept_estimates=True,
    )
    reading = sheet.month(JANUARY)
    assert amounts(reading) == {"111111111111": Decimal(5)}
    assert any("1 row is an estimate" in warning for warning in reading.findings.warnings)


def test_rows_of_an_account_are_not_added_up_unless_the_profile_says_so() -> None:
    rows = "111111111111,Credit,-5.00,USD,a\n111111111111,Credit,-6.00,USD,b\n"
    with pytest.raises(UnreadableFile, match=r"several rows for account 111111111111.*sum = true"):
        read(rows, profiles(top=""))
    summed = read(rows, profiles(top=""), decisions=Decisions(duplicates="sum"))
    assert amounts(summed) == {"111111111111": Decimal(11)}
    again = "111111111111,Credit,-5.00,USD,a\n" * 2
    assert amounts(read(again, profiles(top=""))) == {"111111111111": Decimal(5)}


def test_claw_backs_alone_are_read_as_such_once_a_person_decides() -> None:
    reading = read("111111111111,Credit,5.00,USD,\n", decisions=Decisions(signs="as_is"))
    assert amounts(reading) == {"111111111111": Decimal(-5)}


def test_float_digits_are_rounded_if_the_profile_says_how_many_decimals_count() -> None:
    rows = "111111111111,Credit,-61.50000000000001,USD,\n222222222222,Credit,-0.125,USD,\n"
    reading = read(rows, profiles(amount="decimals = 2"))
    assert amounts(reading) == {"111111111111": Decimal("61.50"), "222222222222": Decimal("0.12")}
    assert any("2 amounts were rounded to 2 decimals" in w for w in reading.findings.warnings)


def test_small_exponents_are_exact_where_the_profile_says_so() -> None:
    rows = "111111111111,Credit,-5.0E-7,USD,\n222222222222,Credit,-1.5,USD,\n"
    reading = read(rows, profiles(amount="exponents = true"))
    assert amounts(reading)["111111111111"] == Decimal("0.0000005")
    large = read(rows.replace("-5.0E-7", "-1.23457E+5"), profiles(amount="exponents = true"))
    assert large.rejected["line"].to_list() == [2]


def test_a_stated_decimal_mark_decides_what_no_cell_decides() -> None:
    rows = '111111111111,Credit,"-1,234",USD,\n'
    for mark, usd in ((",", "1.234"), (".", "1234")):
        reading = read(rows, profiles(amount=f'decimal_mark = "{mark}"'))
        assert amounts(reading) == {"111111111111": Decimal(usd)}
        assert reading.findings.decimal_mark == mark


def test_a_total_over_what_counts_or_over_everything_agrees_and_another_blocks() -> None:
    rows = "111111111111,Credit,-61.50,USD,a\n111111111111,Usage,500.00,USD,b\n"
    counted = read(rows + "Total,,-61.50,,\n").findings
    assert [total.agrees for total in counted.control_totals] == [True]
    everything = read(rows + "Total,,438.50,,\n").findings
    assert everything.control_totals == ()
    wrong = read(rows + "Total,,-61.49,,\n").findings
    assert [total.agrees for total in wrong.control_totals] == [False]


def test_a_title_and_a_footer_are_accepted_only_if_the_profile_names_them() -> None:
    data = (
        "Report of January 2025,,,,\n"
        + HEADER
        + "111111111111,Credit,-1.00,USD,\n"
        + HEADER
        + "* made by hand,,,,\n"
    ).encode()
    with_notes = profiles(top='sum = true\nnotes = ["Report of *", "* made by hand"]')
    assert amounts(read_month(data, JANUARY, profiles=with_notes)) == {"111111111111": Decimal(1)}
    assert layout_of(data, profiles()) != "profile"


def test_a_currency_column_that_the_profile_ignores_is_looked_at_all_the_same() -> None:
    text = (
        PROFILE.format(top="sum = true", amount="")
        .replace('column = "Ccy"', 'stated = "USD"')
        .replace('ignored = ["Note"]', 'ignored = ["Note", "Ccy"]')
    )
    known = Profiles(stored=(parse(text.encode(), file="p.toml"),))
    with pytest.raises(UnreadableFile, match="'CNY' in the column 'Ccy' of line 2"):
        read("111111111111,Credit,-1.00,CNY,\n", known)
    assert amounts(read("111111111111,Credit,-1.00,USD,\n", known)) == {"111111111111": Decimal(1)}


def test_two_stored_profiles_for_one_header_are_refused_by_name() -> None:
    one = profiles().stored[0]
    text = PROFILE.format(top="", amount="").replace('"partner"', '"other"')
    other = parse(text.encode(), file="other.toml")
    with pytest.raises(UnreadableFile, match="2 profiles match, partner and other"):
        read("111111111111,Credit,-1.00,USD,\n", Profiles(stored=(one, other)))


MONTHS = """\
form = 1
name = "months"
header = ["Account", "Credit", "From", "To"]
ignored = []
sum = true
[account]
column = "Account"
[amount]
column = "Credit"
credit = "positive"
[month]
column = "From"
until = "To"
[currency]
stated = "USD"
"""


def of_periods(rows: str, *, text: str = MONTHS) -> dict[str, dict[str, Decimal]]:
    known = Profiles(stored=(parse(text.encode(), file="months.toml"),))
    sheet = read_sheet(f"Account,Credit,From,To\n{rows}".encode(), profiles=known)
    return {str(m): amounts(r) for m in sheet.months if not len((r := sheet.month(m)).rejected)}


@pytest.mark.parametrize(
    ("start", "end", "month"),
    [
        ("2025-01-01", "2025-01-31", "2025-01"),
        ("2025-01-01", "2025-02-01", "2025-01"),
        ("2025-01-31T23:00:00Z", "2025-02-01T00:00:00Z", "2025-01"),
        ("2025-01-01T05:30:00+05:30", "2025-02-01T05:30:00+05:30", "2025-01"),
        ("2025-01-01T00:00:00+05:30", "2025-01-01T05:30:00+05:30", "2024-12"),
        ("2025-01-01 00:00:00.000", "2025-01-02 00:00:00.000 UTC", "2025-01"),
    ],
)
def test_a_period_counts_for_the_month_that_it_is_in_by_utc(
    start: str, end: str, month: str
) -> None:
    found = of_periods(f"111111111111,5.00,{start},{end}\n")
    assert found == {month: {"111111111111": Decimal(5)}}


@pytest.mark.parametrize("end", ["2025-02-02", "2025-03-01", "2024-12-31", "soon", ""])
def test_a_period_that_does_not_end_in_its_month_is_a_rejected_row(end: str) -> None:
    assert of_periods(f"111111111111,5.00,2025-01-01,{end}\n") == {}


def test_dates_that_can_be_two_months_are_refused_until_the_profile_says_which_comes_first() -> (
    None
):
    rows = "111111111111,5.00,2/1/2025,\n"
    with pytest.raises(
        UnreadableFile, match=r'line 2: .2/1/2025. can be one month.*dates = "day_first"'
    ):
        of_periods(rows)
    said = MONTHS.replace('until = "To"', 'dates = "day_first"').replace(
        "ignored = []", 'ignored = ["To"]'
    )
    assert of_periods(rows, text=said) == {"2025-01": {"111111111111": Decimal(5)}}


CENTS = st.decimals(min_value=0, max_value=10**6, places=2)
KINDS = st.sampled_from(["Credit", "Usage", "Tax", "CREDIT"])


@settings(max_examples=30)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 4), KINDS, CENTS, st.sampled_from(["USD", "usd", " USD"])),
        min_size=1,
        max_size=20,
    )
)
def test_the_credits_are_the_sums_that_pythons_decimals_make(
    rows: list[tuple[int, str, Decimal, str]],
) -> None:
    """The slow way: a dictionary and a sum."""
    expected: dict[str, Decimal] = {}
    for number, kind, usd, _ in rows:
        if kind.casefold() == "credit":
            account = f"{number:012}"
            expected[account] = expected.get(account, Decimal(0)) + usd
    text = "".join(f"{number:012},{kind},-{usd},{ccy},x\n" for number, kind, usd, ccy in rows)
    if not expected:
        with pytest.raises(UnreadableFile, match="no row that counts"):
            read(text)
        return
    reading = read(text)
    assert amounts(reading) == expected
    assert reading.findings.ledger.closes
