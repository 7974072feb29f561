"""``up``: the product on this machine, with a guard in front of its pages."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from credits_pipeline.cli.demo import ended_by_signals
from credits_pipeline.cli.output import answers, doing, fail, say

_READY_SECONDS = 180
_PAGES = {
    "assets": "/locations/credits_pipeline/asset-groups/credits/lineage",
    "the inbox": "/assets/credits_inbox",
    "months": "/assets/cloudzero_drop?view=partitions",
    "runs": "/runs",
}


def up(
    *,
    port: Annotated[
        int | None, typer.Option(help="Port of the pages; default 3000 if it is free.")
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(help="DAGSTER_HOME, where Dagster remembers runs; default: the variable's."),
    ] = None,
) -> None:
    """Run the product on this machine: code server, daemon, and the pages behind a guard.

    The guard answers this machine's browser and refuses requests that other sites make it send. Use
    it wherever the real key is; `dg dev` has no guard and is for development against the
    sandbox. If bills of clouds are read, the pages about them start too, behind the same guard.
    Settings in `.env` in this folder take precedence. Ctrl-C ends it and leaves no process behind.
    Exit code 0 after that, 1 if a part ended by itself, 2 if it can't run.

    **Examples**

    `credits-pipeline up`

    `credits-pipeline up --port 8080 --home ~/credits-dagster`
    """
    from dotenv import dotenv_values  # noqa: PLC0415 - when used

    from credits_pipeline.guard.machine import Machine, MachineError  # noqa: PLC0415 - as above
    from credits_pipeline.sandbox.dagster_dev import (  # noqa: PLC0415 - loads httpx
        free_port,
        prepare_home,
    )

    told = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    environment = {**os.environ, **told}
    where = home or environment.get("DAGSTER_HOME", "").strip()
    if not where:
        fail("Say where Dagster remembers its runs: set DAGSTER_HOME, or give --home DIR.", 2)
    folder = Path(where).expanduser().absolute()
    try:
        prepare_home(folder)
    except OSError as error:
        fail(f"{folder} can't be written: {error.strerror}. Choose another with --home.", 2)
    at = free_port(3000) if port is None else port
    spend = _spend_port({**environment, "DAGSTER_HOME": str(folder)})
    if spend is not None:
        environment.setdefault("FINOPS_DAGSTER_URL", f"http://127.0.0.1:{at}")
    try:
        with ended_by_signals(), Machine(folder, environment, at, spend) as machine:
            with doing("Starting Dagster behind its guard"):
                machine.wait_until_ready(_READY_SECONDS)
            shown = answers()
            for name, path in _PAGES.items():
                shown.print(f"{name:<10} {machine.url}{path}")
            if spend is not None:
                shown.print(f"{'spend':<10} http://127.0.0.1:{spend}/")
            say(f"Running until Ctrl-C; {'settings from .env, ' if told else ''}output in {folder}")
            while True:
                time.sleep(1)
                machine.check_alive()
    except KeyboardInterrupt:
        say("ended; nothing is left running")
    except MachineError as error:
        fail(str(error), 1)


def _spend_port(environment: dict[str, str]) -> int | None:
    """The port of the pages about spend; None if no bills are read."""
    from credits_pipeline.credits.assets.wings import (  # noqa: PLC0415 - loads settings
        finops_is_in_use,
    )
    from credits_pipeline.sandbox.dagster_dev import free_port  # noqa: PLC0415 - loads httpx

    if not finops_is_in_use(environment):
        return None
    told = environment.get("FINOPS_PORT", "").strip()
    return int(told) if told.isdecimal() else free_port(8501)
