"""The command line on a terminal of its own, as a person sees it."""

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
    """Who types what a command asks for, where the command is run in this process."""

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
        arguments: of the command.
        columns: how wide the terminal is.
        typed: what a person types there.

    Returns:
        Its exit code, and everything it showed, control characters included.
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
            # Linux says so when the other side is closed.
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()
