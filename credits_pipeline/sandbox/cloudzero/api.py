"""CloudZero's six operations: their paths and scopes, and how each answers.

Contract sections 1, 2 and 7. Faults are handled in `visit`, not here.
"""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from credits_pipeline.sandbox.cloudzero.costs import QueryRefusedError, add_up, read_query
from credits_pipeline.sandbox.cloudzero.faults import Fault
from credits_pipeline.sandbox.cloudzero.journal import RequestRecord
from credits_pipeline.sandbox.cloudzero.rows import (
    Body,
    BodyRefusedError,
    Rows,
    encode_row,
    read_body,
    read_month,
    read_rows,
    rewritten,
)
from credits_pipeline.sandbox.cloudzero.streams import LIVE, Month, OverCapError
from credits_pipeline.sandbox.cloudzero.world import (
    Answer,
    CostsResult,
    LateCommit,
    World,
    without_last,
)

#: The scope that a key needs for each operation.
SCOPE_OF: Mapping[str, str] = MappingProxyType(
    {
        "create": "connections:create_billing_anycost_billing_drop",
        "validate": "connections:create_billing_anycost_validate_billing_drop",
        "list": "connections:read_billing_anycost_billing_drops",
        "contents": "connections:read_billing_anycost_billing_drops_month",
        "costs": "billing:read_costs",
        "connection": "connections:read_billing",
    }
)
#: All of them: what a key needs for everything.
SCOPES = frozenset(SCOPE_OF.values())

_ANYCOST = "/v2/connections/billing/anycost/"
_PATHS: tuple[tuple[re.Pattern[str], Mapping[str, str]], ...] = (
    (re.compile(r"/v2/billing/costs"), {"GET": "costs"}),
    (re.compile(_ANYCOST + "validate_billing_drop"), {"POST": "validate"}),
    (
        re.compile(_ANYCOST + "(?P<connection>[^/]+)/billing_drops"),
        {"GET": "list", "POST": "create"},
    ),
    (
        re.compile(_ANYCOST + "(?P<connection>[^/]+)/billing_drops/(?P<month>[^/]+)"),
        {"GET": "contents"},
    ),
    (re.compile(r"/v2/connections/billing/(?P<connection>[^/]+)"), {"GET": "connection"}),
)
_ERROR_TYPES: Mapping[int, str] = MappingProxyType(
    {
        400: "BadRequest",
        404: "NotFound",
        409: "Conflict",
        410: "ExpiredCache",
        429: "RateLimit",
        500: "InternalServerError",
        503: "ServiceUnavailable",
    }
)
#: How many rows an error or a verdict lists.
_SENTENCES = 100


@dataclass(frozen=True)
class Route:
    """Where a path leads.

    Attributes:
        operation: one of the six; ``""`` if the path has another method; None if there is nothing
            at the path.
        connection_id: from the path.
        month: from the path, as written.
    """

    operation: str | None
    connection_id: str | None = None
    month: str | None = None


def route(method: str, path: str) -> Route:
    """Find the operation of a path."""
    for pattern, methods in _PATHS:
        if match := pattern.fullmatch(path):
            parts = {name: unquote(text) for name, text in match.groupdict().items()}
            return Route(methods.get(method, ""), parts.get("connection"), parts.get("month"))
    return Route(None)


def error(status: int, message: str) -> Answer:
    """An error in CloudZero's form for that status."""
    if status in (403, 405, 413):
        return Answer.of(status, {"message": message})
    return Answer.of(
        status, {"error": {"message": message, "type": _ERROR_TYPES.get(status, "Error")}}
    )


def refusal(world: World, record: RequestRecord, authorization: str | None) -> Answer | None:
    """The 403, if the key may not do this; None if it may."""
    scopes = world.keys.get(authorization or "")
    if scopes is None:
        return error(403, "Forbidden")
    if record.operation in SCOPE_OF and SCOPE_OF[record.operation] not in scopes:
        return error(403, "User is not authorized to access this resource")
    return None


@dataclass
class Operation:
    """One request that may be served, and what faults do to its answer.

    Attributes:
        world: the state.
        record: the request.
        envelope: the body's envelope, or why there is none; None if the operation takes no body.
        faults: those that falsify the answer or postpone the commit.
        lag: how far back reads look: `writes` and `lag`.
        changes: what the record should say about the outcome.
        is_late: whether the commit was postponed.
    """

    world: World
    record: RequestRecord
    envelope: Body | BodyRefusedError | None
    faults: tuple[Fault, ...]
    lag: Mapping[str, Any]
    changes: dict[str, Any]
    is_late: bool = False

    def answer(self) -> Answer:
        """Carry out the request."""
        answers = {
            "create": self._create,
            "validate": self._validate,
            "list": self._list,
            "contents": self._contents,
            "costs": self._costs,
            "connection": self._connection,
        }
        if self.record.operation not in answers:
            known = route("GET", self.record.path).operation is not None
            known = known or route("POST", self.record.path).operation is not None
            return error(405, "Method Not Allowed") if known else error(404, "Not Found")
        known = self.record.connection_id in (None, *self.world.connections)
        if not known and self.record.operation != "connection":
            status = self.world.settings.unknown_connection_status
            return error(status, f"there is no connection {self.record.connection_id!r}")
        return answers[self.record.operation]()

    @property
    def _namespace(self) -> str:
        return self.record.test_key or LIVE

    def _create(self) -> Answer:
        if not isinstance(self.envelope, Body):
            return error(400, str(self.envelope))
        settings, body = self.world.settings, self.envelope
        rows = read_rows(body.data, body.month, settings)
        if rows.errors or body.month is None:
            return error(400, "; ".join(_first(rows.errors)))
        clears = not body.data and body.operation == "replace_drop"
        if clears and settings.empty_data == "refuse":
            return error(400, "'data' has no rows")
        place = (self._namespace, self.record.connection_id or "", body.month)
        if clears and settings.empty_data == "ignore":
            return self._created(body, rows, self.world.month(place[1], place[2], place[0]))
        return self._committed(place, body, rows)

    def _committed(self, place: tuple[str, str, str], body: Body, rows: Rows) -> Answer:
        lost = sum(fault.rows for fault in self.faults if fault.kind == "lose_rows")
        kept = without_last(rows, lost) if lost else rows
        late = next((fault for fault in self.faults if fault.kind == "late_commit"), None)
        if late is not None:
            due = None
            if late.after_seconds is not None:
                due = self.world.clock.now() + timedelta(seconds=late.after_seconds)
            with self.world.lock:
                self.world.late.append(
                    LateCommit(
                        place=place,
                        operation=body.operation,
                        rows=kept,
                        record=self.record,
                        requests_left=late.after_requests,
                        of_operation=late.after_operation,
                        due=due,
                    )
                )
            self.is_late = True
            return self._created(body, rows, None)
        try:
            month = self.world.commit(place, body.operation, kept)
        except OverCapError as over:
            return error(self.world.settings.over_cap_status, str(over))
        self.changes["committed"] = True
        return self._created(body, rows, month)

    def _created(self, body: Body, rows: Rows, month: Month | None) -> Answer:
        count = rows.count
        if body.operation != "replace_drop" and self.world.settings.row_count_means == "stored":
            count = 0 if month is None else month.count
        answered = self._spelled(body.month or "")
        for fault in self.faults:
            if fault.kind == "wrong_count":
                count = count - 1 if fault.row_count is None else fault.row_count
            if fault.kind == "wrong_month":
                answered = self._spelled(fault.answer_month)
        drop_id = "" if month is None else month.drop_id
        return Answer.of(
            200, {"connection": {"drop_id": drop_id, "month": answered, "row_count": count}}
        )

    def _spelled(self, month: str) -> str:
        return month if self.world.settings.answer_month == "YYYY-MM" else f"{month}-01T00:00:00Z"

    def _validate(self) -> Answer:
        if not isinstance(self.envelope, Body):
            return error(400, str(self.envelope))
        settings = self.world.settings
        rows = read_rows(self.envelope.data, self.envelope.month, settings)
        if rows.errors and settings.validate_bad_rows != 200:  # noqa: PLR2004 - an HTTP status
            return error(settings.validate_bad_rows, "; ".join(_first(rows.errors)))
        verdict = {"is_valid": not rows.errors, "errors": _first(rows.errors)}
        if settings.validate_envelope == "connection":
            return Answer.of(200, {"connection": verdict})
        return Answer.of(200, verdict)

    def _list(self) -> Answer:
        months = self.world.months(self.record.connection_id or "", self._namespace, **self.lag)
        return Answer.of(
            200,
            {
                "billing_drops": [
                    {
                        "drop_id": held.drop_id,
                        "month": self._spelled(month),
                        "row_count": held.count,
                    }
                    for month, held in months.items()
                    if held.count or self.world.settings.empty_month_status != 404  # noqa: PLR2004 - an HTTP status
                ]
            },
        )

    def _contents(self) -> Answer:
        settings = self.world.settings
        if self.record.month is None:
            return error(400, "the month in the path is not of the form YYYY-MM")
        held = self.world.month(
            self.record.connection_id or "", self.record.month, self._namespace, **self.lag
        )
        if held is None or not (held.count or settings.empty_month_status == 200):  # noqa: PLR2004 - an HTTP status
            return error(404, f"there is no billing drop for {self.record.month}")
        encoded = list(held.encoded)
        if settings.hide_zero_rows or settings.contents_form == "rewritten":
            rows = held.rows
            if settings.hide_zero_rows:
                rows = [row for row in rows if Decimal(row["cost/cost"])]
            if settings.contents_form == "rewritten":
                rows = [rewritten(row) for row in reversed(rows)]
            encoded = [encode_row(row).encode("ascii") for row in rows]
        self.changes["rows"] = len(encoded)
        return Answer(200, b'{"billing_drop": [' + b",".join(encoded) + b"]}")

    def _connection(self) -> Answer:
        connection_id = self.record.connection_id
        if connection_id not in self.world.connections:
            return error(404, f"there is no connection {connection_id!r}")
        return Answer.of(
            200,
            {
                "connection": {
                    "id": connection_id,
                    "connection_id": connection_id,
                    "name": f"Stand-in stream {connection_id}",
                    "connection_type": "anycost_stream",
                    "cloud_provider": "AnyCost",
                    "is_enabled": True,
                    "is_draft": False,
                    "expected_ingest_rate": 1.0,
                    "capabilities": {},
                }
            },
        )

    def _costs(self) -> Answer:
        world = self.world
        try:
            query, cursor = read_query(self.record.query, world.clock.now())
        except QueryRefusedError as refused:
            return error(400, str(refused))
        if query is not None:
            if not world.spend_costs_call():
                return error(429, "the day's calls of this endpoint are used up")
            included = world.settings.end_date_is == "inclusive"
            result = CostsResult(
                asked=world.clock.now(),
                costs=add_up(query, world.cost_lines(), end_included=included),
            )
            # A cursor has characters with another meaning in a URL unless they are encoded.
            name = f"+{secrets.token_hex(8)}/"
            with world.lock:
                world.cursors[name] = result
            return self._page(name, result, 0)
        name, page = _place_of(cursor or "")
        with world.lock:
            found = world.cursors.get(name)
        if found is None:
            return error(400, "no such cursor (is it URL-encoded?)")
        if world.clock.now() - found.asked > world.settings.cursor_life:
            return error(410, "the cursor has expired: ask again")
        return self._page(name, found, page)

    def _page(self, name: str, result: CostsResult, page: int) -> Answer:
        size = self.world.settings.costs_page_rows
        total = len(result.costs)
        pages = -(-total // size)
        costs = result.costs[page * size : (page + 1) * size]
        following = _cursor(name, page + 1) if page + 1 < pages else None
        preceding = _cursor(name, page - 1) if page > 0 else None
        self.changes["rows"] = len(costs)
        return Answer.of(
            200,
            {
                "costs": costs,
                "pagination": {
                    "page_count": pages,
                    "item_count": len(costs),
                    "total_count": total,
                    "cursor": {
                        "next_cursor": following,
                        "previous_cursor": preceding,
                        "has_next": following is not None,
                        "has_previous": preceding is not None,
                    },
                },
                "sorting": {
                    "available": {"sort_keys": ["usage_date"], "sort_orders": ["asc"]},
                    "current": [{"sort_key": "usage_date", "sort_order": "asc"}],
                },
                "filtering": {"available": [], "current": {}},
                "total_count": total,
            },
        )


def _cursor(name: str, page: int) -> str:
    return name + base64.b64encode(str(page).encode()).decode()


def _place_of(cursor: str) -> tuple[str, int]:
    """The result and the page of a cursor; an unknown cursor leads to no result."""
    name, slash, page = cursor.rpartition("/")
    try:
        return name + slash, int(base64.b64decode(page))
    except ValueError:
        return "", 0


def _first(errors: tuple[str, ...]) -> list[str]:
    more = len(errors) - _SENTENCES
    return [*errors[:_SENTENCES], *([f"and {more:,} rows more"] if more > 0 else [])]


def envelope(record: RequestRecord, raw: bytes, world: World) -> Body | BodyRefusedError | None:
    """The envelope of a body, or why there is none; None if the operation takes no body."""
    if record.operation not in ("create", "validate"):
        return None
    try:
        return read_body(raw, world.settings)
    except BodyRefusedError as refused:
        return refused


def month_of_path(text: str | None) -> str | None:
    """The month in a path, or None."""
    return None if text is None else read_month(text)
