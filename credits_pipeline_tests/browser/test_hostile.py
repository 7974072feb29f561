"""Files that attack people who open their red checks: nothing acts in Dagster's own pages.

On a bare `dagster dev`, where no guard would stop a page's requests.
"""

import csv
import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, expect

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.sandbox.dagster_dev import DagsterDev
from credits_pipeline.sandbox.servers import Sandbox, clean_environment, sandbox, upload
from credits_pipeline_tests.live.world import PATIENCE
from credits_pipeline_tests.text.hostile import MUTATION, TEXTS
from credits_pipeline_tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

CELLS, HEADERS, GOOD = BillingMonth(2025, 1), BillingMonth(2025, 2), BillingMonth(2025, 3)
SHORT = {name: text[:2_000] for name, text in TEXTS.items()}
EVENTS = """query Events($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events {
  __typename ... on MessageEvent { message } } } } }"""
RUNS = "{ runsOrError { ... on Runs { results { runId status } } } }"


def table(*rows: list[str]) -> bytes:
    told = io.StringIO()
    csv.writer(told).writerows(rows)
    return told.getvalue().encode("utf-8", "replace")


def hostile_rows() -> bytes:
    """A row for each text, in the id and in the amount; the attack's image comes first."""
    texts = [text.replace("\x00", "") for text in SHORT.values()]
    return table(*[[text, "$1.00"] for text in texts], ["112480036627", MUTATION])


def hostile_headers() -> bytes:
    texts = [" ".join(text.replace("\x00", "").split()) for text in SHORT.values()]
    return table(
        ["Account ID", "Credit", *texts],
        ["112480036627", "$5.00", *("x" for _ in texts)],
        ["301146728835", texts[0], *("x" for _ in texts)],
    )


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DagsterDev, Sandbox]]:
    home = tmp_path_factory.mktemp("attacked")
    with sandbox() as servers:
        for number, text in enumerate(SHORT.values()):
            key = "".join(c for c in text if c.isprintable())[:200].strip("/") or "x"
            upload(servers, f"credits-{number} {key}", b"x")
        environment = clean_environment(
            **servers.environment,
            CREDITS_SENSOR_SECONDS="3600",
            CREDITS_START_MONTH="2025-01",
            CREDITS_STORAGE=str(home / "credits"),
            XDG_STATE_HOME=str(home / "state"),
        )
        upload(servers, f"credits-{CELLS}.csv", hostile_rows())
        upload(servers, f"credits-{HEADERS}.csv", hostile_headers())
        with DagsterDev(home / "dagster", environment) as dagster:
            dagster.wait_until_ready(PATIENCE)

            def ended() -> list[str] | None:
                runs = dagster.graphql(RUNS)["runsOrError"]["results"]
                done = [r["runId"] for r in runs if r["status"] in {"SUCCESS", "FAILURE"}]
                return done if len(done) == 2 else None

            eventually(ended, "the two runs did not end", 240)
            yield dagster, servers


@pytest.fixture
def watched(browser: Browser, attacked: tuple[DagsterDev, Sandbox]) -> Iterator[Page]:
    """A page that sends only the UI's own requests, and in which nothing runs."""
    dagster, _ = attacked
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    wrong: list[str] = []

    def look(request: Request) -> None:
        own = request.url.startswith((f"{dagster.url}/", "data:", "blob:"))
        api = request.url.startswith(f"{dagster.url}/graphql") and request.method != "POST"
        if not own or api or "launchRun" in request.url:
            wrong.append(f"{request.method} {request.url}")

    def opened(dialog: Dialog) -> None:
        wrong.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    context.on("request", look)
    page.on("dialog", opened)
    yield page
    page.wait_for_load_state("networkidle")
    acting = page.locator(
        ".dagster-markdown img, a[href*='evil.example'], img[src*='graphql'], iframe, "
        "img[src*='evil.example']"
    )
    found = [node.evaluate("node => node.outerHTML") for node in acting.all()]
    context.close()
    assert wrong == []
    assert found == []


@pytest.mark.parametrize("check", ["nothing_rejected", "layout_is_known"])
def test_a_red_check_of_a_hostile_file_asks_for_nothing(
    watched: Page, attacked: tuple[DagsterDev, Sandbox], check: str
) -> None:
    watched.goto(f"{attacked[0].url}/assets/credits?view=checks&checkDetail={check}")
    expect(watched.get_by_text("Evaluation result")).to_be_visible()
    for row in watched.get_by_text("[Show Markdown]").all():
        row.click()
        expect(watched.get_by_role("dialog")).to_be_visible()
        watched.keyboard.press("Escape")


@pytest.mark.parametrize("month", [CELLS, HEADERS])
@pytest.mark.parametrize("asset", ["credits", "cloudzero_drop"])
def test_an_asset_of_a_hostile_month_asks_for_nothing(
    watched: Page, attacked: tuple[DagsterDev, Sandbox], asset: str, month: BillingMonth
) -> None:
    url = attacked[0].url
    watched.goto(f"{url}/assets/{asset}?view=partitions&partition={month.partition_key}")
    shown = watched.get_by_text(month.partition_key, exact=True).filter(visible=True)
    expect(shown.first).to_be_visible()
    for row in watched.get_by_text("[Show Markdown]").all()[:4]:
        row.click()
        expect(watched.get_by_role("dialog")).to_be_visible()
        watched.keyboard.press("Escape")


def test_the_inbox_with_hostile_names_asks_for_nothing(
    watched: Page, attacked: tuple[DagsterDev, Sandbox]
) -> None:
    watched.goto(f"{attacked[0].url}/assets/credits_inbox")
    expect(watched.get_by_text("objects_that_start_no_run").first).to_be_visible()
    for row in watched.get_by_text("[Show Markdown]").all()[:2]:
        row.click()
        expect(watched.get_by_role("dialog")).to_be_visible()
        watched.keyboard.press("Escape")


def test_a_run_of_a_hostile_file_and_its_ticks_ask_for_nothing(
    watched: Page, attacked: tuple[DagsterDev, Sandbox]
) -> None:
    dagster, _ = attacked
    for run in dagster.graphql(RUNS)["runsOrError"]["results"]:
        watched.goto(f"{dagster.url}/runs/{run['runId']}")
        expect(watched.get_by_text("Failure", exact=True).first).to_be_visible()
        watched.wait_for_load_state("networkidle")
    watched.goto(f"{dagster.url}/locations/credits_pipeline/sensors/credits_files")
    expect(watched.get_by_text("credits_files").first).to_be_visible()


def test_no_line_of_the_log_holds_a_control_character(
    attacked: tuple[DagsterDev, Sandbox],
) -> None:
    """What a terminal running `dagster dev` would act on, except Dagster's own colours."""
    import re
    import unicodedata

    dagster, _ = attacked
    own = re.compile(r"\x1b\[\d*(?:;\d+)*m")
    text = own.sub("", dagster.log.read_text())
    bad = {
        repr(line[:300])
        for line in text.splitlines()
        for c in line
        if unicodedata.category(c) in {"Cc", "Cf", "Cs"} and c != "\t"
    }
    assert bad == set()
    for run in dagster.graphql(RUNS)["runsOrError"]["results"]:
        for event in dagster.graphql(EVENTS, run=run["runId"])["logsForRun"]["events"]:
            assert not [
                c
                for c in event.get("message", "")
                if unicodedata.category(c) in {"Cc", "Cf", "Cs"} and c not in "\n\t"
            ]
