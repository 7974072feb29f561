"""One month of a source as it was delivered: its files, its identity, and when."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.errors import BillError


class SourceSpec(Protocol):
    """What must be known about a source: where it delivers, and in which form."""

    @property
    def name(self) -> str:
        """Its name here."""

    @property
    def provider(self) -> str:
        """``aws``, ``azure``, ``gcp`` or ``focus``."""

    @property
    def location(self) -> str:
        """A bucket, a container or a folder."""

    @property
    def export(self) -> str:
        """The export's name, if the provider has one."""


class DeliveryError(BillError):
    """A delivery can't be understood. That may be temporary while it is being written."""


@dataclass(frozen=True)
class DeliveredFile:
    """A file that counts.

    Attributes:
        name: short, for people; unique within the delivery.
        key: within the source's location.
        size: bytes as the manifest states them, or None if it doesn't.
        rows: data rows as the manifest states them, or None.
        checksum: ``sha256:…`` or ``md5:…`` in hex as the manifest states it, or None.
    """

    name: str
    key: str
    size: int | None = None
    rows: int | None = None
    checksum: str | None = None


@dataclass(frozen=True)
class Delivery:
    """A month of a source.

    Attributes:
        identity: 64 hex digits; another refresh has another.
        manifest: where a person finds the manifest.
        delivered_at: aware; orders the refreshes of a month.
        complete_through: the last day that the manifest itself calls complete, or None.
        columns: the columns that the manifest promises; empty if it says nothing.
        focus_version: as the manifest states it, or "".
        form: ``focus``, or ``credits`` for rows that the first wing sent.
    """

    source: str
    provider: str
    month: BillingMonth
    identity: str
    manifest: str
    files: tuple[DeliveredFile, ...]
    delivered_at: datetime
    complete_through: date | None = None
    columns: tuple[str, ...] = ()
    focus_version: str = ""
    rows: int | None = None
    size: int | None = None
    form: Literal["focus", "credits"] = "focus"


def digest(parts: Iterable[str]) -> str:
    """The identity computed from these texts, in order."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.encode("utf-8", "surrogateescape"))
        whole.update(b"\n")
    return whole.hexdigest()


def identity_of(month: BillingMonth, manifest: bytes) -> str:
    """The identity of a delivery that its manifest describes completely."""
    return digest([str(month), manifest.decode("utf-8", "surrogateescape")])


def once(files: Iterable[DeliveredFile], manifest: str) -> tuple[DeliveredFile, ...]:
    """The files, each of which must be named once.

    Raises:
        DeliveryError: the same file is named twice, so its rows would count twice.
    """
    kept = tuple(files)
    seen: set[str] = set()
    for file in kept:
        if file.key in seen:
            raise DeliveryError(
                f"{manifest} names {file.name} twice, and its rows would count twice. What to do: "
                "have the provider deliver the month again."
            )
        seen.add(file.key)
    return kept
