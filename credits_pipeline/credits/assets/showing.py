"""What Dagster gets to show, as the types of `credits_pipeline.text`: the only door to its pages.

Dagster lays descriptions and Markdown out, images included, and prints logs to a terminal.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import dagster as dg

from credits_pipeline.text import Markdown, Outside, Plain


class _Log(Protocol):
    """What is used of Dagster's log."""

    def log(self, level: int, msg: object) -> None: ...


def description(text: Outside) -> str:
    """Of a check, an observation or a failure, which Dagster lays out as Markdown."""
    return Markdown.render(text).text


def md(markdown: Markdown) -> dg.MarkdownMetadataValue:
    """A piece of metadata that is Markdown."""
    return dg.MetadataValue.md(markdown.text)


def text(outside: Outside) -> dg.TextMetadataValue:
    """A piece of metadata that is text."""
    return dg.MetadataValue.text(plain(outside))


def path(outside: Outside) -> dg.PathMetadataValue:
    """A piece of metadata that is a path or an address which nobody is to follow."""
    return dg.MetadataValue.path(plain(outside))


def plain(outside: Outside) -> str:
    """A reason, a tag, a line of a log: one line with nothing unseen in it."""
    return Plain.render(outside).text


def metadata(found: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata whose plain texts are from outside; numbers and Dagster's own values stay."""
    return {
        name: text(Outside(value)) if isinstance(value, str) else value
        for name, value in found.items()
    }


def saying(log: _Log, level: int) -> Callable[[str], None]:
    """A function that says a sentence, wherever its words come from, in Dagster's log."""

    def say(sentence: str) -> None:
        log.log(level, plain(Outside(sentence)))

    return say
