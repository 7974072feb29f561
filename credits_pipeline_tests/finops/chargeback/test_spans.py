"""Quarters and years of whole months, whenever the fiscal year begins."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.allocating import Line
from credits_pipeline.finops.chargeback.model import Model
from credits_pipeline.finops.chargeback.spans import SPANS, Span, owed
from credits_pipeline.finops.chargeback.statement import Section, Statement

months = st.builds(BillingMonth, st.integers(2000, 2100), st.integers(1, 12))
LENGTH = {"month": 1, "quarter": 3, "fiscal-year": 12}


@given(months, st.integers(1, 12), st.sampled_from(SPANS))
def test_a_span_is_whole_months_in_a_row_with_its_month_in_it(
    month: BillingMonth, begins: int, word: str
) -> None:
    span = Span.of(word, month, begins)
    assert month in span.months
    assert span.months == tuple(span.months[0].shift(at) for at in range(len(span.months)))
    assert len(span.months) == LENGTH.get(word, (month.month - begins) % 12 + 1)
    if word != "month":
        assert (span.months[0].month - begins) % (3 if word == "quarter" else 12) == 0
    assert [one.shift(12) for one in span.last_year.months] == list(span.months)


@given(months, st.integers(1, 12))
def test_the_four_quarters_are_the_fiscal_year(month: BillingMonth, begins: int) -> None:
    year = Span.of("fiscal-year", month, begins)
    quarters = [Span.of("quarter", year.months[at], begins) for at in (0, 3, 6, 9)]
    assert tuple(one for quarter in quarters for one in quarter.months) == year.months
    assert [quarter.name[:2] for quarter in quarters] == ["Q1", "Q2", "Q3", "Q4"]


@pytest.mark.parametrize(
    ("word", "month", "begins", "name", "first", "last"),
    [
        ("quarter", "2026-05", 1, "Q2 of 2026", "2026-04", "2026-06"),
        ("quarter", "2027-01", 4, "Q4 of FY2027", "2027-01", "2027-03"),
        ("fiscal-year", "2026-10", 10, "FY2027", "2026-10", "2027-09"),
        ("fiscal-year", "2028-02", 3, "FY2028", "2027-03", "2028-02"),
        ("year-to-date", "2028-02", 1, "2028 to 2028-02", "2028-01", "2028-02"),
    ],
)
def test_a_fiscal_year_is_called_by_the_year_it_ends_in(
    word: str, month: str, begins: int, name: str, first: str, last: str
) -> None:
    span = Span.of(word, BillingMonth.parse(month), begins)
    assert (span.name, str(span.months[0]), str(span.months[-1])) == (name, first, last)


@dataclass(frozen=True)
class Ledger:
    """Statements of ten dollars for each month."""

    currencies: dict[str, str]

    def statement(self, month: BillingMonth, model: Model) -> Statement:
        currency = self.currencies.get(str(month))
        line = Line("ann", "direct", "1", "Disk", 1000)
        sections = () if currency is None else (
            Section(currency, Decimal(10), (line,), (), (), ()),
        )  # fmt: skip
        return Statement(str(month), model.name, model.to, sections, {}, {}, {})


def test_months_are_added_and_currencies_are_not() -> None:
    ledger = Ledger({"2026-04": "USD", "2026-05": "USD", "2026-06": "EUR"})
    found = owed(ledger, Model("m"), Span.of("fiscal-year", BillingMonth(2026, 5)))
    assert found.cents == {"USD": {"ann": 2000, None: 0}, "EUR": {"ann": 1000, None: 0}}
    assert found.stated == ("2026-04", "2026-05", "2026-06")


def test_the_29th_of_february_is_in_its_month_and_the_year_before_has_none() -> None:
    span = Span.of("quarter", BillingMonth(2028, 2))
    assert [str(one) for one in span.last_year.months] == ["2027-01", "2027-02", "2027-03"]
