"""`credits-pipeline up` with bills, in headless Chromium, next to a malicious page."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline.sandbox.servers import clean_environment, sandbox
from credits_pipeline_tests.finops.bills import charge, csv_text, put
from credits_pipeline_tests.finops.pages.conftest import BEFORE, LAST, three_clouds
from credits_pipeline_tests.finops.typed import Bills
from credits_pipeline_tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
_SECONDS = 240
_RUNS = "{ runsOrError { ... on Runs { count } } }"
_LAUNCH = (
    'mutation { launchRun(executionParams: {mode: "default", selector: {jobName: "credits_month",'
    ' repositoryName: "__repository__", repositoryLocationName: "credits_pipeline"}})'
    " { __typename } }"
)


@dataclass
class Up:
    """The running product.

    Attributes:
        process: the command's.
        dagster: where Dagster's pages answer.
        spend: where the pages about spend answer.
    """

    process: subprocess.Popen[bytes]
    dagster: str
    spend: str


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    bills = Bills(folder / "finops")
    three_clouds(bills)
    bills.publish()
    log = folder / "up.log"
    ports = free_port(), free_port()
    with sandbox() as servers, log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "credits_pipeline.cli", "up"),
                *("--port", str(ports[0]), "--home", str(folder / "dagster")),
            ],
            cwd=folder,
            env=clean_environment(
                **servers.environment,
                CREDITS_AUTOMATION="off",
                CREDITS_STORAGE=str(folder / "credits"),
                FINOPS_STORAGE=str(bills.storage),
                FINOPS_PORT=str(ports[1]),
                FINOPS_SCAN_ACCOUNTS="own",
                FINOPS_SCAN_REGIONS="eu-west-1",
                AWS_ENDPOINT_URL=servers.s3_url,
                XDG_STATE_HOME=str(folder / "state"),
            ),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            eventually(
                lambda: "Running until Ctrl-C" in log.read_text() or process.poll() is not None,
                "it runs",
                _SECONDS,
            )
            assert process.poll() is None, log.read_text()
            yield Up(process, *(f"http://127.0.0.1:{port}" for port in ports))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            process.wait(60)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(_SECONDS * 1000)
    yield context.new_page()
    context.close()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A foreign site that shows what a test gives it, and its page."""
    shown: list[str] = []

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(shown[-1].encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_address[1]}/", shown
    server.shutdown()
    thread.join()
    server.server_close()


def count_of_runs(page: Page, up: Up) -> int:
    """As Dagster's own page would send it."""
    page.goto(up.dagster)
    answer = page.evaluate(
        """query => fetch('/graphql', {method: 'POST', body: JSON.stringify({query}),
            headers: {'Content-Type': 'application/json'}}).then(answer => answer.json())""",
        _RUNS,
    )
    count: int = answer["data"]["runsOrError"]["count"]
    return count


def ended(page: Page, up: Up, says: str) -> str:
    """Wait until the page says how the run that it started has ended; returns the run's address."""
    expect(page.get_by_text(says).first).to_be_visible(timeout=_SECONDS * 1000)
    run = str(page.get_by_role("link", name="run ").first.get_attribute("href"))
    assert run.startswith(f"{up.dagster}/runs/")
    return run


def succeeded(page: Page, run: str) -> None:
    """The run's own page says so."""
    page.goto(run)
    expect(page.get_by_text("Success", exact=True).first).to_be_visible()


def test_both_kinds_of_pages_work_behind_their_guards(page: Page, up: Up) -> None:
    refused: list[str] = []
    page.on("response", lambda got: refused.append(got.url) if got.status >= 400 else None)
    page.goto(f"{up.dagster}/locations/credits_pipeline/asset-groups/credits/lineage")
    for asset in ("raw_credits_csv", "cbf_payload", "cloudzero_drop"):
        expect(page.get_by_text(asset, exact=True).first).to_be_visible()
    page.goto(f"{up.spend}/")
    expect(page.get_by_role("heading", name="Overview").first).to_be_visible()
    assert refused == []


def test_a_page_of_another_site_can_neither_start_a_run_nor_read_an_answer(
    page: Page, up: Up, elsewhere: tuple[str, list[str]]
) -> None:
    site, shown = elsewhere
    before = count_of_runs(page, up)
    address = f"{up.dagster}/graphql?query={quote(_LAUNCH)}"
    body = json.dumps({"query": _LAUNCH})
    shown.append(
        f"""<img src="{address}"><iframe src="{address}"></iframe>
        <iframe name="there"></iframe>
        <form target="there" method="post" enctype="text/plain" action="{up.dagster}/graphql">
        <input name='{body[:-1]}, "a":"' value='"}}'></form>
        <script>
        document.forms[0].submit();
        const ends = [];
        const end = (what, how) => {{ ends.push(what + ' ' + how); window.ends = ends; }};
        for (const [what, url] of [['run', '{up.dagster}/graphql'], ['spend', '{up.spend}/']])
            fetch(url, {{method: 'POST', body: {json.dumps(body)}}})
                .then(() => end(what, 'read'), () => end(what, 'refused'));
        for (const [what, url, protocol] of [
            ['socket of Dagster', '{up.dagster.replace("http", "ws")}/graphql', 'graphql-ws'],
            ['socket of spend', '{up.spend.replace("http", "ws")}/_stcore/stream', 'streamlit']]) {{
            const socket = new WebSocket(url, protocol);
            socket.onopen = () => end(what, 'open');
            socket.onerror = () => end(what, 'refused');
        }}
        </script>"""
    )
    page.goto(site)
    page.wait_for_function("() => (window.ends || []).length >= 4")
    assert sorted(page.evaluate("window.ends")) == [
        "run refused",
        "socket of Dagster refused",
        "socket of spend refused",
        "spend refused",
    ]
    assert count_of_runs(page, up) == before


def test_the_archive_of_all_statements_is_made_by_a_run_and_then_offered(
    page: Page, up: Up
) -> None:
    page.goto(f"{up.spend}/chargeback?month={LAST}")
    page.get_by_role("button", name="Make ZIP of all").click()
    run = ended(page, up, "The documents are ready")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="ZIP of all", exact=True).click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        names = set(archive.namelist())
        (total,) = [
            line["total"]
            for line in csv.DictReader(archive.read("summary.csv").decode().splitlines())
            if line["team"] == "payroll"
        ]
    assert {"statement.pdf", "statement.xlsx", "teams/payroll.pdf", "teams/payroll.csv"} <= names
    assert total == "41.00"
    succeeded(page, run)


def test_a_closed_month_s_statements_are_made_by_a_run(page: Page, up: Up) -> None:
    page.goto(f"{up.spend}/chargeback?month={BEFORE}")
    page.get_by_role("button", name="Close month", exact=True).click()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_text(f"{BEFORE} is closed.").first).to_be_visible()
    succeeded(page, ended(page, up, "The statements were made, and sent"))


def test_what_can_be_saved_is_scanned_by_a_run_and_then_shown(page: Page, up: Up) -> None:
    page.goto(f"{up.spend}/optimization")
    expect(page.get_by_text("Nothing has been scanned yet").first).to_be_visible()
    page.get_by_role("button", name="Scan now").click()
    run = ended(page, up, "The scan is done")
    expect(page.get_by_text("a month can be saved, in").first).to_be_visible()
    succeeded(page, run)


def test_a_bill_is_read_by_a_run_and_its_dollars_are_shown(
    page: Page, up: Up, tmp_path: Path
) -> None:
    day = datetime(LAST.year, LAST.month, 2, tzinfo=UTC)
    month = {"BillingPeriodStart": LAST.start, "BillingPeriodEnd": LAST.shift(1).start,
             "ChargePeriodStart": day, "ChargePeriodEnd": day + timedelta(days=1)}  # fmt: skip
    put(tmp_path / f"bill/{LAST}.csv", csv_text([charge(EffectiveCost="77.25", **month)]))
    page.goto(f"{up.spend}/setup")
    page.get_by_text("Add a source").click()
    page.get_by_test_id("stRadioGroup").get_by_text("FOCUS files", exact=True).click()
    expect(page.get_by_label("Export's name")).to_have_count(0)
    for label, text in (("Name", "extra"), ("Place", str(tmp_path / "bill"))):
        field = page.get_by_label(label, exact=True).filter(visible=True).first
        field.fill(text)
        field.press("Tab")
    page.get_by_role("button", name="Add", exact=True).first.click()
    page.wait_for_url("**source=extra**")
    field = page.get_by_label("Month", exact=True).filter(visible=True).first
    field.fill(str(LAST))
    field.press("Tab")
    page.get_by_role("button", name="Read its bill", exact=True).click()
    run = ended(page, up, "The newest bill is read")
    page.goto(f"{up.spend}/spend?period={LAST}&group=service")
    expect(page.get_by_text("77.25").first).to_be_visible()
    # From the number to the bill, and then to the run that read it.
    page.get_by_role("button", name="How this adds up").click()
    expect(page.get_by_text(f"{tmp_path}/bill/{LAST}", exact=True).first).to_be_visible()
    link = page.locator("p", has_text=f"extra {LAST}").get_by_role("link", name="run")
    assert link.get_attribute("href") == run
    with page.expect_popup() as opened:
        link.click()
    succeeded(opened.value, run)


def test_when_it_is_killed_its_parts_end_too(up: Up) -> None:
    # The command's name ends with the last bracket; then come its state and its parent.
    children = [
        int(entry.parent.name)
        for entry in Path("/proc").glob("[0-9]*/stat")
        if entry.read_text().rpartition(")")[2].split()[1] == str(up.process.pid)
    ]
    assert len(children) >= 4, children
    up.process.kill()
    up.process.wait()

    def left() -> list[int]:
        found = []
        for group in children:
            with suppress(ProcessLookupError):
                os.killpg(group, 0)
                found.append(group)
        return found

    eventually(lambda: left() == [], "the parts end", 60)
