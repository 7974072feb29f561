"""Findings of clouds from files: Cost Optimization Hub, Compute Optimizer, Advisor, Recommender.

A file is recognised by its columns, never by its name. An unknown file is reported, and the others
are read.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from credits_pipeline.finops.objects import ObjectsError, Place
from credits_pipeline.finops.scans.findings import (
    ADVISOR,
    OPTIMIZER,
    RECOMMENDER,
    Outside,
)
from credits_pipeline.finops.scans.findings_aws import of_hub
from credits_pipeline.finops.scans.findings_optimizer import NOTHING
from credits_pipeline.finops.scans.inventory import KNOWN, PARTLY, UNKNOWN, Part
from credits_pipeline.finops.scans.meaning import action_of, kind_of

_LARGEST = 256 << 20
_MONTHS = 12
#: In seconds, as Google counts it.
_MONTH = 2_592_000
#: The hub's export writes snake case, its API camel case.
_HUB = {
    "account_id": "accountId", "region": "region", "resource_arn": "resourceArn",
    "resource_id": "resourceId", "action_type": "actionType",
    "current_resource_type": "currentResourceType",
    "current_resource_summary": "currentResourceSummary",
    "recommended_resource_summary": "recommendedResourceSummary",
    "estimated_monthly_savings_after_discount": "estimatedMonthlySavings",
    "currency_code": "currencyCode", "last_refresh_timestamp": "lastRefreshTimestamp",
}  # fmt: skip


class UnreadableError(ValueError):
    """A file of an unknown kind, or with invalid content; the message says what to do."""


def read_findings(place: Place, parts: list[Part]) -> Iterator[Outside]:
    """Every finding of the files of a place.

    Args:
        place: the folder or bucket.
        parts: filled while findings are read, one for each file.
    """
    try:
        listed = [one for one in place.list("") if one.key.lower().endswith((".csv", ".json"))]
    except ObjectsError as error:
        parts.append(Part("files of findings", "", "", UNKNOWN, 0, str(error)))
        return
    for one in sorted(listed, key=lambda one: one.key):
        number, refused = 0, list[str]()
        try:
            for found in parse(place.read(one.key, _LARGEST), refused):
                number += 1
                yield found
        except (UnreadableError, ObjectsError) as error:
            parts.append(Part(one.key, "", "", UNKNOWN, number, f"{one.key}: {error}"))
            continue
        says = f"{one.key}: {len(refused)} rows could not be used: {refused[0]}" if refused else ""
        parts.append(Part(one.key, "", "", PARTLY if refused else KNOWN, number, says))


def parse(content: bytes, refused: list[str]) -> Iterator[Outside]:
    """The findings of one file.

    Args:
        content: of it.
        refused: filled with why a row has no finding, if its cloud could not check.

    Raises:
        UnreadableError: it is of no known kind.
    """
    try:
        yield from _parsed(content.decode("utf-8-sig"), refused)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is not UTF-8 ({error}). What to do: export it again.") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, csv.Error) as error:
        raise UnreadableError(
            f"something in it differs from the export's format ({type(error).__name__}: {error}). "
            "What to do: export it again."
        ) from error


def _parsed(text: str, refused: list[str]) -> Iterator[Outside]:
    if text.lstrip().startswith(("[", "{")):
        yield from _json(text)
        return
    rows = csv.DictReader(io.StringIO(text))
    names = set(rows.fieldnames or ())
    if {"action_type", "current_resource_type"} <= names:
        yield from (
            of_hub({ours: row.get(theirs) for theirs, ours in _HUB.items()}) for row in rows
        )
    elif any(name.lower() == "errorcode" for name in names) and "accountId" in names:
        yield from _optimizer(rows, refused)
    else:
        raise UnreadableError(
            "its columns belong to no known export. What to do: leave exports of Cost "
            "Optimization Hub, Compute Optimizer, Azure Advisor or Google's Recommender there."
        )


def _optimizer(rows: Iterable[Mapping[str, str]], refused: list[str]) -> Iterator[Outside]:
    for row in rows:
        lower = {name.lower(): value or "" for name, value in row.items() if name}
        if lower.get("errorcode"):
            refused.append(f"{lower['errorcode']}: {lower.get('errormessage', '')}")
            continue
        arn = next((lower[name] for name in lower if name.endswith("arn") and lower[name]), "")
        kind = _kind_of_arn(arn)
        wanted = next(
            (v for n, v in lower.items() if n.startswith("recommendationoptions_1_") and
             n.endswith(("instancetype", "memorysize", "volumetype"))), "",
        )  # fmt: skip
        finding = lower.get("finding", "")
        if not arn or finding.lower().replace("_", "") in NOTHING:
            continue
        saving = next(
            (v for n, v in lower.items() if n.startswith("recommendationoptions_1_") and
             "estimatedmonthlysavingsvalue" in n.replace("_", "") and v), None,
        )  # fmt: skip
        yield Outside(
            OPTIMIZER, "aws", lower["accountid"], arn.split(":")[3], arn, kind,
            action_of(kind, "Rightsize"), f"{OPTIMIZER} finds it {finding.lower()}",
            f"Change it to {wanted}." if wanted else "Change its size.", _amount(saving), "USD",
            lower.get("lastrefreshtimestamp_utc", lower.get("lastrefreshtimestamp", "")),
        )  # fmt: skip


def _json(text: str) -> Iterator[Outside]:
    found: Any
    try:
        found = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError:
        found = _lines(text)
    listed: Any = found
    if isinstance(found, dict):
        listed = found.get("data", found.get("value", [found]))
    for one in listed:
        if not isinstance(one, Mapping):
            raise UnreadableError(
                "it lists something that is not a finding. What to do: export it again."
            )
        if "properties" in one:
            yield from _advisor(one, listed)
        elif "recommender" in one or "recommenderSubtype" in one or "primaryImpact" in one:
            yield from _recommender(one)
        else:
            raise UnreadableError(
                "it comes from neither Azure Advisor nor Google's Recommender. What to do: export "
                "advisorresources, or the recommendations of Google's Recommender, as JSON."
            )


def _lines(text: str) -> list[Any]:
    try:
        return [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise UnreadableError(f"it is not JSON ({error}). What to do: export it again.") from error


def _advisor(one: Mapping[str, Any], every: Iterable[Any]) -> Iterator[Outside]:
    said = one["properties"]
    if said.get("category") != "Cost" or _is_suppressed(one, every):
        return
    id_ = str(said.get("resourceMetadata", {}).get("resourceId", "")).lower()
    more = said.get("extendedProperties", {})
    saving = _amount(more.get("savingsAmount"))
    if saving is None and more.get("annualSavingsAmount") is not None:
        yearly = _amount(more["annualSavingsAmount"])
        saving = None if yearly is None else (yearly / _MONTHS).quantize(Decimal("0.01"))
    told = said.get("shortDescription", {})
    kind = str(said.get("impactedField", "")).lower()
    yield Outside(
        ADVISOR, "azure", _subscription(id_), str(more.get("regionId", "")), id_,
        kind, f"advised_{said.get('recommendationTypeId', 'change')}",
        str(told.get("problem", "")), str(told.get("solution", "")), saving,
        str(more.get("savingsCurrency", "")), str(said.get("lastUpdated", "")),
    )  # fmt: skip


def _is_suppressed(one: Mapping[str, Any], every: Iterable[Any]) -> bool:
    """Whether somebody has postponed it in Azure: a suppression is a second row below its id."""
    own = str(one.get("id", "")).lower()
    return bool(own) and any(
        str(other.get("type", "")).lower().endswith("/suppressions")
        and str(other.get("id", "")).lower().startswith(f"{own}/")
        for other in every
        if isinstance(other, Mapping)
    )


def _recommender(one: Mapping[str, Any]) -> Iterator[Outside]:
    state = str(_get(one, "state", "stateInfo") or "ACTIVE")
    if "ACTIVE" not in state:
        return
    targets = _get(one, "target_resources", "targetResources") or [""]
    impact = _get(one, "primary_impact", "primaryImpact") or {}
    projection = _get(impact, "cost_projection", "costProjection") or {}
    cost = projection.get("cost", {})
    # A saving is a negative cost, in whole units and billionths.
    units = Decimal(str(cost.get("units", 0))) + Decimal(str(cost.get("nanos", 0))) / 10**9
    seconds = Decimal(
        str(_get(projection, "duration_seconds", "duration") or "2592000").rstrip("s")
    )
    saving = None if not cost else (-units * 2592000 / seconds).quantize(Decimal("0.01"))
    subtype = str(_get(one, "recommender_subtype", "recommenderSubtype") or "change")
    for target in targets:
        yield Outside(
            RECOMMENDER, "gcp", _project(one, str(target)), str(one.get("location", "")),
            str(target).removeprefix("//"), str(one.get("recommender", "")),
            f"advised_{subtype.lower()}", str(one.get("description", "")),
            str(one.get("description", "")), saving,
            str(_get(cost, "currency_code", "currencyCode") or ""),
            str(_get(one, "last_refresh_time", "lastRefreshTime") or ""),
        )  # fmt: skip


def _project(one: Mapping[str, Any], target: str) -> str:
    words = target.split("/")
    named = words[words.index("projects") + 1] if "projects" in words[:-1] else ""
    return str(named or one.get("cloud_entity_id", ""))


def _get(one: Mapping[str, Any], *names: str) -> Any:
    return next((one[name] for name in names if one.get(name) is not None), None)


def _kind_of_arn(arn: str) -> str:
    _, _, service, *rest = [*arn.split(":"), "", ""]
    machine = any(word.startswith("instance/") for word in rest)
    names = {
        "ec2": "ec2instance" if machine else "ebsvolume",
        "lambda": "lambdafunction",
        "ecs": "ecsservice",
        "rds": "rdsdbinstance",
    }
    return kind_of(names.get(service, service))


def _subscription(id_: str) -> str:
    words = id_.split("/")
    return words[words.index("subscriptions") + 1] if "subscriptions" in words[:-1] else ""


def _amount(value: Any) -> Decimal | None:
    try:
        found = None if value in (None, "") else Decimal(str(value))
    except InvalidOperation:
        raise UnreadableError(
            f"{value!r} is not an amount. What to do: export the file again."
        ) from None
    return None if found is None else found.quantize(Decimal("0.01"))
