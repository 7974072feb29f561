"""Decisions that people keep in git: one YAML file per item, ``FOLDER/<kind>/<id>.yaml``.

Read like the database; judgements of findings are in ``FOLDER/states/<kind>/<id>.yaml``. An id that
is too long for the name of a file begins in the names of folders, each of which ends with ``%``.
`write_contents` creates the files once; from then on people change them.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, unquote

from credits_pipeline.core.yaml_outside import YamlError, read_yaml, write_yaml
from credits_pipeline.finops.decisions.body import Body, InvalidBodyError, canonical, checked
from credits_pipeline.finops.decisions.exchange import Contents
from credits_pipeline.finops.decisions.fault import DecisionsError
from credits_pipeline.finops.decisions.item import (
    Author,
    Item,
    Ruling,
    Snapshot,
    State,
)
from credits_pipeline.finops.decisions.kind import (
    CheckItem,
    CheckState,
    InvalidDecisionError,
    anything,
)
from credits_pipeline.finops.decisions.record import CLOSED
from credits_pipeline.finops.decisions.said import STATES, folder_of, read_state, said

_LARGEST = 1_000_000
#: File systems take 255 bytes, and a letter that is not ASCII is up to twelve of them.
_LONGEST_NAME = 200
#: No escape of a letter ends with it.
_GOES_ON = "%"


class FileDecisions:
    """The items of a folder; nothing is ever written through it."""

    def __init__(
        self,
        folder: Path,
        *,
        check_item: CheckItem = anything,
        check_state: CheckState = anything,
    ) -> None:
        """Name the folder.

        Args:
            folder: with a folder for each kind in it.
            check_item: refuses an item that its kind can't use.
            check_state: refuses a state that its kind of findings does not have.
        """
        self.folder, self._check_item = folder, check_item
        self.states = FileStates(folder, check_state)

    def item(self, kind: str, id_: str) -> Item | None:
        """One item; None if there is no file for it.

        Raises:
            DecisionsError: its file can't be read.
        """
        path = path_of(self.folder, kind, id_)
        return self._item(path, kind, id_) if path.is_file() else None

    def items(self, kind: str) -> list[Item]:
        """Every item of a kind, by id.

        Raises:
            DecisionsError: there is no folder, or a file can't be read.
        """
        self._check()
        found = [self._item(path, kind, id_) for id_, path in _files(self.folder, kind)]
        return sorted(found, key=lambda item: item.id)

    def snapshot(self, kinds: Collection[str] | None = None) -> Snapshot:
        """The items as they are now.

        Args:
            kinds: which; None for all.

        Raises:
            DecisionsError: there is no folder, or a file can't be read.
        """
        self._check()
        there = {path.name for path in self.folder.iterdir() if path.is_dir()} - {STATES, CLOSED}
        wanted = {name for name in there if not name.startswith(".")} & {*(kinds or there)}
        contents = {
            kind: {item.id: dict(item.body) for item in self.items(kind)} for kind in wanted
        }
        return Snapshot({kind: found for kind, found in contents.items() if found})

    def contents(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Every item and every state, by folder and id.

        Raises:
            DecisionsError: there is no folder, or a file can't be read.
        """
        found = {kind: dict(items) for kind, items in self.snapshot().contents.items()}
        for subject_kind in self.states.kinds():
            told = {id_: said(state) for id_, state in self.states.of(subject_kind).items()}
            found[folder_of(subject_kind)] = {id_: body for id_, body in told.items() if body}
        return {folder: items for folder, items in found.items() if items}

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

    def _item(self, path: Path, kind: str, id_: str) -> Item:
        body, changed = _read(path, kind)
        try:
            self._check_item(kind, id_, body)
        except InvalidDecisionError as error:
            raise InvalidDecisionError(f"{path}: {error}") from error
        return Item(kind, id_, body, 1, changed, str(path))

    def _check(self) -> None:
        if not self.folder.is_dir():
            raise DecisionsError(
                f"FINOPS_DECISIONS names the folder {self.folder}, which is not there. What to do: "
                "create it, or set FINOPS_DECISIONS to the folder of the decisions."
            )

    def _refusal(self, kind: str, id_: str) -> DecisionsError:
        return _kept_in_files(kind.replace("_", " "), id_, path_of(self.folder, kind, id_))


class FileStates:
    """How findings were judged, in ``FOLDER/states/<kind of findings>/<id>.yaml``."""

    def __init__(self, folder: Path, check: CheckState = anything) -> None:
        """Name the folder of all decisions.

        Args:
            folder: of them.
            check: refuses a state that its kind of findings does not have.
        """
        self._folder, self._check = folder, check

    def kinds(self) -> list[str]:
        """The kinds of findings that are judged there."""
        room = self._folder / STATES
        return sorted(path.name for path in room.iterdir()) if room.is_dir() else []

    def of(self, subject_kind: str) -> dict[str, State]:
        """Every state of a kind of findings, by the finding's id.

        Raises:
            DecisionsError: a file can't be read, or says what can't be.
        """
        found = {}
        for id_, path in _files(self._folder, folder_of(subject_kind)):
            body, changed = _read(path, f"state of a {subject_kind}")
            try:
                state = read_state(subject_kind, id_, body, changed, str(path))
                self._check(subject_kind, id_, state.state, state.reason)
            except InvalidDecisionError as error:
                raise InvalidDecisionError(f"{path}: {error}") from error
            found[id_] = state
        return dict(sorted(found.items()))

    def set(
        self,
        subject_kind: str,
        subject_id: str,
        ruling: Ruling,  # noqa: ARG002 - as a database takes it
        *,
        by: Author,  # noqa: ARG002
        expected: int | None,  # noqa: ARG002
    ) -> NoReturn:
        """Refuse.

        Raises:
            DecisionsError: always; it names the file to edit.
        """
        path = path_of(self._folder, folder_of(subject_kind), subject_id)
        raise _kept_in_files(f"state of the {subject_kind.replace('_', ' ')}", subject_id, path)


def as_files(contents: Contents) -> dict[str, str]:
    """Each item and state as the text of a file, by its path below the folder, in order.

    Fields are sorted by name, so that the same decisions are the same bytes.
    """
    here = Path()
    return {
        path_of(here, kind, id_).as_posix(): _text(body)
        for kind, items in sorted(contents.items())
        for id_, body in sorted(items.items())
    }


def write_contents(folder: Path, contents: Contents) -> list[Path]:
    """Write each item and state as a file.

    Returns:
        The files, by name.
    """
    written = []
    for name, text in as_files(contents).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        written.append(path)
    return written


def _text(body: Body) -> str:
    """The body as YAML that reads back unchanged."""
    text = write_yaml(body, allow_unicode=True, sort_keys=True, width=100)
    if canonical(read_yaml(text)) == canonical(body):
        return text
    # YAML reads a few rare characters as line ends unless they are escaped.
    return write_yaml(body, allow_unicode=False, sort_keys=True, width=100)


def path_of(folder: Path, kind: str, id_: str) -> Path:
    """The file of an item, or of a state."""
    name = quote(id_, safe=" +@=,")
    *more, last = (
        _seen(name[at : at + _LONGEST_NAME]) for at in range(0, len(name) or 1, _LONGEST_NAME)
    )
    return folder.joinpath(kind, *(f"{part}{_GOES_ON}" for part in more), f"{last}.yaml")


def goes_on(folders: Collection[str]) -> bool:
    """Whether these folders, below that of a kind, hold the beginning of an id."""
    return all(name.endswith(_GOES_ON) for name in folders)


def _seen(name: str) -> str:
    """A name that a dot at its beginning does not hide; ``..`` would leave the folder."""
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _kept_in_files(what: str, id_: str, path: Path) -> DecisionsError:
    return DecisionsError(f"the {what} {id_!r} is kept in files. What to do: change {path}.")


def _files(folder: Path, kind: str) -> list[tuple[str, Path]]:
    """The files of a kind, each with its item's id."""
    room, found = folder / kind, []
    for path in room.rglob("*.yaml"):
        *more, last = path.relative_to(room).parts
        if goes_on(more):
            begun = "".join(name.removesuffix(_GOES_ON) for name in more)
            found.append((unquote(begun + last.removesuffix(".yaml")), path))
    return found


def _read(path: Path, kind: str) -> tuple[dict[str, Any], datetime]:
    """A file's content, and when it was written."""
    try:
        if path.stat().st_size > _LARGEST:
            raise DecisionsError(
                f"{path} is larger than {_LARGEST} bytes. What to do: keep one {kind} in a file."
            )
        text = path.read_text("utf-8")
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, UnicodeDecodeError) as error:
        raise DecisionsError(
            f"{path} can't be read: {error}. What to do: check its permissions, and save it as "
            "UTF-8."
        ) from error
    try:
        body: Any = read_yaml(text)
    except YamlError as error:
        raise DecisionsError(
            f"{error.where(str(path))}: it is not YAML: {error.problem}. What to do: correct the "
            "line."
        ) from error
    try:
        return checked(body), changed
    except InvalidBodyError as error:
        raise DecisionsError(f"{path}: {error}. What to do: change it there.") from error
