"""The pages about spend in headless Chromium: what only a browser can show."""

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from credits_pipeline.finops.publish.published import open_current
from credits_pipeline_tests.browser.serving import Served, Server
from credits_pipeline_tests.finops.pages.conftest import HOSTILE, LAST, hostile, three_clouds
from credits_pipeline_tests.finops.typed import Bills


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pages")
    bills = Bills(folder / "finops")
    three_clouds(bills)
    bills.publish()
    with Server(folder, bills.storage) as found:
        yield found


@pytest.fixture
def elsewhere() -> list[str]:
    """Every request to another host."""
    return []


@pytest.fixture
def page(browser: Browser, served: Served, elsewhere: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1200})
    page = context.new_page()
    page.on("request", lambda asked: _note(asked.url, served.url, elsewhere))
    yield page
    context.close()
    assert elsewhere == []


def _note(url: str, ours: str, elsewhere: list[str]) -> None:
    if not url.startswith((f"{ours}/", ours.replace("http", "ws", 1), "data:", "blob:")):
        elsewhere.append(url)


def test_a_deep_link_opens_on_a_fresh_server_and_back_undoes_one_step(
    page: Page, served: Served
) -> None:
    page.goto(f"{served.url}/spend?period={LAST}&group=service&cloud=aws")
    expect(page.get_by_text("$123.63", exact=False).first).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("radio", name="Account").or_(
        page.get_by_role("button", name="Account", exact=True)
    ).first.click()
    page.wait_for_url("**group=account**")
    assert "cloud=aws" in page.url
    page.go_back()
    page.wait_for_url("**group=service**")
    expect(page.get_by_text("$123.63", exact=False).first).to_be_visible()


def test_the_csv_is_the_screen_is_the_version(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/spend?period={LAST}&group=account")
    expect(page.get_by_text("$164.63", exact=False).first).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV", exact=True).click()
    lines = list(csv.DictReader(Path(waiting.value.path()).read_text("utf-8").splitlines()))
    published = open_current(served.storage)
    assert published is not None
    ((whole,),) = published.rows(
        "SELECT SUM(effective_cost) FROM spend_monthly WHERE billing_month = ?", [str(LAST)]
    )
    assert sum(Decimal(line["cost"]) for line in lines) == whole == Decimal("164.625")
    assert {line["account_name"] for line in lines} >= {"labs", "azure payroll"}


def test_every_table_gives_its_exact_csv_and_no_other(page: Page, served: Served) -> None:
    taken: dict[str, list[dict[str, str]]] = {}
    for path in ("/?", "/spend?group=team&", "/chargeback?", "/setup?", "/settings?"):
        page.goto(f"{served.url}{path}period={LAST}&month={LAST}")
        offered = page.get_by_role("button", name=re.compile("^CSV"))
        expect(offered.first).to_be_visible()
        expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0)
        for button in offered.all():
            with page.expect_download() as waiting:
                button.click()
            text = Path(waiting.value.path()).read_text("utf-8")
            taken[waiting.value.suggested_filename] = list(csv.DictReader(text.splitlines()))
        page.locator("[data-testid=stDataFrame]").first.hover()
        expect(page.get_by_role("button", name="Fullscreen").first).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Download as CSV"))).to_have_count(0)
    by_cloud = taken["spend-by-cloud.csv"]
    assert sum(Decimal([*line.values()][1]) for line in by_cloud) == Decimal("164.625")
    assert {line["Currency"] for line in by_cloud} == {"USD"}
    assert len(taken) >= len(("spend", "clouds", "owed", "sources", "settings", "versions"))


def test_hostile_names_are_text_on_every_page(
    browser: Browser, tmp_path: Path, elsewhere: list[str]
) -> None:
    bills = Bills(tmp_path / "finops")
    hostile(bills)
    bills.publish()
    with Server(tmp_path, bills.storage) as found:
        context = browser.new_context()
        page = context.new_page()
        page.on("request", lambda asked: _note(asked.url, found.url, elsewhere))
        page.on("dialog", lambda dialog: elsewhere.append(dialog.message))
        for path in (f"/?period={LAST}", f"/spend?period={LAST}&group=team", "/setup", "/settings"):
            page.goto(found.url + path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            if "period" in path:
                expect(page.locator("[data-testid=stDataFrame]").first).to_be_visible()
            links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
            assert [link for link in links if not link.startswith(f"{found.url}/")] == []
            assert page.locator("img[src=x], .katex").count() == 0
        page.goto(f"{found.url}/?period={LAST}")
        expect(page.get_by_text(HOSTILE[:30], exact=False).first).to_be_visible()
        context.close()
    assert elsewhere == []
