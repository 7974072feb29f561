"""Credit ledgers and bills of a month, small and handmade, so that a test knows every cent."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ledger.credit import Allocation, Credit, LedgerMonth
from credits_pipeline.finops.ledger.question import Asked, Booked
from credits_pipeline.finops.ledger.rules import Rule
from credits_pipeline.finops.ledger.usage import Usage, Used

MAY = BillingMonth(2026, 5)
PAYER = "111122223333"
A, B, C = "100000000001", "200000000002", "300000000003"
EC2, RDS = "Amazon Elastic Compute Cloud", "Amazon Relational Database Service"


def credit(id_: str, *services: str, owner: str = A, **more: object) -> Credit:
    told = {
        "expiry": date(2027, 1, 1),
        "initial": Decimal(1000),
        "remaining": Decimal(500),
        **more,
    }
    return Credit(
        id_, f"Credit {id_}", "Promotion", owner, date(2025, 1, 1), services=services, **told
    )  # type: ignore[arg-type]


def ledger(
    *rows: tuple[str, str, str], estimated: bool = False, complete: bool = True, why: str = ""
) -> LedgerMonth:
    """Credit, account, dollars."""
    found = tuple(Allocation(id_, to, EC2, Decimal(usd), estimated) for id_, to, usd in rows)
    return LedgerMonth(PAYER, MAY, found, "2026-06-08T00:00:00+00:00", complete, why=why)


def usage(*rows: tuple[str, str, str] | tuple[str, str, str, bool]) -> Usage:
    """Account, service, dollars, and whether MAP's tag is on it."""
    found = tuple(
        Used(PAYER, row[0], f"Name of {row[0][:1]}", row[1], row[3] if len(row) > 3 else False,
             Decimal(row[2]), Decimal(0))
        for row in rows
    )  # fmt: skip
    return Usage(MAY, found, (("aws", "20260603T000000Z-0123456789ab"),))


def asked(rule: Rule, booked: Booked = Booked.IGNORE, **more: object) -> Asked:
    return Asked(MAY, rule, booked, **more)  # type: ignore[arg-type]


def by_id(*credits: Credit) -> Mapping[str, Credit]:
    return {one.id: one for one in credits}
