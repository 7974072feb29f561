"""A stand-in for AWS's credit ledger: two calls, with paging and failures.

It shares no code with the client, and keeps its own books: what is left of a credit is the amount
issued, less what was allocated.
"""

import base64
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_TARGET = "AWSBilling."
_SCOPE = re.compile(r"Credential=[^/]+/[0-9]{8}/us-east-1/billing/aws4_request")
_ACCOUNT = re.compile(r"[0-9]{12}")
_MOST, _USUAL = 1000, 100
_YEAR_SECONDS = 366 * 86400
_MONTHS_BACK = 24


@dataclass(frozen=True)
class GrantedCredit:
    """A credit that AWS issued.

    Attributes:
        id: digits.
        owner: the account that owns it.
        initial: dollars.
        description: for people.
        start: the first day.
        end: when it expires.
        kind: Promotion, Refund or TrueUp.
        products: those that it applies to; none for all.
        sharing: as AWS names it.
    """

    id: str
    owner: str
    initial: Decimal
    description: str
    start: date
    end: date
    kind: str = "Promotion"
    products: tuple[str, ...] = ()
    sharing: str = "DEFAULT"


@dataclass(frozen=True)
class AppliedCredit:
    """What a credit took off a bill; an amount above zero was taken back."""

    payer: str
    month: str
    credit: str
    account: str
    service: str
    amount: Decimal
    estimated: bool = False


class _RefusedError(Exception):
    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass
class CreditLedger:
    """The books of the service, and what should go wrong.

    Attributes:
        families: each payer with the accounts of its family.
        credits: the credits issued.
        applied: the credits applied to bills.
        now: the current time; default: the machine's.
        throttle: how many more calls are refused as too many.
        failing: months that it can't read at the moment.
        denied: payers that nobody may ask about.
        unsigned: whether amounts are written without a minus sign.
        calls: the name of each call that was answered or refused.
    """

    families: Mapping[str, tuple[str, ...]]
    credits: list[GrantedCredit] = field(default_factory=list)
    applied: list[AppliedCredit] = field(default_factory=list)
    now: datetime | None = None
    throttle: int = 0
    failing: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    unsigned: bool = False
    calls: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, call: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one call."""
        with self._lock:
            self.calls.append(call)
            if self.throttle:
                self.throttle -= 1
                raise _RefusedError("ThrottlingException", "Rate exceeded")
        account = asked.get("accountId")
        if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
            raise _RefusedError("ValidationException", "accountId must be 12 digits")
        if account in self.denied or account not in self.families:
            raise _RefusedError(
                "AccessDeniedException", f"User is not authorized to perform billing:{call}"
            )
        if call == "GetCredits":
            return self._credits(account, asked)
        if call == "GetCreditAllocationHistory":
            return self._history(account, asked)
        raise _RefusedError("UnknownOperationException", call)

    def _credits(self, account: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        start = _seconds(asked, "startDate")
        now = self._now().timestamp()
        if not now - _YEAR_SECONDS <= start < now:
            raise _RefusedError("ValidationException", "startDate must be within the last year")
        end = _seconds(asked, "endDate") if "endDate" in asked else now
        if end < start or end > now:
            raise _RefusedError("ValidationException", "endDate must not be in the future")
        whole = asked.get("payerAccountFlag") is True
        owners = {account, *self.families[account]} if whole else {account}
        found = [one for one in self.credits if one.owner in owners and _epoch(one.end) >= start]
        return {"credits": [self._credit(one) for one in found]}

    def _credit(self, one: GrantedCredit) -> dict[str, Any]:
        used = [each for each in self.applied if each.credit == one.id]
        closed = sum((each.amount for each in used if not each.estimated), Decimal(0))
        every = sum((each.amount for each in used), Decimal(0))
        answer: dict[str, Any] = {
            "creditId": one.id,
            "accountId": one.owner,
            "creditType": one.kind,
            "initialAmount": _money(one.initial),
            "remainingAmount": _money(one.initial + closed),
            "estimatedAmount": _money(one.initial + every),
            "applicableProductNames": list(one.products),
            "description": one.description,
            "startDate": _epoch(one.start),
            "endDate": _epoch(one.end),
            "applicationType": "AFTER_DISCOUNTS",
            "shareableAccounts": [],
            "accountHasCreditSharingEnabled": one.sharing != "DISABLED",
            "creditSharingType": one.sharing,
            "creditStatus": "ENABLED",
        }
        if one.initial + closed <= 0:
            year, month = max(each.month for each in used).split("-")
            answer["exhaustDate"] = _epoch(date(int(year), int(month), 28))
        return answer

    def _history(self, account: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        start, end = _seconds(asked, "startDate"), _seconds(asked, "endDate")
        if start >= end:
            raise _RefusedError("ValidationException", "startDate must be earlier than endDate")
        first, last = (datetime.fromtimestamp(at, UTC) for at in (start, end))
        now = self._now()
        if (now.year - first.year) * 12 + now.month - first.month > _MONTHS_BACK:
            raise _RefusedError("ValidationException", "startDate is more than 24 months back")
        size = asked.get("maxResults", _USUAL)
        if not isinstance(size, int) or not 1 <= size <= _MOST:
            raise _RefusedError("ValidationException", "maxResults must be 1 to 1000")
        wanted = asked.get("creditId")
        rows = [
            one
            for one in self.applied
            if one.payer == account
            and first <= datetime.fromisoformat(f"{one.month}-01T00:00:00+00:00") < last
            and one.month not in self.failing
            and wanted in (None, int(one.credit))
        ]
        rows.sort(key=lambda one: one.month, reverse=True)
        at = _place(asked.get("nextToken"), account)
        failed = sorted(
            month for month in self.failing if f"{first:%Y-%m}" <= month < f"{last:%Y-%m}"
        )
        answer: dict[str, Any] = {
            "creditAllocationHistoryList": [self._row(one) for one in rows[at : at + size]],
            "partialResults": bool(failed),
        }
        if failed:
            answer["failedMonths"] = failed
        if at + size < len(rows):
            token = f"{account}/{at + size}".encode()
            answer["nextToken"] = base64.urlsafe_b64encode(token).decode()
        return answer

    def _row(self, one: AppliedCredit) -> dict[str, Any]:
        return {
            "creditId": one.credit,
            "creditAmount": _money(abs(one.amount) if self.unsigned else one.amount),
            "accountId": one.account,
            "appliedServiceName": one.service,
            "billingMonth": one.month,
            "isEstimatedBill": one.estimated,
        }

    def _now(self) -> datetime:
        return self.now or datetime.now(UTC)


@contextmanager
def serving(ledger: CreditLedger, port: int = 0) -> Iterator[str]:
    """The service on a port of this machine; its address, for ``AWS_ENDPOINT_URL_BILLING``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, answer = 200, ledger.answer(*_asked(self.headers, body))
            except _RefusedError as refused:
                status = refused.status
                answer = {"__type": refused.code, "message": refused.message}
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the class has it
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _asked(headers: Any, body: bytes) -> tuple[str, Mapping[str, Any]]:
    if not _SCOPE.search(headers.get("Authorization") or ""):
        raise _RefusedError(
            "UnrecognizedClientException", "The request is not signed for billing in us-east-1", 403
        )
    target = headers.get("X-Amz-Target") or ""
    if not target.startswith(_TARGET):
        raise _RefusedError("UnknownOperationException", target)
    try:
        asked = json.loads(body)
    except ValueError:
        raise _RefusedError("SerializationException", "The body is not JSON") from None
    return target.removeprefix(_TARGET), asked


def _seconds(asked: Mapping[str, Any], name: str) -> float:
    value = asked.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _RefusedError("ValidationException", f"{name} must be seconds since 1970")
    return value


def _place(token: Any, account: str) -> int:
    if token is None:
        return 0
    try:
        whose, _, at = base64.urlsafe_b64decode(token).decode().partition("/")
        if whose == account:
            return int(at)
    except ValueError:
        pass  # told below, as for a token of another account
    raise _RefusedError("ValidationException", "nextToken is not one that was given")


def _money(amount: Decimal) -> dict[str, str]:
    return {"currencyCode": "USD", "currencyAmount": f"{amount:.2f}"}


def _epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
