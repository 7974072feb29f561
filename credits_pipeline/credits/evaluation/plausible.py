"""Whether a month looks like the months before it, in total and in number of accounts.

It only warns: credits do change. A change too large to pass unseen is held for approval, against
what CloudZero holds (design decision 11).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, localcontext
from statistics import median

from credits_pipeline.core.money import for_people, to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import Statement

NAME = "month_is_plausible"
#: Half of an exact sum needs one digit more than the sum.
_PRECISION = 60


@dataclass(frozen=True)
class EarlierMonth:
    """What CloudZero was proven to hold for a month; a credit is positive."""

    month: BillingMonth
    usd: Decimal
    accounts: int


@dataclass(frozen=True)
class PlausibleLimits:
    """From where on a month is unusual.

    Attributes:
        months: how many earlier months are compared, the nearest first.
        percent: how far total or accounts may be from the median of those months.
    """

    months: int = 6
    percent: int = 50


@dataclass(frozen=True)
class _Compared:
    """One figure beside the median of the earlier months."""

    what: str
    now: Decimal
    usual: Decimal
    said: tuple[str, str]
    limit: int

    @property
    def percent(self) -> Decimal | None:
        """By how much it is above (or, negative, below) the usual; None if the usual is zero.

        It is rounded away from zero, so that what is past the limit also reads so.
        """
        if not self.usual:
            return None if self.now else Decimal(0)
        with localcontext(prec=_PRECISION):
            exact = (self.now - self.usual) * 100 / abs(self.usual)
            return exact.quantize(Decimal("0.1"), ROUND_UP)

    @property
    def unusual(self) -> bool:
        return self.percent is None or abs(self.percent) > self.limit

    def __str__(self) -> str:
        now, usual = self.said
        if self.percent is None:
            return f"{self.what}, {now}, was {usual} before"
        share = f"{abs(self.percent):,f} %".replace(".0 %", " %")
        if not self.percent:
            return f"{self.what}, {now}, is the usual {usual}"
        side = "above" if self.percent > 0 else "below"
        return f"{self.what}, {now}, is {share} {side} the usual {usual}"


def plausible(
    usd: Decimal,
    accounts: int,
    before: Sequence[EarlierMonth],
    limits: PlausibleLimits | None = None,
) -> Statement:
    """Compare a month with the median of the earlier months, which one outlier can't move.

    Args:
        usd: the credits of the month.
        accounts: how many accounts have them.
        before: earlier months, the nearest first; there may be more than are compared.
        limits: from where on it warns.

    Returns:
        A statement that never blocks. Without earlier months it passes, and says so.
    """
    limits = limits or PlausibleLimits()
    looked_at = before[: limits.months]
    if not looked_at:
        says = "There is no verified month before this one to compare it with."
        return Statement(
            NAME, passed=True, blocking=False, message=says, metrics={"months_compared": 0}
        )
    with localcontext(prec=_PRECISION):
        usual_usd = median(month.usd for month in looked_at)
    usual_accounts = Decimal(median(month.accounts for month in looked_at))
    total = _Compared(
        "the total", usd, usual_usd, (for_people(usd), for_people(usual_usd)), limits.percent
    )
    number = _Compared(
        "the number of accounts",
        Decimal(accounts),
        usual_accounts,
        (f"{accounts:,}", f"{usual_accounts.normalize():,f}"),
        limits.percent,
    )
    unusual = [one for one in (total, number) if one.unusual]
    told = "; ".join(map(str, (total, number)))
    said = f"{told[0].upper()}{told[1:]}. {_compared_with(looked_at)}"
    if unusual:
        said += (
            f" More than {limits.percent} % off is unusual. Check that the file is the right one, "
            "and complete."
        )
    return Statement(
        NAME,
        passed=not unusual,
        blocking=False,
        message=said,
        metrics={
            "months_compared": len(looked_at),
            "total_usd": to_text(usd),
            "usual_usd": to_text(usual_usd),
            "accounts": accounts,
            "usual_accounts": float(usual_accounts),
            **_share("usd_percent_off", total),
            **_share("accounts_percent_off", number),
        },
    )


def _compared_with(months: Sequence[EarlierMonth]) -> str:
    if len(months) == 1:
        return f"Compared with {months[0].month}, the only verified month before."
    return (
        f"Usual is the middle of the {len(months)} verified months from {months[-1].month} to "
        f"{months[0].month}."
    )


def _share(name: str, compared: _Compared) -> dict[str, float]:
    return {} if compared.percent is None else {name: float(compared.percent)}
