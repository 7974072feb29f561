"""Files that are no CSV: spreadsheets and AWS's JSON, made into the table that the reader reads.

A cell goes on as the text that means what it means. Whether that is a credit, the reader says.
"""

from credits_pipeline.credits.opening.opened import Opened
from credits_pipeline.credits.opening.opener import open_file

__all__ = ["Opened", "open_file"]
