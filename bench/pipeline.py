"""From an upload to the verified receipt, compared with jobs that do nothing on the same daemon.

The time is from the start of the tick that saw the file to the end of the run, so the sensor's
interval does not count. The jobs take turns.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.sandbox.dagster_dev import DagsterDev
from credits_pipeline.sandbox.sample import SAMPLE
from credits_pipeline.sandbox.servers import clean_environment, sandbox, upload

TURNS = 7
WORKSPACE = """\
load_from:
  - python_module: {module_name: credits_pipeline.definitions, location_name: credits_pipeline}
  - python_module: {module_name: bench.floor, location_name: floor}
"""
TICKS = """query Ticks($s: SensorSelector!) { sensorOrError(sensorSelector: $s) {
    ... on Sensor { sensorState { ticks(limit: 50, statuses: [SUCCESS]) {
        timestamp runs { runId status endTime } } } } } }"""


FLOORS = ("same_shape", "single_op")


def main() -> None:
    seconds: dict[str, list[float]] = {"ours": [], "same_shape": [], "single_op": []}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for floor in FLOORS:
            (home / "floor" / floor).mkdir(parents=True)
        with sandbox() as servers:
            environment = clean_environment(
                **servers.environment,
                CREDITS_STORAGE=str(home / "credits"),
                CREDITS_SENSOR_SECONDS="1",
                BENCH_FLOOR_INBOX=str(home / "floor"),
                PYTHONPATH=str(Path(__file__).parent.parent),
            )
            with DagsterDev(home / "dagster", environment, workspace=WORKSPACE) as dagster:
                dagster.wait_until_ready()
                for turn in range(TURNS):
                    month = BillingMonth(2025, 1).shift(turn)
                    seconds["ours"].append(
                        _seconds(
                            dagster,
                            ("credits_pipeline", "credits_files"),
                            partial(upload, servers, f"credits-{month}.csv", SAMPLE),
                        )
                    )
                    assert (home / "credits" / "receipts" / f"{month}.json").exists()
                    for floor in FLOORS:
                        drop = (home / "floor" / floor / f"{turn}.csv").touch
                        seconds[floor].append(_seconds(dagster, ("floor", floor), drop))
    # The first turn of each warms the operating system's caches, and does not count.
    ours, shape, single = (statistics.median(figures[1:]) for figures in seconds.values())
    print(f"upload to verified receipt       {ours:6.2f} s   {_range(seconds['ours'])}")
    print(f"same assets and checks, empty    {shape:6.2f} s   {_range(seconds['same_shape'])}")
    print(f"a job of one empty op            {single:6.2f} s   {_range(seconds['single_op'])}")
    print(f"ratio to the same, empty         {ours / shape:6.2f}     wanted: under 1.5")
    print(f"ratio to one empty op            {ours / single:6.2f}")


def _range(seconds: list[float]) -> str:
    return f"median of {len(seconds) - 1}, {min(seconds[1:]):.2f} to {max(seconds[1:]):.2f}"


def _seconds(dagster: DagsterDev, sensor: tuple[str, str], drop: Callable[[], Any]) -> float:
    known = {run["runId"] for _, run in _runs(dagster, *sensor)}
    drop()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for began, run in _runs(dagster, *sensor):
            if run["runId"] not in known and run["endTime"]:
                assert run["status"] == "SUCCESS", run
                return float(run["endTime"]) - began
        time.sleep(0.5)
    raise AssertionError(f"no run of {sensor} ended; see {dagster.log.read_text()[-3000:]}")


def _runs(dagster: DagsterDev, location: str, sensor: str) -> list[tuple[float, dict[str, Any]]]:
    selector = {
        "repositoryLocationName": location,
        "repositoryName": "__repository__",
        "sensorName": sensor,
    }
    state = dagster.graphql(TICKS, s=selector)["sensorOrError"]["sensorState"]
    return [(tick["timestamp"], run) for tick in state["ticks"] for run in tick["runs"]]


if __name__ == "__main__":
    main()
