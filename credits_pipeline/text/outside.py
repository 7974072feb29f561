"""Text that somebody else wrote: a cell, a header, a key, an answer, a name, a sentence with one.

It is not a `str`, so it can't slip into a text by accident: it has to be rendered for a surface.
"""

from dataclasses import dataclass, field
from typing import NoReturn

from credits_pipeline.text import characters

#: No surface shows more of one text; what is stored is complete.
LONGEST = 8_000


@dataclass(frozen=True, slots=True)
class Outside:
    """A text from outside, or a sentence of ours that contains one."""

    raw: str = field(repr=False)

    def __repr__(self) -> str:
        return f"Outside({characters.cut(characters.one_line(self.raw), 60)!r})"

    def __str__(self) -> NoReturn:
        raise TypeError("text from outside is rendered for a surface, and never put into a text")

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("text from outside is rendered for a surface, and never put into a text")

    def line(self, at_most: int = LONGEST) -> str:
        """All that a person can see of it, on one line."""
        # Cut first: a text of many megabytes is not processed to its end.
        return characters.cut(characters.one_line(self.raw[: 4 * at_most]), at_most)

    def lines(self, at_most: int = LONGEST) -> str:
        """All that a person can see of it, with its line breaks."""
        return characters.cut(characters.lines(self.raw[: 4 * at_most]), at_most)
