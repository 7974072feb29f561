"""What Dagster shows, by the types of `credits_pipeline.text`: the only way to its pages.

Dagster renders descriptions and Markdown, images included, and prints logs to a terminal.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import dagster as dg

from credits_pipeline.text import Markdown, Outside, Plain


class _Log(Protocol):
    """The part of Dagster's log that is used."""

    def log(self, level: int, msg: object) -> None: ...


def description(text: Outside) -> str:
    """The text of a check, an observation or a failure, which Dagster renders as Markdown."""
    return Markdown.render(text).text


def md(markdown: Markdown) -> dg.MarkdownMetadataValue:
    """Metadata in Markdown."""
    return dg.MetadataValue.md(markdown.text)


def text(outside: Outside) -> dg.TextMetadataValue:
    """Metadata as text."""
    return dg.MetadataValue.text(plain(outside))


def path(outside: Outside) -> dg.PathMetadataValue:
    """Metadata as a path, or as an address that nobody should follow."""
    return dg.MetadataValue.path(plain(outside))


def plain(outside: Outside) -> str:
    """A reason, a tag or a line of a log: one line without invisible characters."""
    return Plain.render(outside).text


def metadata(found: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata whose plain texts come from outside; numbers and Dagster's own values stay."""
    return {
        name: text(Outside(value)) if isinstance(value, str) else value
        for name, value in found.items()
    }


def saying(log: _Log, level: int) -> Callable[[str], None]:
    """A function that writes a sentence, of whatever origin, to Dagster's log."""

    def say(sentence: str) -> None:
        log.log(level, plain(Outside(sentence)))

    return say
