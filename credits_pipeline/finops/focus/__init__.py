"""FOCUS as this project stores it: columns and types, closed lists, aliases. Tables, not code."""

from credits_pipeline.finops.focus.aliases import columns_of, named_twice
from credits_pipeline.finops.focus.columns import (
    COSTS,
    FOCUS_COLUMNS,
    OWN_COLUMNS,
    TYPED_COLUMNS,
    FocusColumn,
    typed_columns,
)
from credits_pipeline.finops.focus.lists import CLOSED_LISTS
from credits_pipeline.finops.focus.providers import provider_codes

__all__ = [
    "CLOSED_LISTS",
    "COSTS",
    "FOCUS_COLUMNS",
    "OWN_COLUMNS",
    "TYPED_COLUMNS",
    "FocusColumn",
    "columns_of",
    "named_twice",
    "provider_codes",
    "typed_columns",
]
