"""The tests' own Redis server: real, on loopback, with a password, and nothing on disk."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline_tests.waiting import eventually

#: Tests look for it in what remains, as for the API key.
PASSWORD = "redis-password-for-tests-4b8a"


def missing() -> str | None:
    """Why no server can run here, or None."""
    return None if shutil.which("redis-server") else "Redis's server is not installed"


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a server until the block ends; yields its URL."""
    import redis

    port = free_port()
    command = [shutil.which("redis-server") or "", "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--requirepass", PASSWORD, "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        client = redis.Redis(port=port, password=PASSWORD)

        def answers() -> bool:
            assert server.poll() is None, "Redis did not start"
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        try:
            eventually(answers, "Redis did not start")
            yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
        finally:
            client.close()
            server.terminate()
            server.wait(30)
