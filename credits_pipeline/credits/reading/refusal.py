"""The one error of reading: the file as a whole can't be read."""

import shlex
from pathlib import PurePosixPath

#: What to call a file whose name is not known.
NO_NAME = "the file"


class UnreadableFile(Exception):  # noqa: N818 - a refusal is an outcome that people are shown, not a fault
    """The file can't be read as a table.

    Attributes:
        reason: one sentence for people: what is wrong, where, and what to do.
        layout: the layout that was recognised before the file was refused, if one was.
    """

    def __init__(self, reason: str, *, layout: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.layout = layout


def split_command(name: str) -> str:
    """The command that makes one file per month from a sheet."""
    file = "FILE" if name == NO_NAME else shlex.quote(PurePosixPath(name).name)
    return f"credits-pipeline split {file} --to DIR"


def profile_command(name: str) -> str:
    """The command with which a person says once what a file's columns mean."""
    file = "FILE" if name == NO_NAME else shlex.quote(PurePosixPath(name).name)
    return f"credits-pipeline profile {file}"
