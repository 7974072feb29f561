"""The surfaces: one type each, made of our templates and of what was rendered for that surface.

A template is written where it is used and has ``{}`` for each part. A part that is a plain `str` is
refused, by mypy and at run time: it is either ours, and belongs in the template, or `Outside`.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from credits_pipeline.text import words
from credits_pipeline.text.outside import LONGEST, Outside


@dataclass(frozen=True, slots=True)
class Surface:
    """Text that is safe on one surface.

    Attributes:
        text: what goes to the surface.
    """

    text: str
    longest: ClassVar[int] = LONGEST

    @classmethod
    def of(cls, template: str, *parts: "Self | Outside | int") -> Self:
        """A template of ours with its parts.

        Raises:
            TypeError: a part is plain text, whose origin is unknown.
        """
        return cls(template.format(*map(cls._part, parts)))

    @classmethod
    def joined(cls, between: str, parts: "Iterable[Self | Outside]") -> Self:
        """Several parts, with a text of ours between them."""
        return cls(between.join(map(cls._part, parts)))

    @classmethod
    def render(cls, outside: Outside) -> Self:
        """A text from outside, for this surface."""
        return cls(cls._rendered(outside))

    @classmethod
    def _part(cls, part: object) -> str:
        if isinstance(part, Outside):
            return cls._rendered(part)
        if isinstance(part, cls):
            return part.text
        if isinstance(part, int):
            return f"{part:,}"
        raise TypeError(f"{type(part).__name__} is neither Outside nor {cls.__name__}")

    @classmethod
    def _rendered(cls, outside: Outside) -> str:
        return outside.line(cls.longest)

    def __bool__(self) -> bool:
        return bool(self.text)


class Plain(Surface):
    """One line of plain text, without invisible characters: logs, mail headers, a terminal."""


class Markdown(Surface):
    """Markdown as Dagster's pages, GitHub and terminals render it."""

    _LONGEST_CELL = 120

    @classmethod
    def _rendered(cls, outside: Outside) -> str:
        return words.in_markdown(outside.line(cls.longest))

    @classmethod
    def cell(cls, outside: Outside) -> Self:
        """A cell of a table: short, and no bar ends it early."""
        return cls(words.in_a_cell(outside.line(cls._LONGEST_CELL)))

    @classmethod
    def block(cls, language: str, outside: Outside) -> Self:
        """Lines of code to copy as they are; nothing in them ends the block."""
        return cls(words.fenced(outside.lines(cls.longest), language))

    @classmethod
    def link(cls, shown: "Self | Outside", target: str) -> Self:
        """A link of ours: its target is an address that this product made, parts quoted."""
        if any(character in target for character in " ()<>\\\n\r\t"):
            raise ValueError("a link's target holds what would end it")
        return cls(f"[{cls._part(shown)}]({target})")


class Page(Surface):
    """Markdown as Streamlit renders it, in texts, labels and tooltips of the pages."""

    longest = 300

    @classmethod
    def _rendered(cls, outside: Outside) -> str:
        return words.on_a_page(outside.line(cls.longest))


class Mrkdwn(Surface):
    """Slack's own markup."""

    longest = 1_500

    @classmethod
    def _rendered(cls, outside: Outside) -> str:
        return words.in_mrkdwn(outside.line(cls.longest))

    @classmethod
    def link(cls, shown: str, target: str) -> Self:
        """A link of ours; its text is ours too."""
        if any(character in target for character in " <>|\n\r\t"):
            raise ValueError("a link's target holds what would end it")
        return cls(f"<{html.escape(target, quote=False)}|{shown}>")


class Html(Surface):
    """HTML, between tags or in a quoted attribute."""

    @classmethod
    def _rendered(cls, outside: Outside) -> str:
        return html.escape(outside.line(cls.longest))


class Csv(Surface):
    """A cell of a file that people open in a spreadsheet. Not for files that are read back."""

    @classmethod
    def _rendered(cls, outside: Outside) -> str:
        return words.in_csv(outside.line(cls.longest))
