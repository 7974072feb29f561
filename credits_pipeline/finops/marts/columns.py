"""A column of a table that engines share: its name and its type, as every engine reads it."""

from dataclasses import dataclass

#: FOCUS rows carry up to 15 decimals, and the difference of two still fits the engines' 38 digits.
MONEY = "DECIMAL(36, 18)"
TEXT = "VARCHAR"
DAY = "DATE"
COUNT = "BIGINT"

#: FOCUS's cost columns and the marts' names for their sums.
COSTS = {
    "BilledCost": "billed_cost",
    "EffectiveCost": "effective_cost",
    "ListCost": "list_cost",
    "ContractedCost": "contracted_cost",
}
LINE_ITEMS = "line_items"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: as queries write it.
        type: one of `MONEY`, `TEXT`, `DAY`, `COUNT`.
    """

    name: str
    type: str


def tag_column(key: str) -> str:
    """The column of a tag key: ``cost-center`` is ``tag_cost_center``."""
    return "tag_" + "".join(
        letter if letter.isascii() and letter.isalnum() else "_" for letter in key.lower()
    )
