"""Files of a cloud's object store or of a folder: listed, pinned to one content, fetched whole."""

from credits_pipeline.finops.objects.opening import open_place
from credits_pipeline.finops.objects.place import (
    ChangedError,
    Fetched,
    Listed,
    MissingError,
    ObjectsError,
    Place,
)

__all__ = [
    "ChangedError",
    "Fetched",
    "Listed",
    "MissingError",
    "ObjectsError",
    "Place",
    "open_place",
]
