"""The whole product on one machine: code server, daemon and guard, each in a process group.

They end together: at the end of the block, with a signal, when one of them ends by itself, or when
the process that started them is killed.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM
from socket import socket as Socket  # noqa: N812 - `socket` is the path here
from typing import Self

from credits_pipeline.guard.leash import Leash

_POLL_SECONDS = 0.2
#: For each part: a request that is being sent may finish.
_END_SECONDS = 20
_CODE_SECONDS = 120


class MachineError(Exception):
    """A part did not start, or ended; the message says where its output is."""


@dataclass
class Machine:
    """A running machine.

    Attributes:
        home: DAGSTER_HOME; the parts' output goes to files there.
        environment: of all parts.
        port: of the guard, on loopback.
        spend_port: of the pages about spend, which have their own guard; None without them.
    """

    home: Path
    environment: Mapping[str, str]
    port: int
    spend_port: int | None = None
    _parts: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the pages answer."""
        return f"http://127.0.0.1:{self.port}"

    def log(self, part: str) -> Path:
        """The file of a part's output."""
        return self.home / f"{part}.log"

    def __enter__(self) -> Self:
        # Short, because a socket's path is limited to 107 characters.
        self._folder = tempfile.TemporaryDirectory(prefix="credits-")
        socket = f"{self._folder.name}/code"
        workspace = Path(self._folder.name) / "workspace.yaml"
        workspace.write_text(
            "load_from:\n  - grpc_server:\n"
            f"      socket: {socket}\n      location_name: credits_pipeline\n"
        )
        dagster = [sys.executable, "-m", "dagster"]
        self._leash = Leash()
        try:
            self._start(
                "code",
                [
                    *(*dagster, "code-server", "start", "--socket", socket),
                    *("--module-name", "credits_pipeline.definitions"),
                    *(
                        "--location-name",
                        "credits_pipeline",
                        "--use-python-environment-entry-point",
                    ),
                    *("--log-level", "warning"),
                ],
            )
            # Dagster shows a location as failed if it is asked before it listens.
            self._wait(lambda: _listens(socket), _CODE_SECONDS, f"see {self.log('code')}")
            daemon = [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)]
            self._start("daemon", daemon)
            guard = [sys.executable, "-m", "credits_pipeline.guard.webserver"]
            self._start("guard", [*guard, "--workspace", str(workspace), "--port", str(self.port)])
            if self.spend_port is not None:
                pages = [sys.executable, "-m", "credits_pipeline.cli", "pages"]
                # Who looks at the pages is on this machine too, and can open a run by this address.
                links = {"CREDITS_UI_URL": self.environment.get("CREDITS_UI_URL") or self.url}
                self._start("pages", [*pages, "--port", str(self.spend_port)], links)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until the guard answers.

        Raises:
            MachineError: a part ended, or it takes too long.
        """
        self._wait(lambda: _answers(self.url), seconds, f"see {self.log('guard')}")

    def check_alive(self) -> None:
        """Make sure that every part still runs.

        Raises:
            MachineError: one ended.
        """
        for name, part in self._parts.items():
            if part.poll() is not None:
                raise MachineError(f"the {name} ended by itself: see {self.log(name)}")

    def end(self) -> None:
        """End every part with all that it started."""
        _end(list(self._parts.values()))
        self._parts.clear()
        self._leash.let_go()
        self._folder.cleanup()

    def _wait(self, ready: Callable[[], bool], seconds: float, where: str) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            self.check_alive()
            if time.monotonic() > deadline:
                raise MachineError(f"no answer after {seconds:.0f} s: {where}")
            time.sleep(_POLL_SECONDS)

    def _start(
        self, name: str, command: Sequence[str], more: Mapping[str, str] | None = None
    ) -> None:
        with self.log(name).open("ab") as log:
            part = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                command,
                env={**self.environment, "DAGSTER_HOME": str(self.home), **(more or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._parts[name] = part
        self._leash.hold(part.pid)


def _listens(socket: str) -> bool:
    with suppress(OSError), Socket(AF_UNIX, SOCK_STREAM) as probe:
        probe.connect(socket)
        return True
    return False


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(OSError), opener.open(f"{url}/server_info", timeout=5):
        return True
    return False


def _end(parts: Sequence["subprocess.Popen[bytes]"]) -> None:
    """End all groups together, asking first: whoever ended this process may not wait for long."""
    left = list(parts)
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        for part in left:
            with suppress(ProcessLookupError):
                os.killpg(part.pid, sign)
        deadline = time.monotonic() + _END_SECONDS
        while left and time.monotonic() < deadline:
            left = [part for part in left if _is_alive(part)]
            time.sleep(_POLL_SECONDS)


def _is_alive(part: "subprocess.Popen[bytes]") -> bool:
    part.poll()
    try:
        os.killpg(part.pid, 0)
    except ProcessLookupError:
        part.wait()
        return False
    return True
