"""List prices and Savings Plans' rates of machines: of those running, and possible replacements."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.scans.accounts import Account, Accounts
from credits_pipeline.finops.scans.asking import NotSeenError
from credits_pipeline.finops.scans.inventory import KNOWN, UNKNOWN, Part
from credits_pipeline.finops.scans.table import Table

PRICES = Table(
    (
        ("region", "VARCHAR"),
        ("instance_type", "VARCHAR"),
        ("price", "DECIMAL(36, 18)"),
        ("plan_rate", "DECIMAL(36, 18)"),
    )
)
#: Both services are there, for all regions.
_HOME = "us-east-1"
_LINUX = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}
#: One year without upfront payment: the commitment with the least risk.
_YEAR = 31536000


def ask_prices(
    accounts: Accounts, wanted: Iterable[tuple[str, str]], parts: list[Part]
) -> Iterator[dict[str, Any]]:
    """Hourly prices of Linux machines, one row each; NULL if there is none.

    Args:
        accounts: the accounts asked.
        wanted: regions and types.
        parts: filled while rows are read.
    """
    asking = accounts.asking(Account(accounts.own, ""), _HOME)
    failed: dict[str, NotSeenError] = {}
    number = 0
    for region, kind in sorted(set(wanted)):
        number += 1
        row: dict[str, Any] = {"region": region, "instance_type": kind}
        for column, ask in (("price", _price), ("plan_rate", _rate)):
            if column in failed:
                continue
            try:
                row[column] = ask(asking, region, kind)
            except NotSeenError as error:
                failed[column] = error
        yield row
    if not failed:
        parts.append(Part("prices", accounts.own, "", KNOWN, number))
    for column, refused in failed.items():
        what = "prices" if column == "price" else "rates of Savings Plans"
        parts.append(Part(what, accounts.own, "", UNKNOWN, 0, refused.says, refused.permission))


def _price(asking: Any, region: str, kind: str) -> Decimal | None:
    filters = {"regionCode": region, "instanceType": kind, **_LINUX}
    pages = asking.pages(
        "pricing",
        "get_products",
        "PriceList",
        ServiceCode="AmazonEC2",
        Filters=[
            {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in filters.items()
        ],
    )
    for text in pages:
        found = json.loads(text, parse_float=Decimal)
        for term in found["terms"].get("OnDemand", {}).values():
            for dimension in term["priceDimensions"].values():
                price = Decimal(dimension["pricePerUnit"].get("USD", "0"))
                if dimension["unit"] == "Hrs" and price > 0:
                    return price
    return None


def _rate(asking: Any, region: str, kind: str) -> Decimal | None:
    pages = asking.pages(
        "savingsplans",
        "describe_savings_plans_offering_rates",
        "searchResults",
        savingsPlanTypes=["Compute"],
        savingsPlanPaymentOptions=["No Upfront"],
        products=["EC2"],
        serviceCodes=["AmazonEC2"],
        filters=[
            {"name": "region", "values": [region]},
            {"name": "instanceType", "values": [kind]},
            {"name": "productDescription", "values": ["Linux/UNIX"]},
            {"name": "tenancy", "values": ["shared"]},
        ],
    )
    rates = [
        Decimal(str(one["rate"]))
        for one in pages
        if one["savingsPlanOffering"]["durationSeconds"] == _YEAR and one["unit"] == "Hrs"
    ]
    return min(rates, default=None)
