"""Expressions that convert a file's cells to FOCUS's types: exact money, UTC times, plain text."""

from collections.abc import Sequence

from credits_pipeline.finops.focus import CLOSED_LISTS, COSTS, FOCUS_COLUMNS, FocusColumn
from credits_pipeline.finops.focus.columns import MONEY
from credits_pipeline.finops.ingest.sql import literal
from credits_pipeline.finops.ingest.tags import tags_of_pairs, tags_of_text

#: As wide as the engine allows with more places than are stored, so that rounding is visible.
WIDE = "DECIMAL(38,20)"
_ALL = "DECIMAL(38,37)"
#: Azure writes the same id sometimes in one case and sometimes in another.
_LOWER = {
    "azure": frozenset({"BillingAccountId", "SubAccountId", "ResourceId", "CommitmentDiscountId"})
}
_TEXT = "VARCHAR"


def csv_type(column: str | None) -> str:
    """The type in which the CSV reader reads a column, so that it names the row of a bad cell.

    The four costs stay text: only their text shows what is rounded, and an engine that
    carries more places for every cell costs more than the reading.
    """
    kind = FOCUS_COLUMNS[column].kind if column else "text"
    if column in COSTS:
        return _TEXT
    return {"money": MONEY, "time": "TIMESTAMP WITH TIME ZONE"}.get(kind, _TEXT)


def typed(column: FocusColumn, cell: str, kind: str, provider: str) -> str:
    """SQL: a cell of a DuckDB type in the column's stored form."""
    if column.kind == "money":
        return cell if kind == MONEY else f"CAST({_number(cell, kind)} AS {MONEY})"
    if column.kind == "time":
        return time(cell, kind)
    if column.name == "Tags":
        return tags(cell, kind)
    value = text(cell, kind)
    if column.name in CLOSED_LISTS:
        value = _listed(value, CLOSED_LISTS[column.name])
    if column.name in _LOWER.get(provider, ()):
        value = f"lower({value})"
    return value


def rounded(cell: str, kind: str) -> str | None:
    """SQL: whether an amount has more places than are stored, or None if it can't have.

    Short amounts have fewer, and are not examined closely.
    """
    number = _number(cell, kind)
    kept = f"TRY_CAST({number} AS {MONEY})"
    if kind == _TEXT:
        closely = f"TRY_CAST({number} AS {WIDE}) <> {kept}"
        return (
            f"CASE WHEN strlen({cell}) < 20 AND NOT contains(lower({cell}), 'e') THEN false "
            f"ELSE {closely} END"
        )
    if kind in ("DOUBLE", "FLOAT"):
        # A double has up to 17 digits: from 1 on all of them are stored, and a stored non-zero
        # value has at most 37 places.
        whole, same = f"TRY_CAST({number} AS {_ALL})", f"TRY_CAST({kept} AS {_ALL})"
        return (
            f"CASE WHEN {cell} = 0 OR (strlen({number}) < 21 AND NOT contains({number}, 'e')) "
            f"THEN false ELSE {kept} = 0 OR (abs({cell}) < 1 AND {whole} <> {same}) END"
        )
    if kind.startswith("DECIMAL("):
        scale = int(kind.rstrip(")").rpartition(",")[2])
        return f"{cell} <> CAST({cell} AS {MONEY})" if scale > 18 else None  # noqa: PLR2004
    return None


def untypable(column: FocusColumn, cell: str, kind: str) -> str | None:
    """SQL: whether a non-empty cell can't be read, or None if every one can."""
    if column.kind == "money":
        number = _number(cell, kind)
        return f"{number} IS NOT NULL AND TRY_CAST({number} AS {MONEY}) IS NULL"
    if column.kind == "time" and kind == _TEXT:
        value = _filled(cell)
        return f"{value} IS NOT NULL AND TRY_CAST({value} AS TIMESTAMPTZ) IS NULL"
    return None


def time(cell: str, kind: str) -> str:
    """SQL: a time in UTC, without its zone."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        # The same as AT TIME ZONE 'UTC', without a calendar lookup for each.
        return f"make_timestamp(epoch_us({cell}))"
    if kind == _TEXT:
        return f"CAST(CAST({_filled(cell)} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP)"
    return f"CAST({cell} AS TIMESTAMP)"


def text(cell: str, kind: str) -> str:
    """SQL: a text, NULL if it is empty or says NULL."""
    if kind == _TEXT:
        return f"nullif(nullif({cell}, ''), 'NULL')"
    if nested(kind):
        return f"CAST(to_json({cell}) AS VARCHAR)"
    return f"CAST({cell} AS VARCHAR)"


def tags(cell: str, kind: str) -> str:
    """SQL: tags in any form, as a JSON object of texts."""
    if kind.startswith("MAP("):
        return tags_of_pairs(f"map_entries({cell})")
    if kind.startswith("STRUCT(") and kind.endswith("[]"):
        return tags_of_pairs(cell)
    return tags_of_text(text(cell, kind))


def unreadable_tags(cell: str, kind: str) -> str | None:
    """SQL: a text that should be tags and is not, or NULL; None if every value is."""
    if kind != _TEXT:
        return None
    value = text(cell, kind)
    return f"CASE WHEN NOT json_valid({value}) AND {tags_of_text(value)} IS NULL THEN {value} END"


def others(columns: Sequence[tuple[str, str, str]]) -> str:
    """SQL: header, cell and type of what is unknown to FOCUS, as one JSON object, or NULL."""
    import json  # noqa: PLC0415 - only the quoting of a name

    if not columns:
        return "CAST(NULL AS VARCHAR)"
    pairs = []
    for header, cell, kind in columns:
        value = f"to_json({cell})" if nested(kind) else f"to_json({text(cell, kind)})"
        pairs.append(f"{literal(json.dumps(header, ensure_ascii=False) + ':')} || {value}")
    return f"nullif('{{' || concat_ws(',', {', '.join(pairs)}) || '}}', '{{}}')"


def nested(kind: str) -> bool:
    """Whether a type has parts."""
    return kind.startswith(("MAP(", "STRUCT(")) or kind.endswith("]") or kind == "JSON"


def _number(cell: str, kind: str) -> str:
    """A number in a form that becomes a decimal exactly.

    A double's shortest text is its writer's number, if that has up to 15 digits.
    """
    if kind in ("DOUBLE", "FLOAT"):
        return f"CAST({cell} AS VARCHAR)"
    if kind == _TEXT:
        return _filled(cell)
    return cell


def _filled(cell: str) -> str:
    return f"nullif(nullif(trim({cell}), ''), 'NULL')"


def _listed(value: str, words: Sequence[str]) -> str:
    whens = " ".join(f"WHEN {literal(word.casefold())} THEN {literal(word)}" for word in words)
    exact = ", ".join(literal(word) for word in words)
    other = f"CASE lower(trim({value})) {whens} ELSE {value} END"
    return f"CASE WHEN {value} IN ({exact}) THEN {value} ELSE {other} END"
