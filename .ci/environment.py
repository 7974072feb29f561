"""Makes the environment that everything else runs in, and reports its progress.

``python .ci/environment.py .venv`` installs what requirements.txt pins, and the project itself. It
uses uv if there is a working one, else pip. It runs on the system's Python and needs no packages.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Seconds between two lines of progress, however long a step takes.
SAY_EVERY = 5.0
_POLL = 0.1
_TAIL = 40
_BEGUN = time.monotonic()


def say(words: str) -> None:
    """Print a line with the seconds since the start."""
    sys.stdout.write(f"[{time.monotonic() - _BEGUN:4.0f} s] {words}\n")
    sys.stdout.flush()


class StepError(Exception):
    """A step failed; the message is the end of its output."""


def step(
    command: list[str], log: Path, progress: Callable[[str], str], every: float = SAY_EVERY
) -> None:
    """Run a command, and report its progress.

    Args:
        command: its words.
        log: the file for its output.
        progress: turns the output so far into one line.
        every: seconds between two lines.

    Raises:
        StepError: its exit code was not 0.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own installers
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    due = time.monotonic() + every
    try:
        while process.poll() is None:
            if time.monotonic() >= due:
                say(f"  {progress(log.read_text(errors='replace'))}")
                due += every
            time.sleep(_POLL)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if process.returncode:
        printed = log.read_text(errors="replace").splitlines()
        raise StepError("\n".join(printed[-_TAIL:]))


def last_line(printed: str) -> str:
    """The last line that an installer printed, without its colours."""
    if "Installed " in printed and "Bytecode compiled" not in printed:
        return "compiling them"
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", printed).splitlines()]
    return next((line[:100] for line in reversed(lines) if line), "still at it")


def pinned(requirements: Path) -> int:
    """How many packages a lock lists; some are for other systems or Pythons."""
    return len(re.findall(r"^[A-Za-z0-9][^ =]*==", requirements.read_text(), re.MULTILINE))


def installed(environment: Path) -> int:
    """How many packages are installed."""
    return len(list(environment.glob("lib/python*/site-packages/*.dist-info")))


def make(environment: Path) -> None:
    """Make the whole environment.

    Raises:
        StepError: a step failed.
    """
    requirements = ROOT / "requirements.txt"
    python = str(environment / "bin" / "python")
    log = environment / "setup.log"
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"Setting up {environment} with Python {version}; this takes a minute or two, once.")
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)  # noqa: S603 - our own interpreter
    count = pinned(requirements)

    def so_far(printed: str) -> str:
        return f"{installed(environment)} packages are in place; {last_line(printed)}"

    uv = shutil.which("uv")
    by_uv = [[str(uv), "pip", "install", "--python", python, *words] for words in (
        ["--compile-bytecode", "--require-hashes", "-r", str(requirements)],
        ["--no-deps", "--no-build-isolation", "-e", "."],
    )]  # fmt: skip
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    by_pip = [
        [*pip, "--require-hashes", "-r", str(requirements)],
        [*pip, "--no-deps", "--no-build-isolation", "-e", "."],
    ]
    ways = {"uv": by_uv, "pip": by_pip} if uv else {"pip": by_pip}
    # With it set, pip would leave compiling to whichever process starts first.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for at, (name, (packages, project)) in enumerate(ways.items(), start=1):
        try:
            say(f"Fetching and installing what requirements.txt pins, {count} at most, by {name}")
            step(packages, log, so_far)
            say("Installing the project itself")
            step(project, log, so_far)
        except StepError as error:
            if at == len(ways):
                raise
            say(f"{name} could not do it: {last_line(str(error))}")
        else:
            break
    say(f"Ready: {installed(environment)} packages in {environment}")


if __name__ == "__main__":
    try:
        make(Path(sys.argv[1]))
    except StepError as failed:
        say(f"It could not be set up. The last that was printed:\n{failed}")
        sys.exit(1)
