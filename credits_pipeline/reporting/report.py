"""The run report: an attempt as Markdown, the verdict and what was left out first."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from credits_pipeline.reporting import tables
from credits_pipeline.reporting.attempt import Attempt, Verdict

_SIGNS = {
    Verdict.VERIFIED: "✅",
    Verdict.UNCHANGED: "✅",
    Verdict.PARTIAL: "⚠️",
    Verdict.SUPERSEDED: "⏭️",
    Verdict.DRY_RUN: "👀",
}
_SAYS = {
    Verdict.VERIFIED: "CloudZero holds exactly these credits.",
    Verdict.UNCHANGED: "CloudZero already held exactly these credits; nothing was sent.",
    Verdict.PARTIAL: "CloudZero holds exactly these credits, and some of the file was left out.",
}
_CHECKED = {True: "checked", False: "not checked", None: ""}
_CHANGES = {
    "added": "accounts added",
    "changed": "accounts changed",
    "removed": "accounts removed",
    "unchanged": "accounts unchanged",
}
_LISTS = {
    "rejected": "Rows that could not be read",
    "duplicates": "Further rows of an account",
    "unknown": "Accounts that CloudZero does not know",
    "padded": "Account ids that were given back their leading zeros",
    "changes": "The largest changes",
}


def markdown(
    attempt: Attempt,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    links: Mapping[str, str] | None = None,
) -> str:
    """The report of one attempt.

    Args:
        attempt: its fields.
        rows: lists of rows by name; at most ten of each are shown.
        links: further lines, such as where the file lies.
    """
    verdict = attempt.verdict
    sign = _SIGNS.get(verdict, "⛔")
    lines = [f"## {sign} {attempt.billing_month}: {verdict.value.replace('_', ' ')}", ""]
    lines += [tables.sentence(attempt.reason) or _SAYS.get(verdict, "")]
    if attempt.what_to_do:
        lines += ["", f"**What to do:** {tables.sentence(attempt.what_to_do)}"]
    left_out = Decimal(attempt.left_out_usd)
    if left_out:
        lines += ["", f"**Left out of this month: {tables.dollars(attempt.left_out_usd)}**"]
    lines += ["", *_facts(attempt, links or {})]
    if attempt.ledger:
        lines += ["", "### Where every record of the file went", "", tables.ledger(attempt.ledger)]
    if attempt.diff:
        lines += ["", "### Against what CloudZero held before", "", *_diff(attempt.diff)]
    for name, title in _LISTS.items():
        if rows.get(name):
            lines += ["", f"### {title}", "", tables.of_rows(rows[name], at_most=10)]
    if attempt.decided:
        lines += ["", "### Decisions in force for this version", ""]
        lines += [
            f"- {_decided(record['decided'])}, by {tables.escaped(record['who'])} at "
            f"{record['at']} in run {record['run_id']}"
            for record in attempt.decided
        ]
    if attempt.warnings:
        lines += ["", "### Warnings", "", *(f"- {tables.sentence(w)}" for w in attempt.warnings)]
    if attempt.requests:
        lines += ["", "### Requests", "", tables.of_rows(attempt.requests, at_most=50)]
    return "\n".join(lines)


def _decided(decided: Mapping[str, Any]) -> str:
    told = (f"{name} = {str(value).lower()}" for name, value in decided.items())
    return tables.sentence(", ".join(told))


def _facts(attempt: Attempt, links: Mapping[str, str]) -> list[str]:
    facts = {
        "credit": tables.dollars(attempt.total_credit_usd),
        "accounts": "" if attempt.row_count is None else f"{attempt.row_count:,}",
        "accounts known to CloudZero": _CHECKED[attempt.accounts_checked],
        "file": tables.escaped(attempt.file),
        "file version": attempt.file_version,
        "layout": attempt.layout,
        "stream": tables.escaped(attempt.connection_id),
        "seconds": "" if attempt.seconds is None else f"{attempt.seconds:.1f}",
        "run": attempt.run_id,
        **links,
    }
    return ["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in facts.items() if text)]


def _diff(diff: Mapping[str, Any]) -> list[str]:
    return [
        "| | accounts | held before | to hold |",
        "|---|--:|--:|--:|",
        *(
            f"| {title} | {diff[name]['accounts']:,} | {tables.dollars(diff[name]['old_usd'])} "
            f"| {tables.dollars(diff[name]['new_usd'])} |"
            for name, title in _CHANGES.items()
        ),
        f"| all | | {tables.dollars(diff['old_usd'])} | {tables.dollars(diff['new_usd'])} |",
    ]
