"""Text that becomes part of SQL, made safe: text of a file is a literal, never a name."""

from collections.abc import Iterable


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Texts as a SQL list."""
    return "[" + ", ".join(literal(text) for text in texts) + "]"
