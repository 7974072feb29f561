"""Files other than CSV: spreadsheets and AWS's JSON, turned into the table that the reader reads.

A cell becomes text with the same meaning. The reader decides whether that is a credit.
"""

from credits_pipeline.credits.opening.opened import Opened
from credits_pipeline.credits.opening.opener import open_file

__all__ = ["Opened", "open_file"]
