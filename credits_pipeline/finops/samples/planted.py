"""What is hidden in the sample bills, so that tests and demos know what should be found."""

from typing import TYPE_CHECKING, Any

from credits_pipeline.core.money import to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.samples.catalogue import METERS
from credits_pipeline.finops.samples.fleet import idle_resource
from credits_pipeline.finops.samples.organisation import ACCOUNTS
from credits_pipeline.finops.samples.stories import (
    COMMITMENTS,
    CREDITS,
    IDLE,
    LATE,
    REFUND,
    REFUNDED,
    stories,
)

if TYPE_CHECKING:
    import duckdb


def planted(connection: "duckdb.DuckDBPyConnection", last: BillingMonth) -> dict[str, Any]:
    """The stories, the idle machines, the credits and commitments, as JSON.

    Args:
        connection: to the tables of `charges`.
        last: the last month of the bills.
    """
    accounts = {account.id: account for account in ACCOUNTS}
    spent = dict(
        connection.execute(
            "SELECT description, -sum(billed) FROM charge WHERE category = 'Credit' GROUP BY ALL"
        ).fetchall()
    )
    idle = []
    for one in IDLE:
        resource, name = idle_resource(one)
        first = last.shift(-one.ago)
        idle.append(
            {
                "source": one.source,
                "account": one.account,
                "account_name": accounts[one.account].name,
                "region": accounts[one.account].region,
                "resource": resource,
                "name": name,
                "kind": METERS[one.source][one.meter].kind,
                "meter": one.meter,
                "since": f"{first}-{1 + one.ago:02}",
                "why": one.why,
            }
        )
    return {
        "stories": [
            {
                "name": story.name,
                "first": story.first.isoformat(),
                "last": story.last.isoformat() if story.last.year < last.year + 1 else None,
                "times": f"{story.thousandths / 1000:g}",
                "says": story.says,
            }
            for story in stories(last)
        ],
        "idle": idle,
        "credits": [
            {
                "source": credit.source,
                "description": credit.description,
                "owner": credit.owner,
                "accounts": list(credit.accounts),
                "services": list(credit.codes),
                "granted": to_text(credit.amount),
                "spent": to_text(spent[credit.description])
                if credit.description in spent
                else "0.00",
                "begins": last.shift(-credit.ago).start.date().isoformat(),
                "expires": last.shift(credit.ends + 1).start.date().isoformat(),
            }
            for credit in CREDITS
        ],
        "commitments": [
            {
                "source": one.source,
                "id": one.id,
                "name": one.name,
                "kind": one.kind,
                "begins": last.shift(-one.ago).start.date().isoformat(),
            }
            for one in COMMITMENTS
        ],
        "redelivered": {"source": "azure", "month": str(last.shift(-LATE))},
        "refund": {
            "source": "aws",
            "month": str(last.shift(-REFUND)),
            "billed": to_text(REFUNDED),
        },
    }
