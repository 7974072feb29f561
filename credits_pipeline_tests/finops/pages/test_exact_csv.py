"""Every table's CSV on every page has all of its rows, to the last digit."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.pages import tables
from credits_pipeline.finops.pages.exact_csv import exact_csv
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline_tests.finops.pages.conftest import FILES, LAST, Visit

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**18),
                      max_value=10**18)  # fmt: skip
CELLS = st.one_of(st.none(), AMOUNTS, st.integers(), st.text(max_size=20),
                  st.lists(AMOUNTS, max_size=3))  # fmt: skip
FORMULAS = ("=", "+", "-", "@")
LEAD = Person("lea@example.com", Role.EDITOR, ("search",))


def cells(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@given(st.lists(st.fixed_dictionaries({"A": CELLS, "B": CELLS}), max_size=5))
def test_each_value_is_read_back_as_it_was(rows: list[dict[str, Any]]) -> None:
    read = cells(exact_csv(rows, ("A", "B"), "EUR"))
    assert len(read) == len(rows)
    for line, row in zip(read, rows, strict=True):
        assert line["Currency"] == "EUR"
        for name, value in row.items():
            if isinstance(value, Decimal):
                assert Decimal(line[name]) == value
                assert "E" not in line[name]
            elif isinstance(value, list):
                amounts = line[name].removeprefix("'").split()
                assert [Decimal(one) for one in amounts] == value
                assert len(value) < 2 or not line[name].startswith("-")
            elif isinstance(value, str):
                formula = line[name].lstrip().startswith(FORMULAS)
                assert not formula or line[name].lstrip("+-").replace(".", "").isdigit()
            else:
                assert line[name] == ("" if value is None else str(value))


@pytest.mark.parametrize("value", [1.5, [Decimal(1), 0.5], {"a": 1}])
def test_what_is_not_exact_is_no_csv(value: object) -> None:
    with pytest.raises(TypeError, match="has no exact CSV"):
        exact_csv([{"A": value}], ("A",))


@pytest.mark.parametrize("person", [Person("ann@example.com", Role.ADMIN), LEAD])
@pytest.mark.parametrize("wing", ["one cloud", "three clouds", "two currencies", "hostile names"])
@pytest.mark.parametrize("page", FILES)
def test_every_table_of_a_page_has_the_csv_of_what_it_shows(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, page: str, wing: str, person: Person
) -> None:
    drawn: list[tuple[list[dict[str, Any]], Sequence[tables.Column], str]] = []
    button = tables._csv_button

    def seen(
        rows: list[dict[str, Any]], columns: Sequence[tables.Column], currency: str, words: str
    ) -> None:
        drawn.append((rows, columns, currency))
        button(rows, columns, currency, words)

    monkeypatch.setattr(tables, "_csv_button", seen)
    app = visit(page, wing, person=person, period=str(LAST), **more(wing))
    drawn.clear()
    app.run()
    offered = [one.proto.label for one in app.get("download_button") if "CSV" in one.proto.label]
    filled = [one.value for one in app.dataframe if len(one.value)]
    assert len(offered) >= len(filled)
    assert len([label for label in offered if label.startswith("CSV: ")]) == len(drawn)
    for rows, columns, currency in drawn:
        names = [column.name for column in columns]
        lines = cells(exact_csv(rows, names, currency))
        frame = next(one for one in filled if [*one.columns] == names and len(one) == len(lines))
        for column in columns:
            if column.kind in ("money", "change"):
                exact = [Decimal(line[column.name]) for line in lines if line[column.name]]
                assert [Decimal(str(one)) for one in frame[column.name].dropna()] == [
                    tables.cents(amount) for amount in exact
                ]
        del filled[next(at for at, one in enumerate(filled) if one is frame)]


def more(wing: str) -> dict[str, str]:
    return {"currency": "USD"} if wing == "two currencies" else {}
