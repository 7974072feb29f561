"""What each spelling of a tag key is worth in the bills of one month.

Published versions have the merged columns only; this reads the typed rows, which keep every tag.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.lake.lake import open_lake
from credits_pipeline.finops.publish.bill import RECEIPTS, Bill
from credits_pipeline.finops.settings import TagKey, plain

_WORDS = re.compile(r"[A-Z]?[^\W_A-Z]+|[A-Z]+(?![^\W_A-Z])|[^\W_]")
_MONEY = "DECIMAL(38, 18)"


@dataclass(frozen=True)
class Spelling:
    """A spelling of a tag key as bills have it, and what it is or could be worth.

    Attributes:
        key: as it stands in the bills.
        column: the key that it means, or that it looks like.
        means: whether it counts as that key by now.
        currency: of the amounts.
        cost: of the rows that carry it, amortised.
        gain: of those among them for which the column is empty: what it would add to what is
            tagged, if it counted.
    """

    key: str
    column: str
    means: bool
    currency: str
    cost: Decimal
    gain: Decimal


def spellings(
    root: str, bills: Iterable[Bill], month: BillingMonth, keys: Sequence[TagKey]
) -> tuple[Spelling, ...]:
    """Every spelling that means one of the keys, or looks like it; the most dollars first.

    Args:
        root: the wing's storage.
        bills: of one published version; those of other months are left out.
        month: which.
        keys: that are columns.

    Raises:
        LakeError: the rows of a bill can't be read.
    """
    found: dict[tuple[str, str, bool, str], list[Decimal]] = {}
    for text, column, currency, cost, gain in _rows(root, bills, month, keys):
        means = next(key for key in keys if key.name == column).matches(text)
        sums = found.setdefault((text, column, means, currency), [Decimal(0), Decimal(0)])
        sums[0] += cost
        sums[1] += gain
    return tuple(
        sorted(
            (Spelling(*of, *sums) for of, sums in found.items()),
            key=lambda one: (one.column, one.currency, not one.means, -one.cost, one.key),
        )
    )


def looks_like(text: str, key: TagKey) -> bool:
    """Whether a spelling is that of a key but for its separators, or has the key as a word."""
    squashed = {re.sub(r"[\W_]+", "", alias) for alias in key.aliases}
    words = {word.casefold() for word in _WORDS.findall(text)}
    return re.sub(r"[\W_]+", "", plain(text)) in squashed or key.name in words


def _rows(
    root: str, bills: Iterable[Bill], month: BillingMonth, keys: Sequence[TagKey]
) -> Iterable[tuple[str, str, str, Decimal, Decimal]]:
    import duckdb  # noqa: PLC0415 - only where it is asked

    lake = open_lake(root)
    for bill in bills:
        if bill.billing_month != str(month) or bill.source == RECEIPTS:
            continue
        versions = {one.version: one for one in lake.versions(bill.source, month)}
        version = versions.get(bill.version)
        if version is None:
            continue  # Its rows were cleared away; its sums are kept.
        kept = [key.name for key in keys if key.name in version.tags]
        if not kept:
            continue
        empty = ", ".join(
            f'bool_and("tag_{name}" IS NULL OR "tag_{name}" = \'\') AS "empty_{name}"'
            for name in kept
        )
        files = [str(path) for path in lake.parquet(version)]
        connection = duckdb.connect()
        try:
            connection.execute("SET enable_progress_bar = false")
            # Few sets of tags occur, each in many rows: they are taken apart once each.
            told = connection.execute(
                f"""WITH sets AS (
                    SELECT tags, BillingCurrency AS currency,
                        CAST(SUM(EffectiveCost) AS {_MONEY}) AS cost, {empty}
                    FROM read_parquet($files) WHERE json_valid(tags) GROUP BY tags, BillingCurrency
                ), keyed AS (
                    SELECT unnest(list_distinct(json_keys(tags))) AS key, * FROM sets
                )
                SELECT key, currency, CAST(SUM(cost) AS {_MONEY}),
                    {", ".join(_gain(name) for name in kept)}
                FROM keyed GROUP BY key, currency ORDER BY key, currency""",  # noqa: S608 - names of columns are ours
                {"files": files},
            ).fetchall()
        finally:
            connection.close()
        for text, currency, cost, *gains in told:
            for key, gain in zip([one for one in keys if one.name in kept], gains, strict=True):
                if key.matches(text) or looks_like(text, key):
                    yield text, key.name, currency or "", cost, gain


def _gain(name: str) -> str:
    return f'CAST(coalesce(SUM(cost) FILTER ("empty_{name}"), 0) AS {_MONEY})'
