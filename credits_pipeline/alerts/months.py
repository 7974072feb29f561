"""What is wrong with a month, judged by its runs and by the later checks."""

from datetime import datetime
from decimal import Decimal

from credits_pipeline.alerts.alert import Alert, Health, cause_of
from credits_pipeline.alerts.state import AlertState
from credits_pipeline.core.money import for_people
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.state.attempt import Attempt, Verdict, rows_left_out
from credits_pipeline.credits.state.dismissal import Dismissal
from credits_pipeline.credits.state.finding import STILL_HELD, VISIBLE, Finding

_STATES = {
    Verdict.BLOCKED: "blocked, nothing was sent",
    Verdict.HELD: "held for a decision, nothing was sent",
    Verdict.FAILED: "failed, nothing was sent",
    Verdict.INCOMPLETE: "incomplete, CloudZero may hold a part of it",
}
_FOUND = {
    STILL_HELD: "CloudZero does not hold what was sent",
    VISIBLE: "CloudZero's billed cost does not show what was sent",
}
_FILE = "file "
_BY_ITSELF = (
    "The pipeline tries again by itself: after 15 minutes, 1 hour and 4 hours, then every 12 hours "
    "for three days."
)


def of_attempt(
    last: Attempt, receipt: Attempt | None, dismissed: Dismissal | None = None
) -> Health:
    """What a month's last attempt says about it; nothing while it is being sent.

    Args:
        last: the last attempt that meant to send.
        receipt: what CloudZero holds.
        dismissed: who said that the month is not to be sent as it stands.
    """
    if last.verdict is Verdict.SENDING:
        return Health()
    subject = f"month {last.billing_month}"
    if dismissed is not None:
        return Health(fine={subject: f"{_by(dismissed)} Nothing was sent."})
    if last.verdict.is_red:
        return Health((_red(subject, last, receipt),))
    if rows_left_out(last.ledger):
        return Health((_partial(subject, last),))
    credit = _usd(last.total_credit_usd)
    return Health(fine={subject: f"CloudZero holds exactly the credits that were sent: {credit}."})


def of_finding(finding: Finding, about: str) -> Health:
    """What a later check found, if it is still about what CloudZero should hold.

    Args:
        finding: the last one of its check and month.
        about: the run whose drop the check would be about now; empty if there is none.
    """
    subject = f"{finding.check} {finding.billing_month}"
    if finding.holds or finding.about != about:
        return Health(
            fine={subject: finding.says if finding.holds else "The month was sent again."}
        )
    what, _, to_do = finding.says.partition(" What to do: ")
    return Health(
        (
            Alert(
                subject=subject,
                cause=cause_of(what, version=finding.about),
                about=finding.billing_month,
                state=_FOUND[finding.check],
                what=what,
                to_do=to_do,
                dollars=f"{_usd(finding.usd)} were sent." if finding.usd else "",
                run_id=finding.run_id,
            ),
        )
    )


def of_missing_file(
    month: BillingMonth, uri: str, due: datetime, before: Attempt | None, *, came: bool
) -> Health:
    """Whether a month's file came by its due day.

    Args:
        month: the billing month.
        uri: where its file is expected.
        due: the day.
        before: the receipt of the last verified month before it.
        came: whether the file is there or was sent.
    """
    subject = f"{_FILE}{month}"
    if came:
        return Health(fine={subject: f"{uri} has come."})
    return Health(
        (
            Alert(
                subject=subject,
                cause="missing",
                about=str(month),
                state="the credits file has not come",
                what=f"There is no {uri}, and it was due on {due:%Y-%m-%d}.",
                to_do="Upload it under that name. credits_inbox in Dagster lists objects whose "
                "names are not understood.",
                dollars=f"{before.billing_month} had {_usd(before.total_credit_usd)}."
                if before
                else "",
            ),
        )
    )


def of_unexpected_file(dismissed: Dismissal) -> Health:
    """A month that a person dismissed without a file: none is missing."""
    subject = f"{_FILE}{dismissed.billing_month}"
    return Health(fine={subject: f"{_by(dismissed)} No file is expected."})


def missed_files(book: AlertState) -> list[str]:
    """The months, ``YYYY-MM``, whose files were reported missing."""
    return [
        episode.subject.removeprefix(_FILE)
        for episode in book.episodes
        if episode.subject.startswith(_FILE) and not episode.over
    ]


def _by(dismissed: Dismissal) -> str:
    return f"{dismissed.who} dismissed it{dismissed.because}."


def _red(subject: str, last: Attempt, receipt: Attempt | None) -> Alert:
    passes = not last.permanent and last.verdict in {Verdict.FAILED, Verdict.INCOMPLETE}
    # The wording differs from try to try; what a person has to do does not.
    told = [last.what_to_do] if passes and last.what_to_do else [last.what_to_do, last.reason]
    held = _usd(receipt.total_credit_usd) if receipt else "nothing that was verified"
    read = last.total_credit_usd
    return Alert(
        subject=subject,
        cause=cause_of(last.verdict, *told, version=last.file_version),
        about=last.billing_month,
        state=_STATES[last.verdict],
        what=last.reason,
        to_do=f"{last.what_to_do} {_BY_ITSELF}".strip() if passes else last.what_to_do,
        dollars=f"{f'{_usd(read)} in the file; ' if read else ''}before, CloudZero held {held}.",
        run_id=last.run_id,
        passes=passes,
    )


def _partial(subject: str, last: Attempt) -> Alert:
    classes = {
        name.replace("_", " "): entry["rows"]
        for name, entry in last.ledger.items()
        if rows_left_out({name: entry})
    }
    left_out = ", ".join(f"{rows:,} {name}" for name, rows in classes.items())
    return Alert(
        subject=subject,
        # Each run of the version leaves out the same accounts until CloudZero knows them.
        cause=cause_of("partial", *classes, version=last.file_version),
        about=last.billing_month,
        state="sent in part",
        what=f"CloudZero holds exactly what was sent, and some of the file was left out: "
        f"{left_out}.",
        to_do=last.what_to_do
        or "See in the run's report who is left out. Upload a corrected "
        "file, or decide about the month.",
        dollars=f"{_usd(last.total_credit_usd)} sent, {_usd(last.left_out_usd)} left out.",
        run_id=last.run_id,
    )


def _usd(text: str | None) -> str:
    return for_people(Decimal(text or 0))
