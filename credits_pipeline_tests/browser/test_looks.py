"""How the pages look: accessible (axe), in light and dark, on a desktop and on a phone.

With UPDATE_SCREENSHOTS=1 the pictures of docs/pages.md are taken again, into docs/images, from a
demo that is running (`make demo`); DEMO_PAGES is the address of its pages if their port differs.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from credits_pipeline_tests.browser.conftest import IMAGES
from credits_pipeline_tests.browser.world import World
from credits_pipeline_tests.finops.pages.conftest import LAST

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PAGES = {
    "setup": "setup",
    "overview": f"?period={LAST}",
    "spend": f"spend?period={LAST}&group=service",
    "credits": "spend?tab=credits",
    "budgets": "budgets",
    "optimization": "optimization",
    "governance": "governance",
    "chargeback": f"chargeback?month={LAST}",
    "settings": "settings?section=settings",
}
#: What the pictures in the docs show of the demo.
PICTURES = {
    "setup": "setup",
    "overview": "",
    "spend": "spend?period=Last%20month&group=service",
    "credits": "spend?tab=credits",
    "budgets": "budgets",
    "optimization": "optimization",
    "governance": "governance",
    "chargeback": "chargeback",
    "settings": "settings",
}
_DEMO = os.environ.get("DEMO_PAGES", "http://127.0.0.1:8501")
_GRAVE = {"serious", "critical"}
_PATIENCE_MS = 120_000
_WIDE, _PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def page(browser: Browser, served_world: World) -> Iterator[Page]:
    context = browser.new_context(viewport=_WIDE, color_scheme="light", timezone_id="UTC")
    context.set_default_timeout(_PATIENCE_MS)
    yield context.new_page()
    context.close()


def open_page(page: Page, address: str) -> None:
    page.set_viewport_size(_WIDE)
    page.emulate_media(color_scheme="light")
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=_PATIENCE_MS)
    done = page.locator("[data-test-script-state=notRunning]")
    expect(done).to_have_count(1, timeout=_PATIENCE_MS)
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=_PATIENCE_MS)


def grave(page: Page) -> list[str]:
    """What axe finds that would keep people from reading or using the page."""
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in _GRAVE
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it_in_light_and_dark_and_on_a_phone(
    page: Page, served_world: World, name: str
) -> None:
    open_page(page, f"{served_world.urls['ann']}/{PAGES[name]}")
    found = {"light": grave(page)}
    page.emulate_media(color_scheme="dark")
    background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    page.wait_for_function(f"() => {background} != 'rgb(255, 255, 255)'")
    found["dark"] = grave(page)
    page.set_viewport_size(_PHONE)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function("() => document.documentElement.scrollWidth <= window.innerWidth")
    assert found == {"light": [], "dark": []}
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        open_page(page, f"{_DEMO}/{PICTURES[name]}")
        page.screenshot(path=IMAGES / f"pages-{name}.png", animations="disabled")
