"""The page on file formats says what the reader does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import formats_page


def test_the_page_shows_what_becomes_of_the_fixtures() -> None:
    page = formats_page.PAGE.read_text()
    assert page == formats_page.refreshed(page), (
        f"run {Path(formats_page.__file__).name} as a script to make the page anew"
    )


def test_every_text_and_refusal_is_on_the_page_and_a_shape_of_every_layout() -> None:
    shown = formats_page.fixtures_on(formats_page.PAGE.read_text())
    for folder in ("texts", "refusals"):
        files = {f"{folder}/{path.name}" for path in (formats_page.FIXTURES / folder).glob("*.csv")}
        assert files <= shown
    assert {name for name in shown if name.startswith("shapes/")} >= {
        "shapes/headerless.csv",
        "shapes/header.csv",
        "shapes/long.csv",
        "shapes/wide.csv",
        "shapes/cost-explorer.csv",
        "shapes/aws-billing.csv",
    }
