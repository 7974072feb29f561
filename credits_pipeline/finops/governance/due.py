"""Whether policies are to be evaluated: bills, a scan or a policy changed, or a day has begun."""

from datetime import UTC, datetime

from credits_pipeline.finops.depot import Depot

_RECORD = "governance/{}.json"
_POINTER = "governance/CURRENT.json"
_SCAN = "scans/resources/CURRENT.json"


def due(depot: Depot, published: str, policies: str, now: datetime) -> str | None:
    """What a run is to be made for, as the key that it is started under once; None where none is.

    Args:
        depot: the wing's storage.
        published: the version of the bills.
        policies: digest of what people decided.
        now: the moment.
    """
    scan = (depot.read(_SCAN) or {}).get("version", "")
    wanted = (published, scan, policies, f"{now.astimezone(UTC):%Y-%m-%d}")
    pointer = depot.read(_POINTER)
    last = None if pointer is None else depot.read(_RECORD.format(pointer["version"]))
    if last is not None:
        made = (last["published"], last["scanned"], last["policies"], last["at"][:10])
        if made == wanted:
            return None
    return "/".join(wanted)
