"""What is scanned: regions, accounts, the role, and where clouds' findings are stored as files."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops import settings

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"\d{12}")
OWN, ORGANIZATION = "own", "organization"


@dataclass(frozen=True)
class Scanned:
    """What to scan.

    Attributes:
        regions: of AWS; none for no scan of AWS.
        accounts: `OWN`, `ORGANIZATION`, or ids.
        role: the role assumed in every other account; empty for none.
        files: the folder or bucket with findings of clouds as files; empty for none.
        aws_findings: whether AWS's own findings are requested if no file has them.
    """

    regions: tuple[str, ...]
    accounts: tuple[str, ...] = (OWN,)
    role: str = ""
    files: str = ""
    aws_findings: bool = True


def scanned() -> Scanned:
    """The environment's settings.

    Raises:
        SettingError: a value can't be used.
    """
    return Scanned(
        settings.SCAN_REGIONS.read(_regions),
        settings.SCAN_ACCOUNTS.read(_accounts),
        settings.SCAN_ROLE.text(),
        settings.SCAN_FILES.text(),
        settings.SCAN_AWS_FINDINGS.read(_switch),
    )


def as_of(text: str | None = None) -> datetime:
    """The moment that a scan is about.

    Args:
        text: ISO 8601; None for now.

    Raises:
        SettingError: it is not a time.
    """
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingError(
            f"{text!r} is no time. What to do: write it as 2026-05-31T06:00:00Z."
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _regions(text: str) -> tuple[str, ...]:
    return _listed(text, _REGION, "a region such as eu-central-1")


def _accounts(text: str) -> tuple[str, ...]:
    if text.strip() in (OWN, ORGANIZATION, ""):
        return (text.strip() or OWN,)
    return _listed(text, _ACCOUNT, f"{OWN}, {ORGANIZATION}, or ids of 12 digits")


def _listed(text: str, form: re.Pattern[str], what: str) -> tuple[str, ...]:
    found = [part.strip() for part in text.split(",") if part.strip()]
    for part in found:
        if not form.fullmatch(part):
            raise ValueError(f"{part!r} is not {what}")
    return tuple(dict.fromkeys(found))


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("it is on or off")
    return text == "on"
