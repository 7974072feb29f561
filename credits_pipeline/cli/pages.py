"""``pages``: serve the pages of the second wing."""

from typing import Annotated
from urllib.parse import urlsplit

import typer

from credits_pipeline.cli.output import fail, say
from credits_pipeline.core.settings import SettingError


def pages(
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on.", metavar="ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="The port. Default: FINOPS_PORT.", metavar="N")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            help="A further name of the pages behind a proxy, besides that of FINOPS_PAGES_URL.",
            metavar="HOST",
        ),
    ] = None,
) -> None:
    """Serve the pages: where the money went, what it will be, what to decide.

    They are read from what `credits-pipeline ingest` published. On one machine there is one local
    user; behind a proxy that says who looks, set FINOPS_PROXY_SECRET, FINOPS_ROLES and
    FINOPS_PAGES_URL. Ctrl-C ends them. Exit code 0 when it did, 2 if they can't be served.

    **Examples**

    `credits-pipeline pages`

    `credits-pipeline pages --host 0.0.0.0 --name spend.example.com`
    """
    try:
        from credits_pipeline.finops import settings  # noqa: PLC0415 - when the command runs
        from credits_pipeline.finops.pages.door import configured_door  # noqa: PLC0415 - as above
        from credits_pipeline.finops.pages.server import (  # noqa: PLC0415 - as above
            is_loopback,
            serve,
        )

        at = settings.port() if port is None else port
        known = urlsplit(settings.pages_url()).hostname
        if not is_loopback(host) and not configured_door().secret:
            fail(
                f"{host} can be reached from other machines, and nothing would say who the visitor "
                "is. Set FINOPS_PROXY_SECRET and FINOPS_ROLES, or serve on 127.0.0.1.",
                2,
            )
    except SettingError as error:
        fail(str(error), 2)
    say(f"The pages are at http://{host}:{at}/")
    serve(host=host, port=at, hosts=(*(name or ()), *([known] if known else ())))
