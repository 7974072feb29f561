"""A source of bills: a name, the provider that delivers, the place, the export's name there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from credits_pipeline.finops.decisions.kind import ItemKind

#: The kind of sources in the store of decisions.
KIND = "source"
#: The first wing's receipts are a source of this name, which nobody adds.
RECEIPTS = "credits-receipts"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
_OBJECT_STORE = re.compile(
    r"(?:s3|az|gs)://(?P<bucket>[A-Za-z0-9$][A-Za-z0-9._-]+)(?:/(?P<below>[^\x00-\x1f?#]*))?"
)
_EXPORT = re.compile(r"[^/\\\x00-\x1f]{1,200}")
_FIELDS = {"provider", "location", "export"}


class SourceError(Exception):
    """A source can't be used; the message says what to do."""


class Provider(StrEnum):
    """Whose form of delivery it is."""

    AWS = "aws"
    AZURE = "azure"
    GCP = "gcp"
    #: Plain FOCUS files, one file or folder per month, whoever wrote them.
    FOCUS = "focus"


@dataclass(frozen=True)
class Source:
    """One source of bills.

    Attributes:
        name: as in ``source=<name>``.
        provider: whose form of delivery it is.
        location: ``s3://``, ``az://`` or ``gs://`` with bucket and prefix, or an absolute folder;
            without a slash at its end.
        export: the export's name below it; required for AWS; for Azure it separates two in one
            place.
    """

    name: str
    provider: Provider
    location: str
    export: str = ""

    def __post_init__(self) -> None:
        """Refuse what can't be used.

        Raises:
            SourceError: the name, the place or the export's name can't be.
        """
        if not _NAME.fullmatch(self.name):
            raise SourceError(
                f"{self.name!r} can't be the name of a source. What to do: use a letter from a to "
                "z, then letters, digits and -, at most 40, such as aws-main."
            )
        if self.name == RECEIPTS:
            raise SourceError(
                f"{RECEIPTS} is reserved for the receipts of the distributed credits. What "
                "to do: choose another name."
            )
        object.__setattr__(self, "location", self._place())
        if self.provider is Provider.AWS and not self.export:
            raise SourceError(
                f"the source {self.name} lacks its export's name. What to do: give --export with "
                "the name that the export has in AWS's Data Exports; the location is what stands "
                "before that name in the bucket."
            )
        if self.export and not _EXPORT.fullmatch(self.export):
            raise SourceError(
                f"{self.export!r} can't be the name of an export: it contains a slash or a control "
                "character, or is too long. What to do: give only the name; what precedes it "
                "belongs to the location."
            )

    @classmethod
    def of(cls, name: str, body: Mapping[str, Any]) -> Self:
        """A source from its stored form.

        Raises:
            SourceError: it can't be used.
        """
        unknown = sorted({*body} - _FIELDS)
        texts = {field: body.get(field, "") for field in _FIELDS}
        if unknown or not all(isinstance(text, str) for text in texts.values()):
            raise SourceError(
                f"the source {name} has {', '.join(unknown) or 'a field that is no text'}. What to "
                "do: give it provider, location and export, each as text."
            )
        try:
            provider = Provider(texts["provider"])
        except ValueError:
            raise SourceError(
                f"the source {name} has the provider {texts['provider']!r}. What to do: use one of "
                f"{', '.join(Provider)}."
            ) from None
        return cls(name, provider, texts["location"], texts["export"])

    def body(self) -> dict[str, str]:
        """Its stored form."""
        export = {"export": self.export} if self.export else {}
        return {"provider": self.provider.value, "location": self.location, **export}

    def _place(self) -> str:
        location = self.location.strip()
        if "://" in location:
            found = _OBJECT_STORE.fullmatch(location)
            if found is None:
                raise SourceError(
                    f"{location!r} can't be the location of source {self.name}. What to do: write "
                    "s3://bucket/prefix, az://container/prefix, gs://bucket/prefix, or a folder."
                )
            parts = (found["below"] or "").split("/")
            if ".." in parts or "." in parts:
                raise SourceError(
                    f"{location!r}, of source {self.name}, has . or .. as a step of its path. What "
                    "to do: write the prefix as the object store has it."
                )
            return location.rstrip("/")
        if not location:
            raise SourceError(
                f"the source {self.name} has no location. What to do: give the location of its "
                "files."
            )
        return str(Path(location).expanduser().absolute())


def _check(name: str, body: Mapping[str, Any]) -> None:
    try:
        Source.of(name, body)
    except SourceError as error:
        raise ValueError(str(error)) from error


#: Tells the store of decisions whether a source is valid.
DECIDED = ItemKind(KIND, _check, "sources")
