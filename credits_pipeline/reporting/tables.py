"""Rows as Markdown tables, for the Dagster UI and the terminal."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from credits_pipeline.billing.money import for_people

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~$!])")
_LONGEST_CELL = 120

#: What columns are called for people, where the data's own name does not say it.
_HEADS = {
    "account_id": "account",
    "usd": "dollars",
    "first_line": "first line",
    "first_usd": "dollars there",
    "identical": "the same",
    "kept": "counted",
    "old_usd": "held before",
    "new_usd": "to hold",
    "row_count": "rows",
    "drop_id": "drop",
}
_NUMBERS = {"line", "first_line", "row_count", "attempts", "status"}

#: What each class of the ledger means to people.
CLASS_MEANINGS = {
    "sent": "sent",
    "identical_duplicate": "repeated word for word (the first is sent)",
    "conflicting_duplicate": "a further row for an account, left out",
    "rejected": "could not be read",
    "account_unknown": "account not known to CloudZero, left out",
    "not_a_credit": "of a type that is no credit, left out",
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
        "| " + " | ".join(escaped(_HEADS.get(name, name)) for name in names) + " |",
        "|" + "".join("--:|" if _is_number(name) else "---|" for name in names),
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


def _is_number(name: str) -> bool:
    return name in _NUMBERS or _is_usd(name)


def _is_usd(name: str) -> bool:
    return name == "usd" or name.endswith("_usd")


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and _is_usd(name):
        return dollars(value)
    return escaped(value)
