"""A company's project in its own environment, with the package installed from its wheel."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from credits_pipeline_tests.environments import make_environment, quietly

ROOT = Path(__file__).parents[2]
PROJECT = Path(__file__).parent / "acme"
#: What the wheel is made from.
_SOURCES = ("pyproject.toml", "setup.py", "LICENSE", "README.md")


@dataclass(frozen=True)
class Guest:
    """The installed project.

    Attributes:
        project: the company's folder.
        environment: with the package, Dagster and nothing of this checkout.
        sources: folders of what is not installed there.
    """

    project: Path
    environment: Path
    sources: tuple[Path, ...] = ()

    def run(
        self, *words: str, told: Mapping[str, str], fails: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """One command in the project's folder; fails with its output."""
        done = subprocess.run(
            [str(self.environment / "bin" / words[0]), *words[1:]],
            cwd=self.project,
            env=self.told(told),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert fails or done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def told(self, told: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process in it: its own programs come first."""
        path = f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        more = {"PYTHONPATH": os.pathsep.join(map(str, self.sources))} if self.sources else {}
        return {**kept, "PATH": path, "VIRTUAL_ENV": str(self.environment), **more, **told}


def wheel(folder: Path) -> Path:
    """The package as it would be published, made from a copy of its sources."""
    copy = folder / "sources"
    copy.mkdir()
    for name in _SOURCES:
        shutil.copy(ROOT / name, copy / name)
    shutil.copytree(
        ROOT / "credits_pipeline",
        copy / "credits_pipeline",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    quietly(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w",
         str(folder), str(copy)]
        if shutil.which("uv") is None
        else ["uv", "build", "--wheel", "--no-build-isolation", "--python", sys.executable,
              "--out-dir", str(folder), str(copy)]
    )  # fmt: skip
    (made,) = folder.glob("*.whl")
    return made


def make(folder: Path, *, dagster: str = "", extras: Sequence[str] = ()) -> Guest:
    """Install the company's project, and the package from its wheel.

    Args:
        folder: an empty one.
        dagster: its version; default: the lock's, which is downloaded already.
        extras: what else the company wants of the package.
    """
    made = wheel(folder)
    project = Path(shutil.copytree(PROJECT, folder / "acme"))
    environment = folder / "environment"
    # As `dg` makes it: the project is installed from its place.
    wanted = [f"{made}[{','.join(extras)}]" if extras else str(made), "--editable", str(project)]
    if dagster:
        wanted.append(f"dagster=={dagster}")
    else:
        lock = folder / "lock.txt"
        lines = (ROOT / "requirements.txt").read_text().splitlines()
        # As constraints, names and versions without hashes, which a wheel made here does not have.
        lock.write_text("\n".join(line.rstrip(" \\") for line in lines if line[:1].isalnum()))
        wanted += ["--constraint", str(lock)]
    make_environment(environment, sys.executable, wanted)
    return Guest(project, environment)


def here(folder: Path) -> Guest:
    """The company's project in the tests' environment, which has `dg`; nothing is built."""
    project = Path(shutil.copytree(PROJECT, folder / "acme"))
    return Guest(project, Path(sys.prefix), (project / "src", ROOT))
