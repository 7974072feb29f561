"""The pages build a site without a warning or a network, and every link in it works."""

import subprocess
import sys
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from credits_pipeline_tests.docs.pages import PAGES, ROOT
from credits_pipeline_tests.docs.pictures import FOLDER, PICTURES


class Page(HTMLParser):
    """The anchors, links and loaded resources of a page of the site."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors.add(found.get("id") or "")
        if tag == "a":
            self.links.add(found.get("href") or "")
        elif tag in {"link", "script", "img", "source", "iframe"}:
            self.loaded.add(found.get("href") or found.get("src") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does it."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--fail-on-warning", "--keep-going", "--fresh-env", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "-c", "docs", ".", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    makefile = (ROOT / "Makefile").read_text()
    assert f"sphinx-build {' '.join(options)} -c docs . site" in makefile
    return folder


def test_every_page_is_in_it_and_the_readme_is_its_front(site: Path) -> None:
    for page in PAGES:
        assert (site / page.relative_to(ROOT).with_suffix(".html")).is_file()
    front = (site / "index.html").read_text()
    assert front == (site / "README.html").read_text()
    assert f"credits_pipeline {version('credits-pipeline')}" in front


def test_every_link_in_it_leads_somewhere(site: Path) -> None:
    pages = {file: Page(file) for file in site.rglob("*.html")}
    broken = []
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            known = pages[target].anchors if target in pages else set()
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in known):
                broken.append(f"{file.relative_to(site)}: {link}")
    assert broken == []


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = {name for file in site.rglob("*.html") for name in Page(file).loaded}
    assert len(loaded) > 3
    assert {name for name in loaded if urlsplit(name).netloc} == set()


def test_every_picture_is_as_it_is_drawn_today() -> None:
    stale = [name for name, drawn in PICTURES.items() if (FOLDER / name).read_text() != drawn()]
    assert stale == [], "run: python -m credits_pipeline_tests.docs.pictures"
