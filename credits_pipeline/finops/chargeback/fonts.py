"""The fonts that statements are printed with, and the letters that they have.

A letter that no font has would be printed as an empty box without an error; so each text is checked
against the fonts before it is printed.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.settings import FONTS

#: The fonts of the package: Latin, Greek, Cyrillic and eight more scripts.
OWN = Path(__file__).with_name("fonts")
#: Packages that contain only fonts; their code is never imported.
PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
FIRST = "Noto Sans"
#: One Han letter is drawn differently in Japan, Korea and China; the rest of the document shows
#: which it is: kana, hangul, or neither.
_HAN = "Noto Sans CJK "
_WRITINGS = (("JP", (0x3041, 0x30FF)), ("KR", (0xAC00, 0xD7A3)))
_HAN_ELSE = "SC"
_ENDINGS = {".ttf", ".otf", ".ttc", ".otc"}
_COLLECTION = b"ttcf"
_SEGMENTS, _GROUPS = 4, 12
_NO_LETTER = 0xFFFF
_NO_GLYPH_NEEDED = frozenset(" \n\u200b")


class FontError(Exception):
    """A font can't be read, or no font has a letter; the message says which and what to do."""


@dataclass(frozen=True)
class Typefaces:
    """Open fonts.

    Attributes:
        folders: where they are.
        families: their names, ours first.
        letters: the code points that at least one of them has.
        fonts: in typst's form.
    """

    folders: tuple[Path, ...]
    families: tuple[str, ...]
    letters: frozenset[int]
    fonts: Any

    def check(self, texts: Iterable[str]) -> None:
        """Refuse a text with a letter that no font has.

        Raises:
            FontError: it names each text, at most five, and the letters.
        """
        lacking: dict[str, list[str]] = {}
        for text in texts:
            missing = [
                one
                for one in dict.fromkeys(text)
                if ord(one) not in self.letters and one not in _NO_GLYPH_NEEDED
            ]
            if missing:
                lacking[text] = missing
        if not lacking:
            return
        told = "; ".join(
            f"{text!r} has {', '.join(f'{one} (U+{ord(one):04X})' for one in missing[:5])}"
            for text, missing in list(lacking.items())[:5]
        )
        more = f", and {len(lacking) - 5} more" if len(lacking) > 5 else ""  # noqa: PLR2004 - as above
        raise FontError(
            f"No font here has every letter of these names: {told}{more}. Nothing was "
            f"printed. What to do: {_HOW} install fonts of that script, such as Debian's "
            "fonts-noto-core, and name their folder in FINOPS_FONTS."
        )

    def families_for(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The families in the order in which a document of these texts is searched for a letter."""
        letters = {ord(one) for text in texts for one in text}
        han = next(
            (
                country
                for country, (first, last) in _WRITINGS
                if any(first <= letter <= last for letter in letters)
            ),
            _HAN_ELSE,
        )
        return tuple(sorted(self.families, key=lambda one: (one != FIRST, one != _HAN + han)))


_HOW = "pip install 'credits-pipeline[fonts]', or"


def typefaces() -> Typefaces:
    """Our own fonts, those of the packages that are installed, and those that the settings name.

    Raises:
        SettingError: a folder is not there.
        FontError: a font can't be read.
    """
    return _opened((OWN, *_packaged(), *FONTS.read(_folders)))


def _packaged() -> Iterator[Path]:
    for name in PACKAGES:
        spec = find_spec(name)
        yield from map(Path, (spec and spec.submodule_search_locations) or ())


@cache
def _opened(folders: tuple[Path, ...]) -> Typefaces:
    import typst  # noqa: PLC0415 - only where something is printed

    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in folders],
    )
    families = sorted(set(fonts.families()) - {FIRST})
    files = sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix.lower() in _ENDINGS and path.is_file()
    )
    letters: set[int] = set()
    for path in files:
        letters |= letters_of(path)
    return Typefaces(folders, (FIRST, *families), frozenset(letters), fonts)


def letters_of(path: Path) -> set[int]:
    """The code points that a font file has a glyph for.

    Raises:
        FontError: it is no font.
    """
    try:
        content = path.read_bytes()
        found: set[int] = set()
        for start in _faces(content):
            found |= set(_of_face(content, start))
    except (OSError, struct.error, IndexError) as error:
        raise FontError(
            f"The font {path} can't be read: {error}. What to do: remove it from its folder."
        ) from error
    return found


def _faces(content: bytes) -> Iterator[int]:
    """Where each face of a file begins; a collection has several."""
    if content[:4] != _COLLECTION:
        yield 0
        return
    (count,) = struct.unpack_from(">I", content, 8)
    yield from struct.unpack_from(f">{count}I", content, 12)


def _of_face(content: bytes, start: int) -> Iterator[int]:
    (tables,) = struct.unpack_from(">H", content, start + 4)
    for at in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", content, start + 12 + 16 * at)
        if tag == b"cmap":
            yield from _of_cmap(content, offset)


def _of_cmap(content: bytes, cmap: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", content, cmap + 2)
    for at in range(count):
        platform, _, offset = struct.unpack_from(">HHI", content, cmap + 4 + 8 * at)
        if platform not in (0, 3):
            continue
        table = cmap + offset
        (form,) = struct.unpack_from(">H", content, table)
        if form == _SEGMENTS:
            yield from _of_segments(content, table)
        elif form == _GROUPS:
            (groups,) = struct.unpack_from(">I", content, table + 12)
            for group in range(groups):
                first, last, glyph = struct.unpack_from(">III", content, table + 16 + 12 * group)
                yield from range(first + (glyph == 0), last + 1)


def _of_segments(content: bytes, table: int) -> Iterator[int]:
    (double,) = struct.unpack_from(">H", content, table + 6)
    count = double // 2
    ends = struct.unpack_from(f">{count}H", content, table + 14)
    starts = struct.unpack_from(f">{count}H", content, table + 16 + double)
    deltas = struct.unpack_from(f">{count}H", content, table + 16 + 2 * double)
    at_ranges = table + 16 + 3 * double
    ranges = struct.unpack_from(f">{count}H", content, at_ranges)
    for segment in range(count):
        for letter in range(starts[segment], ends[segment] + 1):
            if ranges[segment] == 0:
                glyph = (letter + deltas[segment]) & 0xFFFF
            else:
                where = at_ranges + 2 * segment + ranges[segment] + 2 * (letter - starts[segment])
                (glyph,) = (
                    struct.unpack_from(">H", content, where) if letter != _NO_LETTER else (0,)
                )
            if glyph:
                yield letter


def _folders(text: str) -> tuple[Path, ...]:
    found = tuple(Path(one).expanduser().absolute() for one in text.split(":") if one.strip())
    for folder in found:
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
    return found


__all__ = ["FontError", "SettingError", "Typefaces", "letters_of", "typefaces"]
