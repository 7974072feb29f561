"""JSON strings made by columns: exact bytes without a Python loop over rows."""

import polars as pl

_ESCAPES = {"\\": "\\\\", '"': '\\"'} | {chr(code): f"\\u{code:04x}" for code in range(0x20)}


def json_strings(column: pl.Expr) -> pl.Expr:
    """A column of texts as JSON strings, quotes included. Null stays null."""
    return pl.concat_str(pl.lit('"'), column.str.replace_many(_ESCAPES), pl.lit('"'))


def json_length(column: pl.Expr) -> pl.Expr:
    """How many bytes `json_strings` makes of each text, without making them."""
    return (
        column.str.len_bytes().cast(pl.Int64)
        + column.str.count_matches(r'["\\]')
        + 5 * column.str.count_matches(r"[\x00-\x1f]")
        + len('""')
    )
