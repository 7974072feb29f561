"""Keys that stay inside their place, whatever a manifest says."""

from credits_pipeline.finops.objects.place import ObjectsError


def safe_key(key: str) -> str:
    """The key itself, if it names a file below the place and nothing else.

    Raises:
        ObjectsError: it is absolute, climbs out, or has parts that stores read differently.
    """
    parts = key.split("/")
    if (
        not key
        or any(part in ("", ".", "..") for part in parts)
        or "\\" in key
        or "://" in key
        or any(ord(letter) < ord(" ") or ord(letter) == 127 for letter in key)  # noqa: PLR2004 - DEL
    ):
        raise ObjectsError(
            f"{key[:200]!r} is not the name of a file below the source's location. What to do: "
            "find out who writes to that location; the name was not followed."
        )
    return key
