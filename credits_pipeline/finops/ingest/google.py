"""Google's detailed billing export as FOCUS rows: credits nested in a row become separate rows.

Discounts (committed and sustained use, negotiated ones) stay inside the cost of the usage, as in
FOCUS; grants (promotions, free tiers) are separate charges of the category Credit.
"""

import re
from collections.abc import Sequence

import duckdb

from credits_pipeline.finops.focus.columns import MONEY
from credits_pipeline.finops.ingest.relation import Relation
from credits_pipeline.finops.ingest.sql import literal

#: Types of credits that lower the price of usage. Any other is a Credit, so none is lost.
DISCOUNTS = (
    "COMMITTED_USAGE_DISCOUNT",
    "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
    "SUSTAINED_USAGE_DISCOUNT",
    "DISCOUNT",
    "RESELLER_MARGIN",
    "SUBSCRIPTION_BENEFIT",
    "FEE_UTILIZATION_OFFSET",
)
_NEEDED = {"billing_account_id", "cost", "credits", "currency", "usage_start_time", "invoice"}


def is_detailed_export(headers: Sequence[str]) -> bool:
    """Whether a file has the columns of that export and not those of FOCUS."""
    return {header.casefold() for header in headers} >= _NEEDED


def split_credits(connection: duckdb.DuckDBPyConnection, relation: Relation) -> Relation:
    """The same charges as FOCUS rows, usage and credits apart."""
    table = _Table(relation)
    common = _common(table)
    discounts = _discounts(table)
    usage = {
        **common,
        "BilledCost": f"CAST({_money(table, 'cost')} + {discounts} AS {MONEY})",
        "EffectiveCost": f"CAST({_money(table, 'cost')} + {discounts} AS {MONEY})",
        "ListCost": f"coalesce({_money(table, 'cost_at_list')}, {_money(table, 'cost')})",
        "ContractedCost": _money(table, "cost"),
        "ChargeCategory": (
            f"CASE {table.get('cost_type')} WHEN 'tax' THEN 'Tax' WHEN 'regular' THEN 'Usage' "
            f"ELSE 'Adjustment' END"
            if table.has("cost_type")
            else "'Usage'"
        ),
        "ChargeDescription": table.get("sku.description"),
        "x_CreditType": "CAST(NULL AS VARCHAR)",
        "x_CreditId": "CAST(NULL AS VARCHAR)",
        "x_Credits": f"CAST(to_json({table.get('credits')}) AS VARCHAR)",
    }
    amount = "CAST(CAST(credit.amount AS VARCHAR) AS " + MONEY + ")"
    credit = {
        **common,
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), amount),
        "ChargeCategory": "'Credit'",
        "ChargeDescription": "credit.name",
        "ConsumedQuantity": f"CAST(NULL AS {MONEY})",
        "PricingQuantity": f"CAST(NULL AS {MONEY})",
        "x_CreditType": _part(table, "type"),
        "x_CreditId": _part(table, "id"),
        "x_Credits": "CAST(NULL AS VARCHAR)",
    }
    headers = tuple(usage)
    granted = f"(SELECT *, unnest({table.get('credits')}) AS credit FROM {relation.sql})"
    sql = (
        f"(SELECT {_select(usage)}, r FROM {relation.sql} UNION ALL "
        f"SELECT {_select({name: credit[name] for name in headers})}, r FROM {granted} "
        f"WHERE NOT {_is_discount(table, 'credit')} AND credit.amount <> 0)"
    )
    types = connection.execute(f"DESCRIBE SELECT * EXCLUDE (r) FROM {sql}").fetchall()
    return Relation(sql, headers, tuple(str(each[1]) for each in types))


class _Table:
    """Columns of the export by name, and parts of them with a dot."""

    def __init__(self, relation: Relation) -> None:
        self._at = {header.casefold(): at for at, header in enumerate(relation.headers)}
        self._relation = relation

    def has(self, name: str) -> bool:
        """Whether the export has a column, or a part of one."""
        column, _, part = name.partition(".")
        at = self._at.get(column)
        if at is None:
            return False
        return not part or _has_part(self._relation.types[at], part)

    def get(self, name: str, otherwise: str = "CAST(NULL AS VARCHAR)") -> str:
        """SQL of a column or part, or of a substitute if it is missing."""
        if not self.has(name):
            return otherwise
        column, _, part = name.partition(".")
        cell = self._relation.column(self._at[column])
        return f"struct_extract({cell}, {literal(part)})" if part else cell

    def kind(self, name: str) -> str:
        """DuckDB's type of a whole column."""
        return self._relation.types[self._at[name]] if name in self._at else ""


def _common(table: _Table) -> dict[str, str]:
    month = f"strptime({table.get('invoice.month')} || '01', '%Y%m%d')"
    return {
        "BillingAccountId": table.get("billing_account_id"),
        "BillingCurrency": table.get("currency"),
        "BillingPeriodStart": month,
        "BillingPeriodEnd": f"{month} + INTERVAL 1 MONTH",
        "ChargePeriodStart": table.get("usage_start_time"),
        "ChargePeriodEnd": table.get("usage_end_time"),
        "ChargeClass": (f"CASE WHEN {table.get('adjustment_info.id')} <> '' THEN 'Correction' END"),
        "ChargeFrequency": "'Usage-Based'",
        "SubAccountId": table.get("project.id"),
        "SubAccountName": table.get("project.name"),
        "ServiceName": table.get("service.description"),
        "ServiceCategory": "'Other'",
        "SkuId": table.get("sku.id"),
        "SkuMeter": table.get("sku.description"),
        "RegionId": table.get("location.region"),
        "RegionName": table.get("location.region"),
        "AvailabilityZone": table.get("location.zone"),
        "ResourceId": (
            f"coalesce({table.get('resource.global_name')}, {table.get('resource.name')})"
        ),
        "ResourceName": table.get("resource.name"),
        "ConsumedQuantity": _quantity(table.get("usage.amount")),
        "ConsumedUnit": table.get("usage.unit"),
        "PricingQuantity": _quantity(table.get("usage.amount_in_pricing_units")),
        "PricingUnit": table.get("usage.pricing_unit"),
        "PricingCategory": "'Standard'",
        "ProviderName": "'Google Cloud'",
        "InvoiceIssuerName": f"coalesce({table.get('seller_name')}, 'Google Cloud')",
        "Tags": _labels(table),
        "x_CostType": table.get("cost_type"),
        "x_TransactionType": table.get("transaction_type"),
        "x_ExportTime": f"CAST({table.get('export_time')} AS VARCHAR)",
    }


def _labels(table: _Table) -> str:
    """The resource's labels, and those of its project that it lacks itself."""
    none = "CAST([] AS STRUCT(key VARCHAR, value VARCHAR)[])"
    own = f"coalesce({table.get('labels', none)}, {none})"
    project = f"coalesce({table.get('project.labels', none)}, {none})"
    keys = f"list_transform({own}, lambda o: o.key)"
    return f"list_concat({own}, list_filter({project}, lambda p: NOT list_contains({keys}, p.key)))"


def _discounts(table: _Table) -> str:
    test = _is_discount(table, "d")
    amounts = (
        f"list_transform(list_filter({table.get('credits')}, lambda d: {test}), "
        f"lambda d: CAST(CAST(d.amount AS VARCHAR) AS {MONEY}))"
    )
    return f"coalesce(list_sum({amounts}), CAST(0 AS {MONEY}))"


def _is_discount(table: _Table, name: str) -> str:
    types = ", ".join(literal(each) for each in DISCOUNTS)
    return (
        f"coalesce({name}.type IN ({types}), false)"
        if _has_part(table.kind("credits"), "type")
        else "false"
    )


def _part(table: _Table, part: str) -> str:
    return f"credit.{part}" if _has_part(table.kind("credits"), part) else "CAST(NULL AS VARCHAR)"


def _money(table: _Table, name: str) -> str:
    return f"CAST(CAST({table.get(name)} AS VARCHAR) AS {MONEY})"


def _quantity(cell: str) -> str:
    return f"CAST(CAST({cell} AS VARCHAR) AS {MONEY})"


def _has_part(kind: str, part: str) -> bool:
    return re.search(rf'[(,]\s*"?{re.escape(part)}"?\s', kind) is not None


def _select(cells: dict[str, str]) -> str:
    return ", ".join(f"{cell} AS c{at}" for at, cell in enumerate(cells.values()))
