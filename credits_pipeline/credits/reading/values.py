"""A column's different values, and, if there are very many, those that can matter."""

from collections.abc import Iterator, Sequence
from typing import overload

import polars as pl

from credits_pipeline.credits.reading import vocabulary
from credits_pipeline.credits.reading.characters import plain

#: Up to this many values are all examined closely.
_FEW = 2_000
#: Without a letter: a number, a date, a sign.
_BARE = r"^[^\p{L}]*$"
#: A date, or words; no amount is written so.
_DATES = r"\d[/:-]\d|\p{Ll}{2}"
_SIGNS = r"[^\x00-\x7f]|[$(%#]|[0-9]{9}|^\W*[A-Z]{3}\W*$|(?i:\busd|usd\b|\bcr\b|\bdr\b)"
#: A number with a few other characters before or behind it.
_NUMBER = r"^[^\d]{0,12}\d[^\p{L}\p{Sc}]*[^\d]{0,12}$"
_SIGN = r"[\p{L}\p{Sc}]"
_SUMS = r"(?i)total|\bsum|\ball\b|gesamt|summe|suma\b|totaal"
_KINDS = rf"(?i)^\W*(?:{'|'.join(sorted(k for k in vocabulary.NOT_CREDITS if k.isascii()))})\W*$"
_COUNTS = rf"(?i)^\W*(?:{vocabulary.NOT_FINAL.pattern}|{vocabulary.NOT_ACTUAL.pattern})\W*$"
#: What `_KINDS` writes as one word may be several.
_SHORT = r"^.{1,3}$|^(?:\S+ ){1,3}(?i:fee|usage|discount|plan|charge|tax)$"
_NOTES = "|".join(
    f"(?:{pattern.pattern})"
    for pattern in (
        vocabulary.NOT_FINAL,
        vocabulary.CHARGES,
        vocabulary.LONGER,
        vocabulary.SIGNS,
        vocabulary.CURRENCY_NAMES,
    )
)
_NOTE = (
    rf"(?i)[0-9]|percent|thousand|million|billion|cent|hundred|lakh|crore|tausend|mill|mil|{_NOTES}"
)


class Values(Sequence[str]):
    """A column's different values, without blanks, in the order of the file."""

    def __init__(self, cells: pl.Series) -> None:
        different = cells.drop_nulls().unique(maintain_order=True)
        self._cells = different.filter(different.str.strip_chars() != "").alias("v")
        self._values: list[str] | None = None

    @property
    def _all(self) -> list[str]:
        if self._values is None:
            self._values = [value for value in self._cells.to_list() if plain(value)]
        return self._values

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._all[index]

    def with_signs(self) -> Sequence[str]:
        """The values that can be an amount with a sign or code of a currency."""
        if len(self._cells) <= _FEW:
            return self._all
        cell = self._cells.str
        return self._cells.filter(cell.contains(_NUMBER) & cell.contains(_SIGN)).to_list()

    def dates(self) -> Sequence[str]:
        """The values that can be dates and no amounts; if there are few values, all of them."""
        if len(self._cells) <= _FEW:
            return self._all
        return self._cells.filter(self._cells.str.contains(_DATES)).to_list()

    def telling(self, *, notes: bool = False) -> Sequence[str]:
        """The values that can be amounts, sums, kinds of rows or other words that matter.

        If there are few values, all of them; if there are very many, those that a pattern finds.
        """
        if len(self._cells) <= _FEW:
            return self._all
        cell = pl.col("v")
        spaced = cell.str.replace_all("_", " ", literal=True)
        wanted = (
            cell.str.contains(_BARE)
            | cell.str.contains(_SIGNS)
            | spaced.str.contains(_SUMS)
            | spaced.str.contains(_KINDS)
            | spaced.str.contains(_COUNTS)
            | spaced.str.contains(_SHORT)
        )
        if notes:
            wanted |= spaced.str.contains(_NOTE)
        found = self._cells.to_frame().filter(wanted)["v"].to_list()
        return [value for value in found if plain(value)]
