"""``scan``: reads what runs in the clouds, by hand what the schedule does daily."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli.output import Json, doing, print_json, print_table, say
from credits_pipeline.core.wording import counted

if TYPE_CHECKING:
    from credits_pipeline.finops.scans.shelf import Kept


def scan(
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="The moment that the scan is about, such as 2026-05-31T06:00:00Z: ages count up "
            "to it. Default: now.",
            metavar="TIME",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at every resource of the accounts and regions that the settings name.

    Nothing is ever changed in a cloud: only Describe, Get and List operations are called. What the
    scan may not read is reported with the missing permission, and the rest is read. Exit code 0 if
    everything could be read, 1 if a part could not, 2 if nothing could.

    **Examples**

    `credits-pipeline scan`

    `credits-pipeline scan --json | jq '.parts[] | select(.state != "seen")'`
    """
    from credits_pipeline.cli.finding import told_errors  # noqa: PLC0415 - when used

    with told_errors():
        from credits_pipeline.finops.optimization.whole import scan_all  # noqa: PLC0415 - when used
        from credits_pipeline.finops.scans.settings import as_of as moment  # noqa: PLC0415

        at = moment(as_of)
        with doing("Looking") as now:
            kept = scan_all(at, now)
    if as_json:
        print_json(_as_json(kept))
    else:
        _print(kept)
    unseen = [part for part in _parts(kept) if part["state"] != "seen"]
    raise typer.Exit(1 if unseen else 0)


def _parts(kept: dict[str, "Kept"]) -> list[dict[str, Any]]:
    asked = (one for name, one in kept.items() if name not in ("resources", "recommendations"))
    return [part for one in asked for part in one.about.get("parts", ())]


def _requests(kept: dict[str, "Kept"]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in kept.values():
        for name, number in one.about.get("requests", {}).items():
            found[name] = found.get(name, 0) + number
    return dict(sorted(found.items()))


def _as_json(kept: dict[str, "Kept"]) -> dict[str, Any]:
    recommended = kept["recommendations"]
    return {
        "as_of": recommended.as_of.isoformat(),
        "resources": recommended.about["looked_at"],
        "no_evidence": recommended.about["no_evidence"],
        "recommendations": recommended.rows,
        "parts": _parts(kept),
        "requests": _requests(kept),
        "metrics": sum(one.about.get("metrics", 0) for one in kept.values()),
    }


def _print(kept: dict[str, "Kept"]) -> None:
    told = _as_json(kept)
    unseen = [part for part in told["parts"] if part["state"] != "seen"]
    if unseen:
        print_table(
            ["what", "account", "region", "state", "why"],
            [
                [part["what"], part["account"], part["region"], part["state"], part["says"]]
                for part in unseen
            ],
            folds=["why"],
        )
    resources = sum(told["resources"].values())
    say(
        f"{counted(resources, 'resource')}, {told['no_evidence']:,} of them without all evidence, "
        f"{counted(told['recommendations'], 'recommendation')}. "
        f"{counted(sum(told['requests'].values()), 'request')}, "
        f"{counted(told['metrics'], 'metric')} of CloudWatch. "
        + (f"Not seen: {counted(len(unseen), 'part')}." if unseen else "Everything could be seen.")
    )
