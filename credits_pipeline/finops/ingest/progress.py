"""The progress of an ingest, for a terminal or a log."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Files and bytes of the delivery that are read, and rows that are typed."""

    files_done: int
    files: int
    bytes_done: int
    bytes: int
    rows: int


Told = Callable[[Progress], None]
