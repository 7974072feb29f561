"""FOCUS's columns, their other names, and the codes of the clouds."""

import csv
from pathlib import Path

import pytest

from credits_pipeline.finops import focus
from credits_pipeline.finops.focus import (
    FOCUS_COLUMNS,
    TYPED_COLUMNS,
    columns_of,
    provider_codes,
    typed_columns,
)
from credits_pipeline.finops.focus.aliases import plain

TABLE = Path(focus.__file__).with_name("aliases.csv")


def lines() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_focus_1_2_has_57_columns_and_1_3_eight_more() -> None:
    assert sum(column.since < "1.3" for column in FOCUS_COLUMNS.values()) == 57
    assert len(FOCUS_COLUMNS) == 65


def test_no_two_typed_columns_are_one_to_an_engine_that_folds_case() -> None:
    names = [name.casefold() for name, _ in typed_columns(["team", "product"])]
    assert len(names) == len(set(names)) == len(TYPED_COLUMNS) + 2


@pytest.mark.parametrize(
    "header",
    ["BilledCost", "billedcost", "billed_cost", " Billed Cost ", "\ufeffBilledCost", "BILLED-COST"],
)
def test_a_header_is_found_however_it_is_written(header: str) -> None:
    assert columns_of([header], "aws") == ["BilledCost"]


def test_an_alias_counts_for_its_provider_and_never_beside_the_column_itself() -> None:
    assert columns_of(["x_UsageType"], "aws") == ["SkuMeter"]
    assert columns_of(["x_UsageType"], "gcp") == [None]
    assert columns_of(["x_UsageType"], "focus") == ["SkuMeter"]
    assert columns_of(["x_UsageType", "SkuMeter"], "aws") == [None, "SkuMeter"]
    assert columns_of(["BilledCost", "billed_cost"], "aws") == ["BilledCost", None]


def test_every_alias_leads_to_a_column_and_to_one_only() -> None:
    seen: dict[str, str] = {}
    for line in lines():
        assert line["column"] in FOCUS_COLUMNS
        alias = plain(line["header"])
        assert alias not in {plain(name) for name in FOCUS_COLUMNS}
        assert seen.setdefault(alias, line["column"]) == line["column"]


def test_the_clouds_names_lead_to_short_codes() -> None:
    codes = provider_codes()
    assert {codes[name] for name in ("aws", "amazon web services, inc.")} == {"aws"}
    assert (codes["microsoft"], codes["google cloud"], codes["oracle"]) == ("azure", "gcp", "oci")
    assert all(code.isalnum() and code.islower() for code in codes.values())
