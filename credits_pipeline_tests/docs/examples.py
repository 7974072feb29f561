"""Runs a page's examples as a reader would: from top to bottom, in one folder and one shell.

A comment above a ``bash`` block says what to expect::

    <!-- run -->  it ends with exit code 0
    <!-- run, exit 1 -->  it ends with another
    <!-- run, again until it is so -->  the page's output takes a moment to appear
    <!-- run, stays open -->  it has its own terminal, which ends with the page
    <!-- not run: why -->  it can't run here

A ``text`` block right below is its output, where ``…`` stands for anything. It is compared when
the command has ended; if the command stays open, the test waits for the output.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from credits_pipeline_tests.docs.pages import ROOT, Block, blocks

_SECONDS = 180
_PAUSE = 0.05
_RUN = re.compile(
    r"^run(?:, exit (?P<exit>\d+))?(?P<again>, again until it is so)?(?P<stays>, stays open)?$"
)


@dataclass(frozen=True)
class Example:
    """A command of a page.

    Attributes:
        block: the command.
        printed: the block with its output; None if the page does not show any.
        exit: its exit code; None if it stays open.
        again: whether it is repeated until it prints what the page shows.
    """

    block: Block
    printed: Block | None
    exit: int | None
    again: bool


def examples(text: str) -> list[Example]:
    """The commands of a page that are run."""
    found = []
    for block, after in pairwise([*blocks(text), None]):
        assert block is not None
        marked = _RUN.match(block.mark)
        if block.kind != "bash" or marked is None:
            continue
        shown = (
            after is not None
            and after.kind == "text"
            and text[block.end : after.start].count("\n") <= 3
        )
        found.append(
            Example(
                block,
                after if shown else None,
                None if marked["stays"] else int(marked["exit"] or 0),
                again=bool(marked["again"]),
            )
        )
    return found


def agrees(shown: str, printed: str) -> bool:
    """Whether a command printed what the page shows, line for line."""
    pattern = ".*?".join(re.escape(part) for part in shown.strip().split("…"))
    return re.fullmatch(pattern, _plain(printed), re.DOTALL) is not None


def _plain(printed: str) -> str:
    """Without blanks at line ends, and without Markdown's escapes for dollars."""
    return "\n".join(line.rstrip() for line in printed.strip().splitlines()).replace("\\$", "$")


class ExampleError(AssertionError):
    """An example did not do what the page says."""


class Terminal:
    """Where a page's examples run, one after the other."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Open it.

        Args:
            folder: where the commands run.
            environment: for the first; variables that one exports, the next ones get too.
        """
        self._folder = folder
        self._state = folder / ".exported"
        self._environment = {
            **environment,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH")))),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }
        self._open: list[subprocess.Popen[bytes]] = []

    def run(self, example: Example) -> str:
        """Run one, and return its output.

        Raises:
            ExampleError: its exit code differs from the page, or it does not end, or show what the
                page shows, in time.
        """
        deadline = time.monotonic() + _SECONDS
        while True:
            begun = time.monotonic()
            printed = self._run_once(example, deadline)
            if printed is not None:
                return printed
            # Three times as long as it took: what it waits for needs the processor as well.
            time.sleep(min(10.0, 3 * (time.monotonic() - begun)))

    def _run_once(self, example: Example, deadline: float) -> str | None:
        """The output; None if it must be run again."""
        at = f"line {example.block.line}"
        log = self._folder / f".printed-{example.block.line}"
        script = (
            f"[ ! -e {self._state} ] || . {self._state}\n{example.block.code}"
            f"\nended=$?; {{ export -p; declare -f; }} > {self._state}; exit $ended"
        )
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-c", script],  # noqa: S607 - the reader's own shell
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._open.append(process)
        while time.monotonic() < deadline:
            ended = process.poll()
            printed = log.read_text(errors="replace")
            is_so = example.printed is None or agrees(example.printed.code, printed)
            if ended == example.exit and (is_so or not (example.again or ended is None)):
                return printed
            if ended is not None and example.again:
                return None
            if ended is not None:
                raise ExampleError(f"{at} ended with {ended}, not {example.exit}:\n{printed}")
            time.sleep(_PAUSE)
        raise ExampleError(f"{at} did not come to its end in time:\n{log.read_text()}")

    def close(self) -> None:
        """End what stays open, gently first."""
        for sign, seconds in ((signal.SIGINT, 30), (signal.SIGKILL, 10)):
            for process in reversed(self._open):
                try:
                    os.killpg(process.pid, sign)
                except ProcessLookupError:
                    continue
                try:
                    process.wait(seconds)
                except subprocess.TimeoutExpired:
                    continue


@contextmanager
def terminal(folder: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """A terminal that leaves nothing running."""
    opened = Terminal(folder, environment)
    try:
        yield opened
    finally:
        opened.close()


def run_page(page: Path, opened: Terminal) -> str:
    """Run all examples of a page, and return the page with their output.

    Raises:
        ExampleError: as `Terminal.run`.
    """
    text = page.read_text()
    edits = []
    for example in examples(text):
        printed = opened.run(example)
        shown = example.printed
        if shown is not None and not agrees(shown.code, printed):
            edits.append((shown, _plain(printed) + "\n"))
    for shown, printed in reversed(edits):
        text = text[: shown.start] + printed + text[shown.end :]
    return text
