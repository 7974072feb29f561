"""The second wing, part by part: storage, decisions, sources, what is published, engine, pages.

Only where it is in use; each part is looked at however the others stand.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from credits_pipeline.core.settings import SettingError
from credits_pipeline.core.wording import counted
from credits_pipeline.credits.assets.wings import finops_is_in_use
from credits_pipeline.doctor.finding import Finding, State, note, ok, skipped, wrong

if TYPE_CHECKING:
    from credits_pipeline.finops.sources import Source

#: An ingest unpacks a bill beside what is there; with less than this even a small one stops.
_FREE_BYTES = 2 << 30
_PROBE = "doctor/last-look.txt"
#: Providers deliver daily, so that a version which nobody renewed is told apart.
_OLD = timedelta(days=3)


def wing_found(now: Callable[[str], None]) -> Iterator[Finding]:
    """Whether everything is there that bills and the pages need; nothing where no bill is read.

    Args:
        now: is told what is looked at next.
    """
    try:
        if not finops_is_in_use():
            return
    except SettingError:
        return  # told by the settings and the storage of the first wing
    from credits_pipeline.doctor import wing_outside as outside  # noqa: PLC0415 - only for bills

    now("Checking the second wing")
    yield from _looked("spend, storage", storage_found)
    kept: list[Source] = []
    yield from _looked("spend, decisions", lambda: decisions_found(kept))
    now("Asking for bills")
    yield from _looked("spend, sources", lambda: sources_found(kept))
    yield from _looked("spend, published", published_found)
    now("Asking the engine")
    yield from _looked("spend, engine", outside.engine_found)
    yield from _looked("spend, pages", outside.pages_found)
    yield from _looked("spend, statements", outside.statements_found)
    now("Asking AWS about scans")
    yield from _looked("spend, scans", outside.scans_found)


def _looked(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What was found of one part; what its rooms raise is a finding."""
    from credits_pipeline.finops.decisions.fault import DecisionsError  # noqa: PLC0415 - see above
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - see above
    from credits_pipeline.finops.marts.engine import EngineError  # noqa: PLC0415 - see above

    try:
        yield from look()
    except SettingError as error:
        # Its own words say what can be set.
        yield wrong(name, error, "Correct the setting, or remove it.")
    except (BillError, DecisionsError, EngineError) as error:
        yield wrong(name, error)


def storage_found() -> Iterator[Finding]:
    """Whether the lake's storage is written, listed and read, and has room."""
    import shutil  # noqa: PLC0415 - with the rest

    from credits_pipeline.finops import settings  # noqa: PLC0415 - only for bills
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - as above

    name, root = "spend, storage", settings.storage_root()
    depot, told = Depot(root), secrets.token_hex(8).encode()
    depot.place.put(_PROBE, told)
    try:
        if depot.place.read(_PROBE, 100) != told or _PROBE not in depot.keys("doctor/"):
            yield wrong(
                name,
                f"{depot.place.uri(_PROBE)} was written, and doesnot read back as it was written.",
                "Check that FINOPS_STORAGE names a place to which nothing else writes.",
            )
            return
    finally:
        depot.place.delete([_PROBE])
    here = next(path for path in (depot.on_disk, *depot.on_disk.parents) if path.exists())
    free = shutil.disk_usage(here).free
    if free < _FREE_BYTES:
        yield note(
            name,
            f"{root} may be written, and the disk of {here} has {free / 1e9:,.1f} GB left.",
            "Bills are unpacked there: it needs three times the size of the largest month.",
        )
    else:
        yield ok(name, f"{root} may be written, read and listed; {free / 1e9:,.0f} GB are free")


def decisions_found(kept: "list[Source]") -> Iterator[Finding]:
    """Whether what people decide can be read, by tables of this release.

    Args:
        kept: gets the sources that stand there.
    """
    from credits_pipeline.finops import settings  # noqa: PLC0415 - only for bills
    from credits_pipeline.finops.decisions.migrating import standing  # noqa: PLC0415 - as above
    from credits_pipeline.finops.decisions.opening import (  # noqa: PLC0415 - as above
        are_kept,
        open_decisions,
    )
    from credits_pipeline.finops.sources import SourceBook  # noqa: PLC0415 - as above

    name = "spend, decisions"
    if not are_kept():
        yield note(
            name,
            "nobody has decided anything yet, so there is no database yet.",
            "The first source creates it: credits-pipeline sources add --help",
        )
        return
    folder = settings.decisions_folder()
    if folder is None:
        before, newest = standing(settings.database_url())
        if before is not None and before != newest:
            yield note(
                name,
                f"the tables are of version {before}, and this release has {newest}.",
                "Back up the database; the next page or command that opens it changes them.",
            )
            return
    with open_decisions() as decisions:
        kept.extend(SourceBook(decisions).all())
        decided_on = sum(map(len, decisions.contents().values()))
    where = f"files in {folder}" if folder else f"tables of version {newest}"
    sources = counted(len(kept), "source")
    yield ok(name, f"{where}, {counted(decided_on, 'decision')}, {sources} among them")
    if folder is None and settings.database_url().startswith("sqlite"):
        yield note(
            name,
            "are in a file on this machine, which only one machine may use.",
            "With more machines, or pages elsewhere, set FINOPS_DATABASE_URL to PostgreSQL.",
        )


def sources_found(kept: "list[Source]") -> Iterator[Finding]:
    """Whether each source can be reached, and how old its newest delivery is."""
    from credits_pipeline.doctor.sources import source_found  # noqa: PLC0415 - only for bills

    if not kept:
        yield note("spend, sources", "no bill is connected.", "credits-pipeline sources add --help")
    for source in kept:
        found = list(source_found(source, datetime.now(UTC), read=False, whole=False))
        bad = [one for one in found if one.state in {State.WRONG, State.NOTE}]
        for one in bad:
            yield Finding(f"source {source.name}, {one.name}", one.state, one.says, one.to_do)
        if not bad:
            told = "; ".join(one.says for one in found if one.name in {"deliveries", "files"})
            yield ok(f"source {source.name}", told)


def published_found() -> Iterator[Finding]:
    """Whether the pointer names a version that opens, how old it is, and by which tags."""
    from credits_pipeline.finops import settings  # noqa: PLC0415 - only for bills
    from credits_pipeline.finops.publish.form import PublishError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - as above

    name = "spend, published"
    try:
        published = open_current(settings.storage_root())
        if published is None:
            yield note(name, "nothing is published yet.", "credits-pipeline ingest")
            yield skipped("spend, tags", "nothing is published yet")
            return
        ((months, sources),) = published.rows(
            "SELECT COUNT(DISTINCT billing_month), COUNT(DISTINCT source) FROM spend_monthly"
        )
    except PublishError as error:
        yield wrong(name, error)
        return
    at = datetime.fromisoformat(published.published_at)
    says = (
        f"version {published.version[:12]} of {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {months} "
        f"months of {sources} sources"
    )
    if datetime.now(UTC) - at > _OLD:
        yield note(
            name,
            f"{says}; nothing newer came for {(datetime.now(UTC) - at).days} days.",
            "Check that Dagster's daemon runs and its sensor bill_manifests is on, or run "
            "credits-pipeline ingest.",
        )
    else:
        yield ok(name, says)
    wanted = {key.name for key in settings.tag_keys()}
    apart = sorted(wanted ^ set(published.tags))
    if apart:
        yield note(
            "spend, tags",
            f"{', '.join(apart)}: FINOPS_TAGS and what is published differ.",
            "credits-pipeline ingest makes every month's marts again with the keys of FINOPS_TAGS. "
            "Check that the pages and Dagster's services have the same FINOPS_TAGS.",
        )
    else:
        yield ok("spend, tags", f"{', '.join(sorted(wanted))} are columns of every month")
    with suppress(OSError):
        published.close()
