"""Rows as Markdown tables, for the Dagster UI and the terminal."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from credits_pipeline.core.money import for_people
from credits_pipeline.text import Markdown, Outside

#: Column names for people, where the data's own name does not say enough.
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
    "not_a_credit": "of a type that is not a credit, left out",
    "control_total": "a total, not a row",
    "blank": "blank",
}

#: What the same classes mean while nothing has been sent.
_SENT = {
    "sent": "would be sent",
    "identical_duplicate": "repeated word for word (the first would be sent)",
}


def escaped(text: object) -> Markdown:
    """A cell's text: short, on one line, with nothing that acts as Markdown or HTML."""
    return Markdown.cell(Outside(str(text)))


def sentence(text: object) -> Markdown:
    """The same for a text that is shown whole."""
    return Markdown.render(Outside(str(text)))


def dollars(text: str | None) -> Markdown:
    """An exact amount, stored as text, formatted for people; an empty cell if there is none."""
    # Some renderers set text between two dollar signs as a formula.
    return Markdown("" if text is None else for_people(Decimal(text)).replace("$", "\\$"))


def bullets(texts: Sequence[object]) -> Markdown:
    """Sentences, one per line."""
    return Markdown.joined("\n", (Markdown.of("- {}", sentence(text)) for text in texts))


def row(cells: Sequence[Markdown]) -> Markdown:
    """One line of a table."""
    return Markdown.of("| {} |", Markdown.joined(" | ", cells))


def of_rows(rows: Sequence[Mapping[str, Any]], *, at_most: int) -> Markdown:
    """Rows with the same keys as a table, up to ``at_most`` of them."""
    if not rows:
        return Markdown("none")
    names = list(rows[0])
    lines = [
        row([escaped(_HEADS.get(name, name)) for name in names]),
        Markdown("|" + "".join("--:|" if _is_number(name) else "---|" for name in names)),
        *(row([_cell(name, found[name]) for name in names]) for found in rows[:at_most]),
    ]
    if len(rows) > at_most:
        lines += [
            Markdown(""),
            Markdown.of("and {} more, in the stored file", len(rows) - at_most),
        ]
    return Markdown.joined("\n", lines)


def ledger(fields: Mapping[str, Mapping[str, Any]], *, sent: bool) -> Markdown:
    """Where every record of the file went.

    Args:
        fields: rows and dollars of each class.
        sent: whether the rows classed as sent really were; otherwise they would be.
    """
    lines = [Markdown("| records | dollars | what became of them |\n|--:|--:|---|")]
    lines += [
        row(
            [
                Markdown.of("{}", int(entry["rows"])),
                dollars(entry["usd"]),
                escaped(meaning(name, sent=sent)),
            ]
        )
        for name, entry in fields.items()
        if entry["rows"]
    ]
    return Markdown.joined("\n", lines)


def meaning(name: str, *, sent: bool) -> str:
    """What a class of the ledger means, for a month that was sent or one that was not."""
    if name in _SENT and not sent:
        return _SENT[name]
    return CLASS_MEANINGS.get(name, name.replace("_", " "))


def _is_number(name: str) -> bool:
    return name in _NUMBERS or _is_usd(name)


def _is_usd(name: str) -> bool:
    return name == "usd" or name.endswith("_usd")


def _cell(name: str, value: object) -> Markdown:
    if value is None:
        return Markdown("")
    if isinstance(value, bool):
        return Markdown("yes" if value else "no")
    if isinstance(value, str) and _is_usd(name):
        return dollars(value)
    return escaped(value)
