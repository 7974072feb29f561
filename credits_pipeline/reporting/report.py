"""The run report: an attempt as Markdown, the verdict and what was left out first."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.reporting import deciding, links, tables
from credits_pipeline.reporting.links import Places
from credits_pipeline.text import Markdown, Outside

SIGNS = {
    Verdict.VERIFIED: "✅",
    Verdict.UNCHANGED: "✅",
    Verdict.PARTIAL: "⚠️",
    Verdict.SUPERSEDED: "⏭️",
    Verdict.DRY_RUN: "👀",
    Verdict.SENDING: "⏳",
}
_SAYS = {
    Verdict.VERIFIED: "CloudZero holds exactly these credits.",
    Verdict.UNCHANGED: "CloudZero already held exactly these credits; nothing was sent.",
    Verdict.PARTIAL: "CloudZero holds exactly these credits, and some of the file was left out.",
}
#: Verdicts of months for which something was sent.
_SENT = frozenset(
    {
        Verdict.VERIFIED,
        Verdict.PARTIAL,
        Verdict.UNCHANGED,
        Verdict.SENDING,
        Verdict.INCOMPLETE,
    }
)
_CHECKED = {True: "checked", False: "not checked", None: ""}
_CHANGES = {
    "added": "accounts added",
    "changed": "accounts changed",
    "removed": "accounts removed",
    "unchanged": "accounts kept as they are",
}
#: The lists of rows beside the ledger; first what was left out, each row with its reason.
_LISTS = {
    "rejected": "Rows that could not be read",
    "duplicates": "Further rows of an account",
    "unknown": "Accounts that CloudZero does not know",
    "padded": "Account ids that were given back their leading zeros",
    "read_back": "Rows that did not read back as they were sent",
}
_SHOWN = 10
_BLANK = Markdown("")


def markdown(
    attempt: Attempt,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    places: Places | None = None,
) -> Markdown:
    """The report of one attempt.

    Args:
        attempt: its fields.
        rows: lists of rows by name; at most ten of each are shown.
        places: where to look up file, run and CloudZero; None for a report without links.
    """
    parts = (
        _head(attempt, rows),
        [_BLANK, *_facts(attempt, places)],
        _deciding(attempt),
        _titled("Warnings", [tables.bullets(attempt.warnings)] if attempt.warnings else []),
        _changed(attempt, rows),
        _titled(
            "Where every record of the file went",
            [tables.ledger(attempt.ledger, sent=attempt.verdict in _SENT)]
            if attempt.ledger
            else [],
        ),
        *(_listed(title, rows.get(name, ())) for name, title in _LISTS.items()),
        _titled(
            "Decisions in force for this version", [_decided(d, places) for d in attempt.decided]
        ),
        _titled(
            "Requests",
            [tables.of_rows([*map(_answered, attempt.requests)], at_most=50)]
            if attempt.requests
            else [],
        ),
    )
    return Markdown.joined("\n", itertools.chain.from_iterable(parts))


def _head(attempt: Attempt, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Markdown]:
    verdict = attempt.verdict
    sign = SIGNS.get(verdict, "⛔")
    title = f"{attempt.billing_month}: {titled(attempt)}"
    yield Markdown.of("## {} {}", Markdown(sign), Outside(title))
    yield from (_BLANK, tables.sentence(attempt.reason or _SAYS.get(verdict, "")))
    if attempt.what_to_do:
        yield from (_BLANK, Markdown.of("**What to do:** {}", Outside(_to_do(attempt))))
    unknown = sum(
        row.get("usd") is None for name in ("rejected", "duplicates") for row in rows.get(name, ())
    )
    if Decimal(attempt.left_out_usd):
        left_out = tables.dollars(attempt.left_out_usd)
        if unknown:
            have = Markdown("row has") if unknown == 1 else Markdown("rows have")
            left_out = Markdown.of(
                "at least {}; {} {} an amount that can't be read", left_out, unknown, have
            )
        yield from (_BLANK, Markdown.of("**Left out of this month: {}**", left_out))
    elif verdict is Verdict.PARTIAL:
        unread = "**Left out of this month: rows whose dollars can't be read**"
        yield from (_BLANK, Markdown(unread))
    elif attempt.withdrawn and verdict.has_receipt:
        yield from (_BLANK, Markdown("The month is withdrawn: CloudZero holds no credit of it."))
    elif verdict.has_receipt:
        yield from (_BLANK, Markdown("No credit was left out of this month."))


def _to_do(attempt: Attempt) -> str:
    """What to do, without the commands that follow ready to paste."""
    said = deciding.offered(attempt.billing_month, attempt.file_version, attempt.offers)
    below = "paste the command below" if len(attempt.offers) == 1 else "paste one of those below"
    return attempt.what_to_do.replace(said, below) if said else attempt.what_to_do


def titled(attempt: Attempt) -> str:
    """A verdict in words; a proven withdrawal is called that."""
    word = attempt.verdict.value.replace("_", " ")
    withdrawn = attempt.withdrawn and attempt.verdict.has_receipt
    return f"withdrawn ({word})" if withdrawn else word


def _deciding(attempt: Attempt) -> Iterator[Markdown]:
    """The command and the launchpad's config of each decision that would help, ready to paste."""
    for offer in attempt.offers:
        version = attempt.file_version
        yield from _titled(
            f"To decide {deciding.spelled(offer)}",
            [
                Markdown.block(
                    "bash", Outside(deciding.command(attempt.billing_month, offer, version))
                ),
                _BLANK,
                Markdown("or materialise the month in Dagster with the config"),
                _BLANK,
                Markdown.block("yaml", Outside(deciding.config_block(offer, version))),
            ],
        )


def _changed(
    attempt: Attempt, rows: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[Markdown]:
    if attempt.diff:
        yield from _titled("Against what CloudZero held before", _diff(attempt.diff))
        yield from _listed("The largest changes", rows.get("changes", ()))


def _answered(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """A request whose status people can read: a month that holds nothing is not found."""
    asked = (request.get("operation"), request.get("status"))
    if asked == ("drop contents", HTTPStatus.NOT_FOUND):
        return {**request, "status": "404: nothing held yet"}
    return request


def _titled(title: str, lines: Sequence[Markdown]) -> Iterator[Markdown]:
    if lines:
        yield from (_BLANK, Markdown.of("### {}", Outside(title)), _BLANK, *lines)


def moment(text: str) -> str:
    """A stored moment for people, to the minute, in UTC."""
    return f"{text[:16].replace('T', ' ')} UTC" if text else ""


def _listed(title: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Markdown]:
    yield from _titled(title, [tables.of_rows(rows, at_most=_SHOWN)] if rows else [])


def _decided(record: Mapping[str, Any], places: Places | None) -> Markdown:
    why = record.get("why")
    return Markdown.of(
        "- {}, by {} at {} in run {}{}",
        tables.sentence(deciding.spelled(record["decided"])),
        tables.sentence(record["who"]),
        tables.sentence(moment(record["at"])),
        _run(record["run_id"], places),
        Markdown.of(", because: {}", tables.sentence(why)) if why else _BLANK,
    )


def _facts(attempt: Attempt, places: Places | None) -> list[Markdown]:
    month = BillingMonth.parse(attempt.billing_month)
    costs = "" if places is None else links.of_costs(attempt.base_url, month)
    stream = tables.escaped(attempt.connection_id)
    if costs and attempt.verdict.has_receipt:
        link = Markdown.link(Markdown("billed cost in CloudZero"), costs)
        stream = Markdown.of("{} ({}, line item type Credit)", stream, link)
    facts = {
        "credit at CloudZero" if attempt.verdict.has_receipt else "credit in the file": (
            tables.dollars(attempt.total_credit_usd)
        ),
        "accounts": tables.escaped("" if attempt.row_count is None else f"{attempt.row_count:,}"),
        "accounts known to CloudZero": Markdown(_CHECKED[attempt.accounts_checked]),
        "file": _file(attempt, places),
        "file version": tables.escaped(attempt.file_version),
        "layout": tables.escaped(attempt.layout),
        "profile": tables.escaped(attempt.profile),
        "proposed": tables.escaped(_proposed(attempt)),
        "stream": stream,
        "began": tables.escaped(moment(attempt.started_at)),
        "seconds": _seconds(attempt.seconds),
        "seconds at CloudZero": _seconds(attempt.seconds_at_cloudzero),
        "run": _run(attempt.run_id, places),
        "stored at": tables.escaped("" if places is None else places.stored_at),
    }
    return [
        Markdown("| | |\n|---|---|"),
        *(tables.row([tables.escaped(name), text]) for name, text in facts.items() if text),
    ]


def _proposed(attempt: Attempt) -> str:
    """How a file that was made from the credit ledger was made; empty for any other file."""
    return "; ".join(f"{name} {text}" for name, text in attempt.proposal.items())


def _seconds(spent: float | None) -> Markdown:
    return tables.escaped("" if spent is None else f"{spent:.1f}")


def _file(attempt: Attempt, places: Places | None) -> Markdown:
    text = tables.escaped((places and places.file) or attempt.file)
    return Markdown.link(text, places.file_page) if places and places.file_page else text


def _run(run_id: str, places: Places | None) -> Markdown:
    if places is None:
        return tables.escaped(run_id)
    return Markdown.link(tables.escaped(run_id[:8]), links.of_run(places.ui, run_id))


def _diff(diff: Mapping[str, Any]) -> list[Markdown]:
    return [
        Markdown("| | accounts | held before | to hold |\n|---|--:|--:|--:|"),
        *(
            tables.row(
                [
                    Markdown(title),
                    Markdown.of("{}", int(diff[name]["accounts"])),
                    tables.dollars(diff[name]["old_usd"]),
                    tables.dollars(diff[name]["new_usd"]),
                ]
            )
            for name, title in _CHANGES.items()
        ),
        Markdown.of(
            "| all | | {} | {} |", tables.dollars(diff["old_usd"]), tables.dollars(diff["new_usd"])
        ),
    ]
