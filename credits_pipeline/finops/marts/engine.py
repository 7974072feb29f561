"""What a mart needs from an engine: four verbs, so that a cluster can replace DuckDB.

::

    register   a table over files          run     a mart's text, into a table
    read       a small result              replace one partition of a mart with what was run
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

from credits_pipeline.finops.marts.columns import Column

TAG = "tag_"


class EngineError(Exception):
    """The engine could not do it; the message says what, where and what to do."""


def missing_tags(
    columns: Sequence[Column], there: Collection[str], files: Sequence[Path]
) -> list[str]:
    """The columns of tags that files lack, because they were typed without them.

    Raises:
        EngineError: another column is missing.
    """
    missing = [column.name for column in columns if column.name not in there]
    lost = [name for name in missing if not name.startswith(TAG)]
    if lost:
        raise EngineError(
            f"{files[0]} has no column {', '.join(lost)}. What to do: ingest its month again, so "
            "that this release types it."
        )
    return missing


class Engine(Protocol):
    """An engine that computes marts."""

    def register(self, table: str, files: Sequence[Path], columns: Sequence[Column]) -> None:
        """Give the rows of these files a table name.

        Args:
            table: its name.
            files: Parquet files of one partition.
            columns: those that it needs at least; a tag column that the files lack is taken from
                their ``tags``.

        Raises:
            EngineError: a file or a column is not there.
        """

    def run(self, text: str, into: str) -> None:
        """Compute a mart's text into a table.

        Raises:
            EngineError: it can't be computed.
        """

    def read(self, text: str) -> list[tuple[Any, ...]]:
        """A small result: decimals as Decimal, in the order of the text."""

    def replace(self, table: str, columns: Sequence[Column], file: Path) -> int:
        """Write a table's rows as the one file of a partition's new version.

        Returns:
            How many rows were written.
        """
