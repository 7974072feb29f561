"""The house rules, as set in the environment, and what they say about a month."""

import itertools
from decimal import Decimal, localcontext
from statistics import median
from typing import TYPE_CHECKING, Literal

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import Statement
from credits_pipeline.credits.delivery import figures
from credits_pipeline.credits.delivery.artifacts import MonthCredits, MonthPayload

if TYPE_CHECKING:
    from credits_pipeline.credits.cloudzero.cbf import CbfSettings
    from credits_pipeline.credits.cloudzero.hold import HoldLimits
    from credits_pipeline.credits.cloudzero.plan import SendingLimits
    from credits_pipeline.credits.state.journal import Journal


#: Half of an exact sum needs one digit more than the sum.
_PRECISION = 60


def unknown_accounts() -> Literal["skip", "send"]:
    """What to do with accounts that CloudZero does not know.

    Raises:
        SettingError: the environment's value is neither.
    """
    setting = settings.UNKNOWN_ACCOUNTS.read(settings.one_of("skip", "send"))
    return "send" if setting == "send" else "skip"


def cbf_settings() -> "CbfSettings":
    """What the rows contain besides account, month and amount."""
    from credits_pipeline.credits.cloudzero.cbf import CbfSettings  # noqa: PLC0415 - loads polars

    return CbfSettings(description=settings.DESCRIPTION.text(), service=settings.SERVICE.text())


def sending_limits() -> "SendingLimits":
    """How large one request may be.

    Raises:
        SettingError: the environment's number can't be used.
    """
    from credits_pipeline.credits.cloudzero.plan import SendingLimits  # noqa: PLC0415 - loads polars

    return SendingLimits(body_bytes=settings.BODY_BYTES.read(settings.at_least(10_000)))


def hold_limits() -> "HoldLimits":
    """From where on a change is held for approval (design decision 11).

    Raises:
        SettingError: a limit can't be used.
    """
    from credits_pipeline.credits.cloudzero.hold import HoldLimits  # noqa: PLC0415 - loads polars

    return HoldLimits(
        growth=Decimal(settings.HOLD_TIMES.read(settings.at_least(2))),
        going=Decimal(settings.HOLD_PERCENT.read(settings.at_least(1))) / 100,
    )


def usual_usd(journal: "Journal", month: BillingMonth) -> Decimal | None:
    """The median of the totals of earlier verified months, for the hold.

    The median and not the last total: one month accepted in part would have the next ones held.

    Raises:
        SettingError: the number of months can't be used.
    """
    most = settings.PLAUSIBLE_MONTHS.read(settings.at_least(1))
    totals = [
        Decimal(receipt.total_credit_usd)
        for receipt in itertools.islice(journal.verified_before(month), most)
        if receipt.total_credit_usd
    ]
    with localcontext(prec=_PRECISION):
        return median(totals) if totals else None


def plausible_statement(journal: "Journal", found: MonthCredits) -> "Statement":
    """Whether a month looks like the verified months before it.

    Raises:
        SettingError: a limit can't be used.
    """
    from credits_pipeline.credits.evaluation.plausible import (  # noqa: PLC0415 - as above
        NAME,
        EarlierMonth,
        PlausibleLimits,
        plausible,
    )

    if found.withdrawn:
        says = f"{found.month} is withdrawn, as decided: there is nothing to compare."
        return Statement(NAME, passed=True, blocking=False, message=says)
    limits = PlausibleLimits(
        months=settings.PLAUSIBLE_MONTHS.read(settings.at_least(1)),
        percent=settings.PLAUSIBLE_PERCENT.read(settings.at_least(1)),
    )
    receipts = itertools.islice(journal.verified_before(found.month), limits.months)
    before = [
        EarlierMonth(
            BillingMonth.parse(receipt.billing_month),
            Decimal(receipt.total_credit_usd or 0),
            receipt.unique_accounts or 0,
        )
        for receipt in receipts
    ]
    findings = found.reading.findings
    return plausible(findings.total_usd, findings.rows, before, limits)


def payload_statement(found: MonthCredits, made: MonthPayload) -> "Statement":
    """Whether a payload equals the credits, and was made from them."""
    from credits_pipeline.credits.cloudzero.payload import (  # noqa: PLC0415 - loads polars
        payload_equals_credits,
    )

    apart = payload_equals_credits(
        made.payload.rows, found.reading.rows, made.month, cbf_settings()
    )
    same_source = made.credits_digest == found.digest
    if not same_source:
        says = (
            f"The payload of {made.month} was made from other credits than the ones now stored: "
            "materialise cbf_payload again."
        )
    elif not apart.equal:
        says = f"The payload does not say what the credits say: {apart.says}."
    else:
        says = f"{made.payload.rows.height:,} rows say exactly what the credits say."
    return Statement(
        "payload_equals_credits",
        passed=same_source and apart.equal,
        blocking=True,
        message=says,
        metrics={
            "rows": made.payload.rows.height,
            "credit_usd": figures.exact(made.payload.total_usd),
            "rows_missing": apart.missing,
            "rows_unexpected": apart.unexpected,
        },
    )
