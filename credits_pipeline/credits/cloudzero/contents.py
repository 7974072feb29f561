"""Reads the contents of a month as they arrive: JSON text in pieces, a table of strings out.

A full month is 70 MB of JSON. It is read in batches, so that memory holds the table and one batch.
"""

import codecs
import json
import re
from collections.abc import Iterable
from typing import Any

import polars as pl

from credits_pipeline.core.json_outside import read_json
from credits_pipeline.credits.cloudzero.errors import UnreadableAnswerError

_BATCH_CHARACTERS = 1 << 20
_LONGEST_OPENING = 1 << 16
_OPENING = re.compile(r'\s*\{\s*"billing_drop"\s*:\s*\[\s*')
_BETWEEN_ROWS = re.compile(r"\}\s*,\s*(?=\{)")


def read_contents(pieces: Iterable[bytes]) -> pl.DataFrame:
    """Read ``{"billing_drop": [row, ...]}`` into a table of strings, one column per name.

    Values that are not strings keep their JSON spelling, so that no digit is lost; a name that a
    row does not have is null.

    Raises:
        UnreadableAnswerError: the text is not that.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    batches: list[pl.DataFrame] = []
    pending, try_at, inside, open_at = "", 0, False, 0
    for piece in pieces:
        pending += _decoded(decoder, piece, final=False)
        if not inside and open_at <= len(pending) <= _LONGEST_OPENING:
            opening = _OPENING.match(pending)
            # As below: the total work is linear, however small the pieces are.
            open_at = 2 * len(pending)
            if opening:
                pending, inside = pending[opening.end() :], True
        if inside and len(pending) >= max(_BATCH_CHARACTERS, try_at):
            rows, rest = _whole_rows(pending)
            batches += [_table(rows)] if rows else []
            # No row ended there: try again when there is twice as much text.
            pending, try_at = rest, 0 if rows else 2 * len(pending)
    pending += _decoded(decoder, b"", final=True)
    rows = _rows_of(f'{{"billing_drop":[{pending}' if inside else pending)
    batches += [_table(rows)] if rows else []
    return pl.concat(batches, how="diagonal") if batches else pl.DataFrame()


def _decoded(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool) -> str:
    try:
        return decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        raise UnreadableAnswerError(f"it is not UTF-8 ({error.reason})") from error


def _whole_rows(text: str) -> tuple[list[dict[str, Any]], str]:
    """Split off the rows that are complete.

    A brace and a comma inside a string look like a row's end. Text cut there does not parse,
    because its string stays open, so a cut that parses is a real one.
    """
    cut = text.rfind("}", 0, text.rfind("{"))
    if cut < 0 or not _BETWEEN_ROWS.match(text, cut):
        return [], text
    try:
        rows = _loads(f"[{text[: cut + 1]}]")
    except ValueError:
        return [], text
    _check_rows(rows)
    return rows, _BETWEEN_ROWS.sub("", text[cut:], count=1)


def _rows_of(text: str) -> list[dict[str, Any]]:
    try:
        answer = _loads(text)
    except ValueError as error:
        raise UnreadableAnswerError(f"it is not JSON ({error})") from error
    rows = answer.get("billing_drop") if isinstance(answer, dict) else None
    _check_rows(rows)
    return rows or []


def _check_rows(rows: Any) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnreadableAnswerError("it has no list of rows named billing_drop")


def _loads(text: str) -> Any:
    return read_json(text, parse_float=str, parse_int=str)


def _table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = {name: pl.String for row in rows for name in row}
    if not all(isinstance(value, str | None) for row in rows for value in row.values()):
        rows = [{name: _text(value) for name, value in row.items()} for row in rows]
    table = pl.DataFrame(rows, schema=names)
    return table.select(_shared_if_alike(table[name]) for name in table.columns)


def _shared_if_alike(column: pl.Series) -> pl.Series:
    """The column, its text stored once if all rows have the same: most columns of a month."""
    alike = not column.null_count() and bool((column == column[0]).all())
    return column.head(1).new_from_index(0, len(column)) if alike else column


def _text(value: Any) -> str | None:
    try:
        return value if isinstance(value, str | None) else json.dumps(value)
    except RecursionError:
        raise UnreadableAnswerError("a value in it is nested too deep") from None
