"""The command line on its own terminal, as a person sees it."""

import io
import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from typer.testing import CliRunner


class APerson(CliRunner):
    """A person who answers the questions of a command that runs in this process."""

    @contextmanager
    def isolation(
        self, *arguments: Any, **options: Any
    ) -> Iterator[tuple[io.BytesIO, io.BytesIO, io.BytesIO]]:
        with (
            super().isolation(*arguments, **options) as streams,
            patch.object(sys.stdin, "isatty", return_value=True),
        ):
            yield streams


def on_a_terminal(*arguments: str, columns: int = 200, typed: str = "") -> tuple[int, str]:
    """Run a command on a terminal, with this process's environment.

    Args:
        arguments: the command's.
        columns: the terminal's width.
        typed: what the person types.

    Returns:
        Its exit code and all its output, with control characters.
    """
    script = "import sys; from credits_pipeline.cli import main; sys.argv[0] = 'x'; main()"
    command = [sys.executable, "-c", script, *arguments]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "50"}
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "CI"):
        environment.pop(name, None)
    child, terminal = pty.fork()
    if child == 0:
        os.execve(command[0], command, environment)  # noqa: S606 - the product itself
    os.write(terminal, typed.encode())
    shown = bytearray()
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            # Linux reports it when the other side is closed.
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()
