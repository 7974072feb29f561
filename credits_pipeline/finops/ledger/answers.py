"""The two answers of AWS's credits API in this project's form, each value checked.

Ids and amounts are text there. Credits have a minus sign in AWS's documentation and none in its
pattern for amounts: an account's ledger is judged by all of its amounts together.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ledger.credit import (
    Allocation,
    Balances,
    Credit,
    LedgerError,
    LedgerMonth,
    in_aws_order,
)

_AMOUNT = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,12})?", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ID = re.compile(r"[0-9]{1,32}", re.ASCII)
_SAY = "What to do: ask again later, and report it to AWS if it persists."


def ledger_month(
    pages: Iterable[Mapping[str, Any]],
    payer: str,
    month: BillingMonth,
    *,
    now: datetime,
    signed: bool = False,
) -> LedgerMonth:
    """All pages of `GetCreditAllocationHistory` for one month.

    Args:
        pages: in their order.
        payer: the account that was asked about.
        month: that was asked for.
        now: aware.
        signed: whether other months of the payer have minus signs.

    Raises:
        LedgerError: an answer says what can't be.
    """
    rows: list[tuple[Decimal, Allocation]] = []
    missing: set[str] = set()
    partial = False
    currencies: set[str] = set()
    for page in pages:
        partial = partial or page.get("partialResults") is not False
        missing |= {str(one) for one in page.get("failedMonths") or ()}
        for row in page.get("creditAllocationHistoryList") or ():
            rows.append(_allocation(row, payer, month))
            currencies.add(_text(row.get("creditAmount") or {}, "currencyCode", payer))
    if len(currencies) > 1:
        raise LedgerError(
            f"the ledger of {payer} has {' and '.join(sorted(currencies))} in {month}, which are "
            "never added up. What to do: ask AWS which of them the bill is in."
        )
    asked_at = now.astimezone(UTC).isoformat(timespec="seconds")
    over = now >= month.shift(1).start
    if partial:
        why = f"AWS could not read {', '.join(sorted(missing)) or 'all of it'}"
        return LedgerMonth(
            payer, month, (), asked_at, complete=False, signed=signed, over=over, why=why
        )
    signed = signed or any(amount < 0 for amount, _ in rows)
    found = sorted(
        (_as_credit(one, signed=signed) for _, one in rows),
        key=lambda one: (one.account, one.credit, one.service, one.amount, one.estimated),
    )
    currency = next(iter(currencies), "")
    return LedgerMonth(
        payer,
        month,
        tuple(found),
        asked_at,
        complete=True,
        signed=signed,
        over=over,
        currency=currency,
    )


def balances(answer: Mapping[str, Any], payer: str, *, now: datetime) -> Balances:
    """The answer of `GetCredits`.

    Raises:
        LedgerError: it says what can't be.
    """
    found = [_credit(one, payer) for one in answer.get("credits") or ()]
    ids = [one.id for one in found]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise LedgerError(f"the ledger of {payer} lists credit {twice[0]} twice. {_SAY}")
    asked_at = now.astimezone(UTC).isoformat(timespec="seconds")
    return Balances(payer, tuple(in_aws_order(found)), asked_at)


def _allocation(
    row: Mapping[str, Any], payer: str, month: BillingMonth
) -> tuple[Decimal, Allocation]:
    where = f"{payer} in {month}"
    told = _text(row, "billingMonth", where)
    if told != str(month):
        raise LedgerError(f"the ledger of {where} has a row of {told!r}. {_SAY}")
    amount = _amount(row.get("creditAmount"), where)
    return amount, Allocation(
        credit=_matching(row, "creditId", _ID, where),
        account=_matching(row, "accountId", _ACCOUNT, where),
        service=_text(row, "appliedServiceName", where),
        amount=amount,
        estimated=row.get("isEstimatedBill") is not False,
    )


def _as_credit(one: Allocation, *, signed: bool) -> Allocation:
    amount = -one.amount if signed else one.amount
    return Allocation(one.credit, one.account, one.service, amount + 0, one.estimated)


def _credit(row: Mapping[str, Any], payer: str) -> Credit:
    where = f"{payer}, credit {row.get('creditId')!r}"
    initial = row.get("initialAmount")
    start = _day(row.get("startDate"), where)
    if start is None:
        raise LedgerError(f"the ledger of {where} has no start. {_SAY}")
    estimated = row.get("estimatedAmount")
    return Credit(
        id=_matching(row, "creditId", _ID, where),
        name=_text(row, "description", where),
        programme=_text(row, "creditType", where),
        owner=_matching(row, "accountId", _ACCOUNT, where),
        start=start,
        expiry=_day(row.get("endDate"), where),
        initial=abs(_amount(initial, where)),
        remaining=abs(_amount(row.get("remainingAmount"), where)),
        estimated=None if estimated is None else abs(_amount(estimated, where)),
        currency=_text(initial or {}, "currencyCode", where),
        services=tuple(sorted(map(str, row.get("applicableProductNames") or ()))),
        sharing=str(row.get("creditSharingType") or ""),
        enabled=row.get("creditStatus") != "DISABLED",
        exhausted=_day(row.get("exhaustDate"), where),
    )


def _amount(of: Any, where: str) -> Decimal:
    text = _text(of or {}, "currencyAmount", where)
    if not _AMOUNT.fullmatch(text):
        raise LedgerError(f"the ledger of {where} has the amount {text!r}. {_SAY}")
    return Decimal(text)


def _matching(of: Mapping[str, Any], name: str, form: re.Pattern[str], where: str) -> str:
    text = _text(of, name, where)
    if not form.fullmatch(text):
        raise LedgerError(f"the ledger of {where} has {name} {text!r}. {_SAY}")
    return text


def _text(of: Mapping[str, Any], name: str, where: str) -> str:
    found = of.get(name)
    if not isinstance(found, str) or not found:
        raise LedgerError(
            f"the ledger of {where} has {name} = {found!r}, which is not a text. {_SAY}"
        )
    return found


def _day(value: Any, where: str) -> date | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise LedgerError(f"the ledger of {where} has {value!r} as a time. {_SAY}")
    return value.astimezone(UTC).date()
