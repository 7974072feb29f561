"""The first line of a CSV file: its delimiter and its names."""

import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from credits_pipeline.finops.focus import columns_of
from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.limits import Limits

_DELIMITERS = (",", ";", "\t", "|")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Header:
    """The beginning of a CSV file."""

    delimiter: str
    names: tuple[str, ...]


def read_header(path: Path, name: str, provider: str, limits: Limits) -> Header:
    """The header of a CSV file.

    Raises:
        FileFault: it has none, is not UTF-8, or has far more columns than bills do.
    """
    with path.open("rb") as file:
        start = file.read(limits.line)
    if start.startswith(_UTF16):
        raise FileFault("columns_are_there", name, "is written in UTF-16, not in UTF-8")
    try:
        text = start.decode("utf-8-sig", "strict" if len(start) < limits.line else "ignore")
    except UnicodeDecodeError as error:
        raise FileFault(
            "columns_are_there", name, f"is not UTF-8 text (byte {error.start + 1:,})"
        ) from error
    if not text.strip():
        raise FileFault("columns_are_there", name, "has no header line", passes=True)
    headers = [Header(delimiter, _first(text, delimiter)) for delimiter in _DELIMITERS]
    best = max(headers, key=lambda each: sum(map(bool, columns_of(each.names, provider))))
    if len(best.names) > limits.columns:
        raise FileFault(
            "columns_are_there", name, f"has {len(best.names):,} columns; bills have hundreds"
        )
    return best


def _first(text: str, delimiter: str) -> tuple[str, ...]:
    lines = text.splitlines(keepends=True)
    try:
        names = next(islice(csv.reader(lines, delimiter=delimiter, strict=True), 1), [])
    except csv.Error:
        return ()
    return tuple(name.strip().lstrip("\ufeff") for name in names)
