"""The settings, each parsed as its user parses it, and the versions of what is installed."""

import os
import platform
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata
from pathlib import Path

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.doctor.finding import Finding, note, ok, wrong
from credits_pipeline.finops import settings as finops

#: How the settings that are not free text are parsed.
PARSERS: dict[settings.Variable, Callable[[str], object]] = {
    settings.START_MONTH: BillingMonth.parse,
    settings.SENSOR_SECONDS: settings.at_least(1),
    settings.AUTOMATION: settings.one_of("on", "off"),
    settings.ADOPT_DAYS: settings.days,
    settings.DUPLICATES: settings.one_of("first", "sum", "reject"),
    settings.SIGNS: settings.one_of("auto", "as_is", "flipped"),
    settings.UNKNOWN_ACCOUNTS: settings.one_of("skip", "send"),
    settings.HOLD_TIMES: settings.at_least(2),
    settings.HOLD_PERCENT: settings.at_least(1),
    settings.PLAUSIBLE_PERCENT: settings.at_least(1),
    settings.PLAUSIBLE_MONTHS: settings.at_least(1),
    settings.OWNERS: settings.owners,
    settings.UI_URL: settings.web_address,
    settings.DUE_DAY: settings.day_of_month,
    settings.MAX_BYTES: settings.at_least(1),
    settings.MAX_RECORDS: settings.at_least(1),
    settings.BODY_BYTES: settings.at_least(10_000),
    settings.COSTS_CALLS: settings.at_least(0),
    settings.DROP_SECONDS: settings.at_least(1),
    settings.EXECUTOR: settings.one_of("in_process", "multiprocess", "celery"),
    settings.CELERY_SECONDS: settings.at_least(1),
}
_OURS = ("CREDITS_", "CLOUDZERO_", "FINOPS_")
_SHOWN = ("dagster", "polars", "pandera", "httpx", "boto3")
_PACKAGE = "credits-pipeline"


def settings_found() -> Iterator[Finding]:
    """Whether every setting can be used, and none is misspelt."""
    faults = []
    readers: list[Callable[[], object]] = [
        partial(variable.read, parse) for variable, parse in PARSERS.items()
    ]
    for read in (*readers, *_finops_readers()):
        try:
            read()
        except settings.SettingError as error:
            faults.append(wrong("settings", error))
    yield from faults
    known = {variable.name for variable in (*settings.VARIABLES, *finops.VARIABLES)}
    ours = sorted(name for name in os.environ if name.startswith(_OURS))
    for name in (name for name in ours if name not in known):
        yield note(
            "settings",
            f"{name} is set, but there is no such setting.",
            "Check its spelling.",
        )
    if not faults:
        told = [name for name in ours if name in known]
        yield ok(
            "settings",
            f"{len(told)} set: {', '.join(told)}" if told else ("all have their defaults"),
        )


def _finops_readers() -> tuple[Callable[[], object], ...]:
    """How the second wing's settings are read; its database is asked for only where it is used."""
    always = (finops.decisions_folder, finops.tag_keys, finops.port, finops.spark_address)
    return (finops.storage_root, finops.database_url, *always) if finops.STORAGE.text() else always


def advice_where_missing() -> str:
    """What else to do about a missing setting, beyond setting it."""
    if Path(".env").is_file():
        return "There is a .env here, which only dagster reads by itself: set -a; . ./.env; set +a"
    return ""


def versions() -> Iterator[Finding]:
    """Whether what is installed is what this release was made for."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - when used

    odd = []
    for text in metadata.requires(_PACKAGE) or ():
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            odd.append(f"{wanted.name} is missing")
        else:
            if not wanted.specifier.contains(found, prereleases=True):
                odd.append(f"{wanted.name} {found} is not {wanted.specifier}")
    told = ", ".join(f"{name} {metadata.version(name)}" for name in _SHOWN)
    says = (
        f"{_PACKAGE} {metadata.version(_PACKAGE)} on Python {platform.python_version()} with {told}"
    )
    if odd:
        yield wrong(
            "versions",
            f"{says}; {'; '.join(odd)}",
            "Install with requirements.txt: pip install --require-hashes -r requirements.txt",
        )
    else:
        yield ok("versions", says)
