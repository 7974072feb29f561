"""A finance person at Dagster's UI: a month by hand, its checks, its receipt, a blocked month.

With UPDATE_SCREENSHOTS=1 the documents' pictures are taken again, into docs/images; that needs a
font with emoji, such as Debian's fonts-noto-color-emoji.
"""

import pytest
from playwright.sync_api import FloatRect, expect

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.assets.checks import OF_CREDITS
from credits_pipeline.reporting.deciding import config
from credits_pipeline.sandbox.sample import SAMPLE
from credits_pipeline.sandbox.servers import CONNECTION_ID
from credits_pipeline_tests.browser.conftest import DECEMBER, Ui

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

JANUARY = BillingMonth(2025, 1)
FEBRUARY = BillingMonth(2025, 2)
GRAPH: FloatRect = {"x": 100, "y": 430, "width": 1290, "height": 150}
CHECK: FloatRect = {"x": 68, "y": 104, "width": 1372, "height": 596}
ASSETS = ["credits_inbox", "raw_credits_csv", "credits", "cbf_payload", "cloudzero_drop"]


def test_a_month_is_materialised_by_hand_and_shows_its_checks_and_its_receipt(ui: Ui) -> None:
    ui.open("/runs")
    ui.wait_for_run("Success")
    ui.open_month("cloudzero_drop", DECEMBER)
    expect(ui.page.get_by_text("Materialized", exact=True)).to_be_visible()

    ui.upload(JANUARY, SAMPLE)
    ui.materialise(JANUARY)
    ui.wait_for_run("Success")

    ui.open_graph()
    for name in ASSETS:
        expect(ui.page.locator(f"[data-tooltip='{name}']")).to_be_visible()
    checks = len(OF_CREDITS)
    expect(ui.page.get_by_text(f"{checks - 1} / {checks} Passed")).to_be_visible()
    ui.picture("asset-graph", GRAPH)

    ui.open_check("credits", "no_duplicate_accounts")
    for text in ("line 17", "account 112480036627", "$6,407.96"):
        expect(ui.page.get_by_text(text).first).to_be_visible()
    expect(ui.page.get_by_text(JANUARY.partition_key, exact=True).first).to_be_visible()
    expect(ui.page.get_by_text("Succeeded")).to_have_count(checks - 1)
    ui.picture("checks", CHECK)

    ui.open_check("credits", "month_is_plausible")
    expect(ui.page.get_by_text("is 9.9 % above the usual $184,372.64")).to_be_visible()

    ui.open("/assets/cloudzero_drop?view=overview")
    ui.page.get_by_text("Plots", exact=True).click()
    for name in ("credit_usd", "accounts", "left_out_usd", "seconds_at_cloudzero"):
        expect(ui.page.get_by_text(name, exact=True).first).to_be_visible()
    expect(ui.page.locator("canvas").first).to_be_visible()

    ui.open_month("cloudzero_drop", JANUARY)
    report = ui.open_report()
    expect(report.get_by_text("No credit was left out of this month.")).to_be_visible()
    link = report.get_by_role("cell", name="run", exact=True).locator("..").get_by_role("link")
    assert str(link.get_attribute("href")).startswith("/runs/")
    expect(report.get_by_role("heading", name="2025-01: verified")).to_be_visible()
    expect(report.get_by_text("CloudZero holds 23 rows with $202,487.80")).to_be_visible()
    expect(report.get_by_role("cell", name="repeated word for word")).to_be_visible()
    # The dialog may be scrolled to its middle or end; this is for hovering.
    report.get_by_role("heading", name="2025-01: verified").scroll_into_view_if_needed()
    ui.picture("receipt", ui.visible(report))
    assert len(ui.servers.cloudzero.rows(CONNECTION_ID, str(JANUARY))) == 23


def test_executing_all_checks_without_a_month_says_so_and_changes_none(ui: Ui) -> None:
    passed = ui.page.get_by_text("Succeeded", exact=True)
    ui.open("/runs")
    ui.wait_for_run("Success")
    ui.open("/assets/credits?view=checks")
    expect(passed).to_have_count(len(OF_CREDITS) - 1)

    ui.page.get_by_role("button", name="Execute all").click()
    expect(ui.page.get_by_text("Launched run")).to_be_visible()
    ui.page.get_by_text("View", exact=True).click()
    ui.wait_for_run("Success")
    told = "No check was made: each is about one month, and this run has none."
    expect(ui.page.get_by_text(told).first).to_be_visible()

    ui.open("/assets/credits?view=checks")
    expect(passed).to_have_count(len(OF_CREDITS) - 1)


def test_a_blocked_month_says_why_and_a_person_s_decision_sends_the_rest(ui: Ui) -> None:
    ui.upload(FEBRUARY, SAMPLE.replace(b"203317846690", b"2033I784669O"))
    ui.materialise(FEBRUARY)
    ui.wait_for_run("Failure")

    ui.open_check("credits", "nothing_rejected")
    expect(ui.page.get_by_text("the first is line 5, '2033I784669O,$74.18'")).to_be_visible()
    expect(ui.page.get_by_text("decide accept_rejected to leave them out")).to_be_visible()
    ui.picture("blocked-month", CHECK)
    assert ui.servers.cloudzero.rows(CONNECTION_ID, str(FEBRUARY)) == []

    ui.materialise(FEBRUARY, config=config({"accept_rejected": True}, ui.version(FEBRUARY)))
    ui.wait_for_run("Success")
    ui.open_month("cloudzero_drop", FEBRUARY)
    report = ui.open_report()
    expect(report.get_by_role("heading", name="2025-02: partial")).to_be_visible()
    expect(report.get_by_text("Left out of this month: $74.18")).to_be_visible()
    expect(report.get_by_text("2033I784669O").first).to_be_visible()
    expect(report.get_by_text("accept_rejected").first).to_be_visible()
    assert len(ui.servers.cloudzero.rows(CONNECTION_ID, str(FEBRUARY))) == 22


def test_a_file_that_starts_no_run_is_listed_at_the_inbox_with_the_reason(ui: Ui) -> None:
    ui.open("/assets/credits_inbox")
    expect(ui.page.get_by_text("Credits March.xlsx", exact=True)).to_be_visible()
    expect(ui.page.get_by_text("only CSV starts a run").first).to_be_visible()
