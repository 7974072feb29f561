"""The second wing's part of the demo: sample bills, read and served by the product's own commands.

Its commands run as processes, so the demo shows exactly what a person who types them gets.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from credits_pipeline.sandbox.credit_ledger import CreditLedger
from credits_pipeline.sandbox.estate.serving import SOURCE, Organisation
from credits_pipeline.sandbox.sample_ledger import fill

_POLL_SECONDS = 0.2
_READ_SECONDS = 600
#: Of the organisation's bills: what a resource costs is taken from a month that is over.
_MONTHS_BEFORE = 3
_END_SECONDS = 10
_IDLE = "terminate_idle_instance"


class BillsError(Exception):
    """The sample bills could not be read, or their pages not served; the message says why."""


@dataclass
class SampleBills:
    """Sample bills on their way to the pages.

    Attributes:
        home: the demo's folder; what the commands print goes to ``bills.log`` there.
        environment: of all commands.
        port: of the pages.
        months: that there are bills of.
        ledger: the stand-in for AWS's ledger of credits, which is filled from the bills; None where
            nobody reads it.
        organisation: what is scanned, and has a bill of its own; None for no scan.
        scanned: what the scan said that it saw; empty before.
        idle: the id of what is recommended of a machine that is idle; empty before.
    """

    home: Path
    environment: Mapping[str, str]
    port: int
    months: int = 14
    ledger: CreditLedger | None = None
    organisation: Organisation | None = None
    scanned: str = ""
    idle: str = ""
    _made: list[dict[str, Any]] = field(default_factory=list)
    _running: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """What the commands print."""
        return self.home / "bills.log"

    @property
    def folder(self) -> Path:
        """Where the sample bills are delivered to."""
        return self.home / "bills"

    @property
    def url(self) -> str:
        """Where the pages answer."""
        return f"http://127.0.0.1:{self.port}"

    def read(self, check_alive: Callable[[], None], say: Callable[[str], None]) -> str:
        """Make the sample bills and read them; returns the result in a sentence.

        Args:
            check_alive: called meanwhile, and may raise.
            say: called with what it does, before each step that takes long.

        Raises:
            BillsError: a command failed.
        """
        say(f"making bills of three clouds over {self.months} months")
        self._wait(
            "samples", [str(self.folder), "--add", "--months", str(self.months)], check_alive
        )
        if self.organisation is not None:
            self._deliver(self.organisation, check_alive)
        say("reading the bills, with every check, and publishing what the pages show")
        self._wait("ingest", [], check_alive)
        if self.ledger is not None:
            say("reading the credit ledger")
            fill(self.ledger, self._planted(), self._credits())
            self._wait("ledger", [], check_alive)
        if self.organisation is not None:
            say("scanning what a made-up organisation runs")
            self._wait("scan", [], check_alive)
            self.idle = self._idle()
            self.scanned = " ".join(self.log.read_text(errors="replace").split("\n")[-2:]).strip()
        say("evaluating the policies")
        self._wait("policies", ["evaluate"], check_alive)
        totals = self._totals()
        rows = sum(int(month["rows"]) for month in totals)
        sources = {month["source"] for month in totals}
        return f"{rows:,} rows of {len(totals)} bills from {len(sources)} sources were read"

    def _idle(self) -> str:
        found = self._told("recommendations", "--json")["rows"]
        return next((one["id"] for one in found if one["action"] == _IDLE), "")

    def differing(self) -> list[str]:
        """Bills whose billed total on the Spend page differs from the known total.

        Raises:
            BillsError: the command failed.
        """
        totals = self._totals()
        months = sorted({month["month"] for month in totals})
        command = ["spend", "--period", f"{months[0]}..{months[-1]}", "--cost", "billed"]
        command += ["--group-by", "source", "--group-by", "month", "--json"]
        shown = {
            (row["source"], row["month"]): Decimal(row["cost"])
            for row in self._told(*command)["rows"]
        }
        wrong = []
        for month in totals:
            key = (month["source"], month["month"])
            made, seen = Decimal(month["billed"]), shown.get(key)
            if seen != made:
                wrong.append(f"{key[0]} {key[1]}: made {made}, and the page shows {seen}")
        return wrong

    def wait_for_pages(self, check_alive: Callable[[], None], seconds: float) -> None:
        """Wait until the pages answer; `credits-pipeline up` starts them beside Dagster.

        Raises:
            BillsError: they do not answer in time.
        """
        deadline = time.monotonic() + seconds
        while not _answers(f"{self.url}/healthz"):
            check_alive()
            if time.monotonic() > deadline:
                raise BillsError(f"the pages did not answer within {seconds:.0f} s")
            time.sleep(_POLL_SECONDS)

    def end(self) -> None:
        """End what still runs, with everything that it started."""
        for process in self._running.values():
            for sign in (signal.SIGINT, signal.SIGKILL):
                if process.poll() is not None:
                    break
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_END_SECONDS)
        self._running.clear()

    def _deliver(self, organisation: Organisation, check_alive: Callable[[], None]) -> None:
        """The bills of the organisation, and the policy that says where its GPUs may be."""
        organisation.wait(check_alive)
        place = self.home / "bills-acme"
        today = datetime.now(UTC).date()
        self._made = organisation.deliver(place, today, min(self.months, _MONTHS_BEFORE))
        words = ["add", SOURCE, "--provider", "focus", "--location", str(place)]
        self._wait("sources", [*words, "--why", "the made-up organisation"], check_alive)
        policy = self.home / "policy.yaml"
        policy.write_text(organisation.policy)
        self._wait("policies", ["add", str(policy)], check_alive)

    def _totals(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.folder / "totals.json").read_text())[
            "months"
        ]
        return [*found, *self._made]

    def _planted(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "planted.json").read_text())
        return found

    def _credits(self) -> list[dict[str, str]]:
        """The credits of AWS's bill by account, service and month, as a command prints them."""
        months = sorted({month["month"] for month in self._totals()})
        command = ["spend", "--period", f"{months[0]}..{months[-1]}", "--cost", "billed"]
        command += ["--source", "aws", "--charge", "Credit", "--json"]
        command += ["--group-by", "account", "--group-by", "service", "--group-by", "month"]
        found: list[dict[str, str]] = self._told(*command)["rows"]
        return found

    def _told(self, *words: str) -> dict[str, Any]:
        """What a command answers as JSON."""
        answer = subprocess.run(  # noqa: S603 - our own interpreter and module
            self._command(*words), env=dict(self.environment), capture_output=True, check=False
        )
        if answer.returncode:
            raise BillsError(answer.stderr.decode(errors="replace").strip())
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "credits_pipeline.cli", *words]

    def _start(self, command: str, words: list[str]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._command(command, *words),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[command] = process
        return process

    def _wait(self, command: str, words: list[str], check_alive: Callable[[], None]) -> None:
        process = self._start(command, words)
        deadline = time.monotonic() + _READ_SECONDS
        while process.poll() is None:
            check_alive()
            if time.monotonic() > deadline:
                raise BillsError(f"{command} took more than {_READ_SECONDS} s; see {self.log}")
            time.sleep(_POLL_SECONDS)
        if process.returncode:
            last = self.log.read_text(errors="replace").strip().splitlines()[-1:] or [""]
            raise BillsError(f"{command} failed; see {self.log}: {last[0]}")
        del self._running[command]


def can_show_bills() -> bool:
    """Whether what the second wing needs is installed."""
    from importlib.util import find_spec  # noqa: PLC0415 - only here

    return all(find_spec(name) is not None for name in ("duckdb", "obstore", "streamlit"))


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(OSError), opener.open(url, timeout=5):
        return True
    return False
