"""``dagster dev`` in its own process group, so that ending it leaves nothing behind.

Or ``credits-pipeline up``, which is the same behind a guard.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

_POLL_SECONDS = 0.2
#: Like workspace.yaml at the project's root, for an installation without one.
WORKSPACE = """\
load_from:
  - python_module:
      module_name: credits_pipeline.definitions
      location_name: credits_pipeline
"""


class DagsterDevError(Exception):
    """Dagster did not start, or ended; the message says where its log is."""


def free_port(preferred: int = 0) -> int:
    """A port that is free on loopback: the preferred one if possible, otherwise any."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DagsterDevError("no free port on 127.0.0.1")


def prepare_home(home: Path) -> None:
    """Turn a folder into a DAGSTER_HOME: it gets the sandbox's dagster.yaml unless it has one."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        shipped = files("credits_pipeline.sandbox").joinpath("dagster.yaml").read_text()
        config.write_text(shipped)


class DagsterDev:
    """A running ``dagster dev``: webserver, daemon and code server.

    Attributes:
        url: of the UI.
        log: the file that all of its output goes to.
    """

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        *,
        port: int = 0,
        workspace: str = WORKSPACE,
        guarded: bool = False,
    ) -> None:
        """Prepare it; nothing is started.

        Args:
            home: becomes DAGSTER_HOME; gets the sandbox's dagster.yaml unless it has one.
            environment: the whole environment of the processes.
            port: of the UI; 0 for a free one.
            workspace: the text of its workspace.yaml; unused if guarded.
            guarded: run ``credits-pipeline up`` instead.
        """
        self._workspace = workspace
        self._guarded = guarded
        self._home = home.absolute()
        self._environment = {**environment, "DAGSTER_HOME": str(self._home)}
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(timeout=30, trust_env=False)
        self.log = self._home / "dagster-dev.log"
        self.url = ""

    def start(self) -> None:
        """Start the processes, without waiting for them."""
        prepare_home(self._home)
        workspace = self._home / "workspace.yaml"
        workspace.write_text(self._workspace)
        port = self._port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "dagster", "dev", "-w", str(workspace)]
        command += ["-h", "127.0.0.1", "-p", str(port)]
        if self._guarded:
            command = [sys.executable, "-m", "credits_pipeline.cli", "up", "--port", str(port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                cwd=self._home,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self, seconds: float = 180) -> None:
        """Wait until the UI answers and the code location is loaded.

        Raises:
            DagsterDevError: it ended, did not answer in time, or the code location has an error.
        """
        query = """{ workspaceOrError { ... on Workspace { locationEntries {
            loadStatus locationOrLoadError {
                __typename ... on PythonError { message } } } } } }"""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                entries = self.graphql(query)["workspaceOrError"]["locationEntries"]
            except httpx.HTTPError:
                entries = []
            if entries and all(entry["loadStatus"] == "LOADED" for entry in entries):
                for entry in entries:
                    loaded = entry["locationOrLoadError"]
                    if loaded["__typename"] == "PythonError":
                        raise DagsterDevError(f"the code location failed: {loaded['message']}")
                return
            time.sleep(_POLL_SECONDS)
        raise DagsterDevError(f"Dagster was not ready after {seconds:.0f} s; see {self.log}")

    def check_alive(self) -> None:
        """Make sure that it still runs.

        Raises:
            DagsterDevError: it ended.
        """
        if self._process is None or self._process.poll() is not None:
            raise DagsterDevError(f"Dagster ended by itself; see {self.log}")

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask the UI's own API.

        Raises:
            DagsterDevError: it answered with errors.
            httpx.HTTPError: it did not answer.
        """
        answer = self._http.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}
        )
        answer.raise_for_status()
        told = answer.json()
        if told.get("errors"):
            raise DagsterDevError(f"GraphQL: {told['errors']}")
        data: dict[str, Any] = told["data"]
        return data

    @property
    def group(self) -> int:
        """The process group of everything it started."""
        if self._process is None:
            raise DagsterDevError("Dagster was not started")
        return self._process.pid

    def stop(self, seconds: float = 20) -> None:
        """End the whole group, asking first."""
        self._http.close()
        if self._process is None:
            return
        # A guarded one ends parts in their own groups first, and must not be killed meanwhile.
        kindly = 4 * seconds if self._guarded else seconds
        for sign, patience in ((signal.SIGINT, kindly), (signal.SIGKILL, seconds)):
            _signal_group(self._process.pid, sign)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                self._process.poll()
                if not _group_alive(self._process.pid):
                    self._process.wait()
                    self._process = None
                    return
                time.sleep(_POLL_SECONDS)
        raise DagsterDevError(f"processes of group {self._process.pid} did not end")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _signal_group(group: int, sign: signal.Signals) -> None:
    try:
        os.killpg(group, sign)
    except ProcessLookupError:
        return


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
