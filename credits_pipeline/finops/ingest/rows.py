"""The typed rows of one file as a SELECT: FOCUS's columns, ours, and one column per tag key."""

from collections.abc import Sequence
from dataclasses import dataclass

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.focus import FOCUS_COLUMNS, columns_of, provider_codes
from credits_pipeline.finops.focus.columns import COSTS
from credits_pipeline.finops.ingest.relation import Relation
from credits_pipeline.finops.ingest.sql import literal
from credits_pipeline.finops.ingest.tags import TagSpec, tag_columns
from credits_pipeline.finops.ingest.typing import others, rounded, typed, unreadable_tags

#: A cloud's own export belongs to it; in a plain FOCUS file each row names its provider.
_OF_THE_ROW = "focus"


@dataclass(frozen=True)
class Naming:
    """The provider of these rows."""

    source: str
    provider: str
    month: BillingMonth
    file: str


def typed_rows(relation: Relation, naming: Naming, tags: Sequence[TagSpec]) -> str:
    """SELECT of the fixed columns, in their order, from a file's rows."""
    columns = columns_of(relation.headers, naming.provider)
    at = {column: index for index, column in enumerate(columns) if column is not None}
    cells = []
    for name, column in FOCUS_COLUMNS.items():
        if name in at:
            index = at[name]
            value = typed(column, relation.column(index), relation.types[index], naming.provider)
        else:
            value = f"CAST(NULL AS {column.sql_type})"
        cells.append(f'{value} AS "{"tags" if name == "Tags" else name}"')
    unknown = [
        (relation.headers[index], relation.column(index), relation.types[index])
        for index, column in enumerate(columns)
        if column is None
    ]
    if "Tags" in at:
        index = at["Tags"]
        cell = unreadable_tags(relation.column(index), relation.types[index])
        if cell is not None:
            unknown.append(("Tags", cell, "VARCHAR"))
    more = [
        test
        for cost in COSTS
        if cost in at and (test := rounded(relation.column(at[cost]), relation.types[at[cost]]))
    ]
    focus = (
        f"SELECT {', '.join(cells)}, {others(unknown)} AS x_columns, r AS file_row, "
        + (f"coalesce({' OR '.join(more)}, false)" if more else "false")
        + f" AS rounded FROM {relation.sql}"
    )
    return f"SELECT {', '.join(_output(naming, tags))} FROM ({focus})"


def _output(naming: Naming, tags: Sequence[TagSpec]) -> list[str]:
    return [
        *(f'"{name}"' for name in FOCUS_COLUMNS if name != "Tags"),
        f"{literal(naming.source)} AS source",
        f"{_provider(naming)} AS provider",
        f"{literal(str(naming.month))} AS billing_month",
        'CAST("ChargePeriodStart" AS DATE) AS charge_date',
        "tags",
        "x_columns",
        f"{literal(naming.file)} AS file",
        "CAST(file_row AS BIGINT) AS file_row",
        "rounded",
        *tag_columns(tags, "tags"),
    ]


def _provider(naming: Naming) -> str:
    if naming.provider != _OF_THE_ROW:
        return literal(naming.provider)
    name = 'trim(coalesce("ServiceProviderName", "ProviderName"))'
    whens = " ".join(
        f"WHEN {literal(known)} THEN {literal(code)}" for known, code in provider_codes().items()
    )
    slug = f"nullif(trim(regexp_replace(lower({name}), '[^a-z0-9]+', '-', 'g'), '-'), '')"
    return f"CASE lower({name}) {whens} ELSE coalesce({slug}, {literal(_OF_THE_ROW)}) END"
