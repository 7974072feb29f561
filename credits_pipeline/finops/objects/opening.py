"""Opens the place behind a location as people write it."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from credits_pipeline.finops.objects.place import ObjectsError, Place

_CLOUDS = ("s3", "az", "gs")


def open_place(location: str) -> Place:
    """The place at ``s3://bucket/prefix``, ``az://container/prefix``, ``gs://…`` or a folder.

    Raises:
        ObjectsError: the location is none of these.
    """
    scheme, separator, rest = location.partition("://")
    if not separator:
        return _folder(Path(location))
    if scheme == "file":
        return _folder(Path(unquote(urlsplit(location).path)))
    bucket, _, prefix = rest.partition("/")
    if scheme not in _CLOUDS or not bucket:
        raise ObjectsError(
            f"{location!r} is not a location. What to do: write s3://BUCKET/PREFIX, "
            "az://CONTAINER/PREFIX, gs://BUCKET/PREFIX, or a folder on this machine."
        )
    from credits_pipeline.finops.objects.cloud import CloudPlace  # noqa: PLC0415 - clouds only

    return CloudPlace(scheme, bucket, prefix.strip("/"))


def _folder(root: Path) -> Place:
    from credits_pipeline.finops.objects.folder import FolderPlace  # noqa: PLC0415 - as above

    return FolderPlace(root)
