"""The form of a published file, and the only way in which a process opens it."""

from typing import Any

#: A reader of another form refuses the file, and a builder of another form starts from scratch.
FORM = 1
#: DuckDB refuses to open a file in a second way while the process has it open, so there is one way.
#: An injected query reaches no other file and changes no setting.
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
