"""The generated parts of ``docs/file-formats.md``: how the reader reads the fixtures.

Run as a script it rewrites the page; a test compares the page with it.
"""

import json
import re
from decimal import Decimal
from pathlib import Path

from credits_pipeline.core.money import to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.evaluation.verdict import FileVerdict, judge
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.reading import Limits, UnreadableFile
from credits_pipeline.credits.reading.text import decode

FIXTURES = Path(__file__).parent / "fixtures"
PAGE = Path(__file__).parents[2] / "docs" / "file-formats.md"
_LINES = 3
_PART = re.compile(
    r"<!-- (?P<kind>shape|texts|refusals)(?: (?P<names>[^>]*))? -->\n.*?<!-- end -->", re.DOTALL
)


def refreshed(page: str) -> str:
    """The page, with every part between its markers generated again."""
    return _PART.sub(lambda part: _rendered(part["kind"], part["names"] or ""), page)


def fixtures_on(page: str) -> set[str]:
    """The fixtures that a page shows, such as ``shapes/wide.csv``."""
    found = set()
    for part in _PART.finditer(page):
        folder = {"shape": "shapes"}.get(part["kind"], part["kind"])
        found |= {f"{folder}/{name}" for name in (part["names"] or "").split()}
    return found


def _rendered(kind: str, names: str) -> str:
    if kind == "shape":
        (name,) = names.split()
        body = _shape(name)
    else:
        rows = "\n".join(_row(kind, name) for name in names.split())
        heads = {
            "texts": "| | in the file | what becomes of it |\n|---|---|---|",
            "refusals": "| | in the file | what is said |\n|---|---|---|",
        }
        body = f"{heads[kind]}\n{rows}"
    return f"<!-- {kind} {names} -->\n{body}\n<!-- end -->"


def _judged(folder: str, name: str) -> tuple[list[str], FileVerdict]:
    data = (FIXTURES / folder / name).read_bytes()
    month = json.loads((FIXTURES / folder / "expected.json").read_text())[name]["month"]
    found = judge(
        data,
        name=name,
        month=None if month is None else BillingMonth.parse(month),
        decisions=Decisions(),
        limits=Limits(),
    )
    try:
        lines = decode(data, name=name).decoded().splitlines()
    except UnreadableFile:
        lines = []
    return lines, found


def _shape(name: str) -> str:
    lines, found = _judged("shapes", name)
    rows = [
        f"| {month} | {account} | {_dollars(usd)} | {line} |"
        for month, reading in found.months.items()
        for account, usd, line in reading.rows.sort("line").head(_LINES).iter_rows()
    ]
    above = {"headerless": 0, "cost_explorer": 3}.get(found.layout, 1)
    shown = "\n".join(lines[: above + _LINES])
    more = "\n…" if len(lines) > above + _LINES else ""
    return (
        f"```csv\n{shown}{more}\n```\n\n"
        "| month | account | credit | line |\n|---|---|---|---|\n" + "\n".join(rows)
    )


def _row(folder: str, name: str) -> str:
    lines, found = _judged(folder, name)
    shown = " ⏎ ".join(line for line in lines[:2] if line.strip())[:90]
    title = name.removesuffix(".csv").replace("-", " ")
    cell = f"{title} | {_code(shown) if shown else ''}"
    if folder == "refusals":
        return f"| {cell} | {_escaped(found.reason or '')} |"
    (reading,) = found.months.values()
    read = ", ".join(
        f"{account} {_dollars(usd)}"
        for account, usd, _ in reading.rows.sort("line").head(2).iter_rows()
    )
    warning = f"; warning: {found.warnings[0]}" if found.warnings else ""
    return f"| {cell} | {_escaped(read + warning)} |"


def _dollars(usd: Decimal) -> str:
    whole, _, fraction = to_text(usd).partition(".")
    return f"{'-' if usd < 0 else ''}${int(whole.lstrip('-')):,}.{fraction}"


def _code(text: str) -> str:
    visible = text.replace("\t", "⇥").replace("|", "\\|").replace("`", "'")
    return f"`{visible}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text()))
