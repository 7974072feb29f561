"""Which FOCUS column a header of a file means: the header itself, or a line of ``aliases.csv``.

A provider with other names needs lines in that table and no code.
"""

import csv
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from credits_pipeline.finops.focus.columns import FOCUS_COLUMNS

_TABLE = Path(__file__).with_name("aliases.csv")
_NOT_A_LETTER = re.compile(r"[\W_]+")


def plain(header: str) -> str:
    """A header without what varies between writers: case, blanks, a byte-order mark."""
    return _NOT_A_LETTER.sub("", header.replace("\ufeff", "")).casefold()


def columns_of(headers: Sequence[str], provider: str) -> list[str | None]:
    """For each header its FOCUS column, or None if it has none.

    A column has one header only: the one with its name, otherwise the first alias.
    """
    named: dict[str, str] = {plain(name): name for name in FOCUS_COLUMNS}
    found: list[str | None] = [None] * len(headers)
    taken: set[str] = set()
    for at, header in enumerate(headers):
        column = named.get(plain(header))
        if column is not None and column not in taken:
            found[at] = column
            taken.add(column)
    for alias, column in _aliases(provider):
        if column in taken:
            continue
        for at, header in enumerate(headers):
            if found[at] is None and plain(header) == alias:
                found[at] = column
                taken.add(column)
                break
    return found


def named_twice(headers: Sequence[str]) -> dict[str, list[str]]:
    """FOCUS columns by whose name several headers go, with those headers as written."""
    named = {plain(name): name for name in FOCUS_COLUMNS}
    found: dict[str, list[str]] = {}
    for header in headers:
        column = named.get(plain(header))
        if column is not None:
            found.setdefault(column, []).append(header)
    return {column: those for column, those in found.items() if len(those) > 1}


@cache
def _aliases(provider: str) -> tuple[tuple[str, str], ...]:
    """Plain header and column, for this provider; a plain FOCUS source may have anyone's files."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            (plain(line["header"]), line["column"])
            for line in csv.DictReader(file)
            if line["provider"] in ("*", provider) or provider == "focus"
        )
