"""The stand-in's own answers, page by page, in each service's own form."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from credits_pipeline.sandbox.clouds.world import World

#: The account of whoever asks without a role, as moto has it.
OWN = "123456789012"
JSON, XML = "application/x-amz-json-1.0", "text/xml;charset=UTF-8"
_EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"
#: A moment in XML and JSON, and in the sentence that says why a machine is stopped.
_MOMENT = re.compile(rb"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


@dataclass(frozen=True)
class Asked:
    """What a request asks for, and of whom.

    Attributes:
        service: as the signature has it.
        operation: that is asked.
        region: of the signature.
        account: whose credentials they are.
    """

    service: str
    operation: str
    region: str
    account: str


def own(world: World, of: Asked, body: str) -> tuple[str, bytes] | None:
    """The answer to a request: its type and itself. None where moto is to answer.

    Args:
        world: what is known.
        of: what is asked.
        body: of the request.
    """
    service, operation = of.service, of.operation
    if service == "ec2":
        return _ec2(world, operation, of.region)
    asked = json.loads(body) if body.startswith("{") else {}
    found: dict[str, Any] | None = None
    if service == "pricing" and operation == "GetProducts":
        found = _products(world, asked)
    elif service == "savingsplans":
        found = _plans(world, operation, asked)
    elif operation == "GetMetricData" and world.metrics:
        found = _metrics(world, asked)
    elif service == "cost-optimization-hub":
        found = _page(world, asked, "items", world.hub)
    elif service == "compute-optimizer":
        key, everywhere = world.optimizer.get(operation, ("", []))
        all_ = [one for one in everywhere if _is_here(one, of)]
        found = _page(world, asked, key, all_) if key else {"errors": []}
    return None if found is None else _json(found)


def _is_here(one: Mapping[str, Any], of: Asked) -> bool:
    """Whether a finding is of the account and region that are asked."""
    arn = next((str(value) for name, value in one.items() if name.lower().endswith("arn")), "")
    return one.get("accountId") == of.account and f":{of.region}:" in arn


def _page(world: World, asked: dict[str, Any], key: str, all_: Sequence[Any]) -> dict[str, Any]:
    start = int(asked.get("nextToken") or asked.get("NextToken") or 0)
    end = start + world.page
    found: dict[str, Any] = {key: list(all_[start:end])}
    if end < len(all_):
        found["NextToken" if key == "PriceList" else "nextToken"] = str(end)
    return found


def _products(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    wanted = {one["Field"]: one["Value"] for one in asked.get("Filters", ())}
    found = []
    for (region, kind), price in sorted(world.prices.items()):
        known = {
            "regionCode": region,
            "instanceType": kind,
            "operatingSystem": "Linux",
            "tenancy": "Shared",
            "preInstalledSw": "NA",
            "capacitystatus": "Used",
        }
        if all(known.get(name) == value for name, value in wanted.items()):
            dimension = {"unit": "Hrs", "pricePerUnit": {"USD": price}}
            terms = {"OnDemand": {"X.Y": {"priceDimensions": {"X.Y.Z": dimension}}}}
            product = {"productFamily": "Compute Instance", "attributes": known}
            found.append(json.dumps({"product": product, "terms": terms}))
    return {"FormatVersion": "aws_v1", **_page(world, asked, "PriceList", found)}


def _plans(world: World, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    if operation == "DescribeSavingsPlans":
        return _page(world, asked, "savingsPlans", world.plans)
    values = {one["name"]: one["values"] for one in asked.get("filters", ())}
    found = [
        {
            "savingsPlanOffering": {
                "offeringId": "stand-in",
                "paymentOption": "No Upfront",
                "planType": "Compute",
                "durationSeconds": 31536000,
                "currency": "USD",
            },
            "rate": rate,
            "unit": "Hrs",
            "productType": "EC2",
            "serviceCode": "AmazonEC2",
            "usageType": f"BoxUsage:{kind}",
            "operation": "RunInstances",
            "properties": [
                {"name": "region", "value": region},
                {"name": "instanceType", "value": kind},
            ],
        }
        for (region, kind), rate in sorted(world.plan_rates.items())
        if region in values.get("region", [region]) and kind in values.get("instanceType", [kind])
    ]
    return _page(world, asked, "searchResults", found)


def _metrics(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """Values, a limited number per answer: a metric continues where the previous page ended."""
    first, last = _seconds(asked["StartTime"]), _seconds(asked["EndTime"])
    every = []
    for query in asked["MetricDataQueries"]:
        stat = query["MetricStat"]
        metric = stat["Metric"]
        key = frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions", ()))
        known = world.metrics.get((metric["Namespace"], metric["MetricName"], key), {})
        every += [
            (query["Id"], hour, values[stat["Stat"]])
            for hour, values in sorted(known.items())
            if first <= hour < last and stat["Stat"] in values
        ]
    start = int(asked.get("NextToken") or 0)
    end = start + world.values
    results: dict[str, dict[str, Any]] = {
        query["Id"]: {
            "Id": query["Id"], "Label": query["Id"], "Timestamps": [], "Values": [],
            "StatusCode": "Complete",
        }
        for query in asked["MetricDataQueries"]
    }  # fmt: skip
    for id_, hour, value in every[start:end]:
        results[id_]["Timestamps"].append(hour)
        results[id_]["Values"].append(value)
    more = {"NextToken": str(end)} if end < len(every) else {}
    return {"MetricDataResults": list(results.values()), **more}


def _seconds(at: Any) -> float:
    if isinstance(at, int | float):
        return float(at)
    return datetime.fromisoformat(str(at)).timestamp()


def _ec2(world: World, operation: str, region: str) -> tuple[str, bytes] | None:
    if operation == "DescribeReservedInstances":
        items = "".join(
            "<item>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in one.items()) + "</item>"
            for one in world.reservations.get(region, ())
        )
        return _xml(operation, f"<reservedInstancesSet>{items}</reservedInstancesSet>")
    return None


def with_disabled(world: World, region: str, answer: bytes) -> bytes:
    """Moto's images, plus the disabled ones, which moto does not know."""
    items = "".join(
        f"<item><imageId>{escape(image)}</imageId><imageState>disabled</imageState>"
        "<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><snapshotId>"
        f"{escape(snapshot)}</snapshotId></ebs></item></blockDeviceMapping></item>"
        for image, snapshot in world.disabled_images.get(region, ())
    ).encode()
    whole = answer.replace(b"<imagesSet/>", b"<imagesSet></imagesSet>")
    return whole.replace(b"</imagesSet>", items + b"</imagesSet>")


def made_older(answer: bytes, older: timedelta) -> bytes:
    """Moto's answer with every moment in it put back."""

    def put_back(found: re.Match[bytes]) -> bytes:
        text = found[0].decode()
        return (datetime.fromisoformat(text) - older).isoformat(text[10]).encode()

    return _MOMENT.sub(put_back, answer)


def _json(answer: dict[str, Any]) -> tuple[str, bytes]:
    return JSON, json.dumps(answer).encode()


def _xml(operation: str, inside: str) -> tuple[str, bytes]:
    return XML, (
        f'<?xml version="1.0" encoding="UTF-8"?><{operation}Response xmlns="{_EC2}">'
        f"<requestId>stand-in</requestId>{inside}</{operation}Response>"
    ).encode()


def refusal(service: str, code: str, status: int) -> tuple[int, str, bytes]:
    """An error as each protocol writes it: status, type, body."""
    says = f"the stand-in was told to answer {code}"
    if service == "ec2":
        inside = f"<Errors><Error><Code>{code}</Code><Message>{says}</Message></Error></Errors>"
        return status, XML, f"<Response>{inside}<RequestID>x</RequestID></Response>".encode()
    if service == "s3":
        return status, XML, f"<Error><Code>{code}</Code><Message>{says}</Message></Error>".encode()
    if service in ("elasticloadbalancing", "rds", "sts"):
        inside = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{says}</Message></Error>"
        return status, XML, f"<ErrorResponse>{inside}</ErrorResponse>".encode()
    return status, JSON, json.dumps({"__type": code, "message": says}).encode()
