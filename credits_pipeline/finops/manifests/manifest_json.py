"""Reads a manifest's JSON within limits, and says which field is wrong."""

import json
from datetime import UTC, datetime
from typing import Any

from credits_pipeline.finops.manifests.delivery import DeliveryError
from credits_pipeline.finops.objects import Place

#: A manifest of a hundred thousand files is below this.
_LIMIT = 32 << 20


def read_manifest(place: Place, key: str) -> tuple[dict[str, Any], bytes]:
    """The object in a manifest, and its bytes.

    Raises:
        DeliveryError: it is not a JSON object. This is temporary if it is being written.
    """
    content = place.read(key, _LIMIT)
    try:
        manifest = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise DeliveryError(
            f"{place.uri(key)} is not JSON: {str(error)[:120]}. What to do: nothing if it is being "
            "written just now, it is read again; otherwise have the provider deliver it again.",
            passes=True,
        ) from error
    if not isinstance(manifest, dict):
        raise DeliveryError(f"{place.uri(key)} is not a JSON object. What to do: {_ASK}")
    return manifest, content


_ASK = "check that this is a manifest of the provider's, unchanged."


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def child(of: dict[str, Any], name: str, uri: str) -> dict[str, Any]:
    """An object within an object."""
    found = of.get(name)
    if not isinstance(found, dict):
        raise DeliveryError(f"{uri} has no object {name!r}. What to do: {_ASK}")
    return found


def items(of: dict[str, Any], name: str, uri: str) -> list[Any]:
    """A list within an object."""
    found = of.get(name)
    if not isinstance(found, list):
        raise DeliveryError(f"{uri} has no list {name!r}. What to do: {_ASK}")
    return found


def text(of: dict[str, Any], name: str, uri: str) -> str:
    """A text within an object."""
    found = of.get(name)
    if not isinstance(found, str) or not found:
        raise DeliveryError(f"{uri} has no text {name!r}. What to do: {_ASK}")
    return found


def count(of: dict[str, Any], name: str, uri: str) -> int | None:
    """A count within an object, or None if it has none."""
    found = of.get(name)
    if found is None or found == "":
        return None
    if isinstance(found, str) and found.isascii() and found.isdigit():
        return int(found)
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise DeliveryError(
            f"{uri} has {name!r} = {found!r}, which is not a count. What to do: {_ASK}"
        )
    return found


def moment(value: str, uri: str) -> datetime:
    """A time in a manifest, with or without a zone (then UTC), with up to nine decimals."""
    head, dot, tail = value.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        value = f"{head}.{tail[:digits][:6]}{tail[digits:]}"
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError as error:
        raise DeliveryError(
            f"{uri} has the time {value!r}, which is not a time. What to do: {_ASK}"
        ) from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
