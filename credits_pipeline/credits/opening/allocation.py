"""AWS's credit allocation history: the JSON of ``aws billing get-credit-allocation-history``."""

import json
from collections.abc import Iterator
from typing import Any

from credits_pipeline.credits.opening.opened import Opened, as_csv
from credits_pipeline.credits.reading.refusal import UnreadableFile

_LIST = "creditAllocationHistoryList"
_COLUMNS = (
    "accountId",
    "billingMonth",
    "creditAmount.currencyAmount",
    "creditAmount.currencyCode",
    "isEstimatedBill",
    "creditId",
    "appliedServiceName",
    "description",
)


class _Literal(str):
    """A number of the JSON, kept as digits and never as a float."""

    __slots__ = ()


def is_history(data: bytes) -> bool:
    """Whether a file is JSON with a credit allocation history."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["} and _LIST.encode() in data


def open_history(data: bytes, *, name: str) -> Opened:
    """An answer, or the list of its pages, as CSV: entry 1 is on line 2.

    Raises:
        UnreadableFile: it is damaged, incomplete, or has another form.
    """
    try:
        content = json.loads(
            data.decode("utf-8-sig"),
            parse_float=_Literal,
            parse_int=_Literal,
            parse_constant=_Literal,
            object_pairs_hook=_object,
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UnreadableFile(
            f"{name} can't be read as JSON ({error}): ask AWS for it again."
        ) from error
    pages = content if isinstance(content, list) else [content]
    entries = [entry for page in _whole(pages, name=name) for entry in page[_LIST]]
    if not entries:
        raise UnreadableFile(
            f"{name} is a credit allocation history without an entry: there is no credit."
        )
    rows = [_row(entry, number, name=name) for number, entry in enumerate(entries, start=1)]
    return Opened(as_csv([_COLUMNS, *rows]), ",", made=True)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} twice in one object")
    return found


def _whole(pages: list[Any], *, name: str) -> Iterator[dict[str, Any]]:
    """The pages, if they are all the pages of an answer.

    Raises:
        UnreadableFile: AWS says that something is missing.
    """
    for number, page in enumerate(pages, start=1):
        if not isinstance(page, dict) or not isinstance(page.get(_LIST), list):
            raise UnreadableFile(
                f"{name}, page {number}: there is no {_LIST}; ask AWS for it again."
            )
        partial = page.get("partialResults")
        if partial is not False or page.get("failedMonths"):
            failed = ", ".join(map(str, page.get("failedMonths") or [])) or "it does not say which"
            says = "does not say that it is whole (partialResults is missing)"
            if partial is not None:
                says = f"says partialResults: months are missing ({failed})"
            raise UnreadableFile(f"{name} {says}; ask AWS again, or for fewer months.")
        if page.get("nextToken") and number == len(pages):
            raise UnreadableFile(
                f"{name} has a nextToken: there are more pages; ask for all of them (the AWS CLI"
                " does without --no-paginate), or put the pages into one list."
            )
        yield page


def _row(entry: Any, number: int, *, name: str) -> list[str]:
    where = f"{name}, entry {number}"
    if not isinstance(entry, dict):
        raise UnreadableFile(f"{where}: it is not an object; ask AWS for it again.")
    amount = entry.get("creditAmount")
    if not isinstance(amount, dict):
        raise UnreadableFile(f"{where}: it has no creditAmount; ask AWS for it again.")
    unknown = sorted(
        {*entry} - {*_COLUMNS, "creditAmount"} | {*amount} - {"currencyAmount", "currencyCode"}
    )
    if unknown:
        raise UnreadableFile(
            f"{where}: the field {unknown[0]!r} is not known, and may change what the entry means;"
            " remove it if it does not."
        )
    flat = {**entry, **{f"creditAmount.{key}": value for key, value in amount.items()}}
    return [_cell(flat.get(column), f"{where}: {column}") for column in _COLUMNS]


def _cell(value: Any, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    raise UnreadableFile(f"{where} is neither text nor a number; ask AWS for it again.")
