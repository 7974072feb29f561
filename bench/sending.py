"""Sending a month: from a credits table to the last byte that a local server accepts.

This product is compared with ll2cz, a public client of the same API, and with the standard
library's json and one POST. Then time and memory are measured up to CloudZero's 70 MB. Each
contender runs several times in its own process; they take turns, and the median counts.

    python -m bench.sending
"""

import argparse
import json
import shutil
import socketserver
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

LL2CZ = "ll2cz==0.6.2"
ACCOUNTS = 15_000
LARGE = (70_000, 140_000, 280_000)
ROUNDS = 7
MONTH = "2025-01"
_ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run everything, and print the ratios."""
    print(f"Sending {ACCOUNTS:,} accounts to a server on this machine, median of {ROUNDS} rounds")
    pythons = {"ours": sys.executable, "json": sys.executable, "ll2cz": str(_ll2cz_python())}
    seconds: dict[str, list[float]] = {name: [] for name in pythons}
    with _server("sink") as url:
        for _ in range(ROUNDS):
            for name, python in pythons.items():
                seconds[name].append(_run(python, name, ACCOUNTS, url)["seconds"])
    median = {name: statistics.median(times) for name, times in seconds.items()}
    titles = {"ours": "ours", "json": "json + one post", "ll2cz": LL2CZ}
    for name, title in titles.items():
        print(f"  {title:<16} {median[name] * 1000:8.1f} ms")
    print(f"  ours is {median['ll2cz'] / median['ours']:.1f} x as fast as {LL2CZ} (aim: 5)")
    print(f"  ours is {median['json'] / median['ours']:.1f} x as fast as json + post (aim: 1)")

    print("Growth, sending only: rows, plan, and every body created")
    _growth("ours", "sink")
    print("Growth, the whole drop: read, plan, validate, create, read back, against the stand-in")
    _growth("drop", "stand_in")


def _growth(contender: str, server: str) -> None:
    rates = []
    for accounts in LARGE:
        with _server(server) as url:
            seen = _run(sys.executable, contender, accounts, url)
        rates.append(seen["seconds"] / accounts)
        print(
            f"  {accounts:>8,} accounts, {seen['bodies']:>2} bodies, "
            f"{seen['bytes'] / 1e6:5.1f} MB: {seen['seconds']:6.2f} s, "
            f"{seen['megabytes']:4.0f} MB of memory above the table"
        )
    print(f"  time per account, largest against smallest month: {rates[-1] / rates[0]:.2f} x")


def _run(python: str, contender: str, accounts: int, url: str) -> dict[str, Any]:
    """Run one contender once, in its own process."""
    done = subprocess.run(
        [python, str(Path(__file__)), contender, "--accounts", str(accounts), "--url", url],
        check=True,
        capture_output=True,
        text=True,
        cwd=_ROOT,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def _server(kind: str) -> Iterator[str]:
    """Start a server in its own process; yields its URL."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__)), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def _ll2cz_python() -> Path:
    """The Python of an environment with nothing but ll2cz, made once."""
    folder = _ROOT / ".bench" / LL2CZ.replace("==", "-")
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        print(f"Making an environment for {LL2CZ} in {folder.relative_to(_ROOT)} (once)")
        uv = shutil.which("uv")
        venv.create(folder, with_pip=uv is None, clear=True)
        install = (
            [uv, "pip", "install", "--quiet", "--python", str(python)]
            if uv
            else [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        )
        subprocess.run([*install, LL2CZ], check=True)
        ready.touch()
    return python


# ------------------------------------------------------------------ each in its own process


def _table(accounts: int) -> Any:
    """A credits table: account ids, and amounts with up to nine digits, two of which are cents."""
    import polars as pl

    numbers = pl.int_range(accounts, eager=True)
    cents = (numbers * 7_919) % 1_000_000_000
    return pl.DataFrame(
        {
            "account_id": (numbers * 3 + 100_000_000_000).cast(pl.String),
            "amount_usd": (
                (cents // 100).cast(pl.String) + "." + (cents % 100).cast(pl.String).str.zfill(2)
            ).str.to_decimal(scale=12),
        }
    )


def _texts(table: Any) -> Any:
    """The rows of a month for the other contenders, as anybody would make them with polars."""
    import polars as pl

    return table.select(
        pl.lit("2025-01-01T00:00:00Z").alias("time/usage_start"),
        pl.lit("2025-01-31T23:59:59Z").alias("time/usage_end"),
        pl.lit("Credit").alias("lineitem/type"),
        pl.lit("AWS promotional credit").alias("lineitem/description"),
        pl.col("account_id").alias("resource/account"),
        pl.lit("AWSCredits").alias("resource/service"),
        (-pl.col("amount_usd")).cast(pl.String).alias("cost/cost"),
    )


def _ours(table: Any, url: str) -> dict[str, Any]:
    from credits_pipeline.core.month import BillingMonth
    from credits_pipeline.credits.cloudzero.cbf import CbfSettings, cbf_rows
    from credits_pipeline.credits.cloudzero.client import CloudZeroClient
    from credits_pipeline.credits.cloudzero.plan import plan_bodies

    month = BillingMonth.parse(MONTH)
    begun = time.perf_counter()
    with CloudZeroClient(api_key="bench", connection_id="bench", base_url=url) as client:
        plan = plan_bodies(cbf_rows(table, month, CbfSettings()), month)
        for body, content in plan.contents():
            client.create_drop(content, month=month, row_counts={body.row_count})
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "bodies": len(plan.bodies), "bytes": plan.size}


def _drop(table: Any, url: str) -> dict[str, Any]:
    from credits_pipeline.core.month import BillingMonth
    from credits_pipeline.credits.cloudzero.cbf import CbfSettings, cbf_rows
    from credits_pipeline.credits.cloudzero.client import CloudZeroClient
    from credits_pipeline.credits.cloudzero.drop import drop
    from credits_pipeline.credits.cloudzero.drop_options import DropOptions
    from credits_pipeline.credits.cloudzero.lock import FileStreamLock
    from credits_pipeline.credits.cloudzero.payload import Payload

    month = BillingMonth.parse(MONTH)
    folder = _ROOT / ".bench" / "locks"
    begun = time.perf_counter()
    with (
        FileStreamLock(url, "bench", folder=folder).hold() as lock,
        CloudZeroClient(api_key="bench", connection_id="bench", base_url=url) as client,
    ):
        payload = Payload(month, cbf_rows(table, month, CbfSettings()))
        # CloudZero holds the few rows that warmed this process up, so this is a large change.
        options = DropOptions(accept_change=True)
        result = drop(client, payload, lock=lock, journal=lambda _: None, options=options)
    seconds = time.perf_counter() - begun
    if result.verdict != "verified" or result.plan is None:
        raise SystemExit(result.reason)
    own = seconds - result.seconds_in_cloudzero
    plan = result.plan
    return {"seconds": seconds, "own": own, "bodies": len(plan.bodies), "bytes": plan.size}


def _json(table: Any, url: str) -> dict[str, Any]:
    import http.client
    from urllib.parse import urlsplit

    begun = time.perf_counter()
    rows = _texts(table).to_dicts()
    body = json.dumps({"month": MONTH, "operation": "replace_drop", "data": rows}).encode()
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request(
        "POST",
        "/v2/connections/billing/anycost/bench/billing_drops",
        body,
        {"Authorization": "bench", "Content-Type": "application/json"},
    )
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit("the server refused the drop")
    answer.read()
    connection.close()
    return {"seconds": time.perf_counter() - begun, "bodies": 1, "bytes": len(body)}


def _ll2cz(table: Any, url: str) -> dict[str, Any]:
    from ll2cz.output import CloudZeroStreamer

    begun = time.perf_counter()
    streamer = CloudZeroStreamer(api_key="bench", connection_id="bench")
    streamer.base_url = url
    streamer.send_batched(_texts(table), "replace_drop")
    return {"seconds": time.perf_counter() - begun, "bodies": 1, "bytes": 0}


def _contend(send: Callable[[Any, str], dict[str, Any]], accounts: int, url: str) -> None:
    # This imports what a process imports once, which is not measured.
    send(_table(10), url)
    table = _table(accounts)
    before = _resident()
    _forget_peak()
    result = send(table, url)
    print(json.dumps(result | {"megabytes": _peak() - before}))


def _status(name: str) -> float:
    """Linux's figure about this process, in MB; 0 on other systems."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith(name)), 0.0)


def _resident() -> float:
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


def _forget_peak() -> None:
    marks = Path("/proc/self/clear_refs")
    if marks.exists():
        marks.write_text("5")


class _Sink(BaseHTTPRequestHandler):
    """Reads every body to its last byte, and answers with its number of rows."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        drop = {"drop_id": "1", "month": MONTH, "row_count": body.count(b'"cost/cost"')}
        answer = json.dumps({"connection": drop}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _serve_sink() -> None:
    import threading

    class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), _Sink) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        sys.stdin.read()
        server.shutdown()


def _serve_stand_in() -> None:
    from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn

    with CloudZeroStandIn(keys={"bench": SCOPES}, connections=["bench"]) as stand_in:
        print(stand_in.base_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("part", nargs="?", default="main")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    contenders = {"ours": _ours, "drop": _drop, "json": _json, "ll2cz": _ll2cz}
    parts = {"main": main, "sink": _serve_sink, "stand_in": _serve_stand_in}
    if given.part in parts:
        parts[given.part]()
    else:
        _contend(contenders[given.part], given.accounts, given.url)
