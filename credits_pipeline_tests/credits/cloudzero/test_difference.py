from collections import Counter
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, COST, USAGE_END, USAGE_START
from credits_pipeline.credits.cloudzero.difference import canonical_amounts, difference, fingerprint
from credits_pipeline.credits.cloudzero.payload import Payload


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-5.10", "-5.1"),
        ("-5.10", "-5.100000"),
        ("5", "5.0"),
        ("0.00", "-0.00"),
        ("0.00", "0"),
        ("-1000.00", "-1E+3"),
        ("-0.5", "-.5"),
        ("5", "+5"),
        ("-5", " -5 "),
        ("-5", "-05"),
        ("0.00", "0E-12"),
    ],
)
def test_amounts_are_compared_as_decimals(one: str, other: str) -> None:
    assert canonical_amounts(pl.Series([one])).equals(canonical_amounts(pl.Series([other])))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-5.10", "-5.11"),
        ("-5", "5"),
        ("1.000000000001", "1.0000000000011"),
        ("1.00000000000000000000000000000000000001", "1"),
        ("", "0"),
        ("NaN", "0"),
        ("Infinity", "0"),
        (".", "0"),
        ("-", "0"),
        ("1,000", "1000"),
        ("$5", "5"),
    ],
)
def test_amounts_that_differ_in_any_digit_differ(one: str, other: str) -> None:
    assert not canonical_amounts(pl.Series([one])).equals(canonical_amounts(pl.Series([other])))


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=20))
def test_an_amount_means_the_same_in_every_spelling(amount: object) -> None:
    spelled = canonical_amounts(pl.Series([str(amount), f"{amount:f}", f"{amount:f}000"]))
    assert spelled.n_unique() == 1


@pytest.mark.parametrize(
    "found",
    [
        "2025-01-01T00:00:00+00:00",
        "2025-01-01T00:00:00.000Z",
        "2025-01-01 00:00:00",
        "2025-01-01T02:00:00+02:00",
    ],
)
def test_times_are_compared_as_instants(found: str, payload_of: Callable[..., Payload]) -> None:
    rows = payload_of({"1" * 12: "5"}).rows
    assert difference(rows, rows.with_columns(pl.lit(found).alias(USAGE_START))).equal


@pytest.mark.parametrize("found", ["2025-01-01T01:00:00Z", "2024-12-31T23:59:59Z", "January", ""])
def test_other_times_differ(found: str, payload_of: Callable[..., Payload]) -> None:
    rows = payload_of({"1" * 12: "5"}).rows
    assert not difference(rows, rows.with_columns(pl.lit(found).alias(USAGE_START))).equal


@pytest.mark.parametrize(
    "column", ["lineitem/type", "lineitem/description", "resource/account", "resource/service"]
)
def test_texts_are_compared_as_they_are(column: str, payload_of: Callable[..., Payload]) -> None:
    rows = payload_of({"1" * 12: "5", "2" * 12: "6"}).rows
    found = difference(rows, rows.with_columns(pl.col(column) + " "))
    assert (found.missing, found.unexpected) == (2, 2)
    assert not difference(rows, rows.drop(column)).equal
    assert not difference(
        rows, rows.with_columns(pl.lit(None, dtype=pl.String).alias(column))
    ).equal


def test_rows_are_compared_as_multisets_in_any_order(payload_of: Callable[..., Payload]) -> None:
    rows = payload_of({"1" * 12: "5", "2" * 12: "6", "3" * 12: "7"}).rows
    assert difference(rows, rows.reverse()).equal
    twice = difference(rows, pl.concat([rows, rows.head(1)]))
    assert (twice.missing, twice.unexpected) == (0, 1)
    [row] = twice.rows.to_dicts()
    assert (row["side"], row["copies"], row[ACCOUNT], row[COST]) == (
        "unexpected",
        1,
        "1" * 12,
        "-5",
    )


def test_an_amount_that_is_moved_from_one_account_to_another_is_found(
    payload_of: Callable[..., Payload],
) -> None:
    """The total agrees, but neither account does."""
    expected = payload_of({"1" * 12: "5", "2" * 12: "6"}).rows
    found = payload_of({"1" * 12: "6", "2" * 12: "5"}).rows
    assert (difference(expected, found).missing, difference(expected, found).unexpected) == (2, 2)


def test_columns_that_cloudzero_adds_are_ignored(payload_of: Callable[..., Payload]) -> None:
    rows = payload_of({"1" * 12: "5"}).rows
    more = rows.with_columns(
        pl.lit("x").alias("lineitem/id"), pl.lit(None).alias("cost/amortized_cost")
    )
    assert difference(rows, more).equal


def test_rows_of_zero_cost_that_are_not_shown_are_a_note(
    payload_of: Callable[..., Payload],
) -> None:
    rows = payload_of({"1" * 12: "5", "2" * 12: "0", "3" * 12: "0"}).rows
    shown = rows.filter(pl.col(COST) != "0.00")
    found = difference(rows, shown)
    assert found.equal
    assert found.notes == ("CloudZero does not show 2 rows of zero cost",)
    assert "2 rows of zero cost" in found.says
    assert not difference(rows, shown, strict=True).equal
    assert difference(rows.filter(pl.col(COST) == "0.00"), pl.DataFrame()).equal


def test_a_zero_row_with_another_amount_is_not_a_note(payload_of: Callable[..., Payload]) -> None:
    rows = payload_of({"1" * 12: "0"}).rows
    found = difference(rows, payload_of({"1" * 12: "5"}).rows)
    assert found.unexpected == 1
    assert not found.equal


def test_a_usage_end_that_is_not_given_back_is_a_note_and_a_wrong_one_is_not(
    payload_of: Callable[..., Payload],
) -> None:
    rows = payload_of({"1" * 12: "5", "2" * 12: "6"}).rows
    without = difference(rows, rows.drop(USAGE_END))
    assert without.equal
    assert USAGE_END in without.says
    assert difference(rows, rows.with_columns(pl.lit(None, dtype=pl.String).alias(USAGE_END))).equal
    wrong = rows.with_columns(pl.lit("2025-01-01T01:00:00Z").alias(USAGE_END))
    assert difference(rows, wrong).missing == 2


def test_a_month_that_holds_nothing_misses_every_row(payload_of: Callable[..., Payload]) -> None:
    rows = payload_of({"1" * 12: "5", "2" * 12: "6"}).rows
    assert difference(rows, pl.DataFrame()).missing == 2
    assert difference(rows.clear(), pl.DataFrame()).equal
    assert difference(pl.DataFrame(), rows).unexpected == 2


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12),
)
def test_the_difference_is_that_of_multisets(
    expected: list[tuple[int, int]], found: list[tuple[int, int]]
) -> None:
    def rows(pairs: list[tuple[int, int]]) -> pl.DataFrame:
        return pl.DataFrame(
            {ACCOUNT: [f"{a:012d}" for a, _ in pairs], COST: [f"-{c}.50" for _, c in pairs]},
            schema={ACCOUNT: pl.String, COST: pl.String},
        )

    result = difference(rows(expected), rows(found))
    assert result.missing == (Counter(expected) - Counter(found)).total()
    assert result.unexpected == (Counter(found) - Counter(expected)).total()


def test_a_fingerprint_tells_two_readings_of_a_month_apart(
    payload_of: Callable[..., Payload],
) -> None:
    rows = payload_of({"1" * 12: "5", "2" * 12: "6"}).rows
    respelled = rows.with_columns(pl.col(COST) + "0").select(reversed(rows.columns))
    assert fingerprint(rows) == fingerprint(rows.reverse()) == fingerprint(respelled)
    others = [
        payload_of({"1" * 12: "6", "2" * 12: "5"}).rows,
        pl.concat([rows, rows]),
        rows.head(1),
        pl.DataFrame(),
        rows.with_columns(pl.lit("x").alias("lineitem/id")),
    ]
    assert fingerprint(rows) not in [fingerprint(other) for other in others]
    assert fingerprint(pl.DataFrame()) == fingerprint(rows.clear())
