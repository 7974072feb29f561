"""The pages as a separate server, and a proxy in front of them that signs people in."""

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline.sandbox.servers import clean_environment
from credits_pipeline_tests.waiting import eventually

_SECONDS = 240
_END_SECONDS = 60
SECRET = "the proxy and the pages know it"


@dataclass
class Served:
    """A server of pages.

    Attributes:
        url: where it answers.
        storage: what it shows.
    """

    url: str
    storage: Path


class _Process:
    """A process in its own group, which ends with the block."""

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str]) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            command,
            env=dict(environment),
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process id, which is its group's too."""
        return self._process.pid

    def end(self) -> None:
        """End it and everything that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._log.close()


class Server:
    """Serves the pages until the block ends."""

    def __init__(self, folder: Path, storage: Path, **more: str) -> None:
        port = free_port()
        self.served = Served(f"http://127.0.0.1:{port}", storage)
        environment = {
            **clean_environment(),
            "FINOPS_STORAGE": str(storage),
            "CREDITS_STORAGE": str(folder / "credits"),
            **more,
        }
        command = [sys.executable, "-m", "credits_pipeline.cli", "pages", "--port", str(port)]
        self._process = _Process(command, folder / "pages.log", environment)

    def __enter__(self) -> Served:
        eventually(lambda: answers(f"{self.served.url}/healthz"), "the pages answer", _SECONDS)
        return self.served

    def __exit__(self, *_: object) -> None:
        self._process.end()


class Gate:
    """nginx in front of the pages: each port signs in one person.

    Attributes:
        urls: where each person opens the pages.
    """

    def __init__(self, folder: Path, pages: str, people: Mapping[str, str]) -> None:
        found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if found is None:
            pytest.skip("no nginx on the PATH")
        ports = {name: free_port() for name in people}
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        servers = "\n".join(
            f"""server {{ listen 127.0.0.1:{ports[name]}; location / {{
                proxy_pass {pages}; proxy_http_version 1.1; proxy_read_timeout 1h;
                proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection "upgrade"; proxy_set_header X-Finops-Door "{SECRET}";
                proxy_set_header X-Forwarded-Email {name}@example.com;
                proxy_set_header X-Forwarded-Groups {group}; }} }}"""
            for name, group in people.items()
        )
        config = folder / "nginx.conf"
        config.write_text(
            f"daemon off; pid {folder}/nginx.pid; error_log stderr; worker_processes 1;\n"
            f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/body;\n"
            f"proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;\n"
            f"uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{servers} }}\n"
        )
        command = [found, "-p", str(folder), "-c", str(config)]
        self._process = _Process(command, folder / "nginx.log", os.environ)

    def __enter__(self) -> Self:
        for url in self.urls.values():
            eventually(lambda url=url: answers(f"{url}/healthz"), "nginx answers", _SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()


def answers(url: str) -> bool:
    """Whether a server is healthy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(OSError), opener.open(url, timeout=5) as answer:
        return bool(answer.read() == b"ok")
    return False
