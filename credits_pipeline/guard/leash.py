"""Ends the parts of a machine whose own process was killed before it could end them.

As a script it reads from standard input which process groups to watch, one number per line. When
the input ends, the process at the other end is gone, and every group is ended.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

#: The time between asking and killing.
_SECONDS = 10


class Leash:
    """Watches the process groups of a machine's parts until the machine has ended them itself."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "credits_pipeline.guard.leash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def hold(self, group: int) -> None:
        """Watch one more process group."""
        stdin = self._process.stdin
        if stdin is not None:
            stdin.write(b"%d\n" % group)
            stdin.flush()

    def let_go(self) -> None:
        """End the watch: the groups have ended already."""
        self._process.kill()
        self._process.communicate()


def end(groups: Iterable[int]) -> None:
    """Ask every group to end, and kill those that do not."""
    groups = list(groups)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, sign)
        deadline = time.monotonic() + _SECONDS
        while any(map(_is_there, groups)) and time.monotonic() < deadline:
            time.sleep(0.1)


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Wait for the end of the input, then end what it named."""
    end([int(line) for line in sys.stdin])


if __name__ == "__main__":
    main()
