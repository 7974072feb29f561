"""What the Dagster UI shows of bills: numbers as numbers, exact amounts as text beside them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.text import Markdown, Outside, Plain

if TYPE_CHECKING:
    from credits_pipeline.finops.ingest import Ingested
    from credits_pipeline.finops.ledger.credit import LedgerMonth
    from credits_pipeline.finops.ledger.outlook import Outlook
    from credits_pipeline.finops.ledger.reconciliation import Reconciliation
    from credits_pipeline.finops.manifests import Delivery
    from credits_pipeline.finops.marts.shelf import Kept
    from credits_pipeline.finops.publish.publishing import Publication

_SHOWN = 50


def plain(text: object) -> str:
    """Text from a bill without anything that acts as Markdown or HTML: the UI renders both."""
    return Markdown.render(Outside(str(text))).text


def cell(text: object) -> str:
    """The same for a cell of a table: short, and no bar ends it early."""
    return Markdown.cell(Outside(str(text))).text


def saying(say: Callable[[str], None]) -> Callable[[str], None]:
    """A function that writes a sentence, of whatever origin, to a log."""

    def said(sentence: str) -> None:
        say(Plain.render(Outside(sentence)).text)

    return said


def md(text: str) -> dg.MarkdownMetadataValue:
    """Markdown whose texts from bills went through `plain`."""
    return dg.MetadataValue.md(text)


def of_delivery(delivery: "Delivery") -> dict[str, Any]:
    """Metadata of what a manifest names."""
    stated = sum(file.size or 0 for file in delivery.files)
    return {
        "manifest": delivery.manifest,
        "identity": delivery.identity,
        "delivered_at": dg.MetadataValue.timestamp(delivery.delivered_at),
        "complete_through": str(delivery.complete_through or "not said"),
        "focus_version": delivery.focus_version or "not said",
        "files": len(delivery.files),
        "bytes": delivery.size or stated,
        **({"rows": delivery.rows} if delivery.rows is not None else {}),
        "file_names": table(
            ("file", "bytes", "rows", "checksum"),
            [(file.name, file.size, file.rows, file.checksum) for file in delivery.files[:_SHOWN]],
        ),
    }


def of_ingested(found: "Ingested", uri: str) -> dict[str, Any]:
    """Metadata of the current version."""
    version = found.version
    told: dict[str, Any] = {"outcome": found.outcome, "seconds": found.seconds}
    if version is None:
        return told
    return {
        **told,
        "dagster/uri": uri,
        "dagster/partition_row_count": version.rows,
        "version": version.version,
        "manifest": version.manifest,
        "identity": version.identity,
        "complete_through": str(version.complete_through or "no day yet"),
        "rows": version.rows,
        "rounded_rows": version.rounded_rows,
        "files": len(version.files),
        "bytes": version.size,
        **_amounts(version.totals),
    }


def of_mart(kept: "Kept", uri: str) -> dict[str, Any]:
    """Metadata of one mart of a month."""
    return {
        "dagster/uri": uri,
        "dagster/partition_row_count": kept.rows,
        "version": kept.version,
        "rows": kept.rows,
        **_amounts(kept.sums),
    }


def of_publication(publication: "Publication") -> dict[str, Any]:
    """Metadata of the published version."""
    return {
        "version": publication.pointer.version,
        "file": publication.pointer.file,
        "is_new": publication.is_new,
        "bills": len(publication.bills),
        "rows": sum(bill.rows for bill in publication.bills),
        "removed": len(publication.removed),
        "sources": table(
            ("source", "month", "rows", "complete through", "manifest", "version"),
            [
                (
                    bill.source,
                    bill.billing_month,
                    bill.rows,
                    bill.complete_through,
                    bill.manifest[:12],
                    bill.version,
                )
                for bill in publication.bills[-_SHOWN:]
            ],
        ),
    }


def of_ledger(found: "LedgerMonth") -> dict[str, Any]:
    """Metadata of a payer's month in the ledger."""
    total = found.total or 0
    return {
        "credit_usd": float(total),
        "credit_usd_exact": str(total),
        "state": "estimate" if found.estimated else "final",
        "asked_at": found.asked_at,
        "rows": len(found.allocations),
        "accounts": table(("account", "credits"), sorted(found.by_account().items())[:_SHOWN]),
        "credits": table(("credit", "gave"), sorted(found.by_credit().items())[:_SHOWN]),
    }


def of_balances(found: "Sequence[Outlook]") -> dict[str, Any]:
    """Metadata of a payer's credits."""
    left = sum(one.credit.left for one in found)
    return {
        "left_usd": float(left),
        "left_usd_exact": str(left),
        "credits": table(
            ("credit", "name", "owner", "left", "of", "expires", "state", "runs out", "earliest"),
            [
                (
                    one.credit.id,
                    one.credit.name,
                    one.credit.owner,
                    one.credit.left,
                    one.credit.initial,
                    one.credit.expiry,
                    one.state.value,
                    one.runs_out,
                    one.earliest,
                )
                for one in found[:_SHOWN]
            ],
        ),
    }


def of_reconciliation(found: "Reconciliation") -> dict[str, Any]:
    """Metadata of a month's three-way comparison."""
    differing = [line for line in found.lines if line.cause]
    return {
        "says": plain(found.says),
        "accounts": len(found.lines),
        "differing": len(differing),
        "open": len(found.open),
        "differences": table(
            ("account", "file", "ledger", "bill", "likely cause"),
            [
                (line.account, line.file, line.ledger, line.bill, line.cause.value)
                for line in differing[:_SHOWN]
            ],
        ),
    }


def _amounts(sums: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Each sum as exact text, and as a number that the UI can plot."""
    told: dict[str, Any] = {}
    for currency, costs in sums.items():
        for name, amount in costs.items():
            told[f"{name} {currency}"] = amount
            told[f"{name} {currency}, rounded"] = float(amount)
    return told


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MetadataValue:
    """Rows as a table of the UI; every cell stays text."""
    lines = [" | ".join(heads), " | ".join("---" for _ in heads)]
    lines += [" | ".join("" if one is None else cell(one) for one in row) for row in rows]
    return md("\n".join(f"| {line} |" for line in lines))
