"""A real standalone Spark cluster on this machine: a master, workers and a Spark Connect server.

Each is a JVM on loopback, from the full pyspark package in the user's cache. The client is another
package with the same import name, so the two are never in one environment.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline.sandbox.servers import clean_environment
from credits_pipeline_tests.finops.emulators import (
    MissingEmulatorError,
    cache,
    install_alone,
    pip_into,
)
from credits_pipeline_tests.waiting import eventually

PYSPARK = "pyspark==4.3.0"
Process = subprocess.Popen[bytes]
_OLDEST_JAVA = 17
_START_SECONDS = 600
_CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
#: Keeps JVMs small and quick to start on a busy machine.
_JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"


@dataclass
class Cluster:
    """A running cluster.

    Attributes:
        address: of Spark Connect.
        folder: with the output of its processes.
        workers: its worker processes, each the leader of a group with its executors.
    """

    address: str
    folder: Path
    workers: list[Process] = field(default_factory=list)

    def kill_a_worker(self) -> None:
        """End one worker and its executors as the loss of a machine does."""
        os.killpg(self.workers.pop().pid, signal.SIGKILL)

    def said(self, name: str) -> str:
        """The output of one of its processes."""
        return (self.folder / f"{name}.log").read_text(errors="replace")


def home() -> Path:
    """The folder of Spark, installed once for the machine.

    Raises:
        MissingEmulatorError: it, or Java, is not available.
    """
    java = shutil.which("java")
    if java is None:
        raise MissingEmulatorError("Java is not installed: default-jre-headless on Debian")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    if found is None or int(found[1]) < _OLDEST_JAVA:
        raise MissingEmulatorError(f"Spark takes Java {_OLDEST_JAVA}, and here is {told[:60]!r}")
    folder = cache() / PYSPARK.replace("==", "-")
    with install_alone(folder) as install:
        if not (folder / "pyspark" / "bin" / "spark-class").is_file():
            install([*pip_into(folder), PYSPARK])
    return folder / "pyspark"


@contextmanager
def cluster(folder: Path, *, workers: int = 2, zone: str = "UTC") -> Iterator[Cluster]:
    """Run a cluster until the block ends.

    Args:
        folder: empty; for what its processes print and spill.
        workers: how many, each with one core.
        zone: the time zone of its machines.
    """
    spark = home()
    folder.mkdir(parents=True, exist_ok=True)
    master, connect = free_port(), free_port()
    url = f"spark://127.0.0.1:{master}"
    environment = {
        **clean_environment(),
        "SPARK_HOME": str(spark),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "spill"),
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_DAEMON_JAVA_OPTS": _JAVA,
        "TZ": zone,
    }
    made = Cluster(f"sc://127.0.0.1:{connect}", folder)
    processes: list[Process] = []

    def start(name: str, program: str, *words: str, memory: str = "256m") -> Process:
        with (folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(spark / "bin" / program), *words],
                env={**environment, "SPARK_DAEMON_MEMORY": memory},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        processes.append(process)
        return process

    deploy = "org.apache.spark.deploy"
    try:
        here = ("--host", "127.0.0.1")
        start(
            "master", "spark-class", f"{deploy}.master.Master", *here, "--port", str(master),
            "--webui-port", "0",
        )  # fmt: skip
        eventually(lambda: _listens(master), "Spark's master did not start", _START_SECONDS)
        made.workers = [
            start(
                f"worker-{number}", "spark-class", f"{deploy}.worker.Worker", *here, "--cores", "1",
                "--memory", "1g", "--webui-port", "0", url,
            )
            for number in range(workers)
        ]  # fmt: skip
        for number in range(workers):
            eventually(
                lambda: "Successfully registered" in made.said(f"worker-{number}"),  # noqa: B023 - waited for at once
                "a worker did not register",
                _START_SECONDS,
            )
        start(
            "connect", "spark-submit", "--master", url, "--class", _CONNECT,
            "--driver-memory", "1g", "--driver-java-options", _JAVA,
            "--conf", "spark.driver.host=127.0.0.1",
            "--conf", "spark.driver.bindAddress=127.0.0.1",
            "--conf", "spark.executor.memory=768m",
            "--conf", f"spark.executor.extraJavaOptions={_JAVA}",
            "--conf", f"spark.connect.grpc.binding.port={connect}",
            "--conf", "spark.connect.grpc.binding.address=127.0.0.1",
            "--conf", "spark.ui.enabled=false",
            "--conf", "spark.sql.shuffle.partitions=4",
            "--conf", f"spark.sql.session.timeZone={zone}",
            "spark-internal", memory="1g",
        )  # fmt: skip

        def answers() -> bool:
            assert processes[-1].poll() is None, made.said("connect")[-3000:]
            return _listens(connect)

        eventually(answers, "Spark Connect did not start", _START_SECONDS)
        yield made
    finally:
        for process in reversed(processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


if __name__ == "__main__":
    # So that no test waits for a download.
    home()
