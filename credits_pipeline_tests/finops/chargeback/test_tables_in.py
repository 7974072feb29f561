"""Tables that people upload: read as a whole, or refused with lines and columns."""

from collections.abc import Callable
from typing import Any

import pytest

from credits_pipeline.finops.chargeback import tables_in
from credits_pipeline.finops.chargeback.tables_in import TableError


def test_a_metric_is_read_by_month_and_owner() -> None:
    table = "\ufeffmonth,owner,value\n2026-05,search,12.50\n2026-05,shop,3\n\n2026-06,shop,4\n"
    assert tables_in.metric(table.encode()) == {
        "months": {"2026-05": {"search": "12.50", "shop": "3"}, "2026-06": {"shop": "4"}}
    }


def test_rates_are_read_by_month_and_currency() -> None:
    table = "month,from,to,rate\n2026-05,eur,usd,1.0834\n2026-05,GBP,USD,1.27\n"
    assert tables_in.rates(table.encode()) == {
        "to": "USD", "months": {"2026-05": {"EUR": "1.0834", "GBP": "1.27"}},
    }  # fmt: skip


def test_owners_are_read_with_several_addresses() -> None:
    table = (
        "kind,name,cost_centre,gl_account,addresses\n"
        'team,"search, ranking",CC-7,6400,a@example.com b@example.com\nproduct,web,,,\n'
    )
    assert tables_in.owners(table.encode()) == {
        "team:search, ranking": {
            "cost_centre": "CC-7",
            "gl_account": "6400",
            "addresses": ["a@example.com", "b@example.com"],
        },
        "product:web": {"cost_centre": "", "gl_account": "", "addresses": []},
    }


@pytest.mark.parametrize(
    ("read", "table", "says"),
    [
        (tables_in.metric, "", "Line 1 has to be month,owner,value."),
        (tables_in.metric, "month,owner\n", "Line 1 has to be month,owner,value."),
        (tables_in.metric, "month,owner,value\n", "There is no row below line 1."),
        (tables_in.metric, "month,owner,value\n2026-05,a\n", "Line 2, it has 2 cells, and has 3."),
        (tables_in.metric, "month,owner,value\n2026-05,,1\n", "Line 2, owner: it is empty."),
        (tables_in.metric, "month,owner,value\nMay,a,1\n", "Line 2, month: 'May' is not a month"),
        (tables_in.metric, "month,owner,value\n2026-05,a,1,5\n", "it has 4 cells"),
        (tables_in.metric, 'month,owner,value\n2026-05,a,"1,5"\n', "value: '1,5' is not a number"),
        (tables_in.metric, "month,owner,value\n2026-05,a,1e5\n", "value: '1e5' is not a number"),
        (tables_in.rates, "month,from,to,rate\n2026-05,EUR,USD,1__0\n", "rate: '1__0' is not a"),
        (tables_in.rates, f"month,from,to,rate\n2026-05,EUR,USD,0.{'1' * 99}\n", "is not a number"),
        (tables_in.metric, "month,owner,value\n2026-05,a,1\n2026-05,a,2\n", "'a' occurs twice"),
        (tables_in.rates, "month,from,to,rate\n2026-05,EUR,USD,0\n", "rate: it is zero"),
        (tables_in.rates, "month,from,to,rate\n2026-05,EUR,USD,1\n2026-05,GBP,CHF,1\n",
         "to: it is CHF, and was USD"),
        (tables_in.owners, "kind,name,cost_centre,gl_account,addresses\nfloor,a,,,\n",
         "kind: it is"),
    ],
)  # fmt: skip
def test_a_table_that_can_not_be_used_is_refused_with_its_line(
    read: Callable[[bytes], Any], table: str, says: str
) -> None:
    with pytest.raises(TableError) as refused:
        read(table.encode())
    assert says in str(refused.value)


def test_a_table_in_another_encoding_is_refused() -> None:
    with pytest.raises(TableError, match="not UTF-8"):
        tables_in.metric("month,owner,value\n2026-05,Zürich,1\n".encode("latin-1"))
