"""Tables as CSV for people's spreadsheets: UTF-8, commas, and no text that acts as a formula.

Not for files that are read back: those keep every text as it is.
"""

import csv
import io
from collections.abc import Iterable

from credits_pipeline.text.outside import Outside
from credits_pipeline.text.surfaces import Csv


def csv_cell(text: str) -> str:
    """A text from outside as a cell."""
    return Csv.render(Outside(text)).text


def csv_file(rows: Iterable[Iterable[object]]) -> bytes:
    """The rows as a file, the same bytes each time. Texts from outside come from `csv_cell`."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
