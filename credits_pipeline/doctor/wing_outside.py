"""What the second wing reaches outside of its storage: the engine, the pages, fonts, scans."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from credits_pipeline.core.settings import SettingError
from credits_pipeline.core.wording import counted
from credits_pipeline.doctor.finding import Finding, note, ok, wrong
from credits_pipeline.finops import settings

_SECONDS = 10
_SPARK_PORT = 15002
#: The proxy asks for a password, or sends to where people sign in.
_ASKS = {301, 302, 303, 307, 308, 401, 403}


def engine_found() -> Iterator[Finding]:
    """Whether the engine of marts computes."""
    import socket  # noqa: PLC0415 - only where a cluster is asked

    name, address = "spend, engine", settings.spark_address()
    if not address:
        import duckdb

        ((version,),) = duckdb.connect().execute("SELECT version()").fetchall()
        yield ok(name, f"DuckDB {version}, in the run's own process")
        return
    where = urlsplit(address)
    at = (where.hostname or "", where.port or _SPARK_PORT)
    try:
        # The client itself asks again for minutes.
        socket.create_connection(at, _SECONDS).close()
    except OSError as error:
        yield wrong(
            name,
            f"Spark Connect at {at[0]}:{at[1]} can't be reached: {error}.",
            "Start the cluster's Connect server, or set FINOPS_ENGINE=duckdb.",
        )
        return
    from credits_pipeline.finops.marts.spark import SparkEngine  # noqa: PLC0415 - as above

    with SparkEngine.opened(address) as engine:
        ((computed,),) = engine.read("SELECT CAST(SUM(id) AS BIGINT) FROM range(1000)")
        ((version,),) = engine.read("SELECT version()")
    told = f"Spark {str(version).partition(' ')[0]} at {at[0]}:{at[1]}"
    yield ok(name, told) if computed == sum(range(1000)) else wrong(name, f"{told} miscounts")


def pages_found() -> Iterator[Finding]:
    """Whether the pages answer under the address that alerts and people use, and ask who comes."""
    import httpx

    name, address = "spend, pages", settings.pages_url()
    if not address:
        yield note(
            name,
            "FINOPS_PAGES_URL is not set, so alerts have no link to the page.",
            "Set it to the address at which people open the pages; credits-pipeline pages "
            "serves them.",
        )
        return
    try:
        answer = httpx.get(f"{address}/healthz", timeout=_SECONDS)
    except httpx.HTTPError as error:
        yield wrong(
            name,
            f"{address} does not answer: {error}.",
            "Start the pages and the proxy in front of them, and check the name and the "
            "certificate.",
        )
        return
    local = urlsplit(address).hostname in {"localhost", "127.0.0.1", "::1"}
    if answer.status_code in _ASKS:
        yield ok(name, f"{address} answers, and asks visitors to sign in")
    elif answer.text.strip() != "ok":
        yield wrong(
            name,
            f"{address} answers with status {answer.status_code}, which is not how the pages "
            "answer.",
            "Check that the proxy passes to `credits-pipeline pages`, and that its host is the "
            "name in FINOPS_PAGES_URL.",
        )
    elif local:
        yield ok(name, f"{address} answers, to this machine only")
    else:
        yield wrong(
            name,
            f"{address} answers without asking visitors to sign in.",
            "Put a proxy that signs people in, in front of the pages: docs/deploy.md.",
        )


def statements_found() -> Iterator[Finding]:
    """Whether statements can be printed, and the thresholds of rules be read."""
    from credits_pipeline.finops.chargeback.fonts import (  # noqa: PLC0415 - only for bills
        FontError,
        typefaces,
    )
    from credits_pipeline.finops.optimization.thresholds import (  # noqa: PLC0415 - as above
        configured,
    )

    try:
        found = typefaces()
        yield ok(
            "spend, fonts",
            f"{len(found.families)} fonts with {len(found.letters):,} letters print statements",
        )
    except ImportError as error:
        yield note(
            "spend, fonts",
            f"statements can't be printed here: {error}.",
            "pip install 'credits-pipeline[pages]' where statements are made.",
        )
    except FontError as error:
        yield wrong("spend, fonts", error)
    except SettingError as error:
        yield wrong("spend, fonts", error, "Correct FINOPS_FONTS, or remove it.")
    try:
        configured()
        told = settings.RULES.text()
        yield ok("spend, rules", told or "every threshold has its default")
    except SettingError as error:
        yield wrong("spend, rules", error, "Correct FINOPS_RULES, or remove it.")


def scans_found() -> Iterator[Finding]:
    """Whether each account that is scanned is open, and the files of findings can be listed."""
    from credits_pipeline.finops.objects import open_place  # noqa: PLC0415 - only for bills
    from credits_pipeline.finops.scans.accounts import Accounts, ScanError  # noqa: PLC0415 - so
    from credits_pipeline.finops.scans.asking import Requests  # noqa: PLC0415 - as above
    from credits_pipeline.finops.scans.settings import scanned  # noqa: PLC0415 - as above

    name, what = "spend, scans", scanned()
    if not what.regions and not what.files:
        yield note(
            name,
            "nothing is scanned, so savings come only from bills.",
            "Set FINOPS_SCAN_REGIONS or FINOPS_SCAN_FILES; docs/optimization.md has the role.",
        )
        return
    if what.files:
        files = sum(1 for _ in open_place(what.files).list())
        yield ok(name, f"{what.files} has {counted(files, 'file')} of findings")
    if not what.regions:
        return
    try:
        accounts = Accounts(what, Requests(), attempts=2).all
    except ScanError as error:
        yield wrong(name, error)
        return
    for one in accounts:
        if one.refused is not None:
            yield wrong(name, one.refused)
    open_ = [one.id for one in accounts if one.refused is None]
    if open_:
        yield ok(
            name, f"open to scans: {counted(len(open_), 'account')}, in {', '.join(what.regions)}"
        )
