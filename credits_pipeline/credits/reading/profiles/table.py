"""The records below a profile's header, and the columns that it names."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import polars as pl

from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.layouts.rows import blank_rows
from credits_pipeline.credits.reading.profiles.profile import Profile, cell_key
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.totals import is_total

_ID = "[0-9]{9}"


@dataclass(frozen=True)
class Table:
    """The records below a header that are neither blank, nor a note, nor the header again.

    Attributes:
        profile: says what they mean.
        header: the header's cells.
        grid: the records.
        aside: how many records are not rows.
        name: what to call the file in messages.
    """

    profile: Profile
    header: tuple[str, ...]
    grid: Grid
    aside: int
    name: str

    @classmethod
    def below(cls, profile: Profile, grid: Grid, at: int, *, name: str) -> Self:
        """The table whose header is the record ``at``."""
        header = grid.rows(at, at + 1)[0]
        while header and not cell_key(header[-1]):
            header.pop()
        made = cls(profile, tuple(header), grid.below(at), 0, name)
        aside = blank_rows(made.grid) | made._notes_and_headers()
        keep = ~aside
        malformed = made.grid.malformed
        rows = replace(
            made.grid,
            columns=tuple(column.filter(keep) for column in made.grid.columns),
            lines=made.grid.lines.filter(keep),
            malformed=None if malformed is None else malformed.filter(keep),
        )
        return replace(made, grid=rows, aside=int(aside.sum()))

    @property
    def keys(self) -> list[str]:
        """The header's cells as profiles compare them."""
        return [cell_key(cell) for cell in self.header]

    @property
    def used(self) -> set[str]:
        """The keys of the columns that are read."""
        return {self.keys[self._index(names)] for names in self.profile.used}

    def _index(self, names: tuple[str, ...]) -> int:
        keys = self.keys
        return next(keys.index(key) for key in map(cell_key, names) if key in keys)

    def column(self, *names: str) -> pl.Series:
        """The cells of the column that has one of these names."""
        return self.cells(self._index(names))

    def cells(self, index: int) -> pl.Series:
        """The cells of a column; null where a record has none."""
        if index < self.grid.width:
            return self.grid.columns[index]
        return pl.Series([None] * self.grid.height, dtype=pl.String)

    def title(self, *names: str) -> str:
        """What the column that has one of these names is called in the file."""
        return clean(self.header[self._index(names)])

    def refused(self, says: str) -> UnreadableFile:
        """A refusal that names the profile."""
        return UnreadableFile(
            f"{self.name}, read by the profile {self.profile.told}, {says}.", layout="profile"
        )

    def total_rows(self) -> dict[int, str]:
        """The rows that state a total, with its label, recognised as in every layout."""
        account = self.column(*self.profile.account)
        worded = ~account.str.contains(_ID).fill_null(value=False)
        found = {}
        for index in worded.arg_true():
            label = clean(account[index] or "")
            labels = [label] if label else self.grid.rows(index, index + 1)[0]
            total = next((clean(text) for text in labels if is_total(text)), None)
            if total is not None:
                found[index] = total
        return found

    def _notes_and_headers(self) -> pl.Series:
        """Boolean by row: a repeated header, or a line that the profile permits there."""
        keys = self.keys
        no_id = ~self.column(*self.profile.account).str.contains(_ID).fill_null(value=False)
        flags = [False] * self.grid.height
        for index in no_id.arg_true():
            row = self.grid.rows(index, index + 1)[0]
            again = [cell_key(cell) for cell in row]
            while again and not again[-1]:
                again.pop()
            flags[index] = again == keys or self.profile.notes_on(row)
        return pl.Series(flags, dtype=pl.Boolean)


def mapped(cells: pl.Series, value: Callable[[str | None], Any], dtype: Any) -> pl.Series:
    """A column with the value of each cell; each different cell is evaluated once."""
    different = cells.unique()
    values = pl.Series("value", [value(cell) for cell in different], dtype=dtype)
    table = pl.DataFrame([different.alias("cell"), values])
    found = cells.to_frame("cell").join(
        table, on="cell", how="left", maintain_order="left", nulls_equal=True
    )
    return found["value"]


def either(first: pl.Series, second: pl.Series) -> pl.Series:
    """The first of two columns, and the second where it is null."""
    both = pl.DataFrame([first.alias("a"), second.alias("b")])
    return both.select(pl.coalesce("a", "b").alias(first.name)).to_series()


def quoted(cell: str | None) -> str:
    """A cell in a message."""
    text = clean(cell or "")
    return repr(text) if text else "nothing"
