"""An anomaly, the one sentence that explains it, and how people judge it."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from credits_pipeline.finops.decisions.kind import JudgedKind

KIND = "anomaly"
OPEN, ACKNOWLEDGED, EXPECTED = "open", "acknowledged", "expected"
_TIMES = "\N{MULTIPLICATION SIGN}"
#: How people judge anomalies; a judgement other than "open" needs a reason.
JUDGED = JudgedKind(KIND, (OPEN, ACKNOWLEDGED, EXPECTED), "anomalies")


@dataclass(frozen=True)
class Anomaly:
    """Days on which an account used a service for much more than it usually does.

    Attributes:
        cloud: short code.
        account: its id; None if there is none.
        account_name: what its newest bill calls it.
        service: its name; None if there is none.
        currency: of the amounts.
        since: the first such day.
        through: the last such day that is complete.
        cost: of these days, without credits, tax and monthly charges.
        usual: what they would usually have cost; an estimate, rounded to the cent.
        goes_on: whether the last complete day is one of them.
    """

    cloud: str
    account: str | None
    account_name: str
    service: str | None
    currency: str
    since: date
    through: date
    cost: Decimal
    usual: Decimal
    goes_on: bool

    @property
    def id(self) -> str:
        """The same as long as it begins on the same day; judgements stay with it."""
        told = "\n".join(
            (self.cloud, self.account or "", self.service or "", self.currency, str(self.since))
        )
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.through - self.since).days + 1

    @property
    def more(self) -> Decimal:
        """How much more than usual it cost."""
        return self.cost - self.usual

    @property
    def times(self) -> Decimal | None:
        """How many times the usual; None if there was nothing before."""
        if self.usual <= 0:
            return None
        found = self.cost / self.usual
        step = Decimal(1) if found >= 10 else Decimal("0.1")  # noqa: PLR2004 - two figures
        return found.quantize(step)

    @property
    def how_much(self) -> str:
        """A multiple of the usual, or new."""
        return "new" if self.times is None else f"{_TIMES}{self.times:f}"

    @property
    def when(self) -> str:
        """Its duration in words."""
        if self.days == 1:
            return "on one day"
        return f"for {self.days} days"

    @property
    def ended(self) -> date | None:
        """The first day that was as usual again; None while it goes on."""
        return None if self.goes_on else self.through + timedelta(days=1)
