"""The pages' server time, compared with an empty page; memory with many sessions; the first page.

The daily mart has BENCH_PAGES_ROWS (2,000,000) rows over fourteen months, and there are
BENCH_PAGES_SESSIONS (20) sessions. A session is a socket that talks like Streamlit in a browser. It
requests a page, and the time until the server says that the script has finished is measured, in
seconds and in processor seconds of the server.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import duckdb
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.marts.duck import DuckDBEngine
from credits_pipeline.finops.marts.making import Rows, make
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline_tests.finops.pages.conftest import TODAY
from credits_pipeline_tests.finops.typed import TYPES, Bills, row

ROWS = int(os.environ.get("BENCH_PAGES_ROWS", "2000000"))
SESSIONS = int(os.environ.get("BENCH_PAGES_SESSIONS", "20"))
MONTHS = 14
TURNS = 5
PAGES = ("setup", "", "spend", "budgets", "optimization", "governance", "chargeback", "settings")
_TICKS = os.sysconf("SC_CLK_TCK")
_LARGEST = 1 << 28
_START_SECONDS = 600


class Pages:
    """A server in its own process group."""

    def __init__(self, command: list[str], health: str, **more: str) -> None:
        self.port = free_port()
        self._health = f"http://127.0.0.1:{self.port}{health}"
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [*command, str(self.port)],
            env={**os.environ, **more},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while True:
            with suppress(OSError), opener.open(self._health, timeout=5):
                return self
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() - self.begun < _START_SECONDS, "the server does not answer"
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def processor(self) -> float:
        """The processor seconds that the server has used."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / _TICKS

    @property
    def memory(self) -> float:
        """The memory that the server occupies, in MB."""
        told = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(told.split("VmRSS:")[1].split()[0]) / 1024

    async def open(self, page: str) -> tuple[websockets.ClientConnection, float, float]:
        """Open a page in a new session: its socket, seconds, and the server's processor seconds."""
        socket = await websockets.connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            origin=f"http://127.0.0.1:{self.port}",
            subprotocols=["streamlit"],
            max_size=_LARGEST,
            proxy=None,
        )
        asked = BackMsg()
        asked.rerun_script.page_name = page
        asked.rerun_script.context_info.timezone = "UTC"
        asked.rerun_script.context_info.url = f"http://127.0.0.1:{self.port}/{page}"
        begun, used = time.monotonic(), self.processor
        await socket.send(asked.SerializeToString())
        while True:
            told = ForwardMsg()
            told.ParseFromString(await socket.recv())
            if (
                told.WhichOneof("type") == "delta"
                and "exception" in str(told.delta.new_element)[:20]
            ):
                raise RuntimeError(told.delta.new_element.exception.message)
            if told.WhichOneof("type") == "script_finished":
                return socket, time.monotonic() - begun, self.processor - used


def fill(folder: Path) -> Bills:
    """A second wing whose daily mart has ROWS rows, made as an ingest makes it."""
    bills = Bills(folder / "finops")
    each = ROWS // MONTHS
    for back in range(MONTHS):
        month = BillingMonth(TODAY.year, TODAY.month).shift(-back)
        days = TODAY.day if back == 0 else (month.shift(1).start - month.start).days
        bills.put("aws", str(month), [row(charge_date=f"{month}-01")])
        file = folder / f"finops/typed/aws/{month}/many/part.parquet"
        file.parent.mkdir(parents=True)
        special = {
            **{name: f"CAST(NULL AS {kind})" for name, kind in TYPES.items()},
            **dict.fromkeys(
                ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"),
                "CAST((hash(i) % 100000) / 1000 AS DECIMAL(36, 18))",
            ),
            "BillingAccountId": "'payer'",
            "BillingCurrency": "'USD'",
            "SubAccountId": "CAST(100000000000 + i % 420 AS VARCHAR)",
            "SubAccountName": "'account ' || i % 420",
            "ServiceName": f"'service ' || (i // (420 * {days})) % 40",
            "ServiceCategory": f"'category ' || (i // (420 * {days})) % 8",
            "RegionId": f"'region ' || (i // (420 * {days} * 40))",
            "ChargeCategory": "'Usage'",
            "ChargeFrequency": "'Usage-Based'",
            "InvoiceId": "'I-1'",
            "ResourceId": "'r-' || i % 3000",
            "charge_date": f"DATE '{month}-01' + CAST((i // 420) % {days} AS INTEGER)",
            "tag_team": "'team ' || i % 60",
            "tag_product": "'product ' || i % 25",
            "tags": "'{}'",
            "source": "'aws'",
            "provider": "'aws'",
            "billing_month": f"'{month}'",
        }
        columns = ", ".join(f'{text} AS "{name}"' for name, text in special.items())
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT {columns} FROM range({each}) t(i)) TO '{file}' (FORMAT parquet)"
            )
        bill = bills.bills["aws", str(month)]
        through = TODAY if back == 0 else bill.complete_through
        bills.bills["aws", str(month)] = replace(
            bill, version="many", rows=each, complete_through=through
        )
        with DuckDBEngine.opened(folder / "scratch", threads=2) as engine:
            made = make(engine, bills.shelf, bills.catalogue,
                        Rows("aws", str(month), "many", (file,)))  # fmt: skip
        assert made.holds
    bills.publish()
    return bills


async def measure(pages: Pages, page: str) -> tuple[float, float, float, float]:
    """Seconds and the server's processor seconds, cold and then warm."""
    found = []
    for _ in range(TURNS + 1):
        socket, seconds, processor = await pages.open(page)
        await socket.close()
        found.append((seconds, processor))
    warm = [statistics.median(one) for one in zip(*found[1:], strict=True)]
    return (*found[0], *warm)


async def report(folder: Path, storage: Path) -> None:
    empty = folder / "empty.py"
    empty.write_text("import streamlit as st\n\nst.title('empty')\n")
    nothing = [sys.executable, "-m", "streamlit", "run", str(empty), "--server.headless", "true"]
    ours = [sys.executable, "-m", "credits_pipeline.cli", "pages", "--port"]
    told = {"FINOPS_STORAGE": str(storage), "CREDITS_STORAGE": str(folder / "credits")}
    print(f"{'':24} {'cold s':>8} {'cpu s':>7} {'warm s':>8} {'cpu s':>7}")
    with Pages([*nothing, "--server.port"], "/_stcore/health") as pages:
        _show("an empty page", await measure(pages, ""))
    with Pages(ours, "/healthz", **told) as pages:
        socket, *_ = await pages.open("")
        print(f"first page after a start {time.monotonic() - pages.begun:8.2f}")
        await socket.close()
        alone = pages.memory
        for page in PAGES:
            _show(page or "overview", await measure(pages, page))
        sockets = [(await pages.open(PAGES[at % len(PAGES)]))[0] for at in range(SESSIONS)]
        print(f"memory after the first page {alone:,.0f} MB, with {SESSIONS} sessions open "
              f"{pages.memory:,.0f} MB")  # fmt: skip
        for socket in sockets:
            await socket.close()


def _show(name: str, figures: tuple[float, float, float, float]) -> None:
    cold, cold_cpu, warm, warm_cpu = figures
    print(f"{name:24} {cold:8.3f} {cold_cpu:7.2f} {warm:8.3f} {warm_cpu:7.2f}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        bills = fill(folder)
        published = open_current(bills.storage)
        assert published is not None
        ((count,),) = published.rows("SELECT count(*) FROM spend_daily")
        published.close()
        print(f"{count:,} rows of the daily mart over {MONTHS} months; a page's "
              "server time")  # fmt: skip
        asyncio.run(report(folder, bills.storage))


if __name__ == "__main__":
    main()
