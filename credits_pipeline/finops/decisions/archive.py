"""Decisions as one ZIP of YAML files, to download and to upload in a browser."""

import io
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from credits_pipeline.core.zipped import UNREADABLE
from credits_pipeline.finops.decisions.exchange import Contents
from credits_pipeline.finops.decisions.fault import DecisionsError
from credits_pipeline.finops.decisions.files import FileDecisions, as_files, goes_on
from credits_pipeline.finops.decisions.kind import CheckItem, CheckState, anything
from credits_pipeline.finops.decisions.said import STATES

#: All of it, unpacked; decisions are small texts.
_LARGEST = 20_000_000
_MOST_FILES = 20_000
#: ZIP has no earlier time; with it the same decisions are the same bytes.
_MOMENT = (1980, 1, 1, 0, 0, 0)


def packed(contents: Contents) -> bytes:
    """The ZIP; the same decisions are the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in as_files(contents).items():
            about = zipfile.ZipInfo(name, _MOMENT)
            about.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(about, text)
    return out.getvalue()


def unpacked(
    file: bytes, *, check_item: CheckItem = anything, check_state: CheckState = anything
) -> Contents:
    """The content of a ZIP.

    Args:
        file: its bytes.
        check_item: refuses an item that its kind can't use.
        check_state: refuses a state that its kind of findings does not have.

    Raises:
        DecisionsError: it is not one, is too large, or has an unusable file, which is named.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(file))
    except UNREADABLE:
        raise DecisionsError(
            "this is not a ZIP file. What to do: take the one that was exported, or pack the "
            "folder of YAML files."
        ) from None
    with archive, tempfile.TemporaryDirectory() as folder:
        names = [one for one in archive.infolist() if not one.is_dir()]
        if len(names) > _MOST_FILES or sum(one.file_size for one in names) > _LARGEST:
            raise DecisionsError(
                f"the ZIP holds more than {_MOST_FILES:,} files or {_LARGEST:,} bytes. What to do: "
                "import it in parts."
            )
        for one in names:
            path = Path(folder) / _safe(one.filename)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(one) as packed_file:
                    # The sizes that a ZIP states may be wrong.
                    path.write_bytes(packed_file.read(one.file_size + 1)[: one.file_size])
            except UNREADABLE as error:
                raise DecisionsError(
                    f"{one.filename[:80]!r} in the ZIP can't be read: {str(error)[:120]}. What to "
                    "do: pack the files anew, without a password."
                ) from error
        files = FileDecisions(Path(folder), check_item=check_item, check_state=check_state)
        try:
            return files.contents()
        except DecisionsError as error:
            raise DecisionsError(str(error).replace(f"{folder}/", "")) from error


def _safe(name: str) -> PurePosixPath:
    """Where a file of it is.

    Raises:
        DecisionsError: no export has such a name.
    """
    path = PurePosixPath(name)
    depth = 3 if path.parts[:1] == (STATES,) else 2
    odd = any(part in ("..", ".") or "\\" in part for part in path.parts)
    below = path.parts[depth - 1 :]
    if path.is_absolute() or odd or not below or not goes_on(below[:-1]) or path.suffix != ".yaml":
        raise DecisionsError(
            f"the ZIP holds {name!r}. What to do: pack files KIND/ID.yaml and "
            f"{STATES}/KIND/ID.yaml alone."
        )
    return path
