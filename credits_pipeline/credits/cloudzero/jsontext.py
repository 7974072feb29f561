"""Rows of texts as JSON, built by columns: exact bytes without a Python loop over rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

_ESCAPES = {"\\": "\\\\", '"': '\\"'} | {chr(code): f"\\u{code:04x}" for code in range(0x20)}
_NEEDS_ESCAPE = r'[\x00-\x1f"\\]'


def json_strings(column: pl.Expr) -> pl.Expr:
    """A column of texts as JSON strings, quotes included. Null stays null."""
    return pl.concat_str(pl.lit('"'), column.str.replace_many(_ESCAPES), pl.lit('"'))


def json_length(column: pl.Expr) -> pl.Expr:
    """The number of bytes that `json_strings` makes of each text, without making them."""
    return (
        column.str.len_bytes().cast(pl.Int64)
        + column.str.count_matches(r'["\\]')
        + 5 * column.str.count_matches(r"[\x00-\x1f]")
        + len('""')
    )


@dataclass(frozen=True)
class JsonObjects:
    """How the rows of a table become JSON objects: what all rows share is written once.

    Attributes:
        names: the columns, in order.
        shared: the value of each column that is the same in all rows.
        plain: the columns whose values need no escape.
    """

    names: tuple[str, ...]
    shared: Mapping[str, str]
    plain: frozenset[str]

    @classmethod
    def of(cls, rows: pl.DataFrame, shared: Mapping[str, str]) -> Self:
        """Examine a table that has rows and no nulls.

        Args:
            rows: all columns text.
            shared: values that replace those of the table.
        """
        alike = {
            name: str(rows[name][0])
            for name in rows.columns
            if name not in shared and bool((rows[name] == rows[name][0]).all())
        }
        alike |= shared
        plain = {
            name
            for name in rows.columns
            if name not in alike and not rows[name].str.contains(_NEEDS_ESCAPE).any()
        }
        return cls(tuple(rows.columns), alike, frozenset(plain))

    def texts(self, shared: Mapping[str, str]) -> pl.Expr:
        """The object of each row, as text.

        Args:
            shared: values for some of the shared columns, instead of those of the table.
        """
        pieces: list[pl.Expr] = []
        pending = "{"
        for name in self.names:
            pending += f"{json.dumps(name, ensure_ascii=False)}:"
            if name in self.shared:
                pending += _json(shared.get(name, self.shared[name]))
            elif name in self.plain:
                pieces += [pl.lit(f'{pending}"'), pl.col(name)]
                pending = '"'
            else:
                pieces += [pl.lit(pending), json_strings(pl.col(name))]
                pending = ""
            pending += ","
        # Repeated, so that each row has one even if no column differs.
        pieces.append(pl.repeat(f"{pending[:-1]}}}", pl.len()))
        return pl.concat_str(pieces).alias("text")

    def lengths(self, rows: pl.DataFrame) -> pl.Series:
        """Bytes of the object of each row, without making it."""
        same = len("{}") + sum(
            len(json.dumps(name, ensure_ascii=False).encode()) + len(":,") for name in self.names
        )
        same += sum(len(_json(text).encode()) for text in self.shared.values()) - len(",")
        differing = [
            pl.col(name).str.len_bytes().cast(pl.Int64) + len('""')
            if name in self.plain
            else json_length(pl.col(name))
            for name in self.names
            if name not in self.shared
        ]
        return rows.select(
            (pl.sum_horizontal(pl.repeat(same, pl.len(), dtype=pl.Int64), *differing)).alias("n")
        ).to_series()


def _json(text: str) -> str:
    """A JSON string, by the same rules as `json_strings`."""
    return f'"{text.translate(_TABLE)}"'


_TABLE = str.maketrans(_ESCAPES)
