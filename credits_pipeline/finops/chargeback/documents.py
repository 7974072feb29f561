"""Statements as documents: PDF, workbook, and an archive of all; the same bytes on every run."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.chargeback import files, lines
from credits_pipeline.finops.chargeback.fonts import FontError, Typefaces, typefaces
from credits_pipeline.finops.chargeback.journal import journal_of
from credits_pipeline.finops.chargeback.layout import Layout, layout
from credits_pipeline.finops.chargeback.statement import label
from credits_pipeline.finops.chargeback.view import View
from credits_pipeline.text import Outside

_TEMPLATE = Path(__file__).with_name("statement.typ")
_UNSAFE = re.compile(r"[^a-z0-9_-]+")
_LONGEST = 60
_Say = Callable[[str], None]


class DocumentError(Exception):
    """A document can't be made; the message says why and what to do."""


def check(view: View) -> None:
    """Refuse a view with an unprintable part before anything is printed.

    Raises:
        DocumentError: a letter of a name is in no font, printing is not installed, or the pages'
            address is not one.
    """
    statement, faces = view.statement, _faces()
    names: list[str] = [statement.model, *statement.accounts.values()]
    for section in view.sections:
        names.append(section.currency)
        names += [text for line in section.lines for text in (line.account, line.service)]
        names += [text for pool in section.pools for text in (pool.pool, pool.account, pool.driver)]
        owners = [line.owner for line in section.lines]
        names += [label(owner) for owner in (*owners, *(one.owner for one in section.adjustments))]
    for owner in statement.owners.values():
        names += [owner.cost_centre, owner.gl_account]
    _check(faces, (Outside(name).line() for name in dict.fromkeys(names)))
    if view.is_whole:
        _check(faces, _laid(view).texts())


def pdf(view: View) -> bytes:
    """A statement as PDF.

    Raises:
        DocumentError: a letter of a name is in no font, printing is not installed, or the pages'
            address is not one.
    """
    laid, faces = _laid(view), _faces()
    _check(faces, laid.texts())
    families = faces.families_for(laid.texts())
    told = json.dumps({**laid.data(), "families": families}, ensure_ascii=False)
    printed: bytes = _compiler(faces).compile(
        input=_TEMPLATE.read_bytes(),
        format="pdf",
        sys_inputs={"data": told},
        timestamp=0,
    )
    return printed


def xlsx(view: View) -> bytes:
    """The tables of a view as a workbook.

    Raises:
        DocumentError: workbooks are not installed.
    """
    tables = [lines.summary(view), lines.lines(view), lines.shared(view)]
    if view.is_whole:
        tables.append(lines.adds_up(view))
    try:
        return files.as_xlsx(tables)
    except ModuleNotFoundError as error:
        raise DocumentError(
            f"Workbooks can't be written here: {error}. What to do: pip install "
            "'credits-pipeline[spreadsheets]'."
        ) from error


def archive(view: View, say: _Say = lambda _: None) -> bytes:
    """Everything of a statement, and each owner's part, as a ZIP.

    Args:
        view: of all owners that should be in it.
        say: called with the document that is being made.

    Raises:
        DocumentError: see `pdf`; nothing is made then.
    """
    to = view.statement.to
    owners = view.statement.names() if view.only is None else view.only
    check(view)
    found: dict[str, bytes] = {}
    if view.is_whole:
        tables = [lines.summary(view), lines.lines(view), lines.shared(view), lines.adds_up(view)]
        found |= {f"{table.name}.csv": files.as_csv(table) for table in tables}
        found["journal.csv"] = files.as_csv(journal_of(view))
        found["statement.xlsx"] = xlsx(view)
        found["statement.pdf"] = pdf(view)
    for owner in owners:
        part = view.of(owner)
        if not part.sections and owner is not None:
            continue
        say(label(owner))
        name = f"{to}s/{word_of(label(owner))}"
        found[f"{name}.pdf"] = pdf(part)
        found[f"{name}.csv"] = files.as_csv(lines.lines(part))
    return files.as_zip(found)


def file_name(view: View) -> str:
    """A view's file name, without extension."""
    whose = "" if view.only is None else f"-{word_of(view.title)}"
    return f"chargeback-{view.statement.month}-{word_of(view.statement.model)}{whose}"


def word_of(name: str) -> str:
    """A name as part of a file name; two names never have the same."""
    word = _UNSAFE.sub("-", name.lower()).strip("-")[:_LONGEST]
    if word and word == name:
        return word
    told = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{word}-{told}" if word else told


def _laid(view: View) -> Layout:
    try:
        return layout(view)
    except SettingError as error:
        raise DocumentError(str(error)) from error


def _check(faces: Typefaces, texts: Iterable[str]) -> None:
    try:
        faces.check(texts)
    except FontError as error:
        raise DocumentError(str(error)) from error


def _faces() -> Typefaces:
    try:
        return typefaces()
    except ModuleNotFoundError as error:
        raise DocumentError(
            f"PDFs can't be printed here: {error}. What to do: pip install "
            "'credits-pipeline[pages]'."
        ) from error
    except (FontError, SettingError) as error:
        raise DocumentError(str(error)) from error


@cache
def _compilers() -> dict[int, Any]:
    return {}


def _compiler(faces: Typefaces) -> Any:
    import typst  # noqa: PLC0415 - see above

    kept = _compilers()
    if id(faces) not in kept:
        kept[id(faces)] = typst.Compiler(font_paths=faces.fonts, ignore_system_fonts=True)
    return kept[id(faces)]
