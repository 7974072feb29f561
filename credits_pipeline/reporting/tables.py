"""Rows as Markdown tables, for the Dagster UI and the terminal."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from credits_pipeline.billing.money import for_people

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~$!])")
_LONGEST_CELL = 120

#: What each class of the ledger means to people.
CLASS_MEANINGS = {
    "sent": "sent",
    "identical_duplicate": "repeated word for word (the first is sent)",
    "conflicting_duplicate": "a further row for an account, left out",
    "rejected": "could not be read",
    "account_unknown": "account not known to CloudZero, left out",
    "control_total": "a total, not a row",
    "blank": "blank",
}


def escaped(text: object) -> str:
    """A cell's text: short, on one line, with nothing that Markdown or HTML acts on."""
    line = " ".join(str(text).split())
    return sentence(line if len(line) <= _LONGEST_CELL else line[: _LONGEST_CELL - 1] + "…")


def sentence(text: object) -> str:
    """The same of a text that is to be read whole."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def dollars(text: str | None) -> str:
    """An exact amount, stored as text, spelled for reading; an empty cell where there is none."""
    return "" if text is None else escaped(for_people(Decimal(text)))


def of_rows(rows: Sequence[Mapping[str, Any]], *, at_most: int) -> str:
    """Rows with the same keys as a table, the first so many of them."""
    if not rows:
        return "none"
    names = list(rows[0])
    lines = [
        "| " + " | ".join(escaped(name) for name in names) + " |",
        "|" + "---|" * len(names),
        *(
            "| " + " | ".join(_cell(name, row[name]) for name in names) + " |"
            for row in rows[:at_most]
        ),
    ]
    if len(rows) > at_most:
        lines += ["", f"and {len(rows) - at_most:,} more, in the stored file"]
    return "\n".join(lines)


def ledger(fields: Mapping[str, Mapping[str, Any]]) -> str:
    """Where every record of the file went."""
    lines = ["| records | dollars | what became of them |", "|--:|--:|---|"]
    lines += [
        f"| {entry['rows']:,} | {dollars(entry['usd'])} | {CLASS_MEANINGS.get(name, name)} |"
        for name, entry in fields.items()
        if entry["rows"]
    ]
    return "\n".join(lines)


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and (name == "usd" or name.endswith("_usd")):
        return dollars(value)
    return escaped(value)
