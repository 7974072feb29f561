"""Reading a credits file: bytes in, an exact table with its findings out, or a refusal.

Delimiter, decimal mark, layout and signs are decided for the whole file, never for one cell.
"""

from credits_pipeline.credits.reading.assembly import MonthReading
from credits_pipeline.credits.reading.controls import Controls
from credits_pipeline.credits.reading.reader import Limits, Sheet, read_month, read_sheet
from credits_pipeline.credits.reading.refusal import UnreadableFile

__all__ = [
    "Controls",
    "Limits",
    "MonthReading",
    "Sheet",
    "UnreadableFile",
    "read_month",
    "read_sheet",
]
