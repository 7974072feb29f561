"""The company's whole code location: its own assets, and two streams of credits."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Everything below the folder ``defs``."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
