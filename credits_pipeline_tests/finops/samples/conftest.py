"""Sample bills made once, and independent checkers in their own environments."""

import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock

from credits_pipeline.finops.samples import Written, generate
from credits_pipeline_tests.environments import NotMadeError, make_environment

AS_OF = date(2026, 5, 20)
TOOLKIT = "focus-data-toolkit==0.14.1"
#: The FOCUS project's own validator, and a pyarrow for the NumPy that it requires.
VALIDATOR = ("focus-validator==2.2.1", "pyarrow>=18,<19")


@pytest.fixture(scope="session")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Six months, with every story except the oldest ones."""
    return generate(tmp_path_factory.mktemp("bills"), as_of=AS_OF, months=6)


@pytest.fixture(scope="session")
def toolkit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the FOCUS data toolkit and nothing else."""
    folder = tmp_path_factory.getbasetemp().parent / "focus-data-toolkit"
    with FileLock(f"{folder}.lock"):
        if not (folder / "focus_data_toolkit").is_dir():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            command += ["--disable-pip-version-check", "--target", str(folder), TOOLKIT]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"{TOOLKIT} can't be installed: {done.stderr.strip()[-300:]}")
    return folder


@pytest.fixture(scope="session")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with FOCUS's own validator, which requires Python 3.12."""
    folder = tmp_path_factory.getbasetemp().parent / "focus-validator"
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            twelve = _python_3_12()
            if twelve is None:
                pytest.skip("focus-validator needs Python 3.12, and there is none")
            try:
                make_environment(folder, twelve, VALIDATOR)
            except NotMadeError as error:
                pytest.skip(f"focus-validator can't be installed: {error}")
    return folder / "bin" / "python"


def _python_3_12() -> str | None:
    """A Python 3.12 with venv: this one, one on the path, or one of pyenv's."""
    of_pyenv = sorted(Path.home().glob(".pyenv/versions/3.12.*/bin/python"))
    found = [sys.executable, shutil.which("python3.12"), *map(str, of_pyenv)]
    return next((python for python in found if python and _is_3_12(python)), None)


def _is_3_12(python: str) -> bool:
    asked = "import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 12))"
    done = subprocess.run([python, "-c", asked], capture_output=True, check=False)
    return done.returncode == 0
