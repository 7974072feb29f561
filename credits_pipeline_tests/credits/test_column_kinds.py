"""What a column's cells say counts, whatever the column's name."""

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.delivery import decisions
from credits_pipeline.credits.reading import Controls, UnreadableFile, read_month

JANUARY = BillingMonth(2025, 1)
#: Names of each kind of column that may stand beside accounts and credits.
NAMES = (
    "Account", "Linked Account", "Payer Account", "Account Name", "Owner", "Team", "Service",
    "Product", "Region", "Notes", "Description", "Reference No", "Invoice Number", "PO",
    "Invoice Date", "Created", "Expires", "Valid until", "Grant date", "#", "Row", "Index", "ID",
    "Balance", "Remaining", "Cost", "Usage", "Usage Type", "Operation", "Status", "State",
    "Estimated", "Type", "Category", "Currency", "Unit", "Start", "End", "Month", "Date", "Year",
    "Percent", "Rate", "Count", "Qty", "Foo", "", "Sign", "Dr/Cr", "Credit ID", "Program",
    "Customer", "Environment", "Cost Center", "Tags",
)  # fmt: skip
#: Two cells of a column, by its kind; each changes the meaning of the rows.
CELLS = {
    "currency": ("EUR", "EUR"),
    "kinds of rows": ("Usage", "Usage"),
    "a kind among credits": ("Usage", "Credit"),
    "another month": ("2024-11", "2024-11"),
    "days of another month": ("2024-11-05", "2024-11-07"),
    "another month in words": ("November 2024", "November 2024"),
    "another month in two ways": ("Nov 2024", "202411"),
    "another month, cut off": ("2024-11", "2024-"),
    "other dollars": ("$7.00", "$8.00"),
    "euros": ("€7.00", "€8.00"),
    "francs": ("7.00 CHF", "8.00 CHF"),
    "shares": ("12%", "50%"),
    "not final": ("Pending", "Cancelled"),
    "estimates": ("Estimated", "Estimated"),
    "sides": ("Dr", "Cr"),
    "signs": ("-", "+"),
    "thousands": ("thousands", "thousands"),
    "cents": ("cents", "cents"),
}
#: People, teams and accounts may have any name; the cost of usage is no credit.
NOTHING = {
    "Account Name": {"kinds of rows", "a kind among credits", "not final", "estimates", "sides",
                     "signs", "thousands", "cents"},
    "Owner": {"not final", "estimates"},
    "Team": {"not final", "estimates"},
    **{
        name: {"other dollars", "signs"}
        for name in ("Cost", "Usage", "Usage Type", "Operation", "Cost Center")
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", CELLS)
def test_no_name_of_a_column_hides_what_its_cells_say(kind: str) -> None:
    taken = set()
    for name in NAMES:
        first, second = CELLS[kind]
        rows = f"000000000002,5.00,{first}\n000000000003,6.00,{second}\n"
        try:
            reading = read_month(
                f"Account ID,Credits,{name}\n{rows}".encode(),
                JANUARY,
                decisions=decisions.rule(),
                controls=Controls(total=None, rows=None),
                name="credits-2025-01.csv",
            )
        except UnreadableFile:
            continue
        if len(reading.rows) == 2 and not len(reading.rejected):
            taken.add(name)
    assert taken == {name for name, kinds in NOTHING.items() if kind in kinds}


@pytest.mark.parametrize("last", ["€7.00", "7,00 €", "EUR 7.00", "(7.00 CHF)", "A$ 1,234.00"])
def test_one_amount_of_another_country_is_found_among_thousands_of_cells(last: str) -> None:
    cells = [*(f"{number}.25" for number in range(3_000)), f'"{last}"']
    rows = "".join(f"{at:012},5.00,{cell}\n" for at, cell in enumerate(cells, 1))
    with pytest.raises(UnreadableFile, match="only US dollars are read"):
        read_month(
            f"Account ID,Credits,Cost\n{rows}".encode(),
            JANUARY,
            decisions=decisions.rule(),
            controls=Controls(total=None, rows=None),
            name="credits-2025-01.csv",
        )


@pytest.mark.parametrize("name", ["Cost", "Usage", "Usage onth", "Discount", "Fees", "Remaining"])
@pytest.mark.parametrize("many", [2, 3_000])
def test_a_month_among_what_usage_costs_is_refused(name: str, many: int) -> None:
    cells = [*(f"{number}.25" for number in range(many)), "Nov 2024"]
    rows = "".join(f"{at:012},5.00,{cell}\n" for at, cell in enumerate(cells, 1))
    with pytest.raises(UnreadableFile, match=name):
        read_month(
            f"Account ID,Credits,{name}\n{rows}".encode(),
            JANUARY,
            decisions=decisions.rule(),
            controls=Controls(total=None, rows=None),
            name="credits-2025-01.csv",
        )
