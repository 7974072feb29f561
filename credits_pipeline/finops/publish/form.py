"""The form of a published file, and the one way in which a process opens it."""

from typing import Any

#: A reader of another form refuses the file, and a builder of another begins anew.
FORM = 1
#: DuckDB refuses a second way of opening a file that the process has open, so there is one. A
#: query that somebody smuggles in reaches no other file and changes no setting.
READING: dict[str, Any] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "1GB",
    "threads": 2,
    "lock_configuration": True,
}


class PublishError(Exception):
    """A version can't be published or opened; the message says why and what to do."""
