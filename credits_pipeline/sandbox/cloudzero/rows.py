"""Request bodies and the Common Bill Format: what is accepted, what is refused, and why.

Bytes in, values out. Contract sections 2 and 6.
"""

import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any, NoReturn

from credits_pipeline.sandbox.cloudzero.settings import StandInSettings

OPERATIONS = ("replace_drop", "replace_hourly", "sum")

LINE_ITEM_TYPES = frozenset(
    {
        "Usage",
        "Tax",
        "Support",
        "Purchase",
        "CommittedUsePurchase",
        "CommittedUseVacancy",
        "CommittedUseRecurringFee",
        "Discount",
        "Credit",
        "Fee",
        "Adjustment",
    }
)

#: Costs beside ``cost/cost``; blank ones default to it.
FALLBACK_COSTS = (
    "cost/discounted_cost",
    "cost/amortized_cost",
    "cost/discounted_amortized_cost",
    "cost/on_demand_cost",
)
_TEXTS = (
    "lineitem/id",
    "lineitem/description",
    "lineitem/cloud_provider",
    "resource/id",
    "resource/account",
    "resource/service",
    "resource/region",
    "resource/usage_family",
    "usage/units",
)
_ONLY_DOCUMENTED_TEXTS = (
    "action/operation",
    "action/usage_type",
    "action/region",
    "action/account",
    "bill/invoice_id",
    "k8s/cluster",
    "k8s/namespace",
    "k8s/deployment",
    "k8s/labels",
)
_REQUIRED = ("cost/cost", "time/usage_start")
_TAG = "resource/tag:"

_TAG_KEY = re.compile(r"[A-Za-z0-9_.:/=+\-@]+")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NUMBER_WITH_EXPONENT = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_ZULU = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
# The pattern of CloudZero's OpenAPI file.
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([+-][0-9]{2}:[0-9]{2}|Z)?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

#: A row as compact JSON: what is stored, counted and returned.
encode_row = json.JSONEncoder(separators=(",", ":")).encode

_MOST_DIGITS = 400

_Check = Callable[[str], str | None]


class BodyRefusedError(Exception):
    """The body is not valid: no JSON, no ``data``, no month, an unknown operation."""


@dataclass(frozen=True)
class Body:
    """A request body with a valid envelope; its rows are not checked yet.

    Attributes:
        month: ``YYYY-MM``; None if there is none and no row to take it from.
        operation: one of `OPERATIONS`.
        data: what was sent as rows, unchecked.
    """

    month: str | None
    operation: str
    data: list[Any]


@dataclass(frozen=True)
class Rows:
    """Checked rows.

    Attributes:
        hours: the rows as compact JSON, by their hour (``YYYY-MM-DDTHH``, UTC).
        count: how many rows.
        size: their bytes.
        errors: one sentence for every row that breaks the format; with any, nothing may be kept.
    """

    hours: Mapping[str, tuple[bytes, ...]]
    count: int
    size: int
    errors: tuple[str, ...]


def read_body(raw: bytes, settings: StandInSettings) -> Body:
    """Read the envelope.

    Raises:
        BodyRefusedError: with the message for the 400.
    """
    try:
        value = json.loads(
            raw.decode(), parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise BodyRefusedError(f"the request body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BodyRefusedError("the request body is not a JSON object")
    data = value.get("data")
    if not isinstance(data, list):
        raise BodyRefusedError("'data' is required and must be an array of rows")
    operation = value.get("operation", "replace_drop")
    if operation not in OPERATIONS:
        if settings.unknown_operation == "refuse":
            raise BodyRefusedError(f"'operation' must be one of {', '.join(OPERATIONS)}")
        operation = "replace_drop"
    return Body(_month_of(value, data, settings), operation, data)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _month_of(value: dict[str, Any], data: list[Any], settings: StandInSettings) -> str | None:
    if "month" in value:
        month = value["month"]
        read = read_month(month) if isinstance(month, str) else None
        if read is None:
            raise BodyRefusedError("'month' is not a month: write YYYY-MM or an ISO 8601 datetime")
        return read
    if not settings.month_from_rows:
        raise BodyRefusedError("'month' is required")
    if not data:
        raise BodyRefusedError("'month' is required where 'data' has no rows")
    start = data[0].get("time/usage_start") if isinstance(data[0], dict) else None
    moment = _moment(start, settings) if isinstance(start, str) else None
    return None if moment is None else _month_text(moment)


def read_month(text: str) -> str | None:
    """``YYYY-MM`` of a month in that form or of a full ISO datetime, in UTC; None if neither."""
    if _MONTH.fullmatch(text):
        text = f"{text}-01T00:00:00Z"
    elif not _ISO.fullmatch(text):
        return None
    moment = read_moment(text)
    return None if moment is None else _month_text(moment)


def _month_text(moment: datetime) -> str:
    return f"{moment.year:04d}-{moment.month:02d}"


def read_moment(text: str) -> datetime | None:
    """An ISO date or datetime as an aware moment; UTC if no zone is given."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _moment(text: str, settings: StandInSettings) -> datetime | None:
    taken = (
        _ZULU.fullmatch(text)
        or (settings.any_iso_times and _ISO.fullmatch(text))
        or (settings.date_only_times and _DATE.fullmatch(text))
    )
    return read_moment(text) if taken else None


def read_rows(data: list[Any], month: str | None, settings: StandInSettings) -> Rows:
    """Check every row, and sort the good ones by hour; the order within an hour is kept.

    Args:
        data: the rows as they came out of JSON.
        month: the month that all of them must be in, ``YYYY-MM``.
        settings: what is accepted beyond the contract.
    """
    checks = _checks(settings)
    hours: dict[str, list[bytes]] = {}
    # Bodies repeat a few times over many rows: each time is parsed once.
    hour_of: dict[str, str] = {}
    errors: list[str] = []
    size = 0
    for number, sent in enumerate(data, 1):
        row = _with_numbers_as_text(sent) if settings.number_costs else sent
        problem = _fault(row, checks)
        if problem is None:
            start = row["time/usage_start"]
            hour = hour_of.get(start) or hour_of.setdefault(start, _hour(start, settings))
            if hour[:7] == month:
                if settings.cost_digits is not None:
                    row = _rounded(row, settings.cost_digits)
                kept = encode_row(row).encode("ascii")
                hours.setdefault(hour, []).append(kept)
                size += len(kept)
                continue
            problem = f"time/usage_start {start[:60]!r} {_why_not(hour, month)}"
        errors.append(f"row {number}: {problem}")
    return Rows(
        hours={hour: tuple(rows) for hour, rows in hours.items()},
        count=len(data),
        size=size,
        errors=tuple(errors),
    )


def _hour(start: str, settings: StandInSettings) -> str:
    """``YYYY-MM-DDTHH`` in UTC, or a dash if the text is not an accepted time."""
    moment = _moment(start, settings)
    return "-" if moment is None else moment.isoformat()[:13]


def _why_not(hour: str, month: str | None) -> str:
    if hour == "-":
        return "is not of the form YYYY-MM-DDTHH:MM:SSZ"
    if month is None:
        return "is of no month that can be told: 'month' is missing, and the first row has none"
    return f"is not in {month}: all rows must be of the request's month"


def _fault(row: Any, checks: Mapping[str, _Check | None]) -> str | None:
    """The first thing that is wrong with a row apart from its month; None if nothing is."""
    if type(row) is not dict:
        return "is not a JSON object"
    tagged = False
    for name, value in row.items():
        problem = None
        if type(value) is not str:
            problem = "is not a JSON string"
        elif name in checks:
            check = checks[name]
            problem = None if check is None else check(value)
        elif name.startswith(_TAG) and _TAG_KEY.fullmatch(name, len(_TAG)):
            tagged = True
        else:
            problem = "is not in a column of the Common Bill Format"
        if problem is not None:
            return f"{name[:60]}: {str(value)[:60]!r} {problem}"
    missing = [name for name in _REQUIRED if name not in row]
    if missing:
        return f"{missing[0]} is required"
    if tagged and not row.get("resource/id"):
        return "resource/id is required where there is a tag"
    return None


def _checks(settings: StandInSettings) -> Mapping[str, _Check | None]:
    """What each column's text must be; None if any text will do."""
    number = (_NUMBER_WITH_EXPONENT if settings.exponent_costs else _NUMBER).fullmatch

    def cost(value: str) -> str | None:
        return None if number(value) else "is not a plain decimal number"

    def blank_or_cost(value: str) -> str | None:
        return None if value == "" else cost(value)

    def line_item_type(value: str) -> str | None:
        return None if value in LINE_ITEM_TYPES else "is not a line item type"

    def blank_or_time(value: str) -> str | None:
        if value == "" or (_ISO.fullmatch(value) and read_moment(value)):
            return None
        return "is not an ISO 8601 datetime"

    more = _ONLY_DOCUMENTED_TEXTS if settings.column_names == "documented" else ()
    return {
        **dict.fromkeys((*_TEXTS, *more)),
        "cost/cost": cost,
        **dict.fromkeys(FALLBACK_COSTS, blank_or_cost),
        "usage/amount": blank_or_cost,
        "lineitem/type": None if settings.free_text_types else line_item_type,
        "time/usage_start": None,
        "time/usage_end": blank_or_time,
    }


def _with_numbers_as_text(row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    return {
        name: format(value, "f") if isinstance(value, Decimal) and _is_dollars(value) else value
        for name, value in row.items()
    }


def _is_dollars(value: Decimal) -> bool:
    # Written out, an exponent of nine digits would be a gigabyte of text.
    return value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS


def _rounded(row: dict[str, str], digits: int) -> dict[str, str]:
    cost = Context(prec=digits).create_decimal(row["cost/cost"])
    return {**row, "cost/cost": format(cost, "f")}


def rewritten(row: dict[str, str]) -> dict[str, str]:
    """The same row as another writer would write it: same money, same moments, other text."""
    cost = format(Decimal(row["cost/cost"]), "f")
    plain = cost.rstrip("0").rstrip(".") if "." in cost else cost
    times = {
        name: value.removesuffix("Z") + "+00:00"
        for name, value in row.items()
        if name.startswith("time/") and value.endswith("Z")
    }
    blanks = dict.fromkeys((*_TEXTS, *FALLBACK_COSTS, "usage/amount"), "")
    return {**blanks, "lineitem/type": "Usage", **row, **times, "cost/cost": plain}


def unpacked(raw: bytes, limit: int) -> bytes | None:
    """The inside of a gzip body, read up to one byte past the limit; None if it is not gzip."""
    reader = zlib.decompressobj(wbits=31)
    try:
        return reader.decompress(raw, limit + 1)
    except zlib.error:
        return None
