"""People on the pages in headless Chromium, behind a proxy that signs them in, all on one server.

Each journey has its own source, budget, rule or month. What a page shows is compared with the
published version and the store of decisions, not with another page.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect
from typer.testing import CliRunner

from credits_pipeline.cli import app as commands
from credits_pipeline.finops.budgets import alerting
from credits_pipeline.finops.budgets.budget import KIND as BUDGET
from credits_pipeline.finops.budgets.results import BUDGETS, forecasts, keep_standings
from credits_pipeline.finops.decisions import Author, Ruling
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.governance.ledger import Ledger
from credits_pipeline.finops.optimization.making import Maker
from credits_pipeline.finops.optimization.reading import read_states
from credits_pipeline.finops.pages.figures import exact
from credits_pipeline_tests.browser.world import ADDRESS, World, decide_there
from credits_pipeline_tests.finops.bills import charge, csv_text, put
from credits_pipeline_tests.finops.chargeback.test_documents import links
from credits_pipeline_tests.finops.pages.conftest import BEFORE, LAST, TODAY, in_
from credits_pipeline_tests.finops.pages.test_optimization_page import AT, id_of, scan
from credits_pipeline_tests.finops.typed import row
from credits_pipeline_tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
_PATIENCE_MS = 120_000
_WRITING = re.compile("(Add|Save|Scan now|Evaluate now|Make ZIP of all|Try it)$")
RULE = """\
id: {id}
name: Costs something
type: cost
severity: medium
when: {when}
say: "{{name}} costs {{cost_month:.2f}} {{currency}}"
"""


@pytest.fixture
def world(
    served_world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """The wing, with a separate browser for each person; no other site may be reached."""
    decide_there(served_world.bills, monkeypatch)
    contexts, elsewhere = [], []

    def opened(name: str) -> Page:
        ours = served_world.urls[name]
        context = browser.new_context(viewport={"width": 1440, "height": 1400})
        context.set_default_timeout(_PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith(
                    (f"{ours}/", ours.replace("http", "ws", 1), "data:", "blob:")
                )
                else elsewhere.append(asked.url)
            ),
        )
        page.goto(ours)
        return page

    served_world.open = opened
    yield served_world
    for context in contexts:
        context.close()
    assert elsewhere == []


def kept(kind: str, id_: str) -> dict[str, Any]:
    """The current decision about one thing; nothing if there is none."""
    with open_decisions() as decisions:
        found = decisions.item(kind, id_)
    return {} if found is None else dict(found.body)


def text_of(document: bytes) -> str:
    """The text of a PDF."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages)


def writing(page: Page) -> dict[str, bool]:
    """The buttons that would change something, and whether they can be pressed."""
    found = page.get_by_role("button").filter(has_text=_WRITING)
    return {one.inner_text(): one.is_enabled() for one in found.all()}


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def fill(page: Page, label: str, text: str) -> None:
    # Folded sections have fields with the same names.
    found = page.get_by_label(label, exact=True).filter(visible=True).first
    found.fill(text)
    found.press("Tab")


def told(page: Page, text: str) -> None:
    expect(page.get_by_text(text, exact=False).first).to_be_visible(timeout=_PATIENCE_MS)


def in_a_table(page: Page, text: str) -> None:
    """A table is drawn as an image; its hidden text is for screen readers."""
    cell = page.get_by_role("gridcell", include_hidden=True).filter(has_text=text).first
    expect(cell).to_be_attached(timeout=_PATIENCE_MS)


def taken(page: Page, button: str) -> bytes:
    with page.expect_download() as waiting:
        press(page, button)
    return Path(waiting.value.path()).read_bytes()


def add_source(page: Page, url: str, name: str, place: str) -> None:
    """Add plain FOCUS files as a source, until the page shows it."""
    page.goto(f"{url}/setup")
    page.get_by_text("Add a source").click()
    page.get_by_test_id("stRadioGroup").get_by_text("FOCUS files", exact=True).click()
    expect(page.get_by_label("Export's name")).to_have_count(0)
    fill(page, "Name", name)
    fill(page, "Place", place)
    press(page, "Add")
    page.wait_for_url(f"**source={name}**")


def test_a_source_is_added_tested_refused_and_its_bill_offered_to_who_has_a_page_open(
    world: World, tmp_path: Path
) -> None:
    day = datetime(LAST.year, LAST.month, 2, tzinfo=UTC)
    month = {"BillingPeriodStart": LAST.start, "BillingPeriodEnd": LAST.shift(1).start,
             "ChargePeriodStart": day, "ChargePeriodEnd": day + timedelta(days=1)}  # fmt: skip
    put(tmp_path / f"bill/{LAST}.csv", csv_text([charge(EffectiveCost="77.25", **month)]))
    watching = world.open("vic")
    watching.goto(f"{world.urls['vic']}/spend?period={LAST}&group=cloud")
    before = world.published.rows(
        "SELECT SUM(effective_cost) FROM spend_monthly WHERE billing_month = ?", [str(LAST)]
    )[0][0]
    told(watching, exact(before, "USD"))

    page = world.open("ann")
    add_source(page, world.urls["ann"], "extra", str(tmp_path / "bill"))
    press(page, "Test the connection")
    told(page, "location: ")
    page.get_by_text("Add a source").click()
    fill(page, "Name", "extra")
    fill(page, "Place", "/elsewhere")
    press(page, "Add")
    told(page, "there is a source extra already")
    fill(page, "Month", str(LAST))
    press(page, "Read its bill")
    told(page, f"credits-pipeline ingest --source extra --month {LAST}")
    done = CliRunner().invoke(commands, ["ingest", "--source", "extra", "--month", str(LAST)])
    assert done.exit_code == 0, done.output

    read = world.published.rows("SELECT SUM(effective_cost) FROM spend_monthly WHERE source = ?",
                                ["extra"])  # fmt: skip
    assert read == [(Decimal("77.25"),)]
    # The wing's other bills were put there by hand: this publication finds them in no lake.
    world.bills.put("extra", str(LAST), [row("77.25", charge_date=in_(LAST, 2))], provider="aws")
    world.bills.publish()

    watching.get_by_text("Service", exact=True).first.click()
    told(watching, "There is newer data than this page shows.")
    press(watching, "Show it")
    told(watching, exact(before + Decimal("77.25"), "USD"))


def test_a_source_and_a_view_that_two_change_are_shown_side_by_side(
    world: World,
) -> None:
    ann, ben = world.open("ann"), world.open("ben")
    add_source(ann, world.urls["ann"], "shared", "s3://bills/first")
    ben.goto(f"{world.urls['ben']}/setup?source=shared")
    for page, name in ((ann, "ann"), (ben, "ben")):
        page.get_by_text("Change or remove").first.click()
        fill(page, "Place", f"s3://bills/of-{name}")
    press(ben, "Save")
    there = "s3://bills/of-ben"
    eventually(lambda: kept("source", "shared").get("location") == there, "ben's is saved", 60)
    press(ann, "Save")
    told(ann, "changed shared in the meantime. Nothing was written.")
    for text in (there, "s3://bills/of-ann"):
        in_a_table(ann, text)
    assert kept("source", "shared")["location"] == there
    press(ann, "Save")
    mine = "s3://bills/of-ann"
    eventually(lambda: kept("source", "shared").get("location") == mine, "ann's is saved", 60)

    for page, name, cloud in ((ann, "ann", "aws"), (ann, "ann", "gcp"), (ben, "ben", "azure")):
        page.goto(f"{world.urls[name]}/spend?period={LAST}&cloud={cloud}")
        page.get_by_role("button", name="Views").click()
        fill(page, "Save this view as", "Ours")
        page.get_by_text("Everybody sees it").click()
        press(page, "Save")
        if (name, cloud) == ("ann", "aws"):
            told(page, "Saved as Ours.")
        elif name == "ann":
            told(page, "You have a view Ours already. Nothing was written.")
            in_a_table(page, "gcp")
            in_a_table(page, "aws")
            assert kept("view", "Ours")["words"]["cloud"] == ["aws"]
            press(page, "Save")
            told(page, "Saved as Ours.")
            assert kept("view", "Ours")["words"]["cloud"] == ["gcp"]
        else:
            told(page, "has a shared view of that name. Choose another name.")
            assert kept("view", "Ours")["owner"] == "ann@example.com"
    ann.reload()
    ann.get_by_role("button", name="Views").click()
    press(ann, "Remove Ours")
    eventually(lambda: kept("view", "Ours") == {}, "it is removed", 60)


def test_a_budget_of_a_scope_is_edited_by_two_crossed_and_found_by_the_alert_s_link(
    world: World,
) -> None:
    ann, ben = world.open("ann"), world.open("ben")
    now = f"{TODAY:%Y-%m}"
    ann.goto(f"{world.urls['ann']}/spend?period={now}&team=core")
    ann.get_by_role("link", name="Make a budget").click()
    ann.wait_for_url("**/budgets?**team=core**")
    fill(ann, "Name", "Core")
    fill(ann, "Amount of a period, USD", "1000")
    press(ann, "Save")
    ann.wait_for_url("**budget=Core**")

    ben.goto(f"{world.urls['ben']}/budgets?budget=Core")
    for page, owner in ((ann, "ann@example.com"), (ben, "ben@example.com")):
        page.get_by_text("Change or remove").first.click()
        fill(page, "Owner", owner)
    fill(ben, "Amount of a period, USD", "50")
    press(ben, "Save")
    eventually(lambda: kept(BUDGET, "Core").get("amount") == "50", "ben's is saved", 60)
    press(ann, "Save")
    told(ann, "changed Core in the meantime. Nothing was written.")
    assert kept(BUDGET, "Core")["owner"] == "ben@example.com"

    published = world.published
    with open_decisions() as decisions:
        bodies = {item.id: item.body for item in decisions.items(BUDGET)}
    found = forecasts(published, bodies, published.depot, TODAY)
    keep_standings(published.depot, found.budgets, {})
    notes = alerting.of_budgets(published.depot.read(BUDGETS), world.urls["ann"])
    (note,) = [one for one in notes.wrong if one.subject == "budget Core used"]
    assert "60.00 used of 50.00 USD" in note.dollars
    ann.goto(note.address)
    told(ann, "Core")
    told(ann, "over")
    told(ann, "$60.00")


def test_a_saving_is_done_and_proved_on_a_later_bill_and_a_dismissed_one_comes_back(
    world: World,
) -> None:
    page, storage = world.open("ann"), world.bills.storage

    def decide(resource: str, verb: str) -> None:
        id_ = id_of(storage, resource)
        page.goto(f"{world.urls['ann']}/optimization?finding={id_}")
        page.get_by_text(verb, exact=True).click()
        press(page, "Save")
        told(page, "1 item saved.")

    decide("i-idle", "Plan it")
    decide("i-idle", "It is done")
    decide("eipalloc-1", "It is done")
    decide("i-search", "Dismiss it")

    page.goto(f"{world.urls['ann']}/optimization")
    told(page, "$143.76 done")

    scan(storage, searched="90.00", at=AT + timedelta(hours=1))
    page.goto(f"{world.urls['ann']}/optimization?finding={id_of(storage, 'i-search')}")
    told(page, "had dismissed it")

    # The next month's bill, once it is complete: the machine is gone and the address is not.
    later = LAST.shift(2)
    still = row("3.60", ResourceId="eipalloc-1", charge_date=in_(later, 2))
    world.bills.put("aws", str(later), [still], complete_through=later.end.date())
    Maker(world.bills.depot, list(world.bills.bills.values())).prove(read_states(), later.end)
    del world.bills.bills["aws", str(later)]  # other journeys need what is published
    page.goto(f"{world.urls['ann']}/optimization")
    told(page, "$140.16 proved on later bills")
    told(page, "1 done item not seen")
    for resource, how in (("i-idle", "proved"), ("eipalloc-1", "not seen")):
        page.goto(f"{world.urls['ann']}/optimization?finding={id_of(storage, resource)}")
        in_a_table(page, str(later))
        told(page, how)


def test_a_rule_is_tried_refused_and_saved_and_what_it_finds_accepted_until_a_day(
    world: World,
) -> None:
    page = world.open("ann")
    page.goto(f"{world.urls['ann']}/governance?tab=policies&policy=new")
    fill(page, "YAML", RULE.format(id="costs", when="cost_month > no_such_column"))
    press(page, "Try it")
    told(page, "no_such_column")
    fill(page, "YAML", RULE.format(id="costs", when="cost_month > 5"))
    press(page, "Try it")
    told(page, "would break it")
    with open_decisions() as decisions:
        assert decisions.item("policy", "costs") is None
    press(page, "Save")
    page.wait_for_url("**policy=costs**")
    world.govern()
    published = world.published
    ledger = Ledger(published.depot)
    record = ledger.current()
    assert record is not None
    found = next(one for one in ledger.violations(record.version) if one.policy == "costs")

    address = f"{world.urls['ann']}/governance?violation={found.id}"
    page.goto(address)
    press(page, "Acknowledge")
    in_a_table(page, "acknowledged by ann")
    with open_decisions() as decisions:
        said = decisions.states.of("violation")[found.id]
        # As if the decision had been for a day that is now over.
        decisions.states.set(
            "violation",
            found.id,
            Ruling(said.state, until=datetime.now(UTC) - timedelta(days=1), reason=said.reason),
            by=Author("ann@example.com", "ui"),
            expected=said.version,
        )
    page.goto(address)
    in_a_table(page, "again: it was acknowledged until")


def test_a_month_is_closed_a_late_bill_is_an_adjustment_and_every_file_says_the_same(
    world: World,
) -> None:
    page = world.open("ann")
    page.goto(f"{world.urls['ann']}/chargeback?month={BEFORE}")
    ((spend,),) = world.published.rows(
        "SELECT SUM(effective_cost) FROM spend_monthly WHERE billing_month = ?", [str(BEFORE)]
    )
    said = exact(spend, "USD")
    told(page, said)
    lines = csv.DictReader(io.StringIO(taken(page, "CSV").decode()))
    assert sum(Decimal(line["amount"]) for line in lines) == spend == Decimal(130)
    printed = taken(page, "PDF")
    assert said in text_of(printed)
    (leads,) = links(printed)
    assert leads.startswith(f"{ADDRESS}/chargeback?")
    reader = world.open("vic")
    reader.goto(leads.replace(ADDRESS, world.urls["vic"]))
    told(reader, said)
    cells = [
        cell.value
        for sheet in openpyxl.load_workbook(io.BytesIO(taken(page, "Excel")))
        for line in sheet.iter_rows()
        for cell in line
    ]
    assert any(isinstance(cell, int | float) and cell == 80 for cell in cells)

    press(page, "Close month")
    press(page, "Close")
    told(page, f"{BEFORE} is closed.")
    world.bills.put("aws", str(BEFORE), [row("85", charge_date=in_(BEFORE, 3))], version="late")
    world.bills.publish()
    page.goto(f"{world.urls['ann']}/chargeback?month={LAST}")
    told(page, "bills that changed after their month was closed")
    late = csv.DictReader(io.StringIO(taken(page, "CSV").decode()))
    changed = {line["team"]: line["amount"] for line in late if line["of_month"] == str(BEFORE)}
    assert changed == {"core": "5.00", "search": "-9.00"}


def test_a_viewer_changes_nothing_and_a_team_lead_sees_one_team(world: World) -> None:
    viewer = world.open("vic")
    for path in ("optimization", "governance?tab=policies&policy=new", "chargeback", "setup"):
        viewer.goto(f"{world.urls['vic']}/{path}")
        expect(viewer.get_by_role("heading", level=1)).to_be_visible()
        if path == "setup":
            viewer.get_by_text("Add a source").click()
        eventually(lambda: writing(viewer), f"{path} is drawn", 60)
        assert [name for name, on in writing(viewer).items() if on] == [], path

    lead, url = world.open("lea"), world.urls["lea"]
    for path in ("", "spend?group=account", "budgets", "optimization", "governance", "chargeback",
                 "settings", "setup"):  # fmt: skip
        lead.goto(f"{url}/{path}")
        expect(lead.get_by_role("heading", level=1)).to_be_visible()
        lead.wait_for_load_state("networkidle")
        text = lead.locator("body").inner_text()
        assert not {"payroll", "platform-prod", "Machines"} & set(text.split()), path
    lead.goto(f"{url}/spend?period={LAST}&team=core")
    told(lead, "You see search")
    lead.goto(f"{url}/spend?period={LAST}&group=account")
    lines = list(csv.DictReader(io.StringIO(taken(lead, "CSV").decode())))
    assert {line["account_name"] for line in lines} == {"labs"}
    lead.goto(f"{url}/chargeback?month={LAST}")
    text = text_of(taken(lead, "PDF"))
    assert "search" in text
    assert "payroll" not in text
    with zipfile.ZipFile(io.BytesIO(taken(lead, "ZIP of all"))) as archive:
        assert archive.namelist() == ["teams/search.csv", "teams/search.pdf"]
