"""``split``: one credits file per month from a sheet with several months."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from credits_pipeline.cli.ending import CANT_BE_DONE
from credits_pipeline.cli.options import (
    AcceptEstimates,
    AcceptRejected,
    CreditsFile,
    Duplicates,
    ProfileFile,
    SheetName,
    Signs,
    decided,
    limits,
    month_option,
    profiles,
)
from credits_pipeline.cli.output import Json, doing, echo, fail, print_json, say
from credits_pipeline.core.disk import write_whole
from credits_pipeline.core.money import for_people, to_text
from credits_pipeline.core.wording import counted

if TYPE_CHECKING:
    from credits_pipeline.credits.evaluation.splitting import MonthFile
    from credits_pipeline.credits.inbox.bucket import Inbox


def split(
    file: CreditsFile,
    *,
    first_month: Annotated[
        str | None,
        typer.Option(
            help="The month of the first column of amounts, where the file does not say it.",
            metavar="YYYY-MM",
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder for the files.", metavar="DIR", file_okay=False)
    ] = None,
    upload: Annotated[
        bool, typer.Option("--upload", help="Upload them to the inbox in S3.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be written.")
    ] = False,
    duplicates: Duplicates = None,
    signs: Signs = None,
    accept_rejected: AcceptRejected = False,
    accept_left_out: Annotated[
        bool,
        typer.Option(
            "--accept-left-out",
            help="With --upload: although rows of the sheet are in no file.",
        ),
    ] = False,
    accept_estimates: AcceptEstimates = False,
    sheet: SheetName = None,
    profile: ProfileFile = None,
    as_json: Json = False,
) -> None:
    """Split a sheet that covers several months into one credits file per month.

    Rows that are in no file are reported and counted, month by month; an uploaded file would look
    complete, so `--upload` then requires `--accept-left-out`. Exit code 0 if every month was
    written completely, 1 if rows were left out, or if nothing was written because the sheet can't
    be split or a file already exists, 2 if the command can't be carried out.

    **Examples**

    `credits-pipeline split history.csv --to months/`

    `credits-pipeline split export.csv --first-month 2025-01 --upload --dry-run`

    `credits-pipeline split credits-2025-01.xlsx --upload`

    `credits-pipeline split history.csv --to months/ --json | jq -r '.months[].file'`
    """
    from credits_pipeline.credits.evaluation.splitting import (  # noqa: PLC0415 - as above
        NotSplitError,
        month_files,
    )
    from credits_pipeline.credits.reading import UnreadableFile  # noqa: PLC0415 - loads polars

    _refuse_unclear(to, upload=upload, dry_run=dry_run)
    first = month_option(first_month, "--first-month")
    decisions = decided(duplicates=duplicates, signs=signs, accept_rejected=accept_rejected)
    allowed = limits()
    known = profiles(profile)
    put_to: list[tuple[MonthFile, str]] = []
    try:
        with doing(f"Reading {file.name}") as now:
            allowed.refuse_larger(file.stat().st_size, name=file.name)
            files = month_files(
                file.read_bytes(),
                name=file.name,
                first=first,
                decisions=decisions,
                limits=allowed,
                profiles=known,
                accept_estimates=accept_estimates,
                sheet_name=sheet,
            )
            if upload and not dry_run and not accept_left_out:
                _refuse_left_out(files)
            put = _into_folder(to, files, force=force) if to is not None else None
            if upload:
                put = _into_inbox(files, force=force)
            for number, made in enumerate(files, start=1):
                now(f"Writing {made.month}, {number} of {len(files)}")
                where = put(made, dry_run) if put is not None else f"credits-{made.month}.csv"
                put_to.append((made, where))
    except (NotSplitError, UnreadableFile, _NotWritableError) as error:
        reason = str(error)
        if put_to and not dry_run:
            reason += f" Written before that: {_shown([where for _, where in put_to])}."
        if as_json:
            print_json(
                {
                    "months": [_told(*one, written=not dry_run) for one in put_to],
                    "reason": reason,
                }
            )
        fail(reason, CANT_BE_DONE if isinstance(error, _NotWritableError) else 1)
    if as_json:
        told = [_told(*one, written=not dry_run) for one in put_to]
        print_json({"months": told, "reason": None})
    else:
        _print(put_to, "would be written to" if dry_run else "written to")
    whole = not any(made.left_out.rows for made, _ in put_to)
    raise typer.Exit(0 if whole or accept_left_out else 1)


def _refuse_unclear(to: Path | None, *, upload: bool, dry_run: bool) -> None:
    """Refuse options that do not say where the files go.

    Raises:
        BadParameter: they name two places, or none.
    """
    if to is not None and upload:
        raise typer.BadParameter("choose one of --to DIR and --upload")
    if to is None and not upload and not dry_run:
        raise typer.BadParameter("say where the files go: --to DIR or --upload")


def _print(put_to: "list[tuple[MonthFile, str]]", done: str) -> None:
    for made, _ in put_to:
        for warning in made.warnings:
            say(f"{made.month}  {warning}", "yellow")
    for made, where in put_to:
        echo(
            f"{made.month}  {counted(made.accounts, 'account')}  {for_people(made.total)}"
            f"  {done} {where}"
        )
        if made.left_out.rows:
            echo(f"{made.month}  {made.left_out.says}")


def _told(made: "MonthFile", where: str, *, written: bool) -> dict[str, Any]:
    return {
        "billing_month": str(made.month),
        "accounts": made.accounts,
        "total_usd": to_text(made.total),
        "left_out_rows": made.left_out.rows,
        "left_out_usd": to_text(made.left_out.usd),
        "left_out_unknown": made.left_out.unknown,
        "warnings": list(made.warnings),
        "file": where,
        "written": written,
    }


#: Writes a file where it belongs, or only says where that is, if the second argument is true.
Put = Callable[["MonthFile", bool], str]


class _NotWritableError(Exception):
    """A file can't be written where it belongs; the message says why and what to do."""

    @classmethod
    def of(cls, path: Path, error: OSError) -> Self:
        """The machine's error about a path."""
        why = error.strerror or type(error).__name__
        return cls(f"{path} can't be written: {why}. Choose another folder with --to.")


def _into_folder(folder: Path, files: "list[MonthFile]", *, force: bool) -> Put:
    """Write files to a folder.

    Raises:
        NotSplitError: one already exists, and may not be overwritten.
        _NotWritableError: the folder can't be read.
    """
    from credits_pipeline.credits.evaluation.splitting import NotSplitError  # noqa: PLC0415 - loads polars

    paths = {made.month: folder / f"credits-{made.month}.csv" for made in files}
    try:
        there = [str(path) for path in paths.values() if path.exists()]
    except OSError as error:
        raise _NotWritableError.of(folder, error) from None
    if there and not force:
        raise NotSplitError(f"Nothing was written: {_listed(there)}. Overwrite with --force.")

    def put(made: "MonthFile", dry_run: bool) -> str:
        path = paths[made.month]
        if not dry_run:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                write_whole(path, made.data)
            except OSError as error:
                raise _NotWritableError.of(path, error) from None
        return str(path)

    return put


def _into_inbox(files: "list[MonthFile]", *, force: bool) -> Put:
    """Upload files to the inbox, with their totals as metadata.

    Raises:
        NotSplitError: one already exists and may not be overwritten, or S3 refuses.
    """
    from credits_pipeline.core.settings import BUCKET, PREFIX, SettingError  # noqa: PLC0415 - as above
    from credits_pipeline.credits.evaluation.splitting import NotSplitError  # noqa: PLC0415 - loads polars
    from credits_pipeline.credits.inbox.bucket import Inbox, InboxError  # noqa: PLC0415 - loads the AWS SDK

    try:
        inbox = Inbox(BUCKET.text(), PREFIX.text())
    except SettingError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        keys = {made.month: inbox.key(made.month) for made in files}
        there = [inbox.uri(key) for key in keys.values() if inbox.current(key) is not None]
    except InboxError as error:
        raise _NotWritableError(str(error)) from None
    if there and not force:
        raise NotSplitError(f"Nothing was uploaded: {_listed(there)}. Overwrite with --force.")

    def put(made: "MonthFile", dry_run: bool) -> str:
        if not dry_run:
            _upload(inbox, keys[made.month], made)
        return inbox.uri(keys[made.month])

    return put


def _upload(inbox: "Inbox", key: str, made: "MonthFile") -> None:
    from credits_pipeline.credits.inbox.bucket import InboxError  # noqa: PLC0415 - loads the AWS SDK

    metadata = {"credits-rows": str(made.accounts), "credits-total": to_text(made.total)}
    try:
        inbox.upload(key, made.data, metadata=metadata)
    except InboxError as error:
        raise _NotWritableError(str(error)) from None


def _refuse_left_out(files: "list[MonthFile]") -> None:
    """Refuse to upload files that look complete and are not, unless a person accepts that.

    Raises:
        NotSplitError: rows of the sheet are in no file.
    """
    from credits_pipeline.credits.evaluation.splitting import NotSplitError  # noqa: PLC0415 - loads polars

    told = [f"{made.month}: {made.left_out.says}" for made in files if made.left_out.rows]
    if told:
        raise NotSplitError(
            "Nothing was uploaded, because the files would look complete and are not. "
            f"{' '.join(told)} Correct the sheet, or upload what could be read with "
            "--accept-left-out."
        )


def _listed(there: list[str]) -> str:
    return f"{_shown(there)} {'is' if len(there) == 1 else 'are'} there already"


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 - shown below
    return f"{', '.join(names[:3])}{more}"
