"""A decision as people enter it: the command and the launchpad's config, ready to paste.

Both name the version that the decision is about; a run refuses it for any other.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from credits_pipeline.core.money import for_people
from credits_pipeline.core.settings import STREAM, key_prefix
from credits_pipeline.core.wording import counted
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline.reporting.tables import meaning
from credits_pipeline.text import Outside, Plain


def command(month: str, decided: Mapping[str, Any], version: str = "") -> str:
    """The command that decides.

    Args:
        month: ``YYYY-MM``.
        decided: the decisions by name.
        version: token of the version that they are about; without it the command shows the
            newest version and asks.
    """
    stream = STREAM.text()
    words = ["credits-pipeline", *(("--stream", stream) if stream else ())]
    words += ["decide", "--month", month]
    for name, value in decided.items():
        option = name.replace("_", "-")
        match value:
            case True:
                words.append(f"--{option}")
            case False:
                words.append(f"--no-{option}")
            case _:
                words += [f"--{option}", str(value)]
    if version:
        words += ["--for-version", version]
    return shlex.join(words)


def dismissing(month: str) -> str:
    """The command that dismisses a month."""
    stream = STREAM.text()
    words = ["credits-pipeline", *(("--stream", stream) if stream else ()), "dismiss", month]
    return shlex.join(words)


def config(decided: Mapping[str, Any], version: str) -> str:
    """The launchpad's config, in one line of YAML."""
    return f"ops: {{{_step()}: {{config: {{{', '.join(_fields(decided, version))}}}}}}}"


def config_block(decided: Mapping[str, Any], version: str) -> str:
    """The launchpad's config as a block of YAML, with room for who decides and why."""
    fields = [*_fields(decided, version), "# who: your name", "# why: the reason"]
    return "\n".join(
        ["ops:", f"  {_step()}:", "    config:", *(f"      {field}" for field in fields)]
    )


def offered(month: str, version: str, offers: Sequence[Mapping[str, Any]]) -> str:
    """What can be decided, in a sentence; empty if no decision helps."""
    if not offers:
        return ""
    commands = ", or ".join(command(month, offer, version) for offer in offers)
    configs = ", or ".join(config(offer, version) for offer in offers)
    return f"{commands} (in Dagster's launchpad the config {configs})"


def spelled(decided: Mapping[str, Any]) -> str:
    """Decisions in words, such as ``accept_rejected = true, signs = as_is``."""
    return ", ".join(f"{name} = {str(value).lower()}" for name, value in decided.items())


def summary(
    attempt: Attempt, rows: Mapping[str, Sequence[Mapping[str, Any]]], *, at_most: int = 10
) -> Iterator[str]:
    """The rows and dollars that a decision about an attempt's version covers, as plain lines.

    Args:
        attempt: the last one of the version.
        rows: its lists of rows by name.
        at_most: how many rows of each list are shown.
    """
    yield f"{attempt.verdict.value.replace('_', ' ')}: {_plain(attempt.reason)}"
    total = Decimal(attempt.total_credit_usd or 0)
    yield f"In the file: {counted(attempt.row_count or 0, 'account')}, {for_people(total)}."
    for name, entry in attempt.ledger.items():
        if entry["rows"]:
            usd = "dollars unknown" if entry["usd"] is None else for_people(Decimal(entry["usd"]))
            yield f"  {entry['rows']:,} {meaning(name, sent=attempt.verdict.has_receipt)}: {usd}"
    for name, shown in rows.items():
        if shown:
            yield f"{name}:"
        for row in shown[:at_most]:
            yield "  " + ", ".join(
                f"{field.replace('_', ' ')} {_plain(value)}"
                for field, value in row.items()
                if value is not None
            )
        if len(shown) > at_most:
            yield f"  and {len(shown) - at_most:,} more: see the month's report"


def _step() -> str:
    """What Dagster's launchpad calls the step that reads the file."""
    return re.sub(r"[-.]", "_", "__".join((*key_prefix(), "credits")))


def _plain(value: object) -> str:
    """A text from outside, as one line for a terminal."""
    return Plain.render(Outside(str(value))).text


def _fields(decided: Mapping[str, Any], version: str) -> list[str]:
    values = (f"{name}: {str(value).lower()}" for name, value in decided.items())
    # Quoted, because a token begins with digits.
    return [*values, f'for_version: "{version}"']
