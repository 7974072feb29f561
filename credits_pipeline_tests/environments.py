"""Environments of the tests' own, with packages that the project's does not have."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


class NotMadeError(Exception):
    """A command failed; the message has the end of what it printed."""


def make_environment(folder: Path, python: str, wanted: Sequence[str]) -> Path:
    """Make an environment, by uv where it is there. Returns its Python.

    Args:
        folder: gets it.
        python: the interpreter.
        wanted: what is installed, as pip's arguments.

    Raises:
        NotMadeError: something can't be installed.
    """
    made = folder / "bin" / "python"
    if shutil.which("uv"):
        quietly(["uv", "venv", "--quiet", "--python", python, str(folder)])
        quietly(["uv", "pip", "install", "--quiet", "--python", str(made), *wanted])
    else:
        quietly([python, "-m", "venv", str(folder)])
        pip = [str(made), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        quietly([*pip, *wanted])
    return made


def quietly(command: list[str]) -> None:
    """Run a command whose words matter only if it fails.

    Raises:
        NotMadeError: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise NotMadeError(f"{' '.join(command)}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
