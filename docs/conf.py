"""The site is the project's Markdown as it stands, and the README is its front page.

The README's section "Documentation" is the table of contents, so that GitHub and the site have
the same one. Nothing is fetched: neither for the build nor by a reader's browser.
"""

import re
import shutil
import tomllib
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

_ROOT = Path(__file__).parents[1]

project = "credits_pipeline"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**.md", "deploy/**.md"]
exclude_patterns = [".*", "site"]
myst_heading_anchors = 4
html_theme = "furo"
release = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]
html_title = f"{project} {release}"
html_show_sphinx = False
html_copy_source = False

_PAGE = re.compile(r"\]\(([\w/.-]+)\.md\)")


def _toctree(pages: list[str], *options: str) -> str:
    """A table of contents that only the sidebar shows."""
    return "\n".join(["", "```{toctree}", ":hidden:", *options, "", *pages, "```", ""])


def _add_contents(_: Sphinx, page: str, source: list[str]) -> None:
    if page == root_doc:
        contents = source[0].split("\n## Documentation\n", 1)[1]
        for part in contents.split("\n### ")[1:]:
            title, _, links = part.partition("\n")
            source[0] += _toctree(_PAGE.findall(links), f":caption: {title}")
    elif page == "docs/architecture":
        decisions = sorted((_ROOT / "docs" / "adr").glob("*.md"))
        source[0] += _toctree([f"adr/{found.stem}" for found in decisions])


def _add_index(app: Sphinx, error: Exception | None) -> None:
    if error is None:
        shutil.copy(app.outdir / f"{root_doc}.html", app.outdir / "index.html")


def setup(app: Sphinx) -> None:
    """Hook into the build."""
    # Pygments has no lexer for CSV.
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", _add_contents)
    app.connect("build-finished", _add_index)
