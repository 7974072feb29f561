"""Amounts, cell by cell: the meaning with either decimal mark, or why there is none."""

from decimal import Decimal

import pytest

from credits_pipeline.credits.reading.amounts import parse_amount


@pytest.mark.parametrize(
    ("cell", "point", "comma"),
    [
        ("", "0", "0"),
        ("-", "0", "0"),
        ("$ -", "0", "0"),
        (" $ -   ", "0", "0"),
        ("-   $", "0", "0"),
        ("$-", "0", "0"),
        ("0", "0", "0"),
        ("5", "5", "5"),
        ("5.00", "5.00", None),
        ("5,00", None, "5.00"),
        ("5.", "5", None),
        (".5", "0.5", None),
        ("0.123", "0.123", None),
        ("0,123", None, "0.123"),
        ("1.200", "1.200", "1200"),
        ("1,200", "1200", "1.200"),
        ("1,200.50", "1200.50", None),
        ("1.200,50", None, "1200.50"),
        ("1,200,300", "1200300", None),
        ("1.200.300", None, "1200300"),
        ("1 200", "1200", "1200"),
        ("1\u00a0200,5", None, "1200.5"),
        ("1\u202f200.5", "1200.5", None),
        ("1'200.50", "1200.50", None),
        ("1\u2019200.50", "1200.50", None),
        ("1,16,319.27", "116319.27", None),
        ("-5.00", "-5.00", None),
        ("+5.00", "5.00", None),
        ("5.00-", "-5.00", None),
        ("(5.00)", "-5.00", None),
        ("$(5.00)", "-5.00", None),
        ("($5.00)", "-5.00", None),
        ("-$5.00", "-5.00", None),
        ("$-5.00", "-5.00", None),
        ("- $ 5.00", "-5.00", None),
        ("\u22125.00", "-5.00", None),
        ("\u20135.00", "-5.00", None),
        ("-0.00", "0.00", None),
        ("(0)", "0", "0"),
        ("$5.00", "5.00", None),
        ("USD 5.00", "5.00", None),
        ("5.00 usd", "5.00", None),
        ("US$5.00", "5.00", None),
        ("$5.00 USD", "5.00", None),
        ("\u202a$5.00\u202c", "5.00", None),
        ("'5.00", "5.00", None),
        ('="5.00"', "5.00", None),
        ('"$5.00"', "5.00", None),
        ("0.123456789012", "0.123456789012", None),
        ("99999999999999999999999999", "99999999999999999999999999", "99999999999999999999999999"),
    ],
)
def test_a_cell_says_an_amount(cell: str, point: str | None, comma: str | None) -> None:
    found = parse_amount(cell)
    assert found.point == (None if point is None else Decimal(point))
    assert found.comma == (None if comma is None else Decimal(comma))
    for value in (found.point, found.comma):
        assert value is None or not (value.is_zero() and value.is_signed())


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("x", "not an amount"),
        ("n/a", "not an amount"),
        ("NaN", "not a number"),
        ("-inf", "not a number"),
        ("Infinity", "not a number"),
        ("1E+3", "exponent"),
        ("1.5e-05", "exponent"),
        ("#REF!", "spreadsheet"),
        ("######", "spreadsheet"),
        ("0.1234567890123", "12 decimals"),
        ("0.1000000000000", "12 decimals"),
        ("100000000000000000000000000", "26 digits"),
        ("123456789012", "account id"),
        ("000123", "account id"),
        ("--5", "more than one sign"),
        ("-(5)", "more than one sign"),
        ("(5", "parenthesis"),
        ("5)", "parenthesis"),
        ("-5-", "more than one sign"),
        ("$$5", "currency"),
        ("5%", "not an amount"),
        ("1,23,45", "not an amount"),
        ("1.2.3", "not an amount"),
        ("1,2345.00", "not an amount"),
        ("12 34", "not an amount"),
        ("5.00 CR", "CR or DR"),
        ("\u0665.\u0660\u0660", "not an amount"),
        ("\u00ad5.00", "soft hyphen"),
        ("\u00e2\u20ac\u201c5.00", "encoding"),
        ("$", "not an amount"),
        ("2025-01", "not an amount"),
        ("=SUM(B2:B9)", "not an amount"),
        ("5.00 5.00", "not an amount"),
        ("9" * 101, "too long"),
    ],
)
def test_a_cell_that_is_not_an_amount_says_why(cell: str, words: str) -> None:
    found = parse_amount(cell)
    assert (found.point, found.comma) == (None, None)
    assert words in (found.fault or "")


@pytest.mark.parametrize(
    ("cell", "currency"),
    [
        ("€5.00", "€"),
        ("5,00 €", "€"),
        ("£5", "£"),
        ("5.00 EUR", "EUR"),
        ("eur 5.00", "EUR"),
        ("CAD5.00", "CAD"),
        ("C$5.00", "C$"),
        ("-A$5.00", None),
        ("A$-5.00", "A$"),
        ("R$ 5,00", "R$"),
        ("$5.00 CAD", "CAD"),
        ("¥500", "¥"),
        ("5¢", "¢"),
        ("USD 5.00", None),
        ("abc 5", None),
    ],
)
def test_another_currency_is_noticed(cell: str, currency: str | None) -> None:
    assert parse_amount(cell).foreign == currency
