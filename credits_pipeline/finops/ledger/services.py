"""One service by several names: in the ledger, on a bill, and as AWS's own code."""

import csv
import re
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("services.csv")
_NOT_A_LETTER = re.compile(r"[\W_]+")
_MAKER = re.compile(r"^(?:amazon|aws)")


def same_service(name: str) -> str:
    """A key that is equal for all names of one service."""
    plain = _plain(name)
    return _known().get(plain, plain)


def _plain(name: str) -> str:
    return _MAKER.sub("", _NOT_A_LETTER.sub("", name).casefold())


@cache
def _known() -> dict[str, str]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {_plain(line["name"]): line["service"] for line in csv.DictReader(file)}
