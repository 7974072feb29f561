"""The made-up organisation: moto in its own process, the stand-in in front of it, and the bill."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from credits_pipeline.sandbox.clouds import CloudsStandIn, World
from credits_pipeline.sandbox.estate.planting import EMPTY, ROLE, Planted, planted
from credits_pipeline.sandbox.estate.things import REGIONS
from credits_pipeline.sandbox.s3 import CREDENTIALS
from credits_pipeline_tests.waiting import eventually

#: Moto dates everything now, so a scan at a later time sees old resources.
AS_OF = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=100)


@dataclass(frozen=True)
class Estate:
    """The organisation, and the server that answers for AWS."""

    found: Planted
    world: World
    stand_in: CloudsStandIn

    def id(self, key: str) -> str:
        return self.found.ids[key]


# Not longer than a module, because tests remove things from the organisation that others need.
@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """Moto's server in its own process: nobody else has its accounts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **EMPTY},
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            with urlopen(f"{url}/moto-api/data.json", timeout=2):  # noqa: S310 - on loopback
                return True
        except (URLError, OSError):
            return False

    try:
        eventually(answers, "moto's server answers")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def planted_estate(moto_url: str) -> Iterator[Estate]:
    world = World()
    with CloudsStandIn(moto_url, world) as stand_in, planted(moto_url, world, AS_OF) as found:
        yield Estate(found, world, stand_in)


@pytest.fixture
def estate(planted_estate: Estate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Estate:
    """The organisation as planted, and an environment in which the product sees it."""
    world = planted_estate.world
    world.faults.clear()
    world.requests.clear()
    for name in [name for name in os.environ if name.startswith(("AWS_", "FINOPS_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        **CREDENTIALS,
        **planted_estate.stand_in.environment,
        "FINOPS_STORAGE": str(tmp_path / "wing"),
        "CREDITS_STORAGE": str(tmp_path / "credits"),
        "FINOPS_SCAN_REGIONS": ",".join(REGIONS),
        "FINOPS_SCAN_ACCOUNTS": "organization",
        "FINOPS_SCAN_ROLE": ROLE,
    }.items():
        monkeypatch.setenv(name, value)
    return planted_estate
