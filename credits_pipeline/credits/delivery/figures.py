"""A month's findings as plain values for storage: money is exact text."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credits_pipeline.core.money import to_text
from credits_pipeline.credits.delivery.artifacts import MonthCredits
from credits_pipeline.credits.model.findings import Ledger, RecordClass

if TYPE_CHECKING:
    import polars as pl

    from credits_pipeline.credits.cloudzero.diff import Diff

Metadata = dict[str, Any]
#: Metadata of an object whose file was made from the credit ledger.
PROPOSED = "credits-proposed-"
#: More rows than this are listed only in the stored files.
SHOWN = 50


def attempt_fields(found: MonthCredits) -> Metadata:
    """The fields of an attempt that follow from the credits."""
    findings = found.reading.findings
    return {
        "file": found.version.key,
        "file_version": found.version.token,
        "layout": "" if found.withdrawn else f"{findings.layout} v{findings.layout_version}",
        "profile": "" if found.withdrawn else findings.profile,
        "sign_convention": None if found.withdrawn else findings.signs.taken_as,
        "row_count": findings.rows,
        "unique_accounts": findings.rows,
        "total_credit_usd": exact(findings.total_usd),
        "decisions": asdict(found.decisions),
        "ledger": ledger_fields(findings.ledger),
        "left_out_usd": exact(findings.ledger.left_out_usd),
        "warnings": list(findings.warnings),
        "proposal": _proposal(found.version.metadata),
    }


def _proposal(metadata: Mapping[str, str]) -> dict[str, str]:
    """What the object's metadata says about how its file was made."""
    names = (name for name in metadata if name.startswith(PROPOSED))
    return {name.removeprefix(PROPOSED): metadata[name] for name in sorted(names)}


def rows_concerned(found: MonthCredits) -> dict[str, list[dict[str, Any]]]:
    """The first rows that each statement is about, by the statement's name."""
    import polars as pl

    reading = found.reading
    against = pl.col("amount_usd") < 0 if reading.findings.signs.mixed else pl.lit(value=False)
    return {
        "nothing_rejected": plain(reading.rejected.head(SHOWN)),
        "no_duplicate_accounts": plain(reading.duplicates.head(SHOWN)),
        "account_ids_are_whole": plain(reading.padded.head(SHOWN)),
        "signs_agree": plain(reading.rows.filter(against).head(SHOWN)),
        "totals_match_source": [
            {
                "source": total.source,
                "unit": total.unit,
                "stated": exact(total.stated),
                "counted": exact(total.counted),
                "agrees": "yes" if total.agrees else "no",
            }
            for total in reading.findings.control_totals[:SHOWN]
        ],
    }


def ledger_fields(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """The ledger as plain values."""
    return {
        name.value: {"rows": entry.rows, "usd": None if entry.usd is None else exact(entry.usd)}
        for name, entry in ledger.entries.items()
    }


def without_unknown(
    ledger: Mapping[str, Mapping[str, Any]], rows: int, usd: Decimal
) -> dict[str, dict[str, Any]]:
    """The ledger's fields, with accounts unknown to CloudZero moved out of what is sent."""
    sent = ledger[RecordClass.SENT]
    return {
        **{name: dict(entry) for name, entry in ledger.items()},
        RecordClass.SENT.value: {
            "rows": sent["rows"] - rows,
            "usd": exact(Decimal(sent["usd"] or 0) - usd),
        },
        RecordClass.ACCOUNT_UNKNOWN.value: {"rows": rows, "usd": exact(usd)},
    }


def row_lists(found: MonthCredits) -> dict[str, list[dict[str, Any]]]:
    """The rows that people want to see, as plain values."""
    reading = found.reading
    return {
        "rejected": plain(reading.rejected),
        "duplicates": plain(reading.duplicates),
        "padded": plain(reading.padded),
    }


def plain(frame: "pl.DataFrame") -> list[dict[str, Any]]:
    """Rows with money as text."""
    import polars as pl

    from credits_pipeline.core.columns import text_of  # noqa: PLC0415 - as above

    money = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Decimal)]
    return frame.with_columns(text_of(pl.col(name)) for name in money).to_dicts()


def credits_of(rows: "pl.DataFrame") -> list[dict[str, Any]]:
    """CBF rows as accounts and their credit, as plain values."""
    from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, usd_of  # noqa: PLC0415 - loads polars

    return plain(rows.select(account_id=ACCOUNT).with_columns(usd_of(rows).alias("usd")))


def held_before(diff: "Diff") -> "pl.DataFrame":
    """Columns ``account`` and ``usd``: what CloudZero held before a drop, a credit positive."""
    held = diff.accounts.filter(diff.accounts["old_usd"].is_not_null())
    return held.select(account="account", usd="old_usd")


def exact(amount: "Decimal") -> str:
    """An amount as text."""
    return to_text(amount)


def largest_changes(diff: "Diff", at_most: int = 10) -> list[dict[str, Any]]:
    """The accounts whose credit changes most against what CloudZero held."""
    import polars as pl

    by = pl.col("new_usd").fill_null(0) - pl.col("old_usd").fill_null(0)
    changed = diff.accounts.filter(pl.col("change") != "unchanged")
    return plain(changed.sort(by.abs(), descending=True).head(at_most))
