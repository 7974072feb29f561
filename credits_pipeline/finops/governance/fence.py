"""The fence around running rules: SQL made by the gate, run by a process that can do nothing else.

A rule that exceeds its limits ends only its own process: the next rule gets a new one.
"""

import json
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_CELL = Path(__file__).with_name("cell.py")
#: For a process that has been started and has not answered yet; a busy machine is slow.
_PATIENCE = 60.0
_PIECE = 1 << 16


class FenceError(Exception):
    """A rule could not be answered; the message says why, and what to do."""


@dataclass(frozen=True)
class Limits:
    """The limits of a rule.

    Attributes:
        megabytes: of memory.
        seconds: of processor time.
        wall_seconds: of elapsed time.
    """

    megabytes: int = 1024
    seconds: float = 1.0
    wall_seconds: float = 30.0


class Fence:
    """Runs rules over one file of resources."""

    def __init__(self, file: Path, limits: Limits | None = None) -> None:
        """Name the file; a process is started with the first query.

        Args:
            file: Parquet, one row a resource.
            limits: of each query.
        """
        self._file, self._limits = file, limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, sql: str) -> list[list[Any]]:
        """The rows of an answer.

        Raises:
            FenceError: it takes too much, or can't be computed.
        """
        process = self._started()
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            process.stdin.write(json.dumps(sql).encode() + b"\n")
            process.stdin.flush()
            line = self._line(process, self._limits.wall_seconds)
        except BrokenPipeError:
            line = None
        if line is None:
            raise FenceError(self._ended())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise FenceError(self._told(answer["error"]))
        rows: list[list[Any]] = answer["rows"]
        return rows

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                _closed(pipe)

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is not None:
            return self._process
        limits = self._limits
        self._process = subprocess.Popen(  # noqa: S603 - our own script, in this interpreter
            [sys.executable, "-I", "-B", str(_CELL), str(self._file), str(limits.megabytes),
             str(limits.seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # It gets none of this process's secrets.
            env={"LC_ALL": "C.UTF-8"},
            cwd="/",
            close_fds=True,
            start_new_session=True,
        )  # fmt: skip
        if self._line(self._process, _PATIENCE) != b"ready":
            process = self._process
            process.kill()
            _, wrong = process.communicate()
            self._process = None
            told = wrong.decode(errors="replace").strip().splitlines()
            raise FenceError(
                "the process that runs rules did not start: "
                f"{told[-1] if told else 'it said nothing'}. What to do: check that "
                f"{limits.megabytes} MB of memory are free, and run credits-pipeline doctor."
            )
        return self._process

    def _line(self, process: "subprocess.Popen[bytes]", seconds: float) -> bytes | None:
        """One line; None if the process ended, or the time did."""
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        until, found = time.monotonic() + seconds, bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not found.endswith(b"\n"):
                left = until - time.monotonic()
                if left <= 0 or not selector.select(left):
                    return None
                piece = process.stdout.read1(_PIECE)  # type: ignore[attr-defined] # buffered
                if not piece:
                    return None
                found += piece
        return bytes(found[:-1])

    def _ended(self) -> str:
        """Why there is no answer; the process is gone afterwards."""
        process = self._process
        try:
            code = process.wait(0.5) if process is not None else None
        except subprocess.TimeoutExpired:
            code = None
        self.close()
        if code in (-signal.SIGPROF, None):
            seconds = self._limits.seconds if code is not None else self._limits.wall_seconds
            return (
                f"it took more than {seconds:g} seconds"
                f"{' of processor time' if code is not None else ''}. What to do: ask something "
                "simpler"
            )
        return self._told("memory")

    def _told(self, error: str) -> str:
        if error == "memory":
            return (
                f"it took more than the {self._limits.megabytes} MB of memory that a rule may use. "
                "What to do: ask something simpler"
            )
        return f"it can't be computed: {error}. What to do: change the rule"


def _closed(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return  # nobody is left to read the rest
