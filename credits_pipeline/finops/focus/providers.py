"""Short codes of the clouds by their own names, from ``providers.csv``."""

import csv
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("providers.csv")


@cache
def provider_codes() -> dict[str, str]:
    """A provider's name in lower case, mapped to its short code."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {line["name"].casefold(): line["code"] for line in csv.DictReader(file)}
