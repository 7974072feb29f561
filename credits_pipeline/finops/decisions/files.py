"""Decisions that people keep in git: one YAML file an item, ``FOLDER/<kind>/<id>.yaml``.

Read as the database is read. `write_items` makes the files once; from then on people change them.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, unquote

import yaml

from credits_pipeline.finops.decisions.body import Body, InvalidBodyError, canonical, checked
from credits_pipeline.finops.decisions.item import Author, DecisionsError, Item, Snapshot

_LARGEST = 1_000_000


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml ships no types
    """Reads dates as the text that they are written as."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, found) for tag, found in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class FileDecisions:
    """The items of a folder; nothing is ever written through it."""

    def __init__(self, folder: Path) -> None:
        """Name the folder.

        Args:
            folder: with a folder for each kind in it.
        """
        self.folder = folder

    def item(self, kind: str, id_: str) -> Item | None:
        """One thing; None where there is no file of it.

        Raises:
            DecisionsError: its file can't be read.
        """
        path = _path(self.folder, kind, id_)
        return _item(path, kind, id_) if path.is_file() else None

    def items(self, kind: str) -> list[Item]:
        """Every thing of a kind, by id.

        Raises:
            DecisionsError: there is no folder, or a file can't be read.
        """
        self._check()
        found = [
            _item(path, kind, unquote(path.name.removesuffix(".yaml")))
            for path in (self.folder / kind).glob("*.yaml")
        ]
        return sorted(found, key=lambda item: item.id)

    def snapshot(self, kinds: Collection[str] | None = None) -> Snapshot:
        """The items as they are now.

        Args:
            kinds: which; None for all.

        Raises:
            DecisionsError: there is no folder, or a file can't be read.
        """
        self._check()
        there = {path.name for path in self.folder.iterdir() if path.is_dir()}
        wanted = {name for name in there if not name.startswith(".")} & {*(kinds or there)}
        contents = {
            kind: {item.id: dict(item.body) for item in self.items(kind)} for kind in wanted
        }
        return Snapshot({kind: found for kind, found in contents.items() if found})

    def put(
        self,
        kind: str,
        id_: str,
        body: Body,  # noqa: ARG002 - as a database takes it
        *,
        by: Author,  # noqa: ARG002
        expected: int | None,  # noqa: ARG002
        why: str = "",  # noqa: ARG002
    ) -> NoReturn:
        """Refuse.

        Raises:
            DecisionsError: always; it names the file to edit.
        """
        raise self._refusal(kind, id_)

    def delete(
        self,
        kind: str,
        id_: str,
        *,
        by: Author,  # noqa: ARG002 - as a database takes it
        expected: int,  # noqa: ARG002
        why: str = "",  # noqa: ARG002
    ) -> NoReturn:
        """Refuse.

        Raises:
            DecisionsError: always; it names the file to remove.
        """
        raise self._refusal(kind, id_)

    def _check(self) -> None:
        if not self.folder.is_dir():
            raise DecisionsError(
                f"FINOPS_DECISIONS names the folder {self.folder}, which is not there. What to do: "
                "make it, or set FINOPS_DECISIONS to the folder that holds the decisions."
            )

    def _refusal(self, kind: str, id_: str) -> DecisionsError:
        return DecisionsError(
            f"the {kind.replace('_', ' ')} {id_!r} is kept in files. What to do: change "
            f"{_path(self.folder, kind, id_)}."
        )


def write_items(folder: Path, snapshot: Snapshot) -> list[Path]:
    """Write each item of a snapshot as a file, fields in the order of their names.

    Returns:
        The files, by name.
    """
    written = []
    for kind, items in sorted(snapshot.contents.items()):
        for id_, body in sorted(items.items()):
            path = _path(folder, kind, id_)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_text(body), "utf-8")
            written.append(path)
    return written


def _text(body: Body) -> str:
    """The body as YAML that reads back as the same."""
    text = str(yaml.safe_dump(body, allow_unicode=True, sort_keys=True, width=100))
    if canonical(yaml.load(text, _Loader)) == canonical(body):  # noqa: S506 - a safe loader
        return text
    # YAML takes a few rare characters for ends of lines unless they are escaped.
    return str(yaml.safe_dump(body, allow_unicode=False, sort_keys=True, width=100))


def _path(folder: Path, kind: str, id_: str) -> Path:
    # A dot at the beginning would hide the file, and .. would leave the folder.
    name = quote(id_, safe=" +@=,")
    return folder / kind / f"{'%2E' + name[1:] if name.startswith('.') else name}.yaml"


def _item(path: Path, kind: str, id_: str) -> Item:
    try:
        if path.stat().st_size > _LARGEST:
            raise DecisionsError(
                f"{path} is larger than {_LARGEST} bytes. What to do: keep one {kind} in a file."
            )
        text = path.read_text("utf-8")
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, UnicodeDecodeError) as error:
        raise DecisionsError(
            f"{path} can't be read: {error}. What to do: see to its rights, and save it in UTF-8."
        ) from error
    try:
        body: Any = yaml.load(text, _Loader)  # noqa: S506 - a safe loader without dates
    except yaml.YAMLError as error:
        at = getattr(error, "problem_mark", None)
        where = f"{path}, line {at.line + 1}, column {at.column + 1}" if at else str(path)
        raise DecisionsError(
            f"{where}: it is no YAML: {getattr(error, 'problem', None) or error}. What to do: mend "
            "the line."
        ) from error
    try:
        return Item(kind, id_, checked(body), 1, changed, str(path))
    except InvalidBodyError as error:
        raise DecisionsError(f"{path}: {error}. What to do: change it there.") from error
