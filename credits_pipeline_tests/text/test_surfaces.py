"""Hostile texts on every surface: each is shown and none acts."""

import ast
import csv
import html
import io
import json
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import credits_pipeline
from credits_pipeline.text import Csv, Html, Markdown, Mrkdwn, Outside, Plain
from credits_pipeline.text import characters as kinds
from credits_pipeline_tests.text.hostile import TEXTS
from credits_pipeline_tests.text.layout import LAYOUT, QUIET, acting

anything = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs"]),
        st.sampled_from("![]()<>`*_~|\\#-+=&@:/ \n\t\x1b\x9b\u202e"),
    ),
    max_size=60,
) | st.sampled_from(list(TEXTS.values()))


def unseen(text: str) -> list[str]:
    return [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


def addresses(markdown: str) -> list[str]:
    """Words outside code that Dagster's pages turn into a link."""
    import re

    words = [
        child.content
        for block in LAYOUT.parse(markdown)
        for child in block.children or ()
        if child.type == "text"
    ]
    link = re.compile(r"(https?://|www(?=\.))[-.\w]+|[-.\w+]+@[-\w]+(?:\.[-\w]+)+", re.IGNORECASE)
    return [found[0] for word in words for found in link.finditer(word)]


@given(anything)
def test_in_markdown_nothing_acts(text: str) -> None:
    shown = Markdown.render(Outside(text)).text
    assert acting(shown) == []
    assert addresses(shown) == []
    assert unseen(shown) == []


@given(anything, anything)
def test_in_a_template_nothing_acts_beside_the_template(one: str, other: str) -> None:
    shown = Markdown.of("**{}** by {}", Outside(f"x {one} x"), Outside(other)).text
    assert set(acting(shown)) <= {"strong_open", "strong_close"}
    assert addresses(shown) == []


@given(st.lists(anything, min_size=2, max_size=3))
def test_in_a_table_nothing_acts_and_no_cell_becomes_two(texts: list[str]) -> None:
    cells = [Markdown.cell(Outside(text)) for text in texts]
    row = Markdown.of("| {} |", Markdown.joined(" | ", cells)).text
    table = "|" + "---|" * len(texts) + "\n"
    found = LAYOUT.parse(f"|{'h|' * len(texts)}\n{table}{row}\n")
    opened = [token for token in found if token.type == "td_open"]
    assert len(opened) == len(texts)
    inline = [token for token in found if token.type == "inline"]
    assert {child.type for token in inline for child in token.children or ()} <= QUIET
    assert unseen(row) == []


@given(anything | st.text("`~ \n#", max_size=20))
def test_a_block_of_code_holds_its_lines_and_nothing_ends_it(text: str) -> None:
    shown = Markdown.joined("\n", [Markdown.block("bash", Outside(text)), Markdown("after")]).text
    block, *after = LAYOUT.parse(shown)
    assert (block.type, block.info) == ("fence", "bash")
    assert block.content.removesuffix("\n") == Outside(text).lines()
    assert [token.content for token in after] == ["", "after", ""]
    assert [c for c in unseen(block.content) if c != "\n"] == []


@given(anything)
def test_on_a_line_nothing_unseen_is_left_and_there_is_one_line(text: str) -> None:
    shown = Plain.render(Outside(text)).text
    assert unseen(shown) == []
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown
    assert [c for c in Outside(text).lines() if c != "\n" and unseen(c)] == []


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(f"{tag} {[name for name, _ in attrs]}")


@given(anything)
def test_in_html_there_is_no_tag_between_tags_and_no_attribute_in_one(text: str) -> None:
    shown = Html.render(Outside(text)).text
    tags = Tags()
    tags.feed(f"<p title=\"{shown}\" data-x='{shown}'>{shown}</p>")
    assert tags.found == ["p ['title', 'data-x']"]
    assert html.unescape(shown) == Plain.render(Outside(text)).text


@given(anything)
def test_in_slack_nobody_is_called_and_nothing_is_a_link(text: str) -> None:
    shown = Mrkdwn.render(Outside(text)).text
    assert "<" not in shown
    assert ">" not in shown
    outside_code = "".join(shown.split("`")[::2])
    assert shown.count("`") % 2 == 0
    for sign in ("http:", "https:", "www.", "*", "~", "@here"):
        assert sign not in outside_code.lower()


@given(anything)
def test_in_a_spreadsheet_no_cell_is_a_formula(text: str) -> None:
    shown = Csv.render(Outside(text)).text
    told = io.StringIO()
    csv.writer(told).writerow([shown])
    (read,) = next(csv.reader(io.StringIO(told.getvalue()), strict=True))
    assert read == shown
    if read.lstrip()[:1] in set("=+-@|%"):
        float(read.replace(",", "").replace("$", "").removesuffix("%"))  # raises if it is no number


@given(st.lists(anything | st.sampled_from([";", '"', " ", "=1+1", "-2", "@x"])).map("".join))
@example("a;=1+1")
@example('a; "=1+1;"')
def test_where_semicolons_separate_cells_none_is_a_formula_either(text: str) -> None:
    told = io.StringIO()
    csv.writer(told).writerow(["a name", Csv.render(Outside(text)).text])
    for cell in next(csv.reader(io.StringIO(told.getvalue()), delimiter=";")):
        assert not cell.lstrip(' "').startswith(tuple("=+-@|%"))


@pytest.mark.parametrize(
    "amount", ["-1.50", "+2", "-$1,234.56", "0.000000000001", "-0", "12", "+7.6%", "-100%"]
)
def test_money_is_never_altered_in_a_spreadsheet(amount: str) -> None:
    assert Csv.render(Outside(amount)).text == amount


@given(st.dictionaries(anything, anything | st.lists(anything, max_size=2), max_size=3))
def test_json_on_a_terminal_reads_the_same_and_holds_no_control(value: dict[str, object]) -> None:
    shown = kinds.in_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(shown) == value
    assert [c for c in unseen(shown) if c != "\n"] == []


def test_every_character_of_unicode_that_is_not_seen_is_spelled_out() -> None:
    missed = [
        hex(number)
        for number in range(sys.maxunicode + 1)
        if unseen(chr(number)) and kinds.visible(chr(number)) == chr(number)
    ]
    assert missed == []


def test_ordinary_text_stays_as_it_is() -> None:
    said = (
        "2025-01 BLOCKED: 1 row can't be read ($74.18); the first is line 5, "
        "'2033I784669O,$74.18': é 日本 🎉 ⚠️ s3://books/credits-2025-01.csv; decide signs = as_is."
    )
    for surface in (Plain, Markdown, Mrkdwn, Csv):
        assert surface.render(Outside(said)).text == said


def test_a_very_long_text_is_cut() -> None:
    for surface in (Plain, Markdown, Mrkdwn, Html, Csv):
        assert len(surface.render(Outside("x" * 10_000_000)).text) <= 8_000


def test_text_from_outside_can_not_be_put_into_a_text() -> None:
    with pytest.raises(TypeError):
        f"{Outside('x')}"
    with pytest.raises(TypeError):
        str(Outside("x"))
    with pytest.raises(TypeError):
        "x" + Outside("x")  # type: ignore[operator]
    with pytest.raises(TypeError, match="neither Outside nor Markdown"):
        Markdown.of("{}", "plain")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="neither Outside nor Markdown"):
        Markdown.joined("", [Mrkdwn("x")])  # type: ignore[list-item]
    assert repr(Outside("a\x1b")) == "Outside('a\\\\x1b')"


PACKAGE = Path(credits_pipeline.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
#: The calls that print, show or send, and the only modules that may use them.
DOORS = {
    "typer.echo": {"cli/output.py"},
    "typer.secho": {"cli/output.py"},
    "typer.confirm": {"cli/output.py"},
    "typer.prompt": {"cli/output.py"},
    "print": set(),
    "dg.MetadataValue.md": {"credits/assets/showing.py", "finops/assets/metadata.py"},
    "dg.MetadataValue.text": {"credits/assets/showing.py"},
    "dg.MetadataValue.path": {"credits/assets/showing.py"},
    "dg.MetadataValue.url": set(),
    "dg.MarkdownMetadataValue": set(),
    "Console": {"cli/output.py"},
    # The cell of rules answers a pipe of this process, not a person.
    "sys.stdout.write": {
        "cli/output.py",
        "credits/assets/attempts.py",
        "finops/governance/cell.py",
    },
    "sys.stderr.write": {
        "cli/output.py",
        "credits/assets/attempts.py",
        "credits/assets/drop.py",
    },
}
#: Arguments that Dagster shows: written at the call, or made by `showing`.
SHOWN = {"description", "skip_reason"}
#: Names of our own texts over which a loop or a class iterates.
OURS = {
    "description",
    "column.description",
    "inspect.getdoc(resource)",
    "settings.DESCRIPTION.text()",
}


def calls() -> list[tuple[str, ast.Call]]:
    return [
        (str(path.relative_to(PACKAGE)), node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]


def test_nothing_is_shown_past_the_doors() -> None:
    wrong = [
        f"{file}: {ast.unparse(call)[:80]}"
        for file, call in calls()
        if (name := ast.unparse(call.func)) in DOORS
        and file not in DOORS[name]
        and not file.startswith("sandbox/cloudzero/")
    ]
    assert wrong == []


def _is_ours(value: ast.expr) -> bool:
    if isinstance(value, ast.IfExp):
        return _is_ours(value.body) and _is_ours(value.orelse)
    told = ast.unparse(value)
    return isinstance(value, ast.Constant) or told.startswith("showing.") or told in OURS


def test_what_dagster_shows_is_written_by_us_or_made_by_showing() -> None:
    made = {"reason", "f'{problems} to look at'", "_NO_CHANNEL"}
    wrong = [
        f"{file}: {keyword.arg}={ast.unparse(keyword.value)[:80]}"
        for file, call in calls()
        if file.startswith("credits/assets/")
        for keyword in call.keywords
        if keyword.arg in SHOWN
        and not _is_ours(keyword.value)
        and ast.unparse(keyword.value) not in made
        and ast.unparse(call.func) not in {"Field", "DropOptions"}
        and "to look at" not in ast.unparse(keyword.value)
    ]
    assert wrong == []


def test_templates_are_written_where_they_are_used() -> None:
    """A template that was put together from texts would let them act."""
    surfaces = {"Markdown", "Mrkdwn", "Html", "Plain", "Csv"}
    wrong = []
    for file, call in calls():
        name = ast.unparse(call.func)
        if file.startswith("text/"):
            continue
        made = name in surfaces or (name.removesuffix(".of") in surfaces and name.endswith(".of"))
        if made and not isinstance(call.args[0], ast.Constant):
            wrong.append(f"{file}: {ast.unparse(call)[:90]}")
    allowed = {"reporting/tables.py: ", "reporting/report.py: ", "cli/months.py: "}
    assert [one for one in wrong if not any(one.startswith(file) for file in allowed)] == []
    assert len(wrong) <= 8
