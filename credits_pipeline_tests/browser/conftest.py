"""The product's UI in headless Chromium: one `dagster dev`, one browser, a page for each test.

The inbox is read once, when Dagster starts, and then not for an hour: only what a test clicks
happens.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.version import FileVersion
from credits_pipeline.sandbox.dagster_dev import DagsterDev
from credits_pipeline.sandbox.s3 import CREDENTIALS
from credits_pipeline.sandbox.sample import SAMPLE
from credits_pipeline.sandbox.servers import Sandbox, clean_environment, sandbox, upload
from credits_pipeline_tests.browser.world import World, running_world
from credits_pipeline_tests.live.world import PATIENCE

IMAGES = Path(__file__).parents[2] / "docs" / "images"
DECEMBER = BillingMonth(2024, 12)
_BOOKS = "credits-books"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: The browser itself uses no network, and it runs as root in containers.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MS = 60_000


# At most as long as its module: while Playwright runs, this thread has a running event loop, but
# Dagster starts its own for a run in this process.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        told = f"no Chromium: none of {', '.join(_NAMES)} is on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    with sync_playwright() as playwright:
        expect.set_options(timeout=_PATIENCE_MS)
        browser = playwright.chromium.launch(
            executable_path=found, headless=True, args=list(_FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The second wing's pages with their people; one server for all tests of a session."""
    with running_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@dataclass(frozen=True)
class Ui:
    """Dagster's UI as a person uses it.

    Attributes:
        page: the browser's page.
        url: where the UI answers.
        servers: the inbox and CloudZero's stand-in.
        picture: writes a screenshot.
    """

    page: Page
    url: str
    servers: Sandbox
    picture: Callable[..., None]

    def upload(self, month: BillingMonth, content: bytes) -> None:
        upload(self.servers, f"credits-{month}.csv", content)

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def open_graph(self) -> None:
        self.open("/locations/credits_pipeline/asset-groups/credits/lineage")

    def open_month(self, asset: str, month: BillingMonth) -> None:
        self.open(f"/assets/{asset}?view=partitions&partition={month.partition_key}")
        chosen = self.page.get_by_text(month.partition_key, exact=True).filter(visible=True)
        expect(chosen.first).to_be_visible()

    def open_check(self, asset: str, name: str) -> None:
        self.open(f"/assets/{asset}?view=checks&checkDetail={name}")
        expect(self.page.get_by_text("Evaluation result")).to_be_visible()

    def materialise(self, month: BillingMonth, *, config: str = "") -> None:
        """Press "Materialize all", choose the month, launch, and open the run."""
        page = self.page
        self.open_graph()
        page.get_by_role("button", name="Materialize all").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("Show all partitions").click()
        chosen = dialog.locator("input[type=text]").first
        chosen.fill(month.partition_key)
        chosen.press("Enter")
        expect(dialog.get_by_text("1 partition", exact=True)).to_be_visible()
        if config:
            dialog.get_by_text("Config", exact=True).click()
            dialog.get_by_role("button", name="Add config").click()
            page.locator(".CodeMirror.cm-s-config-editor").click()
            page.keyboard.insert_text(config)
            page.get_by_role("button", name="Save config").click()
        dialog.get_by_role("button", name="Launch 1 run").click()
        launched = page.get_by_text("Launched run")
        expect(launched).to_be_visible()
        run = launched.inner_text().split()[-1]
        self.open("/runs")
        page.get_by_role("link", name=run).first.click()

    def version(self, month: BillingMonth) -> str:
        """The current version of a month's file, as a decision names it."""
        key = f"credits-{month}.csv"
        s3 = boto3.client(
            "s3",
            endpoint_url=self.servers.s3_url,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        bucket = self.servers.environment["CREDITS_BUCKET"]
        found = s3.head_object(Bucket=bucket, Key=key)
        s3.close()
        etag = found["ETag"].strip('"')
        return FileVersion(key, etag, found["LastModified"], found["ContentLength"]).token

    def wait_for_run(self, ends: str) -> None:
        """Wait on the run's page until it says how the run ended."""
        ended = self.page.get_by_text(ends, exact=True).first
        # A run takes several processes, which a busy machine starts slowly.
        expect(ended).to_be_visible(timeout=1000 * PATIENCE)

    def visible(self, locator: Locator) -> FloatRect:
        """The visible part of an element."""
        box, size = locator.bounding_box(), self.page.viewport_size
        assert box is not None
        assert size is not None
        return {**box, "height": min(box["height"], size["height"] - box["y"])}

    def open_report(self, label: str = "report") -> Locator:
        """Press "Show Markdown" beside a piece of metadata; returns the dialog."""
        row = self.page.get_by_role("row").filter(
            has=self.page.get_by_role("cell", name=label, exact=True)
        )
        row.get_by_text("[Show Markdown]").click()
        dialog = self.page.get_by_role("dialog")
        # It grows while it opens; this waits until it stops.
        dialog.hover(trial=True)
        return dialog


@pytest.fixture(scope="module")
def product(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[DagsterDev, Sandbox]]:
    """Dagster after its first look at an inbox with December and a file of another kind."""
    home = tmp_path_factory.mktemp("browser")
    with sandbox() as servers:
        environment = clean_environment(
            **servers.environment,
            CREDITS_SENSOR_SECONDS="3600",
            CREDITS_START_MONTH="2024-10",
            # In a bucket, so that no picture shows a path of this machine.
            CREDITS_STORAGE=f"s3://{_BOOKS}",
            XDG_STATE_HOME=str(home / "state"),
        )
        s3 = boto3.client(
            "s3",
            endpoint_url=servers.s3_url,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        s3.create_bucket(Bucket=_BOOKS)
        s3.close()
        upload(servers, f"credits-{DECEMBER}.csv", SAMPLE.replace(b"$116,319.27", b"$98,204.11"))
        upload(servers, "Credits March.xlsx", b"PK")
        for line in SAMPLE.splitlines():
            servers.cloudzero.bill(str(DECEMBER), line.partition(b",")[0].decode(), "100.00")
        with DagsterDev(home / "dagster", environment) as dagster:
            dagster.wait_until_ready(PATIENCE)
            yield dagster, servers


@pytest.fixture
def ui(browser: Browser, product: tuple[DagsterDev, Sandbox], tmp_path: Path) -> Iterator[Ui]:
    dagster, servers = product
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        device_scale_factor=2,
        locale="en-US",
        timezone_id="UTC",
    )
    context.set_default_timeout(_PATIENCE_MS)
    # With the wide menu, the graph's nodes have room only for names.
    context.add_init_script("localStorage.setItem('dagster-nav-collapsed', 'true')")
    page = context.new_page()
    folder = IMAGES if os.environ.get("UPDATE_SCREENSHOTS") == "1" else tmp_path

    def picture(name: str, clip: FloatRect | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", clip=clip, animations="disabled")

    yield Ui(page, dagster.url, servers, picture)
    context.close()
