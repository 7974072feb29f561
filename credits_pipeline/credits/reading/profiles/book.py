"""The profiles that are tried for a file: those that people stored, then those of the product."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.profiles.parsing import parse
from credits_pipeline.credits.reading.profiles.profile import Profile, ProfileError
from credits_pipeline.credits.reading.refusal import UnreadableFile

#: The header is within this many records, below lines that the profile permits there.
_HEAD = 40
_PACKAGE = "credits_pipeline.credits.reading.profiles"


@dataclass(frozen=True)
class Found:
    """A profile that fits, and the index of the record that is its header."""

    profile: Profile
    header: int


@dataclass(frozen=True)
class Profiles:
    """Profiles in the order in which they are tried.

    Attributes:
        stored: profiles of people; they take precedence over the product's.
        shipped: what came with the product.
    """

    stored: tuple[Profile, ...] = ()
    shipped: tuple[Profile, ...] = ()

    def find(self, head: Grid, *, name: str) -> Found | None:
        """The profile whose header is among a file's first records.

        Raises:
            UnreadableFile: there are several.
        """
        rows = head.rows(0, min(head.height, _HEAD))
        for profiles in (self.stored, self.shipped):
            found = [one for one in (_at(rows, profile) for profile in profiles) if one is not None]
            if len(found) > 1:
                names = " and ".join(one.profile.name for one in found)
                raise UnreadableFile(
                    f"{name} has a header that {len(found)} profiles match, {names}: forget all"
                    " but one with credits-pipeline profile --forget NAME.",
                    layout="profile",
                )
            if found:
                return found[0]
        return None


def _at(rows: list[list[str]], profile: Profile) -> Found | None:
    for index, cells in enumerate(rows):
        if profile.fits(cells):
            return Found(profile, index)
        if any(map(str.strip, cells)) and not profile.notes_on(cells):
            return None
    return None


@cache
def shipped() -> Profiles:
    """The profiles that came with the product."""
    folder = resources.files(_PACKAGE) / "shipped"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda f: f.name
    )
    return Profiles(
        shipped=tuple(parse(file.read_bytes(), file=file.name, shipped=True) for file in files)
    )


def with_stored(texts: Mapping[str, bytes], tried: Iterable[Profile] = ()) -> Profiles:
    """The product's profiles and those that people stored.

    Args:
        texts: the stored ones, by the name of their file.
        tried: profiles that replace all stored ones, for one reading.

    Raises:
        ProfileError: a stored one can't be used.
    """
    stored = [parse(text, file=file) for file, text in texts.items()]
    for profile, file in zip(stored, texts, strict=True):
        if file.rpartition("/")[2] != f"{profile.name}.toml":
            raise ProfileError(
                f"{file}: name is {profile.name!r}, which is not the file's: rename one of them."
            )
    return Profiles(stored=tuple(tried) or tuple(stored), shipped=shipped().shipped)
